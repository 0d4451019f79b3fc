// librdkafka's handles with their lifetimes, and the questions to a broker that need no consumer.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/live/read/kafka_log.h"

namespace cdcsim::live {

struct FreeKafka {
    void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
    void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
    void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
template <typename T>
using KafkaHandle = std::unique_ptr<T, FreeKafka>;

/// Throws Unavailable with librdkafka's words if an option does not fit.
KafkaHandle<rd_kafka_t> open_kafka(const KafkaAddress& address);

/// The number of partitions of each topic but Kafka's own.
std::map<std::string, int> list_partitions(rd_kafka_t* client);

}  // namespace cdcsim::live
