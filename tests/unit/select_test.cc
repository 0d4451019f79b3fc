// SELECTs from tests/sql/select_*.sql, a statement a line, against what psql of a real server said
// (.out: the answer of each statement after a line `-- <statement>`).
#include <catch2/catch.hpp>

#include <fstream>

#include "tests/unit/mini_session.h"

namespace cdcsim::pg {
namespace {

void check_file(const std::string& name) {
    std::ifstream recorded(CDCSIM_TEST_DIR "/sql/" + name + ".out");
    REQUIRE(recorded);
    MiniSession session;
    std::string statement, expected;
    auto check = [&] {
        if (statement.empty()) return;
        INFO(statement);
        CHECK(session.execute(statement) == expected);
    };
    for (std::string line; std::getline(recorded, line);) {
        if (line.starts_with("-- ")) {
            check();
            statement = line.substr(3);
            expected.clear();
        } else if (!line.starts_with("LINE ") && line.find_first_not_of(" ^") != std::string::npos) {
            expected += line + '\n';
        }
    }
    check();
}

TEST_CASE("SELECT: tables, conditions, order") { check_file("select_basic"); }
TEST_CASE("SELECT: types, grouping, laterals, errors") { check_file("select_more"); }
TEST_CASE("SELECT: joins, subqueries, CTEs, sets, windows") { check_file("select_joins"); }

}  // namespace
}  // namespace cdcsim::pg
