#include "sim/postgres/type/datetime.h"

#include <charconv>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/datetime_encode.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

constexpr double kMaxZoneHours = 168;  // a week
constexpr std::int64_t kScales[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};

/// To the nearest multiple of the precision's unit, halves away from zero. Sums wrap at the
/// extremes as PostgreSQL's do.
std::int64_t round_micros(std::int64_t value, int precision) {
    std::int64_t scale = kScales[precision];
    auto half = static_cast<std::uint64_t>(scale / 2);
    bool negative = value < 0;
    std::uint64_t sum = negative ? half - static_cast<std::uint64_t>(value)
                                 : half + static_cast<std::uint64_t>(value);
    std::int64_t rounded = static_cast<std::int64_t>(sum) / scale * scale;
    return negative ? -rounded : rounded;
}

/// A cursor over canonical text.
struct CanonicalReader {
    std::string_view rest;

    std::int64_t number() {  // after a sign, which the caller has taken
        std::uint64_t value = 0;
        while (!rest.empty() && ascii_digit(rest.front())) {
            value = value * 10 + static_cast<std::uint64_t>(rest.front() - '0');
            rest.remove_prefix(1);
        }
        return static_cast<std::int64_t>(value);
    }
    /// True for a minus; a plus is taken too.
    bool sign() {
        bool minus = !rest.empty() && rest.front() == '-';
        if (minus || (!rest.empty() && rest.front() == '+')) rest.remove_prefix(1);
        return minus;
    }
    void skip() {
        if (!rest.empty()) rest.remove_prefix(1);
    }
    /// hh:mm:ss[.ffffff], without wrapping at INT64_MIN
    std::int64_t clock(std::uint64_t hours, bool minus) {
        std::uint64_t sum = hours * static_cast<std::uint64_t>(kMicrosPerHour);
        skip();
        sum += static_cast<std::uint64_t>(number() * kMicrosPerMinute);
        skip();
        sum += static_cast<std::uint64_t>(number() * kMicrosPerSecond);
        if (!rest.empty() && rest.front() == '.') {
            skip();
            std::size_t before = rest.size();
            std::int64_t fraction = number();
            for (std::size_t digits = before - rest.size(); digits < 6; ++digits) fraction *= 10;
            sum += static_cast<std::uint64_t>(fraction);
        }
        return static_cast<std::int64_t>(minus ? 0 - sum : sum);
    }
};

}  // namespace

std::string write_interval(const Interval& interval) {
    std::string out;
    encode_interval(interval, IntervalStyle::kPostgres, out);
    return out;
}

Interval read_interval(std::string_view canonical) {
    Interval interval;
    std::int64_t months = 0, days = 0;
    CanonicalReader reader{canonical};
    while (!reader.rest.empty()) {
        bool minus = reader.sign();
        std::int64_t value = reader.number();
        if (!reader.rest.empty() && reader.rest.front() == ':') {
            interval.microseconds = reader.clock(static_cast<std::uint64_t>(value), minus);
            break;
        }
        if (minus) value = -value;
        reader.skip();
        char unit = reader.rest.empty() ? '\0' : reader.rest.front();
        if (unit == 'y')
            months += value * 12;
        else if (unit == 'm')
            months += value;
        else
            days += value;
        std::size_t blank = reader.rest.find(' ');
        reader.rest = blank == std::string_view::npos ? "" : reader.rest.substr(blank + 1);
    }
    interval.months = static_cast<std::int32_t>(months);
    interval.days = static_cast<std::int32_t>(days);
    return interval;
}

std::string write_timetz(const TimeTz& value) {
    std::string out;
    encode_time(value.microseconds, out);
    encode_zone(value.zone, EncodeStyle::kIso, out);
    return out;
}

TimeTz read_timetz(std::string_view canonical) {
    CanonicalReader reader{canonical};
    std::int64_t hours = reader.number();
    TimeTz value;
    value.microseconds = reader.clock(static_cast<std::uint64_t>(hours), false);
    bool minus = reader.sign();
    std::int64_t zone = reader.number() * 3600;
    for (std::int64_t unit : {60, 1}) {
        if (reader.rest.empty()) break;
        reader.skip();
        zone += reader.number() * unit;
    }
    value.zone = static_cast<std::int32_t>(minus ? zone : -zone);
    return value;
}

