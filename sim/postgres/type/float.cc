#include "sim/postgres/type/float.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

std::size_t skip_spaces(std::string_view text, std::size_t i) {
    while (i < text.size() && is_sql_space(text[i])) ++i;
    return i;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
    if (text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (lower(text[i]) != word[i]) return false;
    }
    return true;
}

/// "inf", "infinity", "nan", "nan(chars)": the number of bytes read, 0 if it is none of them.
template <typename Float>
std::size_t scan_special(std::string_view text, Float& value) {
    using Limits = std::numeric_limits<Float>;
    if (starts_with_word(text, "infinity")) return value = Limits::infinity(), 8;
    if (starts_with_word(text, "inf")) return value = Limits::infinity(), 3;
    if (!starts_with_word(text, "nan")) return 0;
    value = Limits::quiet_NaN();
    std::size_t i = 3;
    if (i == text.size() || text[i] != '(') return i;
    for (++i; i < text.size(); ++i) {
        const char c = lower(text[i]);
        if (c == ')') return i + 1;
        if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) break;
    }
    return 3;
}

/// strtod without its locale. A value out of range leaves `value` at 0 and sets `out_of_range`.
template <typename Float>
std::size_t scan_float(std::string_view text, Float& value, bool& out_of_range) {
    std::size_t start = 0;
    const bool negative = text.substr(0, 1) == "-";
    if (negative || text.substr(0, 1) == "+") start = 1;
    std::string_view rest = text.substr(start);
    std::size_t length = scan_special(rest, value);
    if (length == 0 && !rest.empty() && rest[0] != '-') {
        auto format = std::chars_format::general;
        std::size_t prefix = 0;
        if (rest.size() > 2 && rest[0] == '0' && lower(rest[1]) == 'x') {
            format = std::chars_format::hex;
            prefix = 2;
        }
        const char* first = rest.data() + prefix;
        auto result = std::from_chars(first, rest.data() + rest.size(), value, format);
        if (prefix != 0 && result.ec == std::errc::invalid_argument) {
            return value = 0, start + 1;  // strtod reads the "0" of "0xg"
        }
        if (result.ec == std::errc::invalid_argument) return 0;
        if (result.ec == std::errc::result_out_of_range) value = 0, out_of_range = true;
        length = static_cast<std::size_t>(result.ptr - rest.data());
    }
    if (length == 0) return 0;
    if (negative) value = -value;
    return start + length;
}

template <typename Float>
Float parse_float(std::string_view text, std::string_view type_name) {
    const std::size_t start = skip_spaces(text, 0);
    Float value = 0;
    bool out_of_range = false;
    const std::size_t length = scan_float(text.substr(start), value, out_of_range);
    if (length == 0) throw_invalid_input(type_name, text);
    if (out_of_range) {
        // float8in names the number, float4in the whole text.
        const std::string_view shown = sizeof(Float) == 8 ? text.substr(start, length) : text;
        throw SqlError("22003", "\"" + std::string(shown) +
                                    "\" is out of range for type " + std::string(type_name));
    }
    if (skip_spaces(text, start + length) != text.size()) throw_invalid_input(type_name, text);
    return value;
}

template <typename Float>
struct FloatTraits;
template <>
struct FloatTraits<double> {
    using Bits = std::uint64_t;
    static constexpr int kMantissaBits = 52, kBias = 1075, kDigits = 15;
};
template <>
struct FloatTraits<float> {
    using Bits = std::uint32_t;
    static constexpr int kMantissaBits = 23, kBias = 150, kDigits = 6;
};

/// digits * 10^exponent == mantissa * 2^power, exactly?
bool is_equal_decimal(std::uint64_t digits, int exponent, std::uint64_t mantissa, int power) {
    if (exponent < 0) return false;  // such decimals are never the shortest where ties exist
    const int digits_twos = std::countr_zero(digits), mantissa_twos = std::countr_zero(mantissa);
    if (digits_twos + exponent != power + mantissa_twos) return false;
    std::uint64_t odd = digits >> digits_twos;
    const std::uint64_t wanted = mantissa >> mantissa_twos;
    for (; exponent > 0; --exponent) {
        if (odd > wanted) return false;
        odd *= 5;
    }
    return odd == wanted;
}

