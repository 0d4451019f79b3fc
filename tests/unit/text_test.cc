// Text, bytea, bit and regular expressions against data/text_calls.txt, which a real server wrote
// (tests/record/calls.py); type input and output, format_type, UTF-8 and LC_CTYPE.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/type/ctype.h"
#include "sim/postgres/type/enum.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"
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

}  // namespace

TEST_CASE("recorded calls") {
    const RecordedCalls recorded = check_recorded_calls("text_calls.txt");
    CHECK(recorded.calls > 1500);
    CHECK(recorded.refused < 20);
}

TEST_CASE("recorded calls of network types") {
    const RecordedCalls recorded = check_recorded_calls("network_calls.txt");
    CHECK(recorded.calls > 400);
    CHECK(recorded.refused < 10);
}

TEST_CASE("text input and output") {
    struct Row {
        Oid type;
        const char* text;
        std::int32_t typmod;
        const char* expected;
    };
    const Row rows[] = {
        {oid::kVarchar, "abcd", 7, "ERROR 22001 value too long for type character varying(3)"},
        {oid::kVarchar, "abc   ", 7, "=abc"},
        {oid::kBpchar, "ab", 9, "=ab   "},
        {oid::kBpchar, "héllo!", 9, "ERROR 22001 value too long for type character(5)"},
        {oid::kChar, "abc", -1, "=a"},
        {oid::kChar, "\\310", -1, "=\\310"},
        {oid::kBytea, "\\x1", -1, "ERROR 22023 invalid hexadecimal data: odd number of digits"},
        {oid::kBytea, "\\xzz", -1, "ERROR 22023 invalid hexadecimal digit: \"z\""},
        {oid::kBytea, "\\x 12 34", -1, "=\\x1234"},
        {oid::kBytea, "a\\\\b\\001", -1, "=\\x615c6201"},
        {oid::kBytea, "a\\b", -1, "ERROR 22P02 invalid input syntax for type bytea"},
        {oid::kUuid, "{a0ee-BC99-9c0b-4ef8-bb6d-6bb9-bd38-0a11}", -1,
         "=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        {oid::kUuid, "a0eeb", -1, "ERROR 22P02 invalid input syntax for type uuid: \"a0eeb\""},
        {oid::kBit, "1011", 3, "ERROR 22026 bit string length 4 does not match type bit(3)"},
        {oid::kBit, "x1f", 8, "=00011111"},
        {oid::kBit, "102", -1, "ERROR 22P02 \"2\" is not a valid binary digit"},
        {oid::kVarbit, "10111", 3, "ERROR 22001 bit string too long for type bit varying(3)"},
        {oid::kOidvector, " 1  2 3", -1, "=1 2 3"},
        {oid::kOidvector, "1 x", -1, "ERROR 22P02 invalid input syntax for type oid: \"x\""},
    };
    for (const Row& row : rows) {
        INFO(row.type << " " << row.text);
        CHECK(input_output(row.type, row.text, row.typmod) == row.expected);
    }
}

TEST_CASE("names of types") {
    TestEnvironment env;
    CHECK(format_type(env, oid::kNumeric, (10 << 16 | 2) + 4) == "numeric(10,2)");
    CHECK(format_type(env, oid::kNumericArray, (10 << 16 | 2) + 4) == "numeric(10,2)[]");
    CHECK(format_type(env, oid::kVarchar, 24) == "character varying(20)");
    CHECK(format_type(env, oid::kBpchar) == "character");
    CHECK(format_type(env, oid::kTimestamptz, 3) == "timestamp(3) with time zone");
    CHECK(format_type(env, oid::kInterval, 4 << 16 | 0xFFFF) == "interval year");
    CHECK(format_type(env, oid::kChar) == "\"char\"");
    CHECK(call(env, 1081, {"1042", "-1"}) == "bpchar");
    CHECK(call(env, 1081, {"1042", std::nullopt}) == "character");
    CHECK(call(env, 1081, {"99999", std::nullopt}) == "???");
    CHECK(call(env, 1081, {"0", std::nullopt}) == "-");
}

TEST_CASE("enums") {
    TestEnvironment env;
    TypeInfo mood;
    mood.name = "mood";
    mood.ops = &enum_type_ops();
    mood.labels = {{1, 1.0, "sad"}, {2, 1.5, "ok"}, {3, 2.0, "happy"}};
    const Datum ok = mood.ops->input(env, mood, "ok", -1);
    std::string out;
    mood.ops->output(env, mood, ok, out);
    CHECK(out == "ok");
    CHECK(mood.ops->compare(ok, mood.ops->input(env, mood, "happy", -1)) < 0);
}

TEST_CASE("images on disk") {
    TestEnvironment env;
    const auto image = [&](Oid type, const char* text) {
        const TypeInfo& info = env.type(type);
        std::string out;
        info.ops->to_disk(env, info, input_text(env, type, text), out);
        return out;
    };
    CHECK(image(oid::kName, "abc").size() == 64);
    CHECK(image(oid::kBit, "101") == std::string("\3\0\0\0\xA0", 5));
    CHECK(image(oid::kOidvector, "1 2").size() == 28);
    CHECK(image(oid::kInet, "10.1.2.3/8") == std::string("\2\10\12\1\2\3", 6));
    CHECK(image(oid::kMacaddr, "08:00:2b:01:02:03") == std::string("\10\0\x2b\1\2\3", 6));
}

TEST_CASE("UTF-8") {
    CHECK(utf8::count("héllo") == 5);
    CHECK(utf8::offset("héllo", 2) == 3);
    CHECK(utf8::invalid_at("ok\xF0\x9F\x98\x80") == std::string_view::npos);
    CHECK(utf8::invalid_at("a\xC0\x80") == 1);
    CHECK(utf8::invalid_at("\xED\xA0\x80") == 0);
    CHECK_THROWS_WITH(utf8::require_valid("a\xE2\x28\xA1"),
                      "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1");
}

TEST_CASE("LC_CTYPE") {
    CHECK(to_upper(U'ÿ') == U'Ÿ');
    CHECK(to_upper(U'ß') == U'ß');
    CHECK(to_lower(U'İ') == U'i');
    CHECK(to_upper(0x10450) == 0x10428 + 40);
    CHECK((character_classes(U'é') & char_class::kAlpha) != 0);
    CHECK((character_classes(0x3000) & char_class::kSpace) != 0);
}

TEST_CASE("quoting") {
    CHECK(quote_identifier("abc_1") == "abc_1");
    CHECK(quote_identifier("user") == "\"user\"");
    CHECK(quote_identifier("A\"b") == "\"A\"\"b\"");
    CHECK(quote_literal("a'b\\") == "E'a''b\\\\'");
}
