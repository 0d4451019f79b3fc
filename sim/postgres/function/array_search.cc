// Looking for elements: array_position, array_remove, array_replace, @>, <@, &&, width_bucket.
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

constexpr ScalarRow kScalars[] = {
    {"array_position", array_position},
    {"array_position_start", array_position_start},
    {"array_positions", array_positions},
    {"array_remove", array_remove},
    {"array_replace", array_replace},
    {"arraycontained", arraycontained},
    {"arraycontains", arraycontains},
    {"arrayoverlap", arrayoverlap},
    {"width_bucket_array", width_bucket_array},
};

}  // namespace

FunctionTables array_search_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
