// What sorting costs, and whether PostgreSQL's planner sorts at all: an index may give the order, or its
// first keys (incremental sort). Mirrors costsize.c's cost_tuplesort and cost_incremental_sort, and
// planner.c's create_ordered_paths.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/postgres/planner/leaf_size.h"

namespace cdcsim::pg {

/// `limit`: rows that are wanted, 0: all.
PathCost sort_cost(double input_total, double rows, double limit);
PathCost incremental_sort_cost(PathCost input, double rows, double groups, double limit);
/// What is paid when only so many of `rows` are read.
double cost_of_first(PathCost path, double rows, double limit);

/// The cheapest way to read the table and have its rows in the wanted order.
OrderedScan best_ordered_scan(Host& host, const Leaf& leaf, const JoinWish& wish);
/// The same without a sort. REQUIRES: an index gives the order.
OrderedScan cheapest_index_scan(const Leaf& leaf, std::span<const OrderKey> keys);

}  // namespace cdcsim::pg
