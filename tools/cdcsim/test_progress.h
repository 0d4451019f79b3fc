// What test, record and diff share: which scenarios are meant, a line for each while they run, the
// reports at the end.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/progress_line.h"
#include "tools/cdcsim/test_case.h"

namespace cdcsim::cli {

/// --filter, --tag, --list, --fail-fast, --quiet, --verbose, --junit, --tap, --color.
void add_test_options(OptionSet& options);

/// The scenarios below the paths that the options choose. Throws UsageError if there is none.
std::vector<TestCase> collect_cases(const OptionSet& options, const std::vector<std::string>& paths);

/// What --list prints.
Status list_cases(const std::vector<TestCase>& cases);

/// Tells results as they come, and sums them up.
class Reporter {
  public:
    Reporter(const OptionSet& options, std::size_t total);

    /// Which scenario runs now.
    void begin(const TestCase& test, std::size_t number);
    void tell(const TestResult& result);
    void summary(std::size_t ran);
    void set_status(Status status) { status_ = status; }

  private:
    std::string line(const TestResult& result) const;
    std::string details(const TestResult& result) const;

    bool quiet_, verbose_, tap_, color_;
    ProgressLine progress_;
    std::size_t total_;
    std::array<std::size_t, kVerdicts> counts_{};
    Status status_ = Status::kHeld;
};

/// Writes TAP, the summary and the JUnit file. Gives the worst status.
Status finish(const OptionSet& options, const std::vector<TestResult>& results, Reporter& reporter);

}  // namespace cdcsim::cli
