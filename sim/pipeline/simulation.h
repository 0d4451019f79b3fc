// The one place that wires the rooms: server, Connect worker, topic log, clock. Everything above it
// (the scenario target, the library) drives the rooms through this.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/scenario/psql_run.h"
#include "sim/connect/worker.h"
#include "sim/kafka/topic_log.h"
#include "sim/pipeline/simulated_clock.h"
#include "sim/postgres/server.h"

namespace cdcsim {

struct SimulationOptions {
    std::string database = "cdc";
    std::string user = "postgres";
    std::uint64_t seed = 1;
    UnixMicros start{1'704'067'200'123'457};  ///< 2024-01-01 00:00:00.123457 UTC
    Lsn base_lsn{0x1500000};
    Xid base_xid{730};
    Oid base_oid = kFirstNormalOid;
    bool plan_sharing = true;                 ///< off: every statement is parsed and bound anew, with the same bytes
};

/// The options of one of the three runs by which volatile values are found (0, 1, 2): seed, counters
/// and every field of the clock differ.
SimulationOptions volatile_variant(SimulationOptions options, int run);

class Simulation {
  public:
    explicit Simulation(const SimulationOptions& options);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation();

    const SimulationOptions& options() const { return options_; }
    pg::Server& server() { return *server_; }
    connect::Worker& worker() { return *worker_; }
    kafka::TopicLog& topics() { return topics_; }
    const kafka::TopicLog& topics() const { return topics_; }
    SimulatedClock& clock() { return clock_; }

    /// Runs one simple-query message: the clock moves on, then the session answers.
    scenario::MessageAnswer execute(pg::Session& session, std::string_view sql,
                                    const std::function<std::string()>& copy_in = {});
    scenario::MessageAnswer resume(pg::Session& session, std::string_view sql);

    /// Lets the connectors send all that is ready. Throws NotSimulated from a connector.
    void drain() { worker_->run_until_idle(topics_); }

    /// Option values that come from the target: host, user, database; and what a scenario may leave
    /// out (connector.class, plugin.name, topic.prefix).
    connect::ConnectorSettings connector_defaults() const;
    void set_connection(connect::ConnectorSettings& settings) const;

  private:
    SimulationOptions options_;
    SimulatedClock clock_;
    SimulatedRandom random_;
    kafka::TopicLog topics_;
    std::unique_ptr<pg::Server> server_;
    std::unique_ptr<connect::Worker> worker_;
};

/// PostgreSQL's error as a client sees it: positions in characters from 1.
scenario::Report report_of(const SqlError& error, std::string_view severity, std::string_view sql);

}  // namespace cdcsim
