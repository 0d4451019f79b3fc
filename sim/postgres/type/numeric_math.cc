#include "sim/postgres/type/numeric_math.h"

#include <climits>
#include <cmath>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

constexpr int kMaxResultScale = 2000;  // NUMERIC_MAX_RESULT_SCALE
constexpr double kLog10OfE = 0.434294481903252;
constexpr double kLog10Of2 = 0.301029995663981;
constexpr double kLnOf10 = 2.302585092994046;
constexpr int kGuard = 8;  // decimal digits computed beyond those asked for
constexpr auto kRound = Rounding::kHalfAwayFromZero;

[[noreturn]] void throw_power(const char* message) { throw SqlError("2201F", message); }
[[noreturn]] void throw_logarithm(const char* message) { throw SqlError("2201E", message); }

Numeric one() { return Numeric(1); }

/// 0.9 and 1.1: between them a logarithm's series converges at once.
const Numeric& just_below_one() {
    static const Numeric value = Numeric::from_canonical("0.9");
    return value;
}
const Numeric& just_above_one() {
    static const Numeric value = Numeric::from_canonical("1.1");
    return value;
}

int display_scale_between(int scale) { return std::clamp(scale, 0, kNumericMaxDisplayScale); }

/// The first 16 or so digits as a double times a power of ten.
struct Leading {
    double digits = 0;
    int power = 0;
};
Leading leading_digits(const Numeric& value, int count) {
    Leading leading{static_cast<double>(value.digits[0]), value.weight * kNumericDigits};
    for (int i = 1; i < value.digits.size() && i < count; ++i) {
        leading.digits = leading.digits * kNumericBase + value.digits[i];
        leading.power -= kNumericDigits;
    }
    return leading;
}

/// Decimal weight of ln(value), estimated: it may be far below zero for a value next to 1.
int estimate_ln_weight(const Numeric& value) {
    if (value.sign() <= 0) return 0;
    if (compare(value, just_below_one()) >= 0 && compare(value, just_above_one()) <= 0) {
        const Numeric difference = subtract(value, one());
        if (difference.digits.empty()) return 0;
        return difference.weight * kNumericDigits +
               static_cast<int>(std::log10(difference.digits[0]));
    }
    const Leading leading = leading_digits(value, 2);
    const double ln = std::log(leading.digits) + leading.power * kLnOf10;
    return static_cast<int>(std::log10(std::fabs(ln)));
}

/// floor(sqrt(n)) of a whole number by Newton's method from above.
Numeric whole_square_root(const Numeric& n) {
    if (n.digits.empty()) return n;
    const int shift = n.weight / 2 > 2 ? n.weight / 2 - 2 : 0;  // digits of the root not guessed
    Leading leading = leading_digits(n, 5);
    const double root = std::sqrt(leading.digits) *
                        std::pow(10.0, leading.power / 2 - shift * kNumericDigits);
    Numeric x(static_cast<std::int64_t>(root * (1 + 1e-15)) + 2);
    x.weight += shift;
    const Numeric two(2);
    while (true) {
        Numeric next = add(x, divide(n, x, 0, Rounding::kTowardsZero));
        next = divide(next, two, 0, Rounding::kTowardsZero);
        if (compare_magnitude(next, x) >= 0) return x;
        x = std::move(next);
    }
}

/// e^x to `scale` digits after the point.
Numeric exponential(const Numeric& argument, int scale) {
    Numeric x = argument;
    double value = to_double_saturating(x);
    Numeric result;
    result.display_scale = scale;
    if (std::fabs(value) >= kMaxResultScale * 3) {
        if (value > 0) throw_numeric_overflow();
        return result;
    }
    const int weight = static_cast<int>(value * kLog10OfE);
    // Halve x until the Taylor series converges fast; the result is squared as often.
    int halvings = 0;
    for (; std::fabs(value) > 0.01; value /= 2) ++halvings;
    if (halvings > 0) {
        x = divide(x, Numeric(std::int64_t{1} << halvings), x.display_scale + halvings, kRound);
    }
    const int significant =
        std::max(1 + weight + scale + static_cast<int>(halvings * kLog10Of2), 0) + kGuard;
    int working = significant - 1;
    result = add(one(), x);
    Numeric term = multiply(x, x, working);
    for (int n = 2;; ++n) {
        term = divide(term, Numeric(n), working, kRound);
        if (term.digits.empty()) break;
        result = add(result, term);
        term = multiply(term, x, working);
    }
    for (; halvings > 0; --halvings) {
        working = std::max(significant - result.weight * 2 * kNumericDigits, 0);
        result = multiply(result, result, working);
    }
    result.round_raw(scale);
    return result;
}

