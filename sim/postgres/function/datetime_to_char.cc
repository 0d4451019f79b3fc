// to_char of timestamps and intervals. Mirrors DCH_to_char of formatting.c.
#include <array>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_functions.h"
#include "sim/postgres/function/datetime_template.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using enum TemplateField;

/// What is shown: a point in time, or an interval's fields, which may be negative.
struct Shown {
    bool is_interval = false;
    std::int64_t hour = 0;
    int year = 0, month = 0, day = 0, minute = 0, second = 0, microsecond = 0;
    int weekday = 0, yearday = 0;
    int east = 0;  ///< seconds
    std::string_view zone{};
};

class Writer {
  public:
    Writer(const Shown& shown, std::string& out) : t_(shown), out_(out) {}

    void write(const TemplateNode& node) {
        if (node.kind != TemplateNode::Kind::kPattern) {
            out_ += node.text;
            return;
        }
        node_ = &node;
        start_ = out_.size();
        if (!write_time() && !write_name() && !write_date()) write_year();
    }

  private:
    TemplateField field() const { return node_->pattern->field; }

    /// The number, filled with zeros to `width` (one more for a minus sign) unless FM; and th.
    void number(std::int64_t value, int width, bool sign_is_extra = true) {
        bool negative = value < 0;
        std::string digits = std::to_string(value).substr(negative ? 1 : 0);
        if (negative && !sign_is_extra) --width;
        if (node_->fill_mode) width = 0;
        fixed(negative, digits, width);
    }
    /// A number whose width FM does not change; the sign counts.
    void plain(std::int64_t value, int width = 1) {
        bool negative = value < 0;
        fixed(negative, std::to_string(value).substr(negative ? 1 : 0),
              negative ? width - 1 : width);
    }
    void fixed(bool negative, const std::string& digits, int width) {
        if (negative) out_ += '-';
        if (static_cast<int>(digits.size()) < width)
            out_.append(static_cast<std::size_t>(width) - digits.size(), '0');
        out_ += digits;
        ordinal();
    }
    void ordinal() {
        if (!node_->ordinal) return;
        char last = out_.back();
        bool teen = out_.size() > start_ + 1 && out_[out_.size() - 2] == '1';
        std::string_view suffix = teen || last > '3' || last == '0' ? "TH"
                                  : last == '1'                     ? "ST"
                                                                    : (last == '2' ? "ND" : "RD");
        for (char c : suffix) out_ += node_->ordinal_upper ? c : ascii_lower(c);
    }
    /// A name in the pattern's letter case, filled with blanks to `width` unless FM or TM.
    void name(std::string_view text, std::size_t width) {
        LetterCase letters = node_->letter_case();
        for (std::size_t i = 0; i < text.size(); ++i) {
            bool upper = letters == LetterCase::kUpper || (letters == LetterCase::kTitle && i == 0);
            out_ += upper ? ascii_upper(text[i]) : ascii_lower(text[i]);
        }
        if (!node_->fill_mode && !node_->translated && text.size() < width)
            out_.append(width - text.size(), ' ');
    }
    void refuse_interval() const {
        if (t_.is_interval)
            throw SqlError("22007", "invalid format specification for an interval value")
                .hint("Intervals are not tied to specific calendar dates.");
    }

