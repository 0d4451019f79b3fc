// Arithmetic on dates, times and intervals: + - * /, age, justify_*, date_bin, generate_series,
// sum and avg of intervals. Mirrors date.c and timestamp.c.
#include <array>
#include <cmath>
#include <memory>
#include <optional>

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

constexpr int kDaysPerMonth = 30;
constexpr double kSecondsPerDay = 86'400;

Interval interval_arg(const Datum& datum) {
    return read_interval(datum.as_text());
}

/// Months forward or back; the day becomes the last of a shorter month.
void add_months(BrokenTime& fields, std::int32_t months) {
    int month = 0;
    if (__builtin_add_overflow(fields.month, months, &month)) throw_timestamp_out_of_range();
    int years = (month - 1) / 12;
    int rest = (month - 1) % 12;
    if (rest < 0) {
        rest += 12;
        --years;
    }
    fields.year += years;
    fields.month = rest + 1;
    fields.day = std::min(fields.day, days_in_month(fields.year, fields.month));
}

/// `lowest`: PostgreSQL allows one day before its first one where a zone may shift it.
void add_days(BrokenTime& fields, std::int32_t days, int lowest) {
    int julian = 0;
    if (__builtin_add_overflow(julian_from_date(fields.year, fields.month, fields.day), days,
                               &julian) ||
        julian < lowest)
        throw_timestamp_out_of_range();
    date_from_julian(julian, fields.year, fields.month, fields.day);
}

std::int64_t add_micros(std::int64_t timestamp, std::int64_t microseconds) {
    if (__builtin_add_overflow(timestamp, microseconds, &timestamp) ||
        !is_valid_timestamp(timestamp))
        throw_timestamp_out_of_range();
    return timestamp;
}

/// Time of day plus microseconds, round the clock; the sum wraps as PostgreSQL's does.
std::int64_t shift_time(std::int64_t time, std::int64_t microseconds) {
    std::int64_t sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(time) +
                                                 static_cast<std::uint64_t>(microseconds));
    sum %= kMicrosPerDay;
    return sum < 0 ? sum + kMicrosPerDay : sum;
}

Interval justify_hours(Interval span) {
    std::int64_t whole = span.microseconds / kMicrosPerDay;
    span.microseconds -= whole * kMicrosPerDay;
    if (__builtin_add_overflow(span.days, static_cast<std::int32_t>(whole), &span.days))
        throw_interval_out_of_range();
    if (span.days > 0 && span.microseconds < 0) {
        span.microseconds += kMicrosPerDay;
        --span.days;
    } else if (span.days < 0 && span.microseconds > 0) {
        span.microseconds -= kMicrosPerDay;
        ++span.days;
    }
    return span;
}

void carry_days(Interval& span) {
    std::int32_t whole = span.days / kDaysPerMonth;
    span.days -= whole * kDaysPerMonth;
    if (__builtin_add_overflow(span.months, whole, &span.months)) throw_interval_out_of_range();
}

Interval justify_days(Interval span) {
    carry_days(span);
    if (span.months > 0 && span.days < 0) {
        span.days += kDaysPerMonth;
        --span.months;
    } else if (span.months < 0 && span.days > 0) {
        span.days -= kDaysPerMonth;
        ++span.months;
    }
    return span;
}

Interval justify_all(Interval span) {
    // Days are carried first where that may save them from overflow.
    if ((span.days > 0 && span.microseconds > 0) || (span.days < 0 && span.microseconds < 0))
        carry_days(span);
    std::int64_t whole = span.microseconds / kMicrosPerDay;
    span.microseconds -= whole * kMicrosPerDay;
    span.days += static_cast<std::int32_t>(whole);
    carry_days(span);
    if (span.months > 0 && (span.days < 0 || (span.days == 0 && span.microseconds < 0))) {
        span.days += kDaysPerMonth;
        --span.months;
    } else if (span.months < 0 && (span.days > 0 || (span.days == 0 && span.microseconds > 0))) {
        span.days -= kDaysPerMonth;
        ++span.months;
    }
    if (span.days > 0 && span.microseconds < 0) {
        span.microseconds += kMicrosPerDay;
        --span.days;
    } else if (span.days < 0 && span.microseconds > 0) {
        span.microseconds -= kMicrosPerDay;
        ++span.days;
    }
    return span;
}

