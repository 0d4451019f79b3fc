// Subqueries in FROM that do nothing but join and filter become a part of the query above, as PostgreSQL's
// planner makes them: their tables are joined with its own. Inner header of executor/.
#pragma once

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

/// is_simple_subquery: PostgreSQL's planner merges it into the query above.
bool is_simple_subquery(const Query& query);

/// Merges the simple subqueries in FROM; false: there are none. REQUIRES: those in FROM are done themselves.
bool merge_subqueries(Query& query);

/// A query that only sorts what a UNION ALL in FROM gives becomes that UNION ALL. False: it is another one.
bool merge_union(Query& query);

}  // namespace cdcsim::pg
