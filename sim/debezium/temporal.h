// PostgreSQL's ISO texts of dates and times, and the forms in which the connector shows them.
// Mirrors DateTimeFormat, io.debezium.time.* and pgjdbc's PGInterval.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdcsim::debezium {

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Year 0 is 1 BC.
std::int64_t days_of(std::int64_t year, int month, int day);

struct CivilDate {
    std::int64_t year;
    int month, day;
};
CivilDate civil_of(std::int64_t days);

/// The special values of dates and timestamps.
enum class Infinity { kNone, kPositive, kNegative };
Infinity infinity_of(std::string_view text);

/// `2016-11-04`, `0044-03-15 BC`. nullopt if it does not parse.
std::optional<std::int64_t> read_date(std::string_view text);
/// `13:51:30.123456`, `24:00:00`: microseconds.
std::optional<std::int64_t> read_time(std::string_view text);

/// A moment in UTC. PostgreSQL's last years do not fit into 64 bits of microseconds since 1970.
struct Instant {
    std::int64_t seconds = 0;  ///< since 1970
    int micros = 0;            ///< 0 to 999999

    /// Conversions.toEpochMicros: Java's TimeUnit stops at the ends, the addition wraps.
    std::int64_t epoch_micros() const;
    std::int64_t epoch_millis() const { return seconds * 1000 + micros / 1000; }
    /// nullopt out of range, where Java throws.
    std::optional<std::int64_t> epoch_nanos() const;
};
Instant instant_of_micros(std::int64_t micros);
/// `2016-11-04 13:51:30.123456[+00[:30]][ BC]`.
std::optional<Instant> read_timestamp(std::string_view text);

struct TimeWithZone {
    std::int64_t micros;  ///< of the day, local
    int offset_seconds;
};
std::optional<TimeWithZone> read_time_with_zone(std::string_view text);

/// What java.sql.Date makes of a date: the era is lost, and the ten days that the Gregorian reform
/// left out move.
std::int64_t through_java_sql_date(std::int64_t days);

/// `2016-11-04`, `+12016-11-04`, `-0043-03-15`.
void append_iso_date(std::string& out, std::int64_t days);
/// `13:51:30.5`: the fraction as needed, or exactly `digits` of it if digits > 0.
void append_iso_time(std::string& out, std::int64_t micros_of_day, int digits = 0);
/// `2016-11-04T13:51:30.123Z`.
void append_iso_timestamp(std::string& out, Instant instant, int digits = 0);

struct Interval {
    int years = 0, months = 0, days = 0, hours = 0, minutes = 0;
    double seconds = 0;
};
/// new PGInterval(text), with its own idea of what cannot be read.
std::optional<Interval> read_interval(std::string_view text);
/// MicroDuration with 365.25 / 12 days to a month.
std::int64_t interval_micros(const Interval& interval);
/// `P1Y2M3DT4H5M6.78S`.
std::string interval_iso(const Interval& interval);

}  // namespace cdcsim::debezium
