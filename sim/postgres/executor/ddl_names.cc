// Names of new objects, schemas they go to, and who may change them.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kMaxNameBytes = 63;

/// Cuts at a character boundary.
std::string clip(const std::string& text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
    return text.substr(0, limit);
}

bool constraint_name_taken(const Catalog& catalog, const Relation& relation, const std::string& name) {
    // Constraint names are unique within a table, but a generated one avoids the whole schema's.
    auto has = [&](const Relation& r) { return std::ranges::find(r.constraints, name, &Constraint::name) != r.constraints.end(); };
    if (has(relation)) return true;
    return std::ranges::any_of(catalog.relations(), [&](const auto& entry) {
        return entry.second->schema == relation.schema && entry.second->oid != relation.oid && has(*entry.second);
    });
}

}  // namespace

std::string make_object_name(const std::string& name1, const std::string& name2, const std::string& label) {
    std::size_t overhead = (name2.empty() ? 0 : 1) + (label.empty() ? 0 : label.size() + 1);
    std::size_t available = kMaxNameBytes - overhead;
    std::size_t length1 = name1.size(), length2 = name2.size();
    while (length1 + length2 > available) {
        if (length1 > length2) {
            --length1;
        } else {
            --length2;
        }
    }
    std::string name = clip(name1, length1);
    if (!name2.empty()) name += "_" + clip(name2, length2);
    if (!label.empty()) name += "_" + label;
    return name;
}

std::string choose_relation_name(const Catalog& catalog, Oid schema, const std::string& name1, const std::string& name2,
                                 const std::string& label, const std::vector<std::string>& taken) {
    for (int pass = 0;; ++pass) {
        std::string name = make_object_name(name1, name2, pass == 0 ? label : fmt::format("{}{}", label, pass));
        if (!catalog.relation_name_taken(schema, name) && std::ranges::find(taken, name) == taken.end()) return name;
    }
}

std::string choose_constraint_name(const Catalog& catalog, const Relation& relation, const std::string& name2, const std::string& label,
                                   const std::vector<std::string>& taken) {
    for (int pass = 0;; ++pass) {
        std::string name = make_object_name(relation.name, name2, pass == 0 ? label : fmt::format("{}{}", label, pass));
        bool free = !constraint_name_taken(catalog, relation, name) && std::ranges::find(taken, name) == taken.end();
        if (free) return name;
    }
}

std::vector<std::string> index_column_names(const std::vector<std::string>& columns) {
    std::vector<std::string> names;
    for (const std::string& column : columns) {
        std::string name = column;
        for (int number = 1; std::ranges::find(names, name) != names.end(); ++number) {
            const std::string digits = std::to_string(number);
            name = clip(column, kMaxNameBytes - digits.size()) + digits;
        }
        names.push_back(std::move(name));
    }
    return names;
}

std::string index_name_addition(const std::vector<std::string>& columns) {
    std::string joined;
    for (const std::string& column : columns) {
        if (!joined.empty()) joined += '_';
        joined += column;
        if (joined.size() >= kMaxNameBytes) break;
    }
    return joined;
}

Oid creation_schema_of(Backend& backend, const std::vector<std::string>& names) {
    if (names.size() > 1) {
        const std::string& name = names[names.size() - 2];
        if (name == "pg_temp") return backend.temp_schema();
        const Schema& schema = require_schema(name, backend);
        if (schema.oid == schema_oid::kPgCatalog) {
            throw SqlError("42501", fmt::format("permission denied to create \"pg_catalog.{}\"", names.back()))
                .detail("System catalog modifications are currently disallowed.");
        }
        require_schema_right(backend, schema.oid, right::kCreate);
        return schema.oid;
    }
    // pg_catalog and pg_temp come first without being named; they are not places to create in.
    for (Oid schema : backend.search_path()) {
        if (schema == schema_oid::kPgCatalog || schema == backend.current_temp_schema()) continue;
        require_schema_right(backend, schema, right::kCreate);
        return schema;
    }
    throw SqlError("3F000", "no schema has been selected to create in");
}

Oid creation_schema(Backend& backend, const Node& range_var) {
    std::vector<std::string> names;
    if (range_var.has("schemaname")) names.emplace_back(range_var.text("schemaname"));
    names.emplace_back(range_var.text("relname"));
    bool temporary = range_var.text("relpersistence") == "t";
    try {
        if (temporary && names.size() == 1) return backend.temp_schema();
        Oid schema = creation_schema_of(backend, names);
        if (temporary && schema != backend.current_temp_schema()) throw SqlError("42P16", "cannot create temporary relation in non-temporary schema");
        return schema;
    } catch (SqlError& error) {
        error.set_position(range_var.location());
        throw;
    }
}

char creation_persistence(Backend& backend, Oid schema, const Node& range_var) {
    const bool in_temporary = schema == backend.current_temp_schema();
    if (in_temporary && range_var.text("relpersistence") == "u") throw SqlError("42P16", "only temporary relations may be created in temporary schemas").at(range_var.location());
    if (in_temporary) return 't';
    return range_var.text("relpersistence") == "u" ? 'u' : 'p';
}

const std::string& schema_name(Backend& backend, Oid schema) {
    const Schema* found = backend.catalog().find_schema(schema);
    CDCSIM_CHECK(found != nullptr);
    return found->name;
}

std::shared_ptr<Relation> copy_relation(const RelationPtr& relation) { return std::make_shared<Relation>(*relation); }

RelationPtr open_relation(Backend& backend, const Node& range_var) {
    if (range_var.has("schemaname")) require_schema(std::string(range_var.text("schemaname")), backend);
    try {
        return require_relation(range_var, backend);
    } catch (SqlError& error) {
        error.replace_position(-1);
        throw;
    }
}

void check_not_in_use(Backend& backend, const Relation& relation, std::string_view statement) {
    if (backend.is_in_use(relation)) {
        throw SqlError("55006", fmt::format("cannot {} \"{}\" because it is being used by active queries in this session", statement, relation.name));
    }
    const bool pending = std::ranges::any_of(backend.transaction().deferred, [&](const TriggerEvent& event) { return !event.fired && event.relation->oid == relation.oid; });
    if (!pending) return;
    throw SqlError("55006", fmt::format("cannot {} \"{}\" because it has pending trigger events", statement, relation.name));
}

RelationPtr require_table(Backend& backend, const Node& range_var, std::string_view verb) {
    RelationPtr relation = open_relation(backend, range_var);
    relation = backend.lock_relation(relation, "AccessExclusiveLock", -1);
    if (!relation) relation = open_relation(backend, range_var);
    if (relation->is_system()) {
        throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
    }
    (void)verb;
    return relation;
}

void require_owner(Backend& backend, const Relation& relation) {
    const Role* role = backend.catalog().find_role(backend.current_user());
    if (role->superuser || relation.owner == role->oid) return;
    std::string_view kind = relation.kind == 'v' ? "view" : relation.kind == 'S' ? "sequence" : "table";
    throw SqlError("42501", fmt::format("must be owner of {} {}", kind, relation.name));
}

Oid allocate_oid(Backend& backend) { return backend.server().allocate_oid(); }

}  // namespace cdcsim::pg
