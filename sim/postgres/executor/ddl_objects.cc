// Schemas, views, roles, comments, renaming and moving. Mirrors schemacmds.c, view.c, user.c,
// comment.c and alter.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {
namespace {

void rename_column(Backend& backend, const Node& node) {
    RelationPtr relation = require_table(backend, node["relation"], "ALTER");
    std::string from(node.text("subname")), to(node.text("newname"));
    const Column* column = relation->find_column(from);
    if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" does not exist", from));
    if (relation->find_column(to) != nullptr) {
        throw SqlError("42701", fmt::format("column \"{}\" of relation \"{}\" already exists", to, relation->name));
    }
    auto changed = copy_relation(relation);
    changed->columns[static_cast<std::size_t>(column->attno - 1)].name = to;
    // Texts of expressions follow the name.
    for (Constraint& constraint : changed->constraints) {
        if (constraint.check) constraint.check->text = deparse_expression(*constraint.check->expr, backend, changed.get());
    }
    for (Column& other : changed->columns) {
        if (other.generated && !other.dropped) other.default_expr->text = deparse_expression(*other.default_expr->expr, backend, changed.get());
    }
    for (Index& index : changed->indexes) {
        for (IndexKey& key : index.keys) {
            if (key.expr) key.expr->text = deparse_expression(*key.expr->expr, backend, changed.get());
        }
        if (index.predicate) index.predicate->text = deparse_expression(*index.predicate->expr, backend, changed.get());
    }
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *changed);
    catalog->put_relation(changed);
    backend.set_catalog(std::move(catalog));
}

void rename_relation(Backend& backend, const Node& node) {
    RelationPtr relation = find_relation(node["relation"], backend);
    std::string to(node.text("newname"));
    if (!relation) {
        // Indexes are renamed by ALTER TABLE too.
        for (Oid schema : backend.search_path()) {
            auto [table, index] = backend.catalog().find_index(schema, std::string(node["relation"].text("relname")));
            if (index == nullptr) continue;
            if (backend.catalog().relation_name_taken(schema, to)) throw SqlError("42P07", fmt::format("relation \"{}\" already exists", to));
            auto changed = copy_relation(table);
            for (Index& candidate : changed->indexes) {
                if (candidate.oid == index->oid) candidate.name = to;
            }
            for (Constraint& constraint : changed->constraints) {
                if (constraint.index == index->oid && constraint.kind != ConstraintKind::kForeign) constraint.name = to;
            }
            return backend.update_relation(changed);
        }
        relation = open_relation(backend, node["relation"]);
    }
    if (backend.catalog().relation_name_taken(relation->schema, to)) throw SqlError("42P07", fmt::format("relation \"{}\" already exists", to));
    auto changed = copy_relation(relation);
    changed->name = to;
    auto catalog = backend.copy_catalog();
    if (relation->row_type != kInvalidOid) put_row_types(backend, *catalog, *changed);
    catalog->put_relation(changed);
    backend.set_catalog(std::move(catalog));
}

void rename_constraint(Backend& backend, const Node& node) {
    RelationPtr relation = require_table(backend, node["relation"], "ALTER");
    std::string from(node.text("subname")), to(node.text("newname"));
    auto changed = copy_relation(relation);
    auto it = std::ranges::find(changed->constraints, from, &Constraint::name);
    if (it == changed->constraints.end()) {
        throw SqlError("42704", fmt::format("constraint \"{}\" for table \"{}\" does not exist", from, relation->name));
    }
    if (std::ranges::find(changed->constraints, to, &Constraint::name) != changed->constraints.end()) {
        throw SqlError("42710", fmt::format("constraint \"{}\" for relation \"{}\" already exists", to, relation->name));
    }
    it->name = to;
    for (Index& index : changed->indexes) {
        if (index.oid == it->index && it->kind != ConstraintKind::kForeign) index.name = to;
    }
    backend.update_relation(changed);
}

