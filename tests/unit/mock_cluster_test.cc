// A real librdkafka consumer reads back what the topic log holds.
#include <catch2/catch.hpp>
#include <librdkafka/rdkafka.h>

#include "sim/kafka/mock_cluster.h"

using namespace cdcsim::kafka;

namespace {

struct Read {
    std::optional<std::string> key, value;
    std::int64_t timestamp_ms = 0, offset = 0;
    Headers headers;
};

std::optional<std::string> bytes(const void* data, std::size_t size) {
    return data ? std::optional(std::string(static_cast<const char*>(data), size)) : std::nullopt;
}

std::vector<Read> consume(const std::string& servers, const std::string& topic, std::size_t count) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[512];
    rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), error, sizeof error);
    rd_kafka_conf_set(conf, "group.id", "test", error, sizeof error);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", error, sizeof error);
    rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    std::vector<Read> out;
    for (int i = 0; i < 300 && out.size() < count; ++i) {
        rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
        if (!message) continue;
        if (!message->err) {
            Read read{bytes(message->key, message->key_len), bytes(message->payload, message->len), rd_kafka_message_timestamp(message, nullptr), message->offset, {}};
            rd_kafka_headers_t* headers = nullptr;
            if (!rd_kafka_message_headers(message, &headers)) {
                const char* name = nullptr;
                const void* value = nullptr;
                std::size_t size = 0;
                for (std::size_t h = 0; !rd_kafka_header_get_all(headers, h, &name, &value, &size); ++h) read.headers.push_back({name, bytes(value, size)});
            }
            out.push_back(read);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return out;
}

ProducerRecord record(const std::string& topic, std::optional<std::string> key, std::optional<std::string> value, std::int64_t ms) {
    ProducerRecord out;
    out.topic = topic;
    out.timestamp_ms = ms;
    const auto content = [](const std::optional<std::string>& text) {
        Content c;
        c.is_null = !text;
        c.payload = text.value_or("");
        return c;
    };
    out.key = content(key);
    out.value = content(value);
    return out;
}

}  // namespace

TEST_CASE("a consumer reads the very records of the log") {
    TopicLog log;
    auto first = record("cdc.public.t", "{\"id\":1}", "{\"op\":\"c\"}", 1704067200123);
    first.headers = std::make_shared<Headers>(Headers{{"a", "1"}, {"empty", ""}, {"null", std::nullopt}, {"a", "2"}});
    first.value.prefix = std::make_shared<std::string>("{\"schema\":{},\"payload\":");
    first.value.closed_by_brace = true;
    log.send(first);
    log.send(record("cdc.public.t", "{\"id\":1}", std::nullopt, 1704067200124));
    log.send(record("cdc.public.t", std::nullopt, "", 5));
    MockCluster cluster;
    cluster.fill(log);
    log.send(record("cdc.public.t", "k", "later", 6));
    cluster.fill(log);
    const auto records = consume(cluster.bootstrap_servers(), "cdc.public.t", 4);
    REQUIRE(records.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        const Record& wanted = log.find("cdc.public.t")->at(i);
        CHECK(records[i].offset == wanted.offset);
        CHECK(records[i].key == wanted.key.text());
        CHECK(records[i].value == wanted.value.text());
        CHECK(records[i].timestamp_ms == wanted.timestamp_ms);
        REQUIRE(records[i].headers.size() == (wanted.headers ? wanted.headers->size() : 0));
        for (std::size_t h = 0; h < records[i].headers.size(); ++h) {
            CHECK(records[i].headers[h].key == (*wanted.headers)[h].key);
            CHECK(records[i].headers[h].value == (*wanted.headers)[h].value);
        }
    }
}

TEST_CASE("more than the mock broker keeps is an error, never a silent loss") {
    TopicLog log;
    std::uint64_t state = 1;
    for (int i = 0; i < 70; ++i) {  // 7 MB that do not compress
        std::string noise(100'000, '\0');
        for (char& c : noise) c = static_cast<char>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 56);
        log.send(record("big", std::nullopt, noise, i));
    }
    MockCluster cluster;
    CHECK_THROWS_WITH(cluster.fill(log), Catch::Contains("more than the mock broker keeps"));
}
