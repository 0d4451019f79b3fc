// MERGE: the join first, then for each of its rows the first WHEN clause that holds. Mirrors
// nodeModifyTable.c's ExecMerge.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// One WHEN clause as the INSERT, UPDATE or DELETE that triggers and constraints see.
struct Action {
    const MergeAction* clause = nullptr;
    std::unique_ptr<Query> query;
    std::unique_ptr<Modification> modification;
};

int operation_of(CommandKind command) {
    return command == CommandKind::kInsert ? TriggerType::kInsert : command == CommandKind::kUpdate ? TriggerType::kUpdate : TriggerType::kDelete;
}

std::vector<Action> make_actions(Modification& m) {
    std::vector<Action> actions;
    std::map<CommandKind, int> seen;
    for (const MergeAction& clause : m.query.merge_actions) {
        Action action;
        action.clause = &clause;
        action.query = std::make_unique<Query>();
        action.query->command = clause.command;
        action.query->range_table = m.query.range_table;
        action.query->result_relation = m.query.result_relation;
        action.query->targets = clause.set;
        action.query->insert_columns = clause.insert_columns;
        action.modification = std::make_unique<Modification>(Modification{m.backend, *action.query, m.relation, m.params, m.snapshot, m.command, 0, nullptr, nullptr, nullptr, m.level});
        action.modification->merges = true;
        if (clause.command != CommandKind::kSelect && ++seen[clause.command] > 1) {
            bool triggers = std::ranges::any_of(m.relation->triggers, [&](const Trigger& t) { return (t.type & operation_of(clause.command)) != 0 && (t.type & TriggerType::kRow) == 0; });
            if (triggers) throw NotSimulated("MERGE with several actions of a kind on a table with statement triggers");
        }
        actions.push_back(std::move(action));
    }
    return actions;
}

/// SELECT the target's ctid and what the actions read of the source: nothing else of it is computed.
std::shared_ptr<Query> make_join_query(const Query& query, std::vector<CarriedColumn>& carried) {
    auto select = std::make_shared<Query>();
    select->range_table = query.range_table;
    select->ctes = query.ctes;
    select->recursive = query.recursive;
    select->from = query.from;
    select->where = query.where;
    select->known_below = query.known_below;
    auto add = [&](ExprPtr expr) {
        TargetEntry entry;
        entry.expr = std::move(expr);
        entry.resno = static_cast<int>(select->targets.size()) + 1;
        entry.name = "c" + std::to_string(entry.resno);
        select->targets.push_back(std::move(entry));
    };
    auto rid = std::make_shared<VarExpr>();
    rid->rt_index = query.result_relation;
    rid->attno = kRidAttno;
    rid->type = oid::kInt8;
    add(rid);
    for (const MergeAction& action : query.merge_actions) {
        collect_carried(query, action.condition, carried);
        for (const TargetEntry& entry : action.set) collect_carried(query, entry.expr, carried);
        for (const ExprPtr& value : action.values) collect_carried(query, value, carried);
    }
    for (const CarriedColumn& column : carried) add(carried_var(query, column));
    return select;
}

void insert_action(Action& action, const EvalContext& context) {
    Modification& m = *action.modification;
    Row row(m.relation->columns.size());
    for (const Column& column : m.relation->columns) {
        auto given = std::ranges::find(action.clause->insert_columns, column.attno);
        auto i = static_cast<std::size_t>(given - action.clause->insert_columns.begin());
        bool has_value = given != action.clause->insert_columns.end() && action.clause->values[i]->kind != ExprKind::kDefault;
        auto at = static_cast<std::size_t>(column.attno - 1);
        if (has_value) {
            row[at] = evaluate(*action.clause->values[i], context);
        } else if (!column.dropped) {
            row[at] = default_value(m, column, context);
        }
    }
    insert_one(m, std::move(row));
}

void update_action(Action& action, const RowVersion& old_version, const EvalContext& context, std::span<const EvalRow> rows) {
    Modification& m = *action.modification;
    Row row = old_version.columns;
    std::vector<bool> assigned(row.size());
    for (const TargetEntry& entry : action.clause->set) {
        auto column = static_cast<std::size_t>(entry.resno - 1);
        bool use_default = entry.expr->kind == ExprKind::kDefault;
        row[column] = use_default ? default_value(m, m.relation->columns[column], context) : evaluate(*entry.expr, context);
        assigned[column] = !is_own_column(*entry.expr, m.query, entry.resno);
    }
    m.set_list = &action.clause->set;
    update_row(m, old_version, std::move(row), std::move(assigned), rows);
}

void delete_action(Action& action, const RowVersion& old_version) {
    Modification& m = *action.modification;
    const std::uint64_t commands = m.backend.server().command;
    if (!fire_before_row(m, TriggerType::kDelete, &old_version.columns, std::nullopt, nullptr)) return;
    require_still_alive(m, old_version.rid, commands, "deleted");
    auto before = std::make_shared<RowVersion>(old_version);
    delete_version(m, before);
    ++m.processed;
    queue_after_row(m, TriggerType::kDelete, before, nullptr);
}

