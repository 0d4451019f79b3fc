// Expressions: one dispatcher over the raw node's tag, a function for each construct. Mirrors
// parse_expr.c.
#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {

ExprPtr bind_const(ParseState&, const Node& node) {
    int location = node.location();
    if (node.flag("isnull")) return make_null(oid::kUnknown, location);
    if (Node value = node["ival"]) {
        return make_const(oid::kInt4, Datum::of_int(value.integer("ival")), location);
    }
    if (Node value = node["boolval"]) {
        return make_const(oid::kBool, Datum::of_bool(value.flag("boolval")), location);
    }
    if (Node value = node["sval"]) {
        return make_const(oid::kUnknown, Datum::of_text(value.text("sval")), location);
    }
    if (Node value = node["bsval"]) {
        throw NotSimulated("a bit string literal is bound elsewhere", value.location());
    }
    std::string_view digits = node["fval"].text("fval");
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && end == digits.data() + digits.size()) {
        // The smallest int4 comes here, its digits alone are too large.
        const bool is_int4 = number == static_cast<std::int32_t>(number);
        return make_const(is_int4 ? oid::kInt4 : oid::kInt8, Datum::of_int(number), location);
    }
    return nullptr;
}

ExprPtr bind_a_const(ParseState& state, const Node& node) {
    if (Node bits = node["bsval"]) {
        // B'101' or X'1F', the letter first.
        std::string_view text = bits.text("bsval");
        try {
            return make_const(oid::kBit, input_text(state.host(), oid::kBit, text, -1), node.location());
        } catch (SqlError& error) {
            error.replace_position(node.location());
            throw;
        }
    }
    if (ExprPtr simple = bind_const(state, node)) return simple;
    Datum value = input_text(state.host(), oid::kNumeric, node["fval"].text("fval"), -1);
    return make_const(oid::kNumeric, std::move(value), node.location());
}

ExprPtr bind_param(ParseState& state, const Node& node) {
    auto number = static_cast<int>(node.integer("number"));
    if (state.options.hook != nullptr) {
        if (ExprPtr param = state.options.hook->resolve_param(number, node.location())) return param;
    }
    throw SqlError("42P02", fmt::format("there is no parameter ${}", number)).at(node.location());
}

ExprPtr bind_bool(ParseState& state, const Node& node) {
    std::string_view op = node.text("boolop");
    std::string_view name = op == "AND_EXPR" ? "AND" : op == "OR_EXPR" ? "OR" : "NOT";
    std::vector<ExprPtr> args;
    for (const Node& arg : node.items("args")) {
        args.push_back(coerce_boolean(state, bind_expr(state, arg), name));
    }
    BoolOp kind = name == "AND" ? BoolOp::kAnd : name == "OR" ? BoolOp::kOr : BoolOp::kNot;
    return make_bool(kind, std::move(args), node.location());
}

ExprPtr bind_null_test(ParseState& state, const Node& node) {
    auto test = std::make_shared<NullTestExpr>();
    test->arg = bind_expr(state, node["arg"]);
    test->is_null = node.text("nulltesttype") == "IS_NULL";
    const TypeInfo& type = state.type(test->arg->type);
    test->arg_is_row = type.typtype == 'c' || type.oid == oid::kRecord;
    test->type = oid::kBool;
    test->location = node.location();
    return test;
}

ExprPtr bind_boolean_test(ParseState& state, const Node& node) {
    struct Row {
        std::string_view name;
        BooleanTestKind kind;
        std::string_view clause;
    };
    constexpr Row kRows[] = {{"IS_TRUE", BooleanTestKind::kIsTrue, "IS TRUE"},
                             {"IS_NOT_TRUE", BooleanTestKind::kIsNotTrue, "IS NOT TRUE"},
                             {"IS_FALSE", BooleanTestKind::kIsFalse, "IS FALSE"},
                             {"IS_NOT_FALSE", BooleanTestKind::kIsNotFalse, "IS NOT FALSE"},
                             {"IS_UNKNOWN", BooleanTestKind::kIsUnknown, "IS UNKNOWN"},
                             {"IS_NOT_UNKNOWN", BooleanTestKind::kIsNotUnknown, "IS NOT UNKNOWN"}};
    auto row = std::ranges::find(kRows, node.text("booltesttype"), &Row::name);
    CDCSIM_CHECK(row != std::end(kRows));
    auto test = std::make_shared<BooleanTestExpr>();
    test->test = row->kind;
    test->arg = coerce_boolean(state, bind_expr(state, node["arg"]), row->clause);
    test->type = oid::kBool;
    test->location = node.location();
    return test;
}

