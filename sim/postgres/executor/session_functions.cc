// Functions that ask the session or the catalog: sequences, settings, identity, regclass and its
// kin. Mirrors sequence.c, guc_funcs.c, regproc.c and misc.c.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/postgres/decoding/pgoutput.h"
#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/catalog_functions.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/settings.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

// Sequences.

RelationPtr require_sequence(Backend& backend, Oid oid) {
    RelationPtr relation = backend.catalog().find_relation(oid);
    if (!relation) throw SqlError("42P01", fmt::format("could not open relation with OID {}", oid));
    if (relation->kind != 'S') throw SqlError("42809", fmt::format("\"{}\" is not a sequence", relation->name));
    return relation;
}

Datum nextval_oid(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    RelationPtr sequence = require_sequence(backend, static_cast<Oid>(args[0].as_int()));
    if (!has_relation_right(backend, backend.current_user(), *sequence, right::kUsage) &&
        !has_relation_right(backend, backend.current_user(), *sequence, right::kUpdate)) {
        throw SqlError("42501", fmt::format("permission denied for sequence {}", sequence->name));
    }
    return Datum::of_int(backend.next_value(sequence->oid));
}

Datum currval_oid(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    RelationPtr sequence = require_sequence(backend, static_cast<Oid>(args[0].as_int()));
    auto it = backend.session_sequences().find(sequence->oid);
    if (it == backend.session_sequences().end()) {
        throw SqlError("55000", fmt::format("currval of sequence \"{}\" is not yet defined in this session", sequence->name));
    }
    return Datum::of_int(it->second);
}

Datum lastval(CallContext& call, std::span<const Datum>) {
    Backend& backend = backend_of(call.env);
    const bool is_there = backend.has_last_sequence() && backend.catalog().find_relation(backend.last_sequence()) != nullptr;
    if (!is_there) throw SqlError("55000", "lastval is not yet defined in this session");
    return Datum::of_int(backend.last_sequence_value());
}

Datum set_sequence(CallContext& call, std::span<const Datum> args, bool is_called) {
    Backend& backend = backend_of(call.env);
    RelationPtr sequence = require_sequence(backend, static_cast<Oid>(args[0].as_int()));
    std::int64_t value = args[1].as_int();
    require_relation_right(backend, *sequence, right::kUpdate);
    if (backend.transaction().read_only && sequence->persistence != 't') throw SqlError("25006", "cannot execute setval() in a read-only transaction");
    const SequenceOptions& options = *sequence->sequence;
    if (value < options.min || value > options.max) {
        throw SqlError("22003", fmt::format("setval: value {} is out of bounds for sequence \"{}\" ({}..{})", value, sequence->name, options.min, options.max));
    }
    backend.write_xid();
    backend.server().sequences[sequence->file_node] = {value, is_called, 0};
    backend.cached_values.erase(sequence->file_node);
    if (is_called) {
        backend.session_sequences()[sequence->oid] = value;
        backend.last_sequence() = sequence->oid;
        if (backend.has_last_sequence()) backend.last_sequence_value() = value;
    }
    return args[1];
}

Datum setval_oid(CallContext& call, std::span<const Datum> args) { return set_sequence(call, args, true); }
Datum setval3_oid(CallContext& call, std::span<const Datum> args) { return set_sequence(call, args, args[2].as_bool()); }

// Settings and identity.

Datum show_setting(CallContext& call, const std::string& raw, bool missing_ok) {
    Backend& backend = backend_of(call.env);
    auto find = [&]() -> const std::string* {
        std::string name;
        try {
            name = canonical_setting_name(raw);
        } catch (const SqlError& error) {
            if (error.sqlstate() != "42704") throw;
            return nullptr;
        }
        auto it = backend.setting_values().find(name);
        return it == backend.setting_values().end() ? nullptr : &it->second;
    };
    if (const std::string* value = find()) return Datum::of_text(*value);
    if (missing_ok) return {};
    throw SqlError("42704", fmt::format("unrecognized configuration parameter \"{}\"", raw));
}

Datum show_config_by_name(CallContext& call, std::span<const Datum> args) { return show_setting(call, args[0].as_text(), false); }
Datum show_config_by_name_missing_ok(CallContext& call, std::span<const Datum> args) {
    return show_setting(call, args[0].as_text(), args[1].as_bool());
}

