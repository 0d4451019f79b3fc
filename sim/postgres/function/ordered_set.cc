// Ordered-set aggregates: percentile_cont, percentile_disc, mode, and the hypothetical-set ones rank,
// dense_rank, percent_rank, cume_dist. Mirrors orderedsetaggs.c. The caller sorts the rows; arguments
// are the direct ones, then the sorted column. A hypothetical-set aggregate is told of each row how
// it compares with the hypothetical one (-1, 0, 1), and whether it differs from the row before it.
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/compare.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

double checked_fraction(const Datum& fraction) {
    const double p = fraction.as_float();
    if (p >= 0 && p <= 1) return p;
    const std::string text = std::isnan(p) ? "NaN" : std::isinf(p) ? (p < 0 ? "-Infinity" : "Infinity") : fmt::format("{:g}", p);
    throw SqlError("22003", fmt::format("percentile value {} is not between 0 and 1", text));
}

constexpr Oid kIntervalPlus = 1169, kIntervalMinus = 1170, kIntervalTimes = 1618;

Datum call_interval(CallContext& call, Oid function, const Datum& left, const Datum& right) {
    const std::array types = {oid::kInterval, function == kIntervalTimes ? oid::kFloat8 : oid::kInterval};
    const std::array args = {left, right};
    CallContext context{.env = call.env, .result_type = oid::kInterval, .arg_types = types, .function = function};
    return find_scalar_function(function)(context, args);
}

/// low + part * (high - low)
Datum between(CallContext& call, const Datum& low, const Datum& high, double part) {
    if (call.arg_types.back() == oid::kInterval) {
        const Datum span = call_interval(call, kIntervalMinus, high, low);
        return call_interval(call, kIntervalPlus, call_interval(call, kIntervalTimes, span, Datum::of_float(part)), low);
    }
    return Datum::of_float(low.as_float() + part * (high.as_float() - low.as_float()));
}

/// The first row whose share of the rows reaches the fraction.
Datum discrete(CallContext&, const std::vector<Datum>& rows, double fraction) {
    const auto row = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(rows.size())));
    return rows[row > 0 ? row - 1 : 0];
}

Datum continuous(CallContext& call, const std::vector<Datum>& rows, double fraction) {
    const double place = fraction * static_cast<double>(rows.size() - 1);
    const auto low = static_cast<std::size_t>(std::floor(place)), high = static_cast<std::size_t>(std::ceil(place));
    if (low == high) return rows[low];
    return between(call, rows[low], rows[high], place - static_cast<double>(low));
}

using Pick = Datum (*)(CallContext&, const std::vector<Datum>&, double);

/// percentile(fraction) WITHIN GROUP (ORDER BY x); NULLs do not count.
template <Pick pick>
class Percentile : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        fraction_ = args[0];
        if (!args[1].is_null()) rows_.push_back(args[1]);
    }
    Datum result(CallContext& call) override {
        if (fraction_.is_null()) return Datum();
        const double fraction = checked_fraction(fraction_);
        return rows_.empty() ? Datum() : pick(call, rows_, fraction);
    }

  private:
    Datum fraction_;
    std::vector<Datum> rows_;
};

/// The same for an array of fractions: an array of that shape.
template <Pick pick>
class Percentiles : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        fractions_ = args[0];
        if (!args[1].is_null()) rows_.push_back(args[1]);
    }
    Datum result(CallContext& call) override {
        if (rows_.empty() || fractions_.is_null()) return Datum();
        ArrayValue value = read_array(call.env, call.arg_types[0], fractions_.as_text());
        for (const Datum& fraction : value.elements) {
            if (!fraction.is_null()) checked_fraction(fraction);
        }
        for (Datum& element : value.elements) {
            if (!element.is_null()) element = pick(call, rows_, element.as_float());
        }
        return array_datum(call.env, call.result_type, value);
    }

  private:
    Datum fractions_;
    std::vector<Datum> rows_;
};

/// The most frequent value, of several the first.
class Mode : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        if (args[0].is_null()) return;
        if (count_ == 0 || compare_values(call.env, call.arg_types[0], last_, args[0]) != 0) {
            last_ = args[0];
            count_ = 0;
        }
        if (++count_ <= best_count_) return;
        best_ = last_;
        best_count_ = count_;
    }
    Datum result(CallContext&) override { return best_; }

  private:
    Datum last_, best_;
    std::int64_t count_ = 0, best_count_ = 0;
};

class Hypothetical : public AggregateState {
  public:
    void step(CallContext&, Args args) override {
        const std::int64_t order = args[0].as_int();
        ++rows_;
        less_ += order < 0;
        less_or_equal_ += order <= 0;
        distinct_less_ += order < 0 && args[1].as_bool();
    }

  protected:
    std::int64_t rows_ = 0, less_ = 0, less_or_equal_ = 0, distinct_less_ = 0;
};

class Rank : public Hypothetical {
    Datum result(CallContext&) override { return Datum::of_int(less_ + 1); }
};
class DenseRank : public Hypothetical {
    Datum result(CallContext&) override { return Datum::of_int(distinct_less_ + 1); }
};
class PercentRank : public Hypothetical {
    Datum result(CallContext&) override {
        return Datum::of_float(rows_ == 0 ? 0 : static_cast<double>(less_) / static_cast<double>(rows_));
    }
};
class CumeDist : public Hypothetical {
    Datum result(CallContext&) override {
        return Datum::of_float(static_cast<double>(less_or_equal_ + 1) / static_cast<double>(rows_ + 1));
    }
};

constexpr AggregateRow kAggregates[] = {
    {3972, false, make_state<Percentile<discrete>>},    {3974, false, make_state<Percentile<continuous>>},
    {3976, false, make_state<Percentile<continuous>>},  {3978, false, make_state<Percentiles<discrete>>},
    {3980, false, make_state<Percentiles<continuous>>}, {3982, false, make_state<Percentiles<continuous>>},
    {3984, false, make_state<Mode>},
    {3986, false, make_state<Rank>},        {3988, false, make_state<PercentRank>},
    {3990, false, make_state<CumeDist>},    {3992, false, make_state<DenseRank>},
};

}  // namespace

FunctionTables ordered_set_tables() { return {.aggregates = kAggregates}; }

}  // namespace cdcsim::pg
