#include "sim/postgres/planner/join_planner.h"

#include <algorithm>
#include <bit>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/join_search.h"
#include "sim/postgres/planner/nullability.h"
#include "sim/postgres/planner/sort_planner.h"
#include "sim/postgres/storage/heap.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kMaxItems = 8;

}  // namespace

const JoinPlanner::Path& JoinPlanner::JoinRelation::cheapest() const { return paths.front(); }

const JoinPlanner::Path& JoinPlanner::JoinRelation::earliest() const {
    return *std::ranges::min_element(paths, {}, [](const Path& path) { return std::pair(path.startup, path.total); });
}

bool JoinPlanner::add_item(int rt_index) {
    const RangeTableEntry& rte = query_.range_table[static_cast<std::size_t>(rt_index - 1)];
    std::optional<Leaf> leaf = make_leaf(host_, rte, rt_index);
    if (!leaf) return false;
    leaves_.push_back(std::move(*leaf));
    return leaves_.size() <= kMaxItems;
}

bool JoinPlanner::add_leaves(const FromNode& node) {
    return node.is_leaf() ? add_item(node.rt_index) : add_leaves(*node.left) && add_leaves(*node.right);
}

JoinPlanner::Mask JoinPlanner::mask_of(const FromNode& node) const {
    if (!node.is_leaf()) return mask_of(*node.left) | mask_of(*node.right);
    const auto leaf = std::ranges::find(leaves_, node.rt_index, &Leaf::rt_index);
    return Mask{1} << (leaf - leaves_.begin());
}

JoinPlanner::Mask JoinPlanner::mask_of(const ExprPtr& expr) const {
    Mask mask = 0;
    for (int rt_index : relations_of(expr)) {
        for (std::size_t i = 0; i < leaves_.size(); ++i) {
            if (leaves_[i].rt_index == rt_index) mask |= Mask{1} << i;
        }
    }
    return mask;
}

JoinPlanner::Side JoinPlanner::side_of(const ExprPtr& expr) const {
    Side side{mask_of(expr), -1, 0, expr};
    if (std::has_single_bit(side.mask)) side.leaf = std::countr_zero(side.mask);
    ExprPtr bare = without_relabel(expr);
    if (bare->kind == ExprKind::kVar && side.leaf >= 0) side.attno = as<VarExpr>(*bare).attno;
    return side;
}

bool JoinPlanner::same_side(const Side& a, const Side& b) {
    if (a.leaf != b.leaf) return false;
    if (a.attno != 0 || b.attno != 0) return a.attno == b.attno;
    return equal_expressions(*a.expr, *b.expr);
}

int JoinPlanner::find_class(const Side& side) const {
    auto it = std::ranges::find_if(classes_, [&](const Class& known) {
        return std::ranges::any_of(known.members, [&](const Side& member) { return same_side(member, side); });
    });
    return it == classes_.end() ? -1 : static_cast<int>(it - classes_.begin());
}

int JoinPlanner::class_of(const Side& side) {
    const int known = find_class(side);
    if (known >= 0) return known;
    classes_.push_back({.members = {side}});
    return static_cast<int>(classes_.size()) - 1;
}

void JoinPlanner::add_equality(const Side& a, const Side& b) {
    const int first = find_class(a), second = find_class(b);
    auto members = [&](int number) -> std::vector<Side>& { return classes_[static_cast<std::size_t>(number)].members; };
    if (first < 0 && second < 0) {
        classes_.push_back({.members = {a, b}});
    } else if (first < 0) {
        members(second).push_back(a);
    } else if (second < 0) {
        members(first).push_back(b);
    } else if (first != second) {
        Class merged = std::move(classes_[static_cast<std::size_t>(second)]);
        Class& kept = classes_[static_cast<std::size_t>(first)];
        kept.members.insert(kept.members.end(), merged.members.begin(), merged.members.end());
        kept.has_constant = kept.has_constant || merged.has_constant;
        classes_.erase(classes_.begin() + second);
    }
}

