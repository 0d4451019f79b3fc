// LOCK TABLE, and the locks that DDL takes on tables, in one table of statements. Mirrors lockcmds.c
// and what each command of PostgreSQL does first. A statement that is not in the table and changes a
// relation while others are at work takes ACCESS EXCLUSIVE, or is refused if that is not free.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {
namespace {

std::string mode_text(const Relation& relation) { return fmt::format("table \"{}\"", relation.name); }

LockTag tag_of(const Relation& relation) { return {LockTag::Kind::kRelation, relation.oid, 0, 0}; }

/// A name may mean another table after waiting for the first one.
void lock_named(Backend& backend, LockMode mode, const std::function<RelationPtr()>& find) {
    for (RelationPtr relation = find(); relation && relation->virtual_rows == nullptr;) {
        if (!backend.lock(tag_of(*relation), mode, mode_text(*relation))) return;
        RelationPtr again = find();
        if (again && again->oid == relation->oid) return;
        relation = again;
    }
}

void lock_range_var(Backend& backend, const Node& range_var, LockMode mode) {
    if (!range_var) return;
    lock_named(backend, mode, [&] { return find_relation(range_var, backend); });
}

RelationPtr find_by_names(Backend& backend, const std::vector<std::string>& names) {
    if (names.size() > 1) {
        const Schema* schema = backend.catalog().find_schema(names[names.size() - 2]);
        return schema == nullptr ? nullptr : backend.catalog().find_relation(schema->oid, names.back());
    }
    for (Oid schema : backend.search_path()) {
        if (RelationPtr found = backend.catalog().find_relation(schema, names.back())) return found;
    }
    return nullptr;
}

void lock_foreign_tables(Backend& backend, const Node& constraint) {
    if (constraint.text("contype") == "CONSTR_FOREIGN") lock_range_var(backend, constraint["pktable"], LockMode::kShareRowExclusive);
}

/// AlterTableGetLockLevel.
LockMode alteration_mode(const Node& step) {
    std::string_view type = step.text("subtype");
    constexpr std::string_view kUpdating[] = {"AT_SetStatistics", "AT_SetOptions", "AT_ResetOptions", "AT_ClusterOn", "AT_DropCluster", "AT_ValidateConstraint"};
    if (std::ranges::find(kUpdating, type) != std::end(kUpdating)) return LockMode::kShareUpdateExclusive;
    if (type.starts_with("AT_EnableTrig") || type.starts_with("AT_DisableTrig") || type == "AT_EnableReplicaTrig" || type == "AT_EnableAlwaysTrig") {
        return LockMode::kShareRowExclusive;
    }
    if (type == "AT_AddConstraint" && step["def"].text("contype") == "CONSTR_FOREIGN") return LockMode::kShareRowExclusive;
    return LockMode::kAccessExclusive;
}

void lock_alter_table(Backend& backend, const Node& node) {
    LockMode mode = LockMode::kShareUpdateExclusive;
    for (const Node& step : node.items("cmds")) mode = std::max(mode, alteration_mode(step));
    lock_range_var(backend, node["relation"], mode);
    for (const Node& step : node.items("cmds")) lock_foreign_tables(backend, step["def"]);
}

void lock_create_table(Backend& backend, const Node& node) {
    for (const Node& element : node.items("tableElts")) {
        lock_foreign_tables(backend, element);
        for (const Node& constraint : element.items("constraints")) lock_foreign_tables(backend, constraint);
    }
}

void lock_index(Backend& backend, const Node& node) {
    lock_range_var(backend, node["relation"], node.flag("concurrent") ? LockMode::kShareUpdateExclusive : LockMode::kShare);
}

void lock_trigger(Backend& backend, const Node& node) { lock_range_var(backend, node["relation"], LockMode::kShareRowExclusive); }
void lock_relation_fully(Backend& backend, const Node& node) { lock_range_var(backend, node["relation"], LockMode::kAccessExclusive); }
void lock_sequence(Backend& backend, const Node& node) { lock_range_var(backend, node["sequence"], LockMode::kShareRowExclusive); }
void lock_view(Backend& backend, const Node& node) { lock_range_var(backend, node["view"], LockMode::kAccessExclusive); }

void lock_truncate(Backend& backend, const Node& node) {
    for (const Node& range_var : node.items("relations")) lock_range_var(backend, range_var, LockMode::kAccessExclusive);
}

void lock_publication(Backend& backend, const Node& node) {
    for (const Node& object : node.items("pubobjects")) lock_range_var(backend, object["pubtable"]["relation"], LockMode::kShareUpdateExclusive);
}

void lock_vacuum(Backend& backend, const Node& node) {
    for (const Node& one : node.items("rels")) lock_range_var(backend, one["relation"], LockMode::kShareUpdateExclusive);
}

void lock_drop(Backend& backend, const Node& node) {
    std::string_view type = node.text("removeType");
    bool is_trigger = type == "OBJECT_TRIGGER", is_index = type == "OBJECT_INDEX";
    bool is_relation = type == "OBJECT_TABLE" || type == "OBJECT_VIEW" || type == "OBJECT_SEQUENCE";
    if (!is_trigger && !is_index && !is_relation) return;
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        if (is_trigger) names.pop_back();
        if (names.empty()) continue;
        auto find = [&]() -> RelationPtr {
            if (!is_index) return find_by_names(backend, names);
            for (Oid schema : backend.search_path()) {
                if (auto [table, index] = backend.catalog().find_index(schema, names.back()); index != nullptr) return table;
            }
            return nullptr;
        };
        lock_named(backend, LockMode::kAccessExclusive, find);
        RelationPtr relation = find();
        if (!relation || !is_relation) continue;
        // The triggers of foreign keys go from the tables on both sides.
        for (const Constraint& constraint : relation->constraints) {
            if (constraint.kind != ConstraintKind::kForeign) continue;
            lock_named(backend, LockMode::kAccessExclusive, [&] { return backend.catalog().find_relation(constraint.referenced); });
        }
    }
}

