#include "core/connect/java_number.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace cdcsim::connect {

namespace {

constexpr int kExpShift = 52;
constexpr std::uint64_t kHighBit = std::uint64_t{1} << kExpShift;
constexpr std::uint64_t kFractionMask = kHighBit - 1;

/// An unsigned integer of any size, little-endian 32-bit words; only what dtoa needs.
class Big {
  public:
    Big(std::uint64_t value, int pow5, int pow2) {
        words_ = {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
        for (int i = 0; i < pow5; ++i) multiply(5);
        shift_left(pow2);
        trim();
    }

    void multiply(std::uint32_t factor) {
        std::uint64_t carry = 0;
        for (auto& word : words_) {
            carry += std::uint64_t{word} * factor;
            word = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry) words_.push_back(static_cast<std::uint32_t>(carry));
    }

    /// The quotient by `s` (below 10); keeps ten times the remainder.
    int quotient_remainder_step(const Big& s) {
        int q = 0;
        while (compare(s) >= 0) {
            subtract(s);
            ++q;
        }
        multiply(10);
        trim();
        return q;
    }

    int compare(const Big& other) const {
        if (words_.size() != other.words_.size())
            return words_.size() < other.words_.size() ? -1 : 1;
        for (std::size_t i = words_.size(); i-- > 0;)
            if (words_[i] != other.words_[i]) return words_[i] < other.words_[i] ? -1 : 1;
        return 0;
    }

    Big plus(const Big& other) const {
        Big sum = *this;
        sum.words_.resize(std::max(words_.size(), other.words_.size()) + 1);
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < sum.words_.size(); ++i) {
            carry += sum.words_[i];
            if (i < other.words_.size()) carry += other.words_[i];
            sum.words_[i] = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        sum.trim();
        return sum;
    }

    void shift_left(int bits) {
        words_.insert(words_.begin(), static_cast<std::size_t>(bits / 32), 0);
        if (bits % 32) multiply(std::uint32_t{1} << (bits % 32));
    }

  private:
    void subtract(const Big& other) {
        std::int64_t borrow = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            borrow += words_[i];
            if (i < other.words_.size()) borrow -= other.words_[i];
            words_[i] = static_cast<std::uint32_t>(borrow);
            borrow >>= 32;
        }
        trim();
    }
    void trim() {
        while (!words_.empty() && words_.back() == 0) words_.pop_back();
    }

    std::vector<std::uint32_t> words_;
};

constexpr int kBitsOfPow5[] = {0,  3,  5,  7,  10, 12, 14, 17, 19, 21, 24, 26, 28, 31,
                               33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61};
constexpr int kPow5Count = static_cast<int>(std::size(kBitsOfPow5));

/// How many low decimal digits of a long carry no information when its low p bits do not.
constexpr int kInsignificantDigits[] = {
    0,  0,  0,  0,  1,  1,  1,  2,  2,  2,  3,  3,  3,  3,  4,  4,  4,  5,  5,  5,  6,  6,
    6,  6,  7,  7,  7,  8,  8,  8,  9,  9,  9,  9,  10, 10, 10, 11, 11, 11, 12, 12, 12, 12,
    13, 13, 13, 14, 14, 14, 15, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19};

std::int64_t pow5(int n) {
    std::int64_t value = 1;
    while (n-- > 0) value *= 5;
    return value;
}

int bits_of_pow5(int n) {
    return n < kPow5Count ? kBitsOfPow5[n] : n * 3;
}

/// FloatingDecimal.BinaryToASCIIBuffer.
struct Digits {
    std::string digits;
    int exponent = 0;  ///< the decimal point stands before digits[exponent]

    void round_up() {
        std::size_t i = digits.size() - 1;
        while (digits[i] == '9' && i > 0) digits[i--] = '0';
        if (digits[i] == '9') {
            ++exponent;
            digits[0] = '1';
            return;
        }
        ++digits[i];
    }

    void from_long(std::int64_t value, int insignificant) {
        if (insignificant != 0) {
            std::int64_t pow10 = pow5(insignificant) << insignificant;
            std::int64_t residue = value % pow10;
            value /= pow10;
            exponent += insignificant;
            if (residue >= pow10 / 2) ++value;
        }
        while (value % 10 == 0) {
            value /= 10;
            ++exponent;
        }
        digits = std::to_string(value);
        exponent += static_cast<int>(digits.size());
    }

    void dtoa(int bin_exp, std::uint64_t fraction, int significant_bits);

