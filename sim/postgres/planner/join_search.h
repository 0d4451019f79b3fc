// The search for the best way to join the items of FROM. Mirrors initsplan.c (join_planner.cc, outer_joins.cc), joinrels.c (join_order.cc), and
// joinpath.c with its part of costsize.c (join_paths.cc). Not for other folders.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "sim/postgres/planner/join_planner.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/planner/path_keys.h"

namespace cdcsim::pg {

class JoinPlanner {
  public:
    JoinPlanner(Host& host, const Query& query, const JoinWish& wish) : host_(host), query_(query), wish_(wish) {}

    /// `size`: of the rows as they are joined, before the sort that is left. A plan without node: not known.
    JoinPlan plan(std::span<const ExprPtr> conjuncts, RelationSize* size);
    std::vector<Leaf> take_leaves() { return std::move(leaves_); }

  private:
    using Mask = std::uint32_t;

    struct Path {
        double startup = 0, total = 0;
        PlanPtr node;
        PathKeys keys;
        bool is_material = false;  ///< keeps its rows
        double again = 0;          ///< is_material: what giving them again costs
        bool can_mark() const { return node->kind == PlanNode::Kind::kScan && node->scan.kind == ScanKind::kIndex; }
    };

    /// A side of a condition: a column, or an expression over one item.
    struct Side {
        Mask mask = 0;
        int leaf = -1, attno = 0;  ///< attno 0: an expression
        ExprPtr expr;
    };

    /// What is known to be equal (EquivalenceClass), or what is sorted by.
    struct Class {
        std::vector<Side> members;
        bool has_constant = false;
    };

    /// A condition over several items that is no class.
    struct Filter {
        Mask mask = 0;
        double selectivity = 1, cost = 1;
        std::optional<std::pair<Side, Side>> equality;
        bool is_constant = false;  ///< FALSE or NULL
    };

    /// A join that is not inner (SpecialJoinInfo). LEFT JOIN: `right` may be missing. FULL JOIN: both may.
    struct OuterJoin {
        enum class Kind : std::uint8_t { kLeft, kFull, kAnti };
        Kind kind = Kind::kLeft;
        Mask left = 0, right = 0;          ///< as it is written
        Mask min_left = 0, min_right = 0;  ///< what must have been joined before
        bool is_left_strict = false;       ///< a row of NULLs on the left matches nothing
        bool is_full() const { return kind == Kind::kFull; }
        Mask nullable() const { return is_full() ? left | right : right; }
        std::vector<Filter> filters;  ///< of ON
        std::vector<ExprPtr> on;
    };

    /// Conditions that remove rows of a join: what is not NULL, and what is, follows from them.
    struct Above {
        std::vector<ExprPtr> not_null, forced_null;
    };

    /// The items below a join that are joined without outer joins between them, and all of them.
    struct Scope {
        Mask all = 0, inner = 0;
    };

    struct JoinRelation {
        Mask mask = 0;
        double rows = 1;
        std::vector<Path> paths;   ///< sorted by their totals
        const Path& cheapest() const;
        const Path& earliest() const;
    };

    /// The conditions that a join of two sides applies.
    struct JoinClauses {
        struct Equality {
            Side outer, inner;
            int outer_class = 0, inner_class = 0;
            double cost = 0;
        };
        std::vector<Equality> equalities;
        double equality_cost = 0;  ///< operator calls
        double filter_selectivity = 1, filter_cost = 0;
        bool has_filters = false;  ///< constants not counted
        bool has_late_filters = false;  ///< of WHERE, above an outer join
    };

    /// Whether a row of the inner side that nothing matches stays.
    static bool keeps_inner(PathJoin join) { return join == PathJoin::kRight || join == PathJoin::kFull; }

    /// Two sides about to be joined.
    struct Pair {
        const JoinRelation& outer;
        const JoinRelation& inner;
        PathJoin join;
        const OuterJoin* outer_join;
        JoinClauses clauses;
        bool inner_unique = false;  ///< one match is enough
        bool is_lateral = false;    ///< the inner side is computed for each row of the outer one
        double match_share = 1;   ///< of the outer rows that find a match
        double match_count = 1;   ///< matches of those that do
    };
    using Equalities = std::vector<const JoinClauses::Equality*>;

