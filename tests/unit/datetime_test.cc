// Dates, times and intervals in text form; every expectation is what PostgreSQL 15 answers.
#include <catch2/catch.hpp>

#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/oids.h"
#include "tests/unit/recorded_calls.h"
#include "tests/unit/test_environment.h"

namespace cdcsim::pg {
namespace {

/// The text that the type's output gives for `text`, or "SQLSTATE: message".
std::string through(TestEnvironment& env, Oid type, std::string_view text,
                    std::int32_t typmod = -1) {
    try {
        return output_text(env, type, input_text(env, type, text, typmod));
    } catch (const SqlError& error) {
        return error.sqlstate() + ": " + error.message();
    }
}

struct TextCase {
    Oid type;
    std::string_view in, out;
    std::int32_t typmod = -1;
};

TEST_CASE("dates and times are read in PostgreSQL's forms") {
    TestEnvironment env;
    const TextCase cases[] = {
        {oid::kDate, "January 8, 1999", "1999-01-08"},
        {oid::kDate, "1/18/1999", "1999-01-18"},
        {oid::kDate, "J2451187", "1999-01-08"},
        {oid::kDate, "44-03-15 BC", "22008: date/time field value out of range: \"44-03-15 BC\""},
        {oid::kDate, "0044-03-15 BC", "0044-03-15 BC"},
        {oid::kDate, "2023-02-29", "22008: date/time field value out of range: \"2023-02-29\""},
        {oid::kDate, "hello", "22007: invalid input syntax for type date: \"hello\""},
        {oid::kDate, "tomorrow", "2024-01-02"},
        {oid::kDate, "infinity", "infinity"},
        {oid::kTimestamp, "20240131T102030.5", "2024-01-31 10:20:30.5"},
        {oid::kTimestamp, "2024-01-31 23:59:59.9999996", "2024-02-01 00:00:00"},
        {oid::kTimestamp, "2024-01-31 10:20:30.123456", "2024-01-31 10:20:30.123", 3},
        {oid::kTimestamp, "epoch", "1970-01-01 00:00:00"},
        {oid::kTimestamptz, "2024-07-01 12:00 America/New_York", "2024-07-01 16:00:00+00"},
        {oid::kTimestamptz, "2024-07-01 12:00 MSK", "2024-07-01 09:00:00+00"},
        {oid::kTimestamptz, "now", "2024-01-01 00:00:00.123457+00"},
        {oid::kTime, "04:05 PM", "16:05:00"},
        {oid::kTime, "24:00:00", "24:00:00"},
        {oid::kTimetz, "04:05:06 PST", "04:05:06-08"},
        {oid::kTimetz, "04:05:06+05:30:15", "04:05:06+05:30:15"},
        {oid::kInterval, "1 year 2 months 3 days 4 hours 5 minutes 6.7 seconds",
         "1 year 2 mons 3 days 04:05:06.7"},
        {oid::kInterval, "P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
        {oid::kInterval, "-1 day +02:03", "-1 days +02:03:00"},
        {oid::kInterval, "1.5 months", "1 mon 15 days"},
        {oid::kInterval, "1 week ago", "-7 days"},
    };
    for (const TextCase& item : cases) {
        CAPTURE(item.in);
        CHECK(through(env, item.type, item.in, item.typmod) == item.out);
    }
}

TEST_CASE("DateStyle, TimeZone and IntervalStyle shape the output") {
    TestEnvironment env;
    env.settings.time_zone = "Europe/Paris";
    CHECK(through(env, oid::kTimestamptz, "2024-07-01 12:00+00") == "2024-07-01 14:00:00+02");
    env.settings.date_style = DateStyle::kPostgres;
    CHECK(through(env, oid::kTimestamptz, "2024-07-01 12:00+00") ==
          "Mon Jul 01 14:00:00 2024 CEST");
    env.settings.date_style = DateStyle::kGerman;
    CHECK(through(env, oid::kDate, "2024-07-01") == "01.07.2024");
    env.settings.date_style = DateStyle::kSql;
    env.settings.date_order = DateOrder::kDmy;
    CHECK(through(env, oid::kTimestamp, "01/07/2024 12:00") == "01/07/2024 12:00:00");
    env.settings.interval_style = IntervalStyle::kIso8601;
    CHECK(through(env, oid::kInterval, "1 day -2:03:04.5") == "P1DT-2H-3M-4.5S");
    env.settings.interval_style = IntervalStyle::kPostgresVerbose;
    CHECK(through(env, oid::kInterval, "-1 day +2:03") == "@ 1 day -2 hours -3 mins ago");
    env.settings.interval_style = IntervalStyle::kSqlStandard;
    CHECK(through(env, oid::kInterval, "1 year 2 days") == "+1-0 +2 +0:00:00");
}

TEST_CASE("the stored forms of interval and timetz are read back") {
    for (const Interval& value :
         {Interval{}, Interval{14, -3, 5'000'001}, Interval{-14, 3, -1}, Interval{0, 0, INT64_MIN},
          Interval{INT32_MIN, INT32_MIN, INT64_MAX},
          Interval{INT32_MAX, INT32_MAX, -86'400'000'000}}) {
        CAPTURE(write_interval(value));
        CHECK(read_interval(write_interval(value)) == value);
    }
    for (const TimeTz& value : {TimeTz{}, TimeTz{86'400'000'000, 3600}, TimeTz{1, -19'815}}) {
        CAPTURE(write_timetz(value));
        CHECK(read_timetz(write_timetz(value)) == value);
    }
}

TEST_CASE("SHOW TimeZone's spelling") {
    CHECK(canonical_time_zone("europe/paris") == "Europe/Paris");
    CHECK(canonical_time_zone("utc") == "UTC");
    CHECK(canonical_time_zone("-5.5") == "<-05:30>+05:30");
    CHECK(canonical_time_zone("foo3bar") == "FOO3BAR");
    CHECK(canonical_time_zone("CEST") == std::nullopt);
    CHECK(canonical_time_zone_of_offset(-8 * 3600) == "<-08>+08");
}

TEST_CASE("JSON has the ISO form with a T") {
    TestEnvironment env;
    env.settings.time_zone = "Asia/Kolkata";
    std::string out;
    json_timestamptz(env, env.now, out);
    CHECK(out == "2024-01-01T05:30:00.123457+05:30");
    out.clear();
    json_timestamp(env.now, out);
    CHECK(out == "2024-01-01T00:00:00.123457");
}

TEST_CASE("recorded calls of dates and times") {
    const RecordedCalls recorded = check_recorded_calls("datetime_calls.txt");
    CHECK(recorded.calls > 1500);
    CHECK(recorded.refused == 0);
}

}  // namespace
}  // namespace cdcsim::pg
