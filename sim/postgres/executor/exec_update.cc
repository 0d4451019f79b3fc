// UPDATE and DELETE: first the rows and the new values, by a query; then row by row. Mirrors
// nodeModifyTable.c's ExecUpdate and ExecDelete.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/recheck.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// The target is a view with INSTEAD OF triggers.
bool is_instead(const Query& query) {
    return query.range_table[static_cast<std::size_t>(query.result_relation - 1)].kind == RteKind::kSubquery;
}

/// A view's row has no ctid: all of it is found, and given to the triggers as OLD.
void add_old_row(const Query& query, const std::function<void(ExprPtr)>& add) {
    int attno = 0;
    for (const Attribute& column : query.range_table[static_cast<std::size_t>(query.result_relation - 1)].columns) {
        auto var = std::make_shared<VarExpr>();
        var->rt_index = query.result_relation;
        var->attno = ++attno;
        var->type = column.type;
        var->typmod = column.typmod;
        add(var);
    }
}

/// SELECT ctid, new values, carried columns FROM ... WHERE ...
std::shared_ptr<Query> make_target_query(const Query& query, ModifyPlan& result) {
    auto made = std::make_shared<Query>();
    Query& select = *made;
    select.range_table = query.range_table;
    select.ctes = query.ctes;
    select.recursive = query.recursive;
    select.where = query.where;
    select.from = query.from;
    auto add = [&](ExprPtr expr) {
        TargetEntry entry;
        entry.expr = std::move(expr);
        entry.resno = static_cast<int>(select.targets.size()) + 1;
        entry.name = "c" + std::to_string(entry.resno);
        select.targets.push_back(std::move(entry));
    };
    auto ctid = std::make_shared<VarExpr>();
    ctid->rt_index = query.result_relation;
    ctid->attno = kRidAttno;
    ctid->type = oid::kInt8;
    if (is_instead(query)) {
        add_old_row(query, add);
    } else {
        add(ctid);
        auto tableoid = std::make_shared<VarExpr>(*ctid);
        tableoid->attno = -6;
        tableoid->type = oid::kOid;
        add(tableoid);
    }
    if (query.command == CommandKind::kUpdate) {
        for (const TargetEntry& entry : query.targets) {
            if (entry.expr->kind == ExprKind::kDefault) continue;
            add(entry.expr);
            ++result.values;
        }
    }
    for (const TargetEntry& entry : query.returning) collect_carried(query, entry.expr, result.carried);
    for (const CarriedColumn& column : result.carried) add(carried_var(query, column));
    for (std::size_t i = 0; result.keeps_locks && i < query.range_table.size(); ++i) {
        const RangeTableEntry& rte = query.range_table[i];
        int rt_index = static_cast<int>(i) + 1;
        if (rt_index == query.result_relation || rte.kind != RteKind::kRelation || rte.relation->virtual_rows != nullptr) continue;
        auto rid = std::make_shared<VarExpr>(*ctid);
        rid->rt_index = rt_index;
        add(rid);
        result.joined.push_back(rt_index);
    }
    return made;
}

/// The found version. nullopt: this very statement has changed it already (a join found it twice, or a
/// data-modifying CTE did).
std::optional<RowVersion> fetch_target(Modification& m, std::int64_t rid) {
    std::optional<RowVersion> version = m.backend.database().fetch(*m.relation, rid);
    if (!version || m.backend.keeps_locks() || version->died == kNeverDied) return version;
    if (m.is_own_command(version->died)) return std::nullopt;
    throw_already_modified("updated");
}

/// Locks the row and finds its newest version. False: it is gone or qualifies no more.
/// `renew` computes the new row again from the newest version and gives the lock it needs.
bool settle_target(Modification& m, std::span<const Datum> found, RowVersion& version, int operation, RowLockMode mode,
                   const std::function<RowLockMode(const Recheck&)>& renew) {
    if (!m.backend.keeps_locks()) return true;
    bool has_trigger = has_before_row_trigger(m.backend, *m.relation, operation);
    RowRequest request;
    request.verb = has_trigger ? "locking" : operation == TriggerType::kUpdate ? "updating" : "deleting";
    request.keep = has_trigger;
    for (;;) {
        request.mode = mode;
        switch (lock_row(m.backend, *m.relation, version, request)) {
            case RowOutcome::kLocked: return true;
            case RowOutcome::kGone: return false;
            case RowOutcome::kSkipped: return false;
            case RowOutcome::kSelfModified:
                if (m.is_own_command(version.died)) return false;
                throw_already_modified(operation == TriggerType::kUpdate ? "updated" : "deleted");
            case RowOutcome::kMoved: break;
        }
        EvalContext level = m.context();
        Recheck recheck(level, m.query);
        recheck.put(m.query.result_relation, version);
        const std::vector<int>& joined = m.plan->joined;
        for (std::size_t i = 0; i < joined.size(); ++i) {
            recheck.put_stored(m.backend, joined[i], found.last(joined.size())[i]);
        }
        if (!recheck.holds()) return false;
        mode = renew(recheck);
    }
}

