// libpg_query 15-4.0.0 writes negative integers as {}, which read as 0: SELECT -44 gave 0.
#include <catch2/catch.hpp>

#include "sim/postgres/parser/negative_integer.h"
#include "sim/postgres/parser/parse.h"

namespace cdcsim::pg {
namespace {

std::int64_t first_value(std::string_view sql) {
    ParseTree tree = parse_sql(sql);
    Node target = tree.statements().at(0).node["targetList"].items().at(0);
    return target["val"]["ival"].integer("ival");
}

TEST_CASE("negative constants keep their value") {
    CHECK(first_value("SELECT -44") == -44);
    CHECK(first_value("SELECT - 44") == -44);
    CHECK(first_value("SELECT -(5)") == -5);
    CHECK(first_value("SELECT -(-(-5))") == -5);
    CHECK(first_value("SELECT - /* a /* b */ -9 */ 7") == -7);
    CHECK(first_value("SELECT - -- 9\n 8") == -8);
    CHECK(first_value("SELECT -2147483647") == -2147483647);
    CHECK(first_value("SELECT -007") == -7);
    CHECK(first_value("SELECT 0, -1") == 0);
    CHECK(first_value("SELECT -0") == 0);
    CHECK(first_value("SELECT 5, -1") == 5);
    CHECK(first_value("/* \u00e9\u00e9 */ SELECT -6") == -6);
    CHECK(first_value("SELECT '\"ival\":{}', -1") == 0);
}

std::int64_t option(std::string_view sql, std::size_t index) {
    ParseTree tree = parse_sql(sql);
    return tree.statements().at(0).node["options"].items().at(index)["arg"].integer("ival");
}

TEST_CASE("negative options keep their value") {
    constexpr std::string_view kSequence =
        "CREATE SEQUENCE s INCREMENT BY -3 MINVALUE -5 MAXVALUE -1 START WITH -2 CACHE 1";
    CHECK(option(kSequence, 0) == -3);
    CHECK(option(kSequence, 1) == -5);
    CHECK(option(kSequence, 2) == -1);
    CHECK(option(kSequence, 3) == -2);
    CHECK(option(kSequence, 4) == 1);
    CHECK(option("CREATE SEQUENCE s MINVALUE 0 START -1", 0) == 0);
}

}  // namespace
}  // namespace cdcsim::pg
