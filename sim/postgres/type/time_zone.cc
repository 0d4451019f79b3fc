#include "sim/postgres/type/time_zone.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/ascii.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {
namespace {

constexpr const char* kDatabase = "/usr/share/zoneinfo";
constexpr std::size_t kMaxName = 255;
constexpr std::int64_t kSecondsPerDay = 86'400;

constexpr ZoneAbbreviation kAbbreviations[] = {
#include "sim/postgres/type/zone_abbreviations.inc"
};
static_assert(std::ranges::is_sorted(kAbbreviations, {}, &ZoneAbbreviation::name));

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = ascii_upper(c);
    return out;
}

/// The entry of `directory` that is `name` but for case; "" if there is none.
std::string find_entry(const std::string& directory, std::string_view name) {
    std::unique_ptr<DIR, int (*)(DIR*)> handle(opendir(directory.c_str()), closedir);
    if (!handle) return "";
    while (const dirent* entry = readdir(handle.get())) {
        std::string_view found = entry->d_name;
        if (found.starts_with('.') || found.size() != name.size()) continue;
        if (upper(found) == upper(name)) return std::string(found);
    }
    return "";
}

std::string read_whole_file(const std::string& path) {
    std::string bytes;
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) return bytes;
    char buffer[4096];
    std::size_t count = 0;
    while ((count = std::fread(buffer, 1, sizeof buffer, file.get())) > 0)
        bytes.append(buffer, count);
    return bytes;
}

/// The canonical spelling of a file below the database, or "".
std::string canonical_path(std::string_view name) {
    std::string directory = kDatabase, canonical;
    while (true) {
        std::size_t slash = name.find('/');
        std::string entry = find_entry(directory, name.substr(0, slash));
        if (entry.empty()) return "";
        canonical += entry;
        if (slash == std::string_view::npos) return canonical;
        directory += '/' + entry;
        canonical += '/';
        name.remove_prefix(slash + 1);
    }
}

std::int64_t big_endian(std::string_view data, std::size_t at, int bytes) {
    std::int64_t value = static_cast<signed char>(data[at]);
    for (int i = 1; i < bytes; ++i)
        value = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(value) << 8 |
            static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]));
    return value;
}

/// A cursor over a POSIX zone specification; a failed read sets `bad`.
struct PosixReader {
    std::string_view rest;
    bool bad = false;

    bool at(char c) const { return !rest.empty() && rest.front() == c; }
    bool take(char c) {
        if (!at(c)) return false;
        rest.remove_prefix(1);
        return true;
    }
    int number(int low, int high) {
        int value = 0;
        if (rest.empty() || !ascii_digit(rest.front())) return bad = true, 0;
        while (!rest.empty() && ascii_digit(rest.front())) {
            value = value * 10 + (rest.front() - '0');
            if (value > high) return bad = true, 0;
            rest.remove_prefix(1);
        }
        if (value < low) bad = true;
        return value;
    }
    std::string abbreviation() {
        std::size_t length = 0;
        if (take('<')) {
            length = rest.find('>');
            if (length == std::string_view::npos) return bad = true, "";
            std::string name(rest.substr(0, length));
            rest.remove_prefix(length + 1);
            return name;
        }
        while (length < rest.size() && !ascii_digit(rest[length]) && rest[length] != ',' &&
               rest[length] != '-' && rest[length] != '+')
            ++length;
        std::string name(rest.substr(0, length));
        rest.remove_prefix(length);
        return name;
    }
    /// [+-]hh[:mm[:ss]]
    std::int32_t offset() {
        bool negative = take('-');
        if (!negative) take('+');
        std::int32_t seconds = number(0, 167) * 3600;
        if (take(':')) {
            seconds += number(0, 59) * 60;
            if (take(':')) seconds += number(0, 60);
        }
        return negative ? -seconds : seconds;
    }
    TimeZone::Rule rule() {
        TimeZone::Rule rule;
        if (take('J')) {
            rule.kind = TimeZone::Rule::Kind::kJulianDay;
            rule.day = number(1, 365);
        } else if (take('M')) {
            rule.month = number(1, 12);
            if (!take('.')) bad = true;
            rule.week = number(1, 5);
            if (!take('.')) bad = true;
            rule.day = number(0, 6);
        } else {
            rule.kind = TimeZone::Rule::Kind::kDayOfYear;
            rule.day = number(0, 365);
        }
        if (take('/')) rule.time = offset();
        return rule;
    }
};

