// The operators and functions of numeric, and its casts. Mirrors PostgreSQL's numeric.c.
#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/float.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/numeric_fast.h"
#include "sim/postgres/type/numeric_math.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

Numeric read(const Datum& value) { return Numeric::from_canonical(value.as_text()); }

Datum write(const Numeric& value) {
    check_numeric_range(value);
    return Datum::of_text(value.text());
}

template <Numeric (*operation)(const Numeric&, const Numeric&)>
Datum binary(CallContext&, Args args) {
    return write(operation(read(args[0]), read(args[1])));
}

Datum numeric_add(CallContext& call, Args args) {
    const auto a = read_small_decimal(args[0].as_text()), b = read_small_decimal(args[1].as_text());
    if (!a || !b) return binary<numeric_plus>(call, args);
    return Datum::of_text(add_small_decimals(*a, *b, false));
}
Datum numeric_sub(CallContext& call, Args args) {
    const auto a = read_small_decimal(args[0].as_text()), b = read_small_decimal(args[1].as_text());
    if (!a || !b) return binary<numeric_minus>(call, args);
    return Datum::of_text(add_small_decimals(*a, *b, true));
}
Datum numeric_mul(CallContext& call, Args args) {
    const auto a = read_small_decimal(args[0].as_text()), b = read_small_decimal(args[1].as_text());
    if (!a || !b) return binary<numeric_times>(call, args);
    return Datum::of_text(multiply_small_decimals(*a, *b));
}

template <Numeric (*operation)(const Numeric&)>
Datum unary(CallContext&, Args args) {
    return write(operation(read(args[0])));
}

int compare_args(Args args) { return compare_numeric_text(args[0].as_text(), args[1].as_text()); }
Datum numeric_eq(CallContext&, Args args) { return Datum::of_bool(compare_args(args) == 0); }
Datum numeric_ne(CallContext&, Args args) { return Datum::of_bool(compare_args(args) != 0); }
Datum numeric_lt(CallContext&, Args args) { return Datum::of_bool(compare_args(args) < 0); }
Datum numeric_le(CallContext&, Args args) { return Datum::of_bool(compare_args(args) <= 0); }
Datum numeric_gt(CallContext&, Args args) { return Datum::of_bool(compare_args(args) > 0); }
Datum numeric_ge(CallContext&, Args args) { return Datum::of_bool(compare_args(args) >= 0); }
Datum numeric_cmp(CallContext&, Args args) {
    const int order = compare_args(args);
    return Datum::of_int(order < 0 ? -1 : order > 0);
}
Datum numeric_larger(CallContext&, Args args) { return compare_args(args) > 0 ? args[0] : args[1]; }
Datum numeric_smaller(CallContext&, Args args) { return compare_args(args) < 0 ? args[0] : args[1]; }

Datum numeric_uplus(CallContext&, Args args) { return args[0]; }
Datum numeric_abs(CallContext&, Args args) {
    const std::string& text = args[0].as_text();
    return text.front() == '-' ? Datum::of_text(text.substr(1)) : args[0];
}
Datum numeric_sign(CallContext&, Args args) {
    const Numeric value = read(args[0]);
    return value.is_nan() ? args[0] : Datum::of_text(std::to_string(value.sign()));
}

Datum numeric_typmod_cast(CallContext&, Args args) {
    const auto typmod = static_cast<std::int32_t>(args[1].as_int());
    return Datum::of_text(apply_numeric_typmod(args[0].as_text(), typmod));
}

/// round(x, n), trunc(x, n): as many digits as a number may have; rounding may add one before the point.
int limited_scale(const Datum& scale, std::int64_t least) {
    constexpr std::int64_t kMaxScale = 16383;
    return static_cast<int>(std::clamp(scale.as_int(), least, kMaxScale));
}
constexpr std::int64_t kDigitsBeforePoint = 131072;
Datum numeric_round(CallContext&, Args args) {
    Numeric value = read(args[0]);
    value.round_to(args.size() > 1 ? limited_scale(args[1], -kDigitsBeforePoint - 1) : 0);
    return write(value);
}
Datum numeric_trunc(CallContext&, Args args) {
    Numeric value = read(args[0]);
    value.trunc_to(args.size() > 1 ? limited_scale(args[1], -kDigitsBeforePoint) : 0);
    return write(value);
}

Datum scale_or_null(const Numeric& value, int scale) {
    return value.is_special() ? Datum() : Datum::of_int(scale);
}
Datum numeric_scale(CallContext&, Args args) {
    const Numeric value = read(args[0]);
    return scale_or_null(value, value.display_scale);
}
Datum numeric_min_scale(CallContext&, Args args) {
    const Numeric value = read(args[0]);
    return scale_or_null(value, minimal_scale(value));
}
Datum numeric_trim_scale(CallContext&, Args args) {
    Numeric value = read(args[0]);
    value.display_scale = minimal_scale(value);
    return write(value);
}

Datum numeric_fac(CallContext&, Args args) { return write(factorial(args[0].as_int())); }

Datum numeric_inc(CallContext&, Args args) {
    return write(numeric_plus(read(args[0]), Numeric(1)));
}

Datum width_bucket_numeric(CallContext&, Args args) {
    return Datum::of_int(width_bucket(read(args[0]), read(args[1]), read(args[2]),
                                      static_cast<std::int32_t>(args[3].as_int())));
}

