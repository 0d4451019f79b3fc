// Function call syntax, aggregates, window functions and subqueries in expressions. Mirrors
// transformFuncCall, parse_agg.c and transformSubLink.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

struct PlaceRow {
    Place place;
    std::string_view name;
    bool aggregates, windows, srfs;
};
/// What may stand where, and what messages call the place.
constexpr PlaceRow kPlaces[] = {
    {Place::kNone, "", true, true, true},
    {Place::kSelectTarget, "SELECT", true, true, true},
    {Place::kFromFunction, "functions in FROM", false, false, true},
    {Place::kFromSubselect, "FROM", true, true, true},
    {Place::kJoinOn, "JOIN conditions", false, false, false},
    {Place::kWhere, "WHERE", false, false, false},
    {Place::kMergeWhen, "MERGE WHEN conditions", false, false, false},
    {Place::kHaving, "HAVING", true, false, false},
    {Place::kFilter, "FILTER", false, false, false},
    {Place::kGroupBy, "GROUP BY", false, false, true},
    {Place::kOrderBy, "ORDER BY", true, true, true},
    {Place::kDistinctOn, "DISTINCT ON", true, true, true},
    {Place::kLimit, "LIMIT", false, false, false},
    {Place::kOffset, "OFFSET", false, false, false},
    {Place::kInsertTarget, "INSERT", true, true, true},
    {Place::kValues, "VALUES", false, false, true},
    {Place::kUpdateSource, "UPDATE", false, false, false},
    {Place::kReturning, "RETURNING", false, false, false},
    {Place::kWindowPartition, "window PARTITION BY", true, false, true},
    {Place::kWindowOrder, "window ORDER BY", true, false, true},
    {Place::kWindowRange, "window RANGE", false, false, false},
    {Place::kWindowRows, "window ROWS", false, false, false},
    {Place::kWindowGroups, "window GROUPS", false, false, false},
    {Place::kOther, "", false, false, false},
};

const PlaceRow& place_row(Place place) {
    return *std::ranges::find(kPlaces, place, &PlaceRow::place);
}

std::string_view name_of(const ParseState& state) {
    return state.place == Place::kOther ? state.other_place : place_row(state.place).name;
}

bool has_kind(const ExprPtr& expr, ExprKind kind) {
    return any_expression(expr, [kind](const Expr& e) { return e.kind == kind; });
}

/// The levels of the column references in an aggregate's arguments: {any at level 0, the least level}.
struct Levels {
    bool any = false;
    int least = 1 << 20;
};
void add_levels(const Query& query, int depth, Levels& levels);
/// Of `expr` in a subquery `depth` levels below the aggregate.
void add_levels(const ExprPtr& expr, int depth, Levels& levels) {
    any_expression(expr, [&](const Expr& e) {
        if (e.kind == ExprKind::kSubLink) add_levels(*as<SubLinkExpr>(e).query, depth + 1, levels);
        int level = e.kind == ExprKind::kVar ? as<VarExpr>(e).levels_up
                    : e.kind == ExprKind::kWholeRow ? as<WholeRowExpr>(e).levels_up : -1;
        if (level >= depth) {
            levels.any = true;
            levels.least = std::min(levels.least, level - depth);
        }
        return false;
    });
}
void add_levels(const Query& query, int depth, Levels& levels) {
    for_each_expression(query, [&](const ExprPtr& expr) { add_levels(expr, depth, levels); },
                        [&](const Query& below) { add_levels(below, depth + 1, levels); });
}

void check_aggregate_place(ParseState& state, int location) {
    const PlaceRow& row = place_row(state.place);
    if (row.aggregates) return;
    throw SqlError("42803", fmt::format("aggregate functions are not allowed in {}", name_of(state))).at(location);
}

bool default_nulls_first(const Node& sort_by) {
    std::string_view nulls = sort_by.text("sortby_nulls");
    if (nulls == "SORTBY_NULLS_FIRST") return true;
    if (nulls == "SORTBY_NULLS_LAST") return false;
    return sort_by.text("sortby_dir") == "SORTBY_DESC";
}

