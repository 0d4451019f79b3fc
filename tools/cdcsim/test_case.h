// One scenario as `cdcsim test` runs it: played once, and if a golden or snapshot stands beside it,
// twice more to find what is volatile; then compared.
#pragma once

#include <string>
#include <vector>

#include "core/scenario/report.h"
#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

enum class Verdict { kHeld, kFailed, kNotSimulated, kExpectedFailure, kSkipped, kBadFile, kInternal };

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
    double seconds = 0;
};

enum class Update { kNo, kSnapshots };

TestResult run_test(const TestCase& test, Update update);

/// The exit status that a verdict stands for.
Status status_of(Verdict verdict);

}  // namespace cdcsim::cli
