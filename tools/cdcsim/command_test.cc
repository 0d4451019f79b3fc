// cdcsim test: finds scenarios, runs them side by side, reports in the order in which they were found.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/test_case.h"
#include "tools/cdcsim/test_progress.h"

namespace cdcsim::cli {

namespace {

constexpr const char* kHelp = R"(Runs scenarios (directories recursively; by default the present one) and judges them: their
expectations, and the golden (x.golden.jsonl, written from the real stack) or snapshot
(x.snap.jsonl, written by --update from the simulator) beside them.
)";

/// Runs the cases on several threads; results are told in the cases' order.
class Runner {
  public:
    Runner(const std::vector<TestCase>& cases, unsigned threads, bool fail_fast, Update update)
        : cases_(cases), threads_(threads), fail_fast_(fail_fast), update_(update), results_(cases.size()) {}

    std::vector<TestResult> run(Reporter& reporter) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < threads_; ++i) threads.emplace_back([this] { work(); });
        std::vector<TestResult> done;
        for (std::size_t i = 0; i < cases_.size(); ++i) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return results_[i].has_value() || (stopped_ && i >= started_); });
            if (!results_[i]) break;
            done.push_back(std::move(*results_[i]));
            lock.unlock();
            reporter.tell(done.back());
            const Status status = status_of(done.back().verdict);
            if (fail_fast_ && status != Status::kHeld && status != Status::kNotSimulated) break;
        }
        stop();
        for (std::thread& thread : threads) thread.join();
        return done;
    }

  private:
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }

    void work() {
        while (true) {
            std::size_t mine = 0;
            {
                const std::lock_guard lock(mutex_);
                if (stopped_ || started_ >= cases_.size()) return;
                mine = started_++;
            }
            TestResult result = run_test(cases_[mine], update_);
            const std::lock_guard lock(mutex_);
            results_[mine] = std::move(result);
            changed_.notify_all();
        }
    }

    const std::vector<TestCase>& cases_;
    unsigned threads_;
    bool fail_fast_;
    Update update_;
    std::vector<std::optional<TestResult>> results_;
    std::size_t started_ = 0;
    bool stopped_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace

Status test_command(const Arguments& arguments) {
    OptionSet options("test [PATH...]", kHelp);
    options.value("j,jobs", "how many scenarios at once (the number of processors)", "N")
        .flag("update", "write x.snap.jsonl from the simulator where there is no golden");
    add_test_options(options);
    if (!options.parse(arguments)) return Status::kHeld;
    const std::vector<TestCase> cases = collect_cases(options, options.paths().empty() ? std::vector<std::string>{"."} : options.paths());
    if (options.has("list")) return list_cases(cases);
    const unsigned jobs = std::min<unsigned>(options.count("jobs", std::max(1U, std::thread::hardware_concurrency())), static_cast<unsigned>(cases.size()));
    Reporter reporter(options, cases.size());
    Runner runner(cases, jobs, options.has("fail-fast"), options.has("update") ? Update::kSnapshots : Update::kNo);
    const std::vector<TestResult> results = runner.run(reporter);
    return finish(options, results, reporter);
}

}  // namespace cdcsim::cli
