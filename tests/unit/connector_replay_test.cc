// Plays recorded conversations with a real PostgreSQL (tests/connector/*.replay.jsonl) to our
// connector and compares its records with those that the real Debezium wrote of the same WAL.
// tests/live/compare_connectors.py records both.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "core/kafka/kcat_json.h"
#include "core/pgoutput/read_message.h"
#include "sim/connect/worker.h"
#include "sim/debezium/catalog_queries.h"

namespace {

using namespace cdcsim;
using nlohmann::json;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

/// The recorded exchanges, in order.
class Conversation {
  public:
    explicit Conversation(const std::filesystem::path& path) : lines_(lines_of(path)) {}
    /// The next exchange without taking it; null at the end.
    json peek() const { return at_ < lines_.size() ? json::parse(lines_[at_]) : json(); }
    json take(const char* kind) {
        json entry = peek();
        INFO("line " << at_ + 1 << " of the conversation, expected " << kind);
        REQUIRE(entry.contains(kind));
        ++at_;
        return entry;
    }

  private:
    std::vector<std::string> lines_;
    std::size_t at_ = 0;
};

void add_builtin_types(QueryResult& answer) {
    static const auto lines =
        lines_of(std::filesystem::path(CDCSIM_TEST_DIR) / "connector/builtin_types.tsv");
    for (const auto& line : lines) {
        auto& row = answer.rows.emplace_back();
        std::istringstream fields(line);
        for (std::string field; std::getline(fields, field, '\t');) row.emplace_back(field);
    }
}

class ReplayConnection : public SqlConnection {
  public:
    explicit ReplayConnection(Conversation& conversation) : conversation_(conversation) {}
    QueryResult query(std::string_view sql) override {
        json entry = conversation_.take("sql");
        REQUIRE(entry["sql"] == std::string(sql));
        if (entry.contains("error"))
            throw SqlError(entry["error"][0].get<std::string>(), entry["error"][1]);
        QueryResult answer;
        for (const auto& name : entry["columns"]) answer.columns.push_back({name, 0, -1});
        for (const auto& values : entry["rows"]) {
            auto& row = answer.rows.emplace_back();
            for (const auto& value : values)
                row.push_back(value.is_null() ? std::nullopt : std::optional<std::string>(value));
        }
        if (sql == debezium::catalog::kTypes) add_builtin_types(answer);
        return answer;
    }
    void for_each_row(
        std::string_view sql,
        const std::function<void(const std::vector<std::optional<std::string>>&)>& row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    Conversation& conversation_;
};

class ReplayStream : public ReplicationSource {
  public:
    explicit ReplayStream(Conversation& conversation) : conversation_(conversation) {}
    std::optional<pgoutput::Message> next() override {
        json entry = conversation_.peek();
        if (entry.contains("idle")) {
            conversation_.take("idle");
            return std::nullopt;
        }
        entry = conversation_.take("message");
        std::string bytes = connect::bytes_of_hex(entry["message"].get<std::string>());
        return pgoutput::Message{{entry["lsn"].get<std::uint64_t>()},
                                 pgoutput::read_message(bytes)};
    }
    void confirm(Lsn) override {}

  private:
    Conversation& conversation_;
};

class ReplayServer : public PostgresServer {
  public:
    explicit ReplayServer(Conversation& conversation) : conversation_(conversation) {}
    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<ReplayConnection>(conversation_);
    }
    std::unique_ptr<ReplicationSource> start_replication(const std::string&, Lsn start,
                                                         const std::string&) override {
        REQUIRE(conversation_.take("start")["start"] == start.value);
        return std::make_unique<ReplayStream>(conversation_);
    }
    Lsn create_slot(const std::string&) override {
        return {conversation_.take("create_slot")["create_slot"].get<std::uint64_t>()};
    }

