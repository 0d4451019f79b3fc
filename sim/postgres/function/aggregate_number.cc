// Aggregates of numbers: sum, avg, variance and standard deviation, regression. Mirrors the
// transition and final functions of PostgreSQL's numeric.c and float.c (Youngs-Cramer sums).
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric_math.h"
#include "sim/postgres/type/numeric_sum.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

Datum write(const Numeric& value) {
    check_numeric_range(value);
    return Datum::of_text(value.text());
}

[[noreturn]] void throw_overflow() { throw SqlError("22003", "value out of range: overflow"); }

/// sum(int2), sum(int4): a bigint that wraps as PostgreSQL's does.
class IntegerSum : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        sum_ += static_cast<std::uint64_t>(args[0].as_int());
        seen_ = true;
    }
    Datum result(CallContext&) override {
        return seen_ ? Datum::of_int(static_cast<std::int64_t>(sum_)) : Datum();
    }

  private:
    std::uint64_t sum_ = 0;
    bool seen_ = false;
};

class MoneySum : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        if (__builtin_add_overflow(sum_, args[0].as_int(), &sum_)) {
            throw_integer_out_of_range("money");
        }
        seen_ = true;
    }
    Datum result(CallContext&) override { return seen_ ? Datum::of_int(sum_) : Datum(); }

  private:
    std::int64_t sum_ = 0;
    bool seen_ = false;
};

void add_to(NumericSum& sum, const Datum& value) {
    if (value.kind() == Datum::Kind::kInt) sum.add_integer(value.as_int());
    else sum.add_text(value.as_text());
}

/// sum(int8), sum(numeric).
class ExactSum : public AggregateState {
  public:
    void step(CallContext&, Args args) override { add_to(sum_, args[0]); }
    Datum result(CallContext&) override { return sum_.count() > 0 ? write(sum_.total()) : Datum(); }

  private:
    NumericSum sum_;
};

/// avg of integers and of numeric.
class ExactAverage : public AggregateState {
  public:
    void step(CallContext&, Args args) override { add_to(sum_, args[0]); }
    Datum result(CallContext&) override {
        if (sum_.count() == 0) return Datum();
        return write(numeric_over(sum_.total(), Numeric(sum_.count())));
    }

  private:
    NumericSum sum_;
};

enum class Spread : std::uint8_t { kVariance, kDeviation };
enum class Over : std::uint8_t { kPopulation, kSample };

/// var_pop, var_samp, stddev_pop, stddev_samp of integers and of numeric, from sums of x and x*x.
template <Spread spread, Over over>
class ExactSpread : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        const Numeric x = args[0].kind() == Datum::Kind::kInt
                              ? Numeric(args[0].as_int())
                              : Numeric::from_canonical(args[0].as_text());
        ++count_;
        if (x.is_special()) {
            special_ = true;
            return;
        }
        sum_ = add(sum_, x);
        squares_ = add(squares_, multiply(x, x));
    }
    Datum result(CallContext&) override {
        if (count_ == 0 || (over == Over::kSample && count_ == 1)) return Datum();
        if (special_) return write(Numeric::nan());
        const Numeric n(count_);
        const int scale = sum_.display_scale * 2;
        const Numeric numerator =
            subtract(multiply(n, squares_, scale), multiply(sum_, sum_, scale));
        if (numerator.sign() <= 0) return write(Numeric());
        const Numeric denominator =
            multiply(n, Numeric(over == Over::kSample ? count_ - 1 : count_), 0);
        const int result_scale = quotient_scale(numerator, denominator);
        const Numeric variance =
            divide(numerator, denominator, result_scale, Rounding::kHalfAwayFromZero);
        if (spread == Spread::kVariance) return write(variance);
        return write(square_root(variance, result_scale));
    }

  private:
    std::int64_t count_ = 0;
    Numeric sum_, squares_;
    bool special_ = false;
};

