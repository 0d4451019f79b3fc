// The bounds of window frames over numbers, such as RANGE BETWEEN 5 PRECEDING AND CURRENT ROW:
// in_range(value, base, offset, subtract, less) says value <= (or >=) base -+ offset. Mirrors
// in_range_* of int.c, int8.c, float.c and numeric.c.
#include <array>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/float.h"
#include "sim/postgres/type/numeric.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

bool subtracts(Args args) { return args[3].as_bool(); }
bool wants_less(Args args) { return args[4].as_bool(); }

/// `order` is that of the value and the bound.
Datum in_bound(Args args, int order) {
    return Datum::of_bool(wants_less(args) ? order <= 0 : order >= 0);
}

void require_offset(bool valid) {
    if (!valid) {
        throw SqlError("22013", "invalid preceding or following size in window function");
    }
}

/// A bound beyond 64 bits lies beyond every value.
Datum in_range_integer(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int(), base = args[1].as_int(), offset = args[2].as_int();
    require_offset(offset >= 0);
    std::int64_t bound;
    if (subtracts(args) ? __builtin_sub_overflow(base, offset, &bound)
                        : __builtin_add_overflow(base, offset, &bound)) {
        return Datum::of_bool(subtracts(args) ? !wants_less(args) : wants_less(args));
    }
    return in_bound(args, value < bound ? -1 : value > bound);
}

Datum in_range_float(CallContext&, Args args) {
    const double value = args[0].as_float(), base = args[1].as_float(), offset = args[2].as_float();
    require_offset(offset >= 0);  // NaN is refused too
    if (std::isnan(value) || std::isnan(base)) return in_bound(args, compare_floats(value, base));
    const bool opposite = std::isinf(base) && (subtracts(args) ? base > 0 : base < 0);
    if (std::isinf(offset) && opposite) return Datum::of_bool(true);
    return in_bound(args, compare_floats(value, subtracts(args) ? base - offset : base + offset));
}

Datum in_range_numeric(CallContext&, Args args) {
    const auto value = Numeric::from_canonical(args[0].as_text());
    const auto base = Numeric::from_canonical(args[1].as_text());
    const auto offset = Numeric::from_canonical(args[2].as_text());
    require_offset(!offset.is_nan() && offset.sign() >= 0);
    if (value.is_nan() || base.is_nan()) return in_bound(args, compare(value, base));
    const bool opposite = base.is_infinite() && (base.sign() > 0) == subtracts(args);
    if (offset.is_infinite() && opposite) return Datum::of_bool(true);
    const Numeric bound = subtracts(args) ? numeric_minus(base, offset) : numeric_plus(base, offset);
    return in_bound(args, compare(value, bound));
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"in_range_int2_int2", in_range_integer}, {"in_range_int2_int4", in_range_integer},
    {"in_range_int2_int8", in_range_integer}, {"in_range_int4_int2", in_range_integer},
    {"in_range_int4_int4", in_range_integer}, {"in_range_int4_int8", in_range_integer},
    {"in_range_int8_int8", in_range_integer}, {"in_range_float4_float8", in_range_float},
    {"in_range_float8_float8", in_range_float}, {"in_range_numeric_numeric", in_range_numeric},
}));

}  // namespace

FunctionTables number_in_range_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
