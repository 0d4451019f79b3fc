// DROP. Mirrors dropcmds.c and dependency.c: what depends on a dropped object stops a plain DROP and
// goes with a DROP ... CASCADE.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/dependents.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg {
namespace {

void skip_notice(Backend& backend, const std::string& what) { backend.send_notice("NOTICE", SqlError("00000", what + " does not exist, skipping")); }

/// schema_does_not_exist_skipping.
bool skip_missing_schema(Backend& backend, const std::vector<std::string>& names) {
    if (names.size() < 2) return false;
    const std::string& schema = names[names.size() - 2];
    if (find_named_schema(schema, backend) != nullptr) return false;
    skip_notice(backend, fmt::format("schema \"{}\"", schema));
    return true;
}

}  // namespace

void settle_column_dependents(Backend& backend, const RelationPtr& relation, const Column& column, bool cascade) {
    std::string self = fmt::format("column {} of table {}", column.name, shown_name(backend, *relation));
    settle_dependents(backend, dependents_of_column(backend, relation, column), cascade, self);
}

namespace {

struct RelationDrop {
    std::string_view type, name, tag;
    char kind;
    std::string_view hint;
};
constexpr RelationDrop kRelationDrops[] = {
    {"OBJECT_TABLE", "table", "DROP TABLE", 'r', "Use DROP TABLE to remove a table."},
    {"OBJECT_VIEW", "view", "DROP VIEW", 'v', "Use DROP VIEW to remove a view."},
    {"OBJECT_SEQUENCE", "sequence", "DROP SEQUENCE", 'S', "Use DROP SEQUENCE to remove a sequence."},
    // There are none of these.
    {"OBJECT_MATVIEW", "materialized view", "DROP MATERIALIZED VIEW", 'm', ""},
    {"OBJECT_FOREIGN_TABLE", "foreign table", "DROP FOREIGN TABLE", 'f', ""},
};

/// An identity column's sequence goes with the column only.
void require_not_identity(Backend& backend, const Relation& sequence) {
    if (!sequence.sequence || sequence.sequence->owner_table == kInvalidOid) return;
    RelationPtr table = backend.catalog().find_relation(sequence.sequence->owner_table);
    const Column& column = table->columns[static_cast<std::size_t>(sequence.sequence->owner_column - 1)];
    if (column.identity_sequence != sequence.oid) return;
    std::string owner = fmt::format("column {} of table {}", column.name, shown_name(backend, *table));
    throw SqlError("2BP01", fmt::format("cannot drop sequence {} because {} requires it", shown_name(backend, sequence), owner))
        .hint(fmt::format("You can drop {} instead.", owner));
}

/// DROP TABLE and the like of an index.
void refuse_index(Backend& backend, const std::vector<std::string>& names, const RelationDrop& kind) {
    std::vector<Oid> schemas = backend.search_path();
    if (names.size() > 1) {
        const Schema* schema = find_named_schema(names[names.size() - 2], backend);
        schemas = schema != nullptr ? std::vector<Oid>{schema->oid} : std::vector<Oid>{};
    }
    for (Oid schema : schemas) {
        if (backend.catalog().find_index(schema, names.back()).second == nullptr) continue;
        throw SqlError("42809", fmt::format("\"{}\" is not a {}", names.back(), kind.name)).hint("Use DROP INDEX to remove an index.");
    }
}

ExecResult drop_relations(Backend& backend, const Node& node, const RelationDrop& kind) {
    bool cascade = node.text("behavior") == "DROP_CASCADE", missing_ok = node.flag("missing_ok");
    std::vector<RelationPtr> relations;
    std::vector<Oid> oids;
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) {
            refuse_index(backend, names, kind);
            if (missing_ok) {
                if (!skip_missing_schema(backend, names)) skip_notice(backend, fmt::format("{} \"{}\"", kind.name, names.back()));
                continue;
            }
            if (names.size() > 1) require_schema(names[names.size() - 2], backend);
            throw SqlError("42P01", fmt::format("{} \"{}\" does not exist", kind.name, names.back()));
        }
        if (relation->kind != kind.kind) {
            auto right = std::ranges::find(kRelationDrops, relation->kind, &RelationDrop::kind);
            throw SqlError("42809", fmt::format("\"{}\" is not a {}", relation->name, kind.name)).hint(right == std::end(kRelationDrops) ? "" : std::string(right->hint));
        }
        if (relation->is_system()) throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
        require_owner(backend, *relation);
        require_not_identity(backend, *relation);
        relations.push_back(relation);
        oids.push_back(relation->oid);
    }
    Dependents dependents;
    for (auto relation = relations.rbegin(); relation != relations.rend(); ++relation) add_dependents(dependents, dependents_of(backend, *relation, oids));
    std::string what = relations.size() == 1 ? fmt::format("{} {}", kind.name, shown_name(backend, *relations[0])) : "desired object(s)";
    settle_dependents(backend, dependents, cascade, what);
    for (const RelationPtr& relation : relations) remove_relation(backend, backend.catalog().find_relation(relation->oid));
    return tag_only(std::string(kind.tag));
}

