// FROM: tables, subqueries, functions, joins. Mirrors parse_clause.c's transformFromClauseItem and
// parse_relation.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/current_views.h"
#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/binder/polymorphic.h"

namespace cdcsim::pg {
namespace {

std::vector<std::string> alias_columns(const Node& alias) { return name_list(alias.items("colnames")); }

void apply_aliases(RangeTableEntry& rte, const std::vector<std::string>& names, int location) {
    std::size_t next = 0;
    for (Attribute& column : rte.columns) {
        if (next == names.size()) return;
        if (!column.dropped) column.name = names[next++];
    }
    if (next < names.size()) {
        std::size_t available = std::ranges::count(rte.columns, false, &Attribute::dropped);
        throw SqlError("42P10", fmt::format("table \"{}\" has {} columns available but {} columns specified", rte.alias, available, names.size()))
            .at(location);
    }
}

int add_rte(ParseState& state, RangeTableEntry rte) {
    state.query->range_table.push_back(std::move(rte));
    return static_cast<int>(state.query->range_table.size());
}

FromNode leaf(int rt_index) {
    FromNode node;
    node.rt_index = rt_index;
    return node;
}

void check_alias_unique(ParseState& state, const NameItem& added) {
    for (const NameItem& item : state.names) {
        if (!item.table_visible || !added.table_visible || item.alias != added.alias) continue;
        bool different_tables = !item.schema.empty() && !added.schema.empty() && item.schema != added.schema;
        if (different_tables) continue;
        throw SqlError("42712", fmt::format("table name \"{}\" specified more than once", added.alias));
    }
}

/// What one FROM item adds: its tree and the names it makes visible.
struct Bound {
    FromNode node;
    std::vector<NameItem> names;
};

Bound bound_leaf(ParseState& state, int rt_index) {
    Bound bound;
    bound.node = leaf(rt_index);
    bound.names.push_back(name_item(state, rt_index));
    return bound;
}

/// WITH name at this or an outer level.
struct CteMatch {
    ParseState* level = nullptr;
    int index = -1, levels = 0;
};

CteMatch find_cte(ParseState& state, const std::string& name) {
    int levels = 0;
    for (ParseState* level = &state; level != nullptr; level = level->parent, ++levels) {
        for (const auto& [cte_name, index] : level->ctes) {
            if (cte_name == name) return {level, index, levels};
        }
    }
    return {};
}

int add_cte(ParseState& state, const CteMatch& match, const std::string& alias, int location) {
    CommonTableExpr& cte = match.level->query->ctes[static_cast<std::size_t>(match.index)];
    RangeTableEntry rte;
    rte.kind = RteKind::kCte;
    rte.alias = alias;
    rte.cte = match.index;
    rte.cte_levels_up = match.levels;
    ++cte.reference_count;
    auto pending = match.level->recursive_columns.find(match.index);
    if (pending != match.level->recursive_columns.end()) {
        rte.self_reference = true;
        rte.columns = pending->second;
        rte.first_term = match.level->first_terms[match.index];
        cte.recursive = true;
    } else if (cte.query == nullptr) {
        throw SqlError("42P19", fmt::format("recursive reference to query \"{}\" must not appear within its non-recursive term", cte.name)).at(location);
    } else {
        rte.columns = query_columns(*cte.query);
        if (cte.query->command != CommandKind::kSelect && !cte.query->has_returning) {
            throw SqlError("0A000", fmt::format("WITH query \"{}\" does not have a RETURNING clause", cte.name)).at(location);
        }
    }
    return add_rte(state, std::move(rte));
}

Bound bind_range_var(ParseState& state, const Node& node) {
    Node alias = node["alias"];
    std::string name(node.text("relname"));
    std::string alias_name = alias ? std::string(alias.text("aliasname")) : name;
    int location = node.location();
    int rt_index = 0;
    CteMatch cte;
    if (!node.has("schemaname")) cte = find_cte(state, name);
    if (cte.level != nullptr) {
        rt_index = add_cte(state, cte, alias_name, location);
    } else if (auto transition = node.has("schemaname") ? std::nullopt : state.context().transition_table(name)) {
        RangeTableEntry rte;
        rte.kind = RteKind::kTransition;
        rte.alias = alias_name;
        rte.columns = *transition;
        rte.transition_table = name;
        state.host().transition_rows(name, [&](std::span<const Datum>) { return ++rte.transition_rows > 0; });
        rt_index = add_rte(state, std::move(rte));
    } else {
        check_future_cte(state, node);
        RelationPtr relation = require_relation(node, state.context());
        relation = state.context().lock_relation(relation, "AccessShareLock", location);
        if (!relation) relation = require_relation(node, state.context());
        if (relation->kind == 'c') {
            throw SqlError("42809", fmt::format("cannot open relation \"{}\"", relation->name))
                .detail("This operation is not supported for composite types.").at(location);
        }
        rt_index = add_relation(state, relation, alias_name, {}, node.flag("inh"), false);
    }
    if (alias) apply_aliases(state.rte(rt_index), alias_columns(alias), location);
    Bound bound = bound_leaf(state, rt_index);
    const RangeTableEntry& rte = state.rte(rt_index);
    if (!alias && rte.relation) bound.names[0].schema = rte.relation->schema_name;
    return bound;
}

Bound bind_range_subselect(ParseState& state, const Node& node) {
    Node alias = node["alias"];
    if (!alias) {
        bool values = node["subquery"].has("valuesLists");
        throw SqlError("42601", values ? "VALUES in FROM must have an alias" : "subquery in FROM must have an alias")
            .hint(values ? "For example, FROM (VALUES ...) [AS] foo." : "For example, FROM (SELECT ...) [AS] foo.").at(node["subquery"].location() > 0 ? node["subquery"].location() : -1);
    }
    RangeTableEntry rte;
    rte.kind = RteKind::kSubquery;
    rte.alias = alias.text("aliasname");
    rte.lateral = node.flag("lateral");
    bool before = state.lateral_active;
    state.lateral_active = rte.lateral;
    PlaceScope place(state, Place::kFromSubselect);
    std::shared_ptr<Query> query = bind_sub_query(&state, node["subquery"], state.options);
    state.lateral_active = before;
    rte.columns = query_columns(*query);
    rte.subquery = query;
    apply_aliases(rte, alias_columns(alias), -1);
    return bound_leaf(state, add_rte(state, std::move(rte)));
}

RowType column_definitions(ParseState& state, const std::vector<Node>& definitions) {
    RowType row;
    for (const Node& definition : definitions) {
        TypeRef type = bind_type_name(definition["typeName"], state.options);
        row.push_back({std::string(definition.text("colname")), type.type, type.typmod, false});
    }
    return row;
}

std::string function_label(const Node& call) {
    std::string name = figure_column_name(call);
    return name;
}

/// unnest(a, b) stands for ROWS FROM (unnest(a), unnest(b)).
bool is_multi_unnest(const Node& call) {
    return call.is("FuncCall") && call.items("args").size() > 1 && name_list(call.items("funcname")).back() == "unnest";
}

void require_top_level_set(const ExprPtr& call) {
    bool nested = contains_set_function(call);
    if (call->kind == ExprKind::kFunc && as<FuncExpr>(*call).returns_set) {
        nested = std::ranges::any_of(as<FuncExpr>(*call).args, contains_set_function);
    }
    if (nested) throw SqlError("0A000", "set-returning functions must appear at top level of FROM").at(call->location);
}

void add_function(ParseState& state, RangeTableEntry& rte, const ExprPtr& call, const std::vector<Node>& definitions,
                  const std::string& label) {
    require_top_level_set(call);
    RangeTableEntry::FunctionItem item;
    item.call = call;
    RowType columns;
    const TypeInfo& type = state.type(base_type(state, call->type));
    bool is_record = type.oid == oid::kRecord;
    bool has_out = is_record && call->kind == ExprKind::kFunc && !function_columns(state, *call, label).empty();
    if (!definitions.empty()) {
        if (has_out) {
            throw SqlError("42601", "a column definition list is redundant for a function with OUT parameters").at(call->location);
        }
        if (!is_record) {
            throw SqlError("42601", "a column definition list is only allowed for functions returning \"record\"").at(call->location);
        }
        columns = column_definitions(state, definitions);
    } else if (is_record) {
        columns = call->kind == ExprKind::kFunc ? function_columns(state, *call, label) : row_type_of_expr(state, *call);
        if (columns.empty()) {
            throw SqlError("42601", "a column definition list is required for functions returning \"record\"").at(call->location);
        }
    } else if (type.typtype == 'c') {
        columns = type.attributes;
    } else {
        // The one OUT parameter's name goes before the alias (chooseScalarFunctionAlias).
        std::string name = label;
        if (call->kind == ExprKind::kFunc) {
            RowType outs = function_columns(state, *call, label);
            if (outs.size() == 1 && !outs[0].name.empty()) name = outs[0].name;
        }
        columns = {{name, call->type, call->typmod, false}};
    }
    item.column_count = static_cast<int>(columns.size());
    rte.columns.insert(rte.columns.end(), columns.begin(), columns.end());
    rte.functions.push_back(std::move(item));
}

Bound bind_range_function(ParseState& state, const Node& node) {
    RangeTableEntry rte;
    rte.kind = RteKind::kFunction;
    rte.lateral = true;
    rte.with_ordinality = node.flag("ordinality");
    Node alias = node["alias"];
    std::vector<Node> functions = node.items("functions");
    bool rows_from = node.flag("is_rowsfrom");
    bool before = state.lateral_active;
    state.lateral_active = true;
    std::string first_label;
    for (const Node& entry : functions) {
        std::vector<Node> pair = entry.items();
        const Node& call_node = pair.at(0);
        std::vector<Node> definitions = pair.size() > 1 ? pair[1].items() : std::vector<Node>{};
        if (definitions.empty() && !rows_from) definitions = node.items("coldeflist");
        std::string label = function_label(call_node);
        if (first_label.empty()) first_label = label;
        // A scalar function's one column is named like the alias.
        std::string column_label = alias && functions.size() == 1 ? std::string(alias.text("aliasname")) : label;
        PlaceScope place(state, Place::kFromFunction);
        if (is_multi_unnest(call_node)) {
            for (const Node& arg : call_node.items("args")) {
                CallSyntax syntax;
                syntax.location = call_node.location();
                ExprPtr call = make_call(state, {"unnest"}, {bind_expr(state, arg)}, syntax);
                add_function(state, rte, call, {}, "unnest");
            }
            continue;
        }
        add_function(state, rte, bind_expr(state, call_node), definitions, column_label);
    }
    state.lateral_active = before;
    rte.alias = alias ? std::string(alias.text("aliasname")) : first_label;
    if (rte.with_ordinality) rte.columns.push_back({"ordinality", oid::kInt8, -1, false});
    if (alias) apply_aliases(rte, alias_columns(alias), -1);
    return bound_leaf(state, add_rte(state, std::move(rte)));
}

Bound bind_item(ParseState& state, const Node& node);

JoinType join_type(std::string_view name) {
    return name == "JOIN_LEFT" ? JoinType::kLeft : name == "JOIN_RIGHT" ? JoinType::kRight
           : name == "JOIN_FULL" ? JoinType::kFull : JoinType::kInner;
}

/// The columns that a side of a join offers, in order.
std::vector<NameColumn> visible_columns(const std::vector<NameItem>& items) {
    std::vector<NameColumn> columns;
    for (const NameItem& item : items) {
        if (item.columns_visible) columns.insert(columns.end(), item.columns.begin(), item.columns.end());
    }
    return columns;
}

NameColumn take_column(std::vector<NameColumn>& columns, const std::string& name, std::string_view side) {
    auto it = std::ranges::find(columns, name, &NameColumn::name);
    if (it == columns.end()) {
        throw SqlError("42703", fmt::format("column \"{}\" specified in USING clause does not exist in {} table", name, side));
    }
    if (std::ranges::count(columns, name, &NameColumn::name) > 1) {
        throw SqlError("42702", fmt::format("common column name \"{}\" appears more than once in {} table", name, side));
    }
    NameColumn taken = *it;
    columns.erase(it);
    return taken;
}

/// The merged column of JOIN USING. Mirrors buildMergedJoinVar.
ExprPtr merge_column(ParseState& state, JoinType join, const NameColumn& left, const NameColumn& right) {
    std::vector<ExprPtr> both = {left.expr, right.expr};
    Oid type = common_type(state, both, "JOIN/USING");
    ExprPtr l = coerce_to_common(state, left.expr, type, "JOIN/USING");
    ExprPtr r = coerce_to_common(state, right.expr, type, "JOIN/USING");
    if (join == JoinType::kLeft) return l;
    if (join == JoinType::kRight) return r;
    if (join == JoinType::kInner) return l->kind == ExprKind::kVar ? l : r->kind == ExprKind::kVar ? r : l;
    auto merged = std::make_shared<CoalesceExpr>();
    merged->args = {l, r};
    merged->type = type;
    merged->collation = state.type(type).collation;
    return merged;
}

/// Binds `condition` with only the join's own names visible (and outer levels).
ExprPtr bind_on(ParseState& state, const Node& quals, const std::vector<NameItem>& left, const std::vector<NameItem>& right) {
    std::vector<NameItem> saved = std::move(state.names);
    state.names = left;
    state.names.insert(state.names.end(), right.begin(), right.end());
    for (NameItem& item : state.names) item.lateral_only = false;
    ExprPtr condition = coerce_boolean(state, bind_expr(state, quals, Place::kJoinOn), "JOIN/ON");
    state.names = std::move(saved);
    return condition;
}

void check_disjoint(ParseState& state, const std::vector<NameItem>& left, const std::vector<NameItem>& right) {
    std::vector<NameItem> saved = std::move(state.names);
    state.names = left;
    for (const NameItem& item : right) check_alias_unique(state, item);
    state.names = std::move(saved);
}

Bound bind_join(ParseState& state, const Node& node) {
    JoinType join = join_type(node.text("jointype"));
    Bound left = bind_item(state, node["larg"]);
    std::size_t before = state.names.size();
    for (NameItem item : left.names) {
        item.lateral_only = true;
        item.lateral_ok = join == JoinType::kInner || join == JoinType::kLeft;
        state.names.push_back(item);
    }
    Bound right = bind_item(state, node["rarg"]);
    state.names.resize(before);
    check_disjoint(state, left.names, right.names);

    std::vector<NameColumn> left_columns = visible_columns(left.names), right_columns = visible_columns(right.names);
    std::vector<std::string> using_names = name_list(node.items("usingClause"));
    if (node.flag("isNatural")) {
        for (const NameColumn& column : left_columns) {
            if (std::ranges::find(right_columns, column.name, &NameColumn::name) != right_columns.end()) using_names.push_back(column.name);
        }
    }
    Bound result;
    std::vector<NameColumn> merged;
    std::vector<ExprPtr> equalities;
    for (const std::string& name : using_names) {
        if (std::ranges::count(using_names, name) > 1 && !node.flag("isNatural")) {
            throw SqlError("42701", fmt::format("column name \"{}\" appears more than once in USING clause", name));
        }
        NameColumn l = take_column(left_columns, name, "left");
        NameColumn r = take_column(right_columns, name, "right");
        equalities.push_back(make_operator(state, "=", l.expr, r.expr, -1));
        merged.push_back({name, merge_column(state, join, l, r)});
    }
    if (equalities.size() == 1) result.node.condition = equalities[0];
    if (equalities.size() > 1) result.node.condition = make_bool(BoolOp::kAnd, equalities);
    if (Node quals = node["quals"]) result.node.condition = bind_on(state, quals, left.names, right.names);
    if (node.has("join_using_alias")) throw NotSimulated("JOIN ... USING (...) AS alias");

    result.node.join = join;
    result.node.left = std::make_unique<FromNode>(std::move(left.node));
    result.node.right = std::make_unique<FromNode>(std::move(right.node));

    NameItem item;
    item.is_join = true;
    item.columns = std::move(merged);
    item.columns.insert(item.columns.end(), left_columns.begin(), left_columns.end());
    item.columns.insert(item.columns.end(), right_columns.begin(), right_columns.end());
    RangeTableEntry rte;
    rte.kind = RteKind::kJoin;
    if (Node alias = node["alias"]) {
        item.alias = rte.alias = alias.text("aliasname");
        std::vector<std::string> names = alias_columns(alias);
        if (names.size() > item.columns.size()) {
            throw SqlError("42P10", fmt::format("join expression \"{}\" has {} columns available but {} columns specified", item.alias, item.columns.size(), names.size()));
        }
        for (std::size_t i = 0; i < names.size(); ++i) item.columns[i].name = names[i];
        item.rt_index = add_rte(state, std::move(rte));
        result.names = {item};
        return result;
    }
    item.table_visible = false;
    item.rt_index = add_rte(state, std::move(rte));
    result.names = left.names;
    result.names.insert(result.names.end(), right.names.begin(), right.names.end());
    for (NameItem& child : result.names) child.columns_visible = false;
    result.names.push_back(item);
    return result;
}

Bound bind_item(ParseState& state, const Node& node) {
    if (node.is("RangeVar")) return bind_range_var(state, node);
    if (node.is("RangeSubselect")) return bind_range_subselect(state, node);
    if (node.is("RangeFunction")) return bind_range_function(state, node);
    if (node.is("JoinExpr")) return bind_join(state, node);
    throw NotSimulated(fmt::format("{} in FROM", node.is("RangeTableSample") ? "TABLESAMPLE" : node.tag()), node.location());
}

}  // namespace

void check_future_cte(ParseState& state, const Node& node) {
    const std::string name(node.text("relname"));
    if (node.has("schemaname")) return;
    bool is_future = false;
    for (ParseState* level = &state; level != nullptr; level = level->parent) {
        is_future = is_future || std::ranges::find(level->future_ctes, name) != level->future_ctes.end();
    }
    if (!is_future || find_relation(node, state.context())) return;
    throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", name))
        .detail(fmt::format("There is a WITH item named \"{}\", but it cannot be referenced from this part of the query.", name))
        .hint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references.").at(node.location());
}

int add_relation(ParseState& state, const RelationPtr& relation, const std::string& alias,
                 const std::vector<std::string>& column_aliases, bool inherit, bool visible) {
    RangeTableEntry rte;
    rte.alias = alias;
    rte.inherit = inherit;
    if (relation->kind == 'v') {
        rte.kind = RteKind::kSubquery;
        rte.subquery = with_current_views(state, relation->view);
    } else {
        rte.kind = RteKind::kRelation;
    }
    rte.relation = relation;
    for (const Column& column : relation->columns) {
        rte.columns.push_back({column.dropped ? "" : column.name, column.type, column.typmod, column.dropped});
    }
    apply_aliases(rte, column_aliases, -1);
    int rt_index = add_rte(state, std::move(rte));
    if (visible) state.names.push_back(name_item(state, rt_index));
    return rt_index;
}

NameItem name_item(ParseState& state, int rt_index) {
    const RangeTableEntry& rte = state.rte(rt_index);
    NameItem item;
    item.rt_index = rt_index;
    item.alias = rte.alias;
    int attno = 0;
    for (const Attribute& column : rte.columns) {
        ++attno;
        if (column.dropped) continue;
        auto var = make_var(rt_index, attno, column);
        if (const TypeInfo* type = state.host().find_type(column.type)) var->collation = type->collation;
        item.columns.push_back({column.name, var});
    }
    return item;
}

void bind_from(ParseState& state, const std::vector<Node>& items) {
    for (const Node& item : items) {
        Bound bound = bind_item(state, item);
        for (const NameItem& name : bound.names) check_alias_unique(state, name);
        for (NameItem name : bound.names) {
            name.lateral_only = true;
            name.lateral_ok = true;
            state.names.push_back(std::move(name));
        }
        state.query->from.push_back(std::move(bound.node));
    }
    for (NameItem& item : state.names) item.lateral_only = false;
}

RowType function_columns(ParseState& state, const Expr& expr, const std::string&) {
    const auto& call = as<FuncExpr>(expr);
    RowType row;
    if (call.user) return out_columns(state.host(), *call.user, call.arg_types);
    const ProcRow* proc = find_builtin_proc(call.function);
    std::size_t i = 0;
    std::string_view names = proc->arg_names;
    for (Oid type : proc->all_args) {
        char mode = proc->arg_modes[i++];
        auto comma = names.find(',');
        std::string name(names.substr(0, comma));
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
        if (mode == 'o' || mode == 'b' || mode == 't') row.push_back({name, type, -1, false});
    }
    return row;
}

}  // namespace cdcsim::pg
