// The simulated pipeline as a scenario's target: sessions that live as long as their names, steps
// that wait for locks and end later, records that are in the topics when a statement is done.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/scenario/loader.h"
#include "core/scenario/psql_run.h"
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
    struct Script;

    Host* host_for(const scenario::SqlStep& step, std::unique_ptr<Host>& own);
    void advance(Script& script);
    static scenario::SqlAnswer still_waits(const Script& script);
    void after_statement(scenario::Outcome& outcome);
    /// Lets the connectors send; a refusal is kept for take_refusals().
    void drain();
    /// Lets steps go on whose locks have become free.
    void wake();
    scenario::ConnectorAnswer guarded(const std::string& name, const std::function<void()>& action);

    Simulation& simulation_;
    scenario::FileReader& files_;
    std::string folder_;
    std::map<std::string, std::unique_ptr<Host>> sessions_;
    std::vector<std::unique_ptr<Script>> waiting_;
    std::vector<scenario::LateAnswer> late_;
    std::vector<std::string> refusals_;
    bool waking_ = false;
};

}  // namespace cdcsim
