// Running a bound query: SELECT through its plan, INSERT/UPDATE/DELETE row by row.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/decoding/pgoutput.h"
#include "sim/postgres/executor/cte.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/portal.h"
#include "sim/postgres/executor/stored_values.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

RowType output_row(const std::vector<TargetEntry>& targets) {
    RowType row;
    for (const TargetEntry& target : targets) {
        if (!target.junk) row.push_back({target.name, target.expr->type, target.expr->typmod, false});
    }
    return row;
}

/// The columns of an INSERT ... SELECT that is merged into the INSERT, with their casts to the table's types.
ExprPtr with_selected(const ExprPtr& cast, const std::vector<ExprPtr>& selected) {
    if (cast->kind == ExprKind::kVar) return selected.at(static_cast<std::size_t>(as<VarExpr>(*cast).attno - 1));
    return map_children(cast, [&](const ExprPtr& child) { return with_selected(child, selected); });
}

/// SELECT of expressions alone.
bool is_one_row(const Query& query) {
    return query.range_table.empty() && !query.where && !query.has_aggregates && !query.has_windows && !query.has_target_srfs && !query.limit &&
           !query.offset && !query.distinct && !query.set_operations && !query.having;
}

bool may_fail(const Column& column) {
    return column.default_expr && !column.default_expr->folded && !column.generated && !column.dropped && column.default_expr->expr->kind != ExprKind::kConst;
}

/// The target list of an INSERT, in the order of the table's columns: what is given, and the defaults
/// that the planner puts in (of several rows of VALUES only the latter).
void fold_inserted(Backend& backend, const Query& query) {
    std::vector<ExprPtr> given;
    if (query.insert_select && (is_pulled_up(*query.insert_select) || is_one_row(*query.insert_select))) {
        std::vector<ExprPtr> selected;
        for (const TargetEntry& entry : query.insert_select->targets) {
            if (!entry.junk) selected.push_back(entry.expr);
        }
        for (const ExprPtr& cast : query.insert_select_coercions) given.push_back(with_selected(cast, selected));
    } else if (query.values.size() == 1) {
        given = query.values[0];
    }
    const Relation& relation = *query.range_table[static_cast<std::size_t>(query.result_relation - 1)].relation;
    // Without this, what is given is folded when the row is made.
    if (!query.insert_select && !query.has_returning && !query.on_conflict && std::ranges::none_of(relation.columns, may_fail)) return;
    for (const Column& column : relation.columns) {
        const auto place = std::ranges::find(query.insert_columns, column.attno);
        const bool is_named = place != query.insert_columns.end();
        const ExprPtr value = is_named && !given.empty() ? given[static_cast<std::size_t>(place - query.insert_columns.begin())] : nullptr;
        if (value && value->kind != ExprKind::kDefault) {
            if (value->kind != ExprKind::kVar && value->kind != ExprKind::kConst) fold_constants(value, backend);
        } else if ((value || !is_named) && may_fail(column)) {
            fold_constants(column.default_expr->expr, backend);
        }
    }
}

/// What the planner would find in the parts that run row by row: the target list comes first.
void fold_parts(Backend& backend, const Query& query) {
    const auto fold = [&](const ExprPtr& expr) {
        if (expr && expr->kind != ExprKind::kVar && expr->kind != ExprKind::kConst && expr->kind != ExprKind::kDefault) fold_constants(expr, backend);
    };
    if (query.command == CommandKind::kInsert) fold_inserted(backend, query);
    const Relation& relation = *query.range_table[static_cast<std::size_t>(query.result_relation - 1)].relation;
    const auto fold_assigned = [&](const std::vector<TargetEntry>& targets) {
        std::vector<const TargetEntry*> entries;
        for (const TargetEntry& entry : targets) entries.push_back(&entry);
        std::ranges::stable_sort(entries, {}, &TargetEntry::resno);  // rewriteTargetListIU
        for (const TargetEntry* target : entries) {
            const TargetEntry& entry = *target;
            const Column& column = relation.columns[static_cast<std::size_t>(entry.resno - 1)];
            if (entry.expr->kind == ExprKind::kDefault && column.default_expr && !column.generated) ready_to_run(*column.default_expr, backend);
            fold(entry.expr);
        }
    };
    if (query.command == CommandKind::kUpdate) {
        const bool asks_default = std::ranges::any_of(query.targets, [](const TargetEntry& entry) { return entry.expr->kind == ExprKind::kDefault; });
        if (query.has_returning || asks_default) fold_assigned(query.targets);
    }
    for (const TargetEntry& entry : query.returning) fold(entry.expr);
    if (!query.on_conflict) return;
    fold_assigned(query.on_conflict->set);
    fold(query.on_conflict->where);
}