Datum set_config_by_name(CallContext& call, std::span<const Datum> args) {
    if (args[0].is_null()) throw SqlError("22004", "SET requires parameter name");
    Backend& backend = backend_of(call.env);
    std::string name = canonical_setting_name(args[0].as_text());
    bool local = !args[2].is_null() && args[2].as_bool();
    const SettingAction action = local ? SettingAction::kLocal : SettingAction::kSet;
    if (args[1].is_null()) {
        require_setting_right(backend, name);
        backend.reset_setting(name, action);
    } else {
        set_session_setting(backend, name, args[1].as_text(), action);
    }
    return Datum::of_text(backend.setting(name));
}

Datum current_user(CallContext& call, std::span<const Datum>) {
    Backend& backend = backend_of(call.env);
    return Datum::of_text(backend.role_name(backend.current_user()));
}
Datum session_user(CallContext& call, std::span<const Datum>) {
    Backend& backend = backend_of(call.env);
    return Datum::of_text(backend.role_name(backend.session_user()));
}
Datum current_database(CallContext& call, std::span<const Datum>) { return Datum::of_text(backend_of(call.env).database_name()); }
Datum current_schema(CallContext& call, std::span<const Datum>) { return backend_of(call.env).sql_value(SqlValue::kCurrentSchema, -1, oid::kName); }
Datum pgsql_version(CallContext& call, std::span<const Datum>) {
    return Datum::of_text(fmt::format("PostgreSQL {} on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit",
                                      backend_of(call.env).setting("server_version")));
}
Datum pg_backend_pid(CallContext& call, std::span<const Datum>) { return Datum::of_int(backend_of(call.env).pid()); }
Datum current_query(CallContext& call, std::span<const Datum>) { return Datum::of_text(std::string(backend_of(call.env).current_statement())); }
Datum inet_null(CallContext&, std::span<const Datum>) { return {}; }

Datum pg_sleep(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    backend.server().options.clock->sleep(static_cast<std::int64_t>(args[0].as_float() * 1e6));
    return Datum::of_text("");
}

Datum txid_current(CallContext& call, std::span<const Datum>) {
    Backend& backend = backend_of(call.env);
    backend.write_xid();
    return Datum::of_int(backend.transaction().xid.value);
}
Datum txid_current_if_assigned(CallContext& call, std::span<const Datum>) {
    Xid xid = backend_of(call.env).transaction().xid;
    return xid.value == 0 ? Datum() : Datum::of_int(xid.value);
}

Datum pg_current_wal_lsn(CallContext& call, std::span<const Datum>) {
    return Datum::of_int(static_cast<std::int64_t>(backend_of(call.env).server().wal.position().value));
}

Datum emit_logical_message(CallContext& call, std::span<const Datum> args) {
    Lsn lsn;
    backend_of(call.env).emit_message(args[0].as_bool(), args[1].as_text(), args[2].as_text(), &lsn);
    return Datum::of_int(static_cast<std::int64_t>(lsn.value));
}

// Text forms of expressions and definitions.

RelationPtr relation_of(Backend& backend, const Datum& oid) { return backend.catalog().find_relation(static_cast<Oid>(oid.as_int())); }

/// pg_node_tree is kept as the printed text already.
Datum pg_get_expr(CallContext&, std::span<const Datum> args) { return args[0]; }

Datum pg_table_is_visible(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    RelationPtr relation = relation_of(backend, args[0]);
    if (!relation) return {};
    RelationPtr found = find_relation_by_name({relation->name}, backend);
    return Datum::of_bool(found && found->oid == relation->oid);
}

// pg_lsn.

int compare_lsns(const Datum& a, const Datum& b) noexcept {
    const auto left = static_cast<std::uint64_t>(a.as_int()), right = static_cast<std::uint64_t>(b.as_int());
    return left < right ? -1 : left > right ? 1 : 0;
}

