// Composite values and anonymous records: a row literal `(1,,"a ""b""")` with each field in its
// canonical text (see datum.h). Mirrors rowtypes.c. row_type_of, parse_row, format_row, make_row
// are declared in function/environment.h.
#pragma once

#include <string>
#include <string_view>

#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// The TypeOps row that all composite types and RECORD share.
extern const TypeOps kCompositeOps;

/// record_cmp: fields in order, NULLs last. Throws 42883 for a field type without an order, 42804
/// for dissimilar rows.
int compare_records(Environment& env, Oid left_type, const Datum& left, Oid right_type,
                    const Datum& right);
/// record_eq: NULL fields are equal to each other.
bool records_equal(Environment& env, Oid left_type, const Datum& left, Oid right_type,
                   const Datum& right);

}  // namespace cdcsim::pg
