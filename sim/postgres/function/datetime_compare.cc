// Comparison of dates and times, within a type and across date, timestamp and timestamptz;
// isfinite, OVERLAPS, the larger and the smaller. Mirrors date.c and timestamp.c.
#include <array>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_functions.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using Compare = int (*)(CallContext& call, const Datum& a, const Datum& b);

int sign_of(std::int64_t a, std::int64_t b) {
    return a < b ? -1 : a > b;
}

int compare_ints(CallContext&, const Datum& a, const Datum& b) {
    return sign_of(a.as_int(), b.as_int());
}
int compare_interval(CallContext&, const Datum& a, const Datum& b) {
    return compare_intervals(read_interval(a.as_text()), read_interval(b.as_text()));
}
int compare_zoned_time(CallContext&, const Datum& a, const Datum& b) {
    return compare_timetz(read_timetz(a.as_text()), read_timetz(b.as_text()));
}

// Across types both sides become timestamps. One that does not fit lies beyond all finite ones, but
// within the infinities.

int compare_beyond(int side, std::int64_t other) {
    if (side > 0) return other == kTimestampInfinity ? -1 : 1;
    return other == kTimestampMinusInfinity ? 1 : -1;
}

int compare_date_timestamp(CallContext&, const Datum& a, const Datum& b) {
    std::int64_t date = a.as_int();
    bool beyond = is_finite_date(date) && date >= kTimestampEndJulian - kPostgresEpochJulian;
    if (beyond) return compare_beyond(1, b.as_int());
    return sign_of(date_to_timestamp(date), b.as_int());
}

/// Local midnight or local time as timestamptz; `side` is 1 or -1 if it does not fit.
std::int64_t in_session_zone(CallContext& call, BrokenTime& fields, std::int64_t local, int& side) {
    int zone = zone_offset_of_local(fields, session_time_zone(call.env));
    std::int64_t result = 0;
    bool fits = !__builtin_add_overflow(local, zone * kMicrosPerSecond, &result) &&
                is_valid_timestamp(result);
    side = fits ? 0 : (local > 0 ? 1 : -1);
    return result;
}

int compare_date_timestamptz(CallContext& call, const Datum& a, const Datum& b) {
    std::int64_t date = a.as_int();
    if (!is_finite_date(date)) return sign_of(date_to_timestamp(date), b.as_int());
    if (date >= kTimestampEndJulian - kPostgresEpochJulian) return compare_beyond(1, b.as_int());
    BrokenTime fields;
    break_date(date, fields);
    int side = 0;
    std::int64_t instant = in_session_zone(call, fields, date * kMicrosPerDay, side);
    return side != 0 ? compare_beyond(side, b.as_int()) : sign_of(instant, b.as_int());
}

int compare_timestamp_timestamptz(CallContext& call, const Datum& a, const Datum& b) {
    std::int64_t local = a.as_int();
    if (!is_finite_timestamp(local)) return sign_of(local, b.as_int());
    BrokenTime fields = broken_timestamp(local);
    int side = 0;
    std::int64_t instant = in_session_zone(call, fields, local, side);
    return side != 0 ? compare_beyond(side, b.as_int()) : sign_of(instant, b.as_int());
}

template <Compare kCompare>
int reversed(CallContext& call, const Datum& a, const Datum& b) {
    return -kCompare(call, b, a);
}

template <Compare kCompare>
Datum cmp(CallContext& c, Args a) {
    return Datum::of_int(kCompare(c, a[0], a[1]));
}
template <Compare kCompare>
Datum eq(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) == 0);
}
template <Compare kCompare>
Datum ne(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) != 0);
}
template <Compare kCompare>
Datum lt(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) < 0);
}
template <Compare kCompare>
Datum le(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) <= 0);
}
template <Compare kCompare>
Datum gt(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) > 0);
}
template <Compare kCompare>
Datum ge(CallContext& c, Args a) {
    return Datum::of_bool(kCompare(c, a[0], a[1]) >= 0);
}

template <Compare kCompare>
Datum larger(CallContext& call, Args args) {
    return kCompare(call, args[0], args[1]) > 0 ? args[0] : args[1];
}
template <Compare kCompare>
Datum smaller(CallContext& call, Args args) {
    return kCompare(call, args[0], args[1]) < 0 ? args[0] : args[1];
}
// date and time prefer their first argument among equals, which no one can see.

Datum date_finite(CallContext&, Args args) {
    return Datum::of_bool(is_finite_date(args[0].as_int()));
}
Datum timestamp_finite(CallContext&, Args args) {
    return Datum::of_bool(is_finite_timestamp(args[0].as_int()));
}
Datum interval_finite(CallContext&, Args) {
    return Datum::of_bool(true);
}

