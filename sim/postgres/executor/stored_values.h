// Whether a value that is stored out of line may be stored again as it lies there. Mirrors what toast_tuple_init
// (heaptoast.c) sees: a pointer that has come through an expression unread is that of the old row.
#pragma once

#include "sim/postgres/executor/modify.h"

namespace cdcsim::pg {

/// Whether what an UPDATE (MERGE, ON CONFLICT) gives to the column may be the old row's value as it lies out of line,
/// although it is not named as such. Where the bytes are equal, the log tells the two apart.
bool may_be_stored_value(const Modification& m, int attno);

}  // namespace cdcsim::pg