/// COALESCE, GREATEST, LEAST: arguments of one common type.
std::vector<ExprPtr> bind_common(ParseState& state, const Node& node, std::string_view name, Oid& type) {
    std::vector<ExprPtr> args;
    for (const Node& arg : node.items("args")) args.push_back(bind_expr(state, arg));
    type = common_type(state, args, name);
    for (ExprPtr& arg : args) arg = coerce_to_common(state, arg, type, name);
    return args;
}

ExprPtr bind_coalesce(ParseState& state, const Node& node) {
    auto result = std::make_shared<CoalesceExpr>();
    result->args = bind_common(state, node, "COALESCE", result->type);
    reject_set_functions(result, "set-returning functions are not allowed in COALESCE");
    result->typmod = common_typmod(result->args, result->type);
    result->collation = state.type(result->type).collation;
    result->location = node.location();
    return result;
}

ExprPtr bind_min_max(ParseState& state, const Node& node) {
    auto result = std::make_shared<MinMaxExpr>();
    result->greatest = node.text("op") == "IS_GREATEST";
    std::string_view name = result->greatest ? "GREATEST" : "LEAST";
    result->args = bind_common(state, node, name, result->type);
    if (btree_operator(state, result->type, 1) == nullptr) {
        throw SqlError("42883", fmt::format("could not identify a comparison function for type {}", type_name(state, result->type))).at(node.location());
    }
    result->typmod = common_typmod(result->args, result->type);
    result->collation = state.type(result->type).collation;
    result->location = node.location();
    return result;
}

ExprPtr bind_row(ParseState& state, const Node& node) {
    auto row = std::make_shared<RowExpr>();
    for (const Node& arg : node.items("args")) {
        if (is_row_expansion(arg)) {
            for (const TargetEntry& target : expand_row(state, arg)) row->fields.push_back(target.expr);
            continue;
        }
        row->fields.push_back(bind_expr(state, arg));
    }
    if (row->fields.size() > kMaxTargets) {
        throw SqlError("54011", fmt::format("ROW expressions can have at most {} entries", kMaxTargets)).at(node.location());
    }
    // A literal stays unknown, so that comparing or casting the row can give it a type.
    int number = 0;
    for (const ExprPtr& field : row->fields) row->row_type.push_back({fmt::format("f{}", ++number), field->type, field->typmod, false});
    row->type = oid::kRecord;
    row->location = node.location();
    return row;
}

ExprPtr bind_sql_value(ParseState& state, const Node& node) {
    struct Row {
        std::string_view name;
        SqlValue value;
        Oid type;
    };
    constexpr Row kRows[] = {
        {"SVFOP_CURRENT_DATE", SqlValue::kCurrentDate, oid::kDate},
        {"SVFOP_CURRENT_TIME", SqlValue::kCurrentTime, oid::kTimetz},
        {"SVFOP_CURRENT_TIME_N", SqlValue::kCurrentTime, oid::kTimetz},
        {"SVFOP_CURRENT_TIMESTAMP", SqlValue::kCurrentTimestamp, oid::kTimestamptz},
        {"SVFOP_CURRENT_TIMESTAMP_N", SqlValue::kCurrentTimestamp, oid::kTimestamptz},
        {"SVFOP_LOCALTIME", SqlValue::kLocalTime, oid::kTime},
        {"SVFOP_LOCALTIME_N", SqlValue::kLocalTime, oid::kTime},
        {"SVFOP_LOCALTIMESTAMP", SqlValue::kLocalTimestamp, oid::kTimestamp},
        {"SVFOP_LOCALTIMESTAMP_N", SqlValue::kLocalTimestamp, oid::kTimestamp},
        {"SVFOP_CURRENT_ROLE", SqlValue::kCurrentRole, oid::kName},
        {"SVFOP_CURRENT_USER", SqlValue::kCurrentUser, oid::kName},
        {"SVFOP_USER", SqlValue::kUser, oid::kName},
        {"SVFOP_SESSION_USER", SqlValue::kSessionUser, oid::kName},
        {"SVFOP_CURRENT_CATALOG", SqlValue::kCurrentCatalog, oid::kName},
        {"SVFOP_CURRENT_SCHEMA", SqlValue::kCurrentSchema, oid::kName}};
    auto row = std::ranges::find(kRows, node.text("op"), &Row::name);
    CDCSIM_CHECK(row != std::end(kRows));
    auto value = std::make_shared<SqlValueExpr>();
    value->value = row->value;
    value->type = row->type;
    if (row->name.ends_with("_N")) value->typmod = static_cast<std::int32_t>(std::min<std::int64_t>(node.integer("typmod"), 6));
    value->collation = state.type(row->type).collation;
    value->location = node.location();
    return value;
}

