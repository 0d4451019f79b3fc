#include "sim/postgres/catalog/catalog.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/catalog/system_relations.h"
#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

template <typename Map, typename Key>
auto find_value(const Map& map, const Key& key) -> typename Map::mapped_type {
    auto it = map.find(key);
    return it == map.end() ? typename Map::mapped_type{} : it->second;
}

template <typename Map>
auto find_by_name(const Map& map, const std::string& name) -> const typename Map::mapped_type* {
    auto it = std::ranges::find_if(map, [&](const auto& entry) { return entry.second.name == name; });
    return it == map.end() ? nullptr : &it->second;
}

template <typename Map>
auto find_pointer(const Map& map, Oid oid) -> const typename Map::mapped_type* {
    auto it = map.find(oid);
    return it == map.end() ? nullptr : &it->second;
}

TypePtr make_builtin_type(const TypeRow& row) {
    auto info = std::make_shared<TypeInfo>();
    info->oid = row.oid;
    info->schema = "pg_catalog";
    info->name = row.name;
    info->typtype = row.typtype;
    info->category = row.category;
    info->preferred = row.preferred;
    info->length = row.length;
    info->by_value = row.by_value;
    info->align = row.align;
    info->storage = row.storage;
    info->delimiter = row.delimiter;
    info->element = row.element;
    info->array = row.array;
    info->base = row.base;
    info->base_typmod = row.base_typmod;
    info->collation = row.collation;
    info->ops = info->is_array() ? shared_type_ops('A') : find_type_ops(row.oid);
    if (row.oid == oid::kRecord) info->ops = shared_type_ops('C');
    return info;
}

const std::map<Oid, TypePtr>& builtin_type_map() {
    static const std::map<Oid, TypePtr> types = [] {
        std::map<Oid, TypePtr> map;
        for (const TypeRow& row : builtin_types()) map[row.oid] = make_builtin_type(row);
        return map;
    }();
    return types;
}

const std::map<std::string, Oid>& builtin_type_names() {
    static const std::map<std::string, Oid> names = [] {
        std::map<std::string, Oid> map;
        for (const TypeRow& row : builtin_types()) map[std::string(row.name)] = row.oid;
        return map;
    }();
    return names;
}

}  // namespace

TypePtr builtin_type_info(Oid oid) { return find_value(builtin_type_map(), oid); }

const TypeInfo* find_builtin_type_info(Oid oid) {
    static const std::vector<const TypeInfo*> table = [] {
        std::vector<const TypeInfo*> pointers(kFirstNormalOid);
        for (const auto& [builtin, type] : builtin_type_map()) pointers[builtin] = type.get();
        return pointers;
    }();
    return oid < table.size() ? table[oid] : nullptr;
}

const Column* Relation::find_column(const std::string& column) const {
    auto it = std::ranges::find_if(
        columns, [&](const Column& c) { return !c.dropped && c.name == column; });
    return it == columns.end() ? nullptr : &*it;
}

const Index* Relation::find_index(Oid oid) const {
    auto it = std::ranges::find(indexes, oid, &Index::oid);
    return it == indexes.end() ? nullptr : &*it;
}

const Constraint* Relation::primary_key() const {
    auto it = std::ranges::find(constraints, ConstraintKind::kPrimary, &Constraint::kind);
    return it == constraints.end() ? nullptr : &*it;
}

namespace {

void put_predefined_roles(Catalog& catalog) {
    constexpr std::pair<Oid, std::string_view> kRoles[] = {
        {3373, "pg_monitor"}, {3374, "pg_read_all_settings"}, {3375, "pg_read_all_stats"}, {3377, "pg_stat_scan_tables"},
        {4200, "pg_signal_backend"}, {4544, "pg_checkpoint"}, {4569, "pg_read_server_files"}, {4570, "pg_write_server_files"},
        {4571, "pg_execute_server_program"}, {6171, "pg_database_owner"}, {role_oid::kReadAllData, "pg_read_all_data"}, {role_oid::kWriteAllData, "pg_write_all_data"},
    };
    for (const auto& [oid, name] : kRoles) {
        Role role;
        role.oid = oid;
        role.name = name;
        if (name == "pg_monitor") role.member_of = {3374, 3375, 3377};
        catalog.put_role(role);
    }
}

}  // namespace

