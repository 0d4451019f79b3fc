// Numbers: type input and output, operators, functions. Expected values come from PostgreSQL 15.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/oids.h"
#include "tests/unit/test_environment.h"

using namespace cdcsim;
using namespace cdcsim::pg;

namespace {

/// The result's text, or "ERROR <sqlstate> <message>".
template <typename Function>
std::string outcome(Function function) {
    try {
        return function();
    } catch (const SqlError& error) {
        return "ERROR " + error.sqlstate() + " " + error.message();
    }
}

std::string input_output(Oid type, std::string_view text, std::int32_t typmod = -1) {
    return outcome([&] {
        TestEnvironment env;
        return output_text(env, type, input_text(env, type, text, typmod));
    });
}

std::string call_by_oid(Oid function, const std::vector<std::optional<std::string>>& args) {
    return outcome([&] {
        TestEnvironment env;
        return call(env, function, args).value_or("NULL");
    });
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
        {oid::kInt4, " -2147483648 ", "-2147483648"},
        {oid::kInt4, "2147483648", "ERROR 22003 value \"2147483648\" is out of range for type integer"},
        {oid::kInt2, "1x", "ERROR 22P02 invalid input syntax for type smallint: \"1x\""},
        {oid::kOid, "-1", "4294967295"},
        {oid::kXid, "0x1f", "31"},
        {oid::kBool, " tR ", "t"},
        {oid::kBool, "o", "ERROR 22P02 invalid input syntax for type boolean: \"o\""},
        {oid::kFloat8, "53376773841582256", "5.3376773841582256e+16"},
        {oid::kFloat8, "1e15", "1e+15"},
        {oid::kFloat8, "123456789012345", "123456789012345"},
        {oid::kFloat8, "0.00001", "1e-05"},
        {oid::kFloat8, "-inf", "-Infinity"},
        {oid::kFloat8, "0x1p3", "8"},
        {oid::kFloat8, "1e400", "ERROR 22003 \"1e400\" is out of range for type double precision"},
        {oid::kFloat4, "1234567", "1.234567e+06"},
        {oid::kFloat4, "1e-46", "ERROR 22003 \"1e-46\" is out of range for type real"},
        {oid::kNumeric, "-0.00", "0.00"},
        {oid::kNumeric, "1.5e3", "1500"},
        {oid::kNumeric, "15e-3", "0.015"},
        {oid::kNumeric, "+.5", "0.5"},
        {oid::kNumeric, "1e 2", "100"},
        {oid::kNumeric, "1..2", "ERROR 22P02 invalid input syntax for type numeric: \"1..2\""},
        {oid::kNumeric, "1e200000", "ERROR 22003 value overflows numeric format"},
    };
    for (const Row& row : rows) {
        INFO(row.type << " " << row.text);
        CHECK(input_output(row.type, row.text) == row.expected);
    }
}

TEST_CASE("numeric typmods") {
    CHECK(input_output(oid::kNumeric, "1.235", typmod_of(3, 2)) == "1.24");
    CHECK(input_output(oid::kNumeric, "9.995", typmod_of(3, 2)) ==
          "ERROR 22003 numeric field overflow");
    CHECK(input_output(oid::kNumeric, "12550", typmod_of(3, -2)) == "12600");
    CHECK(input_output(oid::kNumeric, "0.00123", typmod_of(2, 4)) == "0.0012");
    CHECK(input_output(oid::kNumeric, "NaN", typmod_of(2, 1)) == "NaN");
    CHECK(input_output(oid::kNumeric, "inf", typmod_of(2, 1)) ==
          "ERROR 22003 numeric field overflow");
}

TEST_CASE("functions of numbers") {
    struct Row {
        Oid function;
        std::vector<std::optional<std::string>> args;
        const char* expected;
    };
    const Row rows[] = {
        {177, {"2147483647", "1"}, "ERROR 22003 integer out of range"},
        {154, {"1", "0"}, "ERROR 22012 division by zero"},
        {1902, {"1", "33"}, "2"},
        {1727, {"1", "3"}, "0.33333333333333333333"},
        {1727, {"10.0", "3"}, "3.3333333333333333"},
        {1729, {"7.5", "-2.25"}, "0.75"},
        {1730, {"2"}, "1.414213562373095"},
        {2169, {"2.5", "0.5"}, "1.5811388300841897"},
        {1734, {"10"}, "2.3025850929940457"},
        {1744, {"2.5"}, "3"},
        {1744, {"NaN"}, "ERROR 0A000 cannot convert NaN to integer"},
        {1707, {"-1250", "-2"}, "-1300"},
    };
    for (const Row& row : rows) {
        INFO(row.function);
        CHECK(call_by_oid(row.function, row.args) == row.expected);
    }
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
