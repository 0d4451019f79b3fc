#include "sim/postgres/type/datetime_decode.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/datetime_words.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {

using namespace datetime_words;
using Kind = DateTimeFields::Kind;

void throw_decode_error(DecodeError error, std::string_view text, std::string_view type_name) {
    std::string quoted = '"' + std::string(text) + '"';
    switch (error) {
        case DecodeError::kFieldOverflow:
            throw SqlError("22008", "date/time field value out of range: " + quoted);
        case DecodeError::kMonthDayOverflow:
            throw SqlError("22008", "date/time field value out of range: " + quoted)
                .hint("Perhaps you need a different \"datestyle\" setting.");
        case DecodeError::kIntervalOverflow:
            throw SqlError("22015", "interval field value out of range: " + quoted);
        case DecodeError::kZoneOverflow:
            throw SqlError("22009", "time zone displacement out of range: " + quoted);
        default:
            throw SqlError(
                "22007", "invalid input syntax for type " + std::string(type_name) + ": " + quoted);
    }
}

namespace {

/// Copies pieces of the text into the fields' buffer, within PostgreSQL's size of it.
class Splitter {
  public:
    Splitter(std::string_view text, std::size_t buffer_size, DateTimeFields& fields)
        : text_(text), limit_(buffer_size), fields_(fields) {}

    bool run() {
        while (at_ < text_.size()) {
            if (ascii_space(peek())) {
                ++at_;
                continue;
            }
            if (fields_.count >= DateTimeFields::kMaxFields) return false;
            start_ = fields_.buffer + used_;
            if (!take_field()) {
                if (full_ || !ascii_punct(peek())) return false;
                ++at_;  // punctuation between fields
                continue;
            }
            if (full_) return false;
            fields_.buffer[used_++] = '\0';
            fields_.text[fields_.count] = start_;
            fields_.kind[fields_.count++] = kind_;
        }
        return true;
    }

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void take() {
        if (used_ + 1 >= limit_) full_ = true;
        if (!full_) fields_.buffer[used_++] = ascii_lower(text_[at_]);
        ++at_;
    }
    template <typename Class>
    void take_while(Class in_class) {
        while (at_ < text_.size() && in_class(text_[at_])) take();
    }

    bool take_field() {
        if (ascii_digit(peek())) return take_number_or_date(), true;
        if (peek() == '.') {
            take();
            take_while(ascii_digit);
            kind_ = Kind::kNumber;
            return true;
        }
        if (ascii_alpha(peek())) return take_word(), true;
        if (peek() == '+' || peek() == '-') return take_signed();
        return false;
    }

    void take_number_or_date() {
        take_while(ascii_digit);
        kind_ = Kind::kNumber;
        char mark = peek();
        if (mark == ':') {
            kind_ = Kind::kTime;
            take_while([](char c) { return ascii_digit(c) || c == ':' || c == '.'; });
        } else if (mark == '-' || mark == '/' || mark == '.') {
            take();
            if (!ascii_digit(peek())) {  // a month by name
                kind_ = Kind::kDate;
                take_while([&](char c) { return ascii_alnum(c) || c == mark; });
                return;
            }
            kind_ = mark == '.' ? Kind::kNumber : Kind::kDate;
            take_while(ascii_digit);
            if (peek() != mark) return;
            kind_ = Kind::kDate;
            take_while([&](char c) { return ascii_digit(c) || c == mark; });
        }
    }

    // A word may begin a date ("jan-5-2024") or the name of a zone with digits or signs in it.
    void take_word() {
        kind_ = Kind::kString;
        take_while(ascii_alpha);
        char next = peek();
        bool joined = next == '-' || next == '/' || next == '.';
        if (!joined && (next == '+' || ascii_digit(next))) {
            std::string_view word(start_,
                                  static_cast<std::size_t>(fields_.buffer + used_ - start_));
            joined = find_date_word(word) == nullptr;
        }
        if (!joined) return;
        kind_ = Kind::kDate;
        take_while([](char c) {
            return ascii_alnum(c) || c == '+' || c == '-' || c == '/' || c == '_' || c == '.' ||
                   c == ':';
        });
    }