/// `value` truncated to Integer; throws if it does not fit or is NaN.
template <typename Integer>
Integer fit(double value) {
    constexpr double kLimit = sizeof(Integer) == 4 ? 2147483648.0 : 9223372036854775808.0;
    if (!(value >= -kLimit && value < kLimit)) throw_interval_out_of_range();
    return static_cast<Integer>(value);
}

/// Rounds off what is below a microsecond, in units of a second.
double round_to_micros(double seconds) {
    return std::rint(seconds * 1e6) / 1e6;
}

/// The parts of span * factor or span / factor given as doubles: what is left of a month becomes
/// days of thirty to a month, what is left of a day becomes time.
Interval scaled(double months, double days, double micros) {
    Interval result;
    result.months = fit<std::int32_t>(months);
    result.days = fit<std::int32_t>(days);
    double month_days = round_to_micros((months - result.months) * kDaysPerMonth);
    double seconds = round_to_micros(
        (days - result.days + month_days - static_cast<int>(month_days)) * kSecondsPerDay);
    if (std::fabs(seconds) >= kSecondsPerDay) {
        int whole = static_cast<int>(seconds / kSecondsPerDay);
        if (__builtin_add_overflow(result.days, whole, &result.days)) throw_interval_out_of_range();
        seconds -= whole * kSecondsPerDay;
    }
    if (__builtin_add_overflow(result.days, static_cast<std::int32_t>(month_days), &result.days))
        throw_interval_out_of_range();
    result.microseconds = fit<std::int64_t>(std::rint(micros + seconds * 1e6));
    return result;
}

}  // namespace

std::int64_t add_interval(std::int64_t timestamp, const Interval& span) {
    if (!is_finite_timestamp(timestamp)) return timestamp;
    if (span.months != 0) {
        BrokenTime fields = broken_timestamp(timestamp);
        add_months(fields, span.months);
        timestamp = checked_timestamp(fields);
    }
    if (span.days != 0) {
        BrokenTime fields = broken_timestamp(timestamp);
        add_days(fields, span.days, 0);
        timestamp = checked_timestamp(fields);
    }
    return add_micros(timestamp, span.microseconds);
}

std::int64_t add_interval_in_zone(Environment& env, std::int64_t timestamptz,
                                  const Interval& span) {
    if (!is_finite_timestamp(timestamptz)) return timestamptz;
    if (span.months != 0 || span.days != 0) {
        const TimeZone& zone = session_time_zone(env);
        auto shift = [&](auto&& change) {
            BrokenTime fields = broken_timestamptz(timestamptz, zone);
            change(fields);
            int offset = zone_offset_of_local(fields, zone);
            timestamptz = checked_timestamptz(fields, offset);
        };
        if (span.months != 0) shift([&](BrokenTime& fields) { add_months(fields, span.months); });
        if (span.days != 0) shift([&](BrokenTime& fields) { add_days(fields, span.days, -1); });
    }
    return add_micros(timestamptz, span.microseconds);
}

Interval wrapped_negative(const Interval& span) {
    return {static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(span.months)),
            static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(span.days)),
            static_cast<std::int64_t>(0u - static_cast<std::uint64_t>(span.microseconds))};
}

Interval interval_sum(const Interval& a, const Interval& b) {
    Interval sum;
    if (__builtin_add_overflow(a.months, b.months, &sum.months) ||
        __builtin_add_overflow(a.days, b.days, &sum.days) ||
        __builtin_add_overflow(a.microseconds, b.microseconds, &sum.microseconds))
        throw_interval_out_of_range();
    return sum;
}

Interval interval_difference(const Interval& a, const Interval& b) {
    Interval difference;
    if (__builtin_sub_overflow(a.months, b.months, &difference.months) ||
        __builtin_sub_overflow(a.days, b.days, &difference.days) ||
        __builtin_sub_overflow(a.microseconds, b.microseconds, &difference.microseconds))
        throw_interval_out_of_range();
    return difference;
}

Interval interval_over(const Interval& span, double divisor) {
    if (divisor == 0) throw SqlError("22012", "division by zero");
    return scaled(span.months / divisor, span.days / divisor,
                  static_cast<double>(span.microseconds) / divisor);
}

Datum timestamp_pl_interval(CallContext&, Args args) {
    return Datum::of_int(add_interval(args[0].as_int(), interval_arg(args[1])));
}
Datum timestamptz_pl_interval(CallContext& call, Args args) {
    return Datum::of_int(add_interval_in_zone(call.env, args[0].as_int(), interval_arg(args[1])));
}
Datum time_pl_interval(CallContext&, Args args) {
    return Datum::of_int(shift_time(args[0].as_int(), interval_arg(args[1]).microseconds));
}