/// ln(x) to `scale` digits after the point.
Numeric natural_logarithm(const Numeric& argument, int scale) {
    if (argument.sign() < 0) throw_logarithm("cannot take logarithm of a negative number");
    if (argument.sign() == 0) throw_logarithm("cannot take logarithm of zero");
    // Square roots bring x next to 1; each doubles the factor.
    Numeric x = argument, factor(2);
    int roots = 0;
    while (compare(x, just_below_one()) <= 0 || compare(x, just_above_one()) >= 0) {
        const int working = scale - x.weight * kNumericDigits / 2 + kGuard;
        x = square_root(x, working);
        factor = multiply(factor, Numeric(2), 0);
        ++roots;
    }
    // ln x = 2 (z + z^3/3 + z^5/5 + ...), z = (x-1)/(x+1).
    const int working = scale + static_cast<int>((roots + 1) * kLog10Of2) + kGuard;
    Numeric sum = divide(subtract(x, one()), add(x, one()), working, kRound);
    Numeric power = sum;
    const Numeric square = multiply(sum, sum, working);
    for (int n = 3;; n += 2) {
        power = multiply(power, square, working);
        const Numeric term = divide(power, Numeric(n), working, kRound);
        if (term.digits.empty()) break;
        sum = add(sum, term);
        if (term.weight < sum.weight - working * 2 / kNumericDigits) break;
    }
    return multiply(sum, factor, scale);
}

/// base^exponent by squaring.
Numeric whole_power(const Numeric& base, int exponent, int scale) {
    Numeric result;
    switch (exponent) {
        case 0:
            result = one();
            result.display_scale = scale;
            return result;
        case 1:
            result = base;
            result.round_raw(scale);
            return result;
        case -1: return divide(one(), base, scale, kRound);
        case 2: return multiply(base, base, scale);
        default: break;
    }
    if (base.digits.empty()) {
        if (exponent < 0) throw SqlError("22012", "division by zero");
        result.display_scale = scale;
        return result;
    }
    const Leading leading = leading_digits(base, 4);
    const double weight = exponent * (std::log10(leading.digits) + leading.power);
    if (weight > 3.0 * SHRT_MAX * kNumericDigits) throw_numeric_overflow();
    if (weight + 1 < -scale || weight + 1 < -kNumericMaxDisplayScale) {
        result.display_scale = scale;
        return result;
    }
    const int significant = 1 + scale + static_cast<int>(weight) +
                            static_cast<int>(std::log(std::fabs(double(exponent)))) + kGuard;
    auto working_scale = [&](const Numeric& a, const Numeric& b) {
        const int working = significant - (a.weight + b.weight) * kNumericDigits;
        return std::max(std::min(working, a.display_scale + b.display_scale), 0);
    };
    auto bits = exponent < 0 ? 0U - static_cast<unsigned>(exponent) : static_cast<unsigned>(exponent);
    Numeric product = base;
    result = (bits & 1) != 0 ? base : one();
    while ((bits >>= 1) > 0) {
        product = multiply(product, product, working_scale(product, product));
        if ((bits & 1) != 0) result = multiply(product, result, working_scale(product, result));
        if (product.weight > SHRT_MAX || result.weight > SHRT_MAX) {
            if (exponent > 0) throw_numeric_overflow();
            result = Numeric();
            result.display_scale = scale;
            return result;
        }
    }
    if (exponent < 0) return divide(one(), result, scale, kRound);
    result.round_raw(scale);
    return result;
}

/// base^exponent = e^(exponent ln base). REQUIRES: base not zero, or the exponent is whole.
Numeric general_power(const Numeric& signed_base, const Numeric& exponent) {
    Numeric base = signed_base;
    const bool negative = base.negative && exponent.is_odd();
    base.negative = false;
    // A first rough product tells the weight of the result, hence the digits that are needed.
    const int ln_weight = estimate_ln_weight(base);
    int working = std::max(8 - ln_weight, 0);
    Numeric power = multiply(natural_logarithm(base, working), exponent, working);
    double weight = to_double_saturating(power);
    if (std::fabs(weight) > kMaxResultScale * 3.01) {
        if (weight > 0) throw_numeric_overflow();
        Numeric zero;
        zero.display_scale = kNumericMaxDisplayScale;
        return zero;
    }
    weight *= kLog10OfE;
    const int scale = display_scale_between(
        std::max({kNumericMinSignificantDigits - static_cast<int>(weight), base.display_scale,
                  exponent.display_scale}));
    const int significant = std::max(scale + static_cast<int>(weight), 0);
    working = std::max(significant - ln_weight + kGuard, 0);
    power = multiply(natural_logarithm(base, working), exponent, working);
    Numeric result = exponential(power, scale);
    result.negative = negative && !result.digits.empty();
    return result;
}

