// The parts of INSERT, UPDATE and DELETE that they share: writing a row version, constraints,
// triggers, WAL, RETURNING. Inner header of executor/. Mirrors nodeModifyTable.c, execMain.c's
// ExecConstraints, execIndexing.c and trigger.c.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/carried_rows.h"
#include "sim/postgres/executor/field_origin.h"

namespace cdcsim::pg {

using Row = std::vector<Datum>;  ///< by attno - 1, dropped columns NULL

/// The rows of an INSERT ... SELECT, or the targets of an UPDATE or DELETE: ctid, tableoid, the new
/// values, the carried columns.
struct ModifyPlan {
    std::vector<CarriedColumn> carried;
    std::size_t values = 0;   ///< SET expressions
    /// While locks are kept: the other tables whose row is needed to look again at a row that
    /// another session has changed. Their rids stand after the carried columns.
    bool keeps_locks = false;
    std::vector<int> joined;
    bool in_turns = false;   ///< see work_on_rows
    std::shared_ptr<const SelectPlan> rows;
};

/// One INSERT, UPDATE or DELETE while it runs.
struct Modification {
    Backend& backend;
    const Query& query;
    RelationPtr relation;
    ParamSource* params = nullptr;
    Snapshot snapshot;
    std::uint64_t command = 0;
    std::uint64_t processed = 0;
    std::shared_ptr<TransitionTables> transitions;  ///< wanted by a statement trigger, or nullptr
    std::shared_ptr<TransitionTables> update_transitions;  ///< of an INSERT's ON CONFLICT DO UPDATE
    const RowSink* returning = nullptr;
    /// The statement's own level: its WITH, and (for a data-modifying CTE) the levels around it.
    const EvalContext* level = nullptr;
    std::shared_ptr<const ModifyPlan> plan = nullptr;   ///< nullptr: made when it is needed
    std::vector<bool> updated_columns = {};             ///< what UPDATE OF sees; empty: not yet asked for
    std::vector<FieldOrigin> origins = {};              ///< of the row's values after BEFORE triggers; empty: none ran
    const std::vector<TargetEntry>* set_list = nullptr;  ///< of ON CONFLICT and MERGE
    std::int64_t block = -1;                            ///< the page that its scan has come to
    bool merges = false;                                ///< an action of MERGE
    const std::vector<std::uint64_t>* statement_commands = nullptr;  ///< nullptr: `command` alone

    /// Whether a version that died (or was born) by `number` did so in this very statement, not in what
    /// its triggers run.
    bool is_own_command(std::uint64_t number) const {
        return number == command || (statement_commands != nullptr && std::ranges::find(*statement_commands, number) != statement_commands->end());
    }
    std::uint64_t first_command() const { return statement_commands != nullptr ? statement_commands->front() : command; }

    /// The transition tables of what the statement does to a row.
    std::shared_ptr<TransitionTables>& transitions_of(int operation) {
        const bool conflict = query.command == CommandKind::kInsert && operation == TriggerType::kUpdate;
        return conflict ? update_transitions : transitions;
    }