namespace {

/// For `b op a` of a function `a op b`.
template <Datum (*kFunction)(CallContext&, Args)>
Datum swapped(CallContext& call, Args args) {
    std::array<Datum, 2> both{args[1], args[0]};
    return kFunction(call, both);
}

Datum timestamp_mi_interval(CallContext&, Args args) {
    return Datum::of_int(add_interval(args[0].as_int(), wrapped_negative(interval_arg(args[1]))));
}
Datum timestamptz_mi_interval(CallContext& call, Args args) {
    Interval span = wrapped_negative(interval_arg(args[1]));
    return Datum::of_int(add_interval_in_zone(call.env, args[0].as_int(), span));
}
Datum date_pl_interval(CallContext&, Args args) {
    return Datum::of_int(add_interval(date_to_timestamp(args[0].as_int()), interval_arg(args[1])));
}
Datum date_mi_interval(CallContext&, Args args) {
    Interval span = wrapped_negative(interval_arg(args[1]));
    return Datum::of_int(add_interval(date_to_timestamp(args[0].as_int()), span));
}

Datum checked_date(std::int64_t date) {
    if (!is_valid_date(date)) throw SqlError("22008", "date out of range");
    return Datum::of_int(date);
}
Datum date_pli(CallContext&, Args args) {
    if (!is_finite_date(args[0].as_int())) return args[0];
    return checked_date(args[0].as_int() + args[1].as_int());
}
Datum date_mii(CallContext&, Args args) {
    if (!is_finite_date(args[0].as_int())) return args[0];
    return checked_date(args[0].as_int() - args[1].as_int());
}
Datum date_mi(CallContext&, Args args) {
    if (!is_finite_date(args[0].as_int()) || !is_finite_date(args[1].as_int()))
        throw SqlError("22008", "cannot subtract infinite dates");
    return Datum::of_int(static_cast<std::int32_t>(args[0].as_int() - args[1].as_int()));
}

Datum time_mi_interval(CallContext&, Args args) {
    Interval span = wrapped_negative(interval_arg(args[1]));
    return Datum::of_int(shift_time(args[0].as_int(), span.microseconds));
}
Datum time_mi_time(CallContext&, Args args) {
    return interval_datum({0, 0, args[0].as_int() - args[1].as_int()});
}
template <int kSign>
Datum timetz_shift(CallContext&, Args args) {
    TimeTz time = read_timetz(args[0].as_text());
    Interval span = interval_arg(args[1]);
    if (kSign < 0) span = wrapped_negative(span);
    time.microseconds = shift_time(time.microseconds, span.microseconds);
    return timetz_datum(time);
}

/// date + time, with `throw` in PostgreSQL's words.
std::int64_t date_and_time(std::int64_t timestamp, std::int64_t time) {
    if (!is_finite_timestamp(timestamp)) return timestamp;
    timestamp += time;
    if (!is_valid_timestamp(timestamp)) throw_timestamp_out_of_range();
    return timestamp;
}
Datum datetime_timestamp(CallContext&, Args args) {
    return Datum::of_int(date_and_time(date_to_timestamp(args[0].as_int()), args[1].as_int()));
}
Datum datetimetz_timestamptz(CallContext&, Args args) {
    std::int64_t date = args[0].as_int();
    TimeTz time = read_timetz(args[1].as_text());
    if (date == kDateInfinity) return Datum::of_int(kTimestampInfinity);
    if (date == kDateMinusInfinity) return Datum::of_int(kTimestampMinusInfinity);
    std::int64_t result = 0;
    bool fits = date < kTimestampEndJulian - kPostgresEpochJulian;
    if (fits) result = date * kMicrosPerDay + time.microseconds + time.zone * kMicrosPerSecond;
    if (!fits || !is_valid_timestamp(result))
        throw SqlError("22008", "date out of range for timestamp");
    return Datum::of_int(result);
}

Datum timestamp_mi(CallContext&, Args args) {
    if (!is_finite_timestamp(args[0].as_int()) || !is_finite_timestamp(args[1].as_int()))
        throw SqlError("22008", "cannot subtract infinite timestamps");
    std::int64_t difference =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(args[0].as_int()) -
                                  static_cast<std::uint64_t>(args[1].as_int()));
    return interval_datum(justify_hours({0, 0, difference}));
}

