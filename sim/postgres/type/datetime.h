// Date and time values outside SQL: the representations of the six types (datum.h), their text
// forms, and the conversions that the evaluator, JSON and the decoder need. Mirrors
// utils/timestamp.h and utils/date.h; the SQL functions are in function/datetime_*.cc.
//
// Units: date = days since 2000-01-01, time = microseconds since midnight, timestamp and
// timestamptz = microseconds since 2000-01-01 00:00 (local, UTC). A zone offset is always in
// seconds WEST of Greenwich, as in PostgreSQL's structs: Paris in winter is -3600.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

class Environment;

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr std::int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr std::int64_t kDateMinusInfinity = INT32_MIN;
inline constexpr std::int64_t kDateInfinity = INT32_MAX;
inline constexpr std::int64_t kTimestampMinusInfinity = INT64_MIN;
inline constexpr std::int64_t kTimestampInfinity = INT64_MAX;

inline bool is_finite_date(std::int64_t date) {
    return date != kDateMinusInfinity && date != kDateInfinity;
}
inline bool is_finite_timestamp(std::int64_t timestamp) {
    return timestamp != kTimestampMinusInfinity && timestamp != kTimestampInfinity;
}

struct Interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::int64_t microseconds = 0;
    bool operator==(const Interval&) const = default;
};

struct TimeTz {
    std::int64_t microseconds = 0;  ///< local time of day
    std::int32_t zone = 0;          ///< seconds west of UTC
    bool operator==(const TimeTz&) const = default;
};

/// The stored form ("1 year 2 mons -3 days 04:05:06.7") and back; `read_` takes only what `write_`
/// wrote.
std::string write_interval(const Interval& interval);
Interval read_interval(std::string_view canonical);
inline Datum interval_datum(const Interval& value) {
    return Datum::of_text(write_interval(value));
}
/// The stored form "04:05:06.7+05:30" and back.
std::string write_timetz(const TimeTz& value);
TimeTz read_timetz(std::string_view canonical);
inline Datum timetz_datum(const TimeTz& value) {
    return Datum::of_text(write_timetz(value));
}

/// The default btree orders: an interval's month counts 30 days, its day 24 hours; timetz goes by
/// the instant, then by the zone.
int compare_intervals(const Interval& a, const Interval& b) noexcept;
int compare_timetz(const TimeTz& a, const TimeTz& b) noexcept;

/// What CURRENT_DATE, CURRENT_TIME(p), CURRENT_TIMESTAMP(p), LOCALTIME(p), LOCALTIMESTAMP(p) make
/// of the transaction's start. `typmod` is the precision, or -1.
std::int64_t sql_current_date(Environment& env);
Datum sql_current_time(Environment& env, std::int32_t typmod);
std::int64_t sql_current_timestamp(Environment& env, std::int32_t typmod);
std::int64_t sql_local_time(Environment& env, std::int32_t typmod);
std::int64_t sql_local_timestamp(Environment& env, std::int32_t typmod);

/// Conversions in the session's time zone. Throw 22008 out of range.
std::int64_t timestamptz_to_timestamp(Environment& env, std::int64_t timestamptz);
std::int64_t timestamptz_to_date(Environment& env, std::int64_t timestamptz);
std::int64_t timestamp_to_timestamptz(Environment& env, std::int64_t timestamp);
std::int64_t date_to_timestamp(std::int64_t date);
std::int64_t date_to_timestamptz(Environment& env, std::int64_t date);

/// Rounded to `typmod` fractional digits (0..6; -1 changes nothing).
std::int64_t round_timestamp(std::int64_t timestamp, std::int32_t typmod);
std::int64_t round_time(std::int64_t time, std::int32_t typmod);
/// `typmod` is an interval's: fields in the upper half, precision in the lower.
Interval round_interval(Interval interval, std::int32_t typmod);

/// to_json's form: "2024-01-31", "2024-01-31T10:20:30.5", "2024-01-31T10:20:30.5+00:00" (in the
/// session's zone), "infinity", "0044-03-15 BC"; without the quotation marks. Appends.
void json_date(std::int64_t date, std::string& out);
void json_timestamp(std::int64_t timestamp, std::string& out);
void json_timestamptz(Environment& env, std::int64_t timestamptz, std::string& out);

/// The name that SHOW TimeZone prints for `SET TimeZone = name` ("europe/paris" is
/// "Europe/Paris"; "utc" is "UTC"; a number of hours "-8" is "<-08>+08"), or nullopt if PostgreSQL
/// refuses it (`invalid value for parameter "TimeZone": ...`).
std::optional<std::string> canonical_time_zone(std::string_view name);

/// The same, and "INTERVAL '-08:30'" as SET TIME ZONE INTERVAL gives it; throws 22023 as SET does.
std::string checked_time_zone(Environment& env, std::string_view value);

/// The same for SET TIME ZONE INTERVAL '...' : an offset in seconds EAST of UTC.
std::string canonical_time_zone_of_offset(std::int64_t seconds_east);

}  // namespace cdcsim::pg