Numeric finite_power(const Numeric& base, const Numeric& exponent) {
    if (exponent.is_integral()) {
        const std::optional<std::int64_t> whole = to_int64(exponent);
        if (whole && *whole >= INT_MIN && *whole <= INT_MAX) {
            const int scale = std::max(kNumericMinSignificantDigits, base.display_scale);
            return whole_power(base, static_cast<int>(*whole), display_scale_between(scale));
        }
    }
    if (base.digits.empty()) {
        Numeric zero;
        zero.display_scale = kNumericMinSignificantDigits;
        return zero;
    }
    return general_power(base, exponent);
}

/// Powers with NaN or an infinity, as POSIX's pow().
Numeric special_power(const Numeric& base, const Numeric& exponent) {
    const Numeric unit = one();
    if (base.is_nan()) return exponent.is_zero() ? unit : base;
    if (exponent.is_nan()) return compare(base, unit) == 0 ? unit : exponent;
    const int base_sign = base.sign(), exponent_sign = exponent.sign();
    if (compare(base, unit) == 0 || exponent_sign == 0) return unit;
    if (base_sign == 0) return Numeric();
    if (exponent.is_infinite()) {
        const int order = base.is_infinite() ? 1 : compare_magnitude(base, unit);
        if (order == 0) return unit;
        return (order > 0) == (exponent_sign > 0) ? Numeric::infinity(1) : Numeric();
    }
    if (exponent_sign < 0) return Numeric();
    return Numeric::infinity(base_sign < 0 && exponent.is_odd() ? -1 : 1);
}

}  // namespace

Numeric square_root(const Numeric& a, int scale) {
    Numeric result;
    result.display_scale = scale;
    if (a.digits.empty()) return result;
    const int weight = a.weight >= 0 ? a.weight / 2 : -((-a.weight - 1) / 2 + 1);
    // Base digits after the point, with one decimal digit more than asked for.
    const int places = scale + 1 >= 0 ? (scale + kNumericDigits) / kNumericDigits
                                      : -((-scale - 1) / kNumericDigits);
    const int after = std::max(weight + 1 + places, 1) - weight - 1;
    Numeric n = a;
    n.weight += 2 * after;
    n.trunc_raw(0);
    result = whole_square_root(n);
    result.weight -= after;
    result.round_raw(scale);
    return result;
}

Numeric numeric_modulo(const Numeric& a, const Numeric& b) {
    if (!a.is_special() && !b.is_special()) return modulo(a, b);
    if (a.is_nan() || b.is_nan()) return Numeric::nan();
    if (!a.is_infinite()) return a;
    if (b.sign() == 0) throw SqlError("22012", "division by zero");
    return Numeric::nan();
}

Numeric numeric_quotient(const Numeric& a, const Numeric& b) {
    if (a.is_special() || b.is_special()) return numeric_over(a, b);
    return divide(a, b, 0, Rounding::kTowardsZero);
}

Numeric numeric_gcd(const Numeric& a, const Numeric& b) {
    if (a.is_special() || b.is_special()) return Numeric::nan();
    const int scale = std::max(a.display_scale, b.display_scale);
    Numeric x = a, y = b;
    while (!y.digits.empty()) {
        Numeric rest = modulo(x, y);
        x = std::move(y);
        y = std::move(rest);
    }
    x.negative = false;
    x.display_scale = scale;
    return x;
}

Numeric numeric_lcm(const Numeric& a, const Numeric& b) {
    if (a.is_special() || b.is_special()) return Numeric::nan();
    Numeric result;
    if (!a.digits.empty() && !b.digits.empty()) {
        result = multiply(divide(a, numeric_gcd(a, b), 0, Rounding::kTowardsZero), b,
                          b.display_scale);
        result.negative = false;
    }
    result.display_scale = std::max(a.display_scale, b.display_scale);
    return result;
}

Numeric numeric_negative(const Numeric& a) { return negated(a); }

Numeric numeric_ceiling(const Numeric& a) {
    Numeric result = a;
    result.trunc_raw(0);
    if (!a.is_special() && a.sign() > 0 && compare(a, result) > 0) result = add(result, one());
    return result;
}

Numeric numeric_floor(const Numeric& a) {
    Numeric result = a;
    result.trunc_raw(0);
    if (!a.is_special() && a.sign() < 0 && compare(a, result) < 0) result = subtract(result, one());
    return result;
}

Numeric numeric_square_root(const Numeric& a) {
    if (a.is_nan()) return a;
    if (a.sign() < 0) throw_power("cannot take square root of a negative number");
    if (a.is_special()) return a;
    const int weight = a.weight * kNumericDigits / 2 + 1;
    const int scale = std::max(kNumericMinSignificantDigits - weight, a.display_scale);
    return square_root(a, display_scale_between(scale));
}

