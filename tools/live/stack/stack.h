// The real stack on this machine: PostgreSQL 15, Kafka 4.3.0, Kafka Connect with Debezium. Started
// once, left warm, found again by the addresses in its folder; parts whose address is given are
// attached to instead of started.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace cdcsim::live {

struct Addresses {
    std::string postgres;  ///< libpq URI
    std::string kafka;     ///< host:port
    std::string connect;   ///< URL
    std::string folder;    ///< of the stack's files
    /// All three were started by us and serve nobody else.
    bool own = true;
    std::vector<std::pair<std::string, std::string>> kafka_options = {};  ///< of librdkafka: TLS, SASL
    /// Where Kafka Connect finds PostgreSQL, should it be another place than where we do; "": the same.
    std::string postgres_for_connect = {};
};

/// Which stack is meant.
struct StackOptions {
    std::string name = "default";
    std::string postgres, kafka, connect;  ///< given addresses; "": started
    std::string debezium;                  ///< another release; "": the pinned one
    std::vector<std::pair<std::string, std::string>> kafka_options;
    std::string postgres_for_connect;  ///< host:port

    bool attaches() const { return !postgres.empty() || !kafka.empty() || !connect.empty(); }
    std::string folder() const;
};

/// The options of the n-th of several stacks that are used at once: the first is the one that is named.
StackOptions side_by_side(const StackOptions& options, std::size_t n);

/// Starts what is not there; instant if all is. Throws Unavailable.
Addresses bring_up(const StackOptions& options);

/// Ends what was started and removes its files, those of the stacks side by side with it too.
void take_down(const StackOptions& options);

/// The addresses of a stack that answers. Throws Unavailable, which names what does not.
Addresses find_stack(const StackOptions& options);

/// One JSON object.
std::string print_addresses(const Addresses& addresses);

/// One user of a stack at a time: waits until it is ours.
class StackLock {
  public:
    explicit StackLock(const StackOptions& options);
    explicit StackLock(const std::string& path);
    ~StackLock();
    StackLock(const StackLock&) = delete;

  private:
    int file_ = -1;
};

}  // namespace cdcsim::live
