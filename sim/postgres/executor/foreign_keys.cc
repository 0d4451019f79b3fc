// Foreign keys: the check of the referencing row, and the actions on the rows that refer. Mirrors
// ri_triggers.c: each action is a statement of its own whose AFTER events join the caller's queue.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/decoding/pgoutput.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

Row pick(const Row& row, const std::vector<int>& columns) {
    Row values;
    for (int attno : columns) values.push_back(row[static_cast<std::size_t>(attno - 1)]);
    return values;
}

/// Values cast to the other side's column types where the two differ (int4 to int8 ...).
Row convert(Backend& backend, const Row& values, const Relation& from, const std::vector<int>& from_columns, const Relation& to,
            const std::vector<int>& to_columns) {
    Row converted;
    for (std::size_t i = 0; i < values.size(); ++i) {
        Oid source = from.columns[static_cast<std::size_t>(from_columns[i] - 1)].type;
        Oid target = to.columns[static_cast<std::size_t>(to_columns[i] - 1)].type;
        if (source == target || values[i].is_null()) {
            converted.push_back(values[i]);
        } else {
            converted.push_back(input_text(backend, target, output_text(backend, source, values[i])));
        }
    }
    return converted;
}

std::vector<RowVersion> live_matches(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& values) {
    std::vector<RowVersion> live;
    for (RowVersion& version : backend.database().find_equal(backend, relation, columns, values, false)) {
        refuse_waiting(backend, version);
        if (version.died == kNeverDied) live.push_back(std::move(version));
    }
    std::ranges::sort(live, {}, &RowVersion::rid);
    return live;
}

SqlError::ObjectNames names_of(const Relation& relation, const Constraint& constraint) {
    return {relation.schema_name, relation.name, "", "", constraint.name};
}

[[noreturn]] void throw_missing(Backend& backend, const Relation& child, const Constraint& constraint, const Relation& parent, const Row& row, std::string_view verb) {
    throw SqlError("23503", fmt::format("{} table \"{}\" violates foreign key constraint \"{}\"", verb, child.name, constraint.name))
        .detail(fmt::format("Key {} is not present in table \"{}\".", describe_key(backend, child, constraint.columns, row), parent.name))
        .about(names_of(child, constraint));
}

/// False: nothing to check. Throws for MATCH FULL with some NULLs.
bool has_reference(const Relation& child, const Constraint& constraint, const Row& row, std::string_view verb) {
    Row values = pick(row, constraint.columns);
    auto nulls = std::ranges::count_if(values, [](const Datum& value) { return value.is_null(); });
    if (nulls == 0) return true;
    if (constraint.match == 'f' && nulls != static_cast<std::ptrdiff_t>(values.size())) {
        throw SqlError("23503", fmt::format("{} table \"{}\" violates foreign key constraint \"{}\"", verb, child.name, constraint.name))
            .detail("MATCH FULL does not allow mixing of null and nonnull key values.").about(names_of(child, constraint));
    }
    return false;
}

/// The statement that an action is: UPDATE or DELETE of the child table, its rows already found.
std::unique_ptr<Query> action_query(const RelationPtr& child, CommandKind command, const std::vector<int>& columns) {
    auto query = std::make_unique<Query>();
    query->command = command;
    RangeTableEntry rte;
    rte.relation = child;
    rte.alias = child->name;
    query->range_table.push_back(std::move(rte));
    query->result_relation = 1;
    for (int attno : columns) {
        TargetEntry entry;
        entry.resno = attno;
        query->targets.push_back(std::move(entry));
    }
    return query;
}

Datum column_default(Backend& backend, const Column& column, const Snapshot& snapshot) {
    if (!column.default_expr) return {};
    EvalContext context{.host = backend, .snapshot = snapshot};
    return evaluate(*column.default_expr->expr, context);
}

void delete_children(Modification& m, const std::vector<RowVersion>& children) {
    check_replica_identity(m.backend, *m.relation, TriggerType::kDelete);
    begin_statement_triggers(m, TriggerType::kDelete);
    for (const RowVersion& child : children) {
        if (!fire_before_row(m, TriggerType::kDelete, &child.columns, nullptr, nullptr)) continue;
        auto before = std::make_shared<RowVersion>(child);
        delete_version(m, before);
        queue_after_row(m, TriggerType::kDelete, before, nullptr, {});
    }
    end_statement_triggers(m, TriggerType::kDelete);
}

void update_children(Modification& m, const std::vector<RowVersion>& children, const std::vector<int>& columns, const Row& values) {
    check_replica_identity(m.backend, *m.relation, TriggerType::kUpdate);
    begin_statement_triggers(m, TriggerType::kUpdate);
    for (const RowVersion& child : children) {
        Row row = child.columns;
        std::vector<bool> assigned(row.size());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            row[static_cast<std::size_t>(columns[i] - 1)] = values[i];
            assigned[static_cast<std::size_t>(columns[i] - 1)] = true;
        }
        update_row(m, child, std::move(row), std::move(assigned), {});
    }
    end_statement_triggers(m, TriggerType::kUpdate);
}

