// cdcsim test: finds scenarios, runs them side by side, reports in the order in which they were found.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "core/scenario/loader.h"
#include "sim/pipeline/disk.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/test_case.h"
#include "tools/cdcsim/test_report.h"

namespace cdcsim::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp = R"(Runs scenarios (directories recursively; by default the present one) and judges them: their
expectations, and the golden (x.golden.jsonl, written from the real stack) or snapshot
(x.snap.jsonl, written by --update from the simulator) beside them.
)";

/// YAML files below a directory that are not scenarios at all are passed over.
bool looks_like_scenario(const std::string& text) {
    for (std::string_view key : {"scenario:", "steps:"}) {
        if (text.starts_with(key) || text.find("\n" + std::string(key)) != std::string::npos) return true;
    }
    return false;
}

class Collector {
  public:
    std::vector<TestCase> collect(const std::vector<std::string>& paths) {
        for (const std::string& path : paths) {
            if (fs::is_directory(path)) {
                add_directory(path);
            } else if (auto text = disk_.read(path)) {
                add_file(path, std::move(*text));
            } else {
                throw UsageError{"cannot read " + path};
            }
        }
        return std::move(cases_);
    }

  private:
    void add_directory(const fs::path& folder) {
        std::vector<fs::path> entries;
        for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
        std::sort(entries.begin(), entries.end());
        for (const fs::path& path : entries) {
            if (path.filename().string().starts_with(".")) continue;
            if (fs::is_directory(path)) {
                add_directory(path);
            } else if (path.extension() == ".yaml" || path.extension() == ".yml") {
                auto text = disk_.read(path.string());
                if (text && looks_like_scenario(*text)) add_file(path.lexically_normal().string(), std::move(*text));
            }
        }
    }

    void add_file(const std::string& path, std::string text) {
        try {
            for (auto& scenario : scenario::load_scenarios(path, text, disk_)) {
                TestCase& test = cases_.emplace_back();
                test.title = scenario.title();
                test.scenario = std::move(scenario);
                test.text = text;
            }
        } catch (const scenario::ScenarioError& error) {
            TestCase& test = cases_.emplace_back();
            test.title = path;
            test.load_error = error.what();
        }
    }

    Disk disk_;
    std::vector<TestCase> cases_;
};

bool chosen(const TestCase& test, const OptionSet& options) {
    if (!test.load_error.empty()) return true;
    const auto filters = options.texts("filter");
    const auto matches = [&](const std::string& filter) {
        return test.title.find(filter) != std::string::npos || test.scenario.name.find(filter) != std::string::npos;
    };
    if (!filters.empty() && std::none_of(filters.begin(), filters.end(), matches)) return false;
    const auto tags = options.texts("tag");
    const auto& own = test.scenario.tags;
    return tags.empty() || std::any_of(tags.begin(), tags.end(), [&](const auto& tag) { return std::find(own.begin(), own.end(), tag) != own.end(); });
}

class Reporter {
  public:
    Reporter(const OptionSet& options, std::size_t total)
        : quiet_(options.has("quiet")), verbose_(options.has("verbose")), tap_(options.has("tap")), color_(use_color(options, STDOUT_FILENO)), total_(total) {}

