// The ways to join two sides, and what they cost.
#include <algorithm>
#include <bit>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/join_search.h"
#include "sim/postgres/planner/sort_planner.h"

namespace cdcsim::pg {

JoinPlanner::JoinClauses JoinPlanner::clauses_between(Mask outer, Mask inner, const OuterJoin* outer_join) {
    JoinClauses clauses;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
        const Class& known = classes_[i];
        if (known.has_constant) continue;
        const Side *left = nullptr, *right = nullptr;
        for (const Side& member : known.members) {
            if (left == nullptr && (member.mask & ~outer) == 0) left = &member;
            if (right == nullptr && (member.mask & ~inner) == 0) right = &member;
        }
        const int number = static_cast<int>(i);
        if (left != nullptr && right != nullptr) clauses.equalities.push_back({*left, *right, number, number});
    }
    auto add = [&](const Filter& filter) {
        if (filter.equality) {
            const auto& [a, b] = *filter.equality;
            bool forward = (a.mask & ~outer) == 0 && (b.mask & ~inner) == 0;
            bool backward = (b.mask & ~outer) == 0 && (a.mask & ~inner) == 0;
            if (forward) return clauses.equalities.push_back({a, b, class_of(a), class_of(b)});
            if (backward) return clauses.equalities.push_back({b, a, class_of(b), class_of(a)});
        }
        clauses.filter_selectivity *= filter.selectivity;
        clauses.filter_cost += filter.cost;
        clauses.has_filters = clauses.has_filters || !filter.is_constant;
    };
    if (outer_join != nullptr) {
        for (const Filter& filter : outer_join->filters) add(filter);
    }
    for (const Filter& filter : filters_) {
        bool now = (filter.mask & ~(outer | inner)) == 0 && (filter.mask & ~outer) != 0 &&
                   (filter.mask & ~inner) != 0;
        if (now) add(filter);
    }
    for (const Filter& late : late_filters_) {
        if (!is_due(late, outer | inner) || is_due(late, outer) || is_due(late, inner)) continue;
        clauses.filter_cost += late.cost;
        clauses.has_late_filters = true;
    }
    for (JoinClauses::Equality& equality : clauses.equalities) {
        equality.cost = 1 + cost_of(host_, *equality.outer.expr) + cost_of(host_, *equality.inner.expr);
        clauses.equality_cost += equality.cost;
    }
    return clauses;
}

double JoinPlanner::distinct(const Side& side, bool& is_default) const {
    is_default = true;
    if (side.leaf < 0) return kDefaultDistinct;
    const Leaf& leaf = leaves_[static_cast<std::size_t>(side.leaf)];
    return side.attno != 0 ? leaf.distinct_values(side.attno, is_default) : leaf.distinct_results(side.expr->type, is_default);
}

double JoinPlanner::inner_selectivity(const JoinClauses& clauses) const {
    double result = clauses.filter_selectivity;
    for (const JoinClauses::Equality& equality : clauses.equalities) {
        bool ignored = false;
        result /= std::max(distinct(equality.outer, ignored), distinct(equality.inner, ignored));
    }
    return result;
}

/// The share of outer rows that have a match (eqjoinsel_semi).
double JoinPlanner::semi_selectivity(const JoinClauses& clauses, double inner_rows) const {
    double result = clauses.filter_selectivity;
    for (const JoinClauses::Equality& equality : clauses.equalities) {
        bool default_key = false, default_value = false;
        const double keys = distinct(equality.outer, default_key), all = distinct(equality.inner, default_value);
        double values = all;
        const Leaf* leaf = equality.inner.leaf >= 0 ? &leaves_[static_cast<std::size_t>(equality.inner.leaf)] : nullptr;
        const double rows = leaf != nullptr && leaf->in_values == 0 ? std::min(inner_rows, leaf->rows()) : inner_rows;
        if (values >= rows) {
            values = rows;
            default_value = false;
        }
        const double share = default_key || default_value ? 0.5 : keys > values ? values / keys : 1;
        result *= std::min(share, inner_rows / std::max(keys, all));
    }
    return result;
}

