#include "sim/postgres/planner/group_planner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/hash_key.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/planner/sort_planner.h"

namespace cdcsim::pg {
namespace {

/// simplehash.h: entries lie at most as far from their bucket as those that they pass.
class RobinHoodTable {
  public:
    RobinHoodTable(std::span<const std::uint32_t> hashes, double expected, bool has_repeats) : hashes_(hashes) {
        resize(static_cast<std::uint64_t>(expected / kFillFactor));
        for (std::size_t i = 0; i < hashes.size(); ++i) insert(static_cast<int>(i));
        if (has_repeats && members_ >= threshold_) grow();
    }

    /// Iteration runs backwards from the first empty slot.
    std::vector<std::uint32_t> ranks() const {
        std::vector<std::uint32_t> result(hashes_.size());
        std::size_t first = 0;
        while (slots_[first] != kEmpty) ++first;
        std::uint32_t rank = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            int entry = slots_[(first - i) & mask()];
            if (entry != kEmpty) result[static_cast<std::size_t>(entry)] = rank++;
        }
        return result;
    }

  private:
    static constexpr double kFillFactor = 0.9, kMinFill = 0.1;
    static constexpr std::size_t kMaxDistance = 25, kMaxMove = 150;
    static constexpr int kEmpty = -1;

    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t bucket(int entry) const { return hashes_[static_cast<std::size_t>(entry)] & mask(); }
    bool is_filled() const {
        return static_cast<double>(members_) / static_cast<double>(slots_.size()) >= kMinFill;
    }

    void resize(std::uint64_t size) {
        slots_.assign(std::bit_ceil(std::max<std::uint64_t>(size, 2)), kEmpty);
        threshold_ = static_cast<std::size_t>(static_cast<double>(slots_.size()) * kFillFactor);
    }

    void grow() {
        std::vector<int> old = std::move(slots_);
        resize(old.size() * 2);
        std::size_t start = 0;
        for (std::size_t i = 0; i < old.size(); ++i) {
            if (old[i] == kEmpty || bucket(old[i]) == i) {
                start = i;
                break;
            }
        }
        for (std::size_t i = 0; i < old.size(); ++i) {
            int entry = old[(start + i) % old.size()];
            if (entry == kEmpty) continue;
            std::size_t at = bucket(entry);
            while (slots_[at] != kEmpty) at = (at + 1) & mask();
            slots_[at] = entry;
        }
    }

    void insert(int entry) {
        while (members_ >= threshold_ || !try_insert(entry)) grow();
        ++members_;
    }

    /// False: the table must grow first.
    bool try_insert(int entry) {
        std::size_t at = bucket(entry);
        for (std::size_t distance = 0;; ++distance, at = (at + 1) & mask()) {
            if (distance > kMaxDistance && is_filled()) return false;
            if (slots_[at] == kEmpty) {
                slots_[at] = entry;
                return true;
            }
            if (distance <= ((at - bucket(slots_[at])) & mask())) continue;
            std::size_t empty = (at + 1) & mask();
            for (std::size_t moves = 0; slots_[empty] != kEmpty; empty = (empty + 1) & mask()) {
                if (++moves > kMaxMove && is_filled()) return false;
            }
            for (; empty != at; empty = (empty - 1) & mask()) slots_[empty] = slots_[(empty - 1) & mask()];
            slots_[at] = entry;
            return true;
        }
    }

    std::span<const std::uint32_t> hashes_;
    std::vector<int> slots_;
    std::size_t members_ = 0, threshold_ = 0;
};

struct CostedPlan {
    double startup = 0, total = 0;
    bool hashed = false;
};

/// What makes the groups, besides comparing the keys.
struct GroupWork {
    AggregateCosts aggregates;
    double row_bytes = 0;      ///< of the input
    bool is_aggregate = true;  ///< each group costs something
};

/// What a hash table costs that is too big for its memory: it is written in parts and read again (cost_agg).
PathCost spill_cost(const RelationSize& input, double groups, const GroupWork& work) {
    constexpr double kMemory = 2.0 * 4096 * 1024, kPage = 8192, kChunk = 16, kTupleHeader = 16, kHeapHeader = 24, kGroupState = 16, kEntry = 24;
    auto aligned = [](double bytes) { return 8 * std::ceil(bytes / 8); };
    double entry = kEntry + kChunk + kTupleHeader + aligned(work.row_bytes);
    if (work.aggregates.count > 0) entry += kChunk + kGroupState * work.aggregates.count;
    if (work.aggregates.state > 0) entry += kChunk + work.aggregates.state;
    if (groups * entry <= kMemory) return {};
    double partitions = std::floor(std::clamp(1 + 1.5 * groups * entry / kMemory, 4.0, (kMemory * 0.25 - kPage) / kPage));
    partitions = static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(partitions)));
    const double buffers = kPage + kPage * partitions;
    const double memory = kMemory > 4 * buffers ? kMemory - buffers : kMemory * 0.75;
    const double batches = std::max(1.0, std::ceil(std::max(groups * entry / memory, groups / std::max(1.0, std::floor(memory / entry)))));
    const double depth = std::ceil(std::log(batches) / std::log(partitions));
    const double pages = 2 * depth * input.rows * (aligned(work.row_bytes) + kHeapHeader) / kPage;
    const double work_again = depth * input.rows * 2 * kCpuTuple;
    return {pages * kRandomPage + work_again, pages * (kRandomPage + kSeqPage) + work_again};
}

