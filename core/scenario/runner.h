// Runs a scenario's steps against a target and judges them.
#pragma once

#include <functional>

#include "core/scenario/report.h"
#include "core/scenario/target.h"

namespace cdcsim::scenario {

/// Called after each step, for output that follows the run.
using StepObserver = std::function<void(const StepReport&)>;

/// REQUIRES: `scenario` outlives the report.
RunReport run_scenario(const Scenario& scenario, Target& target, const StepObserver& after_step = {});

/// Turns the failures of an xfail scenario into an expected failure, and its success into a failure.
/// Called when everything has been judged, goldens included.
void apply_xfail(RunReport& report);

}  // namespace cdcsim::scenario
