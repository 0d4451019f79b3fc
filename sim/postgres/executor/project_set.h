// Set-returning functions: calls of them, and target lists that contain them. Mirrors execSRF.c,
// nodeProjectSet.c and nodeFunctionscan.c.
#pragma once

#include <vector>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// Calls a function that returns a set. Rows have its columns as the function gives them.
void call_set_function(const FuncExpr& call, const EvalContext& context, const RowSink& emit,
                       const RowType* row_type = nullptr);

/// The rows of a function in FROM: several functions side by side (ROWS FROM), the shorter ones
/// filled up with NULL, and the ordinality column.
std::vector<std::vector<Datum>> function_rows(const RangeTableEntry& entry,
                                              const EvalContext& context);

/// A target list in which functions return sets: those of one depth run in step.
class ProjectSet {
  public:
    /// `row_count` is the number of rows that contexts have.
    ProjectSet(std::vector<ExprPtr> targets, int row_count);
    void run(const EvalContext& context, const RowSink& emit) const;

  private:
    void note_evaluated_again();
    bool run_level(std::size_t level, EvalContext& context, std::vector<EvalRow>& rows,
                   const RowSink& emit) const;

    std::vector<ExprPtr> targets_;
    std::vector<std::vector<ExprPtr>> levels_;  ///< FuncExprs, innermost first
    /// Volatile targets that return no set: evaluated once more, before it shows that there are no rows left.
    std::vector<ExprPtr> evaluated_again_;
    int row_count_;
};

}  // namespace cdcsim::pg
