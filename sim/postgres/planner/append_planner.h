// ORDER BY over UNION ALL: PostgreSQL merges the branches (Merge Append) where indexes or ORDER BYs of their own
// give some of them the order and the others are cheap to sort; else it sorts all rows together. Equal
// rows come in another order then. Mirrors flatten_simple_union_all, generate_orderedappend_paths
// and create_merge_append_path.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/postgres/planner/table_planner.h"

namespace cdcsim::pg {

struct MergedBranch {
    int rt_index = 0;
    bool is_sorted = false;      ///< here; else it comes in order
    std::vector<OrderKey> keys;  ///< by an index of its table that has these; empty: by itself
};

struct MergeAppendPlan {
    std::vector<MergedBranch> branches;  ///< in the order in which they are written
    std::size_t presorted = 0;           ///< leading keys that they are merged by
};

/// `keys`: over the columns of the result. nullopt: the rows are sorted together.
std::optional<MergeAppendPlan> plan_merge_append(Host& host, const Query& query, std::span<const OrderKey> keys, double limit);

}  // namespace cdcsim::pg
