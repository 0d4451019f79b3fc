#include "sim/debezium/write_functions.h"

#include <limits>

#include "core/base/error.h"
#include "core/connect/decimal.h"
#include "core/connect/java_number.h"
#include "core/connect/json_text.h"
#include "sim/debezium/temporal.h"

namespace cdcsim::debezium {

namespace {

using connect::append_integer;
using connect::append_json_string;

constexpr std::int64_t kPositiveInfinityMicros = 9223372036825200000LL;
constexpr std::int64_t kNegativeInfinityMicros = -9223372036832400000LL;

}  // namespace

bool write_integer(const ColumnWriter&, std::string_view text, std::string& out) {
    // Decimal digits are JSON already; anything else would not have come from this type.
    if (text.empty()) return false;
    out += text;
    return true;
}

bool write_double(const ColumnWriter&, std::string_view text, std::string& out) {
    auto value = connect::read_java_double(text);
    if (value) connect::append_java_double(out, *value);
    return value.has_value();
}

bool write_float(const ColumnWriter&, std::string_view text, std::string& out) {
    auto value = connect::read_java_float(text);
    if (value) connect::append_java_float(out, *value);
    return value.has_value();
}

bool write_boolean(const ColumnWriter&, std::string_view text, std::string& out) {
    out += text == "t" || text == "true" ? "true" : "false";
    return true;
}

bool write_string(const ColumnWriter&, std::string_view text, std::string& out) {
    append_json_string(out, text);
    return true;
}

bool write_nothing(const ColumnWriter&, std::string_view, std::string&) {
    return false;
}

namespace {

void append_decimal(const ColumnWriter& column, const connect::Decimal& value, std::string& out) {
    if (column.decimal_numeric) {
        out += connect::java_text(value);
        return;
    }
    out += '"';
    connect::append_base64(out, connect::unscaled_bytes(value));
    out += '"';
}

bool write_variable_scale(connect::Decimal value, std::string& out) {
    value = connect::without_trailing_zeros(std::move(value));
    if (value.scale < 0) value = connect::with_scale_half_up(std::move(value), 0);
    out += "{\"scale\":";
    append_integer(out, value.scale);
    out += ",\"value\":\"";
    connect::append_base64(out, connect::unscaled_bytes(value));
    out += "\"}";
    return true;
}

/// withScaleAdjustedIfNeeded: the column's scale, unless it is the stream's "no precision".
std::optional<connect::Decimal> scaled(const ColumnWriter& column, connect::Decimal value) {
    if (!column.scale) return value;
    if (*column.scale > value.scale)
        value = connect::with_scale_half_up(std::move(value), *column.scale);
    if (column.length == kVariableScaleLength) return value;
    return connect::with_exact_scale(std::move(value), *column.scale);
}

bool write_special_decimal(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (column.in_array) throw NotSimulated("NaN or infinity in a numeric array");
    switch (column.decimal_mode) {
        case DecimalMode::kPrecise:
            return false;
        case DecimalMode::kDouble:
            return write_double(column, text, out);
        case DecimalMode::kString:
            break;
    }
    out += text == "NaN"        ? "\"NAN\""
           : text == "Infinity" ? "\"POSITIVE_INFINITY\""
                                : "\"NEGATIVE_INFINITY\"";
    return true;
}

}  // namespace

bool write_numeric(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (text == "NaN" || text == "Infinity" || text == "-Infinity")
        return write_special_decimal(column, text, out);
    auto parsed = connect::read_decimal(text);
    if (!parsed) return false;
    auto value = scaled(column, std::move(*parsed));
    if (!value) return false;
    switch (column.decimal_mode) {
        case DecimalMode::kDouble:
            return write_double(column, connect::plain_text(*value), out);
        case DecimalMode::kString:
            append_json_string(out, connect::plain_text(*value));
            return true;
        case DecimalMode::kPrecise:
            break;
    }
    if (column.variable_scale) return write_variable_scale(std::move(*value), out);
    append_decimal(column, *value, out);
    return true;
}

namespace {

/// PostgresMoney: one currency sign and the thousands' commas go.
std::optional<connect::Decimal> read_money(std::string_view text) {
    bool negative = !text.empty() && (text[0] == '-' || text[0] == '(');
    std::string digits;
    for (char c : text)
        if ((c >= '0' && c <= '9') || c == '.') digits += c;
    auto value = connect::read_decimal(digits);
    if (value && negative && !value->is_zero()) value->negative = true;
    return value;
}

}  // namespace

bool write_money(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto value = read_money(text);
    if (!value) return false;
    switch (column.decimal_mode) {
        case DecimalMode::kDouble:
            return write_double(column, connect::plain_text(*value), out);
        case DecimalMode::kString:
            append_json_string(out, connect::plain_text(*value));
            return true;
        case DecimalMode::kPrecise:
            break;
    }
    append_decimal(column, connect::with_scale_half_up(*value, column.money_fraction_digits), out);
    return true;
}

void append_binary(BinaryMode mode, std::string_view bytes, std::string& out) {
    out += '"';
    switch (mode) {
        case BinaryMode::kBytes:
        case BinaryMode::kBase64:
            connect::append_base64(out, bytes);
            break;
        case BinaryMode::kBase64UrlSafe:
            connect::append_base64_url(out, bytes);
            break;
        case BinaryMode::kHex:
            connect::append_hex(out, bytes);
            break;
    }
    out += '"';
}

bool write_bytea(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (text.substr(0, 2) != "\\x") return false;
    append_binary(column.binary_mode, connect::bytes_of_hex(text.substr(2)), out);
    return true;
}

/// A type that nobody knows, as the bytes of its text.
bool write_unknown(const ColumnWriter& column, std::string_view text, std::string& out) {
    append_binary(column.binary_mode, text, out);
    return true;
}

bool write_bit_as_boolean(const ColumnWriter&, std::string_view text, std::string& out) {
    if (text.empty()) return false;
    out += text.find('1') != text.npos ? "true" : "false";
    return true;
}

/// Little-endian bytes up to the highest set bit.
bool write_bits(const ColumnWriter&, std::string_view text, std::string& out) {
    auto first = text.find('1');
    std::string bytes;
    if (first != text.npos) {
        bytes.resize((text.size() - first + 7) / 8);
        for (std::size_t i = first; i < text.size(); ++i) {
            std::size_t bit = text.size() - 1 - i;
            if (text[i] == '1') bytes[bit / 8] = static_cast<char>(bytes[bit / 8] | 1 << bit % 8);
        }
    }
    out += '"';
    connect::append_base64(out, bytes);
    out += '"';
    return true;
}

namespace {

/// Java's two ways to a date: exact in the stream, through java.sql.Date elsewhere.
std::optional<std::int64_t> date_days(const ColumnWriter& column, std::string_view text) {
    bool exact = column.from_relation && !column.in_array;
    switch (infinity_of(text)) {
        case Infinity::kPositive:
            return exact ? -2147472692LL : -622191234LL;
        case Infinity::kNegative:
            return exact ? -2147472691LL : -625821272LL;
        case Infinity::kNone:
            break;
    }
    auto days = read_date(text);
    return days && !exact ? through_java_sql_date(*days) : days;
}

}  // namespace

bool write_date(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto days = date_days(column, text);
    if (!days) return false;
    append_integer(out, *days);
    return true;
}

bool write_iso_date(const ColumnWriter& column, std::string_view text, std::string& out) {
    bool exact = column.from_relation && !column.in_array;
    if (auto infinity = infinity_of(text); infinity != Infinity::kNone && !exact) {
        out += infinity == Infinity::kPositive ? "\"+292278994-08-16Z\"" : "\"+292269055-12-02Z\"";
        return true;
    }
    auto days = date_days(column, text);
    if (!days) return false;
    out += '"';
    append_iso_date(out, *days);
    out += "Z\"";
    return true;
}

namespace {

/// In arrays pgjdbc makes java.sql.Time, which has milliseconds and no 24:00.
std::optional<std::int64_t> time_micros(const ColumnWriter& column, std::string_view text) {
    auto micros = read_time(text);
    if (micros && column.in_array) return *micros % 86'400'000'000LL / 1000 * 1000;
    return micros;
}

}  // namespace

bool write_time_millis(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto micros = time_micros(column, text);
    if (micros) append_integer(out, *micros / 1000);
    return micros.has_value();
}

bool write_time_micros(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto micros = time_micros(column, text);
    if (micros) append_integer(out, *micros);
    return micros.has_value();
}

bool write_time_nanos(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto micros = time_micros(column, text);
    if (micros) append_integer(out, *micros * 1000);
    return micros.has_value();
}

bool write_iso_time(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto micros = time_micros(column, text);
    if (!micros) return false;
    out += '"';
    append_iso_time(out, *micros % 86'400'000'000LL);
    out += "Z\"";
    return true;
}

namespace {

std::optional<Instant> timestamp_of(std::string_view text) {
    switch (infinity_of(text)) {
        case Infinity::kPositive:
            return instant_of_micros(kPositiveInfinityMicros);
        case Infinity::kNegative:
            return instant_of_micros(kNegativeInfinityMicros);
        case Infinity::kNone:
            break;
    }
    return read_timestamp(text);
}

}  // namespace

bool write_timestamp_millis(const ColumnWriter&, std::string_view text, std::string& out) {
    auto instant = timestamp_of(text);
    if (!instant) return false;
    append_integer(out, instant->epoch_millis());
    return true;
}

bool write_timestamp_micros(const ColumnWriter&, std::string_view text, std::string& out) {
    auto instant = timestamp_of(text);
    if (!instant) return false;
    append_integer(out, instant->epoch_micros());
    return true;
}

bool write_timestamp_nanos(const ColumnWriter&, std::string_view text, std::string& out) {
    auto infinity = infinity_of(text);
    if (infinity != Infinity::kNone) {
        append_integer(out, infinity == Infinity::kPositive
                                ? std::numeric_limits<std::int64_t>::max()
                                : std::numeric_limits<std::int64_t>::min());
        return true;
    }
    auto instant = read_timestamp(text);
    auto nanos = instant ? instant->epoch_nanos() : std::nullopt;
    if (!nanos) return false;
    append_integer(out, *nanos);
    return true;
}

bool write_iso_timestamp(const ColumnWriter&, std::string_view text, std::string& out) {
    auto instant = timestamp_of(text);
    if (!instant) return false;
    out += '"';
    append_iso_timestamp(out, *instant);
    out += '"';
    return true;
}

bool write_timestamptz(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (infinity_of(text) != Infinity::kNone) {
        if (column.in_array) throw NotSimulated("infinity in a timestamptz array");
        append_json_string(out, text);
        return true;
    }
    auto instant = read_timestamp(text);
    if (!instant) return false;
    out += '"';
    append_iso_timestamp(out, *instant, column.scale.value_or(column.length));
    out += '"';
    return true;
}

bool write_timetz(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto time = read_time_with_zone(text);
    if (!time) return false;
    constexpr std::int64_t kDay = 86'400'000'000LL;
    // 24:00 is the midnight that the day begins with.
    std::int64_t utc = ((time->micros - time->offset_seconds * 1'000'000LL) % kDay + kDay) % kDay;
    if (column.in_array) utc = utc / 1'000'000 * 1'000'000;
    out += '"';
    append_iso_time(out, utc);
    out += "Z\"";
    return true;
}

bool write_interval(const ColumnWriter& column, std::string_view text, std::string& out) {
    auto interval = read_interval(text);
    if (!interval)
        throw NotSimulated("an interval of more hours than Java's int holds, at which the connector "
                           "starts again and again");
    if (column.interval_as_string)
        append_json_string(out, interval_iso(*interval));
    else
        append_integer(out, interval_micros(*interval));
    return true;
}

namespace {

void append_double_bytes(std::string& bytes, double value) {
    auto bits = __builtin_bit_cast(std::uint64_t, value);
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(bits >> shift & 0xFF);
}

}  // namespace

void append_point(double x, double y, std::string& out) {
    std::string wkb("\x01\x01\x00\x00\x00", 5);
    append_double_bytes(wkb, x);
    append_double_bytes(wkb, y);
    out += "{\"x\":";
    connect::append_java_double(out, x);
    out += ",\"y\":";
    connect::append_java_double(out, y);
    out += ",\"wkb\":\"";
    connect::append_base64(out, wkb);
    out += "\",\"srid\":null}";
}

bool write_point(const ColumnWriter&, std::string_view text, std::string& out) {
    auto comma = text.find(',');
    if (text.size() < 5 || comma == text.npos) return false;
    auto x = connect::read_java_double(text.substr(1, comma - 1));
    auto y = connect::read_java_double(text.substr(comma + 1, text.size() - comma - 2));
    if (!x || !y) return false;
    append_point(*x, *y, out);
    return true;
}

namespace {

/// HStoreConverter.fromString.
connect::JavaHashMap<std::optional<std::string>> read_hstore(std::string_view text) {
    connect::JavaHashMap<std::optional<std::string>> map;
    auto quoted = [&](std::size_t& at) {
        std::string part;
        for (++at; at < text.size() && text[at] != '"'; ++at) {
            if (text[at] == '\\') ++at;
            part += text[at];
        }
        return part;
    };
    for (std::size_t at = 0; at < text.size();) {
        at = text.find('"', at);
        if (at == text.npos) break;
        std::string key = quoted(at);
        at += 3;
        if (at < text.size() && text[at] == 'N') {
            map[key] = std::nullopt;
            at += 4;
        } else {
            map[key] = quoted(at);
        }
        ++at;
    }
    return map;
}

}  // namespace

void append_map(const HstoreMap& map, AppendString append, std::string& out) {
    char separator = '{';
    for (const auto* entry : map.in_java_order()) {
        out += separator;
        separator = ',';
        append(out, entry->first);
        out += ':';
        if (entry->second)
            append(out, *entry->second);
        else
            out += "null";
    }
    if (separator == '{') out += '{';
    out += '}';
}

bool write_hstore_map(const ColumnWriter&, std::string_view text, std::string& out) {
    append_map(read_hstore(text), append_json_string, out);
    return true;
}

bool write_hstore_json(const ColumnWriter&, std::string_view text, std::string& out) {
    std::string json;
    append_map(read_hstore(text), connect::append_json_string_raw, json);
    append_json_string(out, json);
    return true;
}

namespace {

/// One element of an array's text; nullopt is NULL.
struct ArrayReader {
    std::string_view text;
    std::size_t at = 1;

    std::optional<std::string> next() {
        std::string element;
        bool quoted = text[at] == '"';
        if (quoted) ++at;
        while (at < text.size() &&
               (quoted ? text[at] != '"' : text[at] != ',' && text[at] != '}')) {
            if (text[at] == '\\') ++at;
            element += text[at++];
        }
        if (quoted) ++at;
        if (!quoted && element == "NULL") return std::nullopt;
        return element;
    }
};

/// Arrays in an array reach the element's converter as Java arrays. Texts print those by their
/// identity, all others know nothing of them and give null.
bool write_nested_arrays(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (column.element->write == write_string)
        throw NotSimulated("a multidimensional array of texts in a record (a Java object identity)");
    if (column.null_element_json.empty()) return false;
    int depth = 0;
    bool quoted = false;
    char separator = '[';
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        else if (text[i] == '"') quoted = !quoted;
        else if (!quoted && text[i] == '}') --depth;
        else if (!quoted && text[i] == '{' && ++depth == 2) {
            out += separator;
            out += column.null_element_json;
            separator = ',';
        }
    }
    out += ']';
    return true;
}

}  // namespace

bool write_array(const ColumnWriter& column, std::string_view text, std::string& out) {
    // A lower bound other than 1 shows as [0:2]={...}; Java does not look at it.
    if (!text.empty() && text[0] == '[') text.remove_prefix(text.find('=') + 1);
    if (text.size() < 2) return false;
    if (text[1] == '{') return write_nested_arrays(column, text, out);
    out += '[';
    ArrayReader reader{text};
    while (text[reader.at] != '}') {
        if (text[reader.at] == ',') {
            ++reader.at;
            out += ',';
        }
        auto element = reader.next();
        if (element && column.element->write(*column.element, *element, out)) continue;
        if (column.null_element_json.empty()) return false;
        out += column.null_element_json;
    }
    out += ']';
    return true;
}

}  // namespace cdcsim::debezium
