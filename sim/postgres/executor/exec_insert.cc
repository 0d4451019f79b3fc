// INSERT, with ON CONFLICT. Mirrors nodeModifyTable.c's ExecInsert and ExecOnConflictUpdate.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/recheck.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

Datum default_value(Modification& m, const Column& column, const EvalContext& context) {
    if (column.identity != 0) {
        std::int64_t value = m.backend.next_value(column.identity_sequence);
        return Datum::of_int(value);
    }
    if (column.generated) return {};
    if (column.default_expr) return evaluate(*ready_to_run(*column.default_expr, m.backend), context);
    if (m.backend.type(column.type).typtype != 'd') return {};
    const StoredExpr* of_domain = m.backend.catalog().domain_default(column.type);
    return m.backend.check_domain(column.type, of_domain ? evaluate(*ready_to_run(*of_domain, m.backend), context) : Datum());
}

namespace {

/// What an INSERT gives to its columns, by position in the column list.
class GivenValues {
  public:
    GivenValues(std::span<const ExprPtr> exprs) : exprs_(exprs), folded_(exprs.size()), values_(exprs.size()), known_(exprs.size()) {}

    /// Evaluates what the planner folds: an error in it comes before anything has an effect.
    template <typename OnDefault>
    void fold(const EvalContext& context, OnDefault on_default) {
        for (std::size_t i = 0; i < exprs_.size(); ++i) {
            if (is_default(i)) {
                on_default(i);
            } else if (is_foldable(exprs_[i])) {
                set(i, folded_value(i, context));
            } else {
                folded_[i] = fold_constants(exprs_[i], context.host);
            }
        }
    }
    /// A row of VALUES with its DEFAULTs, which the rewriter puts into the list (rewriteValuesRTE), but
    /// for columns that nothing else may be given to.
    void evaluate_all(Modification& m, const EvalContext& context) {
        for (std::size_t i = 0; i < exprs_.size(); ++i) {
            if (known_[i]) continue;
            if (!is_default(i)) {
                set(i, value_of(i, context));
                continue;
            }
            const Column& column = m.relation->columns[static_cast<std::size_t>(m.query.insert_columns[i] - 1)];
            if (column.identity != 'a' && !column.generated) set(i, default_value(m, column, context));
        }
    }
    bool is_default(std::size_t i) const { return exprs_[i]->kind == ExprKind::kDefault; }
    bool is_given(std::size_t i) const { return known_[i] || !is_default(i); }
    Datum take(std::size_t i, const EvalContext& context) { return known_[i] ? std::move(values_[i]) : value_of(i, context); }

