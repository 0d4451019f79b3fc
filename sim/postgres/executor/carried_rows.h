// The rows of other FROM items that a query found along with a target row, as far as expressions
// evaluated later (RETURNING, MERGE's actions) read them. Inner header of executor/.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// A column, or (negative) a system column, of another FROM item.
struct CarriedColumn {
    int rt_index = 0, attno = 0;
    bool operator==(const CarriedColumn&) const = default;
};

/// Adds what `expr` reads of FROM items other than the result relation, each column once.
void collect_carried(const Query& query, const ExprPtr& expr, std::vector<CarriedColumn>& carried);
ExprPtr carried_var(const Query& query, const CarriedColumn& column);

/// `values`: those of `carried`, in their order.
class CarriedRows {
  public:
    CarriedRows(const Query& query, const std::vector<CarriedColumn>& carried, std::span<const Datum> values);
    CarriedRows(const CarriedRows&) = delete;
    CarriedRows& operator=(const CarriedRows&) = delete;
    std::span<EvalRow> rows() { return rows_; }

  private:
    std::map<std::size_t, std::vector<Datum>> columns_;
    std::vector<EvalRow> rows_;
};

}  // namespace cdcsim::pg
