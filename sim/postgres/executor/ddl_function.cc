// CREATE FUNCTION and PROCEDURE. Mirrors functioncmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/polymorphic.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/dependents.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/settings.h"
#include "sim/postgres/executor/sql_function.h"
#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

char parameter_mode(std::string_view mode) {
    if (mode == "FUNC_PARAM_OUT") return 'o';
    if (mode == "FUNC_PARAM_INOUT") return 'b';
    if (mode == "FUNC_PARAM_VARIADIC") return 'v';
    if (mode == "FUNC_PARAM_TABLE") return 't';
    return 'i';
}

/// A parameter's or result's type: what does not exist is told without a place.
TypeRef declared_type(Backend& backend, const Node& type, bool quoted) {
    try {
        return bind_ddl_type(type, backend.bind_options());
    } catch (const SqlError& error) {
        if (error.is_not_simulated() || error.sqlstate() != "42704") throw;
        std::string message = error.message();
        if (!quoted) std::erase(message, '"');
        throw SqlError(error.sqlstate(), message);
    }
}

/// A polymorphic output needs a polymorphic parameter to follow (check_valid_polymorphic_signature).
void check_polymorphic_output(Backend& backend, const Function& function, Oid output) {
    if (!is_polymorphic(output)) return;
    auto is_compatible = [](Oid type) { return type >= oid::kAnycompatible && type <= oid::kAnycompatiblerange; };
    const bool range = output == oid::kAnyrange || output == oid::kAnymultirange, compatible = is_compatible(output);
    for (std::size_t i = 0; i < function.arg_types.size() && output != oid::kAnycompatiblerange; ++i) {
        const Oid type = function.arg_types[i];
        if (function.arg_modes[i] == 'o' || function.arg_modes[i] == 't' || !is_polymorphic(type)) continue;
        if (range ? type == oid::kAnyrange || type == oid::kAnymultirange : is_compatible(type) == compatible) return;
    }
    std::string needed = range                                  ? "anyrange or anymultirange"
                         : output == oid::kAnycompatiblerange ? "anycompatiblerange or anycompatiblemultirange"
                         : compatible ? "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange"
                                      : "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange";
    throw SqlError("42P13", "cannot determine result data type")
        .detail(fmt::format("A result of type {} requires at least one input of type {}.", format_type(backend, output), needed));
}

void check_polymorphic_outputs(Backend& backend, const Function& function) {
    if (std::ranges::find(function.arg_types, oid::kAnycompatiblerange) != function.arg_types.end()) throw NotSimulated("functions over anycompatiblerange");
    check_polymorphic_output(backend, function, function.result);
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        if (function.arg_modes[i] == 'o' || function.arg_modes[i] == 't') check_polymorphic_output(backend, function, function.arg_types[i]);
    }
}

/// What a parameter after a VARIADIC one, or a VARIADIC one itself, must not be.
void check_variadic(Backend& backend, const Function& before, char mode, Oid type) {
    const bool seen = std::ranges::find(before.arg_modes, 'v') != before.arg_modes.end();
    if (seen && mode != 'o' && mode != 't') throw SqlError("42P13", "VARIADIC parameter must be the last input parameter");
    if (seen && mode == 'o' && before.kind == 'p') throw SqlError("42P13", "VARIADIC parameter must be the last parameter");
    const bool is_list = backend.type(type).is_array() || type == oid::kAnyarray || type == oid::kAnycompatiblearray || type == oid::kAny;
    if (mode == 'v' && !is_list) throw SqlError("42P13", "VARIADIC parameter must be an array");
}

