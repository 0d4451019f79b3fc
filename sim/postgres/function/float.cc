// The operators and functions of float4 and float8, and their casts. Mirrors PostgreSQL's float.c:
// overflow and underflow are errors, NaN equals itself and is the largest value.
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/float.h"
#include "sim/postgres/type/integer.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

[[noreturn]] void throw_overflow() { throw SqlError("22003", "value out of range: overflow"); }
[[noreturn]] void throw_underflow() { throw SqlError("22003", "value out of range: underflow"); }
[[noreturn]] void throw_division_by_zero() { throw SqlError("22012", "division by zero"); }
[[noreturn]] void throw_input_out_of_range() { throw SqlError("22003", "input is out of range"); }

double x_of(Args args) { return args[0].as_float(); }
double y_of(Args args) { return args[1].as_float(); }

/// The operators, in the precision of Float; the operands decide what is an error.
template <typename Float>
struct Arithmetic {
    static Datum add(CallContext&, Args args) {
        const auto x = static_cast<Float>(x_of(args)), y = static_cast<Float>(y_of(args));
        return checked(x + y, !std::isinf(x) && !std::isinf(y), false);
    }
    static Datum subtract(CallContext&, Args args) {
        const auto x = static_cast<Float>(x_of(args)), y = static_cast<Float>(y_of(args));
        return checked(x - y, !std::isinf(x) && !std::isinf(y), false);
    }
    static Datum multiply(CallContext&, Args args) {
        const auto x = static_cast<Float>(x_of(args)), y = static_cast<Float>(y_of(args));
        return checked(x * y, !std::isinf(x) && !std::isinf(y), x != 0 && y != 0);
    }
    static Datum divide(CallContext&, Args args) {
        const auto x = static_cast<Float>(x_of(args)), y = static_cast<Float>(y_of(args));
        if (y == 0 && !std::isnan(x)) throw_division_by_zero();
        return checked(x / y, !std::isinf(x), x != 0 && !std::isinf(y));
    }
    static Datum checked(Float result, bool must_be_finite, bool must_not_be_zero) {
        if (std::isinf(result) && must_be_finite) throw_overflow();
        if (result == 0 && must_not_be_zero) throw_underflow();
        return Datum::of_float(double{result});
    }
};

int compare_args(Args args) { return compare_floats(x_of(args), y_of(args)); }
Datum float_eq(CallContext&, Args args) { return Datum::of_bool(compare_args(args) == 0); }
Datum float_ne(CallContext&, Args args) { return Datum::of_bool(compare_args(args) != 0); }
Datum float_lt(CallContext&, Args args) { return Datum::of_bool(compare_args(args) < 0); }
Datum float_le(CallContext&, Args args) { return Datum::of_bool(compare_args(args) <= 0); }
Datum float_gt(CallContext&, Args args) { return Datum::of_bool(compare_args(args) > 0); }
Datum float_ge(CallContext&, Args args) { return Datum::of_bool(compare_args(args) >= 0); }
Datum float_cmp(CallContext&, Args args) { return Datum::of_int(compare_args(args)); }
Datum float_larger(CallContext&, Args args) { return compare_args(args) > 0 ? args[0] : args[1]; }
Datum float_smaller(CallContext&, Args args) { return compare_args(args) < 0 ? args[0] : args[1]; }

Datum float_abs(CallContext&, Args args) { return Datum::of_float(std::fabs(x_of(args))); }
Datum float_negate(CallContext&, Args args) { return Datum::of_float(-x_of(args)); }
Datum float_plus(CallContext&, Args args) { return args[0]; }

// Casts.