/// The planner does with a data-modifying WITH query what it does with the statement, and does it first.
void fold_modifying_ctes(Backend& backend, const Query& query) {
    for (const CommonTableExpr& cte : query.ctes) {
        const Query& below = *cte.query;
        if (below.command != CommandKind::kInsert && below.command != CommandKind::kUpdate && below.command != CommandKind::kDelete) continue;
        for (const TargetEntry& entry : below.targets) {
            if (entry.expr->kind != ExprKind::kDefault) fold_constants(entry.expr, backend);
        }
        fold_parts(backend, below);
        if (below.where) fold_constants(below.where, backend);
    }
}

std::shared_ptr<const SelectPlan> plan_query(const std::shared_ptr<const Query>& query, Backend& backend) {
    fold_modifying_ctes(backend, *query);
    std::shared_ptr<const SelectPlan> plan = plan_select(query, backend);
    estimate_conditions(*query, backend);
    return plan;
}

/// Estimating comes after folding: where it fails, an error in the target list is found before it.
void estimate(Backend& backend, const Query& query) {
    try {
        estimate_conditions(query.insert_select ? *query.insert_select : query, backend);
    } catch (const SqlError&) {
        for (const TargetEntry& entry : query.targets) {
            if (entry.expr->kind != ExprKind::kDefault) fold_constants(entry.expr, backend);
        }
        throw;
    }
}

struct ModifyingCommand {
    CommandKind kind;
    std::string_view name;
    std::string_view tag;   ///< before the count
    void (*run)(Modification&);
};
constexpr ModifyingCommand kModifyingCommands[] = {
    {CommandKind::kInsert, "INSERT", "INSERT 0 ", exec_insert},
    {CommandKind::kUpdate, "UPDATE", "UPDATE ", exec_update},
    {CommandKind::kDelete, "DELETE", "DELETE ", exec_delete},
    {CommandKind::kMerge, "MERGE", "MERGE ", exec_merge},
};

const ModifyingCommand& modifying_command(CommandKind kind) {
    const auto* found = std::ranges::find(kModifyingCommands, kind, &ModifyingCommand::kind);
    CDCSIM_CHECK(found != std::end(kModifyingCommands));
    return *found;
}

/// WHERE CURRENT OF as a condition on the row's place.
Query at_cursor(Backend& backend, const Query& query, ParamSource* params, const Snapshot& snapshot) {
    EvalContext context{.host = backend, .snapshot = snapshot, .params = params};
    const Datum name = query.current_of->param ? evaluate(*query.current_of->param, context) : Datum::of_text(query.current_of->name);
    if (name.is_null()) throw NotSimulated("WHERE CURRENT OF a cursor variable that is NULL");
    const std::optional<std::int64_t> row = current_row(backend, name.as_text(), *query.range_table[static_cast<std::size_t>(query.result_relation - 1)].relation);
    auto ctid = std::make_shared<VarExpr>();
    ctid->rt_index = query.result_relation;
    ctid->attno = -1;
    ctid->type = oid::kTid;
    auto place = std::make_shared<ConstExpr>();
    place->type = oid::kTid;
    if (row) place->value = Datum::of_int(*row);
    constexpr Oid kTidEqual = 402, kTidEqualFunction = 1292;
    auto equal = std::make_shared<FuncExpr>();
    equal->op = kTidEqual;
    equal->function = kTidEqualFunction;
    equal->form = FuncForm::kOperator;
    equal->args = {ctid, place};
    equal->arg_types = {oid::kTid, oid::kTid};
    equal->type = oid::kBool;
    equal->strict = true;
    equal->scalar = find_scalar_function(kTidEqualFunction);
    Query positioned = query;
    positioned.where = std::move(equal);
    positioned.current_of.reset();
    return positioned;
}

