// Foreign keys: the check of the referencing row, and the actions on the rows that refer. Mirrors
// ri_triggers.c: each action is a statement of its own whose AFTER events join the caller's queue.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sim/postgres/decoding/pgoutput.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

Row pick(const Row& row, const std::vector<int>& columns) {
    Row values;
    for (int attno : columns) values.push_back(row[static_cast<std::size_t>(attno - 1)]);
    return values;
}

Datum cast_value(Backend& backend, const Datum& value, const Column& from, TypeRef to) {
    if (from.type == to.type && to.typmod == -1) return value;
    auto constant = std::make_shared<ConstExpr>();
    constant->type = from.type;
    constant->value = value;
    ExprPtr cast = coerce_for_assignment(constant, to.type, to.typmod, backend.bind_options());
    if (!cast) throw NotSimulated("a foreign key between types without an assignment cast");
    Snapshot snapshot;
    return evaluate(*cast, EvalContext{.host = backend, .snapshot = snapshot});
}

const Column& column_of(const Relation& relation, int attno) { return relation.columns[static_cast<std::size_t>(attno - 1)]; }

/// Values assigned to the other side's columns.
Row convert(Backend& backend, const Row& values, const Relation& from, const std::vector<int>& from_columns, const Relation& to,
            const std::vector<int>& to_columns) {
    Row converted;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Column& target = column_of(to, to_columns[i]);
        converted.push_back(values[i].is_null() ? values[i] : cast_value(backend, values[i], column_of(from, from_columns[i]), {target.type, target.typmod}));
    }
    return converted;
}

/// Values in the other side's types, to look them up there. nullopt: no value of these types equals them.
std::optional<Row> comparable(Backend& backend, const Row& values, const Relation& from, const std::vector<int>& from_columns, const Relation& to,
                              const std::vector<int>& to_columns) {
    Row converted;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Column& source = column_of(from, from_columns[i]);
        const Column& target = column_of(to, to_columns[i]);
        if (source.type == target.type || values[i].is_null()) {
            converted.push_back(values[i]);
            continue;
        }
        try {
            converted.push_back(cast_value(backend, values[i], source, {target.type, -1}));
            const Datum back = cast_value(backend, converted.back(), target, {source.type, -1});
            if (compare_values(backend, source.type, back, values[i]) != 0) return std::nullopt;
        } catch (const NotSimulated&) {
            throw;
        } catch (const SqlError&) {
            return std::nullopt;  // out of range there
        }
    }
    return converted;
}

/// Which rows a statement of a foreign key's trigger sees.
enum class Seen : std::uint8_t { kTransaction, kLatest };

/// The rows with these values, locked. Another session's changes are waited for.
std::vector<RowVersion> lock_matches(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& values, Seen seen,
                                     const RowRequest& request) {
    std::vector<RowVersion> locked;
    Snapshot snapshot = seen == Seen::kLatest ? backend.latest_snapshot() : backend.take_snapshot();
    std::vector<RowVersion> found = backend.database().find_equal(backend, relation, columns, values, false);
    for (RowVersion& version : found) {
        if (!is_visible(snapshot, version)) continue;
        // The crosscheck of ri_PerformCheck: an action must not touch what its transaction cannot see.
        if (seen == Seen::kLatest && backend.uses_fixed_snapshot() && !is_visible(backend.take_snapshot(), version)) {
            throw SqlError("40001", "could not serialize access due to concurrent update");
        }
        RowOutcome outcome = lock_row(backend, relation, version, request);
        if (outcome != RowOutcome::kLocked && outcome != RowOutcome::kMoved) continue;
        bool matches = true;
        for (std::size_t i = 0; i < columns.size() && outcome == RowOutcome::kMoved; ++i) {
            auto column = static_cast<std::size_t>(columns[i] - 1);
            const Datum& value = version.columns[column];
            matches = matches && !value.is_null() && compare_values(backend, relation.columns[column].type, value, values[i]) == 0;
        }
        if (matches) locked.push_back(std::move(version));
    }
    return locked;
}

