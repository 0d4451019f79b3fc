#include "sim/postgres/type/datetime_encode.h"

#include <charconv>
#include <string_view>

#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kDays = "SunMonTueWedThuFriSat";

std::string_view three(std::string_view names, int index) {
    return names.substr(static_cast<std::size_t>(index) * 3, 3);
}

/// Signs are dropped.
void append_seconds(int second, int microsecond, int width, std::string& out) {
    append_padded(second < 0 ? -second : second, width, out);
    if (microsecond == 0) return;
    out += '.';
    append_padded(microsecond < 0 ? -microsecond : microsecond, 6, out);
    while (out.back() == '0') out.pop_back();
}

void append_clock(const BrokenTime& fields, std::string& out) {
    append_padded(fields.hour, 2, out);
    out += ':';
    append_padded(fields.minute, 2, out);
    out += ':';
    append_seconds(fields.second, fields.microsecond, 2, out);
}

void append_year(const BrokenTime& fields, std::string& out) {
    append_padded(fields.year > 0 ? fields.year : 1 - std::int64_t{fields.year}, 4, out);
}

void append_day_and_month(const BrokenTime& fields, bool day_first, char mark, std::string& out) {
    append_padded(day_first ? fields.day : fields.month, 2, out);
    out += mark;
    append_padded(day_first ? fields.month : fields.day, 2, out);
}

void append_date(const BrokenTime& fields, EncodeStyle style, DateOrder order, std::string& out) {
    bool iso = style == EncodeStyle::kIso || style == EncodeStyle::kXsd;
    if (iso) {
        append_year(fields, out);
        out += '-';
        return append_day_and_month(fields, false, '-', out);
    }
    char mark = style == EncodeStyle::kGerman ? '.' : (style == EncodeStyle::kSql ? '/' : '-');
    bool day_first = style == EncodeStyle::kGerman || order == DateOrder::kDmy;
    append_day_and_month(fields, day_first, mark, out);
    out += mark;
    append_year(fields, out);
}

void append_zone(const BrokenTime& fields, EncodeStyle style, std::string& out) {
    constexpr std::size_t kMaxAbbreviation = 10;
    if (style == EncodeStyle::kIso || style == EncodeStyle::kXsd)
        return encode_zone(fields.zone, style, out);
    out += ' ';
    out += fields.abbreviation.substr(0, kMaxAbbreviation);
}

/// "Wed Jan 31 10:20:30.5 2024 UTC"
void append_postgres_datetime(const BrokenTime& fields, DateOrder order, std::string& out) {
    int weekday = weekday_of_julian(julian_from_date(fields.year, fields.month, fields.day));
    out += three(kDays, weekday);
    out += ' ';
    if (order == DateOrder::kDmy) {
        append_padded(fields.day, 2, out);
        out += ' ';
        out += three(kMonths, fields.month - 1);
    } else {
        out += three(kMonths, fields.month - 1);
        out += ' ';
        append_padded(fields.day, 2, out);
    }
    out += ' ';
    append_clock(fields, out);
    out += ' ';
    append_year(fields, out);
}

/// An interval's fields, all of one sign within months and within microseconds.
struct Parts {
    std::int64_t year, month, day, hour;
    int minute, second, microsecond;

    explicit Parts(const Interval& interval)
        : year(interval.months / 12),
          month(interval.months % 12),
          day(interval.days),
          hour(interval.microseconds / kMicrosPerHour),
          minute(static_cast<int>(interval.microseconds / kMicrosPerMinute % 60)),
          second(static_cast<int>(interval.microseconds / kMicrosPerSecond % 60)),
          microsecond(static_cast<int>(interval.microseconds % kMicrosPerSecond)) {}

    bool time_negative() const { return hour < 0 || minute < 0 || second < 0 || microsecond < 0; }
    bool has_time() const { return hour != 0 || minute != 0 || second != 0 || microsecond != 0; }
};

