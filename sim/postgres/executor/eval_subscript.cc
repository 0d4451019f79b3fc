// Subscripts of arrays and of jsonb: fetch, slice, assignment. Mirrors arraysubs.c and jsonbsubs.c.
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/executor/eval_internal.h"
#include "sim/postgres/function/jsonb_subscript.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::eval {
namespace {

bool is_slice(const SubscriptExpr& expr) {
    for (const SubscriptExpr::Index& index : expr.indexes) {
        if (index.is_slice) return true;
    }
    return false;
}

/// In a slice a plain index i means 1:i.
std::vector<SliceBound> slice_bounds(const SubscriptExpr& expr, const EvalContext& context) {
    std::vector<SliceBound> bounds;
    for (const SubscriptExpr::Index& index : expr.indexes) {
        SliceBound bound;
        if (index.lower) bound.lower = evaluate(*index.lower, context), bound.has_lower = true;
        if (index.upper) bound.upper = evaluate(*index.upper, context), bound.has_upper = true;
        if (!index.is_slice) bound.lower = Datum::of_int(1), bound.has_lower = true;
        bounds.push_back(std::move(bound));
    }
    return bounds;
}

std::vector<Datum> plain_indexes(const SubscriptExpr& expr, const EvalContext& context) {
    std::vector<Datum> indexes;
    for (const SubscriptExpr::Index& index : expr.indexes) {
        indexes.push_back(evaluate(*index.upper, context));
    }
    return indexes;
}

Datum of_array(const SubscriptExpr& expr, const Datum& container, const EvalContext& context) {
    Host& host = context.host;
    if (is_slice(expr)) {
        std::vector<SliceBound> bounds = slice_bounds(expr, context);
        if (!expr.assign) return array_get_slice(host, expr.container_type, container, bounds);
        return array_set_slice(host, expr.container_type, container, bounds,
                               evaluate(*expr.assign, context));
    }
    std::vector<Datum> indexes = plain_indexes(expr, context);
    if (!expr.assign) return array_get_element(host, expr.container_type, container, indexes);
    return array_set_element(host, expr.container_type, container, indexes,
                             evaluate(*expr.assign, context));
}

Datum of_jsonb(const SubscriptExpr& expr, const Datum& container, const EvalContext& context) {
    std::vector<Datum> path = plain_indexes(expr, context);
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i].is_null()) continue;
        Oid type = expr.indexes[i].upper->type;
        path[i] = Datum::of_text(output_text(context.host, type, path[i]));
    }
    if (!expr.assign) return jsonb_get_subscript(container, path);
    bool first_is_integer = expr.indexes.front().upper->type == oid::kInt4;
    return jsonb_set_subscript(container, path, first_is_integer, evaluate(*expr.assign, context));
}

}  // namespace

Datum subscript(const SubscriptExpr& expr, const EvalContext& context) {
    Datum container = evaluate(*expr.container, context);
    if (expr.container_type == oid::kJsonb) return of_jsonb(expr, container, context);
    return of_array(expr, container, context);
}

}  // namespace cdcsim::pg::eval