void rename_trigger(Backend& backend, const Node& node) {
    RelationPtr relation = require_table(backend, node["relation"], "ALTER");
    auto changed = copy_relation(relation);
    auto it = std::ranges::find(changed->triggers, std::string(node.text("subname")), &Trigger::name);
    if (it == changed->triggers.end()) {
        throw SqlError("42704", fmt::format("trigger \"{}\" for table \"{}\" does not exist", node.text("subname"), relation->name));
    }
    it->name = node.text("newname");
    std::ranges::sort(changed->triggers, {}, &Trigger::name);
    backend.update_relation(changed);
}

void rename_type(Backend& backend, const Node& node) {
    std::vector<std::string> names = name_list(node["object"].items());
    for (Oid schema : backend.search_path()) {
        TypePtr type = backend.catalog().find_type(schema, names.back());
        if (!type) continue;
        if (type->typtype == 'c') throw NotSimulated("renaming a composite type");
        auto changed = std::make_shared<TypeInfo>(*type);
        changed->name = node.text("newname");
        auto catalog = backend.copy_catalog();
        catalog->put_type(changed);
        backend.set_catalog(std::move(catalog));
        return;
    }
    throw SqlError("42704", fmt::format("type \"{}\" does not exist", fmt::join(names, ".")));
}

void rename_schema(Backend& backend, const Node& node) {
    std::string from(node.text("subname")), to(node.text("newname"));
    Schema schema = require_schema(from, backend);
    if (backend.catalog().find_schema(to)) throw SqlError("42P06", fmt::format("schema \"{}\" already exists", to));
    schema.name = to;
    auto catalog = backend.copy_catalog();
    catalog->put_schema(schema);
    for (const auto& [oid, type] : std::map<Oid, TypePtr>(catalog->types())) {
        if (type->schema != from) continue;
        auto changed = std::make_shared<TypeInfo>(*type);
        changed->schema = to;
        catalog->put_type(changed);
    }
    for (const auto& [oid, relation] : std::map<Oid, RelationPtr>(catalog->relations())) {
        if (relation->schema != schema.oid) continue;
        auto changed = copy_relation(relation);
        changed->schema_name = to;
        catalog->put_relation(changed);
    }
    backend.set_catalog(std::move(catalog));
}

}  // namespace

ExecResult rename_object(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    struct Row {
        std::string_view type, tag;
        void (*run)(Backend&, const Node&);
    };
    constexpr Row kRows[] = {
        {"OBJECT_COLUMN", "ALTER TABLE", rename_column}, {"OBJECT_TABLE", "ALTER TABLE", rename_relation},
        {"OBJECT_SEQUENCE", "ALTER SEQUENCE", rename_relation}, {"OBJECT_VIEW", "ALTER VIEW", rename_relation},
        {"OBJECT_INDEX", "ALTER INDEX", rename_relation}, {"OBJECT_TABCONSTRAINT", "ALTER TABLE", rename_constraint},
        {"OBJECT_TRIGGER", "ALTER TRIGGER", rename_trigger}, {"OBJECT_TYPE", "ALTER TYPE", rename_type}, {"OBJECT_SCHEMA", "ALTER SCHEMA", rename_schema}};
    auto row = std::ranges::find(kRows, node.text("renameType"), &Row::type);
    if (row == std::end(kRows)) throw NotSimulated(fmt::format("ALTER ... RENAME ({})", node.text("renameType")));
    if (node.flag("missing_ok") && node.has("relation") && !find_relation(node["relation"], backend)) {
        backend.send_notice("NOTICE", SqlError("42P01", fmt::format("relation \"{}\" does not exist, skipping", node["relation"].text("relname"))));
        return tag_only(std::string(row->tag));
    }
    row->run(backend, node);
    return tag_only(std::string(row->tag));
}

