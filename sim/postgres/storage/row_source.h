// The rows that C++ makes for a FROM item: LATERAL subqueries, functions, VALUES, transition tables,
// computed catalogs, CTEs.
#pragma once

#include <memory>
#include <span>

#include "sim/postgres/storage/execution.h"

namespace cdcsim::pg {

class RowCursor {
  public:
    virtual ~RowCursor() = default;
    /// The next row; false at the end. The span is valid until the next call.
    virtual bool next(std::span<const Datum>& row) = 0;
};

/// `values` are the arguments after the source's number.
std::unique_ptr<RowCursor> open_source(Execution& execution, int source, sqlite3_value** values);

}  // namespace cdcsim::pg
