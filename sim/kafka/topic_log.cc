#include "sim/kafka/topic_log.h"

#include <utility>

#include "core/base/error.h"

namespace cdcsim::kafka {

void TopicLog::send(ProducerRecord record) {
    if (record.partition.value_or(0) != 0) {
        throw ConnectError(500, "topic " + record.topic + " has one partition, the record is for partition " +
                                    std::to_string(*record.partition));
    }
    auto found = topics_.find(record.topic);
    if (found == topics_.end()) found = topics_.emplace(record.topic, Topic(record.topic)).first;
    Topic& topic = found->second;
    const std::size_t offset = topic.records_.size();
    topic.records_.push_back(Record{0, static_cast<std::int64_t>(offset), record.timestamp_ms,
                                    std::move(record.key), std::move(record.value),
                                    std::move(record.headers)});
    arrivals_.push_back({&topic, offset});
}

const Topic* TopicLog::find(std::string_view topic) const {
    auto found = topics_.find(topic);
    return found == topics_.end() ? nullptr : &found->second;
}

std::vector<const Topic*> TopicLog::topics() const {
    std::vector<const Topic*> out;
    out.reserve(topics_.size());
    for (const auto& [name, topic] : topics_) out.push_back(&topic);
    return out;
}

std::vector<std::string> TopicLog::names() const {
    std::vector<std::string> out;
    for (const auto& [name, topic] : topics_) out.push_back(name);
    return out;
}

std::size_t TopicLog::size(std::string_view topic) const {
    const Topic* found = find(topic);
    return found ? found->size() : 0;
}

const Record& TopicLog::at(std::string_view topic, std::size_t offset) const {
    const Topic* found = find(topic);
    CDCSIM_CHECK(found && offset < found->size());
    return found->at(offset);
}

Topics::Place TopicLog::arrival(std::size_t index) const {
    CDCSIM_CHECK(index < arrivals_.size());
    return {arrivals_[index].topic->name(), arrivals_[index].offset};
}

void TopicLog::restore(Mark mark) {
    while (arrivals_.size() > mark.arrivals) {
        auto found = topics_.find(arrivals_.back().topic->name());
        arrivals_.pop_back();
        found->second.records_.pop_back();
        if (found->second.records_.empty()) topics_.erase(found);
    }
}

}  // namespace cdcsim::kafka
