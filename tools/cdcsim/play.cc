#include "tools/cdcsim/play.h"

#include "core/scenario/runner.h"

namespace cdcsim::cli {

namespace {

SimulationOptions options(const scenario::Scenario& scenario, int variant) {
    SimulationOptions out;
    out.database = scenario.database;
    out.user = scenario.user;
    return volatile_variant(out, variant);
}

}  // namespace

Play::Play(const scenario::Scenario& scenario, int variant)
    : simulation_(options(scenario, variant)), target_(simulation_, disk_, scenario::folder_of(scenario.file)) {
    report_ = scenario::run_scenario(scenario, target_);
}

std::future<std::pair<std::unique_ptr<Play>, std::unique_ptr<Play>>> play_aside(const scenario::Scenario& scenario) {
    return std::async(std::launch::async, [&scenario] { return std::pair(std::make_unique<Play>(scenario, 1), std::make_unique<Play>(scenario, 2)); });
}

}  // namespace cdcsim::cli
