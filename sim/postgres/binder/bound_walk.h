// Walking and rewriting the bound tree. Mirrors nodeFuncs.c (expression_tree_walker and _mutator).
#pragma once

#include <functional>
#include <limits>

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

using ExprVisitor = std::function<void(const ExprPtr&)>;
using ExprMapper = std::function<ExprPtr(const ExprPtr&)>;
using QueryVisitor = std::function<void(const Query&)>;

/// Calls `visit` on each direct child expression. The query of a SubLinkExpr is not entered.
void for_each_child(const Expr& expr, const ExprVisitor& visit);

/// `expr` with each direct child replaced by map(child); the same pointer if none of them changed.
ExprPtr map_children(const ExprPtr& expr, const ExprMapper& map);

/// Calls `visit` on each expression that stands directly in `query` (targets, conditions, join
/// conditions, VALUES, functions in FROM, limits ...), and `visit_query` on each query directly below
/// it (subqueries in FROM, CTEs, INSERT's source). Queries of SubLinkExprs are the visitor's.
void for_each_expression(const Query& query, const ExprVisitor& visit,
                         const QueryVisitor& visit_query);

/// True if `expr`, or anything below it short of subqueries, satisfies `test`.
bool any_expression(const ExprPtr& expr, const std::function<bool(const Expr&)>& test);

/// A volatile function call, nextval, or a subquery with one, anywhere below.
bool contains_volatile(const ExprPtr& expr);
bool contains_volatile(const Query& query);
bool contains_sublink(const ExprPtr& expr);
bool contains_set_function(const ExprPtr& expr);

/// What stands below the implicit casts at the top of `expr` (strip_implicit_coercions).
ExprPtr strip_implicit_casts(const ExprPtr& expr);

/// Calls `visit` with each VarExpr or WholeRowExpr (and AggregateExpr with levels_up > 0) in `query`
/// at any depth that refers outside of it, and with the number of levels out of `query` (from 1).
using OuterReferenceVisitor = std::function<void(const Expr& reference, int levels_out)>;
void for_each_outer_reference(const Query& query, const OuterReferenceVisitor& visit);
/// The same for an expression: references of level 0 are visited with 0.
void for_each_reference(const ExprPtr& expr, const OuterReferenceVisitor& visit);

/// Structural equality (equal() of equalfuncs.c, locations ignored). Subqueries are equal only if
/// they are the same object.
bool equal_expressions(const Expr& a, const Expr& b);

}  // namespace cdcsim::pg
