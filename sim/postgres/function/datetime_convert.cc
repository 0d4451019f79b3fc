// Casts among dates and times, AT TIME ZONE, precision, the constructors make_*, and the clock.
// Mirrors date.c and timestamp.c.
#include <array>
#include <cmath>
#include <cstdio>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_functions.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/datetime_encode.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

std::int32_t typmod_arg(const Datum& datum) {
    return static_cast<std::int32_t>(datum.as_int());
}

// ---- casts

Datum date_timestamp(CallContext&, Args args) {
    return Datum::of_int(date_to_timestamp(args[0].as_int()));
}
Datum date_timestamptz(CallContext& call, Args args) {
    return Datum::of_int(date_to_timestamptz(call.env, args[0].as_int()));
}
Datum timestamp_date(CallContext&, Args args) {
    std::int64_t timestamp = args[0].as_int();
    if (timestamp == kTimestampInfinity) return Datum::of_int(kDateInfinity);
    if (timestamp == kTimestampMinusInfinity) return Datum::of_int(kDateMinusInfinity);
    std::int64_t date = timestamp / kMicrosPerDay;
    return Datum::of_int(timestamp % kMicrosPerDay < 0 ? date - 1 : date);
}
Datum timestamptz_date(CallContext& call, Args args) {
    return Datum::of_int(timestamptz_to_date(call.env, args[0].as_int()));
}
Datum timestamp_timestamptz(CallContext& call, Args args) {
    return Datum::of_int(timestamp_to_timestamptz(call.env, args[0].as_int()));
}
Datum timestamptz_timestamp(CallContext& call, Args args) {
    return Datum::of_int(timestamptz_to_timestamp(call.env, args[0].as_int()));
}
Datum timestamp_time(CallContext&, Args args) {
    if (!is_finite_timestamp(args[0].as_int())) return Datum();
    return Datum::of_int(time_of(broken_timestamp(args[0].as_int())));
}
Datum timestamptz_time(CallContext& call, Args args) {
    if (!is_finite_timestamp(args[0].as_int())) return Datum();
    return Datum::of_int(
        time_of(broken_timestamptz(args[0].as_int(), session_time_zone(call.env))));
}
Datum timestamptz_timetz(CallContext& call, Args args) {
    if (!is_finite_timestamp(args[0].as_int())) return Datum();
    BrokenTime fields = broken_timestamptz(args[0].as_int(), session_time_zone(call.env));
    return timetz_datum({time_of(fields), fields.zone});
}
Datum time_timetz(CallContext& call, Args args) {
    const TimeZone& zone = session_time_zone(call.env);
    BrokenTime fields = broken_timestamptz(call.env.transaction_timestamp(), zone);
    break_time(args[0].as_int(), fields);
    int offset = zone_offset_of_local(fields, zone);
    return timetz_datum({args[0].as_int(), offset});
}
Datum timetz_time(CallContext&, Args args) {
    return Datum::of_int(read_timetz(args[0].as_text()).microseconds);
}
Datum time_interval(CallContext&, Args args) {
    return interval_datum({0, 0, args[0].as_int()});
}
Datum interval_time(CallContext&, Args args) {
    std::int64_t rest = read_interval(args[0].as_text()).microseconds % kMicrosPerDay;
    return Datum::of_int(rest < 0 ? rest + kMicrosPerDay : rest);
}
/// timestamptz(date, time)
Datum date_time_timestamptz(CallContext& call, Args args) {
    std::int64_t timestamp = date_to_timestamp(args[0].as_int());
    if (is_finite_timestamp(timestamp)) timestamp += args[1].as_int();
    if (is_finite_timestamp(timestamp) && !is_valid_timestamp(timestamp))
        throw_timestamp_out_of_range();
    return Datum::of_int(timestamp_to_timestamptz(call.env, timestamp));
}

// ---- precision

Datum timestamp_scale(CallContext&, Args args) {
    return Datum::of_int(round_timestamp(args[0].as_int(), typmod_arg(args[1])));
}
Datum time_scale(CallContext&, Args args) {
    return Datum::of_int(round_time(args[0].as_int(), typmod_arg(args[1])));
}
Datum timetz_scale(CallContext&, Args args) {
    TimeTz time = read_timetz(args[0].as_text());
    time.microseconds = round_time(time.microseconds, typmod_arg(args[1]));
    return timetz_datum(time);
}
Datum interval_scale(CallContext&, Args args) {
    return interval_datum(round_interval(read_interval(args[0].as_text()), typmod_arg(args[1])));
}

// ---- AT TIME ZONE