Datum pg_lsn_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    auto slash = text.find('/');
    std::uint32_t high = 0, low = 0;
    bool ok = slash != std::string_view::npos && slash >= 1 && slash <= 8 && text.size() - slash - 1 >= 1 && text.size() - slash - 1 <= 8;
    if (ok) {
        auto a = std::from_chars(text.data(), text.data() + slash, high, 16);
        auto b = std::from_chars(text.data() + slash + 1, text.data() + text.size(), low, 16);
        ok = a.ec == std::errc{} && b.ec == std::errc{} && a.ptr == text.data() + slash && b.ptr == text.data() + text.size();
    }
    if (!ok) throw SqlError("22P02", fmt::format("invalid input syntax for type pg_lsn: \"{}\"", text));
    return Datum::of_int(static_cast<std::int64_t>(std::uint64_t{high} << 32U | low));
}
void pg_lsn_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += Lsn{static_cast<std::uint64_t>(value.as_int())}.text();
}
int compare_ints(const Datum& a, const Datum& b) noexcept {
    return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
}

// regclass, regtype, regnamespace, regrole, regproc, regprocedure: OIDs with names.

std::string quote_name(Environment& env, const std::string& name) {
    constexpr Oid kQuoteIdent = 1282;
    CallContext call{env};
    Datum arg = Datum::of_text(name);
    return find_scalar_function(kQuoteIdent)(call, {&arg, 1}).as_text();
}

/// "a.b" with quotes, folded to lower case. Mirrors SplitIdentifierString.
std::vector<std::string> split_qualified(std::string_view text) {
    const SqlError invalid("42602", "invalid name syntax");
    auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    std::size_t at = 0;
    auto skip_spaces = [&] {
        while (at < text.size() && is_space(text[at])) ++at;
    };
    std::vector<std::string> names;
    for (;;) {
        skip_spaces();
        std::string& name = names.emplace_back();
        const bool quoted = at < text.size() && text[at] == '"';
        for (at += quoted ? 1 : 0; quoted; name += text[at++]) {
            if (at >= text.size()) throw invalid;
            if (text[at] == '"' && (++at >= text.size() || text[at] != '"')) break;
        }
        while (!quoted && at < text.size() && text[at] != '.' && !is_space(text[at])) name += text[at++];
        if (!quoted) std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (!quoted && name.empty()) throw invalid;
        skip_spaces();
        if (at == text.size()) return names;
        if (text[at++] != '.') throw invalid;
    }
}

/// `kind`: what the error calls it; a relation's name stands in quotes there.
void require_own_database(const std::vector<std::string>& names, std::string_view kind, Backend& backend) {
    const std::string text = fmt::format("{}", fmt::join(names, "."));
    if (names.size() > 3) throw SqlError("42601", fmt::format("improper {} name (too many dotted names): {}", kind, text));
    if (names.size() < 3 || names[0] == backend.database_name()) return;
    throw SqlError("0A000", "cross-database references are not implemented: " + (kind == "relation" ? '"' + text + '"' : text));
}

std::string only_name(std::string_view text) {
    std::vector<std::string> names = split_qualified(text);
    if (names.size() != 1) throw SqlError("42602", "invalid name syntax");
    return names[0];
}

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

Datum number_datum(std::string_view text) {
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) throw SqlError("22003", fmt::format("value \"{}\" is out of range for type oid", text));
    (void)end;
    return Datum::of_int(value);
}

Datum regclass_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    if (text == "-") return Datum::of_int(0);
    if (is_number(text)) return number_datum(text);
    Backend& backend = backend_of(env);
    std::vector<std::string> names = split_qualified(text);
    require_own_database(names, "relation", backend);
    std::vector<Oid> schemas = backend.search_path();
    if (names.size() > 1) schemas = {require_schema(names[names.size() - 2], backend).oid};
    if (RelationPtr relation = find_relation_by_name(names, backend)) return Datum::of_int(relation->oid);
    for (Oid schema : schemas) {
        if (auto [table, index] = backend.catalog().find_index(schema, names.back()); index != nullptr) return Datum::of_int(index->oid);
    }
    throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
}

/// A walsender has no session whose catalog could be asked. The connector leaves such columns out.
bool number_while_decoding(Environment& env, const Datum& value, std::string& out) {
    if (dynamic_cast<Backend*>(&env) != nullptr) return false;
    out += std::to_string(static_cast<Oid>(value.as_int()));
    return true;
}

