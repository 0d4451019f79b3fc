// PostgreSQL's numeric: an exact decimal of any size. Mirrors NumericVar of numeric.c: digits in base
// 10000 with a weight, and a display scale, because its rules (scale of a quotient, digits of a
// logarithm) are stated in those terms. A value is stored as its canonical text ("-12.500", "NaN",
// "Infinity"; no "-0", no leading zeros), so most work here is from text to text; plain small
// values take short cuts (numeric_fast.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/type/digit_buffer.h"

namespace cdcsim::pg {

inline constexpr int kNumericBase = 10000;
inline constexpr int kNumericDigits = 4;  ///< decimal digits in one digit of the base
inline constexpr int kNumericMaxDisplayScale = 1000;
inline constexpr int kNumericMinSignificantDigits = 16;

class Numeric {
  public:
    enum class Kind : std::uint8_t { kFinite, kNan, kInfinity, kMinusInfinity };

    Numeric() = default;
    explicit Numeric(std::int64_t value);
    static Numeric special(Kind kind);
    static Numeric nan() { return special(Kind::kNan); }
    static Numeric infinity(int sign) {
        return special(sign < 0 ? Kind::kMinusInfinity : Kind::kInfinity);
    }
    /// Reads canonical text. REQUIRES: it is canonical.
    static Numeric from_canonical(std::string_view text);

    bool is_special() const { return kind != Kind::kFinite; }
    bool is_nan() const { return kind == Kind::kNan; }
    bool is_infinite() const { return kind == Kind::kInfinity || kind == Kind::kMinusInfinity; }
    bool is_zero() const { return kind == Kind::kFinite && digits.empty(); }
    /// -1, 0, 1; for infinities too. REQUIRES: not NaN.
    int sign() const;
    /// No digits after the point (whatever the display scale). Infinities count.
    bool is_integral() const;
    bool is_odd() const;

    /// Appends the canonical text.
    void append_to(std::string& out) const;
    std::string text() const;

    /// Half away from zero / towards zero, to `scale` digits after the point (negative: before it);
    /// the display scale becomes max(scale, 0) for `round_to`, and `scale` for `round_raw`.
    void round_to(int scale);
    void trunc_to(int scale);
    void round_raw(int scale);
    void trunc_raw(int scale);
    /// Drops zero digits at both ends; zero becomes +0 of weight 0.
    void strip();

    /// Value of the digit at base position `weight - index`.
    Kind kind = Kind::kFinite;
    bool negative = false;
    int weight = 0;         ///< of digits[0], in powers of 10000
    int display_scale = 0;  ///< decimal digits shown after the point
    DigitBuffer digits;     ///< 0..9999 each, most significant first, no zeros at the ends
};

/// numeric_in without a typmod: canonical text of what a user wrote. Throws 22P02, 22003.
std::string canonical_numeric(std::string_view text);
/// numeric_in for a value given by a program (from a float's or money's text).
Numeric parse_numeric(std::string_view text);

/// Precision and scale of a typmod; the scale may be negative. REQUIRES: typmod >= 4.
struct NumericTypmod {
    int precision, scale;
};
constexpr NumericTypmod numeric_typmod(std::int32_t typmod) {
    const int raw = (typmod - 4) & 0x7ff;
    return {((typmod - 4) >> 16) & 0xffff, (raw ^ 1024) - 1024};
}
/// Rounds to the typmod's scale; 22003 `numeric field overflow` with DETAIL. -1 does nothing.
void apply_numeric_typmod(Numeric& value, std::int32_t typmod);
std::string apply_numeric_typmod(std::string canonical, std::int32_t typmod);

/// Throws 22003 `value overflows numeric format` where PostgreSQL could not store the result.
void check_numeric_range(const Numeric& value);
[[noreturn]] void throw_numeric_overflow();

/// SQL order of canonical texts: NaN largest, then Infinity. No allocation.
int compare_numeric_text(std::string_view a, std::string_view b) noexcept;
int compare(const Numeric& a, const Numeric& b);
int compare_magnitude(const Numeric& a, const Numeric& b);

/// Finite arithmetic. The scale of + - is the larger one, of * as asked (truncated products keep
/// PostgreSQL's guard digits).
Numeric add(const Numeric& a, const Numeric& b);
Numeric subtract(const Numeric& a, const Numeric& b);
Numeric multiply(const Numeric& a, const Numeric& b, int scale);
Numeric multiply(const Numeric& a, const Numeric& b);
enum class Rounding : std::uint8_t { kHalfAwayFromZero, kTowardsZero };
/// REQUIRES: divisor not zero (22012 otherwise).
Numeric divide(const Numeric& a, const Numeric& b, int scale, Rounding rounding);
/// The scale that `a / b` has in SQL (select_div_scale).
int quotient_scale(const Numeric& a, const Numeric& b);
Numeric modulo(const Numeric& a, const Numeric& b);

/// numeric_add and its kin with NaN and infinities; what `a + b` is in SQL.
Numeric numeric_plus(const Numeric& a, const Numeric& b);
Numeric numeric_minus(const Numeric& a, const Numeric& b);
Numeric numeric_times(const Numeric& a, const Numeric& b);
Numeric numeric_over(const Numeric& a, const Numeric& b);
Numeric negated(Numeric value);

/// Nothing if it does not fit after rounding half away from zero. REQUIRES: finite.
std::optional<std::int64_t> to_int64(const Numeric& value);
/// The nearest double; +-HUGE_VAL where it overflows, 0 where it underflows.
double to_double_saturating(const Numeric& value);

/// The payload of the varlena as on disk: short header for |weight| <= 63 and scale <= 63.
void append_numeric_disk_image(const Numeric& value, std::string& out);

}  // namespace cdcsim::pg
