#include "sim/postgres/type/compare.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/range.h"
#include "sim/postgres/type/record.h"

namespace cdcsim::pg {
namespace {

bool is_row(const TypeInfo& type) { return type.typtype == 'c' || type.oid == oid::kRecord; }

/// xid and cid have = and a hash, but no order.
bool has_equality_only(Oid type) { return type == oid::kXid || type == oid::kCid; }

int three_way(std::int64_t a, std::int64_t b) { return a < b ? -1 : a > b; }

int compare_shapes(const ArrayValue& a, const ArrayValue& b) {
    if (int order = three_way(static_cast<std::int64_t>(a.elements.size()),
                              static_cast<std::int64_t>(b.elements.size())))
        return order;
    if (int order = three_way(a.ndim, b.ndim)) return order;
    for (int i = 0; i < a.ndim; ++i)
        if (int order = three_way(a.dims[i], b.dims[i])) return order;
    for (int i = 0; i < a.ndim; ++i)
        if (int order = three_way(a.lower[i], b.lower[i])) return order;
    return 0;
}

[[noreturn]] void no_operator(Environment& env, const char* what, Oid type) {
    throw SqlError("42883", std::string("could not identify ") + what + " for type " +
                                format_type(env, type));
}

/// Rows, arrays and ranges are looked into when there is a value.
bool is_nested(Environment& env, const TypeInfo& type) {
    return is_row(type) || (type.typtype == 'r' && type.ops != nullptr) || array_element_type(env, type.oid) != kInvalidOid;
}

}  // namespace

void require_order(Environment& env, Oid declared) {
    const TypeInfo& type = base_type(env, env.type(declared));
    if (is_nested(env, type)) return;
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    if (type.ops->compare == nullptr || has_equality_only(type.oid))
        no_operator(env, "a comparison function", type.oid);
}

void require_equality(Environment& env, Oid declared) {
    const TypeInfo& type = base_type(env, env.type(declared));
    if (is_nested(env, type) || has_equality_only(type.oid)) return;
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    if (type.ops->compare == nullptr) no_operator(env, "an equality operator", type.oid);
}

int compare_values(Environment& env, Oid declared, const Datum& a, const Datum& b) {
    const TypeInfo& type = base_type(env, env.type(declared));
    if (is_row(type)) return compare_records(env, type.oid, a, type.oid, b);
    if (type.typtype == 'r') return compare_ranges(env, type.oid, a, b);
    if (type.ops != nullptr && type.ops->compare != nullptr && !has_equality_only(type.oid))
        return type.ops->compare(a, b);
    if (array_element_type(env, type.oid) != kInvalidOid)
        return compare_arrays(env, type.oid, a, b);
    require_order(env, type.oid);
    CDCSIM_CHECK(false);
}

bool values_equal(Environment& env, Oid declared, const Datum& a, const Datum& b) {
    const TypeInfo& type = base_type(env, env.type(declared));
    if (is_row(type)) return records_equal(env, type.oid, a, type.oid, b);
    if (array_element_type(env, type.oid) != kInvalidOid) return arrays_equal(env, type.oid, a, b);
    if (has_equality_only(type.oid)) return a.identical(b);
    if (type.typtype == 'r') return compare_ranges(env, type.oid, a, b) == 0;
    require_equality(env, type.oid);
    return type.ops->compare(a, b) == 0;
}

int compare_arrays(Environment& env, Oid array_type, const Datum& left, const Datum& right) {
    Oid element = array_element_type(env, array_type);
    require_order(env, element);
    ArrayValue a = read_array(env, array_type, left.as_text());
    ArrayValue b = read_array(env, array_type, right.as_text());
    std::size_t common = std::min(a.elements.size(), b.elements.size());
    for (std::size_t i = 0; i < common; ++i) {
        const Datum &x = a.elements[i], &y = b.elements[i];
        int order = 0;
        if (!x.is_null() && !y.is_null()) order = compare_values(env, element, x, y);
        else if (x.is_null() != y.is_null()) order = x.is_null() ? 1 : -1;
        if (order != 0) return order;
    }
    return compare_shapes(a, b);
}

bool arrays_equal(Environment& env, Oid array_type, const Datum& left, const Datum& right) {
    Oid element = array_element_type(env, array_type);
    ArrayValue a = read_array(env, array_type, left.as_text());
    ArrayValue b = read_array(env, array_type, right.as_text());
    if (compare_shapes(a, b) != 0) return false;
    require_equality(env, element);
    for (std::size_t i = 0; i < a.elements.size(); ++i) {
        const Datum &x = a.elements[i], &y = b.elements[i];
        if (x.is_null() != y.is_null()) return false;
        if (!x.is_null() && !values_equal(env, element, x, y)) return false;
    }
    return true;
}

}  // namespace cdcsim::pg