    /// For expressions of the statement over `rows` (by rt_index - 1).
    EvalContext context(std::span<const EvalRow> rows = {}) const {
        EvalContext result{.host = backend, .snapshot = snapshot, .params = params, .rows = rows};
        if (level != nullptr) result.outer = level->outer, result.ctes = level->ctes;
        return result;
    }
};

/// The rows that a statement's query found, and the error that ended it. PostgreSQL works on each row
/// as it is found: what the rows before the error did (their places in the heap, notices of triggers,
/// numbers of sequences) has happened.
struct FoundRows {
    std::vector<Row> rows;
    std::size_t count = 0;
    std::exception_ptr error;
    void rethrow() const {
        if (error) std::rethrow_exception(error);
    }
};
FoundRows find_rows(const std::function<void(const RowSink&)>& run);
/// What `work` does with each row that `run` gives. All rows are found first, unless the query calls a
/// volatile function: that one sees what the rows before have changed, so both take turns. `rows` are
/// not kept then.
FoundRows work_on_rows(bool in_turns, const std::function<void(const RowSink&)>& run, const std::function<void(const Row&)>& work);

// exec_insert.cc, exec_update.cc
void exec_insert(Modification& modification);
/// One row of an INSERT or COPY: BEFORE triggers, constraints, the write, AFTER triggers queued.
void insert_one(Modification& m, Row row);
/// What a column gets that no value was given for.
Datum default_value(Modification& m, const Column& column, const EvalContext& context);
void exec_update(Modification& modification);
void exec_delete(Modification& modification);
void exec_merge(Modification& modification);
/// Of an UPDATE or DELETE.
std::shared_ptr<const ModifyPlan> plan_target_rows(const Query& query, Backend& backend);
/// SET column = column: what is stored stays as it is.
bool is_own_column(const Expr& expr, const Query& query, int attno);
/// UPDATE of one found row. `assigned` marks the SET columns. False: a BEFORE trigger skipped it.
bool update_row(Modification& m, const RowVersion& old_version, Row new_row, std::vector<bool> assigned,
                std::span<const EvalRow> other_rows);

[[noreturn]] void throw_already_modified(std::string_view verb);
/// After BEFORE ROW triggers, of which one may have changed the row itself: by a command after `commands`.
void require_still_alive(Modification& m, std::int64_t rid, std::uint64_t commands, std::string_view verb);

// constraints.cc
/// NOT NULL and CHECK. Throws 23502, 23514.
void check_row_constraints(Backend& backend, const Relation& relation, const Row& row, const Snapshot& snapshot);
/// What to do about a key that another open transaction has written: wait as for a stored row that
/// goes into the index, wait as ON CONFLICT does before it stores one, or report it.
enum class Undecided : std::uint8_t { kWaitInserted, kWaitProposed, kReport };
/// A unique index that the new row violates now, or nullptr. `self`: the row's own rid.
struct UniqueConflict {
    const Index* index = nullptr;
    RowVersion existing;
};
std::optional<UniqueConflict> find_conflict(Backend& backend, const Relation& relation, const Index& index, const Row& row,
                                            std::int64_t self, const Snapshot& snapshot, Undecided undecided);
/// Another session's open transaction has written or deleted the version.
bool is_undecided(Backend& backend, const RowVersion& version);
[[noreturn]] void throw_duplicate(Backend& backend, const Relation& relation, const Index& index, const Row& row);
/// Checks all unique indexes after the row was stored; deferrable ones are queued if they conflict.
/// `replaced`: the version that an UPDATE replaces, whose keys need no check where they stay.
void check_unique(Modification& m, const RowVersion& stored, const RowVersion* replaced = nullptr);
/// ExecInitStoredGenerated: what folds in generated columns may fail before there is a row. Of an
/// UPDATE without BEFORE triggers, those over the columns that it sets.
void ready_generated(Backend& backend, const Relation& relation, const std::vector<TargetEntry>* updated);
/// WITH CHECK OPTION of the views that the row was written through. Throws 44000.
void check_view_options(Modification& m, const Row& row);
void compute_generated(Backend& backend, const Relation& relation, Row& row, const Snapshot& snapshot);
/// The columns of an index for a row; nullopt if its predicate excludes the row.
/// A value that may be too long for an index: nearly no row has one.
bool has_long_value(const Row& row);
/// The bytes of a row's entry; 0: the row is not in the index, or it is no btree. Throws 54000 for more than 8191.
int entry_size(Backend& backend, const Relation& relation, const Index& index, const Row& row, const Snapshot& snapshot);
/// Throws 54000: a btree page holds three entries at least (_bt_check_third_page).
void check_third_page(const Relation& relation, const Index& index, int size, std::int64_t rid);
std::optional<Row> index_values(Backend& backend, const Relation& relation, const Index& index, const Row& row, const Snapshot& snapshot);
/// "(1, null, abc)": the row in DETAIL of 23502 and 23514.
std::string describe_row(Backend& backend, const Relation& relation, const Row& row);
/// "(id, name)=(1, x)": key columns in DETAIL.
std::string describe_key(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& row);

// triggers.cc
/// Fires BEFORE STATEMENT triggers; makes transition tables if someone wants them.
void begin_statement_triggers(Modification& m, int operation);
/// Queues AFTER STATEMENT triggers.
void end_statement_triggers(Modification& m, int operation);
/// BEFORE ROW triggers on `new_row` (none for a DELETE, which answers with an empty row). nullopt:
/// skipped. `assigned` is updated.
std::optional<Row> fire_before_row(Modification& m, int operation, const Row* old_row, std::optional<Row> new_row,
                                   std::vector<bool>* assigned);
/// The INSTEAD OF triggers of a view. nullopt: one of them has answered NULL, nothing was done.
std::optional<Row> fire_instead(Modification& m, int operation, const Row* old_row, std::optional<Row> new_row);
/// Queues AFTER ROW triggers and foreign key work for one row.
void queue_after_row(Modification& m, int operation, std::shared_ptr<const RowVersion> before,
                     std::shared_ptr<const RowVersion> after);
void fire_event(Backend& backend, TriggerEvent& event);
bool has_before_row_trigger(Backend& backend, const Relation& relation, int operation);

// foreign_keys.cc
/// The child's check and the parent's actions.
void check_foreign_key(Backend& backend, const TriggerEvent& event);
void run_foreign_key_action(Backend& backend, const TriggerEvent& event);
/// ALTER TABLE ADD FOREIGN KEY: all rows of the table. Throws 23503.
void validate_foreign_key(Backend& backend, const RelationPtr& relation, const Constraint& constraint);
/// Equal for the key's operator, or (`by_image`) of the same bytes: 1.0 and 1.00 are equal only.
bool same_columns(Backend& backend, const Relation& relation, const std::vector<int>& columns, const Row& a, const Row& b, bool by_image);

// exec_query.cc
void insert_version(Modification& m, Row row, const std::shared_ptr<const RowVersion>& replaces, std::vector<bool> assigned,
                    const std::shared_ptr<RowVersion>& stored);
void kill_version(Modification& m, const RowVersion& version);
/// kill_version, and the DELETE in the log.
void delete_version(Modification& m, const std::shared_ptr<const RowVersion>& version);
void emit_returning(Modification& m, const Row* row, const RowVersion& version, std::span<const EvalRow> other_rows);
/// Throws 55000 "cannot update table ... because it does not have a replica identity and publishes updates".
void check_replica_identity(Backend& backend, const Relation& relation, int operation);
/// Old key for the WAL: 'K', 'O' or 0.
char old_tuple_kind(const Relation& relation, const Row& before, const Row* after);
bool is_logged(Backend& backend, const Relation& relation);
std::optional<std::vector<RelationPtr>> partition_leaves(Backend& backend, const Relation& relation);

}  // namespace cdcsim::pg
