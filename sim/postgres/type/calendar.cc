#include "sim/postgres/type/calendar.h"

#include "core/base/error.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

/// The Monday of the week that has the year's fourth of January.
int first_monday(int year) {
    int fourth = julian_from_date(year, 1, 4);
    return fourth - weekday_of_julian(fourth - 1);
}

void set_time(std::int64_t time, BrokenTime& fields) {
    fields.hour = static_cast<int>(time / kMicrosPerHour);
    time %= kMicrosPerHour;
    fields.minute = static_cast<int>(time / kMicrosPerMinute);
    time %= kMicrosPerMinute;
    fields.second = static_cast<int>(time / kMicrosPerSecond);
    fields.microsecond = static_cast<int>(time % kMicrosPerSecond);
}

}  // namespace

bool is_leap_year(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int year, int month) {
    static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

// Years are counted from a March long ago, so that the leap day comes last and no term is negative
// for any valid date; 7834/256 days is the mean month from March on. Outside is_valid_julian the
// result is whatever PostgreSQL's arithmetic gives: to_char of an interval can ask for it.
int julian_from_date(int year, int month, int day) {
    std::int64_t y = std::int64_t{year} + (month > 2 ? 4800 : 4799);
    std::int64_t m = std::int64_t{month} + (month > 2 ? 1 : 13);
    std::int64_t century = y / 100;
    return static_cast<int>(y * 365 - 32'167 + y / 4 - century + century / 4 + 7834 * m / 256 +
                            day);
}

void date_from_julian(int julian, int& year, int& month, int& day) {
    std::int64_t z = std::int64_t{julian} - 1'721'120;
    std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    std::int64_t day_of_era = z - era * 146'097;
    std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    std::int64_t shifted = (5 * day_of_year + 2) / 153;
    day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
    month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
    year = static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
}

int weekday_of_julian(int julian) {
    int day = (julian + 1) % 7;
    return day < 0 ? day + 7 : day;
}

int iso_year(int year, int month, int day) {
    int julian = julian_from_date(year, month, day);
    if (julian < first_monday(year)) return year - 1;
    return julian >= first_monday(year + 1) ? year + 1 : year;
}

int iso_week(int year, int month, int day) {
    int julian = julian_from_date(year, month, day);
    return (julian - first_monday(iso_year(year, month, day))) / 7 + 1;
}

int iso_year_day(int year, int month, int day) {
    return julian_from_date(year, month, day) - first_monday(iso_year(year, month, day)) + 1;
}

int julian_of_iso_week(int iso_year, int week) {
    return first_monday(iso_year) + (week - 1) * 7;
}

bool is_valid_julian(int year, int month, int) {
    bool low = year > -4713 || (year == -4713 && month >= 11);
    bool high = year < 5'874'898 || (year == 5'874'898 && month < 6);
    return low && high;
}

bool is_valid_date(std::int64_t date) {
    return date >= -kPostgresEpochJulian && date < kDateEndJulian - kPostgresEpochJulian;
}

bool time_overflows(int hour, int minute, int second, std::int64_t microsecond) {
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        microsecond < 0 || microsecond > kMicrosPerSecond)
        return true;
    return hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond +
               microsecond >
           kMicrosPerDay;
}

void break_time(std::int64_t time, BrokenTime& fields) {
    set_time(time, fields);
}

void break_date(std::int64_t date, BrokenTime& fields) {
    date_from_julian(static_cast<int>(date + kPostgresEpochJulian), fields.year, fields.month,
                     fields.day);
}

bool break_timestamp(std::int64_t timestamp, BrokenTime& fields) {
    std::int64_t date = timestamp / kMicrosPerDay;
    std::int64_t time = timestamp % kMicrosPerDay;
    if (time < 0) {
        time += kMicrosPerDay;
        --date;
    }
    date += kPostgresEpochJulian;
    if (date < 0) return false;  // the highest timestamp is a valid Julian day
    date_from_julian(static_cast<int>(date), fields.year, fields.month, fields.day);
    set_time(time, fields);
    return true;
}

bool break_timestamptz(std::int64_t timestamptz, const TimeZone& zone, BrokenTime& fields) {
    if (!break_timestamp(timestamptz, fields)) return false;
    std::int64_t seconds = timestamptz / kMicrosPerSecond;
    if (timestamptz % kMicrosPerSecond < 0) --seconds;
    const TimeZone::Type& type = zone.type_at(seconds + kPostgresEpochSeconds);
    if (type.offset != 0) {
        std::int64_t local = seconds + type.offset;
        std::int64_t date = local / kSecondsPerDay;
        std::int64_t time = local % kSecondsPerDay;
        if (time < 0) {
            time += kSecondsPerDay;
            --date;
        }
        date_from_julian(static_cast<int>(date + kPostgresEpochJulian), fields.year, fields.month,
                         fields.day);
        set_time(time * kMicrosPerSecond + fields.microsecond, fields);
    }
    fields.zone = -type.offset;
    fields.is_dst = type.is_dst;
    fields.abbreviation = type.abbreviation;
    return true;
}

std::int64_t time_of(const BrokenTime& fields) {
    return fields.hour * kMicrosPerHour + fields.minute * kMicrosPerMinute +
           fields.second * kMicrosPerSecond + fields.microsecond;
}

bool timestamp_of(const BrokenTime& fields, std::int64_t& timestamp) {
    if (!is_valid_julian(fields.year, fields.month, fields.day)) return false;
    std::int64_t date =
        julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
    if (__builtin_mul_overflow(date, kMicrosPerDay, &timestamp) ||
        __builtin_add_overflow(timestamp, time_of(fields), &timestamp))
        return false;
    return is_valid_timestamp(timestamp);
}

bool timestamptz_of(const BrokenTime& fields, int zone, std::int64_t& timestamptz) {
    if (!is_valid_julian(fields.year, fields.month, fields.day)) return false;
    std::int64_t date =
        julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
    if (__builtin_mul_overflow(date, kMicrosPerDay, &timestamptz) ||
        __builtin_add_overflow(timestamptz, time_of(fields), &timestamptz) ||
        __builtin_add_overflow(timestamptz, zone * kMicrosPerSecond, &timestamptz))
        return false;
    return is_valid_timestamp(timestamptz);
}

void throw_timestamp_out_of_range() {
    throw SqlError("22008", "timestamp out of range");
}
void throw_interval_out_of_range() {
    throw SqlError("22008", "interval out of range");
}

BrokenTime broken_timestamp(std::int64_t timestamp) {
    BrokenTime fields;
    if (!break_timestamp(timestamp, fields)) throw_timestamp_out_of_range();
    return fields;
}

BrokenTime broken_timestamptz(std::int64_t timestamptz, const TimeZone& zone) {
    BrokenTime fields;
    if (!break_timestamptz(timestamptz, zone, fields)) throw_timestamp_out_of_range();
    return fields;
}

std::int64_t checked_timestamp(const BrokenTime& fields) {
    std::int64_t timestamp = 0;
    if (!timestamp_of(fields, timestamp)) throw_timestamp_out_of_range();
    return timestamp;
}

std::int64_t checked_timestamptz(const BrokenTime& fields, int zone) {
    std::int64_t timestamptz = 0;
    if (!timestamptz_of(fields, zone, timestamptz)) throw_timestamp_out_of_range();
    return timestamptz;
}

}  // namespace cdcsim::pg