ExecResult run_modification(Backend& backend, const Query& query, const std::shared_ptr<const ModifyPlan>& plan, ParamSource* params,
                            const Snapshot& snapshot, const EvalContext* outer, const RowSink& sink) {
    if (query.current_of) return run_modification(backend, at_cursor(backend, query, params, snapshot), nullptr, params, snapshot, outer, sink);
    Modification m{backend, query, query.range_table[static_cast<std::size_t>(query.result_relation - 1)].relation, params, snapshot, 0, 0, nullptr, nullptr, nullptr, nullptr, plan};
    EvalContext level{.host = backend, .snapshot = m.snapshot, .params = params, .outer = outer};
    m.level = &level;
    std::optional<CteScope> ctes;
    if (!query.ctes.empty()) ctes.emplace(query, level);
    m.command = backend.begin_command();
    CteScope* statement = outer != nullptr && outer->ctes != nullptr ? outer->ctes : level.ctes;
    if (statement != nullptr) {
        statement->commands.push_back(m.command);
        m.statement_commands = &statement->commands;
    }
    const ModifyingCommand& command = modifying_command(query.command);
    if (backend.transaction().read_only && m.relation->persistence != 't') {
        throw SqlError("25006", fmt::format("cannot execute {} in a read-only transaction", command.name));
    }
    fold_parts(backend, query);
    if (query.command != CommandKind::kMerge) estimate(backend, query);
    if (query.has_returning) m.returning = &sink;
    ExecResult result;
    result.returns_rows = query.has_returning;
    result.columns = output_row(query.returning);
    command.run(m);
    result.tag = std::string(command.tag) + std::to_string(m.processed);
    result.command = command.name;
    if (ctes) ctes->finish();
    result.processed = m.processed;
    return result;
}

/// SELECT INTO; of a UNION the leftmost SELECT has it.
bool selects_into(const Node& select) { return select.has("intoClause") || (select.has("larg") && selects_into(select["larg"])); }

/// Fills in the sizes that the plan of `query` goes by. False: it reads more than stored tables.
bool note_sizes(const Query& query, Host& host, StatementPlan& plan) {
    bool plain = query.ctes.empty() && !query.set_operations && query.range_table.size() <= 1;
    for_each_expression(query, [&](const ExprPtr& expr) { plain = plain && !(expr && contains_sublink(expr)); },
                        [&](const Query&) { plain = false; });
    for (const RangeTableEntry& rte : query.range_table) {
        if (!plain || rte.kind != RteKind::kRelation || rte.relation->virtual_rows != nullptr || rte.relation->kind != 'r') return false;
        if (host.scanned_relations(*rte.relation, false).size() != 1) return false;
        plan.sizes.push_back({rte.relation->file_node, host.database().page_count(rte.relation->file_node)});
    }
    return plain;
}

}  // namespace

bool is_plannable(const Node& node) {
    if (node.is("SelectStmt")) return !selects_into(node);
    return node.is("InsertStmt") || node.is("UpdateStmt") || node.is("DeleteStmt") || node.is("MergeStmt");
}

bool StatementPlan::is_current(Database& database) const {
    return is_kept && std::ranges::all_of(sizes, [&](const TablePages& table) { return database.page_count(table.file_node) == table.pages; });
}