[[noreturn]] void throw_still_referenced(Backend& backend, const Relation& parent, const Relation& child, const Constraint& constraint, const Row& row) {
    throw SqlError("23503", fmt::format("update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"", parent.name, constraint.name, child.name))
        .detail(fmt::format("Key {} is still referenced from table \"{}\".", describe_key(backend, parent, constraint.referenced_columns, row), child.name))
        .about(names_of(child, constraint));
}

}  // namespace

bool same_columns(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& a, const Row& b) {
    return std::ranges::all_of(columns, [&](int attno) {
        auto i = static_cast<std::size_t>(attno - 1);
        if (a[i].is_null() || b[i].is_null()) return a[i].is_null() && b[i].is_null();
        return a[i].identical(b[i]) || compare_values(backend, relation.columns[i].type, a[i], b[i]) == 0;
    });
}

void check_foreign_key(Backend& backend, const TriggerEvent& event) {
    const Constraint& constraint = *event.foreign_key;
    const Relation& child = *event.relation;
    // The row may have gone or changed since: its newer version has an event of its own.
    std::optional<RowVersion> current = backend.database().fetch(child, event.after->rid);
    if (!current || current->died != kNeverDied) return;
    constexpr std::string_view kVerb = "insert or update on";
    if (!has_reference(child, constraint, event.after->columns, kVerb)) return;
    RelationPtr parent = backend.catalog().find_relation(constraint.referenced);
    CDCSIM_CHECK(parent != nullptr);
    Row values = convert(backend, pick(event.after->columns, constraint.columns), child, constraint.columns, *parent, constraint.referenced_columns);
    if (live_matches(backend, *parent, constraint.referenced_columns, values).empty()) {
        throw_missing(backend, child, constraint, *parent, event.after->columns, kVerb);
    }
}

void run_foreign_key_action(Backend& backend, const TriggerEvent& event) {
    const Constraint& constraint = *event.foreign_key;
    const Relation& parent = *event.relation;
    RelationPtr child = backend.catalog().find_relation(event.foreign_table->oid);
    if (!child) return;
    bool is_delete = event.operation == TriggerType::kDelete;
    char action = is_delete ? constraint.on_delete : constraint.on_update;
    Row key = pick(event.before->columns, constraint.referenced_columns);
    if (std::ranges::any_of(key, [](const Datum& value) { return value.is_null(); })) return;
    if (action == 'a') {
        // Another row may have taken the key in the meantime.
        if (!live_matches(backend, parent, constraint.referenced_columns, key).empty()) return;
    }
    Row values = convert(backend, key, parent, constraint.referenced_columns, *child, constraint.columns);
    std::vector<RowVersion> children = live_matches(backend, *child, constraint.columns, values);
    if (action == 'a' || action == 'r') {
        if (!children.empty()) throw_still_referenced(backend, parent, *child, constraint, event.before->columns);
        return;
    }
    bool set = action == 'n' || action == 'd';
    std::vector<int> columns = constraint.columns;
    if (set && is_delete && !constraint.on_delete_set_columns.empty()) columns = constraint.on_delete_set_columns;
    bool deletes = action == 'c' && is_delete;
    std::unique_ptr<Query> query = action_query(child, deletes ? CommandKind::kDelete : CommandKind::kUpdate, deletes ? std::vector<int>{} : columns);
    Modification m{backend, *query, child, nullptr, backend.take_snapshot(), 0, 0, nullptr, nullptr, nullptr, nullptr};
    m.command = backend.begin_command();
    // The action runs as the table's owner.
    Oid role = backend.current_user();
    backend.set_current_user(child->owner);
    struct Restore {
        Backend& backend;
        Oid role;
        ~Restore() { backend.set_current_user(role); }
    } restore{backend, role};
    if (deletes) return delete_children(m, children);
    Row new_values;
    for (int attno : columns) {
        const Column& column = child->columns[static_cast<std::size_t>(attno - 1)];
        if (action == 'n') {
            new_values.emplace_back();
        } else if (action == 'd') {
            new_values.push_back(column_default(backend, column, m.snapshot));
        }
    }
    if (action == 'c') {
        new_values = convert(backend, pick(event.after->columns, constraint.referenced_columns), parent, constraint.referenced_columns, *child, constraint.columns);
    }
    update_children(m, children, columns, new_values);
    if (action == 'd') {
        // SET DEFAULT: as NO ACTION afterwards, if the default is the very key that went.
        if (live_matches(backend, parent, constraint.referenced_columns, key).empty() &&
            !live_matches(backend, *child, constraint.columns, values).empty()) {
            throw_still_referenced(backend, parent, *child, constraint, event.before->columns);
        }
    }
}

void validate_foreign_key(Backend& backend, const RelationPtr& relation, const Constraint& constraint) {
    RelationPtr parent = backend.catalog().find_relation(constraint.referenced);
    Snapshot snapshot = backend.take_snapshot();
    backend.database().scan(backend, *relation, snapshot, [&](RowVersion& version) {
        constexpr std::string_view kVerb = "insert or update on";
        if (!has_reference(*relation, constraint, version.columns, kVerb)) return true;
        Row values = convert(backend, pick(version.columns, constraint.columns), *relation, constraint.columns, *parent, constraint.referenced_columns);
        if (live_matches(backend, *parent, constraint.referenced_columns, values).empty()) {
            throw_missing(backend, *relation, constraint, *parent, version.columns, kVerb);
        }
        return true;
    });
}

}  // namespace cdcsim::pg
