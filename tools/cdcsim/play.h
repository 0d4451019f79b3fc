// A scenario played on the simulator, from an empty server to its end.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "core/scenario/report.h"
#include "core/scenario/scenario.h"
#include "sim/pipeline/disk.h"
#include "sim/pipeline/simulated_target.h"

namespace cdcsim::cli {

class Play {
  public:
    /// `variant` 0 is the run that counts; 1 and 2 differ in all that is volatile. REQUIRES: the scenario
    /// outlives the play.
    Play(const scenario::Scenario& scenario, int variant);

    scenario::RunReport& report() { return report_; }
    const scenario::RunReport& report() const { return report_; }
    const kafka::Topics& topics() const { return target_.topics(); }

  private:
    Disk disk_;
    Simulation simulation_;
    SimulatedTarget target_;
    scenario::RunReport report_;
};

/// Variants 1 and 2, played on a thread while the real stack is waited for. REQUIRES: as of Play.
std::future<std::pair<std::unique_ptr<Play>, std::unique_ptr<Play>>> play_aside(const scenario::Scenario& scenario);

}  // namespace cdcsim::cli
