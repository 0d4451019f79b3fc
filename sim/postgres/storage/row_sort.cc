#include "sim/postgres/storage/row_sort.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/postgres/storage/tuple_sort.h"
#include "sim/postgres/type/canonical.h"

namespace cdcsim::pg {

RowOrder::RowOrder(Host& host, std::span<const RowSortKey> keys) : host_(host) {
    for (const RowSortKey& key : keys) {
        const TypeInfo& type = base_type(host, host.type(key.type));
        keys_.push_back({key, type.ops != nullptr && type.ops->oid != kInvalidOid ? type.ops->compare : nullptr});
    }
}

int RowOrder::compare(std::span<const Datum> a, std::span<const Datum> b, std::size_t first,
                      std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
        const auto& [key, compare] = keys_[i];
        const Datum &left = a[key.column], &right = b[key.column];
        if (left.is_null() || right.is_null()) {
            if (left.is_null() != right.is_null()) return left.is_null() == key.nulls_first ? -1 : 1;
            continue;
        }
        int order = compare != nullptr ? compare(left, right) : compare_values(host_, key.type, left, right);
        if (order != 0) return key.descending ? -order : order;
    }
    return 0;
}

namespace {

/// nodeMergeAppend.c: the next row is the first one of the branch on top of a heap (binaryheap.c).
template <typename Compare>
class BranchMerge {
  public:
    BranchMerge(std::vector<std::vector<std::uint32_t>> branches, const Compare& compare) : branches_(std::move(branches)), compare_(compare), next_(branches_.size()) {
        for (std::size_t i = 0; i < branches_.size(); ++i) {
            if (!branches_[i].empty()) heap_.push_back(i);
        }
        for (std::size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
    }

    std::vector<std::uint32_t> run() {
        std::vector<std::uint32_t> merged;
        while (!heap_.empty()) {
            const std::size_t branch = heap_[0];
            merged.push_back(branches_[branch][next_[branch]++]);
            if (next_[branch] == branches_[branch].size()) {
                heap_[0] = heap_.back();
                heap_.pop_back();
            }
            sift_down(0);
        }
        return merged;
    }

  private:
    /// Whether the row of the branch at `a` comes later.
    bool is_later(std::size_t a, std::size_t b) const {
        return compare_(branches_[heap_[a]][next_[heap_[a]]], branches_[heap_[b]][next_[heap_[b]]]) > 0;
    }

    void sift_down(std::size_t at) {
        for (;;) {
            const std::size_t left = 2 * at + 1, right = left + 1;
            std::size_t down = 0;
            if (left < heap_.size() && is_later(at, left)) down = left;
            if (right < heap_.size() && is_later(at, right) && (down == 0 || is_later(left, right))) down = right;
            if (down == 0) return;
            std::swap(heap_[at], heap_[down]);
            at = down;
        }
    }

    std::vector<std::vector<std::uint32_t>> branches_;
    const Compare& compare_;
    std::vector<std::size_t> next_, heap_;
};

template <typename Compare>
std::vector<std::uint32_t> merged_numbers(const CompiledSort& sort, const RowTable& rows, SortBound bound, const Compare& compare) {
    std::vector<std::vector<std::uint32_t>> branches(sort.sorted_branches.size());
    for (std::uint32_t i = 0; i < rows.size(); ++i) branches[static_cast<std::size_t>(rows.row(i).back().as_int())].push_back(i);
    for (std::size_t i = 0; i < branches.size(); ++i) {
        if (sort.sorted_branches[i]) tuple_sort(branches[i], bound, compare);
    }
    return BranchMerge(std::move(branches), compare).run();
}

std::vector<std::uint32_t> sorted_numbers(const RowOrder& order, const CompiledSort& sort, const RowTable& rows,
                                          SortBound bound) {
    std::vector<std::uint32_t> numbers(rows.size());
    std::iota(numbers.begin(), numbers.end(), 0U);
    const std::size_t count = sort.keys.size();
    auto compare_keys = [&](std::size_t first, std::size_t last) {
        return [&order, &rows, first, last](std::uint32_t a, std::uint32_t b) {
            return order.compare(rows.row(a), rows.row(b), first, last);
        };
    };
    auto compare = compare_keys(0, count);
    if (!sort.sorted_branches.empty()) numbers = merged_numbers(sort, rows, sort.presorted == count ? bound : 0, compare_keys(0, sort.presorted));
    if (sort.presorted >= count) return numbers;
    if (sort.presorted == 0) {
        tuple_sort(numbers, bound, compare);
        return numbers;
    }
    auto compare_prefix = compare_keys(0, sort.presorted);
    auto same = [&](std::uint32_t a, std::uint32_t b) { return compare_prefix(a, b) == 0; };
    std::span<const std::uint32_t> input = numbers;
    return IncrementalSort(input, bound, same, compare, compare_keys(sort.presorted, count)).run();
}

}  // namespace

std::vector<std::uint32_t> sort_rows(Host& host, const CompiledSort& sort, const RowTable& rows,
                                     std::int64_t limit, std::int64_t offset) {
    RowOrder order(host, sort.keys);
    const bool is_bounded = sort.bounded && !sort.with_ties && !sort.is_distinct_on && limit > 0 &&
                            limit < std::numeric_limits<std::int32_t>::max() / 2 - offset;
    std::vector<std::uint32_t> numbers =
        sorted_numbers(order, sort, rows, is_bounded ? static_cast<SortBound>(limit + offset) : 0);
    if (sort.is_distinct_on) {
        auto same = [&](std::uint32_t a, std::uint32_t b) {
            return order.compare(rows.row(a), rows.row(b), 0, sort.unique) == 0;
        };
        numbers.erase(std::ranges::unique(numbers, same).begin(), numbers.end());
    }
    const std::size_t skipped = std::min(numbers.size(), static_cast<std::size_t>(offset));
    numbers.erase(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(skipped));
    if (limit < 0 || static_cast<std::size_t>(limit) >= numbers.size()) return numbers;
    auto end = static_cast<std::size_t>(limit);
    while (sort.with_ties && end > 0 && end < numbers.size() &&
           order.compare(rows.row(numbers[end - 1]), rows.row(numbers[end]), 0, sort.keys.size()) == 0) {
        ++end;
    }
    numbers.resize(end);
    return numbers;
}

}  // namespace cdcsim::pg
