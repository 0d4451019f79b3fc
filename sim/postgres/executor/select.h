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
    /// with levels_up > 0. `ctes` is the query's own WITH where somebody else reads it too (the
    /// RETURNING list of an UPDATE); nullptr: the plan makes its own for the time of the run.
    virtual void run(Host& host, const Snapshot& snapshot, ParamSource* params,
                     const EvalContext* outer, const RowSink& emit,
                     CteScope* ctes = nullptr) const = 0;
};

/// Throws SqlError for what the planner's constant folding finds, NotSimulated for what cannot be
/// said in SQLite. `query` is kept alive by the plan.
std::shared_ptr<const SelectPlan> plan_select(std::shared_ptr<const Query> query, Host& host);

/// The query with its subqueries in FROM as PostgreSQL plans them; `query` itself where nothing changes.
std::shared_ptr<const Query> pull_up(const std::shared_ptr<const Query>& query);

/// attno of a Var that stands for a row's rid (an integer, see storage/heap.h), in `outputs` only.
inline constexpr int kRidAttno = -7;

/// The rows that an UPDATE or DELETE (or MERGE's source) works on: its result relation joined with
/// `from`, those that satisfy `where`, in heap order if there is no join. `outputs` is what is wanted
/// of each: Vars (kRidAttno, tableoid, columns) and expressions over the query's range table.
std::shared_ptr<const SelectPlan> plan_rows(std::shared_ptr<const Query> query,
                                            std::vector<ExprPtr> outputs, Host& host);

}  // namespace cdcsim::pg