ExecResult alter_object_schema(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view type = node.text("objectType");
    if (type != "OBJECT_TABLE" && type != "OBJECT_SEQUENCE" && type != "OBJECT_VIEW") throw NotSimulated("ALTER ... SET SCHEMA of this kind of object");
    RelationPtr relation = open_relation(backend, node["relation"]);
    const Schema& schema = require_schema(std::string(node.text("newschema")), backend);
    if (backend.catalog().relation_name_taken(schema.oid, relation->name) && relation->schema != schema.oid) {
        throw SqlError("42P07", fmt::format("relation \"{}\" already exists in schema \"{}\"", relation->name, schema.name));
    }
    auto catalog = backend.copy_catalog();
    auto move = [&](const RelationPtr& one) {
        auto changed = copy_relation(one);
        changed->schema = schema.oid;
        changed->schema_name = schema.name;
        if (one->row_type != kInvalidOid) {
            auto row = std::make_shared<TypeInfo>(*catalog->find_type(one->row_type));
            auto array = std::make_shared<TypeInfo>(*catalog->find_type(row->array));
            row->schema = array->schema = schema.name;
            catalog->put_type(row);
            catalog->put_type(array);
        }
        catalog->put_relation(changed);
    };
    move(relation);
    for (const auto& [oid, other] : std::map<Oid, RelationPtr>(catalog->relations())) {
        if (other->sequence && other->sequence->owner_table == relation->oid) move(other);
    }
    backend.set_catalog(std::move(catalog));
    return tag_only(type == "OBJECT_TABLE" ? "ALTER TABLE" : type == "OBJECT_VIEW" ? "ALTER VIEW" : "ALTER SEQUENCE");
}

ExecResult alter_owner(Backend&, const Command& command, const RowSink&) { throw NotSimulated(statement_name(command.node)); }

ExecResult create_schema(Backend& backend, const Command& command, const RowSink& sink) {
    const Node& node = command.node;
    std::string name(node.text("schemaname"));
    Oid owner = backend.current_user();
    if (Node role = node["authrole"]) {
        std::string role_name(role.text("rolename"));
        const Role* found = role_name.empty() ? backend.catalog().find_role(owner) : backend.catalog().find_role(role_name);
        if (found == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", role_name));
        owner = found->oid;
        if (name.empty()) name = found->name;
    }
    if (name.starts_with("pg_")) {
        throw SqlError("42939", fmt::format("unacceptable schema name \"{}\"", name)).detail("The prefix \"pg_\" is reserved for system schemas.");
    }
    if (backend.catalog().find_schema(name)) {
        std::string message = fmt::format("schema \"{}\" already exists", name);
        if (!node.flag("if_not_exists")) throw SqlError("42P06", message);
        backend.send_notice("NOTICE", SqlError("42P06", message + ", skipping"));
        return tag_only("CREATE SCHEMA");
    }
    auto catalog = backend.copy_catalog();
    catalog->put_schema({allocate_oid(backend), name, owner});
    backend.set_catalog(std::move(catalog));
    if (node.has("schemaElts")) throw NotSimulated("CREATE SCHEMA with schema elements");
    (void)sink;
    return tag_only("CREATE SCHEMA");
}

ExecResult create_view(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    Node range_var = node["view"];
    if (range_var.text("relpersistence") == "t") throw NotSimulated("temporary views");
    Oid schema = creation_schema(backend, range_var);
    std::string name(range_var.text("relname"));
    std::shared_ptr<const Query> query = bind_query(node["query"], backend.bind_options());
    auto view = std::make_shared<Relation>();
    view->schema = schema;
    view->schema_name = schema_name(backend, schema);
    view->name = name;
    view->kind = 'v';
    view->owner = backend.current_user();
    std::vector<std::string> aliases = name_list(node.items("aliases"));
    std::size_t next = 0;
    for (const TargetEntry& target : query->targets) {
        if (target.junk) continue;
        Column column;
        column.name = next < aliases.size() ? aliases[next] : target.name;
        ++next;
        if (view->find_column(column.name)) throw SqlError("42701", fmt::format("column \"{}\" specified more than once", column.name));
        column.attno = static_cast<int>(view->columns.size()) + 1;
        column.type = target.expr->type;
        column.typmod = target.expr->typmod;
        column.collation = target.expr->collation;
        view->columns.push_back(std::move(column));
    }
    if (next < aliases.size()) throw SqlError("42601", "CREATE VIEW specifies more column names than columns");
    view->view = query;
    RelationPtr existing = backend.catalog().find_relation(schema, name);
    if (existing) {
        if (!node.flag("replace")) throw SqlError("42P07", fmt::format("relation \"{}\" already exists", name));
        if (existing->kind != 'v') throw SqlError("42809", fmt::format("\"{}\" is not a view", name));
        if (view->columns.size() < existing->columns.size()) throw SqlError("42P16", "cannot drop columns from view");
        for (std::size_t i = 0; i < existing->columns.size(); ++i) {
            const Column& a = existing->columns[i];
            const Column& b = view->columns[i];
            if (a.name != b.name) {
                throw SqlError("42P16", fmt::format("cannot change name of view column \"{}\" to \"{}\"", a.name, b.name))
                    .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
            }
            if (a.type != b.type || a.typmod != b.typmod) {
                throw SqlError("42P16", fmt::format("cannot change data type of view column \"{}\" from {} to {}", a.name, format_type(backend, a.type, a.typmod), format_type(backend, b.type, b.typmod)));
            }
        }
        view->oid = existing->oid;
        view->row_type = existing->row_type;
    } else {
        view->oid = allocate_oid(backend);
    }
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *view);
    catalog->put_relation(view);
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE VIEW");
}

