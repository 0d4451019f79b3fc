// The simulated pipeline as a scenario's target: sessions that live as long as their names, steps
// that wait for locks and end later, records that are in the topics when a statement is done.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/scenario/loader.h"
#include "core/scenario/scripts.h"
#include "core/scenario/target.h"
#include "sim/pipeline/simulation.h"

namespace cdcsim {

class SimulatedTarget : public scenario::Target {
  public:
    /// `folder` is where the paths of \i begin. Both references must outlive the target.
    SimulatedTarget(Simulation& simulation, scenario::FileReader& files, std::string folder);
    ~SimulatedTarget() override;

    scenario::SqlAnswer run_sql(int step_number, const scenario::SqlStep& step) override;
    std::vector<scenario::LateAnswer> take_late() override;
    std::vector<scenario::LateAnswer> still_waiting() override;
    scenario::ConnectorAnswer run_connector(const scenario::ConnectorStep& step) override;
    scenario::ConnectorAnswer connector_state(const std::string& name) override;
    void sleep(double seconds) override;
    std::vector<std::string> take_refusals() override;
    const kafka::Topics& topics() const override { return simulation_.topics(); }

  private:
    class Host;

    void after_statement(scenario::Outcome& outcome);
    /// Lets the connectors send; a refusal is kept for take_refusals().
    void drain();
    scenario::ConnectorAnswer guarded(const std::string& name, const std::function<void()>& action);

    Simulation& simulation_;
    scenario::FileReader& files_;
    std::string folder_;
    scenario::Scripts scripts_;
    std::vector<std::string> refusals_;
};

}  // namespace cdcsim
