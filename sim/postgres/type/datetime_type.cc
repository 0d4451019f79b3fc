// Input, output, order and stored form of date, time, timetz, timestamp, timestamptz and interval.
#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/datetime_encode.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

// PostgreSQL's buffers for the pieces of a text; a longer one is bad syntax.
constexpr std::size_t kDateBuffer = 129, kTimestampBuffer = 153;

DecodedDateTime decode(Environment& env, std::string_view text, std::size_t buffer,
                       std::string_view type_name) {
    DateTimeFields fields;
    DecodedDateTime decoded;
    DecodeError error = split_datetime(text, buffer, fields);
    if (error == DecodeError::kNone) error = decode_datetime(env, fields, decoded);
    if (error != DecodeError::kNone) throw_decode_error(error, text, type_name);
    return decoded;
}

BrokenTime decode_time(Environment& env, std::string_view text, std::string_view type_name) {
    DateTimeFields fields;
    BrokenTime decoded;
    DecodeError error = split_datetime(text, kDateBuffer, fields);
    if (error == DecodeError::kNone) error = decode_time_only(env, fields, decoded);
    if (error != DecodeError::kNone) throw_decode_error(error, text, type_name);
    return decoded;
}

Datum date_in(Environment& env, const TypeInfo&, std::string_view text, std::int32_t) {
    DecodedDateTime decoded = decode(env, text, kDateBuffer, "date");
    const BrokenTime& fields = decoded.time;
    if (decoded.special == SpecialDate::kInfinity) return Datum::of_int(kDateInfinity);
    if (decoded.special == SpecialDate::kMinusInfinity) return Datum::of_int(kDateMinusInfinity);
    if (decoded.special == SpecialDate::kEpoch) return Datum::of_int(-kPostgresEpochDays);
    std::int64_t date = INT64_MIN;
    if (is_valid_julian(fields.year, fields.month, fields.day))
        date = julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
    if (!is_valid_date(date))
        throw SqlError("22008", "date out of range: \"" + std::string(text) + '"');
    return Datum::of_int(date);
}

std::int64_t timestamp_from_text(Environment& env, std::string_view text, bool with_zone,
                                 std::string_view type_name, std::int32_t typmod) {
    DecodedDateTime decoded = decode(env, text, kTimestampBuffer, type_name);
    if (decoded.special == SpecialDate::kInfinity) return kTimestampInfinity;
    if (decoded.special == SpecialDate::kMinusInfinity) return kTimestampMinusInfinity;
    if (decoded.special == SpecialDate::kEpoch) return -kPostgresEpochMicros;
    std::int64_t result = 0;
    bool fits = with_zone ? timestamptz_of(decoded.time, decoded.time.zone, result)
                          : timestamp_of(decoded.time, result);
    if (!fits) throw SqlError("22008", "timestamp out of range: \"" + std::string(text) + '"');
    return round_timestamp(result, typmod);
}

Datum timestamp_in(Environment& env, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    return Datum::of_int(timestamp_from_text(env, text, false, "timestamp", typmod));
}

Datum timestamptz_in(Environment& env, const TypeInfo&, std::string_view text,
                     std::int32_t typmod) {
    return Datum::of_int(timestamp_from_text(env, text, true, "timestamp with time zone", typmod));
}

Datum time_in(Environment& env, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    return Datum::of_int(round_time(time_of(decode_time(env, text, "time")), typmod));
}

Datum timetz_in(Environment& env, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    BrokenTime fields = decode_time(env, text, "time with time zone");
    return timetz_datum({round_time(time_of(fields), typmod), fields.zone});
}

Datum interval_in(Environment& env, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    return interval_datum(interval_from_text(env, text, typmod));
}

bool write_infinity(bool infinite, std::int64_t value, std::string& out) {
    if (infinite) out += value > 0 ? "infinity" : "-infinity";
    return infinite;
}

void date_out(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    std::int64_t date = value.as_int();
    if (write_infinity(!is_finite_date(date), date, out)) return;
    const ValueSettings& settings = env.value_settings();
    BrokenTime fields;
    break_date(date, fields);
    encode_date(fields, encode_style(settings), settings.date_order, out);
}

void timestamp_out(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    std::int64_t timestamp = value.as_int();
    if (write_infinity(!is_finite_timestamp(timestamp), timestamp, out)) return;
    const ValueSettings& settings = env.value_settings();
    encode_datetime(broken_timestamp(timestamp), ZoneShown::kNo, encode_style(settings),
                    settings.date_order, out);
}

void timestamptz_out(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    std::int64_t timestamp = value.as_int();
    if (write_infinity(!is_finite_timestamp(timestamp), timestamp, out)) return;
    const ValueSettings& settings = env.value_settings();
    BrokenTime fields = broken_timestamptz(timestamp, session_time_zone(env));
    encode_datetime(fields, ZoneShown::kYes, encode_style(settings), settings.date_order, out);
}

void time_out(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    encode_time(value.as_int(), out);
}

void timetz_out(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

void interval_out(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    IntervalStyle style = env.value_settings().interval_style;
    if (style == IntervalStyle::kPostgres)
        out += value.as_text();
    else
        encode_interval(read_interval(value.as_text()), style, out);
}

int compare_ints(const Datum& a, const Datum& b) noexcept {
    return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int();
}

int compare_interval_datums(const Datum& a, const Datum& b) noexcept {
    return compare_intervals(read_interval(a.as_text()), read_interval(b.as_text()));
}

int compare_timetz_datums(const Datum& a, const Datum& b) noexcept {
    return compare_timetz(read_timetz(a.as_text()), read_timetz(b.as_text()));
}

template <typename Integer>
void append_little_endian(Integer value, std::string& out) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

void interval_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    Interval interval = read_interval(value.as_text());
    append_little_endian(interval.microseconds, out);
    append_little_endian(interval.days, out);
    append_little_endian(interval.months, out);
}

void timetz_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    TimeTz time = read_timetz(value.as_text());
    append_little_endian(time.microseconds, out);
    append_little_endian(time.zone, out);
}

constexpr TypeOps kTypes[] = {
    {oid::kDate, date_in, date_out, compare_ints, nullptr, true},
    {oid::kTime, time_in, time_out, compare_ints, nullptr, true},
    {oid::kTimestamp, timestamp_in, timestamp_out, compare_ints, nullptr, true},
    {oid::kTimestamptz, timestamptz_in, timestamptz_out, compare_ints, nullptr, true},
    {oid::kInterval, interval_in, interval_out, compare_interval_datums, interval_to_disk, false},
    {oid::kTimetz, timetz_in, timetz_out, compare_timetz_datums, timetz_to_disk, false},
};

}  // namespace

int compare_intervals(const Interval& a, const Interval& b) noexcept {
    auto span = [](const Interval& i) {
        std::int64_t days = i.months * std::int64_t{30} + i.days;
        return __int128{days} * kMicrosPerDay + i.microseconds;
    };
    return span(a) < span(b) ? -1 : span(a) > span(b);
}

int compare_timetz(const TimeTz& a, const TimeTz& b) noexcept {
    std::int64_t first = a.microseconds + a.zone * kMicrosPerSecond;
    std::int64_t second = b.microseconds + b.zone * kMicrosPerSecond;
    if (first != second) return first < second ? -1 : 1;
    return a.zone < b.zone ? -1 : a.zone > b.zone;
}

FunctionTables datetime_type_tables() {
    return {.types = kTypes};
}

}  // namespace cdcsim::pg
