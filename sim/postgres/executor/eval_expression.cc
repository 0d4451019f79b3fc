#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/executor/eval_internal.h"

namespace cdcsim::pg {
namespace eval {
namespace {

Datum param(const ParamExpr& expr, const EvalContext& context) {
    if (expr.number < 0) {
        auto column = static_cast<std::size_t>(-expr.number - 1);
        CDCSIM_CHECK(column < context.sublink_row.size());
        return context.sublink_row[column];
    }
    CDCSIM_CHECK(context.params != nullptr);
    return context.params->param(expr.number);
}

Datum system_column(const EvalRow& row, int attno) {
    switch (attno) {
        case -1:
            return Datum::of_int(row.rid);
        case -2: return Datum::of_int(row.xmin.value);
        case -4:
            if (!row.xmax) throw NotSimulated("system column xmax of a row that may have been locked");
            return Datum::of_int(row.xmax->value);
        case -6: return Datum::of_int(row.table);
        default: throw NotSimulated("system columns cmin and cmax");
    }
}

Datum var(const VarExpr& expr, const EvalContext& context) {
    const EvalRow& row = find_row(context, expr.rt_index, expr.levels_up);
    if (row.is_null_extended) return {};
    if (expr.attno < 0) return system_column(row, expr.attno);
    auto column = static_cast<std::size_t>(expr.attno - 1);
    // A row that was stored before ALTER TABLE ADD COLUMN may be shorter than its table.
    return column < row.columns.size() ? row.columns[column] : Datum();
}

/// AND stops at the first false, OR at the first true; a NULL is remembered, or ends a WHERE clause.
Datum boolean(const BoolExpr& expr, const EvalContext& context) {
    if (expr.op == BoolOp::kNot) {
        Datum value = evaluate(*expr.args.front(), context);
        return value.is_null() ? value : Datum::of_bool(!value.as_bool());
    }
    const bool stop = expr.op == BoolOp::kOr;
    bool unknown = false;
    for (const ExprPtr& arg : expr.args) {
        Datum value = evaluate(*arg, context);
        if (value.is_null()) {
            if (expr.is_qual) return value;
            unknown = true;
        } else if (value.as_bool() == stop) {
            return value;
        }
    }
    return unknown ? Datum() : Datum::of_bool(!stop);
}

Datum null_test(const NullTestExpr& expr, const EvalContext& context) {
    Datum value = evaluate(*expr.arg, context);
    if (expr.arg_is_row && !value.is_null()) return row_null_test(expr, value, context);
    return Datum::of_bool(value.is_null() == expr.is_null);
}

Datum boolean_test(const BooleanTestExpr& expr, const EvalContext& context) {
    Datum value = evaluate(*expr.arg, context);
    bool is_null = value.is_null();
    bool is_true = !is_null && value.as_bool();
    bool is_false = !is_null && !is_true;
    switch (expr.test) {
        case BooleanTestKind::kIsTrue: return Datum::of_bool(is_true);
        case BooleanTestKind::kIsNotTrue: return Datum::of_bool(!is_true);
        case BooleanTestKind::kIsFalse: return Datum::of_bool(is_false);
        case BooleanTestKind::kIsNotFalse: return Datum::of_bool(!is_false);
        case BooleanTestKind::kIsUnknown: return Datum::of_bool(is_null);
        case BooleanTestKind::kIsNotUnknown: return Datum::of_bool(!is_null);
    }
    return {};
}

Datum choose(const CaseExpr& expr, const EvalContext& context) {
    Datum value;
    EvalContext inner = context;
    if (expr.arg) {
        value = evaluate(*expr.arg, context);
        inner.case_test = &value;
    }
    for (const CaseExpr::When& when : expr.whens) {
        // Results belong to the surrounding context: a CaseTestExpr in them is an outer CASE's.
        if (evaluate_condition(*when.condition, inner)) return evaluate(*when.result, context);
    }
    return evaluate(*expr.default_result, context);
}

Datum coalesce(const CoalesceExpr& expr, const EvalContext& context) {
    for (const ExprPtr& arg : expr.args) {
        Datum value = evaluate(*arg, context);
        if (!value.is_null()) return value;
    }
    return {};
}

/// GREATEST and LEAST skip NULLs.
Datum min_max(const MinMaxExpr& expr, const EvalContext& context) {
    Datum best;
    for (const ExprPtr& arg : expr.args) {
        Datum value = evaluate(*arg, context);
        if (value.is_null()) continue;
        if (!best.is_null()) {
            int order = compare_values(context.host, expr.type, value, best);
            if (expr.greatest ? order <= 0 : order >= 0) continue;
        }
        best = std::move(value);
    }
    return best;
}

Datum standing_for(const Datum* value) {
    CDCSIM_CHECK(value != nullptr);
    return *value;
}

[[noreturn]] void misplaced(const char* what) {
    throw InternalError(__FILE__, __LINE__, std::string(what) + " reached the evaluator");
}

}  // namespace

const EvalRow& find_row(const EvalContext& context, int rt_index, int levels_up) {
    const EvalContext* level = &context;
    for (int i = 0; i < levels_up; ++i) {
        level = level->outer;
        CDCSIM_CHECK(level != nullptr);
    }
    auto index = static_cast<std::size_t>(rt_index - 1);
    CDCSIM_CHECK(index < level->rows.size());
    return level->rows[index];
}

}  // namespace eval

Datum evaluate(const Expr& expr, const EvalContext& context) {
    switch (expr.kind) {
        case ExprKind::kConst: return as<ConstExpr>(expr).value;
        case ExprKind::kParam: return eval::param(as<ParamExpr>(expr), context);
        case ExprKind::kVar: return eval::var(as<VarExpr>(expr), context);
        case ExprKind::kWholeRow: return eval::whole_row(as<WholeRowExpr>(expr), context);
        case ExprKind::kFunc: return eval::call(as<FuncExpr>(expr), context);
        case ExprKind::kScalarArrayOp:
            return eval::scalar_array_op(as<ScalarArrayOpExpr>(expr), context);
        case ExprKind::kBool: return eval::boolean(as<BoolExpr>(expr), context);
        case ExprKind::kNullTest: return eval::null_test(as<NullTestExpr>(expr), context);
        case ExprKind::kBooleanTest: return eval::boolean_test(as<BooleanTestExpr>(expr), context);
        case ExprKind::kCase: return eval::choose(as<CaseExpr>(expr), context);
        case ExprKind::kCaseTest: return eval::standing_for(context.case_test);
        case ExprKind::kDomainValue: return eval::standing_for(context.domain_value);
        case ExprKind::kCoalesce: return eval::coalesce(as<CoalesceExpr>(expr), context);
        case ExprKind::kMinMax: return eval::min_max(as<MinMaxExpr>(expr), context);
        case ExprKind::kArray: return eval::array(as<ArrayExpr>(expr), context);
        case ExprKind::kRow: return eval::row(as<RowExpr>(expr), context);
        case ExprKind::kRowCompare: return eval::row_compare(as<RowCompareExpr>(expr), context);
        case ExprKind::kSubLink: return eval::sublink(as<SubLinkExpr>(expr), context);
        case ExprKind::kFieldSelect: return eval::field_select(as<FieldSelectExpr>(expr), context);
        case ExprKind::kSubscript: return eval::subscript(as<SubscriptExpr>(expr), context);
        case ExprKind::kRelabel: return evaluate(*as<RelabelExpr>(expr).arg, context);
        case ExprKind::kCollate: return evaluate(*as<CollateExpr>(expr).arg, context);
        case ExprKind::kCoerceViaIo: return eval::coerce_via_io(as<CoerceViaIoExpr>(expr), context);
        case ExprKind::kArrayCoerce: return eval::array_coerce(as<ArrayCoerceExpr>(expr), context);
        case ExprKind::kCoerceToDomain:
            return context.host.check_domain(
                expr.type, evaluate(*as<CoerceToDomainExpr>(expr).arg, context));
        case ExprKind::kSqlValue:
            return context.host.sql_value(as<SqlValueExpr>(expr).value, expr.typmod, expr.type);
        case ExprKind::kNextValue:
            return Datum::of_int(context.host.next_value(as<NextValueExpr>(expr).sequence));
        case ExprKind::kAggregate: eval::misplaced("an aggregate");
        case ExprKind::kWindow: eval::misplaced("a window function");
        case ExprKind::kGrouping: throw NotSimulated("GROUPING of an outer query");
        case ExprKind::kDefault: eval::misplaced("DEFAULT");
    }
    eval::misplaced("an unknown node");
}

bool evaluate_condition(const Expr& expr, const EvalContext& context) {
    Datum value = evaluate(expr, context);
    return !value.is_null() && value.as_bool();
}

bool evaluate_qual(const Expr& expr, const EvalContext& context) {
    if (expr.kind != ExprKind::kBool || as<BoolExpr>(expr).op != BoolOp::kAnd) return evaluate_condition(expr, context);
    return std::ranges::all_of(as<BoolExpr>(expr).args, [&](const ExprPtr& arg) { return evaluate_qual(*arg, context); });
}

}  // namespace cdcsim::pg
