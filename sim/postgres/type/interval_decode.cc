#include <charconv>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/datetime_words.h"

namespace cdcsim::pg {

using namespace datetime_words;
using Kind = DateTimeFields::Kind;

namespace {

/// Adds a number of a unit to the fields. All return false on overflow; |fraction| < 1.
class IntervalSum {
  public:
    explicit IntervalSum(IntervalFields& fields) : fields_(fields) {}

    bool micros(std::int64_t value, double fraction, std::int64_t scale) {
        std::int64_t product = 0;
        return !__builtin_mul_overflow(value, scale, &product) &&
               !__builtin_add_overflow(fields_.microseconds, product, &fields_.microseconds) &&
               fraction_of_micros(fraction, scale);
    }
    bool days(std::int64_t value, double fraction, int scale) {
        int whole = 0;
        if (!fits(value) || __builtin_mul_overflow(static_cast<int>(value), scale, &whole) ||
            __builtin_add_overflow(fields_.days, whole, &fields_.days))
            return false;
        return scale == 1 ? fraction_of_micros(fraction, kMicrosPerDay)
                          : fraction_of_days(fraction, scale);
    }
    bool months(std::int64_t value, double fraction) {
        constexpr int kDaysPerMonth = 30;
        return fits(value) &&
               !__builtin_add_overflow(fields_.months, static_cast<int>(value), &fields_.months) &&
               fraction_of_days(fraction, kDaysPerMonth);
    }
    bool years(std::int64_t value, double fraction, int scale) {
        int whole = 0;
        if (!fits(value) || __builtin_mul_overflow(static_cast<int>(value), scale, &whole) ||
            __builtin_add_overflow(fields_.years, whole, &fields_.years))
            return false;
        int extra = static_cast<int>(std::rint(fraction * scale * 12));
        return !__builtin_add_overflow(fields_.months, extra, &fields_.months);
    }

  private:
    static bool fits(std::int64_t value) { return value >= INT32_MIN && value <= INT32_MAX; }

    bool fraction_of_micros(double fraction, std::int64_t scale) {
        if (fraction == 0) return true;
        fraction *= static_cast<double>(scale);
        std::int64_t whole = static_cast<std::int64_t>(fraction);
        fraction -= static_cast<double>(whole);
        if (fraction > 0.5)
            ++whole;
        else if (fraction < -0.5)
            --whole;
        return !__builtin_add_overflow(fields_.microseconds, whole, &fields_.microseconds);
    }
    bool fraction_of_days(double fraction, int scale) {
        if (fraction == 0) return true;
        fraction *= scale;
        int whole = static_cast<int>(fraction);
        if (__builtin_add_overflow(fields_.days, whole, &fields_.days)) return false;
        return fraction_of_micros(fraction - whole, kMicrosPerDay);
    }

    IntervalFields& fields_;
};

constexpr int kMonthMask = 1 << 1, kYearMask = 1 << 2, kDayMask = 1 << 3, kHourMask = 1 << 10,
              kMinuteMask = 1 << 11, kSecondMask = 1 << 12;

/// The unit of a number that has none: the last one that the typmod's range allows.
TimeUnit unit_of_range(int range) {
    if (range == kIntervalFullRange || (range & kSecondMask) != 0) return TimeUnit::kSecond;
    if ((range & kMinuteMask) != 0) return TimeUnit::kMinute;
    if ((range & kHourMask) != 0) return TimeUnit::kHour;
    if ((range & kDayMask) != 0) return TimeUnit::kDay;
    if ((range & kMonthMask) != 0) return TimeUnit::kMonth;
    return (range & kYearMask) != 0 ? TimeUnit::kYear : TimeUnit::kSecond;
}

// What has been read, as bits: one for each unit, all of a time.
constexpr unsigned bit(TimeUnit unit) {
    return 1u << static_cast<unsigned>(unit);
}
constexpr unsigned kSecondBits =
    bit(TimeUnit::kSecond) | bit(TimeUnit::kMillisecond) | bit(TimeUnit::kMicrosecond);
constexpr unsigned kTimeBits = bit(TimeUnit::kHour) | bit(TimeUnit::kMinute) | kSecondBits;

/// The fields from right to left, so that a unit is known before its number.
class IntervalDecoder {
  public:
    IntervalDecoder(Environment& env, DateTimeFields& fields, int range, IntervalFields& out)
        : fields_(fields), range_(range), out_(out), sum_(out) {
        bool standard = env.value_settings().interval_style == IntervalStyle::kSqlStandard;
        negative_ = standard && fields.count > 0 && *fields.text[0] == '-';
        for (std::size_t i = 1; i < fields.count; ++i) {
            if (*fields.text[i] == '-' || *fields.text[i] == '+') negative_ = false;
        }
    }