    bool take_signed() {
        take();
        while (ascii_space(peek())) ++at_;
        if (ascii_digit(peek())) {
            kind_ = Kind::kZone;
            take_while([](char c) { return ascii_digit(c) || c == ':' || c == '.' || c == '-'; });
            return true;
        }
        if (!ascii_alpha(peek())) return full_ = true, false;  // a lone sign is an error
        kind_ = Kind::kSpecial;
        take_while(ascii_alpha);
        return true;
    }

    std::string_view text_;
    std::size_t limit_;
    DateTimeFields& fields_;
    std::size_t at_ = 0, used_ = 0;
    char* start_ = nullptr;
    Kind kind_ = Kind::kNumber;
    bool full_ = false;
};

// What has been read, as bits.
enum Seen : unsigned {
    kMonthBit = 1u << 1,
    kYearBit = 1u << 2,
    kDayBit = 1u << 3,
    kZoneBit = 1u << 5,
    kDaylightZoneBit = 1u << 6,
    kDynamicZoneBit = 1u << 7,
    kAmPmBit = 1u << 9,
    kHourBit = 1u << 10,
    kMinuteBit = 1u << 11,
    kSecondBit = 1u << 12,
    kFractionBits = 3u << 13,
    kDayOfYearBit = 1u << 15,
    kWeekdayBit = 1u << 16,
    kEraBit = 1u << 18,
    kReservedBit = 1u << 0,
    kDaylightBit = 1u << 28,
    kDateBits = kYearBit | kMonthBit | kDayBit,
    kTimeBits = kHourBit | kMinuteBit | kSecondBit | kFractionBits,
};

bool is_digit(const char* text) {
    return ascii_digit(*text);
}
int to_int(const char* digits) {  // atoi
    bool overflow = false;
    return static_cast<int>(read_int64(digits, nullptr, overflow));
}

/// One text's fields read from left to right. `time_only` is the reading of time and timetz.
class Decoder {
  public:
    Decoder(Environment& env, DateTimeFields& fields, bool time_only)
        : env_(env), fields_(fields), time_only_(time_only) {}

    DecodeError run() {
        for (index_ = 0; index_ < fields_.count; ++index_) {
            read_ = 0;
            skip_ = false;
            DecodeError error = read_field();
            if (error != DecodeError::kNone) return error;
            if (skip_) continue;
            if ((read_ & seen_) != 0) return DecodeError::kBadFormat;
            seen_ |= read_;
        }
        DecodeError error = check_date();
        return error != DecodeError::kNone ? error : finish();
    }

    BrokenTime time;
    SpecialDate special = SpecialDate::kNone;

  private:
    char* field() { return fields_.text[index_]; }
    Kind kind(std::size_t index) const { return fields_.kind[index]; }

    DecodeError read_field() {
        switch (kind(index_)) {
            case Kind::kDate:
                return time_only_ ? read_date_of_time() : read_date_field();
            case Kind::kTime:
                return read_time_field();
            case Kind::kZone:
                read_ = kZoneBit;
                return decode_numeric_zone(field(), time.zone);
            case Kind::kNumber:
                return prefix_ != TimeUnit::kNone ? read_prefixed() : read_number();
            default:
                return read_word();
        }
    }