/// The binary form of the wire: count, weight, sign, scale, digits, 16 bits each.
Datum numeric_send(CallContext&, Args args) {
    const Numeric value = read(args[0]);
    std::string bytes;
    auto append_16 = [&](int word) {
        bytes += static_cast<char>(word >> 8 & 0xff);
        bytes += static_cast<char>(word & 0xff);
    };
    append_16(value.digits.size());
    append_16(value.weight);
    append_16(value.is_nan()        ? 0xC000
              : value.is_infinite() ? (value.sign() > 0 ? 0xD000 : 0xF000)
              : value.negative      ? 0x4000
                                    : 0);
    append_16(value.is_infinite() ? 32 : value.display_scale);  // bits of the header that mean no scale
    for (int i = 0; i < value.digits.size(); ++i) append_16(value.digits[i]);
    return Datum::of_text(std::move(bytes));
}

// Casts.

template <typename Int>
Datum to_integer(CallContext&, Args args) {
    const Numeric value = read(args[0]);
    if (value.is_special()) {
        throw SqlError("0A000", std::string("cannot convert ") +
                                    (value.is_nan() ? "NaN" : "infinity") + " to " +
                                    integer_name<Int>());
    }
    const std::optional<std::int64_t> result = to_int64(value);
    if (!result || *result < std::numeric_limits<Int>::min() ||
        *result > std::numeric_limits<Int>::max()) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(*result);
}

Datum from_integer(CallContext&, Args args) {
    std::string text;
    append_integer(args[0].as_int(), text);
    return Datum::of_text(std::move(text));
}

Datum numeric_float8(CallContext&, Args args) {
    return Datum::of_float(parse_float8(args[0].as_text()));
}
Datum numeric_float4(CallContext&, Args args) {
    return Datum::of_float(double{parse_float4(args[0].as_text())});
}

/// A float becomes the numeric of its digits that are certain: 15 of a float8, 6 of a float4.
Datum from_float(double value, int digits) {
    if (std::isnan(value)) return Datum::of_text("NaN");
    if (std::isinf(value)) return Datum::of_text(value < 0 ? "-Infinity" : "Infinity");
    char buffer[64];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general,
                             digits)
                   .ptr;
    return Datum::of_text(canonical_numeric({buffer, end}));
}
Datum float8_numeric(CallContext&, Args args) { return from_float(args[0].as_float(), 15); }
Datum float4_numeric(CallContext&, Args args) { return from_float(args[0].as_float(), 6); }

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"numeric_eq", numeric_eq}, {"numeric_ne", numeric_ne}, {"numeric_lt", numeric_lt},
    {"numeric_le", numeric_le}, {"numeric_gt", numeric_gt}, {"numeric_ge", numeric_ge},
    {"numeric_cmp", numeric_cmp}, {"numeric_larger", numeric_larger},
    {"numeric_smaller", numeric_smaller},
    {"numeric_add", numeric_add}, {"numeric_sub", numeric_sub}, {"numeric_mul", numeric_mul},
    {"numeric_div", binary<numeric_over>},
    {"numeric_mod", binary<numeric_modulo>}, {"numeric_div_trunc", binary<numeric_quotient>},
    {"numeric_power", binary<numeric_power>}, {"numeric_log", binary<numeric_logarithm>},
    {"numeric_gcd", binary<numeric_gcd>}, {"numeric_lcm", binary<numeric_lcm>},
    {"numeric_uplus", numeric_uplus}, {"numeric_uminus", unary<numeric_negative>},
    {"numeric_abs", numeric_abs}, {"numeric_sign", numeric_sign},
    {"numeric_sqrt", unary<numeric_square_root>}, {"numeric_exp", unary<numeric_exponential>},
    {"numeric_ln", unary<numeric_natural_logarithm>},
    {"#1741", unary<numeric_logarithm_10>},  // log(numeric)
    {"#1481", unary<numeric_logarithm_10>},  // log10(numeric)
    {"numeric_ceil", unary<numeric_ceiling>}, {"numeric_floor", unary<numeric_floor>},
    {"numeric_round", numeric_round}, {"#1708", numeric_round},  // round(numeric)
    {"numeric_trunc", numeric_trunc}, {"#1710", numeric_trunc},  // trunc(numeric)
    {"numeric", numeric_typmod_cast},
    {"numeric_scale", numeric_scale}, {"numeric_min_scale", numeric_min_scale},
    {"numeric_trim_scale", numeric_trim_scale}, {"numeric_fac", numeric_fac},
    {"numeric_inc", numeric_inc}, {"numeric_send", numeric_send}, {"width_bucket_numeric", width_bucket_numeric},
    {"numeric_int2", to_integer<std::int16_t>}, {"numeric_int4", to_integer<std::int32_t>},
    {"numeric_int8", to_integer<std::int64_t>},
    {"int2_numeric", from_integer}, {"int4_numeric", from_integer}, {"int8_numeric", from_integer},
    {"numeric_float4", numeric_float4}, {"numeric_float8", numeric_float8},
    {"float4_numeric", float4_numeric}, {"float8_numeric", float8_numeric},
}));

}  // namespace

FunctionTables numeric_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