/// The same, as the planner knows it of a join: it is that of an inner join, but for anti-joins and the values of IN's subquery.
double JoinPlanner::match_share(const Pair& pair) const {
    if (pair.join == PathJoin::kAnti) return semi_selectivity(pair.clauses, pair.inner.rows);
    const double any = inner_selectivity(pair.clauses);
    const bool is_inner = in_values(pair.inner.mask) > 0;
    const double value_rows = in_values(is_inner ? pair.inner.mask : pair.outer.mask);
    if (value_rows == 0) return any;
    JoinClauses clauses = pair.clauses;
    if (!is_inner) {
        for (JoinClauses::Equality& equality : clauses.equalities) std::swap(equality.outer, equality.inner);
    }
    return semi_selectivity(clauses, value_rows);
}

double JoinPlanner::in_values(Mask mask) const {
    return std::has_single_bit(mask) ? leaves_[static_cast<std::size_t>(std::countr_zero(mask))].in_values : 0;
}

bool JoinPlanner::is_unique_for(const JoinRelation& inner, const JoinClauses& clauses) const {
    if (!std::has_single_bit(inner.mask)) return false;
    std::vector<int> attnos;
    for (const auto& equality : clauses.equalities) attnos.push_back(equality.inner.attno);
    const Leaf& leaf = leaves_[static_cast<std::size_t>(std::countr_zero(inner.mask))];
    for (int attno : leaf.equalities) attnos.push_back(attno);
    return leaf.is_unique(attnos);
}

void JoinPlanner::add_join_path(JoinRelation& joined, const Pair& pair, PlanNode::Kind kind, const Path& outer, const Path& inner,
                                Path path, PlanNode details) {
    auto node = std::make_shared<PlanNode>(std::move(details));
    node->kind = kind;
    node->join = pair.join;
    node->outer = outer.node;
    node->inner = inner.node;
    if (pair.outer_join != nullptr) node->on = pair.outer_join->on;
    path.node = std::move(node);
    path.keys.resize(useful_keys(joined.mask, path.keys));
    add_ordered_path(joined.paths, std::move(path), wish_.limit != 0);
}

void JoinPlanner::nested_loop(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner, double inner_rows,
                              bool is_probe, double filter_cost) {
    double outer_rows = pair.outer.rows;
    double run = inner.total - inner.startup;
    double again = inner.is_material ? inner.again : run;
    double again_start = inner.is_material ? 0 : inner.startup;
    Path path;
    path.keys = outer.keys;
    path.startup = outer.startup + inner.startup;
    double cost = outer.total - outer.startup;
    if (outer_rows > 1) cost += (outer_rows - 1) * again_start;
    double tuples = outer_rows * inner_rows;
    if (!pair.inner_unique) {
        cost += run;
        if (outer_rows > 1) cost += (outer_rows - 1) * again;
    } else {
        double matched = std::rint(outer_rows * pair.match_share), unmatched = outer_rows - matched;
        double share = 2 / (pair.match_count + 1);
        tuples = matched * inner_rows * share;
        if (is_probe) {
            cost += run * share;
            if (matched > 1) cost += (matched - 1) * again * share;
            cost += unmatched * again / inner_rows;
        } else {
            tuples += unmatched * inner_rows;
            cost += run;
            (unmatched > 0 ? unmatched : matched) -= 1;
            if (matched > 0) cost += matched * again * share;
            if (unmatched > 0) cost += unmatched * again;
        }
    }
    cost += (kCpuTuple + kCpuOperator * filter_cost) * tuples;
    path.total = path.startup + cost;
    add_join_path(joined, pair, PlanNode::Kind::kNestedLoop, outer, inner, std::move(path), {});
}

/// The inner side by an index, for each row of the outer side; with the rows found each time.
std::optional<std::pair<JoinPlanner::Path, double>> JoinPlanner::probe(const Pair& pair) const {
    if (!std::has_single_bit(pair.inner.mask)) return {};
    const Leaf& inner = leaf(pair.inner.mask);
    std::vector<int> attnos;
    double loops = 1e300, rows = 1;
    for (const auto& equality : pair.clauses.equalities) {
        if (equality.inner.attno == 0) continue;
        attnos.push_back(equality.inner.attno);
        for (std::size_t i = 0; i < leaves_.size(); ++i) {
            if ((equality.outer.mask >> i & 1) != 0) loops = std::min(loops, leaves_[i].loops());
        }
    }
    std::optional<ScanPath> scan = inner.probe(attnos, loops, rows);
    if (!scan) return {};
    Path path{.startup = scan->startup, .total = scan->total, .node = {}, .keys = {}};
    auto node = std::make_shared<PlanNode>();
    node->rt_index = inner.rt_index;
    node->scan = std::move(*scan);
    path.node = std::move(node);
    return std::pair(std::move(path), rows);
}