template <typename Float>
class FloatSum : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        const auto x = static_cast<Float>(args[0].as_float());
        const Float sum = seen_ ? sum_ + x : x;
        if (std::isinf(sum) && !std::isinf(sum_) && !std::isinf(x)) throw_overflow();
        sum_ = sum;
        seen_ = true;
    }
    Datum result(CallContext&) override {
        return seen_ ? Datum::of_float(double{sum_}) : Datum();
    }

  private:
    Float sum_ = 0;
    bool seen_ = false;
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// N, sum of x, sum of squared differences from the mean.
struct Moments {
    double n = 0, sum = 0, squares = 0;

    void add(double x) {
        const double before_n = n, before_sum = sum;
        n += 1;
        sum += x;
        if (before_n == 0) {
            if (!std::isfinite(x)) squares = kNan;
            return;
        }
        const double difference = x * n - sum;
        squares += difference * difference / (n * before_n);
        if (std::isinf(sum) || std::isinf(squares)) {
            if (!std::isinf(before_sum) && !std::isinf(x)) throw_overflow();
            squares = kNan;
        }
    }
};

class FloatAverage : public AggregateState {
  public:
    void step(CallContext&, Args args) override { moments_.add(args[0].as_float()); }
    Datum result(CallContext&) override {
        return moments_.n > 0 ? Datum::of_float(moments_.sum / moments_.n) : Datum();
    }

  private:
    Moments moments_;
};

template <Spread spread, Over over>
class FloatSpread : public AggregateState {
  public:
    void step(CallContext&, Args args) override { moments_.add(args[0].as_float()); }
    Datum result(CallContext&) override {
        const double n = over == Over::kSample ? moments_.n - 1 : moments_.n;
        if (n <= 0) return Datum();
        const double variance = moments_.squares / n;
        return Datum::of_float(spread == Spread::kVariance ? variance : std::sqrt(variance));
    }

  private:
    Moments moments_;
};

/// The sums of the two-argument aggregates f(Y, X).
struct PairMoments {
    double n = 0, x = 0, xx = 0, y = 0, yy = 0, xy = 0;

    void add(double new_y, double new_x) {
        const PairMoments before = *this;
        n += 1;
        x += new_x;
        y += new_y;
        if (before.n == 0) {
            if (!std::isfinite(new_x)) xx = xy = kNan;
            if (!std::isfinite(new_y)) yy = xy = kNan;
            return;
        }
        const double dx = new_x * n - x, dy = new_y * n - y, scale = 1.0 / (n * before.n);
        xx += dx * dx * scale;
        yy += dy * dy * scale;
        xy += dx * dy * scale;
        const bool x_finite = !std::isinf(before.x) && !std::isinf(new_x);
        const bool y_finite = !std::isinf(before.y) && !std::isinf(new_y);
        if (((std::isinf(x) || std::isinf(xx)) && x_finite) ||
            ((std::isinf(y) || std::isinf(yy)) && y_finite) ||
            (std::isinf(xy) && x_finite && y_finite)) {
            throw_overflow();
        }
        for (double* sum : {&xx, &yy, &xy}) {
            if (std::isinf(*sum)) *sum = kNan;
        }
    }
};

template <Datum (*final_function)(const PairMoments&)>
class Regression : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        moments_.add(args[0].as_float(), args[1].as_float());
    }
    Datum result(CallContext&) override { return final_function(moments_); }

  private:
    PairMoments moments_;
};