ExecResult drop_indexes(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        if (node.flag("missing_ok") && skip_missing_schema(backend, names)) continue;
        std::vector<Oid> schemas = backend.search_path();
        if (names.size() > 1) schemas = {require_schema(names[names.size() - 2], backend).oid};
        bool found = false;
        for (Oid schema : schemas) {
            auto [table, index] = backend.catalog().find_index(schema, names.back());
            if (index == nullptr) continue;
            found = true;
            if (index->constraint != kInvalidOid) {
                auto constraint = std::ranges::find(table->constraints, index->constraint, &Constraint::oid);
                throw SqlError("2BP01", fmt::format("cannot drop index {} because constraint {} on table {} requires it", index->name, constraint->name, table->name))
                    .hint(fmt::format("You can drop constraint {} on table {} instead.", constraint->name, table->name));
            }
            auto changed = copy_relation(table);
            Oid oid = index->oid;
            std::erase_if(changed->indexes, [&](const Index& i) { return i.oid == oid; });
            backend.update_relation(changed);
            break;
        }
        if (found) continue;
        if (RelationPtr other = find_relation_by_name(names, backend)) {
            auto right = std::ranges::find(kRelationDrops, other->kind, &RelationDrop::kind);
            throw SqlError("42809", fmt::format("\"{}\" is not an index", names.back())).hint(right == std::end(kRelationDrops) ? "" : std::string(right->hint));
        }
        if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("index \"{}\" does not exist", names.back()));
        skip_notice(backend, fmt::format("index \"{}\"", names.back()));
    }
    return tag_only("DROP INDEX");
}

ExecResult drop_triggers(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        std::string trigger = names.back();
        names.pop_back();
        RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) {
            if (node.flag("missing_ok") && skip_missing_schema(backend, names)) continue;
            if (!node.flag("missing_ok") && names.size() > 1) require_schema(names[names.size() - 2], backend);
            if (!node.flag("missing_ok")) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
            skip_notice(backend, fmt::format("relation \"{}\"", fmt::join(names, ".")));
            continue;
        }
        auto it = std::ranges::find(relation->triggers, trigger, &Trigger::name);
        if (it == relation->triggers.end()) {
            if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("trigger \"{}\" for table \"{}\" does not exist", trigger, relation->name));
            skip_notice(backend, fmt::format("trigger \"{}\" for relation \"{}\"", trigger, fmt::join(names, ".")));
            continue;
        }
        require_owner(backend, *relation);
        auto changed = copy_relation(relation);
        std::erase_if(changed->triggers, [&](const Trigger& t) { return t.name == trigger; });
        backend.update_relation(changed);
    }
    return tag_only("DROP TRIGGER");
}

/// As the grammar has them: int is pg_catalog.int4.
std::vector<std::string> args_as_written(const Node& object) {
    std::vector<std::string> args;
    for (const Node& arg : object.items("objargs")) {
        args.push_back(fmt::format("{}{}", fmt::join(name_list(arg.items("names")), "."), arg.has("arrayBounds") ? "[]" : ""));
    }
    return args;
}

/// type_in_list_does_not_exist_skipping.
bool skip_missing_type(Backend& backend, const Node& object) {
    const std::vector<std::string> written = args_as_written(object);
    for (std::size_t i = 0; const Node& arg : object.items("objargs")) {
        const std::string& text = written[i++];
        try {
            bind_type_name(arg, backend.bind_options());
        } catch (const SqlError& error) {
            if (error.is_not_simulated() || (error.sqlstate() != "42704" && error.sqlstate() != "3F000")) throw;
            if (!skip_missing_schema(backend, name_list(arg.items("names")))) skip_notice(backend, fmt::format("type \"{}\"", text));
            return true;
        }
    }
    return false;
}

