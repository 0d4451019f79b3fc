// CREATE TRIGGER. Mirrors CreateTriggerFiringOn of trigger.c, the order of its checks included.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void check_view(const Node& node, const Relation& relation, int type) {
    bool row = (type & TriggerType::kRow) != 0, instead = (type & TriggerType::kInstead) != 0;
    SqlError is_view("42809", fmt::format("\"{}\" is a view", relation.name));
    if (!instead && row) throw std::move(is_view).detail("Views cannot have row-level BEFORE or AFTER triggers.");
    if ((type & TriggerType::kTruncate) != 0) throw std::move(is_view).detail("Views cannot have TRUNCATE triggers.");
    if (!instead) return;
    if (!row) throw SqlError("0A000", "INSTEAD OF triggers must be FOR EACH ROW");
    if (node.has("whenClause")) throw SqlError("0A000", "INSTEAD OF triggers cannot have WHEN conditions");
    if (!node.items("columns").empty()) throw SqlError("0A000", "INSTEAD OF triggers cannot have column lists");
}

void check_target(const Node& node, const Relation& relation, int type) {
    bool row = (type & TriggerType::kRow) != 0;
    if (relation.is_system()) {
        throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation.name));
    }
    if (relation.kind == 'v') {
        check_view(node, relation, type);
        return;
    }
    if ((type & TriggerType::kInstead) != 0) {
        throw SqlError("42809", fmt::format("\"{}\" is a table", relation.name)).detail("Tables cannot have INSTEAD OF triggers.");
    }
    if (row && (type & TriggerType::kTruncate) != 0) throw SqlError("0A000", "TRUNCATE FOR EACH ROW triggers are not supported");
}

/// REFERENCING.
void set_transition_tables(const Node& node, const Relation& relation, Trigger& trigger) {
    constexpr int kEvents = TriggerType::kInsert | TriggerType::kUpdate | TriggerType::kDelete;
    for (const Node& transition : node.items("transitionRels")) {
        if (!transition.flag("isTable")) {
            throw SqlError("0A000", "ROW variable naming in the REFERENCING clause is not supported").hint("Use OLD TABLE or NEW TABLE for naming transition tables.");
        }
        if (relation.kind == 'v') throw SqlError("42809", fmt::format("\"{}\" is a view", relation.name)).detail("Triggers on views cannot have transition tables.");
        if ((trigger.type & (TriggerType::kBefore | TriggerType::kInstead)) != 0) {
            throw SqlError("42P17", "transition table name can only be specified for an AFTER trigger");
        }
        if ((trigger.type & TriggerType::kTruncate) != 0) throw SqlError("0A000", "TRUNCATE triggers with transition tables are not supported");
        int events = trigger.type & kEvents;
        if ((events & (events - 1)) != 0) throw SqlError("0A000", "transition tables cannot be specified for triggers with more than one event");
        if (!node.items("columns").empty()) throw SqlError("0A000", "transition tables cannot be specified for triggers with column lists");
        bool is_new = transition.flag("isNew");
        std::string_view which = is_new ? "NEW" : "OLD";
        int allowed = is_new ? TriggerType::kInsert | TriggerType::kUpdate : TriggerType::kDelete | TriggerType::kUpdate;
        if ((events & allowed) == 0) {
            throw SqlError("42P17", fmt::format("{} TABLE can only be specified for {} or UPDATE trigger", which, is_new ? "an INSERT" : "a DELETE"));
        }
        std::string& name = is_new ? trigger.new_table : trigger.old_table;
        if (!name.empty()) throw SqlError("42P17", fmt::format("{} TABLE cannot be specified multiple times", which));
        name = transition.text("name");
    }
    if (!trigger.old_table.empty() && trigger.old_table == trigger.new_table) {
        throw SqlError("42P17", "OLD TABLE name and NEW TABLE name cannot be the same");
    }
}

/// Where WHEN refers to OLD and NEW first; -2 if it does not.
struct RowUse {
    int old_location = -2, new_location = -2;
};

RowUse rows_used(const ExprPtr& expr) {
    RowUse use;
    std::function<void(const ExprPtr&)> walk = [&](const ExprPtr& e) {
        if (e->kind == ExprKind::kVar || e->kind == ExprKind::kWholeRow) {
            int index = e->kind == ExprKind::kVar ? as<VarExpr>(*e).rt_index : as<WholeRowExpr>(*e).rt_index;
            int& location = index == 1 ? use.old_location : use.new_location;
            if (location < 0) location = e->location;
        }
        for_each_child(*e, walk);
    };
    walk(expr);
    return use;
}

/// WHEN of a BEFORE trigger cannot see what is computed after it has run.
void check_before_when(const ExprPtr& expr, const Relation& relation) {
    const bool any_generated = std::ranges::any_of(relation.columns, [](const Column& column) { return column.generated && !column.dropped; });
    std::function<void(const ExprPtr&)> walk = [&](const ExprPtr& e) {
        SqlError refusal("42P17", "BEFORE trigger's WHEN condition cannot reference NEW generated columns");
        if (e->kind == ExprKind::kVar && as<VarExpr>(*e).rt_index == 2) {
            int attno = as<VarExpr>(*e).attno;
            if (attno < 0) throw SqlError("42P17", "BEFORE trigger's WHEN condition cannot reference NEW system columns").at(e->location);
            const Column& column = relation.columns[static_cast<std::size_t>(attno - 1)];
            if (column.generated) throw std::move(refusal).detail(fmt::format("Column \"{}\" is a generated column.", column.name)).at(e->location);
        }
        if (e->kind == ExprKind::kWholeRow && as<WholeRowExpr>(*e).rt_index == 2 && any_generated) {
            throw std::move(refusal).detail("A whole-row reference is used and the table contains generated columns.").at(e->location);
        }
        for_each_child(*e, walk);
    };
    walk(expr);
}

