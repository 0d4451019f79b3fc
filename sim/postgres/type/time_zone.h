// Time zones by name (the system's compiled tz database, as Debian's PostgreSQL uses it), by POSIX
// specification ("EST5EDT,M3.2.0,M11.1.0") and by fixed offset; and the default set of time zone
// abbreviations ("CEST"). Mirrors src/timezone/localtime.c and timezonesets/Default. UTC and fixed
// offsets need no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

class Environment;
struct BrokenTime;

/// Seconds from the Unix epoch to PostgreSQL's.
inline constexpr std::int64_t kPostgresEpochSeconds = 946'684'800;

class TimeZone {
  public:
    struct Type {
        std::int32_t offset = 0;  ///< seconds EAST of UTC
        bool is_dst = false;
        std::string abbreviation;
    };
    /// One half of a POSIX rule: a day of the year and a second of that day.
    struct Rule {
        enum class Kind : std::uint8_t { kJulianDay, kDayOfYear, kMonthWeekDay };
        Kind kind = Kind::kMonthWeekDay;
        int day = 0, week = 0, month = 0;
        std::int32_t time = 7200;
    };
    /// The next change after an instant.
    struct Boundary {
        Type before, after;
        std::int64_t at = 0;
        bool exists = false;  ///< false: `before` holds for ever
    };

    /// nullptr: PostgreSQL would not know it either. The result lives as long as the thread.
    static const TimeZone* find(std::string_view name);
    /// `seconds_west` of UTC; never fails within a week.
    static const TimeZone* fixed(std::int64_t seconds_west);

    const std::string& name() const { return name_; }
    /// `unix_seconds` since 1970.
    const Type& type_at(std::int64_t unix_seconds) const;
    Boundary boundary_after(std::int64_t unix_seconds) const;
    /// What `abbreviation` (upper case) last meant in this zone at that time, or will mean first.
    const Type* type_of_abbreviation(std::string_view abbreviation,
                                     std::int64_t unix_seconds) const;
    /// The offset east if the zone never had another one.
    std::optional<std::int32_t> constant_offset() const;

  private:
    bool parse_posix(std::string_view spec);
    bool parse_tzif(std::string_view bytes);
    bool parse_block(std::string_view data, const std::uint32_t (&counts)[6]);
    void choose_default_type();
    const Type& first_standard_type() const;
    /// The rule's change that follows, and the types before and after it.
    Boundary rule_boundary_after(std::int64_t unix_seconds) const;
    static bool load(std::string_view name, TimeZone& zone);

    std::string name_;
    std::vector<std::int64_t> times_;
    std::vector<std::uint8_t> type_indexes_;  ///< what begins at times_[i]
    std::vector<Type> types_;
    std::size_t default_type_ = 0;  ///< before times_[0]
    /// After the last of times_ (always, if there is none): standard and daylight time by rule.
    bool has_rule_ = false;
    Type standard_, daylight_;
    Rule start_, end_;
};

/// The session's TimeZone.
const TimeZone& session_time_zone(Environment& env);

/// The zone offset (seconds west) that holds for local time `fields` in `zone`; is_dst is set.
/// Times in a gap are read by the rule before it, doubled ones by the rule after. Mirrors
/// DetermineTimeZoneOffset.
int zone_offset_of_local(BrokenTime& fields, const TimeZone& zone);
/// The same by an abbreviation whose meaning changed over time.
int abbreviation_offset_of_local(BrokenTime& fields, std::string_view abbreviation,
                                 const TimeZone& zone);
int abbreviation_offset_at(std::int64_t timestamptz, std::string_view abbreviation,
                           const TimeZone& zone);

/// A row of the default abbreviations: a fixed offset (seconds EAST), or a zone that says it.
struct ZoneAbbreviation {
    std::string_view name;  ///< lower case
    std::int32_t offset;
    bool is_dst;
    std::string_view zone;
};
/// nullptr: no such abbreviation. `word` is lower case.
const ZoneAbbreviation* find_zone_abbreviation(std::string_view word);

/// What follows AT TIME ZONE: an abbreviation, a name or a POSIX specification. Throws 22023.
struct ZoneChoice {
    std::optional<std::int32_t> fixed_west;  ///< a fixed abbreviation
    const TimeZone* zone = nullptr;
    std::string abbreviation;  ///< with `zone`: a dynamic abbreviation
};
ZoneChoice choose_zone(std::string_view name);

}  // namespace cdcsim::pg