    DecodeError read_date_field() {
        if (prefix_ == TimeUnit::kJulian) {  // J2451187+05 without a blank
            const char* end = nullptr;
            bool overflow = false;
            int julian = read_int32(field(), &end, overflow);
            if (overflow || julian < 0) return DecodeError::kFieldOverflow;
            date_from_julian(julian, time.year, time.month, time.day);
            julian_ = true;
            read_ = kDateBits | kTimeBits | kZoneBit;
            prefix_ = TimeUnit::kNone;
            return decode_numeric_zone(end, time.zone);
        }
        if (prefix_ == TimeUnit::kNone && (seen_ & (kMonthBit | kDayBit)) != (kMonthBit | kDayBit))
            return read_date(field());
        if (!is_digit(field()) && prefix_ == TimeUnit::kNone) return read_zone_name();
        if (prefix_ != TimeUnit::kNone && prefix_ != TimeUnit::kTime)
            return DecodeError::kBadFormat;
        prefix_ = TimeUnit::kNone;
        return read_time_with_zone(seen_);
    }

    DecodeError read_date_of_time() {
        std::size_t last = fields_.count - 1;
        if (index_ == 0 && fields_.count >= 2 &&
            (kind(last) == Kind::kDate || kind(1) == Kind::kTime))
            return read_date(field());
        return is_digit(field()) ? read_time_with_zone(seen_ | kDateBits) : read_zone_name();
    }

    /// hhmmss-zz
    DecodeError read_time_with_zone(unsigned seen) {
        if ((seen_ & kTimeBits) == kTimeBits) return DecodeError::kBadFormat;
        char* zone = std::strchr(field(), '-');
        if (zone == nullptr) return DecodeError::kBadFormat;
        DecodeError error = decode_numeric_zone(zone, time.zone);
        if (error != DecodeError::kNone) return error;
        *zone = '\0';
        error = read_run_together(field(), seen);
        read_ |= kZoneBit;
        return error;
    }

    DecodeError read_zone_name() {
        named_zone_ = TimeZone::find(field());
        if (named_zone_ == nullptr)
            throw SqlError("22023", "time zone \"" + std::string(field()) + "\" not recognized");
        read_ = kZoneBit;
        return DecodeError::kNone;
    }

    DecodeError read_time_field() {
        if (!time_only_) {
            if (prefix_ != TimeUnit::kNone && prefix_ != TimeUnit::kTime)
                return DecodeError::kBadFormat;
            prefix_ = TimeUnit::kNone;
        }
        TimeText text;
        DecodeError error = datetime_words::read_time(field(), false, text);
        if (error != DecodeError::kNone) return error;
        if (text.hour > INT32_MAX) return DecodeError::kFieldOverflow;
        read_ = kTimeBits;
        time.hour = static_cast<int>(text.hour);
        time.minute = text.minute;
        time.second = text.second;
        time.microsecond = text.microsecond;
        if (!time_only_ && time_overflows(time.hour, time.minute, time.second, time.microsecond))
            return DecodeError::kFieldOverflow;
        return DecodeError::kNone;
    }

    /// A number after a label: y2001m02d04, J2451187, T040506.
    DecodeError read_prefixed() {
        const char* end = nullptr;
        bool overflow = false;
        int value = read_int32(field(), &end, overflow);
        if (overflow) return DecodeError::kFieldOverflow;
        bool decimal = *end == '.';
        if (!decimal && *end != '\0') return DecodeError::kBadFormat;
        if (decimal && prefix_ != TimeUnit::kJulian && prefix_ != TimeUnit::kTime &&
            prefix_ != TimeUnit::kSecond)
            return DecodeError::kBadFormat;
        TimeUnit unit = prefix_;
        prefix_ = TimeUnit::kNone;
        special = SpecialDate::kNone;
        switch (unit) {
            case TimeUnit::kYear:
                return set(time.year, value, kYearBit);
            case TimeUnit::kMonth:
                // "m" after a month and an hour means minutes
                if ((seen_ & kMonthBit) != 0 && (seen_ & kHourBit) != 0)
                    return set(time.minute, value, kMinuteBit);
                return set(time.month, value, kMonthBit);
            case TimeUnit::kDay:
                return set(time.day, value, kDayBit);
            case TimeUnit::kHour:
                return set(time.hour, value, kHourBit);
            case TimeUnit::kMinute:
                return set(time.minute, value, kMinuteBit);
            case TimeUnit::kSecond:
                set(time.second, value, decimal ? kSecondBit | kFractionBits : kSecondBit);
                if (decimal && !read_fraction_micros(end, time.microsecond))
                    return DecodeError::kBadFormat;
                return DecodeError::kNone;
            case TimeUnit::kJulian:
                return read_julian(value, end);
            case TimeUnit::kTime: {
                DecodeError error = read_run_together(field(), seen_ | kDateBits);
                if (error != DecodeError::kNone) return error;
                return read_ == kTimeBits ? DecodeError::kNone : DecodeError::kBadFormat;
            }
            default:
                return DecodeError::kBadFormat;
        }
    }

