// The words of dates and intervals, and helpers on the pieces of a text; shared by the decoders of
// this folder only.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/postgres/type/datetime_decode.h"

namespace cdcsim::pg::datetime_words {

enum class WordKind : std::uint8_t {
    kUnknown,
    kIgnored,
    kReserved,
    kMonth,
    kWeekday,
    kAmPm,
    kEra,
    kUnit,
    kIsoTime,
    kDaylight,
    kAgo,
};
enum Reserved : int {
    kEpoch,
    kInfinity,
    kMinusInfinity,
    kNow,
    kToday,
    kTomorrow,
    kYesterday,
    kZulu
};

struct Word {
    std::string_view name;
    WordKind kind;
    int value;
};

/// nullptr: not a word of dates (intervals). Only the first ten characters count.
const Word* find_date_word(std::string_view word);
const Word* find_interval_word(std::string_view word);

/// strtol: reads an optional sign and digits. `end` is where it stopped (== text: no number).
/// `overflow` if it does not fit the type; the value is then the nearest.
std::int64_t read_int64(const char* text, const char** end, bool& overflow);
int read_int32(const char* text, const char** end, bool& overflow);
/// A fraction ".5" up to the end of the text; "." is 0. False: something else follows.
bool read_fraction(const char* text, double& fraction);
/// The same in microseconds, rounded.
bool read_fraction_micros(const char* text, int& microseconds);

/// "hh:mm", "hh:mm:ss.ffffff" or "mm:ss.fff". With `minute_to_second` two fields are mm:ss.
struct TimeText {
    std::int64_t hour = 0;
    int minute = 0, second = 0, microsecond = 0;
};
DecodeError read_time(const char* text, bool minute_to_second, TimeText& out);

}  // namespace cdcsim::pg::datetime_words
