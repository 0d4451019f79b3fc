#include "tools/live/read/kafka_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/live/read/commit_order.h"
#include "tools/live/read/kafka_client.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

constexpr int kLimitMs = 10'000;
constexpr double kReadLimit = 60;

struct FreeTopic {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, FreeTopic>;

kafka::Content content_of(const void* data, std::size_t size) {
    kafka::Content out;
    if (data == nullptr) return out;
    out.is_null = false;
    out.payload.assign(static_cast<const char*>(data), size);
    return out;
}

std::shared_ptr<const kafka::Headers> headers_of(const rd_kafka_message_t* message) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return nullptr;
    auto out = std::make_shared<kafka::Headers>();
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
        kafka::Header& header = out->emplace_back();
        header.key = name;
        if (value != nullptr) header.value.emplace(static_cast<const char*>(value), size);
    }
    return out;
}

kafka::Record record_of(const rd_kafka_message_t* message) {
    kafka::Record out;
    out.partition = message->partition;
    out.offset = message->offset;
    out.timestamp_ms = rd_kafka_message_timestamp(message, nullptr);
    out.key = content_of(message->key, message->key_len);
    out.value = content_of(message->payload, message->len);
    out.headers = headers_of(message);
    return out;
}

}  // namespace

struct KafkaLog::Client {
    KafkaHandle<rd_kafka_t> kafka;
    KafkaHandle<rd_kafka_queue_t> queue;
    std::map<std::string, TopicHandle> topics;
    Ends read;  ///< the offset behind what was read

    ~Client() {
        for (const auto& [place, offset] : read) rd_kafka_consume_stop(topics[place.first].get(), place.second);
    }

    /// Begins to fetch a partition that came.
    void follow(const std::pair<std::string, std::int32_t>& place) {
        if (!read.try_emplace(place, 0).second) return;
        TopicHandle& topic = topics[place.first];
        if (!topic) topic.reset(rd_kafka_topic_new(kafka.get(), place.first.c_str(), nullptr));
        rd_kafka_consume_start_queue(topic.get(), place.second, RD_KAFKA_OFFSET_BEGINNING, queue.get());
    }

    bool is_behind(const Ends& ends) const {
        return std::any_of(ends.begin(), ends.end(), [&](const auto& end) { return read.at(end.first) < end.second; });
    }
};

KafkaLog::KafkaLog(const KafkaAddress& address) : client_(std::make_unique<Client>()) {
    client_->kafka = open_kafka(address);
    client_->queue.reset(rd_kafka_queue_new(client_->kafka.get()));
    for (const auto& [name, partitions] : list_partitions(client_->kafka.get())) foreign_.push_back(name);
}

KafkaLog::~KafkaLog() = default;

KafkaLog::Ends KafkaLog::ends() {
    std::optional<Ends> out;
    wait_until({"Kafka tells the ends of the topics", 10, 50}, [&] { return (out = ask_ends()).has_value(); });
    return *out;
}

/// nullopt while a topic that is just being made has no leader yet.
std::optional<KafkaLog::Ends> KafkaLog::ask_ends() {
    const auto there = list_partitions(client_->kafka.get());
    const KafkaHandle<rd_kafka_topic_partition_list_t> asked(rd_kafka_topic_partition_list_new(8));
    for (const auto& [name, partitions] : there) {
        if (std::binary_search(foreign_.begin(), foreign_.end(), name)) continue;
        for (int i = 0; i < partitions; ++i) rd_kafka_topic_partition_list_add(asked.get(), name.c_str(), i)->offset = RD_KAFKA_OFFSET_END;
    }
    Ends out;
    if (asked->cnt == 0) return out;
    const rd_kafka_resp_err_t trouble = rd_kafka_offsets_for_times(client_->kafka.get(), asked.get(), kLimitMs);
    if (trouble == RD_KAFKA_RESP_ERR__TRANSPORT || trouble == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) throw Unavailable(std::string("Kafka: ") + rd_kafka_err2str(trouble));
    if (trouble != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
    for (int i = 0; i < asked->cnt; ++i) {
        const rd_kafka_topic_partition_t& one = asked->elems[i];
        if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
        out[{one.topic, one.partition}] = std::max<std::int64_t>(0, one.offset);
    }
    return out;
}

std::size_t KafkaLog::records_in(const Ends& ends) {
    std::size_t out = 0;
    for (const auto& [place, end] : ends) out += static_cast<std::size_t>(end);
    return out;
}

void KafkaLog::read_to(const Ends& ends) {
    for (const auto& [place, end] : ends) client_->follow(place);
    std::map<std::string, std::vector<kafka::Record>> arrived;
    const double deadline = now_seconds() + kReadLimit;
    while (client_->is_behind(ends)) {
        check_interrupted();
        if (now_seconds() > deadline) throw Unavailable(fmt::format("read {} of {} records within {:g} s", records_in(client_->read), records_in(ends), kReadLimit));
        const KafkaHandle<rd_kafka_message_t> message(rd_kafka_consume_queue(client_->queue.get(), 100));
        if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        const std::string name = rd_kafka_topic_name(message->rkt);
        client_->read[{name, message->partition}] = message->offset + 1;
        arrived[name].push_back(record_of(message.get()));
    }
    file(std::move(arrived));
}

void KafkaLog::file(std::map<std::string, std::vector<kafka::Record>> arrived) {
    for (const std::string& name : in_commit_order(arrived)) {
        std::vector<kafka::Record>& records = topics_[name];
        arrivals_.push_back({name, records.size()});
        auto& from = arrived[name];
        records.push_back(std::move(from.front()));
        from.erase(from.begin());
    }
}

std::vector<std::string> KafkaLog::names() const {
    std::vector<std::string> out;
    for (const auto& [name, records] : topics_) out.push_back(name);
    return out;
}

std::size_t KafkaLog::size(std::string_view topic) const {
    const auto found = topics_.find(topic);
    return found == topics_.end() ? 0 : found->second.size();
}

const kafka::Record& KafkaLog::at(std::string_view topic, std::size_t offset) const { return topics_.find(topic)->second[offset]; }

}  // namespace cdcsim::live
