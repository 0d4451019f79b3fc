// Kafka Connect with its connectors, as its REST interface shows it: created, reconfigured,
// paused, stopped, restarted, deleted, with offsets that outlive them. Mirrors StandaloneHerder and
// Worker; only the Debezium PostgreSQL connector exists here. Everything is synchronous:
// nothing happens between two calls, and run_until_idle() does what is ready.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/kafka/sink.h"
#include "core/pgoutput/replication_source.h"

namespace cdcsim::connect {

/// A connector's configuration: option to value.
using ConnectorSettings = std::map<std::string, std::string>;

/// What GET /connectors/{name}/status says.
struct ConnectorStatus {
    std::string connector_state;  ///< RUNNING, PAUSED or STOPPED
    std::string task_state;       ///< RUNNING, PAUSED, FAILED; empty while STOPPED
    std::string trace;            ///< of a FAILED task: the exceptions' first lines
    bool streaming = false;       ///< the snapshot is done and the slot is ours
};

class Worker {
  public:
    struct Services {
        PostgresServer& server;
        Clock& clock;
        Random& random;
    };
    /// The services must outlive the worker.
    explicit Worker(Services services);
    ~Worker();

    /// POST /connectors with its JSON body `{"name": ..., "config": {...}}`. The name. Throws
    /// ConnectError (400, 409), NotSimulated for options that are not obeyed.
    std::string create_from_json(std::string_view body);
    /// The name and configuration of such a body. Throws ConnectError.
    static std::pair<std::string, ConnectorSettings> read_json(std::string_view body);
    void create(const std::string& name, const ConnectorSettings& settings);
    /// PUT /connectors/{name}/config: creates, or restarts the task with the new configuration.
    void put_config(const std::string& name, const ConnectorSettings& settings);

    /// These throw ConnectError(404) for an unknown connector.
    void pause(const std::string& name);
    void resume(const std::string& name);
    void stop(const std::string& name);
    void restart(const std::string& name);  ///< with includeTasks=true
    void remove(const std::string& name);
    ConnectorStatus status(const std::string& name) const;
    const ConnectorSettings& settings(const std::string& name) const;

    bool exists(const std::string& name) const;
    std::vector<std::string> names() const;  ///< sorted

    /// Lets every running connector, in the order of creation, send all that is ready.
    /// NotSimulated from a connector fails its task and is thrown on.
    void run_until_idle(kafka::RecordSink& sink);

  private:
    struct Connector;
    /// `unknown`: the message of the 404, with {} for the name.
    Connector& find(const std::string& name, const char* unknown) const;
    void start_task(Connector& connector);
    void stop_task(Connector& connector);

    Services services_;
    std::vector<std::unique_ptr<Connector>> connectors_;
    struct OffsetStore;
    std::unique_ptr<OffsetStore> offsets_;
};

}  // namespace cdcsim::connect