Datum null_unless(bool condition, double value) {
    return condition ? Datum::of_float(value) : Datum();
}
Datum regr_count(const PairMoments& m) { return Datum::of_int(static_cast<std::int64_t>(m.n)); }
Datum regr_sxx(const PairMoments& m) { return null_unless(m.n >= 1, m.xx); }
Datum regr_syy(const PairMoments& m) { return null_unless(m.n >= 1, m.yy); }
Datum regr_sxy(const PairMoments& m) { return null_unless(m.n >= 1, m.xy); }
Datum regr_avgx(const PairMoments& m) { return null_unless(m.n >= 1, m.x / m.n); }
Datum regr_avgy(const PairMoments& m) { return null_unless(m.n >= 1, m.y / m.n); }
Datum covar_pop(const PairMoments& m) { return null_unless(m.n >= 1, m.xy / m.n); }
Datum covar_samp(const PairMoments& m) { return null_unless(m.n >= 2, m.xy / (m.n - 1)); }
Datum corr(const PairMoments& m) {
    return null_unless(m.n >= 1 && m.xx != 0 && m.yy != 0, m.xy / std::sqrt(m.xx * m.yy));
}
Datum regr_r2(const PairMoments& m) {
    if (m.n < 1 || m.xx == 0) return Datum();
    return Datum::of_float(m.yy == 0 ? 1.0 : (m.xy * m.xy) / (m.xx * m.yy));
}
Datum regr_slope(const PairMoments& m) { return null_unless(m.n >= 1 && m.xx != 0, m.xy / m.xx); }
Datum regr_intercept(const PairMoments& m) {
    return null_unless(m.n >= 1 && m.xx != 0, (m.y - m.x * m.xy / m.xx) / m.n);
}

// Each family has the OIDs of int8, int4, int2, float4, float8, numeric.
#define SPREAD(spread, over, int8, int4, int2, float4, float8, numeric)                   \
    {int8, true, make_state<ExactSpread<spread, over>>}, {int4, true, make_state<ExactSpread<spread, over>>}, \
    {int2, true, make_state<ExactSpread<spread, over>>}, {float4, true, make_state<FloatSpread<spread, over>>}, \
    {float8, true, make_state<FloatSpread<spread, over>>}, {numeric, true, make_state<ExactSpread<spread, over>>}

constexpr AggregateRow kAggregates[] = {
    {2100, true, make_state<ExactAverage>},  // avg: int8, int4, int2, numeric, float4, float8
    {2101, true, make_state<ExactAverage>},
    {2102, true, make_state<ExactAverage>},
    {2103, true, make_state<ExactAverage>},
    {2104, true, make_state<FloatAverage>},
    {2105, true, make_state<FloatAverage>},
    {2107, true, make_state<ExactSum>},  // sum: int8, int4, int2, float4, float8, money, numeric
    {2108, true, make_state<IntegerSum>},
    {2109, true, make_state<IntegerSum>},
    {2110, true, make_state<FloatSum<float>>},
    {2111, true, make_state<FloatSum<double>>},
    {2112, true, make_state<MoneySum>},
    {2114, true, make_state<ExactSum>},
    SPREAD(Spread::kVariance, Over::kPopulation, 2718, 2719, 2720, 2721, 2722, 2723),   // var_pop
    SPREAD(Spread::kVariance, Over::kSample, 2641, 2642, 2643, 2644, 2645, 2646),       // var_samp
    SPREAD(Spread::kVariance, Over::kSample, 2148, 2149, 2150, 2151, 2152, 2153),       // variance
    SPREAD(Spread::kDeviation, Over::kPopulation, 2724, 2725, 2726, 2727, 2728, 2729),  // stddev_pop
    SPREAD(Spread::kDeviation, Over::kSample, 2712, 2713, 2714, 2715, 2716, 2717),      // stddev_samp
    SPREAD(Spread::kDeviation, Over::kSample, 2154, 2155, 2156, 2157, 2158, 2159),      // stddev
    {2818, true, make_state<Regression<regr_count>>},
    {2819, true, make_state<Regression<regr_sxx>>},
    {2820, true, make_state<Regression<regr_syy>>},
    {2821, true, make_state<Regression<regr_sxy>>},
    {2822, true, make_state<Regression<regr_avgx>>},
    {2823, true, make_state<Regression<regr_avgy>>},
    {2824, true, make_state<Regression<regr_r2>>},
    {2825, true, make_state<Regression<regr_slope>>},
    {2826, true, make_state<Regression<regr_intercept>>},
    {2827, true, make_state<Regression<covar_pop>>},
    {2828, true, make_state<Regression<covar_samp>>},
    {2829, true, make_state<Regression<corr>>},
};

}  // namespace

FunctionTables aggregate_number_tables() { return {.aggregates = kAggregates}; }

}  // namespace cdcsim::pg
