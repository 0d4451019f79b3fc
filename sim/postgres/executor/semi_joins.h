// IN (SELECT ...) and EXISTS in WHERE that PostgreSQL's planner joins by the subquery's values. Inner header of
// executor/.
#pragma once

#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// Subqueries that give no value twice, and the different values of one that PostgreSQL reads before the table, become
/// items of FROM; false: there are none.
bool join_by_values(Query& query, Host& host);

}  // namespace cdcsim::pg
