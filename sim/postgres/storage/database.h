// The Database behind heap.h: one SQLite connection, the heaps in it, and what storage/'s other
// files register on it. Not for other folders.
#pragma once

#include <compare>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/storage/heap.h"
#include "sim/postgres/storage/placement.h"
#include "sim/postgres/planner/table_planner.h"
#include "sim/postgres/storage/sqlite.h"
#include "sim/postgres/storage/tuple.h"

namespace cdcsim::pg {

class Execution;  // storage/execution.h

/// The greatest value that an index of one column has ever had. Keys mostly ascend: a greater one is
/// nobody else's, and its index need not be asked. Only for types that SQLite orders itself.
struct LeadingKey {
    Oid index = kInvalidOid;
    std::size_t column = 0;              ///< attno - 1
    Datum greatest;                      ///< NULL: the heap had no value
    std::int64_t rid = -1;               ///< the only version that has it; -1: not known to be alone
    bool is_lost = false;                ///< a value came that is not compared here

    /// Takes note of a new version's value.
    void add(const Datum& value, std::int64_t version);
    /// True: surely no version but `self` has `value`, which is not NULL.
    bool is_alone(const Datum& value, std::int64_t self) const;

  private:
    std::optional<std::strong_ordering> order(const Datum& value) const;
};

/// The SQLite side of one relation's heap.
struct HeapTable {
    std::string name;                    ///< t<file node>
    std::vector<ColumnCodec> codecs;     ///< by attno - 1
    Placement placement;
    /// Dead versions without a successor on their page whose index entries are not yet known to be
    /// dead: an index scan for their keys still reads their pages.
    std::unordered_set<std::int64_t> ghosts;
    /// How the values lie of those versions that have a compressed or out-of-line one.
    std::unordered_map<std::int64_t, StoredValues> stored;
    std::uint32_t known_pages = 0;       ///< pg_class.relpages and reltuples, as CREATE INDEX left them
    double known_tuples = -1;
    std::vector<ColumnStatistics> statistics;  ///< of ANALYZE
    Statement insert, kill, remove, revive, fetch;  ///< prepared at first use
    std::size_t insert_width = 0;        ///< the columns that `insert` has
    std::vector<LeadingKey> leading_keys;
};

class SqliteDatabase : public Database {
  public:
    SqliteDatabase();
    ~SqliteDatabase() override;

    void create_table(const Relation& relation) override;
    void drop_table(std::uint32_t file_node) override;
    void add_column(const Relation& relation, int attno) override;
    void fill_column(Host& host, const Relation& relation, int attno, const Datum& value) override;
    void create_index(const Relation& relation, Oid index_oid,
                      std::span<const int> attnos) override;
    void count_rows(std::uint32_t file_node) override;
    bool analyze(Host& host, const Relation& relation) override;
    std::int64_t last_rid(std::uint32_t file_node) override;
    void drop_index(Oid index_oid) override;
    void truncate(std::uint32_t file_node) override;
    RowVersion insert(Host& host, const Relation& relation, const NewVersion& version) override;
    void kill(std::uint32_t file_node, std::int64_t rid, std::uint64_t died, Xid xmax) override;
    void undo_insert(std::uint32_t file_node, std::int64_t rid) override;
    void undo_kill(std::uint32_t file_node, std::int64_t rid) override;
    std::optional<RowVersion> fetch(const Relation& relation, std::int64_t rid) override;
    std::vector<RowVersion> find_equal(Host& host, const Relation& relation,
                                       std::span<const int> attnos, std::span<const Datum> values,
                                       bool nulls_equal) override;
    bool has_other(Host& host, const Relation& relation, Oid index_oid,
                   std::span<const Datum> values, std::int64_t self) override;
    void visit_index(Host& host, const Relation& relation, std::span<const int> attnos,
                     std::span<const Datum> values) override;
    void scan(Host& host, const Relation& relation, const Snapshot& snapshot,
              const std::function<bool(RowVersion&)>& emit) override;
    bool is_clean(std::uint32_t file_node) override { return table(file_node).placement.is_clean(); }
    void set_horizon(std::uint64_t horizon) override { horizon_ = horizon; }
    std::uint32_t page_count(std::uint32_t file_node) override { return table(file_node).placement.page_count(); }
    SubplanCache& subplans() override { return subplans_; }