void merge_row(Modification& m, std::vector<Action>& actions, const std::vector<CarriedColumn>& carried, const Row& found) {
    CarriedRows source(m.query, carried, std::span(found).subspan(1));
    std::span<EvalRow> rows = source.rows();
    bool matched = !found[0].is_null();
    std::optional<RowVersion> old_version;
    if (matched) {
        old_version = m.backend.database().fetch(*m.relation, found[0].as_int());
        CDCSIM_CHECK(old_version.has_value());
        EvalRow& target = rows[static_cast<std::size_t>(m.query.result_relation - 1)];
        target.columns = old_version->columns;
        target.rid = old_version->rid;
        target.table = m.relation->oid;
        target.xmin = old_version->xmin;
    }
    EvalContext context = m.context(rows);
    for (Action& action : actions) {
        if (action.clause->matched != matched) continue;
        if (action.clause->condition && !evaluate_qual(*action.clause->condition, context)) continue;
        if (action.clause->command == CommandKind::kSelect) return;
        if (matched && m.is_own_command(old_version->died)) {
            throw SqlError("21000", "MERGE command cannot affect row a second time").hint("Ensure that not more than one source row matches any one target row.");
        }
        if (matched && old_version->died != kNeverDied) throw NotSimulated("MERGE of a row that something else has changed");
        if (action.clause->command == CommandKind::kInsert) return insert_action(action, context);
        if (action.clause->command == CommandKind::kUpdate) return update_action(action, *old_version, context, rows);
        return delete_action(action, *old_version);
    }
}

/// What the planner folds in the actions, in the order of the table's columns and with the defaults that
/// the rewriter puts in, fails even if no row gets there.
void fold_actions(Modification& m) {
    const auto fold_column = [&](const Column& column, const ExprPtr& given) {
        if (given && given->kind != ExprKind::kDefault) {
            fold_constants(given, m.backend);
        } else if (column.default_expr && !column.generated && !column.dropped) {
            ready_to_run(*column.default_expr, m.backend);
        }
    };
    for (const MergeAction& action : m.query.merge_actions) {
        for (const Column& column : m.relation->columns) {
            const auto set = std::ranges::find(action.set, column.attno, &TargetEntry::resno);
            const auto inserted = std::ranges::find(action.insert_columns, column.attno);
            if (set != action.set.end()) {
                fold_column(column, set->expr);
            } else if (inserted != action.insert_columns.end()) {
                fold_column(column, action.values.at(static_cast<std::size_t>(inserted - action.insert_columns.begin())));
            } else if (action.command == CommandKind::kInsert) {
                fold_column(column, nullptr);
            }
        }
        if (action.condition) fold_constants(action.condition, m.backend);
    }
}

void run_merge(Modification& m) {
    if (m.backend.is_contended()) throw NotSimulated("MERGE while another session has an open transaction");
    const RangeTableEntry& rte = m.query.range_table[static_cast<std::size_t>(m.query.result_relation - 1)];
    std::vector<RelationPtr> scanned = m.backend.scanned_relations(*m.relation, !rte.inherit);
    if (scanned.size() != 1 || scanned[0]->oid != m.relation->oid) throw NotSimulated("MERGE into a table with children or partitions");
    std::vector<Action> actions = make_actions(m);
    std::vector<CarriedColumn> carried;
    std::shared_ptr<const Query> join = make_join_query(m.query, carried);
    std::shared_ptr<const SelectPlan> plan = plan_select(join, m.backend);
    fold_actions(m);
    for (CommandKind command : {CommandKind::kUpdate, CommandKind::kDelete}) {
        bool used = std::ranges::any_of(m.query.merge_actions, [&](const MergeAction& a) { return a.command == command; });
        if (used) check_replica_identity(m.backend, *m.relation, operation_of(command));
    }
    // Statement triggers fire once for each kind, the AFTER ones in the opposite order.
    std::vector<CommandKind> kinds = {CommandKind::kInsert, CommandKind::kUpdate, CommandKind::kDelete};
    auto each_kind = [&](auto work) {
        for (CommandKind command : kinds) {
            auto it = std::ranges::find_if(actions, [&](const Action& a) { return a.clause->command == command; });
            if (it != actions.end()) work(*it->modification, operation_of(command));
        }
    };
    each_kind([](Modification& one, int operation) { begin_statement_triggers(one, operation); });
    EvalContext level = m.context();
    auto run = [&](const RowSink& sink) { plan->run(m.backend, m.snapshot, m.params, level.outer, sink, level.ctes); };
    work_on_rows(contains_volatile(*join), run, [&](const Row& row) { merge_row(m, actions, carried, row); }).rethrow();
    for (Action& action : actions) m.processed += action.modification->processed;
    std::ranges::reverse(kinds);
    each_kind([](Modification& one, int operation) { end_statement_triggers(one, operation); });
}

}  // namespace

void exec_merge(Modification& m) {
    // The actions read the expressions of a merged subquery, not its row: an error in them is one only where
    // an action needs the value.
    const std::shared_ptr<const Query> query = pull_up(std::make_shared<Query>(m.query));
    Modification planned{m.backend, *query, m.relation, m.params, m.snapshot, m.command, 0, nullptr, nullptr, nullptr, m.level};
    planned.statement_commands = m.statement_commands;
    run_merge(planned);
    m.processed = planned.processed;
}

}  // namespace cdcsim::pg
