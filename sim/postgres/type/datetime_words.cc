#include "sim/postgres/type/datetime_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>

#include "sim/postgres/type/ascii.h"

namespace cdcsim::pg::datetime_words {
namespace {

using enum WordKind;
constexpr int unit(TimeUnit value) {
    return static_cast<int>(value);
}

constexpr Word kDateWords[] = {
    {"-infinity", kReserved, kMinusInfinity},
    {"ad", kEra, 0},
    {"allballs", kReserved, kZulu},
    {"am", kAmPm, 0},
    {"apr", kMonth, 4},
    {"april", kMonth, 4},
    {"at", kIgnored, 0},
    {"aug", kMonth, 8},
    {"august", kMonth, 8},
    {"bc", kEra, 1},
    {"d", kUnit, unit(TimeUnit::kDay)},
    {"dec", kMonth, 12},
    {"december", kMonth, 12},
    {"dow", kUnit, unit(TimeUnit::kDayOfWeek)},
    {"doy", kUnit, unit(TimeUnit::kDayOfYear)},
    {"dst", kDaylight, 3600},
    {"epoch", kReserved, kEpoch},
    {"feb", kMonth, 2},
    {"february", kMonth, 2},
    {"fri", kWeekday, 5},
    {"friday", kWeekday, 5},
    {"h", kUnit, unit(TimeUnit::kHour)},
    {"infinity", kReserved, kInfinity},
    {"isodow", kUnit, unit(TimeUnit::kIsoDayOfWeek)},
    {"isoyear", kUnit, unit(TimeUnit::kIsoYear)},
    {"j", kUnit, unit(TimeUnit::kJulian)},
    {"jan", kMonth, 1},
    {"january", kMonth, 1},
    {"jd", kUnit, unit(TimeUnit::kJulian)},
    {"jul", kMonth, 7},
    {"julian", kUnit, unit(TimeUnit::kJulian)},
    {"july", kMonth, 7},
    {"jun", kMonth, 6},
    {"june", kMonth, 6},
    {"m", kUnit, unit(TimeUnit::kMonth)},
    {"mar", kMonth, 3},
    {"march", kMonth, 3},
    {"may", kMonth, 5},
    {"mm", kUnit, unit(TimeUnit::kMinute)},
    {"mon", kWeekday, 1},
    {"monday", kWeekday, 1},
    {"nov", kMonth, 11},
    {"november", kMonth, 11},
    {"now", kReserved, kNow},
    {"oct", kMonth, 10},
    {"october", kMonth, 10},
    {"on", kIgnored, 0},
    {"pm", kAmPm, 1},
    {"s", kUnit, unit(TimeUnit::kSecond)},
    {"sat", kWeekday, 6},
    {"saturday", kWeekday, 6},
    {"sep", kMonth, 9},
    {"sept", kMonth, 9},
    {"september", kMonth, 9},
    {"sun", kWeekday, 0},
    {"sunday", kWeekday, 0},
    {"t", kIsoTime, unit(TimeUnit::kTime)},
    {"thu", kWeekday, 4},
    {"thur", kWeekday, 4},
    {"thurs", kWeekday, 4},
    {"thursday", kWeekday, 4},
    {"today", kReserved, kToday},
    {"tomorrow", kReserved, kTomorrow},
    {"tue", kWeekday, 2},
    {"tues", kWeekday, 2},
    {"tuesday", kWeekday, 2},
    {"wed", kWeekday, 3},
    {"wednesday", kWeekday, 3},
    {"weds", kWeekday, 3},
    {"y", kUnit, unit(TimeUnit::kYear)},
    {"yesterday", kReserved, kYesterday},
};
static_assert(std::ranges::is_sorted(kDateWords, {}, &Word::name));

constexpr Word kIntervalWords[] = {
    {"@", kIgnored, 0},
    {"ago", kAgo, 0},
    {"c", kUnit, unit(TimeUnit::kCentury)},
    {"cent", kUnit, unit(TimeUnit::kCentury)},
    {"centuries", kUnit, unit(TimeUnit::kCentury)},
    {"century", kUnit, unit(TimeUnit::kCentury)},
    {"d", kUnit, unit(TimeUnit::kDay)},
    {"day", kUnit, unit(TimeUnit::kDay)},
    {"days", kUnit, unit(TimeUnit::kDay)},
    {"dec", kUnit, unit(TimeUnit::kDecade)},
    {"decade", kUnit, unit(TimeUnit::kDecade)},
    {"decades", kUnit, unit(TimeUnit::kDecade)},
    {"decs", kUnit, unit(TimeUnit::kDecade)},
    {"h", kUnit, unit(TimeUnit::kHour)},
    {"hour", kUnit, unit(TimeUnit::kHour)},
    {"hours", kUnit, unit(TimeUnit::kHour)},
    {"hr", kUnit, unit(TimeUnit::kHour)},
    {"hrs", kUnit, unit(TimeUnit::kHour)},
    {"m", kUnit, unit(TimeUnit::kMinute)},
    {"microsecon", kUnit, unit(TimeUnit::kMicrosecond)},
    {"mil", kUnit, unit(TimeUnit::kMillennium)},
    {"millennia", kUnit, unit(TimeUnit::kMillennium)},
    {"millennium", kUnit, unit(TimeUnit::kMillennium)},
    {"millisecon", kUnit, unit(TimeUnit::kMillisecond)},
    {"mils", kUnit, unit(TimeUnit::kMillennium)},
    {"min", kUnit, unit(TimeUnit::kMinute)},
    {"mins", kUnit, unit(TimeUnit::kMinute)},
    {"minute", kUnit, unit(TimeUnit::kMinute)},
    {"minutes", kUnit, unit(TimeUnit::kMinute)},
    {"mon", kUnit, unit(TimeUnit::kMonth)},
    {"mons", kUnit, unit(TimeUnit::kMonth)},
    {"month", kUnit, unit(TimeUnit::kMonth)},
    {"months", kUnit, unit(TimeUnit::kMonth)},
    {"ms", kUnit, unit(TimeUnit::kMillisecond)},
    {"msec", kUnit, unit(TimeUnit::kMillisecond)},
    {"msecond", kUnit, unit(TimeUnit::kMillisecond)},
    {"mseconds", kUnit, unit(TimeUnit::kMillisecond)},
    {"msecs", kUnit, unit(TimeUnit::kMillisecond)},
    {"qtr", kUnit, unit(TimeUnit::kQuarter)},
    {"quarter", kUnit, unit(TimeUnit::kQuarter)},
    {"s", kUnit, unit(TimeUnit::kSecond)},
    {"sec", kUnit, unit(TimeUnit::kSecond)},
    {"second", kUnit, unit(TimeUnit::kSecond)},
    {"seconds", kUnit, unit(TimeUnit::kSecond)},
    {"secs", kUnit, unit(TimeUnit::kSecond)},
    {"timezone", kUnit, unit(TimeUnit::kZone)},
    {"timezone_h", kUnit, unit(TimeUnit::kZoneHour)},
    {"timezone_m", kUnit, unit(TimeUnit::kZoneMinute)},
    {"us", kUnit, unit(TimeUnit::kMicrosecond)},
    {"usec", kUnit, unit(TimeUnit::kMicrosecond)},
    {"usecond", kUnit, unit(TimeUnit::kMicrosecond)},
    {"useconds", kUnit, unit(TimeUnit::kMicrosecond)},
    {"usecs", kUnit, unit(TimeUnit::kMicrosecond)},
    {"w", kUnit, unit(TimeUnit::kWeek)},
    {"week", kUnit, unit(TimeUnit::kWeek)},
    {"weeks", kUnit, unit(TimeUnit::kWeek)},
    {"y", kUnit, unit(TimeUnit::kYear)},
    {"year", kUnit, unit(TimeUnit::kYear)},
    {"years", kUnit, unit(TimeUnit::kYear)},
    {"yr", kUnit, unit(TimeUnit::kYear)},
    {"yrs", kUnit, unit(TimeUnit::kYear)},
};
static_assert(std::ranges::is_sorted(kIntervalWords, {}, &Word::name));

constexpr std::size_t kTokenLength = 10;

template <std::size_t kCount>
const Word* find_word(const Word (&words)[kCount], std::string_view word) {
    word = word.substr(0, kTokenLength);
    auto it = std::ranges::lower_bound(words, word, {}, &Word::name);
    return it != std::end(words) && it->name == word ? it : nullptr;
}

}  // namespace

const Word* find_date_word(std::string_view word) {
    return find_word(kDateWords, word);
}
const Word* find_interval_word(std::string_view word) {
    return find_word(kIntervalWords, word);
}

std::int64_t read_int64(const char* text, const char** end, bool& overflow) {
    const char* at = text;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') ++at;
    const char* digits = at;
    std::int64_t value = 0;
    for (; ascii_digit(*at); ++at) {
        int digit = negative ? '0' - *at : *at - '0';
        if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
            __builtin_add_overflow(value, std::int64_t{digit}, &value)) {
            overflow = true;
            value = negative ? INT64_MIN : INT64_MAX;
        }
    }
    if (end != nullptr) *end = at == digits ? text : at;
    return value;
}

