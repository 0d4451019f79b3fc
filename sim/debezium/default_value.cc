#include "sim/debezium/default_value.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/connect/decimal.h"
#include "core/connect/json_text.h"
#include "sim/debezium/connector_options.h"
#include "sim/debezium/temporal.h"

namespace cdcsim::debezium {

namespace {

bool is_name_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.';
}

/// `f(...)` at the start, after one optional parenthesis, or a date function without parentheses.
bool is_function_call(std::string_view expression) {
    static constexpr std::string_view kWords[] = {"current_timestamp", "current_time",
                                                  "current_date", "localtime", "localtimestamp"};
    if (std::ranges::find(kWords, lowered(expression)) != std::end(kWords)) return true;
    std::size_t at = !expression.empty() && expression[0] == '(' ? 1 : 0;
    auto start = at;
    while (at < expression.size() && is_name_char(expression[at])) ++at;
    if (at == start || at == expression.size() || expression[at] != '(') return false;
    auto line_end = expression.find_first_of("\r\n", at);
    return expression.substr(0, line_end).find(')', at) != expression.npos;
}

/// The first quoted literal, or the expression itself; nullopt for a NULL.
std::optional<std::string> literal_of(std::string_view expression) {
    auto open = expression.find('\'');
    if (open == expression.npos) {
        if (expression.starts_with("NULL::")) return std::nullopt;
        return std::string(expression);
    }
    std::string text;
    for (auto at = open + 1; at < expression.size(); ++at) {
        if (expression[at] == '\'') {
            if (at + 1 >= expression.size() || expression[at + 1] != '\'') return text;
            ++at;
        }
        text += expression[at];
    }
    return std::nullopt;
}

template <class Int>
std::optional<std::string> integer_json(const std::string& text) {
    std::string_view digits = text;
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    Int value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return std::to_string(value);
}

std::optional<std::string> written(const BuiltColumn& built, std::string_view text) {
    std::string json;
    if (!built.writer.write(built.writer, text, json)) return std::nullopt;
    return json;
}

std::optional<std::string> boolean_json(const std::string& text) {
    return lowered(text) == "true" ? "true" : "false";
}

/// java.util.UUID.fromString: five groups, each padded with zeros.
std::optional<std::string> uuid_json(const std::string& text) {
    static constexpr std::size_t kWidths[] = {8, 4, 4, 4, 12};
    std::string out, rest = lowered(text);
    for (auto width : kWidths) {
        auto dash = rest.find('-');
        std::string group = rest.substr(0, dash);
        if (group.empty() || group.find_first_not_of("0123456789abcdef") != group.npos ||
            (width == 12) != (dash == rest.npos))
            return std::nullopt;
        group.insert(0, width > group.size() ? width - group.size() : 0, '0');
        out += (out.empty() ? "" : "-") + group.substr(group.size() - width);
        rest = dash == rest.npos ? "" : rest.substr(dash + 1);
    }
    return "\"" + out + "\"";
}

/// `05:00:00`, as the literal of CURRENT_TIMESTAMP + '05:00:00'::interval is.
bool is_time_of_day(std::string_view text) {
    if (text.size() < 8 || text[2] != ':' || text[5] != ':') return false;
    constexpr std::int64_t kDay = 86'400'000'000;
    return text.find_first_not_of("0123456789:.") == text.npos &&
           read_time(text).value_or(kDay) < kDay;
}

struct InfinityRow {
    std::string_view schema;
    std::string_view positive;
    std::string_view negative;
};
/// java.time's MAX and MIN as each schema counts them: days lose their upper half, microseconds
/// run over. Where the count fails (milliseconds, nanoseconds, a zone) there is no default.
constexpr InfinityRow kInfinityRows[] = {
    {"io.debezium.time.Date", "169560311", "-170999002"},
    {"io.debezium.time.IsoDate", "\"+999999999-12-31Z\"", "\"-999999999-01-01Z\""},
    {"io.debezium.time.IsoTimestamp", "\"+999999999-12-31T23:59:59.999999999Z\"",
     "\"-999999999-01-01T00:00:00Z\""},
    {"io.debezium.time.MicroTimestamp", "-9223372036853775810", "-9223372036854775808"},
    {"org.apache.kafka.connect.data.Date", "169560311", "-170999002"},
};

std::optional<std::string> infinity_json(const BuiltColumn& built, Infinity infinity) {
    const auto* row = std::ranges::find(kInfinityRows, built.schema.name, &InfinityRow::schema);
    if (row == std::end(kInfinityRows)) return std::nullopt;
    return std::string(infinity == Infinity::kPositive ? row->positive : row->negative);
}

/// Dates and times are read by pgjdbc's TimestampUtils, to which a time is one of 1970's first day.
std::optional<std::string> temporal_json(const BuiltColumn& built, const std::string& text) {
    if (const auto infinity = infinity_of(text); infinity != Infinity::kNone)
        return infinity_json(built, infinity);
    // Defaults do not pass through java.sql.Date.
    BuiltColumn exact{.schema = {}, .writer = built.writer, .fallback_json = {}};
    exact.writer.from_relation = true;
    return written(exact, text);
}

std::optional<std::string> moment_json(const BuiltColumn& built, const std::string& text) {
    if (!is_time_of_day(text)) return temporal_json(built, text);
    const bool zoned = built.schema.name == "io.debezium.time.ZonedTimestamp";
    return temporal_json(built, "1970-01-01 " + text + (zoned ? "+00" : ""));
}

/// The date of a moment, as it is written: TimestampUtils.toLocalDateTime.
std::optional<std::string> date_json(const BuiltColumn& built, const std::string& text) {
    const bool before_christ = text.ends_with(" BC");
    const auto space = text.find(' ');
    if (is_time_of_day(text)) return temporal_json(built, "1970-01-01");
    if (space == text.npos) return temporal_json(built, text);
    return temporal_json(built, text.substr(0, space) + (before_christ ? " BC" : ""));
}

/// 24:00 is LocalTime.MAX there, in nanoseconds where the mode has them; later hours it does not know.
std::optional<std::string> time_json(const BuiltColumn& built, const std::string& text) {
    constexpr std::int64_t kDay = 86'400'000'000;
    if (text != "24:00:00") return read_time(text).value_or(kDay) < kDay ? temporal_json(built, text) : std::nullopt;
    auto json = temporal_json(built, "23:59:59.999999");
    if (json == "86399999999000") json = "86399999999999";
    if (json == "\"23:59:59.999999Z\"") json = "\"23:59:59.999999999Z\"";
    return json;
}

struct DefaultRow {
    std::string_view type;         ///< the column's type name
    std::string_view placeholder;  ///< for a function call
    bool null_is_none;             ///< parseNullDefault: NULL::type before anything else
    bool trims;
    std::optional<std::string> (*json)(const BuiltColumn&, const std::string&);
};

using Built = const BuiltColumn&;
using Text = const std::string&;
std::optional<std::string> as_written(Built built, Text text) {
    return written(built, text);
}
std::optional<std::string> as_boolean(Built, Text text) {
    return boolean_json(text);
}
std::optional<std::string> as_uuid(Built, Text text) {
    return uuid_json(text);
}
std::optional<std::string> as_numeric(Built built, Text text) {
    if (!connect::read_decimal(text)) return std::nullopt;
    return written(built, text);
}
std::optional<std::string> as_bit(Built built, Text text) {
    if (text.size() == 1 && built.schema.type != connect::SchemaType::kBoolean) return std::nullopt;
    return written(built, text);
}
std::optional<std::string> as_interval(Built built, Text text) {
    return read_interval(text) ? written(built, text) : std::nullopt;
}
template <class Int>
std::optional<std::string> as_int(Built, Text text) {
    return integer_json<Int>(text);
}

constexpr DefaultRow kDefaultRows[] = {
    {"bigserial", "0", true, true, as_int<std::int64_t>},
    {"bit", "00", false, true, as_bit},
    {"bool", "false", true, true, as_boolean},
    {"bpchar", "", false, false, as_written},
    {"date", "1970-01-01", false, true, date_json},
    {"float4", "0.0", true, true, as_written},
    {"float8", "0.0", true, true, as_written},
    {"int2", "0", true, true, as_int<std::int16_t>},
    {"int4", "0", true, true, as_int<std::int32_t>},
    {"int8", "0", true, true, as_int<std::int64_t>},
    {"interval", "epoch", false, true, as_interval},
    {"json", "{}", false, false, as_written},
    {"jsonb", "{}", false, false, as_written},
    {"numeric", "0.0", true, true, as_numeric},
    {"serial", "0", true, true, as_int<std::int32_t>},
    {"smallserial", "0", true, true, as_int<std::int16_t>},
    {"text", "", false, false, as_written},
    {"time", "00:00", false, true, time_json},
    {"timestamp", "1970-01-01", false, true, moment_json},
    {"timestamptz", "1970-01-01", false, true, moment_json},
    {"uuid", "00000000-0000-0000-0000-000000000000", false, true, as_uuid},
    {"varbit", "0", false, true, as_written},
    {"varchar", "", false, false, as_written},
    {"xml", "", false, false, as_written},
};
static_assert(std::ranges::is_sorted(kDefaultRows, {}, &DefaultRow::type));

const DefaultRow* find_row(std::string_view type_name) {
    auto row = std::ranges::lower_bound(kDefaultRows, type_name, {}, &DefaultRow::type);
    return row != std::end(kDefaultRows) && row->type == type_name ? row : nullptr;
}

/// io.debezium.connector.postgresql.TypeId.parse: the first two parts of a possibly quoted name.
struct TypeId {
    std::string schema, name;
};
TypeId parsed_type_id(std::string_view text) {
    std::vector<std::string> parts;
    std::string part;
    bool quoted = false;
    auto end_part = [&] {
        if (!part.empty()) parts.push_back(std::exchange(part, ""));
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_quote = text[at] == '"';
        const bool doubled = is_quote && quoted && at + 1 < text.size() && text[at + 1] == '"';
        if (doubled) ++at;
        if (is_quote && !doubled) quoted = !quoted;
        else if (text[at] == '.' && !quoted) end_part();
        else part += text[at];
    }
    end_part();
    if (parts.empty()) return {};
    return parts.size() == 1 ? TypeId{"", parts[0]} : TypeId{parts[0], parts[1]};
}

/// Whether the name as it stands in the catalog, read as an identifier, is that of the cast.
bool names_type(const std::string& name, std::string_view cast) {
    const TypeId type = parsed_type_id(name), other = parsed_type_id(cast);
    return !type.name.empty() && type.name == other.name && (type.schema == other.schema || type.schema.empty() || other.schema.empty());
}

/// `'label'::type` of the enum's own type; quotes inside stay doubled.
std::optional<std::string> enum_json(const std::string& expression, const TypeInfo& type) {
    auto cast = expression.rfind("::");
    if (cast == expression.npos || !names_type(type.name, trimmed(expression.substr(cast + 2))))
        return std::nullopt;
    std::string value = expression.substr(0, cast);
    if (value.size() < 2 || value.front() != '\'' || value.back() != '\'') return std::nullopt;
    std::string json;
    connect::append_json_string(json, std::string_view(value).substr(1, value.size() - 2));
    return json;
}

}  // namespace

bool supports_default(const TypeInfo& type) {
    return type.is_enum || find_row(type.name) != nullptr;
}

std::optional<std::string> default_json(const Column& column, const TypeInfo& type,
                                        const BuiltColumn& built) {
    if (!column.default_expression || built.is_struct) return std::nullopt;
    std::string expression = *column.default_expression;
    if (type.is_enum) return enum_json(expression, type);
    const auto* row = find_row(column.type_name);
    if (!row) return std::nullopt;
    if (row->trims) expression = trimmed(expression);
    if (row->null_is_none && expression.starts_with("NULL::")) return std::nullopt;
    if (is_function_call(expression)) return row->json(built, std::string(row->placeholder));
    auto literal = literal_of(expression);
    if (!literal && row->type == "interval") literal = "00:00:00";  // PGInterval of null
    if (!literal) return std::nullopt;
    return row->json(built, *literal);
}

}  // namespace cdcsim::debezium
