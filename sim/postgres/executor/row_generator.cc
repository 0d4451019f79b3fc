#include "sim/postgres/executor/row_generator.h"

#include <utility>

namespace cdcsim::pg {

void RowGenerator::hand_over(std::unique_lock<std::mutex>& lock, bool to_body) {
    body_runs_ = to_body;
    turn_.notify_all();
    turn_.wait(lock, [&] { return body_runs_ != to_body; });
}

void RowGenerator::run() {
    {
        std::unique_lock lock(mutex_);
        turn_.wait(lock, [&] { return body_runs_; });
    }
    try {
        body_([this](std::span<const Datum> row) { return push(row); });
    } catch (const GivenUp&) {
    } catch (...) {
        error_ = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    done_ = true;
    body_runs_ = false;
    turn_.notify_all();
}

bool RowGenerator::push(std::span<const Datum> row) {
    row_->assign(row.begin(), row.end());
    has_row_ = true;
    std::unique_lock lock(mutex_);
    hand_over(lock, false);
    if (given_up_) throw GivenUp();
    return true;
}

bool RowGenerator::next(std::vector<Datum>& row) {
    std::unique_lock lock(mutex_);
    if (done_) return false;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    row_ = &row;
    has_row_ = false;
    hand_over(lock, true);
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return has_row_;
}

RowGenerator::~RowGenerator() {
    if (!thread_.joinable()) return;
    {
        std::unique_lock lock(mutex_);
        given_up_ = true;
        if (!done_) hand_over(lock, true);
    }
    thread_.join();
}

}  // namespace cdcsim::pg
