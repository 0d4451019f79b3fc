#include "sim/postgres/planner/append_planner.h"

#include <algorithm>
#include <cmath>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/planner/sort_planner.h"

namespace cdcsim::pg {
namespace {

/// How a branch can be read: the cheapest way first, then those with some of the order.
struct Branch {
    int rt_index = 0;
    double rows = 1;
    std::vector<OrderKey> keys;   ///< of the order, over its table
    std::vector<OrderedScan> ways;
};

/// The type of a leaf's column was made that of the result: PostgreSQL does this above the leaf.
bool is_coerced(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kFunc: return as<FuncExpr>(expr).form == FuncForm::kImplicitCast;
        case ExprKind::kRelabel: return !as<RelabelExpr>(expr).is_explicit;
        case ExprKind::kCoerceViaIo: return !as<CoerceViaIoExpr>(expr).is_explicit;
        case ExprKind::kArrayCoerce: return !as<ArrayCoerceExpr>(expr).is_explicit;
        default: return false;
    }
}

/// is_simple_union_all. Adds the leaves in order.
bool add_leaves(const Query& query, const SetOpNode& node, std::vector<int>& leaves) {
    if (node.op == SetOp::kNone) {
        const Query& leaf = *query.range_table[static_cast<std::size_t>(node.rt_index - 1)].subquery;
        leaves.push_back(node.rt_index);
        return std::ranges::none_of(leaf.targets, [](const TargetEntry& target) { return !target.junk && is_coerced(*target.expr); });
    }
    return node.op == SetOp::kUnion && node.all && add_leaves(query, *node.left, leaves) && add_leaves(query, *node.right, leaves);
}

/// The keys over what the branch itself has; shorter if it has no expression for one.
std::vector<OrderKey> translated(const Query& branch, std::span<const OrderKey> keys) {
    std::vector<OrderKey> own;
    for (const OrderKey& key : keys) {
        if (key.expr->kind != ExprKind::kVar) break;
        int attno = 0;
        const auto target = std::ranges::find_if(branch.targets, [&](const TargetEntry& t) { return !t.junk && ++attno == as<VarExpr>(*key.expr).attno; });
        if (target == branch.targets.end()) break;
        own.push_back({target->expr, key.descending, key.nulls_first});
    }
    return own;
}

/// is_safe_append_member: one table, without conditions, becomes a part of the query itself.
bool is_merged(const Query& query) {
    return is_pulled_up(query) && !query.where && query.from.size() == 1 && query.from[0].is_leaf();
}

/// The table of a merged branch.
std::optional<Branch> table_branch(Host& host, const Query& query, std::span<const OrderKey> keys) {
    const int rt_index = query.from[0].rt_index;
    const std::optional<Leaf> leaf = make_leaf(host, query.range_table[static_cast<std::size_t>(rt_index - 1)], rt_index);
    if (!leaf) return {};
    Branch branch;
    branch.rows = leaf->rows();
    double target_cost = 0;
    for (const TargetEntry& target : query.targets) target_cost += kCpuOperator * cost_of(host, *target.expr) * branch.rows;
    if (!leaf->table) {
        OrderedScan& way = branch.ways.emplace_back();
        way.path.startup = leaf->startup;
        way.path.total = leaf->total + target_cost;
        return branch;
    }
    branch.keys = translated(query, keys);
    branch.ways = leaf->table->ordered_paths(branch.keys);
    std::ranges::stable_sort(branch.ways, {}, [](const OrderedScan& way) { return way.path.total; });
    for (OrderedScan& way : branch.ways) way.path.total += target_cost;
    return branch;
}

/// A branch that is planned for itself; its own ORDER BY may be what is wanted.
std::optional<Branch> subquery_branch(Host& host, const Query& query, std::span<const OrderKey> keys) {
    const std::optional<RelationSize> size = size_of_query(host, query);
    if (!size) return {};
    Branch branch;
    branch.rows = size->rows;
    OrderedScan way;
    way.path.startup = size->startup;
    way.path.total = size->total + kCpuTuple * size->rows;
    const std::vector<OrderKey> wanted = translated(query, keys);
    for (; way.presorted < wanted.size() && way.presorted < query.order_by.size(); ++way.presorted) {
        const SortKey& own = query.order_by[way.presorted];
        const OrderKey& key = wanted[way.presorted];
        const auto target = std::ranges::find(query.targets, own.target, &TargetEntry::sort_group_ref);
        if (target == query.targets.end() || own.descending != key.descending || own.nulls_first != key.nulls_first || !equal_expressions(*target->expr, *key.expr)) break;
    }
    branch.ways.push_back(std::move(way));
    return branch;
}

std::optional<Branch> make_branch(Host& host, const Query& query, std::span<const OrderKey> keys) {
    return is_merged(query) ? table_branch(host, query, keys) : subquery_branch(host, query, keys);
}

/// The branches merged by the first `count` keys.
PathCost merge(const std::vector<Branch>& branches, std::size_t count, double limit, MergeAppendPlan& plan) {
    PathCost cost;
    double rows = 0;
    plan.presorted = count;
    for (const Branch& branch : branches) {
        const auto ordered = std::ranges::find_if(branch.ways, [&](const OrderedScan& way) { return way.presorted >= count; });
        const bool is_sorted = ordered == branch.ways.end();
        const OrderedScan& way = is_sorted ? branch.ways.front() : *ordered;
        const PathCost own = is_sorted ? sort_cost(way.path.total, branch.rows, limit) : PathCost{way.path.startup, way.path.total};
        MergedBranch& merged = plan.branches.emplace_back();
        merged.rt_index = branch.rt_index;
        merged.is_sorted = is_sorted;
        if (way.path.kind == ScanKind::kIndex && !is_sorted) merged.keys.assign(branch.keys.begin(), branch.keys.begin() + static_cast<std::ptrdiff_t>(count));
        cost.startup += own.startup;
        cost.total += own.total;
        rows += branch.rows;
    }
    const double ways = std::max(2.0, static_cast<double>(branches.size()));
    const double compare = 2 * kCpuOperator * std::log2(ways);
    cost.startup += compare * ways;
    cost.total += compare * ways + rows * (compare + 0.5 * kCpuTuple);
    return cost;
}

/// Different values of the leading keys: nothing is known of the columns of a UNION.
double groups_of(double rows, std::size_t keys) {
    const double values = std::min(kDefaultDistinct, rows);
    const double most = keys > 1 ? std::min(std::max(rows * 0.1, values), rows) : rows;
    return clamp_rows(std::min(std::pow(values, static_cast<double>(keys)), most));
}

}  // namespace