  private:
    Datum folded_value(std::size_t i, const EvalContext& context) const {
        const ExprKind kind = exprs_[i]->kind;
        if (kind == ExprKind::kParam || kind == ExprKind::kConst) return value_of(i, context);
        ExprPtr folded = fold_constants(exprs_[i], context.host);
        return folded->kind == ExprKind::kConst ? as<ConstExpr>(*folded).value : evaluate(*folded, context);
    }
    /// A parameter that stands alone is read here for the last time.
    Datum value_of(std::size_t i, const EvalContext& context) const {
        const Expr& expr = folded_[i] ? *folded_[i] : *exprs_[i];
        bool is_param = expr.kind == ExprKind::kParam && as<ParamExpr>(expr).number > 0 && context.params != nullptr;
        return is_param ? context.params->take(as<ParamExpr>(expr).number) : evaluate(expr, context);
    }
    void set(std::size_t i, Datum value) {
        values_[i] = std::move(value);
        known_[i] = true;
    }
    std::span<const ExprPtr> exprs_;
    std::vector<ExprPtr> folded_;
    std::vector<Datum> values_;
    std::vector<bool> known_;
};

/// A whole row, in the order of the columns; those that no value is given for get their defaults.
Row complete_row(Modification& m, GivenValues& given, const EvalContext& context) {
    const Relation& relation = *m.relation;
    Row row(relation.columns.size());
    std::vector<int> source(relation.columns.size(), -1);
    for (std::size_t i = 0; i < m.query.insert_columns.size(); ++i) {
        if (given.is_given(i)) source[static_cast<std::size_t>(m.query.insert_columns[i] - 1)] = static_cast<int>(i);
    }
    for (std::size_t c = 0; c < row.size(); ++c) {
        if (source[c] >= 0) {
            row[c] = given.take(static_cast<std::size_t>(source[c]), context);
        } else if (!relation.columns[c].dropped) {
            row[c] = default_value(m, relation.columns[c], context);
        }
    }
    return row;
}

/// The arbiter conflict of a proposed row, if any.
std::optional<UniqueConflict> find_arbiter_conflict(Modification& m, const Row& row) {
    const OnConflict& clause = *m.query.on_conflict;
    for (const Index& index : m.relation->indexes) {
        if (!index.unique) continue;
        bool arbiter = clause.arbiters.empty() || std::ranges::find(clause.arbiters, index.oid) != clause.arbiters.end();
        if (!arbiter || !index.immediate) continue;
        if (auto conflict = find_conflict(m.backend, *m.relation, index, row, -1, m.snapshot, Undecided::kWaitProposed)) return conflict;
    }
    return std::nullopt;
}

/// ExecCheckTupleVisible: a REPEATABLE READ transaction must not act on a row that it cannot see.
void check_conflict_visible(Modification& m, const RowVersion& existing) {
    if (!m.backend.uses_fixed_snapshot() || is_visible(m.snapshot, existing)) return;
    const std::vector<Xid>& own = m.backend.transaction().xids;
    if (std::ranges::find(own, existing.xmin) != own.end()) return;
    throw SqlError("40001", "could not serialize access due to concurrent update");
}

/// ExecOnConflictLockRow. False: another session has changed the row, the key is looked up again.
bool lock_conflicting(Modification& m, RowVersion& existing) {
    m.backend.log_row_lock(*m.relation);
    if (!m.backend.keeps_locks()) return true;
    std::vector<bool> set_columns(m.relation->columns.size());
    for (const TargetEntry& entry : m.query.on_conflict->set) set_columns[static_cast<std::size_t>(entry.resno - 1)] = true;
    return lock_row(m.backend, *m.relation, existing, {.mode = update_lock_mode(*m.relation, set_columns)}) == RowOutcome::kLocked;
}

/// DO UPDATE on the conflicting row, which is locked.
void update_conflicting(Modification& m, const RowVersion& existing, const Row& proposed) {
    const OnConflict& clause = *m.query.on_conflict;
    check_conflict_visible(m, existing);
    std::vector<EvalRow> rows(m.query.range_table.size());
    EvalRow& target = rows[static_cast<std::size_t>(m.query.result_relation - 1)];
    target.columns = existing.columns;
    target.rid = existing.rid;
    target.table = m.relation->oid;
    target.xmin = existing.xmin;
    rows[static_cast<std::size_t>(clause.excluded_rt_index - 1)].columns = proposed;
    EvalContext context = m.context(rows);
    if (clause.where && !evaluate_qual(*clause.where, context)) return;
    Row updated = existing.columns;
    std::vector<bool> assigned(updated.size());
    for (const TargetEntry& entry : clause.set) {
        auto column = static_cast<std::size_t>(entry.resno - 1);
        bool use_default = entry.expr->kind == ExprKind::kDefault;
        updated[column] = use_default ? default_value(m, m.relation->columns[column], context) : evaluate(*entry.expr, context);
        assigned[column] = !is_own_column(*entry.expr, m.query, entry.resno);
    }
    m.set_list = &clause.set;
    update_row(m, existing, std::move(updated), std::move(assigned), rows);
}

/// Into a view whose triggers do it.
void insert_instead(Modification& m, Row row) {
    std::optional<Row> done = fire_instead(m, TriggerType::kInsert, nullptr, std::move(row));
    if (!done) return;
    ++m.processed;
    emit_returning(m, &*done, {}, {});
}

}  // namespace