ExprPtr bind_type_cast(ParseState& state, const Node& node) {
    TypeRef target = bind_type_name(node["typeName"], state.options);
    Node arg = node["arg"];
    ExprPtr expr;
    const TypeInfo& type = state.type(base_type(state, target.type));
    if (arg.is("A_ArrayExpr") && type.is_array()) {
        expr = bind_array(state, arg, type.element, target.typmod);
        if (expr->type == target.type) return expr;
    } else {
        expr = bind_expr(state, arg);
    }
    int location = node.location();
    if (location < 0) location = expr->location;
    ExprPtr result = coerce_to_target(state, expr, target.type, target.typmod, Coercion::kExplicit, true, location);
    if (!result) throw_cannot_cast(state, expr->type, target.type, location);
    return result;
}

ExprPtr bind_collate(ParseState& state, const Node& node) {
    ExprPtr arg = bind_expr(state, node["arg"]);
    std::vector<std::string> names = name_list(node.items("collname"));
    if (state.type(arg->type).collation == kInvalidOid && arg->type != oid::kUnknown) {
        throw SqlError("42804", fmt::format("collations are not supported by type {}", type_name(state, arg->type))).at(node.location());
    }
    const std::string& name = names.back();
    // Every libc collation of this server orders as C.UTF-8 does.
    if (name != "C" && name != "POSIX" && name != "default" && name != "C.UTF-8" && name != "ucs_basic") {
        throw NotSimulated(fmt::format("collation \"{}\"", name), node.location());
    }
    if (arg->type == oid::kUnknown) arg = resolve_unknown(state, arg);
    auto collate = std::make_shared<CollateExpr>();
    collate->arg = arg;
    collate->type = arg->type;
    collate->typmod = arg->typmod;
    collate->collation = oid::kCCollation;
    collate->location = node.location();
    return collate;
}

// A_Expr, by kind.

std::string operator_name(ParseState& state, const Node& node) {
    std::vector<std::string> names = name_list(node.items("name"));
    if (names.size() > 1 && names[0] != "pg_catalog") {
        if (state.context().catalog().find_schema(names[0]) == nullptr) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", names[0])).at(node.location());
        throw SqlError("42883", fmt::format("operator does not exist: {}", fmt::join(names, "."))).at(node.location());
    }
    return names.back();
}

bool is_row(const ExprPtr& expr) { return expr && expr->kind == ExprKind::kRow; }

ExprPtr bind_op(ParseState& state, const Node& node) {
    std::string name = operator_name(state, node);
    int location = node.location();
    Node left_node = node["lexpr"], right_node = node["rexpr"];
    // (a, b) = (SELECT ...): a row comparison with a subquery.
    bool row_sublink = left_node.is("RowExpr") && right_node.is("SubLink") && right_node.text("subLinkType") == "EXPR_SUBLINK";
    if (row_sublink) throw NotSimulated("comparison of a row with a subquery", location);
    ExprPtr left = left_node ? bind_expr(state, left_node) : nullptr;
    ExprPtr right = bind_expr(state, right_node);
    // ROW(...)::t is one value rather than a list of them.
    if (left_node.is("RowExpr") && right_node.is("RowExpr")) {
        return make_row_comparison(state, name, as<RowExpr>(*left).fields, as<RowExpr>(*right).fields, location);
    }
    return make_operator(state, name, left, right, location);
}

