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
    {"array_prepend", array_prepend},
    {"array_smaller", array_smaller},
    {"array_to_text", array_to_text},
    {"array_to_text_null", array_to_text_null},
    {"array_upper", array_upper},
    {"btarraycmp", btarraycmp},
    {"text_to_array", text_to_array},
    {"text_to_array_null", text_to_array},
    {"trim_array", trim_array},
};

constexpr SetRow kSets[] = {
    {"array_unnest", array_unnest},
    {"generate_subscripts", generate_subscripts},
    {"generate_subscripts_nodir", generate_subscripts_nodir},
};

}  // namespace

FunctionTables array_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