void bind_parameters(Backend& backend, const Node& node, Function& function) {
    bool seen_default = false;
    for (const Node& parameter : node.items("parameters")) {
        char mode = parameter_mode(parameter.text("mode"));
        TypeRef type = declared_type(backend, parameter["argType"], false);
        if (parameter["argType"].flag("setof")) throw SqlError("42P13", fmt::format("{} cannot accept set arguments", function.kind == 'p' ? "procedures" : "functions"));
        check_variadic(backend, function, mode, type.type);
        std::string name(parameter.text("name"));
        for (std::size_t i = 0; i < function.arg_names.size() && !name.empty(); ++i) {
            bool out_only = (mode == 'o' || mode == 't') != (function.arg_modes[i] == 'o' || function.arg_modes[i] == 't');
            if (function.arg_names[i] == name && !out_only) {
                throw SqlError("42P13", fmt::format("parameter name \"{}\" used more than once", name));
            }
        }
        std::optional<StoredExpr> value;
        if (Node def = parameter["defexpr"]) {
            if (mode == 'o' || mode == 't') throw SqlError("42P13", "only input parameters can have default values");
            ExprScope scope;
            scope.place = "DEFAULT expressions";
            scope.of_parameter = true;
            ExprPtr expr = bind_expression(def, backend.bind_options(), scope);
            ExprPtr coerced = coerce_for_assignment(expr, type.type, -1, backend.bind_options());
            if (!coerced) {
                throw SqlError("42804", fmt::format("argument of DEFAULT must be type {}, not type {}", format_type(backend, type.type), format_type(backend, expr->type)));
            }
            value = stored_expression(backend, coerced);
            seen_default = true;
        } else if (seen_default && mode != 'o' && mode != 't') {
            throw SqlError("42P13", "input parameters after one with a default value must also have defaults");
        } else if (seen_default && function.kind == 'p') {
            throw SqlError("42P13", "procedure OUT parameters cannot appear after one with a default value");
        }
        function.arg_names.push_back(std::move(name));
        function.arg_types.push_back(type.type);
        function.arg_modes.push_back(mode);
        function.arg_defaults.push_back(std::move(value));
    }
}

void bind_result(Backend& backend, const Node& node, Function& function, bool is_procedure) {
    std::vector<Oid> outs;
    bool table = false;
    for (std::size_t i = 0; i < function.arg_modes.size(); ++i) {
        char mode = function.arg_modes[i];
        if (mode == 'o' || mode == 'b' || mode == 't') outs.push_back(function.arg_types[i]);
        table = table || mode == 't';
    }
    if (Node type = node["returnType"]) {
        function.result = declared_type(backend, type, true).type;
        function.returns_set = type.flag("setof");
        if (table) function.result = outs.size() == 1 ? outs[0] : oid::kRecord;
        if (!outs.empty() && !table) {
            Oid expected = outs.size() == 1 ? outs[0] : oid::kRecord;
            if (function.result != expected) {
                throw SqlError("42P13", fmt::format("function result type must be {} because of OUT parameters", format_type(backend, expected)));
            }
        }
        return;
    }
    if (is_procedure) {
        function.result = outs.empty() ? oid::kVoid : oid::kRecord;
    } else if (!outs.empty()) {
        function.result = outs.size() == 1 ? outs[0] : oid::kRecord;
    } else {
        throw SqlError("42P13", "function result type must be specified");
    }
}

/// Whether `literal` (the text after an opening quote) spells `body`; where byte `position` of the body
/// stands in it goes to `mapped`.
bool matches_literal(std::string_view body, std::string_view literal, int position, int& mapped) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (static_cast<int>(i) == position) mapped = static_cast<int>(at);
        if (at >= literal.size()) return false;
        char c = literal[at++];
        if (c == '\'') {
            if (at >= literal.size() || literal[at++] != '\'') return false;
        } else if (c == '\\' && at < literal.size() && literal[at] == '\\') {
            ++at;
        }
        if (c != body[i]) return false;
    }
    if (position >= static_cast<int>(body.size())) mapped = static_cast<int>(at);
    return at < literal.size() && literal[at] == '\'' && (at + 1 == literal.size() || literal[at + 1] != '\'');
}

/// Where byte `position` of the body stands in the statement; -1 if the body is not found just once.
/// Mirrors match_prosrc_to_query.
int position_in_statement(std::string_view text, std::string_view body, int position) {
    int found = -1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int mapped = 0;
        if (text[i] == '$' && text.substr(i + 1).starts_with(body) && i + 1 + body.size() < text.size() && text[i + 1 + body.size()] == '$') {
            mapped = position;
        } else if (text[i] != '\'' || !matches_literal(body, text.substr(i + 1), position, mapped)) {
            continue;
        }
        if (found >= 0) return -1;
        found = static_cast<int>(i) + 1 + mapped;
    }
    return found;
}

