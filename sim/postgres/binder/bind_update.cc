// UPDATE and DELETE. Mirrors analyze.c's transformUpdateStmt and transformDeleteStmt.
#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// What is written: a table, or a view in front of one.
struct Target {
    RelationPtr relation;
    std::optional<ViewTarget> view;
};

/// The target table, first in the range table, its names visible.
Target bind_target_table(ParseState& state, const Node& range_var, ViewCommand command) {
    check_target_name(state, range_var);
    RelationPtr relation = require_relation(range_var, state.context());
    relation = state.context().lock_relation(relation, "RowExclusiveLock", range_var.location());
    if (!relation) relation = require_relation(range_var, state.context());
    if (relation->kind == 'S') throw SqlError("42809", fmt::format("cannot change sequence \"{}\"", relation->name));
    Node alias = range_var["alias"];
    std::string name = alias ? std::string(alias.text("aliasname")) : relation->name;
    Target target{relation, std::nullopt};
    if (relation->kind == 'v' && !has_instead_trigger(*relation, command)) {
        target.view = bind_view_target(state, relation, command);
        target.relation = target.view->shadow;
        state.names.push_back(view_names(state, *target.view, name));
    } else {
        state.query->result_relation = add_relation(state, relation, name, {}, range_var.flag("inh"), true);
    }
    if (!alias) state.names.back().schema = relation->schema_name;
    FromNode node;
    node.rt_index = state.query->result_relation;
    state.query->from.push_back(std::move(node));
    return target;
}

/// FROM of an UPDATE, USING of a DELETE: what stands in it cannot refer to the target.
void bind_from_beside_target(ParseState& state, const std::vector<Node>& items) {
    NameItem& target = state.names.back();
    target.lateral_only = true;
    target.lateral_ok = false;
    bind_from(state, items);
    for (NameItem& item : state.names) item.lateral_ok = true;
}

/// The view's own WHERE comes last.
void add_view_condition(Query& query, const Target& target) {
    if (!target.view || !target.view->where) return;
    query.where = query.where ? make_bool(BoolOp::kAnd, {query.where, target.view->where}) : target.view->where;
}

/// Binds SET's right side number `column` of a multiple assignment (a, b) = ...
ExprPtr bind_multi_assign(ParseState& state, const Node& node) {
    Node source = node["source"];
    auto column = static_cast<std::size_t>(node.integer("colno"));
    auto columns = static_cast<std::size_t>(node.integer("ncolumns"));
    if (source.is("RowExpr")) {
        std::vector<Node> args = source.items("args");
        const bool star = std::ranges::any_of(args, is_row_expansion);
        if (star) throw NotSimulated("a multiple assignment from ROW(x.*)", source.location());
        if (args.size() != columns) throw SqlError("42601", "number of columns does not match number of values").at(source.location());
        if (args[column - 1].is("SetToDefault")) {
            auto result = std::make_shared<DefaultExpr>();
            result->location = args[column - 1].location();
            return result;
        }
        return bind_expr(state, args[column - 1]);
    }
    if (!source.is("SubLink") || source.text("subLinkType") != "EXPR_SUBLINK") {
        throw SqlError("0A000", "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression").at(source.location());
    }
    std::shared_ptr<Query> query = bind_sub_query(&state, source["subselect"], state.options);
    std::size_t visible = std::ranges::count(query->targets, false, &TargetEntry::junk);
    if (visible != columns) throw SqlError("42601", "number of columns does not match number of values").at(source.location());
    std::size_t number = 0;
    ExprPtr chosen;
    for (TargetEntry& target : query->targets) {
        if (target.junk) continue;
        bool wanted = ++number == column;
        if (wanted) chosen = target.expr;
        target.junk = !wanted;
        bool is_volatile = any_expression(target.expr, [](const Expr& e) { return e.kind == ExprKind::kFunc && as<FuncExpr>(e).volatility == 'v'; });
        if (is_volatile) throw NotSimulated("a multiple assignment from a volatile subquery", source.location());
    }
    auto link = std::make_shared<SubLinkExpr>();
    link->query = query;
    link->type = chosen->type;
    link->typmod = chosen->typmod;
    link->collation = chosen->collation;
    link->location = chosen->location;
    return link;
}

ExprPtr bind_set_value(ParseState& state, const Node& value) {
    if (value.is("MultiAssignRef")) return bind_multi_assign(state, value);
    if (value.is("SetToDefault")) {
        auto result = std::make_shared<DefaultExpr>();
        result->location = value.location();
        return result;
    }
    return bind_expr(state, value);
}

void check_updatable(const Column& column, const Expr& value) {
    if (value.kind == ExprKind::kDefault) return;
    std::string message = fmt::format("column \"{}\" can only be updated to DEFAULT", column.name);
    if (column.identity == 'a') {
        throw SqlError("428C9", message).detail(fmt::format("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", column.name));
    }
    if (column.generated) throw SqlError("428C9", message).detail(fmt::format("Column \"{}\" is a generated column.", column.name));
}

