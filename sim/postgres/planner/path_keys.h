// The order that a path's rows have by themselves, and which paths are kept: mirrors pathkeys.c and
// pathnode.c's add_path where rows of several tables are joined. Not for other folders.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace cdcsim::pg {

/// One key of an order. All expressions of an equivalence class have one number.
struct PathKey {
    int item = 0;
    bool descending = false, nulls_first = false;
    bool operator==(const PathKey&) const = default;
};
using PathKeys = std::vector<PathKey>;

/// How many keys both begin with.
inline std::size_t common_keys(std::span<const PathKey> a, std::span<const PathKey> b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Whether rows that are sorted by `keys` are sorted by `wanted`.
inline bool is_sorted_by(std::span<const PathKey> keys, std::span<const PathKey> wanted) {
    return common_keys(keys, wanted) == wanted.size();
}

inline void add_key(PathKeys& keys, PathKey key) {
    if (std::ranges::find(keys, key.item, &PathKey::item) == keys.end()) keys.push_back(key);
}

/// add_path over `paths`, which stay sorted by their total cost. A path has `startup`, `total` and `keys`.
/// `wants_start`: a path that starts early is of use though it costs more in total (LIMIT).
template <typename Path>
void add_ordered_path(std::vector<Path>& paths, Path path, bool wants_start) {
    constexpr double kFuzz = 1.01, kTie = 1.0000000001;
    enum class Cost { kEqual, kBetter, kWorse, kDifferent };
    auto compare = [&](const Path& a, const Path& b, double fuzz) {
        if (a.total > b.total * fuzz) return wants_start && b.startup > a.startup * fuzz ? Cost::kDifferent : Cost::kWorse;
        if (b.total > a.total * fuzz) return wants_start && a.startup > b.startup * fuzz ? Cost::kDifferent : Cost::kBetter;
        if (a.startup > b.startup * fuzz) return Cost::kWorse;
        return b.startup > a.startup * fuzz ? Cost::kBetter : Cost::kEqual;
    };
    std::size_t place = 0;
    for (std::size_t i = 0; i < paths.size();) {
        const Path& old = paths[i];
        const bool covers = is_sorted_by(path.keys, old.keys), is_covered = is_sorted_by(old.keys, path.keys);
        Cost cost = compare(path, old, kFuzz);
        if (cost == Cost::kEqual && covers && is_covered) {
            cost = compare(path, old, kTie) == Cost::kBetter ? Cost::kBetter : Cost::kWorse;
        } else if (cost == Cost::kEqual && covers != is_covered) {
            cost = covers ? Cost::kBetter : Cost::kWorse;
        }
        if (cost == Cost::kWorse && is_covered) return;
        if (cost == Cost::kBetter && covers) {
            paths.erase(paths.begin() + static_cast<std::ptrdiff_t>(i));
            continue;
        }
        ++i;
        if (path.total >= old.total) place = i;
    }
    paths.insert(paths.begin() + static_cast<std::ptrdiff_t>(place), std::move(path));
}

}  // namespace cdcsim::pg