    DecodeError set(int& target, int value, unsigned bits) {
        target = value;
        read_ = bits;
        return DecodeError::kNone;
    }

    DecodeError read_julian(int value, const char* end) {
        if (value < 0) return DecodeError::kFieldOverflow;
        date_from_julian(value, time.year, time.month, time.day);
        julian_ = true;
        read_ = kDateBits;
        if (*end != '.') return DecodeError::kNone;
        double fraction = 0;
        if (!datetime_words::read_fraction(end, fraction)) return DecodeError::kBadFormat;
        break_time(static_cast<std::int64_t>(fraction * static_cast<double>(kMicrosPerDay)), time);
        read_ |= kTimeBits;
        return DecodeError::kNone;
    }

    DecodeError read_number() {
        std::size_t length = std::strlen(field());
        const char* point = std::strchr(field(), '.');
        std::size_t before = point != nullptr ? static_cast<std::size_t>(point - field()) : 0;
        if (time_only_) {
            if (point != nullptr) {
                if (index_ == 0 && fields_.count >= 2 && kind(fields_.count - 1) == Kind::kDate)
                    return read_date(field());
                if (before > 2) return read_run_together(field(), seen_ | kDateBits);
                return DecodeError::kBadFormat;
            }
            if (length > 4) return read_run_together(field(), seen_ | kDateBits);
            return read_one_number(field(), length, false, seen_ | kDateBits);
        }
        if (point != nullptr && (seen_ & kDateBits) == 0) return read_date(field());
        if (point != nullptr && before > 2) return read_run_together(field(), seen_);
        if (length >= 6 && ((seen_ & kDateBits) == 0 || (seen_ & kTimeBits) == 0))
            return read_run_together(field(), seen_);
        return read_one_number(field(), length, text_month_, seen_);
    }

    /// A date with its separators.
    DecodeError read_date(char* text) {
        char* parts[DateTimeFields::kMaxFields];
        std::size_t count = 0;
        while (*text != '\0' && count < DateTimeFields::kMaxFields) {
            while (*text != '\0' && !ascii_alnum(*text)) ++text;
            if (*text == '\0') return DecodeError::kBadFormat;
            parts[count++] = text;
            bool digits = ascii_digit(*text);
            while (digits ? ascii_digit(*text) : ascii_alpha(*text)) ++text;
            if (*text != '\0') *text++ = '\0';
        }
        unsigned seen = seen_, found = 0;
        bool text_month = false;
        for (std::size_t i = 0; i < count; ++i) {  // a month by name decides what numbers mean
            if (!ascii_alpha(*parts[i])) continue;
            const Word* word = find_date_word(parts[i]);
            if (word != nullptr && word->kind == WordKind::kIgnored) continue;
            if (word == nullptr || word->kind != WordKind::kMonth) return DecodeError::kBadFormat;
            time.month = word->value;
            text_month = true;
            if ((seen & kMonthBit) != 0) return DecodeError::kBadFormat;
            seen |= kMonthBit;
            found |= kMonthBit;
            parts[i] = nullptr;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (parts[i] == nullptr) continue;
            std::size_t length = std::strlen(parts[i]);
            if (length == 0) return DecodeError::kBadFormat;
            // A time in the date is refused below, so what it sets does not matter.
            DecodeError error = read_one_number(parts[i], length, text_month, seen);
            if (error != DecodeError::kNone) return error;
            if ((seen & read_) != 0) return DecodeError::kBadFormat;
            seen |= read_;
            found |= read_;
        }
        read_ = found;
        if ((seen & ~(kDayOfYearBit | kZoneBit)) != kDateBits) return DecodeError::kBadFormat;
        return DecodeError::kNone;
    }

