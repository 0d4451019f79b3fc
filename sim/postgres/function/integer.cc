// The operators and functions of int2, int4, int8, of oid, xid, xid8, cid, and of bool. Mirrors
// PostgreSQL's int.c, int8.c, oid.c, xid.c, bool.c.
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/integer.h"

namespace cdcsim::pg {
namespace {

using Int2 = std::int16_t;
using Int4 = std::int32_t;
using Int8 = std::int64_t;
using Args = std::span<const Datum>;

/// The result type of an operator on two integer types.
template <typename A, typename B>
using Wider = std::conditional_t<(sizeof(A) >= sizeof(B)), A, B>;

template <typename Int>
Datum checked(std::int64_t value) {
    if (value < std::numeric_limits<Int>::min() || value > std::numeric_limits<Int>::max()) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(value);
}

[[noreturn]] void throw_division_by_zero() { throw SqlError("22012", "division by zero"); }

template <typename A, typename B>
Datum int_add(CallContext&, Args args) {
    Wider<A, B> result;
    if (__builtin_add_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_integer_out_of_range(integer_name<Wider<A, B>>());
    }
    return Datum::of_int(result);
}

template <typename A, typename B>
Datum int_subtract(CallContext&, Args args) {
    Wider<A, B> result;
    if (__builtin_sub_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_integer_out_of_range(integer_name<Wider<A, B>>());
    }
    return Datum::of_int(result);
}

template <typename A, typename B>
Datum int_multiply(CallContext&, Args args) {
    Wider<A, B> result;
    if (__builtin_mul_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_integer_out_of_range(integer_name<Wider<A, B>>());
    }
    return Datum::of_int(result);
}

template <typename A, typename B>
Datum int_divide(CallContext&, Args args) {
    const std::int64_t a = args[0].as_int(), b = args[1].as_int();
    if (b == 0) throw_division_by_zero();
    if (b == -1) {  // the one overflow; the processor would trap
        if (a == std::numeric_limits<Wider<A, B>>::min()) {
            throw_integer_out_of_range(integer_name<Wider<A, B>>());
        }
        return Datum::of_int(-a);
    }
    return Datum::of_int(a / b);
}

Datum int_modulo(CallContext&, Args args) {
    const std::int64_t a = args[0].as_int(), b = args[1].as_int();
    if (b == 0) throw_division_by_zero();
    return Datum::of_int(b == -1 ? 0 : a % b);
}

template <typename Int>
Datum int_negate(CallContext&, Args args) {
    const std::int64_t a = args[0].as_int();
    if (a == std::numeric_limits<Int>::min()) throw_integer_out_of_range(integer_name<Int>());
    return Datum::of_int(-a);
}

template <typename Int>
Datum int_abs(CallContext& call, Args args) {
    return args[0].as_int() < 0 ? int_negate<Int>(call, args) : args[0];
}

Datum int_plus(CallContext&, Args args) { return args[0]; }
Datum int_and(CallContext&, Args args) { return Datum::of_int(args[0].as_int() & args[1].as_int()); }
Datum int_or(CallContext&, Args args) { return Datum::of_int(args[0].as_int() | args[1].as_int()); }
Datum int_xor(CallContext&, Args args) { return Datum::of_int(args[0].as_int() ^ args[1].as_int()); }
Datum int_not(CallContext&, Args args) { return Datum::of_int(~args[0].as_int()); }

/// Shifts count as the processor counts: modulo 32 (64 for bigint); smallint is shifted as integer.
template <typename Int>
Datum int_shift_left(CallContext&, Args args) {
    constexpr std::int64_t kMask = sizeof(Int) == 8 ? 63 : 31;
    const auto bits = static_cast<std::uint64_t>(args[0].as_int()) << (args[1].as_int() & kMask);
    return Datum::of_int(static_cast<Int>(bits));
}

template <typename Int>
Datum int_shift_right(CallContext&, Args args) {
    constexpr std::int64_t kMask = sizeof(Int) == 8 ? 63 : 31;
    return Datum::of_int(args[0].as_int() >> (args[1].as_int() & kMask));
}

Datum int_larger(CallContext&, Args args) {
    return args[0].as_int() >= args[1].as_int() ? args[0] : args[1];
}
Datum int_smaller(CallContext&, Args args) {
    return args[0].as_int() <= args[1].as_int() ? args[0] : args[1];
}

std::uint64_t magnitude(std::int64_t value) {
    return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

template <typename Int>
Datum int_gcd(CallContext&, Args args) {
    const std::uint64_t result = std::gcd(magnitude(args[0].as_int()), magnitude(args[1].as_int()));
    if (result > std::uint64_t{std::numeric_limits<Int>::max()}) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(static_cast<std::int64_t>(result));
}

template <typename Int>
Datum int_lcm(CallContext&, Args args) {
    const std::uint64_t a = magnitude(args[0].as_int()), b = magnitude(args[1].as_int());
    if (a == 0 || b == 0) return Datum::of_int(0);
    std::uint64_t result;
    if (__builtin_mul_overflow(a / std::gcd(a, b), b, &result) ||
        result > std::uint64_t{std::numeric_limits<Int>::max()}) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(static_cast<std::int64_t>(result));
}

// Comparisons. Ints of all widths share them: the representation is the same.
Datum int_eq(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() == args[1].as_int()); }
Datum int_ne(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() != args[1].as_int()); }
Datum int_lt(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() < args[1].as_int()); }
Datum int_le(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() <= args[1].as_int()); }
Datum int_gt(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() > args[1].as_int()); }
Datum int_ge(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() >= args[1].as_int()); }