void regclass_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    Oid oid = static_cast<Oid>(value.as_int());
    if (oid == 0) {
        out += '-';
        return;
    }
    if (auto* decoding = dynamic_cast<DecodingEnvironment*>(&env)) {
        // A walsender's search_path is the default one.
        RelationPtr relation = decoding->catalog->find_relation(oid);
        if (relation && relation->schema_name != "public" && relation->schema_name != "pg_catalog") out += quote_name(env, relation->schema_name) + ".";
        out += relation ? quote_name(env, relation->name) : std::to_string(oid);
        return;
    }
    Backend& backend = backend_of(env);
    std::string name, schema;
    if (RelationPtr relation = backend.catalog().find_relation(oid)) {
        name = relation->name;
        RelationPtr visible = find_relation_by_name({name}, backend);
        if (!visible || visible->oid != oid) schema = relation->schema_name;
    } else if (auto [table, index] = backend.catalog().find_index(oid); index != nullptr) {
        name = index->name;
        if (std::ranges::find(backend.search_path(), table->schema) == backend.search_path().end()) schema = table->schema_name;
    } else {
        out += std::to_string(oid);
        return;
    }
    if (!schema.empty()) out += quote_name(env, schema) + ".";
    out += quote_name(env, name);
}

Datum regtype_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    if (text == "-") return Datum::of_int(0);
    if (is_number(text)) return number_datum(text);
    return Datum::of_int(parse_type_text(text, backend_of(env).bind_options()).type);
}
void regtype_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    Oid oid = static_cast<Oid>(value.as_int());
    if (oid == 0) {
        out += '-';
    } else if (env.find_type(oid) == nullptr) {
        out += std::to_string(oid);
    } else {
        out += format_type(env, oid);
    }
}

Datum regnamespace_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    if (text == "-") return Datum::of_int(0);
    if (is_number(text)) return number_datum(text);
    std::string name = only_name(text);
    const Schema* schema = backend_of(env).catalog().find_schema(name);
    if (schema == nullptr) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", name));
    return Datum::of_int(schema->oid);
}
void regnamespace_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    if (number_while_decoding(env, value, out)) return;
    const Schema* schema = backend_of(env).catalog().find_schema(static_cast<Oid>(value.as_int()));
    out += value.as_int() == 0 ? "-" : schema ? quote_name(env, schema->name) : std::to_string(value.as_int());
}

Datum regrole_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    if (text == "-") return Datum::of_int(0);
    if (is_number(text)) return number_datum(text);
    std::string name = only_name(text);
    const Role* role = backend_of(env).catalog().find_role(name);
    if (role == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    return Datum::of_int(role->oid);
}
void regrole_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    if (number_while_decoding(env, value, out)) return;
    const Role* role = backend_of(env).catalog().find_role(static_cast<Oid>(value.as_int()));
    out += value.as_int() == 0 ? "-" : role ? quote_name(env, role->name) : std::to_string(value.as_int());
}

/// All functions of a name, in its schema or on the search_path.
std::vector<Oid> functions_called(Backend& backend, const std::vector<std::string>& names) {
    require_own_database(names, "qualified", backend);
    std::vector<Oid> found, schemas = backend.search_path();
    if (names.size() > 1) schemas = {require_schema(names[names.size() - 2], backend).oid};
    for (Oid schema : schemas) {
        for (const FunctionPtr& function : backend.catalog().find_functions(schema, names.back())) found.push_back(function->oid);
    }
    const bool may_be_built_in = std::ranges::find(schemas, schema_oid::kPgCatalog) != schemas.end();
    for (const ProcRow& row : builtin_procs()) {
        if (may_be_built_in && row.name == names.back()) found.push_back(row.oid);
    }
    return found;
}

Datum regproc_input(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    if (text == "-") return Datum::of_int(0);
    if (is_number(text)) return number_datum(text);
    const std::vector<Oid> found = functions_called(backend_of(env), split_qualified(text));
    if (found.empty()) throw SqlError("42883", fmt::format("function \"{}\" does not exist", text));
    if (found.size() > 1) throw SqlError("42725", fmt::format("more than one function named \"{}\"", text));
    return Datum::of_int(found[0]);
}
void regproc_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    if (number_while_decoding(env, value, out)) return;
    Oid oid = static_cast<Oid>(value.as_int());
    std::string schema, name;
    Backend& backend = backend_of(env);
    if (const ProcRow* row = find_builtin_proc(oid)) {
        schema = "pg_catalog";
        name = row->name;
    } else if (FunctionPtr function = backend.catalog().find_function(oid)) {
        schema = backend.catalog().find_schema(function->schema)->name;
        name = function->name;
    } else {
        out += oid == 0 ? "-" : std::to_string(oid);
        return;
    }
    // The name alone where it would be read as this very function.
    if (functions_called(backend, {name}) != std::vector<Oid>{oid}) out += quote_name(env, schema) + ".";
    out += quote_name(env, name);
}