// Roles.

namespace {

void bind_role_options(const Node& node, Role& role) {
    for (const Node& option : node.items("options")) {
        std::string_view name = option.text("defname");
        bool on = option["arg"].flag("boolval");
        bool* flag = name == "superuser" ? &role.superuser : name == "canlogin" ? &role.login : name == "isreplication" ? &role.replication
                     : name == "createdb" ? &role.create_db : name == "createrole" ? &role.create_role : name == "inherit" ? &role.inherit
                     : name == "bypassrls" ? &role.bypass_rls : nullptr;
        if (flag != nullptr) *flag = on;
    }
}

}  // namespace

ExecResult create_role(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    Role role;
    role.name = node.text("role");
    role.login = node.text("stmt_type") == "ROLESTMT_USER";
    if (backend.catalog().find_role(role.name)) throw SqlError("42710", fmt::format("role \"{}\" already exists", role.name));
    bind_role_options(node, role);
    role.oid = allocate_oid(backend);
    auto catalog = backend.copy_catalog();
    catalog->put_role(role);
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE ROLE");
}

ExecResult alter_role(Backend& backend, const Command& command, const RowSink&) {
    std::string name(command.node["role"].text("rolename"));
    const Role* found = name.empty() ? backend.catalog().find_role(backend.current_user()) : backend.catalog().find_role(name);
    if (found == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    Role role = *found;
    bind_role_options(command.node, role);
    auto catalog = backend.copy_catalog();
    catalog->put_role(role);
    backend.set_catalog(std::move(catalog));
    return tag_only("ALTER ROLE");
}

ExecResult drop_role(Backend& backend, const Command& command, const RowSink&) {
    for (const Node& item : command.node.items("roles")) {
        std::string name(item.text("rolename"));
        const Role* role = backend.catalog().find_role(name);
        if (role == nullptr) {
            if (!command.node.flag("missing_ok")) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
            backend.send_notice("NOTICE", SqlError("00000", fmt::format("role \"{}\" does not exist, skipping", name)));
            continue;
        }
        Oid oid = role->oid;
        auto catalog = backend.copy_catalog();
        catalog->drop_role(oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP ROLE");
}

ExecResult comment_on(Backend& backend, const Command& command, const RowSink&) {
    // Comments are not shown anywhere that is simulated; what they are on must exist.
    const Node& node = command.node;
    std::string_view type = node.text("objtype");
    std::vector<std::string> names = name_list(node["object"].items());
    std::string column;
    if (type == "OBJECT_COLUMN" && !names.empty()) {
        column = names.back();
        names.pop_back();
    }
    if (type == "OBJECT_TABLE" || type == "OBJECT_COLUMN" || type == "OBJECT_VIEW") {
        RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
        if (!column.empty() && !relation->find_column(column)) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", column, relation->name));
        }
    }
    return tag_only("COMMENT");
}

}  // namespace cdcsim::pg
