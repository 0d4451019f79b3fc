// UPDATE and DELETE: first the rows and the new values, by a query; then row by row. Mirrors
// nodeModifyTable.c's ExecUpdate and ExecDelete.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void collect_carried(const Query& query, std::vector<CarriedColumn>& carried) {
    for (const TargetEntry& entry : query.returning) {
        for_each_reference(entry.expr, [&](const Expr& reference, int levels) {
            if (levels != 0) return;
            if (reference.kind == ExprKind::kWholeRow) {
                int rt = as<WholeRowExpr>(reference).rt_index;
                if (rt == query.result_relation) return;
                int count = static_cast<int>(query.range_table[static_cast<std::size_t>(rt - 1)].columns.size());
                for (int attno = 1; attno <= count; ++attno) carried.push_back({rt, attno});
                return;
            }
            if (reference.kind != ExprKind::kVar) return;
            const auto& var = as<VarExpr>(reference);
            if (var.rt_index != query.result_relation && var.attno > 0) carried.push_back({var.rt_index, var.attno});
        });
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
    // FromNode owns its children: the tree is copied.
    std::function<FromNode(const FromNode&)> copy = [&](const FromNode& node) {
        FromNode out;
        out.rt_index = node.rt_index;
        out.join = node.join;
        out.condition = node.condition;
        if (!node.is_leaf()) {
            out.left = std::make_unique<FromNode>(copy(*node.left));
            out.right = std::make_unique<FromNode>(copy(*node.right));
        }
        return out;
    };
    for (const FromNode& node : query.from) select.from.push_back(copy(node));
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
    add(ctid);
    auto tableoid = std::make_shared<VarExpr>(*ctid);
    tableoid->attno = -6;
    tableoid->type = oid::kOid;
    add(tableoid);
    if (query.command == CommandKind::kUpdate) {
        for (const TargetEntry& entry : query.targets) {
            if (entry.expr->kind == ExprKind::kDefault) continue;
            add(entry.expr);
            ++result.values;
        }
    }
    collect_carried(query, result.carried);
    for (const CarriedColumn& column : result.carried) {
        const Attribute& attribute = query.range_table[static_cast<std::size_t>(column.rt_index - 1)].columns[static_cast<std::size_t>(column.attno - 1)];
        auto var = std::make_shared<VarExpr>();
        var->rt_index = column.rt_index;
        var->attno = column.attno;
        var->type = attribute.type;
        var->typmod = attribute.typmod;
        add(var);
    }
    return made;
}

/// The rows of the other FROM items, as far as RETURNING needs them.
class CarriedRows {
  public:
    CarriedRows(const Query& query, const std::vector<CarriedColumn>& carried, std::span<const Datum> values) : rows_(query.range_table.size()) {
        for (std::size_t i = 0; i < carried.size(); ++i) {
            auto rt = static_cast<std::size_t>(carried[i].rt_index - 1);
            auto& columns = columns_[rt];
            if (columns.empty()) columns.resize(query.range_table[rt].columns.size());
            columns[static_cast<std::size_t>(carried[i].attno - 1)] = values[i];
        }
        for (auto& [rt, columns] : columns_) rows_[rt].columns = columns;
    }
    std::span<const EvalRow> rows() const { return rows_; }

  private:
    std::map<std::size_t, Row> columns_;
    std::vector<EvalRow> rows_;
};

/// The row's newest version: the found one, unless something the statement called changed it.
std::optional<RowVersion> fetch_target(Modification& m, std::int64_t rid) {
    std::optional<RowVersion> version = m.backend.database().fetch(*m.relation, rid);
    if (!version) return std::nullopt;
    if (version->died == kNeverDied) return version;
    // Changed already by this very command (a join found it twice): skipped in silence.
    if (version->died == m.command) return std::nullopt;
    const Transaction& transaction = m.backend.transaction();
    bool by_me = std::ranges::find(transaction.xids, version->xmax) != transaction.xids.end();
    bool in_progress = is_undecided(m.backend, *version);
    if (!by_me && !in_progress && transaction.fixed_snapshot) {
        throw SqlError("40001", "could not serialize access due to concurrent update");
    }
    if (!in_progress) {
        throw SqlError("27000", "tuple to be updated was already modified by an operation triggered by the current command")
            .hint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
    }
    throw NotSimulated("waiting for a row that another session has changed");
}

/// A BEFORE trigger may have changed the row itself: by a command that came after `commands`.
bool is_still_alive(Modification& m, std::int64_t rid, std::uint64_t commands) {
    if (m.backend.server().command == commands) return true;
    std::optional<RowVersion> current = m.backend.database().fetch(*m.relation, rid);
    return current && current->died == kNeverDied;
}

Datum default_for_update(Modification& m, const Column& column, const EvalContext& context) {
    if (column.identity != 0) return Datum::of_int(m.backend.next_value(column.identity_sequence));
    if (column.generated || !column.default_expr) return {};
    return evaluate(*column.default_expr->expr, context);
}

bool is_own_column(const Expr& expr, const Query& query, int attno) {
    return expr.kind == ExprKind::kVar && as<VarExpr>(expr).rt_index == query.result_relation &&
           as<VarExpr>(expr).attno == attno && as<VarExpr>(expr).levels_up == 0;
}

