// The topics: ordered, unbounded, with offsets; the truth that consumers, listings and expectations
// read. Mirrors what a broker with one partition for each topic would hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/kafka/sink.h"
#include "core/kafka/topics.h"

namespace cdcsim::kafka {

/// One topic of one partition.
class Topic {
  public:
    explicit Topic(std::string name) : name_(std::move(name)) {}
    const std::string& name() const { return name_; }
    std::size_t size() const { return records_.size(); }
    /// REQUIRES: offset < size(). The reference stays valid until the topic is truncated.
    const Record& at(std::size_t offset) const { return records_[offset]; }

  private:
    friend class TopicLog;
    std::string name_;
    std::deque<Record> records_;
};

class TopicLog : public RecordSink, public Topics {
  public:
    /// Where one record landed.
    struct Arrival {
        const Topic* topic;
        std::size_t offset;
    };
    /// A point in time, to go back to. Topics that came later are forgotten by restore().
    struct Mark {
        std::size_t arrivals = 0;
    };

    /// Topics are created by their first record. Throws ConnectError for a partition other than 0.
    void send(ProducerRecord record) override;

    /// Null if nothing was ever written to it.
    const Topic* find(std::string_view topic) const;
    /// Sorted by name, byte by byte.
    std::vector<const Topic*> topics() const;
    /// All records of all topics in the order in which they were written.
    const std::vector<Arrival>& arrivals() const { return arrivals_; }

    std::vector<std::string> names() const override;
    std::size_t size(std::string_view topic) const override;
    const Record& at(std::string_view topic, std::size_t offset) const override;
    std::size_t total() const override { return arrivals_.size(); }
    Place arrival(std::size_t index) const override;

    Mark mark() const { return {arrivals_.size()}; }
    void restore(Mark mark);

  private:
    std::map<std::string, Topic, std::less<>> topics_;
    std::vector<Arrival> arrivals_;
};

}  // namespace cdcsim::kafka
