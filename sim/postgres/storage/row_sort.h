// The rows of a query level after PostgreSQL's Sort, Incremental Sort, Unique and Limit nodes. The SQL
// text of a level gives its rows as they come into the sort; see tuple_sort.h for the ties.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/postgres/executor/host.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

/// A key: a column of the rows.
struct RowSortKey {
    std::size_t column = 0;
    Oid type = kInvalidOid;
    bool descending = false, nulls_first = false;
};

struct CompiledSort {
    std::vector<RowSortKey> keys;
    std::size_t presorted = 0;   ///< leading keys by which the rows are sorted already
    /// Branches of a UNION ALL that are merged, by the number in the rows' last column: whether they are
    /// sorted first; else they come in order. Empty: the rows are not merged.
    std::vector<bool> sorted_branches;
    std::size_t unique = 0;      ///< DISTINCT ON: of rows equal in so many leading keys, the first
    bool is_distinct_on = false;
    bool bounded = true;         ///< the sort is told of LIMIT
    bool with_ties = false;
    int limit = -1, offset = -1;  ///< numbers of the program's parameters
};

/// Compares rows by keys. Types are looked up once.
class RowOrder {
  public:
    RowOrder(Host& host, std::span<const RowSortKey> keys);
    /// By the keys from `first` up to `last`.
    int compare(std::span<const Datum> a, std::span<const Datum> b, std::size_t first, std::size_t last) const;

  private:
    struct Key {
        RowSortKey key;
        int (*compare)(const Datum&, const Datum&) = nullptr;  ///< nullptr: by compare_values
    };
    Host& host_;
    std::vector<Key> keys_;
};

/// Rows of one width, one after the other.
struct RowTable {
    std::size_t width = 0;
    std::vector<Datum> values;
    std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
    std::span<const Datum> row(std::size_t number) const { return {values.data() + number * width, width}; }
};

/// The numbers of the rows that come out, in order. `limit` -1: all.
std::vector<std::uint32_t> sort_rows(Host& host, const CompiledSort& sort, const RowTable& rows,
                                     std::int64_t limit, std::int64_t offset);

}  // namespace cdcsim::pg
