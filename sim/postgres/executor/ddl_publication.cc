// CREATE and ALTER PUBLICATION. Mirrors publicationcmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"

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

/// check_simple_rowfilter_expr: what a walsender may evaluate.
void check_filter(const ExprPtr& filter) {
    auto refuse = [](const char* detail, int location) {
        throw SqlError("0A000", "invalid publication WHERE expression").detail(detail).at(location);
    };
    constexpr const char* kSimple = "Only columns, constants, built-in operators, built-in data types, built-in collations, and immutable built-in functions are allowed.";
    any_expression(filter, [&](const Expr& e) {
        if (e.kind == ExprKind::kVar && as<VarExpr>(e).attno < 0) refuse("System columns are not allowed.", e.location);
        if (e.type >= kFirstNormalOid) refuse("User-defined types are not allowed.", e.location);
        if (e.kind == ExprKind::kFunc) {
            const auto& call = as<FuncExpr>(e);
            if (call.user != nullptr || call.volatility != 'i') refuse("User-defined or built-in mutable functions are not allowed.", e.location);
        }
        if (e.kind == ExprKind::kNextValue || e.kind == ExprKind::kSubLink || e.kind == ExprKind::kSqlValue || e.kind == ExprKind::kWholeRow) refuse(kSimple, e.location);
        return false;
    });
}

PublicationTable bind_table(Backend& backend, const Node& table, const RelationPtr& relation) {
    PublicationTable result;
    result.relation = relation->oid;
    if (Node where = table["whereClause"]) {
        ExprScope scope;
        scope.place = "WHERE";
        scope.allow_subqueries = true;
        scope.items.push_back({relation->name, relation, 1});
        ExprPtr filter = coerce_to_boolean(bind_expression(where, backend.bind_options(), scope), backend.bind_options(), "PUBLICATION WHERE");
        check_filter(filter);
        result.where = stored_expression(backend, filter, relation.get());
        result.where->expr = ready_to_run(*result.where, backend);
    }
    for (const std::string& name : name_list(table.items("columns"))) {
        const Column* column = relation->find_column(name);
        if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation->name));
        if (column->generated) throw SqlError("42P10", fmt::format("cannot use generated column \"{}\" in publication column list", name));
        if (std::ranges::find(result.columns, column->attno) != result.columns.end()) {
            throw SqlError("42710", fmt::format("duplicate column \"{}\" in publication column list", name));
        }
        result.columns.push_back(column->attno);
    }
    return result;
}

void check_publishable(const Relation& relation) {
    bool table = relation.kind == 'r' || relation.kind == 'p';
    if (table && !relation.is_system() && relation.persistence == 'p') return;
    const char* detail = relation.is_system() ? "This operation is not supported for system tables."
                         : relation.kind == 'v' ? "This operation is not supported for views."
                         : relation.kind == 'S' ? "This operation is not supported for sequences."
                         : relation.persistence == 't' ? "This operation is not supported for temporary tables."
                                                       : "This operation is not supported for unlogged tables.";
    throw SqlError("22023", fmt::format("cannot add relation \"{}\" to publication", relation.name)).detail(detail);
}

void bind_objects(Backend& backend, const Node& node, Publication& publication) {
    for (const Node& object : node.items("pubobjects")) {
        std::string_view kind = object.text("pubobjtype");
        if (kind == "PUBLICATIONOBJ_TABLES_IN_SCHEMA" || kind == "PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA") {
            Oid schema = kInvalidOid;
            if (kind == "PUBLICATIONOBJ_TABLES_IN_SCHEMA") {
                schema = require_schema(std::string(object.text("name")), backend).oid;
            } else {
                schema = creation_schema_of(backend, {"x"});
            }
            const Schema& found = *backend.catalog().find_schema(schema);
            if (found.name.starts_with("pg_") || found.name == "information_schema") {
                throw SqlError("22023", fmt::format("cannot add schema \"{}\" to publication", found.name))
                    .detail(found.name.starts_with("pg_temp") ? "Temporary schemas cannot be replicated." : "This operation is not supported for system schemas.");
            }
            if (std::ranges::find(publication.schemas, schema) == publication.schemas.end()) publication.schemas.push_back(schema);
            continue;
        }
        Node table = object["pubtable"];
        RelationPtr relation = open_relation(backend, table["relation"]);
        check_publishable(*relation);
        PublicationTable bound = bind_table(backend, table, relation);
        auto known = std::ranges::find(publication.tables, relation->oid, &PublicationTable::relation);
        if (known != publication.tables.end()) {
            if (known->where || bound.where) throw SqlError("42710", fmt::format("conflicting or redundant WHERE clauses for table \"{}\"", relation->name));
            if (!known->columns.empty() || !bound.columns.empty()) {
                throw SqlError("42710", fmt::format("conflicting or redundant column lists for table \"{}\"", relation->name));
            }
            continue;
        }
        publication.tables.push_back(std::move(bound));
    }
}