StatementPlan plan_statement(const std::shared_ptr<const Query>& query, Backend& backend) {
    StatementPlan plan;
    if (query->command == CommandKind::kMerge) return plan;
    // The rows of VALUES need no plan, nor is there a size that it would go by.
    if (query->command == CommandKind::kInsert && !query->insert_select) {
        plan.is_kept = true;
        return plan;
    }
    plan.is_kept = note_sizes(query->insert_select ? *query->insert_select : *query, backend, plan);
    if (query->command == CommandKind::kSelect) {
        plan.select = plan_query(query, backend);
    } else if (query->insert_select) {
        auto rows = std::make_shared<ModifyPlan>();
        rows->rows = plan_select(query->insert_select, backend);
        plan.modify = std::move(rows);
    } else {
        plan.modify = plan_target_rows(*query, backend);
    }
    return plan;
}

ExecResult Backend::run(const Command& statement, const RowSink& sink) {
    transaction_.queried = transaction_.queried || statement.query || takes_snapshot(statement.node);
    if (statement.query || is_plannable(statement.node)) {
        std::shared_ptr<const Query> query = statement.query;
        if (!query) query = bind_query(statement.node, bind_options(statement.hook));
        return run_query(query, statement.plan, statement.params, sink);
    }
    UtilityFunction utility = find_utility(statement.node.tag());
    if (utility == nullptr) throw NotSimulated(statement_name(statement.node));
    if (transaction_.read_only) refuse_writing_utility(statement.node);
    if (keeps_locks()) lock_named_tables(*this, statement.node);
    return utility(*this, statement, sink);
}

ExecResult Backend::run_query(const std::shared_ptr<const Query>& query, const StatementPlan& plan,
                              ParamSource* params, const RowSink& sink) {
    check_query_rights(*this, *query);
    running_queries.push_back(query);
    if (query->command != CommandKind::kSelect) return run_modification(*this, *query, plan.modify, params, take_snapshot(), nullptr, sink);
    std::shared_ptr<const SelectPlan> ready = plan.select ? plan.select : plan_query(query, *this);
    Snapshot snapshot = take_snapshot();
    ExecResult result;
    result.returns_rows = true;
    result.columns = output_row(query->targets);
    result.order_unspecified = query->order_unspecified;
    result.command = "SELECT";
    ready->run(*this, snapshot, params, nullptr, [&](std::span<const Datum> row) {
        ++result.processed;
        return sink(row);
    });
    return result;
}

void Backend::run_modifying(const Query& query, ParamSource* params, const Snapshot& snapshot, const EvalContext* outer, const RowSink& emit) {
    run_modification(*this, query, nullptr, params, snapshot, outer, emit);
}

FoundRows find_rows(const std::function<void(const RowSink&)>& run) {
    FoundRows found;
    try {
        run([&](std::span<const Datum> row) {
            found.rows.emplace_back(row.begin(), row.end());
            return true;
        });
    } catch (const SqlError& error) {
        if (error.is_not_simulated()) throw;
        found.error = std::current_exception();
    }
    found.count = found.rows.size();
    return found;
}

FoundRows work_on_rows(bool in_turns, const std::function<void(const RowSink&)>& run, const std::function<void(const Row&)>& work) {
    if (!in_turns) {
        FoundRows found = find_rows(run);
        for (const Row& row : found.rows) work(row);
        return found;
    }
    FoundRows found;
    bool working = false;
    try {
        run([&](std::span<const Datum> row) {
            working = true;
            work(Row(row.begin(), row.end()));
            working = false;
            ++found.count;
            return true;
        });
    } catch (const SqlError& error) {
        if (working || error.is_not_simulated()) throw;
        found.error = std::current_exception();
    }
    return found;
}

// Writing.

bool is_logged(Backend&, const Relation& relation) { return relation.persistence == 'p' && relation.kind != 'S'; }