std::int64_t absolute(std::int64_t value) {
    return value < 0 ? -value : value;
}

void append_hours(const Parts& parts, int hour_width, std::string& out) {
    append_padded(absolute(parts.hour), hour_width, out);
    out += ':';
    append_padded(absolute(parts.minute), 2, out);
    out += ':';
    append_seconds(parts.second, parts.microsecond, 2, out);
}

/// "1 year -2 mons +3 days -04:05:06": a plus sign only after a negative field.
void append_postgres_interval(const Parts& parts, std::string& out) {
    bool first = true, minus_before = false;
    auto add = [&](std::int64_t value, std::string_view unit) {
        if (value == 0) return;
        if (!first) out += ' ';
        if (minus_before && value > 0) out += '+';
        append_padded(value, 1, out);
        out += ' ';
        out += unit;
        if (value != 1) out += 's';
        minus_before = value < 0;
        first = false;
    };
    add(parts.year, "year");
    add(parts.month, "mon");
    add(parts.day, "day");
    if (!first && !parts.has_time()) return;
    if (!first) out += ' ';
    if (parts.time_negative())
        out += '-';
    else if (minus_before)
        out += '+';
    append_hours(parts, 2, out);
}

/// "@ 1 year 2 mons -3 days 4 hours ago": signs are relative to the first field's.
void append_verbose_interval(const Parts& parts, std::string& out) {
    bool first = true, ago = false;
    out += '@';
    auto add = [&](std::int64_t value, std::string_view unit) {
        if (value == 0) return;
        if (first) {
            ago = value < 0;
            value = absolute(value);
        } else if (ago) {
            value = -value;
        }
        out += ' ';
        append_padded(value, 1, out);
        out += ' ';
        out += unit;
        if (value != 1) out += 's';
        first = false;
    };
    add(parts.year, "year");
    add(parts.month, "mon");
    add(parts.day, "day");
    add(parts.hour, "hour");
    add(parts.minute, "min");
    if (parts.second != 0 || parts.microsecond != 0) {
        bool negative = parts.second < 0 || (parts.second == 0 && parts.microsecond < 0);
        out += ' ';
        if (negative && first)
            ago = true;
        else if (negative != ago)
            out += '-';
        append_seconds(parts.second, parts.microsecond, 1, out);
        out += absolute(parts.second) != 1 || parts.microsecond != 0 ? " secs" : " sec";
        first = false;
    }
    if (first) out += " 0";
    if (ago) out += " ago";
}

/// "1-2", "3 4:05:06", "+1-2 -3 +4:05:06" if it is not an interval of the standard.
void append_sql_interval(Parts parts, std::string& out) {
    bool months_negative = parts.year < 0 || parts.month < 0;
    bool negative = months_negative || parts.day < 0 || parts.time_negative();
    bool positive = parts.year > 0 || parts.month > 0 || parts.day > 0 || parts.hour > 0 ||
                    parts.minute > 0 || parts.second > 0 || parts.microsecond > 0;
    bool has_months = parts.year != 0 || parts.month != 0;
    bool has_day_time = parts.day != 0 || parts.has_time();
    if (!negative && !positive) {
        out += '0';
    } else if ((negative && positive) || (has_months && has_day_time)) {
        out += months_negative ? '-' : '+';
        append_padded(absolute(parts.year), 1, out);
        out += '-';
        append_padded(absolute(parts.month), 1, out);
        out += parts.day < 0 ? " -" : " +";
        append_padded(absolute(parts.day), 1, out);
        out += parts.time_negative() ? " -" : " +";
        append_hours(parts, 1, out);
    } else {
        if (negative) out += '-';
        if (has_months) {
            append_padded(absolute(parts.year), 1, out);
            out += '-';
            append_padded(absolute(parts.month), 1, out);
            return;
        }
        if (parts.day != 0) {
            append_padded(absolute(parts.day), 1, out);
            out += ' ';
        }
        append_hours(parts, 1, out);
    }
}

