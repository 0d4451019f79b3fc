// In which order PostgreSQL's planner joins the tables of FROM, and how: the rows come out in the
// order that follows from it, and so do the events of an UPDATE ... FROM or an INSERT ... SELECT.
// Mirrors joinrels.c, joinpath.c and costsize.c for tables without statistics. Not simulated: the order
// of subqueries, joins as the inner side of a probe, Memoize (its order is a nested loop's), more
// than eight items: there the order is not known.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/postgres/planner/table_planner.h"

namespace cdcsim::pg {

/// As the path's outer side sees it. kRight, kFull: unmatched rows of a hashed inner side come last. kAnti: a LEFT JOIN of which
/// only rows without a match are wanted.
enum class PathJoin : std::uint8_t { kInner, kLeft, kRight, kFull, kAnti };

struct PlanNode {
    enum class Kind : std::uint8_t { kScan, kHashJoin, kNestedLoop, kMergeJoin };
    Kind kind = Kind::kScan;
    int rt_index = 0;                  ///< kScan
    ScanPath scan;                     ///< kScan of a table
    PathJoin join = PathJoin::kInner;
    std::shared_ptr<const PlanNode> outer, inner;
    std::vector<ExprPtr> hash_keys;    ///< kHashJoin: of the inner side
    std::vector<OrderKey> merge_keys;  ///< kMergeJoin: of the outer side
    std::vector<OrderKey> inner_keys;  ///< the same of the inner side
    bool sorts_outer = false, sorts_inner = false;  ///< kMergeJoin: else the side comes in this order
    std::uint32_t buckets = 0;
    std::vector<ExprPtr> on;           ///< of an outer join
};
using PlanPtr = std::shared_ptr<const PlanNode>;

/// What a query level gives, as far as the level around it asks.
struct RelationSize {
    double rows = 1, startup = 0, total = 0;
    /// Output columns (from 1) of which no two rows have the same values; empty: not known.
    std::vector<int> unique_columns;
};

/// What is done with the joined rows.
struct JoinWish {
    std::span<const OrderKey> keys = {};  ///< the order that they are wanted in
    double limit = 0;                     ///< rows that are wanted, 0: all, -1: a part
    bool bounded = false;                 ///< a sort is told of the limit
    bool incremental = true;              ///< a sort may start from the leading keys that the rows have
};

struct JoinPlan {
    PlanPtr node;                         ///< nullptr: not known
    std::size_t presorted = 0;            ///< leading keys of the wanted order that the rows have
    PathCost cost;                        ///< with the sort that is left
    std::vector<ExprPtr> conditions;      ///< that filter a side as soon as it has what they are about
    std::vector<ExprPtr> late_conditions; ///< the same, but after the outer joins that may not find it
};

/// How the FROM items of `query` are joined under `conjuncts` (its WHERE, folded).
/// `size` and `leaves`, if not nullptr: of the joined rows, and what was joined.
struct Leaf;
JoinPlan plan_joins(Host& host, const Query& query, std::span<const ExprPtr> conjuncts, const JoinWish& wish = {},
                    RelationSize* size = nullptr, std::vector<Leaf>* leaves = nullptr);

/// The size of a whole query level; nullopt: not known.
std::optional<RelationSize> size_of_query(Host& host, const Query& query);
/// A node of its set operations.
std::optional<RelationSize> size_of_set_operation(Host& host, const Query& query, const SetOpNode& node);
/// Different rows of a node's result as estimate_num_groups guesses them.
double groups_of_branch(Host& host, const Query& query, const SetOpNode& node, double rows);
/// Adds the rows and costs of the branches of a UNION of `query`; false: not known.
bool add_union_branches(Host& host, const Query& query, const SetOpNode& node, RelationSize& size);

}  // namespace cdcsim::pg
