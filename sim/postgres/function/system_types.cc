// Operators of pg_lsn and tid beside those of executor/session_functions.cc, which has the types.
// Mirrors pg_lsn.c and tid.c.
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

int order(CallContext& call, Args args) {
    return compare_values(call.env, call.arg_types[0], args[0], args[1]);
}

template <typename Compare>
Datum holds(CallContext& call, Args args) {
    return Datum::of_bool(Compare()(order(call, args), 0));
}
Datum compare_order(CallContext& call, Args args) { return Datum::of_int(order(call, args)); }
Datum larger(CallContext& call, Args args) { return order(call, args) > 0 ? args[0] : args[1]; }
Datum smaller(CallContext& call, Args args) { return order(call, args) < 0 ? args[0] : args[1]; }
Datum tidlarger(CallContext& call, Args args) { return order(call, args) >= 0 ? args[0] : args[1]; }
Datum tidsmaller(CallContext& call, Args args) { return order(call, args) <= 0 ? args[0] : args[1]; }

Numeric position(const Datum& lsn) {
    return Numeric::from_canonical(std::to_string(static_cast<std::uint64_t>(lsn.as_int())));
}

/// numeric_pg_lsn: rounds, within 64 unsigned bits.
Datum to_lsn(const Numeric& value) {
    if (value.is_special()) {
        throw SqlError("0A000", std::string("cannot convert ") +
                                    (value.is_nan() ? "NaN" : "infinity") + " to pg_lsn");
    }
    Numeric rounded = value;
    rounded.round_to(0);
    const Numeric largest = Numeric::from_canonical("18446744073709551615");
    if (rounded.negative || compare(rounded, largest) > 0) {
        throw SqlError("22023", "pg_lsn out of range");
    }
    return Datum::of_int(static_cast<std::int64_t>(std::stoull(rounded.text())));
}

Datum numeric_pg_lsn(CallContext&, Args args) {
    return to_lsn(Numeric::from_canonical(args[0].as_text()));
}

Datum pg_lsn_mi(CallContext&, Args args) {
    return Datum::of_text(subtract(position(args[0]), position(args[1])).text());
}

Datum pg_lsn_pli(CallContext&, Args args) {
    const Numeric bytes = Numeric::from_canonical(args[1].as_text());
    if (bytes.is_nan()) throw SqlError("0A000", "cannot add NaN to pg_lsn");
    return to_lsn(numeric_plus(position(args[0]), bytes));
}

Datum numeric_pl_pg_lsn(CallContext& call, Args args) {
    const Datum swapped[] = {args[1], args[0]};
    return pg_lsn_pli(call, swapped);
}

Datum pg_lsn_mii(CallContext&, Args args) {
    const Numeric bytes = Numeric::from_canonical(args[1].as_text());
    if (bytes.is_nan()) throw SqlError("0A000", "cannot subtract NaN from pg_lsn");
    return to_lsn(numeric_minus(position(args[0]), bytes));
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"tidle", holds<std::less_equal<>>},
    {"tidge", holds<std::greater_equal<>>},
    {"pg_lsn_eq", holds<std::equal_to<>>},
    {"pg_lsn_ne", holds<std::not_equal_to<>>},
    {"pg_lsn_lt", holds<std::less<>>},
    {"pg_lsn_le", holds<std::less_equal<>>},
    {"pg_lsn_gt", holds<std::greater<>>},
    {"pg_lsn_ge", holds<std::greater_equal<>>},
    {"bttidcmp", compare_order},
    {"tidlarger", tidlarger},
    {"tidsmaller", tidsmaller},
    {"pg_lsn_cmp", compare_order},
    {"pg_lsn_larger", larger},
    {"pg_lsn_smaller", smaller},
    {"pg_wal_lsn_diff", pg_lsn_mi},
    {"pg_lsn_pli", pg_lsn_pli},
    {"#5023", numeric_pl_pg_lsn},
    {"pg_lsn_mii", pg_lsn_mii},
    {"numeric_pg_lsn", numeric_pg_lsn},
}));

}  // namespace

FunctionTables system_functions_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