  private:
    struct Factors {
        int b2, b5, s2, s5, m2, m5;
    };
    struct Stop {
        bool low, high;
        std::int64_t low_digit_difference;
    };
    template <class Int>
    Stop develop_fixed(std::uint64_t fraction, const Factors& f, int& dec_exp);
    Stop develop_big(std::uint64_t fraction, const Factors& f, int& dec_exp);
};

int estimate_decimal_exponent(std::uint64_t fraction, int bin_exp) {
    auto d2 = std::bit_cast<double>(0x3FF0000000000000ULL | (fraction & kFractionMask));
    double d = (d2 - 1.5) * 0.289529654 + 0.176091259 + bin_exp * 0.301029995663981;
    return static_cast<int>(std::floor(d));
}

/// The first digit may be a zero that does not count; E-form wants more than one digit.
bool too_small_or_large(int dec_exp) {
    return dec_exp < -3 || dec_exp >= 8;
}

/// Java's int or long arithmetic, with its wrap-around of m.
template <class Int>
Digits::Stop Digits::develop_fixed(std::uint64_t fraction, const Factors& f, int& dec_exp) {
    using Unsigned = std::make_unsigned_t<Int>;
    Int b = static_cast<Int>((static_cast<Int>(fraction) * pow5(f.b5)) << f.b2);
    Int s = static_cast<Int>(pow5(f.s5) << f.s2);
    Unsigned m = static_cast<Unsigned>(pow5(f.m5)) << f.m2;
    Int tens = s * 10;
    auto q = b / s;
    b = 10 * (b % s);
    m *= 10;
    auto signed_m = [&] { return static_cast<Int>(m); };
    auto sum_exceeds = [&] { return static_cast<Int>(static_cast<Unsigned>(b) + m) > tens; };
    bool low = b < signed_m();
    bool high = sum_exceeds();
    if (q == 0 && !high)
        --dec_exp;
    else
        digits += static_cast<char>('0' + q);
    if (too_small_or_large(dec_exp)) high = low = false;
    while (!low && !high) {
        q = b / s;
        b = 10 * (b % s);
        m *= 10;
        low = signed_m() <= 0 || b < signed_m();
        high = signed_m() <= 0 || sum_exceeds();
        digits += static_cast<char>('0' + q);
    }
    // In Java an int difference wraps too.
    auto difference =
        static_cast<Int>((static_cast<Unsigned>(b) << 1) - static_cast<Unsigned>(tens));
    return {low, high, difference};
}

Digits::Stop Digits::develop_big(std::uint64_t fraction, const Factors& f, int& dec_exp) {
    Big s(1, f.s5, f.s2);
    Big b(fraction, f.b5, f.b2);
    Big m(1, f.m5 + 1, f.m2 + 1);
    Big tens(1, f.s5 + 1, f.s2 + 1);
    int q = b.quotient_remainder_step(s);
    bool low = b.compare(m) < 0;
    bool high = tens.compare(b.plus(m)) <= 0;
    if (q == 0 && !high)
        --dec_exp;
    else
        digits += static_cast<char>('0' + q);
    if (too_small_or_large(dec_exp)) high = low = false;
    while (!low && !high) {
        q = b.quotient_remainder_step(s);
        m.multiply(10);
        low = b.compare(m) < 0;
        high = tens.compare(b.plus(m)) <= 0;
        digits += static_cast<char>('0' + q);
    }
    std::int64_t difference = 0;
    if (high && low) {
        b.shift_left(1);
        difference = b.compare(tens);
    }
    return {low, high, difference};
}

void Digits::dtoa(int bin_exp, std::uint64_t fraction, int significant_bits) {
    int tail_zeros = std::countr_zero(fraction);
    int fraction_bits = kExpShift + 1 - tail_zeros;
    int tiny_bits = std::max(0, fraction_bits - bin_exp - 1);
    if (bin_exp <= 62 && bin_exp >= -21 && tiny_bits == 0 && fraction_bits < 64) {
        int p = bin_exp - significant_bits - 1;
        int insignificant = bin_exp > significant_bits && p > 1 ? kInsignificantDigits[p] : 0;
        std::uint64_t value = bin_exp >= kExpShift ? fraction << (bin_exp - kExpShift)
                                                   : fraction >> (kExpShift - bin_exp);
        from_long(static_cast<std::int64_t>(value), insignificant);
        return;
    }
    int dec_exp = estimate_decimal_exponent(fraction, bin_exp);
    Factors f{};
    f.b5 = std::max(0, -dec_exp);
    f.b2 = f.b5 + tiny_bits + bin_exp;
    f.s5 = std::max(0, dec_exp);
    f.s2 = f.s5 + tiny_bits;
    f.m5 = f.b5;
    f.m2 = f.b2 - significant_bits;
    fraction >>= tail_zeros;
    f.b2 -= fraction_bits - 1;
    int common = std::min(f.b2, f.s2);
    f.b2 -= common;
    f.s2 -= common;
    f.m2 -= common;
    // A power of two is only half as far from the number below it.
    if (fraction_bits == 1) f.m2 -= 1;
    if (f.m2 < 0) {
        f.b2 -= f.m2;
        f.s2 -= f.m2;
        f.m2 = 0;
    }
    int b_bits = fraction_bits + f.b2 + bits_of_pow5(f.b5);
    int ten_s_bits = f.s2 + 1 + bits_of_pow5(f.s5 + 1);
    int bits = std::max(b_bits, ten_s_bits);
    Stop stop = bits < 32   ? develop_fixed<std::int32_t>(fraction, f, dec_exp)
                : bits < 64 ? develop_fixed<std::int64_t>(fraction, f, dec_exp)
                            : develop_big(fraction, f, dec_exp);
    exponent = dec_exp + 1;
    if (!stop.high) return;
    bool tie_to_odd = stop.low_digit_difference == 0 && (digits.back() & 1) != 0;
    if (!stop.low || stop.low_digit_difference > 0 || tie_to_odd) round_up();
}

void append_digits(std::string& out, const Digits& d) {
    int count = static_cast<int>(d.digits.size());
    if (d.exponent > 0 && d.exponent < 8) {
        int whole = std::min(count, d.exponent);
        out.append(d.digits, 0, static_cast<std::size_t>(whole));
        out.append(static_cast<std::size_t>(d.exponent - whole), '0');
        out += '.';
        if (whole < count)
            out.append(d.digits, static_cast<std::size_t>(whole), std::string::npos);
        else
            out += '0';
    } else if (d.exponent <= 0 && d.exponent > -3) {
        out += "0.";
        out.append(static_cast<std::size_t>(-d.exponent), '0');
        out += d.digits;
    } else {
        out += d.digits[0];
        out += '.';
        out += count > 1 ? std::string_view(d.digits).substr(1) : std::string_view("0");
        out += 'E';
        out += std::to_string(d.exponent - 1);
    }
}

struct Unpacked {
    bool negative;
    int bin_exp;             ///< biased
    std::uint64_t fraction;  ///< without the hidden bit
};
struct Format {
    int exp_shift, exp_bias, exp_max;
};
constexpr Format kDouble{52, 1023, 2047};
constexpr Format kFloat{23, 127, 255};

/// Appends a finite number.
void append_finite(std::string& out, Unpacked u, const Format& format) {
    if (u.negative) out += '-';
    if (u.bin_exp == 0 && u.fraction == 0) {
        out += "0.0";
        return;
    }
    int significant_bits = format.exp_shift + 1;
    if (u.bin_exp == 0) {
        int width = std::bit_width(u.fraction);
        int shift = format.exp_shift + 1 - width;
        u.fraction <<= shift;
        u.bin_exp = 1 - shift;
        significant_bits = width;
    } else {
        u.fraction |= std::uint64_t{1} << format.exp_shift;
    }
    Digits digits;
    digits.dtoa(u.bin_exp - format.exp_bias, u.fraction << (kExpShift - format.exp_shift),
                significant_bits);
    append_digits(out, digits);
}

Unpacked unpack(double value) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    return {bits >> 63 != 0, static_cast<int>(bits >> 52 & 2047), bits & kFractionMask};
}