/// (start1, end1) OVERLAPS (start2, end2) as the SQL standard has it: a NULL end leaves the period
/// an instant of unknown length, so the answer may be NULL.
template <Compare kCompare>
Datum overlaps_points(CallContext& call, Args args) {
    Datum start1 = args[0], end1 = args[1], start2 = args[2], end2 = args[3];
    auto order = [&](Datum& start, Datum& end) {
        bool swap =
            start.is_null() ? !end.is_null() : !end.is_null() && kCompare(call, start, end) > 0;
        if (swap) std::swap(start, end);
        return !start.is_null();
    };
    if (!order(start1, end1) || !order(start2, end2)) return Datum();
    int first = kCompare(call, start1, start2);
    if (first == 0) return end1.is_null() || end2.is_null() ? Datum() : Datum::of_bool(true);
    const Datum& later_start = first > 0 ? start1 : start2;
    const Datum& earlier_end = first > 0 ? end2 : end1;
    const Datum& later_end = first > 0 ? end1 : end2;
    if (earlier_end.is_null()) return Datum();
    if (kCompare(call, later_start, earlier_end) < 0) return Datum::of_bool(true);
    return later_end.is_null() ? Datum() : Datum::of_bool(false);
}

using Plus = Datum (*)(CallContext& call, Args args);

/// The forms with a length: (start, length). A NULL in it makes the end NULL.
template <Compare kCompare, Plus kPlus, bool kFirst, bool kSecond>
Datum overlaps_lengths(CallContext& call, Args args) {
    std::array<Datum, 4> points{args[0], args[1], args[2], args[3]};
    auto to_end = [&](const Datum& start, Datum& length) {
        std::array<Datum, 2> both{start, length};
        length = start.is_null() || length.is_null() ? Datum() : kPlus(call, both);
    };
    if (kFirst) to_end(points[0], points[1]);
    if (kSecond) to_end(points[2], points[3]);
    return overlaps_points<kCompare>(call, points);
}

#define COMPARISONS(prefix, suffix, compare)                                      \
    {prefix "_eq" suffix, eq<compare>}, {prefix "_ne" suffix, ne<compare>},       \
        {prefix "_lt" suffix, lt<compare>}, {prefix "_le" suffix, le<compare>},   \
        {prefix "_gt" suffix, gt<compare>}, {prefix "_ge" suffix, ge<compare>}, { \
        prefix "_cmp" suffix, cmp<compare>                                        \
    }
#define EXTREMES(prefix, compare)           \
    {prefix "_larger", larger<compare>}, {  \
        prefix "_smaller", smaller<compare> \
    }

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    COMPARISONS("date", "", compare_ints),
    COMPARISONS("time", "", compare_ints),
    COMPARISONS("timetz", "", compare_zoned_time),
    COMPARISONS("timestamp", "", compare_ints),
    COMPARISONS("interval", "", compare_interval),
    COMPARISONS("date", "_timestamp", compare_date_timestamp),
    COMPARISONS("date", "_timestamptz", compare_date_timestamptz),
    COMPARISONS("timestamp", "_date", reversed<compare_date_timestamp>),
    COMPARISONS("timestamptz", "_date", reversed<compare_date_timestamptz>),
    COMPARISONS("timestamp", "_timestamptz", compare_timestamp_timestamptz),
    COMPARISONS("timestamptz", "_timestamp", reversed<compare_timestamp_timestamptz>),
    EXTREMES("date", compare_ints),
    EXTREMES("time", compare_ints),
    EXTREMES("timetz", compare_zoned_time),
    EXTREMES("timestamp", compare_ints),
    EXTREMES("interval", compare_interval),
    {"date_finite", date_finite},
    {"timestamp_finite", timestamp_finite},
    {"interval_finite", interval_finite},
    {"overlaps_time", overlaps_points<compare_ints>},
    {"overlaps_timetz", overlaps_points<compare_zoned_time>},
    {"overlaps_timestamp", overlaps_points<compare_ints>},
    {"#1305", overlaps_lengths<compare_ints, timestamptz_pl_interval, true, true>},
    {"#1306", overlaps_lengths<compare_ints, timestamptz_pl_interval, false, true>},
    {"#1307", overlaps_lengths<compare_ints, timestamptz_pl_interval, true, false>},
    {"#1309", overlaps_lengths<compare_ints, time_pl_interval, true, true>},
    {"#1310", overlaps_lengths<compare_ints, time_pl_interval, false, true>},
    {"#1311", overlaps_lengths<compare_ints, time_pl_interval, true, false>},
    {"#2042", overlaps_lengths<compare_ints, timestamp_pl_interval, true, true>},
    {"#2043", overlaps_lengths<compare_ints, timestamp_pl_interval, false, true>},
    {"#2044", overlaps_lengths<compare_ints, timestamp_pl_interval, true, false>},
}));

}  // namespace

FunctionTables datetime_compare_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