Datum int_compare(CallContext&, Args args) {
    const std::int64_t a = args[0].as_int(), b = args[1].as_int();
    return Datum::of_int(a < b ? -1 : a > b);
}

// btint2cmp and btboolcmp return the difference.
Datum int_difference(CallContext&, Args args) {
    return Datum::of_int(args[0].as_int() - args[1].as_int());
}

template <typename Int>
Datum to_int(CallContext&, Args args) {
    return checked<Int>(args[0].as_int());
}

Datum i8tooid(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int();
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) {
        throw_integer_out_of_range("OID");
    }
    return args[0];
}

template <typename Int>
Datum int_increment(CallContext&, Args args) {
    Int result;
    if (__builtin_add_overflow(args[0].as_int(), 1, &result)) {
        throw_integer_out_of_range(integer_name<Int>());
    }
    return Datum::of_int(result);
}

Datum int8dec(CallContext&, Args args) {
    std::int64_t result;
    if (__builtin_sub_overflow(args[0].as_int(), 1, &result)) throw_integer_out_of_range("bigint");
    return Datum::of_int(result);
}

/// The binary form: big endian.
template <int size>
Datum int_send(CallContext&, Args args) {
    std::string bytes;
    for (int i = size - 1; i >= 0; --i) {
        bytes += static_cast<char>(args[0].as_int() >> (8 * i) & 0xff);
    }
    return Datum::of_text(std::move(bytes));
}

// xid8 is unsigned.
template <typename Compare>
bool xid8_holds(Args args, Compare compare) {
    return compare(static_cast<std::uint64_t>(args[0].as_int()),
                   static_cast<std::uint64_t>(args[1].as_int()));
}
Datum xid8lt(CallContext&, Args args) { return Datum::of_bool(xid8_holds(args, std::less())); }
Datum xid8le(CallContext&, Args args) { return Datum::of_bool(xid8_holds(args, std::less_equal())); }
Datum xid8gt(CallContext&, Args args) { return Datum::of_bool(xid8_holds(args, std::greater())); }
Datum xid8ge(CallContext&, Args args) {
    return Datum::of_bool(xid8_holds(args, std::greater_equal()));
}
Datum xid8cmp(CallContext&, Args args) {
    return Datum::of_int(xid8_holds(args, std::less()) ? -1 : xid8_holds(args, std::greater()));
}
Datum xid8_larger(CallContext&, Args args) {
    return xid8_holds(args, std::greater()) ? args[0] : args[1];
}
Datum xid8_smaller(CallContext&, Args args) {
    return xid8_holds(args, std::less()) ? args[0] : args[1];
}
Datum xid8toxid(CallContext&, Args args) {
    return Datum::of_int(static_cast<std::uint32_t>(args[0].as_int()));
}
// A xid against an integer compares the bits.
Datum xideq(CallContext&, Args args) {
    return Datum::of_bool(static_cast<std::uint32_t>(args[0].as_int()) ==
                          static_cast<std::uint32_t>(args[1].as_int()));
}
Datum xidneq(CallContext&, Args args) {
    return Datum::of_bool(static_cast<std::uint32_t>(args[0].as_int()) !=
                          static_cast<std::uint32_t>(args[1].as_int()));
}

