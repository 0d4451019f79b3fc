// Text forms of float4 and float8. Mirrors PostgreSQL's float.c and ryu (shortest output).
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// float8in / float4in: strtod's forms (hexadecimal too), NaN and Infinity, blanks around. Throws
/// 22P02, and 22003 where the value is too large or too small. `type_name`, `original`: what the
/// message says (a longer text of which this is a part).
double parse_float8(std::string_view text, std::string_view type_name = "double precision");
float parse_float4(std::string_view text);

/// float8out: shortest for extra_float_digits > 0, else %.{15 + extra}g.
void append_float8(double value, std::string& out, int extra_float_digits = 1);
/// float4out, %.{6 + extra}g.
void append_float4(float value, std::string& out, int extra_float_digits = 1);

/// btree order: NaN is the largest and equals itself, -0 = 0.
constexpr int compare_floats(double a, double b) noexcept {
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan || b_nan) return a_nan - b_nan;
    return a < b ? -1 : a > b;
}

}  // namespace cdcsim::pg
