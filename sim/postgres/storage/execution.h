// One run of a Program: what SQLite's callbacks find by the number in their first argument.
#pragma once

#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/executor/cte.h"
#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/storage/database.h"
#include "sim/postgres/storage/program.h"

namespace cdcsim::pg {

/// The rows of an expression's RowInputs, filled from a callback's arguments.
class RowBuffer {
  public:
    explicit RowBuffer(const RowInputs& inputs);
    RowBuffer(const RowBuffer&) = delete;
    RowBuffer& operator=(const RowBuffer&) = delete;
    std::span<const EvalRow> fill(const RowInputs& inputs, sqlite3_value** values);

  private:
    std::vector<Datum> columns_;
    std::vector<std::size_t> offsets_;
    std::vector<EvalRow> rows_;
};

/// What bundle() hands to rows().
struct Bundle {
    static constexpr const char* kType = "bundle";
    std::vector<sqlite3_value*> values;
};

class Execution {
  public:
    Execution(SqliteDatabase& database, const Program& program, Host& host,
              const Snapshot& snapshot, ParamSource* params, const EvalContext* outer,
              CteScope* ctes);
    ~Execution();
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

    int number() const { return number_; }
    const Program& program() const { return program_; }
    SqliteDatabase& database() { return database_; }
    Host& host() { return host_; }

    /// The level of a block, without rows.
    EvalContext& level(int block) { return levels_[static_cast<std::size_t>(block)]; }
    Datum evaluate_expression(int number, sqlite3_value** values);
    RowBuffer& source_buffer(int number);

    void bind(Statement& statement);
    /// What LIMIT or OFFSET says, of a sort; -1: nothing.
    std::int64_t bound_count(int parameter) const;
    /// Reads all rows of a text with the program's parameters, and gives those that its sort leaves.
    std::vector<std::vector<Datum>> sorted_rows(const SortedStage& stage);
    /// What reading the tables does to their pages.
    void visit_pages();
    /// The combined hash value of the keys of program().hash_tables[number].
    std::uint32_t hash_of(int number, sqlite3_value** values);
    /// A hash table of groups: entered one after the other, then asked for their order.
    int new_hash_table(int number);
    /// `rows`: of the group.
    void add_group(int table, std::int64_t rows, std::uint32_t hash);
    std::uint32_t group_rank(int table, std::size_t group);
    /// The same for the rows of a merge join's side; `values`: the row's rids and keys.
    int new_sort_table(int number);
    void add_sorted(int table, sqlite3_value** values);
    std::uint32_t sort_rank(int table, std::string_view row);
    /// A key of the row, or of the last one before it that has no NULL among its keys; NULL if there is none.
    const Datum& merge_key(int table, std::string_view row, std::size_t key);
    const CompiledKey& sort_key(int table, std::size_t key) const;
    /// Data-modifying CTEs that were not read.
    void finish();

    void keep_error(std::exception_ptr error) {
        if (!error_) error_ = std::move(error);
    }
    bool has_error() const { return error_ != nullptr; }
    void rethrow_error() {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

  private:
    struct HashTable {
        double expected = 1;
        bool has_repeats = false;
        std::vector<std::uint32_t> hashes, ranks;
    };
    struct SortTable {
        int number = 0;                               ///< of the program's
        RowTable keys;
        std::vector<std::string> rows;                ///< their rids
        std::map<std::string, std::uint32_t, std::less<>> ranks;  ///< made when the first is asked for
        std::vector<std::int64_t> anchors;            ///< of each rank the row whose keys count; -1: none
    };
    SortTable& ranked_table(int number);
    Datum parameter_value(const Parameter& parameter);
    void visit_entries(const TableScan& scan);

    SqliteDatabase& database_;
    const Program& program_;
    Host& host_;
    int number_ = 0;
    SubplanResults subplans_;
    std::vector<EvalContext> levels_;
    std::vector<std::unique_ptr<CteScope>> scopes_;
    std::vector<std::unique_ptr<RowBuffer>> buffers_, source_buffers_;
    std::vector<Datum> bound_;
    std::vector<HashTable> hash_tables_;
    std::vector<SortTable> sort_tables_;
    std::exception_ptr error_;
};

/// Runs what a callback of SQLite does: what it throws is kept, and ends the statement.
template <typename Body>
void guarded(sqlite3_context* context, Execution& execution, Body&& body) {
    if (execution.has_error()) return;  // the statement is being given up
    try {
        body();
    } catch (...) {
        execution.keep_error(std::current_exception());
        sqlite3_result_error(context, "kept", -1);
    }
}

/// The Execution that a callback's first argument names.
Execution& execution_of(SqliteDatabase& database, sqlite3_value* number);

}  // namespace cdcsim::pg
