// How PostgreSQL's planner makes groups, and the order in which they come out: sorted by their keys,
// or as they lie in the hash table. Mirrors create_grouping_paths, create_distinct_paths,
// estimate_num_groups, and simplehash.h's robin hood table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/postgres/planner/join_planner.h"

namespace cdcsim::pg {

struct GroupPlan {
    bool hashed = true;
    double groups = 1;      ///< expected: the size that the hash table begins with
    double input_limit = 0; ///< rows of the sorted input that are read; 0: all
};

/// What is wanted of the groups besides.
struct GroupWish {
    std::vector<OrderKey> keys;    ///< of the sorted way
    double limit = 0;              ///< LIMIT, as in Block::limit_rows
    bool has_order = false;        ///< ORDER BY
    bool is_satisfied = false;     ///< by the sorted way
};

/// GROUP BY of one grouping set; nullopt: not known.
std::optional<GroupPlan> plan_groups(Host& host, const Query& query, const GroupWish& wish);
/// Grouping sets are made by sorting, as an aggregate wants its rows sorted or without duplicates.
bool sorts_grouping_sets(const Query& query);
/// One of several grouping sets, by its keys: hashed with a number of groups; nullopt: not known.
std::optional<GroupPlan> plan_grouping_set(Host& host, const Query& query, const std::vector<ExprPtr>& keys);
/// GROUP BY without the columns that others, a table's primary key, decide
/// (remove_useless_groupby_columns): as sort_group_refs.
std::vector<int> needed_group_refs(const Query& query);
/// SELECT DISTINCT.
std::optional<GroupPlan> plan_distinct(Host& host, const Query& query, const GroupWish& wish);

/// UNION without ALL. A node of `query`'s set operations.
std::optional<GroupPlan> plan_union(Host& host, const Query& query, const SetOpNode& node);

/// INTERSECT and EXCEPT, with ALL: the groups are those of the input that is read first.
struct SetOperationPlan {
    GroupPlan groups;
    bool right_first = false;
};
std::optional<SetOperationPlan> plan_set_operation(Host& host, const Query& query, const SetOpNode& node);

/// The places of the entries, in the order in which a scan of the table finds them: result[i] is the
/// rank of the i-th inserted hash. The hashes are those of TupleHashTableHash. `has_repeats`: groups were looked
/// up again, which lets a full table grow.
std::vector<std::uint32_t> hash_table_ranks(std::span<const std::uint32_t> hashes, double expected, bool has_repeats);

}  // namespace cdcsim::pg
