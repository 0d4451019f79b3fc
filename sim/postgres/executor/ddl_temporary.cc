// Temporary objects: the session's pg_temp schema, and how it goes. Mirrors namespace.c's
// InitTempTableNamespace and tablecmds.c's PreCommit_on_commit_actions.
#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"

namespace cdcsim::pg {

Oid Backend::current_temp_schema() {
    // The schema goes if the transaction that made it rolls back.
    if (temp_schema_ != kInvalidOid && catalog().find_schema(temp_schema_) == nullptr) return kInvalidOid;
    return temp_schema_;
}

Oid Backend::temp_schema() {
    if (Oid existing = current_temp_schema()) return existing;
    require_database_right(*this, right::kTemporary);
    if (transaction_.read_only) throw SqlError("25006", "cannot execute CREATE TABLE in a read-only transaction");
    auto changed = copy_catalog();
    int number = 3;
    while (changed->find_schema(fmt::format("pg_temp_{}", number)) != nullptr) ++number;
    temp_schema_ = allocate_oid(*this);
    changed->put_schema({temp_schema_, fmt::format("pg_temp_{}", number), kBootstrapSuperuser});
    set_catalog(std::move(changed));
    return temp_schema_;
}

namespace {

/// All that is in the schema, without a word.
void empty_schema(Catalog& catalog, Oid schema, std::vector<std::uint32_t>& files) {
    std::string name = catalog.find_schema(schema)->name;
    for (const auto& [oid, relation] : std::map<Oid, RelationPtr>(catalog.relations())) {
        if (relation->schema != schema) continue;
        if (relation->kind == 'r') files.push_back(relation->file_node);
        catalog.drop_relation(oid);
    }
    for (const auto& [oid, type] : std::map<Oid, TypePtr>(catalog.types())) {
        if (type->schema == name) catalog.drop_type(oid);
    }
}

}  // namespace

void Backend::drop_temporary_objects() {
    Oid schema = current_temp_schema();
    if (schema == kInvalidOid) return;
    if (transaction_.active) {
        auto changed = copy_catalog();
        empty_schema(*changed, schema, transaction_.dropped_files);
        set_catalog(std::move(changed));
        return;
    }
    // The end of the session.
    auto changed = std::make_shared<Catalog>(*server_->catalog);
    std::vector<std::uint32_t> files;
    empty_schema(*changed, schema, files);
    changed->drop_schema(schema);
    server_->catalog = changed;
    for (std::uint32_t file : files) database().drop_table(file);
    temp_schema_ = kInvalidOid;
}

namespace {

/// heap_truncate_check_FKs: what loses its rows at commit cannot be referred to by what keeps them.
void check_on_commit_keys(const Catalog& catalog, Oid schema) {
    for (const auto& [oid, child] : catalog.relations()) {
        if (child->schema != schema || child->on_commit == 'r') continue;
        for (const Constraint& constraint : child->constraints) {
            if (constraint.kind != ConstraintKind::kForeign) continue;
            const RelationPtr parent = catalog.find_relation(constraint.referenced);
            if (parent->on_commit != 'r') continue;
            throw SqlError("0A000", "unsupported ON COMMIT and foreign key combination")
                .detail(fmt::format("Table \"{}\" references \"{}\", but they do not have the same ON COMMIT setting.", child->name, parent->name));
        }
    }
}

}  // namespace

void Backend::run_on_commit_actions() {
    Oid schema = current_temp_schema();
    if (schema == kInvalidOid) return;
    check_on_commit_keys(catalog(), schema);
    for (const auto& [oid, relation] : std::map<Oid, RelationPtr>(catalog().relations())) {
        if (relation->schema != schema || relation->on_commit == 'p') continue;
        if (relation->on_commit == 'r') {
            database().truncate(relation->file_node);
            continue;
        }
        auto changed = copy_catalog();
        TypePtr row = changed->find_type(relation->row_type);
        for (const auto& [other_oid, other] : std::map<Oid, RelationPtr>(changed->relations())) {
            if (other->sequence && other->sequence->owner_table == oid) changed->drop_relation(other_oid);
        }
        changed->drop_type(row->array);
        changed->drop_type(row->oid);
        changed->drop_relation(oid);
        set_catalog(std::move(changed));
        transaction_.dropped_files.push_back(relation->file_node);
    }
}

}  // namespace cdcsim::pg
