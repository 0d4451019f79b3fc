// Schemas, views, roles, renaming and moving. Mirrors schemacmds.c, view.c, user.c
// and alter.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/bool.h"

namespace cdcsim::pg {

namespace {

void rename_column(Backend& backend, const Node& node) {
    RelationPtr relation = require_table(backend, node["relation"], "ALTER");
    require_owner(backend, *relation);
    std::string from(node.text("subname")), to(node.text("newname"));
    const Column* column = relation->find_column(from);
    if (column == nullptr && is_system_column(from)) throw SqlError("0A000", fmt::format("cannot rename system column \"{}\"", from));
    if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" does not exist", from));
    refuse_system_name(to);
    if (relation->find_column(to) != nullptr) {
        throw SqlError("42701", fmt::format("column \"{}\" of relation \"{}\" already exists", to, relation->name));
    }
    auto changed = copy_relation(relation);
    changed->columns[static_cast<std::size_t>(column->attno - 1)].name = to;
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *changed);
    catalog->put_relation(changed);
    backend.set_catalog(std::move(catalog));
}

void rename_to(Backend& backend, const RelationPtr& relation, const std::string& to) {
    if (backend.catalog().relation_name_taken(relation->schema, to)) throw SqlError("42P07", fmt::format("relation \"{}\" already exists", to));
    auto changed = copy_relation(relation);
    changed->name = to;
    auto catalog = backend.copy_catalog();
    if (relation->row_type != kInvalidOid) put_row_types(backend, *catalog, *changed);
    catalog->put_relation(changed);
    backend.set_catalog(std::move(catalog));
}

