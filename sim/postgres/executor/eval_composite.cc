// Values that are made of values: ARRAY[...], ROW(...), whole rows and their fields.
#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/executor/eval_internal.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::eval {
namespace {

std::vector<Datum> evaluate_all(const std::vector<ExprPtr>& exprs, const EvalContext& context) {
    std::vector<Datum> values;
    values.reserve(exprs.size());
    for (const ExprPtr& expr : exprs) values.push_back(evaluate(*expr, context));
    return values;
}

SqlError mismatched_dimensions() {
    return SqlError("2202E",
                    "multidimensional arrays must have array expressions with matching dimensions");
}

/// ARRAY[a, b] of arrays: one more dimension in front. NULL and empty arrays vanish if all are.
ArrayValue join_arrays(const ArrayExpr& expr, const std::vector<Datum>& values, Environment& env) {
    ArrayValue result;
    std::int32_t count = 0;
    bool has_empty = false;
    for (const Datum& value : values) {
        ArrayValue part;
        if (!value.is_null()) part = read_array(env, expr.elements.front()->type, value.as_text());
        if (part.ndim == 0) {
            has_empty = true;
            continue;
        }
        if (count++ == 0) {
            if (part.ndim >= kMaxDimensions) {
                throw SqlError("54000", "number of array dimensions (" +
                                            std::to_string(part.ndim + 1) +
                                            ") exceeds the maximum allowed (6)");
            }
            result.ndim = part.ndim + 1;
            std::copy_n(part.dims.begin(), part.ndim, result.dims.begin() + 1);
            std::copy_n(part.lower.begin(), part.ndim, result.lower.begin() + 1);
        } else if (part.ndim + 1 != result.ndim ||
                   !std::equal(part.dims.begin(), part.dims.begin() + part.ndim,
                               result.dims.begin() + 1) ||
                   !std::equal(part.lower.begin(), part.lower.begin() + part.ndim,
                               result.lower.begin() + 1)) {
            throw mismatched_dimensions();
        }
        std::ranges::move(part.elements, std::back_inserter(result.elements));
    }
    if (has_empty && count > 0) throw mismatched_dimensions();
    if (count > 0) result.dims[0] = count, result.lower[0] = 1;
    return result;
}

/// The fields of a composite value.
std::vector<Datum> fields_of(Oid type, const Datum& value, Environment& env) {
    std::string_view literal;
    RowType row_type = row_type_of(env, type, value, literal);
    return parse_row(env, row_type, literal);
}

}  // namespace

Datum array(const ArrayExpr& expr, const EvalContext& context) {
    std::vector<Datum> values = evaluate_all(expr.elements, context);
    return array_datum(context.host, expr.type,
                       expr.multidimensional ? join_arrays(expr, values, context.host)
                                             : ArrayValue::of(std::move(values)));
}

Datum row(const RowExpr& expr, const EvalContext& context) {
    return make_row(context.host, expr.type, expr.row_type, evaluate_all(expr.fields, context));
}

Datum whole_row(const WholeRowExpr& expr, const EvalContext& context) {
    const EvalRow& source = find_row(context, expr.rt_index, expr.levels_up);
    if (source.is_null_extended) return {};
    // A stored expression (WHEN of a trigger, CHECK) sees the columns that its table has by now.
    const RowType& row_type = expr.type == pg::oid::kRecord ? expr.row_type : context.host.type(expr.type).attributes;
    if (source.columns.size() == row_type.size()) {
        return make_row(context.host, expr.type, row_type, source.columns);
    }
    std::vector<Datum> fields(source.columns.begin(), source.columns.end());
    fields.resize(row_type.size());
    return make_row(context.host, expr.type, row_type, fields);
}

Datum field_select(const FieldSelectExpr& expr, const EvalContext& context) {
    auto field = static_cast<std::size_t>(expr.field);
    if (expr.arg->kind == ExprKind::kRow) {
        return evaluate(*as<RowExpr>(*expr.arg).fields.at(field), context);
    }
    const bool is_param = expr.arg->kind == ExprKind::kParam && as<ParamExpr>(*expr.arg).number > 0;
    Datum value = is_param ? context.params->composite(as<ParamExpr>(*expr.arg).number) : evaluate(*expr.arg, context);
    if (value.is_null()) return value;
    std::vector<Datum> fields = fields_of(expr.arg->type, value, context.host);
    return field < fields.size() ? std::move(fields[field]) : Datum();
}

/// A row IS NULL if all its fields are, IS NOT NULL if none is; dropped columns do not count.
Datum row_null_test(const NullTestExpr& expr, const Datum& value, const EvalContext& context) {
    std::string_view literal;
    const RowType row_type = row_type_of(context.host, expr.arg->type, value, literal);
    const std::vector<Datum> fields = parse_row(context.host, row_type, literal);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!row_type[i].dropped && fields[i].is_null() != expr.is_null) return Datum::of_bool(false);
    }
    return Datum::of_bool(true);
}

}  // namespace cdcsim::pg::eval
