#include "sim/debezium/java_date_format.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "sim/debezium/temporal.h"

namespace cdcsim::debezium {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kGregorianMs = -12'219'292'800'000;  ///< 1582-10-15
constexpr std::string_view kJavaLetters = "GyMLdkHmsSEDFwWahKzZYuX";
constexpr std::string_view kBuiltLetters = "yMdkHmsSEDahKzZuX";
constexpr std::array<std::string_view, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                      "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"};  // from 1970-01-01

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t floor_div(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

std::string padded(std::int64_t value, int width) {
    std::string digits = std::to_string(value);
    if (static_cast<int>(digits.size()) < width) digits.insert(0, static_cast<std::size_t>(width) - digits.size(), '0');
    return digits;
}

/// A name whole from four letters on, else its first three.
std::string named(std::string_view name, int count) { return std::string(count >= 4 ? name : name.substr(0, 3)); }

[[noreturn]] void refuse(const std::string& what) { throw NotSimulated("a date format with " + what); }

/// The literal that starts with a quote at `at`, which moves behind it.
std::string quoted(std::string_view pattern, std::size_t& at) {
    std::string text;
    for (++at; at < pattern.size(); ++at) {
        if (pattern[at] != '\'') {
            text += pattern[at];
        } else if (pattern.substr(at + 1, 1) == "'") {
            text += pattern[++at];
        } else {
            ++at;
            return text;
        }
    }
    throw DatePatternError{"Unterminated quote"};
}

}  // namespace

/// What a text has said so far; the calendar takes any value.
struct JavaDateFormat::Fields {
    std::int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, milli = 0, offset_minutes = 0;
    std::int64_t millis() const {
        const std::int64_t first = days_of(year + floor_div(month - 1, 12), static_cast<int>((month - 1) - floor_div(month - 1, 12) * 12) + 1, 1);
        return (first + day - 1) * kDayMs + ((hour * 60 + minute - offset_minutes) * 60 + second) * 1000 + milli;
    }
};

JavaDateFormat::JavaDateFormat(std::string_view pattern) {
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if (c == '\'' && pattern.substr(at + 1, 1) != "'") {
            items_.push_back({0, 0, quoted(pattern, at)});
        } else if (!is_letter(c)) {
            at += c == '\'' ? 2 : 1;
            items_.push_back({0, 0, std::string(1, c)});
        } else {
            if (kJavaLetters.find(c) == kJavaLetters.npos) throw DatePatternError{"Illegal pattern character '" + std::string(1, c) + "'"};
            const std::size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
            const int count = static_cast<int>(end - at);
            if (c == 'X' && count > 3) throw DatePatternError{"invalid ISO 8601 format: length=" + std::to_string(count)};
            if (kBuiltLetters.find(c) == kBuiltLetters.npos) refuse(std::string("the letter ") + c);
            items_.push_back({c, count, ""});
            at = end;
        }
    }
}

std::string JavaDateFormat::item_text(const Item& item, std::int64_t millis) {
    const std::int64_t days = floor_div(millis, kDayMs);
    const CivilDate date = civil_of(days);
    const std::int64_t of_day = millis - days * kDayMs, hour = of_day / 3'600'000;
    const auto weekday = static_cast<std::size_t>(days - floor_div(days, 7) * 7);
    constexpr int kMonday = 4;
    switch (item.letter) {
        case 0: return item.literal;
        case 'y': return item.count == 2 ? padded(date.year % 100, 2) : padded(date.year, item.count);
        case 'M': return item.count >= 3 ? named(kMonths[static_cast<std::size_t>(date.month - 1)], item.count) : padded(date.month, item.count);
        case 'd': return padded(date.day, item.count);
        case 'D': return padded(days - days_of(date.year, 1, 1) + 1, item.count);
        case 'E': return named(kWeekdays[weekday], item.count);
        case 'u': return padded((static_cast<std::int64_t>(weekday) + 7 - kMonday) % 7 + 1, item.count);
        case 'a': return hour < 12 ? "AM" : "PM";
        case 'H': return padded(hour, item.count);
        case 'k': return padded(hour == 0 ? 24 : hour, item.count);
        case 'K': return padded(hour % 12, item.count);
        case 'h': return padded(hour % 12 == 0 ? 12 : hour % 12, item.count);
        case 'm': return padded(of_day / 60'000 % 60, item.count);
        case 's': return padded(of_day / 1000 % 60, item.count);
        case 'S': return padded(of_day % 1000, item.count);
        case 'Z': return "+0000";
        case 'X': return "Z";
        default: return item.count >= 4 ? "Coordinated Universal Time" : "UTC";
    }
}

std::string JavaDateFormat::format(std::int64_t millis) const {
    if (millis < kGregorianMs) refuse("a moment before 1582-10-15");
    std::string out;
    for (const Item& item : items_) out += item_text(item, millis);
    return out;
}

std::optional<std::int64_t> JavaDateFormat::read_number(std::string_view text, std::size_t& at) {
    if (at < text.size() && text[at] == '-') refuse("a number with a sign in \"" + std::string(text) + "\"");
    constexpr std::size_t kMaxDigits = 9;
    const std::size_t start = at;
    std::int64_t value = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) value = value * 10 + (text[at] - '0');
    if (at - start > kMaxDigits) refuse("a number of more than nine digits");
    if (at == start) return std::nullopt;
    return value;
}

