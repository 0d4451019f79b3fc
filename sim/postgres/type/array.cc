#include "sim/postgres/type/array.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/array_image.h"
#include "sim/postgres/type/array_text.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_vector(Oid type) { return type == oid::kInt2vector || type == oid::kOidvector; }

const TypeInfo& element_info(Environment& env, Oid array_type) {
    Oid element = array_element_type(env, array_type);
    CDCSIM_CHECK(element != kInvalidOid);
    return env.type(element);
}

/// "1 2 3": a one-dimensional array with lower bound 0. The caller has checked stored text.
ArrayValue read_vector(Oid type, std::string_view text) {
    std::vector<Datum> elements;
    const char* pos = text.data();
    const char* end = pos + text.size();
    while (pos < end) {
        if (*pos == ' ') {
            ++pos;
            continue;
        }
        std::int64_t value = 0;
        auto [next, error] = std::from_chars(pos, end, value);
        if (error != std::errc() || (next < end && *next != ' '))
            throw SqlError("22P02", "invalid input syntax for type " +
                                        std::string(type == oid::kOidvector ? "oid" : "smallint") +
                                        ": \"" + std::string(pos, end) + "\"");
        elements.push_back(Datum::of_int(value));
        pos = next;
    }
    ArrayValue value;
    value.ndim = 1;
    value.dims[0] = static_cast<std::int32_t>(elements.size());
    value.elements = std::move(elements);
    return value;
}

std::string write_vector(const ArrayValue& value) {
    std::string out;
    for (const Datum& element : value.elements) {
        if (!out.empty()) out += ' ';
        out += std::to_string(element.as_int());
    }
    return out;
}

Datum array_input(Environment& env, const TypeInfo& type, std::string_view text,
                  std::int32_t typmod) {
    return array_datum(env, type.oid, parse_array(env, type.oid, text, typmod));
}

void array_output(Environment& env, const TypeInfo& type, const Datum& value, std::string& out) {
    if (is_vector(type.oid) || prints_as_stored(env, element_info(env, type.oid)))
        out += value.as_text();
    else
        out += format_array(env, type.oid, read_array(env, type.oid, value.as_text()));
}

std::int32_t index_of(const Datum& index) { return static_cast<std::int32_t>(index.as_int()); }

[[noreturn]] void subscript_error(const char* message) { throw SqlError("2202E", message); }

std::int32_t assignment_index(const Datum& index) {
    if (index.is_null())
        throw SqlError("22004", "array subscript in assignment must not be null");
    return index_of(index);
}

/// A one-dimensional array made longer at either end so that [from, to] lies inside; NULLs fill.
void extend(ArrayValue& value, std::int32_t from, std::int32_t to) {
    std::int64_t before = std::max<std::int64_t>(0, std::int64_t{value.lower[0]} - from);
    std::int64_t after = std::max<std::int64_t>(0, std::int64_t{to} - value.upper(0));
    std::int64_t size = value.dims[0] + before + after;
    if (size > kMaxArrayElements)
        throw SqlError("54000", "array size exceeds the maximum allowed (" +
                                    std::to_string(kMaxArrayElements) + ")");
    value.dims[0] = static_cast<std::int32_t>(size);
    value.lower[0] = std::min(value.lower[0], from);
    check_array_size(1, value.dims.data(), value.lower.data());
    value.elements.insert(value.elements.begin(), static_cast<std::size_t>(before), Datum());
    value.elements.resize(static_cast<std::size_t>(size));
}

/// Calls `visit` with the row-major offset of each position inside the bounds, in order.
template <typename Visit>
void for_each_position(const ArrayValue& value,
                       const std::array<std::int32_t, kMaxDimensions>& lower,
                       const std::array<std::int32_t, kMaxDimensions>& upper, Visit visit) {
    std::array<std::int32_t, kMaxDimensions> at = lower;
    for (;;) {
        std::size_t offset = 0;
        for (int i = 0; i < value.ndim; ++i)
            offset = offset * static_cast<std::size_t>(value.dims[i]) +
                     static_cast<std::size_t>(at[i] - value.lower[i]);
        visit(offset);
        int i = value.ndim - 1;
        while (i >= 0 && at[i] == upper[i]) at[i] = lower[i], --i;
        if (i < 0) return;
        ++at[i];
    }
}

/// Assignment to a slice of an empty array: the bounds are the new array's.
ArrayValue slice_of_nothing(std::span<const SliceBound> bounds, const ArrayValue& source) {
    ArrayValue value;
    value.ndim = static_cast<int>(bounds.size());
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (!bounds[i].has_lower || !bounds[i].has_upper)
            throw SqlError("2202E", "array slice subscript must provide both boundaries")
                .detail("When assigning to a slice of an empty array value, slice boundaries must "
                        "be fully specified.");
        value.lower[i] = index_of(bounds[i].lower);
        value.dims[i] = 1 + index_of(bounds[i].upper) - value.lower[i];
    }
    std::int64_t count = check_array_size(value.ndim, value.dims.data(), nullptr);
    if (static_cast<std::int64_t>(source.elements.size()) < count)
        subscript_error("source array too small");
    if (count == 0) return ArrayValue{};
    value.elements.assign(source.elements.begin(), source.elements.begin() + count);
    return value;
}