void work_on_targets(Modification& m, const std::function<void(const Row&)>& work) {
    EvalContext level = m.context();
    auto run = [&](const RowSink& sink) { m.plan->rows->run(m.backend, m.snapshot, m.params, level.outer, sink, level.ctes); };
    work_on_rows(m.plan->in_turns, run, work).rethrow();
}

void refuse_inheritance(Modification& m) {
    const RangeTableEntry& rte = m.query.range_table[static_cast<std::size_t>(m.query.result_relation - 1)];
    std::vector<RelationPtr> scanned = m.backend.scanned_relations(*m.relation, !rte.inherit);
    if (scanned.size() != 1 || scanned[0]->oid != m.relation->oid) throw NotSimulated("UPDATE or DELETE of a table with children or partitions");
}

/// The new row of an UPDATE: from the values of SET that the query found, or (after a recheck) computed here.
Row assign_columns(Modification& m, const RowVersion& old_version, std::span<const Datum> found, const Recheck* recheck, std::vector<bool>& assigned) {
    Row new_row = old_version.columns;
    assigned.assign(new_row.size(), false);
    std::size_t value = 0;
    EvalContext context = recheck ? recheck->context() : m.context();
    for (const TargetEntry& entry : m.query.targets) {
        auto column = static_cast<std::size_t>(entry.resno - 1);
        if (entry.expr->kind == ExprKind::kDefault) {
            new_row[column] = default_value(m, m.relation->columns[column], context);
        } else {
            new_row[column] = recheck ? evaluate(*entry.expr, context) : found[value++];
        }
        assigned[column] = !is_own_column(*entry.expr, m.query, entry.resno);
    }
    return new_row;
}

}  // namespace

bool is_own_column(const Expr& expr, const Query& query, int attno) {
    return expr.kind == ExprKind::kVar && as<VarExpr>(expr).rt_index == query.result_relation &&
           as<VarExpr>(expr).attno == attno && as<VarExpr>(expr).levels_up == 0;
}

void throw_already_modified(std::string_view verb) {
    throw SqlError("27000", fmt::format("tuple to be {} was already modified by an operation triggered by the current command", verb))
        .hint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
}

void require_still_alive(Modification& m, std::int64_t rid, std::uint64_t commands, std::string_view verb) {
    if (m.backend.server().command == commands) return;
    std::optional<RowVersion> current = m.backend.database().fetch(*m.relation, rid);
    if (!current || current->died != kNeverDied) throw_already_modified(m.merges ? "updated or deleted" : verb);
}

std::shared_ptr<const ModifyPlan> plan_target_rows(const Query& query, Backend& backend) {
    auto plan = std::make_shared<ModifyPlan>();
    plan->keeps_locks = backend.keeps_locks();
    std::shared_ptr<const Query> rows = make_target_query(query, *plan);
    plan->in_turns = contains_volatile(*rows);
    plan->rows = plan_select(rows, backend);
    return plan;
}

bool update_row(Modification& m, const RowVersion& old_version, Row new_row, std::vector<bool> assigned, std::span<const EvalRow> other_rows) {
    std::uint64_t commands = m.backend.server().command;
    if (has_before_row_trigger(m.backend, *m.relation, TriggerType::kUpdate)) m.backend.log_row_lock(*m.relation);
    std::optional<Row> kept = fire_before_row(m, TriggerType::kUpdate, &old_version.columns, std::move(new_row), &assigned);
    if (!kept) return false;
    require_still_alive(m, old_version.rid, commands, "updated");
    compute_generated(m.backend, *m.relation, *kept, m.snapshot);
    check_row_constraints(m.backend, *m.relation, *kept, m.snapshot);
    auto before = std::make_shared<RowVersion>(old_version);
    bool locks = m.backend.keeps_locks();
    RowLockMode mode = locks ? update_lock_mode(*m.relation, before->columns, *kept) : RowLockMode::kUpdate;
    if (locks && mode == RowLockMode::kUpdate) {
        // A trigger may have changed the key: that takes more than the lock that the row has.
        RowVersion again = *before;
        if (lock_row(m.backend, *m.relation, again, {.mode = mode, .verb = "updating", .wait = RowWait::kBlock, .keep = false}) != RowOutcome::kLocked) {
            throw NotSimulated("a row that another session changed while a BEFORE trigger ran");
        }
    }
    kill_version(m, *before);
    m.backend.transaction().undo.back().key_changed = mode == RowLockMode::kUpdate;
    auto stored = std::make_shared<RowVersion>();
    insert_version(m, std::move(*kept), before, std::move(assigned), stored);
    // ON CONFLICT has locked the row before: the new version carries the mark.
    if (m.query.command == CommandKind::kInsert) stored->xmax = m.backend.write_xid();
    check_unique(m, *stored, before.get());
    ++m.processed;
    queue_after_row(m, TriggerType::kUpdate, before, stored);
    check_view_options(m, stored->columns);
    emit_returning(m, &stored->columns, *stored, other_rows);
    return true;
}

