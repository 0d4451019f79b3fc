// The built-in range types: int4range, int8range, numrange, daterange, tsrange, tstzrange. A value is
// stored as its text under the fixed settings of datum.h: "[1,5)", "empty". Mirrors rangetypes.c.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

/// The element type of a built-in range type, or kInvalidOid.
Oid range_subtype(Oid range);

struct RangeBound {
    Datum value;  ///< NULL: unbounded
    bool inclusive = false;
    bool is_infinite() const { return value.is_null(); }
};

struct Range {
    RangeBound lower, upper;
    bool empty = false;
};

/// The value of a stored text. REQUIRES: `text` is canonical.
Range read_range(Environment& env, Oid type, std::string_view text);
/// The stored text of a range: checks the bounds' order (22000), finds empty ranges, and brings ranges
/// of int4, int8 and date to the form [a,b).
Datum make_range(Environment& env, Oid type, Range range);

/// A bound with its side; the order in which bounds stand on the line of values.
enum class RangeSide : bool { kLower, kUpper };
struct PlacedBound {
    const RangeBound& bound;
    RangeSide side;
};
int compare_bounds(Environment& env, Oid subtype, PlacedBound a, PlacedBound b);

/// range_cmp: empty first, then by lower, then by upper bounds.
int compare_ranges(Environment& env, Oid type, const Datum& a, const Datum& b);

}  // namespace cdcsim::pg