/// The UTC second at which `rule` strikes in `year`; `offset` is what holds before it.
std::int64_t rule_time(const TimeZone::Rule& rule, int year, std::int32_t offset) {
    std::int64_t first = std::int64_t{julian_from_date(year, 1, 1)} - kUnixEpochJulian;
    std::int64_t day = first + rule.day;
    if (rule.kind == TimeZone::Rule::Kind::kJulianDay) {
        day = first + rule.day - 1 + (is_leap_year(year) && rule.day >= 60 ? 1 : 0);
    } else if (rule.kind == TimeZone::Rule::Kind::kMonthWeekDay) {
        int month_first = julian_from_date(year, rule.month, 1);
        int ahead = (rule.day - weekday_of_julian(month_first) + 7) % 7;
        int length = days_in_month(year, rule.month);
        for (int week = 1; week < rule.week && ahead + 7 < length; ++week) ahead += 7;
        day = std::int64_t{month_first} + ahead - kUnixEpochJulian;
    }
    return day * kSecondsPerDay + rule.time - offset;
}

}  // namespace

bool TimeZone::parse_posix(std::string_view spec) {
    PosixReader reader{spec};
    standard_.abbreviation = reader.abbreviation();
    if (reader.rest.empty()) return false;
    standard_.offset = -reader.offset();
    if (reader.bad) return false;
    types_ = {standard_};
    if (reader.rest.empty()) return true;
    daylight_ = {standard_.offset + 3600, true, reader.abbreviation()};
    if (reader.bad || daylight_.abbreviation.empty()) return false;
    if (!reader.rest.empty() && !reader.at(',') && !reader.at(';'))
        daylight_.offset = -reader.offset();
    if (reader.bad) return false;
    if (reader.rest.empty()) reader.rest = ",M3.2.0,M11.1.0";
    if (!reader.take(',') && !reader.take(';')) return false;
    start_ = reader.rule();
    if (reader.bad || !reader.take(',')) return false;
    end_ = reader.rule();
    if (reader.bad || !reader.rest.empty()) return false;
    has_rule_ = true;
    types_.push_back(daylight_);
    return true;
}

bool TimeZone::parse_block(std::string_view data, const std::uint32_t (&counts)[6]) {
    auto [is_utc, is_standard, leaps, times, types, characters] = counts;
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < times; ++i, at += 8) times_.push_back(big_endian(data, at, 8));
    for (std::uint32_t i = 0; i < times; ++i)
        type_indexes_.push_back(static_cast<std::uint8_t>(data[at++]));
    std::string_view names = data.substr(at + types * 6, characters);
    for (std::uint32_t i = 0; i < types; ++i, at += 6) {
        Type type;
        type.offset = static_cast<std::int32_t>(big_endian(data, at, 4));
        type.is_dst = data[at + 4] != 0;
        std::size_t name = static_cast<unsigned char>(data[at + 5]);
        if (name >= names.size()) return false;
        type.abbreviation = names.substr(name, names.find('\0', name) - name);
        types_.push_back(std::move(type));
    }
    return std::ranges::all_of(type_indexes_, [&](std::uint8_t i) { return i < types_.size(); });
}

const TimeZone::Type& TimeZone::first_standard_type() const {
    auto it = std::ranges::find(types_, false, &Type::is_dst);
    return it == types_.end() ? types_.front() : *it;
}

