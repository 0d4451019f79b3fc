// The order in which PostgreSQL works on several grouping sets, and the order of each one's columns: sets that
// contain one another form the chains of a ROLLUP, as few as possible. Mirrors expand_grouping_sets,
// extract_rollup_sets, reorder_grouping_sets and bipartite_match.c.
#pragma once

#include <cstddef>
#include <vector>

namespace cdcsim::pg {

struct ChainedSet {
    std::size_t number = 0;  ///< among the sets given
    std::size_t chain = 0;   ///< a chain's sets stand together, the longest first
    std::vector<int> refs;   ///< the set, in the order of its grouping columns
};

/// `sets` as they are written; `sorted`: the refs of ORDER BY.
std::vector<ChainedSet> chain_sets(const std::vector<std::vector<int>>& sets, std::vector<int> sorted);

}  // namespace cdcsim::pg