/// The window named or written in OVER: an index into query->windows.
int find_window(ParseState& state, const Node& over) {
    WindowClause window;
    Node definition = over;
    if (!over.text("name").empty()) {
        window.name = over.text("name");
        auto found = std::ranges::find(state.window_names, window.name, [](const auto& entry) { return entry.first; });
        if (found == state.window_names.end()) {
            throw SqlError("42704", fmt::format("window \"{}\" does not exist", window.name)).at(over.location());
        }
        definition = found->second;
    }
    state.query->windows.push_back(std::move(window));
    state.window_definitions.push_back(definition);
    return static_cast<int>(state.query->windows.size()) - 1;
}

}  // namespace

std::string_view place_name(Place place) { return place_row(place).name; }

namespace {

ExprPtr bind_routine_call(ParseState& state, const Node& node, bool is_procedure) {
    CallSyntax syntax;
    syntax.is_procedure = is_procedure;
    syntax.location = node.location();
    syntax.variadic = node.flag("func_variadic");
    syntax.star = node.flag("agg_star");
    syntax.distinct = node.flag("agg_distinct");
    syntax.within_group = node.flag("agg_within_group");
    syntax.order_by = node.items("agg_order");
    syntax.over = node["over"];
    std::vector<ExprPtr> args;
    bool named = false;
    for (const Node& item : node.items("args")) {
        Node arg = item;
        std::string name;
        if (item.is("NamedArgExpr")) {
            name = item.text("name");
            arg = item["arg"];
            named = true;
        } else if (named) {
            throw SqlError("42601", "positional argument cannot follow named argument").at(item.location());
        }
        args.push_back(bind_expr(state, arg));
        syntax.arg_names.push_back(name);
    }
    if (!named) syntax.arg_names.clear();
    std::vector<std::string> names = name_list(node.items("funcname"));
    // What is sorted are arguments, after the direct ones.
    if (syntax.within_group) {
        for (const Node& sort_by : syntax.order_by) args.push_back(bind_expr(state, sort_by["node"], Place::kOrderBy));
    }
    if (const Node filter = node["agg_filter"]) syntax.filter = coerce_boolean(state, bind_expr(state, filter, Place::kFilter), "FILTER");
    ExprPtr call = make_call(state, names, std::move(args), syntax);
    if (node.text("funcformat") != "COERCE_SQL_SYNTAX" || call->kind != ExprKind::kFunc) return call;
    auto written = std::make_shared<FuncExpr>(as<FuncExpr>(*call));
    written->form = FuncForm::kSqlSyntax;
    return written;
}

/// An AggregateExpr or WindowExpr that calls what `call` does.
template <typename CallNode>
std::shared_ptr<CallNode> node_of_call(const FuncExpr& call, const CallSyntax& syntax) {
    auto node = std::make_shared<CallNode>();
    node->function = call.function;
    node->type = call.type;
    node->collation = call.collation;
    node->args = call.args;
    node->arg_types = call.arg_types;
    node->star = syntax.star;
    node->location = syntax.location;
    return node;
}

}  // namespace

ExprPtr bind_func_call(ParseState& state, const Node& node) { return bind_routine_call(state, node, false); }

ExprPtr bind_procedure_call(ParseState& state, const Node& node) { return bind_routine_call(state, node, true); }

void reject_set_functions(const ExprPtr& expr, std::string_view message) {
    const Expr* last = nullptr;
    any_expression(expr, [&](const Expr& e) {
        if (e.kind == ExprKind::kFunc && as<FuncExpr>(e).returns_set) last = &e;
        return false;
    });
    if (last != nullptr) throw SqlError("0A000", std::string(message)).hint("You might be able to move the set-returning function into a LATERAL FROM item.").at(last->location);
}

void require_star(const FuncExpr& call, const std::string& name, const CallSyntax& syntax) {
    constexpr Oid kCountAll = 2803;
    if (syntax.star || !call.args.empty() || call.function != kCountAll) return;
    throw SqlError("42809", fmt::format("{}(*) must be used to call a parameterless aggregate function", name)).at(syntax.location);
}

