// Kafka Connect's REST interface, as far as scenarios need it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cdcsim::live {

constexpr const char* kConnectorClass = "io.debezium.connector.postgresql.PostgresConnector";

/// Connect's answer to a request: its status, and the message of an error.
struct RestAnswer {
    int status = 200;
    std::string message;
    bool good() const { return status >= 200 && status < 300; }
};

struct ConnectorStatus {
    std::string state;  ///< RUNNING only if its task runs; STARTING; FAILED if any part is; "": none
    std::string trace;  ///< of the part that failed
};

class ConnectRest {
  public:
    using Config = std::vector<std::pair<std::string, std::string>>;

    explicit ConnectRest(std::string url);

    std::vector<std::string> connectors();
    /// Creates the connector, or gives an existing one a new configuration.
    RestAnswer put_config(const std::string& name, const Config& config);
    /// stop, pause, resume, restart or delete.
    RestAnswer verb(const std::string& name, const std::string& verb);
    ConnectorStatus status(const std::string& name);
    /// Connect's own version, and that of a connector's class.
    std::string version();
    std::string plugin_version(const std::string& connector_class);

  private:
    std::string url_;
};

}  // namespace cdcsim::live