Datum interval_pl(CallContext&, Args args) {
    return interval_datum(interval_sum(interval_arg(args[0]), interval_arg(args[1])));
}
Datum interval_mi(CallContext&, Args args) {
    return interval_datum(interval_difference(interval_arg(args[0]), interval_arg(args[1])));
}
Datum interval_um(CallContext&, Args args) {
    return interval_datum(interval_difference({}, interval_arg(args[0])));
}
Datum interval_mul(CallContext&, Args args) {
    Interval span = interval_arg(args[0]);
    double factor = args[1].as_float();
    return interval_datum(scaled(span.months * factor, span.days * factor,
                                 static_cast<double>(span.microseconds) * factor));
}
Datum interval_div(CallContext&, Args args) {
    return interval_datum(interval_over(interval_arg(args[0]), args[1].as_float()));
}
Datum interval_justify_hours(CallContext&, Args args) {
    return interval_datum(justify_hours(interval_arg(args[0])));
}
Datum interval_justify_days(CallContext&, Args args) {
    return interval_datum(justify_days(interval_arg(args[0])));
}
Datum interval_justify_interval(CallContext&, Args args) {
    return interval_datum(justify_all(interval_arg(args[0])));
}

/// The difference in years, months, days and time, borrowing days from the earlier month. An
/// infinite timestamp counts as the instant of its bits, as in PostgreSQL 15.
Datum age_between(const BrokenTime& first, const BrokenTime& second, bool negative) {
    const BrokenTime& late = negative ? second : first;
    const BrokenTime& early = negative ? first : second;
    std::int64_t time = time_of(late) - time_of(early);
    int days = late.day - early.day;
    int months = (late.year - early.year) * 12 + late.month - early.month;
    if (time < 0) {
        time += kMicrosPerDay;
        --days;
    }
    while (days < 0) {
        days += days_in_month(early.year, early.month);
        --months;
    }
    Interval age{months, days, time};
    return interval_datum(negative ? wrapped_negative(age) : age);
}

Datum timestamp_age(CallContext&, Args args) {
    std::int64_t first = args[0].as_int(), second = args[1].as_int();
    return age_between(broken_timestamp(first), broken_timestamp(second), first < second);
}
Datum timestamptz_age(CallContext& call, Args args) {
    std::int64_t first = args[0].as_int(), second = args[1].as_int();
    const TimeZone& zone = session_time_zone(call.env);
    return age_between(broken_timestamptz(first, zone), broken_timestamptz(second, zone),
                       first < second);
}
/// age(x): from today's midnight.
Datum timestamp_age_of_today(CallContext& call, Args args) {
    std::array<Datum, 2> both{Datum::of_int(date_to_timestamp(sql_current_date(call.env))),
                              args[0]};
    return timestamp_age(call, both);
}
Datum timestamptz_age_of_today(CallContext& call, Args args) {
    std::array<Datum, 2> both{
        Datum::of_int(date_to_timestamptz(call.env, sql_current_date(call.env))), args[0]};
    return timestamptz_age(call, both);
}

Datum timestamp_bin(CallContext&, Args args) {
    Interval stride = interval_arg(args[0]);
    std::int64_t timestamp = args[1].as_int(), origin = args[2].as_int();
    if (!is_finite_timestamp(timestamp)) return args[1];
    if (!is_finite_timestamp(origin)) throw SqlError("22008", "origin out of range");
    if (stride.months != 0)
        throw SqlError("0A000",
                       "timestamps cannot be binned into intervals containing months or years");
    std::int64_t width = 0, difference = 0;
    if (__builtin_mul_overflow(std::int64_t{stride.days}, kMicrosPerDay, &width) ||
        __builtin_add_overflow(width, stride.microseconds, &width))
        throw_interval_out_of_range();
    if (width <= 0) throw SqlError("22008", "stride must be greater than zero");
    if (__builtin_sub_overflow(timestamp, origin, &difference)) throw_interval_out_of_range();
    std::int64_t rest = difference % width;
    std::int64_t result = origin + (difference - rest);
    if (rest < 0 && (__builtin_sub_overflow(result, width, &result) || !is_valid_timestamp(result)))
        throw_timestamp_out_of_range();
    return Datum::of_int(result);
}

