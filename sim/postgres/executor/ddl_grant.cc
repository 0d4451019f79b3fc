// GRANT and REVOKE of privileges and of roles. Mirrors aclchk.c's ExecuteGrantStmt and user.c's
// GrantRole.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"

namespace cdcsim::pg {
namespace {

struct RightName {
    std::string_view name;
    std::uint32_t bit;
};
constexpr RightName kRights[] = {
    {"insert", right::kInsert}, {"select", right::kSelect}, {"update", right::kUpdate}, {"delete", right::kDelete},
    {"truncate", right::kTruncate}, {"references", right::kReferences}, {"trigger", right::kTrigger}, {"execute", right::kExecute},
    {"usage", right::kUsage}, {"create", right::kCreate}, {"temporary", right::kTemporary}, {"temp", right::kTemporary}, {"connect", right::kConnect}};

constexpr std::uint32_t kTableRights = right::kInsert | right::kSelect | right::kUpdate | right::kDelete | right::kTruncate | right::kReferences | right::kTrigger;
constexpr std::uint32_t kColumnRights = right::kInsert | right::kSelect | right::kUpdate | right::kReferences;

/// A kind of object: its rights, those that PUBLIC has from the start, its name in messages.
struct ObjectKind {
    std::string_view type, label;
    std::uint32_t rights, by_default;
};
constexpr ObjectKind kKinds[] = {
    {"OBJECT_TABLE", "relation", kTableRights, 0},
    {"OBJECT_SEQUENCE", "sequence", right::kUsage | right::kSelect | right::kUpdate, 0},
    {"OBJECT_SCHEMA", "schema", right::kUsage | right::kCreate, 0},
    {"OBJECT_DATABASE", "database", right::kCreate | right::kTemporary | right::kConnect, right::kTemporary | right::kConnect},
    {"OBJECT_FUNCTION", "function", right::kExecute, right::kExecute},
    {"OBJECT_PROCEDURE", "procedure", right::kExecute, right::kExecute},
    {"OBJECT_ROUTINE", "routine", right::kExecute, right::kExecute},
};

/// One object of the statement.
struct Target {
    GrantKey key;
    Oid owner = kInvalidOid;
    std::string label;                   ///< "table t"
    const Relation* relation = nullptr;
    std::uint32_t by_default = 0;
};

Oid role_of(Backend& backend, const Node& spec) {
    std::string_view type = spec.text("roletype");
    if (type == "ROLESPEC_PUBLIC") return kInvalidOid;
    if (type == "ROLESPEC_CURRENT_USER" || type == "ROLESPEC_CURRENT_ROLE") return backend.current_user();
    if (type == "ROLESPEC_SESSION_USER") return backend.session_user();
    std::string name(spec.text("rolename"));
    const Role* role = backend.catalog().find_role(name);
    if (role == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    return role->oid;
}

Target relation_target(const RelationPtr& relation) { return {{relation->oid, 0}, relation->owner, relation_label(*relation), relation.get(), 0}; }

Target schema_target(const Schema& schema) {
    return {{schema.oid, 0}, schema.owner, "schema " + schema.name, nullptr, schema.oid == schema_oid::kPublic ? right::kUsage : 0};
}

Target function_target(Backend& backend, const Node& object, const ObjectKind& kind) {
    FunctionPtr function = named_function(backend, object, kind.label);
    return {{function->oid, 0}, function->owner, fmt::format("function {}", function->name), nullptr, right::kExecute};
}

std::vector<Target> named_targets(Backend& backend, const Node& node, const ObjectKind& kind) {
    std::vector<Target> targets;
    for (const Node& object : node.items("objects")) {
        if (kind.type == "OBJECT_TABLE" || kind.type == "OBJECT_SEQUENCE") {
            RelationPtr relation = open_relation(backend, object);
            if (kind.type == "OBJECT_SEQUENCE" && relation->kind != 'S') throw SqlError("42809", fmt::format("\"{}\" is not a sequence", relation->name));
            targets.push_back(relation_target(relation));
        } else if (kind.type == "OBJECT_SCHEMA") {
            targets.push_back(schema_target(require_schema(std::string(object.string()), backend)));
        } else if (kind.type == "OBJECT_DATABASE") {
            std::string name(object.string());
            if (name != backend.database_name()) {
                if (name != "postgres" && name != "template1" && name != "template0") throw SqlError("3D000", fmt::format("database \"{}\" does not exist", name));
                throw NotSimulated("privileges on another database");
            }
            targets.push_back({{kDatabaseOid, 0}, kBootstrapSuperuser, "database " + name, nullptr, kind.by_default});
        } else {
            targets.push_back(function_target(backend, object, kind));
        }
    }
    return targets;
}

std::vector<Target> targets_in_schema(Backend& backend, const Node& node, const ObjectKind& kind) {
    std::vector<Target> targets;
    for (const Node& object : node.items("objects")) {
        Oid schema = require_schema(std::string(object.string()), backend).oid;
        for (const auto& [oid, relation] : backend.catalog().relations()) {
            bool wanted = kind.type == "OBJECT_SEQUENCE" ? relation->kind == 'S' : relation->kind == 'r' || relation->kind == 'v' || relation->kind == 'p';
            bool relations = kind.type == "OBJECT_TABLE" || kind.type == "OBJECT_SEQUENCE";
            if (relations && wanted && relation->schema == schema) targets.push_back(relation_target(relation));
        }
        for (const auto& [oid, function] : backend.catalog().functions()) {
            bool wanted = (kind.type == "OBJECT_FUNCTION" && function->kind == 'f') || (kind.type == "OBJECT_PROCEDURE" && function->kind == 'p') || kind.type == "OBJECT_ROUTINE";
            if (wanted && function->schema == schema) targets.push_back({{oid, 0}, function->owner, "function " + function->name, nullptr, right::kExecute});
        }
    }
    return targets;
}

std::uint32_t right_named(const Node& privilege, const ObjectKind& kind, bool of_columns) {
    std::string_view name = privilege.text("priv_name");
    if (name.empty()) return of_columns ? kColumnRights : kind.rights;
    auto it = std::ranges::find(kRights, name, &RightName::name);
    if (it == std::end(kRights)) throw SqlError("42601", fmt::format("unrecognized privilege type \"{}\"", name));
    std::string upper(name);
    std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c - 32); });
    if (of_columns && (it->bit & kColumnRights) == 0) throw SqlError("0LP01", fmt::format("invalid privilege type {} for column", upper));
    // GRANT ... ON TABLE of a sequence takes the sequence's rights too.
    std::uint32_t allowed = kind.type == "OBJECT_TABLE" ? kind.rights | right::kUsage : kind.rights;
    if ((it->bit & allowed) == 0) throw SqlError("0LP01", fmt::format("invalid privilege type {} for {}", upper, kind.label));
    return it->bit;
}

