// Comparing values of any type. compare_values (type_info.h) is the default btree order;
// values_equal is the type's = operator, which some types have without an order.
#pragma once

#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// REQUIRES: not NULL. Throws 42883 `could not identify an equality operator for type ...`.
bool values_equal(Environment& env, Oid type, const Datum& a, const Datum& b);

/// Throw what values_equal and compare_values would throw for any two values of the type.
void require_equality(Environment& env, Oid type);
void require_order(Environment& env, Oid type);

/// Two stored arrays of one type: elements in order, then their number, then the dimensions.
int compare_arrays(Environment& env, Oid array_type, const Datum& a, const Datum& b);
bool arrays_equal(Environment& env, Oid array_type, const Datum& a, const Datum& b);

}  // namespace cdcsim::pg
