#include "sim/postgres/storage/free_space_map.h"

#include <algorithm>

namespace cdcsim::pg {
namespace {

constexpr int kCategorySize = 32;
constexpr int kMaxRequest = 8160;

std::uint8_t category_of_available(int bytes) {
    return static_cast<std::uint8_t>(bytes >= kMaxRequest ? 255
                                                          : std::min(254, bytes / kCategorySize));
}
std::uint8_t category_of_needed(int bytes) {
    if (bytes == 0) return 1;
    return static_cast<std::uint8_t>(
        std::min(255, (bytes + kCategorySize - 1) / kCategorySize));
}

int left_child(int node) { return 2 * node + 1; }
int parent_of(int node) { return (node - 1) / 2; }
/// The right neighbour on the level; wraps around to its leftmost node.
int right_neighbor(int node) {
    ++node;
    return ((node + 1) & node) == 0 ? parent_of(node) : node;
}

}  // namespace

std::optional<std::uint32_t> FreeSpaceMap::record_and_search(std::uint32_t page, int available,
                                                             int needed) {
    // Beyond 33 MB a real map has further pages; there the table only grows at its end.
    if (page >= static_cast<std::uint32_t>(kNodes - kNonLeafNodes)) return std::nullopt;
    if (nodes_.empty()) nodes_.resize(kNodes);
    set(static_cast<int>(page), category_of_available(available));
    return search(category_of_needed(needed));
}

void FreeSpaceMap::set(int slot, std::uint8_t category) {
    int node = kNonLeafNodes + slot;
    if (nodes_[node] == category) return;
    nodes_[node] = category;
    while (node > 0) {
        node = parent_of(node);
        int left = left_child(node), right = left + 1;
        std::uint8_t value = nodes_[left];
        if (right < kNodes) value = std::max(value, nodes_[right]);
        if (nodes_[node] == value) break;
        nodes_[node] = value;
    }
}

std::optional<std::uint32_t> FreeSpaceMap::search(std::uint8_t category) {
    if (nodes_[0] < category) return std::nullopt;
    int target = next_slot_;
    if (target >= kNodes - kNonLeafNodes) target = 0;
    int node = kNonLeafNodes + target;
    while (node > 0 && nodes_[node] < category) node = parent_of(right_neighbor(node));
    while (node < kNonLeafNodes) {
        int child = left_child(node);
        node = child < kNodes && nodes_[child] >= category ? child : child + 1;
    }
    next_slot_ = node - kNonLeafNodes + 1;
    return static_cast<std::uint32_t>(node - kNonLeafNodes);
}

}  // namespace cdcsim::pg