ExprPtr bind_op_any(ParseState& state, const Node& node, bool use_or) {
    ExprPtr left = bind_expr(state, node["lexpr"]);
    ExprPtr right = bind_expr(state, node["rexpr"]);
    return make_scalar_array_op(state, operator_name(state, node), use_or, left, right, node.location());
}

ExprPtr bind_distinct(ParseState& state, const Node& node, bool negate) {
    ExprPtr left = bind_expr(state, node["lexpr"]);
    ExprPtr right = bind_expr(state, node["rexpr"]);
    auto is_null = [](const Node& written) { return written.is("A_Const") && written.flag("isnull"); };
    // A NULL as it is written, without a cast, makes it a null test.
    if (is_null(node["rexpr"]) || is_null(node["lexpr"])) {
        auto test = std::make_shared<NullTestExpr>();
        test->arg = is_null(node["rexpr"]) ? left : right;
        test->is_null = negate;
        test->type = oid::kBool;
        test->location = node.location();
        return test;
    }
    return make_distinct(state, left, right, negate, node.location());
}

ExprPtr bind_null_if(ParseState& state, const Node& node) {
    ExprPtr left = bind_expr(state, node["lexpr"]);
    ExprPtr right = bind_expr(state, node["rexpr"]);
    auto call = std::make_shared<FuncExpr>(as<FuncExpr>(*make_operator(state, "=", left, right, node.location())));
    if (call->type != oid::kBool) throw SqlError("42804", "NULLIF requires = operator to yield boolean").at(node.location());
    call->form = FuncForm::kNullIf;
    call->type = call->args[0]->type;
    call->typmod = call->args[0]->typmod;
    call->collation = call->args[0]->collation;
    return call;
}

ExprPtr bind_in(ParseState& state, const Node& node) {
    std::string name = operator_name(state, node);
    bool use_or = name == "=";
    int location = node.location();
    ExprPtr left = bind_expr(state, node["lexpr"]);
    std::vector<ExprPtr> constants, others;
    for (const Node& item : node["rexpr"].items()) {
        ExprPtr expr = bind_expr(state, item);
        bool has_var = any_expression(expr, [](const Expr& e) {
            return e.kind == ExprKind::kVar || e.kind == ExprKind::kWholeRow || e.kind == ExprKind::kSubLink;
        });
        (has_var || is_row(expr) ? others : constants).push_back(expr);
    }
    std::vector<ExprPtr> parts;
    if (constants.size() > 1) {
        std::vector<ExprPtr> all = constants;
        all.insert(all.begin(), left);
        Oid scalar = kInvalidOid;
        try {
            scalar = common_type(state, all, "IN");
        } catch (const SqlError&) {
            scalar = kInvalidOid;
        }
        bool rows = is_row(left);
        Oid array = scalar == kInvalidOid || rows ? kInvalidOid : state.type(scalar).array;
        if (array != kInvalidOid && scalar != oid::kRecord) {
            auto list = std::make_shared<ArrayExpr>();
            list->element_type = scalar;
            list->type = array;
            list->location = -1;
            for (const ExprPtr& expr : constants) list->elements.push_back(coerce_to_common(state, expr, scalar, "IN"));
            parts.push_back(make_scalar_array_op(state, name, use_or, left, list, location));
            constants.clear();
        }
    }
    constants.insert(constants.end(), others.begin(), others.end());
    for (const ExprPtr& expr : constants) {
        ExprPtr part = is_row(left) && is_row(expr)
                           ? make_row_comparison(state, name, as<RowExpr>(*left).fields, as<RowExpr>(*expr).fields, location)
                           : make_operator(state, name, left, expr, location);
        parts.push_back(coerce_boolean(state, part, "IN"));
    }
    if (parts.size() == 1) return parts[0];
    return make_bool(use_or ? BoolOp::kOr : BoolOp::kAnd, std::move(parts), location);
}

ExprPtr bind_between(ParseState& state, const Node& node, bool negate, bool symmetric) {
    int location = node.location();
    ExprPtr value = bind_expr(state, node["lexpr"]);
    std::vector<Node> bounds = node["rexpr"].items();
    ExprPtr low = bind_expr(state, bounds.at(0)), high = bind_expr(state, bounds.at(1));
    auto range = [&](const ExprPtr& from, const ExprPtr& to) {
        ExprPtr a = make_operator(state, negate ? "<" : ">=", value, from, location);
        ExprPtr b = make_operator(state, negate ? ">" : "<=", value, to, location);
        return make_bool(negate ? BoolOp::kOr : BoolOp::kAnd, {a, b}, location);
    };
    if (!symmetric) return range(low, high);
    return make_bool(negate ? BoolOp::kAnd : BoolOp::kOr, {range(low, high), range(high, low)}, location);
}