/// True if the decimal lies exactly half-way between `value` and a neighbour: PostgreSQL's ryu never
/// takes such a bound, std::to_chars does for even mantissas.
template <typename Float>
bool is_half_way(Float value, std::uint64_t digits, int exponent) {
    using Traits = FloatTraits<Float>;
    const auto bits = std::bit_cast<typename Traits::Bits>(value);
    const int raw = static_cast<int>(bits >> Traits::kMantissaBits);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << Traits::kMantissaBits) - 1);
    const std::uint64_t mantissa =
        raw == 0 ? fraction : fraction | (std::uint64_t{1} << Traits::kMantissaBits);
    const int power = (raw == 0 ? 1 : raw) - Traits::kBias;
    const bool narrow_below = fraction == 0 && raw > 1;  // below a power of two the step is halved
    return is_equal_decimal(digits, exponent, 2 * mantissa + 1, power - 1) ||
           (narrow_below ? is_equal_decimal(digits, exponent, 4 * mantissa - 1, power - 2)
                         : is_equal_decimal(digits, exponent, 2 * mantissa - 1, power - 1));
}

struct Decimal {
    char digits[24];
    int count = 0;
    int exponent = 0;  ///< of the first digit
};

/// Reads to_chars' scientific form "d.ddde+XX".
Decimal read_scientific(const char* p, const char* end) {
    Decimal decimal;
    for (; p != end && *p != 'e'; ++p) {
        if (*p != '.') decimal.digits[decimal.count++] = *p;
    }
    ++p;
    if (*p == '+') ++p;
    std::from_chars(p, end, decimal.exponent);
    while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0') --decimal.count;
    return decimal;
}

/// REQUIRES: finite, positive.
template <typename Float>
Decimal shortest_decimal(Float value) {
    char buffer[64];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    Decimal decimal = read_scientific(buffer, end);
    constexpr Float kExactLimit = static_cast<Float>(
        std::uint64_t{1} << (FloatTraits<Float>::kMantissaBits + 1));
    if (value < kExactLimit) return decimal;
    for (int precision = decimal.count;; ++precision) {  // digits after the first one
        std::uint64_t digits = 0;
        std::from_chars(decimal.digits, decimal.digits + decimal.count, digits);
        if (!is_half_way(value, digits, decimal.exponent - decimal.count + 1)) return decimal;
        end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific,
                            precision)
                  .ptr;
        decimal = read_scientific(buffer, end);
    }
}

void append_exponent(int exponent, std::string& out) {
    out += 'e';
    out += exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    if (exponent < 10) out += '0';
    append_integer(exponent, out);
}

/// Fixed notation for -4 <= exponent < `fixed_limit`, else d.ddde+XX.
void layout(const Decimal& decimal, int fixed_limit, std::string& out) {
    const int count = decimal.count, exponent = decimal.exponent;
    const auto size = static_cast<std::size_t>(count);
    if (exponent < -4 || exponent >= fixed_limit) {
        out += decimal.digits[0];
        if (count > 1) out.append(".").append(decimal.digits + 1, size - 1);
        return append_exponent(exponent, out);
    }
    if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0');
        out.append(decimal.digits, size);
        return;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (size <= whole) {
        out.append(decimal.digits, size).append(whole - size, '0');
        return;
    }
    out.append(decimal.digits, whole).append(".").append(decimal.digits + whole, size - whole);
}

template <typename Float>
void append_float(Float value, std::string& out, int extra_float_digits) {
    using Traits = FloatTraits<Float>;
    if (std::isnan(value)) return void(out += "NaN");
    if (std::isinf(value)) return void(out += value < 0 ? "-Infinity" : "Infinity");
    if (extra_float_digits <= 0) {
        char buffer[64];
        const int digits = std::max(Traits::kDigits + extra_float_digits, 1);
        out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value,
                                         std::chars_format::general, digits)
                               .ptr);
        return;
    }
    if (std::signbit(value)) out += '-';
    if (value == 0) return void(out += '0');
    layout(shortest_decimal(std::fabs(value)), Traits::kDigits, out);
}

Datum float8_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_float(parse_float8(text));
}

void float8_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    append_float8(value.as_float(), out, env.value_settings().extra_float_digits);
}

Datum float4_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_float(double{parse_float4(text)});
}

void float4_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    append_float4(static_cast<float>(value.as_float()), out,
                  env.value_settings().extra_float_digits);
}

int float_compare(const Datum& a, const Datum& b) noexcept {
    return compare_floats(a.as_float(), b.as_float());
}

constexpr TypeOps kTypes[] = {
    {oid::kFloat4, float4_input, float4_output, float_compare, nullptr, true},
    {oid::kFloat8, float8_input, float8_output, float_compare, nullptr, true},
};

}  // namespace

double parse_float8(std::string_view text, std::string_view type_name) {
    return parse_float<double>(text, type_name);
}

float parse_float4(std::string_view text) { return parse_float<float>(text, "real"); }

void append_float8(double value, std::string& out, int extra_float_digits) {
    append_float(value, out, extra_float_digits);
}

void append_float4(float value, std::string& out, int extra_float_digits) {
    append_float(value, out, extra_float_digits);
}

FunctionTables float_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
