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
    {"OBJECT_TYPE", "type", right::kUsage, right::kUsage},    // of default privileges only
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

/// GRANT or REVOKE, as `node` says, in a list of what others than the owner may do.
void change_grants(std::vector<Grant>& grants, Oid owner, std::uint32_t rights, const std::vector<Oid>& grantees, const Node& node) {
    bool is_grant = node.flag("is_grant"), option = node.flag("grant_option");
    for (Oid grantee : grantees) {
        if (!is_grant && grantee == owner) throw NotSimulated("REVOKE from the owner");
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
}

void change_list(Backend& backend, const Target& target, int attno, std::uint32_t rights, const std::vector<Oid>& grantees, const Node& node) {
    GrantKey key{target.key.first, attno};
    std::vector<Grant> grants;
    if (const std::vector<Grant>* found = backend.catalog().find_grants(key)) {
        grants = *found;
    } else if (attno == 0 && target.by_default != 0) {
        grants.push_back({kInvalidOid, target.by_default, 0});
    }
    change_grants(grants, target.owner, rights, grantees, node);
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
    if (kind == std::end(kKinds) || kind->type == "OBJECT_TYPE") throw NotSimulated(fmt::format("GRANT or REVOKE on {}", node.text("objtype")));
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

constexpr std::string_view kDefaultKinds = "rSfnT";

/// Default privileges lie among the grants: by schema (0: any) and, negative, creator and kind of object.
GrantKey default_key(Oid schema, Oid creator, char kind) {
    return {schema, -static_cast<int>(creator * 8 + static_cast<Oid>(kDefaultKinds.find(kind)))};
}

char default_kind(std::string_view object_type) {
    if (object_type == "OBJECT_TABLE") return 'r';
    if (object_type == "OBJECT_SEQUENCE") return 'S';
    if (object_type == "OBJECT_SCHEMA") return 'n';
    return object_type == "OBJECT_TYPE" ? 'T' : 'f';
}

/// What others than the owner may do with a new object where no ALTER DEFAULT PRIVILEGES says otherwise.
std::vector<Grant> built_in_default(char kind) {
    if (kind == 'f') return {{kInvalidOid, right::kExecute, 0}};
    if (kind == 'T') return {{kInvalidOid, right::kUsage, 0}};
    return {};
}

bool same_grants(const std::vector<Grant>& a, const std::vector<Grant>& b) {
    return std::ranges::equal(a, b, [](const Grant& x, const Grant& y) {
        return x.grantee == y.grantee && x.rights == y.rights && x.grant_options == y.grant_options;
    });
}

/// The statement's change in one list: that of a schema starts empty, the other one as PostgreSQL has it built in.
void change_default(Catalog& catalog, Oid schema, Oid creator, char kind, std::uint32_t rights, const std::vector<Oid>& grantees, const Node& action) {
    const GrantKey key = default_key(schema, creator, kind);
    const std::vector<Grant> initial = schema == kInvalidOid ? built_in_default(kind) : std::vector<Grant>{};
    const std::vector<Grant>* found = catalog.find_grants(key);
    std::vector<Grant> grants = found != nullptr ? *found : initial;
    change_grants(grants, creator, rights, grantees, action);
    std::erase_if(grants, [](const Grant& grant) { return grant.rights == 0; });
    const bool all_use = std::ranges::any_of(grants, [](const Grant& grant) { return grant.grantee == kInvalidOid; });
    if (kind == 'T' && schema == kInvalidOid && !all_use) throw NotSimulated("types that not everyone may use");
    if (same_grants(grants, initial)) {
        catalog.forget_grants(key);
    } else {
        catalog.set_grants(key, std::move(grants));
    }
}

std::uint32_t default_rights(const Node& action, const ObjectKind& kind) {
    std::uint32_t rights = action.has("privileges") ? 0 : kind.rights;
    for (const Node& privilege : action.items("privileges")) {
        if (privilege.has("cols")) throw SqlError("0LP01", "default privileges cannot be set for columns");
        const std::uint32_t one = right_named(privilege, kind, false);
        // right_named lets USAGE of tables pass, which may be sequences. These are not.
        if ((one & kind.rights) == 0) throw SqlError("0LP01", fmt::format("invalid privilege type USAGE for {}", kind.label));
        rights |= one;
    }
    return rights;
}

/// Whose new objects are meant.
std::vector<Oid> default_creators(Backend& backend, const std::vector<Node>& specs) {
    if (specs.empty()) return {backend.current_user()};
    std::vector<Oid> creators;
    for (const Node& spec : specs) {
        const Oid creator = role_of(backend, spec);
        if (!is_superuser(backend, backend.current_user()) && !has_role(backend, backend.current_user(), creator)) {
            throw SqlError("42501", fmt::format("must be member of role \"{}\"", backend.catalog().find_role(creator)->name));
        }
        creators.push_back(creator);
    }
    return creators;
}

}  // namespace

ExecResult alter_default_privileges(Backend& backend, const Command& command, const RowSink&) {
    Node action = command.node["action"];
    auto kind = std::ranges::find(kKinds, action.text("objtype"), &ObjectKind::type);
    if (kind == std::end(kKinds)) throw NotSimulated(fmt::format("ALTER DEFAULT PRIVILEGES on {}", action.text("objtype")));
    std::vector<Node> schema_names, role_names;
    for (const Node& option : command.node.items("options")) {
        std::vector<Node>& to = option.text("defname") == "schemas" ? schema_names : role_names;
        if (!to.empty()) throw SqlError("42601", "conflicting or redundant options").at(option.location());
        to = option["arg"].items();
    }
    std::vector<Oid> grantees;
    for (const Node& spec : action.items("grantees")) grantees.push_back(role_of(backend, spec));
    const std::uint32_t rights = default_rights(action, *kind);
    const std::vector<Oid> creators = default_creators(backend, role_names);
    std::vector<Oid> schemas;
    for (const Node& name : schema_names) schemas.push_back(require_schema(std::string(name.string()), backend).oid);
    if (!schemas.empty() && kind->type == "OBJECT_SCHEMA") throw SqlError("0LP01", "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
    if (schemas.empty()) schemas.push_back(kInvalidOid);
    auto catalog = backend.copy_catalog();
    for (Oid creator : creators) {
        for (Oid schema : schemas) change_default(*catalog, schema, creator, default_kind(kind->type), rights, grantees, action);
    }
    backend.set_catalog(std::move(catalog));
    return tag_only("ALTER DEFAULT PRIVILEGES");
}

Oid creator_of_default(const GrantKey& key) { return key.second < 0 ? static_cast<Oid>(-key.second) / 8 : kInvalidOid; }

void give_default_rights(Catalog& catalog, const NewObject& object) {
    const std::vector<Grant>* anywhere = catalog.find_grants(default_key(kInvalidOid, object.owner, object.kind));
    const std::vector<Grant>* in_schema = object.schema == kInvalidOid ? nullptr : catalog.find_grants(default_key(object.schema, object.owner, object.kind));
    if (anywhere == nullptr && in_schema == nullptr) return;
    std::vector<Grant> grants = anywhere != nullptr ? *anywhere : built_in_default(object.kind);
    for (const Grant& more : in_schema != nullptr ? *in_schema : std::vector<Grant>{}) {
        auto it = std::ranges::find(grants, more.grantee, &Grant::grantee);
        if (it == grants.end()) it = grants.insert(grants.end(), {more.grantee, 0, 0});
        it->rights |= more.rights;
        it->grant_options |= more.grant_options;
    }
    if (!same_grants(grants, built_in_default(object.kind))) catalog.set_grants({object.oid, 0}, std::move(grants));
}

}  // namespace cdcsim::pg