Datum checked_shift(std::int64_t timestamp, std::int64_t seconds) {
    timestamp += seconds * kMicrosPerSecond;
    if (!is_valid_timestamp(timestamp)) throw_timestamp_out_of_range();
    return Datum::of_int(timestamp);
}

/// The zone that an interval names, in seconds east; cut to 32 bits as in PostgreSQL.
std::int64_t interval_zone(CallContext& call, const Datum& datum) {
    Interval zone = read_interval(datum.as_text());
    if (zone.months != 0 || zone.days != 0) {
        std::string shown;
        encode_interval(zone, call.env.value_settings().interval_style, shown);
        throw SqlError("22023",
                       "interval time zone \"" + shown + "\" must not include months or days");
    }
    return static_cast<std::int32_t>(zone.microseconds / kMicrosPerSecond);
}

Datum timestamp_zone(CallContext&, Args args) {
    std::int64_t timestamp = args[1].as_int();
    if (!is_finite_timestamp(timestamp)) return args[1];
    ZoneChoice choice = choose_zone(args[0].as_text());
    if (choice.fixed_west) return checked_shift(timestamp, *choice.fixed_west);
    BrokenTime fields = broken_timestamp(timestamp);
    int offset = choice.abbreviation.empty()
                     ? zone_offset_of_local(fields, *choice.zone)
                     : abbreviation_offset_of_local(fields, choice.abbreviation, *choice.zone);
    return checked_shift(timestamp, offset);
}
Datum timestamptz_zone(CallContext&, Args args) {
    std::int64_t timestamp = args[1].as_int();
    if (!is_finite_timestamp(timestamp)) return args[1];
    ZoneChoice choice = choose_zone(args[0].as_text());
    if (choice.fixed_west) return checked_shift(timestamp, -*choice.fixed_west);
    if (!choice.abbreviation.empty())
        return checked_shift(timestamp,
                             -abbreviation_offset_at(timestamp, choice.abbreviation, *choice.zone));
    return Datum::of_int(checked_timestamp(broken_timestamptz(timestamp, *choice.zone)));
}
Datum timestamp_izone(CallContext& call, Args args) {
    if (!is_finite_timestamp(args[1].as_int())) return args[1];
    return checked_shift(args[1].as_int(), -interval_zone(call, args[0]));
}
Datum timestamptz_izone(CallContext& call, Args args) {
    if (!is_finite_timestamp(args[1].as_int())) return args[1];
    return checked_shift(args[1].as_int(), interval_zone(call, args[0]));
}

Datum timetz_in_zone(const Datum& datum, std::int64_t west) {
    TimeTz time = read_timetz(datum.as_text());
    std::int64_t micros =
        (time.microseconds + (time.zone - west) * kMicrosPerSecond) % kMicrosPerDay;
    if (micros < 0) micros += kMicrosPerDay;
    return timetz_datum({micros, static_cast<std::int32_t>(west)});
}
Datum timetz_zone(CallContext& call, Args args) {
    ZoneChoice choice = choose_zone(args[0].as_text());
    if (choice.fixed_west) return timetz_in_zone(args[1], *choice.fixed_west);
    std::int64_t now = call.env.transaction_timestamp();
    int west = choice.abbreviation.empty()
                   ? broken_timestamptz(now, *choice.zone).zone
                   : abbreviation_offset_at(now, choice.abbreviation, *choice.zone);
    return timetz_in_zone(args[1], west);
}
Datum timetz_izone(CallContext& call, Args args) {
    return timetz_in_zone(args[1], -interval_zone(call, args[0]));
}

// ---- constructors

std::string printed(const char* format, std::int64_t a, std::int64_t b, std::int64_t c) {
    char buffer[80];
    std::snprintf(buffer, sizeof buffer, format, static_cast<int>(a), static_cast<int>(b),
                  static_cast<int>(c));
    return buffer;
}
std::string printed_clock(std::int64_t hour, std::int64_t minute, double second) {
    char buffer[80];
    std::snprintf(buffer, sizeof buffer, "%d:%02d:", static_cast<int>(hour),
                  static_cast<int>(minute));
    std::string text = buffer;
    if (std::isnan(second)) return text + "NaN";
    if (std::isinf(second)) return text + (second < 0 ? "-Infinity" : "Infinity");
    std::snprintf(buffer, sizeof buffer, "%02g", second);
    return text + buffer;
}