    /// A number of one to several digits, by what of the date is there already and by DateOrder.
    DecodeError read_one_number(char* text, std::size_t length, bool text_month, unsigned seen) {
        read_ = 0;
        const char* end = nullptr;
        bool overflow = false;
        int value = read_int32(text, &end, overflow);
        if (overflow) return DecodeError::kFieldOverflow;
        if (end == text) return DecodeError::kBadFormat;
        if (*end == '.') {
            if (end - text > 2) return read_run_together(text, seen | kDateBits);
            if (!read_fraction_micros(end, time.microsecond)) return DecodeError::kBadFormat;
        } else if (*end != '\0') {
            return DecodeError::kBadFormat;
        }
        unsigned date = seen & kDateBits;
        if (length == 3 && date == kYearBit && value >= 1 && value <= 366)
            return set(time.yearday, value, kDayOfYearBit | kMonthBit | kDayBit);
        if (date == kDateBits) return read_run_together(text, seen);
        return set_date_part(value, length, text_month, date);
    }

    DecodeError set_date_part(int value, std::size_t length, bool text_month, unsigned date) {
        DateOrder order = env_.value_settings().date_order;
        bool year = length >= 3 || order == DateOrder::kYmd;
        switch (date) {
            case 0:
                if (year) return set_year(value, length);
                if (order == DateOrder::kDmy) return set(time.day, value, kDayBit);
                return set(time.month, value, kMonthBit);
            case kYearBit:
                return set(time.month, value, kMonthBit);
            case kMonthBit:
                if (text_month && year) return set_year(value, length);
                return set(time.day, value, kDayBit);
            case kYearBit | kMonthBit:
                if (text_month && length >= 3 && two_digit_year_) {
                    // DD-MON-YYYY under YMD: what looked like the year was the day
                    time.day = time.year;
                    time.year = value;
                    two_digit_year_ = false;
                    read_ = kDayBit;
                    return DecodeError::kNone;
                }
                return set(time.day, value, kDayBit);
            case kDayBit:
                return set(time.month, value, kMonthBit);
            case kMonthBit | kDayBit:
                return set_year(value, length);
            default:
                return DecodeError::kBadFormat;
        }
    }

    DecodeError set_year(int value, std::size_t length) {
        two_digit_year_ = length <= 2;
        return set(time.year, value, kYearBit);
    }

    /// 20240131, 240131, 040506.789, 0405
    DecodeError read_run_together(char* text, unsigned seen) {
        char* point = std::strchr(text, '.');
        std::size_t length = std::strlen(text);
        if (point != nullptr) {
            if (!read_fraction_micros(point, time.microsecond)) return DecodeError::kBadFormat;
            *point = '\0';
            length = static_cast<std::size_t>(point - text);
        } else if ((seen & kDateBits) != kDateBits && length >= 6) {
            time.day = to_int(text + length - 2);
            text[length - 2] = '\0';
            time.month = to_int(text + length - 4);
            text[length - 4] = '\0';
            time.year = to_int(text);
            if (length == 6) two_digit_year_ = true;
            read_ = kDateBits;
            return DecodeError::kNone;
        }
        if ((seen & kTimeBits) == kTimeBits || (length != 6 && length != 4))
            return DecodeError::kBadFormat;
        time.second = length == 6 ? to_int(text + 4) : 0;
        text[4] = '\0';
        time.minute = to_int(text + 2);
        text[2] = '\0';
        time.hour = to_int(text);
        read_ = kTimeBits;
        return DecodeError::kNone;
    }

