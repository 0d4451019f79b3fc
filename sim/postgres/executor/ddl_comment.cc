// COMMENT ON. Mirrors comment.c and the lookups of objectaddress.c. Comments are kept in the catalog, for
// obj_description() and its kin.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {
namespace {

/// What a comment is on; object 0: nothing that comments are kept of.
struct Address {
    Oid object = kInvalidOid;
    int part = 0;
};

std::vector<std::string> object_names(const Node& node) {
    // A name alone, or a list of names.
    std::vector<std::string> names = name_list(node["object"].items());
    if (names.empty()) names.emplace_back(node["object"].text("sval"));
    return names;
}

struct RelationKind {
    std::string_view object_type, letters, noun;
};
constexpr RelationKind kRelationKinds[] = {
    {"OBJECT_TABLE", "rp", "a table"},
    {"OBJECT_VIEW", "v", "a view"},
    {"OBJECT_SEQUENCE", "S", "a sequence"},
};

Address relation_address(Backend& backend, const Node& node) {
    const std::vector<std::string> names = object_names(node);
    const auto* kind = std::ranges::find(kRelationKinds, node.text("objtype"), &RelationKind::object_type);
    require_schema_of(names, backend);
    RelationPtr relation = find_relation_by_name(names, backend);
    if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
    if (kind->letters.find(relation->kind) == std::string_view::npos) throw SqlError("42809", fmt::format("\"{}\" is not {}", relation->name, kind->noun));
    require_owner(backend, *relation);
    return {relation->oid};
}

Address index_address(Backend& backend, const Node& node) {
    const std::vector<std::string> names = object_names(node);
    for (Oid schema : names.size() > 1 ? std::vector<Oid>{require_schema(names[0], backend).oid} : backend.search_path()) {
        if (auto [relation, index] = backend.catalog().find_index(schema, names.back()); index != nullptr) return {index->oid};
        if (backend.catalog().find_relation(schema, names.back())) throw SqlError("42809", fmt::format("\"{}\" is not an index", names.back()));
    }
    throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
}

/// The relation of a part (a column, a trigger, a constraint) and the part's name.
std::pair<RelationPtr, std::string> part_of_relation(Backend& backend, const Node& node) {
    std::vector<std::string> names = object_names(node);
    std::string part = names.back();
    names.pop_back();
    require_schema_of(names, backend);
    RelationPtr relation = find_relation_by_name(names, backend);
    if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
    require_owner(backend, *relation);
    return {relation, part};
}

Address column_address(Backend& backend, const Node& node) {
    auto [relation, name] = part_of_relation(backend, node);
    const Column* column = relation->find_column(name);
    if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation->name));
    return {relation->oid, column->attno};
}

template <class Part>
Address address_of_part(Backend& backend, const Node& node, std::vector<Part> Relation::* parts, std::string_view kind) {
    auto [relation, name] = part_of_relation(backend, node);
    for (const Part& part : *relation.*parts)
        if (part.name == name) return {part.oid};
    throw SqlError("42704", fmt::format("{} \"{}\" for table \"{}\" does not exist", kind, name, relation->name));
}

Address trigger_address(Backend& backend, const Node& node) { return address_of_part(backend, node, &Relation::triggers, "trigger"); }
Address constraint_address(Backend& backend, const Node& node) { return address_of_part(backend, node, &Relation::constraints, "constraint"); }

Address schema_address(Backend& backend, const Node& node) { return {require_schema(object_names(node).back(), backend).oid}; }

Address type_address(Backend& backend, const Node& node) {
    const bool is_domain = node.text("objtype") == "OBJECT_DOMAIN";
    const TypePtr type = require_named_type(backend, name_list(node["object"].items("names")));
    if (is_domain && type->typtype != 'd') throw SqlError("42809", fmt::format("\"{}\" is not a domain", format_type(backend, type->oid)));
    return {type->oid};
}

Address function_address(Backend& backend, const Node& node) {
    const std::string_view kind = node.text("objtype") == "OBJECT_PROCEDURE" ? "procedure" : "function";
    return {named_function(backend, node["object"], kind)->oid};
}

template <class Found>
Address required(const Found* found, std::string_view kind, const std::string& name) {
    if (found == nullptr) throw SqlError("42704", fmt::format("{} \"{}\" does not exist", kind, name));
    return {found->oid};
}

Address role_address(Backend& backend, const Node& node) {
    const std::string name = object_names(node).back();
    return required(backend.catalog().find_role(name), "role", name);
}

Address publication_address(Backend& backend, const Node& node) {
    const std::string name = object_names(node).back();
    return required(backend.catalog().find_publication(name), "publication", name);
}

Address extension_address(Backend& backend, const Node& node) {
    const std::string name = object_names(node).back();
    if (name == "plpgsql") return {};
    return required(backend.catalog().find_extension(name), "extension", name);
}

Address database_address(Backend& backend, const Node& node) {
    const std::string name = object_names(node).back();
    // Only a warning, so that dumps can be restored into another database.
    if (name != backend.server().options.database) backend.send_notice("WARNING", SqlError("3D000", fmt::format("database \"{}\" does not exist", name)));
    return {};
}

struct Commented {
    std::string_view object_type, catalog;  ///< the catalog that has such objects
    Address (*find)(Backend&, const Node&);
};
constexpr Commented kCommented[] = {
    {"OBJECT_TABLE", "pg_class", relation_address},         {"OBJECT_VIEW", "pg_class", relation_address},
    {"OBJECT_SEQUENCE", "pg_class", relation_address},      {"OBJECT_INDEX", "pg_class", index_address},
    {"OBJECT_COLUMN", "pg_class", column_address},          {"OBJECT_TRIGGER", "pg_trigger", trigger_address},
    {"OBJECT_TABCONSTRAINT", "pg_constraint", constraint_address}, {"OBJECT_SCHEMA", "pg_namespace", schema_address},
    {"OBJECT_TYPE", "pg_type", type_address},               {"OBJECT_DOMAIN", "pg_type", type_address},
    {"OBJECT_FUNCTION", "pg_proc", function_address},       {"OBJECT_PROCEDURE", "pg_proc", function_address},
    {"OBJECT_ROLE", "pg_authid", role_address},             {"OBJECT_PUBLICATION", "pg_publication", publication_address},
    {"OBJECT_EXTENSION", "pg_extension", extension_address}, {"OBJECT_DATABASE", "pg_database", database_address},
};

}  // namespace

void move_comments(Backend& backend, const std::vector<std::pair<GrantKey, GrantKey>>& moves) {
    auto catalog = backend.copy_catalog();
    for (const auto& [from, to] : moves)
        if (const Comment* comment = catalog->find_comment(from)) catalog->set_comment(to, *comment);
    backend.set_catalog(std::move(catalog));
}

ExecResult comment_on(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    const auto* row = std::ranges::find(kCommented, node.text("objtype"), &Commented::object_type);
    if (row == std::end(kCommented)) throw NotSimulated(fmt::format("COMMENT ON ({})", node.text("objtype")));
    const Address address = row->find(backend, node);
    if (address.object != kInvalidOid) {
        auto catalog = backend.copy_catalog();
        catalog->set_comment({address.object, address.part}, {std::string(row->catalog), std::string(node.text("comment"))});
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("COMMENT");
}

}  // namespace cdcsim::pg