void JoinPlanner::add_nested_loops(JoinRelation& joined, const Pair& pair, const Path& outer) {
    const double all_cost = pair.clauses.filter_cost + pair.clauses.equality_cost;
    const Path& cheapest = pair.inner.cheapest();
    nested_loop(joined, pair, outer, cheapest, pair.inner.rows, false, all_cost);
    if (auto found = probe(pair)) nested_loop(joined, pair, outer, found->first, found->second, true, pair.clauses.filter_cost);
    if (cheapest.is_material || pair.is_lateral) return;
    Path material = cheapest;
    material.total += 2 * kCpuOperator * pair.inner.rows;
    material.is_material = true;
    material.again = kCpuOperator * pair.inner.rows;
    nested_loop(joined, pair, outer, material, pair.inner.rows, false, all_cost);
}

/// The keys to sort the outer side by: those of ORDER BY if it has no others, then what more joins may use
/// (select_outer_pathkeys_for_merge).
PathKeys JoinPlanner::merge_keys(const Pair& pair) const {
    struct Item {
        int number = 0, partners = 0;
        bool taken = false;
    };
    std::vector<Item> items;
    const Mask both = pair.outer.mask | pair.inner.mask;
    for (const auto& equality : pair.clauses.equalities) {
        if (std::ranges::find(items, equality.outer_class, &Item::number) != items.end()) continue;
        const Class& known = classes_[static_cast<std::size_t>(equality.outer_class)];
        items.push_back({equality.outer_class, static_cast<int>(std::ranges::count_if(known.members, [&](const Side& member) {
                             return (member.mask & both) == 0;
                         }))});
    }
    PathKeys keys;
    const bool serves_order = std::ranges::all_of(wanted_, [&](const PathKey& key) { return std::ranges::find(items, key.item, &Item::number) != items.end(); });
    if (serves_order) keys = wanted_;
    for (Item& item : items) item.taken = std::ranges::find(keys, item.number, &PathKey::item) != keys.end();
    for (std::size_t left = items.size() - keys.size(); left > 0; --left) {
        Item* best = nullptr;
        for (Item& item : items) {
            if (!item.taken && (best == nullptr || item.partners > best->partners)) best = &item;
        }
        best->taken = true;
        keys.push_back({best->number});
    }
    return keys;
}

/// The equalities that sides sorted by these keys can be merged by (find_mergeclauses_for_outer_pathkeys).
JoinPlanner::Equalities JoinPlanner::merged_by(const Pair& pair, std::span<const PathKey> keys) {
    Equalities result;
    for (const PathKey& key : keys) {
        const std::size_t before = result.size();
        for (const auto& equality : pair.clauses.equalities) {
            if (equality.outer_class == key.item) result.push_back(&equality);
        }
        if (result.size() == before) break;
    }
    return result;
}

/// How the inner side has to be sorted (make_inner_pathkeys_for_merge).
PathKeys JoinPlanner::inner_keys(const Equalities& equalities, std::span<const PathKey> outer) {
    PathKeys keys;
    for (const JoinClauses::Equality* equality : equalities) {
        auto key = std::ranges::find(outer, equality->outer_class, &PathKey::item);
        add_key(keys, {equality->inner_class, key->descending, key->nulls_first});
    }
    return keys;
}

/// Both sides sorted for it (sort_inner_and_outer).
void JoinPlanner::add_sorting_merges(JoinRelation& joined, const Pair& pair) {
    const PathKeys all = merge_keys(pair);
    for (std::size_t first = 0; first < all.size(); ++first) {
        PathKeys keys = all;
        std::rotate(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(first), keys.begin() + static_cast<std::ptrdiff_t>(first) + 1);
        const Equalities equalities = merged_by(pair, keys);
        merge_join(joined, pair, pair.outer.cheapest(), pair.inner.cheapest(), equalities, keys, inner_keys(equalities, keys));
    }
}