std::optional<MergeAppendPlan> plan_merge_append(Host& host, const Query& query, std::span<const OrderKey> keys, double limit) {
    std::vector<int> leaves;
    if (keys.empty() || !query.set_operations || !add_leaves(query, *query.set_operations, leaves)) return {};
    std::vector<Branch> branches;
    double rows = 0, appended = 0;
    for (const int rt_index : leaves) {
        std::optional<Branch> branch = make_branch(host, *query.range_table[static_cast<std::size_t>(rt_index - 1)].subquery, keys);
        if (!branch) return {};
        branch->rt_index = rt_index;
        rows += branch->rows;
        appended += branch->ways.front().path.total + 0.5 * kCpuTuple * branch->rows;
        branches.push_back(std::move(*branch));
    }
    std::vector<std::size_t> counts;
    for (const Branch& branch : branches) {
        for (const OrderedScan& way : branch.ways) {
            if (way.presorted > 0 && std::ranges::find(counts, way.presorted) == counts.end()) counts.push_back(way.presorted);
        }
    }
    const double sort_limit = std::max(0.0, limit);
    const double wanted = limit < 0 ? clamp_rows(rows * 0.1) : limit;
    double best_cost = cost_of_first(sort_cost(appended, rows, sort_limit), rows, wanted);
    std::optional<MergeAppendPlan> best;
    for (const std::size_t count : counts) {
        MergeAppendPlan plan;
        PathCost cost = merge(branches, count, sort_limit, plan);
        if (count < keys.size()) cost = incremental_sort_cost(cost, rows, groups_of(rows, count), sort_limit);
        const double total = cost_of_first(cost, rows, wanted);
        if (total >= best_cost) continue;
        best_cost = total;
        best = std::move(plan);
    }
    return best;
}

}  // namespace cdcsim::pg
