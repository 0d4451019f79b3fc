// CREATE and ALTER PUBLICATION. Mirrors publicationcmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"

namespace cdcsim::pg {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

/// publish: which statements. Throws 42601.
void bind_publish(std::string_view rest, Publication& publication) {
    publication.insert = publication.update = publication.delete_ = publication.truncate = false;
    while (!rest.empty()) {
        auto comma = rest.find(',');
        std::string word = lower(rest.substr(0, comma));
        while (!word.empty() && word.front() == ' ') word.erase(0, 1);
        while (!word.empty() && word.back() == ' ') word.pop_back();
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        bool* flag = word == "insert" ? &publication.insert : word == "update" ? &publication.update : word == "delete" ? &publication.delete_
                     : word == "truncate" ? &publication.truncate : nullptr;
        if (flag == nullptr) throw SqlError("42601", fmt::format("unrecognized value for publication option \"publish\": \"{}\"", word));
        *flag = true;
    }
}

/// defGetBoolean.
bool boolean_option(std::string_view name, const Node& arg) {
    if (!arg) return true;
    if (arg.is("Boolean")) return arg.flag("boolval");
    const std::string text = arg.is("Integer") ? std::to_string(arg.integer("ival")) : lower(arg.string());
    if (text == "true" || text == "on" || (arg.is("Integer") && text == "1")) return true;
    if (text == "false" || text == "off" || (arg.is("Integer") && text == "0")) return false;
    throw SqlError("42601", fmt::format("{} requires a Boolean value", name));
}

void bind_options_of(const Node& node, Publication& publication) {
    std::vector<std::string_view> seen;
    for (const Node& option : node.items("options")) {
        const std::string_view name = option.text("defname");
        const bool is_known = name == "publish" || name == "publish_via_partition_root";
        if (!is_known) throw SqlError("42601", fmt::format("unrecognized publication parameter: \"{}\"", name));
        if (std::ranges::find(seen, name) != seen.end()) throw SqlError("42601", "conflicting or redundant options").at(option.location());
        seen.push_back(name);
        if (name == "publish") {
            bind_publish(option["arg"].string(), publication);
        } else {
            publication.via_root = boolean_option(name, option["arg"]);
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
        result.where = stored_expression(backend, filter);
        result.where->expr = ready_to_run(*result.where, backend);
    }
    for (const std::string& name : name_list(table.items("columns"))) {
        const Column* column = relation->find_column(name);
        if (column == nullptr && is_system_column(name)) throw SqlError("42P10", fmt::format("cannot use system column \"{}\" in publication column list", name));
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

/// A table as it is named, before its WHERE and its columns are looked at.
struct NamedTable {
    Node node;
    RelationPtr relation;
};

/// Each table once. Mirrors OpenTableList.
std::vector<NamedTable> open_tables(Backend& backend, const Node& node) {
    std::vector<NamedTable> tables;
    for (const Node& object : node.items("pubobjects")) {
        if (object.text("pubobjtype").starts_with("PUBLICATIONOBJ_TABLES_IN")) continue;
        const Node table = object["pubtable"];
        const RelationPtr relation = open_relation(backend, table["relation"]);
        bool known = false, has_where = table.has("whereClause"), has_columns = !table.items("columns").empty();
        for (const NamedTable& other : tables) {
            if (other.relation->oid != relation->oid) continue;
            known = true;
            has_where = has_where || other.node.has("whereClause");
            has_columns = has_columns || !other.node.items("columns").empty();
        }
        if (known && has_where) throw SqlError("42710", fmt::format("conflicting or redundant WHERE clauses for table \"{}\"", relation->name));
        if (known && has_columns) throw SqlError("42710", fmt::format("conflicting or redundant column lists for table \"{}\"", relation->name));
        if (!known) tables.push_back({table, relation});
    }
    return tables;
}

void bind_tables(Backend& backend, const Node& node, Publication& publication) {
    for (const NamedTable& table : open_tables(backend, node)) {
        check_publishable(*table.relation);
        publication.tables.push_back(bind_table(backend, table.node, table.relation));
    }
}

Oid named_schema(Backend& backend, const Node& object) {
    if (object.text("pubobjtype") == "PUBLICATIONOBJ_TABLES_IN_SCHEMA") return require_schema(std::string(object.text("name")), backend).oid;
    for (Oid schema : backend.search_path()) {
        if (schema != schema_oid::kPgCatalog && schema != backend.current_temp_schema()) return schema;
    }
    throw SqlError("3F000", "no schema has been selected for CURRENT_SCHEMA");
}

void bind_schemas(Backend& backend, const Node& node, Publication& publication) {
    for (const Node& object : node.items("pubobjects")) {
        if (!object.text("pubobjtype").starts_with("PUBLICATIONOBJ_TABLES_IN")) continue;
        const Oid schema = named_schema(backend, object);
        if (std::ranges::find(publication.schemas, schema) == publication.schemas.end()) publication.schemas.push_back(schema);
    }
}

void check_schemas(Backend& backend, const Publication& publication) {
    for (const Oid schema : publication.schemas) {
        const std::string& name = backend.catalog().find_schema(schema)->name;
        if (!name.starts_with("pg_") && name != "information_schema") continue;
        throw SqlError("22023", fmt::format("cannot add schema \"{}\" to publication", name))
            .detail(name.starts_with("pg_temp") ? "Temporary schemas cannot be replicated." : "This operation is not supported for system schemas.");
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

void add_tables(Backend& backend, Publication& publication, const Publication& named) {
    for (const PublicationTable& table : named.tables) {
        const bool known = std::ranges::find(publication.tables, table.relation, &PublicationTable::relation) != publication.tables.end();
        const std::string& relation = backend.catalog().find_relation(table.relation)->name;
        if (known) throw SqlError("42710", fmt::format("relation \"{}\" is already member of publication \"{}\"", relation, publication.name));
        publication.tables.push_back(table);
    }
}

/// Mirrors PublicationDropTables.
void drop_tables(Backend& backend, const Node& node, Publication& publication) {
    for (const NamedTable& table : open_tables(backend, node)) {
        if (!table.node.items("columns").empty()) throw SqlError("42601", "column list must not be specified in ALTER PUBLICATION ... DROP");
        auto it = std::ranges::find(publication.tables, table.relation->oid, &PublicationTable::relation);
        if (it == publication.tables.end()) throw SqlError("42704", fmt::format("relation \"{}\" is not part of the publication", table.relation->name));
        if (table.node.has("whereClause")) throw SqlError("42601", "cannot use a WHERE clause when removing a table from a publication");
        publication.tables.erase(it);
    }
}

void change_schemas(Backend& backend, Publication& publication, const Publication& named, std::string_view action) {
    const bool has_columns = std::ranges::any_of(publication.tables, [](const PublicationTable& table) { return !table.columns.empty(); });
    if (action == "AP_AddObjects" && !named.schemas.empty() && has_columns) {
        throw SqlError("22023", fmt::format("cannot add schema to publication \"{}\"", publication.name))
            .detail("Schemas cannot be added if any tables that specify a column list are already part of the publication.");
    }
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
    bind_schemas(backend, node, publication);
    bind_tables(backend, node, publication);
    check_publication(backend, publication);
    check_schemas(backend, publication);
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
    Publication named;
    named.name = name;
    bind_schemas(backend, node, named);
    if (publication.all_tables) {
        throw SqlError("55000", fmt::format("publication \"{}\" is defined as FOR ALL TABLES", name))
            .detail(fmt::format("{} cannot be added to or dropped from FOR ALL TABLES publications.", named.schemas.empty() ? "Tables" : "Schemas"));
    }
    const std::string_view action = node.text("action");
    if (action == "AP_DropObjects") {
        drop_tables(backend, node, publication);
        change_schemas(backend, publication, named, action);
        put(backend, publication);
        return tag_only("ALTER PUBLICATION");
    }
    bind_tables(backend, node, named);
    if (action == "AP_SetObjects") {
        publication.tables = named.tables;
        publication.schemas = named.schemas;
    } else {
        Publication with_schemas = named;
        with_schemas.schemas.insert(with_schemas.schemas.end(), publication.schemas.begin(), publication.schemas.end());
        check_publication(backend, with_schemas);
        add_tables(backend, publication, named);
        change_schemas(backend, publication, named, action);
    }
    check_schemas(backend, publication);
    check_publication(backend, publication);
    put(backend, publication);
    return tag_only("ALTER PUBLICATION");
}

}  // namespace cdcsim::pg