    // join_planner.cc
    bool add_item(int rt_index);
    bool add_leaves(const FromNode& node);
    Mask mask_of(const FromNode& node) const;
    void add_qual(const ExprPtr& expr);
    void add_conjunct(const ExprPtr& expr);
    Side side_of(const ExprPtr& expr) const;
    Mask mask_of(const ExprPtr& expr) const;
    static bool same_side(const Side& a, const Side& b);
    void add_equality(const Side& a, const Side& b);
    void add_constant(const Side& side);
    int find_class(const Side& side) const;
    int class_of(const Side& side);
    std::optional<Filter> filter_of(const ExprPtr& expr) const;
    void propagate_constants();
    void note_classes(const std::vector<Filter>& filters);
    void note_wanted_keys();
    JoinRelation leaf_relation(std::size_t number) const;
    PathKeys index_keys(std::size_t leaf, const Index& index, bool backward) const;
    PathKeys own_keys(std::size_t leaf) const;
    std::size_t useful_keys(Mask own, const PathKeys& keys) const;
    bool is_useful_for_merging(Mask own, const PathKey& key) const;
    JoinPlan choose(const JoinRelation& all) const;
    const Leaf& leaf(Mask mask) const { return leaves_[static_cast<std::size_t>(std::countr_zero(mask))]; }

    // outer_joins.cc
    Scope add_joins(const FromNode& node, const Above& above);
    JoinType reduced(const FromNode& node, const std::vector<ExprPtr>& above) const;
    void add_outer_join(OuterJoin join, Mask inner, std::vector<ExprPtr> on);
    void note_order(OuterJoin& join, Mask inner, Mask referred, Mask strict) const;
    bool is_anti(const FromNode& side, const std::vector<ExprPtr>& on, const std::vector<ExprPtr>& forced_null) const;
    Mask mask_of(const std::set<int>& relations) const;

    // join_order.cc
    bool search();
    void search_level(std::size_t level);
    void join_with_each(Mask mask, std::span<const Mask> others, bool is_linked_only);
    bool has_joins(Mask mask) const;
    bool is_related(Mask a, Mask b) const;
    bool must_be_joined(Mask a, Mask b) const;
    bool can_be_joined_elsewhere(Mask mask) const;
    struct Legality {
        bool is_legal = false, is_reversed = false;
        const OuterJoin* outer_join = nullptr;  ///< nullptr: an inner join
    };
    Legality legality(Mask a, Mask b) const;
    bool is_lateral_legal(Mask a, Mask b, const Legality& known) const;
    Mask lateral_of(Mask mask) const;
    Mask direct_lateral_of(Mask mask) const;
    double joined_rows(const JoinRelation& left, const JoinRelation& right, const OuterJoin* outer_join);
    bool is_due(const Filter& late, Mask mask) const;
    void make_join(const JoinRelation& a, const JoinRelation& b);

    // join_paths.cc
    JoinClauses clauses_between(Mask outer, Mask inner, const OuterJoin* outer_join);
    double distinct(const Side& side, bool& is_default) const;
    double inner_selectivity(const JoinClauses& clauses) const;
    double match_share(const Pair& pair) const;
    double semi_selectivity(const JoinClauses& clauses, double inner_rows) const;
    double in_values(Mask mask) const;
    bool is_unique_for(const JoinRelation& inner, const JoinClauses& clauses) const;
    void add_paths(JoinRelation& joined, const JoinRelation& outer, const JoinRelation& inner, PathJoin join,
                   const OuterJoin* outer_join);
    void add_join_path(JoinRelation& joined, const Pair& pair, PlanNode::Kind kind, const Path& outer, const Path& inner, Path path,
                       PlanNode details);
    void add_nested_loops(JoinRelation& joined, const Pair& pair, const Path& outer);
    std::optional<std::pair<Path, double>> probe(const Pair& pair) const;
    void nested_loop(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner, double inner_rows,
                     bool is_probe, double filter_cost);
    void add_sorting_merges(JoinRelation& joined, const Pair& pair);
    void add_sorted_merges(JoinRelation& joined, const Pair& pair, const Path& outer);
    PathKeys merge_keys(const Pair& pair) const;
    static Equalities merged_by(const Pair& pair, std::span<const PathKey> keys);
    static PathKeys inner_keys(const Equalities& equalities, std::span<const PathKey> outer);
    void merge_join(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner, const Equalities& equalities,
                    const PathKeys& outer_sort, const PathKeys& inner_sort);
    void add_hash_joins(JoinRelation& joined, const Pair& pair);
    void hash_join(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner);
    double bucket_size(const Side& side, double buckets) const;

    std::map<Mask, JoinRelation> relations_;
    std::vector<std::vector<Mask>> levels_;

    Host& host_;
    const Query& query_;
    const JoinWish& wish_;
    PathKeys wanted_;               ///< wish_.keys without what has one value only
    std::vector<std::size_t> wanted_places_;  ///< of each key in wish_.keys
    std::vector<Leaf> leaves_;
    std::vector<Class> classes_;
    std::vector<Filter> filters_;
    std::vector<OuterJoin> outer_joins_;
    std::vector<Filter> late_filters_;
    std::vector<ExprPtr> side_conditions_, late_conditions_;
};

/// The sides of `a = b`, if the operator is a btree's equality.
std::optional<std::pair<ExprPtr, ExprPtr>> equality_of(const ExprPtr& expr);

}  // namespace cdcsim::pg