/// SET or RESET of a definition: the last one for a setting counts. Mirrors update_proconfig_value.
void apply_set_clause(Backend& backend, Function& function, const Node& set) {
    const std::string_view kind = set.text("kind");
    if (kind == "VAR_RESET_ALL") return function.settings.clear();
    const std::string name = canonical_setting_name(std::string(set.text("name")));
    auto same = std::ranges::find(function.settings, name, &std::pair<std::string, std::string>::first);
    if (kind == "VAR_RESET" || kind == "VAR_SET_DEFAULT") {
        if (same != function.settings.end()) function.settings.erase(same);
        return;
    }
    const std::string value = set_statement_value(backend, set, name);
    validate_setting(name, value, backend);
    if (same != function.settings.end()) {
        same->second = value;
    } else {
        function.settings.emplace_back(name, value);
    }
}

/// What only a function has; COST and ROWS have to be more than nothing.
void check_attribute(Backend& backend, const Node& option, const Function& function) {
    constexpr std::string_view kOfFunctions[] = {"volatility", "strict", "leakproof", "cost", "rows", "support", "parallel", "window"};
    const std::string_view name = option.text("defname");
    if (function.kind == 'p' && std::ranges::find(kOfFunctions, name) != std::end(kOfFunctions)) {
        throw SqlError("42P13", "invalid attribute in procedure definition").at(option.location());
    }
    const Node arg = option["arg"];
    const bool is_positive = arg && (arg.is("Integer") ? arg.integer("ival") > 0 : !arg.text("fval").starts_with("-"));
    if ((name == "cost" || name == "rows") && !is_positive) throw SqlError("22023", fmt::format("{} must be positive", name == "cost" ? "COST" : "ROWS"));
    if (name == "leakproof" && arg.flag("boolval") && !is_superuser(backend, backend.current_user())) {
        throw SqlError("42501", "only superuser can define a leakproof function");
    }
}

void bind_options_of(Backend& backend, const Node& node, Function& function) {
    std::vector<std::string> seen;
    for (const Node& option : node.items("options")) {
        std::string_view name = option.text("defname");
        bool again = name != "set" && std::ranges::find(seen, name) != seen.end();
        if (again) throw SqlError("42601", "conflicting or redundant options").at(option.location());
        seen.emplace_back(name);
        check_attribute(backend, option, function);
        Node arg = option["arg"];
        if (name == "as") {
            std::vector<Node> parts = arg.items();
            if (parts.size() > 1) throw NotSimulated("functions in C");
            function.body = parts.at(0).string();
        } else if (name == "language") {
            function.language = arg.string();
            for (char& c : function.language) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (name == "volatility") {
            function.volatility = arg.string()[0];
        } else if (name == "strict") {
            function.strict = arg.flag("boolval");
        } else if (name == "security") {
            function.security_definer = arg.flag("boolval");
        } else if (name == "set") {
            apply_set_clause(backend, function, arg);
        } else if (name != "parallel" && name != "cost" && name != "rows" && name != "leakproof" && name != "support" && name != "window") {
            throw NotSimulated(fmt::format("function option {}", name));
        }
    }
}

std::vector<Oid> input_types(const Function& function) {
    std::vector<Oid> types;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        if (mode == 'i' || mode == 'b' || mode == 'v') types.push_back(function.arg_types[i]);
    }
    return types;
}

/// The validators' checks of types, before the body is looked at.
void check_plpgsql_types(Backend& backend, const Function& function) {
    auto allowed = [&](Oid type) {
        return backend.type(type).typtype != 'p' || type == oid::kRecord || type == oid::kVoid || is_polymorphic(type);
    };
    if (function.result != oid::kTrigger && function.result != oid::kEventTrigger && !allowed(function.result)) {
        throw SqlError("0A000", fmt::format("PL/pgSQL functions cannot return type {}", format_type(backend, function.result)));
    }
    for (Oid type : input_types(function)) {
        if (!allowed(type)) throw SqlError("0A000", fmt::format("PL/pgSQL functions cannot accept type {}", format_type(backend, type)));
    }
}

void run_validator(Backend& backend, const Function& function) {
    if (function.language == "sql") return sql_function_validate(backend, function);
    if (function.result == oid::kEventTrigger) throw NotSimulated("event triggers");
    check_plpgsql_types(backend, function);
    plpgsql_validate(backend, function);
}

void require_language(const Function& function) {
    if (function.language == "sql" || function.language == "plpgsql") return;
    if (function.language == "c" || function.language == "internal") throw NotSimulated(fmt::format("functions in language {}", function.language));
    SqlError error("42704", fmt::format("language \"{}\" does not exist", function.language));
    constexpr std::string_view kKnown[] = {"plperl", "plperlu", "plpython3u", "pltcl", "pltclu"};
    if (std::ranges::find(kKnown, function.language) != std::end(kKnown)) error.set_hint("Use CREATE EXTENSION to load the language into the database.");
    throw error;
}

