// date_trunc, and EXTRACT and date_part, which give the same fields as numeric and as float8.
// Mirrors timestamp_trunc, timestamp_part_common and their kin of timestamp.c and date.c.
#include <array>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_functions.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using enum TimeUnit;

SqlError unit_error(std::string_view sqlstate, std::string_view what, std::string_view word,
                    std::string_view type) {
    std::string message = "unit \"" + std::string(word) + "\" not ";
    message.append(what).append(" for type ").append(type);
    return SqlError(sqlstate, std::move(message));
}
[[noreturn]] void throw_unit_not_recognized(std::string_view word, std::string_view type) {
    throw unit_error("22023", "recognized", word, type);
}
[[noreturn]] void throw_unit_not_supported(std::string_view word, std::string_view type) {
    throw unit_error("0A000", "supported", word, type);
}

// ---- date_trunc

/// The first year of the millennium or century, in years with a year zero.
int first_year_of(int year, int length) {
    return year > 0 ? (year + length - 1) / length * length - (length - 1)
                    : -((length - 1 - (year - 1)) / length) * length + 1;
}

/// False: no such unit for timestamps.
bool truncate(TimeUnit unit, BrokenTime& fields) {
    if (unit == kMicrosecond) return true;
    if (unit == kMillisecond) {
        fields.microsecond = fields.microsecond / 1000 * 1000;
        return true;
    }
    fields.microsecond = 0;
    if (unit == kSecond) return true;
    fields.second = 0;
    if (unit == kMinute) return true;
    fields.minute = 0;
    if (unit == kHour) return true;
    fields.hour = 0;
    switch (unit) {
        case kDay:
            return true;
        case kWeek: {
            int julian = julian_from_date(fields.year, fields.month, fields.day);
            julian -= weekday_of_julian(julian - 1);
            date_from_julian(julian, fields.year, fields.month, fields.day);
            return true;
        }
        case kMillennium:
            fields.year = first_year_of(fields.year, 1000);
            break;
        case kCentury:
            fields.year = first_year_of(fields.year, 100);
            break;
        case kDecade:
            fields.year =
                fields.year > 0 ? fields.year / 10 * 10 : -((8 - (fields.year - 1)) / 10) * 10;
            break;
        case kYear:
        case kQuarter:
        case kMonth:
            break;
        default:
            return false;
    }
    fields.day = 1;
    if (unit == kQuarter)
        fields.month = (fields.month - 1) / 3 * 3 + 1;
    else if (unit != kMonth)
        fields.month = 1;
    return true;
}

TimeUnit truncation_unit(const std::string& word, std::string_view type) {
    UnitWord found = find_interval_unit(word);
    if (found.kind != UnitWord::Kind::kUnit) throw_unit_not_recognized(word, type);
    return found.unit;
}

Datum timestamp_trunc(CallContext&, Args args) {
    if (!is_finite_timestamp(args[1].as_int())) return args[1];
    std::string word = downcase_identifier(args[0].as_text());
    TimeUnit unit = truncation_unit(word, kTimestampName);
    BrokenTime fields = broken_timestamp(args[1].as_int());
    if (!truncate(unit, fields)) throw_unit_not_supported(word, kTimestampName);
    return Datum::of_int(checked_timestamp(fields));
}

Datum trunc_in_zone(const std::string& text, std::int64_t timestamptz, const TimeZone& zone) {
    std::string word = downcase_identifier(text);
    TimeUnit unit = truncation_unit(word, kTimestamptzName);
    BrokenTime fields = broken_timestamptz(timestamptz, zone);
    if (!truncate(unit, fields)) throw_unit_not_supported(word, kTimestamptzName);
    bool below_day = unit == kMicrosecond || unit == kMillisecond || unit == kSecond ||
                     unit == kMinute || unit == kHour;
    int offset = below_day ? fields.zone : zone_offset_of_local(fields, zone);
    return Datum::of_int(checked_timestamptz(fields, offset));
}
Datum timestamptz_trunc(CallContext& call, Args args) {
    if (!is_finite_timestamp(args[1].as_int())) return args[1];
    return trunc_in_zone(args[0].as_text(), args[1].as_int(), session_time_zone(call.env));
}
Datum timestamptz_trunc_zone(CallContext&, Args args) {
    if (!is_finite_timestamp(args[1].as_int())) return args[1];
    ZoneChoice choice = choose_zone(args[2].as_text());
    const TimeZone* zone = choice.fixed_west ? TimeZone::fixed(*choice.fixed_west) : choice.zone;
    return trunc_in_zone(args[0].as_text(), args[1].as_int(), *zone);
}