void change_list(Backend& backend, const Target& target, int attno, std::uint32_t rights, const std::vector<Oid>& grantees, const Node& node) {
    bool is_grant = node.flag("is_grant"), option = node.flag("grant_option");
    GrantKey key{target.key.first, attno};
    std::vector<Grant> grants;
    if (const std::vector<Grant>* found = backend.catalog().find_grants(key)) {
        grants = *found;
    } else if (attno == 0 && target.by_default != 0) {
        grants.push_back({kInvalidOid, target.by_default, 0});
    }
    for (Oid grantee : grantees) {
        if (!is_grant && grantee == target.owner) throw NotSimulated("REVOKE from the owner");
        auto it = std::ranges::find(grants, grantee, &Grant::grantee);
        if (it == grants.end()) it = grants.insert(grants.end(), {grantee, 0, 0});
        if (is_grant) {
            it->rights |= rights;
            if (option) it->grant_options |= rights;
        } else {
            it->grant_options &= ~rights;
            if (!option) it->rights &= ~rights;
        }
    }
    auto catalog = backend.copy_catalog();
    catalog->set_grants(key, std::move(grants));
    backend.set_catalog(std::move(catalog));
}

/// Only the owner, and who was given the right WITH GRANT OPTION, may give it on.
void require_grantor(Backend& backend, const Target& target, std::uint32_t rights) {
    Oid user = backend.current_user();
    if (is_superuser(backend, user) || has_role(backend, user, target.owner)) return;
    std::uint32_t options = 0;
    if (const std::vector<Grant>* grants = backend.catalog().find_grants(target.key)) {
        for (const Grant& grant : *grants) {
            if (has_role(backend, user, grant.grantee)) options |= grant.grant_options;
        }
    }
    if (options == 0) throw SqlError("42501", "permission denied for " + target.label);
    if ((options & rights) != rights) throw NotSimulated("GRANT of what only a part may be given on");
}

}  // namespace

