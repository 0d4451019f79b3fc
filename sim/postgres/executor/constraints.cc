// NOT NULL, CHECK, unique keys, generated columns. Mirrors execMain.c's ExecConstraints,
// execIndexing.c and indexcmds' error texts.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/locks.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/storage/tuple.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg {
namespace {

/// Values longer than this are cut in DETAIL (ExecBuildSlotValueDescription's maxfieldlen).
constexpr std::size_t kMaxFieldBytes = 64;

std::string cut(std::string text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
    text.resize(limit);
    return text + "...";
}

SqlError::ObjectNames names_of(const Relation& relation, const std::string& constraint, const std::string& column = {}) {
    return {relation.schema_name, relation.name, column, "", constraint};
}

/// All columns of the index are among those that the index compares for equality.
std::vector<int> plain_columns(const Index& index) {
    std::vector<int> attnos;
    for (const IndexKey& key : index.keys) {
        if (key.attno == 0) return {};
        attnos.push_back(key.attno);
    }
    return attnos;
}

EvalContext row_context(Backend& backend, const Snapshot& snapshot, const EvalRow& row) {
    return EvalContext{.host = backend, .snapshot = snapshot, .rows = {&row, 1}};
}

bool is_alive(const RowVersion& version) { return version.died == kNeverDied; }

/// The versions but `self` with these values in the index, dead ones too. An index with expressions
/// or a predicate has no SQLite index to ask: all rows are compared.
std::vector<RowVersion> other_versions(Backend& backend, const Relation& relation, const Index& index, const Row& values, std::int64_t self,
                                       const Snapshot& snapshot) {
    std::vector<RowVersion> found;
    std::vector<int> columns = plain_columns(index);
    if (!columns.empty() && !index.predicate) {
        const Oid stored = index.storage_oid != kInvalidOid ? index.storage_oid : index.oid;
        if (!backend.database().has_other(backend, relation, stored, values, self)) return found;
        found = backend.database().find_equal(backend, relation, columns, values, index.nulls_not_distinct);
        std::erase_if(found, [&](const RowVersion& version) { return version.rid == self; });
        return found;
    }
    Snapshot all;
    all.command = all.taken = kNeverDied - 1;
    all.sees_all = backend.keeps_locks();
    backend.database().scan(backend, relation, all, [&](RowVersion& version) {
        if (version.rid == self) return true;
        std::optional<Row> other = index_values(backend, relation, index, version.columns, snapshot);
        if (!other) return true;
        for (std::size_t i = 0; i < values.size(); ++i) {
            Oid type = index.keys[i].attno != 0 ? relation.columns[static_cast<std::size_t>(index.keys[i].attno - 1)].type : index.keys[i].expr->expr->type;
            bool either_null = values[i].is_null() || (*other)[i].is_null();
            if (either_null) {
                if (index.nulls_not_distinct && values[i].is_null() && (*other)[i].is_null()) continue;
                return true;
            }
            if (compare_values(backend, type, values[i], (*other)[i]) != 0) return true;
        }
        found.push_back(std::move(version));
        return true;
    });
    return found;
}

}  // namespace

bool is_undecided(Backend& backend, const RowVersion& version) {
    auto others = [&](Xid xid) {
        Backend* owner = running_owner(backend, xid);
        return owner != nullptr && owner != &backend;
    };
    return others(version.xmin) || (version.died != kNeverDied && others(version.xmax));
}

std::string describe_row(Backend& backend, const Relation& relation, const Row& row) {
    std::string text = "(";
    bool first = true;
    for (const Column& column : relation.columns) {
        if (column.dropped) continue;
        if (!first) text += ", ";
        first = false;
        const Datum& value = row[static_cast<std::size_t>(column.attno - 1)];
        text += value.is_null() ? "null" : cut(output_text(backend, column.type, value), kMaxFieldBytes);
    }
    return text + ")";
}

std::string describe_key(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& row) {
    std::string names, values;
    for (int attno : columns) {
        const Column& column = relation.columns[static_cast<std::size_t>(attno - 1)];
        const Datum& value = row[static_cast<std::size_t>(attno - 1)];
        if (!names.empty()) {
            names += ", ";
            values += ", ";
        }
        names += column.name;
        values += value.is_null() ? "null" : output_text(backend, column.type, value);
    }
    return fmt::format("({})=({})", names, values);
}

void ready_generated(Backend& backend, const Relation& relation, const std::vector<TargetEntry>* updated) {
    for (const Column& column : relation.columns) {
        if (!column.generated || column.dropped || column.default_expr->folded) continue;
        const ExprPtr& expr = column.default_expr->expr;
        if (updated != nullptr && std::ranges::none_of(*updated, [&](const TargetEntry& entry) { return uses_column(expr, entry.resno); })) continue;
        fold_constants(expr, backend);
    }
}

