// The bounds of window frames such as RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW, and
// the binary forms that *_send give. Mirrors in_range_* and *_send of date.c and timestamp.c.
#include <array>

#include "core/base/error.h"
#include "sim/postgres/function/datetime_functions.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

// in_range(value, base, offset, subtract, less): value <= or >= base -+ offset
Interval offset_arg(Args args, bool time_only) {
    Interval offset = read_interval(args[2].as_text());
    if (time_only ? offset.microseconds < 0 : compare_intervals(offset, {}) < 0)
        throw SqlError("22013", "invalid preceding or following size in window function");
    return args[3].as_bool() ? wrapped_negative(offset) : offset;
}

/// `order` is that of the value and the bound.
Datum in_bound(Args args, int order) {
    return Datum::of_bool(args[4].as_bool() ? order <= 0 : order >= 0);
}

int order_of(std::int64_t a, std::int64_t b) {
    return a < b ? -1 : a > b;
}

Datum in_range_timestamp_interval(CallContext&, Args args) {
    std::int64_t bound = add_interval(args[1].as_int(), offset_arg(args, false));
    return in_bound(args, order_of(args[0].as_int(), bound));
}
Datum in_range_timestamptz_interval(CallContext& call, Args args) {
    std::int64_t bound = add_interval_in_zone(call.env, args[1].as_int(), offset_arg(args, false));
    return in_bound(args, order_of(args[0].as_int(), bound));
}
Datum in_range_date_interval(CallContext&, Args args) {
    Interval offset = offset_arg(args, false);
    std::int64_t bound = add_interval(date_to_timestamp(args[1].as_int()), offset);
    return in_bound(args, order_of(date_to_timestamp(args[0].as_int()), bound));
}
Datum in_range_interval_interval(CallContext&, Args args) {
    Interval offset = read_interval(args[2].as_text()), base = read_interval(args[1].as_text());
    offset_arg(args, false);
    Interval bound =
        args[3].as_bool() ? interval_difference(base, offset) : interval_sum(base, offset);
    return in_bound(args, compare_intervals(read_interval(args[0].as_text()), bound));
}
/// Not round the clock; wraps only where PostgreSQL's 64 bits do.
std::int64_t time_bound(std::int64_t base, const Interval& offset) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) +
                                     static_cast<std::uint64_t>(offset.microseconds));
}
Datum in_range_time_interval(CallContext&, Args args) {
    std::int64_t bound = time_bound(args[1].as_int(), offset_arg(args, true));
    return in_bound(args, order_of(args[0].as_int(), bound));
}
Datum in_range_timetz_interval(CallContext&, Args args) {
    TimeTz bound = read_timetz(args[1].as_text());
    bound.microseconds = time_bound(bound.microseconds, offset_arg(args, true));
    return in_bound(args, compare_timetz(read_timetz(args[0].as_text()), bound));
}

template <typename Integer>
void append_big_endian(Integer value, std::string& out) {
    for (std::size_t i = sizeof value; i-- > 0;)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

Datum date_send(CallContext&, Args args) {
    std::string out;
    append_big_endian(static_cast<std::int32_t>(args[0].as_int()), out);
    return Datum::of_text(std::move(out));
}
Datum timestamp_send(CallContext&, Args args) {
    std::string out;
    append_big_endian(args[0].as_int(), out);
    return Datum::of_text(std::move(out));
}
Datum timetz_send(CallContext&, Args args) {
    TimeTz time = read_timetz(args[0].as_text());
    std::string out;
    append_big_endian(time.microseconds, out);
    append_big_endian(time.zone, out);
    return Datum::of_text(std::move(out));
}
Datum interval_send(CallContext&, Args args) {
    Interval span = read_interval(args[0].as_text());
    std::string out;
    append_big_endian(span.microseconds, out);
    append_big_endian(span.days, out);
    append_big_endian(span.months, out);
    return Datum::of_text(std::move(out));
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"in_range_date_interval", in_range_date_interval},
    {"in_range_timestamp_interval", in_range_timestamp_interval},
    {"in_range_timestamptz_interval", in_range_timestamptz_interval},
    {"in_range_interval_interval", in_range_interval_interval},
    {"in_range_time_interval", in_range_time_interval},
    {"in_range_timetz_interval", in_range_timetz_interval},
    {"date_send", date_send},
    {"time_send", timestamp_send},
    {"timetz_send", timetz_send},
    {"timestamp_send", timestamp_send},
    {"timestamptz_send", timestamp_send},
    {"interval_send", interval_send},
}));

}  // namespace

FunctionTables datetime_in_range_tables() {
    return {.scalars = kScalars};
}

}  // namespace cdcsim::pg
