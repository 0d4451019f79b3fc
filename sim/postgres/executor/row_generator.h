// Rows pulled one by one from code that pushes them. A data-modifying CTE needs it: PostgreSQL runs
// it as far as its rows are read, so `WITH gone AS (DELETE ...) INSERT ... SELECT FROM gone` deletes
// and inserts in turns, and logs so. The pushing side has a thread of its own; only one of the two
// ever runs. Mirrors nothing: ExecProcNode pulls by nature.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

class RowGenerator {
  public:
    /// `body` runs from the first next() on, one row at a time.
    explicit RowGenerator(std::function<void(const RowSink&)> body) : body_(std::move(body)) {}
    /// A body that has not ended is given up: its sink throws.
    ~RowGenerator();
    RowGenerator(const RowGenerator&) = delete;
    RowGenerator& operator=(const RowGenerator&) = delete;

    /// False at the end. Throws what the body throws.
    bool next(std::vector<Datum>& row);

  private:
    struct GivenUp {};

    void run();
    bool push(std::span<const Datum> row);
    /// Lets the other side run until it hands back.
    void hand_over(std::unique_lock<std::mutex>& lock, bool to_body);

    std::function<void(const RowSink&)> body_;
    std::mutex mutex_;
    std::condition_variable turn_;
    bool body_runs_ = false, done_ = false, given_up_ = false;
    std::vector<Datum>* row_ = nullptr;
    bool has_row_ = false;
    std::exception_ptr error_;
    std::thread thread_;
};

}  // namespace cdcsim::pg
