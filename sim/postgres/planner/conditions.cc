#include "sim/postgres/planner/conditions.h"

#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/type/array.h"

namespace cdcsim::pg {

ExprPtr without_relabel(ExprPtr expr) {
    for (;;) {
        if (expr->kind == ExprKind::kRelabel) {
            expr = as<RelabelExpr>(*expr).arg;
        } else if (expr->kind == ExprKind::kCollate) {
            expr = as<CollateExpr>(*expr).arg;
        } else {
            return expr;
        }
    }
}

const BtreeOperatorRow* btree_row(Oid op) {
    auto rows = builtin_btree_operators();
    auto it = std::ranges::lower_bound(rows, op, {}, &BtreeOperatorRow::op);
    return it != rows.end() && it->op == op ? &*it : nullptr;
}

double array_length(Environment& env, const ExprPtr& array) {
    constexpr double kUnknown = 10;  // estimate_array_length
    if (array->kind == ExprKind::kArray) {
        return static_cast<double>(as<ArrayExpr>(*array).elements.size());
    }
    if (array->kind != ExprKind::kConst) return kUnknown;
    const Datum& value = as<ConstExpr>(*array).value;
    if (value.is_null()) return 1;
    return static_cast<double>(read_array(env, array->type, value.as_text()).elements.size());
}

double cost_of(Environment& env, const Expr& expr) {
    double cost = 0;
    switch (expr.kind) {
        case ExprKind::kFunc: cost = as<FuncExpr>(expr).user ? 100 : 1; break;
        case ExprKind::kScalarArrayOp:
            cost = array_length(env, as<ScalarArrayOpExpr>(expr).right) * 0.5;
            break;
        case ExprKind::kCoerceViaIo: cost = 2; break;
        case ExprKind::kRowCompare: cost = static_cast<double>(as<RowCompareExpr>(expr).pairs.size()); break;
        case ExprKind::kMinMax: cost = 1; break;
        case ExprKind::kSubLink: cost = 10'000; break;
        default: break;
    }
    for_each_child(expr, [&](const ExprPtr& child) { cost += cost_of(env, *child); });
    return cost;
}

void flatten_and(const ExprPtr& expr, std::vector<ExprPtr>& out) {
    if (expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kAnd) {
        for (const ExprPtr& arg : as<BoolExpr>(*expr).args) flatten_and(arg, out);
    } else {
        out.push_back(expr);
    }
}

std::vector<int> relations_of(const ExprPtr& expr) {
    std::vector<int> relations;
    for_each_reference(expr, [&](const Expr& reference, int levels) {
        if (levels != 0) return;
        int rt_index = reference.kind == ExprKind::kVar        ? as<VarExpr>(reference).rt_index
                       : reference.kind == ExprKind::kWholeRow ? as<WholeRowExpr>(reference).rt_index
                                                               : 0;
        relations.push_back(rt_index);
    });
    std::ranges::sort(relations);
    relations.erase(std::unique(relations.begin(), relations.end()), relations.end());
    return relations;
}

bool refers_outside(const Query& query) {
    bool found = false;
    for_each_outer_reference(query, [&](const Expr&, int levels) { found = found || levels == 1; });
    return found;
}

bool is_join_condition(const ExprPtr& expr) {
    if (expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kNot) {
        const ExprPtr& arg = as<BoolExpr>(*expr).args.front();
        return arg->kind == ExprKind::kSubLink && as<SubLinkExpr>(*arg).sublink == SubLinkKind::kExists;
    }
    if (expr->kind != ExprKind::kSubLink) return false;
    const auto& sublink = as<SubLinkExpr>(*expr);
    return sublink.sublink == SubLinkKind::kExists || (sublink.sublink == SubLinkKind::kAny && !refers_outside(*sublink.query));
}

}  // namespace cdcsim::pg