// What held before the first known change: type 0 if it is never changed to; else, if the first
// change is to daylight time, the standard type listed before that one; else the first standard.
void TimeZone::choose_default_type() {
    default_type_ = 0;
    if (std::ranges::find(type_indexes_, 0) == type_indexes_.end()) return;
    if (types_[type_indexes_.front()].is_dst) {
        for (std::size_t i = type_indexes_.front(); i-- > 0;) {
            if (!types_[i].is_dst) return void(default_type_ = i);
        }
    }
    default_type_ = static_cast<std::size_t>(&first_standard_type() - types_.data());
}

// RFC 8536: a header and a block with 32-bit times, which is skipped, the same with 64-bit times,
// and a POSIX specification for what comes after the last time.
bool TimeZone::parse_tzif(std::string_view bytes) {
    constexpr std::size_t kHeader = 44;
    std::uint32_t counts[6] = {};
    for (int block = 0; block < 2; ++block) {
        if (bytes.size() < kHeader || !bytes.starts_with("TZif") || bytes[4] < '2') return false;
        for (std::size_t i = 0; i < 6; ++i)
            counts[i] = static_cast<std::uint32_t>(big_endian(bytes, 20 + 4 * i, 4));
        bytes.remove_prefix(kHeader);
        std::size_t width = block == 0 ? 4 : 8;
        std::size_t size = counts[3] * (width + 1) + counts[4] * 6 + counts[5] +
                           counts[2] * (width + 4) + counts[1] + counts[0];
        if (size > bytes.size() || counts[4] == 0) return false;
        if (block == 1 && counts[2] != 0) throw NotSimulated("time zone with leap seconds");
        if (block == 1 && !parse_block(bytes.substr(0, size), counts)) return false;
        bytes.remove_prefix(size);
    }
    choose_default_type();
    if (bytes.size() > 2 && bytes.front() == '\n' && bytes.back() == '\n') {
        TimeZone tail;
        if (tail.parse_posix(bytes.substr(1, bytes.size() - 2)) && tail.has_rule_) {
            has_rule_ = true;
            standard_ = tail.standard_;
            daylight_ = tail.daylight_;
            start_ = tail.start_;
            end_ = tail.end_;
        }
    }
    return true;
}

bool TimeZone::load(std::string_view name, TimeZone& zone) {
    std::string folded = upper(name);
    if (folded == "UTC" || folded == "GMT") {
        zone.name_ = folded;
        zone.types_ = {{0, false, folded}};
        return true;
    }
    if (!folded.starts_with('<')) {
        std::unique_ptr<DIR, int (*)(DIR*)> database(opendir(kDatabase), closedir);
        if (!database) throw NotSimulated("time zone names without a time zone database");
        zone.name_ = canonical_path(name);
        if (!zone.name_.empty() &&
            zone.parse_tzif(read_whole_file(std::string(kDatabase) + '/' + zone.name_)))
            return true;
        zone = TimeZone();
    }
    zone.name_ = folded;
    return !folded.starts_with(':') && zone.parse_posix(folded);
}

// Zones are kept for each thread, so that no lock is needed; a session stays on its thread.
const TimeZone* TimeZone::find(std::string_view name) {
    thread_local std::map<std::string, std::unique_ptr<TimeZone>, std::less<>> zones;
    if (name.size() > kMaxName) return nullptr;
    std::string key = upper(name);
    auto it = zones.find(key);
    if (it != zones.end()) return it->second.get();
    auto zone = std::make_unique<TimeZone>();
    if (!load(name, *zone)) return nullptr;
    return (zones[key] = std::move(zone)).get();
}