bool JavaDateFormat::read_zone(std::string_view text, std::size_t& at, const Item& item, Fields& fields) {
    if (at >= text.size()) return false;
    if (item.letter == 'X' && text[at] == 'Z') {
        ++at;
        return true;
    }
    if (text[at] != '+' && text[at] != '-') return false;
    const int sign = text[at] == '-' ? -1 : 1;
    const bool has_minutes = item.letter == 'Z' || item.count > 1, has_colon = item.letter == 'X' && item.count == 3;
    const std::size_t length = 3U + (has_minutes ? 2U : 0U) + (has_colon ? 1U : 0U);
    const std::string_view zone = text.substr(at, length);
    auto pair = [&](std::size_t from) { return (zone[from] - '0') * 10 + (zone[from + 1] - '0'); };
    for (std::size_t i = 1; i < length; ++i)
        if (i >= zone.size() || (has_colon && i == 3 ? zone[i] != ':' : !is_digit(zone[i]))) return false;
    fields.offset_minutes = sign * (pair(1) * 60 + (has_minutes ? pair(length - 2) : 0));
    at += length;
    return true;
}

bool JavaDateFormat::read_item(std::string_view text, std::size_t& at, const Item& item, Fields& fields) {
    if (item.letter == 0) {
        if (text.substr(at, item.literal.size()) != item.literal) return false;
        at += item.literal.size();
        return true;
    }
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (item.letter == 'X' || item.letter == 'Z') return read_zone(text, at, item, fields);
    static constexpr std::pair<char, std::int64_t Fields::*> kNumbers[] = {{'y', &Fields::year},   {'M', &Fields::month},  {'d', &Fields::day},  {'H', &Fields::hour},
                                                                           {'m', &Fields::minute}, {'s', &Fields::second}, {'S', &Fields::milli}};
    const auto* field = std::ranges::find(kNumbers, item.letter, &std::pair<char, std::int64_t Fields::*>::first);
    const bool is_name = item.letter == 'M' && item.count >= 3, is_short_year = item.letter == 'y' && item.count <= 2;
    if (field == std::end(kNumbers) || is_name || is_short_year) refuse("the letter " + std::string(static_cast<std::size_t>(item.count), item.letter) + " to be read");
    const auto number = read_number(text, at);
    if (!number) return false;
    fields.*field->second = *number;
    return true;
}

std::optional<std::int64_t> JavaDateFormat::parse(std::string_view text) const {
    Fields fields;
    std::size_t at = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const bool abuts = i + 1 < items_.size() && items_[i].letter != 0 && items_[i + 1].letter != 0 && items_[i + 1].letter != 'X' && items_[i + 1].letter != 'Z';
        if (abuts) refuse("numbers that follow one another to be read");
        if (!read_item(text, at, items_[i], fields)) return std::nullopt;
    }
    const std::int64_t millis = fields.millis();
    if (millis < kGregorianMs) refuse("a moment before 1582-10-15");
    return millis;
}

}  // namespace cdcsim::debezium
