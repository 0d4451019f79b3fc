// WITH RECURSIVE before anything of it is bound: the order of its queries, and that a reference of a
// query to itself stands where it may. Stands between bind_with and the parse tree. Mirrors
// parse_cte.c's makeDependencyGraph and checkWellFormedRecursion.
#pragma once

#include <vector>

#include "sim/postgres/parser/node.h"

namespace cdcsim::pg {

/// `queries` (CommonTableExpr) so that each stands behind those that it reads. Throws 0A000 for queries
/// that read each other, 42P19 for a reference where there must be none.
std::vector<Node> order_recursive_queries(const std::vector<Node>& queries);

}  // namespace cdcsim::pg
