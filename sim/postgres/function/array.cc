// Functions and operators of arrays. Mirrors array_userfuncs.c and the SQL-callable part of
// arrayfuncs.c.
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

/// A NULL array counts as an empty one.
ArrayValue array_or_empty(CallContext& call, Args args, std::size_t index) {
    return args[index].is_null() ? ArrayValue{} : array_argument(call, args, index);
}

Datum result_array(CallContext& call, const ArrayValue& value) {
    return array_datum(call.env, call.result_type, value);
}

void check_grows(const ArrayValue& value) {
    if (value.ndim > 1) throw SqlError("22000", "argument must be empty or one-dimensional array");
}

[[noreturn]] void out_of_range() { throw SqlError("22003", "integer out of range"); }

Datum array_append(CallContext& call, Args args) {
    ArrayValue value = array_or_empty(call, args, 0);
    check_grows(value);
    if (value.ndim == 0) return result_array(call, ArrayValue::of({args[1]}));
    if (std::int64_t{value.lower[0]} + value.dims[0] > std::numeric_limits<std::int32_t>::max())
        out_of_range();
    value.elements.push_back(args[1]);
    ++value.dims[0];
    check_array_size(1, value.dims.data(), value.lower.data());
    return result_array(call, value);
}

Datum array_prepend(CallContext& call, Args args) {
    ArrayValue value = array_or_empty(call, args, 1);
    check_grows(value);
    if (value.ndim == 0) return result_array(call, ArrayValue::of({args[0]}));
    if (value.lower[0] == std::numeric_limits<std::int32_t>::min()) out_of_range();
    value.elements.insert(value.elements.begin(), args[0]);
    ++value.dims[0];
    return result_array(call, value);
}

[[noreturn]] void incompatible(std::string detail) {
    throw SqlError("2202E", "cannot concatenate incompatible arrays").detail(std::move(detail));
}

/// `inner` becomes one more element of `outer`'s first dimension.
void check_element_of(const ArrayValue& outer, const ArrayValue& inner) {
    for (int i = 0; i < inner.ndim; ++i)
        if (inner.dims[i] != outer.dims[i + 1] || inner.lower[i] != outer.lower[i + 1])
            incompatible("Arrays with differing dimensions are not compatible for concatenation.");
}

Datum array_cat(CallContext& call, Args args) {
    if (args[0].is_null()) return args[1];
    if (args[1].is_null()) return args[0];
    ArrayValue a = array_argument(call, args, 0), b = array_argument(call, args, 1);
    if (a.ndim == 0 && b.ndim > 0) return args[1];
    if (b.ndim == 0) return args[0];
    if (std::abs(a.ndim - b.ndim) > 1)
        incompatible("Arrays of " + std::to_string(a.ndim) + " and " + std::to_string(b.ndim) +
                     " dimensions are not compatible for concatenation.");
    ArrayValue& shape = a.ndim >= b.ndim ? a : b;
    if (a.ndim == b.ndim) {
        for (int i = 1; i < a.ndim; ++i)
            if (a.dims[i] != b.dims[i] || a.lower[i] != b.lower[i])
                incompatible(
                    "Arrays with differing element dimensions are not compatible for "
                    "concatenation.");
        shape.dims[0] += b.dims[0];
    } else {
        check_element_of(shape, a.ndim > b.ndim ? b : a);
        ++shape.dims[0];
    }
    check_array_size(shape.ndim, shape.dims.data(), shape.lower.data());
    std::vector<Datum> elements = std::move(a.elements);
    elements.insert(elements.end(), b.elements.begin(), b.elements.end());
    shape.elements = std::move(elements);
    return result_array(call, shape);
}

/// A dimension's number from 1, or -1.
int dimension_of(const ArrayValue& value, const Datum& dimension) {
    std::int64_t number = dimension.as_int();
    return number >= 1 && number <= value.ndim ? static_cast<int>(number - 1) : -1;
}

Datum array_length(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    int i = dimension_of(value, args[1]);
    return i < 0 ? Datum() : Datum::of_int(value.dims[i]);
}
Datum array_lower(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    int i = dimension_of(value, args[1]);
    return i < 0 ? Datum() : Datum::of_int(value.lower[i]);
}
Datum array_upper(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    int i = dimension_of(value, args[1]);
    return i < 0 ? Datum() : Datum::of_int(value.upper(i));
}
Datum array_ndims(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    return value.ndim == 0 ? Datum() : Datum::of_int(value.ndim);
}
Datum array_cardinality(CallContext& call, Args args) {
    return Datum::of_int(static_cast<std::int64_t>(array_argument(call, args, 0).elements.size()));
}
Datum array_dims(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    std::string out;
    for (int i = 0; i < value.ndim; ++i)
        out += '[' + std::to_string(value.lower[i]) + ':' + std::to_string(value.upper(i)) + ']';
    return value.ndim == 0 ? Datum() : Datum::of_text(std::move(out));
}

