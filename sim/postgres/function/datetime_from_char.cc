// to_date(text, text) and to_timestamp(text, text). Mirrors DCH_from_char and do_to_timestamp of
// formatting.c.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_template.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/datetime_decode.h"
#include "sim/postgres/type/datetime_words.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using enum TemplateField;

/// What the text said; 0 is "nothing".
struct FromChar {
    DateMode mode = DateMode::kNone;
    int hour = 0, pm = 0, minute = 0, second = 0, seconds_of_day = 0;
    int weekday = 0;  ///< 1 is Sunday
    int day = 0, yearday = 0, month = 0, millisecond = 0, microsecond = 0;
    int year = 0, year_digits = 0, bc = 0, week = 0, week_of_month = 0, century = 0, julian = 0;
    bool clock12 = false;
    int zone_sign = 0, zone_hour = 0, zone_minute = 0;
    int fraction_digits = 0;
};

/// The year that one to three digits mean: the one nearest to 2020.
int complete_year(int year) {
    if (year < 70) return year + 2000;
    if (year < 100) return year + 1900;
    if (year < 520) return year + 2000;
    return year < 1000 ? year + 1000 : year;
}

class Reader {
  public:
    Reader(const std::string& text, std::span<const TemplateNode> nodes)
        : at_(text.c_str()), nodes_(nodes) {}

    FromChar run() {
        for (index_ = 0; index_ < nodes_.size() && *at_ != '\0'; ++index_) {
            const TemplateNode& node = nodes_[index_];
            bool pattern = node.kind == TemplateNode::Kind::kPattern;
            bool fx = pattern && node.pattern->field == kFixed;
            if (!fixed_ && !fx && (pattern || index_ == 0)) skip_spaces();
            if (!pattern) {
                pass_literal(node);
                continue;
            }
            set_mode(node.pattern->mode);
            read(node);
            if (fixed_) continue;
            skipped_ = 0;
            skip_spaces();
        }
        return out_;
    }

  private:
    const TemplateNode& node() const { return nodes_[index_]; }
    std::string_view name() const { return node().pattern->name; }

    void skip_spaces() {
        for (; ascii_space(*at_); ++at_) ++skipped_;
    }
    void skip_character() {
        if (*at_ == '\0') return;
        ++at_;
        while ((static_cast<unsigned char>(*at_) & 0xC0) == 0x80) ++at_;
    }

    /// What stands between patterns: a separator of the template matches one of the text, or
    /// nothing; other text stands for one character, unless more was skipped before.
    void pass_literal(const TemplateNode& literal) {
        if (fixed_) return skip_character();
        if (literal.kind != TemplateNode::Kind::kText) {
            --skipped_;
            if (ascii_space(*at_) || is_template_separator(*at_)) {
                ++at_;
                ++skipped_;
            }
        } else if (skipped_ > 0) {
            --skipped_;
        } else {
            skip_character();
        }
    }

    void set_mode(DateMode mode) {
        if (mode == DateMode::kNone) return;
        if (out_.mode != DateMode::kNone && out_.mode != mode)
            throw SqlError("22007", "invalid combination of date conventions")
                .hint(
                    "Do not mix Gregorian and ISO week date conventions in a formatting template.");
        out_.mode = mode;
    }

    void set(int& target, int value) {
        if (target != 0 && target != value)
            throw SqlError("22007", "conflicting values for \"" + std::string(name()) +
                                        "\" field in formatting string")
                .detail("This value contradicts a previous setting for the same field type.");
        target = value;
    }

    /// True if what follows in the template is no digit, so that a number may be of any length.
    bool next_is_no_digit() const {
        if (node().ordinal || index_ + 1 == nodes_.size()) return true;
        const TemplateNode& next = nodes_[index_ + 1];
        if (next.kind == TemplateNode::Kind::kPattern) return !next.pattern->digits;
        return !(next.text.size() == 1 && ascii_digit(next.text[0]));
    }