ExprPtr bind_a_expr(ParseState& state, const Node& node) {
    std::string_view kind = node.text("kind");
    if (kind == "AEXPR_OP" || kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE" || kind == "AEXPR_SIMILAR") return bind_op(state, node);
    if (kind == "AEXPR_OP_ANY") return bind_op_any(state, node, true);
    if (kind == "AEXPR_OP_ALL") return bind_op_any(state, node, false);
    if (kind == "AEXPR_DISTINCT") return bind_distinct(state, node, false);
    if (kind == "AEXPR_NOT_DISTINCT") return bind_distinct(state, node, true);
    if (kind == "AEXPR_NULLIF") return bind_null_if(state, node);
    if (kind == "AEXPR_IN") return bind_in(state, node);
    if (kind == "AEXPR_BETWEEN") return bind_between(state, node, false, false);
    if (kind == "AEXPR_NOT_BETWEEN") return bind_between(state, node, true, false);
    if (kind == "AEXPR_BETWEEN_SYM") return bind_between(state, node, false, true);
    if (kind == "AEXPR_NOT_BETWEEN_SYM") return bind_between(state, node, true, true);
    throw NotSimulated(fmt::format("expression of kind {}", kind), node.location());
}

ExprPtr bind_set_to_default(ParseState&, const Node& node) {
    throw SqlError("42601", "DEFAULT is not allowed in this context").at(node.location());
}

ExprPtr bind_a_array(ParseState& state, const Node& node) { return bind_array(state, node, kInvalidOid, -1); }

ExprPtr bind_grouping(ParseState& state, const Node& node) {
    auto grouping = std::make_shared<GroupingExpr>();
    for (const Node& arg : node.items("args")) grouping->args.push_back(bind_expr(state, arg));
    grouping->type = oid::kInt4;
    grouping->location = node.location();
    return grouping;
}

using Binder = ExprPtr (*)(ParseState&, const Node&);
struct BinderRow {
    std::string_view tag;
    Binder bind;
    int weight = 1834;  ///< of kStackUnits: 4,089 levels fit
};
constexpr BinderRow kBinders[] = {
    {"A_ArrayExpr", bind_a_array},   {"A_Const", bind_a_const},
    {"A_Expr", bind_a_expr},         {"A_Indirection", bind_indirection},
    {"BoolExpr", bind_bool, 971},    {"BooleanTest", bind_boolean_test},
    {"CaseExpr", bind_case},         {"CoalesceExpr", bind_coalesce, 1661},
    {"CollateClause", bind_collate}, {"ColumnRef", bind_column_ref},
    {"FuncCall", bind_func_call},    {"GroupingFunc", bind_grouping},
    {"MinMaxExpr", bind_min_max},    {"NullTest", bind_null_test},
    {"ParamRef", bind_param},        {"RowExpr", bind_row},
    {"SQLValueFunction", bind_sql_value}, {"SetToDefault", bind_set_to_default},
    {"SubLink", bind_sub_link, 3544}, {"TypeCast", bind_type_cast, 573},
};
static_assert(std::ranges::is_sorted(kBinders, {}, &BinderRow::tag));

}  // namespace

NestingScope::NestingScope(ParseState& state, int weight) : state_(state), weight_(weight) {
    if (state.nesting > kStackUnits - weight) throw_stack_depth();
    state.nesting += weight;
}

ExprPtr bind_expr(ParseState& state, const Node& node) {
    auto row = std::ranges::lower_bound(kBinders, node.tag(), {}, &BinderRow::tag);
    if (row == std::end(kBinders) || row->tag != node.tag()) {
        throw NotSimulated(fmt::format("expression {}", node.tag()), node.location());
    }
    NestingScope level(state, row->weight);
    return row->bind(state, node);
}

ExprPtr bind_expr(ParseState& state, const Node& node, Place place) {
    PlaceScope scope(state, place);
    return bind_expr(state, node);
}

