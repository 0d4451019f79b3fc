#include "tools/cdcsim/test_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tools/cdcsim/test_report.h"

namespace cdcsim::cli {

namespace {

struct Word {
    Verdict verdict;
    std::string_view word, plural, color;
};
constexpr Word kWords[] = {
    {Verdict::kHeld, "ok", "held", "\x1b[32m"},
    {Verdict::kFailed, "FAILED", "failed", "\x1b[1;31m"},
    {Verdict::kNotSimulated, "NOT SIMULATED", "not simulated", "\x1b[33m"},
    {Verdict::kExpectedFailure, "failed as expected", "failed as expected", "\x1b[2m"},
    {Verdict::kSkipped, "skipped", "skipped", "\x1b[2m"},
    {Verdict::kBadFile, "BAD FILE", "bad files", "\x1b[1;31m"},
    {Verdict::kInternal, "INTERNAL ERROR", "internal errors", "\x1b[1;31m"},
    {Verdict::kNoLiveStack, "LIVE STACK AWAY", "without the live stack", "\x1b[1;31m"},
};
static_assert(std::size(kWords) == kVerdicts);

bool is_quiet_success(Verdict verdict) {
    return verdict == Verdict::kHeld || verdict == Verdict::kSkipped || verdict == Verdict::kExpectedFailure;
}

}  // namespace

void add_test_options(OptionSet& options) {
    options.values("filter", "only those whose path or name holds this text; may be repeated", "TEXT")
        .values("tag", "only those with this tag; may be repeated", "TAG")
        .flag("list", "list them instead of running them")
        .flag("fail-fast", "stop at the first failure")
        .flag("q,quiet", "nothing but a summary of failures")
        .flag("v,verbose", "a line for each scenario, with what it was compared with")
        .value("junit", "write a JUnit report", "FILE")
        .flag("tap", "write TAP to standard output")
        .value("color", "auto, always or never", "WHEN");
}

Reporter::Reporter(const OptionSet& options, std::size_t total)
    : quiet_(options.has("quiet")),
      verbose_(options.has("verbose")),
      tap_(options.has("tap")),
      color_(use_color(options, STDOUT_FILENO)),
      progress_(!quiet_),
      total_(total) {}

void Reporter::begin(const TestCase& test, std::size_t number) { progress_.show(fmt::format("[{}/{}] {}", number, total_, test.title)); }

void Reporter::tell(const TestResult& result) {
    progress_.clear();
    ++counts_[static_cast<std::size_t>(result.verdict)];
    if (tap_ || quiet_) return;
    if (is_quiet_success(result.verdict)) {
        if (verbose_) write_out(line(result));
        return flush_out();
    }
    write_out(line(result));
    for (const std::string& text : result.lines) {
        for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
            end = std::min(text.find('\n', at), text.size());
            write_out("  " + text.substr(at, end - at) + "\n");
        }
    }
    flush_out();
}

void Reporter::summary(std::size_t ran) {
    if (tap_ || (quiet_ && status_ == Status::kHeld)) return;
    std::string text;
    for (const Word& word : kWords) {
        const std::size_t count = counts_[static_cast<std::size_t>(word.verdict)];
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word.plural);
    }
    if (ran < total_) text += fmt::format("{}{} not run", text.empty() ? "" : ", ", total_ - ran);
    write_out(fmt::format("{} scenario{}: {}\n", total_, total_ == 1 ? "" : "s", text.empty() ? "none" : text));
}

std::string Reporter::line(const TestResult& result) const {
    const Word& word = kWords[static_cast<std::size_t>(result.verdict)];
    std::string out = color_ ? fmt::format("{}{}\x1b[0m", word.color, word.word) : std::string(word.word);
    if (result.verdict == Verdict::kSkipped) out += fmt::format(" (only: {})", result.test->scenario.only);
    out += " " + result.test->title;
    const std::string more = verbose_ ? details(result) : "";
    return more.empty() ? out + "\n" : fmt::format("{} ({})\n", out, more);
}

std::string Reporter::details(const TestResult& result) const {
    if (!result.note.empty()) return result.note;
    if (!result.compared_with.empty()) {
        std::string out = fmt::format("equal to its {}: {} records, {} volatile values", result.compared_with, result.records, result.volatile_leaves);
        if (result.skipped_leaves > 0) out += fmt::format(", {} not compared", result.skipped_leaves);
        return out;
    }
    return result.verdict == Verdict::kHeld ? fmt::format("{} records, no golden", result.records) : "";
}

Status finish(const OptionSet& options, const std::vector<TestResult>& results, Reporter& reporter) {
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
