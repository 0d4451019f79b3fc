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