Datum to_reg(CallContext& call, std::span<const Datum> args, Datum (*input)(Environment&, const TypeInfo&, std::string_view, std::int32_t)) {
    try {
        return input(call.env, call.env.type(oid::kText), args[0].as_text(), -1);
    } catch (const SqlError& error) {
        // What names nothing is NULL; what is no name is an error still.
        const std::string& state = error.sqlstate();
        if (error.is_not_simulated() || state == "42602" || state == "42601" || state == "0A000") throw;
        return {};
    }
}
Datum to_regclass(CallContext& call, std::span<const Datum> args) { return to_reg(call, args, regclass_input); }
Datum to_regtype(CallContext& call, std::span<const Datum> args) { return to_reg(call, args, regtype_input); }
Datum to_regproc(CallContext& call, std::span<const Datum> args) { return to_reg(call, args, regproc_input); }
Datum to_regrole(CallContext& call, std::span<const Datum> args) { return to_reg(call, args, regrole_input); }
Datum to_regnamespace(CallContext& call, std::span<const Datum> args) { return to_reg(call, args, regnamespace_input); }
Datum text_regclass(CallContext& call, std::span<const Datum> args) { return regclass_input(call.env, call.env.type(oid::kText), args[0].as_text(), -1); }

Datum tid_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    std::uint32_t block = 0;
    std::uint32_t line = 0;
    auto comma = text.find(',');
    bool ok = text.size() >= 5 && text.front() == '(' && text.back() == ')' && comma != std::string_view::npos;
    if (ok) {
        ok = std::from_chars(text.data() + 1, text.data() + comma, block).ec == std::errc{} &&
             std::from_chars(text.data() + comma + 1, text.data() + text.size() - 1, line).ec == std::errc{} && line <= 65535;
    }
    if (!ok) throw SqlError("22P02", fmt::format("invalid input syntax for type tid: \"{}\"", text));
    return Datum::of_int(std::int64_t{block} << 16 | line);
}
void tid_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += fmt::format("({},{})", value.as_int() >> 16, value.as_int() & 0xFFFF);
}

Datum compare_result(std::span<const Datum> args, bool (*test)(std::int64_t, std::int64_t)) { return Datum::of_bool(test(args[0].as_int(), args[1].as_int())); }
Datum tideq(CallContext&, std::span<const Datum> args) { return compare_result(args, [](std::int64_t a, std::int64_t b) { return a == b; }); }
Datum tidne(CallContext&, std::span<const Datum> args) { return compare_result(args, [](std::int64_t a, std::int64_t b) { return a != b; }); }
Datum tidlt(CallContext&, std::span<const Datum> args) { return compare_result(args, [](std::int64_t a, std::int64_t b) { return a < b; }); }
Datum tidgt(CallContext&, std::span<const Datum> args) { return compare_result(args, [](std::int64_t a, std::int64_t b) { return a > b; }); }

Datum pg_lsn_mi(CallContext& call, std::span<const Datum> args) {
    return input_text(call.env, oid::kNumeric, std::to_string(args[0].as_int() - args[1].as_int()));
}

Datum pg_notify(CallContext&, std::span<const Datum> args) {
    auto text = [&](std::size_t i) { return args[i].is_null() ? std::string_view() : std::string_view(args[i].as_text()); };
    check_notification(text(0), text(1));
    return Datum::of_text("");
}
Datum pg_typeof(CallContext& call, std::span<const Datum>) { return Datum::of_int(call.arg_types[0]); }

Datum pg_get_serial_sequence(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    std::vector<std::string> names = split_qualified(args[0].as_text());
    require_own_database(names, "relation", backend);
    require_schema_of(names, backend);
    RelationPtr table = find_relation_by_name(names, backend);
    if (!table) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
    const Column* column = table->find_column(args[1].as_text());
    if (column == nullptr) {
        throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", args[1].as_text(), table->name));
    }
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        bool owned = relation->sequence && relation->sequence->owner_table == table->oid && relation->sequence->owner_column == column->attno;
        if (owned) return Datum::of_text(quote_name(call.env, relation->schema_name) + "." + quote_name(call.env, relation->name));
    }
    return {};
}