void check_view_options(Modification& m, const Row& row) {
    if (m.query.view_checks.empty()) return;
    std::vector<EvalRow> rows(m.query.range_table.size());
    rows[static_cast<std::size_t>(m.query.result_relation - 1)].columns = row;
    EvalContext context = m.context(rows);
    for (const ViewCheck& check : m.query.view_checks) {
        if (evaluate_qual(*check.condition, context)) continue;
        throw SqlError("44000", fmt::format("new row violates check option for view \"{}\"", check.view))
            .detail(fmt::format("Failing row contains {}.", describe_row(m.backend, *m.relation, row)));
    }
}

void compute_generated(Backend& backend, const Relation& relation, Row& row, const Snapshot& snapshot) {
    // All are made ready before the first is computed.
    std::vector<ExprPtr> ready;
    for (const Column& column : relation.columns) {
        if (column.generated && !column.dropped) ready.push_back(ready_to_run(*column.default_expr, backend));
    }
    std::size_t next = 0;
    for (const Column& column : relation.columns) {
        if (!column.generated || column.dropped) continue;
        EvalRow source;
        source.columns = row;
        Datum value = evaluate(*ready[next++], row_context(backend, snapshot, source));
        row[static_cast<std::size_t>(column.attno - 1)] = std::move(value);
    }
}

void check_row_constraints(Backend& backend, const Relation& relation, const Row& row, const Snapshot& snapshot) {
    for (const Column& column : relation.columns) {
        if (!column.not_null || column.dropped || !row[static_cast<std::size_t>(column.attno - 1)].is_null()) continue;
        throw SqlError("23502", fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint", column.name, relation.name))
            .detail(fmt::format("Failing row contains {}.", describe_row(backend, relation, row)))
            .about(names_of(relation, "", column.name));
    }
    // relcache keeps CHECKs by name.
    std::vector<const Constraint*> checks;
    for (const Constraint& constraint : relation.constraints) {
        if (constraint.kind == ConstraintKind::kCheck) checks.push_back(&constraint);
    }
    if (checks.empty()) return;
    std::ranges::sort(checks, {}, [](const Constraint* c) -> const std::string& { return c->name; });
    EvalRow source;
    source.columns = row;
    source.table = relation.oid;
    EvalContext context = row_context(backend, snapshot, source);
    std::vector<std::pair<const Constraint*, ExprPtr>> ready;
    for (const Constraint* check : checks) ready.emplace_back(check, ready_to_run(*check->check, backend));
    for (const auto& [check, expr] : ready) {
        Datum held = evaluate(*expr, context);
        if (held.is_null() || held.as_bool()) continue;
        throw SqlError("23514", fmt::format("new row for relation \"{}\" violates check constraint \"{}\"", relation.name, check->name))
            .detail(fmt::format("Failing row contains {}.", describe_row(backend, relation, row)))
            .about(names_of(relation, check->name));
    }
}

std::optional<Row> index_values(Backend& backend, const Relation&, const Index& index, const Row& row, const Snapshot& snapshot) {
    EvalRow source;
    source.columns = row;
    EvalContext context = row_context(backend, snapshot, source);
    if (index.predicate && !evaluate_qual(*ready_to_run(*index.predicate, backend), context)) return std::nullopt;
    Row values;
    for (const IndexKey& key : index.keys) {
        values.push_back(key.attno != 0 ? row[static_cast<std::size_t>(key.attno - 1)] : evaluate(*ready_to_run(*key.expr, backend), context));
    }
    return values;
}

std::optional<UniqueConflict> find_conflict(Backend& backend, const Relation& relation, const Index& index, const Row& row,
                                            std::int64_t self, const Snapshot& snapshot, Undecided undecided) {
    std::optional<Row> values = index_values(backend, relation, index, row, snapshot);
    if (!values) return std::nullopt;
    bool any_null = std::ranges::any_of(*values, [](const Datum& value) { return value.is_null(); });
    if (any_null && !index.nulls_not_distinct) return std::nullopt;
    for (bool again = true; again;) {
        again = false;
        for (RowVersion& version : other_versions(backend, relation, index, *values, self, snapshot)) {
            if (backend.keeps_locks() && is_undecided(backend, version)) {
                if (undecided == Undecided::kReport) return UniqueConflict{&index, std::move(version)};
                bool inserted = undecided == Undecided::kWaitInserted;
                std::string context = fmt::format("while inserting index tuple {} in relation \"{}\"", rid_text(inserted ? self : version.rid),
                                                  inserted ? index.name : relation.name);
                again = wait_for_writer(backend, version, fmt::format("a key of \"{}\"", index.name), context);
                break;
            }
            if (!is_alive(version)) continue;
            return UniqueConflict{&index, std::move(version)};
        }
    }
    return std::nullopt;
}

namespace {

/// What CREATE INDEX takes without parentheses around it.
bool looks_like_function(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kFunc: return as<FuncExpr>(expr).form <= FuncForm::kSqlSyntax || as<FuncExpr>(expr).form == FuncForm::kNullIf;
        case ExprKind::kCoalesce: case ExprKind::kMinMax: case ExprKind::kSqlValue: return true;
        default: return false;
    }
}

}  // namespace