    DecodeError read_word() {
        if (const ZoneAbbreviation* zone = find_zone_abbreviation(field()))
            return read_abbreviation(*zone);
        const Word* word = find_date_word(field());
        if (word == nullptr) {
            named_zone_ = TimeZone::find(field());
            read_ = kZoneBit;
            return named_zone_ != nullptr ? DecodeError::kNone : DecodeError::kBadFormat;
        }
        switch (word->kind) {
            case WordKind::kIgnored:
                skip_ = true;
                return DecodeError::kNone;
            case WordKind::kReserved:
                return read_reserved(word->value);
            case WordKind::kMonth:
                return time_only_ ? DecodeError::kBadFormat : read_month(word->value);
            case WordKind::kDaylight:
                read_ = kDaylightBit | kDaylightZoneBit;
                time.zone -= word->value;
                return DecodeError::kNone;
            case WordKind::kAmPm:
                read_ = kAmPmBit;
                half_day_ = word->value;
                return DecodeError::kNone;
            case WordKind::kEra:
                read_ = kEraBit;
                bc_ = word->value == 1;
                return DecodeError::kNone;
            case WordKind::kWeekday:
                read_ = kWeekdayBit;
                return time_only_ ? DecodeError::kBadFormat : DecodeError::kNone;
            case WordKind::kUnit:
                prefix_ = static_cast<TimeUnit>(word->value);
                return DecodeError::kNone;
            case WordKind::kIsoTime:
                return read_iso_time_mark();
            default:
                return DecodeError::kBadFormat;
        }
    }

    DecodeError read_abbreviation(const ZoneAbbreviation& row) {
        if (row.zone.empty()) {
            time.zone = -row.offset;
            read_ = row.is_dst ? kZoneBit | kDaylightZoneBit : kZoneBit;
        } else {
            dynamic_zone_ = TimeZone::find(row.zone);
            abbreviation_ = row.name;
            read_ = kZoneBit | kDynamicZoneBit;
            if (dynamic_zone_ == nullptr)
                throw SqlError("F0000",
                               "time zone \"" + std::string(row.zone) + "\" not recognized");
        }
        return DecodeError::kNone;
    }

    /// The "T" between date and time.
    DecodeError read_iso_time_mark() {
        if (!time_only_ && (seen_ & kDateBits) != kDateBits) return DecodeError::kBadFormat;
        if (index_ + 1 >= fields_.count) return DecodeError::kBadFormat;
        Kind next = kind(index_ + 1);
        if (next != Kind::kNumber && next != Kind::kTime && next != Kind::kDate)
            return DecodeError::kBadFormat;
        prefix_ = TimeUnit::kTime;
        return DecodeError::kNone;
    }

    DecodeError read_month(int month) {
        read_ = kMonthBit;
        // A number taken for the month was the day.
        if ((seen_ & kMonthBit) != 0 && !text_month_ && (seen_ & kDayBit) == 0 && time.month >= 1 &&
            time.month <= 31) {
            time.day = time.month;
            read_ = kDayBit;
        }
        text_month_ = true;
        time.month = month;
        return DecodeError::kNone;
    }

    BrokenTime now() {
        return broken_timestamptz(env_.transaction_timestamp(), session_time_zone(env_));
    }