void validate(Backend& backend, const Command& command, const Function& function) {
    if (backend.setting("check_function_bodies") == "off") return;
    try {
        run_validator(backend, function);
    } catch (SqlError& error) {
        show_position_in_body(error, command, function.body);
        throw;
    }
}

/// The names and types of what comes out, if the result is a record made of parameters.
std::vector<std::pair<std::string, Oid>> output_columns(const Function& function) {
    std::vector<std::pair<std::string, Oid>> columns;
    if (function.result != oid::kRecord) return columns;
    for (std::size_t i = 0; i < function.arg_modes.size(); ++i) {
        if (function.arg_modes[i] != 'i' && function.arg_modes[i] != 'v') columns.emplace_back(function.arg_names[i], function.arg_types[i]);
    }
    return columns;
}

/// The names of input parameters may be given, not changed.
void check_parameter_names(const Function& before, const Function& after, const std::string& hint) {
    auto names = [](const Function& function) {
        std::vector<std::string> found;
        for (std::size_t i = 0; i < function.arg_names.size(); ++i) {
            if (function.arg_modes[i] != 'o' && function.arg_modes[i] != 't') found.push_back(function.arg_names[i]);
        }
        return found;
    };
    const std::vector<std::string> old_names = names(before), new_names = names(after);
    for (std::size_t i = 0; i < old_names.size(); ++i) {
        if (old_names[i].empty() || old_names[i] == new_names[i]) continue;
        throw SqlError("42P13", fmt::format("cannot change name of input parameter \"{}\"", old_names[i])).hint(hint);
    }
}

/// Defaults belong to the last input parameters; there may come more, of the same types.
void check_parameter_defaults(const Function& before, const Function& after, const std::string& hint) {
    auto types = [](const Function& function) {
        std::vector<Oid> found;
        for (const std::optional<StoredExpr>& value : function.arg_defaults) {
            if (value) found.push_back(value->expr->type);
        }
        return found;
    };
    const std::vector<Oid> old_types = types(before), new_types = types(after);
    if (new_types.size() < old_types.size()) throw SqlError("42P13", "cannot remove parameter defaults from existing function").hint(hint);
    if (!std::equal(old_types.rbegin(), old_types.rend(), new_types.rbegin())) {
        throw SqlError("42P13", "cannot change data type of existing parameter default value").hint(hint);
    }
}

/// What PostgreSQL keeps of a function's past or expands only when a query is planned, and this does not.
void refuse_replaced_uses(Backend& backend, const Function& before, const Function& after) {
    auto calls_it = [&](const Expr& e) { return e.kind == ExprKind::kFunc && as<FuncExpr>(e).user && as<FuncExpr>(e).user->oid == before.oid; };
    auto in_key = [&](const Index& index) {
        return index.unique && std::ranges::any_of(index.keys, [&](const IndexKey& key) { return key.expr && any_expression(key.expr->expr, calls_it); });
    };
    const bool same_body = before.body == after.body && before.language == after.language;
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (!same_body && std::ranges::any_of(relation->indexes, in_key)) throw NotSimulated("CREATE OR REPLACE of a function that a unique index calls");
    }
    bool same_defaults = true;
    for (std::size_t i = 0; i < before.arg_defaults.size() && i < after.arg_defaults.size(); ++i) {
        if (before.arg_defaults[i] && !equal_expressions(*before.arg_defaults[i]->expr, *after.arg_defaults[i]->expr)) same_defaults = false;
    }
    if (!same_defaults && !dependents_of_function(backend, before).empty()) {
        throw NotSimulated("another default value of a function that a view or a table's definition calls");
    }
}

/// What CREATE OR REPLACE must leave as it is: the checks of ProcedureCreate.
void check_replacement(Backend& backend, const Function& before, const Function& after) {
    if (before.kind != after.kind) {
        throw SqlError("42809", "cannot change routine kind").detail(fmt::format("\"{}\" is a {}.", before.name, before.kind == 'p' ? "procedure" : "function"));
    }
    const std::string hint = fmt::format("Use DROP {} {} first.", before.kind == 'p' ? "PROCEDURE" : "FUNCTION", format_procedure(backend, before));
    SqlError result("42P13", before.kind == 'p' ? "cannot change whether a procedure has output parameters" : "cannot change return type of existing function");
    result.set_hint(hint);
    if (before.result != after.result || before.returns_set != after.returns_set) throw std::move(result);
    if (output_columns(before) != output_columns(after)) {
        SqlError columns("42P13", "cannot change return type of existing function");
        throw std::move(columns).detail("Row type defined by OUT parameters is different.").hint(hint);
    }
    check_parameter_names(before, after, hint);
    check_parameter_defaults(before, after, hint);
}

}  // namespace