/// The sides of `a = b`, if the operator is a btree's equality.
std::optional<std::pair<ExprPtr, ExprPtr>> equality_of(const ExprPtr& expr) {
    if (expr->kind != ExprKind::kFunc) return {};
    const auto& func = as<FuncExpr>(*expr);
    if (func.form != FuncForm::kOperator || func.args.size() != 2) return {};
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr || row->strategy != kEqualStrategy) return {};
    return std::pair{func.args[0], func.args[1]};
}

void JoinPlanner::add_constant(const Side& side) { classes_[static_cast<std::size_t>(class_of(side))].has_constant = true; }

std::optional<JoinPlanner::Filter> JoinPlanner::filter_of(const ExprPtr& expr) const {
    Filter filter;
    filter.mask = mask_of(expr);
    filter.cost = cost_of(host_, *expr);
    if (filter.mask == 0) return {};
    filter.selectivity = kInequality;
    if (auto sides = equality_of(expr)) {
        Side a = side_of(sides->first), b = side_of(sides->second);
        if (a.mask != 0 && b.mask != 0 && (a.mask & b.mask) == 0) filter.equality.emplace(a, b);
        filter.selectivity = kRange;
    }
    return filter;
}

/// A condition of WHERE or of an inner join's ON.
void JoinPlanner::add_conjunct(const ExprPtr& expr) {
    side_conditions_.push_back(expr);
    if (contains_sublink(expr)) return;
    if (auto sides = equality_of(expr); sides && !contains_volatile(expr)) {
        Side a = side_of(sides->first), b = side_of(sides->second);
        if (a.leaf >= 0 && b.leaf >= 0 && a.leaf != b.leaf) return add_equality(a, b);
        if (a.leaf >= 0 && a.attno > 0 && b.mask == 0) add_constant(a);
        if (b.leaf >= 0 && b.attno > 0 && a.mask == 0) add_constant(b);
    }
    std::optional<Filter> filter = filter_of(expr);
    if (!filter) return;
    if (std::has_single_bit(filter->mask)) {
        leaves_[static_cast<std::size_t>(std::countr_zero(filter->mask))].add_condition(expr);
    } else {
        filters_.push_back(std::move(*filter));
    }
}

/// Over what an outer join may miss, a condition comes after that join; that an anti-join's other side is missing need not be
/// asked (check_redundant_nullability_qual).
void JoinPlanner::add_qual(const ExprPtr& expr) {
    const Mask mask = mask_of(expr);
    const auto nulled = std::ranges::find_if(outer_joins_, [&](const OuterJoin& join) { return (join.nullable() & mask) != 0; });
    if (nulled == outer_joins_.end()) return add_conjunct(expr);
    late_conditions_.push_back(expr);
    const int forced_null = column_forced_null(expr).first;
    const bool is_known = forced_null != 0 && std::ranges::any_of(outer_joins_, [&](const OuterJoin& join) {
        return join.kind == OuterJoin::Kind::kAnti && (mask & ~join.right) == 0;
    });
    std::optional<Filter> filter = contains_sublink(expr) || is_known ? std::nullopt : filter_of(expr);
    if (!filter) return;
    const bool is_single = std::has_single_bit(filter->mask);
    if (is_single && leaf(filter->mask).table) filter->selectivity = leaf(filter->mask).table->selectivity(expr);
    late_filters_.push_back(std::move(*filter));
}

/// A column that equals one with a given value has that value too.
void JoinPlanner::propagate_constants() {
    for (const Class& known : classes_) {
        if (!known.has_constant) continue;
        for (const Side& member : known.members) {
            if (member.attno <= 0) continue;
            Leaf& leaf = leaves_[static_cast<std::size_t>(member.leaf)];
            if (!leaf.has_equality(member.attno)) leaf.add_equality(member.attno);
        }
    }
}

