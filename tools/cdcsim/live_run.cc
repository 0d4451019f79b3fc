#include "tools/cdcsim/live_run.h"

#include <fmt/format.h>

#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/error.h"
#include "core/scenario/runner.h"
#include "sim/pipeline/disk.h"
#include "tools/live/stack/stack.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

namespace {

/// So that starting the stack is none of a scenario's time.
void start_or_find(const live::StackOptions& stack) {
    const live::StackLock lock(stack);
    live::bring_up(stack);
}

TestResult guarded(const TestCase& test, const live::StackOptions& stack, const RunCase& run) {
    TestResult out;
    out.test = &test;
    if (!test.load_error.empty()) {
        out.verdict = Verdict::kBadFile;
        out.lines.push_back(test.load_error + "\n");
        return out;
    }
    if (test.scenario.only == "sim") {
        out.verdict = Verdict::kSkipped;
        return out;
    }
    double begin = live::now_seconds();
    try {
        start_or_find(stack);
        begin = live::now_seconds();
        out = run(test, stack);
        out.test = &test;
    } catch (const live::Interrupted&) {
        throw;
    } catch (const live::Unavailable& trouble) {
        out.verdict = Verdict::kNoLiveStack;
        out.lines.push_back(fmt::format("{}: {}\n", test.title, trouble.what()));
    } catch (const std::exception& error) {
        out.verdict = Verdict::kInternal;
        out.lines.push_back(fmt::format("{}: {}\n", test.title, error.what()));
    }
    out.seconds = live::now_seconds() - begin;
    return out;
}

bool ends_a_run(Verdict verdict) { return status_of(verdict) != Status::kHeld && verdict != Verdict::kNotSimulated; }

}  // namespace

std::vector<live::StepGuide> guides_of(const scenario::RunReport& simulated) {
    std::vector<live::StepGuide> out;
    if (simulated.failed() || !simulated.not_simulated.empty()) return out;
    bool last_is_sql = false;
    for (const scenario::StepReport& step : simulated.steps) {
        // Between two scripts nobody looks at the topics: the silence after the second one tells for both.
        const bool is_sql = std::holds_alternative<scenario::SqlStep>(step.step->body);
        if (is_sql && !out.empty() && last_is_sql) out.back().settles = false;
        last_is_sql = is_sql;
        live::StepGuide& guide = out.emplace_back();
        guide.at_end = step.records_end;
        for (const scenario::Outcome& outcome : step.outcomes) guide.after_statement.push_back(outcome.records_after);
    }
    return out;
}

void run_live(const scenario::Scenario& scenario, const LiveRun& run, const LookAtRun& look) {
    const live::StackLock lock(run.stack);
    live::LiveTarget::Options options;
    options.addresses = live::bring_up(run.stack);
    options.database = scenario.database;
    options.user = scenario.user;
    options.folder = scenario::folder_of(scenario.file);
    options.guides = run.guides;
    Disk disk;
    live::LiveTarget target(options, disk);
    const scenario::RunReport report = scenario::run_scenario(scenario, target);
    look(target, report);
}

namespace {

class LiveRunner {
  public:
    LiveRunner(const std::vector<TestCase>& cases, const OptionSet& options, Reporter& reporter, const RunCase& run)
        : cases_(cases), fail_fast_(options.has("fail-fast")), reporter_(reporter), run_(run), results_(cases.size()) {}

    /// Case after case, until there is none left or another one has ended the run.
    void work(const live::StackOptions& stack) {
        try {
            while (const auto at = next()) {
                live::check_interrupted();
                TestResult result = guarded(cases_[*at], stack, run_);
                if (!result.note.empty()) result.note += fmt::format(", {:.1f} s", result.seconds);
                finish(*at, std::move(result));
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!trouble_) trouble_ = std::current_exception();
        }
    }

    std::vector<TestResult> take() {
        if (trouble_) std::rethrow_exception(trouble_);
        std::vector<TestResult> out;
        for (auto& result : results_) {
            if (result) out.push_back(std::move(*result));
        }
        return out;
    }

  private:
    std::optional<std::size_t> next() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (ended_ || trouble_ || next_ >= cases_.size()) return std::nullopt;
        reporter_.begin(cases_[next_], next_ + 1);
        return next_++;
    }

    void finish(std::size_t at, TestResult result) {
        const std::lock_guard<std::mutex> lock(mutex_);
        reporter_.tell(result);
        ended_ = ended_ || (fail_fast_ && ends_a_run(result.verdict));
        results_[at] = std::move(result);
    }

    const std::vector<TestCase>& cases_;
    const bool fail_fast_;
    Reporter& reporter_;
    const RunCase& run_;
    std::mutex mutex_;
    std::vector<std::optional<TestResult>> results_;
    std::size_t next_ = 0;
    bool ended_ = false;
    std::exception_ptr trouble_;
};

}  // namespace

std::vector<TestResult> run_cases(const std::vector<TestCase>& cases, const OptionSet& options, Reporter& reporter, const Jobs& jobs, const RunCase& run) {
    LiveRunner runner(cases, options, reporter, run);
    const std::size_t count = jobs.stack.attaches() ? 1 : std::min(jobs.count, cases.size());
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < count; ++i) others.emplace_back([&, i] { runner.work(live::side_by_side(jobs.stack, i)); });
    runner.work(jobs.stack);
    for (std::thread& other : others) other.join();
    return runner.take();
}

}  // namespace cdcsim::cli