/// The date of make_date and make_timestamp; a negative year is BC. make_date's errors show the
/// year as it is counted inside, with a year zero.
enum class YearShown : std::uint8_t { kGiven, kInternal };
std::int64_t date_of_fields(Args args, YearShown year_shown) {
    BrokenTime fields;
    std::int64_t year = args[0].as_int();
    DateParts parts{.year = true, .month = true, .day = true};
    parts.bc = year < 0;
    fields.year = static_cast<int>(year < 0 ? -year : year);
    fields.month = static_cast<int>(args[1].as_int());
    fields.day = static_cast<int>(args[2].as_int());
    DecodeError error = validate_date(parts, fields);
    std::string shown =
        printed("%d-%02d-%02d", year_shown == YearShown::kGiven ? year : fields.year,
                args[1].as_int(), args[2].as_int());
    if (error != DecodeError::kNone)
        throw SqlError("22008", "date field value out of range: " + shown);
    std::int64_t date = INT64_MIN;
    if (is_valid_julian(fields.year, fields.month, fields.day))
        date = julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
    if (!is_valid_date(date)) throw SqlError("22008", "date out of range: " + shown);
    return date;
}

std::int64_t time_of_fields(std::int64_t hour, std::int64_t minute, double second) {
    double micros = std::rint(second * 1e6);
    bool bad = hour < 0 || hour > 24 || minute < 0 || minute > 59 || std::isnan(second) ||
               micros < 0 || micros > 60e6;
    std::int64_t time = 0;
    if (!bad) {
        time =
            hour * kMicrosPerHour + minute * kMicrosPerMinute + static_cast<std::int64_t>(micros);
        bad = time > kMicrosPerDay;
    }
    if (bad)
        throw SqlError("22008",
                       "time field value out of range: " + printed_clock(hour, minute, second));
    return time;
}

std::int64_t timestamp_of_fields(Args args) {
    std::int64_t date = date_of_fields(args, YearShown::kGiven);
    std::int64_t hour = args[3].as_int(), minute = args[4].as_int();
    double second = args[5].as_float();
    std::int64_t time = time_of_fields(hour, minute, second);
    std::int64_t timestamp = 0;
    if (__builtin_mul_overflow(date, kMicrosPerDay, &timestamp) ||
        __builtin_add_overflow(timestamp, time, &timestamp) || !is_valid_timestamp(timestamp))
        throw SqlError("22008", "timestamp out of range: " +
                                    printed("%d-%02d-%02d", args[0].as_int(), args[1].as_int(),
                                            args[2].as_int()) +
                                    ' ' + printed_clock(hour, minute, second));
    return timestamp;
}

Datum make_date(CallContext&, Args args) {
    return Datum::of_int(date_of_fields(args, YearShown::kInternal));
}
Datum make_time(CallContext&, Args args) {
    return Datum::of_int(time_of_fields(args[0].as_int(), args[1].as_int(), args[2].as_float()));
}
Datum make_timestamp(CallContext&, Args args) {
    return Datum::of_int(timestamp_of_fields(args));
}
Datum make_timestamptz(CallContext& call, Args args) {
    return Datum::of_int(timestamp_to_timestamptz(call.env, timestamp_of_fields(args)));
}

/// The zone of make_timestamptz: a number must have a sign here. Seconds west.
int zone_argument(BrokenTime& fields, const std::string& name) {
    if (!name.empty() && name[0] >= '0' && name[0] <= '9')
        throw SqlError("22023", "invalid input syntax for type numeric time zone: \"" + name + '"')
            .hint("Numeric time zones must have \"-\" or \"+\" as first character.");
    int offset = 0;
    DecodeError error = decode_numeric_zone(name.c_str(), offset);
    if (error == DecodeError::kNone) return offset;
    if (error == DecodeError::kZoneOverflow)
        throw SqlError("22023", "numeric time zone \"" + name + "\" out of range");
    ZoneChoice choice = choose_zone(name);
    if (choice.fixed_west) return *choice.fixed_west;
    if (!choice.abbreviation.empty())
        return abbreviation_offset_of_local(fields, choice.abbreviation, *choice.zone);
    return zone_offset_of_local(fields, *choice.zone);
}
Datum make_timestamptz_at_timezone(CallContext&, Args args) {
    std::int64_t timestamp = timestamp_of_fields(args);
    BrokenTime fields = broken_timestamp(timestamp);
    return checked_shift(timestamp, zone_argument(fields, args[6].as_text()));
}

