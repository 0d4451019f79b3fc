// What a run of a scenario came to: its steps with what they answered and caused, and its failures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/scenario/scenario.h"
#include "core/scenario/sql_outcome.h"
#include "core/scenario/target.h"

namespace cdcsim::scenario {

/// An expectation that did not hold. `text` is for people, of several lines.
struct Failure {
    std::string file;
    int line = 0;
    int step = 0;   ///< 0: the scenario as a whole
    std::string title;  ///< one line: what did not hold
    std::vector<std::pair<std::string, std::string>> details;  ///< {"expected", "..."}; last: a hint
};

/// `file:line: step N: title`, then a line for each detail.
std::string print_failure(const Failure& failure);

struct StepReport {
    const Step* step = nullptr;
    std::vector<Outcome> outcomes;   ///< of an sql step
    ConnectorAnswer connector;       ///< of a connector step
    std::size_t records_begin = 0;   ///< the arrivals that came while it ran
    std::size_t records_end = 0;
    bool not_simulated = false;
    bool waiting = false;            ///< it has not ended when the next step began
};

struct RunReport {
    const Scenario* scenario = nullptr;
    std::vector<StepReport> steps;
    std::vector<Failure> failures;
    std::vector<std::string> not_simulated;  ///< `not simulated: ...` lines, each once
    /// The failures count: an xfail scenario that failed as said has none.
    bool expected_failure = false;

    bool failed() const { return !failures.empty(); }
};

/// What psql would have printed for each sql step, headed by `-- step N`.
std::string transcript(const RunReport& report);

}  // namespace cdcsim::scenario
