// The templates of to_char, to_date and to_timestamp ('FMDay, DD Month YYYY HH24:MI'), split into
// their patterns and what stands between. Mirrors parse_format of formatting.c.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

/// Patterns that mean one field; their letter case is the output's.
enum class TemplateField : std::uint8_t {
    kMeridiemDotted,
    kMeridiem,
    kEraDotted,
    kEra,
    kCentury,
    kDayName,
    kDayOfYear,
    kDay,
    kDayShort,
    kDayOfWeek,
    kFraction1,
    kFraction2,
    kFraction3,
    kFraction4,
    kFraction5,
    kFraction6,
    kFixed,
    kHour24,
    kHour12,
    kIsoDayOfYear,
    kIsoDayOfWeek,
    kIsoWeek,
    kIsoYear4,
    kIsoYear3,
    kIsoYear2,
    kIsoYear1,
    kJulian,
    kMinute,
    kMonth,
    kMonthName,
    kMonthShort,
    kMillisecond,
    kOffset,
    kQuarter,
    kRoman,
    kSecondsOfDay,
    kSecond,
    kZoneHour,
    kZoneMinute,
    kZone,
    kMicrosecond,
    kWeekOfYear,
    kWeekOfMonth,
    kYearComma,
    kYear4,
    kYear3,
    kYear2,
    kYear1,
};

/// Which calendar a pattern belongs to; to_date refuses a mixture.
enum class DateMode : std::uint8_t { kNone, kGregorian, kIsoWeek };

struct TemplatePattern {
    std::string_view name;
    TemplateField field;
    bool digits;  ///< reads and writes a number
    DateMode mode;
};

enum class LetterCase : std::uint8_t { kUpper, kTitle, kLower };

struct TemplateNode {
    enum class Kind : std::uint8_t { kPattern, kSeparator, kSpace, kText };
    Kind kind = Kind::kText;
    const TemplatePattern* pattern = nullptr;
    bool fill_mode = false;                       ///< FM: no padding
    bool translated = false;                      ///< TM: names of the locale, unpadded
    bool ordinal = false, ordinal_upper = false;  ///< th, TH
    std::string_view text;                        ///< one character, of a node that is no pattern

    LetterCase letter_case() const;
};

/// The nodes refer to `format`.
std::vector<TemplateNode> parse_template(std::string_view format);

/// An ASCII character that is printed and no letter or digit.
bool is_template_separator(char c);

inline constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
inline constexpr std::string_view kDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                 "Thursday", "Friday", "Saturday"};
/// From December back, so that VIII is tried before VII and V.
inline constexpr std::string_view kRomanMonths[] = {"XII", "XI", "X",  "IX",  "VIII", "VII",
                                                    "VI",  "V",  "IV", "III", "II",   "I"};

}  // namespace cdcsim::pg
