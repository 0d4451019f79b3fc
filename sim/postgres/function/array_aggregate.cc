// array_agg, and min and max of arrays.
#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/compare.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

ArrayValue array_argument(CallContext& call, Args args, std::size_t index) {
    return read_array(call.env, call.arg_types[index], args[index].as_text());
}

Datum result_array(CallContext& call, const ArrayValue& value) {
    return array_datum(call.env, call.result_type, value);
}

class ArrayAgg final : public AggregateState {
  public:
    void step(CallContext&, Args args) override { elements_.push_back(args[0]); }
    Datum result(CallContext& call) override {
        return elements_.empty() ? Datum() : result_array(call, ArrayValue::of(elements_));
    }

  private:
    std::vector<Datum> elements_;
};

/// array_agg of arrays: one more dimension in front.
class ArrayOfArraysAgg final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        if (args[0].is_null()) throw SqlError("22004", "cannot accumulate null arrays");
        ArrayValue value = array_argument(call, args, 0);
        if (shape_.ndim == 0) start(value);
        bool same = shape_.ndim == value.ndim + 1;
        for (int i = 0; same && i < value.ndim; ++i)
            same = shape_.dims[i + 1] == value.dims[i] && shape_.lower[i + 1] == value.lower[i];
        if (!same)
            throw SqlError("2202E", "cannot accumulate arrays of different dimensionality");
        ++shape_.dims[0];
        for (Datum& element : value.elements) shape_.elements.push_back(std::move(element));
    }
    Datum result(CallContext& call) override {
        return shape_.ndim == 0 ? Datum() : result_array(call, shape_);
    }

  private:
    void start(const ArrayValue& first) {
        if (first.ndim == 0) throw SqlError("2202E", "cannot accumulate empty arrays");
        if (first.ndim == kMaxDimensions)
            throw SqlError("54000",
                           "number of array dimensions (7) exceeds the maximum allowed (6)");
        shape_.ndim = first.ndim + 1;
        shape_.lower[0] = 1;
        std::copy_n(first.dims.begin(), first.ndim, shape_.dims.begin() + 1);
        std::copy_n(first.lower.begin(), first.ndim, shape_.lower.begin() + 1);
    }
    ArrayValue shape_;
};

/// min and max of arrays.
template <int kSign>
class ExtremeArray final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        // Of equal ones the later stays, as array_larger and array_smaller have it.
        if (best_.is_null() ||
            compare_arrays(call.env, call.arg_types[0], best_, args[0]) * kSign <= 0)
            best_ = args[0];
    }
    Datum result(CallContext&) override { return best_; }

  private:
    Datum best_;
};

constexpr AggregateRow kAggregates[] = {
    {2050, true, make_state<ExtremeArray<1>>},
    {2051, true, make_state<ExtremeArray<-1>>},
    {2335, false, make_state<ArrayAgg>},
    {4053, false, make_state<ArrayOfArraysAgg>},
};

}  // namespace

FunctionTables array_aggregate_tables() { return {.aggregates = kAggregates}; }

}  // namespace cdcsim::pg
