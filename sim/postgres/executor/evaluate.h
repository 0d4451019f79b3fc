// The evaluator of scalar expressions over the bound tree. It runs VALUES, defaults, CHECK, WHEN,
// generated columns, RETURNING and PL/pgSQL's expressions, and calls the same function rows as
// SQLite's callbacks do. Mirrors execExprInterp.c.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/postgres/binder/bound_expr.h"
#include "sim/postgres/executor/host.h"

namespace cdcsim::pg {

struct StoredExpr;  // catalog/objects.h

/// One row that Vars can refer to: its columns by attno - 1, and its system columns.
struct EvalRow {
    std::span<const Datum> columns;
    std::int64_t rid = 0;                 ///< ctid; see storage/heap.h
    Oid table = kInvalidOid;              ///< tableoid
    Xid xmin{};
    std::optional<Xid> xmax{};            ///< where it is certain: row locks leave marks
    bool is_null_extended = false;        ///< every Var is NULL
};

class SubplanResults;  // executor/subplan.h
class CteScope;        // executor/cte.h

struct EvalContext {
    Host& host;
    const Snapshot& snapshot;
    ParamSource* params = nullptr;
    /// rows[rt_index - 1]: the current row of each range table entry (levels_up 0).
    std::span<const EvalRow> rows{};
    const EvalContext* outer = nullptr;   ///< levels_up + 1
    const Datum* case_test = nullptr;
    const Datum* domain_value = nullptr;
    /// In the test of `x op ANY (SELECT ...)`: the subquery's current row, ParamExpr -1 is its first.
    std::span<const Datum> sublink_row{};
    /// Keeps what subqueries that do not depend on the row have returned, for one execution of the
    /// statement. nullptr: they run each time.
    SubplanResults* subplans = nullptr;
    /// The CTEs of the query that the expression stands in (WITH of this level).
    CteScope* ctes = nullptr;
};

/// REQUIRES: no aggregates, window functions or set-returning functions in `expr`.
/// Throws SqlError (with the position of the failing node only where PostgreSQL gives one, which for
/// run-time errors is never).
Datum evaluate(const Expr& expr, const EvalContext& context);

/// True for TRUE; NULL and FALSE are false.
bool evaluate_condition(const Expr& expr, const EvalContext& context);
/// The same of a WHERE clause or the like (ExecQual): what stands after a NULL of an AND is not run.
bool evaluate_qual(const Expr& expr, const EvalContext& context);

/// What PostgreSQL's planner does before execution (eval_const_expressions): immutable functions of
/// constants are evaluated (and may fail), AND/OR/CASE/COALESCE are cut short. `stable` functions are
/// left alone. Returns the same tree where nothing changes.
ExprPtr fold_constants(const ExprPtr& expr, Host& host);
/// The same before collations are known, as a generation expression is folded: 42P22 where one is asked for.
ExprPtr fold_before_collations(const ExprPtr& expr, Host& host);
/// What the planner computes to guess how many rows a condition leaves (estimate_expression_value):
/// stable functions, too, so that they may fail where no row is read.
void estimate_conditions(const Query& query, Host& host);
/// A stored expression as a statement that uses it runs it: folded.
ExprPtr ready_to_run(const StoredExpr& stored, Host& host);
/// Sets `stored.folded`.
void fold_stored(StoredExpr& stored, Host& host);
/// The planner would make a constant of it: it depends on no row, subquery or setting.
bool is_foldable(const ExprPtr& expr);
/// Nothing in it is stable or volatile (contain_mutable_functions).
bool is_immutable(const ExprPtr& expr);

}  // namespace cdcsim::pg
