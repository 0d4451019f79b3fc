#include "sim/debezium/temporal.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/connect/decimal.h"
#include "core/connect/java_number.h"

namespace cdcsim::debezium {

namespace {

/// Reads texts of fixed shape from the left.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool digits(std::size_t least, std::size_t most, std::int64_t& value) {
        std::size_t count = 0;
        value = 0;
        while (count < most && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            value = value * 10 + (text_[at_++] - '0');
            ++count;
        }
        return count >= least;
    }
    bool literal(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected) return false;
        at_ += expected.size();
        return true;
    }
    bool at_end() const { return at_ == text_.size(); }

    bool date(CivilDate& date) {
        std::int64_t month = 0, day = 0;
        bool ok = digits(4, 10, date.year) && literal("-") && digits(2, 2, month) && literal("-") &&
                  digits(2, 2, day);
        date.month = static_cast<int>(month);
        date.day = static_cast<int>(day);
        return ok && month >= 1 && month <= 12 && day >= 1 && day <= 31;
    }
    bool time(std::int64_t& micros) {
        std::int64_t hour = 0, minute = 0, second = 0, fraction = 0;
        if (!digits(1, 2, hour) || !literal(":") || !digits(2, 2, minute)) return false;
        if (literal(":") && !digits(2, 2, second)) return false;
        if (literal(".")) {
            auto start = at_;
            if (!digits(1, 6, fraction)) return false;
            for (auto count = at_ - start; count < 6; ++count) fraction *= 10;
        }
        micros = ((hour * 60 + minute) * 60 + second) * 1'000'000 + fraction;
        return true;
    }
    bool offset(int& seconds) {
        int sign = literal("-") ? -1 : literal("+") ? 1 : 0;
        std::int64_t hours = 0, minutes = 0, rest = 0;
        if (sign == 0 || !digits(2, 2, hours)) return false;
        if (literal(":") && !digits(2, 2, minutes)) return false;
        if (literal(":") && !digits(2, 2, rest)) return false;
        seconds = sign * static_cast<int>((hours * 60 + minutes) * 60 + rest);
        return true;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

void append_padded(std::string& out, std::int64_t value, int width) {
    std::array<char, 24> buffer;
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    for (auto length = end - buffer.data(); length < width; ++length) out += '0';
    out.append(buffer.data(), end);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

std::int64_t days_of(std::int64_t year, int month, int day) {
    year -= month <= 2;
    std::int64_t era = floor_div(year, 400);
    std::int64_t of_era = year - era * 400;
    std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

CivilDate civil_of(std::int64_t days) {
    days += 719468;
    std::int64_t era = floor_div(days, 146097);
    std::int64_t of_era = days - era * 146097;
    std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    std::int64_t m = (5 * of_year + 2) / 153;
    int month = static_cast<int>(m < 10 ? m + 3 : m - 9);
    return {year + era * 400 + (month <= 2), month,
            static_cast<int>(of_year - (153 * m + 2) / 5 + 1)};
}

Infinity infinity_of(std::string_view text) {
    if (text == "infinity") return Infinity::kPositive;
    return text == "-infinity" ? Infinity::kNegative : Infinity::kNone;
}

std::optional<std::int64_t> read_date(std::string_view text) {
    Reader reader(text);
    CivilDate date{};
    if (!reader.date(date)) return std::nullopt;
    if (reader.literal(" BC")) date.year = 1 - date.year;
    if (!reader.at_end()) return std::nullopt;
    return days_of(date.year, date.month, date.day);
}

std::optional<std::int64_t> read_time(std::string_view text) {
    Reader reader(text);
    std::int64_t micros = 0;
    if (!reader.time(micros) || !reader.at_end()) return std::nullopt;
    return micros;
}

std::optional<Instant> read_timestamp(std::string_view text) {
    Reader reader(text);
    CivilDate date{};
    std::int64_t micros = 0;
    int offset = 0;
    if (!reader.date(date)) return std::nullopt;
    if (reader.literal(" ") && !reader.literal("BC")) {
        if (!reader.time(micros)) return std::nullopt;
        reader.offset(offset);
        if (reader.literal(" BC")) date.year = 1 - date.year;
    }
    if (!reader.at_end()) return std::nullopt;
    Instant instant = instant_of_micros(micros);
    instant.seconds += days_of(date.year, date.month, date.day) * 86400 - offset;
    return instant;
}

Instant instant_of_micros(std::int64_t micros) {
    std::int64_t seconds = floor_div(micros, 1'000'000);
    return {seconds, static_cast<int>(micros - seconds * 1'000'000)};
}

std::int64_t Instant::epoch_micros() const {
    std::int64_t whole = 0;
    if (__builtin_mul_overflow(seconds, 1'000'000, &whole))
        whole = seconds > 0 ? std::numeric_limits<std::int64_t>::max()
                            : std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(whole) +
                                     static_cast<std::uint64_t>(micros));
}

std::optional<std::int64_t> Instant::epoch_nanos() const {
    // Days and the time of day are added each by itself, and both steps must fit.
    std::int64_t days = floor_div(seconds, 86400), day_nanos = 0, nanos = 0;
    if (__builtin_mul_overflow(days, 86'400'000'000'000LL, &day_nanos)) return std::nullopt;
    std::int64_t of_day = (seconds - days * 86400) * 1'000'000'000 + micros * 1000LL;
    if (__builtin_add_overflow(day_nanos, of_day, &nanos)) return std::nullopt;
    return nanos;
}

std::optional<TimeWithZone> read_time_with_zone(std::string_view text) {
    Reader reader(text);
    TimeWithZone time{};
    if (!reader.time(time.micros) || !reader.offset(time.offset_seconds) || !reader.at_end())
        return std::nullopt;
    return time;
}

std::int64_t through_java_sql_date(std::int64_t days) {
    // 1582-10-05 to 14 do not exist in Java's calendar and are counted on from the 15th.
    if (days >= -141437 && days <= -141428) return days + 10;
    CivilDate date = civil_of(days);
    return date.year > 0 ? days : days_of(1 - date.year, date.month, date.day);
}

void append_iso_date(std::string& out, std::int64_t days) {
    CivilDate date = civil_of(days);
    if (date.year < 0) out += '-';
    if (date.year > 9999) out += '+';
    append_padded(out, std::abs(date.year), 4);
    out += '-';
    append_padded(out, date.month, 2);
    out += '-';
    append_padded(out, date.day, 2);
}

void append_iso_time(std::string& out, std::int64_t micros, int digits) {
    append_padded(out, micros / 3'600'000'000LL, 2);
    out += ':';
    append_padded(out, micros / 60'000'000 % 60, 2);
    out += ':';
    append_padded(out, micros / 1'000'000 % 60, 2);
    std::int64_t fraction = micros % 1'000'000;
    if (digits == 0 && fraction == 0) return;
    std::string text;
    append_padded(text, fraction, 6);
    if (digits > 0)
        text.resize(static_cast<std::size_t>(digits), '0');
    else
        text.erase(text.find_last_not_of('0') + 1);
    out += '.';
    out += text;
}

void append_iso_timestamp(std::string& out, Instant instant, int digits) {
    std::int64_t days = floor_div(instant.seconds, 86400);
    append_iso_date(out, days);
    out += 'T';
    append_iso_time(out, (instant.seconds - days * 86400) * 1'000'000 + instant.micros, digits);
    out += 'Z';
}

namespace {

/// Integer.parseInt of a token, 0 if it is no number (PGInterval throws there).
bool java_int(std::string_view text, int& value) {
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

bool java_double(std::string_view text, double& value) {
    auto number = connect::read_java_double(text);
    if (number) value = *number;
    return number.has_value();
}

bool read_clock(std::string_view token, Interval& out) {
    bool negative = token[0] == '-';
    if (negative) token.remove_prefix(1);
    auto first = token.find(':');
    if (!java_int(token.substr(0, first), out.hours) ||
        !java_int(token.substr(first + 1, 2), out.minutes))
        return false;
    auto second = token.find(':', first + 1);
    if (second != token.npos && !java_double(token.substr(second + 1), out.seconds)) return false;
    if (negative) {
        out.hours = -out.hours;
        out.minutes = -out.minutes;
        out.seconds = -out.seconds;
    }
    return true;
}

bool read_unit(std::string_view unit, std::string_view value, Interval& out) {
    if (unit.starts_with("year")) return java_int(value, out.years);
    if (unit.starts_with("mon")) return java_int(value, out.months);
    if (unit.starts_with("day")) return java_int(value, out.days);
    if (unit.starts_with("hour")) return java_int(value, out.hours);
    if (unit.starts_with("min")) return java_int(value, out.minutes);
    if (unit.starts_with("sec")) return java_double(value, out.seconds);
    return true;
}

/// PGInterval keeps whole seconds and microseconds.
double rounded_seconds(double seconds) {
    int whole = static_cast<int>(seconds);
    int micros = static_cast<int>(std::floor((seconds - whole) * 1'000'000 + 0.5));
    return whole + static_cast<double>(micros) / 1'000'000;
}

}  // namespace

std::optional<Interval> read_interval(std::string_view text) {
    Interval out;
    std::string_view value;
    bool odd = true;
    for (std::size_t at = 0; at < text.size();) {
        auto end = text.find(' ', at);
        if (end == text.npos) end = text.size();
        auto token = text.substr(at, end - at);
        at = end + 1;
        if (token.empty()) continue;
        if (token[0] == '+') token.remove_prefix(1);
        if (!odd) {
            if (!read_unit(token, value, out)) return std::nullopt;
        } else if (token.find(':') == token.npos) {
            value = token;
        } else if (!read_clock(token, out)) {
            return std::nullopt;
        }
        odd = !odd;
    }
    out.seconds = rounded_seconds(out.seconds);
    return out;
}

std::int64_t interval_micros(const Interval& i) {
    double days = ((i.years * 12) + i.months) * (365.25 / 12.0) + i.days;
    double seconds = (((days * 24 + i.hours) * 60) + i.minutes) * 60 + i.seconds;
    double micros = seconds * 1e6;
    if (micros >= 9223372036854775807.0) return std::numeric_limits<std::int64_t>::max();
    if (micros <= -9223372036854775808.0) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(micros);
}

std::string interval_iso(const Interval& i) {
    auto number = [](int value) { return std::to_string(value); };
    auto seconds = *connect::read_decimal(connect::java_double_text(i.seconds));
    if (seconds.scale > 9) {
        // setScale(9, DOWN)
        const auto cut = static_cast<std::size_t>(seconds.scale - 9);
        const bool gone = seconds.digits.size() <= cut;
        seconds = {seconds.negative && !gone, gone ? "0" : seconds.digits.substr(0, seconds.digits.size() - cut), 9};
    }
    return "P" + number(i.years) + "Y" + number(i.months) + "M" + number(i.days) + "DT" +
           number(i.hours) + "H" + number(i.minutes) + "M" +
           connect::plain_text(connect::without_trailing_zeros(seconds)) + "S";
}

}  // namespace cdcsim::debezium
