// Comparison of composite values. Mirrors rowtypes.c.
#include <algorithm>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/record.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

int order(CallContext& call, Args args) {
    return compare_records(call.env, call.arg_types[0], args[0], call.arg_types[1], args[1]);
}
bool equal(CallContext& call, Args args) {
    return records_equal(call.env, call.arg_types[0], args[0], call.arg_types[1], args[1]);
}

Datum btrecordcmp(CallContext& call, Args args) {
    return Datum::of_int(std::clamp(order(call, args), -1, 1));
}
Datum record_eq(CallContext& call, Args args) { return Datum::of_bool(equal(call, args)); }
Datum record_ne(CallContext& call, Args args) { return Datum::of_bool(!equal(call, args)); }
Datum record_lt(CallContext& call, Args args) { return Datum::of_bool(order(call, args) < 0); }
Datum record_le(CallContext& call, Args args) { return Datum::of_bool(order(call, args) <= 0); }
Datum record_gt(CallContext& call, Args args) { return Datum::of_bool(order(call, args) > 0); }
Datum record_ge(CallContext& call, Args args) { return Datum::of_bool(order(call, args) >= 0); }

constexpr ScalarRow kScalars[] = {
    {"btrecordcmp", btrecordcmp}, {"record_eq", record_eq}, {"record_ge", record_ge},
    {"record_gt", record_gt},     {"record_le", record_le}, {"record_lt", record_lt},
    {"record_ne", record_ne},
};

}  // namespace

FunctionTables record_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