/// NULL is equal to NULL only.
bool same_element(Environment& env, Oid type, const Datum& a, const Datum& b) {
    if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
    return values_equal(env, type, a, b);
}

ArrayValue searched_array(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    if (value.ndim > 1)
        throw SqlError("0A000",
                       "searching for elements in multidimensional arrays is not supported");
    return value;
}

/// The subscripts of the elements that equal args[1], until `found` returns false.
template <typename Found>
void search(CallContext& call, Args args, const ArrayValue& value, Found found) {
    Oid element = array_element_type(call.env, call.arg_types[0]);
    if (!value.elements.empty()) require_equality(call.env, element);
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
        if (!same_element(call.env, element, value.elements[i], args[1])) continue;
        if (!found(std::int64_t{value.lower[0]} + static_cast<std::int64_t>(i))) return;
    }
}

Datum position_from(CallContext& call, Args args, const ArrayValue& value, std::int64_t start) {
    Datum result;
    search(call, args, value, [&](std::int64_t position) {
        if (position < start) return true;
        result = Datum::of_int(position);
        return false;
    });
    return result;
}

Datum array_position(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    return position_from(call, args, searched_array(call, args),
                         std::numeric_limits<std::int64_t>::min());
}

Datum array_position_start(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    ArrayValue value = searched_array(call, args);
    if (value.ndim == 0) return Datum();
    bool hopeless = args[1].is_null() && std::ranges::none_of(value.elements, &Datum::is_null);
    if (hopeless) return Datum();
    if (args[2].is_null()) throw SqlError("22004", "initial position must not be null");
    return position_from(call, args, value, args[2].as_int());
}

Datum array_positions(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    std::vector<Datum> positions;
    search(call, args, searched_array(call, args), [&](std::int64_t position) {
        positions.push_back(Datum::of_int(position));
        return true;
    });
    return array_datum(call.env, oid::kInt4Array, ArrayValue::of(std::move(positions)));
}

Datum array_remove(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    ArrayValue value = array_argument(call, args, 0);
    if (value.elements.empty()) return args[0];
    if (value.ndim > 1)
        throw SqlError("0A000", "removing elements from multidimensional arrays is not supported");
    Oid element = array_element_type(call.env, call.arg_types[0]);
    require_equality(call.env, element);
    std::erase_if(value.elements, [&](const Datum& datum) {
        return same_element(call.env, element, datum, args[1]);
    });
    if (value.elements.empty()) return result_array(call, ArrayValue{});
    value.dims[0] = static_cast<std::int32_t>(value.elements.size());
    return result_array(call, value);
}

Datum array_replace(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    ArrayValue value = array_argument(call, args, 0);
    Oid element = array_element_type(call.env, call.arg_types[0]);
    if (!value.elements.empty()) require_equality(call.env, element);
    for (Datum& datum : value.elements)
        if (same_element(call.env, element, datum, args[1])) datum = args[2];
    return result_array(call, value);
}

Datum join_texts(CallContext& call, Args args, const std::string* null_text) {
    ArrayValue value = array_argument(call, args, 0);
    Oid element = array_element_type(call.env, call.arg_types[0]);
    std::string out;
    bool first = true;
    for (const Datum& datum : value.elements) {
        if (datum.is_null() && null_text == nullptr) continue;
        if (!first) out += args[1].as_text();
        first = false;
        out += datum.is_null() ? *null_text : output_text(call.env, element, datum);
    }
    return Datum::of_text(std::move(out));
}

Datum array_to_text(CallContext& call, Args args) { return join_texts(call, args, nullptr); }

Datum array_to_text_null(CallContext& call, Args args) {
    if (args[0].is_null() || args[1].is_null()) return Datum();
    return join_texts(call, args, args[2].is_null() ? nullptr : &args[2].as_text());
}

