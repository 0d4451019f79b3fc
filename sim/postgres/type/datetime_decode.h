// Reading dates, times and intervals in all the forms that PostgreSQL reads: the text is split into
// fields by its punctuation, then each field is interpreted in the light of those before it.
// Mirrors ParseDateTime, DecodeDateTime, DecodeTimeOnly, DecodeInterval and DecodeISO8601Interval
// of datetime.c, whose order of trials decides what an ambiguous text means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {

class Environment;

/// Why a text was refused.
enum class DecodeError : std::uint8_t {
    kNone,
    kBadFormat,
    kFieldOverflow,
    kMonthDayOverflow,  ///< with the hint about DateStyle
    kIntervalOverflow,
    kZoneOverflow,
};

/// Throws what DateTimeParseError reports. `type_name` as in "invalid input syntax for type %s".
[[noreturn]] void throw_decode_error(DecodeError error, std::string_view text,
                                     std::string_view type_name);

/// The pieces of a text, lower case, each ended by NUL in one buffer; they may be cut further.
struct DateTimeFields {
    enum class Kind : std::uint8_t { kNumber, kString, kDate, kTime, kZone, kSpecial };
    static constexpr std::size_t kMaxFields = 25;
    char buffer[300];
    char* text[kMaxFields];
    Kind kind[kMaxFields];
    std::size_t count = 0;
};

/// `buffer_size` is what PostgreSQL gives for the type: longer texts are refused.
DecodeError split_datetime(std::string_view text, std::size_t buffer_size, DateTimeFields& fields);

enum class SpecialDate : std::uint8_t { kNone, kEpoch, kInfinity, kMinusInfinity };

struct DecodedDateTime {
    BrokenTime time;
    SpecialDate special = SpecialDate::kNone;
};

DecodeError decode_datetime(Environment& env, DateTimeFields& fields, DecodedDateTime& out);
DecodeError decode_time_only(Environment& env, DateTimeFields& fields, BrokenTime& out);

/// An interval's fields: `range` is the upper half of its typmod.
inline constexpr int kIntervalFullRange = 0x7FFF;
inline constexpr int kIntervalFullPrecision = 0xFFFF;
struct IntervalFields {
    std::int32_t years = 0, months = 0, days = 0;
    std::int64_t microseconds = 0;
};
DecodeError decode_interval(Environment& env, DateTimeFields& fields, int range,
                            IntervalFields& out);
DecodeError decode_iso8601_interval(std::string_view text, IntervalFields& out);

/// interval_in on a text.
Interval interval_from_text(Environment& env, std::string_view text, std::int32_t typmod);

/// "+05", "-0530", "+05:30:15": seconds west. Used for AT TIME ZONE-like arguments too.
DecodeError decode_numeric_zone(const char* text, int& zone);

/// Checks and completes a date: BC, two-digit years, day of year. `has` tells which of the fields
/// were given.
struct DateParts {
    bool year = false, month = false, day = false, day_of_year = false;
    bool julian = false, two_digit_year = false, bc = false;
};
DecodeError validate_date(const DateParts& parts, BrokenTime& fields);

/// A unit or field name of EXTRACT, date_trunc and intervals.
enum class TimeUnit : std::uint8_t {
    kNone,
    kMicrosecond,
    kMillisecond,
    kSecond,
    kMinute,
    kHour,
    kDay,
    kWeek,
    kMonth,
    kQuarter,
    kYear,
    kDecade,
    kCentury,
    kMillennium,
    kJulian,
    kDayOfWeek,
    kIsoDayOfWeek,
    kDayOfYear,
    kIsoYear,
    kZone,
    kZoneHour,
    kZoneMinute,
    kTime,
};
/// What a word means as a unit. kUnit: `unit` says which; kReserved: a word such as "epoch".
struct UnitWord {
    enum class Kind : std::uint8_t { kUnknown, kUnit, kEpoch, kReserved, kOther };
    Kind kind = Kind::kUnknown;
    TimeUnit unit = TimeUnit::kNone;
};
/// date_trunc's words (the units of intervals). `word` is lower case.
UnitWord find_interval_unit(std::string_view word);
/// EXTRACT's words: those, then "epoch", "dow", "julian" ...
UnitWord find_extract_unit(std::string_view word);

}  // namespace cdcsim::pg