struct LockRow {
    std::string_view tag;
    void (*lock)(Backend&, const Node&);
};
constexpr LockRow kStatements[] = {
    {"AlterObjectSchemaStmt", lock_relation_fully}, {"AlterPublicationStmt", lock_publication}, {"AlterSeqStmt", lock_sequence},
    {"AlterTableStmt", lock_alter_table}, {"CreatePublicationStmt", lock_publication}, {"CreateStmt", lock_create_table},
    {"CreateTrigStmt", lock_trigger}, {"DropStmt", lock_drop}, {"IndexStmt", lock_index}, {"RenameStmt", lock_relation_fully},
    {"TruncateStmt", lock_truncate}, {"VacuumStmt", lock_vacuum}, {"ViewStmt", lock_view},
};
static_assert(std::ranges::is_sorted(kStatements, {}, &LockRow::tag));

}  // namespace

void lock_named_tables(Backend& backend, const Node& node) {
    auto row = std::ranges::lower_bound(kStatements, node.tag(), {}, &LockRow::tag);
    if (row != std::end(kStatements) && row->tag == node.tag()) row->lock(backend, node);
}

/// What lock_named_tables() has not foreseen must not change a table under others' feet.
void Backend::check_table_locks(const Catalog& changed) {
    const Catalog& before = catalog();
    for (const auto& [oid, relation] : before.relations()) {
        if (relation->virtual_rows != nullptr || changed.find_relation(oid) == relation || !server_->catalog->find_relation(oid)) continue;
        bool locked = std::ranges::any_of(transaction_.locks, [&, number = oid](const HeldLock& held) {
            return held.tag.kind == LockTag::Kind::kRelation && held.tag.relation == number && held.mode >= LockMode::kShareUpdateExclusive;
        });
        if (locked) continue;
        LockTag tag = tag_of(*relation);
        if (!server_->locks.try_acquire(*this, tag, LockMode::kAccessExclusive)) {
            throw NotSimulated(fmt::format("this statement's wait for the lock of table \"{}\"", relation->name));
        }
        transaction_.locks.push_back({tag, LockMode::kAccessExclusive});
    }
    for (const auto& [oid, relation] : changed.relations()) {
        if (before.find_relation(oid) != nullptr) continue;
        for (Backend* other : server_->backends) {
            if (other == this || !other->transaction_.catalog) continue;
            RelationPtr rival = other->transaction_.catalog->find_relation(relation->schema, relation->name);
            if (rival && !server_->catalog->find_relation(rival->oid)) throw NotSimulated("two sessions that create a relation of the same name");
        }
    }
}

ExecResult exec_lock(Backend& backend, const Command& statement, const RowSink&) {
    if (!backend.transaction().block && !backend.transaction().implicit_block && statement.top_level) {
        throw SqlError("25P01", "LOCK TABLE can only be used in transaction blocks");
    }
    auto mode = static_cast<LockMode>(statement.node.integer("mode"));
    bool nowait = statement.node.flag("nowait");
    for (const Node& range_var : statement.node.items("relations")) {
        RelationPtr relation = open_relation(backend, range_var);
        if (!backend.keeps_locks()) continue;
        if (relation->kind == 'v') throw NotSimulated("LOCK TABLE of a view");
        if (nowait) {
            LockTag tag = tag_of(*relation);
            if (!backend.server().locks.try_acquire(backend, tag, mode)) {
                throw SqlError("55P03", fmt::format("could not obtain lock on relation \"{}\"", relation->name));
            }
            backend.transaction().locks.push_back({tag, mode});
            continue;
        }
        lock_named(backend, mode, [&] { return find_relation(range_var, backend); });
        if (!find_relation(range_var, backend)) open_relation(backend, range_var);
        for (const RelationPtr& child : backend.scanned_relations(*open_relation(backend, range_var), !range_var.flag("inh"))) {
            if (child->oid != relation->oid) backend.lock(tag_of(*child), mode, mode_text(*child));
        }
    }
    return tag_only("LOCK TABLE");
}

}  // namespace cdcsim::pg