Datum bool_int4(CallContext&, Args args) { return args[0]; }
Datum int4_bool(CallContext&, Args args) { return Datum::of_bool(args[0].as_int() != 0); }
Datum booltext(CallContext&, Args args) {
    return Datum::of_text(args[0].as_bool() ? "true" : "false");
}

#define COMPARISONS(prefix)                                                              \
    {prefix "eq", int_eq}, {prefix "ne", int_ne}, {prefix "lt", int_lt},                 \
    {prefix "le", int_le}, {prefix "gt", int_gt}, {prefix "ge", int_ge}
#define BINARY(prefix, A, B)                                                             \
    {prefix "pl", int_add<A, B>}, {prefix "mi", int_subtract<A, B>},                     \
    {prefix "mul", int_multiply<A, B>}, {prefix "div", int_divide<A, B>},                \
    {"bt" prefix "cmp", sizeof(A) + sizeof(B) == 4 ? int_difference : int_compare},      \
    COMPARISONS(prefix)
#define UNARY(prefix, Int)                                                               \
    {prefix "abs", int_abs<Int>}, {prefix "um", int_negate<Int>}, {prefix "up", int_plus}, \
    {prefix "mod", int_modulo}, {prefix "and", int_and}, {prefix "or", int_or},          \
    {prefix "xor", int_xor}, {prefix "not", int_not}, {prefix "shl", int_shift_left<Int>}, \
    {prefix "shr", int_shift_right<Int>}, {prefix "larger", int_larger},                 \
    {prefix "smaller", int_smaller}, {prefix "send", int_send<sizeof(Int)>}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    BINARY("int2", Int2, Int2), BINARY("int24", Int2, Int4), BINARY("int28", Int2, Int8),
    BINARY("int42", Int4, Int2), BINARY("int4", Int4, Int4), BINARY("int48", Int4, Int8),
    BINARY("int82", Int8, Int2), BINARY("int84", Int8, Int4), BINARY("int8", Int8, Int8),
    UNARY("int2", Int2), UNARY("int4", Int4), UNARY("int8", Int8),
    {"int4gcd", int_gcd<Int4>}, {"int8gcd", int_gcd<Int8>},
    {"int4lcm", int_lcm<Int4>}, {"int8lcm", int_lcm<Int8>},
    {"int4inc", int_increment<Int4>}, {"int8inc", int_increment<Int8>}, {"int8dec", int8dec},
    {"i2toi4", int_plus}, {"int28", int_plus}, {"int48", int_plus}, {"oidtoi8", int_plus},
    {"i4toi2", to_int<Int2>}, {"int82", to_int<Int2>}, {"int84", to_int<Int4>},
    {"i8tooid", i8tooid}, {"bool_int4", bool_int4}, {"int4_bool", int4_bool},
    COMPARISONS("oid"), {"btoidcmp", int_compare}, {"oidlarger", int_larger},
    {"oidsmaller", int_smaller}, {"oidsend", int_send<4>},
    COMPARISONS("bool"), {"btboolcmp", int_difference}, {"booltext", booltext},
    {"boolsend", int_send<1>},
    {"cideq", int_eq}, {"xideq", xideq}, {"xidneq", xidneq}, {"xidsend", int_send<4>},
    {"cidsend", int_send<4>},
    {"xid8eq", int_eq}, {"xid8ne", int_ne}, {"xid8lt", xid8lt}, {"xid8le", xid8le},
    {"xid8gt", xid8gt}, {"xid8ge", xid8ge}, {"xid8cmp", xid8cmp}, {"xid8_larger", xid8_larger},
    {"xid8_smaller", xid8_smaller}, {"xid8toxid", xid8toxid}, {"xid8send", int_send<8>},
}));

}  // namespace

FunctionTables integer_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