void show_position_in_body(SqlError& error, const Command& command, const std::string& body) {
    if (error.position() < 0 || error.is_not_simulated()) return;
    int where = position_in_statement(command.text, body, error.position());
    if (where < 0) {
        error.move_position_into(body);
    } else {
        error.replace_position(command.begin + where);
    }
}

ExecResult create_function(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    bool is_procedure = node.flag("is_procedure");
    std::string tag = is_procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION";
    if (node.has("sql_body")) throw NotSimulated("SQL-standard function bodies (BEGIN ATOMIC, RETURN)");
    std::vector<std::string> names = name_list(node.items("funcname"));
    auto function = std::make_shared<Function>();
    function->schema = creation_schema_of(backend, names);
    function->name = names.back();
    function->kind = is_procedure ? 'p' : 'f';
    function->owner = backend.current_user();
    bind_options_of(backend, node, *function);
    if (function->language.empty()) throw SqlError("42P13", "no language specified");
    require_language(*function);
    bind_parameters(backend, node, *function);
    bind_result(backend, node, *function, is_procedure);
    check_polymorphic_outputs(backend, *function);
    const std::vector<Node> options = node.items("options");
    auto is_given = [&](std::string_view name) { return std::ranges::any_of(options, [&](const Node& option) { return option.text("defname") == name; }); };
    if (!is_given("as")) throw SqlError("42P13", "no function body specified");
    if (is_given("rows") && !function->returns_set) throw SqlError("22023", "ROWS is not applicable when function does not return a set");
    FunctionPtr existing;
    for (const FunctionPtr& other : backend.catalog().find_functions(function->schema, function->name)) {
        if (input_types(*other) == input_types(*function)) existing = other;
    }
    if (existing) {
        if (!node.flag("replace")) {
            throw SqlError("42723", fmt::format("function \"{}\" already exists with same argument types", function->name));
        }
        require_ownership(backend, existing->owner, fmt::format("{} {}", existing->kind == 'p' ? "procedure" : "function", existing->name));
        check_replacement(backend, *existing, *function);
        refuse_replaced_uses(backend, *existing, *function);
        function->oid = existing->oid;
        function->owner = existing->owner;
    } else {
        function->oid = allocate_oid(backend);
    }
    auto catalog = backend.copy_catalog();
    catalog->put_function(function);
    if (!existing) give_default_rights(*catalog, {function->oid, function->owner, function->schema, 'f'});
    // Triggers hold the function itself: they get the new body.
    std::vector<RelationPtr> holders;
    for (const auto& [oid, relation] : catalog->relations()) {
        bool uses = std::ranges::any_of(relation->triggers, [&](const Trigger& t) { return t.function->oid == function->oid; });
        if (uses) holders.push_back(relation);
    }
    for (const RelationPtr& relation : holders) {
        auto changed = copy_relation(relation);
        for (Trigger& trigger : changed->triggers) {
            if (trigger.function->oid == function->oid) trigger.function = function;
        }
        catalog->put_relation(changed);
    }
    backend.set_catalog(std::move(catalog));
    validate(backend, command, *function);  // last: a body may call its own function
    return tag_only(tag);
}

std::vector<FunctionPtr> functions_named(Backend& backend, const std::vector<std::string>& names) {
    std::vector<FunctionPtr> found;
    for (Oid schema : names.size() > 1 ? std::vector<Oid>{require_schema(names[0], backend).oid} : function_search_path(backend)) {
        for (const FunctionPtr& one : backend.catalog().find_functions(schema, names.back())) found.push_back(one);
    }
    return found;
}

