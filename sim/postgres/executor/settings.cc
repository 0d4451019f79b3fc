#include "sim/postgres/executor/settings.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/base/error.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {
namespace {

constexpr SettingRow kSettings[] = {
#include "sim/postgres/catalog/data/settings.inc"
    {"client_encoding", "UTF8", 's', "", "user"},
    {"application_name", "", 's', "", "user"},
    {"max_connections", "100", 'i', "", "postmaster"},
    {"max_replication_slots", "20", 'i', "", "postmaster"},
    {"max_wal_senders", "20", 'i', "", "postmaster"},
    {"ssl", "off", 'b', "", "sighup"},
    {"role", "none", 's', "", "user"},
    {"default_with_oids", "off", 'b', "", "user", false},
    {"plpgsql.variable_conflict", "error", 'e', "error|use_variable|use_column", "superuser"},
    {"plpgsql.extra_warnings", "none", 's', "", "user"},
    {"plpgsql.extra_errors", "none", 's', "", "user"},
    {"plpgsql.check_asserts", "on", 'b', "", "user"},
    {"plpgsql.print_strict_params", "off", 'b', "", "user"},
};

/// Settings whose every value is obeyed.
constexpr std::string_view kObeyed[] = {
    "application_name", "bytea_output", "client_min_messages", "DateStyle", "extra_float_digits", "IntervalStyle",
    "search_path", "TimeZone", "transaction_isolation", "transaction_read_only", "transaction_deferrable",
    "default_transaction_isolation", "default_transaction_read_only", "default_transaction_deferrable",
    "check_function_bodies", "session_replication_role", "plpgsql.variable_conflict", "plpgsql.check_asserts", "lc_messages",
};

/// Settings that change nothing that a client or the connector can see here. The planner's costs and enable_seqscan
/// and the like are none of them: other plans give and change rows in another order.
constexpr std::string_view kHarmlessPrefixes[] = {
    "enable_async", "enable_gathermerge", "enable_parallel", "enable_partition", "log_", "jit", "geqo",
    "work_mem", "maintenance_work_mem", "temp_buffers", "effective_io_concurrency", "statement_timeout", "lock_timeout",
    "idle_", "deadlock_timeout", "vacuum_", "autovacuum", "synchronous_commit", "commit_", "max_parallel", "min_parallel",
    "parallel_", "track_", "default_statistics_target", "constraint_exclusion", "cursor_tuple_fraction", "plan_cache_mode",
    "tcp_", "client_connection", "debug_", "hash_mem", "logical_decoding_work_mem", "wal_", "backend_flush", "gin_", "row_security",
    "session_preload", "local_preload", "dynamic_library", "stats_fetch", "compute_query_id", "trace_", "password_encryption",
    "xmlbinary", "lc_time", "escape_string_warning", "max_stack_depth", "default_toast_compression", "default_tablespace", "temp_tablespaces",
    "default_table_access_method", "timezone_abbreviations",
};

const SettingRow* find_setting(std::string_view name) {
    auto same = [&](const SettingRow& row) {
        return std::ranges::equal(row.name, name, [](char a, char b) {
            auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
            return lower(a) == lower(b);
        });
    };
    auto it = std::ranges::find_if(kSettings, same);
    return it == std::end(kSettings) ? nullptr : &*it;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

[[noreturn]] void throw_invalid(std::string_view name, std::string_view value) {
    throw SqlError("22023", fmt::format("invalid value for parameter \"{}\": \"{}\"", name, value));
}

std::string validate_bool(std::string_view name, std::string_view value) {
    std::string text = lower(value);
    auto prefix_of = [&](std::string_view word, std::size_t least) {
        return text.size() >= least && word.starts_with(text);
    };
    if (text == "1" || prefix_of("on", 2) || prefix_of("true", 1) || prefix_of("yes", 1)) return "on";
    if (text == "0" || prefix_of("off", 2) || prefix_of("false", 1) || prefix_of("no", 1)) return "off";
    throw SqlError("22023", fmt::format("parameter \"{}\" requires a Boolean value", name));
}

/// The words that an enum takes without naming them in its hint: those of Boolean settings where on and off
/// are among its own, and two of the message levels.
std::string hidden_word(const SettingRow& row, const std::string& text) {
    const bool is_level = row.values.starts_with("debug5|");
    if (is_level && text == "debug") return "debug2";
    if (row.name == "client_min_messages" && text == "info") return text;
    const std::string options = fmt::format("|{}|", row.values);
    if (options.find("|on|") == std::string::npos || options.find("|off|") == std::string::npos) return "";
    if (text == "true" || text == "yes" || text == "1") return "on";
    return text == "false" || text == "no" || text == "0" ? "off" : "";
}

std::string validate_enum(const SettingRow& row, std::string_view value) {
    std::string text = lower(value), options;
    if (std::string hidden = hidden_word(row, text); !hidden.empty()) return hidden;
    std::string_view rest = row.values;
    while (!rest.empty()) {
        auto bar = rest.find('|');
        std::string_view option = rest.substr(0, bar);
        if (option == text) return text;
        if (!options.empty()) options += ", ";
        options += option;
        rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    }
    throw SqlError("22023", fmt::format("invalid value for parameter \"{}\": \"{}\"", row.name, value)).hint(fmt::format("Available values: {}.", options));
}

struct DateStyleValue {
    DateStyle style = DateStyle::kIso;
    DateOrder order = DateOrder::kMdy;
};

/// "German, DMY", "iso", "european" ...
DateStyleValue parse_date_style(std::string_view text, DateStyleValue current) {
    std::string_view whole = text;
    bool order_given = false;
    while (!text.empty()) {
        auto comma = text.find(',');
        std::string word = lower(text.substr(0, comma));
        std::erase(word, ' ');
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        if (word == "iso") {
            current.style = DateStyle::kIso;
        } else if (word == "sql") {
            current.style = DateStyle::kSql;
        } else if (word.starts_with("postgres")) {
            current.style = DateStyle::kPostgres;
        } else if (word == "german") {
            current.style = DateStyle::kGerman;
            if (!order_given) current.order = DateOrder::kDmy;
        } else if (word == "ymd") {
            current.order = DateOrder::kYmd;
            order_given = true;
        } else if (word == "dmy" || word.starts_with("euro")) {
            current.order = DateOrder::kDmy;
            order_given = true;
        } else if (word == "mdy" || word == "us" || word.starts_with("noneuro")) {
            current.order = DateOrder::kMdy;
            order_given = true;
        } else if (word == "default") {
            current = {};
        } else {
            throw SqlError("22023", fmt::format("invalid value for parameter \"DateStyle\": \"{}\"", whole)).detail("Unrecognized key word: \"" + word + "\".");
        }
    }
    return current;
}

std::string print_date_style(DateStyleValue value) {
    constexpr std::string_view kStyles[] = {"ISO", "Postgres", "SQL", "German"};
    constexpr std::string_view kOrders[] = {"MDY", "DMY", "YMD"};
    return fmt::format("{}, {}", kStyles[static_cast<int>(value.style)], kOrders[static_cast<int>(value.order)]);
}

bool accepts_any_value(const SettingRow& row) {
    if (std::ranges::find(kObeyed, row.name) != std::end(kObeyed)) return true;
    return std::ranges::any_of(kHarmlessPrefixes, [&](std::string_view prefix) { return row.name.starts_with(prefix); });
}

void check_row_changeable(const SettingRow& row) {
    if (row.context == "internal") throw SqlError("55P02", fmt::format("parameter \"{}\" cannot be changed", row.name));
    if (row.context == "postmaster") {
        throw SqlError("55P02", fmt::format("parameter \"{}\" cannot be changed without restarting the server", row.name));
    }
    if (row.context == "sighup") throw SqlError("55P02", fmt::format("parameter \"{}\" cannot be changed now", row.name));
    if (row.context.ends_with("backend")) {
        throw SqlError("55P02", fmt::format("parameter \"{}\" cannot be set after connection start", row.name));
    }
}

std::string validate_known(const SettingRow& row, const std::string& value, Environment& env) {
    if (row.type == 'b') return validate_bool(row.name, value);
    if (row.type == 'e') {
        // bytea_output, IntervalStyle ... print in lower case; isolation levels too.
        return validate_enum(row, value);
    }
    if (row.name == "DateStyle") return print_date_style(parse_date_style(value, {env.value_settings().date_style, env.value_settings().date_order}));
    if (row.name == "TimeZone") return checked_time_zone(env, value);
    if (row.name == "client_encoding") {
        std::string text = lower(value);
        std::erase_if(text, [](char c) { return c == '-' || c == '_'; });
        if (text == "utf8" || text == "unicode") return "UTF8";
        throw NotSimulated("client_encoding other than UTF8");
    }
    if (row.type == 'i' || row.type == 'r') {
        double number = 0;
        auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{}) throw_invalid(row.name, value);
        bool has_unit = end != value.data() + value.size();
        if (row.name == "extra_float_digits") {
            if (number < -15 || number > 3) {
                throw SqlError("22023", fmt::format("{} is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)", value));
            }
        } else if (!has_unit && row.default_value != value && row.default_value.find_first_not_of("0123456789.-") != std::string_view::npos) {
            // The default has a unit, the value none: SHOW would convert it.
            return value + std::string(row.default_value.substr(row.default_value.find_first_not_of("0123456789.-")));
        }
    }
    return value;
}

}  // namespace