std::size_t character_size(char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The parts of string_to_array. args: text, separator or NULL, NULL text.
std::vector<Datum> split_text(Args args) {
    std::string_view text = args[0].as_text();
    const std::string* null_text =
        args.size() > 2 && !args[2].is_null() ? &args[2].as_text() : nullptr;
    std::vector<Datum> parts;
    auto add = [&](std::string_view part) {
        bool is_null = null_text != nullptr && part == *null_text;
        parts.push_back(is_null ? Datum() : Datum::of_text(part));
    };
    if (text.empty()) return parts;
    if (args[1].is_null()) {
        while (!text.empty()) {
            std::size_t size = std::min(character_size(text[0]), text.size());
            add(text.substr(0, size));
            text.remove_prefix(size);
        }
        return parts;
    }
    const std::string& separator = args[1].as_text();
    if (separator.empty()) return add(text), parts;
    for (;;) {
        std::size_t at = text.find(separator);
        add(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + separator.size());
    }
}

Datum text_to_array(CallContext& call, Args args) {
    if (args[0].is_null()) return Datum();
    return array_datum(call.env, oid::kTextArray, ArrayValue::of(split_text(args)));
}

void array_unnest(CallContext& call, Args args, const RowSink& emit) {
    for (const Datum& element : array_argument(call, args, 0).elements)
        if (!emit({&element, 1})) return;
}

void subscripts(CallContext& call, Args args, bool reverse, const RowSink& emit) {
    ArrayValue value = array_argument(call, args, 0);
    int i = dimension_of(value, args[1]);
    if (i < 0) return;
    std::int64_t lower = value.lower[i], upper = value.upper(i);
    for (std::int64_t n = 0; n <= upper - lower; ++n) {
        Datum subscript = Datum::of_int(reverse ? upper - n : lower + n);
        if (!emit({&subscript, 1})) return;
    }
}
void generate_subscripts(CallContext& call, Args args, const RowSink& emit) {
    subscripts(call, args, args[2].as_bool(), emit);
}
void generate_subscripts_nodir(CallContext& call, Args args, const RowSink& emit) {
    subscripts(call, args, false, emit);
}

/// An int4[] argument of array_fill.
std::vector<std::int32_t> bounds_argument(CallContext& call, const Datum& array) {
    ArrayValue value = read_array(call.env, oid::kInt4Array, array.as_text());
    if (value.ndim > 1)
        throw SqlError("2202E", "wrong number of array subscripts")
            .detail("Dimension array must be one dimensional.");
    std::vector<std::int32_t> bounds;
    for (const Datum& element : value.elements) {
        if (element.is_null()) throw SqlError("22004", "dimension values cannot be null");
        bounds.push_back(static_cast<std::int32_t>(element.as_int()));
    }
    return bounds;
}

Datum fill(CallContext& call, const Datum& element, const Datum& dims, const Datum* lower) {
    if (dims.is_null() || (lower != nullptr && lower->is_null()))
        throw SqlError("22004", "dimension array or low bound array cannot be null");
    std::vector<std::int32_t> sizes = bounds_argument(call, dims);
    if (sizes.size() > kMaxDimensions)
        throw SqlError("54000", "number of array dimensions (" + std::to_string(sizes.size()) +
                                    ") exceeds the maximum allowed (6)");
    std::vector<std::int32_t> starts(sizes.size(), 1);
    if (lower != nullptr) starts = bounds_argument(call, *lower);
    if (starts.size() != sizes.size())
        throw SqlError("2202E", "wrong number of array subscripts")
            .detail("Low bound array has different size than dimensions array.");
    ArrayValue value;
    value.ndim = static_cast<int>(sizes.size());
    std::ranges::copy(sizes, value.dims.begin());
    std::ranges::copy(starts, value.lower.begin());
    std::int64_t count = check_array_size(value.ndim, value.dims.data(), value.lower.data());
    if (count == 0) return result_array(call, ArrayValue{});
    value.elements.assign(static_cast<std::size_t>(count), element);
    return result_array(call, value);
}

Datum array_fill(CallContext& call, Args args) { return fill(call, args[0], args[1], nullptr); }
Datum array_fill_with_lower_bounds(CallContext& call, Args args) {
    return fill(call, args[0], args[1], &args[2]);
}

Datum trim_array(CallContext& call, Args args) {
    ArrayValue value = array_argument(call, args, 0);
    std::int64_t length = value.ndim > 0 ? value.dims[0] : 0, count = args[1].as_int();
    if (count < 0 || count > length)
        throw SqlError("2202E", "number of elements to trim must be between 0 and " +
                                    std::to_string(length));
    if (value.ndim == 0) return args[0];
    SliceBound bound;
    bound.has_upper = true;
    bound.upper = Datum::of_int(value.lower[0] + length - count - 1);
    return array_get_slice(call.env, call.arg_types[0], args[0], {&bound, 1});
}

/// True if all (or any) elements of `wanted` are in `array`; NULLs are never found.
bool find_elements(CallContext& call, const ArrayValue& wanted, const ArrayValue& array,
                   bool all) {
    Oid element = array_element_type(call.env, call.arg_types[0]);
    require_equality(call.env, element);
    for (const Datum& want : wanted.elements) {
        bool found = !want.is_null() && std::ranges::any_of(array.elements, [&](const Datum& have) {
            return !have.is_null() && values_equal(call.env, element, want, have);
        });
        if (found != all) return found;
    }
    return all;
}

Datum arraycontains(CallContext& call, Args args) {
    return Datum::of_bool(find_elements(call, array_argument(call, args, 1),
                                        array_argument(call, args, 0), true));
}
Datum arraycontained(CallContext& call, Args args) {
    return Datum::of_bool(find_elements(call, array_argument(call, args, 0),
                                        array_argument(call, args, 1), true));
}
Datum arrayoverlap(CallContext& call, Args args) {
    return Datum::of_bool(find_elements(call, array_argument(call, args, 0),
                                        array_argument(call, args, 1), false));
}

int order(CallContext& call, Args args) {
    return compare_arrays(call.env, call.arg_types[0], args[0], args[1]);
}
bool equal(CallContext& call, Args args) {
    return arrays_equal(call.env, call.arg_types[0], args[0], args[1]);
}
Datum btarraycmp(CallContext& call, Args args) {
    return Datum::of_int(std::clamp(order(call, args), -1, 1));
}
Datum array_eq(CallContext& call, Args args) { return Datum::of_bool(equal(call, args)); }
Datum array_ne(CallContext& call, Args args) { return Datum::of_bool(!equal(call, args)); }
Datum array_lt(CallContext& call, Args args) { return Datum::of_bool(order(call, args) < 0); }
Datum array_le(CallContext& call, Args args) { return Datum::of_bool(order(call, args) <= 0); }
Datum array_gt(CallContext& call, Args args) { return Datum::of_bool(order(call, args) > 0); }
Datum array_ge(CallContext& call, Args args) { return Datum::of_bool(order(call, args) >= 0); }
Datum array_larger(CallContext& call, Args args) { return args[order(call, args) > 0 ? 0 : 1]; }
Datum array_smaller(CallContext& call, Args args) { return args[order(call, args) < 0 ? 0 : 1]; }

Datum width_bucket_array(CallContext& call, Args args) {
    ArrayValue thresholds = array_argument(call, args, 1);
    if (thresholds.ndim > 1)
        throw SqlError("2202E", "thresholds must be one-dimensional array");
    if (std::ranges::any_of(thresholds.elements, &Datum::is_null))
        throw SqlError("22004", "thresholds array must not contain NULLs");
    Oid element = array_element_type(call.env, call.arg_types[1]);
    std::size_t left = 0, right = thresholds.elements.size();
    while (left < right) {
        std::size_t middle = (left + right) / 2;
        if (compare_values(call.env, element, args[0], thresholds.elements[middle]) < 0)
            right = middle;
        else
            left = middle + 1;
    }
    return Datum::of_int(static_cast<std::int64_t>(left));
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

template <typename State>
std::unique_ptr<AggregateState> make() {
    return std::make_unique<State>();
}

constexpr ScalarRow kScalars[] = {
    {"array_append", array_append},
    {"array_cardinality", array_cardinality},
    {"array_cat", array_cat},
    {"array_dims", array_dims},
    {"array_eq", array_eq},
    {"array_fill", array_fill},
    {"array_fill_with_lower_bounds", array_fill_with_lower_bounds},
    {"array_ge", array_ge},
    {"array_gt", array_gt},
    {"array_larger", array_larger},
    {"array_le", array_le},
    {"array_length", array_length},
    {"array_lower", array_lower},
    {"array_lt", array_lt},
    {"array_ndims", array_ndims},
    {"array_ne", array_ne},
    {"array_position", array_position},
    {"array_position_start", array_position_start},
    {"array_positions", array_positions},
    {"array_prepend", array_prepend},
    {"array_remove", array_remove},
    {"array_replace", array_replace},
    {"array_smaller", array_smaller},
    {"array_to_text", array_to_text},
    {"array_to_text_null", array_to_text_null},
    {"array_upper", array_upper},
    {"arraycontained", arraycontained},
    {"arraycontains", arraycontains},
    {"arrayoverlap", arrayoverlap},
    {"btarraycmp", btarraycmp},
    {"text_to_array", text_to_array},
    {"text_to_array_null", text_to_array},
    {"trim_array", trim_array},
    {"width_bucket_array", width_bucket_array},
};

constexpr SetRow kSets[] = {
    {"array_unnest", array_unnest},
    {"generate_subscripts", generate_subscripts},
    {"generate_subscripts_nodir", generate_subscripts_nodir},
};

constexpr AggregateRow kAggregates[] = {
    {2050, true, make<ExtremeArray<1>>},
    {2051, true, make<ExtremeArray<-1>>},
    {2335, false, make<ArrayAgg>},
    {4053, false, make<ArrayOfArraysAgg>},
};

}  // namespace

FunctionTables array_tables() {
    return {.scalars = kScalars, .sets = kSets, .aggregates = kAggregates};
}

}  // namespace cdcsim::pg
