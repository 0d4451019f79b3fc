// The library's surface: sessions, scripts, connectors, topics, marks, errors.
#include <cdcsim/catch2.h>

#include <thread>

using namespace cdcsim;

namespace {

const char* kTable = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')";

}  // namespace

TEST_CASE("sql is one message: rows of the last statement, the first error is thrown") {
    Pipeline cdc;
    cdc.sql(kTable);
    const SqlResult result = cdc.sql("INSERT INTO t VALUES (2, NULL); SELECT id, v FROM t ORDER BY id");
    CHECK(result.columns == std::vector<std::string>{"id", "v"});
    REQUIRE(result.rows.size() == 2);
    CHECK(result.rows[1] == std::vector<std::optional<std::string>>{"2", std::nullopt});
    CHECK(result.tag == "SELECT 2");
    try {
        cdc.sql("INSERT INTO t VALUES (3, 'c'); INSERT INTO t VALUES (1, 'x')");
        FAIL("no error");
    } catch (const StatementError& error) {
        CHECK(error.sqlstate() == "23505");
        CHECK(error.failure().detail == "Key (id)=(1) already exists.");
        CHECK(error.failure().report.find("ERROR:  duplicate key value") == 0);
    }
    CHECK(cdc.sql("SELECT count(*) FROM t").rows[0][0] == "2");  // one implicit transaction: 3 is undone, too
}

TEST_CASE("a script goes on after an error and rolls back what it leaves open") {
    Pipeline cdc;
    const ScriptResult result = cdc.run_script(
        "CREATE TABLE t (id int PRIMARY KEY);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n"
        "BEGIN;\nINSERT INTO t VALUES (3);");
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].sqlstate == "23505");
    CHECK(result.errors[0].statement == "INSERT INTO t VALUES (1);");
    CHECK(result.transcript ==
          "CREATE TABLE\nINSERT 0 1\nERROR:  duplicate key value violates unique constraint \"t_pkey\"\nDETAIL:  Key (id)=(1) already exists.\n"
          "INSERT 0 1\nBEGIN\nINSERT 0 1\n");
    CHECK(cdc.sql("SELECT count(*) FROM t").rows[0][0] == "2");
}

TEST_CASE("records are in the topic when a call returns") {
    Pipeline cdc;
    cdc.sql(kTable);
    cdc.create_connector("c", {});
    CHECK(cdc.connector_status("c").state == "RUNNING");
    CHECK(cdc.topics() == std::vector<std::string>{"cdc.public.t"});
    Topic& topic = cdc.topic("cdc.public.t");
    const Record* record = topic.poll();
    REQUIRE(record);
    CHECK(record->get("op") == "r");
    CHECK(record->get("after.id") == "1");
    CHECK(record->get("after.v") == "a");
    CHECK(record->get("before") == std::nullopt);
    CHECK(record->get("no.such.field") == std::nullopt);
    CHECK(record->offset == 0);
    CHECK_FALSE(record->headers.empty());
    CHECK_FALSE(topic.poll());
    const Record kept = *topic.all().begin();
    cdc.sql("DELETE FROM t");
    const auto rest = topic.drain();
    CHECK_THAT(rest, (MatchesAll{"{op: d, before: {id: 1}, after: null}", "null"}));
    CHECK_THAT(kept, Matches("{op: r, source: {snapshot: last}}"));
    CHECK_FALSE(mismatch({"{op: u}"}, {kept}).empty());
    CHECK(mismatch({"{op: <nope>}"}, {kept}).find("unknown matcher") != std::string::npos);
    topic.seek(0);
    CHECK(topic.drain().size() == 3);
}

TEST_CASE("connectors are stopped, resumed, reconfigured, deleted") {
    Pipeline cdc;
    cdc.sql(kTable);
    cdc.create_connector("c", {});
    CHECK_THROWS_AS(cdc.create_connector("c", {}), ConnectorError);
    cdc.stop_connector("c");
    CHECK(cdc.connector_status("c").state == "STOPPED");
    cdc.sql("INSERT INTO t VALUES (2, 'b')");
    CHECK(cdc.topic("cdc.public.t").size() == 1);
    cdc.resume_connector("c");
    CHECK(cdc.topic("cdc.public.t").size() == 2);
    cdc.delete_connector("c");
    CHECK(cdc.connector_status("c").state.empty());
    CHECK_THROWS_AS(cdc.delete_connector("c"), ConnectorError);
    CHECK_THROWS_AS(cdc.create_connector("d", {{"snapshot.mode", "never"}}), ConnectorError);
}