int read_int32(const char* text, const char** end, bool& overflow) {
    std::int64_t value = read_int64(text, end, overflow);
    if (value < INT32_MIN || value > INT32_MAX) overflow = true;
    return static_cast<int>(value);
}

bool read_fraction(const char* text, double& fraction) {
    fraction = 0;
    if (text[1] == '\0') return true;
    const char* end = text + std::strlen(text);
    auto [stop, error] = std::from_chars(text, end, fraction);
    return error == std::errc() && stop == end;
}

bool read_fraction_micros(const char* text, int& microseconds) {
    double fraction = 0;
    if (!read_fraction(text, fraction)) return false;
    microseconds = static_cast<int>(std::rint(fraction * 1'000'000));
    return true;
}

DecodeError read_time(const char* text, bool minute_to_second, TimeText& out) {
    bool overflow = false;
    const char* at = nullptr;
    auto shift_to_minutes = [&] {
        if (out.hour > INT32_MAX || out.hour < INT32_MIN) return false;
        out.second = out.minute;
        out.minute = static_cast<int>(out.hour);
        out.hour = 0;
        return true;
    };
    out = {};
    out.hour = read_int64(text, &at, overflow);
    if (overflow) return DecodeError::kFieldOverflow;
    if (*at != ':') return DecodeError::kBadFormat;
    const char* next = at + 1;
    out.minute = read_int32(next, &at, overflow);
    if (overflow) return DecodeError::kFieldOverflow;
    if (*at == '\0') {
        if (minute_to_second && !shift_to_minutes()) return DecodeError::kFieldOverflow;
    } else if (*at == '.') {  // mm:ss.fff
        if (!read_fraction_micros(at, out.microsecond)) return DecodeError::kBadFormat;
        if (!shift_to_minutes()) return DecodeError::kFieldOverflow;
    } else if (*at == ':') {
        next = at + 1;
        out.second = read_int32(next, &at, overflow);
        if (overflow) return DecodeError::kFieldOverflow;
        if (*at == '.') {
            if (!read_fraction_micros(at, out.microsecond)) return DecodeError::kBadFormat;
        } else if (*at != '\0') {
            return DecodeError::kBadFormat;
        }
    } else {
        return DecodeError::kBadFormat;
    }
    if (out.hour < 0 || out.minute < 0 || out.minute > 59 || out.second < 0 || out.second > 60 ||
        out.microsecond < 0 || out.microsecond > kMicrosPerSecond)
        return DecodeError::kFieldOverflow;
    return DecodeError::kNone;
}

}  // namespace cdcsim::pg::datetime_words

namespace cdcsim::pg {

using datetime_words::Word;
using datetime_words::WordKind;

UnitWord find_interval_unit(std::string_view word) {
    const Word* found = datetime_words::find_interval_word(word);
    if (found == nullptr) return {};
    if (found->kind != WordKind::kUnit) return {UnitWord::Kind::kOther, TimeUnit::kNone};
    return {UnitWord::Kind::kUnit, static_cast<TimeUnit>(found->value)};
}

UnitWord find_extract_unit(std::string_view word) {
    UnitWord unit = find_interval_unit(word);
    if (unit.kind != UnitWord::Kind::kUnknown) return unit;
    const Word* found = datetime_words::find_date_word(word);
    if (found == nullptr) return {};
    if (found->kind == WordKind::kUnit)
        return {UnitWord::Kind::kUnit, static_cast<TimeUnit>(found->value)};
    if (found->kind != WordKind::kReserved) return {UnitWord::Kind::kOther, TimeUnit::kNone};
    bool epoch = found->value == datetime_words::kEpoch;
    return {epoch ? UnitWord::Kind::kEpoch : UnitWord::Kind::kReserved, TimeUnit::kNone};
}

}  // namespace cdcsim::pg