Numeric numeric_exponential(const Numeric& a) {
    if (a.is_special()) return a.is_nan() || a.sign() > 0 ? a : Numeric();
    const double weight = std::clamp(to_double_saturating(a) * kLog10OfE,
                                     -double{kMaxResultScale}, double{kMaxResultScale});
    const int scale =
        std::max(kNumericMinSignificantDigits - static_cast<int>(weight), a.display_scale);
    return exponential(a, display_scale_between(scale));
}

Numeric numeric_natural_logarithm(const Numeric& a) {
    if (a.is_special()) {
        if (!a.is_nan() && a.sign() < 0) {
            throw_logarithm("cannot take logarithm of a negative number");
        }
        return a;
    }
    const int scale =
        std::max(kNumericMinSignificantDigits - estimate_ln_weight(a), a.display_scale);
    return natural_logarithm(a, display_scale_between(scale));
}

Numeric numeric_logarithm_10(const Numeric& a) { return numeric_logarithm(Numeric(10), a); }

Numeric numeric_logarithm(const Numeric& base, const Numeric& a) {
    if (base.is_nan() || a.is_nan()) return Numeric::nan();
    if (base.is_special() || a.is_special()) {
        if (base.sign() < 0 || a.sign() < 0) {
            throw_logarithm("cannot take logarithm of a negative number");
        }
        if (base.sign() == 0 || a.sign() == 0) throw_logarithm("cannot take logarithm of zero");
        if (!base.is_infinite()) return a;
        return a.is_infinite() ? Numeric::nan() : Numeric();
    }
    const int base_weight = estimate_ln_weight(base), weight = estimate_ln_weight(a);
    const int result_weight = weight - base_weight;
    const int scale = display_scale_between(std::max(
        {kNumericMinSignificantDigits - result_weight, base.display_scale, a.display_scale}));
    const int digits = scale + result_weight + kGuard;
    const Numeric ln_base = natural_logarithm(base, std::max(digits - base_weight, 0));
    const Numeric ln = natural_logarithm(a, std::max(digits - weight, 0));
    return divide(ln, ln_base, scale, kRound);
}

Numeric numeric_power(const Numeric& base, const Numeric& exponent) {
    if (!base.is_nan() && !exponent.is_nan()) {
        if (base.sign() == 0 && exponent.sign() < 0) {
            throw_power("zero raised to a negative power is undefined");
        }
        if (base.sign() < 0 && !exponent.is_integral()) {
            throw_power("a negative number raised to a non-integer power yields a complex result");
        }
    }
    if (base.is_special() || exponent.is_special()) return special_power(base, exponent);
    return finite_power(base, exponent);
}

Numeric factorial(std::int64_t n) {
    constexpr std::int64_t kLargest = 32177;
    if (n < 0) throw SqlError("22003", "factorial of a negative number is undefined");
    if (n > kLargest) throw_numeric_overflow();
    Numeric result(1);
    for (; n > 1; --n) result = multiply(result, Numeric(n), 0);
    return result;
}

int minimal_scale(const Numeric& value) {
    if (value.digits.empty()) return 0;
    int scale = (value.digits.size() - value.weight - 1) * kNumericDigits;
    if (scale <= 0) return 0;
    for (int last = value.digits.back(); last % 10 == 0; last /= 10) --scale;
    return scale;
}

std::int64_t width_bucket(const Numeric& operand, const Numeric& low, const Numeric& high,
                          std::int32_t count) {
    auto fail = [](const char* message) { throw SqlError("2201G", message); };
    if (count <= 0) fail("count must be greater than zero");
    if (operand.is_nan() || low.is_nan() || high.is_nan()) {
        fail("operand, lower bound, and upper bound cannot be NaN");
    }
    if (low.is_infinite() || high.is_infinite()) fail("lower and upper bounds must be finite");
    const int order = compare(low, high);
    if (order == 0) fail("lower bound cannot equal upper bound");
    const bool reversed = order > 0;
    auto before = [&](const Numeric& a, const Numeric& b) {
        return reversed ? compare(a, b) > 0 : compare(a, b) < 0;
    };
    std::int64_t bucket = 0;
    if (before(operand, low)) return 0;
    if (!before(operand, high)) {
        bucket = std::int64_t{count} + 1;
    } else {
        const Numeric buckets(count);
        Numeric part = reversed ? subtract(low, operand) : subtract(operand, low);
        const Numeric whole = reversed ? subtract(low, high) : subtract(high, low);
        part = multiply(part, buckets);
        const Numeric quotient = divide(part, whole, quotient_scale(part, whole), kRound);
        // Rounding may reach the next bucket: PostgreSQL 15 lets it.
        bucket = to_int64(numeric_floor(add(quotient, one()))).value_or(0);
    }
    if (bucket > INT_MAX) throw SqlError("22003", "integer out of range");
    return bucket;
}

}  // namespace cdcsim::pg