ExprPtr bind_aggregate(ParseState& state, const std::shared_ptr<FuncExpr>& call, const CallSyntax& syntax) {
    std::string name(find_builtin_proc(call->function)->name);
    auto node = node_of_call<AggregateExpr>(*call, syntax);
    node->distinct = syntax.distinct;
    if (syntax.star && !call->args.empty()) CDCSIM_CHECK(false);
    split_ordered_set(*node, syntax);
    require_star(*call, name, syntax);
    for (const ExprPtr& arg : call->args) {
        int inner = -1;
        const bool nested = any_expression(arg, [&](const Expr& e) {
            inner = e.location;
            return e.kind == ExprKind::kAggregate;
        });
        if (nested) {
            throw SqlError("42803", "aggregate function calls cannot be nested").at(inner);
        }
        const bool windowed = any_expression(arg, [&](const Expr& e) {
            inner = e.location;
            return e.kind == ExprKind::kWindow;
        });
        if (windowed) {
            throw SqlError("42803", "aggregate function calls cannot contain window function calls").at(inner);
        }
        reject_set_functions(arg, "aggregate function calls cannot contain set-returning function calls");
    }
    node->filter = syntax.filter;
    for (std::size_t i = 0; i < syntax.order_by.size(); ++i) {
        const Node& sort_by = syntax.order_by[i];
        AggregateExpr::OrderBy key;
        // A constant is an expression here, not a position.
        key.expr = syntax.within_group ? node->args[i] : resolve_unknown(state, bind_expr(state, sort_by["node"]));
        // findTargetlistEntrySQL99: the argument as the function takes it.
        const auto same = std::ranges::find_if(node->args, [&](const ExprPtr& arg) { return equal_expressions(*strip_implicit_casts(arg), *key.expr); });
        if (same != node->args.end()) key.expr = *same;
        if (sort_by.text("sortby_dir") == "SORTBY_USING") throw NotSimulated("ORDER BY USING", syntax.location);
        require_ordering(state, key.expr->type, key.expr->location);
        key.descending = sort_by.text("sortby_dir") == "SORTBY_DESC";
        key.nulls_first = default_nulls_first(sort_by);
        node->order_by.push_back(key);
    }
    if (node->distinct) {
        if (syntax.star) throw SqlError("42601", "DISTINCT specified with *").at(syntax.location);
        for (ExprPtr& arg : node->args) arg = resolve_unknown(state, arg);
        node->arg_types.clear();
        for (const ExprPtr& arg : node->args) node->arg_types.push_back(arg->type);
        for (const ExprPtr& arg : node->args) require_ordering(state, arg->type, arg->location, true);
        for (const auto& key : node->order_by) {
            bool in_args = std::ranges::any_of(node->args, [&](const ExprPtr& arg) { return equal_expressions(*arg, *key.expr); });
            if (!in_args) {
                throw SqlError("42P10", "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").at(key.expr->location);
            }
        }
    }
    Levels levels;
    for (const ExprPtr& arg : node->args) add_levels(arg, 0, levels);
    for (const auto& key : node->order_by) add_levels(key.expr, 0, levels);
    if (node->filter) add_levels(node->filter, 0, levels);
    if (levels.any && levels.least > 0) throw NotSimulated("an aggregate over columns of an outer query", syntax.location);
    check_aggregate_place(state, syntax.location);
    node->aggregate = find_aggregate(call->function);
    if (node->aggregate == nullptr) throw NotSimulated("aggregate " + signature(state, name, call->args), syntax.location);
    state.query->has_aggregates = true;
    return node;
}

ExprPtr bind_window_call(ParseState& state, const std::shared_ptr<FuncExpr>& call, char kind, const CallSyntax& syntax) {
    std::string name(find_builtin_proc(call->function)->name);
    const PlaceRow& row = place_row(state.place);
    if (!row.windows) {
        const bool in_definition = row.name.starts_with("window ");
        throw SqlError("42P20", fmt::format("window functions are not allowed in {}", in_definition ? "window definitions" : name_of(state))).at(syntax.location);
    }
    if (syntax.distinct) throw SqlError("0A000", "DISTINCT is not implemented for window functions").at(syntax.location);
    if (!syntax.order_by.empty()) {
        throw SqlError("0A000", "aggregate ORDER BY is not implemented for window functions").at(syntax.location);
    }
    for (const ExprPtr& arg : call->args) {
        if (has_kind(arg, ExprKind::kWindow)) {
            throw SqlError("42P20", "window function calls cannot be nested").at(arg->location);
        }
        reject_set_functions(arg, "window function calls cannot contain set-returning function calls");
    }
    auto node = node_of_call<WindowExpr>(*call, syntax);
    if (kind == 'a') {
        require_star(*call, name, syntax);
        node->aggregate = find_aggregate(call->function);
        if (node->aggregate == nullptr) throw NotSimulated("aggregate " + signature(state, name, call->args), syntax.location);
    } else if (syntax.filter) {
        throw SqlError("0A000", "FILTER is not implemented for non-aggregate window functions").at(syntax.location);
    }
    node->filter = syntax.filter;
    node->window = find_window(state, syntax.over);
    state.query->has_windows = true;
    return node;
}

