// How long a row is on disk, and which of its values are compressed or go out of line. Mirrors
// heaptuple.c (heap_compute_data_size), heaptoast.c and toast_helper.c.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

enum class StoredForm : std::uint8_t { kPlain, kCompressed, kExternal };

struct StoredValue {
    StoredForm form = StoredForm::kPlain;
    int size = 0;  ///< VARSIZE of a compressed value
};

/// By attno - 1; empty if every value is plain.
using StoredValues = std::vector<StoredValue>;

struct TupleShape {
    int length = 0;  ///< of the heap tuple, header included, not aligned
    StoredValues values;
};

/// The shape of a new tuple. `old` (for UPDATE) says how the values lie that are `unchanged`: they
/// stay as they are. Throws SqlError 54000 for a row that is too big.
TupleShape shape_tuple(Environment& env, const Relation& relation, std::span<const Datum> columns,
                       const StoredValues& old, const std::vector<bool>& unchanged);

/// What index_form_tuple makes of an index's values: the bytes of its entry, aligned.
int index_entry_size(Environment& env, const std::vector<Column>& columns, std::span<const Datum> values);

}  // namespace cdcsim::pg
