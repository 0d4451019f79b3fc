// Arithmetic of numeric.h: sums, products, quotients. Schoolbook methods in base 10000; the limits
// (guard digits of truncated products, the scale of a quotient) are PostgreSQL's.
#include <charconv>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/type/numeric.h"

namespace cdcsim::pg {
namespace {

/// The digit of base position `position`, 0 outside.
int digit_at(const Numeric& value, int position) {
    const int i = value.weight - position;
    return i >= 0 && i < value.digits.size() ? value.digits[i] : 0;
}

int lowest_position(const Numeric& value) { return value.weight - value.digits.size() + 1; }

/// |a| + |b|, or |a| - |b| where |a| >= |b|; sign and display scale are the caller's.
Numeric combine_magnitudes(const Numeric& a, const Numeric& b, bool subtracting) {
    Numeric result;
    const int high = std::max(a.weight, b.weight) + 1;
    const int low = std::min(lowest_position(a), lowest_position(b));
    result.weight = high;
    result.digits.resize(high - low + 1);
    int carry = 0;
    for (int position = low; position <= high; ++position) {
        const int x = digit_at(a, position), y = digit_at(b, position);
        int digit = subtracting ? x - y + carry : x + y + carry;
        carry = 0;
        if (digit >= kNumericBase) digit -= kNumericBase, carry = 1;
        if (digit < 0) digit += kNumericBase, carry = -1;
        result.digits[high - position] = digit;
    }
    CDCSIM_CHECK(carry == 0);
    return result;
}

Numeric add_signed(const Numeric& a, const Numeric& b, bool b_negative) {
    const int scale = std::max(a.display_scale, b.display_scale);
    Numeric result;
    if (a.digits.empty() || b.digits.empty()) {
        result = a.digits.empty() ? b : a;
        if (a.digits.empty()) result.negative = b_negative;
    } else if (a.negative == b_negative) {
        result = combine_magnitudes(a, b, false);
        result.negative = a.negative;
    } else if (const int order = compare_magnitude(a, b); order != 0) {
        result = order > 0 ? combine_magnitudes(a, b, true) : combine_magnitudes(b, a, true);
        result.negative = order > 0 ? a.negative : b_negative;
    }
    result.display_scale = scale;
    result.strip();
    return result;
}

/// Knuth's algorithm D on base-10000 digits: `count` digits of the quotient of u / v, both read as
/// fractions 0.u 0.v (u is padded with zeros). REQUIRES: v has no leading zero.
std::vector<std::int64_t> divide_digits(const Numeric& a, const Numeric& b, int count) {
    const int size = b.digits.size();
    std::vector<std::int64_t> u(static_cast<std::size_t>(count + size + 2), 0);
    std::vector<std::int64_t> v(static_cast<std::size_t>(size), 0);
    // Normalised so that the first digit of v is at least half the base.
    const std::int64_t factor = kNumericBase / (b.digits[0] + 1);
    std::int64_t carry = 0;
    for (int i = size - 1; i >= 0; --i) {
        carry += b.digits[i] * factor;
        v[static_cast<std::size_t>(i)] = carry % kNumericBase;
        carry /= kNumericBase;
    }
    for (int i = std::min(a.digits.size(), count + size) - 1; i >= 0; --i) {
        carry += a.digits[i] * factor;
        u[static_cast<std::size_t>(i) + 1] = carry % kNumericBase;
        carry /= kNumericBase;
    }
    u[0] = carry;
    const std::int64_t v0 = v[0], v1 = size > 1 ? v[1] : 0;
    std::vector<std::int64_t> quotient(static_cast<std::size_t>(count), 0);
    for (std::size_t j = 0; j < quotient.size(); ++j) {
        const std::int64_t top = u[j] * kNumericBase + u[j + 1];
        std::int64_t digit = top / v0, rest = top % v0;
        while (digit >= kNumericBase || digit * v1 > rest * kNumericBase + u[j + 2]) {
            --digit;
            rest += v0;
            if (rest >= kNumericBase) break;
        }
        std::int64_t borrow = 0;
        for (std::size_t i = v.size(); i-- > 0;) {
            std::int64_t x = u[j + i + 1] - digit * v[i] - borrow;
            borrow = x < 0 ? (-x + kNumericBase - 1) / kNumericBase : 0;
            u[j + i + 1] = x + borrow * kNumericBase;
        }
        u[j] -= borrow;
        if (u[j] < 0) {  // the digit was one too large: add v back
            --digit;
            std::int64_t up = 0;
            for (std::size_t i = v.size(); i-- > 0;) {
                up += u[j + i + 1] + v[i];
                u[j + i + 1] = up % kNumericBase;
                up /= kNumericBase;
            }
            u[j] += up;
        }
        quotient[j] = digit;
    }
    return quotient;
}

}  // namespace

int compare_magnitude(const Numeric& a, const Numeric& b) {
    if (a.digits.empty() || b.digits.empty()) return !a.digits.empty() - !b.digits.empty();
    if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
    const int common = std::min(a.digits.size(), b.digits.size());
    for (int i = 0; i < common; ++i) {
        if (a.digits[i] != b.digits[i]) return a.digits[i] < b.digits[i] ? -1 : 1;
    }
    return a.digits.size() - b.digits.size();
}

int compare(const Numeric& a, const Numeric& b) {
    auto rank = [](const Numeric& x) {
        return x.is_nan() ? 2 : x.is_infinite() ? x.sign() : 0;
    };
    if (a.is_special() || b.is_special()) return rank(a) - rank(b);
    if (a.sign() != b.sign()) return a.sign() - b.sign();
    return a.negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

Numeric add(const Numeric& a, const Numeric& b) { return add_signed(a, b, b.negative); }

Numeric subtract(const Numeric& a, const Numeric& b) {
    return add_signed(a, b, !b.negative && !b.digits.empty());
}

Numeric multiply(const Numeric& a, const Numeric& b, int scale) {
    // Decimal places far below `scale` are not computed; PostgreSQL keeps two digits of guard.
    constexpr int kGuardDigits = 2;
    Numeric result;
    result.display_scale = scale;
    if (a.digits.empty() || b.digits.empty()) return result;
    const int weight = a.weight + b.weight + 2;
    const int wanted =
        weight + 1 + (scale + kNumericDigits - 1) / kNumericDigits + kGuardDigits;
    const int count = std::min(a.digits.size() + b.digits.size() + 1, wanted);
    if (count < 3) return result;
    std::vector<std::int64_t> sums(static_cast<std::size_t>(count), 0);
    const Numeric& shorter = a.digits.size() <= b.digits.size() ? a : b;
    const Numeric& longer = a.digits.size() <= b.digits.size() ? b : a;
    for (int i = std::min(shorter.digits.size() - 1, count - 3); i >= 0; --i) {
        const std::int64_t digit = shorter.digits[i];
        const int last = std::min(longer.digits.size() - 1, count - i - 3);
        std::int64_t* out = sums.data() + i + 2;
        const std::int32_t* in = longer.digits.data();
        for (int j = 0; j <= last; ++j) out[j] += digit * in[j];
    }
    result.weight = weight;
    result.negative = a.negative != b.negative;
    result.digits.resize(count);
    std::int64_t carry = 0;
    for (int i = count - 1; i >= 0; --i) {
        carry += sums[static_cast<std::size_t>(i)];
        result.digits[i] = static_cast<std::int32_t>(carry % kNumericBase);
        carry /= kNumericBase;
    }
    result.round_raw(scale);
    result.strip();
    return result;
}

Numeric multiply(const Numeric& a, const Numeric& b) {
    return multiply(a, b, a.display_scale + b.display_scale);
}

Numeric divide(const Numeric& a, const Numeric& b, int scale, Rounding rounding) {
    if (b.digits.empty()) throw SqlError("22012", "division by zero");
    Numeric result;
    result.display_scale = scale;
    if (a.digits.empty()) return result;
    const bool round = rounding == Rounding::kHalfAwayFromZero;
    const int weight = a.weight - b.weight;
    const int places = scale >= 0 ? (scale + kNumericDigits - 1) / kNumericDigits
                                  : scale / kNumericDigits;
    const int count = std::max(weight + 1 + places, 1) + (round ? 1 : 0);
    // The first digit has position weight: u's leading digit against v's.
    std::vector<std::int64_t> quotient = divide_digits(a, b, count);
    result.weight = weight;
    result.negative = a.negative != b.negative;
    result.digits.resize(count);
    for (int i = 0; i < count; ++i) {
        result.digits[i] = static_cast<std::int32_t>(quotient[static_cast<std::size_t>(i)]);
    }
    if (round) result.round_raw(scale);
    else result.trunc_raw(scale);
    result.strip();
    return result;
}

int quotient_scale(const Numeric& a, const Numeric& b) {
    const int a_weight = a.digits.empty() ? 0 : a.weight, b_weight = b.digits.empty() ? 0 : b.weight;
    const int a_first = a.digits.empty() ? 0 : a.digits[0], b_first = b.digits.empty() ? 0 : b.digits[0];
    int weight = a_weight - b_weight;
    if (a_first <= b_first) --weight;
    int scale = kNumericMinSignificantDigits - weight * kNumericDigits;
    scale = std::max({scale, a.display_scale, b.display_scale, 0});
    return std::min(scale, kNumericMaxDisplayScale);
}

Numeric modulo(const Numeric& a, const Numeric& b) {
    const Numeric quotient = divide(a, b, 0, Rounding::kTowardsZero);
    return subtract(a, multiply(quotient, b, b.display_scale));
}

Numeric negated(Numeric value) {
    if (value.kind == Numeric::Kind::kInfinity) return Numeric::infinity(-1);
    if (value.kind == Numeric::Kind::kMinusInfinity) return Numeric::infinity(1);
    if (!value.digits.empty()) value.negative = !value.negative;
    return value;
}

Numeric numeric_plus(const Numeric& a, const Numeric& b) {
    if (!a.is_special() && !b.is_special()) return add(a, b);
    if (a.is_nan() || b.is_nan()) return Numeric::nan();
    if (a.is_infinite() && b.is_infinite() && a.kind != b.kind) return Numeric::nan();
    return a.is_infinite() ? a : b;
}

Numeric numeric_minus(const Numeric& a, const Numeric& b) { return numeric_plus(a, negated(b)); }

Numeric numeric_times(const Numeric& a, const Numeric& b) {
    if (!a.is_special() && !b.is_special()) {
        Numeric result = multiply(a, b);
        constexpr int kMaxStoredScale = 16383;
        if (result.display_scale > kMaxStoredScale) result.round_raw(kMaxStoredScale);
        return result;
    }
    if (a.is_nan() || b.is_nan()) return Numeric::nan();
    const int sign = a.sign() * b.sign();
    return sign == 0 ? Numeric::nan() : Numeric::infinity(sign);
}

Numeric numeric_over(const Numeric& a, const Numeric& b) {
    if (!a.is_special() && !b.is_special()) {
        return divide(a, b, quotient_scale(a, b), Rounding::kHalfAwayFromZero);
    }
    if (a.is_nan() || b.is_nan()) return Numeric::nan();
    if (a.is_infinite() && b.is_infinite()) return Numeric::nan();
    if (b.is_infinite()) return Numeric();
    if (b.is_zero()) throw SqlError("22012", "division by zero");
    return Numeric::infinity(a.sign() * b.sign());
}

std::optional<std::int64_t> to_int64(const Numeric& value) {
    Numeric rounded = value;
    rounded.round_raw(0);
    // Accumulated below zero, where there is one value more.
    std::int64_t result = 0;
    for (int position = rounded.weight; position >= 0 && !rounded.digits.empty(); --position) {
        if (__builtin_mul_overflow(result, kNumericBase, &result) ||
            __builtin_sub_overflow(result, digit_at(rounded, position), &result)) {
            return std::nullopt;
        }
    }
    if (rounded.negative) return result;
    if (result == INT64_MIN) return std::nullopt;
    return -result;
}

double to_double_saturating(const Numeric& value) {
    if (value.is_nan()) return NAN;
    if (value.is_infinite()) return value.sign() * HUGE_VAL;
    if (value.weight > 100) return value.negative ? -HUGE_VAL : HUGE_VAL;
    if (value.weight < -100) return 0;
    const std::string text = value.text();
    double result = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range) {
        return value.weight < 0 ? 0 : value.negative ? -HUGE_VAL : HUGE_VAL;
    }
    return result;
}

}  // namespace cdcsim::pg