std::int64_t round_timestamp(std::int64_t timestamp, std::int32_t typmod) {
    if (typmod == -1 || typmod == 6 || !is_finite_timestamp(timestamp)) return timestamp;
    if (typmod < 0 || typmod > 6)
        throw SqlError(
            "22023", "timestamp(" + std::to_string(typmod) + ") precision must be between 0 and 6");
    return round_micros(timestamp, typmod);
}

std::int64_t round_time(std::int64_t time, std::int32_t typmod) {
    return typmod >= 0 && typmod < 6 ? round_micros(time, typmod) : time;
}

Interval round_interval(Interval interval, std::int32_t typmod) {
    constexpr int kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11,
                  kSecond = 1 << 12;
    if (typmod < 0) return interval;
    int range = typmod >> 16 & kIntervalFullRange;
    int precision = typmod & kIntervalFullPrecision;
    if (range != kIntervalFullRange && (range & kSecond) == 0) {
        std::int64_t unit = (range & kMinute) != 0 ? kMicrosPerMinute
                            : (range & kHour) != 0 ? kMicrosPerHour
                                                   : 0;
        interval.microseconds = unit == 0 ? 0 : interval.microseconds / unit * unit;
        if (unit == 0 && (range & kDay) == 0) interval.days = 0;
        if (range == kYear) interval.months = interval.months / 12 * 12;
    }
    if (precision == kIntervalFullPrecision) return interval;
    if (precision > 6)
        throw SqlError("22023", "interval(" + std::to_string(precision) +
                                    ") precision must be between 0 and 6");
    interval.microseconds = round_micros(interval.microseconds, precision);
    return interval;
}

std::int64_t timestamptz_to_timestamp(Environment& env, std::int64_t timestamptz) {
    if (!is_finite_timestamp(timestamptz)) return timestamptz;
    return checked_timestamp(broken_timestamptz(timestamptz, session_time_zone(env)));
}

std::int64_t timestamptz_to_date(Environment& env, std::int64_t timestamptz) {
    if (timestamptz == kTimestampInfinity) return kDateInfinity;
    if (timestamptz == kTimestampMinusInfinity) return kDateMinusInfinity;
    BrokenTime fields = broken_timestamptz(timestamptz, session_time_zone(env));
    return julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
}

std::int64_t timestamp_to_timestamptz(Environment& env, std::int64_t timestamp) {
    if (!is_finite_timestamp(timestamp)) return timestamp;
    BrokenTime fields = broken_timestamp(timestamp);
    int zone = zone_offset_of_local(fields, session_time_zone(env));
    return checked_timestamptz(fields, zone);
}

std::int64_t date_to_timestamp(std::int64_t date) {
    if (date == kDateInfinity) return kTimestampInfinity;
    if (date == kDateMinusInfinity) return kTimestampMinusInfinity;
    if (date >= kTimestampEndJulian - kPostgresEpochJulian)
        throw SqlError("22008", "date out of range for timestamp");
    return date * kMicrosPerDay;
}

std::int64_t date_to_timestamptz(Environment& env, std::int64_t date) {
    if (date == kDateInfinity) return kTimestampInfinity;
    if (date == kDateMinusInfinity) return kTimestampMinusInfinity;
    bool fits = date < kTimestampEndJulian - kPostgresEpochJulian;
    std::int64_t result = 0;
    if (fits) {
        BrokenTime fields;
        break_date(date, fields);
        int zone = zone_offset_of_local(fields, session_time_zone(env));
        result = date * kMicrosPerDay + zone * kMicrosPerSecond;
    }
    if (!fits || !is_valid_timestamp(result))
        throw SqlError("22008", "date out of range for timestamp");
    return result;
}

std::int64_t sql_current_date(Environment& env) {
    return timestamptz_to_date(env, env.transaction_timestamp());
}

std::int64_t sql_current_timestamp(Environment& env, std::int32_t typmod) {
    return round_timestamp(env.transaction_timestamp(), typmod);
}

std::int64_t sql_local_timestamp(Environment& env, std::int32_t typmod) {
    return round_timestamp(timestamptz_to_timestamp(env, env.transaction_timestamp()), typmod);
}

std::int64_t sql_local_time(Environment& env, std::int32_t typmod) {
    BrokenTime fields = broken_timestamptz(env.transaction_timestamp(), session_time_zone(env));
    return round_time(time_of(fields), typmod);
}

