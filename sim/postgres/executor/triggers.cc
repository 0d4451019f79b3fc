// Triggers: BEFORE at once, AFTER queued and fired at the end of the query level, deferred ones at
// commit. Mirrors trigger.c.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/function_scope.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/plpgsql/handler.h"

namespace cdcsim::pg {
namespace {

/// session_replication_role = replica: a stand-in for a subscriber; foreign keys do not fire either.
bool is_replica(Backend& backend) { return backend.setting("session_replication_role") == "replica"; }

bool is_enabled(Backend& backend, const Trigger& trigger) {
    if (trigger.enabled == 'D') return false;
    return trigger.enabled == 'A' || (trigger.enabled == 'R') == is_replica(backend);
}

bool update_columns_match(const Trigger& trigger, int operation, const std::vector<bool>& assigned) {
    if (operation != TriggerType::kUpdate || trigger.update_columns.empty()) return true;
    return std::ranges::any_of(trigger.update_columns, [&](int attno) {
        auto i = static_cast<std::size_t>(attno - 1);
        return i < assigned.size() && assigned[i];
    });
}

bool when_holds(Modification& m, const Trigger& trigger, const Row* old_row, const Row* new_row) {
    if (!trigger.when) return true;
    EvalRow rows[2];
    if (old_row != nullptr) rows[0].columns = *old_row;
    if (new_row != nullptr) rows[1].columns = *new_row;
    rows[0].table = rows[1].table = m.relation->oid;
    EvalContext context{.host = m.backend, .snapshot = m.snapshot, .rows = rows};
    return evaluate_qual(*ready_to_run(*trigger.when, m.backend), context);
}

bool reads_transitions(const Trigger& trigger) { return !trigger.old_table.empty() || !trigger.new_table.empty(); }

CallWeight weight_of(const TriggerCall& call) {
    if (!call.before) return CallWeight::kAfter;
    if (!call.row) return CallWeight::kBeforeStatement;
    if (call.operation == TriggerType::kInsert) return CallWeight::kBeforeRowInsert;
    return call.operation == TriggerType::kUpdate ? CallWeight::kBeforeRowUpdate : CallWeight::kBeforeRowDelete;
}

TriggerResult call_trigger(Backend& backend, const TriggerCall& call, std::shared_ptr<TransitionTables> transitions) {
    if (call.trigger.function->language != "plpgsql") {
        throw NotSimulated(fmt::format("a trigger in language {}", call.trigger.function->language));
    }
    const CallWeight weight = weight_of(call);
    backend.enter_call(weight);
    if (transitions && reads_transitions(call.trigger)) transitions->closed = true;
    backend.transition_stack().push_back(std::move(transitions));
    backend.trigger_stack().push_back(&call.trigger);
    struct Leave {
        Backend& backend;
        CallWeight weight;
        bool nonatomic;
        ~Leave() {
            backend.leave_call(weight);
            backend.transition_stack().pop_back();
            backend.trigger_stack().pop_back();
            backend.nonatomic = nonatomic;
        }
    } leave{backend, weight, backend.nonatomic};
    backend.nonatomic = false;
    FunctionScope scope(backend, *call.trigger.function);
    StackScope triggered(backend.triggered);
    backend.triggered.push_back(call.relation->oid);
    return backend.on_deep_stack([&] { return plpgsql_trigger(backend, call); });
}

bool is_for(const Trigger& trigger, int operation, bool before, bool row) {
    bool is_before = (trigger.type & TriggerType::kBefore) != 0, is_row = (trigger.type & TriggerType::kRow) != 0;
    return (trigger.type & operation) != 0 && is_before == before && is_row == row;
}

bool wants(Backend& backend, const Trigger& trigger, int operation, bool before, bool row) {
    return is_for(trigger, operation, before, row) && is_enabled(backend, trigger);
}

/// Whether an UPDATE of the `set` columns computes a generated column anew (ExecInitStoredGenerated).
bool is_computed_anew(const Relation& relation, const Column& column, const std::vector<bool>& set) {
    // A BEFORE trigger may change any column that it is computed from.
    bool any = std::ranges::any_of(relation.triggers, [](const Trigger& trigger) { return is_for(trigger, TriggerType::kUpdate, true, true); });
    if (any) return true;
    for_each_reference(column.default_expr->expr, [&](const Expr& reference, int) {
        any = any || reference.kind == ExprKind::kWholeRow || (reference.kind == ExprKind::kVar && set.at(static_cast<std::size_t>(as<VarExpr>(reference).attno - 1)));
    });
    return any;
}

/// The queue's order among row triggers of one event: by name, foreign keys by their internal names.
struct QueuedTrigger {
    std::string name;
    TriggerEvent event;
};

/// Internal trigger names: RI_ConstraintTrigger_a_<oid> on the referenced table, _c_ on the other.
std::string internal_name(char kind, const Constraint& constraint, int which) {
    return fmt::format("RI_ConstraintTrigger_{}_{}", kind, constraint.oid * 4U + static_cast<unsigned>(which));
}

bool references_unchanged(Backend& backend, const Relation& relation, const std::vector<int>& columns, const RowVersion* before, const RowVersion* after, bool by_image) {
    return before != nullptr && after != nullptr && same_columns(backend, relation, columns, before->columns, after->columns, by_image);
}

void add_child_checks(Modification& m, int operation, const TriggerEvent& base, std::vector<QueuedTrigger>& queued) {
    if (operation == TriggerType::kDelete) return;
    for (const Constraint& constraint : m.relation->constraints) {
        if (constraint.kind != ConstraintKind::kForeign || is_replica(m.backend)) continue;
        // A row that this transaction has written is checked again: the check of the version that the
        // UPDATE replaces may still be pending, and will find it dead (RI_FKey_fk_upd_check_required).
        const std::vector<Xid>& own = m.backend.transaction().xids;
        const bool written = base.before && std::ranges::find(own, base.before->xmin) != own.end();
        bool skip = operation == TriggerType::kUpdate && !written &&
                    references_unchanged(m.backend, *m.relation, constraint.columns, base.before.get(), base.after.get(), false);
        if (skip) continue;
        TriggerEvent event = base;
        event.foreign_key = &constraint;
        event.deferred = constraint.initially_deferred;
        queued.push_back({internal_name('c', constraint, operation == TriggerType::kInsert ? 0 : 1), std::move(event)});
    }
}

void add_parent_actions(Modification& m, int operation, const TriggerEvent& base, std::vector<QueuedTrigger>& queued) {
    if (operation == TriggerType::kInsert || is_replica(m.backend)) return;
    for (const ReferencingKey& key : m.backend.foreign_keys_to(m.relation->oid)) {
        const Constraint& constraint = *key.constraint;
        bool unchanged = operation == TriggerType::kUpdate &&
                         references_unchanged(m.backend, *m.relation, constraint.referenced_columns, base.before.get(), base.after.get(), true);
        if (unchanged) continue;
        TriggerEvent event = base;
        event.foreign_key = &constraint;
        event.foreign_table = key.table;
        char action = operation == TriggerType::kDelete ? constraint.on_delete : constraint.on_update;
        event.deferred = constraint.initially_deferred && action == 'a';
        queued.push_back({internal_name('a', constraint, operation == TriggerType::kDelete ? 2 : 3), std::move(event)});
    }
}

}  // namespace

TableEvents& TriggerQueue::table(Oid relation, int operation) {
    for (TableEvents& entry : tables) {
        const bool closed = entry.transitions && entry.transitions->closed;
        if (entry.relation == relation && entry.operation == operation && !closed) return entry;
    }
    TableEvents& entry = tables.emplace_back();
    entry.relation = relation;
    entry.operation = operation;
    return entry;
}

TriggerQueue& Backend::trigger_queue() {
    CDCSIM_CHECK(!trigger_queues_.empty());
    return trigger_queues_.back();
}

bool has_before_row_trigger(Backend& backend, const Relation& relation, int operation) {
    return std::ranges::any_of(relation.triggers, [&](const Trigger& trigger) { return wants(backend, trigger, operation, true, true); });
}

namespace {

/// By attno - 1: the columns that UPDATE OF sees, those that SET names (whether or not they are given
/// a new value) and generated ones with them. Empty for other operations.
const std::vector<bool>& updated_columns(Modification& m, int operation) {
    static const std::vector<bool> kNone;
    if (operation != TriggerType::kUpdate) return kNone;
    std::vector<bool>& updated = m.updated_columns;
    if (!updated.empty()) return updated;
    updated.resize(m.relation->columns.size());
    const auto& targets = m.query.command == CommandKind::kInsert ? m.query.on_conflict->set : m.query.targets;
    for (const TargetEntry& entry : targets) updated[static_cast<std::size_t>(entry.resno - 1)] = true;
    const std::vector<bool> set = updated;
    const bool inserts = m.query.command == CommandKind::kInsert;  // all are computed before the conflict is met
    for (const Column& column : m.relation->columns) {
        if (column.generated && !column.dropped && (inserts || is_computed_anew(*m.relation, column, set))) updated[static_cast<std::size_t>(column.attno - 1)] = true;
    }
    return updated;
}

bool has_statement_trigger(const Relation& relation, int operation, bool before) {
    return std::ranges::any_of(relation.triggers, [&](const Trigger& trigger) { return is_for(trigger, operation, before, false); });
}

/// The transition tables that statements of this query level share, if a trigger wants them.
std::shared_ptr<TransitionTables> shared_transitions(Modification& m, int operation) {
    bool wanted = std::ranges::any_of(m.relation->triggers, [&](const Trigger& trigger) {
        return (trigger.type & operation) != 0 && reads_transitions(trigger) && is_enabled(m.backend, trigger);
    });
    if (!wanted) return nullptr;
    std::shared_ptr<TransitionTables>& transitions = m.backend.trigger_queue().table(m.relation->oid, operation).transitions;
    if (!transitions) {
        transitions = std::make_shared<TransitionTables>();
        transitions->relation = m.relation;
    }
    return transitions;
}

/// An earlier statement of this query level has queued the same: its events give way to the newer ones
/// (cancel_prior_stmt_triggers). One that was fired has no relation any more.
void cancel_prior_statement_events(TriggerQueue& queue, Oid relation, int operation) {
    TableEvents& table = queue.table(relation, operation);
    for (std::size_t i = table.after_begin.value_or(queue.events.size()); i < queue.events.size(); ++i) {
        TriggerEvent& event = queue.events[i];
        if (!event.relation || event.row || event.relation->oid != relation || event.operation != operation) break;
        event = TriggerEvent();
    }
    table.after_begin = queue.events.size();
}

}  // namespace

void begin_statement_triggers(Modification& m, int operation) {
    if (m.relation->triggers.empty()) return;
    m.transitions_of(operation) = shared_transitions(m, operation);
    if (!has_statement_trigger(*m.relation, operation, true)) return;
    if (operation != TriggerType::kTruncate && std::exchange(m.backend.trigger_queue().table(m.relation->oid, operation).before_fired, true)) return;
    const std::vector<bool>& updated = updated_columns(m, operation);
    for (const Trigger& trigger : m.relation->triggers) {
        if (!wants(m.backend, trigger, operation, true, false) || !update_columns_match(trigger, operation, updated)) continue;
        if (!when_holds(m, trigger, nullptr, nullptr)) continue;
        call_trigger(m.backend, {trigger, m.relation, operation, true, false, nullptr, nullptr}, nullptr);
    }
}

void end_statement_triggers(Modification& m, int operation) {
    if (!has_statement_trigger(*m.relation, operation, false)) return;
    TriggerQueue& queue = m.backend.trigger_queue();
    if (operation != TriggerType::kTruncate) cancel_prior_statement_events(queue, m.relation->oid, operation);
    const std::vector<bool>& updated = updated_columns(m, operation);
    for (const Trigger& trigger : m.relation->triggers) {
        if (!wants(m.backend, trigger, operation, false, false) || !update_columns_match(trigger, operation, updated)) continue;
        if (!when_holds(m, trigger, nullptr, nullptr)) continue;
        TriggerEvent event;
        event.relation = m.relation;
        event.operation = operation;
        event.row = false;
        event.trigger = &trigger;
        event.transitions = m.transitions_of(operation);
        event.role = m.backend.current_user();
        queue.events.push_back(std::move(event));
    }
}

std::optional<Row> fire_before_row(Modification& m, int operation, const Row* old_row, std::optional<Row> current, std::vector<bool>* assigned) {
    const std::vector<bool>& updated = updated_columns(m, operation);
    m.origins.clear();
    for (const Trigger& trigger : m.relation->triggers) {
        if (!wants(m.backend, trigger, operation, true, true)) continue;
        if (!update_columns_match(trigger, operation, updated)) continue;
        // Generated columns are not yet computed: NEW has NULL there.
        if (current) {
            for (const Column& column : m.relation->columns) {
                if (column.generated) (*current)[static_cast<std::size_t>(column.attno - 1)] = Datum();
            }
        }
        if (!when_holds(m, trigger, old_row, current ? &*current : nullptr)) continue;
        TriggerCall call{trigger, m.relation, operation, true, true, old_row, current ? &*current : nullptr};
        TriggerResult result = call_trigger(m.backend, call, nullptr);
        if (!result.row) return std::nullopt;
        if (operation == TriggerType::kDelete) continue;
        if (assigned != nullptr) {
            assigned->resize(m.relation->columns.size());
            m.origins.resize(assigned->size());
            for (std::size_t i = 0; i < assigned->size(); ++i) {
                if (result.origins[i] == FieldOrigin::kAsGiven) continue;
                m.origins[i] = result.origins[i];
                (*assigned)[i] = result.origins[i] != FieldOrigin::kStored;
            }
        }
        current = std::move(result.row);
    }
    if (operation == TriggerType::kDelete) return Row();
    return current;
}

std::optional<Row> fire_instead(Modification& m, int operation, const Row* old_row, std::optional<Row> current) {
    for (const Trigger& trigger : m.relation->triggers) {
        const int wanted = TriggerType::kInstead | operation;
        if ((trigger.type & wanted) != wanted || !is_enabled(m.backend, trigger)) continue;
        TriggerCall call{trigger, m.relation, operation, true, true, old_row, current ? &*current : nullptr};
        TriggerResult result = call_trigger(m.backend, call, nullptr);
        if (!result.row) return std::nullopt;
        if (operation != TriggerType::kDelete) current = std::move(result.row);
    }
    return operation == TriggerType::kDelete ? Row() : current;
}

void queue_after_row(Modification& m, int operation, std::shared_ptr<const RowVersion> before, std::shared_ptr<const RowVersion> after) {
    const std::shared_ptr<TransitionTables>& transitions = m.transitions_of(operation);
    if (transitions) {
        if (before) transitions->old_rows.push_back(before->columns);
        if (after) transitions->new_rows.push_back(after->columns);
    }
    // Most rows have nobody who waits for them.
    bool awaited = std::ranges::any_of(m.relation->triggers, [&](const Trigger& trigger) { return wants(m.backend, trigger, operation, false, true); }) ||
                   std::ranges::find(m.relation->constraints, ConstraintKind::kForeign, &Constraint::kind) != m.relation->constraints.end() ||
                   !m.backend.foreign_keys_to(m.relation->oid).empty();
    if (!awaited) return;
    TriggerEvent base;
    base.relation = m.relation;
    base.operation = operation;
    base.before = before;
    base.after = after;
    const std::vector<bool>& updated = updated_columns(m, operation);
    base.role = m.backend.current_user();
    base.transitions = transitions;
    std::vector<QueuedTrigger> queued;
    for (const Trigger& trigger : m.relation->triggers) {
        if (!wants(m.backend, trigger, operation, false, true) || !update_columns_match(trigger, operation, updated)) continue;
        if (!when_holds(m, trigger, before ? &before->columns : nullptr, after ? &after->columns : nullptr)) continue;
        TriggerEvent event = base;
        event.trigger = &trigger;
        event.deferred = trigger.is_constraint && trigger.initially_deferred;
        queued.push_back({trigger.name, std::move(event)});
    }
    add_child_checks(m, operation, base, queued);
    add_parent_actions(m, operation, base, queued);
    std::ranges::stable_sort(queued, {}, &QueuedTrigger::name);
    for (QueuedTrigger& item : queued) m.backend.trigger_queue().events.push_back(std::move(item.event));
}

void fire_event(Backend& backend, TriggerEvent& event) {
    if (event.unique_recheck != nullptr) {
        std::optional<RowVersion> current = backend.database().fetch(*event.relation, event.after->rid);
        if (!current || current->died != kNeverDied) return;
        const Index* index = event.relation->find_index(event.unique_recheck->index);
        Snapshot snapshot = backend.take_snapshot();
        if (find_conflict(backend, *event.relation, *index, event.after->columns, event.after->rid, snapshot, Undecided::kWaitInserted)) {
            throw_duplicate(backend, *event.relation, *index, event.after->columns);
        }
        return;
    }
    if (event.foreign_key != nullptr) {
        // PostgreSQL's own triggers do this: pg_trigger_depth() counts them.
        backend.trigger_stack().push_back(nullptr);
        backend.transition_stack().push_back(nullptr);
        struct Leave {
            Backend& backend;
            ~Leave() {
                backend.trigger_stack().pop_back();
                backend.transition_stack().pop_back();
            }
        } leave{backend};
        if (event.foreign_table) {
            run_foreign_key_action(backend, event);
        } else {
            check_foreign_key(backend, event);
        }
        return;
    }
    TriggerCall call{*event.trigger, event.relation, event.operation, false, event.row, event.before ? &event.before->columns : nullptr,
                     event.after ? &event.after->columns : nullptr};
    call_trigger(backend, call, event.transitions);
}

namespace {

bool deferred_now(const Transaction& transaction, const TriggerEvent& event) {
    const Constraint* constraint = event.foreign_key ? event.foreign_key : event.unique_recheck;
    bool deferrable = constraint ? constraint->deferrable : event.trigger && event.trigger->deferrable;
    Oid oid = constraint ? constraint->oid : event.trigger ? event.trigger->oid : kInvalidOid;
    if (!deferrable) return false;
    // NO ACTION can wait; the other actions of a foreign key never do.
    if (event.foreign_table) {
        char action = event.operation == TriggerType::kDelete ? constraint->on_delete : constraint->on_update;
        if (action != 'a') return false;
    }
    auto mode = transaction.constraint_modes.find(oid);
    if (mode != transaction.constraint_modes.end()) return mode->second;
    if (transaction.all_constraints) return *transaction.all_constraints;
    return event.deferred;
}

}  // namespace

void Backend::fire_after_triggers() {
    // An error that an EXCEPTION clause catches leaves no queue behind.
    struct Pop {
        std::deque<TriggerQueue>& queues;
        ~Pop() {
            if (!queues.empty()) queues.pop_back();
        }
    } pop{trigger_queues_};
    // Events that firing adds (through RI actions, which share this level) follow in later rounds.
    std::size_t next = 0;
    while (next < trigger_queues_.back().events.size()) {
        TriggerEvent event = std::move(trigger_queues_.back().events[next++]);
        if (!event.relation) continue;
        if (deferred_now(transaction_, event)) {
            transaction_.deferred.push_back(std::move(event));
            continue;
        }
        fire_event(*this, event);
    }
}

void Backend::fire_deferred(bool only_now_immediate) {
    std::vector<TriggerEvent>& events = transaction_.deferred;
    auto is_due = [&](const TriggerEvent& event) { return !event.fired && !(only_now_immediate && deferred_now(transaction_, event)); };
    // What the triggers do may queue more.
    while (std::ranges::any_of(events, is_due)) {
        push_trigger_queue();
        try {
            for (std::size_t i = 0, count = events.size(); i < count; ++i) {
                if (!is_due(events[i])) continue;
                events[i].fired = true;
                transaction_.fired.push_back(i);
                TriggerEvent event = events[i];
                fire_event(*this, event);
            }
        } catch (...) {
            discard_trigger_queue();
            throw;
        }
        fire_after_triggers();
    }
}

}  // namespace cdcsim::pg