Unpacked unpack(float value) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    return {bits >> 31 != 0, static_cast<int>(bits >> 23 & 255), bits & 0x7FFFFF};
}

template <class Real>
std::string text_of(Real value, const Format& format) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    std::string out;
    append_finite(out, unpack(value), format);
    return out;
}

template <class Real>
void append_json(std::string& out, Real value, const Format& format) {
    if (std::isfinite(value)) {
        append_finite(out, unpack(value), format);
        return;
    }
    out += '"';
    out += text_of(value, format);
    out += '"';
}

}  // namespace

namespace {

template <class Real>
std::optional<Real> read_real(std::string_view text) {
    bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    if (text == "NaN") return std::numeric_limits<Real>::quiet_NaN();
    Real value = 0;
    if (text == "Infinity") {
        value = std::numeric_limits<Real>::infinity();
    } else {
        if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.'))
            return std::nullopt;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (end != text.data() + text.size() || error == std::errc::invalid_argument)
            return std::nullopt;
        // Too large or too small: the exponent's sign tells which.
        if (error == std::errc::result_out_of_range)
            value = text.find("e-") != text.npos || text.find("E-") != text.npos ||
                            text.starts_with("0.")
                        ? Real{0}
                        : std::numeric_limits<Real>::infinity();
    }
    return negative ? -value : value;
}

}  // namespace

std::optional<double> read_java_double(std::string_view text) {
    return read_real<double>(text);
}
std::optional<float> read_java_float(std::string_view text) {
    return read_real<float>(text);
}

void append_java_double(std::string& out, double value) {
    append_json(out, value, kDouble);
}
void append_java_float(std::string& out, float value) {
    append_json(out, value, kFloat);
}
std::string java_double_text(double value) {
    return text_of(value, kDouble);
}
std::string java_float_text(float value) {
    return text_of(value, kFloat);
}

}  // namespace cdcsim::connect
