// The little of java.math.BigDecimal that the connector needs: a decimal as unscaled digits and a
// scale, from PostgreSQL's text to Connect's Decimal bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdcsim::connect {

struct Decimal {
    bool negative = false;
    std::string digits = "0";  ///< of the unscaled value, no leading zeros, "0" is zero
    int scale = 0;

    bool is_zero() const { return digits == "0"; }
};

/// new BigDecimal(text): sign, digits, fraction, exponent. nullopt if it is not a number.
std::optional<Decimal> read_decimal(std::string_view text);

/// setScale(scale, HALF_UP), or nullopt-free growth when the scale rises.
Decimal with_scale_half_up(Decimal value, int scale);
/// setScale(scale) without rounding: nullopt where Java throws ArithmeticException.
std::optional<Decimal> with_exact_scale(Decimal value, int scale);
/// stripTrailingZeros(); zero becomes 0 with scale 0.
Decimal without_trailing_zeros(Decimal value);

/// BigInteger.toByteArray() of the unscaled value: the shortest big-endian two's complement.
std::string unscaled_bytes(const Decimal& value);
/// new BigDecimal(new BigInteger(bytes), scale): the inverse. REQUIRES: at least one byte.
Decimal decimal_of_bytes(std::string bytes, int scale);
/// toPlainString().
std::string plain_text(const Decimal& value);
/// toString(): scientific where Java is. Jackson prints a DecimalNode so.
std::string java_text(const Decimal& value);

}  // namespace cdcsim::connect