template <typename Add>
void emit_series(Args args, const RowSink& emit, Add add) {
    Interval step = interval_arg(args[2]);
    int sign = compare_intervals(step, {});
    if (sign == 0) throw SqlError("22023", "step size cannot equal zero");
    constexpr int kEndless = 1'000'000;
    std::int64_t at = args[0].as_int(), last = args[1].as_int();
    for (int count = 0; sign > 0 ? at <= last : at >= last; ++count) {
        // PostgreSQL runs until its disk is full.
        if (!is_finite_timestamp(at) && count > kEndless)
            throw NotSimulated("generate_series that never ends");
        Datum row = Datum::of_int(at);
        at = add(at, step);  // before the row is given away: an overflow costs this row too
        if (!emit(std::span(&row, 1))) return;
    }
}
void generate_series_timestamp(CallContext&, Args args, const RowSink& emit) {
    emit_series(args, emit, add_interval);
}
void generate_series_timestamptz(CallContext& call, Args args, const RowSink& emit) {
    emit_series(args, emit, [&](std::int64_t at, const Interval& step) {
        return add_interval_in_zone(call.env, at, step);
    });
}

class IntervalSumState : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        sum_ = interval_sum(sum_, interval_arg(args[0]));
        ++count_;
    }
    Datum result(CallContext&) override { return count_ == 0 ? Datum() : interval_datum(sum_); }

  protected:
    Interval sum_;
    std::int64_t count_ = 0;
};
class IntervalAverageState : public IntervalSumState {
  public:
    Datum result(CallContext&) override {
        if (count_ == 0) return Datum();
        return interval_datum(interval_over(sum_, static_cast<double>(count_)));
    }
};
constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"timestamp_pl_interval", timestamp_pl_interval},
    {"timestamp_mi_interval", timestamp_mi_interval},
    {"timestamptz_pl_interval", timestamptz_pl_interval},
    {"timestamptz_mi_interval", timestamptz_mi_interval},
    {"timestamp_mi", timestamp_mi},
    {"date_pli", date_pli},
    {"date_mii", date_mii},
    {"date_mi", date_mi},
    {"date_pl_interval", date_pl_interval},
    {"date_mi_interval", date_mi_interval},
    {"time_pl_interval", time_pl_interval},
    {"time_mi_interval", time_mi_interval},
    {"time_mi_time", time_mi_time},
    {"timetz_pl_interval", timetz_shift<1>},
    {"timetz_mi_interval", timetz_shift<-1>},
    {"datetime_timestamp", datetime_timestamp},
    {"datetimetz_timestamptz", datetimetz_timestamptz},
    {"#2550", swapped<date_pli>},                 // integer_pl_date
    {"#2549", swapped<timestamptz_pl_interval>},  // interval_pl_timestamptz
    {"#2548", swapped<timestamp_pl_interval>},    // interval_pl_timestamp
    {"#2547", swapped<timetz_shift<1>>},          // interval_pl_timetz
    {"#2546", swapped<date_pl_interval>},         // interval_pl_date
    {"#1848", swapped<time_pl_interval>},         // interval_pl_time
    {"#1298", swapped<datetimetz_timestamptz>},   // timetzdate_pl
    {"#1296", swapped<datetime_timestamp>},       // timedate_pl
    {"interval_pl", interval_pl},
    {"interval_mi", interval_mi},
    {"interval_um", interval_um},
    {"interval_mul", interval_mul},
    {"mul_d_interval", swapped<interval_mul>},
    {"interval_div", interval_div},
    {"interval_justify_hours", interval_justify_hours},
    {"interval_justify_days", interval_justify_days},
    {"interval_justify_interval", interval_justify_interval},
    {"timestamp_age", timestamp_age},
    {"timestamptz_age", timestamptz_age},
    {"#2059", timestamp_age_of_today},
    {"#1386", timestamptz_age_of_today},
    {"timestamp_bin", timestamp_bin},
    {"timestamptz_bin", timestamp_bin},
}));
constexpr auto kSets = sorted_rows(std::to_array<SetRow>({
    {"generate_series_timestamp", generate_series_timestamp},
    {"generate_series_timestamptz", generate_series_timestamptz},
}));
constexpr AggregateRow kAggregates[] = {
    {2106, true, make_state<IntervalAverageState>},
    {2113, true, make_state<IntervalSumState>},
};

}  // namespace

FunctionTables datetime_arithmetic_tables() {
    return {.scalars = kScalars, .sets = kSets, .aggregates = kAggregates};
}

}  // namespace cdcsim::pg
