#include "sim/postgres/planner/hash_key.h"

#include <algorithm>

#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct HashFunctionRow {
    Oid type, function;
};
constexpr HashFunctionRow kHashFunctions[] = {
    {oid::kBool, 454},  {oid::kBytea, 456},   {oid::kName, 455},    {oid::kInt8, 949},
    {oid::kInt2, 449},  {oid::kInt4, 450},    {oid::kText, 400},    {oid::kOid, 453},
    {oid::kFloat4, 451}, {oid::kFloat8, 452}, {oid::kBpchar, 1080}, {oid::kVarchar, 400},
    {oid::kDate, 450},  {oid::kTime, 1688},   {oid::kTimestamp, 2039}, {oid::kTimestamptz, 2039},
    {oid::kNumeric, 432}, {oid::kUuid, 2963}, {oid::kTid, 2233},
};

ScalarFunction function_of(Environment& env, Oid type) {
    Oid base = base_type(env, env.type(type)).oid;
    const auto* row = std::ranges::find(kHashFunctions, base, &HashFunctionRow::type);
    return row == std::end(kHashFunctions) ? nullptr : find_scalar_function(row->function);
}

}  // namespace

bool has_known_hash(Environment& env, Oid type) { return function_of(env, type) != nullptr; }

std::uint32_t hash_key(Environment& env, Oid type, const Datum& value) {
    if (value.is_null()) return 0;
    CallContext call{.env = env, .result_type = oid::kInt4};
    return static_cast<std::uint32_t>(function_of(env, type)(call, {&value, 1}).as_int());
}

}  // namespace cdcsim::pg