/// SET col.f.g = v: the column with the field replaced, the other fields read from it. Mirrors
/// transformAssignmentIndirection.
ExprPtr assign_field(ParseState& state, const Node& item, const std::string& column, std::span<const Node> path, const ExprPtr& value, const ExprPtr& current) {
    const std::string field(path[0].string());
    const TypeInfo& type = state.type(current->type);
    if (type.typtype == 'd') throw NotSimulated("assignment to a field of a domain's value", item.location());
    if (type.typtype != 'c') {
        throw SqlError("42804", fmt::format("cannot assign to field \"{}\" of column \"{}\" because its type {} is not a composite type", field, column,
                                            type_name(state, current->type))).at(item.location());
    }
    auto row = std::make_shared<RowExpr>();
    row->type = current->type;
    row->row_type = type.attributes;
    bool found = false;
    for (const Attribute& attribute : type.attributes) {
        if (attribute.dropped) throw NotSimulated("assignment to a field of a type that has lost one", item.location());
        ExprPtr old = make_field_select(state, current, attribute.name, item.location());
        if (attribute.name != field) {
            row->fields.push_back(std::move(old));
            continue;
        }
        found = true;
        if (path.size() > 1) {
            row->fields.push_back(assign_field(state, item, field, path.subspan(1), value, old));
            continue;
        }
        ExprPtr coerced = coerce_to_target(state, value, attribute.type, attribute.typmod, Coercion::kAssignment, false, -1);
        if (!coerced) {
            throw SqlError("42804", fmt::format("subfield \"{}\" is of type {} but expression is of type {}", field, type_name(state, attribute.type),
                                                type_name(state, value->type)))
                .hint("You will need to rewrite or cast the expression.").at(item.location());
        }
        row->fields.push_back(std::move(coerced));
    }
    if (found) return row;
    throw SqlError("42703", fmt::format("cannot assign to field \"{}\" of column \"{}\" because there is no such column in data type {}", field, column,
                                        type_name(state, current->type))).at(item.location());
}

/// SET col[i] = v: the column with the element replaced.
ExprPtr assign_element(ParseState& state, const Node& item, const ExprPtr& value, const ExprPtr& current, const Column& column) {
    std::vector<Node> steps = item.items("indirection");
    const auto is_index = [](const Node& step) { return step.is("A_Indices"); };
    if (value->kind == ExprKind::kDefault) {
        throw SqlError("0A000", is_index(steps[0]) ? "cannot set an array element to DEFAULT" : "cannot set a subfield to DEFAULT").at(value->location);
    }
    if (std::ranges::none_of(steps, is_index)) return assign_field(state, item, column.name, steps, value, current);
    if (!std::ranges::all_of(steps, is_index)) throw NotSimulated("assignment to a field of an array's element, or to an element of a field", item.location());
    Oid container = base_type(state, column.type);
    const TypeInfo& type = state.type(container);
    bool json = container == oid::kJsonb;
    if (!json && type.element != kInvalidOid && !type.is_array()) throw NotSimulated("assignment to an element of a type of fixed length", item.location());
    bool slice = std::ranges::any_of(steps, [](const Node& step) { return step.flag("is_slice"); });
    Oid want = json ? oid::kJsonb : slice ? container : type.element;
    ExprPtr coerced = coerce_to_target(state, value, want, json ? -1 : column.typmod, Coercion::kAssignment, false, -1);
    if (!coerced) {
        throw SqlError("42804", fmt::format("subscripted assignment to \"{}\" requires type {} but expression is of type {}", column.name,
                                            type_name(state, want), type_name(state, value->type)))
            .hint("You will need to rewrite or cast the expression.").at(item.location());
    }
    // Several elements are set one after the other, and the domain is checked once.
    const bool checked = current->kind == ExprKind::kCoerceToDomain;
    ExprPtr assigned = subscript(state, checked ? as<CoerceToDomainExpr>(*current).arg : current, steps, coerced, item.location());
    return column.type == container ? assigned : coerce_to_column(state, assigned, column, item.location());
}

}  // namespace

