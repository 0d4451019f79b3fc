// What is asked of a WHERE clause's conditions before they become SQL or choose a scan.
// Mirrors parts of clauses.c and costsize.c.
#pragma once

#include <vector>

#include "sim/postgres/binder/bound_expr.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

/// `expr` below casts that only change the type, and below COLLATE.
ExprPtr without_relabel(ExprPtr expr);

inline constexpr int kEqualStrategy = 3;  ///< BTEqualStrategyNumber
/// The row of a btree operator; nullptr: it is none.
const BtreeOperatorRow* btree_row(Oid op);

/// Appends the conjuncts of `expr`, which are ANDs at any depth.
void flatten_and(const ExprPtr& expr, std::vector<ExprPtr>& out);

/// The range table entries of this level that `expr` refers to, in order.
std::vector<int> relations_of(const ExprPtr& expr);

/// What the planner thinks a condition costs, in operator calls: it runs the cheaper ones first.
double cost_of(Environment& env, const Expr& expr);

/// How many elements the planner takes an array for.
double array_length(Environment& env, const ExprPtr& array);

/// IN (SELECT ...), EXISTS and NOT EXISTS that PostgreSQL makes joins: no condition on a table.
bool is_join_condition(const ExprPtr& expr);

/// Whether the query refers to the level around it.
bool refers_outside(const Query& query);

}  // namespace cdcsim::pg
