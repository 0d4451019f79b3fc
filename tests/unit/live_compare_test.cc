// What record and diff make of two runs, without a real stack: recordings held against each other, the
// order of records across topics, the report of a difference, the notes of a run.
#include <catch2/catch.hpp>

#include "core/scenario/loader.h"
#include "tools/cdcsim/diff_case.h"
#include "tools/live/drive/guardian.h"
#include "tools/live/read/commit_order.h"
#include "tools/live/record/recording.h"

namespace cdcsim {

namespace {

live::Recording recording(const std::string& payload, const std::string& transcript = "") {
    live::Recording out;
    diff::FlatRecord& record = out.records.emplace_back();
    record.topic = "cdc.public.t";
    record.key = R"({"id":1})";
    record.value = payload;
    out.transcript = transcript;
    return out;
}

std::vector<std::string> differences(const std::string& first, const std::string& second) { return live::compare_recordings(recording(first), recording(second), {}); }

kafka::Record record(std::int64_t timestamp, const std::string& value) {
    kafka::Record out;
    out.timestamp_ms = timestamp;
    out.value.is_null = value.empty();
    out.value.payload = value;
    return out;
}

std::string row(const std::string& commit, const std::string& position) {
    return R"({"source":{"sequence":"[\")" + commit + R"(\",\")" + position + R"(\"]"},"op":"c"})";
}

class NoFiles : public scenario::FileReader {
  public:
    std::optional<std::string> read(const std::string&) override { return std::nullopt; }
    std::vector<std::string> glob(const std::string&) override { return {}; }
};

scenario::Scenario load(const std::string& sql) {
    NoFiles files;
    const std::string text = "scenario: s\nsteps:\n  - connector: {name: c}\n  - sql: |\n      CREATE TABLE t (id int PRIMARY KEY, v text, at timestamptz DEFAULT now());\n" + sql;
    return scenario::load_scenarios("s.yaml", text, files).at(0);
}

/// The report of the differences between a simulated scenario and a "real" one that is another.
std::string report(const std::string& simulated, const std::string& real) {
    const scenario::Scenario ours = load(simulated), theirs = load(real);
    const cli::Play first(ours, 0), second(ours, 1), third(ours, 2), other(theirs, 0);
    std::string out;
    const cli::Differences found = cli::compare_sides(ours, {&first, &second, &third}, {other.topics(), other.report()});
    for (const auto& failure : found.failures) out += scenario::print_failure(failure);
    return out;
}

}  // namespace

