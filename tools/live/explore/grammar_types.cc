#include <array>

#include "tools/live/explore/grammar.h"

namespace cdcsim::explore {

namespace {

constexpr auto kTypes = std::to_array<TypeRow>({
    {"int", "int4", 14, true},
    {"bigint", "int8", 8, true},
    {"smallint", "int2", 5, true},
    {"boolean", "bool", 6, true},
    {"real", "float4", 3, true},
    {"double precision", "float8", 5, true},
    {"numeric", "numeric", 6, true},
    {"numeric(10,2)", "numeric", 6, true},
    {"numeric(4,1)", "numeric", 3, true},
    {"decimal(6)", "numeric", 2, true},
    {"text", "text", 14, true},
    {"varchar(20)", "varchar", 6, true},
    {"varchar", "varchar", 3, true},
    {"varchar(4)", "varchar", 2, true},
    {"char(5)", "bpchar", 4, true},
    {"bytea", "bytea", 4, true},
    {"date", "date", 5, true},
    {"time", "time", 3, true},
    {"time(2)", "time", 1, true},
    {"timetz", "timetz", 2, true},
    {"timestamp", "timestamp", 5, true},
    {"timestamp(3)", "timestamp", 2, true},
    {"timestamptz", "timestamptz", 5, true},
    {"interval", "interval", 3, true},
    {"uuid", "uuid", 4, true},
    {"json", "json", 3, false},
    {"jsonb", "jsonb", 8, true},
    {"mood", "mood", 4, true},
    {"int[]", "int4[]", 4, true},
    {"text[]", "text[]", 4, true},
    {"numeric(6,2)[]", "numeric[]", 1, true},
    {"money", "money", 1, true},
    {"inet", "inet", 1, true},
    {"bit(4)", "bit", 1, true},
    {"varbit(8)", "varbit", 1, true},
    {"int4range", "int4range", 1, true},
    {"name", "name", 1, true},
});

constexpr auto kConstants = std::to_array<ConstantRow>({
    {"int4", "0|1|2|3|7|10|42|-1|-5|100", "2147483647|-2147483648| 12 |+4", "abc|2147483648|1.5||12a"},
    {"int8", "0|1|2|5|1000|-7|123456789", "9223372036854775807|-9223372036854775808", "9223372036854775808|x"},
    {"int2", "0|1|2|3|-4|12", "32767|-32768", "32768|one"},
    {"bool", "true|false|t|f", "yes|off|1|0|TRUE|on", "maybe|2"},
    {"float4", "0|1.5|-2.25|3|0.1", "1e10|3.4e38|-0|NaN|Infinity|1e-40|0.333333333", "1e40|abc"},
    {"float8", "0|1.5|-2.25|100|0.1|3.14159", "1e300|-0|NaN|-Infinity|5e-324|123456789012345678|1e15|1e16|1e-5", "1e400|x"},
    {"numeric", "0|1|1.5|103.50|-2.25|12.345|0.10", "999.99|-0.0001|1e10|NaN|99999999.995|0.000|1e-8", "1.2.3|abc||1e"},
    {"text", "a|b|abc|Hello World|foo bar||x1|10", "é|日本| padded |a''b|%_|A\\b|tab\there|NULL|{1,2}", ""},
    {"varchar", "a|b|abc|xyz|abcd|ab", "é|日本|abcd   | ", "longer than twenty characters"},
    {"bpchar", "a|ab|abc|abcde", "é|a |  b", "abcdef|too long"},
    {"bytea", "\\\\x00|\\\\xdeadbeef|\\\\x|abc", "\\\\xFF00ff|a\\\\000b", "\\\\x1|\\\\xzz"},
    {"date", "2024-01-31|2024-02-29|2023-12-31|2000-01-01", "0001-01-01|infinity|-infinity|4713-01-01 BC|5874897-12-31|2024-06-15 10:00|Jan 5, 2024",
     "2024-02-30|2023-02-29|nope"},
    {"time", "00:00:00|12:34:56|23:59:59.999999|08:30", "24:00:00|04:05 PM|040506|12:34:56.789", "25:00|noon"},
    {"timetz", "12:34:56+00|08:30+02|23:59:59.5-05:30", "24:00:00+00|00:00+15:59", "12:00+99"},
    {"timestamp", "2024-01-31 10:00:00|2024-02-29 23:59:59.123456|2000-01-01", "infinity|-infinity|0001-01-01 00:00:00|294276-12-31 23:59:59.999999|1969-12-31 23:59:59.5|2024-01-01T00:00:00Z",
     "2024-13-01|yesterdayish"},
    {"timestamptz", "2024-01-31 10:00:00+00|2024-02-29 23:59:59.123456+02|2000-01-01", "infinity|-infinity|0001-01-01 00:00:00+00 BC|2024-07-01 12:00 America/New_York|1969-12-31 23:59:59.5Z",
     "2024-01-01 25:00|x"},
    {"interval", "1 day|2 hours|1 mon 3 days|00:00:01.5|1 year", "-1 day +02:03:04|P1Y2M3DT4H5M6S|0|1.5 months|178000000 years|@ 1 week ago|25:00:00", "1 fortnight|abc"},
    {"uuid", "11111111-1111-1111-1111-111111111111|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}|00000000-0000-0000-0000-000000000000", "123|g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"json", "{}|{\"a\": 1}|[1, 2, 3]|\"x\"|null|{\"a\": {\"b\": [1, \"two\"]}, \"c\": null}", "{\"a\":1, \"a\":2}| 1.50 |[]|{\"é\": \"\\u00e9\"}|1e5", "{a: 1}|{\"a\"|"},
    {"jsonb", "{}|{\"a\": 1}|[1, 2, 3]|\"x\"|null|{\"a\": {\"b\": [1, \"two\"]}, \"c\": null}|{\"amount\": {\"new\": 2, \"old\": 1.50}}", "{\"a\":1, \"a\":2}|1.50|[]|{\"bb\": 1, \"a\": 2, \"ccc\": true}|1e5|-0|true|[[1], {\"a\": []}]",
     "{a: 1}|[1,|01"},
    {"mood", "sad|ok|happy", "", "Sad|angry"},
    {"int4[]", "{}|{1,2,3}|{1,NULL,3}|{5}", "{{1,2},{3,4}}|[0:1]={7,8}|{2147483647}", "{1,a}|1,2|{1,2"},
    {"text[]", "{}|{a,b}|{\"x y\",NULL,\"\"}|{abc}", "{\"a\\\\\"b\",\"{}\"}|{{a},{b}}|{\"NULL\",null}", "{a|{\"a}"},
    {"numeric[]", "{1.5,2}|{}|{NULL}", "{999.999}|{NaN}", "{x}"},
    {"money", "1.50|$1,234.56|-2", "92233720368547758.07|0.005", "x"},
    {"inet", "10.0.0.1|192.168.1.0/24", "::1|fe80::1/64", "300.1.1.1"},
    {"bit", "1010|0000", "1111", "10|102"},
    {"varbit", "1|10101|", "11111111", "111111111|2"},
    {"int4range", "[1,5)|empty|(1,10]", "(,5]|[3,3]|[,)", "[5,1]|x"},
    {"name", "a|abc", "a very long name that has more than sixty-three bytes in it, really many", ""},
});

}  // namespace

std::span<const TypeRow> column_types() { return kTypes; }
std::span<const ConstantRow> constants() { return kConstants; }

}  // namespace cdcsim::explore