template <typename Int>
Datum to_integer(CallContext&, Args args) {
    const double value = std::rint(x_of(args));
    constexpr double kLimit = -static_cast<double>(std::numeric_limits<Int>::min());
    if (std::isnan(value) || value < -kLimit || value >= kLimit) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(static_cast<Int>(value));
}
Datum int_to_float8(CallContext&, Args args) {
    return Datum::of_float(static_cast<double>(args[0].as_int()));
}
Datum int_to_float4(CallContext&, Args args) {
    return Datum::of_float(double{static_cast<float>(args[0].as_int())});
}
Datum dtof(CallContext&, Args args) {
    const double value = x_of(args);
    const auto result = static_cast<float>(value);
    if (std::isinf(result) && !std::isinf(value)) throw_overflow();
    if (result == 0 && value != 0) throw_underflow();
    return Datum::of_float(double{result});
}

// Rounding.

Datum dround(CallContext&, Args args) { return Datum::of_float(std::rint(x_of(args))); }
Datum dtrunc(CallContext&, Args args) { return Datum::of_float(std::trunc(x_of(args))); }
Datum dceil(CallContext&, Args args) { return Datum::of_float(std::ceil(x_of(args))); }
Datum dfloor(CallContext&, Args args) { return Datum::of_float(std::floor(x_of(args))); }
Datum dsign(CallContext&, Args args) {
    const double x = x_of(args);
    return Datum::of_float(x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0);
}

// Roots, powers, logarithms.

/// The result of a function that has no infinite value at a finite argument.
Datum finite_or_throw(double result, double argument) {
    if (std::isinf(result) && !std::isinf(argument)) throw_overflow();
    return Datum::of_float(result);
}

Datum dsqrt(CallContext&, Args args) {
    const double x = x_of(args);
    if (x < 0) throw SqlError("2201F", "cannot take square root of a negative number");
    const double result = std::sqrt(x);
    if (result == 0 && x != 0) throw_underflow();
    return finite_or_throw(result, x);
}

Datum dcbrt(CallContext&, Args args) {
    const double x = x_of(args), result = std::cbrt(x);
    if (result == 0 && x != 0) throw_underflow();
    return finite_or_throw(result, x);
}

Datum dexp(CallContext&, Args args) {
    const double x = x_of(args);
    if (std::isnan(x)) return args[0];
    if (std::isinf(x)) return Datum::of_float(x > 0 ? x : 0);
    const double result = std::exp(x);
    if (std::isinf(result)) throw_overflow();
    if (result == 0) throw_underflow();
    return Datum::of_float(result);
}

template <double (*logarithm)(double)>
Datum log_function(CallContext&, Args args) {
    const double x = x_of(args);
    if (x == 0) throw SqlError("2201E", "cannot take logarithm of zero");
    if (x < 0) throw SqlError("2201E", "cannot take logarithm of a negative number");
    const double result = logarithm(x);
    if (result == 0 && x != 1) throw_underflow();
    return finite_or_throw(result, x);
}

/// pow() where an argument is infinite, as POSIX says.
double infinite_power(double x, double y) {
    if (std::isinf(y)) {
        const double magnitude = std::fabs(x);
        if (magnitude == 1) return 1;
        if (y > 0) return magnitude > 1 ? y : 0;
        return magnitude > 1 ? 0 : -y;
    }
    if (y == 0) return 1;
    if (x > 0) return y > 0 ? x : 0;
    const double half = y / 2;
    const bool odd = std::floor(half) != half;
    if (y > 0) return odd ? x : -x;
    return odd ? -0.0 : 0.0;
}