const TimeZone* TimeZone::fixed(std::int64_t seconds_west) {
    std::int64_t rest = seconds_west < 0 ? -seconds_west : seconds_west;
    char digits[40];
    int used = std::snprintf(digits, sizeof digits, "%02lld", static_cast<long long>(rest / 3600));
    rest %= 3600;
    for (std::int64_t unit : {60, 1}) {
        if (rest == 0) break;
        used += std::snprintf(digits + used, sizeof digits - static_cast<std::size_t>(used),
                              ":%02d", static_cast<int>(rest / unit));
        rest %= unit;
    }
    std::string shown = seconds_west > 0 ? "<-" : "<+";
    return find(shown + digits + (seconds_west > 0 ? ">+" : ">-") + digits);
}

TimeZone::Boundary TimeZone::rule_boundary_after(std::int64_t unix_seconds) const {
    BrokenTime utc;
    std::int64_t days = unix_seconds / kSecondsPerDay - (unix_seconds % kSecondsPerDay < 0 ? 1 : 0);
    break_date(days + kUnixEpochJulian - kPostgresEpochJulian, utc);
    Boundary boundary{daylight_, daylight_};  // a rule whose daylight time never ends
    for (int year = utc.year - 1; year <= utc.year + 1; ++year) {
        std::int64_t start = rule_time(start_, year, standard_.offset);
        std::int64_t end = rule_time(end_, year, daylight_.offset);
        std::int64_t length = (is_leap_year(year) ? 366 : 365) * kSecondsPerDay;
        bool southern = end < start;
        if (!southern &&
            (start >= end || end - start >= length + daylight_.offset - standard_.offset))
            continue;
        for (bool second : {false, true}) {
            std::int64_t at = second == southern ? start : end;
            const Type& after = second == southern ? daylight_ : standard_;
            if (at > unix_seconds) {
                boundary.before = &after == &daylight_ ? standard_ : daylight_;
                boundary.after = after;
                boundary.at = at;
                boundary.exists = true;
                return boundary;
            }
            boundary.before = after;
        }
    }
    return boundary;
}

const TimeZone::Type& TimeZone::type_at(std::int64_t unix_seconds) const {
    if (has_rule_ && (times_.empty() || unix_seconds >= times_.back()))
        return rule_boundary_after(unix_seconds).before.is_dst ? daylight_ : standard_;
    auto after = std::ranges::upper_bound(times_, unix_seconds);
    if (after == times_.begin()) return types_[default_type_];
    return types_[type_indexes_[static_cast<std::size_t>(after - times_.begin()) - 1]];
}

TimeZone::Boundary TimeZone::boundary_after(std::int64_t unix_seconds) const {
    if (has_rule_ && (times_.empty() || unix_seconds >= times_.back()))
        return rule_boundary_after(unix_seconds);
    if (times_.empty()) return {first_standard_type(), {}};
    auto after = std::ranges::upper_bound(times_, unix_seconds);
    if (after == times_.end()) return {types_[type_indexes_.back()], {}};
    std::size_t index = static_cast<std::size_t>(after - times_.begin());
    const Type& before = index == 0 ? first_standard_type() : types_[type_indexes_[index - 1]];
    return {before, types_[type_indexes_[index]], *after, true};
}

const TimeZone::Type* TimeZone::type_of_abbreviation(std::string_view abbreviation,
                                                     std::int64_t unix_seconds) const {
    auto cut = std::ranges::upper_bound(times_, unix_seconds) - times_.begin();
    for (auto i = cut; i-- > 0;) {
        const Type& type = types_[type_indexes_[static_cast<std::size_t>(i)]];
        if (type.abbreviation == abbreviation) return &type;
    }
    for (auto i = static_cast<std::size_t>(cut); i < times_.size(); ++i) {
        const Type& type = types_[type_indexes_[i]];
        if (type.abbreviation == abbreviation) return &type;
    }
    return nullptr;
}

std::optional<std::int32_t> TimeZone::constant_offset() const {
    std::int32_t offset = types_.front().offset;
    for (const Type& type : types_) {
        if (type.offset != offset) return std::nullopt;
    }
    return offset;
}