namespace {

bool is_of_kind(const Function& function, std::string_view kind) { return kind == "routine" || (function.kind == 'p') == (kind == "procedure"); }

FunctionPtr only_function_named(Backend& backend, const std::vector<std::string>& names, std::string_view kind) {
    std::vector<FunctionPtr> found = functions_named(backend, names);
    std::erase_if(found, [&](const FunctionPtr& one) { return !is_of_kind(*one, kind); });
    if (found.size() == 1) return found[0];
    const std::string name = fmt::format("{}", fmt::join(names, "."));
    if (found.empty()) throw SqlError("42883", fmt::format("could not find a {} named \"{}\"", kind == "routine" ? "function" : kind, name));
    throw SqlError("42725", fmt::format("{} name \"{}\" is not unique", kind, name))
        .hint(fmt::format("Specify the argument list to select the {} unambiguously.", kind));
}

/// A procedure may be named by all its parameters, those that are OUT too, unless a mode is written.
FunctionPtr procedure_by_all_parameters(Backend& backend, const Node& object, const std::vector<std::string>& names) {
    std::vector<Oid> types;
    for (const Node& parameter : object.items("objfuncargs")) {
        if (parameter.text("mode") != "FUNC_PARAM_DEFAULT") return nullptr;
        types.push_back(bind_ddl_type(parameter["argType"], backend.bind_options()).type);
    }
    for (const FunctionPtr& one : functions_named(backend, names)) {
        if (one->kind == 'p' && one->arg_types == types) return one;
    }
    return nullptr;
}

}  // namespace

FunctionPtr named_function(Backend& backend, const Node& object, std::string_view kind) {
    const std::vector<std::string> names = name_list(object.items("objname"));
    if (object.flag("args_unspecified")) return only_function_named(backend, names, kind);
    std::vector<Oid> args;
    std::vector<std::string> texts;
    for (const Node& arg : object.items("objargs")) {
        args.push_back(bind_ddl_type(arg, backend.bind_options()).type);
        texts.push_back(format_type(backend, args.back()));
    }
    const std::string signature = fmt::format("{}({})", fmt::join(names, "."), fmt::join(texts, ", "));
    FunctionPtr found = find_user_function(names, args, backend);
    if (kind != "function") {
        const FunctionPtr procedure = procedure_by_all_parameters(backend, object, names);
        if (found && procedure && found != procedure) throw SqlError("42725", fmt::format("{} name \"{}\" is not unique", kind, fmt::join(names, ".")));
        if (!found) found = procedure;
    }
    if (!found) throw SqlError("42883", fmt::format("{} {} does not exist", kind == "procedure" ? kind : "function", signature));
    if (!is_of_kind(*found, kind)) throw SqlError("42809", fmt::format("{} is not a {}", signature, kind));
    return found;
}

ExecResult alter_function(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    const std::string_view type = node.text("objtype");
    const bool procedure = type == "OBJECT_PROCEDURE";
    const std::string_view kind = procedure ? "procedure" : type == "OBJECT_ROUTINE" ? "routine" : "function";
    FunctionPtr found = named_function(backend, node["func"], kind);
    require_ownership(backend, found->owner, fmt::format("{} {}", kind, found->name));
    auto changed = std::make_shared<Function>(*found);
    for (const Node& action : node.items("actions")) {
        std::string_view name = action.text("defname");
        Node arg = action["arg"];
        check_attribute(backend, action, *found);
        if (name == "volatility") {
            changed->volatility = arg.string()[0];
        } else if (name == "strict") {
            changed->strict = arg.flag("boolval");
        } else if (name == "security") {
            changed->security_definer = arg.flag("boolval");
        } else if (name == "set") {
            apply_set_clause(backend, *changed, arg);
        } else if (name != "cost" && name != "rows" && name != "parallel" && name != "leakproof") {
            throw NotSimulated(fmt::format("ALTER FUNCTION ({})", name));
        }
    }
    auto catalog = backend.copy_catalog();
    catalog->put_function(changed);
    for (const auto& [oid, relation] : std::map<Oid, RelationPtr>(catalog->relations())) {
        bool uses = std::ranges::any_of(relation->triggers, [&](const Trigger& t) { return t.function->oid == changed->oid; });
        if (!uses) continue;
        auto next = copy_relation(relation);
        for (Trigger& trigger : next->triggers) {
            if (trigger.function->oid == changed->oid) trigger.function = changed;
        }
        catalog->put_relation(next);
    }
    backend.set_catalog(std::move(catalog));
    return tag_only(procedure ? "ALTER PROCEDURE" : kind == "routine" ? "ALTER ROUTINE" : "ALTER FUNCTION");
}

}  // namespace cdcsim::pg