FoundRows find_targets(Modification& m) {
    EvalContext level = m.context();
    return find_rows([&](const RowSink& sink) { m.plan->rows->run(m.backend, m.snapshot, m.params, level.outer, sink, level.ctes); });
}

void refuse_inheritance(Modification& m) {
    const RangeTableEntry& rte = m.query.range_table[static_cast<std::size_t>(m.query.result_relation - 1)];
    std::vector<RelationPtr> scanned = m.backend.scanned_relations(*m.relation, !rte.inherit);
    if (scanned.size() != 1 || scanned[0]->oid != m.relation->oid) throw NotSimulated("UPDATE or DELETE of a table with children or partitions");
}

}  // namespace

std::shared_ptr<const ModifyPlan> plan_target_rows(const Query& query, Host& host) {
    auto plan = std::make_shared<ModifyPlan>();
    plan->rows = plan_select(make_target_query(query, *plan), host);
    return plan;
}

bool update_row(Modification& m, const RowVersion& old_version, Row new_row, std::vector<bool> assigned, std::span<const EvalRow> other_rows) {
    std::vector<bool> set_columns(m.relation->columns.size());
    const auto& named = m.query.command == CommandKind::kInsert ? m.query.on_conflict->set : m.query.targets;
    for (const TargetEntry& entry : named) set_columns[static_cast<std::size_t>(entry.resno - 1)] = true;
    std::uint64_t commands = m.backend.server().command;
    std::optional<Row> kept = fire_before_row(m, TriggerType::kUpdate, &old_version.columns, &new_row, &assigned);
    if (!kept) return false;
    if (!is_still_alive(m, old_version.rid, commands)) {
        throw SqlError("27000", "tuple to be updated was already modified by an operation triggered by the current command")
            .hint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
    }
    compute_generated(m.backend, *m.relation, *kept, m.snapshot);
    check_row_constraints(m.backend, *m.relation, *kept, m.snapshot);
    auto before = std::make_shared<RowVersion>(old_version);
    kill_version(m, *before);
    auto stored = std::make_shared<RowVersion>();
    insert_version(m, std::move(*kept), before, std::move(assigned), stored);
    check_unique(m, *stored, before.get());
    ++m.processed;
    queue_after_row(m, TriggerType::kUpdate, before, stored, std::move(set_columns));
    emit_returning(m, &stored->columns, *stored, other_rows);
    return true;
}

void exec_update(Modification& m) {
    if (m.relation->is_system()) throw NotSimulated(fmt::format("UPDATE of system catalog \"{}\"", m.relation->name));
    refuse_inheritance(m);
    check_replica_identity(m.backend, *m.relation, TriggerType::kUpdate);
    begin_statement_triggers(m, TriggerType::kUpdate);
    if (!m.plan) m.plan = plan_target_rows(m.query, m.backend);
    FoundRows targets = find_targets(m);
    for (const Row& found : targets.rows) {
        std::optional<RowVersion> old_version = fetch_target(m, found[0].as_int());
        if (!old_version) continue;
        CarriedRows others(m.query, m.plan->carried, std::span(found).subspan(2 + m.plan->values));
        Row new_row = old_version->columns;
        std::vector<bool> assigned(new_row.size());
        std::size_t value = 2;
        EvalContext context = m.context();
        for (const TargetEntry& entry : m.query.targets) {
            auto column = static_cast<std::size_t>(entry.resno - 1);
            bool use_default = entry.expr->kind == ExprKind::kDefault;
            new_row[column] = use_default ? default_for_update(m, m.relation->columns[column], context) : found[value++];
            assigned[column] = !is_own_column(*entry.expr, m.query, entry.resno);
        }
        update_row(m, *old_version, std::move(new_row), std::move(assigned), others.rows());
    }
    targets.rethrow();
    end_statement_triggers(m, TriggerType::kUpdate);
}

void exec_delete(Modification& m) {
    if (m.relation->is_system()) throw NotSimulated(fmt::format("DELETE from system catalog \"{}\"", m.relation->name));
    refuse_inheritance(m);
    check_replica_identity(m.backend, *m.relation, TriggerType::kDelete);
    begin_statement_triggers(m, TriggerType::kDelete);
    if (!m.plan) m.plan = plan_target_rows(m.query, m.backend);
    FoundRows targets = find_targets(m);
    for (const Row& found : targets.rows) {
        std::optional<RowVersion> old_version = fetch_target(m, found[0].as_int());
        if (!old_version) continue;
        std::uint64_t commands = m.backend.server().command;
        if (!fire_before_row(m, TriggerType::kDelete, &old_version->columns, nullptr, nullptr)) continue;
        if (!is_still_alive(m, old_version->rid, commands)) {
            throw SqlError("27000", "tuple to be deleted was already modified by an operation triggered by the current command")
                .hint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.");
        }
        auto before = std::make_shared<RowVersion>(*old_version);
        delete_version(m, before);
        ++m.processed;
        queue_after_row(m, TriggerType::kDelete, before, nullptr, {});
        CarriedRows others(m.query, m.plan->carried, std::span(found).subspan(2));
        emit_returning(m, &before->columns, *before, others.rows());
    }
    targets.rethrow();
    end_statement_triggers(m, TriggerType::kDelete);
}

}  // namespace cdcsim::pg
