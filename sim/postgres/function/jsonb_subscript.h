// jsonb['a'][0]: fetch and assignment for the evaluator. Mirrors jsonbsubs.c. Subscripts are texts
// (the binder coerces integers to int4 first, then their text is what counts).
#pragma once

#include <span>

#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

/// NULL if the value or a subscript is NULL, or nothing is there.
Datum jsonb_get_subscript(const Datum& value, std::span<const Datum> subscripts);

/// The value with the element replaced or created, gaps filled with null. A NULL value starts as
/// `[]` if the first subscript is an integer, else `{}`; a NULL new value is JSON null. Throws 22004
/// for a NULL subscript, 22023 where the path meets a scalar.
Datum jsonb_set_subscript(const Datum& value, std::span<const Datum> subscripts,
                          bool first_is_integer, const Datum& new_value);

}  // namespace cdcsim::pg
