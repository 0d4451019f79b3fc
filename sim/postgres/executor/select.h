// SELECT: plans a bound query once and runs it often. A query with a FROM clause becomes SQLite SQL
// (storage/deparse_*); one without runs in the evaluator.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

class SelectPlan {
  public:
    virtual ~SelectPlan() = default;
    /// Calls `emit` with each row (the non-junk targets in order) until it returns false. Re-entrant:
    /// the same plan may run inside itself (recursion of functions). `outer` gives the rows for Vars
    /// with levels_up > 0.
    virtual void run(Host& host, const Snapshot& snapshot, ParamSource* params,
                     const EvalContext* outer, const RowSink& emit) const = 0;
};

/// Throws SqlError for what the planner's constant folding finds, NotSimulated for what cannot be
/// said in SQLite. `query` is kept alive by the plan.
std::shared_ptr<const SelectPlan> plan_select(std::shared_ptr<const Query> query, Host& host);

}  // namespace cdcsim::pg
