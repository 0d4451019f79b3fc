// INSERT, UPDATE and DELETE of a view that stands for one table. Mirrors rewriteHandler.c's
// view_query_is_auto_updatable and rewriteTargetView: the statement works on the table, the view's
// columns are names for the table's.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

/// Why a view cannot be written; empty: it can.
std::string not_updatable(const Query& query) {
    if (query.distinct || !query.distinct_on.empty()) return "Views containing DISTINCT are not automatically updatable.";
    if (!query.group_by.empty() || !query.grouping_sets.empty()) return "Views containing GROUP BY are not automatically updatable.";
    if (query.having) return "Views containing HAVING are not automatically updatable.";
    if (query.set_operations) return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
    if (!query.ctes.empty()) return "Views containing WITH are not automatically updatable.";
    if (query.limit || query.offset) return "Views containing LIMIT or OFFSET are not automatically updatable.";
    if (query.has_aggregates) return "Views that return aggregate functions are not automatically updatable.";
    if (query.has_windows) return "Views that return window functions are not automatically updatable.";
    if (query.has_target_srfs) return "Views that return set-returning functions are not automatically updatable.";
    constexpr const char* kNotOne = "Views that do not select from a single table or view are not automatically updatable.";
    if (query.from.size() != 1 || !query.from[0].is_leaf()) return kNotOne;
    const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(query.from[0].rt_index - 1)];
    if (!rte.relation || (rte.relation->kind != 'r' && rte.relation->kind != 'v' && rte.relation->kind != 'p')) return kNotOne;
    return "";
}

[[noreturn]] void refuse(const Relation& view, ViewCommand command, const std::string& reason) {
    struct Words {
        const char *message, *hint;
    };
    constexpr Words kWords[] = {
        {"cannot insert into view \"{}\"", "To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an unconditional ON INSERT DO INSTEAD rule."},
        {"cannot update view \"{}\"", "To enable updating the view, provide an INSTEAD OF UPDATE trigger or an unconditional ON UPDATE DO INSTEAD rule."},
        {"cannot delete from view \"{}\"", "To enable deleting from the view, provide an INSTEAD OF DELETE trigger or an unconditional ON DELETE DO INSTEAD rule."}};
    const Words& words = kWords[static_cast<std::size_t>(command)];
    throw SqlError("55000", fmt::format(fmt::runtime(words.message), view.name)).detail(reason).hint(words.hint);
}

/// `expr` of a view's query with its one table's Vars replaced by what `base` says of them.
ExprPtr over_table(const ExprPtr& expr, const std::vector<ExprPtr>& base) {
    if (expr->kind == ExprKind::kVar) {
        int attno = as<VarExpr>(*expr).attno;
        if (attno <= 0) throw NotSimulated("system columns in a view that is written");
        return base[static_cast<std::size_t>(attno - 1)];
    }
    if (expr->kind == ExprKind::kWholeRow || expr->kind == ExprKind::kSubLink) throw NotSimulated("rows or subqueries in a view that is written");
    return map_children(expr, [&](const ExprPtr& child) { return over_table(child, base); });
}

}  // namespace

std::string why_not_updatable(const Query& query) {
    std::string reason = not_updatable(query);
    if (!reason.empty()) return reason;
    const bool any = std::ranges::any_of(query.targets, [](const TargetEntry& t) { return !t.junk && t.expr->kind == ExprKind::kVar; });
    return any ? "" : "Views that have no updatable columns are not automatically updatable.";
}

bool has_instead_trigger(const Relation& view, ViewCommand command) {
    constexpr int kEvents[] = {TriggerType::kInsert, TriggerType::kUpdate, TriggerType::kDelete};
    const int wanted = TriggerType::kInstead | kEvents[static_cast<std::size_t>(command)];
    return std::ranges::any_of(view.triggers, [&](const Trigger& trigger) { return (trigger.type & wanted) == wanted; });
}

