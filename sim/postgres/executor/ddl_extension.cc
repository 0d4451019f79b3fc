// CREATE and DROP EXTENSION. Mirrors extension.c for what function/extension.cc knows.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/dependents.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/function/extension.h"

namespace cdcsim::pg {
namespace {

bool is_there(Backend& backend, const std::string& name) { return name == "plpgsql" || backend.catalog().find_extension(name) != nullptr; }

[[noreturn]] void throw_not_available(const std::string& name) {
    if (is_available_extension(name)) throw NotSimulated(fmt::format("CREATE EXTENSION {}", name));
    throw SqlError("0A000", fmt::format("extension \"{}\" is not available", name))
        .detail(fmt::format("Could not open extension control file \"/usr/share/postgresql/15/extension/{}.control\": No such file or directory.", name))
        .hint("The extension must first be installed on the system where PostgreSQL is running.");
}

/// Where the extension's objects go.
Oid schema_of(Backend& backend, const Node& node, const KnownExtension& known) {
    Oid schema = kInvalidOid;
    for (const Node& option : node.items("options")) {
        const std::string_view option_name = option.text("defname");
        if (option_name == "schema") {
            schema = require_schema(std::string(option["arg"].string()), backend).oid;
        } else if (option_name == "new_version" && option["arg"].string() != known.version) {
            throw NotSimulated(fmt::format("CREATE EXTENSION {} in an older version", known.name));
        }
    }
    return schema != kInvalidOid ? schema : creation_schema_of(backend, {std::string(known.name)});
}

std::shared_ptr<Function> make_function(Backend& backend, const ExtensionFunction& row, const Extension& extension) {
    auto function = std::make_shared<Function>();
    function->oid = allocate_oid(backend);
    function->schema = extension.schema;
    function->owner = extension.owner;
    function->extension = extension.oid;
    function->name = row.name;
    function->language = "c";
    function->body = row.source;
    function->arg_types = row.args;
    function->arg_modes.assign(row.args.size(), 'i');
    function->arg_defaults.resize(row.args.size());
    function->arg_names.assign(row.arg_names.begin(), row.arg_names.end());
    function->arg_names.resize(row.args.size());
    function->result = row.result;
    function->strict = row.strict;
    function->volatility = row.volatility;
    for (const FunctionPtr& other : backend.catalog().find_functions(extension.schema, function->name)) {
        if (other->arg_types == function->arg_types) throw SqlError("42723", fmt::format("function \"{}\" already exists with same argument types", function->name));
    }
    return function;
}

}  // namespace

ExecResult create_extension(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    const std::string name(node.text("extname"));
    if (is_there(backend, name)) {
        const std::string message = fmt::format("extension \"{}\" already exists", name);
        if (!node.flag("if_not_exists")) throw SqlError("42710", message);
        backend.send_notice("NOTICE", SqlError("42710", message + ", skipping"));
        return tag_only("CREATE EXTENSION");
    }
    const KnownExtension* known = find_known_extension(name);
    if (known == nullptr) throw_not_available(name);
    if (!backend.catalog().find_role(backend.current_user())->superuser) throw NotSimulated("CREATE EXTENSION by a role that is no superuser");
    Extension extension;
    extension.schema = schema_of(backend, node, *known);
    extension.oid = allocate_oid(backend);
    extension.name = known->name;
    extension.version = known->version;
    extension.owner = backend.current_user();
    auto catalog = backend.copy_catalog();
    for (const ExtensionFunction& row : known->functions) catalog->put_function(make_function(backend, row, extension));
    catalog->put_extension(extension);
    catalog->set_comment({extension.oid, 0}, {"pg_extension", std::string(known->comment)});
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE EXTENSION");
}

ExecResult drop_extensions(Backend& backend, const Node& node) {
    const bool cascade = node.text("behavior") == "DROP_CASCADE";
    std::vector<Extension> dropped;
    for (const Node& object : node.items("objects")) {
        const std::string name(object.string());
        if (name == "plpgsql") throw NotSimulated("DROP of extension \"plpgsql\"");
        if (const Extension* found = backend.catalog().find_extension(name)) {
            require_ownership(backend, found->owner, "extension " + name);
            dropped.push_back(*found);
            continue;
        }
        if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("extension \"{}\" does not exist", name));
        backend.send_notice("NOTICE", SqlError("00000", fmt::format("extension \"{}\" does not exist, skipping", name)));
    }
    if (dropped.empty()) return tag_only("DROP EXTENSION");
    std::vector<FunctionPtr> functions;
    for (const auto& [oid, function] : backend.catalog().functions()) {
        if (std::ranges::find(dropped, function->extension, &Extension::oid) != dropped.end()) functions.push_back(function);
    }
    Dependents dependents;
    for (const FunctionPtr& function : functions) add_dependents(dependents, dependents_of_function(backend, *function));
    settle_dependents(backend, dependents, cascade, dropped.size() > 1 ? "desired object(s)" : "extension " + dropped[0].name);
    auto catalog = backend.copy_catalog();
    for (const FunctionPtr& function : functions) catalog->drop_function(function->oid);
    for (const Extension& extension : dropped) {
        catalog->drop_extension(extension.oid);
        catalog->set_comment({extension.oid, 0}, {});
    }
    backend.set_catalog(std::move(catalog));
    return tag_only("DROP EXTENSION");
}

void require_not_in_extension(Backend& backend, const Function& function) {
    const Extension* extension = backend.catalog().find_extension(function.extension);
    if (extension == nullptr) return;
    throw SqlError("2BP01", fmt::format("cannot drop {} because extension {} requires it", describe_function(backend, function), extension->name))
        .hint(fmt::format("You can drop extension {} instead.", extension->name));
}

}  // namespace cdcsim::pg