    /// Reads a number of `length` digits, or of any length; gives how many characters it took.
    int number(int& target, std::size_t length) {
        const char* start = at_;
        while (ascii_space(*at_)) ++at_;
        std::string copy(at_, std::min(length, std::strlen(at_)));
        std::string field = '"' + std::string(name()) + '"';
        const char* end = nullptr;
        bool overflow = false;
        std::int64_t value = 0;
        if (node().fill_mode || next_is_no_digit()) {
            value = datetime_words::read_int64(at_, &end, overflow);
            at_ = end == at_ ? start : end;
        } else {
            constexpr const char* kHint =
                "If your source string is not fixed-width, try using the \"FM\" modifier.";
            std::string needed =
                "Field requires " + std::to_string(length) + " characters, but only ";
            if (copy.size() < length)
                throw SqlError("22007",
                               "source string too short for " + field + " formatting field")
                    .detail(needed + std::to_string(copy.size()) + " remain.")
                    .hint(kHint);
            value = datetime_words::read_int64(copy.c_str(), &end, overflow);
            std::size_t used = static_cast<std::size_t>(end - copy.c_str());
            if (used > 0 && used < length)
                throw SqlError("22007", "invalid value \"" + copy + "\" for " + field)
                    .detail(needed + std::to_string(used) + " could be parsed.")
                    .hint(kHint);
            at_ += used;
        }
        if (at_ == start)
            throw SqlError("22007", "invalid value \"" + copy + "\" for " + field)
                .detail("Value must be an integer.");
        if (overflow || value < INT32_MIN || value > INT32_MAX)
            throw SqlError("22008", "value for " + field + " in source string is out of range")
                .detail("Value must be in the range -2147483648 to 2147483647.");
        set(target, static_cast<int>(value));
        return static_cast<int>(at_ - start);
    }
    int number(int& target) { return number(target, name().size()); }

    void skip_ordinal() {
        if (!node().ordinal) return;
        skip_character();
        skip_character();
    }

    /// The index of the name that the text begins with, whatever its letter case.
    template <typename Names>
    int word(const Names& names, std::size_t length = std::string_view::npos) {
        int index = 0;
        for (std::string_view candidate : names) {
            candidate = candidate.substr(0, length);
            std::size_t i = 0;
            while (i < candidate.size() && ascii_lower(at_[i]) == ascii_lower(candidate[i])) ++i;
            if (i == candidate.size()) return at_ += i, index;
            ++index;
        }
        std::size_t end = std::strcspn(at_, " \t\n\r\f");
        throw SqlError("22007", "invalid value \"" + std::string(at_, end) + "\" for \"" +
                                    std::string(name()) + '"')
            .detail("The given value did not match any of the allowed values for this field.");
    }

    void read(const TemplateNode& current) {
        static constexpr std::string_view kMeridiems[] = {"am", "pm"},
                                          kMeridiemsDotted[] = {"a.m.", "p.m."};
        static constexpr std::string_view kEras[] = {"ad", "bc"}, kErasDotted[] = {"a.d.", "b.c."};
        int ignored = 0;
        switch (current.pattern->field) {
            case kFixed:
                fixed_ = true;
                return;
            case kMeridiemDotted:
                set(out_.pm, word(kMeridiemsDotted));
                out_.clock12 = true;
                return;
            case kMeridiem:
                set(out_.pm, word(kMeridiems));
                out_.clock12 = true;
                return;
            case kEraDotted:
                set(out_.bc, word(kErasDotted));
                return;
            case kEra:
                set(out_.bc, word(kEras));
                return;
            case kMonthName:
                set(out_.month, word(kMonthNames) + 1);
                return;
            case kMonthShort:
                set(out_.month, word(kMonthNames, 3) + 1);
                return;
            case kDayName:
                set(out_.weekday, word(kDayNames));
                ++out_.weekday;
                return;
            case kDayShort:
                set(out_.weekday, word(kDayNames, 3));
                ++out_.weekday;
                return;
            case kRoman:
                set(out_.month, 12 - word(kRomanMonths));
                return;
            case kZone:
            case kOffset:
                throw SqlError("0A000", "formatting field \"" + std::string(name()) +
                                            "\" is only supported in to_char");
            case kZoneHour:
                read_zone_hour();
                return;
            case kZoneMinute:
                if (out_.zone_sign == 0) out_.zone_sign = 1;
                number(out_.zone_minute, 2);
                return;
            case kHour12:
                number(out_.hour, 2);
                out_.clock12 = true;
                break;
            case kHour24:
                number(out_.hour, 2);
                break;
            case kMinute:
                number(out_.minute);
                break;
            case kSecond:
                number(out_.second);
                break;
            case kMillisecond:
                read_millisecond();
                break;
            case kFraction1:
            case kFraction2:
            case kFraction3:
            case kFraction4:
            case kFraction5:
            case kFraction6:
                out_.fraction_digits = current.pattern->name.back() - '0';
                read_microsecond(out_.fraction_digits);
                break;
            case kMicrosecond:
                read_microsecond(6);
                break;
            case kSecondsOfDay:
                number(out_.seconds_of_day);
                break;
            case kMonth:
                number(out_.month);
                break;
            case kDayOfYear:
                number(out_.yearday);
                break;
            case kIsoDayOfYear:
                number(out_.yearday, 3);
                break;
            case kDay:
                number(out_.day);
                break;
            case kDayOfWeek:
                number(out_.weekday);
                break;
            case kIsoDayOfWeek:
                number(out_.weekday, 1);
                if (++out_.weekday > 7) out_.weekday = 1;
                break;
            case kWeekOfYear:
            case kIsoWeek:
                number(out_.week);
                break;
            case kQuarter:
                number(ignored);
                break;  // which day of the quarter? it is ignored
            case kCentury:
                number(out_.century);
                break;
            case kYearComma:
                read_year_with_comma();
                break;
            case kYear4:
            case kIsoYear4:
                number(out_.year);
                out_.year_digits = 4;
                break;
            case kYear3:
            case kIsoYear3:
                read_short_year(3);
                break;
            case kYear2:
            case kIsoYear2:
                read_short_year(2);
                break;
            case kYear1:
            case kIsoYear1:
                read_short_year(1);
                break;
            case kWeekOfMonth:
                number(out_.week_of_month);
                break;
            case kJulian:
                number(out_.julian);
                break;
        }
        skip_ordinal();
    }