Datum dpow(CallContext&, Args args) {
    const double x = x_of(args), y = y_of(args);
    if (std::isnan(x)) return std::isnan(y) || y != 0 ? args[0] : Datum::of_float(1);
    if (std::isnan(y)) return x != 1 ? args[1] : Datum::of_float(1);
    if (x == 0 && y < 0) throw SqlError("2201F", "zero raised to a negative power is undefined");
    if (x < 0 && std::floor(y) != y) {
        throw SqlError("2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    }
    if (std::isinf(x) || std::isinf(y)) return Datum::of_float(infinite_power(x, y));
    const double result = std::pow(x, y);
    if (std::isinf(result)) throw_overflow();
    if (result == 0 && x != 0) throw_underflow();
    return Datum::of_float(result);
}

// Trigonometry in radians.

template <double (*function)(double)>
Datum trigonometric(CallContext&, Args args) {
    const double x = x_of(args);
    if (std::isnan(x)) return args[0];
    if (std::isinf(x)) throw_input_out_of_range();
    const double result = function(x);
    if (std::isinf(result)) throw_overflow();
    return Datum::of_float(result);
}
double tangent(double x) { return std::tan(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }

template <double (*function)(double)>
Datum arc_function(CallContext&, Args args) {
    const double x = x_of(args);
    if (std::isnan(x)) return args[0];
    if (x < -1 || x > 1) throw_input_out_of_range();
    return Datum::of_float(function(x));
}

Datum dcot(CallContext&, Args args) {
    const double x = x_of(args);
    if (std::isnan(x)) return args[0];
    if (std::isinf(x)) throw_input_out_of_range();
    return Datum::of_float(1.0 / std::tan(x));  // infinite at 0
}
Datum datan(CallContext&, Args args) { return Datum::of_float(std::atan(x_of(args))); }
Datum datan2(CallContext&, Args args) {
    return Datum::of_float(std::atan2(x_of(args), y_of(args)));
}
Datum dsinh(CallContext&, Args args) { return Datum::of_float(std::sinh(x_of(args))); }
Datum dcosh(CallContext&, Args args) { return Datum::of_float(std::cosh(x_of(args))); }
Datum dtanh(CallContext&, Args args) { return Datum::of_float(std::tanh(x_of(args))); }
Datum dasinh(CallContext&, Args args) { return Datum::of_float(std::asinh(x_of(args))); }
Datum dacosh(CallContext&, Args args) {
    if (x_of(args) < 1) throw_input_out_of_range();
    return Datum::of_float(std::acosh(x_of(args)));
}
Datum datanh(CallContext&, Args args) {
    const double x = x_of(args);
    if (x < -1 || x > 1) throw_input_out_of_range();
    if (x == -1 || x == 1) return Datum::of_float(x * std::numeric_limits<double>::infinity());
    return Datum::of_float(std::atanh(x));
}

constexpr double kRadiansPerDegree = 0.0174532925199432957692;

Datum degrees(CallContext& call, Args args) {
    const Datum both[] = {args[0], Datum::of_float(kRadiansPerDegree)};
    return Arithmetic<double>::divide(call, both);
}
Datum radians(CallContext& call, Args args) {
    const Datum both[] = {args[0], Datum::of_float(kRadiansPerDegree)};
    return Arithmetic<double>::multiply(call, both);
}
Datum dpi(CallContext&, Args) { return Datum::of_float(M_PI); }

// Trigonometry in degrees: exact at the angles that people know by heart, because results are
// divided by what the library says of those angles.

struct DegreeConstants {
    double sin_30 = std::sin(30.0 * kRadiansPerDegree);
    double one_minus_cos_60 = 1.0 - std::cos(60.0 * kRadiansPerDegree);
    double asin_half = std::asin(0.5);
    double acos_half = std::acos(0.5);
    double atan_1 = std::atan(1.0);
};
const DegreeConstants& constants() {
    static const DegreeConstants instance;
    return instance;
}

double sind_0_to_30(double x) {
    return std::sin(x * kRadiansPerDegree) / constants().sin_30 / 2.0;
}
double cosd_0_to_60(double x) {
    const double one_minus_cos = 1.0 - std::cos(x * kRadiansPerDegree);
    return 1.0 - one_minus_cos / constants().one_minus_cos_60 / 2.0;
}
double sind_quadrant(double x) { return x <= 30.0 ? sind_0_to_30(x) : cosd_0_to_60(90.0 - x); }
double cosd_quadrant(double x) { return x <= 60.0 ? cosd_0_to_60(x) : sind_0_to_30(90.0 - x); }

double sind(double x) {
    double sign = 1;
    x = std::fmod(x, 360.0);
    if (x < 0.0) x = -x, sign = -sign;
    if (x > 180.0) x = 360.0 - x, sign = -sign;
    if (x > 90.0) x = 180.0 - x;
    return sign * sind_quadrant(x);
}
double cosd(double x) {
    double sign = 1;
    x = std::fmod(x, 360.0);
    if (x < 0.0) x = -x;
    if (x > 180.0) x = 360.0 - x;
    if (x > 90.0) x = 180.0 - x, sign = -sign;
    return sign * cosd_quadrant(x);
}

/// tand and cotd: the ratio over that at 45 degrees, with the sign of the quadrant.
template <bool cotangent>
Datum degree_ratio(CallContext&, Args args) {
    static const double tan_45 = sind_quadrant(45.0) / cosd_quadrant(45.0);
    static const double cot_45 = cosd_quadrant(45.0) / sind_quadrant(45.0);
    double x = x_of(args), sign = 1;
    if (std::isnan(x)) return args[0];
    if (std::isinf(x)) throw_input_out_of_range();
    x = std::fmod(x, 360.0);
    if (x < 0.0) x = -x, sign = -sign;
    if (x > 180.0) x = 360.0 - x, sign = -sign;
    if (x > 90.0) x = 180.0 - x, sign = -sign;
    const double ratio = cotangent ? cosd_quadrant(x) / sind_quadrant(x) / cot_45
                                   : sind_quadrant(x) / cosd_quadrant(x) / tan_45;
    const double result = sign * ratio;
    return Datum::of_float(result == 0.0 ? 0.0 : result);  // never -0
}

double asind_quadrant(double x) {
    if (x <= 0.5) return std::asin(x) / constants().asin_half * 30.0;
    return 90.0 - std::acos(x) / constants().acos_half * 60.0;
}
double acosd_quadrant(double x) {
    if (x <= 0.5) return 90.0 - std::asin(x) / constants().asin_half * 30.0;
    return std::acos(x) / constants().acos_half * 60.0;
}
double asind(double x) { return x >= 0.0 ? asind_quadrant(x) : -asind_quadrant(-x); }
double acosd(double x) { return x >= 0.0 ? acosd_quadrant(x) : 90.0 + asind_quadrant(-x); }
double arc_tangent_degrees(double radians) { return radians / constants().atan_1 * 45.0; }

Datum datand(CallContext&, Args args) {
    return Datum::of_float(arc_tangent_degrees(std::atan(x_of(args))));
}
Datum datan2d(CallContext&, Args args) {
    return Datum::of_float(arc_tangent_degrees(std::atan2(x_of(args), y_of(args))));
}

double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }
double natural_log(double x) { return std::log(x); }
double decimal_log(double x) { return std::log10(x); }

Datum width_bucket_float8(CallContext&, Args args) {
    const double operand = x_of(args), low = y_of(args), high = args[2].as_float();
    const std::int64_t count = args[3].as_int();
    auto fail = [](const char* message) { throw SqlError("2201G", message); };
    if (count <= 0) fail("count must be greater than zero");
    if (std::isnan(operand) || std::isnan(low) || std::isnan(high)) {
        fail("operand, lower bound, and upper bound cannot be NaN");
    }
    if (std::isinf(low) || std::isinf(high)) fail("lower and upper bounds must be finite");
    if (low == high) fail("lower bound cannot equal upper bound");
    const bool reversed = low > high;
    if (reversed ? operand > low : operand < low) return Datum::of_int(0);
    if (reversed ? operand <= high : operand >= high) {
        if (count + 1 > INT_MAX) throw SqlError("22003", "integer out of range");
        return Datum::of_int(count + 1);
    }
    const double part = reversed ? low - operand : operand - low;
    const double whole = reversed ? low - high : high - low;
    const double bucket = static_cast<double>(count) * part / whole;
    // Rounding may give one bucket too many; beyond int4 the conversion gives the smallest integer.
    const double number = bucket + 1;
    return Datum::of_int(number > INT_MAX ? INT_MIN : static_cast<std::int64_t>(number));
}

Datum drandom(CallContext& call, Args) { return Datum::of_float(call.env.random()); }
Datum setseed(CallContext& call, Args args) {
    const double seed = x_of(args);
    if (!(seed >= -1 && seed <= 1)) {
        std::string text;
        append_float8(seed, text, -9);  // %g
        throw SqlError("22023", "setseed parameter " + text + " is out of allowed range [-1,1]");
    }
    call.env.set_random_seed(seed);
    return Datum::of_text("");
}

template <typename Bits, typename Float>
Datum float_send(CallContext&, Args args) {
    const auto bits = std::bit_cast<Bits>(static_cast<Float>(x_of(args)));
    std::string bytes;
    for (int i = sizeof(Bits) - 1; i >= 0; --i) bytes += static_cast<char>(bits >> (8 * i) & 0xff);
    return Datum::of_text(std::move(bytes));
}

#define OPERATORS(prefix, Float)                                                              \
    {prefix "pl", Arithmetic<Float>::add}, {prefix "mi", Arithmetic<Float>::subtract},        \
    {prefix "mul", Arithmetic<Float>::multiply}, {prefix "div", Arithmetic<Float>::divide},   \
    {prefix "eq", float_eq}, {prefix "ne", float_ne}, {prefix "lt", float_lt},                \
    {prefix "le", float_le}, {prefix "gt", float_gt}, {prefix "ge", float_ge},                \
    {"bt" prefix "cmp", float_cmp}
#define UNARY(prefix)                                                                         \
    {prefix "abs", float_abs}, {prefix "um", float_negate}, {prefix "up", float_plus},        \
    {prefix "larger", float_larger}, {prefix "smaller", float_smaller}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    OPERATORS("float4", float), OPERATORS("float8", double), OPERATORS("float48", double),
    OPERATORS("float84", double), UNARY("float4"), UNARY("float8"),
    {"ftod", float_plus}, {"dtof", dtof}, {"dtoi2", to_integer<std::int16_t>},
    {"dtoi4", to_integer<std::int32_t>}, {"dtoi8", to_integer<std::int64_t>},
    {"ftoi2", to_integer<std::int16_t>}, {"ftoi4", to_integer<std::int32_t>},
    {"ftoi8", to_integer<std::int64_t>}, {"i2tod", int_to_float8}, {"i4tod", int_to_float8},
    {"i8tod", int_to_float8}, {"i2tof", int_to_float4}, {"i4tof", int_to_float4},
    {"i8tof", int_to_float4},
    {"dround", dround}, {"dtrunc", dtrunc}, {"dceil", dceil}, {"dfloor", dfloor}, {"dsign", dsign},
    {"dsqrt", dsqrt}, {"dcbrt", dcbrt}, {"dpow", dpow}, {"dexp", dexp},
    {"dlog1", log_function<natural_log>}, {"dlog10", log_function<decimal_log>},
    {"dsin", trigonometric<sine>}, {"dcos", trigonometric<cosine>}, {"dtan", trigonometric<tangent>},
    {"dcot", dcot}, {"dasin", arc_function<arc_sine>}, {"dacos", arc_function<arc_cosine>},
    {"datan", datan}, {"datan2", datan2}, {"dsinh", dsinh}, {"dcosh", dcosh}, {"dtanh", dtanh},
    {"dasinh", dasinh}, {"dacosh", dacosh}, {"datanh", datanh},
    {"degrees", degrees}, {"radians", radians}, {"dpi", dpi},
    {"dsind", trigonometric<sind>}, {"dcosd", trigonometric<cosd>},
    {"dtand", degree_ratio<false>}, {"dcotd", degree_ratio<true>},
    {"dasind", arc_function<asind>}, {"dacosd", arc_function<acosd>},
    {"datand", datand}, {"datan2d", datan2d},
    {"width_bucket_float8", width_bucket_float8}, {"drandom", drandom}, {"setseed", setseed},
    {"float4send", float_send<std::uint32_t, float>},
    {"float8send", float_send<std::uint64_t, double>},
}));

}  // namespace

FunctionTables float_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