JoinPlan JoinPlanner::plan(std::span<const ExprPtr> conjuncts, RelationSize* size) {
    bool has_result = query_.command == CommandKind::kUpdate || query_.command == CommandKind::kDelete;
    auto is_result = [&](const FromNode& node) {
        return node.is_leaf() && node.rt_index == query_.result_relation;
    };
    if (has_result && std::ranges::none_of(query_.from, is_result)) {
        if (!add_item(query_.result_relation)) return {};
    }
    for (const FromNode& node : query_.from) {
        if (!add_leaves(node)) return {};
    }
    const std::vector<ExprPtr> above(conjuncts.begin(), conjuncts.end());
    for (const FromNode& node : query_.from) add_joins(node, {above, above});
    for (const ExprPtr& conjunct : conjuncts) add_qual(conjunct);
    propagate_constants();
    for (const OuterJoin& join : outer_joins_) note_classes(join.filters);
    note_classes(filters_);
    note_wanted_keys();
    if (!search()) return {};
    const JoinRelation& all = relations_.at(levels_.back().front());
    JoinPlan plan = choose(all);
    plan.conditions = std::move(side_conditions_);
    plan.late_conditions = std::move(late_conditions_);
    if (size != nullptr) {
        const bool is_unsorted = wish_.keys.empty();
        const Path& best = all.cheapest();
        *size = {all.rows, is_unsorted ? plan.cost.startup : best.startup, is_unsorted ? plan.cost.total : best.total, {}};
    }
    return plan;
}

/// Both sides of an equality are something to sort by.
void JoinPlanner::note_classes(const std::vector<Filter>& filters) {
    for (const Filter& filter : filters) {
        if (!filter.equality) continue;
        class_of(filter.equality->first);
        class_of(filter.equality->second);
    }
}

/// What has one value only, or the value of a key before it, does not sort.
void JoinPlanner::note_wanted_keys() {
    for (std::size_t i = 0; i < wish_.keys.size(); ++i) {
        const OrderKey& key = wish_.keys[i];
        const int item = class_of(side_of(key.expr));
        if (classes_[static_cast<std::size_t>(item)].has_constant || std::ranges::find(wanted_, item, &PathKey::item) != wanted_.end()) continue;
        wanted_.push_back({item, key.descending, key.nulls_first});
        wanted_places_.push_back(i);
    }
}

/// The order of an index's entries, as far as something is known to be asked of its columns (build_index_pathkeys).
PathKeys JoinPlanner::index_keys(std::size_t leaf, const Index& index, bool backward) const {
    PathKeys keys;
    for (const IndexKey& key : index.keys) {
        if (key.attno <= 0) break;
        const int item = find_class({Mask{1} << leaf, static_cast<int>(leaf), key.attno, nullptr});
        if (item < 0) break;
        if (classes_[static_cast<std::size_t>(item)].has_constant) continue;
        add_key(keys, {item, key.descending != backward, key.nulls_first != backward});
    }
    return keys;
}

/// The order of a subquery.
PathKeys JoinPlanner::own_keys(std::size_t leaf) const {
    PathKeys keys;
    for (const Leaf::SortedColumn& column : leaves_[leaf].order) {
        const int item = find_class({Mask{1} << leaf, static_cast<int>(leaf), column.attno, nullptr});
        if (item < 0) break;
        if (!classes_[static_cast<std::size_t>(item)].has_constant) add_key(keys, {item, column.descending, column.nulls_first});
    }
    keys.resize(useful_keys(Mask{1} << leaf, keys));
    return keys;
}

/// A merge join sorts ascending, unless ORDER BY wants it the other way (right_merge_direction).
bool JoinPlanner::is_useful_for_merging(Mask own, const PathKey& key) const {
    auto wanted = std::ranges::find(wanted_, key.item, &PathKey::item);
    if (key.descending != (wanted != wanted_.end() && wanted->descending)) return false;
    const Class& known = classes_[static_cast<std::size_t>(key.item)];
    if (std::ranges::any_of(known.members, [&](const Side& member) { return (member.mask & own) == 0; })) return true;
    return std::ranges::any_of(outer_joins_, [&](const OuterJoin& join) {
        return std::ranges::any_of(join.filters, [&](const Filter& filter) {
            return filter.equality && (filter.mask & ~own) != 0 && (find_class(filter.equality->first) == key.item || find_class(filter.equality->second) == key.item);
        });
    });
}