/// The rows with these values: what a statement of a foreign key's trigger finds, locked by it.
std::vector<RowVersion> live_matches(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& values, Seen seen,
                                     const RowRequest& request = {.mode = RowLockMode::kKeyShare}) {
    if (backend.keeps_locks()) return lock_matches(backend, relation, columns, values, seen, request);
    std::vector<RowVersion> live;
    for (RowVersion& version : backend.database().find_equal(backend, relation, columns, values, false)) {
        if (version.died == kNeverDied) live.push_back(std::move(version));
    }
    return live;
}

// The statements that PostgreSQL's triggers would run, for the CONTEXT of what goes wrong in them.

/// What the key's equality operator takes: not the column's own type, but the one that it is cast to.
std::string operator_cast(Backend& backend, Oid type) {
    const TypeInfo& info = base_type(backend, backend.type(type));
    std::string_view taken;
    if (info.oid == oid::kVarchar) taken = "text";
    if (info.typtype == 'e') taken = "anyenum";
    if (info.element != kInvalidOid) taken = "anyarray";
    if (taken.empty() && info.oid != type) taken = info.name;
    return taken.empty() ? std::string() : "::pg_catalog." + std::string(taken);
}

/// What stands in a statement for a column, by its number from 1: `{column}`, `{n}`, `{cast}`.
std::string quoted_list(Backend& backend, const Relation& relation, const std::vector<int>& columns, std::string_view format, std::string_view separator,
                        std::size_t first = 1) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += separator;
        const Column& column = column_of(relation, columns[i]);
        text += fmt::format(fmt::runtime(format), fmt::arg("column", "\"" + column.name + "\""), fmt::arg("n", i + first),
                            fmt::arg("cast", operator_cast(backend, column.type)));
    }
    return text;
}

std::string qualified(const Relation& relation) { return fmt::format("\"{}\".\"{}\"", relation.schema_name, relation.name); }

class StatementFrame : public ContextFrame {
  public:
    explicit StatementFrame(const std::function<std::string()>& statement) : statement_(statement) {}
    std::string line() const override { return fmt::format("SQL statement \"{}\"", statement_()); }

  private:
    const std::function<std::string()>& statement_;
};

/// `body` with the statement that it stands for in the CONTEXT of notices and errors.
template <typename Body>
auto in_statement(Backend& backend, const std::function<std::string()>& statement, Body&& body) {
    const StatementFrame frame(statement);
    backend.context_frames.push_back(&frame);
    struct Leave {
        Backend& backend;
        ~Leave() { backend.context_frames.pop_back(); }
    } leave{backend};
    try {
        return body();
    } catch (SqlError& error) {
        error.add_context(frame.line());
        throw;
    }
}

/// The referenced rows, locked for KEY SHARE.
std::vector<RowVersion> parent_rows(Backend& backend, const Relation& parent, const std::vector<int>& columns, const Row& values) {
    backend.lock_table(parent, LockMode::kRowShare);
    auto statement = [&] {
        return fmt::format("SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x", qualified(parent),
                           quoted_list(backend, parent, columns, "{column}{cast} OPERATOR(pg_catalog.=) ${n}{cast}", " AND "));
    };
    return in_statement(backend, statement, [&] { return live_matches(backend, parent, columns, values, Seen::kTransaction); });
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
    return evaluate(*ready_to_run(*column.default_expr, backend), context);
}