void insert_one(Modification& m, Row row) {
    if (m.relation->kind == 'v') return insert_instead(m, std::move(row));
    std::vector<bool> assigned;
    std::optional<Row> kept = fire_before_row(m, TriggerType::kInsert, nullptr, std::move(row), &assigned);
    if (!kept) return;
    compute_generated(m.backend, *m.relation, *kept, m.snapshot);
    check_row_constraints(m.backend, *m.relation, *kept, m.snapshot);
    while (m.query.on_conflict) {
        std::optional<UniqueConflict> conflict = find_arbiter_conflict(m, *kept);
        if (!conflict) break;
        RowVersion& existing = conflict->existing;
        if (!m.query.on_conflict->do_update) return check_conflict_visible(m, existing);
        if (existing.born >= m.first_command() && existing.xmin == m.backend.write_xid()) {
            throw SqlError("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time")
                .hint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.");
        }
        if (lock_conflicting(m, existing)) return update_conflicting(m, existing, *kept);
    }
    auto stored = std::make_shared<RowVersion>();
    insert_version(m, std::move(*kept), nullptr, {}, stored);
    check_unique(m, *stored);
    ++m.processed;
    queue_after_row(m, TriggerType::kInsert, nullptr, stored);
    check_view_options(m, stored->columns);
    emit_returning(m, &stored->columns, *stored, {});
}