std::vector<TargetEntry> bind_set_list(ParseState& state, const std::vector<Node>& items, const Relation& target, int rt_index) {
    PlaceScope place(state, Place::kUpdateSource);
    std::vector<TargetEntry> assignments;
    std::vector<std::pair<const Column*, ExprPtr>> assigned;
    std::map<int, bool> by_element;
    std::optional<std::string> twice;
    // All values are bound before the first column is looked up.
    std::vector<ExprPtr> values;
    for (const Node& item : items) values.push_back(bind_set_value(state, item["val"]));
    std::size_t next = 0;
    for (const Node& item : items) {
        std::string name(item.text("name"));
        ExprPtr value = values[next++];
        const Column* column = target.find_column(name);
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, target.name)).at(item.location());
        }
        bool element = item.has("indirection");
        auto earlier = std::ranges::find(assignments, column->attno, &TargetEntry::resno);
        if (earlier != assignments.end() && !(element && by_element[column->attno]) && !twice) twice = name;
        by_element[column->attno] = element;
        assigned.emplace_back(column, value);
        TargetEntry entry;
        entry.resno = column->attno;
        entry.name = name;
        if (element) {
            Attribute attribute{column->name, column->type, column->typmod, false};
            ExprPtr current = earlier != assignments.end() ? earlier->expr : ExprPtr(make_var(rt_index, column->attno, attribute));
            entry.expr = assign_element(state, item, value, current, *column);
            if (earlier != assignments.end()) {
                earlier->expr = entry.expr;
                continue;
            }
        } else if (value->kind == ExprKind::kDefault) {
            auto node = std::make_shared<DefaultExpr>();
            node->type = column->type;
            node->typmod = column->typmod;
            entry.expr = node;
        } else {
            entry.expr = coerce_to_column(state, value, *column, expr_location(*value));
        }
        assignments.push_back(std::move(entry));
    }
    // The rewriter's checks: after all have been bound, the second one in the order of the columns.
    if (twice) throw SqlError("42601", fmt::format("multiple assignments to same column \"{}\"", *twice));
    std::ranges::stable_sort(assigned, {}, [](const auto& pair) { return pair.first->attno; });
    for (const auto& [column, value] : assigned) check_updatable(*column, *value);
    return assignments;
}

namespace {

/// The table's column instead of the view's. DEFAULT is the default of the view's column: NULL, if it has none.
void give_view_default(ParseState& state, const ViewTarget& view, TargetEntry& entry) {
    const Column& column = view.shadow->columns[static_cast<std::size_t>(entry.resno - 1)];
    entry.resno = table_column(view, entry.resno, ViewCommand::kUpdate);
    if (entry.expr->kind != ExprKind::kDefault) return;
    entry.expr = view_column_default(state, column);
    if (!entry.expr) entry.expr = coerce_to_column(state, make_null(oid::kUnknown), column, -1);
    check_updatable(view.table->columns[static_cast<std::size_t>(entry.resno - 1)], *entry.expr);
}

/// CURRENT OF may name a cursor, or a variable that has its name (transformCurrentOfExpr).
void bind_where(ParseState& state, const Node& where, bool of_view) {
    if (!where.is("CurrentOfExpr")) {
        state.query->where = coerce_boolean(state, bind_expr(state, where, Place::kWhere), "WHERE");
        return;
    }
    if (of_view) throw SqlError("0A000", "WHERE CURRENT OF on a view is not implemented");
    CursorReference cursor{std::string(where.text("cursor_name")), nullptr};
    ExprPtr variable = state.options.hook != nullptr ? state.options.hook->resolve({cursor.name}, where.location(), false) : nullptr;
    if (variable && variable->kind == ExprKind::kParam && variable->type == oid::kRefcursor) cursor.param = std::move(variable);
    state.query->current_of = std::move(cursor);
}

}  // namespace

std::shared_ptr<Query> bind_update(ParseState& state, const Node& node) {
    Query& query = *state.query;
    query.command = CommandKind::kUpdate;
    bind_with(state, node["withClause"]);
    Target target = bind_target_table(state, node["relation"], ViewCommand::kUpdate);
    bind_from_beside_target(state, node.items("fromClause"));
    if (Node where = node["whereClause"]) {
        bind_where(state, where, target.view.has_value());
    }
    bind_returning(state, node.items("returningList"));
    query.targets = bind_set_list(state, node.items("targetList"), *target.relation, query.result_relation);
    if (target.view) {
        bool elements = std::ranges::any_of(node.items("targetList"), [](const Node& item) { return item.has("indirection"); });
        if (elements) throw NotSimulated("UPDATE of an element of a view's column");
        for (TargetEntry& entry : query.targets) give_view_default(state, *target.view, entry);
        std::vector<int> attnos;
        for (const TargetEntry& entry : query.targets) attnos.push_back(entry.resno);
        require_different_columns(*target.view->table, attnos);
    }
    add_view_condition(query, target);
    if (target.view) query.view_checks = target.view->checks;
    return state.query;
}

std::shared_ptr<Query> bind_delete(ParseState& state, const Node& node) {
    Query& query = *state.query;
    query.command = CommandKind::kDelete;
    bind_with(state, node["withClause"]);
    Target target = bind_target_table(state, node["relation"], ViewCommand::kDelete);
    bind_from_beside_target(state, node.items("usingClause"));
    if (Node where = node["whereClause"]) {
        bind_where(state, where, target.view.has_value());
    }
    bind_returning(state, node.items("returningList"));
    add_view_condition(query, target);
    return state.query;
}

}  // namespace cdcsim::pg