std::shared_ptr<const Catalog> Catalog::bootstrap(const std::string& owner) {
    auto catalog = std::make_shared<Catalog>();
    catalog->put_schema({schema_oid::kPgCatalog, "pg_catalog", kBootstrapSuperuser});
    catalog->put_schema({schema_oid::kPgToast, "pg_toast", kBootstrapSuperuser});
    catalog->put_schema({schema_oid::kPublic, "public", 6171});
    catalog->put_schema({schema_oid::kInformationSchema, "information_schema", kBootstrapSuperuser});
    Role role;
    role.oid = kBootstrapSuperuser;
    role.name = owner;
    role.superuser = role.login = role.replication = role.create_db = role.create_role = role.bypass_rls = true;
    catalog->put_role(role);
    put_predefined_roles(*catalog);
    for (const RelationPtr& relation : system_relations()) catalog->put_relation(relation);
    return catalog;
}

RelationPtr Catalog::find_relation(Oid oid) const { return find_value(relations_, oid); }

RelationPtr Catalog::find_relation(Oid schema, const std::string& name) const {
    auto it = relation_names_.find({schema, name});
    return it == relation_names_.end() ? nullptr : find_relation(it->second);
}

std::pair<RelationPtr, const Index*> Catalog::find_index(Oid oid) const {
    RelationPtr table = find_relation(find_value(index_tables_, oid));
    return {table, table ? table->find_index(oid) : nullptr};
}

std::pair<RelationPtr, const Index*> Catalog::find_index(Oid schema, const std::string& name) const {
    return find_index(find_value(index_names_, SchemaName(schema, name)));
}

bool Catalog::relation_name_taken(Oid schema, const std::string& name) const {
    return relation_names_.contains({schema, name}) || index_names_.contains({schema, name});
}

void Catalog::put_relation(const RelationPtr& relation) {
    if (relations_.contains(relation->oid)) drop_relation(relation->oid);
    relations_[relation->oid] = relation;
    relation_names_[{relation->schema, relation->name}] = relation->oid;
    for (const Index& index : relation->indexes) {
        index_tables_[index.oid] = relation->oid;
        index_names_[{relation->schema, index.name}] = index.oid;
    }
}

void Catalog::drop_relation(Oid oid) {
    RelationPtr relation = find_relation(oid);
    CDCSIM_CHECK(relation != nullptr);
    for (const Index& index : relation->indexes) {
        index_tables_.erase(index.oid);
        index_names_.erase({relation->schema, index.name});
    }
    relation_names_.erase({relation->schema, relation->name});
    relations_.erase(oid);
}

TypePtr Catalog::find_type(Oid oid) const {
    if (oid < kFirstNormalOid) {
        if (TypePtr builtin = builtin_type_info(oid)) return builtin;
    }
    return find_value(types_, oid);
}

TypePtr Catalog::find_type(Oid schema, const std::string& name) const {
    if (schema == schema_oid::kPgCatalog) {
        auto it = builtin_type_names().find(name);
        if (it != builtin_type_names().end()) return builtin_type_info(it->second);
    }
    auto it = type_names_.find({schema, name});
    return it == type_names_.end() ? nullptr : find_type(it->second);
}

void Catalog::put_type(const TypePtr& type) {
    if (types_.contains(type->oid)) drop_type(type->oid);
    const Schema* schema = find_schema(type->schema);
    CDCSIM_CHECK(schema != nullptr);
    types_[type->oid] = type;
    type_names_[{schema->oid, type->name}] = type->oid;
}

void Catalog::drop_type(Oid oid) {
    std::erase_if(type_names_, [&](const auto& entry) { return entry.second == oid; });
    types_.erase(oid);
}

const std::vector<DomainConstraint>& Catalog::domain_constraints(Oid domain) const {
    static const std::vector<DomainConstraint> none;
    auto it = domain_constraints_.find(domain);
    return it == domain_constraints_.end() ? none : it->second;
}

void Catalog::set_domain_constraints(Oid domain, std::vector<DomainConstraint> constraints) {
    domain_constraints_[domain] = std::move(constraints);
}

const StoredExpr* Catalog::domain_default(Oid domain) const {
    return find_pointer(domain_defaults_, domain);
}

void Catalog::set_domain_default(Oid domain, std::optional<StoredExpr> value) {
    if (value) {
        domain_defaults_[domain] = *std::move(value);
    } else {
        domain_defaults_.erase(domain);
    }
}

std::vector<FunctionPtr> Catalog::find_functions(Oid schema, const std::string& name) const {
    std::vector<FunctionPtr> found;
    auto [first, last] = function_names_.equal_range({schema, name});
    for (auto it = first; it != last; ++it) found.push_back(find_function(it->second));
    return found;
}

FunctionPtr Catalog::find_function(Oid oid) const { return find_value(functions_, oid); }

