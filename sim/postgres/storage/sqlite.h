// SQLite's handles with owners, and its values as Datums. Only this folder includes sqlite3.h.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

class Environment;

/// How a type's values lie in SQLite where Datum's kind alone does not say it.
struct ColumnCodec {
    bool blob = false;   ///< bytea, uuid: Text is BLOB
    bool real = false;   ///< floats: TEXT is NaN
};
ColumnCodec codec_of(Environment& env, Oid type);

/// A prepared statement. Binds are by number from 1.
class Statement {
  public:
    Statement() = default;
    Statement(sqlite3* db, std::string_view sql);

    explicit operator bool() const { return handle_ != nullptr; }
    sqlite3_stmt* get() const { return handle_.get(); }

    void bind(int index, const Datum& value, ColumnCodec codec = {});
    /// Without a copy: `value` lasts until the statement is reset, and is bound anew before it runs again.
    void bind_lasting(int index, const Datum& value, ColumnCodec codec = {});
    void bind_int(int index, std::int64_t value);
    /// True while there is a row. Throws InternalError for SQLite's own errors; an error that a
    /// callback has left is the caller's to look for first.
    bool step();
    /// step() for callers that look for a callback's error: SQLITE_ROW, SQLITE_DONE or an error.
    int raw_step() { return sqlite3_step(handle_.get()); }
    void reset() { sqlite3_reset(handle_.get()); }
    bool is_busy() const { return sqlite3_stmt_busy(handle_.get()) != 0; }

    Datum column(int index, ColumnCodec codec = {}) const;
    std::int64_t column_int(int index) const {
        return sqlite3_column_int64(handle_.get(), index);
    }

  private:
    void bind_value(int index, const Datum& value, ColumnCodec codec, sqlite3_destructor_type owner);

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// Prepared statements by their text. A statement that is running is not given out again.
class StatementCache {
  public:
    /// Takes a statement for one use; give it back with `put`.
    Statement take(sqlite3* db, const std::string& sql);
    void put(const std::string& sql, Statement statement);
    void clear() { idle_.clear(); }

  private:
    std::unordered_map<std::string, std::vector<Statement>> idle_;
};

/// A statement for the time of one use.
class BorrowedStatement {
  public:
    BorrowedStatement(StatementCache& cache, sqlite3* db, std::string sql)
        : cache_(cache), sql_(std::move(sql)), statement_(cache.take(db, sql_)) {}
    ~BorrowedStatement() {
        statement_.reset();
        cache_.put(sql_, std::move(statement_));
    }
    BorrowedStatement(const BorrowedStatement&) = delete;
    BorrowedStatement& operator=(const BorrowedStatement&) = delete;
    Statement* operator->() { return &statement_; }
    Statement& operator*() { return statement_; }

  private:
    StatementCache& cache_;
    std::string sql_;
    Statement statement_;
};

/// Runs statements without rows (DDL). Throws InternalError.
void execute_sql(sqlite3* db, const std::string& sql);

Datum read_value(sqlite3_value* value, ColumnCodec codec = {});
void write_result(sqlite3_context* context, const Datum& value, ColumnCodec codec = {});

[[noreturn]] void throw_sqlite_error(sqlite3* db, std::string_view sql);

}  // namespace cdcsim::pg