    DecodeError run() {
        unsigned seen = 0;
        for (std::size_t i = fields_.count; i-- > 0;) {
            read_ = 0;
            DecodeError error = read_field(fields_.text[i], fields_.kind[i]);
            if (error != DecodeError::kNone) return error;
            if ((read_ & seen) != 0) return DecodeError::kBadFormat;
            seen |= read_;
        }
        if (seen == 0) return DecodeError::kBadFormat;
        return ago_ ? negate_all() : DecodeError::kNone;
    }

  private:
    DecodeError read_field(const char* text, Kind kind) {
        switch (kind) {
            case Kind::kTime:
                return read_time_part(text, false);
            case Kind::kZone:  // a sign and a number, maybe a time
                if (std::strchr(text + 1, ':') != nullptr) {
                    if (read_time_part(text + 1, *text == '-') == DecodeError::kNone)
                        return DecodeError::kNone;
                }
                return read_number(text);
            case Kind::kDate:
            case Kind::kNumber:
                return read_number(text);
            default:
                return read_word(text);
        }
    }

    DecodeError read_time_part(const char* text, bool minus) {
        TimeText time;
        DecodeError error =
            datetime_words::read_time(text, range_ == (kMinuteMask | kSecondMask), time);
        if (error != DecodeError::kNone) return error;
        std::int64_t sum = time.microsecond;
        std::int64_t hours = 0;
        if (__builtin_mul_overflow(time.hour, kMicrosPerHour, &hours) ||
            __builtin_add_overflow(sum, hours, &sum) ||
            __builtin_add_overflow(sum, time.minute * kMicrosPerMinute, &sum) ||
            __builtin_add_overflow(sum, time.second * kMicrosPerSecond, &sum))
            return DecodeError::kFieldOverflow;
        if (minus) sum = -sum;
        out_.microseconds = negative_ && sum > 0 ? -sum : sum;
        read_ = kTimeBits;
        unit_ = TimeUnit::kDay;  // of a number to the left
        return DecodeError::kNone;
    }

    DecodeError read_number(const char* text) {
        if (unit_ == TimeUnit::kNone && !after_ago_) unit_ = unit_of_range(range_);
        const char* end = nullptr;
        bool overflow = false;
        double fraction = 0;
        std::int64_t value = read_int64(text, &end, overflow);
        if (overflow) return DecodeError::kFieldOverflow;
        if (*end == '-') {  // years-months
            const char* next = end + 1;
            int months = read_int32(next, &end, overflow);
            if (overflow || months < 0 || months >= 12) return DecodeError::kFieldOverflow;
            if (*end != '\0') return DecodeError::kBadFormat;
            unit_ = TimeUnit::kMonth;
            if (__builtin_mul_overflow(value, std::int64_t{12}, &value) ||
                __builtin_add_overflow(value, std::int64_t{*text == '-' ? -months : months},
                                       &value))
                return DecodeError::kFieldOverflow;
        } else if (*end == '.') {
            if (!datetime_words::read_fraction(end, fraction)) return DecodeError::kBadFormat;
            if (*text == '-') fraction = -fraction;
        } else if (*end != '\0') {
            return DecodeError::kBadFormat;
        }
        if (negative_) {
            if (value > 0) value = -value;
            if (fraction > 0) fraction = -fraction;
        }
        return add(value, fraction);
    }

    DecodeError add(std::int64_t value, double fraction) {
        bool fits = false;
        read_ = bit(unit_);
        switch (unit_) {
            case TimeUnit::kMicrosecond:
                fits = sum_.micros(value, fraction, 1);
                break;
            case TimeUnit::kMillisecond:
                fits = sum_.micros(value, fraction, 1000);
                break;
            case TimeUnit::kSecond:
                fits = sum_.micros(value, fraction, kMicrosPerSecond);
                if (fraction != 0) read_ = kSecondBits;
                break;
            case TimeUnit::kMinute:
                fits = sum_.micros(value, fraction, kMicrosPerMinute);
                break;
            case TimeUnit::kHour:
                fits = sum_.micros(value, fraction, kMicrosPerHour);
                unit_ = TimeUnit::kDay;  // of a number to the left
                break;
            case TimeUnit::kDay:
                fits = sum_.days(value, fraction, 1);
                break;
            case TimeUnit::kWeek:
                fits = sum_.days(value, fraction, 7);
                break;
            case TimeUnit::kMonth:
                fits = sum_.months(value, fraction);
                break;
            case TimeUnit::kYear:
                fits = sum_.years(value, fraction, 1);
                break;
            case TimeUnit::kDecade:
                fits = sum_.years(value, fraction, 10);
                break;
            case TimeUnit::kCentury:
                fits = sum_.years(value, fraction, 100);
                break;
            case TimeUnit::kMillennium:
                fits = sum_.years(value, fraction, 1000);
                break;
            default:
                return DecodeError::kBadFormat;
        }
        return fits ? DecodeError::kNone : DecodeError::kFieldOverflow;
    }