    DecodeError read_reserved(int word) {
        switch (word) {
            case kNow: {
                BrokenTime current = now();
                if (time_only_) {
                    // the date too, as GetCurrentTimeUsec does: a zone by name may need it
                    current.zone = time.zone;
                    time = current;
                    read_ = kTimeBits;
                } else {
                    time = current;
                    read_ = kDateBits | kTimeBits | kZoneBit;
                }
                special = SpecialDate::kNone;
                return DecodeError::kNone;
            }
            case kZulu:
                time.hour = time.minute = time.second = 0;
                if (!time_only_) time.zone = 0;
                read_ = kTimeBits | kZoneBit;
                special = SpecialDate::kNone;
                return DecodeError::kNone;
            default:
                break;
        }
        if (time_only_) return DecodeError::kBadFormat;
        if (word == kToday || word == kTomorrow || word == kYesterday) {
            BrokenTime current = now();
            int shift = word == kToday ? 0 : (word == kTomorrow ? 1 : -1);
            int julian = julian_from_date(current.year, current.month, current.day) + shift;
            date_from_julian(julian, time.year, time.month, time.day);
            special = SpecialDate::kNone;
            read_ = kDateBits;
            return DecodeError::kNone;
        }
        special = word == kEpoch      ? SpecialDate::kEpoch
                  : word == kInfinity ? SpecialDate::kInfinity
                                      : SpecialDate::kMinusInfinity;
        read_ = kReservedBit;
        return DecodeError::kNone;
    }

    DecodeError check_date() {
        DateParts parts;
        parts.year = (seen_ & kYearBit) != 0;
        parts.month = (seen_ & kMonthBit) != 0;
        parts.day = (seen_ & kDayBit) != 0;
        parts.day_of_year = (seen_ & kDayOfYearBit) != 0;
        parts.julian = julian_;
        parts.two_digit_year = two_digit_year_;
        parts.bc = bc_;
        DecodeError error = validate_date(parts, time);
        if (error != DecodeError::kNone) return error;
        constexpr int kAm = 0, kPm = 1;
        if (half_day_ >= 0 && time.hour > 12) return DecodeError::kFieldOverflow;
        if (half_day_ == kAm && time.hour == 12) time.hour = 0;
        if (half_day_ == kPm && time.hour != 12) time.hour += 12;
        return DecodeError::kNone;
    }

    DecodeError finish() { return time_only_ ? finish_time() : finish_datetime(); }

    DecodeError finish_datetime() {
        if (special != SpecialDate::kNone) return DecodeError::kNone;
        if ((seen_ & kDateBits) != kDateBits) return DecodeError::kBadFormat;
        bool daylight = (seen_ & kDaylightBit) != 0;
        bool zone_needed = (seen_ & kZoneBit) == 0;
        if (daylight && (named_zone_ != nullptr || dynamic_zone_ != nullptr || zone_needed))
            return DecodeError::kBadFormat;
        if (named_zone_ != nullptr) time.zone = zone_offset_of_local(time, *named_zone_);
        if (dynamic_zone_ != nullptr)
            time.zone = abbreviation_offset_of_local(time, abbreviation_, *dynamic_zone_);
        if (zone_needed) time.zone = zone_offset_of_local(time, session_time_zone(env_));
        return DecodeError::kNone;
    }

    DecodeError finish_time() {
        if (time_overflows(time.hour, time.minute, time.second, time.microsecond))
            return DecodeError::kFieldOverflow;
        if ((seen_ & kTimeBits) != kTimeBits) return DecodeError::kBadFormat;
        bool daylight = (seen_ & kDaylightBit) != 0;
        bool whole_date = (seen_ & kDateBits) == kDateBits;
        if (named_zone_ != nullptr) {
            if (daylight) return DecodeError::kBadFormat;
            if (auto offset = named_zone_->constant_offset())
                time.zone = -*offset;
            else if (!whole_date)
                return DecodeError::kBadFormat;
            else
                time.zone = zone_offset_of_local(time, *named_zone_);
        }
        bool zone_needed = (seen_ & kZoneBit) == 0;
        if (dynamic_zone_ == nullptr && !zone_needed) return DecodeError::kNone;
        if (daylight) return DecodeError::kBadFormat;
        if ((seen_ & kDateBits) != 0 && !whole_date) return DecodeError::kBadFormat;
        BrokenTime probe = whole_date ? time : now();
        probe.hour = time.hour;
        probe.minute = time.minute;
        probe.second = time.second;
        time.zone = dynamic_zone_ != nullptr
                        ? abbreviation_offset_of_local(probe, abbreviation_, *dynamic_zone_)
                        : zone_offset_of_local(probe, session_time_zone(env_));
        return DecodeError::kNone;
    }

