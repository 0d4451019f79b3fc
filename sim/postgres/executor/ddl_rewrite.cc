// What ALTER TABLE does to the rows when the catalog is done. Mirrors ATRewriteTables of tablecmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/modify.h"

namespace cdcsim::pg {
namespace {

struct ReadyCheck {
    const Constraint* constraint;
    ExprPtr expr;
};

/// The rows of one table, each as it was and as it will be.
class RowChange {
  public:
    RowChange(Backend& backend, const Relation& after, const RowWork& work)
        : backend_(backend), after_(after), work_(work), snapshot_(backend.take_snapshot()) {
        for (const Oid check : work.checks) {
            const auto constraint = std::ranges::find(after.constraints, check, &Constraint::oid);
            if (constraint != after.constraints.end()) checks_.push_back({&*constraint, ready_to_run(*constraint->check, backend)});
        }
    }

    const Snapshot& snapshot() const { return snapshot_; }

    std::vector<Datum> converted(const RowVersion& version) const {
        std::vector<Datum> row(version.columns.begin(), version.columns.begin() + static_cast<std::ptrdiff_t>(work_.before->columns.size()));
        row.resize(after_.columns.size());
        EvalRow old_row{.columns = version.columns, .rid = version.rid, .table = after_.oid, .xmin = version.xmin};
        for (const RowWork::NewValue& value : work_.values) {
            if (!value.generated) row[static_cast<std::size_t>(value.attno - 1)] = compute(value, old_row);
        }
        for (const Column& column : after_.columns) {
            if (column.dropped) row[static_cast<std::size_t>(column.attno - 1)] = Datum();
        }
        const std::vector<Datum> source = row;
        EvalRow new_row{.columns = source, .rid = version.rid, .table = after_.oid, .xmin = version.xmin};
        for (const RowWork::NewValue& value : work_.values) {
            if (value.generated) row[static_cast<std::size_t>(value.attno - 1)] = compute(value, new_row);
        }
        return row;
    }

    void check(std::span<const Datum> row) const {
        for (const Column& column : after_.columns) {
            const bool verified = work_.rewrites || work_.verifies_not_null;
            if (!verified || !column.not_null || column.dropped || !row[static_cast<std::size_t>(column.attno - 1)].is_null()) continue;
            throw SqlError("23502", fmt::format("column \"{}\" of relation \"{}\" contains null values", column.name, after_.name))
                .about({after_.schema_name, after_.name, column.name, "", ""});
        }
        EvalRow source{.columns = row, .table = after_.oid};
        EvalContext context{.host = backend_, .snapshot = snapshot_, .rows = {&source, 1}};
        for (const ReadyCheck& check : checks_) {
            const Datum held = evaluate(*check.expr, context);
            if (held.is_null() || held.as_bool()) continue;
            throw SqlError("23514", fmt::format("check constraint \"{}\" of relation \"{}\" is violated by some row", check.constraint->name, after_.name))
                .about({after_.schema_name, after_.name, "", "", check.constraint->name});
        }
    }

    bool has_checks() const { return work_.verifies_not_null || !checks_.empty(); }

  private:
    Datum compute(const RowWork::NewValue& value, const EvalRow& row) const {
        if (value.sequence != kInvalidOid) return Datum::of_int(backend_.next_value(value.sequence));
        EvalContext context{.host = backend_, .snapshot = snapshot_, .rows = {&row, 1}};
        return evaluate(*value.expr, context);
    }

    Backend& backend_;
    const Relation& after_;
    const RowWork& work_;
    Snapshot snapshot_;
    std::vector<ReadyCheck> checks_;
};

/// All live rows go into a storage of its own (a new file node), then come the indexes.
void rewrite_table(Backend& backend, Relation& after, const RowWork& work) {
    const RelationPtr before = backend.catalog().find_relation(after.oid);
    std::vector<std::vector<Datum>> rows;
    RowChange change(backend, after, work);
    backend.database().scan(backend, *before, change.snapshot(), [&](RowVersion& version) {
        rows.push_back(change.converted(version));
        change.check(rows.back());
        return true;
    });
    after.file_node = backend.allocate_file_node();
    backend.database().create_table(after);
    backend.transaction().created_files.push_back(after.file_node);
    backend.transaction().dropped_files.push_back(before->file_node);
    for (Index& index : after.indexes) {
        // SQLite's index names go by oid: the old table's stays until commit.
        index.storage_oid = allocate_oid(backend);
        build_index(backend, after, index);
    }
    std::uint64_t command = backend.begin_command();
    for (const auto& row : rows) {
        NewVersion version;
        version.columns = row;
        version.born = command;
        version.xmin = backend.write_xid();
        backend.database().insert(backend, after, version);
    }
    for (Index& index : after.indexes) note_packed(backend, after, index);
    if (!after.indexes.empty()) backend.database().count_rows(after.file_node);
}

bool is_stored(const Relation& relation) { return relation.kind == 'r' || relation.kind == 'p'; }

/// The rows of a table cannot be made anew while a column of another one keeps such rows, be it in an array, a domain or
/// another row. Mirrors find_composite_type_dependencies. Throws 0A000.
void refuse_row_type_in_use(Backend& backend, const Relation& table, Oid type) {
    for (const auto& [oid, other] : backend.catalog().types()) {
        const bool is_made_of_it = other->typtype == 'd' ? other->base == type : other->element == type;
        if (is_made_of_it) refuse_row_type_in_use(backend, table, oid);
    }
    for (const auto& [oid, other] : backend.catalog().relations()) {
        for (const Column& column : other->columns) {
            if (column.dropped || column.type != type) continue;
            if (is_stored(*other)) {
                throw SqlError("0A000", fmt::format("cannot alter table \"{}\" because column \"{}.{}\" uses its row type", table.name, other->name, column.name));
            }
            if (other->row_type != kInvalidOid) refuse_row_type_in_use(backend, table, other->row_type);
        }
    }
}

}  // namespace

void finish_rows(Backend& backend, Oid table, const RowWork& work) {
    if (work.rewrites || !work.values.empty()) refuse_row_type_in_use(backend, *work.before, work.before->row_type);
    if (work.rewrites) {
        auto after = copy_relation(backend.catalog().find_relation(table));
        rewrite_table(backend, *after, work);
        backend.update_relation(after);
        for (const Index& index : after->indexes) {
            if (index.unique) validate_index(backend, *after, index);
        }
    } else {
        const RelationPtr relation = backend.catalog().find_relation(table);
        RowChange change(backend, *relation, work);
        if (change.has_checks()) {
            backend.database().scan(backend, *relation, change.snapshot(), [&](RowVersion& version) {
                change.check(version.columns);
                return true;
            });
        }
    }
    for (const ForeignKeyName& key : work.foreign_keys) {
        const RelationPtr child = backend.catalog().find_relation(key.relation);
        const auto constraint = std::ranges::find(child->constraints, key.constraint, &Constraint::oid);
        if (constraint != child->constraints.end() && constraint->validated) validate_foreign_key(backend, child, *constraint);
    }
}

}  // namespace cdcsim::pg