  private:
    Conversation& conversation_;
};

class FixedClock : public Clock {
  public:
    UnixMicros now() override { return {1704067200123457}; }
};
class FixedRandom : public Random {
  public:
    std::uint64_t next() override { return 7; }
};

class Lines : public kafka::RecordSink {
  public:
    void send(kafka::ProducerRecord record) override {
        auto& lines = by_topic[record.topic];
        kafka::Record stored{0,
                             static_cast<std::int64_t>(lines.size()),
                             record.timestamp_ms,
                             record.key,
                             record.value,
                             record.headers};
        kafka::append_kcat_json(lines.emplace_back(), record.topic, stored);
    }
    std::map<std::string, std::vector<std::string>> by_topic;
};

/// Without the connector's clock, its run id, and what each snapshot's own transaction gives.
std::string normalised(const std::string& line) {
    json record = json::parse(line);
    record.erase("ts");
    record.erase("broker");
    if (record.contains("headers"))
        for (std::size_t i = 0; i + 1 < record["headers"].size(); ++i)
            if (record["headers"][i] == "__debezium.context.runId")
                record["headers"][i + 1] = "RUN";
    static const std::regex clock(R"re(("op":"[a-z]",)"ts_ms":\d+(,"ts_us":\d+,"ts_ns":\d+)?)re");
    static const std::regex times(R"re("ts_ms":\d+,("snapshot":))re");
    static const std::regex sequence(
        R"re("sequence":"\[null,\\"\d+\\"\]","ts_us":\d+,"ts_ns":\d+)re");
    static const std::regex position(R"re("txId":\d+,"lsn":\d+)re");
    for (const char* member : {"key", "payload"}) {
        if (!record[member].is_string()) continue;
        std::string text = record[member];
        // What varies stands in the source block and behind it, a short text for std::regex.
        auto source = text.rfind("\"source\":{\"version\"");
        if (source == text.npos) continue;
        // A logical message has its clock before the source block.
        if (auto message = text.rfind("\"op\":\"m\"", source); message != text.npos)
            source = message;
        std::string tail = std::regex_replace(text.substr(source), clock, "$1CLOCK");
        if (tail.find("\"snapshot\":\"false\"") == tail.npos) {
            tail = std::regex_replace(tail, times, "SNAPSHOT,$1");
            tail = std::regex_replace(tail, sequence, "SNAPSHOT");
            tail = std::regex_replace(tail, position, "SNAPSHOT");
        }
        record[member] = text.substr(0, source) + tail;
    }
    return record.dump();
}

void play(const std::filesystem::path& replay) {
    Conversation conversation(replay);
    ReplayServer server(conversation);
    FixedClock clock;
    FixedRandom random;
    connect::Worker worker({server, clock, random});
    Lines ours;
    json body = conversation.take("connector")["connector"];
    auto name = worker.create_from_json(body.dump());
    while (conversation.peek().contains("cmd")) {
        std::string command = conversation.take("cmd")["cmd"];
        if (command == "stop") worker.stop(name);
        if (command == "resume") worker.resume(name);
        worker.run_until_idle(ours);
    }
    std::string stem = replay.string();
    stem.erase(stem.size() - std::string_view(".replay.jsonl").size());
    std::map<std::string, std::vector<std::string>> golden;
    for (const auto& line : lines_of(stem + ".golden.jsonl"))
        golden[json::parse(line)["topic"]].push_back(line);
    for (const auto& [topic, lines] : golden) {
        INFO("topic " << topic);
        REQUIRE(ours.by_topic[topic].size() == lines.size());
        for (std::size_t i = 0; i < lines.size(); ++i) {
            INFO("record " << i);
            CHECK(normalised(ours.by_topic[topic][i]) == normalised(lines[i]));
        }
    }
    for (const auto& [topic, lines] : ours.by_topic) {
        INFO("topic " << topic << " has no real records");
        CHECK(golden.contains(topic));
    }
}

}  // namespace

TEST_CASE("the connector writes what Debezium wrote of the same WAL") {
    std::vector<std::filesystem::path> replays;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(CDCSIM_TEST_DIR) / "connector"))
        if (entry.path().string().ends_with(".replay.jsonl")) replays.push_back(entry.path());
    std::ranges::sort(replays);
    REQUIRE(!replays.empty());
    for (const auto& replay : replays) DYNAMIC_SECTION(replay.filename().string()) {
            play(replay);
        }
}