    void read_millisecond() {  // 25 and 250 are 0.25, 025 is 0.025
        int length = number(out_.millisecond, 3);
        out_.millisecond *= length == 1 ? 100 : (length == 2 ? 10 : 1);
    }
    void read_microsecond(int digits) {
        int length = number(out_.microsecond, static_cast<std::size_t>(digits));
        constexpr int kScales[] = {1, 100'000, 10'000, 1000, 100, 10};
        if (length >= 1 && length <= 5) out_.microsecond *= kScales[length];
    }
    void read_short_year(int digits) {
        if (number(out_.year) < 4) out_.year = complete_year(out_.year);
        out_.year_digits = digits;
    }
    void read_zone_hour() {
        if (*at_ == '+' || *at_ == '-' || *at_ == ' ') {
            out_.zone_sign = *at_ == '-' ? -1 : 1;
            ++at_;
        } else {  // the sign may have been taken for a separator
            out_.zone_sign = skipped_ > 0 && at_[-1] == '-' ? -1 : 1;
        }
        number(out_.zone_hour, 2);
    }
    /// "2,024": up to three digits follow the comma.
    void read_year_with_comma() {
        const char* at = at_;
        while (ascii_space(*at)) ++at;
        const char* end = nullptr;
        bool overflow = false;
        std::int64_t thousands = datetime_words::read_int64(at, &end, overflow);
        bool good = end != at && *end == ',';
        int rest = 0;
        if (good) {
            at = end + 1;
            while (ascii_space(*at)) ++at;
            std::string three(at, std::min<std::size_t>(3, std::strlen(at)));
            rest = datetime_words::read_int32(three.c_str(), &end, overflow);
            good = end != three.c_str();
            at += end - three.c_str();
        }
        if (!good) throw SqlError("22007", "invalid input string for \"Y,YYY\"");
        std::int64_t year = thousands * 1000 + rest;
        if (overflow || year < INT32_MIN || year > INT32_MAX)
            throw SqlError("22008", "value for \"Y,YYY\" in source string is out of range");
        set(out_.year, static_cast<int>(year));
        out_.year_digits = 4;
        at_ = at;
    }

    const char* at_;
    std::span<const TemplateNode> nodes_;
    std::size_t index_ = 0;
    bool fixed_ = false;
    int skipped_ = 0;  ///< characters of the text passed over beyond what the template has
    FromChar out_;
};

/// The parsed fields as a date and time, checked.
class Completer {
  public:
    Completer(FromChar in, const std::string& text) : in_(in), text_(text) {
        time.month = time.day = 1;
    }

    void run() {
        complete_time();
        complete_year();
        complete_day();
        time.microsecond = in_.millisecond * 1000 + in_.microsecond;
        if ((parts_.year || parts_.month || parts_.day) &&
            validate_date(parts_, time) != DecodeError::kNone)
            fail(DecodeError::kFieldOverflow);
        if (time.hour < 0 || time.hour >= 24 || time.minute < 0 || time.minute >= 60 ||
            time.second < 0 || time.second >= 60 || time.microsecond < 0 ||
            time.microsecond >= kMicrosPerSecond)
            fail(DecodeError::kFieldOverflow);
        if (in_.zone_sign == 0) return;
        constexpr int kMaxHours = 15;
        if (in_.zone_hour < 0 || in_.zone_hour > kMaxHours || in_.zone_minute < 0 ||
            in_.zone_minute >= 60)
            fail(DecodeError::kZoneOverflow);
        has_zone = true;
        time.zone = -in_.zone_sign * (in_.zone_hour * 60 + in_.zone_minute) * 60;
    }

    BrokenTime time;
    bool has_zone = false;

  private:
    [[noreturn]] void fail(DecodeError error) const {
        throw_decode_error(error, text_, "timestamp");
    }