Datum pg_trigger_depth(CallContext& call, std::span<const Datum>) {
    return Datum::of_int(static_cast<std::int64_t>(backend_of(call.env).trigger_stack().size()));
}

constexpr ScalarRow kScalars[] = {
    {"#1215", obj_description},  // of one system relation
    {"#1216", col_description},
    {"#1348", obj_description},
    {"#1993", obj_description},  // shobj_description
    {"current_database", current_database},
    {"current_query", current_query},
    {"current_schema", current_schema},
    {"current_schemas", current_schemas},
    {"current_user", current_user},
    {"currval_oid", currval_oid},
    {"inet_client_addr", inet_null},
    {"inet_client_port", inet_null},
    {"inet_server_addr", inet_null},
    {"inet_server_port", inet_null},
    {"lastval", lastval},
    {"nextval_oid", nextval_oid},
    {"pg_backend_pid", pg_backend_pid},
    {"pg_current_wal_insert_lsn", pg_current_wal_lsn},
    {"pg_current_wal_lsn", pg_current_wal_lsn},
    {"pg_current_xact_id", txid_current},
    {"pg_current_xact_id_if_assigned", txid_current_if_assigned},
    {"pg_drop_replication_slot", pg_drop_replication_slot},
    {"pg_get_constraintdef", pg_get_constraintdef},
    {"pg_get_constraintdef_ext", pg_get_constraintdef},
    {"pg_get_expr", pg_get_expr},
    {"pg_get_expr_ext", pg_get_expr},
    {"pg_get_indexdef", pg_get_indexdef},
    {"pg_get_triggerdef", pg_get_triggerdef},
    {"pg_get_triggerdef_ext", pg_get_triggerdef},
    {"pg_get_serial_sequence", pg_get_serial_sequence},
    {"pg_logical_emit_message_bytea", emit_logical_message},
    {"pg_logical_emit_message_text", emit_logical_message},
    {"pg_lsn_mi", pg_lsn_mi},
    {"pg_notify", pg_notify},
    {"pg_sleep", pg_sleep},
    {"pg_table_is_visible", pg_table_is_visible},
    {"pg_trigger_depth", pg_trigger_depth},
    {"pg_typeof", pg_typeof},
    {"pgsql_version", pgsql_version},
    {"session_user", session_user},
    {"set_config_by_name", set_config_by_name},
    {"setval3_oid", setval3_oid},
    {"setval_oid", setval_oid},
    {"show_config_by_name", show_config_by_name},
    {"show_config_by_name_missing_ok", show_config_by_name_missing_ok},
    {"text_regclass", text_regclass},
    {"tideq", tideq},
    {"tidgt", tidgt},
    {"tidlt", tidlt},
    {"tidne", tidne},
    {"to_regclass", to_regclass},
    {"to_regproc", to_regproc},
    {"to_regrole", to_regrole},
    {"to_regnamespace", to_regnamespace},
    {"to_regtype", to_regtype},
    {"txid_current", txid_current},
    {"txid_current_if_assigned", txid_current_if_assigned},
};

constexpr TypeOps kTypes[] = {
    {oid::kRegproc, regproc_input, regproc_output, compare_ints, nullptr, true},
    {oid::kTid, tid_input, tid_output, compare_ints, nullptr, true},
    {oid::kRegclass, regclass_input, regclass_output, compare_ints, nullptr, true},
    {oid::kRegtype, regtype_input, regtype_output, compare_ints, nullptr, true},
    {oid::kPgLsn, pg_lsn_input, pg_lsn_output, compare_lsns, nullptr, true},
    {oid::kRegnamespace, regnamespace_input, regnamespace_output, compare_ints, nullptr, true},
    {oid::kRegrole, regrole_input, regrole_output, compare_ints, nullptr, true},
};

}  // namespace

FunctionTables session_tables() {
    FunctionTables tables;
    tables.scalars = kScalars;
    tables.types = kTypes;
    return tables;
}

void check_notification(std::string_view channel, std::string_view payload) {
    constexpr std::size_t kMaxChannel = 63, kMaxPayload = 7999;
    if (channel.empty()) throw SqlError("22023", "channel name cannot be empty");
    if (channel.size() > kMaxChannel) throw SqlError("22023", "channel name too long");
    if (payload.size() > kMaxPayload) throw SqlError("22023", "payload string too long");
}

}  // namespace cdcsim::pg
