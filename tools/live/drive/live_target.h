// The real stack as a scenario's target: the live counterpart of sim/pipeline/simulated_target.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/diff/flat_record.h"
#include "core/scenario/loader.h"
#include "core/scenario/scripts.h"
#include "core/scenario/target.h"
#include "tools/live/drive/arrivals.h"
#include "tools/live/drive/connectors.h"
#include "tools/live/drive/workspace.h"
#include "tools/live/read/kafka_log.h"

namespace cdcsim::live {

/// How many records the simulated run has when a step, and each of its statements, is done.
struct StepGuide {
    std::size_t at_end = 0;
    std::vector<std::size_t> after_statement;
    bool settles = true;  ///< false: the next step need not wait for this one's records
};

class LiveTarget : public scenario::Target {
  public:
    struct Options {
        Addresses addresses;
        std::string database, user;  ///< the scenario's
        std::string folder;          ///< where the paths of \i begin
        std::vector<StepGuide> guides;  ///< of each step; empty: nothing is known
    };
    /// Makes the scenario's database; its destructor leaves nothing behind. Throws Unavailable.
    LiveTarget(const Options& options, scenario::FileReader& files);

    void begin(const scenario::Step& step) override;
    scenario::SqlAnswer run_sql(int step_number, const scenario::SqlStep& step) override;
    std::vector<scenario::LateAnswer> take_late() override;
    std::vector<scenario::LateAnswer> still_waiting() override;
    scenario::ConnectorAnswer run_connector(const scenario::ConnectorStep& step) override { return connectors_.run(step); }
    scenario::ConnectorAnswer connector_state(const std::string& name) override { return connectors_.state(name); }
    void sleep(double seconds) override;
    const KafkaLog& topics() const override { return log_; }

    /// What a golden's first line says of the stack.
    diff::Golden versions();

  private:
    std::unique_ptr<scenario::PsqlHost> open(const scenario::SqlStep& step);
    void before_statement(const std::string& sql);
    void after_statement(scenario::Outcome& outcome);
    void settle();

    Options options_;
    scenario::FileReader& files_;
    Workspace workspace_;
    KafkaLog log_;
    Arrivals arrivals_;
    Connectors connectors_;
    scenario::Scripts scripts_;
    const StepGuide* guide_ = nullptr;   ///< of the present step
    std::optional<std::size_t> before_;  ///< how many records the simulated run had before the present step
    std::size_t statements_ = 0;         ///< done in the present step
    bool rows_unsettled_ = false;        ///< the connector may not have seen all rows yet
};

}  // namespace cdcsim::live