    DecodeError read_word(const char* text) {
        const Word* word = find_interval_word(text);
        if (word == nullptr) return DecodeError::kBadFormat;
        after_ago_ = word->kind == WordKind::kAgo;
        unit_ =
            word->kind == WordKind::kUnit ? static_cast<TimeUnit>(word->value) : TimeUnit::kNone;
        if (after_ago_) ago_ = true;
        return DecodeError::kNone;
    }

    DecodeError negate_all() {
        if (out_.microseconds == INT64_MIN || out_.days == INT32_MIN || out_.months == INT32_MIN ||
            out_.years == INT32_MIN)
            return DecodeError::kFieldOverflow;
        out_ = {-out_.years, -out_.months, -out_.days, -out_.microseconds};
        return DecodeError::kNone;
    }

    DateTimeFields& fields_;
    int range_;
    IntervalFields& out_;
    IntervalSum sum_;
    TimeUnit unit_ = TimeUnit::kNone;
    unsigned read_ = 0;
    bool negative_ = false;  ///< SQL standard style: the first sign is for all fields
    bool ago_ = false, after_ago_ = false;
};

/// P1Y2M3DT4H5M6.7S, P1-2-3T4:5:6, P00010203T040506
class Iso8601Decoder {
  public:
    Iso8601Decoder(const char* text, IntervalFields& out) : at_(text), sum_(out) {}

    DecodeError run() {
        if (at_[0] != 'P' || at_[1] == '\0') return DecodeError::kBadFormat;
        ++at_;
        while (*at_ != '\0' && !done_) {
            if (*at_ == 'T') {
                ++at_;
                begin_time();
                continue;
            }
            DecodeError error = read_number();
            if (error != DecodeError::kNone) return error;
            char unit = *at_;
            if (unit != '\0') ++at_;
            error = date_part_ ? add_date(unit) : add_time(unit);
            if (error != DecodeError::kNone) return error;
        }
        return DecodeError::kNone;
    }

  private:
    void begin_time() {
        date_part_ = false;
        have_field_ = false;
    }

    DecodeError read_number() {
        start_ = at_;
        if (!ascii_digit(*at_) && *at_ != '-' && *at_ != '.') return DecodeError::kBadFormat;
        double value = 0;
        auto [stop, error] = std::from_chars(at_, at_ + std::strlen(at_), value);
        if (error != std::errc()) return DecodeError::kBadFormat;
        at_ = stop;
        if (std::isnan(value) || value < -1e15 || value > 1e15) return DecodeError::kFieldOverflow;
        value_ = static_cast<std::int64_t>(value);
        fraction_ = value - static_cast<double>(value_);
        return DecodeError::kNone;
    }

    std::size_t digits() const {
        return std::strspn(*start_ == '-' ? start_ + 1 : start_, "0123456789");
    }

    static DecodeError overflow_unless(bool fits) {
        return fits ? DecodeError::kNone : DecodeError::kFieldOverflow;
    }

    DecodeError add_date(char unit) {
        bool fits = false;
        switch (unit) {
            case 'Y':
                fits = sum_.years(value_, fraction_, 1);
                break;
            case 'M':
                fits = sum_.months(value_, fraction_);
                break;
            case 'W':
                fits = sum_.days(value_, fraction_, 7);
                break;
            case 'D':
                fits = sum_.days(value_, fraction_, 1);
                break;
            case 'T':
            case '\0':
                if (digits() == 8 && !have_field_) {
                    fits = sum_.years(value_ / 10000, 0, 1) && sum_.months(value_ / 100 % 100, 0) &&
                           sum_.days(value_ % 100, fraction_, 1);
                    done_ = unit == '\0';
                    if (!done_) begin_time();
                    return overflow_unless(fits);
                }
                return add_alternative_date(unit);
            case '-':
                return add_alternative_date(unit);
            default:
                return DecodeError::kBadFormat;
        }
        have_field_ = true;
        return overflow_unless(fits);
    }