TEST_CASE("two recordings may differ in clocks, counters, numbers, times and uuids") {
    CHECK(differences(R"({"a":"x","ts_ms":1})", R"({"a":"x","ts_ms":"2"})").empty());
    CHECK(differences(R"({"lsn":1,"sequence":"[null,\"7\"]"})", R"({"lsn":2,"sequence":"[\"6\",\"8\"]"})").empty());
    CHECK(differences(R"({"a":"at 2024-01-01 10:00:00.5 by 7"})", R"({"a":"at 2025-11-30 09:08:07 by 12"})").empty());
    CHECK(differences(R"({"a":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})", R"({"a":"11111111-2222-3333-4444-555555555555"})").empty());
}

TEST_CASE("all else that differs between two recordings is told once for a topic") {
    CHECK(differences(R"({"a":"x"})", R"({"a":"y"})") == std::vector<std::string>{"cdc.public.t offset 0, value.a: x, then y"});
    CHECK(differences(R"({"a":1})", R"({"a":"1"})").size() == 1);
    CHECK(differences(R"({"a":1})", R"({"a":null})").size() == 1);
    CHECK(differences(R"({"a":1})", R"({"b":1})") == std::vector<std::string>{"cdc.public.t offset 0 has other fields the second time"});
    live::Recording none;
    CHECK(live::compare_recordings(recording("{}"), none, {}) == std::vector<std::string>{"1 records, then 0"});
    CHECK(live::compare_recordings(recording(R"({"a":"x"})"), recording(R"({"a":"y"})"), {"a"}).empty());
}

TEST_CASE("psql's output may widen with a volatile value") {
    const auto compare = [](const std::string& a, const std::string& b) { return live::compare_recordings(recording("{}", a), recording("{}", b), {}); };
    CHECK(compare(" now  | 5\n------\n", " now | 12345\n---------\n").empty());
    CHECK(compare("UPDATE 1\n", "DELETE 1\n") == std::vector<std::string>{"psql's output: UPDATE 1, then DELETE 1"});
    CHECK(compare("UPDATE 1\n", "") == std::vector<std::string>{"psql's output: UPDATE 1, then (the output ends)"});
}

TEST_CASE("records of several topics are ordered by time, then by commit and position") {
    using Topics = std::map<std::string, std::vector<kafka::Record>>;
    CHECK(live::in_commit_order(Topics{{"a", {record(5, "{}")}}, {"b", {record(3, "{}")}}}) == std::vector<std::string>{"b", "a"});
    // The first transaction's row lies behind the second's in the log.
    CHECK(live::in_commit_order(Topics{{"a", {record(1, row("10", "90"))}}, {"b", {record(1, row("95", "20"))}}}) == std::vector<std::string>{"a", "b"});
    // A tombstone follows its delete.
    CHECK(live::in_commit_order(Topics{{"a", {record(1, row("1", "5")), record(1, "")}}, {"b", {record(1, row("1", "4")), record(1, row("1", "6"))}}}) ==
          std::vector<std::string>{"b", "a", "a", "b"});
    const std::string begin = R"({"status":"BEGIN","id":"7:15","event_count":null})", end = R"({"status":"END","id":"7:30","event_count":1})";
    CHECK(live::in_commit_order(Topics{{"t", {record(1, row("10", "15")), record(1, row("30", "40"))}}, {"tx", {record(1, begin), record(1, end)}}}) ==
          std::vector<std::string>{"tx", "t", "tx", "t"});
}

TEST_CASE("a difference names topic, offset, path, both values and the statement") {
    CHECK(report("      INSERT INTO t VALUES (1, 'a');\n      UPDATE t SET v = 'b';\n", "      INSERT INTO t VALUES (1, 'a');\n      UPDATE t SET v = 'c';\n") ==
          "s.yaml:4: step 2: the records differ at cdc.public.t offset 1\n"
          "    path:      value.payload.after.v\n"
          "    live:      \"c\"\n"
          "    simulated: \"b\"\n"
          "    caused by: UPDATE t SET v = 'b'; (step 2, line 7)\n");
}

TEST_CASE("a record that only the real side has is told with its statement there") {
    const std::string found = report("      INSERT INTO t VALUES (1);\n", "      INSERT INTO t VALUES (1);\n      INSERT INTO t VALUES (2);\n");
    CHECK(found.find("simulated: no such record") != std::string::npos);
    CHECK(found.find("caused by: INSERT INTO t VALUES (2); (step 2, line 7)") != std::string::npos);
}

TEST_CASE("what statements answer is compared with its SQLSTATE") {
    const std::string found = report("      SELECT 1/0;\n      SELECT 2 AS x;\n", "      SELECT 1/0;\n      SELECT 3 AS x;\n");
    CHECK(found ==
          "s.yaml:4: step 2: the answers to a statement differ\n"
          "    statement: SELECT 2 AS x; (step 2, line 7)\n"
          "    live:       3\n"
          "    simulated:  2\n");
    CHECK(report("      SELECT now();\n", "      SELECT now();\n").empty());
    const std::string state = report("      DO $$ BEGIN RAISE 'm' USING ERRCODE = '23505'; END $$;\n", "      DO $$ BEGIN RAISE 'm' USING ERRCODE = '23503'; END $$;\n");
    CHECK(state.find("live:      ERROR SQLSTATE 23503\n    simulated: ERROR SQLSTATE 23505\n") != std::string::npos);
}

TEST_CASE("the notes of a run are read as they are written") {
    live::WorkspaceNotes notes{"postgresql://u@h/d", "http://h:1", {"h:9092", {{"ssl.ca.location", "/a \"b\""}}}, "/tmp/x.lock", "Fin-DB 1", "-7-8", false, {"r"}, {"t1", "t2"}};
    const live::WorkspaceNotes read = live::parse_notes(live::print_notes(notes));
    CHECK(read.postgres == notes.postgres);
    CHECK(read.connect == notes.connect);
    CHECK(read.kafka.brokers == notes.kafka.brokers);
    CHECK(read.kafka.options == notes.kafka.options);
    CHECK(read.lock == notes.lock);
    CHECK(read.database == notes.database);
    CHECK(read.suffix == notes.suffix);
    CHECK_FALSE(read.own);
    CHECK(read.roles == notes.roles);
    CHECK(read.topics == notes.topics);
}

}  // namespace cdcsim
