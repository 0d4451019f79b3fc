#include "sim/postgres/planner/grouping_sets.h"

#include <algorithm>
#include <limits>
#include <span>

#include "sim/postgres/storage/tuple_sort.h"

namespace cdcsim::pg {
namespace {

bool contains(const std::vector<int>& set, int ref) { return std::ranges::find(set, ref) != set.end(); }
bool is_within(const std::vector<int>& inner, const std::vector<int>& outer) {
    return std::ranges::all_of(inner, [&](int ref) { return contains(outer, ref); });
}

/// Hopcroft and Karp's matching of nodes 1 to n with themselves; neighbours are looked at from the last.
class Matching {
  public:
    explicit Matching(const std::vector<std::vector<std::size_t>>& neighbours)
        : neighbours_(neighbours), of_left(neighbours.size()), of_right(neighbours.size()), distance_(neighbours.size()) {
        while (find_distances()) {
            for (std::size_t u = 1; u < neighbours_.size(); ++u) {
                if (of_left[u] == 0) augment(u);
            }
        }
    }

  private:
    static constexpr std::size_t kFar = std::numeric_limits<std::size_t>::max();
    const std::vector<std::vector<std::size_t>>& neighbours_;

  public:
    std::vector<std::size_t> of_left, of_right;  ///< 0: not matched

  private:
    bool find_distances() {
        std::vector<std::size_t> queue;
        std::ranges::fill(distance_, kFar);
        for (std::size_t u = 1; u < neighbours_.size(); ++u) {
            if (of_left[u] != 0) continue;
            distance_[u] = 0;
            queue.push_back(u);
        }
        for (std::size_t next = 0; next < queue.size(); ++next) {
            const std::size_t u = queue[next];
            if (distance_[u] >= distance_[0]) continue;
            for (std::size_t i = neighbours_[u].size(); i-- > 0;) {
                const std::size_t other = of_right[neighbours_[u][i]];
                if (distance_[other] != kFar) continue;
                distance_[other] = distance_[u] + 1;
                queue.push_back(other);
            }
        }
        return distance_[0] != kFar;
    }

    bool augment(std::size_t u) {
        if (u == 0) return true;
        if (distance_[u] == kFar) return false;
        for (std::size_t i = neighbours_[u].size(); i-- > 0;) {
            const std::size_t v = neighbours_[u][i];
            if (distance_[of_right[v]] != distance_[u] + 1 || !augment(of_right[v])) continue;
            of_right[v] = u;
            of_left[u] = v;
            return true;
        }
        distance_[u] = kFar;
        return false;
    }

    std::vector<std::size_t> distance_;
};

/// The sets' numbers by chain, the shorter ones first.
std::vector<std::vector<std::size_t>> chains_of(const std::vector<std::vector<int>>& sets) {
    std::vector<std::size_t> order(sets.size());
    for (std::size_t i = 0; i < sets.size(); ++i) order[i] = i;
    quick_sort(std::span(order), [&](std::size_t a, std::size_t b) {
        return sets[a].size() < sets[b].size() ? -1 : sets[a].size() > sets[b].size() ? 1 : 0;
    });
    std::vector<std::size_t> empty;
    std::vector<std::vector<std::size_t>> same = {{}}, neighbours = {{}};  // by node, from 1
    std::size_t first_of_size = 1;
    for (std::size_t number : order) {
        const std::vector<int>& set = sets[number];
        if (set.empty()) {
            empty.push_back(number);
            continue;
        }
        if (same.size() > 1 && sets[same.back().front()].size() < set.size()) first_of_size = same.size();
        auto equal = std::find_if(same.begin() + static_cast<std::ptrdiff_t>(first_of_size), same.end(), [&](const auto& node) { return is_within(set, sets[node.front()]); });
        if (equal != same.end()) {
            equal->push_back(number);
            continue;
        }
        std::vector<std::size_t> within;
        for (std::size_t k = first_of_size; k-- > 1;) {
            if (is_within(sets[same[k].front()], set)) within.push_back(k);
        }
        same.push_back({number});
        neighbours.push_back(std::move(within));
    }
    const Matching matching(neighbours);
    std::vector<std::vector<std::size_t>> chains;
    std::vector<std::size_t> chain_of(same.size());
    for (std::size_t i = 1; i < same.size(); ++i) {
        const std::size_t u = matching.of_right[i], v = matching.of_left[i];
        if (u > 0 && u < i) {
            chain_of[i] = chain_of[u];
        } else if (v > 0 && v < i) {
            chain_of[i] = chain_of[v];
        } else {
            chain_of[i] = chains.size();
            chains.emplace_back();
        }
        auto& chain = chains[chain_of[i]];
        chain.insert(chain.end(), same[i].begin(), same[i].end());
    }
    if (chains.empty()) chains.emplace_back();
    chains.front().insert(chains.front().begin(), empty.begin(), empty.end());
    return chains;
}

}  // namespace

std::vector<ChainedSet> chain_sets(const std::vector<std::vector<int>>& sets, std::vector<int> sorted) {
    std::vector<ChainedSet> ordered;
    const auto chains = chains_of(sets);
    if (chains.size() > 1) sorted.clear();
    for (const auto& chain : chains) {
        std::vector<ChainedSet> longest_first;
        std::vector<int> columns;
        for (std::size_t number : chain) {
            std::vector<int> added;
            for (int ref : sets[number]) {
                if (!contains(columns, ref)) added.push_back(ref);
            }
            // As ORDER BY has them, as far as that goes.
            while (columns.size() < sorted.size() && !added.empty()) {
                const int ref = sorted[columns.size()];
                if (!contains(added, ref)) {
                    sorted.clear();
                    break;
                }
                columns.push_back(ref);
                std::erase(added, ref);
            }
            columns.insert(columns.end(), added.begin(), added.end());
            longest_first.insert(longest_first.begin(), {number, static_cast<std::size_t>(&chain - chains.data()), columns});
        }
        ordered.insert(ordered.end(), longest_first.begin(), longest_first.end());
    }
    return ordered;
}

}  // namespace cdcsim::pg
