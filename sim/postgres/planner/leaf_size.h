// One item of FROM as the join planner sees it: a table, or a subquery, VALUES, a function, a CTE
// with the rows that PostgreSQL expects of it. Mirrors parts of allpaths.c, costsize.c
// (set_*_size_estimates) and selfuncs.c. Not for other folders.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "sim/postgres/planner/join_planner.h"

namespace cdcsim::pg {

struct Leaf {
    int rt_index = 0;
    std::shared_ptr<TablePlanner> table;  ///< nullptr: no table, then the figures below count
    double base_rows = 1, startup = 0, total = 0;
    double selectivity = 1;               ///< of the conditions on it
    bool all_distinct = false;            ///< VALUES: each row is taken for different
    double in_values = 0;                 ///< IN's values before they were made different; 0: something else
    double value_loops = 0;               ///< IN's values: as the function of this name
    bool is_material = false;             ///< keeps its rows
    double again = 0;                     ///< is_material: what giving them again costs
    std::set<int> lateral;                ///< the items that it is computed for each row of
    std::vector<int> unique_columns;
    struct SortedColumn {
        int attno = 0;
        bool descending = false, nulls_first = false;
    };
    std::vector<SortedColumn> order;      ///< a subquery's own
    std::vector<int> equalities;          ///< columns that must have a given value

    void add_condition(const ExprPtr& expr);
    void add_equality(int attno);
    bool has_equality(int attno) const;
    double rows() const;
    double loops() const { return in_values > 0 ? value_loops : rows(); }
    double tuples() const { return table ? table->tuples() : base_rows; }
    std::vector<ScanPath> paths() const;
    double distinct_values(int attno, bool& is_default) const;
    /// The same of an expression of this type that reads nothing else.
    double distinct_results(Oid type, bool& is_default) const;
    double width(int attno) const { return table ? table->width(attno) : 32; }
    bool is_unique(std::span<const int> attnos) const;
    std::optional<ScanPath> probe(std::span<const int> attnos, double loops, double& rows) const;
};

/// A subquery that PostgreSQL merges into the level above is planned together with that.
bool is_pulled_up(const Query& query);

/// nullopt: its size, or its order, is not known.
std::optional<Leaf> make_leaf(Host& host, const RangeTableEntry& entry, int rt_index);

// query_size.cc
/// The conditions of WHERE, folded.
std::vector<ExprPtr> where_conjuncts(Host& host, const Query& query);
/// The expressions of GROUP BY.
std::vector<ExprPtr> group_keys(const Query& query);
/// estimate_num_groups.
double group_count(Host& host, const std::vector<ExprPtr>& keys, const RelationSize& input,
                   const std::vector<Leaf>& leaves);
/// What the aggregates of a level cost (get_agg_clause_costs).
struct AggregateCosts {
    double count = 0;
    double calls = 0;   ///< operator calls for each row
    double ends = 0;    ///< operator calls for each group
    double state = 0;   ///< bytes for each group
};
AggregateCosts aggregate_costs(Host& host, const Query& query);
/// How often a probe by the values of IN is thought to be made: the planner looks at the tables that the values are
/// of, not at what joins leave of them (adjust_rowcount_for_semijoins).
double value_loops(Host& host, const Query& values, const std::vector<Leaf>& leaves);
/// What FROM and WHERE give; `leaves`: what was joined.
std::optional<RelationSize> size_of_from(Host& host, const Query& query, std::vector<Leaf>& leaves);
/// The level's rows before DISTINCT, ORDER BY and LIMIT.
std::optional<RelationSize> size_before_distinct(Host& host, const Query& query, std::vector<Leaf>& leaves);

}  // namespace cdcsim::pg