char old_tuple_kind(const Relation& relation, const Row& before, const Row* after) {
    if (relation.replica_identity == 'f') return 'O';
    std::vector<int> identity = replica_identity_columns(relation);
    if (identity.empty()) return 0;
    if (after == nullptr) return 'K';
    bool changed = std::ranges::any_of(identity, [&](int attno) {
        auto i = static_cast<std::size_t>(attno - 1);
        return !before[i].identical((*after)[i]);
    });
    return changed ? 'K' : 0;
}

namespace {

bool uses_other_columns(const Expr& filter, const std::vector<int>& identity) {
    return any_expression(std::shared_ptr<const Expr>(&filter, [](const Expr*) {}), [&](const Expr& e) {
        return e.kind == ExprKind::kVar && std::ranges::find(identity, as<VarExpr>(e).attno) == identity.end();
    });
}

/// A row filter or column list that the replica identity does not fit. Mirrors CheckCmdReplicaIdentity.
void check_published_columns(Backend& backend, const Relation& relation, bool update) {
    std::vector<int> identity = replica_identity_columns(relation);
    bool bad_filter = false, bad_columns = false;
    for (const auto& [oid, publication] : backend.catalog().publications()) {
        if (publication.all_tables || (update ? !publication.update : !publication.delete_)) continue;
        auto table = std::ranges::find(publication.tables, relation.oid, &PublicationTable::relation);
        if (table == publication.tables.end()) continue;
        if (table->where && relation.replica_identity != 'f' && uses_other_columns(*table->where->expr, identity)) bad_filter = true;
        if (table->columns.empty()) continue;
        auto missing = [&](int attno) { return std::ranges::find(table->columns, attno) == table->columns.end(); };
        if (relation.replica_identity == 'f' || std::ranges::any_of(identity, missing)) bad_columns = true;
    }
    if (!bad_filter && !bad_columns) return;
    throw SqlError("42P10", fmt::format("cannot {} table \"{}\"", update ? "update" : "delete from", relation.name))
        .detail(bad_filter ? "Column used in the publication WHERE expression is not part of the replica identity."
                           : "Column list used by the publication does not cover the replica identity.");
}

}  // namespace

void check_replica_identity(Backend& backend, const Relation& relation, int operation) {
    if (relation.persistence == 'p') check_published_columns(backend, relation, operation == TriggerType::kUpdate);
    if (relation.persistence != 'p' || relation.replica_identity == 'f') return;
    if (!replica_identity_columns(relation).empty()) return;
    bool update = operation == TriggerType::kUpdate;
    for (const auto& [oid, publication] : backend.catalog().publications()) {
        if (update ? !publication.update : !publication.delete_) continue;
        bool published = publication.all_tables ||
                         std::ranges::find(publication.schemas, relation.schema) != publication.schemas.end() ||
                         std::ranges::any_of(publication.tables, [&](const PublicationTable& t) { return t.relation == relation.oid; });
        if (!published) continue;
        throw SqlError("55000", fmt::format("cannot {} table \"{}\" because it does not have a replica identity and publishes {}",
                                            update ? "update" : "delete from", relation.name, update ? "updates" : "deletes"))
            .hint(fmt::format("To enable {} the table, set REPLICA IDENTITY using ALTER TABLE.", update ? "updating" : "deleting from"));
    }
}

