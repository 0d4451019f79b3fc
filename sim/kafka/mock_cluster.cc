#include "sim/kafka/mock_cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <string_view>

namespace cdcsim::kafka {

namespace {

constexpr int kTimeoutMs = 30'000;

struct Setting {
    const char* name;
    const char* value;
};
// lz4: the mock counts compressed bytes, and schemas repeat. One request at a time keeps the order.
constexpr auto kSettings = std::to_array<Setting>({
    {"test.mock.num.brokers", "1"},
    {"acks", "all"},
    {"max.in.flight", "1"},
    {"linger.ms", "2"},
    {"compression.codec", "lz4"},
    {"message.max.bytes", "100000000"},
    {"queue.buffering.max.messages", "10000000"},
    {"queue.buffering.max.kbytes", "2147483647"},
});

constexpr int kListOffsets = 2;  // the API's key; its versions 4 and 5 have a wrong layout in the mock

struct Deliveries {
    std::size_t pending = 0;
    std::string error;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto* deliveries = static_cast<Deliveries*>(opaque);
    --deliveries->pending;
    if (message->err) deliveries->error = rd_kafka_err2str(message->err);
}

void discard_log(const rd_kafka_t*, int, const char*, const char*) {}

}  // namespace

struct MockCluster::Handle {
    rd_kafka_t* client = nullptr;
    rd_kafka_mock_cluster_t* cluster = nullptr;
    Deliveries deliveries;

    ~Handle() {
        if (!client) return;
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(client);
    }
};

MockCluster::MockCluster() : handle_(std::make_unique<Handle>()) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    std::array<char, 512> error{};
    for (const Setting& setting : kSettings) {
        if (rd_kafka_conf_set(conf, setting.name, setting.value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
            rd_kafka_conf_destroy(conf);
            throw MockClusterError(error.data());
        }
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_log_cb(conf, discard_log);
    rd_kafka_conf_set_opaque(conf, &handle_->deliveries);
    handle_->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size());
    if (!handle_->client) {
        rd_kafka_conf_destroy(conf);
        throw MockClusterError(error.data());
    }
    handle_->cluster = rd_kafka_handle_mock_cluster(handle_->client);
    if (!handle_->cluster) throw MockClusterError("librdkafka's mock cluster does not start");
    rd_kafka_mock_set_apiversion(handle_->cluster, kListOffsets, 0, 3);
    bootstrap_servers_ = rd_kafka_mock_cluster_bootstraps(handle_->cluster);
}

MockCluster::~MockCluster() = default;

void MockCluster::fill(const TopicLog& log) {
    for (const Topic* topic : log.topics()) {
        std::size_t& stored = stored_[topic->name()];
        if (stored == topic->size()) continue;
        if (stored == 0) create_topic(topic->name());
        for (; stored < topic->size(); ++stored) produce(*topic, stored);
        wait_for_deliveries();
        check_kept(*topic);
    }
}

void MockCluster::create_topic(const std::string& name) {
    const auto error = rd_kafka_mock_topic_create(handle_->cluster, name.c_str(), 1, 1);
    if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        throw MockClusterError("topic " + name + ": " + rd_kafka_err2str(error));
    }
}

void MockCluster::produce(const Topic& topic, std::size_t offset) {
    const Record& record = topic.at(offset);
    const auto key = record.key.text(), value = record.value.text();
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers ? record.headers->size() : 0);
    for (const Header& header : record.headers ? *record.headers : Headers{}) {
        rd_kafka_header_add(headers, header.key.data(), static_cast<ssize_t>(header.key.size()),
                            header.value ? header.value->data() : nullptr, header.value ? static_cast<ssize_t>(header.value->size()) : 0);
    }
    ++handle_->deliveries.pending;
    const auto data = [](const std::optional<std::string>& text) { return text ? const_cast<char*>(text->data()) : nullptr; };
    const std::size_t key_size = key ? key->size() : 0, value_size = value ? value->size() : 0;
    const auto error = rd_kafka_producev(
        handle_->client, RD_KAFKA_V_TOPIC(topic.name().c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_KEY(data(key), key_size), RD_KAFKA_V_VALUE(data(value), value_size),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error) {
        rd_kafka_headers_destroy(headers);
        --handle_->deliveries.pending;
        throw MockClusterError("topic " + topic.name() + " offset " + std::to_string(offset) + ": " + rd_kafka_err2str(error));
    }
    rd_kafka_poll(handle_->client, 0);
}

void MockCluster::wait_for_deliveries() {
    Deliveries& deliveries = handle_->deliveries;
    for (int waited = 0; deliveries.pending > 0 && deliveries.error.empty(); ++waited) {
        if (waited > kTimeoutMs) throw MockClusterError("the mock broker does not answer");
        rd_kafka_poll(handle_->client, 1);
    }
    if (!deliveries.error.empty()) throw MockClusterError("the mock broker refuses a record: " + deliveries.error);
}

void MockCluster::check_kept(const Topic& topic) {
    std::int64_t low = 0, high = 0;
    const auto error = rd_kafka_query_watermark_offsets(handle_->client, topic.name().c_str(), 0, &low, &high, kTimeoutMs);
    if (error) throw MockClusterError("topic " + topic.name() + ": " + rd_kafka_err2str(error));
    if (low == 0 && high == static_cast<std::int64_t>(topic.size())) return;
    throw MockClusterError("topic " + topic.name() + " holds " + std::to_string(topic.size()) + " records, more than the mock broker keeps (5 MiB or 100,000 batches of a partition): it has dropped " +
                           std::to_string(low));
}

}  // namespace cdcsim::kafka
