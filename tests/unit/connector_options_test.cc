// What Connect answers to configurations: the messages are the real one's.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "sim/debezium/connector_config.h"

using namespace cdcsim;
using namespace cdcsim::debezium;

namespace {

ConfigMap valid() {
    return {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
            {"plugin.name", "pgoutput"},
            {"database.hostname", "h"},
            {"database.port", "5432"},
            {"database.user", "u"},
            {"database.password", "p"},
            {"database.dbname", "d"},
            {"topic.prefix", "cdc"}};
}

std::string refusal(const ConfigMap& changes, const char* without = "") {
    auto config = valid();
    for (const auto& [name, value] : changes) config[name] = value;
    config.erase(without);
    try {
        validate_config(config);
        return "accepted";
    } catch (const ConnectError& error) {
        std::string text = error.what();
        auto first = text.find('\n') + 1;
        return text.substr(first, text.find("\nYou can also find") - first);
    } catch (const NotSimulated& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("validation messages") {
    CHECK(refusal({}) == "accepted");
    CHECK(refusal({{"no.such.option", "x"}}) == "accepted");
    CHECK(refusal({{"decimal.handling.mode", "PRECISE"}}) == "accepted");
    CHECK(refusal({{"decimal.handling.mode", "foo"}}) ==
          "The 'decimal.handling.mode' value is invalid: Value must be one of string, double, "
          "precise");
    CHECK(refusal({}, "topic.prefix") ==
          "The 'topic.prefix' value is invalid: A value is required");
    CHECK(refusal({{"topic.prefix", ""}}) ==
          "The 'topic.prefix' value is invalid: A value is required\n"
          "The 'topic.prefix' value is invalid:  has invalid format (only the underscore, hyphen, "
          "dot and alphanumeric characters are allowed)");
    CHECK(refusal({{"database.port", "abc"}}) ==
          "The 'database.port' value is invalid: An integer is expected\n"
          "The 'database.port' value is invalid: An integer is expected");
    CHECK(refusal({{"snapshot.mode", "never"}}) ==
          "The 'snapshot.mode' value is invalid: Value must be one of always, initial_only, "
          "configuration_based, when_needed, initial, custom, no_data");
    CHECK(refusal({{"tombstones.on.delete", "maybe"}}) ==
          "The 'tombstones.on.delete' value is invalid: Either 'true' or 'false' is expected\n"
          "The 'tombstones.on.delete' value is invalid: Either 'true' or 'false' is expected");
    CHECK(refusal({{"table.include.list", "a(b"}, {"table.exclude.list", "x.y"}}) ==
          "The 'table.include.list' value is invalid: A comma-separated list of valid regular "
          "expressions is expected, but Unclosed group near index 3\na(b\n"
          "The 'table.exclude.list' value is invalid: \"table.include.list\" is already specified");
    CHECK(refusal({{"table.include.list", "["}}) ==
          "The 'table.include.list' value is invalid: A comma-separated list of valid regular "
          "expressions is expected, but Unclosed character class near index 0\n[\n^");
    CHECK(refusal({{"slot.name", "Bad-Slot"}}) ==
          "The 'slot.name' value is invalid: Valid replication slot name must contain only digits, "
          "lowercase characters and underscores with length <= 63");
    CHECK(refusal({{"skipped.operations", "x"}}) ==
          "The 'skipped.operations' value is invalid: Invalid operation");
    CHECK(refusal({{"message.key.columns", "bad"}}) ==
          "The 'message.key.columns' value is invalid: bad has an invalid format (expecting "
          "'^\\s*([^:]+):([^:,]+(,[^:,]+)*)\\s*$')");
    CHECK(refusal({{"time.precision.mode", "x"}, {"binary.handling.mode", "y"}}) ==
          "The 'time.precision.mode' value is invalid: Value must be one of adaptive, "
          "adaptive_time_microseconds, isostring, microseconds, nanoseconds, connect\n"
          "The 'binary.handling.mode' value is invalid: Value must be one of bytes, base64, hex, "
          "base64-url-safe");
    CHECK(refusal({{"max.batch.size", "9000"}}) ==
          "The 'max.queue.size' value is invalid: Must be larger than the maximum batch size");
    CHECK(refusal({{"tasks.max", "x"}}) ==
          "Invalid value x for configuration tasks.max: Not a number of type INT\n"
          "Invalid value null for configuration tasks.max: Value must be non-null");
    CHECK(refusal({{"transforms", "u"}}) ==
          "Missing required configuration \"transforms.u.type\" which has no default value.");
}

TEST_CASE("no connector type") {
    CHECK_THROWS_WITH(validate_config({{"topic.prefix", "cdc"}, {"name", "x"}}),
                      "Connector config {topic.prefix=cdc, name=x} contains no connector type");
}

TEST_CASE("what is known but not obeyed is refused by name") {
    CHECK(refusal({{"heartbeat.action.query", "SELECT 1"}}) ==
          "not simulated: connector option heartbeat.action.query");
    CHECK(refusal({{"heartbeat.interval.ms", "1000"}}) == "accepted");
    CHECK(refusal({{"signal.data.collection", "public.s"}}) ==
          "not simulated: connector option signal.data.collection");
}

TEST_CASE("Java's regular expressions") {
    CHECK(RegexList("public.t1, s2\\..*").matches("PUBLIC.T1"));
    CHECK(RegexList("public.t1, s2\\..*").matches("s2.anything"));
    CHECK_FALSE(RegexList("public.t1").matches("public.t11"));
    CHECK(RegexList("(.*).orders|public.(a|b)").matches("x.orders"));
    CHECK(RegexList("a\\,b").matches("a,b"));
    CHECK(RegexList("public.é.").matches("public.éx"));
    CHECK_THROWS_AS(RegexList("(?i)x"), NotSimulated);
    CHECK_THROWS_AS(RegexList("\\p{L}+"), NotSimulated);
}

TEST_CASE("names made safe") {
    ConfigMap config = valid();
    config["schema.name.adjustment.mode"] = "avro_unicode";
    config["field.name.adjustment.mode"] = "avro";
    ConnectorConfig parsed(config);
    CHECK(parsed.topic_of({"My-Sch", "T $é x"}) == "cdc.My-Sch.T____x");
    CHECK(parsed.adjusted_schema_name("cdc.a-b_c") == "cdc.a_u002db_u005fc");
    CHECK(parsed.adjusted_field_name("1st") == "_1st");
    CHECK(parsed.adjusted_field_name("a.b") == "a_b");
}
