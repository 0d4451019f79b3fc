// Kafka Connect's worker: states, offsets, several connectors, messages of its REST interface.
// The server is a stub with one table and one row for each transaction.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "sim/connect/worker.h"
#include "sim/debezium/catalog_queries.h"

namespace {

using namespace cdcsim;
namespace catalog = debezium::catalog;

/// A table `public.t (id int)`, its rows in the order of their transactions.
struct StubState {
    int transactions = 0;
    std::map<std::string, bool> slots;  ///< name, active
};

std::uint64_t lsn_of(int transaction) {
    return 0x1000 + static_cast<std::uint64_t>(transaction) * 0x100;
}

class StubConnection : public SqlConnection {
  public:
    explicit StubConnection(StubState& state) : state_(state) {}
    QueryResult query(std::string_view text) override {
        std::string sql(text);
        QueryResult answer;
        auto row = [&](std::vector<std::optional<std::string>> values) {
            answer.rows.push_back(std::move(values));
        };
        auto has = [&](std::string_view part) { return sql.find(part) != sql.npos; };
        if (sql == catalog::kServer)
            row({"d", "postgres"});
        else if (has("current_database()"))
            row({"d"});
        else if (sql == catalog::kTypes)
            row({"23", "int4", "pg_catalog", "0", "0", "-1", "N", "b"});
        else if (sql == catalog::kCurrentWal)
            row({Lsn{lsn_of(state_.transactions)}.text()});
        else if (sql == catalog::kCurrentXid)
            row({"700"});
        else if (sql == catalog::kCurrentTimestamp)
            row({"2024-01-01 00:00:00.123457+00"});
        else if (sql == catalog::kTables)
            row({"public", "t"});
        else if (has("a.attnotnull"))
            row({"id", "23", "-1", "t", "", std::nullopt});
        else if (has("FROM \"public\".\"t\""))
            for (int i = 1; i <= state_.transactions; ++i) row({std::to_string(i)});
        else if (has("pg_publication"))
            row({"t"});
        else if (has("pg_replication_slots"))
            for (const auto& [name, active] : state_.slots)
                if (has("'" + name + "'"))
                    row({active ? "t" : "f", "0/1000", "0/1000", "pgoutput"});
        return answer;
    }
    void for_each_row(
        std::string_view sql,
        const std::function<void(const std::vector<std::optional<std::string>>&)>& row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    StubState& state_;
};

class StubStream : public ReplicationSource {
  public:
    StubStream(StubState& state, std::string slot, Lsn start)
        : state_(state), slot_(std::move(slot)) {
        while (lsn_of(at_) < start.value) ++at_;
    }
    ~StubStream() override { state_.slots[slot_] = false; }
    std::optional<pgoutput::Message> next() override {
        if (part_ == 0 && at_ >= state_.transactions) return std::nullopt;
        Lsn lsn{lsn_of(at_) + 0x10};
        UnixMicros time{1704067200123457 + at_};
        switch (part_++) {
            case 0:
                return pgoutput::Message{lsn, pgoutput::Begin{lsn, time, {800}}};
            case 1:
                return pgoutput::Message{
                    {0}, pgoutput::Relation{7, "public", "t", 'd', {{true, "id", 23, -1}}}};
            case 2: {
                using Kind = pgoutput::TupleColumn::Kind;
                pgoutput::Insert insert{7, {{Kind::kText, std::to_string(at_ + 1)}}};
                return pgoutput::Message{lsn, insert};
            }
            default:
                break;
        }
        part_ = 0;
        Lsn end{lsn_of(++at_)};
        return pgoutput::Message{end, pgoutput::Commit{0, lsn, end, time}};
    }
    void confirm(Lsn) override {}

  private:
    StubState& state_;
    std::string slot_;
    int at_ = 0;
    int part_ = 0;
};

class StubServer : public PostgresServer {
  public:
    explicit StubServer(StubState& state) : state_(state) {}
    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<StubConnection>(state_);
    }
    std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start,
                                                         const std::string&) override {
        if (state_.slots[slot]) throw SqlError("55006", "replication slot is active");
        state_.slots[slot] = true;
        return std::make_unique<StubStream>(state_, slot, start);
    }
    Lsn create_slot(const std::string& slot) override {
        state_.slots[slot] = false;
        return {lsn_of(state_.transactions)};
    }

  private:
    StubState& state_;
};

class FixedClock : public Clock {
  public:
    UnixMicros now() override { return {1704067200123457}; }
};
class Counter : public Random {
  public:
    std::uint64_t next() override { return ++value_; }

  private:
    std::uint64_t value_ = 0;
};