    void complete_time() {
        if (in_.seconds_of_day != 0) {
            time.hour = in_.seconds_of_day / 3600;
            time.minute = in_.seconds_of_day % 3600 / 60;
            time.second = in_.seconds_of_day % 60;
        }
        if (in_.second != 0) time.second = in_.second;
        if (in_.minute != 0) time.minute = in_.minute;
        if (in_.hour != 0) time.hour = in_.hour;
        if (!in_.clock12) return;
        if (time.hour < 1 || time.hour > 12)
            throw SqlError("22007", "hour \"" + std::to_string(time.hour) +
                                        "\" is invalid for the 12-hour clock")
                .hint("Use the 24-hour clock, or give an hour between 1 and 12.");
        if (in_.pm != 0 && time.hour < 12)
            time.hour += 12;
        else if (in_.pm == 0 && time.hour == 12)
            time.hour = 0;
    }

    /// A century gives the upper digits of a short year, or its own first year.
    void complete_year() {
        parts_.julian = true;  // BC is dealt with here
        if (in_.year == 0 && in_.century == 0) return;
        parts_.year = true;
        bool by_century = in_.century != 0 && in_.year_digits <= 2;
        int century = in_.bc != 0 ? -in_.century : in_.century;
        if (in_.year == 0) {
            time.year = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
        } else if (by_century) {
            int rest = in_.year % 100;
            if (rest == 0)
                time.year = century * 100 + (century >= 0 ? 0 : 1);
            else
                time.year =
                    century >= 0 ? (century - 1) * 100 + rest : (century + 1) * 100 - rest + 1;
        } else {
            time.year = in_.bc != 0 ? -in_.year : in_.year;
            if (time.year < 0) ++time.year;
        }
    }

    void take_julian(int julian) {
        date_from_julian(julian, time.year, time.month, time.day);
        parts_.year = parts_.month = parts_.day = true;
    }

    void complete_day() {
        // PostgreSQL's arithmetic goes astray there.
        if (in_.julian < 0) throw NotSimulated("a negative Julian day");
        if (in_.julian != 0) take_julian(in_.julian);
        bool iso = in_.mode == DateMode::kIsoWeek;
        if (in_.week != 0 && iso) {
            // weekdays count from Sunday, ISO weeks from Monday
            int shift = in_.weekday == 0 ? 0 : (in_.weekday > 1 ? in_.weekday - 2 : 6);
            take_julian(julian_of_iso_week(time.year, in_.week) + shift);
        } else if (in_.week != 0) {
            in_.yearday = (in_.week - 1) * 7 + 1;
        }
        if (in_.week_of_month != 0) in_.day = (in_.week_of_month - 1) * 7 + 1;
        if (in_.day != 0) {
            time.day = in_.day;
            parts_.day = true;
        }
        if (in_.month != 0) {
            time.month = in_.month;
            parts_.month = true;
        }
        if (in_.yearday == 0 || (time.month > 1 && time.day > 1)) return;
        if (time.year == 0 && in_.bc == 0)
            throw SqlError("22007", "cannot calculate day of year without year information");
        if (iso) return take_julian(julian_of_iso_week(time.year, 1) - 1 + in_.yearday);
        int month = 1, rest = in_.yearday;
        for (; month <= 12 && rest > days_in_month(time.year, month); ++month)
            rest -= days_in_month(time.year, month);
        if (time.month <= 1) time.month = month;
        if (time.day <= 1) time.day = rest;
        parts_.month = parts_.day = true;
    }

    FromChar in_;
    const std::string& text_;
    DateParts parts_;
};

Completer read_by_template(Args args, int& fraction_digits) {
    std::vector<TemplateNode> nodes = parse_template(args[1].as_text());
    FromChar fields = Reader(args[0].as_text(), nodes).run();
    fraction_digits = fields.fraction_digits;
    Completer completer(fields, args[0].as_text());
    completer.run();
    return completer;
}

Datum to_timestamp(CallContext& call, Args args) {
    int digits = 0;
    Completer read = read_by_template(args, digits);
    int zone = read.has_zone ? read.time.zone
                             : zone_offset_of_local(read.time, session_time_zone(call.env));
    std::int64_t timestamp = checked_timestamptz(read.time, zone);
    return Datum::of_int(digits != 0 ? round_timestamp(timestamp, digits) : timestamp);
}

Datum to_date(CallContext&, Args args) {
    int digits = 0;
    const BrokenTime fields = read_by_template(args, digits).time;
    std::int64_t date = INT64_MIN;
    if (is_valid_julian(fields.year, fields.month, fields.day))
        date = julian_from_date(fields.year, fields.month, fields.day) - kPostgresEpochJulian;
    if (!is_valid_date(date))
        throw SqlError("22008", "date out of range: \"" + args[0].as_text() + '"');
    return Datum::of_int(date);
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"to_date", to_date},
    {"to_timestamp", to_timestamp},
}));

}  // namespace

FunctionTables datetime_from_char_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
