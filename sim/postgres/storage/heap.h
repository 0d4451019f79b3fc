// Tables as heaps of row versions in SQLite: t<file node>(rid, born, died, xmin, xmax, c1, c2, ...).
// `rid` is the ctid: block << 16 | line pointer, given by placement as PostgreSQL's heap does.
// Mirrors heapam.c, hio.c and pruneheap.c as far as order and lengths can be seen from SQL.
// Only this folder includes sqlite3.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/postgres/executor/host.h"
#include "sim/postgres/planner/table_planner.h"

namespace cdcsim::pg {

class SubplanCache;  // executor/subplan.h

inline constexpr std::uint64_t kNeverDied = 0x7FFFFFFFFFFFFFFFULL;

struct RowVersion {
    std::int64_t rid = 0;
    Xid xmin, xmax;
    std::uint64_t born = 0, died = kNeverDied;
    std::vector<Datum> columns;   ///< by attno - 1; dropped columns are NULL
    /// Which columns are stored out of line (TOAST), by attno - 1; empty: none.
    std::vector<bool> external;
};

/// What is inserted: values by attno - 1.
struct NewVersion {
    std::span<const Datum> columns;
    std::uint64_t born = 0;
    Xid xmin;
    /// For an UPDATE: the version that it replaces (same page is preferred; compressed and out-of-line
    /// values that were not assigned stay as they are). REQUIRES: it has its columns; kill() it after.
    const RowVersion* replaces = nullptr;
    /// For an UPDATE, by attno - 1: the column was given a new value, even if an equal one (SET t = 'x',
    /// but not SET t = t). Columns beyond its end were not assigned.
    std::vector<bool> assigned;
};

/// One SQLite connection (in memory) with everything registered on it: functions f<oid>, aggregates,
/// collations, table-valued functions. One for each Pipeline.
class Database {
  public:
    virtual ~Database() = default;

    // Tables. Types of the columns decide collations and the sizes of tuples.
    virtual void create_table(const Relation& relation) = 0;
    virtual void drop_table(std::uint32_t file_node) = 0;
    virtual void add_column(const Relation& relation, int attno) = 0;   ///< existing rows: NULL
    /// Gives the column one value in all rows (ADD COLUMN with a constant default).
    virtual void fill_column(Host& host, const Relation& relation, int attno, const Datum& value) = 0;
    /// A non-unique SQLite index over plain columns, to find rows by (attnos in key order).
    virtual void create_index(const Relation& relation, Oid index_oid, std::span<const int> attnos) = 0;
    /// Building an index counts the table's pages and rows (index_update_stats).
    virtual void count_rows(std::uint32_t file_node) = 0;
    /// ANALYZE: the size, and how many different values the columns have. False: there are no rows.
    virtual bool analyze(Host& host, const Relation& relation) = 0;
    /// Of the versions that are stored; 0: none.
    virtual std::int64_t last_rid(std::uint32_t file_node) = 0;
    virtual void drop_index(Oid index_oid) = 0;
    virtual void truncate(std::uint32_t file_node) = 0;

    // Row versions.
    /// Places, toasts and stores a version. Returns its rid, xmin, born and which columns went out of
    /// line, without the columns themselves. Throws SqlError 54000 for a row that is too big.
    virtual RowVersion insert(Host& host, const Relation& relation, const NewVersion& version) = 0;
    /// Marks a version dead. REQUIRES: it is alive.
    /// What a scan does to a page that it comes to (heap_page_prune_opt).
    virtual void prune_block(std::uint32_t file_node, std::uint32_t block) = 0;
    virtual void kill(std::uint32_t file_node, std::int64_t rid, std::uint64_t died, Xid xmax) = 0;
    /// Where the HOT chain of a version begins: there its index entries point.
    virtual std::int64_t root_of(std::uint32_t file_node, std::int64_t rid) = 0;
    /// Undo of insert and of kill (rollback to a savepoint or of the transaction).
    virtual void undo_insert(std::uint32_t file_node, std::int64_t rid) = 0;
    virtual void undo_kill(std::uint32_t file_node, std::int64_t rid) = 0;
    virtual std::optional<RowVersion> fetch(const Relation& relation, std::int64_t rid) = 0;
    /// Rows whose columns `attnos` equal `values` by the columns' default equality (NULL matches
    /// nothing unless `nulls_equal`), alive or written by transactions in progress: the caller judges
    /// born, died, xmin, xmax.
    virtual std::vector<RowVersion> find_equal(Host& host, const Relation& relation, std::span<const int> attnos,
                                               std::span<const Datum> values, bool nulls_equal) = 0;
    /// False: surely no version but `self`, dead ones included, has these values (none of them NULL)
    /// in the columns of an index. Much cheaper than find_equal.
    virtual bool has_other(Host& host, const Relation& relation, Oid index_oid, std::span<const Datum> values, std::int64_t self) = 0;
    /// What an index scan for these values does to the pages that it reads, as a side effect: nearly
    /// full ones are pruned. (SELECT and insert() see to it for themselves.)
    virtual void visit_index(Host& host, const Relation& relation, std::span<const int> attnos,
                             std::span<const Datum> values) = 0;
    /// All versions visible to `snapshot` in rid order.
    virtual void scan(Host& host, const Relation& relation, const Snapshot& snapshot,
                      const std::function<bool(RowVersion&)>& emit) = 0;
    /// Whether a VACUUM would change nothing: no version has died, no line pointer is free.
    virtual bool is_clean(std::uint32_t file_node) = 0;
    /// Versions with died <= horizon can be seen by nobody: they may be pruned. As in PostgreSQL
    /// (OldestXmin) that is below the first command of every transaction that still runs, so set it
    /// when a transaction starts its first statement.
    virtual void set_horizon(std::uint64_t horizon) = 0;
    /// Whose session the next calls are of (another one's ran while this one waited).
    virtual void set_host(Host& host) = 0;
    virtual std::uint32_t page_count(std::uint32_t file_node) = 0;

    /// What the planner knows of a table's size.
    virtual TableSize size_of(std::uint32_t file_node) = 0;

    /// The plans of subqueries in expressions.
    virtual SubplanCache& subplans() = 0;
};

/// Whether `version` exists for `snapshot`, its writers' state included.
bool is_visible(const Snapshot& snapshot, const RowVersion& version);

std::unique_ptr<Database> open_database();

}  // namespace cdcsim::pg
