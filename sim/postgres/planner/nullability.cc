#include "sim/postgres/planner/nullability.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "sim/postgres/planner/conditions.h"

namespace cdcsim::pg {
namespace {

/// What is looked for: a column, or a relation as its column 0.
enum class Look : std::uint8_t { kColumns, kRelations };

class Walk {
  public:
    explicit Walk(Look look) : look_(look) {}

    /// `is_top`: the condition is true, not only not NULL.
    ColumnSet of(const ExprPtr& expr, bool is_top) const {
        switch (expr->kind) {
            case ExprKind::kVar: return of_column(as<VarExpr>(*expr));
            case ExprKind::kFunc: return of_call(as<FuncExpr>(*expr));
            case ExprKind::kScalarArrayOp: {
                const auto& op = as<ScalarArrayOpExpr>(*expr);
                return op.strict && op.use_or ? of_any({op.left, op.right}, false) : ColumnSet();
            }
            case ExprKind::kBool: return of_bool(as<BoolExpr>(*expr), is_top);
            case ExprKind::kRelabel: return of(as<RelabelExpr>(*expr).arg, is_top);
            case ExprKind::kCollate: return of(as<CollateExpr>(*expr).arg, is_top);
            case ExprKind::kCoerceViaIo: return of(as<CoerceViaIoExpr>(*expr).arg, false);
            case ExprKind::kNullTest: {
                const auto& test = as<NullTestExpr>(*expr);
                return is_top && !test.is_null && !test.arg_is_row ? of(test.arg, false) : ColumnSet();
            }
            case ExprKind::kBooleanTest: {
                const auto& test = as<BooleanTestExpr>(*expr);
                const bool says = test.test == BooleanTestKind::kIsTrue || test.test == BooleanTestKind::kIsFalse || test.test == BooleanTestKind::kIsNotUnknown;
                return is_top && says ? of(test.arg, false) : ColumnSet();
            }
            default: return {};
        }
    }

  private:
    ColumnSet of_column(const VarExpr& var) const {
        if (var.levels_up != 0) return {};
        return {{var.rt_index, look_ == Look::kColumns ? var.attno : 0}};
    }

    ColumnSet of_call(const FuncExpr& func) const {
        const bool is_strict = func.strict && func.form != FuncForm::kDistinct && func.form != FuncForm::kNullIf;
        return is_strict ? of_any(func.args, false) : ColumnSet();
    }

    ColumnSet of_any(const std::vector<ExprPtr>& args, bool is_top) const {
        ColumnSet all;
        for (const ExprPtr& arg : args) all.merge(of(arg, is_top));
        return all;
    }

    ColumnSet of_bool(const BoolExpr& node, bool is_top) const {
        if (node.op == BoolOp::kNot) return of_any(node.args, false);
        if (node.op == BoolOp::kAnd && is_top) return of_any(node.args, true);
        ColumnSet common = of(node.args.front(), is_top);
        for (const ExprPtr& arg : node.args) {
            const ColumnSet one = of(arg, is_top);
            ColumnSet rest;
            std::ranges::set_intersection(common, one, std::inserter(rest, rest.end()));
            common = std::move(rest);
        }
        return common;
    }

    Look look_;
};

}  // namespace

ColumnSet columns_not_null(const ExprPtr& condition) { return Walk(Look::kColumns).of(condition, true); }

std::set<int> relations_not_null(const ExprPtr& condition) {
    std::set<int> relations;
    for (const auto& [rt_index, attno] : Walk(Look::kRelations).of(condition, true)) relations.insert(rt_index);
    return relations;
}

std::pair<int, int> column_forced_null(const ExprPtr& condition) {
    if (condition->kind != ExprKind::kNullTest) return {};
    const auto& test = as<NullTestExpr>(*condition);
    if (!test.is_null || test.arg_is_row || test.arg->kind != ExprKind::kVar) return {};
    const auto& var = as<VarExpr>(*test.arg);
    return var.levels_up == 0 ? std::pair(var.rt_index, var.attno) : std::pair(0, 0);
}

}  // namespace cdcsim::pg