    bool write_time() {
        switch (field()) {
            case kMeridiemDotted:
                name(t_.hour % 24 >= 12 ? "P.M." : "A.M.", 0);
                return true;
            case kMeridiem:
                name_both(t_.hour % 24 >= 12 ? "PM" : "AM");
                return true;
            case kHour12:
                number_of_hour(t_.hour % 12 == 0 ? 12 : t_.hour % 12);
                return true;
            case kHour24:
                number(t_.hour, 2);
                return true;
            case kMinute:
                number(t_.minute, 2);
                return true;
            case kSecond:
                number(t_.second, 2);
                return true;
            case kFraction1:
                plain(t_.microsecond / 100'000, 1);
                return true;
            case kFraction2:
                plain(t_.microsecond / 10'000, 2);
                return true;
            case kFraction3:
            case kMillisecond:
                plain(t_.microsecond / 1000, 3);
                return true;
            case kFraction4:
                plain(t_.microsecond / 100, 4);
                return true;
            case kFraction5:
                plain(t_.microsecond / 10, 5);
                return true;
            case kFraction6:
            case kMicrosecond:
                plain(t_.microsecond, 6);
                return true;
            case kSecondsOfDay:
                plain(t_.hour * 3600 + t_.minute * 60 + t_.second);
                return true;
            case kFixed:
                return true;
            default:
                return false;
        }
    }
    /// Twelve of a negative hour keeps the width of a negative one.
    void number_of_hour(std::int64_t hour) {
        int width = t_.hour >= 0 ? 2 : 3;
        number(hour, width, false);
    }
    void name_both(std::string_view text) {
        for (char c : text) out_ += node_->letter_case() == LetterCase::kLower ? ascii_lower(c) : c;
    }

    bool write_name() {
        constexpr std::size_t kWidth = 9;
        switch (field()) {
            case kZone:
                refuse_interval();
                for (char c : t_.zone)
                    out_ += node_->letter_case() == LetterCase::kLower ? ascii_lower(c) : c;
                return true;
            case kZoneHour:
                refuse_interval();
                out_ += t_.east >= 0 ? '+' : '-';
                two_digits(std::abs(t_.east) / 3600);
                return true;
            case kZoneMinute:
                refuse_interval();
                two_digits(std::abs(t_.east) % 3600 / 60);
                return true;
            case kOffset:
                write_offset();
                return true;
            case kEraDotted:
                refuse_interval();
                name_both(t_.year <= 0 ? "B.C." : "A.D.");
                return true;
            case kEra:
                refuse_interval();
                name_both(t_.year <= 0 ? "BC" : "AD");
                return true;
            case kMonthName:
                refuse_interval();
                name(kMonthNames[t_.month - 1], kWidth);
                return true;
            case kMonthShort:
                refuse_interval();
                name(kMonthNames[t_.month - 1].substr(0, 3), 0);
                return true;
            case kDayName:
                refuse_interval();
                name(kDayNames[t_.weekday], kWidth);
                return true;
            case kDayShort:
                refuse_interval();
                name(kDayNames[t_.weekday].substr(0, 3), 0);
                return true;
            case kRoman:
                write_roman();
                return true;
            default:
                return false;
        }
    }
    void two_digits(int value) {
        if (value < 10) out_ += '0';
        out_ += std::to_string(value);
    }
    void write_offset() {
        refuse_interval();
        int seconds = std::abs(t_.east);
        out_ += t_.east >= 0 ? '+' : '-';
        if (node_->fill_mode)
            out_ += std::to_string(seconds / 3600);
        else
            two_digits(seconds / 3600);
        if (seconds % 3600 == 0) return;
        out_ += ':';
        two_digits(seconds % 3600 / 60);
    }
    /// An interval's whole years count as December, its negative months from December back.
    void write_roman() {
        constexpr std::size_t kWidth = 4;
        if (t_.month == 0 && t_.year == 0) return;
        int index = 12 - t_.month;
        if (t_.month == 0)
            index = t_.year >= 0 ? 0 : 11;
        else if (t_.month < 0)
            index = -1 - t_.month;
        std::string_view text = kRomanMonths[index];
        for (char c : text) out_ += node_->letter_case() == LetterCase::kLower ? ascii_lower(c) : c;
        if (!node_->fill_mode && text.size() < kWidth) out_.append(kWidth - text.size(), ' ');
    }

    bool write_date() {
        switch (field()) {
            case kMonth:
                number(t_.month, 2);
                return true;
            case kDayOfYear:
                number(t_.yearday, 3, false);
                return true;
            case kIsoDayOfYear:
                number(iso_year_day(t_.year, t_.month, t_.day), 3, false);
                return true;
            case kDay:
                number(t_.day, 2, false);
                return true;
            case kDayOfWeek:
                refuse_interval();
                plain(t_.weekday + 1);
                return true;
            case kIsoDayOfWeek:
                refuse_interval();
                plain(t_.weekday == 0 ? 7 : t_.weekday);
                return true;
            case kWeekOfYear:
                number((t_.yearday - 1) / 7 + 1, 2, false);
                return true;
            case kIsoWeek:
                number(iso_week(t_.year, t_.month, t_.day), 2, false);
                return true;
            case kWeekOfMonth:
                plain((t_.day - 1) / 7 + 1);
                return true;
            case kQuarter:
                if (t_.month != 0) plain((t_.month - 1) / 3 + 1);
                return true;
            case kJulian:
                plain(julian_from_date(t_.year, t_.month, t_.day));
                return true;
            case kCentury: {
                int century = t_.year > 0 ? (t_.year - 1) / 100 + 1 : t_.year / 100 - 1;
                number(t_.is_interval ? t_.year / 100 : century, 2);
                return true;
            }
            default:
                return false;
        }
    }

    int shown_year(int year) const { return t_.is_interval || year > 0 ? year : 1 - year; }

    void write_year() {
        int year = shown_year(t_.year);
        bool negative = year < 0;
        auto modulo = [&](int digits, int of, int value) {
            number(value % of, digits + (negative ? 1 : 0), false);
        };
        auto iso = [&] { return shown_year(iso_year(t_.year, t_.month, t_.day)); };
        switch (field()) {
            case kYearComma: {
                int thousands = year / 1000;
                out_ += std::to_string(thousands) + ',';
                plain(year - thousands * 1000, 3);
                return;
            }
            case kYear4:
                number(year, 4 + (negative ? 1 : 0), false);
                return;
            case kYear3:
                modulo(3, 1000, year);
                return;
            case kYear2:
                modulo(2, 100, year);
                return;
            case kYear1:
                plain(year % 10);
                return;
            case kIsoYear4:
                number(iso(), 4 + (negative ? 1 : 0), false);
                return;
            case kIsoYear3:
                modulo(3, 1000, iso());
                return;
            case kIsoYear2:
                modulo(2, 100, iso());
                return;
            default:
                plain(iso() % 10);
                return;
        }
    }

    const Shown& t_;
    std::string& out_;
    const TemplateNode* node_ = nullptr;
    std::size_t start_ = 0;  ///< of the field's text in out_
};

Datum write_all(const Shown& shown, const std::string& format) {
    std::string out;
    Writer writer(shown, out);
    for (const TemplateNode& node : parse_template(format)) writer.write(node);
    return Datum::of_text(std::move(out));
}

Shown shown_of(const BrokenTime& fields) {
    Shown shown;
    shown.hour = fields.hour;
    shown.year = fields.year;
    shown.month = fields.month;
    shown.day = fields.day;
    shown.minute = fields.minute;
    shown.second = fields.second;
    shown.microsecond = fields.microsecond;
    int julian = julian_from_date(fields.year, fields.month, fields.day);
    shown.weekday = weekday_of_julian(julian);
    shown.yearday = julian - julian_from_date(fields.year, 1, 1) + 1;
    shown.east = -fields.zone;
    shown.zone = fields.abbreviation;
    return shown;
}

Datum timestamp_to_char(CallContext&, Args args) {
    if (args[1].as_text().empty() || !is_finite_timestamp(args[0].as_int())) return Datum();
    return write_all(shown_of(broken_timestamp(args[0].as_int())), args[1].as_text());
}
Datum timestamptz_to_char(CallContext& call, Args args) {
    if (args[1].as_text().empty() || !is_finite_timestamp(args[0].as_int())) return Datum();
    BrokenTime fields = broken_timestamptz(args[0].as_int(), session_time_zone(call.env));
    return write_all(shown_of(fields), args[1].as_text());
}
Datum interval_to_char(CallContext&, Args args) {
    if (args[1].as_text().empty()) return Datum();
    Interval span = read_interval(args[0].as_text());
    Shown shown;
    shown.is_interval = true;
    shown.year = span.months / 12;
    shown.month = span.months % 12;
    shown.day = span.days;
    shown.hour = span.microseconds / kMicrosPerHour;
    shown.minute = static_cast<int>(span.microseconds / kMicrosPerMinute % 60);
    shown.second = static_cast<int>(span.microseconds / kMicrosPerSecond % 60);
    shown.microsecond = static_cast<int>(span.microseconds % kMicrosPerSecond);
    shown.yearday = static_cast<int>(static_cast<std::uint32_t>(span.months) * 30u +
                                     static_cast<std::uint32_t>(span.days));
    return write_all(shown, args[1].as_text());
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"timestamp_to_char", timestamp_to_char},
    {"timestamptz_to_char", timestamptz_to_char},
    {"interval_to_char", interval_to_char},
}));

}  // namespace

FunctionTables datetime_to_char_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
