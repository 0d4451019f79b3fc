// Aggregates over any type: count, min, max, bool_and, bool_or, string_agg, the bitwise ones.
#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

class Count : public AggregateState {
  public:
    void step(CallContext&, Args) override { ++count_; }
    Datum result(CallContext&) override { return Datum::of_int(count_); }

  private:
    std::int64_t count_ = 0;
};

/// min and max of whatever has an order. Of equal values the last one stays, as numeric_larger and
/// its kin choose (1.0 and 1.00 are equal).
template <int direction>
class Extreme : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        if (best_.is_null() ||
            compare_values(call.env, call.arg_types[0], args[0], best_) * direction >= 0) {
            best_ = args[0];
        }
    }
    Datum result(CallContext&) override { return best_; }

  private:
    Datum best_;
};

/// Folds integers or booleans with an operator on their bits.
template <typename Operation>
class BitFold : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        bits_ = bits_.is_null() ? args[0]
                                : Datum::of_int(Operation()(bits_.as_int(), args[0].as_int()));
    }
    Datum result(CallContext&) override { return bits_; }

  private:
    Datum bits_;
};

/// Folds with a built-in binary function, called by OID; NULL for no rows.
template <Oid function>
class Fold : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        if (value_.is_null()) {
            value_ = args[0];
            return;
        }
        const ScalarFunction scalar = find_scalar_function(function);
        if (scalar == nullptr) throw NotSimulated("aggregate of " + format_type(call.env, call.arg_types[0]));
        const std::array types = {call.arg_types[0], call.arg_types[0]};
        const std::array both = {value_, args[0]};
        CallContext context{call.env, call.arg_types[0], types, call.collation, false, function};
        value_ = scalar(context, both);
    }
    Datum result(CallContext&) override { return value_; }

  private:
    Datum value_;
};

/// string_agg: each value after the first is preceded by its own row's delimiter.
class StringAggregate : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        if (args[0].is_null()) return;
        if (seen_ && !args[1].is_null()) text_ += args[1].as_text();
        text_ += args[0].as_text();
        seen_ = true;
    }
    Datum result(CallContext&) override { return seen_ ? Datum::of_text(text_) : Datum(); }

  private:
    std::string text_;
    bool seen_ = false;
};

using Bits = std::int64_t;
constexpr Oid kBitAnd = 1673, kBitOr = 1674, kBitXor = 1675;

constexpr AggregateRow kAggregates[] = {
    {2803, false, make_state<Count>},  // count(*)
    {2147, true, make_state<Count>},
    {2517, true, make_state<BitFold<std::bit_and<Bits>>>},  // bool_and
    {2518, true, make_state<BitFold<std::bit_or<Bits>>>},   // bool_or
    {2519, true, make_state<BitFold<std::bit_and<Bits>>>},  // every
    {2236, true, make_state<BitFold<std::bit_and<Bits>>>},  // bit_and(int2), int4, int8, bit
    {2238, true, make_state<BitFold<std::bit_and<Bits>>>},
    {2240, true, make_state<BitFold<std::bit_and<Bits>>>},
    {2242, true, make_state<Fold<kBitAnd>>},
    {2237, true, make_state<BitFold<std::bit_or<Bits>>>},
    {2239, true, make_state<BitFold<std::bit_or<Bits>>>},
    {2241, true, make_state<BitFold<std::bit_or<Bits>>>},
    {2243, true, make_state<Fold<kBitOr>>},
    {6164, true, make_state<BitFold<std::bit_xor<Bits>>>},
    {6165, true, make_state<BitFold<std::bit_xor<Bits>>>},
    {6166, true, make_state<BitFold<std::bit_xor<Bits>>>},
    {6167, true, make_state<Fold<kBitXor>>},
    {3538, false, make_state<StringAggregate>},  // text
    {3545, false, make_state<StringAggregate>},  // bytea
    // max: anyarray, int8, int4, int2, oid, tid, float4, float8, date, time, timetz, money, timestamp,
    // timestamptz, interval, text, numeric, bpchar, anyenum, inet, pg_lsn, xid8
    {2050, true, make_state<Extreme<1>>}, {2115, true, make_state<Extreme<1>>}, {2116, true, make_state<Extreme<1>>},
    {2117, true, make_state<Extreme<1>>}, {2118, true, make_state<Extreme<1>>}, {2797, true, make_state<Extreme<1>>}, {2119, true, make_state<Extreme<1>>},
    {2120, true, make_state<Extreme<1>>}, {2122, true, make_state<Extreme<1>>}, {2123, true, make_state<Extreme<1>>},
    {2124, true, make_state<Extreme<1>>}, {2125, true, make_state<Extreme<1>>}, {2126, true, make_state<Extreme<1>>},
    {2127, true, make_state<Extreme<1>>}, {2128, true, make_state<Extreme<1>>}, {2129, true, make_state<Extreme<1>>},
    {2130, true, make_state<Extreme<1>>}, {2244, true, make_state<Extreme<1>>}, {3526, true, make_state<Extreme<1>>},
    {3564, true, make_state<Extreme<1>>}, {4189, true, make_state<Extreme<1>>}, {5099, true, make_state<Extreme<1>>},
    // min, in the same order
    {2051, true, make_state<Extreme<-1>>}, {2131, true, make_state<Extreme<-1>>},
    {2132, true, make_state<Extreme<-1>>}, {2133, true, make_state<Extreme<-1>>},
    {2134, true, make_state<Extreme<-1>>}, {2798, true, make_state<Extreme<-1>>}, {2135, true, make_state<Extreme<-1>>},
    {2136, true, make_state<Extreme<-1>>}, {2138, true, make_state<Extreme<-1>>},
    {2139, true, make_state<Extreme<-1>>}, {2140, true, make_state<Extreme<-1>>},
    {2141, true, make_state<Extreme<-1>>}, {2142, true, make_state<Extreme<-1>>},
    {2143, true, make_state<Extreme<-1>>}, {2144, true, make_state<Extreme<-1>>},
    {2145, true, make_state<Extreme<-1>>}, {2146, true, make_state<Extreme<-1>>},
    {2245, true, make_state<Extreme<-1>>}, {3527, true, make_state<Extreme<-1>>},
    {3565, true, make_state<Extreme<-1>>}, {4190, true, make_state<Extreme<-1>>},
    {5100, true, make_state<Extreme<-1>>},
};

}  // namespace

FunctionTables aggregate_tables() { return {.aggregates = kAggregates}; }

}  // namespace cdcsim::pg
