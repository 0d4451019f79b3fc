// One scenario as `cdcsim test` runs it: played once, and if a golden or snapshot stands beside it,
// twice more to find what is volatile; then compared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/scenario/report.h"
#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

enum class Verdict { kHeld, kFailed, kNotSimulated, kExpectedFailure, kSkipped, kBadFile, kInternal, kNoLiveStack };
constexpr std::size_t kVerdicts = 8;

/// A scenario of a file, or a file that does not load.
struct TestCase {
    scenario::Scenario scenario;
    std::string text;        ///< the file's bytes
    std::string load_error;  ///< not empty: the file does not fit
    std::string title;       ///< `file` or `file[case]`
};

struct TestResult {
    const TestCase* test = nullptr;
    Verdict verdict = Verdict::kHeld;
    std::vector<std::string> lines;  ///< failures, as they are printed
    std::string compared_with;       ///< "golden", "snapshot" or ""
    std::size_t records = 0;
    std::size_t volatile_leaves = 0;
    std::size_t skipped_leaves = 0;
    std::string note;                ///< what --verbose says instead
    double seconds = 0;
};

enum class Update { kNo, kSnapshots };

/// `x.yaml` and case `c` to `x[c]<suffix>`: the files beside a scenario.
std::string beside(const scenario::Scenario& scenario, const std::string& suffix);
std::string sha256_hex(const std::string& text);

TestResult run_test(const TestCase& test, Update update);

/// The exit status that a verdict stands for.
Status status_of(Verdict verdict);

}  // namespace cdcsim::cli