void delete_children(Modification& m, const std::vector<RowVersion>& children) {
    check_replica_identity(m.backend, *m.relation, TriggerType::kDelete);
    begin_statement_triggers(m, TriggerType::kDelete);
    for (const RowVersion& child : children) {
        const std::uint64_t commands = m.backend.server().command;
        if (!fire_before_row(m, TriggerType::kDelete, &child.columns, std::nullopt, nullptr)) continue;
        require_still_alive(m, child.rid, commands, "deleted");
        auto before = std::make_shared<RowVersion>(child);
        delete_version(m, before);
        queue_after_row(m, TriggerType::kDelete, before, nullptr);
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

std::string action_statement(Backend& backend, const Relation& child, const Constraint& constraint, char action, bool is_delete) {
    const bool looks = action == 'a' || action == 'r', deletes = action == 'c' && is_delete;
    std::string_view head = looks ? "SELECT 1 FROM ONLY {} x" : deletes ? "DELETE FROM ONLY {}" : "UPDATE ONLY {}";
    std::string text = fmt::format(fmt::runtime(head), qualified(child));
    const std::size_t set = action == 'c' && !is_delete ? constraint.columns.size() : 0;
    if (!looks && !deletes) {
        std::string_view right = action == 'n' ? "{column} = NULL" : action == 'd' ? "{column} = DEFAULT" : "{column} = ${n}";
        const bool some = is_delete && action != 'c' && !constraint.on_delete_set_columns.empty();
        text += " SET " + quoted_list(backend, child, some ? constraint.on_delete_set_columns : constraint.columns, right, ", ");
    }
    text += " WHERE " + quoted_list(backend, child, constraint.columns, "${n}{cast} OPERATOR(pg_catalog.=) {column}{cast}", " AND ", set + 1);
    return looks ? text + " FOR KEY SHARE OF x" : text;
}

/// The referring rows, locked as the action needs it.
std::vector<RowVersion> child_rows(Backend& backend, const Relation& child, const Constraint& constraint, const Row& values, char action, bool is_delete) {
    bool looks = action == 'a' || action == 'r';
    backend.lock_table(child, looks ? LockMode::kRowShare : LockMode::kRowExclusive);
    RowRequest request{.mode = RowLockMode::kKeyShare};
    if (!looks) {
        std::vector<bool> set_columns(child.columns.size());
        for (int attno : constraint.columns) set_columns[static_cast<std::size_t>(attno - 1)] = true;
        bool deletes = is_delete && action == 'c';
        request.mode = deletes ? RowLockMode::kUpdate : update_lock_mode(child, set_columns);
        request.verb = deletes ? "deleting" : "updating";
    }
    return in_statement(backend, [&] { return action_statement(backend, child, constraint, action, is_delete); },
                        [&] { return live_matches(backend, child, constraint.columns, values, Seen::kLatest, request); });
}

}  // namespace

bool same_columns(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& a, const Row& b, bool by_image) {
    return std::ranges::all_of(columns, [&](int attno) {
        auto i = static_cast<std::size_t>(attno - 1);
        if (a[i].is_null() || b[i].is_null()) return a[i].is_null() && b[i].is_null();
        if (a[i].identical(b[i])) return true;
        return !by_image && compare_values(backend, relation.columns[i].type, a[i], b[i]) == 0;
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
    if (parent == nullptr) return;  // DROP TABLE ... CASCADE has taken the constraint with it
    const std::optional<Row> values = comparable(backend, pick(event.after->columns, constraint.columns), child, constraint.columns, *parent, constraint.referenced_columns);
    if (!values || parent_rows(backend, *parent, constraint.referenced_columns, *values).empty()) {
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
        if (!parent_rows(backend, parent, constraint.referenced_columns, key).empty()) return;
    }
    const std::optional<Row> values = comparable(backend, key, parent, constraint.referenced_columns, *child, constraint.columns);
    if (!values) return;
    std::vector<RowVersion> children = child_rows(backend, *child, constraint, *values, action, is_delete);
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
    in_statement(backend, [&] { return action_statement(backend, *child, constraint, action, is_delete); }, [&] {
        if (deletes) return delete_children(m, children);
        Row new_values;
        if (action == 'c') {
            new_values = convert(backend, pick(event.after->columns, constraint.referenced_columns), parent, constraint.referenced_columns, *child, constraint.columns);
        } else {
            for (int attno : columns) new_values.push_back(action == 'd' ? column_default(backend, column_of(*child, attno), m.snapshot) : Datum());
        }
        update_children(m, children, columns, new_values);
    });
    if (action == 'd') {
        // SET DEFAULT: as NO ACTION afterwards, if the default is the very key that went.
        if (parent_rows(backend, parent, constraint.referenced_columns, key).empty() &&
            !child_rows(backend, *child, constraint, *values, 'a', is_delete).empty()) {
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
        const std::optional<Row> values = comparable(backend, pick(version.columns, constraint.columns), *relation, constraint.columns, *parent, constraint.referenced_columns);
        if (!values || live_matches(backend, *parent, constraint.referenced_columns, *values, Seen::kLatest).empty()) {
            throw_missing(backend, *relation, constraint, *parent, version.columns, kVerb);
        }
        return true;
    });
}

}  // namespace cdcsim::pg