/// `is_checked`: a view above is WITH CASCADED CHECK OPTION.
ViewTarget bind_view_target(ParseState& state, const RelationPtr& view, ViewCommand command, bool is_checked) {
    if (has_instead_trigger(*view, command)) throw NotSimulated(fmt::format("INSTEAD OF triggers of view \"{}\" under another view", view->name));
    is_checked = is_checked || view->check_option == 'c';
    std::string reason = not_updatable(*view->view);
    if (!reason.empty()) refuse(*view, command, reason);
    const Query& query = *view->view;
    RelationPtr below = state.context().catalog().find_relation(query.range_table[static_cast<std::size_t>(query.from[0].rt_index - 1)].relation->oid);
    CDCSIM_CHECK(below != nullptr);
    Oid below_oid = below->oid;
    below = state.context().lock_relation(below, "RowExclusiveLock", -1);
    if (!below) below = state.context().catalog().find_relation(below_oid);
    CDCSIM_CHECK(below != nullptr);
    ViewTarget target;
    std::vector<ExprPtr> base;
    if (below->kind == 'v') {
        target = bind_view_target(state, below, command, is_checked);
        for (const NameColumn& column : target.columns) base.push_back(column.expr);
    } else {
        target.table = below;
        state.query->result_relation = add_relation(state, below, view->name, {}, true, false);
        state.rte(state.query->result_relation).through_view = view->name;
        for (const Column& column : below->columns) {
            base.push_back(make_var(state.query->result_relation, column.attno, {column.name, column.type, column.typmod, column.dropped}));
        }
    }
    std::vector<int> table_attnos;
    target.columns.clear();
    auto shadow = std::make_shared<Relation>(*view);
    std::size_t next = 0;
    for (const TargetEntry& entry : query.targets) {
        if (entry.junk) continue;
        ExprPtr expr = over_table(entry.expr, base);
        int attno = entry.expr->kind == ExprKind::kVar && expr->kind == ExprKind::kVar ? as<VarExpr>(*expr).attno : 0;
        Column& column = shadow->columns[next++];
        target.columns.push_back({column.name, expr});
        table_attnos.push_back(attno);
        if (attno == 0) continue;
        const Column& original = target.table->columns[static_cast<std::size_t>(attno - 1)];
        column.identity = original.identity;
        column.generated = original.generated;
    }
    target.attnos = std::move(table_attnos);
    target.shadow = shadow;
    if (query.where) {
        ExprPtr where = over_table(query.where, base);
        target.where = target.where ? make_bool(BoolOp::kAnd, {where, target.where}) : where;
        if (is_checked || view->check_option != 0) target.checks.push_back({view->name, where});
    }
    return target;
}

/// build_column_default of the view: of a column's own it knows nothing, but of its domain's.
ExprPtr view_column_default(ParseState& state, const Column& column) {
    const StoredExpr* of_domain = state.type(column.type).typtype == 'd' ? state.context().catalog().domain_default(column.type) : nullptr;
    return of_domain == nullptr ? nullptr : coerce_to_column(state, of_domain->expr, column, -1);
}

int table_column(const ViewTarget& target, int attno, ViewCommand command) {
    int mapped = target.attnos[static_cast<std::size_t>(attno - 1)];
    if (mapped != 0) return mapped;
    std::string_view verb = command == ViewCommand::kInsert ? "insert into" : "update";
    throw SqlError("0A000", fmt::format("cannot {} column \"{}\" of view \"{}\"", verb, target.shadow->columns[static_cast<std::size_t>(attno - 1)].name, target.shadow->name))
        .detail("View columns that are not columns of their base relation are not updatable.");
}

NameItem view_names(ParseState& state, const ViewTarget& target, const std::string& alias) {
    NameItem item;
    item.rt_index = state.query->result_relation;
    item.alias = alias;
    item.columns = target.columns;
    return item;
}

}  // namespace cdcsim::pg
