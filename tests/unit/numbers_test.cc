// Numbers: type input and output, operators, functions. Expected values come from PostgreSQL 15.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/oids.h"
#include "tests/unit/recorded_calls.h"

using namespace cdcsim;
using namespace cdcsim::pg;

namespace {

std::string input_output(Oid type, std::string_view text, std::int32_t typmod = -1) {
    return outcome_of([&]() -> std::optional<std::string> {
        TestEnvironment env;
        return output_text(env, type, input_text(env, type, text, typmod));
    });
}

/// An aggregate over rows of one argument; "\\N" is NULL.
std::string aggregate(Oid function, const std::vector<std::string>& rows) {
    return outcome_of([&]() -> std::optional<std::string> {
        TestEnvironment env;
        const ProcRow* proc = find_builtin_proc(function);
        const AggregateRow* row = find_aggregate(function);
        const std::vector<Oid> types(proc->args);
        CallContext context{env, proc->result, types, kInvalidOid, false, function};
        auto state = row->make();
        for (const std::string& text : rows) {
            if (text == "\\N" && row->skips_nulls) continue;
            const Datum args[] = {input_text(env, types[0], text)};
            state->step(context, args);
        }
        const Datum result = state->result(context);
        if (result.is_null()) return std::nullopt;
        return output_text(env, proc->result, result);
    });
}

std::string hex_image(std::string_view numeric) {
    std::string image, out;
    append_numeric_disk_image(Numeric::from_canonical(numeric), image);
    for (const char c : image) {
        const auto byte = static_cast<unsigned char>(c);
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

constexpr std::int32_t typmod_of(int precision, int scale) {
    return (precision << 16 | (scale & 0x7ff)) + 4;
}

}  // namespace

TEST_CASE("number input and output") {
    struct Row {
        Oid type;
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {oid::kInt4, " -2147483648 ", "=-2147483648"},
        {oid::kInt4, "2147483648", "ERROR 22003 value \"2147483648\" is out of range for type integer"},
        {oid::kInt2, "1x", "ERROR 22P02 invalid input syntax for type smallint: \"1x\""},
        {oid::kOid, "-1", "=4294967295"},
        {oid::kXid, "0x1f", "=31"},
        {oid::kBool, " tR ", "=t"},
        {oid::kBool, "o", "ERROR 22P02 invalid input syntax for type boolean: \"o\""},
        {oid::kFloat8, "53376773841582256", "=5.3376773841582256e+16"},
        {oid::kFloat8, "1e15", "=1e+15"},
        {oid::kFloat8, "123456789012345", "=123456789012345"},
        {oid::kFloat8, "0.00001", "=1e-05"},
        {oid::kFloat8, "-inf", "=-Infinity"},
        {oid::kFloat8, "0x1p3", "=8"},
        {oid::kFloat8, "1e400", "ERROR 22003 \"1e400\" is out of range for type double precision"},
        {oid::kFloat4, "1234567", "=1.234567e+06"},
        {oid::kFloat4, "1e-46", "ERROR 22003 \"1e-46\" is out of range for type real"},
        {oid::kNumeric, "-0.00", "=0.00"},
        {oid::kNumeric, "1.5e3", "=1500"},
        {oid::kNumeric, "15e-3", "=0.015"},
        {oid::kNumeric, "+.5", "=0.5"},
        {oid::kNumeric, "1e 2", "=100"},
        {oid::kNumeric, "1..2", "ERROR 22P02 invalid input syntax for type numeric: \"1..2\""},
        {oid::kNumeric, "1e200000", "ERROR 22003 value overflows numeric format"},
    };
    for (const Row& row : rows) {
        INFO(row.type << " " << row.text);
        CHECK(input_output(row.type, row.text) == row.expected);
    }
}

TEST_CASE("numeric typmods") {
    CHECK(input_output(oid::kNumeric, "1.235", typmod_of(3, 2)) == "=1.24");
    CHECK(input_output(oid::kNumeric, "9.995", typmod_of(3, 2)) ==
          "ERROR 22003 numeric field overflow");
    CHECK(input_output(oid::kNumeric, "12550", typmod_of(3, -2)) == "=12600");
    CHECK(input_output(oid::kNumeric, "0.00123", typmod_of(2, 4)) == "=0.0012");
    CHECK(input_output(oid::kNumeric, "NaN", typmod_of(2, 1)) == "=NaN");
    CHECK(input_output(oid::kNumeric, "inf", typmod_of(2, 1)) ==
          "ERROR 22003 numeric field overflow");
}

TEST_CASE("recorded calls of numbers") {
    const RecordedCalls recorded = check_recorded_calls("number_calls.txt");
    CHECK(recorded.calls > 2500);
    CHECK(recorded.refused == 0);
}

TEST_CASE("aggregates of numbers") {
    CHECK(aggregate(2108, {"1", "\\N", "2147483647"}) == "=2147483648");
    CHECK(aggregate(2108, {"\\N"}) == "NULL");
    CHECK(aggregate(2107, {"9223372036854775807", "9223372036854775807"}) == "=18446744073709551614");
    CHECK(aggregate(2114, {"1.5", "2.25", "1e30"}) == "=1000000000000000000000000000003.75");
    CHECK(aggregate(2114, {"Infinity", "-Infinity"}) == "=NaN");
    CHECK(aggregate(2101, {"1", "2"}) == "=1.5000000000000000");
    CHECK(aggregate(2103, {"1", "2", "2"}) == "=1.6666666666666667");
    CHECK(aggregate(2103, {"NaN", "2"}) == "=NaN");
    CHECK(aggregate(2105, {"1", "2"}) == "=1.5");
    CHECK(aggregate(2111, {"1e308", "1e308"}) == "ERROR 22003 value out of range: overflow");
    CHECK(aggregate(2646, {"1", "2", "4"}) == "=2.3333333333333333");
    CHECK(aggregate(2646, {"1"}) == "NULL");
    CHECK(aggregate(2729, {"1", "2", "4"}) == "=1.2472191289246471");
    CHECK(aggregate(2130, {"1.0", "1.00"}) == "=1.00");
    CHECK(aggregate(2145, {"b", "a", "\\N"}) == "=a");
}

TEST_CASE("generate_series of numbers") {
    auto series = [](Oid function, const std::vector<std::string>& texts) {
        return outcome_of([&]() -> std::optional<std::string> {
            TestEnvironment env;
            const ProcRow* proc = find_builtin_proc(function);
            const std::vector<Oid> types(proc->args);
            CallContext context{env, proc->result, types, kInvalidOid, false, function};
            std::vector<Datum> args;
            for (std::size_t i = 0; i < texts.size(); ++i) {
                args.push_back(input_text(env, types[i], texts[i]));
            }
            std::string out;
            find_set_function(function)(context, args, [&](std::span<const Datum> row) {
                out += output_text(env, proc->result, row[0]) + " ";
                return true;
            });
            return out;
        });
    };
    CHECK(series(1067, {"2147483646", "2147483647"}) == "=2147483646 2147483647 ");
    CHECK(series(1066, {"5", "1", "-2"}) == "=5 3 1 ");
    CHECK(series(1066, {"5", "1", "0"}) == "ERROR 22023 step size cannot equal zero");
    CHECK(series(3259, {"0", "1", "0.50"}) == "=0 0.50 1.00 ");
}

// From heap_page_item_attrs of pageinspect.
TEST_CASE("numeric on disk") {
    CHECK(hex_image("0") == "0080");
    CHECK(hex_image("NaN") == "00c0");
    CHECK(hex_image("-Infinity") == "00f0");
    CHECK(hex_image("-123.45") == "00a17b009411");
    CHECK(hex_image("0.0001") == "7f820100");
    CHECK(hex_image("1.00") == "00810100");
}

TEST_CASE("order of numeric texts") {
    const char* ordered[] = {"-Infinity", "-10.5", "-9.99", "-0.1", "0", "0.09",
                             "0.1",       "1",     "1.01",  "9",    "10", "Infinity", "NaN"};
    for (std::size_t i = 0; i < std::size(ordered); ++i) {
        for (std::size_t j = 0; j < std::size(ordered); ++j) {
            const int order = compare_numeric_text(ordered[i], ordered[j]);
            CHECK((order > 0) - (order < 0) == (i > j) - (i < j));
        }
    }
    CHECK(compare_numeric_text("1.50", "1.5") == 0);
    CHECK(compare_numeric_text("0.00", "0") == 0);
    CHECK(compare_numeric_text("-1.5", "-1.500") == 0);
}