void bind_when(Backend& backend, const Node& when, const RelationPtr& relation, Trigger& trigger) {
    ExprScope scope;
    scope.place = "trigger WHEN conditions";
    scope.items.push_back({"old", relation, 1});
    scope.items.push_back({"new", relation, 2});
    ExprPtr expr = coerce_to_boolean(bind_expression(when, backend.bind_options(), scope), backend.bind_options(), "WHEN");
    RowUse use = rows_used(expr);
    bool row = (trigger.type & TriggerType::kRow) != 0;
    if (!row && (use.old_location != -2 || use.new_location != -2)) {
        throw SqlError("42P17", "statement trigger's WHEN condition cannot reference column values").at(use.old_location != -2 ? use.old_location : use.new_location);
    }
    if (use.old_location != -2 && (trigger.type & TriggerType::kInsert) != 0) {
        throw SqlError("42P17", "INSERT trigger's WHEN condition cannot reference OLD values").at(use.old_location);
    }
    if (use.new_location != -2 && (trigger.type & TriggerType::kDelete) != 0) {
        throw SqlError("42P17", "DELETE trigger's WHEN condition cannot reference NEW values").at(use.new_location);
    }
    if ((trigger.type & TriggerType::kBefore) != 0) check_before_when(expr, *relation);
    trigger.when = StoredExpr{expr};
    fold_stored(*trigger.when, backend);
}

/// suppress_redundant_updates_trigger and its kin.
void refuse_builtin_trigger(const std::vector<std::string>& names) {
    if (names.size() > 1 && names.front() != "pg_catalog") return;
    for (const ProcRow& row : builtin_procs()) {
        if (row.name == names.back() && row.result == oid::kTrigger) throw NotSimulated(fmt::format("trigger function {}()", row.name));
    }
}

void set_function(Backend& backend, const Node& node, Trigger& trigger) {
    std::vector<std::string> names = name_list(node.items("funcname"));
    trigger.function = find_user_function(names, {}, backend);
    if (!trigger.function) refuse_builtin_trigger(names);
    if (!trigger.function) throw SqlError("42883", fmt::format("function {}() does not exist", fmt::join(names, ".")));
    if (trigger.function->result != oid::kTrigger) {
        throw SqlError("42P17", fmt::format("function {} must return type trigger", fmt::join(names, ".")));
    }
}

void set_columns(const Node& node, const Relation& relation, Trigger& trigger) {
    for (const Node& item : node.items("columns")) {
        const Column* column = relation.find_column(std::string(item.string()));
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", item.string(), relation.name));
        }
        if (std::ranges::find(trigger.update_columns, column->attno) != trigger.update_columns.end()) {
            throw SqlError("42701", fmt::format("column \"{}\" specified more than once", column->name));
        }
        trigger.update_columns.push_back(column->attno);
    }
}

/// Adds it, or replaces the one of its name.
void put_trigger(Backend& backend, const RelationPtr& relation, Trigger trigger, bool replace) {
    auto changed = copy_relation(relation);
    auto existing = std::ranges::find(changed->triggers, trigger.name, &Trigger::name);
    if (existing == changed->triggers.end()) {
        trigger.oid = allocate_oid(backend);
        changed->triggers.push_back(std::move(trigger));
        std::ranges::sort(changed->triggers, {}, &Trigger::name);
    } else {
        if (!replace) throw SqlError("42710", fmt::format("trigger \"{}\" for relation \"{}\" already exists", trigger.name, relation->name));
        if (existing->is_constraint) {
            throw SqlError("42710", fmt::format("trigger \"{}\" for relation \"{}\" is a constraint trigger", trigger.name, relation->name));
        }
        trigger.oid = existing->oid;
        *existing = std::move(trigger);
    }
    backend.update_relation(changed);
}

}  // namespace

ExecResult create_trigger(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    if (node.flag("isconstraint") && node.flag("replace")) throw SqlError("0A000", "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported");
    RelationPtr relation = open_relation(backend, node["relation"]);
    Trigger trigger;
    trigger.name = node.text("trigname");
    trigger.type = static_cast<int>(node.integer("events")) | static_cast<int>(node.integer("timing"));
    if (node.flag("row")) trigger.type |= TriggerType::kRow;
    trigger.is_constraint = node.flag("isconstraint");
    trigger.deferrable = node.flag("deferrable");
    trigger.initially_deferred = node.flag("initdeferred");
    for (const Node& arg : node.items("args")) trigger.args.emplace_back(arg.string());
    check_target(node, *relation, trigger.type);
    require_relation_right(backend, *relation, right::kTrigger);
    set_transition_tables(node, *relation, trigger);
    if (Node when = node["whenClause"]) bind_when(backend, when, relation, trigger);
    set_function(backend, node, trigger);
    set_columns(node, *relation, trigger);
    put_trigger(backend, relation, std::move(trigger), node.flag("replace"));
    return tag_only("CREATE TRIGGER");
}

}  // namespace cdcsim::pg
