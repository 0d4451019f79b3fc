// The short cuts of numeric: a value of at most 18 decimal digits as an int64 times a power of ten.
// Sums, differences and products of two such values are exact in 128 bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdcsim::pg {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UnsignedInt128;

struct SmallDecimal {
    std::int64_t value = 0;  ///< times 10^-scale
    int scale = 0;
};

inline constexpr int kSmallDecimalDigits = 18;

/// 10^exponent. REQUIRES: 0 <= exponent <= 18.
constexpr std::int64_t power_of_ten(int exponent) {
    std::int64_t power = 1;
    for (; exponent > 0; --exponent) power *= 10;
    return power;
}

/// Reads canonical text; nothing if it has more than 18 digits or is NaN or infinite.
inline std::optional<SmallDecimal> read_small_decimal(std::string_view text) {
    if (text.size() > kSmallDecimalDigits + 1) return std::nullopt;
    SmallDecimal decimal;
    const bool negative = text.front() == '-';
    bool after_point = false;
    int digits = 0;
    for (char c : text.substr(negative)) {
        if (c == '.') {
            after_point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > kSmallDecimalDigits) return std::nullopt;
        decimal.value = decimal.value * 10 + (c - '0');
        decimal.scale += after_point;
    }
    if (negative) decimal.value = -decimal.value;
    return decimal;
}

/// Canonical text of value * 10^-scale.
inline void append_decimal(Int128 value, int scale, std::string& out) {
    char buffer[64];
    char* const end = buffer + sizeof buffer;
    char* p = end;
    const bool negative = value < 0;
    auto rest = negative ? 0 - static_cast<UnsignedInt128>(value)
                         : static_cast<UnsignedInt128>(value);
    int places = 0;
    auto put = [&](int digit) {
        if (places == scale && scale > 0) *--p = '.';
        *--p = static_cast<char>('0' + digit);
        ++places;
    };
    while (rest > UINT64_MAX) {
        put(static_cast<int>(rest % 10));
        rest /= 10;
    }
    for (auto low = static_cast<std::uint64_t>(rest); low != 0; low /= 10) {
        put(static_cast<int>(low % 10));
    }
    while (places <= scale) put(0);
    if (negative) *--p = '-';
    out.append(p, static_cast<std::size_t>(end - p));
}

/// a + b (or a - b) as text.
inline std::string add_small_decimals(SmallDecimal a, SmallDecimal b, bool subtracting) {
    Int128 x = a.value, y = subtracting ? -b.value : b.value;
    if (a.scale < b.scale) x *= power_of_ten(b.scale - a.scale);
    if (b.scale < a.scale) y *= power_of_ten(a.scale - b.scale);
    std::string out;
    append_decimal(x + y, a.scale > b.scale ? a.scale : b.scale, out);
    return out;
}

inline std::string multiply_small_decimals(SmallDecimal a, SmallDecimal b) {
    std::string out;
    append_decimal(Int128{a.value} * b.value, a.scale + b.scale, out);
    return out;
}

}  // namespace cdcsim::pg