Datum interval_trunc(CallContext&, Args args) {
    std::string word = downcase_identifier(args[0].as_text());
    TimeUnit unit = truncation_unit(word, "interval");
    Interval span = read_interval(args[1].as_text());
    auto cut = [](auto& value, auto multiple) { value = value / multiple * multiple; };
    switch (unit) {
        case kMicrosecond:
            return interval_datum(span);
        case kMillisecond:
            cut(span.microseconds, std::int64_t{1000});
            return interval_datum(span);
        case kSecond:
            cut(span.microseconds, kMicrosPerSecond);
            return interval_datum(span);
        case kMinute:
            cut(span.microseconds, kMicrosPerMinute);
            return interval_datum(span);
        case kHour:
            cut(span.microseconds, kMicrosPerHour);
            return interval_datum(span);
        case kDay:
            span.microseconds = 0;
            return interval_datum(span);
        case kMonth:
            break;
        case kQuarter:
            cut(span.months, 3);
            break;
        case kYear:
            cut(span.months, 12);
            break;
        case kDecade:
            cut(span.months, 120);
            break;
        case kCentury:
            cut(span.months, 1200);
            break;
        case kMillennium:
            cut(span.months, 12'000);
            break;
        case kWeek:
            throw unit_error("0A000", "supported", word, "interval")
                .detail("Months usually have fractional weeks.");
        default:
            throw_unit_not_supported(word, "interval");
    }
    return interval_datum({span.months, 0, 0});
}

// ---- EXTRACT and date_part

enum class Form : std::uint8_t { kNumeric, kFloat };

Datum whole(Form form, std::int64_t value) {
    if (form == Form::kFloat) return Datum::of_float(static_cast<double>(value));
    return Datum::of_text(std::to_string(value));
}

/// value / 10^digits with that many digits after the point.
Datum decimal(std::int64_t value, int digits) {
    std::uint64_t scale = 1;
    for (int i = 0; i < digits; ++i) scale *= 10;
    std::uint64_t magnitude =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::string fraction = std::to_string(magnitude % scale);
    std::string text = value < 0 ? "-" : "";
    text += std::to_string(magnitude / scale) + '.';
    text.append(static_cast<std::size_t>(digits) - fraction.size(), '0');
    return Datum::of_text(text + fraction);
}

Datum infinite(Form form, bool positive) {
    if (form == Form::kNumeric) return Datum::of_text(positive ? "Infinity" : "-Infinity");
    double infinity = std::numeric_limits<double>::infinity();
    return Datum::of_float(positive ? infinity : -infinity);
}

/// The seconds with their fraction in the unit asked for.
Datum seconds_part(Form form, TimeUnit unit, int second, int microsecond) {
    std::int64_t micros = second * kMicrosPerSecond + microsecond;
    if (unit == kMicrosecond) return whole(form, micros);
    if (form == Form::kNumeric) return decimal(micros, unit == kMillisecond ? 3 : 6);
    return Datum::of_float(unit == kMillisecond ? second * 1000.0 + microsecond / 1000.0
                                                : second + microsecond / 1000000.0);
}

/// A calendar field; false: the unit is none of the date.
bool date_part(TimeUnit unit, const BrokenTime& f, std::int64_t& out) {
    int julian = julian_from_date(f.year, f.month, f.day);
    switch (unit) {
        case kDay:
            out = f.day;
            return true;
        case kMonth:
            out = f.month;
            return true;
        case kQuarter:
            out = (f.month - 1) / 3 + 1;
            return true;
        case kWeek:
            out = iso_week(f.year, f.month, f.day);
            return true;
        case kYear:
            out = f.year > 0 ? f.year : f.year - 1;
            return true;
        case kDecade:
            out = f.year >= 0 ? f.year / 10 : -((8 - (f.year - 1)) / 10);
            return true;
        case kCentury:
            out = f.year > 0 ? (f.year + 99) / 100 : -((99 - (f.year - 1)) / 100);
            return true;
        case kMillennium:
            out = f.year > 0 ? (f.year + 999) / 1000 : -((999 - (f.year - 1)) / 1000);
            return true;
        case kIsoYear:
            out = iso_year(f.year, f.month, f.day);
            if (out <= 0) --out;
            return true;
        case kDayOfWeek:
            out = weekday_of_julian(julian);
            return true;
        case kIsoDayOfWeek:
            out = weekday_of_julian(julian - 1) + 1;
            return true;
        case kDayOfYear:
            out = julian - julian_from_date(f.year, 1, 1) + 1;
            return true;
        default:
            return false;
    }
}

/// A field of an infinite date or timestamp: infinite if it grows for ever, NULL if it comes
/// again. False: not supported.
bool infinite_part(Form form, TimeUnit unit, bool positive, Datum& out) {
    switch (unit) {
        case kYear:
        case kDecade:
        case kCentury:
        case kMillennium:
        case kJulian:
        case kIsoYear:
            out = infinite(form, positive);
            return true;
        case kDay:
        case kMonth:
        case kQuarter:
        case kWeek:
        case kDayOfWeek:
        case kIsoDayOfWeek:
        case kDayOfYear:
            out = Datum();
            return true;
        default:
            return false;
    }
}

Datum julian_part(Form form, const BrokenTime& f) {
    int julian = julian_from_date(f.year, f.month, f.day);
    if (form == Form::kFloat) {
        double seconds = (f.hour * 60 + f.minute) * 60 + f.second + f.microsecond / 1000000.0;
        return Datum::of_float(julian + seconds / 86'400.0);
    }
    Numeric of_day = numeric_over(Numeric(time_of(f)), Numeric(kMicrosPerDay));
    return Datum::of_text(numeric_plus(Numeric(julian), of_day).text());
}

Datum epoch_part(Form form, std::int64_t timestamp) {
    bool fits = timestamp < INT64_MAX - kPostgresEpochMicros;
    if (form == Form::kFloat) {
        if (fits)
            return Datum::of_float(static_cast<double>(timestamp + kPostgresEpochMicros) / 1e6);
        return Datum::of_float(
            (static_cast<double>(timestamp) + static_cast<double>(kPostgresEpochMicros)) / 1e6);
    }
    if (fits) return decimal(timestamp + kPostgresEpochMicros, 6);
    Numeric micros = numeric_plus(Numeric(timestamp), Numeric(kPostgresEpochMicros));
    Numeric seconds = numeric_over(micros, Numeric(kMicrosPerSecond));
    seconds.round_to(6);
    return Datum::of_text(seconds.text());
}

bool is_seconds_unit(TimeUnit unit) {
    return unit == kSecond || unit == kMillisecond || unit == kMicrosecond;
}

/// Both timestamp types; `zone` is nullptr for the one without.
Datum timestamp_part(Form form, Args args, const TimeZone* zone) {
    std::string_view type = zone != nullptr ? kTimestamptzName : kTimestampName;
    std::string word = downcase_identifier(args[0].as_text());
    std::int64_t timestamp = args[1].as_int();
    UnitWord found = find_extract_unit(word);
    using Kind = UnitWord::Kind;
    if (found.kind == Kind::kUnknown || found.kind == Kind::kOther)
        throw_unit_not_recognized(word, type);
    if (!is_finite_timestamp(timestamp)) {
        Datum out;
        bool time_unit =
            is_seconds_unit(found.unit) || found.unit == kMinute || found.unit == kHour;
        bool zone_unit =
            found.unit == kZone || found.unit == kZoneHour || found.unit == kZoneMinute;
        if (found.kind == Kind::kEpoch) return infinite(form, timestamp > 0);
        if (found.kind != Kind::kUnit) throw_unit_not_supported(word, type);
        if (time_unit || zone_unit || infinite_part(form, found.unit, timestamp > 0, out))
            return out;
        throw_unit_not_supported(word, type);
    }
    if (found.kind == Kind::kEpoch) return epoch_part(form, timestamp);
    if (found.kind != Kind::kUnit) throw_unit_not_supported(word, type);
    BrokenTime fields =
        zone != nullptr ? broken_timestamptz(timestamp, *zone) : broken_timestamp(timestamp);
    if (is_seconds_unit(found.unit))
        return seconds_part(form, found.unit, fields.second, fields.microsecond);
    std::int64_t value = 0;
    if (date_part(found.unit, fields, value)) return whole(form, value);
    switch (found.unit) {
        case kMinute:
            return whole(form, fields.minute);
        case kHour:
            return whole(form, fields.hour);
        case kJulian:
            return julian_part(form, fields);
        case kZone:
            if (zone != nullptr) return whole(form, -fields.zone);
            break;
        case kZoneMinute:
            if (zone != nullptr) return whole(form, -fields.zone / 60 % 60);
            break;
        case kZoneHour:
            if (zone != nullptr) return whole(form, -fields.zone / 3600);
            break;
        default:
            break;
    }
    throw_unit_not_supported(word, type);
}

template <Form kForm>
Datum timestamp_field(CallContext&, Args args) {
    return timestamp_part(kForm, args, nullptr);
}
template <Form kForm>
Datum timestamptz_field(CallContext& call, Args args) {
    return timestamp_part(kForm, args, &session_time_zone(call.env));
}
/// date_part('...', date) goes by way of timestamp.
Datum date_field_by_timestamp(CallContext&, Args args) {
    std::array<Datum, 2> both{args[0], Datum::of_int(date_to_timestamp(args[1].as_int()))};
    return timestamp_part(Form::kFloat, both, nullptr);
}

Datum extract_date(CallContext&, Args args) {
    std::string word = downcase_identifier(args[0].as_text());
    std::int64_t date = args[1].as_int();
    UnitWord found = find_extract_unit(word);
    bool known = found.kind == UnitWord::Kind::kUnit || found.kind == UnitWord::Kind::kEpoch ||
                 found.kind == UnitWord::Kind::kReserved;
    if (!known) throw_unit_not_recognized(word, "date");
    if (!is_finite_date(date)) {
        Datum out;
        if (found.kind == UnitWord::Kind::kEpoch) return infinite(Form::kNumeric, date > 0);
        if (found.kind == UnitWord::Kind::kUnit &&
            infinite_part(Form::kNumeric, found.unit, date > 0, out))
            return out;
        throw_unit_not_supported(word, "date");
    }
    if (found.kind == UnitWord::Kind::kEpoch)
        return whole(Form::kNumeric, (date + kPostgresEpochDays) * 86'400);
    BrokenTime fields;
    break_date(date, fields);
    std::int64_t value = date + kPostgresEpochJulian;
    if (found.kind != UnitWord::Kind::kUnit ||
        (found.unit != kJulian && !date_part(found.unit, fields, value)))
        throw_unit_not_supported(word, "date");
    return whole(Form::kNumeric, value);
}

/// A field of a time of day; `zone` (seconds west) is nullptr for time without one.
Datum time_part(Form form, const std::string& text, std::int64_t time, const std::int32_t* zone) {
    std::string_view type = zone != nullptr ? kTimetzName : kTimeName;
    std::string word = downcase_identifier(text);
    UnitWord found = find_extract_unit(word);
    if (found.kind == UnitWord::Kind::kEpoch) {
        std::int64_t micros = time + (zone != nullptr ? *zone * kMicrosPerSecond : 0);
        if (form == Form::kNumeric) return decimal(micros, 6);
        double seconds = static_cast<double>(time) / 1000000.0;
        return Datum::of_float(zone != nullptr ? seconds + *zone : seconds);
    }
    if (found.kind != UnitWord::Kind::kUnit) throw_unit_not_recognized(word, type);
    BrokenTime fields;
    break_time(time, fields);
    if (is_seconds_unit(found.unit))
        return seconds_part(form, found.unit, fields.second, fields.microsecond);
    switch (found.unit) {
        case kMinute:
            return whole(form, fields.minute);
        case kHour:
            return whole(form, fields.hour);
        case kZone:
            if (zone != nullptr) return whole(form, -*zone);
            break;
        case kZoneMinute:
            if (zone != nullptr) return whole(form, -*zone / 60 % 60);
            break;
        case kZoneHour:
            if (zone != nullptr) return whole(form, -*zone / 3600);
            break;
        default:
            break;
    }
    throw_unit_not_supported(word, type);
}
template <Form kForm>
Datum time_field(CallContext&, Args args) {
    return time_part(kForm, args[0].as_text(), args[1].as_int(), nullptr);
}
template <Form kForm>
Datum timetz_field(CallContext&, Args args) {
    TimeTz time = read_timetz(args[1].as_text());
    return time_part(kForm, args[0].as_text(), time.microseconds, &time.zone);
}

/// A year counts 365.25 days here, a month 30.
Datum interval_epoch(Form form, const Interval& span) {
    std::int64_t years = span.months / 12, months = span.months % 12;
    if (form == Form::kFloat) {
        double result = static_cast<double>(span.microseconds) / 1000000.0;
        result += 365.25 * 86'400 * static_cast<double>(years);
        result += 30.0 * 86'400 * static_cast<double>(months);
        return Datum::of_float(result + 86'400.0 * span.days);
    }
    std::int64_t seconds = (1461 * years + 120 * months + 4 * std::int64_t{span.days}) * 21'600;
    std::int64_t micros = 0;
    if (!__builtin_mul_overflow(seconds, kMicrosPerSecond, &micros) &&
        !__builtin_add_overflow(micros, span.microseconds, &micros))
        return decimal(micros, 6);
    Numeric time = Numeric::from_canonical(decimal(span.microseconds, 6).as_text());
    return Datum::of_text(numeric_plus(time, Numeric(seconds)).text());
}

template <Form kForm>
Datum interval_field(CallContext&, Args args) {
    std::string word = downcase_identifier(args[0].as_text());
    Interval span = read_interval(args[1].as_text());
    UnitWord found = find_extract_unit(word);
    if (found.kind == UnitWord::Kind::kEpoch) return interval_epoch(kForm, span);
    if (found.kind != UnitWord::Kind::kUnit) throw_unit_not_recognized(word, "interval");
    int second = static_cast<int>(span.microseconds / kMicrosPerSecond % 60);
    int microsecond = static_cast<int>(span.microseconds % kMicrosPerSecond);
    if (is_seconds_unit(found.unit)) return seconds_part(kForm, found.unit, second, microsecond);
    std::int32_t years = span.months / 12, months = span.months % 12;
    switch (found.unit) {
        case kMinute:
            return whole(kForm, span.microseconds / kMicrosPerMinute % 60);
        case kHour:
            return whole(kForm, span.microseconds / kMicrosPerHour);
        case kDay:
            return whole(kForm, span.days);
        case kMonth:
            return whole(kForm, months);
        case kQuarter:
            return whole(kForm, months / 3 + 1);
        case kYear:
            return whole(kForm, years);
        case kDecade:
            return whole(kForm, years / 10);
        case kCentury:
            return whole(kForm, years / 100);
        case kMillennium:
            return whole(kForm, years / 1000);
        default:
            throw_unit_not_supported(word, "interval");
    }
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"timestamp_trunc", timestamp_trunc},
    {"timestamptz_trunc", timestamptz_trunc},
    {"timestamptz_trunc_zone", timestamptz_trunc_zone},
    {"interval_trunc", interval_trunc},
    {"extract_timestamp", timestamp_field<Form::kNumeric>},
    {"extract_timestamptz", timestamptz_field<Form::kNumeric>},
    {"extract_date", extract_date},
    {"extract_time", time_field<Form::kNumeric>},
    {"extract_timetz", timetz_field<Form::kNumeric>},
    {"extract_interval", interval_field<Form::kNumeric>},
    {"timestamp_part", timestamp_field<Form::kFloat>},
    {"timestamptz_part", timestamptz_field<Form::kFloat>},
    {"#1384", date_field_by_timestamp},
    {"time_part", time_field<Form::kFloat>},
    {"timetz_part", timetz_field<Form::kFloat>},
    {"interval_part", interval_field<Form::kFloat>},
}));

}  // namespace

FunctionTables datetime_fields_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