/// The bounds of an assignment, checked against the array (one dimension may grow).
void assignment_bounds(ArrayValue& value, std::span<const SliceBound> bounds,
                       std::array<std::int32_t, kMaxDimensions>& lower,
                       std::array<std::int32_t, kMaxDimensions>& upper) {
    for (int i = 0; i < value.ndim; ++i) {
        bool given = static_cast<std::size_t>(i) < bounds.size();
        lower[i] = given && bounds[i].has_lower ? index_of(bounds[i].lower) : value.lower[i];
        upper[i] = given && bounds[i].has_upper ? index_of(bounds[i].upper) : value.upper(i);
        if (lower[i] > upper[i]) subscript_error("upper bound cannot be less than lower bound");
        if (value.ndim > 1 && (lower[i] < value.lower[i] || upper[i] > value.upper(i)))
            subscript_error("array subscript out of range");
    }
    if (value.ndim == 1) extend(value, lower[0], upper[0]);
}

}  // namespace

ArrayValue ArrayValue::of(std::vector<Datum> elements) {
    ArrayValue value;
    if (elements.empty()) return value;
    value.ndim = 1;
    value.lower[0] = 1;
    value.dims[0] = static_cast<std::int32_t>(elements.size());
    value.elements = std::move(elements);
    return value;
}

Oid array_element_type(Environment& env, Oid type) {
    const TypeInfo* declared = env.find_type(type);
    if (declared == nullptr) return kInvalidOid;
    const TypeInfo& info = base_type(env, *declared);
    bool array = info.is_array();
    return array ? info.element : kInvalidOid;
}

ArrayValue read_array(Environment& env, Oid array_type, std::string_view stored) {
    Oid base = base_type(env, env.type(array_type)).oid;
    if (is_vector(base)) return read_vector(base, stored);
    const TypeInfo& element = element_info(env, array_type);
    return split_array(stored, element.delimiter, [&](bool is_null, std::string_view text) {
        return is_null ? Datum() : read_canonical(env, element, text);
    });
}

std::string write_array(Environment& env, Oid array_type, const ArrayValue& value) {
    if (is_vector(base_type(env, env.type(array_type)).oid)) return write_vector(value);
    const TypeInfo& element = element_info(env, array_type);
    std::string out, item;
    join_array(
        value, element.delimiter,
        [&](std::size_t index, std::string& text) {
            const Datum& datum = value.elements[index];
            if (datum.is_null()) {
                text += "NULL";
                return;
            }
            item.clear();
            write_canonical(env, element, datum, item);
            append_array_item(item, element.delimiter, text);
        },
        out);
    return out;
}

ArrayValue parse_array(Environment& env, Oid array_type, std::string_view text,
                       std::int32_t typmod) {
    Oid base = base_type(env, env.type(array_type)).oid;
    if (is_vector(base)) return read_vector(base, text);
    const TypeInfo& element = element_info(env, array_type);
    bool domain = element.typtype == 'd';
    return split_array(text, element.delimiter, [&](bool is_null, std::string_view item) {
        Datum value = is_null ? Datum() : input_text(env, element.oid, item, typmod);
        return domain ? env.check_domain(element.oid, std::move(value)) : value;
    });
}

std::string format_array(Environment& env, Oid array_type, const ArrayValue& value) {
    if (is_vector(base_type(env, env.type(array_type)).oid)) return write_vector(value);
    const TypeInfo& element = element_info(env, array_type);
    std::string out;
    join_array(
        value, element.delimiter,
        [&](std::size_t index, std::string& text) {
            const Datum& datum = value.elements[index];
            if (datum.is_null()) text += "NULL";
            else append_array_item(output_text(env, element.oid, datum), element.delimiter, text);
        },
        out);
    return out;
}

std::vector<std::optional<std::string>> read_text_array(std::string_view stored, int* ndim) {
    std::vector<std::optional<std::string>> items;
    ArrayValue value = split_array(stored, ',', [](bool is_null, std::string_view text) {
        return is_null ? Datum() : Datum::of_text(text);
    });
    if (ndim != nullptr) *ndim = value.ndim;
    items.reserve(value.elements.size());
    for (Datum& element : value.elements) {
        if (element.is_null()) items.emplace_back();
        else items.emplace_back(std::move(element).take_text());
    }
    return items;
}