ExecResult grant_privileges(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    auto kind = std::ranges::find(kKinds, node.text("objtype"), &ObjectKind::type);
    if (kind == std::end(kKinds)) throw NotSimulated(fmt::format("GRANT or REVOKE on {}", node.text("objtype")));
    if (node.has("grantor")) throw NotSimulated("GRANTED BY");
    bool in_schema = node.text("targtype") == "ACL_TARGET_ALL_IN_SCHEMA";
    std::vector<Target> targets = in_schema ? targets_in_schema(backend, node, *kind) : named_targets(backend, node, *kind);
    std::vector<Oid> grantees;
    for (const Node& spec : node.items("grantees")) grantees.push_back(role_of(backend, spec));
    std::uint32_t whole = node.has("privileges") ? 0 : kind->rights;
    for (const Node& privilege : node.items("privileges")) {
        if (!privilege.has("cols")) whole |= right_named(privilege, *kind, false);
    }
    for (const Target& target : targets) {
        std::uint32_t rights = whole;
        if (target.relation != nullptr && target.relation->kind == 'S' && !node.has("privileges")) rights = right::kUsage | right::kSelect | right::kUpdate;
        require_grantor(backend, target, rights);
        if (rights != 0) change_list(backend, target, 0, rights, grantees, node);
        for (const Node& privilege : node.items("privileges")) {
            if (!privilege.has("cols")) continue;
            if (target.relation == nullptr) throw SqlError("0LP01", fmt::format("column privileges are only valid for relations"));
            std::uint32_t bits = right_named(privilege, *kind, true);
            for (const std::string& name : name_list(privilege.items("cols"))) {
                const Column* column = target.relation->find_column(name);
                if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, target.relation->name));
                change_list(backend, target, column->attno, bits, grantees, node);
            }
        }
        // REVOKE of a table's right takes it from the columns too.
        if (node.flag("is_grant") || target.relation == nullptr || rights == 0) continue;
        for (const Column& column : target.relation->columns) {
            if (backend.catalog().find_grants({target.key.first, column.attno})) change_list(backend, target, column.attno, rights & kColumnRights, grantees, node);
        }
    }
    return tag_only(node.flag("is_grant") ? "GRANT" : "REVOKE");
}

