// Shows the topic log to real Kafka clients: librdkafka's mock cluster, filled from the log. The log
// stays the truth; the mock is a sink. It keeps 5 MiB of stored batches or 100,000 batches of a
// partition and would silently drop what is older, so going past that is an error here.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "sim/kafka/topic_log.h"

namespace cdcsim::kafka {

/// A broker that cannot be started, or that would lose records.
class MockClusterError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class MockCluster {
  public:
    /// Starts a broker on a free port of 127.0.0.1. Throws MockClusterError.
    MockCluster();
    ~MockCluster();

    /// `127.0.0.1:port`.
    const std::string& bootstrap_servers() const { return bootstrap_servers_; }

    /// Produces what the log has gained since the last call, with keys, values, headers, timestamps
    /// and null values; returns when the broker has all of it. Topics get one partition. Throws
    /// MockClusterError if the broker has dropped records because a partition exceeds its limits.
    void fill(const TopicLog& log);

  private:
    struct Handle;
    void create_topic(const std::string& name);
    void produce(const Topic& topic, std::size_t offset);
    void wait_for_deliveries();
    void check_kept(const Topic& topic);

    std::unique_ptr<Handle> handle_;
    std::string bootstrap_servers_;
    std::map<std::string, std::size_t> stored_;  ///< records of each topic in the broker
};

}  // namespace cdcsim::kafka