void Catalog::put_function(const FunctionPtr& function) {
    if (functions_.contains(function->oid)) drop_function(function->oid);
    functions_[function->oid] = function;
    function_names_.emplace(SchemaName(function->schema, function->name), function->oid);
}

void Catalog::drop_function(Oid oid) {
    std::erase_if(function_names_, [&](const auto& entry) { return entry.second == oid; });
    functions_.erase(oid);
}

const Schema* Catalog::find_schema(const std::string& name) const { return find_by_name(schemas_, name); }
const Schema* Catalog::find_schema(Oid oid) const { return find_pointer(schemas_, oid); }
const Role* Catalog::find_role(const std::string& name) const { return find_by_name(roles_, name); }
const Role* Catalog::find_role(Oid oid) const { return find_pointer(roles_, oid); }
const Publication* Catalog::find_publication(const std::string& name) const {
    return find_by_name(publications_, name);
}

const Extension* Catalog::find_extension(const std::string& name) const { return find_by_name(extensions_, name); }
const Extension* Catalog::find_extension(Oid oid) const { return find_pointer(extensions_, oid); }

const std::vector<Grant>* Catalog::find_grants(const GrantKey& key) const {
    auto it = grants_.find(key);
    return it == grants_.end() ? nullptr : &it->second;
}

const Comment* Catalog::find_comment(const GrantKey& key) const {
    auto it = comments_.find(key);
    return it == comments_.end() ? nullptr : &it->second;
}

void Catalog::set_comment(const GrantKey& key, Comment comment) {
    if (comment.text.empty()) comments_.erase(key);
    else comments_[key] = std::move(comment);
}

namespace {

/// Entries that `changed` added, replaced or removed relative to `base`, applied to `target`.
template <typename Map, typename Put, typename Drop, typename Same>
void merge_map(const Map& base, const Map& changed, Put put, Drop drop, Same same) {
    for (const auto& [oid, value] : base) {
        if (!changed.contains(oid)) drop(oid);
    }
    for (const auto& [oid, value] : changed) {
        auto before = base.find(oid);
        if (before == base.end() || !same(before->second, value)) put(value);
    }
}

/// The same for a map whose values are nothing but values.
template <typename Map, typename Same>
void merge_values(const Map& base, const Map& changed, Map& target, Same same) {
    for (const auto& [key, value] : base) {
        if (!changed.contains(key)) target.erase(key);
    }
    for (const auto& [key, value] : changed) {
        auto before = base.find(key);
        if (before == base.end() || !same(before->second, value)) target[key] = value;
    }
}

constexpr auto kSamePointer = [](const auto& a, const auto& b) { return a == b; };
constexpr auto kNeverSame = [](const auto&, const auto&) { return false; };

}  // namespace

void Catalog::merge(const Catalog& base, const Catalog& changed) {
    merge_map(base.schemas_, changed.schemas_, [&](const Schema& v) { put_schema(v); },
              [&](Oid oid) { drop_schema(oid); }, kNeverSame);
    merge_map(base.types_, changed.types_, [&](const TypePtr& v) { put_type(v); },
              [&](Oid oid) { drop_type(oid); }, kSamePointer);
    merge_map(base.relations_, changed.relations_, [&](const RelationPtr& v) { put_relation(v); },
              [&](Oid oid) { if (relations_.contains(oid)) drop_relation(oid); }, kSamePointer);
    merge_map(base.functions_, changed.functions_, [&](const FunctionPtr& v) { put_function(v); },
              [&](Oid oid) { drop_function(oid); }, kSamePointer);
    merge_map(base.roles_, changed.roles_, [&](const Role& v) { put_role(v); },
              [&](Oid oid) { drop_role(oid); }, kNeverSame);
    merge_map(base.publications_, changed.publications_, [&](const Publication& v) { put_publication(v); },
              [&](Oid oid) { drop_publication(oid); }, kNeverSame);
    merge_map(base.extensions_, changed.extensions_, [&](const Extension& v) { put_extension(v); },
              [&](Oid oid) { drop_extension(oid); }, kNeverSame);
    constexpr auto kSame = [](const auto& a, const auto& b) { return a == b; };
    merge_values(base.grants_, changed.grants_, grants_, kSame);
    merge_values(base.comments_, changed.comments_, comments_, kSame);
    merge_values(base.domain_constraints_, changed.domain_constraints_, domain_constraints_, kNeverSame);
    merge_values(base.domain_defaults_, changed.domain_defaults_, domain_defaults_, kNeverSame);
}

}  // namespace cdcsim::pg