ExecResult drop_functions(Backend& backend, const Node& node, std::string_view kind, const std::string& tag) {
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    for (const Node& object : node.items("objects")) {
        FunctionPtr function;
        std::vector<std::string> names = name_list(object.items("objname"));
        if (node.flag("missing_ok") && (skip_missing_schema(backend, names) || skip_missing_type(backend, object))) continue;
        try {
            function = named_function(backend, object, kind);
        } catch (const SqlError& error) {
            if (!node.flag("missing_ok") || error.sqlstate() != "42883") throw;
            skip_notice(backend, fmt::format("{} {}({})", kind, fmt::join(names, "."), fmt::join(args_as_written(object), ",")));
            continue;
        }
        require_ownership(backend, function->owner, fmt::format("{} {}", kind, function->name));
        require_not_in_extension(backend, *function);
        settle_dependents(backend, dependents_of_function(backend, *function), cascade, describe_function(backend, *function));
        auto catalog = backend.copy_catalog();
        catalog->drop_function(function->oid);
        forget_grants_of(*catalog, function->oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only(tag);
}

/// An array's type and a table's row type go with what they belong to.
void require_independent_type(Backend& backend, Oid oid) {
    const TypeInfo& type = backend.type(oid);
    std::string owner;
    if (type.is_array() && backend.type(type.element).array == oid) owner = "type " + format_type(backend, type.element);
    for (const auto& [number, relation] : backend.catalog().relations()) {
        auto kind = std::ranges::find(kRelationDrops, relation->kind, &RelationDrop::kind);
        if (relation->row_type == oid && kind != std::end(kRelationDrops)) owner = fmt::format("{} {}", kind->name, shown_name(backend, *relation));
    }
    if (owner.empty()) return;
    throw SqlError("2BP01", fmt::format("cannot drop type {} because {} requires it", format_type(backend, oid), owner))
        .hint(fmt::format("You can drop {} instead.", owner));
}

ExecResult drop_types(Backend& backend, const Node& node, const std::string& tag) {
    for (const Node& object : node.items("objects")) {
        TypeRef ref;
        const std::vector<std::string> names = name_list(object.items("names"));
        if (node.flag("missing_ok") && skip_missing_schema(backend, names)) continue;
        try {
            ref = bind_ddl_type(object, backend.bind_options());
        } catch (const SqlError& error) {
            if (!node.flag("missing_ok") || error.sqlstate() != "42704") throw;
            skip_notice(backend, fmt::format("type \"{}\"", fmt::join(names, ".")));
            continue;
        }
        if (node.text("removeType") == "OBJECT_DOMAIN" && backend.type(ref.type).typtype != 'd') {
            throw SqlError("42809", fmt::format("\"{}{}\" is not a domain", fmt::join(names, "."), object.has("arrayBounds") ? "[]" : ""));
        }
        if (ref.type < kFirstNormalOid) throw SqlError("2BP01", fmt::format("cannot drop type {} because it is required by the database system", format_type(backend, ref.type)));
        require_independent_type(backend, ref.type);
        settle_dependents(backend, dependents_of_type(backend, ref.type, {}), node.text("behavior") == "DROP_CASCADE", "type " + format_type(backend, ref.type));
        remove_type(backend, ref.type);
    }
    return tag_only(tag);
}

ExecResult drop_schemas(Backend& backend, const Node& node) {
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    for (const Node& object : node.items("objects")) {
        std::string name(object.string());
        const Schema* schema = backend.catalog().find_schema(name);
        if (schema == nullptr) {
            if (!node.flag("missing_ok")) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", name));
            skip_notice(backend, fmt::format("schema \"{}\"", name));
            continue;
        }
        Oid oid = schema->oid;
        require_ownership(backend, schema->owner, "schema " + name);
        settle_dependents(backend, dependents_of_schema(backend, *schema), cascade, fmt::format("schema {}", name));
        auto catalog = backend.copy_catalog();
        for (const auto& [type_oid, type] : std::map<Oid, TypePtr>(catalog->types())) {
            if (type->schema == name) catalog->drop_type(type_oid);
        }
        catalog->drop_schema(oid);
        forget_grants_of(*catalog, oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP SCHEMA");
}

ExecResult drop_publications(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::string name(object.string());
        const Publication* publication = backend.catalog().find_publication(name);
        if (publication == nullptr) {
            if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("publication \"{}\" does not exist", name));
            skip_notice(backend, fmt::format("publication \"{}\"", name));
            continue;
        }
        Oid oid = publication->oid;
        require_ownership(backend, publication->owner, "publication " + name);
        auto catalog = backend.copy_catalog();
        catalog->drop_publication(oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP PUBLICATION");
}

/// Objects with a name of their own that cannot be made here; `existing` are those of an empty database.
struct AbsentDrop {
    std::string_view type, name, tag;
    std::vector<std::string_view> existing;
};
const AbsentDrop kAbsentDrops[] = {
    {"OBJECT_EVENT_TRIGGER", "event trigger", "DROP EVENT TRIGGER", {}},
    {"OBJECT_FOREIGN_SERVER", "server", "DROP SERVER", {}},
    {"OBJECT_FDW", "foreign-data wrapper", "DROP FOREIGN DATA WRAPPER", {}},
    {"OBJECT_LANGUAGE", "language", "DROP LANGUAGE", {"internal", "c", "sql", "plpgsql"}},
};

ExecResult drop_absent(Backend& backend, const Node& node, const AbsentDrop& kind) {
    for (const Node& object : node.items("objects")) {
        const std::string name(object.string());
        if (std::ranges::find(kind.existing, name) != kind.existing.end()) throw NotSimulated(fmt::format("DROP of {} \"{}\"", kind.name, name));
        if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("{} \"{}\" does not exist", kind.name, name));
        skip_notice(backend, fmt::format("{} \"{}\"", kind.name, name));
    }
    return tag_only(std::string(kind.tag));
}

/// Rules and policies of a table: there are none.
ExecResult drop_of_relation(Backend& backend, const Node& node, std::string_view kind, std::string_view owner, const std::string& tag) {
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        const std::string name = names.back();
        names.pop_back();
        const RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) {
            if (!node.flag("missing_ok")) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
            if (!skip_missing_schema(backend, names)) skip_notice(backend, fmt::format("relation \"{}\"", names.back()));
            continue;
        }
        if (relation->kind == 'v' && name == "_RETURN") throw NotSimulated("DROP RULE of a view's own rule");
        if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("{} \"{}\" for {} \"{}\" does not exist", kind, name, owner, relation->name));
        skip_notice(backend, fmt::format("{} \"{}\" for relation \"{}\"", kind, name, relation->name));
    }
    return tag_only(tag);
}

}  // namespace