    void tell(const TestResult& result) {
        ++counts_[static_cast<std::size_t>(result.verdict)];
        if (tap_ || quiet_) return;
        if (result.verdict == Verdict::kHeld || result.verdict == Verdict::kSkipped || result.verdict == Verdict::kExpectedFailure) {
            if (verbose_) write_out(line(result));
            return;
        }
        write_out(line(result));
        for (const std::string& text : result.lines) {
            for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
                end = std::min(text.find('\n', at), text.size());
                write_out("  " + text.substr(at, end - at) + "\n");
            }
        }
    }

    void summary(std::size_t ran) {
        if (tap_ || (quiet_ && status_ == Status::kHeld)) return;
        std::string text;
        for (const Word& word : kWords) {
            const std::size_t count = counts_[static_cast<std::size_t>(word.verdict)];
            if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word.plural);
        }
        if (ran < total_) text += fmt::format("{}{} not run", text.empty() ? "" : ", ", total_ - ran);
        write_out(fmt::format("{} scenario{}: {}\n", total_, total_ == 1 ? "" : "s", text.empty() ? "none" : text));
    }

    void set_status(Status status) { status_ = status; }

  private:
    struct Word {
        Verdict verdict;
        std::string_view word, plural, color;
    };
    static constexpr Word kWords[] = {
        {Verdict::kHeld, "ok", "held", "\x1b[32m"},
        {Verdict::kFailed, "FAILED", "failed", "\x1b[1;31m"},
        {Verdict::kNotSimulated, "NOT SIMULATED", "not simulated", "\x1b[33m"},
        {Verdict::kExpectedFailure, "failed as expected", "failed as expected", "\x1b[2m"},
        {Verdict::kSkipped, "skipped (only: live)", "skipped", "\x1b[2m"},
        {Verdict::kBadFile, "BAD FILE", "bad files", "\x1b[1;31m"},
        {Verdict::kInternal, "INTERNAL ERROR", "internal errors", "\x1b[1;31m"},
    };

    std::string line(const TestResult& result) const {
        const Word& word = kWords[static_cast<std::size_t>(result.verdict)];
        std::string out = color_ ? fmt::format("{}{}\x1b[0m", word.color, word.word) : std::string(word.word);
        out += " " + result.test->title;
        if (verbose_ && !result.compared_with.empty()) {
            out += fmt::format(" (equal to its {}: {} records, {} volatile values", result.compared_with, result.records, result.volatile_leaves);
            if (result.skipped_leaves > 0) out += fmt::format(", {} not compared", result.skipped_leaves);
            out += ")";
        } else if (verbose_ && result.verdict == Verdict::kHeld) {
            out += fmt::format(" ({} records, no golden)", result.records);
        }
        return out + "\n";
    }

    bool quiet_, verbose_, tap_, color_;
    std::size_t total_;
    std::array<std::size_t, 7> counts_{};
    Status status_ = Status::kHeld;
};

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
        .values("filter", "only those whose path or name holds this text; may be repeated", "TEXT")
        .values("tag", "only those with this tag; may be repeated", "TAG")
        .flag("list", "list them instead of running them")
        .flag("fail-fast", "stop at the first failure")
        .flag("q,quiet", "nothing but a summary of failures")
        .flag("v,verbose", "a line for each scenario, with what it was compared with")
        .value("junit", "write a JUnit report", "FILE")
        .flag("tap", "write TAP to standard output")
        .value("color", "auto, always or never", "WHEN")
        .flag("update", "write x.snap.jsonl from the simulator where there is no golden");
    if (!options.parse(arguments)) return Status::kHeld;
    std::vector<TestCase> cases = Collector().collect(options.paths().empty() ? std::vector<std::string>{"."} : options.paths());
    std::erase_if(cases, [&](const TestCase& test) { return !chosen(test, options); });
    if (options.has("list")) {
        for (const TestCase& test : cases) write_out(test.title + "\n");
        return Status::kHeld;
    }
    if (cases.empty()) throw UsageError{"no scenario was found"};
    const unsigned jobs = std::min<unsigned>(options.count("jobs", std::max(1U, std::thread::hardware_concurrency())), static_cast<unsigned>(cases.size()));
    Reporter reporter(options, cases.size());
    Runner runner(cases, jobs, options.has("fail-fast"), options.has("update") ? Update::kSnapshots : Update::kNo);
    const std::vector<TestResult> results = runner.run(reporter);
    Status status = Status::kHeld;
    for (const TestResult& result : results) status = worse(status, status_of(result.verdict));
    reporter.set_status(status);
    if (options.has("tap")) write_out(tap_report(results));
    reporter.summary(results.size());
    if (const std::string path = options.text("junit"); !path.empty()) {
        std::ofstream file(path, std::ios::binary);
        file << junit_report(results);
        if (!file.flush()) throw UsageError{"cannot write " + path};
    }
    return status;
}

}  // namespace cdcsim::cli
