// Texts as Java, Jackson, kcat and Kafka write them. Expected values were printed by JDK 17 and by
// Kafka 4.3's own classes.
#include <bit>
#include <catch2/catch.hpp>

#include "core/connect/decimal.h"
#include "core/connect/java_hash_map.h"
#include "core/connect/java_number.h"
#include "core/connect/json_text.h"
#include "core/connect/schema.h"
#include "core/kafka/kcat_json.h"
#include "core/kafka/partitioner.h"

using namespace cdcsim;
using namespace cdcsim::connect;

TEST_CASE("Double.toString of JDK 17") {
    struct Row {
        std::uint64_t bits;
        const char* text;
    };
    static constexpr Row kRows[] = {{0x3ff0000000000000, "1.0"},
                                    {0x3f50624dd2f1a9fc, "0.001"},
                                    {0x3f1a36e2eb1c432d, "1.0E-4"},
                                    {0x416312d000000000, "1.0E7"},
                                    {0x419d6f3454000000, "1.23456789E8"},
                                    {0x44b52d02c7e14af6, "9.999999999999999E22"},
                                    {0x0010000000000000, "2.2250738585072014E-308"},
                                    {0x0000000000000001, "4.9E-324"},
                                    {0x3d30000000000000, "5.6843418860808015E-14"},
                                    {0x4340000000000000, "9.007199254740992E15"},
                                    {0x3fd3333333333334, "0.30000000000000004"},
                                    {0x8000000000000000, "-0.0"},
                                    {0x3ee711947cfa26a2, "1.1E-5"},
                                    {0x447c7e83209e90b2, "8.409999999999999E21"},
                                    {0x445b1ae4d6e2ef50, "2.0E21"}};
    for (const auto& row : kRows)
        CHECK(java_double_text(std::bit_cast<double>(row.bits)) == row.text);
    static constexpr std::pair<std::uint32_t, const char*> kFloats[] = {
        {0x3f8ccccd, "1.1"},         {0x7f7fffff, "3.4028235E38"}, {0x00000001, "1.4E-45"},
        {0x4b800000, "1.6777216E7"}, {0x501502f9, "1.0E10"},       {0x00800000, "1.17549435E-38"}};
    for (const auto& [bits, text] : kFloats)
        CHECK(java_float_text(std::bit_cast<float>(bits)) == text);
}

TEST_CASE("decimals to Connect's bytes") {
    auto base64 = [](const char* text) {
        std::string out;
        append_base64(out, unscaled_bytes(*read_decimal(text)));
        return out;
    };
    CHECK(base64("0") == "AA==");
    CHECK(base64("103.50") == "KG4=");
    CHECK(base64("-1") == "/w==");
    CHECK(base64("128") == "AIA=");
    CHECK(base64("-128") == "gA==");
    CHECK(base64("-129") == "/38=");
    CHECK(base64("12345678901234567890123456789") == "J+QbMka+ybFuOYEV");
    for (const char* text : {"0.00", "103.50", "-0.01", "127", "128", "-128", "-129", "12345678901234567890123456789", "-98765432109876543210.5"})
        CHECK(plain_text(decimal_of_bytes(bytes_of_base64(base64(text)), read_decimal(text)->scale)) == text);
    CHECK(java_text(*read_decimal("0.0000001")) == "1E-7");
    CHECK(plain_text(without_trailing_zeros(*read_decimal("100.00"))) == "100");
    CHECK(plain_text(with_scale_half_up(*read_decimal("-1.005"), 2)) == "-1.01");
    CHECK_FALSE(with_exact_scale(*read_decimal("1.005"), 2));
}

TEST_CASE("JSON strings as Jackson writes them") {
    std::string out;
    append_json_string(out, "a\"\\/\b\f\n\r\t\x01\x1f é\xE2\x80\xA8 \xF0\x9F\x98\x80");
    CHECK(out == "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F é\xE2\x80\xA8 \\uD83D\\uDE00\"");
    CHECK(utf16_length("é\xF0\x9F\x98\x80x") == 4);
    CHECK(utf16_prefix("é\xF0\x9F\x98\x80x", 3) == "é\xF0\x9F\x98\x80");
}

TEST_CASE("HashMap's order") {
    JavaHashMap<int> map;
    for (const char* key : {"zeta", "alpha", "b", "a"}) map[key] = 1;
    std::string order;
    for (const auto* entry : map.in_java_order()) order += entry->first + " ";
    CHECK(order == "zeta a b alpha ");
    CHECK(java_string_hash("é\xF0\x9F\x98\x80") == 1996812);
}

TEST_CASE("murmur2") {
    CHECK(kafka::murmur2("21") == -973932308);
    CHECK(kafka::murmur2("foobar") == -790332482);
    CHECK(kafka::murmur2("a-little-bit-long-string") == -985981536);
    CHECK(kafka::murmur2("") == 275646681);
}

TEST_CASE("a schema's text") {
    Schema key = schema_of(SchemaType::kStruct);
    key.name = "cdc.public.t.Key";
    Schema id = schema_of(SchemaType::kInt32);
    id.default_json = "0";
    key.fields = {{"id", share(id)}};
    CHECK(*envelope_prefix(key, {}) ==
          "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,"
          "\"default\":0,\"field\":\"id\"}],\"optional\":false,\"name\":\"cdc.public.t.Key\"},"
          "\"payload\":");
}

TEST_CASE("a record as kcat prints it") {
    kafka::Record record;
    record.timestamp_ms = 5;
    record.key.is_null = false;
    record.key.payload = "{\"a\":\"/\"}";
    record.headers =
        std::make_shared<const kafka::Headers>(kafka::Headers{{"h", "v"}, {"n", std::nullopt}});
    std::string line;
    kafka::append_kcat_json(line, "t", record);
    CHECK(line ==
          "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"tstype\":\"create\",\"ts\":5,"
          "\"broker\":1,\"headers\":[\"h\",\"v\",\"n\",null],\"key\":\"{\\\"a\\\":\\\"/\\\"}"
          "\",\"payload\":null}");
}
