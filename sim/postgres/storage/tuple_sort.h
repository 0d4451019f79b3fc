// Sorts as PostgreSQL does: which of several equal rows comes first follows from the algorithm, and
// that is not stable from seven rows on. Mirrors lib/sort_template.h (Bentley and McIlroy's quicksort
// with a check for sorted input), tuplesort.c's bounded heap (LIMIT) and nodeIncrementalSort.c, for
// what fits into work_mem. Its users give a three-way comparison.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace cdcsim::pg {
namespace tuple_sort_detail {

template <typename Item, typename Compare>
std::size_t median(std::span<Item> a, std::size_t i, std::size_t j, std::size_t k, const Compare& compare) {
    if (compare(a[i], a[j]) < 0) {
        if (compare(a[j], a[k]) < 0) return j;
        return compare(a[i], a[k]) < 0 ? k : i;
    }
    if (compare(a[j], a[k]) > 0) return j;
    return compare(a[i], a[k]) < 0 ? i : k;
}

template <typename Item, typename Compare>
std::size_t pivot_of(std::span<Item> a, const Compare& compare) {
    const std::size_t n = a.size();
    std::size_t low = 0, middle = n / 2, high = n - 1;
    if (n <= 7) return middle;
    if (n > 40) {
        const std::size_t step = n / 8;
        low = median(a, low, low + step, low + 2 * step, compare);
        middle = median(a, middle - step, middle, middle + step, compare);
        high = median(a, high - 2 * step, high - step, high, compare);
    }
    return median(a, low, middle, high, compare);
}

template <typename Item>
void swap_ranges(std::span<Item> a, std::size_t i, std::size_t j, std::size_t count) {
    for (; count > 0; --count) std::swap(a[i++], a[j++]);
}

}  // namespace tuple_sort_detail

/// qsort_tuple: sorts in place.
template <typename Item, typename Compare>
void quick_sort(std::span<Item> a, const Compare& compare) {
    while (a.size() > 1) {
        const std::size_t n = a.size();
        if (n < 7) {
            for (std::size_t i = 1; i < n; ++i) {
                for (std::size_t j = i; j > 0 && compare(a[j - 1], a[j]) > 0; --j) std::swap(a[j], a[j - 1]);
            }
            return;
        }
        std::size_t sorted = 1;
        while (sorted < n && compare(a[sorted - 1], a[sorted]) <= 0) ++sorted;
        if (sorted == n) return;
        std::swap(a[0], a[tuple_sort_detail::pivot_of(a, compare)]);
        // Equal ones gather at both ends: [0, left) and (right, n).
        std::size_t left = 1, low = 1, high = n, right = n;  // high and right: one behind
        for (;;) {
            int order = 0;
            while (low < high && (order = compare(a[low], a[0])) <= 0) {
                if (order == 0) std::swap(a[left++], a[low]);
                ++low;
            }
            while (low < high && (order = compare(a[high - 1], a[0])) >= 0) {
                if (order == 0) std::swap(a[high - 1], a[--right]);
                --high;
            }
            if (low >= high) break;
            std::swap(a[low++], a[--high]);
        }
        std::size_t moved = std::min(left, low - left);
        tuple_sort_detail::swap_ranges(a, 0, low - moved, moved);
        moved = std::min(right - high, n - right);
        tuple_sort_detail::swap_ranges(a, low, n - moved, moved);
        std::span<Item> smaller = a.first(low - left), greater = a.last(right - high);
        if (smaller.size() > greater.size()) std::swap(smaller, greater);
        quick_sort(smaller, compare);
        a = greater;
    }
}

/// The first `bound` items of the order, as a heap whose top is the last of them.
template <typename Item, typename Compare>
class BoundedHeap {
  public:
    BoundedHeap(std::size_t bound, const Compare& compare) : bound_(bound), compare_(compare) {}

    void add(Item item) {
        if (items_.size() == bound_) {
            if (compare_(item, items_.front()) < 0) sink(std::move(item));
            return;
        }
        std::size_t hole = items_.size();
        items_.emplace_back();
        for (; hole > 0; hole = (hole - 1) / 2) {
            Item& parent = items_[(hole - 1) / 2];
            if (compare_(item, parent) <= 0) break;
            items_[hole] = std::move(parent);
        }
        items_[hole] = std::move(item);
    }

