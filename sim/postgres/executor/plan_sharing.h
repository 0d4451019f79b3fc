// Bound plans of statements that differ in their literals only. A whitelist: INSERT ... VALUES, and
// SELECT, UPDATE, DELETE of one table whose literals stand in `column operator literal` or
// `SET column = literal`. There the literals become parameters; all else is bound anew each time. What is bound holds while catalog,
// search_path, role and settings are the same, a plan while the tables have as many pages.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/parser/statement_shape.h"

namespace cdcsim::pg {

/// How a literal's text becomes the value of its parameter.
struct LiteralRecipe {
    LiteralClass kind = LiteralClass::kString;
    Oid type = kInvalidOid;        ///< of the constant that the literal is
    std::int32_t typmod = -1;
    bool negative = false;         ///< the sign before it belongs to it
    /// The casts around it, over parameter 1; nullptr: none.
    ExprPtr casts;
    /// The casts only check that a varchar has no more characters than this; -1: they do more.
    int max_characters = -1;
};

struct SharedPlan {
    std::shared_ptr<const Query> query;
    StatementPlan plan;
    std::vector<LiteralRecipe> recipes;   ///< by number of the literal
    std::vector<TableLock> locks;         ///< that binding took
};

/// The values of a statement's literals. Each literal stands in one place, so it can be taken there.
class LiteralValues : public ParamSource {
  public:
    const Datum& param(int number) override { return values_[static_cast<std::size_t>(number - 1)]; }
    Datum take(int number) override { return std::move(values_[static_cast<std::size_t>(number - 1)]); }
    std::vector<Datum>& values() { return values_; }

  private:
    std::vector<Datum> values_;
};

class PlanCache {
  public:
    explicit PlanCache(Backend& backend) : backend_(backend) {}

    /// Reads the shape of `text`; look_up and learn are about it. False: it has none.
    bool read(std::string_view text);
    /// The plan for the text, its literals' values set: nullptr if there is none or a literal does
    /// not coerce. Takes the locks.
    SharedPlan* look_up();
    /// Binds the statement that was not found: into `command`, and into the cache if it may be shared.
    void learn(Command& command);
    LiteralValues& values() { return values_; }

  private:
    void forget_if_stale();
    bool set_values(const std::vector<LiteralRecipe>& recipes);
    bool take_locks(const std::vector<TableLock>& locks);

    Backend& backend_;
    std::string_view text_;
    StatementShape shape_;
    LiteralValues values_;
    /// nullptr: known as one that cannot be shared.
    std::unordered_map<std::string, std::unique_ptr<SharedPlan>> plans_;
    SharedPlan* last_ = nullptr;   ///< that of shape_'s key, if it is known
    // What the plans were bound under.
    CatalogPtr catalog_;
    std::vector<Oid> path_;
    SettingValues settings_;
    Oid role_ = kInvalidOid;
};

}  // namespace cdcsim::pg
