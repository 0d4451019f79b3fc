// Makes constants and expressions of a family of types over the columns in scope.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/live/explore/piece.h"
#include "tools/live/explore/random.h"
#include "tools/live/explore/table_model.h"

namespace cdcsim::explore {

/// A column that an expression may name.
struct ScopeColumn {
    std::string text;  ///< "c1" or "t1.c1"
    std::string family;
};
using Scope = std::vector<ScopeColumn>;

enum class Constants { kPlain, kAny, kWithWrong };

class ExpressionMaker {
  public:
    explicit ExpressionMaker(Random& random) : random_(random) {}

    /// A constant as INSERT writes it: 'abc', 12, NULL.
    std::string constant(std::string_view family, Constants which);
    /// A constant with its type: '2024-01-01'::date.
    std::string typed_constant(std::string_view family, Constants which);
    Piece expression(std::string_view family, const Scope& scope, int depth);
    /// A family that has expressions.
    std::string_view any_family();

  private:
    Piece from_template(std::string_view text, const Scope& scope, int depth);

    Random& random_;
};

/// SQL's name of a family.
std::string_view type_of(std::string_view family);

}  // namespace cdcsim::explore