namespace {

/// x IN (SELECT ...), x op ANY/ALL (SELECT ...): the test over the subquery's columns.
void bind_any_test(ParseState& state, const Node& node, SubLinkExpr& link) {
    ExprPtr left = bind_expr(state, node["testexpr"]);
    std::string op = "=";
    if (node.has("operName")) op = name_list(node.items("operName")).back();
    std::vector<ExprPtr> left_items = left->kind == ExprKind::kRow ? as<RowExpr>(*left).fields : std::vector<ExprPtr>{left};
    std::vector<ExprPtr> right_items;
    int number = 0;
    for (const TargetEntry& target : link.query->targets) {
        if (target.junk) continue;
        auto param = std::make_shared<ParamExpr>();
        param->number = -++number;
        param->type = target.expr->type;
        param->typmod = target.expr->typmod;
        param->collation = target.expr->collation;
        right_items.push_back(param);
    }
    if (left_items.size() < right_items.size()) throw SqlError("42601", "subquery has too many columns").at(node.location());
    if (left_items.size() > right_items.size()) throw SqlError("42601", "subquery has too few columns").at(node.location());
    link.test = make_row_comparison(state, op, left_items, right_items, node.location());
}

}  // namespace

ExprPtr bind_sub_link(ParseState& state, const Node& node) {
    if (!state.allow_subqueries) {
        // One of the place: "check constraint", not "check constraints".
        std::string_view place = state.other_place;
        if (place.ends_with('s')) place.remove_suffix(1);
        throw SqlError("0A000", fmt::format("cannot use subquery in {}", place)).at(node.location());
    }
    auto link = std::make_shared<SubLinkExpr>();
    link->location = node.location();
    link->query = bind_sub_query(&state, node["subselect"], state.options);
    if (link->query->command != CommandKind::kSelect) throw NotSimulated("a data-modifying subquery", node.location());
    std::size_t columns = 0;
    for (const TargetEntry& target : link->query->targets) columns += !target.junk;
    std::string_view kind = node.text("subLinkType");
    auto require_one = [&] {
        if (columns != 1) throw SqlError("42601", "subquery must return only one column").at(node.location());
    };
    if (kind == "EXISTS_SUBLINK") {
        link->sublink = SubLinkKind::kExists;
        link->type = oid::kBool;
    } else if (kind == "EXPR_SUBLINK" || kind == "ARRAY_SUBLINK") {
        require_one();
        const Expr& column = *link->query->targets[0].expr;
        link->type = column.type;
        link->typmod = column.typmod;
        link->collation = column.collation;
        link->sublink = SubLinkKind::kScalar;
        if (kind == "ARRAY_SUBLINK") {
            link->sublink = SubLinkKind::kArray;
            const TypeInfo& type = state.type(column.type);
            link->type = type.is_array() ? column.type : type.array;
            if (link->type == kInvalidOid) {
                throw SqlError("42704", fmt::format("could not find array type for data type {}", type_name(state, column.type))).at(node.location());
            }
        }
    } else if (kind == "ANY_SUBLINK" || kind == "ALL_SUBLINK") {
        link->sublink = kind == "ANY_SUBLINK" ? SubLinkKind::kAny : SubLinkKind::kAll;
        bind_any_test(state, node, *link);
        link->type = oid::kBool;
    } else {
        throw NotSimulated(fmt::format("subquery of kind {}", kind), node.location());
    }
    return link;
}

}  // namespace cdcsim::pg
