// What record and diff share: scenarios one after the other on the real stack, guided by how many
// records the simulated run has.
#pragma once

#include <functional>
#include <vector>

#include "core/scenario/report.h"
#include "tools/cdcsim/test_progress.h"
#include "tools/live/drive/live_target.h"
#include "tools/live/stack/stack.h"

namespace cdcsim::cli {

/// How many records the simulated run has; empty if that is no guide, because something is not
/// simulated or does not hold.
std::vector<live::StepGuide> guides_of(const scenario::RunReport& simulated);

/// Called while the scenario's topics are still there.
using LookAtRun = std::function<void(live::LiveTarget&, const scenario::RunReport&)>;

struct LiveRun {
    live::StackOptions stack;
    std::vector<live::StepGuide> guides;
};

/// One run of one scenario: starts the stack when needed, leaves it warm and clean. Throws
/// live::Unavailable, live::Interrupted.
void run_live(const scenario::Scenario& scenario, const LiveRun& run, const LookAtRun& look);

/// Each case by `run`, with what goes wrong turned into verdicts. `jobs` of them at once, each on a stack
/// of its own; their results are in the order of the cases.
using RunCase = std::function<TestResult(const TestCase&, const live::StackOptions&)>;
struct Jobs {
    const live::StackOptions& stack;
    std::size_t count = 1;
};
std::vector<TestResult> run_cases(const std::vector<TestCase>& cases, const OptionSet& options, Reporter& reporter, const Jobs& jobs, const RunCase& run);

}  // namespace cdcsim::cli
