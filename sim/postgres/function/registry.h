// The built-in functions that are built. Each .cc file of this folder (and of type/ for a type's own
// functions) has constexpr tables of rows, sorted by key; registry.cc joins them in one explicit
// list and matches them with pg_proc. A function of pg_proc without a row here is "not simulated".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

/// One call. Argument and result types are the actual ones: polymorphic types are resolved.
struct CallContext {
    Environment& env;
    Oid result_type = kInvalidOid;
    std::span<const Oid> arg_types{};
    Oid collation = kInvalidOid;
    bool variadic = false;  ///< called with VARIADIC array
    Oid function = kInvalidOid;  ///< pg_proc.oid, for functions that share one prosrc
    /// The columns that the caller expects of a function that returns RECORD: the column definition
    /// list, `FROM jsonb_to_record(x) AS t(a int, b text)`. nullptr: none was given.
    const RowType* row_type = nullptr;
};

/// A scalar function. Strict functions (pg_proc.proisstrict) never see a NULL argument; the caller
/// checks. Throws SqlError.
using ScalarFunction = Datum (*)(CallContext& call, std::span<const Datum> args);

/// A set-returning function: calls `emit` for each row in order. The columns are the OUT arguments,
/// or the one result. `emit` returns false when no more rows are wanted.
using RowSink = std::function<bool(std::span<const Datum>)>;
using SetFunction = void (*)(CallContext& call, std::span<const Datum> args, const RowSink& emit);

/// An aggregate's running state. DISTINCT, ORDER BY, FILTER and strictness of the transition (NULL
/// inputs are skipped for strict ones) are the caller's, by `skips_nulls` of the row.
class AggregateState {
  public:
    virtual ~AggregateState() = default;
    virtual void step(CallContext& call, std::span<const Datum> args) = 0;
    /// May be called more than once (window frames), with steps in between.
    virtual Datum result(CallContext& call) = 0;
};
using AggregateFactory = std::unique_ptr<AggregateState> (*)();

template <typename State>
std::unique_ptr<AggregateState> make_state() {
    return std::make_unique<State>();
}

/// key: pg_proc.prosrc ("int4pl"); where that is not unique in meaning or the function is
/// SQL-language, "#<oid>" ("#2108").
struct ScalarRow {
    std::string_view key;
    ScalarFunction function;
};
struct SetRow {
    std::string_view key;
    SetFunction function;
};
/// Aggregates are always keyed by pg_proc.oid.
struct AggregateRow {
    Oid oid;
    bool skips_nulls;
    AggregateFactory make;
};

/// nullptr: not simulated.
ScalarFunction find_scalar_function(Oid oid);
SetFunction find_set_function(Oid oid);
const AggregateRow* find_aggregate(Oid oid);

/// The row of a built-in base type, or nullptr. Arrays, enums, domains and composites: see
/// shared_type_ops.
const TypeOps* find_type_ops(Oid oid);
/// The row that all types of a kind share: 'A' arrays, 'E' enums, 'C' composites, 'R' ranges.
/// A domain uses its base type's.
const TypeOps* shared_type_ops(char category);

}  // namespace cdcsim::pg