Datum sql_current_time(Environment& env, std::int32_t typmod) {
    BrokenTime fields = broken_timestamptz(env.transaction_timestamp(), session_time_zone(env));
    return timetz_datum({round_time(time_of(fields), typmod), fields.zone});
}

namespace {

bool json_infinity(bool infinite, bool positive, std::string& out) {
    if (infinite) out += positive ? "infinity" : "-infinity";
    return infinite;
}

}  // namespace

void json_date(std::int64_t date, std::string& out) {
    if (json_infinity(!is_finite_date(date), date > 0, out)) return;
    BrokenTime fields;
    break_date(date, fields);
    encode_date(fields, EncodeStyle::kXsd, DateOrder::kYmd, out);
}

void json_timestamp(std::int64_t timestamp, std::string& out) {
    if (json_infinity(!is_finite_timestamp(timestamp), timestamp > 0, out)) return;
    encode_datetime(broken_timestamp(timestamp), ZoneShown::kNo, EncodeStyle::kXsd, DateOrder::kYmd,
                    out);
}

void json_timestamptz(Environment& env, std::int64_t timestamptz, std::string& out) {
    if (json_infinity(!is_finite_timestamp(timestamptz), timestamptz > 0, out)) return;
    BrokenTime fields = broken_timestamptz(timestamptz, session_time_zone(env));
    encode_datetime(fields, ZoneShown::kYes, EncodeStyle::kXsd, DateOrder::kYmd, out);
}

namespace {

/// A zone with leap seconds, or with an offset that is not of whole minutes in our days.
bool is_acceptable(const TimeZone& zone) {
    return zone.type_at(kPostgresEpochSeconds).offset % 60 == 0;
}

}  // namespace

std::optional<std::string> canonical_time_zone(std::string_view name) {
    constexpr double kSecondsPerHour = 3600;
    std::size_t blanks = 0;
    while (blanks < name.size() && ascii_space(name[blanks])) ++blanks;
    std::string_view number = name.substr(blanks);
    if (number.starts_with('+')) number.remove_prefix(1);
    double hours = 0;
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), hours);
    const TimeZone* zone = nullptr;
    if (error == std::errc() && end == number.data() + number.size()) {
        if (hours > -kMaxZoneHours && hours < kMaxZoneHours)
            zone = TimeZone::fixed(static_cast<std::int64_t>(-hours * kSecondsPerHour));
        return zone == nullptr ? std::nullopt : std::optional(zone->name());
    }
    zone = TimeZone::find(name);
    if (zone == nullptr || !is_acceptable(*zone)) return std::nullopt;
    return zone->name();
}

std::string checked_time_zone(Environment& env, std::string_view value) {
    constexpr std::string_view kInterval = "interval";
    auto invalid = [&] {
        return SqlError("22023",
                        "invalid value for parameter \"TimeZone\": \"" + std::string(value) + '"');
    };
    if (downcase_identifier(value.substr(0, kInterval.size())) == kInterval) {
        std::string_view quoted = value.substr(kInterval.size());
        while (!quoted.empty() && ascii_space(quoted.front())) quoted.remove_prefix(1);
        if (quoted.size() < 2 || quoted.front() != '\'' ||
            quoted.find('\'', 1) != quoted.size() - 1)
            throw invalid();
        Interval zone = interval_from_text(env, quoted.substr(1, quoted.size() - 2), -1);
        if (zone.months != 0)
            throw invalid().detail("Cannot specify months in time zone interval.");
        if (zone.days != 0) throw invalid().detail("Cannot specify days in time zone interval.");
        const TimeZone* fixed = TimeZone::fixed(-(zone.microseconds / kMicrosPerSecond));
        if (fixed == nullptr) throw invalid().detail("UTC timezone offset is out of range.");
        return fixed->name();
    }
    std::optional<std::string> zone = canonical_time_zone(value);
    if (!zone) throw invalid();
    return *zone;
}

std::string canonical_time_zone_of_offset(std::int64_t seconds_east) {
    const TimeZone* zone = TimeZone::fixed(-seconds_east);
    if (zone == nullptr)
        throw SqlError("22023", "invalid value for parameter \"TimeZone\"")
            .detail("UTC timezone offset is out of range.");
    return zone->name();
}

}  // namespace cdcsim::pg