std::span<const SettingRow> setting_rows() { return kSettings; }

SettingValues default_settings() {
    SettingValues values;
    for (const SettingRow& row : kSettings) values.set(std::string(row.name), row.default_value);
    return values;
}

namespace {

/// Known to PostgreSQL, but not rows of pg_settings.
constexpr std::string_view kHiddenSettings[] = {"is_superuser", "seed", "session_authorization", "ssl_renegotiation_limit"};

/// Identifiers with dots between them.
bool is_custom_name(std::string_view name) {
    bool starts = true;
    for (char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
        const bool inner = (c >= '0' && c <= '9') || c == '$';
        if (starts ? !letter : !letter && !inner && c != '.') return false;
        starts = c == '.';
    }
    return !starts;
}

}  // namespace

bool is_custom_setting(std::string_view name) {
    return name.find('.') != std::string_view::npos && find_setting(name) == nullptr;
}

std::string canonical_setting_name(const std::string& name) {
    if (const SettingRow* row = find_setting(name)) return std::string(row->name);
    if (name.find('.') != std::string::npos) return lower(name);
    if (std::ranges::find(kHiddenSettings, lower(name)) != std::end(kHiddenSettings)) {
        throw NotSimulated(fmt::format("configuration parameter {}", name));
    }
    throw SqlError("42704", fmt::format("unrecognized configuration parameter \"{}\"", name));
}