    DecodeError add_alternative_date(char unit) {
        if (have_field_) return DecodeError::kBadFormat;
        if (!sum_.years(value_, fraction_, 1)) return DecodeError::kFieldOverflow;
        if (unit == '\0') return done_ = true, DecodeError::kNone;
        if (unit == 'T') return begin_time(), DecodeError::kNone;
        for (bool day : {false, true}) {
            DecodeError error = read_number();
            if (error != DecodeError::kNone) return error;
            if (!(day ? sum_.days(value_, fraction_, 1) : sum_.months(value_, fraction_)))
                return DecodeError::kFieldOverflow;
            if (*at_ == '\0') return done_ = true, DecodeError::kNone;
            if (*at_ == 'T') return begin_time(), DecodeError::kNone;
            if (day || *at_ != '-') return DecodeError::kBadFormat;
            ++at_;
        }
        return DecodeError::kNone;
    }

    DecodeError add_time(char unit) {
        bool fits = false;
        switch (unit) {
            case 'H':
                fits = sum_.micros(value_, fraction_, kMicrosPerHour);
                break;
            case 'M':
                fits = sum_.micros(value_, fraction_, kMicrosPerMinute);
                break;
            case 'S':
                fits = sum_.micros(value_, fraction_, kMicrosPerSecond);
                break;
            case '\0':
                if (digits() == 6 && !have_field_) {
                    done_ = true;
                    return overflow_unless(sum_.micros(value_ / 10000, 0, kMicrosPerHour) &&
                                           sum_.micros(value_ / 100 % 100, 0, kMicrosPerMinute) &&
                                           sum_.micros(value_ % 100, 0, kMicrosPerSecond) &&
                                           sum_.micros(0, fraction_, 1));
                }
                return add_alternative_time(unit);
            case ':':
                return add_alternative_time(unit);
            default:
                return DecodeError::kBadFormat;
        }
        have_field_ = true;
        return overflow_unless(fits);
    }

    DecodeError add_alternative_time(char unit) {
        if (have_field_) return DecodeError::kBadFormat;
        if (!sum_.micros(value_, fraction_, kMicrosPerHour)) return DecodeError::kFieldOverflow;
        done_ = true;
        if (unit == '\0') return DecodeError::kNone;
        for (bool second : {false, true}) {
            DecodeError error = read_number();
            if (error != DecodeError::kNone) return error;
            if (!sum_.micros(value_, fraction_, second ? kMicrosPerSecond : kMicrosPerMinute))
                return DecodeError::kFieldOverflow;
            if (*at_ == '\0') return DecodeError::kNone;
            if (second || *at_ != ':') return DecodeError::kBadFormat;
            ++at_;
        }
        return DecodeError::kNone;
    }

    const char* at_;
    const char* start_ = nullptr;
    IntervalSum sum_;
    std::int64_t value_ = 0;
    double fraction_ = 0;
    bool date_part_ = true, have_field_ = false, done_ = false;
};

}  // namespace

DecodeError decode_interval(Environment& env, DateTimeFields& fields, int range,
                            IntervalFields& out) {
    out = {};
    return IntervalDecoder(env, fields, range, out).run();
}

DecodeError decode_iso8601_interval(std::string_view text, IntervalFields& out) {
    out = {};
    std::string ended(text);
    return Iso8601Decoder(ended.c_str(), out).run();
}

Interval interval_from_text(Environment& env, std::string_view text, std::int32_t typmod) {
    constexpr std::size_t kBufferSize = 256;
    int range = typmod >= 0 ? typmod >> 16 & kIntervalFullRange : kIntervalFullRange;
    DateTimeFields fields;
    IntervalFields parts;
    DecodeError error = split_datetime(text, kBufferSize, fields);
    if (error == DecodeError::kNone) error = decode_interval(env, fields, range, parts);
    if (error == DecodeError::kBadFormat) error = decode_iso8601_interval(text, parts);
    if (error == DecodeError::kFieldOverflow) error = DecodeError::kIntervalOverflow;
    if (error != DecodeError::kNone) throw_decode_error(error, text, "interval");
    std::int64_t months = std::int64_t{parts.years} * 12 + parts.months;
    if (months < INT32_MIN || months > INT32_MAX) throw_interval_out_of_range();
    return round_interval({static_cast<std::int32_t>(months), parts.days, parts.microseconds},
                          typmod);
}

}  // namespace cdcsim::pg