/// The outer side has an order that serves (generate_mergejoin_paths).
void JoinPlanner::add_sorted_merges(JoinRelation& joined, const Pair& pair, const Path& outer) {
    Equalities equalities = merged_by(pair, outer.keys);
    const bool needs_all = keeps_inner(pair.join);
    // FULL JOIN ON TRUE, ON FALSE: each row is merged with each, or none.
    if (equalities.empty() && pair.join != PathJoin::kFull) return;
    if (needs_all && equalities.size() != pair.clauses.equalities.size()) return;
    PathKeys keys = inner_keys(equalities, outer.keys);
    merge_join(joined, pair, outer, pair.inner.cheapest(), equalities, {}, keys);
    const Path* cheapest = is_sorted_by(pair.inner.cheapest().keys, keys) ? &pair.inner.cheapest() : nullptr;
    const Path* earliest = cheapest;
    for (; !keys.empty(); keys.pop_back()) {
        const Path *total = nullptr, *start = nullptr;
        for (const Path& path : pair.inner.paths) {
            if (!is_sorted_by(path.keys, keys)) continue;
            if (total == nullptr || path.total < total->total) total = &path;
            if (start == nullptr || std::pair(path.startup, path.total) < std::pair(start->startup, start->total)) start = &path;
        }
        if (total != nullptr) {
            Equalities trimmed;
            for (const JoinClauses::Equality* equality : equalities) {
                if (std::ranges::find(keys, equality->inner_class, &PathKey::item) == keys.end()) break;
                trimmed.push_back(equality);
            }
            const Path* known = cheapest;
            if (known == nullptr || total->total < known->total) {
                merge_join(joined, pair, outer, *total, trimmed, {}, {});
                cheapest = total;
            }
            if (earliest == nullptr || start->startup < earliest->startup) {
                if (start != cheapest) merge_join(joined, pair, outer, *start, trimmed, {}, {});
                earliest = start;
            }
        }
        if (needs_all) break;
    }
}

/// `outer_sort`, `inner_sort`: how a side is sorted for it; empty: it comes so.
void JoinPlanner::merge_join(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner, const Equalities& equalities,
                             const PathKeys& outer_sort, const PathKeys& inner_sort) {
    const bool sorts_outer = !is_sorted_by(outer.keys, outer_sort), sorts_inner = !is_sorted_by(inner.keys, inner_sort);
    const double outer_rows = pair.outer.rows, inner_rows = pair.inner.rows;
    double merge_cost = 0;
    JoinClauses merged;
    for (const JoinClauses::Equality* equality : equalities) {
        merge_cost += equality->cost;
        merged.equalities.push_back(*equality);
    }
    const double tuples = clamp_rows(inner_selectivity(merged) * outer_rows * inner_rows);
    const bool is_all = equalities.size() == pair.clauses.equalities.size() && !pair.clauses.has_filters && !pair.clauses.has_late_filters;
    const bool skips_mark = pair.inner_unique && is_all;
    const PathCost outer_cost = sorts_outer ? sort_cost(outer.total, outer_rows, 0) : PathCost{outer.startup, outer.total};
    const PathCost inner_cost = sorts_inner ? sort_cost(inner.total, inner_rows, 0) : PathCost{inner.startup, inner.total};
    const double ratio = 1 + (skips_mark ? 0 : std::max(0.0, tuples - inner_rows)) / inner_rows;
    const double inner_run = inner_cost.total - inner_cost.startup;
    const double bare = inner_run * ratio, kept = inner_run + kCpuOperator * inner_rows * ratio;
    const bool keeps = !skips_mark && (kept < bare || (!sorts_inner && !inner.can_mark()));
    Path path;
    path.startup = outer_cost.startup + inner_cost.startup;
    double cost = outer_cost.total - outer_cost.startup;
    cost += keeps ? kept : bare;
    cost += kCpuOperator * merge_cost * (outer_rows + inner_rows * ratio);
    const double others = pair.clauses.filter_cost + pair.clauses.equality_cost - merge_cost;
    cost += (kCpuTuple + kCpuOperator * others) * tuples;
    path.total = path.startup + cost;
    if (!keeps_inner(pair.join)) path.keys = sorts_outer ? outer_sort : outer.keys;
    PlanNode node;
    node.sorts_outer = sorts_outer;
    node.sorts_inner = sorts_inner;
    const PathKeys& order = sorts_outer ? outer_sort : outer.keys;
    for (const JoinClauses::Equality* equality : equalities) {
        auto key = std::ranges::find(order, equality->outer_class, &PathKey::item);
        node.merge_keys.push_back({equality->outer.expr, key->descending, key->nulls_first});
        node.inner_keys.push_back({equality->inner.expr, key->descending, key->nulls_first});
    }
    add_join_path(joined, pair, PlanNode::Kind::kMergeJoin, outer, inner, std::move(path), std::move(node));
}