Datum array_get_element(Environment& env, Oid array_type, const Datum& array,
                        std::span<const Datum> indexes) {
    if (array.is_null()) return Datum();
    for (const Datum& index : indexes)
        if (index.is_null()) return Datum();
    ArrayValue value = read_array(env, array_type, array.as_text());
    if (value.ndim != static_cast<int>(indexes.size()) || value.ndim == 0) return Datum();
    std::size_t offset = 0;
    for (int i = 0; i < value.ndim; ++i) {
        std::int64_t index = indexes[i].as_int();
        if (index < value.lower[i] || index > value.upper(i)) return Datum();
        offset = offset * static_cast<std::size_t>(value.dims[i]) +
                 static_cast<std::size_t>(index - value.lower[i]);
    }
    return std::move(value.elements[offset]);
}

Datum array_get_slice(Environment& env, Oid array_type, const Datum& array,
                      std::span<const SliceBound> bounds) {
    if (array.is_null()) return Datum();
    for (const SliceBound& bound : bounds)
        if ((bound.has_lower && bound.lower.is_null()) || (bound.has_upper && bound.upper.is_null()))
            return Datum();
    ArrayValue value = read_array(env, array_type, array.as_text());
    ArrayValue slice;
    if (value.ndim < static_cast<int>(bounds.size()) || value.ndim == 0)
        return array_datum(env, array_type, slice);
    std::array<std::int32_t, kMaxDimensions> lower{}, upper{};
    slice.ndim = value.ndim;
    for (int i = 0; i < value.ndim; ++i) {
        bool given = static_cast<std::size_t>(i) < bounds.size();
        lower[i] = value.lower[i];
        upper[i] = value.upper(i);
        if (given && bounds[i].has_lower)
            lower[i] = std::max(lower[i], index_of(bounds[i].lower));
        if (given && bounds[i].has_upper)
            upper[i] = std::min(upper[i], index_of(bounds[i].upper));
        if (lower[i] > upper[i]) return array_datum(env, array_type, ArrayValue{});
        slice.dims[i] = upper[i] - lower[i] + 1;
        slice.lower[i] = 1;
    }
    for_each_position(value, lower, upper, [&](std::size_t offset) {
        slice.elements.push_back(std::move(value.elements[offset]));
    });
    return array_datum(env, array_type, slice);
}

Datum array_set_element(Environment& env, Oid array_type, const Datum& array,
                        std::span<const Datum> indexes, const Datum& new_value) {
    std::array<std::int32_t, kMaxDimensions> at{};
    if (indexes.empty() || indexes.size() > kMaxDimensions)
        subscript_error("wrong number of array subscripts");
    for (std::size_t i = 0; i < indexes.size(); ++i) at[i] = assignment_index(indexes[i]);
    ArrayValue value;
    if (!array.is_null()) value = read_array(env, array_type, array.as_text());
    if (value.ndim == 0) {
        value.ndim = static_cast<int>(indexes.size());
        value.dims.fill(1);
        value.lower = at;
        check_array_size(value.ndim, value.dims.data(), value.lower.data());
        value.elements.assign(1, new_value);
        return array_datum(env, array_type, value);
    }
    if (value.ndim != static_cast<int>(indexes.size()))
        subscript_error("wrong number of array subscripts");
    if (value.ndim == 1) extend(value, at[0], at[0]);
    for (int i = 0; i < value.ndim; ++i)
        if (at[i] < value.lower[i] || at[i] > value.upper(i))
            subscript_error("array subscript out of range");
    for_each_position(value, at, at,
                      [&](std::size_t offset) { value.elements[offset] = new_value; });
    return array_datum(env, array_type, value);
}

Datum array_set_slice(Environment& env, Oid array_type, const Datum& array,
                      std::span<const SliceBound> bounds, const Datum& source) {
    if (bounds.empty() || bounds.size() > kMaxDimensions)
        subscript_error("wrong number of array subscripts");
    for (const SliceBound& bound : bounds) {
        if (bound.has_lower) assignment_index(bound.lower);
        if (bound.has_upper) assignment_index(bound.upper);
    }
    ArrayValue value;
    if (!array.is_null()) value = read_array(env, array_type, array.as_text());
    if (source.is_null()) return array_datum(env, array_type, value);
    ArrayValue values = read_array(env, array_type, source.as_text());
    if (value.ndim == 0) return array_datum(env, array_type, slice_of_nothing(bounds, values));
    if (value.ndim < static_cast<int>(bounds.size()))
        subscript_error("wrong number of array subscripts");
    std::array<std::int32_t, kMaxDimensions> lower{}, upper{};
    assignment_bounds(value, bounds, lower, upper);
    std::size_t count = 1;
    for (int i = 0; i < value.ndim; ++i)
        count *= static_cast<std::size_t>(upper[i] - lower[i] + 1);
    if (count > values.elements.size()) subscript_error("source array too small");
    std::size_t next = 0;
    for_each_position(value, lower, upper, [&](std::size_t offset) {
        value.elements[offset] = std::move(values.elements[next++]);
    });
    return array_datum(env, array_type, value);
}

const TypeOps kArrayOps{kInvalidOid, array_input, array_output, nullptr, array_to_disk, false};

}  // namespace cdcsim::pg