    Environment& env_;
    DateTimeFields& fields_;
    bool time_only_;
    std::size_t index_ = 0;
    unsigned seen_ = 0, read_ = 0;  ///< of the fields before, of this field
    bool skip_ = false;
    TimeUnit prefix_ = TimeUnit::kNone;  ///< the label that the next number belongs to
    bool text_month_ = false, julian_ = false, two_digit_year_ = false, bc_ = false;
    int half_day_ = -1;
    const TimeZone* named_zone_ = nullptr;
    const TimeZone* dynamic_zone_ = nullptr;
    std::string_view abbreviation_;
};

}  // namespace

DecodeError split_datetime(std::string_view text, std::size_t buffer_size, DateTimeFields& fields) {
    fields.count = 0;
    return Splitter(text, buffer_size, fields).run() ? DecodeError::kNone : DecodeError::kBadFormat;
}

DecodeError decode_numeric_zone(const char* text, int& zone) {
    if (*text != '+' && *text != '-') return DecodeError::kBadFormat;
    const char* end = nullptr;
    bool overflow = false;
    int hours = read_int32(text + 1, &end, overflow);
    int minutes = 0, seconds = 0;
    if (!overflow && *end == ':') {
        const char* next = end + 1;
        minutes = read_int32(next, &end, overflow);
        if (!overflow && *end == ':') {
            next = end + 1;
            seconds = read_int32(next, &end, overflow);
        }
    } else if (!overflow && *end == '\0' && std::strlen(text) > 3) {  // hhmm
        minutes = hours % 100;
        hours /= 100;
    }
    constexpr int kMaxHours = 15;
    if (overflow || hours < 0 || hours > kMaxHours || minutes < 0 || minutes > 59 || seconds < 0 ||
        seconds > 59)
        return DecodeError::kZoneOverflow;
    int offset = (hours * 60 + minutes) * 60 + seconds;
    zone = *text == '-' ? offset : -offset;
    return *end == '\0' ? DecodeError::kNone : DecodeError::kBadFormat;
}

DecodeError validate_date(const DateParts& parts, BrokenTime& fields) {
    if (parts.year && !parts.julian) {
        if (parts.bc) {
            if (fields.year <= 0) return DecodeError::kFieldOverflow;
            fields.year = -(fields.year - 1);
        } else if (parts.two_digit_year) {
            if (fields.year < 0) return DecodeError::kFieldOverflow;
            if (fields.year < 70)
                fields.year += 2000;
            else if (fields.year < 100)
                fields.year += 1900;
        } else if (fields.year <= 0) {
            return DecodeError::kFieldOverflow;
        }
    }
    if (parts.day_of_year)
        date_from_julian(julian_from_date(fields.year, 1, 1) + fields.yearday - 1, fields.year,
                         fields.month, fields.day);
    if (parts.month && (fields.month < 1 || fields.month > 12))
        return DecodeError::kMonthDayOverflow;
    if (parts.day && (fields.day < 1 || fields.day > 31)) return DecodeError::kMonthDayOverflow;
    if (parts.year && parts.month && parts.day &&
        fields.day > days_in_month(fields.year, fields.month))
        return DecodeError::kFieldOverflow;
    return DecodeError::kNone;
}

DecodeError decode_datetime(Environment& env, DateTimeFields& fields, DecodedDateTime& out) {
    Decoder decoder(env, fields, false);
    DecodeError error = decoder.run();
    out.time = decoder.time;
    out.special = decoder.special;
    return error;
}

DecodeError decode_time_only(Environment& env, DateTimeFields& fields, BrokenTime& out) {
    Decoder decoder(env, fields, true);
    DecodeError error = decoder.run();
    out = decoder.time;
    return error;
}

}  // namespace cdcsim::pg
