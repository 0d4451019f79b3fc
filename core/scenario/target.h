// What a scenario runs against: the simulated pipeline or the live stack. The runner drives it, the
// expectations read its topics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/kafka/topics.h"
#include "core/scenario/scenario.h"
#include "core/scenario/sql_outcome.h"

namespace cdcsim::scenario {

/// What an sql step answered so far.
struct SqlAnswer {
    std::vector<Outcome> outcomes;
    bool waiting = false;    ///< a statement waits for a lock; the rest comes through take_late()
    std::string waits_for;   ///< the lock and its holder
    std::string waiting_sql;
};

/// The whole answer of a step that had been left waiting.
struct LateAnswer {
    int step = 0;
    SqlAnswer answer;
};

struct ConnectorAnswer {
    int http_status = 200;    ///< as Connect answered
    std::string message;      ///< of an answer that is not 2xx
    bool not_simulated = false;
    std::string state;        ///< RUNNING, PAUSED, STOPPED, FAILED; "" if there is no such connector
    std::string trace;        ///< of a failed task
};

class Target {
  public:
    virtual ~Target() = default;

    /// Called before each step.
    virtual void begin(const Step&) {}

    /// Runs a script to its end, or until it waits for a lock. All records that it causes are in the
    /// topics when this returns.
    virtual SqlAnswer run_sql(int step_number, const SqlStep& step) = 0;
    /// Steps that were waiting and have ended since the last call, in the order of their ends.
    virtual std::vector<LateAnswer> take_late() = 0;
    /// Steps that wait still, with what they wait for.
    virtual std::vector<LateAnswer> still_waiting() = 0;

    virtual ConnectorAnswer run_connector(const ConnectorStep& step) = 0;
    virtual ConnectorAnswer connector_state(const std::string& name) = 0;
    virtual void sleep(double seconds) = 0;

    /// What turned out not to be simulated outside of a statement's or connector step's answer (a
    /// connector that meets it while it streams), since the last call.
    virtual std::vector<std::string> take_refusals() { return {}; }

    virtual const kafka::Topics& topics() const = 0;
};

}  // namespace cdcsim::scenario