    sqlite3* handle() { return handle_; }
    StatementCache& statements() { return statements_; }

    /// " COLLATE T<oid>" for a type whose order is not SQLite's own, "" for others; registers the
    /// collation. Throws NotSimulated for a type that is not there.
    std::string collation_of(Environment& env, Oid type);
    /// What a sequential scan does to the pages that it reads.
    void prune_for_scan(std::uint32_t file_node);
    /// The attnos that a SQLite index of this heap begins with.
    bool has_index_on(std::uint32_t file_node, int attno) const;
    TableSize size_of(std::uint32_t file_node) override;
    std::int64_t root_of(std::uint32_t file_node, std::int64_t rid) override;
    bool has_prunable_pages(std::uint32_t file_node);
    void prune_block(std::uint32_t file_node, std::uint32_t block) override;

    /// Collations of arrays and rows ask this for types; the last Host that was seen.
    void set_host(Host& host) override;
    Host& host() { return *host_; }
    /// Collations cannot fail: their error is kept here until the statement's step returns.
    void keep_error(std::exception_ptr error) {
        if (!collation_error_) collation_error_ = std::move(error);
    }
    void rethrow_collation_error();

    /// Running statements, by the number that they are bound to (see execution.h).
    std::vector<Execution*> executions;

  private:
    ColumnStatistics analyze_column(const std::string& column, const std::string& name, double rows);
    struct Index {
        std::uint32_t file_node = 0;
        std::vector<int> attnos;
        std::vector<Oid> types;
        Statement probe;   ///< prepared at first use
        std::vector<ColumnCodec> codecs;
    };
    HeapTable& table(std::uint32_t file_node);
    void prune_page(HeapTable& heap, std::int64_t rid);
    /// `pinned_block` is read, but cannot be pruned; -1: none.
    void visit_entries(Host& host, const Relation& relation, std::span<const int> attnos,
                       std::span<const Datum> values, std::int64_t pinned_block);
    void check_unique_entries(Host& host, const Relation& relation, const NewVersion& version);
    void forget_pruned(HeapTable& heap, const std::vector<std::int64_t>& gone);
    void add_leading_key(Oid index_oid, const Index& index);
    std::string find_sql(Host& host, const Relation& relation, std::string select,
                         std::span<const int> attnos, std::span<const Datum> values);
    void bind_values(Host& host, const Relation& relation, Statement& statement,
                     std::span<const int> attnos, std::span<const Datum> values);
    RowVersion read_version(HeapTable& heap, const Statement& row, const Relation& relation);
    void order_as_found(Host& host, const Relation& relation, std::span<const int> attnos,
                        std::vector<RowVersion>& found);
    void run_or_postpone(const std::string& sql);
    void run_postponed();

    sqlite3* handle_ = nullptr;
    std::map<std::uint32_t, HeapTable> tables_;
    std::map<Oid, Index> indexes_;
    std::vector<Oid> missing_indexes_;
    std::set<Oid> collations_;
    std::vector<std::string> postponed_;
    StatementCache statements_;
    SubplanCache subplans_;
    std::uint64_t horizon_ = 0;
    Host* host_ = nullptr;
    std::exception_ptr collation_error_;
};

/// Registers the functions, aggregates and table-valued functions (functions.cc, rows_table.cc).
void register_functions(SqliteDatabase& database);
void register_aggregates(SqliteDatabase& database);
void register_frames(SqliteDatabase& database);
void register_rows_table(SqliteDatabase& database);
/// The width of the rows<width> table that has so many columns.
int rows_table_width(std::size_t columns);

}  // namespace cdcsim::pg
