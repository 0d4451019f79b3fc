// GROUPING SETS, ROLLUP and CUBE: the groups of each set are a SELECT of their own. PostgreSQL puts each set
// into a hash table, unless an aggregate wants its rows sorted or distinct: then it sorts the rows for
// each chain of sets that contain one another, and a set's group ends where its columns change. Mirrors
// consider_groupingsets_paths and nodeAgg.c's agg_retrieve_direct.
#include <algorithm>
#include <utility>

#include "sim/postgres/planner/grouping_sets.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
namespace {

std::vector<ChainedSet> chains_of(const Query& query) {
    std::vector<int> sorted;
    for (const SortKey& key : query.order_by) sorted.push_back(key.target);
    return chain_sets(query.grouping_sets, std::move(sorted));
}

std::string key_name(const std::vector<int>& refs, int ref) { return "g" + std::to_string(std::ranges::find(refs, ref) - refs.begin() + 1); }

std::string united(const std::vector<std::string>& arms) {
    std::string text;
    for (const std::string& arm : arms) text += (text.empty() ? "" : " UNION ALL ") + arm;
    return text;
}

}  // namespace

/// The keys that the rows are sorted by for a chain whose longest set is `refs`.
std::vector<OrderKey> Block::chain_order(const std::vector<int>& refs) const {
    std::vector<OrderKey> keys;
    for (int ref : refs) {
        const auto ordered = std::ranges::find(query_.order_by, ref, &SortKey::target);
        // ORDER BY's direction, but not its place for NULLs (transformGroupClauseExpr).
        add_order_key(keys, {.expr = target_expr(ref), .descending = ordered != query_.order_by.end() && ordered->descending});
    }
    return keys;
}

/// What FROM's rows are sorted by for the first chain; empty: nothing.
std::vector<OrderKey> Block::first_chain_order() const {
    if (!sorts_grouping_sets(query_)) return {};
    return chain_order(chains_of(query_).front().refs);
}

std::string Block::grouping_sets_text(const Grouping& grouping, Stage base, Stage& next) {
    const std::vector<ChainedSet> chained = chains_of(query_);
    if (sorts_grouping_sets(query_)) return sorted_sets_text(grouping, chained, std::move(base), next);
    if (base.is_base && is_result_of_join() && !base.heap_order.empty()) base = sorted_stage(base, {}, 0, false);
    return hashed_sets_text(grouping, chained, base, next);
}

/// What has no keys comes first, then one hash table after the other.
std::string Block::hashed_sets_text(const Grouping& grouping, const std::vector<ChainedSet>& chained, const Stage& base, Stage& next) {
    const GroupedColumns columns = grouped_columns(grouping, base, next);
    std::vector<std::optional<GroupPlan>> plans(chained.size());
    bool is_known = true;
    for (std::size_t i = 0; i < chained.size(); ++i) {
        std::vector<ExprPtr> keys;
        for (int ref : chained[i].refs) keys.push_back(target_expr(ref));
        if (!keys.empty()) plans[i] = plan_grouping_set(d_.host, query_, keys);
        is_known = is_known && (keys.empty() || plans[i]);
    }
    std::vector<std::string> arms(chained.size());
    for (std::size_t i = 0; i < chained.size(); ++i) {
        const std::vector<int>& set = chained[i].refs;
        std::string& arm = arms[chained[i].number];
        arm = set_text(grouping, columns, set, base, is_known ? first_seen_column(base) : "");
        if (is_known && set.empty()) {
            arm = "SELECT *,0 AS i,0 AS h,0 AS p FROM (" + arm + ")";
        } else if (is_known) {
            std::vector<GroupColumn> keys;
            for (int ref : set) keys.push_back({.name = key_name(grouping.refs, ref), .type = target_expr(ref)->type});
            arm = "SELECT *," + std::to_string(i + 1) + " AS p FROM (" + hashed_text(plans[i]->groups, keys, {.order = "ORDER BY o", .rows = "y"}, arm) + ")";
        }
    }
    if (is_known) next.heap_order = {"s.p", "CASE WHEN s.p>0 THEN hash_rank(?1,s.h,s.i) END"};
    return united(arms);
}

/// A group comes where it ends: after those of the longer sets of its chain that it contains.
std::string Block::sorted_sets_text(const Grouping& grouping, const std::vector<ChainedSet>& chained, Stage base, Stage& next) {
    std::vector<std::string> arms(chained.size());
    std::size_t width = 0;
    for (const ChainedSet& set : chained) width = std::max(width, set.refs.size());
    next.heap_order = {"s.p"};
    GroupedColumns columns;
    for (std::size_t i = 0; i < chained.size(); ++i) {
        const std::string chain = std::to_string(chained[i].chain);
        if (i == 0 || chained[i].chain != chained[i - 1].chain) {
            // The longest set. Each further chain sorts the rows as they lie after the one before.
            const std::vector<OrderKey> keys = chain_order(chained[i].refs);
            base = i == 0 ? in_order(std::move(base), keys) : sorted_stage(base, keys, 0, false);
            if (base.is_base && is_result_of_join() && !base.heap_order.empty()) base = sorted_stage(base, {}, 0, false);
            Stage known;
            columns = grouped_columns(grouping, base, known);
            next.is_base = false;
            next.known = std::move(known.known);
            for (std::size_t k = 0; k < chained[i].refs.size(); ++k) {
                const int ref = chained[i].refs[k];
                const auto key = std::ranges::find_if(keys, [&](const OrderKey& o) { return equal_expressions(*o.expr, *target_expr(ref)); });
                next.heap_order.push_back("CASE WHEN s.p=" + chain + " THEN s.f" + std::to_string(k + 1) + " END");
                if (key == keys.end()) continue;
                next.heap_order.push_back("CASE WHEN s.p=" + chain + " THEN s." + key_name(grouping.refs, ref) + " END" + d_.collation(key->expr->type) +
                                          direction(key->descending, key->nulls_first));
            }
        }
        std::string ends = "," + chain + " AS p," + std::to_string(i) + " AS q";
        for (std::size_t k = 0; k < width; ++k) ends += "," + std::string(k < chained[i].refs.size() ? "0" : "1") + " AS f" + std::to_string(k + 1);
        arms[chained[i].number] = set_text(grouping, columns, chained[i].refs, base, ends);
    }
    next.heap_order.push_back("s.q");
    return united(arms);
}

}  // namespace cdcsim::pg