/// `topic:payload's operation and id`.
class Summary : public kafka::RecordSink {
  public:
    void send(kafka::ProducerRecord record) override {
        const auto& payload = record.value.payload;
        auto op = payload.find("\"op\":\"");
        auto id = payload.find("\"id\":") + 5;
        lines.push_back(record.topic + ":" + payload[op + 6] +
                        payload.substr(id, payload.find('}', id) - id));
    }
    std::vector<std::string> take() { return std::exchange(lines, {}); }
    std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

struct Fixture {
    StubState state;
    StubServer server{state};
    FixedClock clock;
    Counter random;
    connect::Worker worker{{server, clock, random}};
    Summary sink;

    static connect::ConnectorSettings settings(const std::string& prefix, const std::string& slot) {
        return {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
                {"plugin.name", "pgoutput"},
                {"database.hostname", "h"},
                {"database.user", "u"},
                {"database.dbname", "d"},
                {"topic.prefix", prefix},
                {"slot.name", slot},
                {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
                {"value.converter.schemas.enable", "false"}};
    }
    Lines run() {
        worker.run_until_idle(sink);
        return sink.take();
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "snapshot, stream, pause, stop and resume") {
    state.transactions = 1;
    worker.create("c", settings("cdc", "s"));
    CHECK(run() == Lines{"cdc.public.t:r1"});
    state.transactions = 3;
    CHECK(run() == Lines{"cdc.public.t:c2", "cdc.public.t:c3"});
    CHECK(worker.status("c").streaming);
    worker.pause("c");
    state.transactions = 4;
    CHECK(run().empty());
    CHECK(worker.status("c").task_state == "PAUSED");
    worker.resume("c");
    CHECK(run() == Lines{"cdc.public.t:c4"});
    worker.stop("c");
    state.transactions = 6;
    CHECK(run().empty());
    CHECK(worker.status("c").connector_state == "STOPPED");
    CHECK(worker.status("c").task_state.empty());
    worker.resume("c");
    CHECK(run() == Lines{"cdc.public.t:c5", "cdc.public.t:c6"});
    worker.restart("c");
    CHECK(run().empty());
}

TEST_CASE_METHOD(Fixture, "offsets outlive a connector, by its name and topic prefix") {
    state.transactions = 1;
    worker.create("c", settings("cdc", "s"));
    run();
    worker.remove("c");
    state.transactions = 2;
    worker.create("c", settings("cdc", "s"));
    CHECK(run() == Lines{"cdc.public.t:c2"});
    worker.put_config("c", settings("other", "s"));
    CHECK(run() == Lines{"other.public.t:r1", "other.public.t:r2"});
}

TEST_CASE_METHOD(Fixture, "a second connector waits for the slot") {
    state.transactions = 1;
    worker.create("a", settings("a", "s"));
    worker.create("b", settings("b", "s"));
    CHECK(run() == Lines{"a.public.t:r1", "b.public.t:r1"});
    CHECK(worker.status("b").task_state == "RUNNING");
    CHECK_FALSE(worker.status("b").streaming);
    state.transactions = 2;
    CHECK(run() == Lines{"a.public.t:c2"});
    worker.remove("a");
    CHECK(run() == Lines{"b.public.t:c2"});
    CHECK(worker.names() == Lines{"b"});
}

TEST_CASE_METHOD(Fixture, "what Connect's REST interface answers") {
    CHECK_THROWS_WITH(worker.status("nope"), "No status found for connector nope");
    CHECK_THROWS_WITH(worker.pause("nope"), "Unknown connector nope");
    CHECK_THROWS_WITH(worker.remove("nope"), "Connector nope not found");
    CHECK_THROWS_WITH(worker.restart("nope"), "Unknown connector: nope");
    worker.create("c", settings("cdc", "s"));
    CHECK_THROWS_WITH(worker.create("c", settings("cdc", "s")), "Connector c already exists");
    auto other = settings("cdc", "s");
    other["name"] = "b";
    CHECK_THROWS_WITH(
        worker.create("a", other),
        "Connector name configuration (b) doesn't match connector name in the URL (a)");
    auto wrong = settings("cdc", "s");
    wrong["database.dbname"] = "nope";
    CHECK_THROWS_WITH(worker.create("x", wrong),
                      Catch::Contains("Error while validating connector config: FATAL: database "
                                      "\"nope\" does not exist"));
    CHECK_THROWS_WITH(worker.create_from_json("{\"name\":\"x\",\"config\":{},\"zzz\":1}"),
                      Catch::Contains("Unrecognized field \"zzz\""));
    auto json =
        connect::Worker::read_json(R"({"name":"x","config":{"tasks.max":1,"a":true,"b":null}})");
    CHECK(json.second == connect::ConnectorSettings{{"tasks.max", "1"}, {"a", "true"}});
}
