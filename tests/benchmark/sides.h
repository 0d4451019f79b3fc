// The systems that are compared. Each function runs one workload from nothing and tells how long its
// statements took; setting up is not measured.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "tests/benchmark/child.h"

namespace cdcsim::benchmark {

/// SQL texts to finished records: one session, one connector, every statement drained.
struct Simulated {
    static Sample inserts(std::size_t count);
    static Sample insert_select(std::size_t rows);
    static Sample trigger_updates(std::size_t count, std::size_t rows);
    /// The records' texts put together, as a consumer reads them, after `count` INSERTs.
    static Sample record_texts(std::size_t count);
};

/// Bare SQLite in memory, sqlite3_exec.
struct Sqlite {
    static Sample inserts(std::size_t count);
    static Sample insert_select(std::size_t rows);
    static Sample updates(std::size_t count, std::size_t rows);
};

/// A real server through libpq, PQexec. Works in a schema of its own that it drops again.
struct Postgres {
    static bool is_built_in();
    static Sample inserts(const std::string& connection, std::size_t count);
    static Sample insert_select(const std::string& connection, std::size_t rows);
    static Sample trigger_updates(const std::string& connection, std::size_t count, std::size_t rows);
};

/// `cdcsim run FILE`: the median wall time and the largest peak of memory.
ProcessResult command_line_run(const std::string& file, int times);

}  // namespace cdcsim::benchmark
