// Rewriting of SELECTs before they are planned: conditions go down into subqueries in FROM, EXISTS computes
// nothing. Inner header of executor/.
#pragma once

#include <memory>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// Moves the conditions of `query` that PostgreSQL moves into its subqueries; false: there are none.
bool push_down(Query& query);

/// The query of an EXISTS without its targets, groups and order; `query` itself where they count.
std::shared_ptr<const Query> simplify_exists(const std::shared_ptr<const Query>& query, Host& host);

}  // namespace cdcsim::pg