bool is_superuser_setting(std::string_view name) {
    const SettingRow* row = find_setting(name);
    return row != nullptr && row->context == "superuser";
}

void check_changeable(const std::string& name) {
    if (const SettingRow* row = find_setting(name)) check_row_changeable(*row);
}

std::string validate_setting(const std::string& name, const std::string& value, Environment& env) {
    const SettingRow* row = find_setting(name);
    if (row == nullptr) {
        if (is_custom_name(name) && is_custom_setting(name)) return value;
        if (is_custom_setting(name)) {
            throw SqlError("42602", fmt::format("invalid configuration parameter name \"{}\"", name))
                .detail("Custom parameter names must be two or more simple identifiers separated by dots.");
        }
        throw SqlError("42704", fmt::format("unrecognized configuration parameter \"{}\"", name));
    }
    check_row_changeable(*row);
    std::string valid = validate_known(*row, value, env);
    if (row->name == "default_with_oids" && valid == "on") throw SqlError("0A000", "tables declared WITH OIDS are not supported");
    if (valid != row->default_value && !accepts_any_value(*row)) {
        throw NotSimulated(fmt::format("SET {} = {}", row->name, valid));
    }
    return valid;
}

ValueSettings parse_value_settings(const SettingValues& settings) {
    ValueSettings values;
    auto get = [&](const char* name) -> const std::string& { return settings.at(name); };
    DateStyleValue date = parse_date_style(get("DateStyle"), {});
    values.date_style = date.style;
    values.date_order = date.order;
    const std::string& interval = get("IntervalStyle");
    values.interval_style = interval == "postgres_verbose" ? IntervalStyle::kPostgresVerbose
                            : interval == "sql_standard" ? IntervalStyle::kSqlStandard
                            : interval == "iso_8601" ? IntervalStyle::kIso8601 : IntervalStyle::kPostgres;
    values.time_zone = get("TimeZone");
    const std::string& digits = get("extra_float_digits");
    std::from_chars(digits.data(), digits.data() + digits.size(), values.extra_float_digits);
    values.bytea_escape = get("bytea_output") == "escape";
    return values;
}

std::vector<Oid> compute_search_path(const std::string& setting, const Catalog& catalog, const std::string& user, Oid temp_schema) {
    std::vector<Oid> path;
    bool has_catalog = false;
    std::string_view rest = setting;
    while (!rest.empty()) {
        std::string name;
        while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
        if (!rest.empty() && rest.front() == '"') {
            rest.remove_prefix(1);
            while (!rest.empty() && !(rest.front() == '"' && !rest.starts_with("\"\""))) {
                if (rest.starts_with("\"\"")) rest.remove_prefix(1);
                name += rest.front();
                rest.remove_prefix(1);
            }
            if (!rest.empty()) rest.remove_prefix(1);
            auto comma = rest.find(',');
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        } else {
            auto comma = rest.find(',');
            name = lower(rest.substr(0, comma));
            while (!name.empty() && name.back() == ' ') name.pop_back();
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
        if (name == "$user") name = user;
        const Schema* schema = name == "pg_temp" ? catalog.find_schema(temp_schema) : catalog.find_schema(name);
        if (schema != nullptr) {
            has_catalog = has_catalog || schema->oid == schema_oid::kPgCatalog;
            if (std::ranges::find(path, schema->oid) == path.end()) path.push_back(schema->oid);
        }
    }
    if (!has_catalog) path.insert(path.begin(), schema_oid::kPgCatalog);
    bool has_temp = temp_schema == kInvalidOid || std::ranges::find(path, temp_schema) != path.end();
    if (!has_temp) path.insert(path.begin(), temp_schema);
    return path;
}

}  // namespace cdcsim::pg