namespace {

/// What the planner folds in the DEFAULT of one of several rows of VALUES may fail.
void fold_default(const Column& column, const EvalContext& context) {
    if (!column.default_expr || column.generated || column.dropped || column.default_expr->expr->kind == ExprKind::kConst) return;
    if (!column.default_expr->folded) fold_constants(column.default_expr->expr, context.host);
}

void insert_values(Modification& m) {
    EvalContext context = m.context();
    std::vector<GivenValues> rows(m.query.values.begin(), m.query.values.end());
    for (GivenValues& given : rows) {
        given.fold(context, [&](std::size_t i) {
            if (rows.size() > 1) fold_default(m.relation->columns[static_cast<std::size_t>(m.query.insert_columns[i] - 1)], context);
        });
    }
    for (GivenValues& given : rows) {
        // Several rows are scanned, and a row of a scan is there as a whole.
        if (rows.size() > 1) given.evaluate_all(m, context);
        insert_one(m, complete_row(m, given, context));
    }
}

bool modifies(const Query& query) {
    return std::ranges::any_of(query.ctes, [](const CommonTableExpr& cte) {
        return cte.query->command != CommandKind::kSelect;
    });
}

/// In its own WITH, its SELECT's, or the one that this INSERT is a part of.
bool reads_modifying_cte(const Modification& m) {
    if (modifies(m.query) || modifies(*m.query.insert_select)) return true;
    return m.level != nullptr && m.level->outer != nullptr && m.level->outer->ctes != nullptr;
}

/// How many rows `query`'s FROM and WHERE give with this one target before an error.
std::size_t rows_before_error(Modification& m, const Query& query, ExprPtr target) {
    auto single = std::make_shared<Query>();
    single->range_table = query.range_table;
    single->from = query.from;
    single->where = query.where;
    single->row_marks = query.row_marks;
    single->targets.emplace_back();
    single->targets[0].expr = std::move(target);
    single->targets[0].resno = 1;
    FoundRows found = find_rows([&](const RowSink& sink) { plan_select(single, m.backend)->run(m.backend, m.snapshot, m.params, m.level, sink); });
    return found.error ? found.rows.size() : std::numeric_limits<std::size_t>::max();
}

/// The column of `m` whose target failed in row `count`; 0: none did. What is volatile is not run again.
int failed_column(Modification& m, const Query& select, std::size_t count) {
    std::vector<int> suspects;
    for (const Column& column : m.relation->columns) {
        auto place = std::ranges::find(m.query.insert_columns, column.attno);
        if (place == m.query.insert_columns.end()) continue;
        const TargetEntry& target = select.targets[static_cast<std::size_t>(place - m.query.insert_columns.begin())];
        if (contains_volatile(target.expr)) {
            suspects.push_back(column.attno);
        } else if (rows_before_error(m, select, target.expr) <= count) {
            suspects.push_back(column.attno);
            break;
        }
    }
    if (suspects.size() > 1) throw NotSimulated("defaults that an INSERT ... SELECT has taken before one of several volatile functions failed");
    return suspects.empty() ? 0 : suspects[0];
}

/// A SELECT that is merged into the INSERT gives its values in the order of the table's columns, with
/// the defaults between them: those before the column that failed in row `count` were taken.
void take_defaults_before_error(Modification& m, std::size_t count) {
    const Query& select = *m.query.insert_select;
    std::vector<const Column*> taken;
    bool counts = false;
    for (const Column& column : m.relation->columns) {
        const bool given = std::ranges::find(m.query.insert_columns, column.attno) != m.query.insert_columns.end();
        if (given || column.dropped || column.generated) continue;
        counts = counts || column.identity != 0 || (column.default_expr && contains_volatile(column.default_expr->expr));
    }
    if (!counts || (!is_pulled_up(select) && !select.set_operations)) return;
    if (select.set_operations) throw NotSimulated("defaults that an INSERT ... SELECT ... UNION has taken before it failed");
    auto one = std::make_shared<ConstExpr>();
    one->type = oid::kInt4;
    one->value = Datum::of_int(1);
    if (select.where && contains_volatile(select.where)) throw NotSimulated("defaults that an INSERT ... SELECT with a volatile WHERE has taken before it failed");
    if (rows_before_error(m, select, one) <= count) return;
    const int failed = failed_column(m, select, count);
    for (const Column& column : m.relation->columns) {
        if (column.attno == failed) break;
        const bool given = std::ranges::find(m.query.insert_columns, column.attno) != m.query.insert_columns.end();
        if (!given && !column.dropped) taken.push_back(&column);
    }
    for (const Column* column : taken) default_value(m, *column, m.context());
}

void insert_select(Modification& m) {
    std::shared_ptr<const SelectPlan> plan = m.plan ? m.plan->rows : plan_select(m.query.insert_select, m.backend);
    auto insert = [&](std::span<const Datum> row) {
        EvalRow source_row;
        source_row.columns = row;
        EvalContext context = m.context({&source_row, 1});
        GivenValues given(m.query.insert_select_coercions);
        insert_one(m, complete_row(m, given, context));
        return true;
    };
    // A data-modifying CTE is run in turns with the INSERT that reads it.
    if (reads_modifying_cte(m)) return plan->run(m.backend, m.snapshot, m.params, m.level, insert);
    // Else the rows first: what is inserted must not be seen, nor change under the cursor.
    auto run = [&](const RowSink& sink) { plan->run(m.backend, m.snapshot, m.params, m.level, sink); };
    FoundRows found = work_on_rows(contains_volatile(*m.query.insert_select), run, insert);
    if (found.error) take_defaults_before_error(m, found.count);
    found.rethrow();
}

/// infer_arbiter_indexes: the planner's last word, after what it folds.
void require_arbiter(Modification& m) {
    if (!m.query.on_conflict || std::ranges::find(m.query.on_conflict->arbiters, kInvalidOid) == m.query.on_conflict->arbiters.end()) return;
    const OnConflict& clause = *m.query.on_conflict;
    EvalContext context = m.context();
    for (const std::vector<ExprPtr>& row : m.query.values) GivenValues(row).fold(context, [](std::size_t) {});
    for (const TargetEntry& target : m.query.returning) fold_constants(target.expr, m.backend);
    for (const TargetEntry& entry : clause.set) {
        if (entry.expr->kind != ExprKind::kDefault) fold_constants(entry.expr, m.backend);
    }
    if (clause.where) fold_constants(clause.where, m.backend);
    if (m.query.insert_select) plan_select(m.query.insert_select, m.backend);
    throw SqlError("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

}  // namespace

void exec_insert(Modification& m) {
    if (m.relation->kind == 'p') throw NotSimulated("INSERT into a partitioned table");
    require_arbiter(m);
    bool updates = m.query.on_conflict && m.query.on_conflict->do_update;
    ready_generated(m.backend, *m.relation, nullptr);
    if (updates) check_replica_identity(m.backend, *m.relation, TriggerType::kUpdate);
    begin_statement_triggers(m, TriggerType::kInsert);
    if (updates) begin_statement_triggers(m, TriggerType::kUpdate);
    if (m.query.insert_select) {
        insert_select(m);
    } else {
        insert_values(m);
    }
    if (updates) end_statement_triggers(m, TriggerType::kUpdate);
    end_statement_triggers(m, TriggerType::kInsert);
}

}  // namespace cdcsim::pg