// Integers wrap as PostgreSQL 15's do; it checks only the seconds.
Datum make_interval(CallContext&, Args args) {
    double seconds = args[6].as_float();
    if (std::isinf(seconds) || std::isnan(seconds)) throw_interval_out_of_range();
    auto wrap = [&](std::size_t major, std::uint32_t scale, std::size_t minor) {
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(args[major].as_int()) * scale +
                                         static_cast<std::uint32_t>(args[minor].as_int()));
    };
    double micros = std::rint(seconds * 1e6);
    bool fits = micros >= -9223372036854775808.0 && micros < 9223372036854775808.0;
    std::uint64_t time =
        static_cast<std::uint64_t>(fits ? static_cast<std::int64_t>(micros) : INT64_MIN);
    time += static_cast<std::uint64_t>(args[4].as_int() * kMicrosPerHour);
    time += static_cast<std::uint64_t>(args[5].as_int() * kMicrosPerMinute);
    return interval_datum({wrap(0, 12, 1), wrap(2, 7, 3), static_cast<std::int64_t>(time)});
}

std::string printed_float(double value) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%g", value);
    return buffer;
}
/// to_timestamp(double precision)
Datum float8_timestamptz(CallContext&, Args args) {
    double seconds = args[0].as_float();
    if (std::isnan(seconds)) throw SqlError("22008", "timestamp cannot be NaN");
    if (std::isinf(seconds))
        return Datum::of_int(seconds < 0 ? kTimestampMinusInfinity : kTimestampInfinity);
    constexpr double kDay = 86'400;
    bool fits = seconds >= kDay * -kUnixEpochJulian &&
                seconds < kDay * (kTimestampEndJulian - kUnixEpochJulian);
    std::int64_t result = 0;
    if (fits)
        result = static_cast<std::int64_t>(
            std::rint((seconds - static_cast<double>(kPostgresEpochSeconds)) * 1e6));
    if (!fits || !is_valid_timestamp(result))
        throw SqlError("22008", "timestamp out of range: \"" + printed_float(seconds) + '"');
    return Datum::of_int(result);
}

// ---- the clock

Datum now(CallContext& call, Args) {
    return Datum::of_int(call.env.transaction_timestamp());
}
Datum statement_timestamp(CallContext& call, Args) {
    return Datum::of_int(call.env.statement_timestamp());
}
Datum clock_timestamp(CallContext& call, Args) {
    return Datum::of_int(call.env.clock_timestamp());
}

/// "Mon Jan 01 00:00:00.123457 2024 UTC": as DateStyle Postgres, but all six digits.
Datum timeofday(CallContext& call, Args) {
    std::int64_t instant = call.env.clock_timestamp();
    BrokenTime fields = broken_timestamptz(instant, session_time_zone(call.env));
    int micros = fields.microsecond;
    fields.microsecond = 0;
    std::string text;
    encode_datetime(fields, ZoneShown::kYes, EncodeStyle::kPostgres, DateOrder::kMdy, text);
    std::string fraction = ".";
    append_padded(micros, 6, fraction);
    constexpr std::size_t kAfterSeconds = 19;  // "Mon Jan 01 00:00:00"
    text.insert(kAfterSeconds, fraction);
    return Datum::of_text(std::move(text));
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"date_timestamp", date_timestamp},
    {"date_timestamptz", date_timestamptz},
    {"timestamp_date", timestamp_date},
    {"timestamptz_date", timestamptz_date},
    {"timestamp_timestamptz", timestamp_timestamptz},
    {"timestamptz_timestamp", timestamptz_timestamp},
    {"timestamp_time", timestamp_time},
    {"timestamptz_time", timestamptz_time},
    {"timestamptz_timetz", timestamptz_timetz},
    {"time_timetz", time_timetz},
    {"timetz_time", timetz_time},
    {"time_interval", time_interval},
    {"interval_time", interval_time},
    {"#1176", date_time_timestamptz},
    {"timestamp_scale", timestamp_scale},
    {"timestamptz_scale", timestamp_scale},
    {"time_scale", time_scale},
    {"timetz_scale", timetz_scale},
    {"interval_scale", interval_scale},
    {"timestamp_zone", timestamp_zone},
    {"timestamptz_zone", timestamptz_zone},
    {"timestamp_izone", timestamp_izone},
    {"timestamptz_izone", timestamptz_izone},
    {"timetz_zone", timetz_zone},
    {"timetz_izone", timetz_izone},
    {"make_date", make_date},
    {"make_time", make_time},
    {"make_timestamp", make_timestamp},
    {"make_timestamptz", make_timestamptz},
    {"make_timestamptz_at_timezone", make_timestamptz_at_timezone},
    {"make_interval", make_interval},
    {"float8_timestamptz", float8_timestamptz},
    {"now", now},
    {"statement_timestamp", statement_timestamp},
    {"clock_timestamp", clock_timestamp},
    {"timeofday", timeofday},
}));

}  // namespace

FunctionTables datetime_convert_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
