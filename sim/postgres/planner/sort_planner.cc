#include "sim/postgres/planner/sort_planner.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/planner/cost.h"

namespace cdcsim::pg {
namespace {

/// cost_tuplesort.
PathCost tuple_sort_cost(double tuples, double limit) {
    double rows = std::max(2.0, tuples);
    double kept = limit > 0 && limit < rows && rows > 2 * limit ? 2 * limit : rows;
    return {2 * kCpuOperator * rows * std::log2(kept), kCpuOperator * rows};
}

}  // namespace

PathCost sort_cost(double input_total, double rows, double limit) {
    PathCost sort = tuple_sort_cost(rows, limit);
    return {input_total + sort.startup, input_total + sort.startup + sort.total};
}

PathCost incremental_sort_cost(PathCost input, double rows, double groups, double limit) {
    rows = std::max(2.0, rows);
    double run = (input.total - input.startup) / groups;
    // Groups differ in size: half as much again is taken for granted.
    PathCost group = tuple_sort_cost(1.5 * rows / groups, limit);
    PathCost cost;
    cost.startup = group.startup + input.startup + run;
    cost.total = cost.startup + group.total + (group.total + group.startup + run) * (groups - 1);
    cost.total += kCpuTuple * rows + 2 * kCpuTuple * groups;
    return cost;
}

double cost_of_first(PathCost path, double rows, double limit) {
    double share = limit > 0 && limit < rows ? limit / rows : 1;
    return path.startup + (path.total - path.startup) * share;
}

OrderedScan best_ordered_scan(Host& host, const Leaf& leaf, const JoinWish& wish) {
    const std::span<const OrderKey> keys = wish.keys;
    const TablePlanner& table = *leaf.table;
    const double rows = table.rows();
    const double sort_limit = wish.bounded ? std::max(0.0, wish.limit) : 0;
    const double limit = wish.limit < 0 ? clamp_rows(rows * 0.1) : wish.limit;
    auto groups_of = [&](std::size_t count) {
        std::vector<ExprPtr> exprs;
        for (const OrderKey& key : keys.first(count)) exprs.push_back(key.expr);
        return group_count(host, exprs, {.rows = rows, .startup = 0, .total = 0, .unique_columns = {}}, {leaf});
    };
    std::vector<OrderedScan> scans = table.ordered_paths(keys);
    const auto cheapest = std::ranges::min_element(scans, {}, [](const OrderedScan& scan) { return scan.path.total; });
    OrderedScan* best = nullptr;
    double best_cost = 0;
    for (OrderedScan& scan : scans) {
        auto consider = [&](PathCost cost, bool is_sorted_all) {
            double total = cost_of_first(cost, rows, limit);
            if (best != nullptr && best_cost <= total * (1 + 1e-10)) return;
            best = &scan;
            best_cost = total;
            scan.cost = cost;
            if (is_sorted_all) scan.presorted = 0;
        };
        PathCost input{scan.path.startup, scan.path.total};
        if (scan.presorted == keys.size()) {
            consider(input, false);
        } else if (scan.presorted > 0 && wish.incremental) {
            consider(incremental_sort_cost(input, rows, groups_of(scan.presorted), sort_limit), false);
        }
        if (&scan == &*cheapest && scan.presorted < keys.size()) consider(sort_cost(input.total, rows, sort_limit), true);
    }
    return *best;
}

OrderedScan cheapest_index_scan(const Leaf& leaf, std::span<const OrderKey> keys) {
    std::vector<OrderedScan> scans = leaf.table->ordered_paths(keys);
    std::erase_if(scans, [&](const OrderedScan& scan) { return scan.presorted < keys.size(); });
    CDCSIM_CHECK(!scans.empty());
    return std::move(*std::ranges::min_element(scans, {}, [](const OrderedScan& scan) { return scan.path.total; }));
}

}  // namespace cdcsim::pg