void insert_version(Modification& m, Row row, const std::shared_ptr<const RowVersion>& replaces, std::vector<bool> assigned,
                    const std::shared_ptr<RowVersion>& target) {
    RowVersion& stored = *target;
    Transaction& transaction = m.backend.transaction();
    NewVersion version;
    version.columns = row;
    version.born = m.command;
    version.xmin = m.backend.write_xid();
    version.replaces = replaces.get();
    version.assigned = std::move(assigned);
    stored = m.backend.database().insert(m.backend, *m.relation, version);
    transaction.undo.push_back({UndoKind::kInsert, m.relation->file_node, stored.rid, replaces != nullptr, false});
    if (replaces != nullptr && m.backend.keeps_locks()) inherit_row_locks(m.backend, *m.relation, replaces->rid, stored.rid);
    stored.columns = std::move(row);
    if (!is_logged(m.backend, *m.relation)) return;
    // An UPDATE that leaves its page, and whatever toasts, logs something before the row.
    auto has_external = [](const RowVersion& v) { return std::ranges::find(v.external, true) != v.external.end(); };
    const bool moves = replaces != nullptr && ((replaces->rid >> 16) != (stored.rid >> 16) || has_external(*replaces));
    if (moves || has_external(stored)) m.backend.log_hidden();
    Change change;
    change.kind = replaces ? ChangeKind::kUpdate : ChangeKind::kInsert;
    change.relation = m.relation;
    change.after = StoredRow(target, &target->columns);
    if (replaces != nullptr) {
        change.before_kind = old_tuple_kind(*m.relation, replaces->columns, &stored.columns);
        if (change.before_kind != 0) change.before = StoredRow(replaces, &replaces->columns);
        change.unchanged.resize(stored.external.size());
        for (std::size_t i = 0; i < stored.external.size(); ++i) {
            bool was_external = i < replaces->external.size() && replaces->external[i];
            bool was_assigned = i < version.assigned.size() && version.assigned[i];
            change.unchanged[i] = stored.external[i] && was_external && !was_assigned;
            const bool equal = stored.external[i] && was_external && was_assigned && stored.columns[i].identical(replaces->columns[i]);
            if (equal && m.relation->replica_identity != 'f' && may_be_stored_value(m, static_cast<int>(i) + 1)) {
                throw NotSimulated("whether an UPDATE keeps a value out of line or stores an equal one");
            }
        }
    }
    m.backend.add_change(std::move(change));
}

namespace {

/// A scan prunes each page once, when it comes to it; a join or ON CONFLICT looks the row up anew.
void come_to_page(Modification& m, std::int64_t block) {
    const bool scans = m.query.range_table.size() == 1 && m.query.command != CommandKind::kInsert;
    if (!scans || m.block != block) m.backend.database().prune_block(m.relation->file_node, static_cast<std::uint32_t>(block));
    m.block = block;
}

}  // namespace

void kill_version(Modification& m, const RowVersion& version) {
    come_to_page(m, version.rid >> 16);
    m.backend.database().kill(m.relation->file_node, version.rid, m.command, m.backend.write_xid());
    m.backend.transaction().undo.push_back({UndoKind::kKill, m.relation->file_node, version.rid, false, true});
}

void delete_version(Modification& m, const std::shared_ptr<const RowVersion>& target) {
    const RowVersion& version = *target;
    kill_version(m, version);
    if (!is_logged(m.backend, *m.relation)) return;
    Change change;
    change.kind = ChangeKind::kDelete;
    change.relation = m.relation;
    change.before_kind = old_tuple_kind(*m.relation, version.columns, nullptr);
    if (change.before_kind != 0) change.before = StoredRow(target, &version.columns);
    m.backend.add_change(std::move(change));
}

void emit_returning(Modification& m, const Row* row, const RowVersion& version, std::span<const EvalRow> other_rows) {
    if (m.returning == nullptr) return;
    std::vector<EvalRow> rows(m.query.range_table.size());
    std::copy(other_rows.begin(), other_rows.end(), rows.begin());
    EvalRow& target = rows[static_cast<std::size_t>(m.query.result_relation - 1)];
    target.columns = *row;
    target.rid = version.rid;
    target.table = m.relation->oid;
    target.xmin = version.xmin;
    if (m.query.command == CommandKind::kInsert) target.xmax = version.xmax;
    if (m.query.command == CommandKind::kDelete) target.xmax = m.backend.write_xid();
    target.is_null_extended = false;
    EvalContext context = m.context(rows);
    std::vector<Datum> values;
    for (const TargetEntry& entry : m.query.returning) {
        if (!entry.junk) values.push_back(evaluate(*entry.expr, context));
    }
    (*m.returning)(values);
}

}  // namespace cdcsim::pg
