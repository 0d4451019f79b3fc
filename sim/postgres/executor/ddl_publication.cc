// CREATE and ALTER PUBLICATION. Mirrors publicationcmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {
namespace {

void bind_options_of(const Node& node, Publication& publication) {
    for (const Node& option : node.items("options")) {
        std::string_view name = option.text("defname");
        Node arg = option["arg"];
        if (name == "publish") {
            publication.insert = publication.update = publication.delete_ = publication.truncate = false;
            std::string_view rest = arg.string();
            while (!rest.empty()) {
                auto comma = rest.find(',');
                std::string_view word = rest.substr(0, comma);
                while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
                while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
                rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
                bool* flag = word == "insert" ? &publication.insert : word == "update" ? &publication.update : word == "delete" ? &publication.delete_
                             : word == "truncate" ? &publication.truncate : nullptr;
                if (flag == nullptr) {
                    throw SqlError("42601", fmt::format("unrecognized value for publication option \"publish\": \"{}\"", word));
                }
                *flag = true;
            }
        } else if (name == "publish_via_partition_root") {
            std::string_view text = arg ? (arg.is("Boolean") ? (arg.flag("boolval") ? "true" : "false") : arg.string()) : "true";
            publication.via_root = text == "true" || text == "on" || text == "1";
        } else {
            throw SqlError("42601", fmt::format("unrecognized publication parameter: \"{}\"", name));
        }
    }
}

void bind_objects(Backend& backend, const Node& node, Publication& publication) {
    for (const Node& object : node.items("pubobjects")) {
        std::string_view kind = object.text("pubobjtype");
        if (kind == "PUBLICATIONOBJ_TABLES_IN_SCHEMA") {
            publication.schemas.push_back(require_schema(std::string(object.text("name")), backend).oid);
            continue;
        }
        if (kind != "PUBLICATIONOBJ_TABLE") throw NotSimulated("CREATE PUBLICATION FOR TABLES IN SCHEMA CURRENT_SCHEMA");
        Node table = object["pubtable"];
        if (table.has("whereClause")) throw NotSimulated("row filters of publications");
        if (table.has("columns")) throw NotSimulated("column lists of publications");
        RelationPtr relation = open_relation(backend, table["relation"]);
        if (relation->kind != 'r' || relation->virtual_rows || relation->persistence != 'p') {
            std::string_view detail = relation->virtual_rows ? "This operation is not supported for system tables."
                                      : relation->kind == 'v' ? "This operation is not supported for views."
                                      : relation->persistence == 'u' ? "This operation is not supported for unlogged tables."
                                                                     : "This operation is not supported for this relation.";
            throw SqlError("22023", fmt::format("cannot add relation \"{}\" to publication", relation->name)).detail(std::string(detail));
        }
        bool known = std::ranges::find(publication.tables, relation->oid, &PublicationTable::relation) != publication.tables.end();
        if (!known) publication.tables.push_back({relation->oid, {}, std::nullopt});
    }
}

void put(Backend& backend, const Publication& publication) {
    auto catalog = backend.copy_catalog();
    catalog->put_publication(publication);
    backend.set_catalog(std::move(catalog));
}

}  // namespace

ExecResult create_publication(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    Publication publication;
    publication.name = node.text("pubname");
    if (backend.catalog().find_publication(publication.name) != nullptr) {
        throw SqlError("42710", fmt::format("publication \"{}\" already exists", publication.name));
    }
    publication.all_tables = node.flag("for_all_tables");
    publication.owner = backend.current_user();
    bind_options_of(node, publication);
    bind_objects(backend, node, publication);
    publication.oid = allocate_oid(backend);
    put(backend, publication);
    return tag_only("CREATE PUBLICATION");
}

ExecResult alter_publication(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string name(node.text("pubname"));
    const Publication* found = backend.catalog().find_publication(name);
    if (found == nullptr) throw SqlError("42704", fmt::format("publication \"{}\" does not exist", name));
    Publication publication = *found;
    if (node.has("options")) {
        bind_options_of(node, publication);
        put(backend, publication);
        return tag_only("ALTER PUBLICATION");
    }
    if (publication.all_tables) {
        throw SqlError("55000", fmt::format("publication \"{}\" is defined as FOR ALL TABLES", name))
            .detail("Tables cannot be added to or dropped from FOR ALL TABLES publications.");
    }
    Publication named;
    bind_objects(backend, node, named);
    std::string_view action = node.text("action");
    if (action == "AP_SetObjects") {
        publication.tables = named.tables;
        publication.schemas = named.schemas;
    }
    for (const PublicationTable& table : named.tables) {
        auto it = std::ranges::find(publication.tables, table.relation, &PublicationTable::relation);
        std::string relation = backend.catalog().find_relation(table.relation)->name;
        if (action == "AP_AddObjects") {
            if (it != publication.tables.end()) {
                throw SqlError("42710", fmt::format("relation \"{}\" is already member of publication \"{}\"", relation, name));
            }
            publication.tables.push_back(table);
        } else if (action == "AP_DropObjects") {
            if (it == publication.tables.end()) throw SqlError("42704", fmt::format("relation \"{}\" is not part of the publication", relation));
            publication.tables.erase(it);
        }
    }
    if (action != "AP_SetObjects" && !named.schemas.empty()) throw NotSimulated("ALTER PUBLICATION ... TABLES IN SCHEMA");
    put(backend, publication);
    return tag_only("ALTER PUBLICATION");
}

}  // namespace cdcsim::pg
