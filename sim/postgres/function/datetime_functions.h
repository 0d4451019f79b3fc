// The functions on dates and times that other files of this folder call, and small helpers.
#pragma once

#include <span>
#include <string_view>

#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {

Datum timestamp_pl_interval(CallContext& call, std::span<const Datum> args);
Datum timestamptz_pl_interval(CallContext& call, std::span<const Datum> args);
Datum time_pl_interval(CallContext& call, std::span<const Datum> args);

/// `timestamp` plus `span`: months first (the day is cut to the month's length), then days, then
/// the time. The zone variant keeps local time over months and days in the session's zone.
std::int64_t add_interval(std::int64_t timestamp, const Interval& span);
std::int64_t add_interval_in_zone(Environment& env, std::int64_t timestamptz, const Interval& span);
/// -span, wrapping at the extremes as PostgreSQL's subtraction does.
Interval wrapped_negative(const Interval& span);
Interval interval_over(const Interval& span, double divisor);
Interval interval_sum(const Interval& a, const Interval& b);
Interval interval_difference(const Interval& a, const Interval& b);

/// A name of text as an argument: the type names of "unit ... not supported for type %s".
inline constexpr std::string_view kTimestampName = "timestamp without time zone";
inline constexpr std::string_view kTimestamptzName = "timestamp with time zone";
inline constexpr std::string_view kTimeName = "time without time zone";
inline constexpr std::string_view kTimetzName = "time with time zone";

}  // namespace cdcsim::pg