/// "P1Y2M3DT4H5M6.7S"
void append_iso_interval(const Parts& parts, std::string& out) {
    bool has_date = parts.year != 0 || parts.month != 0 || parts.day != 0;
    if (!has_date && !parts.has_time()) {
        out += "PT0S";
        return;
    }
    auto add = [&](std::int64_t value, char unit) {
        if (value == 0) return;
        append_padded(value, 1, out);
        out += unit;
    };
    out += 'P';
    add(parts.year, 'Y');
    add(parts.month, 'M');
    add(parts.day, 'D');
    if (parts.has_time()) out += 'T';
    add(parts.hour, 'H');
    add(parts.minute, 'M');
    if (parts.second == 0 && parts.microsecond == 0) return;
    if (parts.second < 0 || parts.microsecond < 0) out += '-';
    append_seconds(parts.second, parts.microsecond, 1, out);
    out += 'S';
}

}  // namespace

void append_padded(std::int64_t value, int width, std::string& out) {
    if (width == 2 && value >= 0 && value < 100) {
        const char two[2] = {static_cast<char>('0' + value / 10),
                             static_cast<char>('0' + value % 10)};
        out.append(two, 2);
        return;
    }
    char digits[24];
    bool negative = value < 0;
    auto magnitude =
        negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    char* end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
    if (negative) out += '-';
    for (auto length = end - digits; length < width; ++length) out += '0';
    out.append(digits, end);
}

EncodeStyle encode_style(const ValueSettings& settings) {
    switch (settings.date_style) {
        case DateStyle::kPostgres:
            return EncodeStyle::kPostgres;
        case DateStyle::kSql:
            return EncodeStyle::kSql;
        case DateStyle::kGerman:
            return EncodeStyle::kGerman;
        default:
            return EncodeStyle::kIso;
    }
}

void encode_zone(int zone, EncodeStyle style, std::string& out) {
    int seconds = zone < 0 ? -zone : zone;
    out += zone <= 0 ? '+' : '-';
    append_padded(seconds / 3600, 2, out);
    int minutes = seconds / 60 % 60;
    seconds %= 60;
    if (minutes == 0 && seconds == 0 && style != EncodeStyle::kXsd) return;
    out += ':';
    append_padded(minutes, 2, out);
    if (seconds == 0) return;
    out += ':';
    append_padded(seconds, 2, out);
}

void encode_date(const BrokenTime& fields, EncodeStyle style, DateOrder order, std::string& out) {
    append_date(fields, style, order, out);
    if (fields.year <= 0) out += " BC";
}

void encode_datetime(const BrokenTime& fields, ZoneShown zone, EncodeStyle style, DateOrder order,
                     std::string& out) {
    if (style == EncodeStyle::kPostgres) {
        append_postgres_datetime(fields, order, out);
    } else {
        append_date(fields, style, order, out);
        out += style == EncodeStyle::kXsd ? 'T' : ' ';
        append_clock(fields, out);
    }
    if (zone == ZoneShown::kYes) append_zone(fields, style, out);
    if (fields.year <= 0) out += " BC";
}

void encode_time(std::int64_t time, std::string& out) {
    BrokenTime fields;
    break_time(time, fields);
    append_clock(fields, out);
}

void encode_interval(const Interval& interval, IntervalStyle style, std::string& out) {
    Parts parts(interval);
    switch (style) {
        case IntervalStyle::kPostgres:
            return append_postgres_interval(parts, out);
        case IntervalStyle::kPostgresVerbose:
            return append_verbose_interval(parts, out);
        case IntervalStyle::kSqlStandard:
            return append_sql_interval(parts, out);
        case IntervalStyle::kIso8601:
            return append_iso_interval(parts, out);
    }
}

}  // namespace cdcsim::pg