const TimeZone& session_time_zone(Environment& env) {
    thread_local std::string cached_name;
    thread_local const TimeZone* cached = nullptr;
    const std::string& name = env.value_settings().time_zone;
    if (cached == nullptr || name != cached_name) {
        const TimeZone* zone = TimeZone::find(name);
        CDCSIM_CHECK(zone != nullptr);
        cached = zone;
        cached_name = name;
    }
    return *cached;
}

namespace {

/// Seconds since 1970 of the local fields taken as UTC; nullopt if out of range.
std::optional<std::int64_t> seconds_of_fields(const BrokenTime& fields) {
    if (!is_valid_julian(fields.year, fields.month, fields.day)) return std::nullopt;
    std::int64_t day = julian_from_date(fields.year, fields.month, fields.day) - kUnixEpochJulian;
    return day * kSecondsPerDay + fields.hour * 3600 + fields.minute * 60 + fields.second;
}

/// zone_offset_of_local, and the instant that was meant.
int resolve_local(BrokenTime& fields, const TimeZone& zone, std::int64_t& instant) {
    instant = 0;
    fields.is_dst = false;
    std::optional<std::int64_t> local = seconds_of_fields(fields);
    if (!local) return 0;
    TimeZone::Boundary boundary = zone.boundary_after(*local - kSecondsPerDay);
    std::int64_t before = *local - boundary.before.offset;
    std::int64_t after = *local - boundary.after.offset;
    bool use_before = !boundary.exists;
    if (boundary.exists) {
        if (before < boundary.at && after < boundary.at)
            use_before = true;
        else if (before > boundary.at && after >= boundary.at)
            use_before = false;
        else
            use_before = before > after;
    }
    const TimeZone::Type& type = use_before ? boundary.before : boundary.after;
    instant = use_before ? before : after;
    fields.is_dst = type.is_dst;
    return -type.offset;
}

}  // namespace

int zone_offset_of_local(BrokenTime& fields, const TimeZone& zone) {
    std::int64_t instant = 0;
    return resolve_local(fields, zone, instant);
}

int abbreviation_offset_of_local(BrokenTime& fields, std::string_view abbreviation,
                                 const TimeZone& zone) {
    std::int64_t instant = 0;
    int offset = resolve_local(fields, zone, instant);
    const TimeZone::Type* type = zone.type_of_abbreviation(upper(abbreviation), instant);
    if (type == nullptr) return offset;
    fields.is_dst = type->is_dst;
    return -type->offset;
}

int abbreviation_offset_at(std::int64_t timestamptz, std::string_view abbreviation,
                           const TimeZone& zone) {
    std::int64_t instant = timestamptz / kMicrosPerSecond + kPostgresEpochSeconds;
    const TimeZone::Type* type = zone.type_of_abbreviation(upper(abbreviation), instant);
    if (type != nullptr) return -type->offset;
    BrokenTime fields = broken_timestamptz(timestamptz, zone);
    return zone_offset_of_local(fields, zone);
}

const ZoneAbbreviation* find_zone_abbreviation(std::string_view word) {
    constexpr std::size_t kTokenLength = 10;
    word = word.substr(0, kTokenLength);
    auto it = std::ranges::lower_bound(kAbbreviations, word, {}, &ZoneAbbreviation::name);
    return it != std::end(kAbbreviations) && it->name == word ? it : nullptr;
}

ZoneChoice choose_zone(std::string_view name) {
    std::string lower(name.substr(0, kMaxName));
    for (char& c : lower) c = ascii_lower(c);
    ZoneChoice choice;
    if (const ZoneAbbreviation* row = find_zone_abbreviation(lower)) {
        if (row->zone.empty()) {
            choice.fixed_west = -row->offset;
            return choice;
        }
        choice.zone = TimeZone::find(row->zone);
        choice.abbreviation = lower;
    } else {
        choice.zone = TimeZone::find(name);
    }
    if (choice.zone == nullptr)
        throw SqlError("22023", "time zone \"" + std::string(name) + "\" not recognized");
    return choice;
}

}  // namespace cdcsim::pg