TEST_CASE("a session has a transaction of its own") {
    Pipeline cdc;
    cdc.sql(kTable);
    cdc.create_connector("c", {});
    Session& a = cdc.session("a");
    a.sql("BEGIN");
    a.sql("INSERT INTO t VALUES (2, 'b')");
    CHECK(cdc.sql("SELECT count(*) FROM t").rows[0][0] == "1");
    CHECK(cdc.topic("cdc.public.t").size() == 1);
    a.sql("COMMIT");
    CHECK(cdc.topic("cdc.public.t").size() == 2);
    CHECK(&cdc.session("a") == &a);
}

TEST_CASE("restoring a mark undoes tables, topics, offsets and time") {
    Pipeline cdc;
    cdc.sql(kTable);
    cdc.create_connector("c", {});
    Topic& topic = cdc.topic("cdc.public.t");
    topic.poll();
    const auto mark = cdc.mark();
    cdc.sql("INSERT INTO t VALUES (2, 'b')");
    const std::string first(*topic.all().at(1).value);
    CHECK(topic.drain().size() == 1);
    cdc.restore(mark);
    CHECK(topic.size() == 1);
    CHECK(cdc.sql("SELECT count(*) FROM t").rows[0][0] == "1");
    cdc.restore(mark);
    cdc.sql("INSERT INTO t VALUES (2, 'b')");
    CHECK(*topic.all().at(1).value == first);  // the same call gives the same bytes
    CHECK(topic.drain().size() == 1);
}

TEST_CASE("two pipelines in two threads are independent and give the same bytes") {
    const auto run = [](std::string& out) {
        Pipeline cdc;
        cdc.sql(kTable);
        cdc.create_connector("c", {});
        for (int i = 2; i < 20; ++i) cdc.sql("INSERT INTO t VALUES (" + std::to_string(i) + ", gen_random_uuid()::text)");
        for (const Record& record : cdc.topic("cdc.public.t").all()) out += *record.value;
    };
    std::string first, second;
    std::thread one(run, std::ref(first)), other(run, std::ref(second));
    one.join();
    other.join();
    CHECK_FALSE(first.empty());
    CHECK(first == second);
}

TEST_CASE("time passes when it is told to") {
    Pipeline cdc;
    const std::string before = *cdc.sql("SELECT now()").rows[0][0];
    cdc.advance(std::chrono::hours(24));
    const std::string after = *cdc.sql("SELECT now()").rows[0][0];
    CHECK(before.substr(0, 10) == "2024-01-01");
    CHECK(after.substr(0, 10) == "2024-01-02");
}

TEST_CASE("what the real connector makes of odd configurations and nobody has built is refused") {
    Pipeline cdc;
    cdc.sql("CREATE TABLE t (id int PRIMARY KEY, at timestamp); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t VALUES (1, '2020-01-01')");
    const std::string select = "snapshot.select.statement.overrides";
    CHECK_THROWS_WITH(cdc.create_connector("a", {{"topic.prefix", "a"}, {"slot.name", "a"}, {select, "public.t"}, {select + ".public.t", "SELECT id, at::timestamptz AS at FROM t"}}),
                      Catch::Contains("give the column \"at\" another type"));
    auto config = [](const char* tables) {
        return std::map<std::string, std::string>{{"topic.prefix", "b"}, {"slot.name", "b"}, {"publication.name", "p"}, {"publication.autocreate.mode", "filtered"}, {"skipped.operations", "d"}, {"table.include.list", tables}};
    };
    cdc.create_connector("b", config("public.t"));
    CHECK_THROWS_WITH(cdc.configure_connector("b", config("public.t,public.u")), Catch::Contains("a filtered publication whose tables change"));
}

TEST_CASE("what is not simulated says so") {
    Pipeline cdc;
    CHECK_THROWS_WITH(cdc.sql("CREATE ACCESS METHOD m TYPE TABLE HANDLER h"), Catch::StartsWith("not simulated: "));
    // Another plan would change rows in another order.
    CHECK_THROWS_WITH(cdc.sql("SET enable_seqscan = off"), Catch::StartsWith("not simulated: "));
}