ExecResult drop_objects(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view type = node.text("removeType");
    auto relation = std::ranges::find(kRelationDrops, type, &RelationDrop::type);
    if (relation != std::end(kRelationDrops)) return drop_relations(backend, node, *relation);
    if (type == "OBJECT_INDEX") return drop_indexes(backend, node);
    if (type == "OBJECT_TRIGGER") return drop_triggers(backend, node);
    if (type == "OBJECT_FUNCTION") return drop_functions(backend, node, "function", "DROP FUNCTION");
    if (type == "OBJECT_PROCEDURE") return drop_functions(backend, node, "procedure", "DROP PROCEDURE");
    if (type == "OBJECT_ROUTINE") return drop_functions(backend, node, "routine", "DROP ROUTINE");
    if (type == "OBJECT_TYPE") return drop_types(backend, node, "DROP TYPE");
    if (type == "OBJECT_DOMAIN") return drop_types(backend, node, "DROP DOMAIN");
    if (type == "OBJECT_SCHEMA") return drop_schemas(backend, node);
    if (type == "OBJECT_PUBLICATION") return drop_publications(backend, node);
    if (type == "OBJECT_EXTENSION") return drop_extensions(backend, node);
    if (type == "OBJECT_RULE") return drop_of_relation(backend, node, "rule", "relation", "DROP RULE");
    if (type == "OBJECT_POLICY") return drop_of_relation(backend, node, "policy", "table", "DROP POLICY");
    const auto* absent = std::ranges::find(kAbsentDrops, type, &AbsentDrop::type);
    if (absent != std::end(kAbsentDrops)) return drop_absent(backend, node, *absent);
    throw NotSimulated(fmt::format("DROP ({})", type));
}

}  // namespace cdcsim::pg