/// The sorted path is offered first, as in PostgreSQL; it also has an order
/// to show for itself, so that an equal hashed one does not replace it.
/// `sorted_input`: the input in order.
GroupPlan cheaper(const RelationSize& input, const PathCost& sorted_input, double groups, const GroupWork& work, const GroupWish& wish) {
    const double compare = kCpuOperator * (static_cast<double>(wish.keys.size()) + work.aggregates.calls) * input.rows;
    const double ends = kCpuOperator * work.aggregates.ends * groups;
    const PathCost spill = spill_cost(input, groups, work);
    CostedPlan sorted{sorted_input.startup, sorted_input.total + compare + (work.is_aggregate ? kCpuTuple * groups : 0) + ends, false};
    CostedPlan hashed{input.total + compare + spill.startup, input.total + compare + kCpuTuple * groups + ends + spill.total, true};
    double limit = wish.limit < 0 ? clamp_rows(groups * 0.1) : wish.limit;
    bool is_sorted_after = wish.has_order && wish.is_satisfied;
    if (is_sorted_after) {
        PathCost after = sort_cost(hashed.total, groups, std::max(0.0, wish.limit));
        hashed.startup = after.startup;
        hashed.total = after.total;
    }
    if (!wish.has_order || wish.is_satisfied) {
        for (CostedPlan* plan : {&sorted, &hashed}) plan->total = cost_of_first({plan->startup, plan->total}, groups, limit);
    }
    std::vector<CostedPlan> paths;
    add_path(paths, sorted);
    bool is_close = sorted.total <= hashed.total * 1.01 && sorted.startup <= hashed.startup * 1.01;
    if (!is_close) add_path(paths, hashed);
    return {std::ranges::min_element(paths, {}, &CostedPlan::total)->hashed, groups};
}

/// The bytes of the columns that the level reads of its input.
double row_bytes(const Query& query, const std::vector<Leaf>& leaves) {
    std::set<std::pair<int, int>> columns;
    auto note = [&](const Expr& reference, int levels) {
        if (levels == 0 && reference.kind == ExprKind::kVar) columns.emplace(as<VarExpr>(reference).rt_index, as<VarExpr>(reference).attno);
    };
    for (const TargetEntry& target : query.targets) for_each_reference(target.expr, note);
    if (query.having) for_each_reference(query.having, note);
    double bytes = 0;
    for (const auto& [rt_index, attno] : columns) {
        const auto leaf = std::ranges::find(leaves, rt_index, &Leaf::rt_index);
        if (leaf != leaves.end() && attno > 0) bytes += leaf->width(attno);
    }
    return bytes;
}

/// What FROM's rows cost in the order of the keys.
PathCost sorted_input(Host& host, const Query& query, const RelationSize& input, const GroupWish& wish, double limit, bool incremental) {
    if (!query.from.empty() && !wish.keys.empty()) {
        JoinPlan plan = plan_joins(host, query, where_conjuncts(host, query), {.keys = wish.keys, .limit = limit, .incremental = incremental});
        if (plan.node) return plan.cost;
    }
    return sort_cost(input.total, input.rows, 0);
}

/// How much of the sorted input LIMIT lets the groups read.
double input_limit(const RelationSize& input, double groups, const GroupWish& wish) {
    if (wish.limit == 0 || (wish.has_order && !wish.is_satisfied)) return 0;
    double limit = wish.limit < 0 ? clamp_rows(groups * 0.1) : wish.limit;
    return limit < groups ? input.rows * limit / groups : 0;
}

bool all_hashable(Host& host, const std::vector<ExprPtr>& keys) {
    return std::ranges::all_of(keys, [&](const ExprPtr& key) { return has_known_hash(host, key->type); });
}

/// An aggregate that wants its rows sorted or without duplicates.
bool has_ordered_aggregate(const Query& query) {
    auto is_ordered = [](const Expr& expr) {
        if (expr.kind != ExprKind::kAggregate) return false;
        const auto& aggregate = as<AggregateExpr>(expr);
        return aggregate.distinct || !aggregate.order_by.empty();
    };
    bool found = query.having && any_expression(query.having, is_ordered);
    for (const TargetEntry& target : query.targets) {
        found = found || any_expression(target.expr, is_ordered);
    }
    return found;
}

}  // namespace

