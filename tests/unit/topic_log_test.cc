#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "sim/kafka/topic_log.h"

using namespace cdcsim::kafka;

namespace {

ProducerRecord record(const std::string& topic, const std::string& value) {
    ProducerRecord out;
    out.topic = topic;
    out.value.is_null = false;
    out.value.payload = value;
    return out;
}

}  // namespace

TEST_CASE("offsets count up for each topic, topics are listed by name") {
    TopicLog log;
    log.send(record("b", "1"));
    log.send(record("a", "2"));
    log.send(record("b", "3"));
    REQUIRE(log.topics().size() == 2);
    CHECK(log.topics()[0]->name() == "a");
    CHECK(log.find("b")->at(1).value.text() == "3");
    CHECK(log.find("b")->at(1).offset == 1);
    CHECK(log.find("c") == nullptr);
    CHECK(log.arrivals()[1].topic->name() == "a");
}

TEST_CASE("restoring forgets what came later, topics included") {
    TopicLog log;
    log.send(record("a", "1"));
    const auto mark = log.mark();
    log.send(record("a", "2"));
    log.send(record("b", "3"));
    log.restore(mark);
    CHECK(log.find("a")->size() == 1);
    CHECK(log.find("b") == nullptr);
    log.send(record("a", "4"));
    CHECK(log.find("a")->at(1).value.text() == "4");
}

TEST_CASE("a second partition is refused") {
    TopicLog log;
    ProducerRecord other = record("a", "1");
    other.partition = 1;
    CHECK_THROWS_AS(log.send(other), cdcsim::ConnectError);
}