/// estimate_hash_bucket_stats.
double JoinPlanner::bucket_size(const Side& side, double buckets) const {
    bool is_default = false;
    double values = distinct(side, is_default);
    if (side.leaf >= 0 && leaves_[static_cast<std::size_t>(side.leaf)].in_values > 0) return 1 / buckets;
    if (is_default) return 0.1;
    const Leaf& leaf = leaves_[static_cast<std::size_t>(side.leaf)];
    if (leaf.tuples() > 0) values = clamp_rows(values * leaf.rows() / leaf.tuples());
    return std::clamp(1 / std::min(values, buckets), 1e-6, 1.0);
}

void JoinPlanner::hash_join(JoinRelation& joined, const Pair& pair, const Path& outer, const Path& inner) {
    const auto count = static_cast<double>(pair.clauses.equalities.size());
    double outer_rows = pair.outer.rows, inner_rows = pair.inner.rows;
    double buckets = static_cast<double>(
        std::bit_ceil(static_cast<std::uint64_t>(std::max(1024.0, std::ceil(inner_rows)))));
    double bucket = 1;
    for (const auto& equality : pair.clauses.equalities) {
        bucket = std::min(bucket, bucket_size(equality.inner, buckets));
    }
    Path path;
    path.startup = outer.startup + inner.total + (kCpuOperator * count + kCpuTuple) * inner_rows;
    double cost = outer.total - outer.startup + kCpuOperator * count * outer_rows;
    double compare = kCpuOperator * pair.clauses.equality_cost, tuples = 0;
    if (pair.inner_unique) {
        double matched = std::rint(outer_rows * pair.match_share);
        double share = 2 / (pair.match_count + 1);
        cost += compare * matched * clamp_rows(inner_rows * bucket * share) * 0.5;
        cost += compare * (outer_rows - matched) * clamp_rows(inner_rows / buckets) * 0.05;
        tuples = pair.join == PathJoin::kAnti ? outer_rows - matched : matched;
    } else {
        cost += compare * outer_rows * clamp_rows(inner_rows * bucket) * 0.5;
        JoinClauses hashed = pair.clauses;
        hashed.filter_selectivity = 1;
        tuples = clamp_rows(inner_selectivity(hashed) * outer_rows * inner_rows);
    }
    cost += (kCpuTuple + kCpuOperator * pair.clauses.filter_cost) * tuples;
    path.total = path.startup + cost;
    PlanNode node;
    node.buckets = static_cast<std::uint32_t>(buckets);
    for (const auto& equality : pair.clauses.equalities) node.hash_keys.push_back(equality.inner.expr);
    add_join_path(joined, pair, PlanNode::Kind::kHashJoin, outer, inner, std::move(path), std::move(node));
}

/// hash_inner_and_outer.
void JoinPlanner::add_hash_joins(JoinRelation& joined, const Pair& pair) {
    if (pair.clauses.equalities.empty()) return;
    const Path &cheapest = pair.outer.cheapest(), &earliest = pair.outer.earliest();
    hash_join(joined, pair, earliest, pair.inner.cheapest());
    if (&cheapest != &earliest) hash_join(joined, pair, cheapest, pair.inner.cheapest());
}

void JoinPlanner::add_paths(JoinRelation& joined, const JoinRelation& outer, const JoinRelation& inner,
                            PathJoin join, const OuterJoin* outer_join) {
    if ((lateral_of(outer.mask) & inner.mask) != 0) return;
    Pair pair{outer, inner, join, outer_join, clauses_between(outer.mask, inner.mask, outer_join)};
    pair.inner_unique = join == PathJoin::kAnti || is_unique_for(inner, pair.clauses);
    pair.is_lateral = (lateral_of(inner.mask) & outer.mask) != 0;
    if (pair.inner_unique) {
        pair.match_share = match_share(pair);
        double any = inner_selectivity(pair.clauses);
        if (pair.match_share > 0) {
            pair.match_count = std::max(1.0, any * inner.rows / pair.match_share);
        }
    }
    const bool can_merge = !pair.is_lateral && (!keeps_inner(join) || !pair.clauses.has_filters);
    if (can_merge) add_sorting_merges(joined, pair);
    for (const Path& path : pair.outer.paths) {
        if (!keeps_inner(join)) add_nested_loops(joined, pair, path);
        if (can_merge) add_sorted_merges(joined, pair, path);
    }
    if (!pair.is_lateral) add_hash_joins(joined, pair);
}

}  // namespace cdcsim::pg
