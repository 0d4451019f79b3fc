#include "sim/postgres/binder/shift_levels.h"

#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"

namespace cdcsim::pg {
namespace {

template <typename Reference>
ExprPtr moved(const Expr& expr, int by) {
    auto copy = std::make_shared<Reference>(as<Reference>(expr));
    copy->levels_up += by;
    return copy;
}

}  // namespace

ExprPtr shift_levels(const ExprPtr& expr, int by, int from_level) {
    if (by == 0) return expr;
    if (expr->kind == ExprKind::kVar && as<VarExpr>(*expr).levels_up >= from_level) return moved<VarExpr>(*expr, by);
    if (expr->kind == ExprKind::kWholeRow && as<WholeRowExpr>(*expr).levels_up >= from_level) return moved<WholeRowExpr>(*expr, by);
    if (expr->kind == ExprKind::kSubLink) {
        throw NotSimulated("a subquery inside a merged join column or repeated expression", expr->location);
    }
    return map_children(expr, [&](const ExprPtr& child) { return shift_levels(child, by, from_level); });
}

}  // namespace cdcsim::pg
