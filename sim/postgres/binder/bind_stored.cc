// Stand-alone expressions of DDL: defaults, CHECK, generated columns, trigger WHEN, index
// expressions. Mirrors cookDefault, cookConstraint and the like.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {

ExprPtr bind_expression(const Node& expr, const BindOptions& options, const ExprScope& scope) {
    ParseState state(options, nullptr);
    state.place = Place::kOther;
    state.other_place = scope.place;
    state.allow_subqueries = scope.allow_subqueries;
    state.domain_value_type = scope.domain_value_type;
    state.domain_value_typmod = scope.domain_value_typmod;
    for (const ExprScope::Item& item : scope.items) {
        while (static_cast<int>(state.query->range_table.size()) < item.rt_index - 1) state.query->range_table.emplace_back();
        add_relation(state, item.relation, item.alias, {}, false, true);
    }
    // PostgreSQL names the mistake instead of calling the column missing.
    state.refuses_columns = scope.items.empty() && scope.place == "DEFAULT expressions" && !scope.of_parameter;
    return bind_expr(state, expr);
}

ExprPtr bind_call(const Node& func_call, const BindOptions& options) {
    ParseState state(options, nullptr);
    state.place = Place::kOther;
    state.other_place = "CALL arguments";
    state.allow_subqueries = false;
    return bind_procedure_call(state, func_call);
}

ExprPtr coerce_default(const ExprPtr& expr, const Column& column, const BindOptions& options) {
    ParseState state(options, nullptr);
    ExprPtr result = coerce_to_target(state, expr, column.type, column.typmod, Coercion::kAssignment, false, -1);
    if (result) return result;
    throw SqlError("42804", fmt::format("column \"{}\" is of type {} but default expression is of type {}", column.name,
                                        type_name(state, column.type), type_name(state, expr->type)))
        .hint("You will need to rewrite or cast the expression.");
}

ExprPtr coerce_to_boolean(const ExprPtr& expr, const BindOptions& options, std::string_view what) {
    ParseState state(options, nullptr);
    return coerce_boolean(state, expr, what);
}

ExprPtr coerce_for_assignment(const ExprPtr& expr, Oid type, std::int32_t typmod, const BindOptions& options) {
    ParseState state(options, nullptr);
    return coerce_to_target(state, expr, type, typmod, Coercion::kAssignment, false, -1);
}

namespace {

/// COERCION_PLPGSQL: an assignment cast, or the text form of anything.
ExprPtr coerce_plpgsql(ParseState& state, const ExprPtr& expr, const TypeRef& target) {
    // A record's columns are known only when it runs: through its text.
    bool record = expr->type == oid::kRecord && expr->kind == ExprKind::kCaseTest;
    ExprPtr cast = record ? nullptr : coerce_to_target(state, expr, target.type, target.typmod, Coercion::kAssignment, false, -1);
    if (cast) return cast;
    auto via_text = std::make_shared<CoerceViaIoExpr>();
    via_text->arg = expr;
    std::int32_t typmod = target.typmod;
    via_text->type = base_type(state, target.type, &typmod);
    via_text->collation = state.type(via_text->type).collation;
    if (via_text->type == target.type && typmod < 0) return via_text;
    return coerce_to_target(state, via_text, target.type, typmod, Coercion::kAssignment, false, -1);
}

}  // namespace

std::shared_ptr<const Query> bind_assignment(const Node& statement, const BindOptions& options, const TypeRef& target) {
    SubQueryOptions how;
    how.resolve_unknowns = false;
    std::shared_ptr<Query> query = bind_sub_query(nullptr, statement, options, how);
    ParseState state(options, nullptr);
    std::size_t visible = 0;
    for (TargetEntry& entry : query->targets) {
        if (entry.junk) continue;
        if (++visible > 1) continue;
        bool composite = state.type(base_type(state, target.type)).typtype == 'c' || target.type == oid::kRecord;
        bool row = entry.expr->kind == ExprKind::kRow && target.type != oid::kRecord;
        entry.expr = composite && !row ? resolve_unknown(state, entry.expr) : coerce_plpgsql(state, entry.expr, target);
    }
    if (visible != 1) throw SqlError("42601", "assignment source returned " + std::to_string(visible) + " columns");
    return query;
}

ExprPtr make_value_cast(Oid from, std::int32_t from_typmod, const TypeRef& target, const BindOptions& options) {
    ParseState state(options, nullptr);
    auto value = std::make_shared<CaseTestExpr>();
    // A literal's value in a row goes through its text (get_cast_hashentry).
    if (from == oid::kUnknown) from = oid::kText;
    value->type = from;
    value->typmod = from_typmod;
    value->collation = state.type(from).collation;
    return coerce_plpgsql(state, value, target);
}

FunctionPtr find_user_function(const std::vector<std::string>& names, const std::vector<Oid>& args, CatalogContext& context) {
    std::vector<Oid> schemas = function_search_path(context);
    if (names.size() == 2) schemas = {require_schema(names[0], context).oid};
    for (Oid schema : schemas) {
        for (const FunctionPtr& function : context.catalog().find_functions(schema, names.back())) {
            std::vector<Oid> inputs;
            for (std::size_t i = 0; i < function->arg_types.size(); ++i) {
                char mode = function->arg_modes[i];
                if (mode == 'i' || mode == 'b' || mode == 'v') inputs.push_back(function->arg_types[i]);
            }
            if (inputs == args) return function;
        }
    }
    return nullptr;
}

}  // namespace cdcsim::pg
