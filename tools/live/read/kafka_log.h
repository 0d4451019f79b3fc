// The topics of a real broker, read over librdkafka. One for each run of a scenario: topics that were
// there before are not seen. Stands where the simulator has its topic log.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/kafka/topics.h"

namespace cdcsim::live {

struct KafkaAddress {
    std::string brokers;                                       ///< host:port[,host:port]
    std::vector<std::pair<std::string, std::string>> options;  ///< librdkafka's own: TLS, SASL
};

class KafkaLog : public kafka::Topics {
  public:
    /// Throws Unavailable.
    explicit KafkaLog(const KafkaAddress& address);
    ~KafkaLog() override;

    /// The end offset of each partition of the topics that came since the beginning.
    using Ends = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
    Ends ends();
    static std::size_t records_in(const Ends& ends);

    /// Reads up to these ends; the records are in the topics when this returns.
    void read_to(const Ends& ends);

    /// The topics of others, which were there at the beginning.
    const std::vector<std::string>& foreign_topics() const { return foreign_; }

    std::vector<std::string> names() const override;
    std::size_t size(std::string_view topic) const override;
    const kafka::Record& at(std::string_view topic, std::size_t offset) const override;
    std::size_t total() const override { return arrivals_.size(); }
    Place arrival(std::size_t index) const override { return arrivals_[index]; }

  private:
    struct Client;
    std::optional<Ends> ask_ends();
    void file(std::map<std::string, std::vector<kafka::Record>> arrived);

    std::unique_ptr<Client> client_;
    std::vector<std::string> foreign_;
    std::map<std::string, std::vector<kafka::Record>, std::less<>> topics_;
    std::vector<Place> arrivals_;
};

/// All topics but Kafka's own. Throws Unavailable.
std::vector<std::string> list_topics(const KafkaAddress& address);
/// Deletes topics and waits until they are gone.
void delete_topics(const KafkaAddress& address, const std::vector<std::string>& topics);

}  // namespace cdcsim::live