std::optional<GroupPlan> plan_groups(Host& host, const Query& query, const GroupWish& wish) {
    std::vector<ExprPtr> keys = group_keys(query);
    bool is_ordered = has_ordered_aggregate(query);
    if (keys.empty()) return {};
    if (is_ordered) return GroupPlan{.hashed = false};
    if (!all_hashable(host, keys)) return {};
    std::vector<Leaf> leaves;
    std::optional<RelationSize> input = size_of_from(host, query, leaves);
    if (!input) return {};
    double groups = group_count(host, keys, *input, leaves), limit = input_limit(*input, groups, wish);
    const GroupWork work{.aggregates = aggregate_costs(host, query), .row_bytes = row_bytes(query, leaves), .is_aggregate = query.has_aggregates};
    GroupPlan plan = cheaper(*input, sorted_input(host, query, *input, wish, limit, true), groups, work, wish);
    plan.input_limit = limit;
    return plan;
}

bool sorts_grouping_sets(const Query& query) { return has_ordered_aggregate(query); }

std::optional<GroupPlan> plan_grouping_set(Host& host, const Query& query, const std::vector<ExprPtr>& keys) {
    if (has_ordered_aggregate(query) || !all_hashable(host, keys)) return {};
    std::vector<Leaf> leaves;
    std::optional<RelationSize> input = size_of_from(host, query, leaves);
    if (!input) return {};
    return GroupPlan{.hashed = true, .groups = group_count(host, keys, *input, leaves)};
}

std::optional<GroupPlan> plan_distinct(Host& host, const Query& query, const GroupWish& wish) {
    std::vector<ExprPtr> keys;
    for (const TargetEntry& target : query.targets) {
        if (!target.junk) keys.push_back(target.expr);
    }
    if (keys.empty() || !all_hashable(host, keys)) return {};
    std::vector<Leaf> leaves;
    std::optional<RelationSize> input = size_before_distinct(host, query, leaves);
    if (!input) return {};
    bool is_grouped = query.has_aggregates || !query.group_by.empty() || !query.grouping_sets.empty();
    double groups = is_grouped ? input->rows : group_count(host, keys, *input, leaves);
    if (query.unique_values) {
        const double compare = kCpuOperator * static_cast<double>(keys.size()) * input->rows;
        const double sorted = sort_cost(input->total, input->rows, 0).total + compare;
        return GroupPlan{.hashed = input->total + compare + kCpuTuple * groups < sorted, .groups = groups};
    }
    const double limit = is_grouped || query.has_windows ? 0 : input_limit(*input, groups, wish);
    const PathCost sorted = is_grouped || query.has_windows ? sort_cost(input->total, input->rows, 0) : sorted_input(host, query, *input, wish, limit, false);
    GroupPlan plan = cheaper(*input, sorted, groups, {.aggregates = {}, .row_bytes = row_bytes(query, leaves), .is_aggregate = false}, wish);
    plan.input_limit = limit;
    return plan;
}

std::optional<GroupPlan> plan_union(Host& host, const Query& query, const SetOpNode& node) {
    bool hashable = std::ranges::all_of(node.columns, [&](const Attribute& column) {
        return has_known_hash(host, column.type);
    });
    RelationSize input{.rows = 0, .startup = 0, .total = 0, .unique_columns = {}};
    if (!hashable || node.columns.empty() || !add_union_branches(host, query, node, input)) return {};
    input.total += kCpuTuple * 0.5 * input.rows;  // Append
    double compare = kCpuOperator * static_cast<double>(node.columns.size()) * input.rows;
    double sorted = sort_start_cost(input.rows) + kCpuOperator * input.rows + compare;
    double hashed = compare + kCpuTuple * input.rows;
    return GroupPlan{.hashed = hashed < sorted, .groups = input.rows};
}

std::optional<SetOperationPlan> plan_set_operation(Host& host, const Query& query, const SetOpNode& node) {
    const bool hashable = std::ranges::all_of(node.columns, [&](const Attribute& column) { return has_known_hash(host, column.type); });
    std::optional<RelationSize> left = size_of_set_operation(host, query, *node.left), right = size_of_set_operation(host, query, *node.right);
    if (!hashable || node.columns.empty() || !left || !right) return {};
    const double left_groups = groups_of_branch(host, query, *node.left, left->rows);
    const double right_groups = groups_of_branch(host, query, *node.right, right->rows);
    SetOperationPlan plan;
    plan.right_first = node.op == SetOp::kIntersect && left_groups > right_groups;
    plan.groups.groups = node.op == SetOp::kExcept ? left_groups : std::min(left_groups, right_groups);
    const double rows = left->rows + right->rows;
    const double compare = kCpuOperator * static_cast<double>(node.columns.size()) * rows;
    plan.groups.hashed = compare + kCpuTuple * plan.groups.groups < sort_start_cost(rows) + kCpuOperator * rows + compare;
    return plan;
}

std::vector<std::uint32_t> hash_table_ranks(std::span<const std::uint32_t> hashes, double expected, bool has_repeats) {
    return RobinHoodTable(hashes, expected, has_repeats).ranks();
}

}  // namespace cdcsim::pg