ExprPtr resolve_unknown(ParseState& state, const ExprPtr& expr) {
    if (expr->type != oid::kUnknown) return expr;
    return coerce(state, expr, oid::kText, -1, Coercion::kImplicit, false, -1);
}

ExprPtr make_const(Oid type, Datum value, int location) {
    auto node = std::make_shared<ConstExpr>();
    node->type = type;
    node->value = std::move(value);
    node->location = location;
    if (TypePtr info = builtin_type_info(type)) node->collation = info->collation;
    return node;
}

ExprPtr make_null(Oid type, int location) { return make_const(type, Datum(), location); }

std::shared_ptr<VarExpr> make_var(int rt_index, int attno, const Attribute& column, int location) {
    auto var = std::make_shared<VarExpr>();
    var->rt_index = rt_index;
    var->attno = attno;
    var->type = column.type;
    var->typmod = column.typmod;
    if (TypePtr info = builtin_type_info(column.type)) var->collation = info->collation;
    var->location = location;
    return var;
}

ExprPtr make_bool(BoolOp op, std::vector<ExprPtr> args, int location) {
    auto node = std::make_shared<BoolExpr>();
    node->op = op;
    node->args = std::move(args);
    node->type = oid::kBool;
    node->location = location;
    return node;
}

ExprPtr bind_case(ParseState& state, const Node& node) {
    auto result = std::make_shared<CaseExpr>();
    ExprPtr placeholder;
    if (Node arg = node["arg"]) {
        result->arg = resolve_unknown(state, bind_expr(state, arg));
        auto test = std::make_shared<CaseTestExpr>();
        test->type = result->arg->type;
        test->typmod = result->arg->typmod;
        test->collation = result->arg->collation;
        placeholder = test;
    }
    std::vector<ExprPtr> results;
    // The ELSE decides first, as in PostgreSQL, so that messages name the types in its order.
    for (const Node& when : node.items("args")) {
        CaseExpr::When clause;
        clause.condition = bind_expr(state, when["expr"]);
        if (placeholder) {
            clause.condition = make_operator(state, "=", placeholder, clause.condition, when.location());
        }
        clause.condition = coerce_boolean(state, clause.condition, "CASE/WHEN");
        clause.result = bind_expr(state, when["result"]);
        result->whens.push_back(clause);
    }
    Node else_node = node["defresult"];
    result->default_result = else_node ? bind_expr(state, else_node) : make_null(oid::kUnknown);
    results.push_back(result->default_result);
    for (const auto& when : result->whens) results.push_back(when.result);
    result->type = common_type(state, results, "CASE");
    result->default_result = coerce_to_common(state, result->default_result, result->type, "CASE/ELSE");
    std::vector<ExprPtr> coerced = {result->default_result};
    for (auto& when : result->whens) {
        when.result = coerce_to_common(state, when.result, result->type, "CASE/WHEN");
        coerced.push_back(when.result);
    }
    reject_set_functions(result, "set-returning functions are not allowed in CASE");
    result->typmod = common_typmod(coerced, result->type);
    result->collation = state.type(result->type).collation;
    result->location = node.location();
    return result;
}

/// Of kStackUnits: 4,515 levels fit.
constexpr int kArrayWeight = 1661;

ExprPtr bind_array(ParseState& state, const Node& node, Oid element_type, std::int32_t typmod) {
    auto array = std::make_shared<ArrayExpr>();
    array->location = node.location();
    bool known = element_type != kInvalidOid;
    for (const Node& item : node.items("elements")) {
        ExprPtr element;
        if (item.is("A_ArrayExpr")) {
            NestingScope level(state, kArrayWeight);
            element = bind_array(state, item, element_type, typmod);
            array->multidimensional = true;
        } else {
            element = bind_expr(state, item);
            bool is_array = element->type != oid::kUnknown && state.type(base_type(state, element->type)).is_array();
            if (is_array && !known) array->multidimensional = true;
        }
        array->elements.push_back(element);
    }
    if (array->elements.empty() && !known) {
        throw SqlError("42P18", "cannot determine type of empty array")
            .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").at(node.location());
    }
    Oid common = kInvalidOid;
    if (known) {
        common = array->multidimensional ? state.type(element_type).array : element_type;
        array->element_type = element_type;
    } else {
        common = common_type(state, array->elements, "ARRAY");
        array->element_type = array->multidimensional ? state.type(common).element : common;
        if (array->multidimensional && !state.type(common).is_array()) {
            array->multidimensional = false;
            array->element_type = common;
        }
    }
    array->type = state.type(array->element_type).array;
    if (array->type == kInvalidOid) {
        throw SqlError("42704", fmt::format("could not find array type for data type {}", type_name(state, array->element_type))).at(node.location());
    }
    for (ExprPtr& element : array->elements) {
        if (known) {
            ExprPtr coerced = coerce_to_target(state, element, common, typmod, Coercion::kExplicit, true, element->location);
            if (!coerced) throw_cannot_cast(state, element->type, common, element->location);
            element = coerced;
        } else {
            element = coerce_to_common(state, element, common, "ARRAY");
        }
    }
    array->typmod = known ? typmod : -1;
    array->collation = state.type(array->element_type).collation;
    return array;
}

