// CREATE FUNCTION and PROCEDURE, CREATE TRIGGER. Mirrors functioncmds.c and trigger.c's
// CreateTrigger.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/polymorphic.h"
#include "sim/postgres/executor/ddl.h"
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

void bind_parameters(Backend& backend, const Node& node, Function& function) {
    bool seen_default = false;
    for (const Node& parameter : node.items("parameters")) {
        char mode = parameter_mode(parameter.text("mode"));
        TypeRef type = bind_type_name(parameter["argType"], backend.bind_options());
        std::string name(parameter.text("name"));
        for (std::size_t i = 0; i < function.arg_names.size() && !name.empty(); ++i) {
            bool out_only = (mode == 'o' || mode == 't') != (function.arg_modes[i] == 'o' || function.arg_modes[i] == 't');
            if (function.arg_names[i] == name && !out_only) {
                throw SqlError("42P13", fmt::format("parameter name \"{}\" used more than once", name));
            }
        }
        std::optional<StoredExpr> value;
        if (Node def = parameter["defexpr"]) {
            ExprScope scope;
            scope.place = "DEFAULT expressions";
            ExprPtr expr = bind_expression(def, backend.bind_options(), scope);
            ExprPtr coerced = coerce_for_assignment(expr, type.type, -1, backend.bind_options());
            if (!coerced) {
                throw SqlError("42804", fmt::format("argument of DEFAULT must be type {}, not type {}", format_type(backend, type.type), format_type(backend, expr->type)));
            }
            value = stored_expression(backend, coerced, nullptr);
            seen_default = true;
        } else if (seen_default && (mode == 'i' || mode == 'b')) {
            throw SqlError("42P13", "input parameters after one with a default value must also have defaults");
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
        function.result = bind_type_name(type, backend.bind_options()).type;
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

void bind_options_of(const Node& node, Function& function) {
    for (const Node& option : node.items("options")) {
        std::string_view name = option.text("defname");
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
            std::string value;
            for (const Node& item : arg.items("args")) {
                if (!value.empty()) value += ", ";
                value += item["sval"] ? std::string(item["sval"].text("sval")) : std::to_string(item["ival"].integer("ival"));
            }
            function.settings.emplace_back(canonical_setting_name(std::string(arg.text("name"))), value);
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
    bind_parameters(backend, node, *function);
    bind_result(backend, node, *function, is_procedure);
    bind_options_of(node, *function);
    if (function->language.empty()) throw SqlError("42P13", "no language specified");
    require_language(*function);
    FunctionPtr existing;
    for (const FunctionPtr& other : backend.catalog().find_functions(function->schema, function->name)) {
        if (input_types(*other) == input_types(*function)) existing = other;
    }
    if (existing) {
        if (!node.flag("replace")) {
            throw SqlError("42723", fmt::format("function \"{}\" already exists with same argument types", function->name));
        }
        if (existing->kind != function->kind) {
            throw SqlError("42809", "cannot change routine kind").detail(fmt::format("\"{}\" is a {}.", existing->name, existing->kind == 'p' ? "procedure" : "function"));
        }
        if (existing->result != function->result || existing->returns_set != function->returns_set) {
            throw SqlError("42P13", "cannot change return type of existing function")
                .hint(fmt::format("Use DROP FUNCTION {}({}) first.", existing->name, [&] {
                    std::string text;
                    for (Oid type : input_types(*existing)) text += (text.empty() ? "" : ",") + format_type(backend, type);
                    return text;
                }()));
        }
        function->oid = existing->oid;
    } else {
        function->oid = allocate_oid(backend);
    }
    validate(backend, command, *function);
    auto catalog = backend.copy_catalog();
    catalog->put_function(function);
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
    return tag_only(tag);
}

ExecResult create_trigger(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    RelationPtr relation = open_relation(backend, node["relation"]);
    Trigger trigger;
    trigger.name = node.text("trigname");
    trigger.type = static_cast<int>(node.integer("events")) | static_cast<int>(node.integer("timing"));
    bool row = node.flag("row");
    if (row) trigger.type |= TriggerType::kRow;
    bool instead = (trigger.type & TriggerType::kInstead) != 0;
    if (relation->virtual_rows != nullptr) {
        throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
    }
    if (relation->kind == 'v') throw NotSimulated("triggers on views");
    if (instead) {
        throw SqlError("42809", fmt::format("\"{}\" is a table", relation->name)).detail("Tables cannot have INSTEAD OF triggers.");
    }
    if (row && (trigger.type & TriggerType::kTruncate) != 0) {
        throw SqlError("0A000", "TRUNCATE FOR EACH ROW triggers are not supported");
    }
    for (const Node& transition : node.items("transitionRels")) {
        (transition.flag("isNew") ? trigger.new_table : trigger.old_table) = transition.text("name");
    }
    if (!trigger.new_table.empty() || !trigger.old_table.empty()) {
        if ((trigger.type & TriggerType::kBefore) != 0) throw SqlError("42P17", "transition table name can only be specified for an AFTER trigger");
    }
    trigger.is_constraint = node.flag("isconstraint");
    trigger.deferrable = node.flag("deferrable");
    trigger.initially_deferred = node.flag("initdeferred");
    for (const Node& item : node.items("columns")) {
        const Column* column = relation->find_column(std::string(item.string()));
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", item.string(), relation->name));
        }
        trigger.update_columns.push_back(column->attno);
    }
    for (const Node& arg : node.items("args")) trigger.args.emplace_back(arg.string());
    if (Node when = node["whenClause"]) {
        ExprScope scope;
        scope.place = "trigger WHEN conditions";
        bool has_old = row && (trigger.type & (TriggerType::kUpdate | TriggerType::kDelete)) != 0;
        bool has_new = row && (trigger.type & (TriggerType::kInsert | TriggerType::kUpdate)) != 0;
        if ((trigger.type & TriggerType::kInsert) != 0) has_old = false;
        if ((trigger.type & TriggerType::kDelete) != 0) has_new = false;
        auto placeholder = [&](const std::string& alias, int index) { scope.items.push_back({alias, relation, index}); };
        placeholder("old", 1);
        placeholder("new", 2);
        ExprPtr expr = bind_expression(when, backend.bind_options(), scope);
        expr = coerce_to_boolean(expr, backend.bind_options(), "WHEN");
        bool uses_old = false, uses_new = false;
        int old_location = -1, new_location = -1;
        std::function<void(const Expr&)> visit = [&](const Expr& e) {
            if (e.kind == ExprKind::kVar || e.kind == ExprKind::kWholeRow) {
                int index = e.kind == ExprKind::kVar ? as<VarExpr>(e).rt_index : as<WholeRowExpr>(e).rt_index;
                (index == 1 ? uses_old : uses_new) = true;
                int& location = index == 1 ? old_location : new_location;
                if (location < 0) location = e.location;
            }
        };
        std::function<void(const ExprPtr&)> walk = [&](const ExprPtr& e) {
            visit(*e);
            for_each_child(*e, walk);
        };
        walk(expr);
        if (!row && (uses_old || uses_new)) {
            throw SqlError("42P17", "statement trigger's WHEN condition cannot reference column values").at(uses_old ? old_location : new_location);
        }
        if (uses_old && !has_old) throw SqlError("42P17", "INSERT trigger's WHEN condition cannot reference OLD values").at(old_location);
        if (uses_new && !has_new) throw SqlError("42P17", "DELETE trigger's WHEN condition cannot reference NEW values").at(new_location);
        trigger.when = StoredExpr{expr, ""};
    }
    std::vector<std::string> names = name_list(node.items("funcname"));
    trigger.function = find_user_function(names, {}, backend);
    if (!trigger.function) {
        throw SqlError("42883", fmt::format("function {}() does not exist", fmt::join(names, ".")));
    }
    if (trigger.function->result != oid::kTrigger) {
        throw SqlError("42P17", fmt::format("function {} must return type trigger", fmt::join(names, ".")));
    }
    auto changed = copy_relation(relation);
    auto existing = std::ranges::find(changed->triggers, trigger.name, &Trigger::name);
    if (existing != changed->triggers.end()) {
        if (!node.flag("replace")) {
            throw SqlError("42710", fmt::format("trigger \"{}\" for relation \"{}\" already exists", trigger.name, relation->name));
        }
        trigger.oid = existing->oid;
        *existing = std::move(trigger);
    } else {
        trigger.oid = allocate_oid(backend);
        changed->triggers.push_back(std::move(trigger));
        std::ranges::sort(changed->triggers, {}, &Trigger::name);
    }
    backend.update_relation(changed);
    return tag_only("CREATE TRIGGER");
}

}  // namespace cdcsim::pg