void rename_relation(Backend& backend, const Node& node) {
    RelationPtr relation = find_relation(node["relation"], backend);
    std::string to(node.text("newname"));
    if (!relation) {
        // Indexes are renamed by ALTER TABLE too.
        std::vector<Oid> schemas = backend.search_path();
        if (node["relation"].has("schemaname")) schemas = {require_schema(std::string(node["relation"].text("schemaname")), backend).oid};
        for (Oid schema : schemas) {
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
    require_owner(backend, *relation);
    rename_to(backend, relation, to);
}

void rename_constraint(Backend& backend, const Node& node) {
    RelationPtr relation = require_table(backend, node["relation"], "ALTER");
    require_owner(backend, *relation);
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
    const std::string to(node.text("newname"));
    if (to != it->name && std::ranges::find(changed->triggers, to, &Trigger::name) != changed->triggers.end()) {
        throw SqlError("42710", fmt::format("trigger \"{}\" for relation \"{}\" already exists", to, relation->name));
    }
    it->name = to;
    std::ranges::sort(changed->triggers, {}, &Trigger::name);
    backend.update_relation(changed);
}

void rename_type(Backend& backend, const Node& node) {
    const TypePtr type = require_named_type(backend, name_list(node["object"].items()));
    const std::string to(node.text("newname"));
    if (type->typtype == 'c') {
        const RelationPtr relation = backend.catalog().find_relation(type->relation);
        if (relation->kind != 'c') {
            throw SqlError("42809", fmt::format("{} is a table's row type", format_type(backend, type->oid))).hint("Use ALTER TABLE instead.");
        }
        return rename_to(backend, relation, to);
    }
    if (type->element != kInvalidOid) {
        throw SqlError("42809", fmt::format("cannot alter array type {}", format_type(backend, type->oid)))
            .hint(fmt::format("You can alter type {}, which will alter the array type as well.", format_type(backend, type->element)));
    }
    auto catalog = backend.copy_catalog();
    rename_type_to(*catalog, require_schema(type->schema, backend).oid, *type, to);
    backend.set_catalog(std::move(catalog));
}

void rename_domain(Backend& backend, const Node& node) {
    require_domain(backend, name_list(node["object"].items()));
    rename_type(backend, node);
}

void rename_domain_constraint(Backend& backend, const Node& node) {
    const TypePtr domain = require_domain(backend, name_list(node["object"].items()));
    const std::string from(node.text("subname")), to(node.text("newname"));
    std::vector<DomainConstraint> checks = backend.catalog().domain_constraints(domain->oid);
    auto it = std::ranges::find(checks, from, &DomainConstraint::name);
    if (it == checks.end()) throw SqlError("42704", fmt::format("constraint \"{}\" for domain {} does not exist", from, format_type(backend, domain->oid)));
    if (std::ranges::find(checks, to, &DomainConstraint::name) != checks.end()) {
        throw SqlError("42710", fmt::format("constraint \"{}\" for domain {} already exists", to, format_type(backend, domain->oid)));
    }
    it->name = to;
    auto catalog = backend.copy_catalog();
    catalog->set_domain_constraints(domain->oid, std::move(checks));
    backend.set_catalog(std::move(catalog));
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

namespace {

void rename_publication(Backend& backend, const Node& node) {
    std::string from(node["object"].string()), to(node.text("newname"));
    const Publication* found = backend.catalog().find_publication(from);
    if (found == nullptr) throw SqlError("42704", fmt::format("publication \"{}\" does not exist", from));
    if (backend.catalog().find_publication(to) != nullptr) throw SqlError("42710", fmt::format("publication \"{}\" already exists", to));
    Publication publication = *found;
    require_ownership(backend, publication.owner, "publication " + from);
    publication.name = to;
    auto catalog = backend.copy_catalog();
    catalog->put_publication(publication);
    backend.set_catalog(std::move(catalog));
}

void rename_function(Backend& backend, const Node& node) {
    const std::string_view type = node.text("renameType");
    FunctionPtr found = named_function(backend, node["object"], type == "OBJECT_PROCEDURE" ? "procedure" : "function");
    require_ownership(backend, found->owner, "function " + found->name);
    std::vector<Oid> args;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < found->arg_types.size(); ++i) {
        if (found->arg_modes[i] == 'o' || found->arg_modes[i] == 't') continue;
        args.push_back(found->arg_types[i]);
        texts.push_back(format_type(backend, args.back()));
    }
    auto changed = std::make_shared<Function>(*found);
    changed->name = node.text("newname");
    if (find_user_function({backend.catalog().find_schema(found->schema)->name, changed->name}, args, backend)) {
        throw SqlError("42723", fmt::format("function {}({}) already exists in schema \"{}\"", changed->name, fmt::join(texts, ", "), backend.catalog().find_schema(found->schema)->name));
    }
    auto catalog = backend.copy_catalog();
    catalog->put_function(changed);
    backend.set_catalog(std::move(catalog));
}

void rename_role(Backend& backend, const Node& node) {
    std::string from(node.text("subname")), to(node.text("newname"));
    const Role* found = backend.catalog().find_role(from);
    if (found == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", from));
    if (backend.catalog().find_role(to) != nullptr) throw SqlError("42710", fmt::format("role \"{}\" already exists", to));
    if (!is_superuser(backend, backend.current_user())) throw NotSimulated("ALTER ROLE ... RENAME by a role that is no superuser");
    Role role = *found;
    if (role.oid == backend.session_user()) throw SqlError("0A000", "session user cannot be renamed");
    role.name = to;
    auto catalog = backend.copy_catalog();
    catalog->put_role(role);
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
        {"OBJECT_TRIGGER", "ALTER TRIGGER", rename_trigger}, {"OBJECT_TYPE", "ALTER TYPE", rename_type},
        {"OBJECT_DOMAIN", "ALTER DOMAIN", rename_domain}, {"OBJECT_DOMCONSTRAINT", "ALTER DOMAIN", rename_domain_constraint}, {"OBJECT_SCHEMA", "ALTER SCHEMA", rename_schema},
        {"OBJECT_PUBLICATION", "ALTER PUBLICATION", rename_publication}, {"OBJECT_FUNCTION", "ALTER FUNCTION", rename_function},
        {"OBJECT_PROCEDURE", "ALTER PROCEDURE", rename_function}, {"OBJECT_ROLE", "ALTER ROLE", rename_role}};
    auto row = std::ranges::find(kRows, node.text("renameType"), &Row::type);
    if (row == std::end(kRows)) throw NotSimulated(fmt::format("ALTER ... RENAME ({})", node.text("renameType")));
    if (node.flag("missing_ok") && node.has("relation") && !find_relation(node["relation"], backend)) {
        backend.send_notice("NOTICE", SqlError("00000", fmt::format("relation \"{}\" does not exist, skipping", node["relation"].text("relname"))));
        return tag_only(std::string(row->tag));
    }
    row->run(backend, node);
    // RENAME COLUMN says what it is a column of.
    bool of_view = row->type == "OBJECT_COLUMN" && node.text("relationType") == "OBJECT_VIEW";
    return tag_only(of_view ? "ALTER VIEW" : std::string(row->tag));
}

namespace {

/// With its array type. Mirrors AlterTypeNamespaceInternal.
void move_type(Catalog& catalog, const TypeInfo& type, const Schema& schema) {
    if (type.schema == schema.name) return;
    for (const TypeInfo* one : {&type, type.array == kInvalidOid ? nullptr : catalog.find_type(type.array).get()}) {
        if (one == nullptr) continue;
        if (catalog.find_type(schema.oid, one->name)) {
            throw SqlError("42710", fmt::format("type \"{}\" already exists in schema \"{}\"", one->name, schema.name));
        }
        auto changed = std::make_shared<TypeInfo>(*one);
        changed->schema = schema.name;
        catalog.put_type(changed);
    }
}

ExecResult alter_type_schema(Backend& backend, const Node& node, bool is_domain) {
    const std::vector<std::string> names = name_list(node["object"].items());
    const TypePtr type = is_domain ? require_domain(backend, names) : require_named_type(backend, names);
    if (type->typtype == 'c' || type->element != kInvalidOid) throw NotSimulated("ALTER TYPE ... SET SCHEMA of a composite or array type");
    auto catalog = backend.copy_catalog();
    move_type(*catalog, *type, require_schema(std::string(node.text("newschema")), backend));
    backend.set_catalog(std::move(catalog));
    return tag_only(is_domain ? "ALTER DOMAIN" : "ALTER TYPE");
}

}  // namespace

ExecResult alter_object_schema(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view type = node.text("objectType");
    if (type == "OBJECT_TYPE" || type == "OBJECT_DOMAIN") return alter_type_schema(backend, node, type == "OBJECT_DOMAIN");
    if (type != "OBJECT_TABLE" && type != "OBJECT_SEQUENCE" && type != "OBJECT_VIEW") throw NotSimulated("ALTER ... SET SCHEMA of this kind of object");
    const std::string tag = type == "OBJECT_TABLE" ? "ALTER TABLE" : type == "OBJECT_VIEW" ? "ALTER VIEW" : "ALTER SEQUENCE";
    if (node.flag("missing_ok") && !find_relation(node["relation"], backend)) {
        backend.send_notice("NOTICE", SqlError("00000", fmt::format("relation \"{}\" does not exist, skipping", node["relation"].text("relname"))));
        return tag_only(tag);
    }
    RelationPtr relation = open_relation(backend, node["relation"]);
    require_owner(backend, *relation);
    if (relation->sequence && relation->sequence->owner_table != kInvalidOid) {
        throw SqlError("0A000", "cannot move an owned sequence into another schema")
            .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", relation->name, backend.catalog().find_relation(relation->sequence->owner_table)->name));
    }
    if (node.text("newschema") == "pg_temp") throw SqlError("0A000", "cannot move objects into or out of temporary schemas");
    const Schema& schema = require_schema(std::string(node.text("newschema")), backend);
    if (backend.catalog().relation_name_taken(schema.oid, relation->name) && relation->schema != schema.oid) {
        throw SqlError("42P07", fmt::format("relation \"{}\" already exists in schema \"{}\"", relation->name, schema.name));
    }
    auto catalog = backend.copy_catalog();
    auto move = [&](const RelationPtr& one) {
        auto changed = copy_relation(one);
        changed->schema = schema.oid;
        changed->schema_name = schema.name;
        if (one->row_type != kInvalidOid) move_type(*catalog, *catalog->find_type(one->row_type), schema);
        catalog->put_relation(changed);
    };
    move(relation);
    for (const auto& [oid, other] : std::map<Oid, RelationPtr>(catalog->relations())) {
        if (other->sequence && other->sequence->owner_table == relation->oid) move(other);
    }
    backend.set_catalog(std::move(catalog));
    return tag_only(tag);
}

ExecResult alter_owner(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view type = node.text("objectType");
    std::string role_name(node["newowner"].text("rolename"));
    const Role* role = role_name.empty() ? backend.catalog().find_role(backend.current_user()) : backend.catalog().find_role(role_name);
    if (!is_superuser(backend, backend.current_user())) throw NotSimulated("ALTER ... OWNER TO by a role that is no superuser");
    auto require_role = [&] {
        if (role == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", role_name));
        return role->oid;
    };
    auto catalog = backend.copy_catalog();
    std::string tag;
    if (type == "OBJECT_SCHEMA") {
        Oid owner = require_role();
        Schema schema = require_schema(std::string(node["object"].string()), backend);
        schema.owner = owner;
        catalog->put_schema(schema);
        tag = "ALTER SCHEMA";
    } else if (type == "OBJECT_PUBLICATION") {
        Oid owner = require_role();
        const Publication* found = backend.catalog().find_publication(std::string(node["object"].string()));
        if (found == nullptr) throw SqlError("42704", fmt::format("publication \"{}\" does not exist", node["object"].string()));
        Publication publication = *found;
        publication.owner = owner;
        catalog->put_publication(publication);
        tag = "ALTER PUBLICATION";
    } else if (type == "OBJECT_FUNCTION" || type == "OBJECT_PROCEDURE") {
        Oid owner = require_role();
        const FunctionPtr found = named_function(backend, node["object"], type == "OBJECT_FUNCTION" ? "function" : "procedure");
        auto changed = std::make_shared<Function>(*found);
        changed->owner = owner;
        catalog->put_function(changed);
        tag = type == "OBJECT_FUNCTION" ? "ALTER FUNCTION" : "ALTER PROCEDURE";
    } else if (type == "OBJECT_TYPE" || type == "OBJECT_DOMAIN") {
        // Nothing asks for a type's owner.
        require_role();
        require_named_type(backend, name_list(node["object"].items()));
        tag = type == "OBJECT_TYPE" ? "ALTER TYPE" : "ALTER DOMAIN";
    } else {
        throw NotSimulated(fmt::format("ALTER ... OWNER TO ({})", type));
    }
    backend.set_catalog(std::move(catalog));
    return tag_only(tag);
}

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
    require_database_right(backend, right::kCreate);
    auto catalog = backend.copy_catalog();
    const Oid oid = allocate_oid(backend);
    catalog->put_schema({oid, name, owner});
    give_default_rights(*catalog, {oid, owner, kInvalidOid, 'n'});
    backend.set_catalog(std::move(catalog));
    if (node.has("schemaElts")) throw NotSimulated("CREATE SCHEMA with schema elements");
    (void)sink;
    return tag_only("CREATE SCHEMA");
}

namespace {

bool reads_temporary(const Query& query) {
    bool found = false;
    for (const RangeTableEntry& rte : query.range_table) found = found || (rte.relation && rte.relation->persistence == 't');
    for_each_expression(query, [](const ExprPtr&) {}, [&](const Query& below) { found = found || reads_temporary(below); });
    return found;
}

void check_view_options(const std::vector<Node>& options) {
    constexpr std::string_view kBooleans[] = {"security_barrier", "security_invoker"};
    std::vector<std::string_view> seen;
    for (const Node& option : options) {
        const std::string_view name = option.text("defname"), space = option.text("defnamespace");
        if (space == "toast") continue;
        if (!space.empty()) throw SqlError("22023", fmt::format("unrecognized parameter namespace \"{}\"", space));
        if (std::ranges::find(seen, name) != seen.end()) throw SqlError("22023", fmt::format("parameter \"{}\" specified more than once", name));
        seen.push_back(name);
        if (name == "check_option") continue;
        if (std::ranges::find(kBooleans, name) == std::end(kBooleans)) throw SqlError("22023", fmt::format("unrecognized parameter \"{}\"", name));
        const std::string value = option.has("arg") ? option_string(option) : "true";
        if (!parse_bool(value)) throw SqlError("22023", fmt::format("invalid value for boolean option \"{}\": {}", name, value));
    }
}

/// WITH CHECK OPTION, also as WITH (check_option = ...).
char check_option_of(const Node& node, const Query& query) {
    std::string option;
    for (const Node& item : node.items("options")) {
        if (item.text("defname") != "check_option") continue;
        Node arg = item["arg"];
        option = arg.is("TypeName") ? name_list(arg.items("names")).back() : std::string(arg.string());
    }
    if (!option.empty() && option != "local" && option != "cascaded") {
        throw SqlError("22023", fmt::format("invalid value for enum option \"check_option\": {}", option)).detail("Valid values are \"local\" and \"cascaded\".");
    }
    if (node.text("withCheckOption") == "LOCAL_CHECK_OPTION") option = "local";
    if (node.text("withCheckOption") == "CASCADED_CHECK_OPTION") option = "cascaded";
    if (option.empty()) return 0;
    std::string reason = why_not_updatable(query);
    if (!reason.empty()) throw SqlError("0A000", "WITH CHECK OPTION is supported only on automatically updatable views").hint(std::move(reason));
    return option[0];
}

}  // namespace

ExecResult create_view(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    Node range_var = node["view"];
    std::string name(range_var.text("relname"));
    BindOptions bind = backend.bind_options();
    bind.allow_into = true;
    std::shared_ptr<const Query> query = bind_query(node["query"], bind);
    if (node["query"].has("intoClause")) throw SqlError("42601", "views must not contain SELECT INTO");
    check_view_options(node.items("options"));
    const char check_option = check_option_of(node, *query);
    bool temporary = range_var.text("relpersistence") == "t";
    if (!temporary && reads_temporary(*query)) {
        temporary = true;
        backend.notice("NOTICE", fmt::format("view \"{}\" will be a temporary view", name));
    }
    Oid schema = temporary ? backend.temp_schema() : creation_schema(backend, range_var);
    auto view = std::make_shared<Relation>();
    view->schema = schema;
    view->schema_name = schema_name(backend, schema);
    view->name = name;
    view->kind = 'v';
    view->persistence = temporary ? 't' : 'p';
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
        check_column_type(backend, column.name, column.type);
        view->columns.push_back(std::move(column));
    }
    if (next < aliases.size()) throw SqlError("42601", "CREATE VIEW specifies more column names than columns");
    view->view = query;
    view->check_option = check_option;
    RelationPtr existing = backend.catalog().find_relation(schema, name);
    if (existing) {
        if (!node.flag("replace")) throw SqlError("42P07", fmt::format("relation \"{}\" already exists", name));
        require_owner(backend, *existing);
        view->owner = existing->owner;
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
        view->triggers = existing->triggers;
    } else {
        view->oid = allocate_oid(backend);
    }
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *view);
    catalog->put_relation(view);
    if (!existing) give_default_rights(*catalog, {view->oid, view->owner, view->schema, 'r'});
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE VIEW");
}

// Roles.

namespace {

/// What a role owns or has been granted keeps it from being dropped.
void require_no_objects(Backend& backend, const Role& role) {
    std::vector<std::string> owned;
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (relation->owner == role.oid && !relation->is_system()) owned.push_back("owner of " + relation_label(*relation));
        for (int attno = 0; attno <= static_cast<int>(relation->columns.size()); ++attno) {
            const std::vector<Grant>* grants = backend.catalog().find_grants({oid, attno});
            bool granted = grants && std::ranges::any_of(*grants, [&](const Grant& g) { return g.grantee == role.oid && g.rights != 0; });
            if (!granted) continue;
            std::string column = attno == 0 ? "" : fmt::format("column {} of ", relation->columns[static_cast<std::size_t>(attno - 1)].name);
            owned.push_back(fmt::format("privileges for {}{}", column, relation_label(*relation)));
        }
    }
    for (const auto& [key, grants] : backend.catalog().grants()) {
        if (creator_of_default(key) == role.oid) owned.push_back("privileges for something else");
        bool other = backend.catalog().find_relation(key.first) == nullptr;
        if (other && std::ranges::any_of(grants, [&](const Grant& g) { return g.grantee == role.oid && g.rights != 0; })) owned.push_back("privileges for something else");
    }
    for (const auto& [oid, schema] : backend.catalog().schemas()) {
        if (schema.owner == role.oid) owned.push_back("owner of schema " + schema.name);
    }
    for (const auto& [oid, function] : backend.catalog().functions()) {
        if (function->owner == role.oid) owned.push_back("owner of function " + function->name);
    }
    if (owned.empty()) return;
    bool certain = owned.size() == 1 && !owned[0].starts_with("privileges for something") && !owned[0].starts_with("owner of function");
    if (!certain) throw NotSimulated("DROP ROLE of a role with several objects");
    throw SqlError("2BP01", fmt::format("role \"{}\" cannot be dropped because some objects depend on it", role.name)).detail(owned[0]);
}

void bind_role_options(const Node& node, Role& role) {
    for (const Node& option : node.items("options")) {
        std::string_view name = option.text("defname");
        bool on = option["arg"].flag("boolval");
        bool* flag = name == "superuser" ? &role.superuser : name == "canlogin" ? &role.login : name == "isreplication" ? &role.replication
                     : name == "createdb" ? &role.create_db : name == "createrole" ? &role.create_role : name == "inherit" ? &role.inherit
                     : name == "bypassrls" ? &role.bypass_rls : nullptr;
        if (flag != nullptr) *flag = on;
        if (name == "adminmembers") throw NotSimulated("ADMIN of CREATE ROLE");
    }
}

Role existing_role(const Catalog& catalog, const Node& spec) {
    const std::string name(spec.text("rolename"));
    if (name.empty()) throw NotSimulated("CURRENT_USER in CREATE ROLE");
    const Role* role = catalog.find_role(name);
    if (role == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    return *role;
}

/// IN ROLE and ROLE of a new role. They are what GRANT does, with the creator's right to do so.
void add_memberships(Catalog& catalog, const Node& node, Role& role, bool by_superuser) {
    for (const Node& option : node.items("options")) {
        const bool joins = option.text("defname") == "addroleto";
        if (!joins && option.text("defname") != "rolemembers") continue;
        if (!by_superuser) throw NotSimulated("IN ROLE and ROLE of CREATE ROLE by a role that is not superuser");
        for (const Node& spec : option["arg"].items()) {
            Role other = existing_role(catalog, spec);
            if (joins) {
                role.member_of.push_back(other.oid);
            } else {
                other.member_of.push_back(role.oid);
                catalog.put_role(other);
            }
        }
    }
}

}  // namespace

ExecResult create_role(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    const Role& creator = *backend.catalog().find_role(backend.current_user());
    if (!creator.superuser && !creator.create_role) throw SqlError("42501", "permission denied to create role");
    Role role;
    role.name = node.text("role");
    role.login = node.text("stmt_type") == "ROLESTMT_USER";
    if (role.name.starts_with("pg_")) {
        throw SqlError("42939", fmt::format("role name \"{}\" is reserved", role.name)).detail("Role names starting with \"pg_\" are reserved.");
    }
    if (backend.catalog().find_role(role.name)) throw SqlError("42710", fmt::format("role \"{}\" already exists", role.name));
    bind_role_options(node, role);
    role.oid = allocate_oid(backend);
    auto catalog = backend.copy_catalog();
    add_memberships(*catalog, node, role, creator.superuser);
    catalog->put_role(role);
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE ROLE");
}

ExecResult alter_role(Backend& backend, const Command& command, const RowSink&) {
    std::string name(command.node["role"].text("rolename"));
    const Role* found = name.empty() ? backend.catalog().find_role(backend.current_user()) : backend.catalog().find_role(name);
    if (found == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    Role role = *found;
    const Role& changer = *backend.catalog().find_role(backend.current_user());
    if (role.superuser && !changer.superuser) throw SqlError("42501", "must be superuser to alter superuser roles or change superuser attribute");
    if (!changer.superuser && !changer.create_role) throw SqlError("42501", "permission denied");
    const std::vector<Node> options = command.node.items("options");
    if (std::ranges::any_of(options, [](const Node& option) { return option.text("defname") == "rolemembers"; })) throw NotSimulated("ALTER GROUP");
    bind_role_options(command.node, role);
    auto catalog = backend.copy_catalog();
    catalog->put_role(role);
    backend.set_catalog(std::move(catalog));
    return tag_only("ALTER ROLE");
}

ExecResult drop_role(Backend& backend, const Command& command, const RowSink&) {
    const Role& dropper = *backend.catalog().find_role(backend.current_user());
    if (!dropper.superuser && !dropper.create_role) throw SqlError("42501", "permission denied to drop role");
    for (const Node& item : command.node.items("roles")) {
        std::string name(item.text("rolename"));
        const Role* role = backend.catalog().find_role(name);
        if (role == nullptr) {
            if (!command.node.flag("missing_ok")) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
            backend.send_notice("NOTICE", SqlError("00000", fmt::format("role \"{}\" does not exist, skipping", name)));
            continue;
        }
        Oid oid = role->oid;
        if (oid == backend.current_user()) throw SqlError("55006", "current user cannot be dropped");
        if (oid == backend.session_user()) throw SqlError("55006", "session user cannot be dropped");
        if (oid < kFirstUserRole) throw SqlError("2BP01", fmt::format("cannot drop role {} because it is required by the database system", name));
        require_no_objects(backend, *role);
        auto catalog = backend.copy_catalog();
        catalog->drop_role(oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP ROLE");
}

}  // namespace cdcsim::pg
