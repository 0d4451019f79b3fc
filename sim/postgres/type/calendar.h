// The proleptic Gregorian calendar as PostgreSQL counts it: Julian day numbers, ISO weeks, and a
// timestamp broken into fields and put together again. Mirrors date2j/j2date of datetime.c and
// timestamp2tm/tm2timestamp of timestamp.c. Years count with a year zero (1 BC is 0).
#pragma once

#include <cstdint>
#include <string_view>

namespace cdcsim::pg {

class TimeZone;

inline constexpr int kUnixEpochJulian = 2440588;
inline constexpr int kPostgresEpochJulian = 2451545;
inline constexpr std::int64_t kMinTimestamp = -211'813'488'000'000'000;
inline constexpr std::int64_t kEndTimestamp = 9'223'371'331'200'000'000;
inline constexpr std::int64_t kDateEndJulian = 2'147'483'494;
inline constexpr std::int64_t kTimestampEndJulian = 109'203'528;

/// PostgreSQL's struct pg_tm with the fraction of the second.
struct BrokenTime {
    int year = 0, month = 0, day = 0;
    int hour = 0, minute = 0, second = 0;
    int microsecond = 0;
    int weekday = 0;  ///< 0 is Sunday
    int yearday = 0;  ///< 1 is the first of January; only where a comment says that it is set
    int zone = 0;     ///< seconds west of UTC
    bool is_dst = false;
    std::string_view abbreviation{};  ///< of the zone; lives as long as the TimeZone
};

bool is_leap_year(int year);
int days_in_month(int year, int month);
int julian_from_date(int year, int month, int day);
void date_from_julian(int julian, int& year, int& month, int& day);
/// 0 is Sunday.
int weekday_of_julian(int julian);

int iso_week(int year, int month, int day);
int iso_year(int year, int month, int day);
int iso_year_day(int year, int month, int day);
int julian_of_iso_week(int iso_year, int week);

/// True if julian_from_date cannot overflow.
bool is_valid_julian(int year, int month, int day);
bool is_valid_date(std::int64_t date);
inline bool is_valid_timestamp(std::int64_t timestamp) {
    return timestamp >= kMinTimestamp && timestamp < kEndTimestamp;
}
/// True if the time of day is past 24:00:00 or a field is out of its range.
bool time_overflows(int hour, int minute, int second, std::int64_t microsecond);

/// REQUIRES: finite. False: out of range.
bool break_timestamp(std::int64_t timestamp, BrokenTime& fields);
bool break_timestamptz(std::int64_t timestamptz, const TimeZone& zone, BrokenTime& fields);
void break_time(std::int64_t time, BrokenTime& fields);
void break_date(std::int64_t date, BrokenTime& fields);

std::int64_t time_of(const BrokenTime& fields);
/// False: out of range. The zone field is not looked at.
bool timestamp_of(const BrokenTime& fields, std::int64_t& timestamp);
/// The same for local time `zone` seconds west of UTC.
bool timestamptz_of(const BrokenTime& fields, int zone, std::int64_t& timestamptz);

/// timestamp2tm and its kin for callers that only raise 22008 "timestamp out of range".
BrokenTime broken_timestamp(std::int64_t timestamp);
BrokenTime broken_timestamptz(std::int64_t timestamptz, const TimeZone& zone);
std::int64_t checked_timestamp(const BrokenTime& fields);
std::int64_t checked_timestamptz(const BrokenTime& fields, int zone);
[[noreturn]] void throw_timestamp_out_of_range();
[[noreturn]] void throw_interval_out_of_range();

}  // namespace cdcsim::pg
