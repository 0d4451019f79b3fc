#include "tools/live/read/kafka_client.h"

#include <algorithm>
#include <array>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

constexpr int kLimitMs = 10'000;
constexpr std::array<std::string_view, 3> kInternalTopics = {"__consumer_offsets", "__share_group_state", "__transaction_state"};

void set_option(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
    char why[256];
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
        throw Unavailable(std::string("Kafka's options: ") + why);
    }
}

void ignore_log(const rd_kafka_t*, int, const char*, const char*) {}

}  // namespace

KafkaHandle<rd_kafka_t> open_kafka(const KafkaAddress& address) {
    struct FreeConf {
        void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
    };
    std::unique_ptr<rd_kafka_conf_t, FreeConf> conf(rd_kafka_conf_new());
    rd_kafka_conf_set_log_cb(conf.get(), ignore_log);
    set_option(conf.get(), "bootstrap.servers", address.brokers);
    set_option(conf.get(), "client.id", "cdcsim");
    set_option(conf.get(), "fetch.wait.max.ms", "10");
    set_option(conf.get(), "topic.metadata.refresh.interval.ms", "-1");
    for (const auto& [name, value] : address.options) set_option(conf.get(), name, value);
    char why[256];
    rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why, sizeof why);
    if (client == nullptr) throw Unavailable(std::string("Kafka: ") + why);
    static_cast<void>(conf.release());  // the client's now
    return KafkaHandle<rd_kafka_t>(client);
}

std::map<std::string, int> list_partitions(rd_kafka_t* client) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t trouble = rd_kafka_metadata(client, 1, nullptr, &metadata, kLimitMs);
    if (trouble != RD_KAFKA_RESP_ERR_NO_ERROR) throw Unavailable(std::string("Kafka: ") + rd_kafka_err2str(trouble));
    std::map<std::string, int> out;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
        const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
        const bool internal = std::find(kInternalTopics.begin(), kInternalTopics.end(), topic.topic) != kInternalTopics.end();
        if (!internal && topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) out[topic.topic] = topic.partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return out;
}

std::vector<std::string> list_topics(const KafkaAddress& address) {
    const auto client = open_kafka(address);
    std::vector<std::string> out;
    for (const auto& [name, partitions] : list_partitions(client.get())) out.push_back(name);
    return out;
}

void delete_topics(const KafkaAddress& address, const std::vector<std::string>& topics) {
    const auto client = open_kafka(address);
    const KafkaHandle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
    wait_until({"Kafka has deleted the scenario's topics", 20, 10}, [&] {
        const auto there = list_partitions(client.get());
        std::vector<rd_kafka_DeleteTopic_t*> requests;
        for (const std::string& name : topics) {
            if (there.count(name) > 0) requests.push_back(rd_kafka_DeleteTopic_new(name.c_str()));
        }
        if (requests.empty()) return true;
        rd_kafka_DeleteTopics(client.get(), requests.data(), requests.size(), nullptr, queue.get());
        rd_kafka_DeleteTopic_destroy_array(requests.data(), requests.size());
        const KafkaHandle<rd_kafka_event_t> answer(rd_kafka_queue_poll(queue.get(), kLimitMs));
        return false;
    });
}

}  // namespace cdcsim::live
