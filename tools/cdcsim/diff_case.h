// One scenario on both sides: the simulator three times (to find what is volatile), the real stack
// once, and what differs, with the statement that caused it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tools/cdcsim/live_run.h"
#include "tools/cdcsim/play.h"
#include "tools/cdcsim/test_case.h"

namespace cdcsim::cli {

/// What a real run has that the simulated ones have not.
struct RealSide {
    const kafka::Topics& topics;
    const scenario::RunReport& report;
    std::size_t shown = 5;  ///< how many differences of records are told one by one
};

struct Differences {
    std::vector<scenario::Failure> failures;
    std::string shape;  ///< not empty: the scenario's shape depends on volatile values; nothing was compared
    std::size_t records = 0, volatile_leaves = 0, skipped_leaves = 0;
};

/// REQUIRES: three plays of one scenario, variants 0, 1 and 2.
Differences compare_sides(const scenario::Scenario& scenario, const std::array<const Play*, 3>& plays, const RealSide& real);

/// What the real stack does where the simulator refuses, a text for each.
std::vector<std::string> answers_to_refused(const scenario::RunReport& simulated, const scenario::RunReport& real);

/// Runs both sides and judges. Throws live::Unavailable.
TestResult diff_case(const TestCase& test, const live::StackOptions& stack);

}  // namespace cdcsim::cli
