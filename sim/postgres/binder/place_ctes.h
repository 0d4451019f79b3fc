// WITH queries that are read once stand where they are read; the other references learn what they read.
// Mirrors SS_process_ctes and inline_cte of subselect.c.
#pragma once

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

/// REQUIRES: `query` is bound to its end, with all levels below it.
void place_ctes(Query& query);

}  // namespace cdcsim::pg
