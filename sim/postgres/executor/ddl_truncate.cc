// TRUNCATE. Mirrors tablecmds.c's ExecuteTruncate.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/modify.h"

namespace cdcsim::pg {
namespace {

bool contains_oid(const std::vector<RelationPtr>& relations, Oid oid) { return std::ranges::find(relations, oid, [](const RelationPtr& r) { return r->oid; }) != relations.end(); }

/// Adds, breadth first, the tables that refer to those in the list.
void add_referencing(Backend& backend, std::vector<RelationPtr>& relations) {
    for (std::size_t i = 0; i < relations.size(); ++i) {
        for (const auto& [oid, child] : backend.catalog().relations()) {
            if (contains_oid(relations, oid)) continue;
            bool refers = std::ranges::any_of(child->constraints, [&](const Constraint& c) { return c.kind == ConstraintKind::kForeign && c.referenced == relations[i]->oid; });
            if (!refers) continue;
            backend.notice("NOTICE", fmt::format("truncate cascades to table \"{}\"", child->name));
            relations.push_back(child);
        }
    }
}

void check_referenced(Backend& backend, const std::vector<RelationPtr>& relations) {
    for (const RelationPtr& relation : relations) {
        for (const auto& [oid, child] : backend.catalog().relations()) {
            if (contains_oid(relations, oid)) continue;
            bool refers = std::ranges::any_of(child->constraints, [&](const Constraint& c) { return c.kind == ConstraintKind::kForeign && c.referenced == relation->oid; });
            if (!refers) continue;
            throw SqlError("0A000", "cannot truncate a table referenced in a foreign key constraint")
                .detail(fmt::format("Table \"{}\" references \"{}\".", child->name, relation->name))
                .hint(fmt::format("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.", child->name));
        }
    }
}

void restart_sequences(Backend& backend, const Relation& relation) {
    for (const auto& [oid, sequence] : std::map<Oid, RelationPtr>(backend.catalog().relations())) {
        if (!sequence->sequence || sequence->sequence->owner_table != relation.oid) continue;
        auto changed = copy_relation(sequence);
        changed->file_node = backend.allocate_file_node();
        backend.server().sequences[changed->file_node] = {sequence->sequence->start, false};
        backend.update_relation(changed);
    }
}

}  // namespace

ExecResult truncate_tables(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    std::vector<RelationPtr> relations;
    for (const Node& range_var : node.items("relations")) {
        RelationPtr relation = open_relation(backend, range_var);
        if (relation->kind != 'r') throw SqlError("42809", fmt::format("\"{}\" is not a table", relation->name));
        if (relation->is_system()) {
            throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
        }
        require_relation_right(backend, *relation, right::kTruncate);
        if (!contains_oid(relations, relation->oid)) relations.push_back(relation);
    }
    if (cascade) {
        add_referencing(backend, relations);
    } else {
        check_referenced(backend, relations);
    }
    for (const RelationPtr& relation : relations) check_not_in_use(backend, *relation, "TRUNCATE");
    backend.write_xid();
    std::vector<std::unique_ptr<Query>> queries;
    std::vector<Modification> modifications;
    Snapshot snapshot = backend.take_snapshot();
    for (const RelationPtr& relation : relations) {
        queries.push_back(std::make_unique<Query>());
        modifications.push_back(Modification{backend, *queries.back(), relation, nullptr, snapshot, backend.begin_command(), 0, nullptr, nullptr, nullptr});
    }
    for (Modification& m : modifications) begin_statement_triggers(m, TriggerType::kTruncate);
    std::vector<RelationPtr> logged;
    for (const RelationPtr& relation : relations) {
        if (is_logged(backend, *relation)) logged.push_back(relation);
        // A new file: the rows come back if this is rolled back.
        auto changed = copy_relation(backend.catalog().find_relation(relation->oid));
        backend.transaction().dropped_files.push_back(changed->file_node);
        changed->file_node = backend.allocate_file_node();
        backend.database().create_table(*changed);
        backend.transaction().created_files.push_back(changed->file_node);
        for (Index& index : changed->indexes) {
            index.storage_oid = allocate_oid(backend);
            index.packed_until = 0;
            build_index(backend, *changed, index);
        }
        backend.update_relation(changed);
        if (node.flag("restart_seqs")) restart_sequences(backend, *changed);
    }
    if (!logged.empty()) {
        Change change;
        change.kind = ChangeKind::kTruncate;
        change.truncated = logged;
        change.relation = logged[0];
        change.cascade = cascade;
        change.restart_identity = node.flag("restart_seqs");
        backend.add_change(std::move(change));
    }
    for (Modification& m : modifications) end_statement_triggers(m, TriggerType::kTruncate);
    return tag_only("TRUNCATE TABLE");
}

}  // namespace cdcsim::pg