void throw_duplicate(Backend& backend, const Relation& relation, const Index& index, const Row& row) {
    std::string names, texts;
    Snapshot snapshot = backend.take_snapshot();
    std::optional<Row> values = index_values(backend, relation, index, row, snapshot);
    for (std::size_t i = 0; i < index.keys.size(); ++i) {
        const IndexKey& key = index.keys[i];
        const Column* column = key.attno != 0 ? &relation.columns[static_cast<std::size_t>(key.attno - 1)] : nullptr;
        if (i > 0) {
            names += ", ";
            texts += ", ";
        }
        // pg_get_indexdef of one column: a function call stands bare, any other expression in parentheses.
        const bool bare = column != nullptr || looks_like_function(*key.expr->expr);
        std::string text = column ? quote_identifier(column->name) : deparse_expression(*key.expr->expr, backend, &relation, Parentheses::kNeeded);
        names += bare ? text : "(" + text + ")";
        const Datum& value = (*values)[i];
        Oid type = column ? column->type : key.expr->expr->type;
        texts += value.is_null() ? "null" : output_text(backend, type, value);
    }
    throw SqlError("23505", fmt::format("duplicate key value violates unique constraint \"{}\"", index.name))
        .detail(fmt::format("Key ({})=({}) already exists.", names, texts))
        .about(names_of(relation, index.name));
}

namespace {

/// An immediate key that the replaced version had already: nobody else can have it.
bool keeps_key(const Index& index, const RowVersion& stored, const RowVersion& replaced) {
    if (!index.immediate || index.predicate) return false;
    return std::ranges::all_of(index.keys, [&](const IndexKey& key) {
        auto i = static_cast<std::size_t>(key.attno - 1);
        return key.attno > 0 && i < replaced.columns.size() && stored.columns[i].identical(replaced.columns[i]);
    });
}

}  // namespace

bool has_long_value(const Row& row) {
    constexpr std::size_t kLong = 600;
    return std::ranges::any_of(row, [](const Datum& value) { return value.kind() == Datum::Kind::kText && value.as_text().size() > kLong; });
}

int entry_size(Backend& backend, const Relation& relation, const Index& index, const Row& row, const Snapshot& snapshot) {
    if (index.method != "btree") return 0;
    std::optional<Row> values = index_values(backend, relation, index, row, snapshot);
    if (!values) return 0;
    std::vector<Column> columns;
    for (const IndexKey& key : index.keys) {
        Column column;
        if (key.attno != 0) {
            column = relation.columns[static_cast<std::size_t>(key.attno - 1)];
        } else {
            column.type = key.expr->expr->type;
            column.storage = backend.type(column.type).storage;
        }
        columns.push_back(std::move(column));
    }
    for (const int attno : index.include) {
        columns.push_back(relation.columns[static_cast<std::size_t>(attno - 1)]);
        values->push_back(row[static_cast<std::size_t>(attno - 1)]);
    }
    const int size = index_entry_size(backend, columns, *values);
    constexpr int kMaximum = 0x1fff;
    if (size > kMaximum) throw SqlError("54000", fmt::format("index row requires {} bytes, maximum size is {}", size, kMaximum));
    return size;
}

void check_third_page(const Relation& relation, const Index& index, int size, std::int64_t rid) {
    constexpr int kMaximum = 2704;
    if (size <= kMaximum) return;
    throw SqlError("54000", fmt::format("index row size {} exceeds btree version 4 maximum {} for index \"{}\"", size, kMaximum, index.name))
        .detail(fmt::format("Index row references tuple {} in relation \"{}\".", rid_text(rid), relation.name))
        .hint("Values larger than 1/3 of a buffer page cannot be indexed.\nConsider a function index of an MD5 hash of the value, or use full text indexing.")
        .about(names_of(relation, index.name));
}

void check_unique(Modification& m, const RowVersion& stored, const RowVersion* replaced) {
    const bool is_long = has_long_value(stored.columns);
    for (const Index& index : m.relation->indexes) {
        const int size = is_long ? entry_size(m.backend, *m.relation, index, stored.columns, m.snapshot) : 0;
        if (!index.unique) check_third_page(*m.relation, index, size, stored.rid);
        if (!index.unique) continue;
        if (replaced != nullptr && keeps_key(index, stored, *replaced)) continue;
        std::optional<UniqueConflict> conflict = find_conflict(m.backend, *m.relation, index, stored.columns, stored.rid, m.snapshot,
                                                               index.immediate ? Undecided::kWaitInserted : Undecided::kReport);
        if (!conflict || !index.immediate) check_third_page(*m.relation, index, size, stored.rid);
        if (!conflict) continue;
        if (index.immediate) throw_duplicate(m.backend, *m.relation, index, stored.columns);
        auto constraint = std::ranges::find(m.relation->constraints, index.oid, &Constraint::index);
        CDCSIM_CHECK(constraint != m.relation->constraints.end());
        TriggerEvent event;
        event.relation = m.relation;
        event.after = std::make_shared<RowVersion>(stored);
        event.unique_recheck = &*constraint;
        event.deferred = constraint->initially_deferred;
        m.backend.trigger_queue().events.push_back(std::move(event));
    }
}

}  // namespace cdcsim::pg