    /// sort_bounded_heap.
    std::vector<Item> take() {
        std::vector<Item> sorted(items_.size());
        for (std::size_t i = items_.size(); i-- > 0;) {
            sorted[i] = std::move(items_.front());
            Item last = std::move(items_.back());
            items_.pop_back();
            if (!items_.empty()) sink(std::move(last));
        }
        return sorted;
    }

  private:
    /// `item` takes the top's place and sinks to its own.
    void sink(Item item) {
        std::size_t hole = 0;
        for (;;) {
            std::size_t child = 2 * hole + 1;
            if (child >= items_.size()) break;
            if (child + 1 < items_.size() && compare_(items_[child], items_[child + 1]) < 0) ++child;
            if (compare_(item, items_[child]) >= 0) break;
            items_[hole] = std::move(items_[child]);
            hole = child;
        }
        items_[hole] = std::move(item);
    }

    std::size_t bound_;
    const Compare& compare_;
    std::vector<Item> items_;
};

/// What is wanted of a sort; 0: everything.
using SortBound = std::size_t;

/// tuplesort_performsort over all of `items`. With a bound, only that many are left where a heap was used.
template <typename Item, typename Compare>
void tuple_sort(std::vector<Item>& items, SortBound bound, const Compare& compare) {
    if (bound == 0 || items.size() <= 2 * bound) return quick_sort(std::span<Item>(items), compare);
    BoundedHeap<Item, Compare> heap(bound, compare);
    for (Item& item : items) heap.add(std::move(item));
    items = heap.take();
}

/// nodeIncrementalSort.c: `input` is sorted by its leading keys already. `same_group` compares those,
/// `compare` all keys and `compare_rest` the others. Gives the rows as they come out, with a bound at
/// least that many.
template <typename Item, typename SameGroup, typename Compare, typename CompareRest>
class IncrementalSort {
  public:
    IncrementalSort(std::span<const Item> input, SortBound bound, SameGroup same_group, Compare compare,
                    CompareRest compare_rest)
        : input_(input), bound_(bound), same_group_(same_group), compare_(compare), compare_rest_(compare_rest) {}

    std::vector<Item> run() {
        while (next_ < input_.size() && !is_done()) sort_batch();
        return std::move(output_);
    }

  private:
    static constexpr std::size_t kMinGroup = 32, kMaxFullSort = 2 * kMinGroup;

    bool is_done() const { return bound_ != 0 && output_.size() >= bound_; }
    SortBound rest() const { return bound_ == 0 ? 0 : bound_ - done_; }
    void give(const std::vector<Item>& sorted, std::size_t read) {
        output_.insert(output_.end(), sorted.begin(), sorted.end());
        if (bound_ != 0) done_ = std::min(bound_, done_ + read);
    }

    /// Small groups are sorted together, until one begins after so many rows.
    void sort_batch() {
        const SortBound bound = rest() < kMinGroup ? rest() : 0;
        const std::size_t least = bound != 0 ? bound : kMinGroup;
        std::vector<Item> batch;
        for (; next_ < input_.size(); ++next_) {
            if (batch.size() >= least && !same_group_(batch[least - 1], input_[next_])) break;
            batch.push_back(input_[next_]);
            if (batch.size() > kMaxFullSort) {
                ++next_;
                tuple_sort(batch, bound, compare_);
                return sort_groups(std::move(batch));
            }
        }
        const std::size_t read = batch.size();
        tuple_sort(batch, bound, compare_);
        give(batch, read);
    }

    /// What began as a batch of small groups ends in a big one: group by group, the last one read on.
    void sort_groups(std::vector<Item> batch) {
        for (std::size_t begin = 0; begin < batch.size() && !is_done();) {
            std::size_t end = begin + 1;
            while (end < batch.size() && same_group_(batch[begin], batch[end])) ++end;
            std::vector<Item> group(batch.begin() + static_cast<std::ptrdiff_t>(begin),
                                    batch.begin() + static_cast<std::ptrdiff_t>(end));
            begin = end;
            while (end == batch.size() && next_ < input_.size() && same_group_(group.front(), input_[next_])) {
                group.push_back(input_[next_++]);
            }
            const std::size_t read = group.size();
            tuple_sort(group, rest(), compare_rest_);
            give(group, read);
        }
    }

    std::span<const Item> input_;
    SortBound bound_;
    SameGroup same_group_;
    Compare compare_;
    CompareRest compare_rest_;
    std::size_t next_ = 0, done_ = 0;
    std::vector<Item> output_;
};

}  // namespace cdcsim::pg