ExecResult grant_roles(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    bool is_grant = node.flag("is_grant");
    for (const Node& granted : node.items("granted_roles")) {
        std::string group_name(granted.text("priv_name"));
        const Role* group = backend.catalog().find_role(group_name);
        if (group == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", group_name));
        Oid group_oid = group->oid;
        const Role* user = backend.catalog().find_role(backend.current_user());
        if (!user->superuser && (group->superuser || !user->create_role)) {
            throw SqlError("42501", group->superuser ? "must be superuser to alter superusers" : fmt::format("must have admin option on role \"{}\"", group_name));
        }
        if (node.flag("admin_opt")) throw NotSimulated("WITH ADMIN OPTION");
        for (const Node& spec : node.items("grantee_roles")) {
            Role member = *backend.catalog().find_role(role_of(backend, spec));
            auto it = std::ranges::find(member.member_of, group_oid);
            if (is_grant && has_role(backend, group_oid, member.oid)) {
                throw SqlError("0LP01", fmt::format("role \"{}\" is a member of role \"{}\"", group_name, member.name));
            }
            if (is_grant && it != member.member_of.end()) {
                backend.send_notice("NOTICE", SqlError("00000", fmt::format("role \"{}\" is already a member of role \"{}\"", member.name, group_name)));
                continue;
            }
            if (!is_grant && it == member.member_of.end()) {
                backend.send_notice("WARNING", SqlError("01000", fmt::format("role \"{}\" is not a member of role \"{}\"", member.name, group_name)));
                continue;
            }
            if (is_grant) {
                member.member_of.push_back(group_oid);
            } else {
                member.member_of.erase(it);
            }
            auto catalog = backend.copy_catalog();
            catalog->put_role(member);
            backend.set_catalog(std::move(catalog));
        }
    }
    return tag_only(is_grant ? "GRANT ROLE" : "REVOKE ROLE");
}

namespace {

/// Default privileges lie among the grants: by schema (0: any) and, negative, creator and kind.
GrantKey default_key(Oid schema, Oid creator, bool sequences) { return {schema, -static_cast<int>(creator * 2 + (sequences ? 1 : 0))}; }

}  // namespace

ExecResult alter_default_privileges(Backend& backend, const Command& command, const RowSink&) {
    Node action = command.node["action"];
    auto kind = std::ranges::find(kKinds, action.text("objtype"), &ObjectKind::type);
    bool sequences = action.text("objtype") == "OBJECT_SEQUENCE";
    if (kind == std::end(kKinds) || (kind->type != "OBJECT_TABLE" && !sequences)) throw NotSimulated("ALTER DEFAULT PRIVILEGES on what is neither TABLES nor SEQUENCES");
    if (!action.flag("is_grant")) throw NotSimulated("ALTER DEFAULT PRIVILEGES ... REVOKE");
    std::vector<Oid> schemas, creators;
    for (const Node& option : command.node.items("options")) {
        for (const Node& item : option["arg"].items()) {
            if (option.text("defname") == "schemas") schemas.push_back(require_schema(std::string(item.string()), backend).oid);
            if (option.text("defname") == "roles") creators.push_back(role_of(backend, item));
        }
    }
    if (schemas.empty()) schemas.push_back(kInvalidOid);
    if (creators.empty()) creators.push_back(backend.current_user());
    std::uint32_t rights = action.has("privileges") ? 0 : kind->rights;
    for (const Node& privilege : action.items("privileges")) rights |= right_named(privilege, *kind, false);
    std::vector<Oid> grantees;
    for (const Node& spec : action.items("grantees")) grantees.push_back(role_of(backend, spec));
    auto catalog = backend.copy_catalog();
    for (Oid schema : schemas) {
        for (Oid creator : creators) {
            GrantKey key = default_key(schema, creator, sequences);
            std::vector<Grant> grants;
            if (const std::vector<Grant>* found = catalog->find_grants(key)) grants = *found;
            for (Oid grantee : grantees) grants.push_back({grantee, rights, 0});
            catalog->set_grants(key, std::move(grants));
        }
    }
    backend.set_catalog(std::move(catalog));
    return tag_only("ALTER DEFAULT PRIVILEGES");
}

void apply_default_rights(Backend& backend, const Relation& relation) {
    std::vector<Grant> grants;
    for (Oid schema : {kInvalidOid, relation.schema}) {
        const std::vector<Grant>* found = backend.catalog().find_grants(default_key(schema, relation.owner, relation.kind == 'S'));
        if (found != nullptr) grants.insert(grants.end(), found->begin(), found->end());
    }
    if (grants.empty()) return;
    auto catalog = backend.copy_catalog();
    catalog->set_grants({relation.oid, 0}, std::move(grants));
    backend.set_catalog(std::move(catalog));
}

}  // namespace cdcsim::pg