/// truncate_useless_pathkeys.
std::size_t JoinPlanner::useful_keys(Mask own, const PathKeys& keys) const {
    std::size_t merging = 0;
    while (merging < keys.size() && is_useful_for_merging(own, keys[merging])) ++merging;
    return std::max(merging, common_keys(wanted_, keys));
}

JoinPlanner::JoinRelation JoinPlanner::leaf_relation(std::size_t number) const {
    const Leaf& leaf = leaves_[number];
    JoinRelation relation{Mask{1} << number, leaf.rows(), {}};
    auto add = [&](ScanPath scan, PathKeys keys) {
        Path path{.startup = scan.startup, .total = scan.total, .node = {}, .keys = std::move(keys), .is_material = leaf.is_material, .again = leaf.again};
        auto node = std::make_shared<PlanNode>();
        node->rt_index = leaf.rt_index;
        node->scan = std::move(scan);
        path.node = std::move(node);
        add_ordered_path(relation.paths, std::move(path), wish_.limit != 0);
    };
    if (!leaf.table) {
        for (ScanPath& scan : leaf.paths()) add(std::move(scan), own_keys(number));
        return relation;
    }
    add(leaf.table->sequential(), {});
    for (const Index& index : leaf.table->indexes()) {
        for (const bool backward : {false, true}) {
            PathKeys keys = index_keys(number, index, backward);
            keys.resize(useful_keys(relation.mask, keys));
            if (backward && keys.empty()) continue;
            if (std::optional<ScanPath> scan = leaf.table->index_scan(index, !keys.empty(), backward)) add(std::move(*scan), std::move(keys));
        }
    }
    if (std::optional<ScanPath> scan = leaf.table->bitmap()) add(std::move(*scan), {});
    if (std::optional<ScanPath> scan = leaf.table->tid_scan()) add(std::move(*scan), {});
    return relation;
}

/// The best of the paths once what is left is sorted, and LIMIT lets only a part be read.
JoinPlan JoinPlanner::choose(const JoinRelation& all) const {
    struct Candidate {
        double startup = 0, total = 0;
        PathKeys keys;
        const Path* path = nullptr;
        std::size_t presorted = 0;
        PathCost cost;
    };
    const double limit = wish_.limit < 0 ? clamp_rows(all.rows * 0.1) : wish_.limit;
    const double sort_limit = wish_.bounded ? std::max(0.0, wish_.limit) : 0;
    std::vector<Candidate> candidates;
    auto add = [&](const Path& path, std::size_t presorted, PathCost cost, PathKeys keys) {
        add_ordered_path(candidates, Candidate{cost.startup, cost_of_first(cost, all.rows, limit), std::move(keys), &path, presorted, cost}, wish_.limit != 0);
    };
    for (const Path& path : all.paths) {
        const std::size_t presorted = common_keys(wanted_, path.keys);
        const PathCost cost{path.startup, path.total};
        if (presorted == wanted_.size()) {
            add(path, wish_.keys.size(), cost, path.keys);
            continue;
        }
        if (&path == &all.cheapest()) add(path, 0, sort_cost(path.total, all.rows, sort_limit), wanted_);
        if (presorted == 0 || !wish_.incremental) continue;
        std::vector<ExprPtr> keys;
        for (std::size_t i = 0; i < presorted; ++i) keys.push_back(wish_.keys[wanted_places_[i]].expr);
        const double groups = group_count(host_, keys, {.rows = all.rows, .startup = 0, .total = 0, .unique_columns = {}}, leaves_);
        add(path, wanted_places_[presorted], incremental_sort_cost(cost, all.rows, groups, sort_limit), wanted_);
    }
    const Candidate& best = candidates.front();
    return {best.path->node, best.presorted, best.cost, {}, {}};
}

JoinPlan plan_joins(Host& host, const Query& query, std::span<const ExprPtr> conjuncts, const JoinWish& wish,
                    RelationSize* size, std::vector<Leaf>* leaves) {
    JoinPlanner planner(host, query, wish);
    JoinPlan plan = planner.plan(conjuncts, size);
    if (leaves != nullptr) *leaves = planner.take_leaves();
    return plan;
}

}  // namespace cdcsim::pg