namespace {

/// UPDATE or DELETE of a view by its triggers.
void modify_instead(Modification& m, int operation) {
    if (!m.plan) m.plan = plan_target_rows(m.query, m.backend);
    begin_statement_triggers(m, operation);
    const auto width = static_cast<std::ptrdiff_t>(m.relation->columns.size());
    work_on_targets(m, [&](const Row& found) {
        RowVersion old_version;
        old_version.columns.assign(found.begin(), found.begin() + width);
        std::span<const Datum> rest = std::span(found).subspan(static_cast<std::size_t>(width));
        std::optional<Row> new_row;
        std::vector<bool> assigned;
        if (operation == TriggerType::kUpdate) new_row = assign_columns(m, old_version, rest, nullptr, assigned);
        std::optional<Row> done = fire_instead(m, operation, &old_version.columns, std::move(new_row));
        if (!done) return;
        ++m.processed;
        CarriedRows others(m.query, m.plan->carried, rest.subspan(m.plan->values));
        emit_returning(m, operation == TriggerType::kUpdate ? &*done : &old_version.columns, old_version, others.rows());
    });
    end_statement_triggers(m, operation);
}

}  // namespace

void exec_update(Modification& m) {
    if (m.relation->kind == 'v') return modify_instead(m, TriggerType::kUpdate);
    if (m.relation->is_system()) throw NotSimulated(fmt::format("UPDATE of system catalog \"{}\"", m.relation->name));
    refuse_inheritance(m);
    if (!m.plan || m.plan->keeps_locks != m.backend.keeps_locks()) m.plan = plan_target_rows(m.query, m.backend);
    constexpr int kBeforeRow = TriggerType::kRow | TriggerType::kBefore | TriggerType::kUpdate;
    const bool has_trigger = std::ranges::any_of(m.relation->triggers, [](const Trigger& trigger) { return (trigger.type & kBeforeRow) == kBeforeRow; });
    ready_generated(m.backend, *m.relation, has_trigger ? nullptr : &m.query.targets);
    check_replica_identity(m.backend, *m.relation, TriggerType::kUpdate);
    begin_statement_triggers(m, TriggerType::kUpdate);
    work_on_targets(m, [&](const Row& found) {
        std::optional<RowVersion> old_version = fetch_target(m, found[0].as_int());
        if (!old_version) return;
        CarriedRows others(m.query, m.plan->carried, std::span(found).subspan(2 + m.plan->values));
        std::vector<bool> assigned;
        const std::span<const Datum> values = std::span(found).subspan(2);
        Row new_row = assign_columns(m, *old_version, values, nullptr, assigned);
        auto mode = [&] {
            if (!m.backend.keeps_locks()) return RowLockMode::kUpdate;
            bool by_columns = has_before_row_trigger(m.backend, *m.relation, TriggerType::kUpdate);
            return by_columns ? update_lock_mode(*m.relation, assigned) : update_lock_mode(*m.relation, old_version->columns, new_row);
        };
        auto renew = [&](const Recheck& recheck) {
            new_row = assign_columns(m, *old_version, values, &recheck, assigned);
            return mode();
        };
        if (!settle_target(m, found, *old_version, TriggerType::kUpdate, mode(), renew)) return;
        update_row(m, *old_version, std::move(new_row), std::move(assigned), others.rows());
    });
    end_statement_triggers(m, TriggerType::kUpdate);
}

void exec_delete(Modification& m) {
    if (m.relation->kind == 'v') return modify_instead(m, TriggerType::kDelete);
    if (m.relation->is_system()) throw NotSimulated(fmt::format("DELETE from system catalog \"{}\"", m.relation->name));
    refuse_inheritance(m);
    if (!m.plan || m.plan->keeps_locks != m.backend.keeps_locks()) m.plan = plan_target_rows(m.query, m.backend);
    check_replica_identity(m.backend, *m.relation, TriggerType::kDelete);
    begin_statement_triggers(m, TriggerType::kDelete);
    work_on_targets(m, [&](const Row& found) {
        std::optional<RowVersion> old_version = fetch_target(m, found[0].as_int());
        if (!old_version) return;
        auto renew = [](const Recheck&) { return RowLockMode::kUpdate; };
        if (!settle_target(m, found, *old_version, TriggerType::kDelete, RowLockMode::kUpdate, renew)) return;
        std::uint64_t commands = m.backend.server().command;
        if (has_before_row_trigger(m.backend, *m.relation, TriggerType::kDelete)) m.backend.log_row_lock(*m.relation);
        if (!fire_before_row(m, TriggerType::kDelete, &old_version->columns, std::nullopt, nullptr)) return;
        require_still_alive(m, old_version->rid, commands, "deleted");
        auto before = std::make_shared<RowVersion>(*old_version);
        delete_version(m, before);
        ++m.processed;
        queue_after_row(m, TriggerType::kDelete, before, nullptr);
        CarriedRows others(m.query, m.plan->carried, std::span(found).subspan(2));
        emit_returning(m, &before->columns, *before, others.rows());
    });
    end_statement_triggers(m, TriggerType::kDelete);
}

}  // namespace cdcsim::pg