/// Rights, and what does not go together.
void check_publication(Backend& backend, const Publication& publication) {
    bool superuser = is_superuser(backend, backend.current_user());
    for (const PublicationTable& table : publication.tables) {
        RelationPtr relation = backend.catalog().find_relation(table.relation);
        require_ownership(backend, relation->owner, relation_label(*relation));
        if (table.columns.empty() || publication.schemas.empty()) continue;
        throw SqlError("22023", fmt::format("cannot use column list for relation \"{}.{}\" in publication \"{}\"", relation->schema_name, relation->name, publication.name))
            .detail("Column lists cannot be specified in publications containing FOR TABLES IN SCHEMA elements.");
    }
    if (!publication.schemas.empty() && !superuser) throw SqlError("42501", "must be superuser to create FOR TABLES IN SCHEMA publication");
}

void put(Backend& backend, const Publication& publication) {
    auto catalog = backend.copy_catalog();
    catalog->put_publication(publication);
    backend.set_catalog(std::move(catalog));
}

void change_tables(Backend& backend, Publication& publication, const Publication& named, std::string_view action) {
    for (const PublicationTable& table : named.tables) {
        auto it = std::ranges::find(publication.tables, table.relation, &PublicationTable::relation);
        std::string relation = backend.catalog().find_relation(table.relation)->name;
        if (action == "AP_AddObjects") {
            if (it != publication.tables.end()) {
                throw SqlError("42710", fmt::format("relation \"{}\" is already member of publication \"{}\"", relation, publication.name));
            }
            publication.tables.push_back(table);
            continue;
        }
        if (!table.columns.empty()) throw SqlError("42601", "column list must not be specified in ALTER PUBLICATION ... DROP");
        if (it == publication.tables.end()) throw SqlError("42704", fmt::format("relation \"{}\" is not part of the publication", relation));
        if (table.where) throw SqlError("42601", "cannot use a WHERE clause when removing a table from a publication");
        publication.tables.erase(it);
    }
}

void change_schemas(Backend& backend, Publication& publication, const Publication& named, std::string_view action) {
    for (Oid schema : named.schemas) {
        auto it = std::ranges::find(publication.schemas, schema);
        std::string name = backend.catalog().find_schema(schema)->name;
        if (action == "AP_AddObjects") {
            if (it != publication.schemas.end()) {
                throw SqlError("42710", fmt::format("schema \"{}\" is already member of publication \"{}\"", name, publication.name));
            }
            publication.schemas.push_back(schema);
            continue;
        }
        if (it == publication.schemas.end()) throw SqlError("42704", fmt::format("tables from schema \"{}\" are not part of the publication", name));
        publication.schemas.erase(it);
    }
}

}  // namespace

ExecResult create_publication(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    Publication publication;
    publication.name = node.text("pubname");
    require_database_right(backend, right::kCreate);
    if (node.flag("for_all_tables") && !is_superuser(backend, backend.current_user())) {
        throw SqlError("42501", "must be superuser to create FOR ALL TABLES publication");
    }
    if (backend.catalog().find_publication(publication.name) != nullptr) {
        throw SqlError("42710", fmt::format("publication \"{}\" already exists", publication.name));
    }
    publication.all_tables = node.flag("for_all_tables");
    publication.owner = backend.current_user();
    bind_options_of(node, publication);
    bind_objects(backend, node, publication);
    check_publication(backend, publication);
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
    require_ownership(backend, publication.owner, "publication " + name);
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
    } else {
        change_tables(backend, publication, named, action);
        change_schemas(backend, publication, named, action);
    }
    check_publication(backend, publication);
    put(backend, publication);
    return tag_only("ALTER PUBLICATION");
}

}  // namespace cdcsim::pg