ExprPtr subscript(ParseState& state, const ExprPtr& container, const std::vector<Node>& indexes, const ExprPtr& assign, int location) {
    auto node = std::make_shared<SubscriptExpr>();
    node->container = container;
    node->container_type = base_type(state, container->type);
    const TypeInfo& type = state.type(node->container_type);
    bool json = node->container_type == oid::kJsonb;
    if (!json && !type.is_array() && type.element == kInvalidOid) {
        throw SqlError("42804", fmt::format("cannot subscript type {} because it does not support subscripting", type_name(state, container->type))).at(location);
    }
    node->element_type = json ? oid::kJsonb : type.element;
    bool any_slice = std::ranges::any_of(indexes, [](const Node& index) { return index.flag("is_slice"); });
    if (json && any_slice) throw SqlError("42804", "jsonb subscript does not support slices").at(location);
    for (const Node& index : indexes) {
        SubscriptExpr::Index bound;
        bound.is_slice = any_slice;
        auto bind_one = [&](const Node& child) -> ExprPtr {
            if (!child) return nullptr;
            ExprPtr expr = bind_expr(state, child);
            if (json) {
                if (expr->type == oid::kUnknown) return resolve_unknown(state, expr);
                ExprPtr coerced = can_coerce(state, expr->type, oid::kInt4, Coercion::kImplicit)
                                      ? coerce_to_target(state, expr, oid::kInt4, -1, Coercion::kAssignment, false, -1)
                                      : coerce_to_target(state, expr, oid::kText, -1, Coercion::kImplicit, false, -1);
                if (!coerced) {
                    throw SqlError("42804", fmt::format("subscript type {} is not supported", type_name(state, expr->type)))
                        .hint("jsonb subscript must be coercible to either integer or text.").at(expr->location);
                }
                return coerced;
            }
            ExprPtr coerced = coerce_to_target(state, expr, oid::kInt4, -1, Coercion::kAssignment, false, -1);
            if (!coerced) throw SqlError("42804", "array subscript must have type integer").at(expr->location);
            return coerced;
        };
        bound.lower = bind_one(index["lidx"]);
        bound.upper = bind_one(index["uidx"]);
        if (any_slice && !index.flag("is_slice")) bound.lower = make_const(oid::kInt4, Datum::of_int(1));
        node->indexes.push_back(bound);
    }
    node->assign = assign;
    bool whole = any_slice || assign;
    node->type = whole ? node->container_type : node->element_type;
    node->typmod = container->typmod;
    node->collation = state.type(node->type).collation;
    node->location = location;
    return node;
}

ExprPtr bind_indirection(ParseState& state, const Node& node) {
    ExprPtr value = bind_expr(state, node["arg"]);
    std::vector<Node> pending;
    int location = node["arg"].location();
    auto flush = [&] {
        if (!pending.empty()) value = subscript(state, value, pending, nullptr, value->location);
        pending.clear();
    };
    for (const Node& step : node.items("indirection")) {
        if (step.is("A_Indices")) {
            pending.push_back(step);
            continue;
        }
        flush();
        if (step.is("A_Star")) throw SqlError("0A000", "row expansion via \"*\" is not supported here").at(location);
        value = make_field_select(state, value, std::string(step.string()), location);
    }
    flush();
    return value;
}

}  // namespace cdcsim::pg
