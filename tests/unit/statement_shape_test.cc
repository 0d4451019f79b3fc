// The lexer of plan sharing against PostgreSQL's own: where it is certain, it must find the very same
// literals.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/base/error.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/parser/statement_shape.h"

using namespace cdcsim::pg;

namespace {

// libpg_query's token numbers.
constexpr int kIconst = 266, kFconst = 260, kSconst = 261;

std::string shape_of(std::string_view text) {
    StatementShape shape;
    return shape.read(text) ? shape.key : "refused";
}

/// True if both lexers agree, or ours has refused.
bool agrees(const std::string& text, bool& taken) {
    StatementShape shape;
    taken = shape.read(text);
    if (!taken) return true;
    std::vector<Token> tokens;
    try {
        tokens = scan_sql(text);
    } catch (const cdcsim::SqlError&) {
        return true;  // the parser refuses it before any plan is looked for
    }
    std::erase_if(tokens, [](const Token& token) { return token.token != kIconst && token.token != kFconst && token.token != kSconst; });
    if (tokens.size() != shape.literals.size()) return false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Literal& literal = shape.literals[i];
        if (tokens[i].begin != literal.begin || tokens[i].end != literal.end) return false;
        if ((tokens[i].token == kSconst) != (literal.kind == LiteralClass::kString)) return false;
        if ((tokens[i].token == kIconst) != (literal.kind == LiteralClass::kInt4)) return false;
    }
    return true;
}

std::vector<std::string> corpus() {
    std::vector<std::string> lines = {
        "INSERT INTO t(a, b) VALUES (1, 'x''y', -2.50, NULL, \"q\".f('z'), 3000000000)",
        "UPDATE t SET a = a + 1, b = 'x' WHERE c >= 12.5 AND d <> -7;",
        "DELETE FROM t WHERE a = 9223372036854775807 OR b LIKE '%x%'",
        "SELECT a::text || 'x', $1 FROM t -- ' comment\n WHERE b = 'y'",
        "SELECT 'a'\n'b', E'\\n', U&'x', B'1', X'F', N'n', 1.5e3, .5, 1.",
    };
    for (const char* folder : {"/sql", "/expr"}) {
        for (const auto& entry : std::filesystem::directory_iterator(std::string(CDCSIM_TEST_DIR) + folder)) {
            if (entry.path().extension() != ".sql") continue;
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) lines.push_back(line);
        }
    }
    return lines;
}

/// A text after another one is of its shape exactly if both are read alike, and then has the same literals.
bool is_alike_as_read(const std::string& first, const std::string& next) {
    StatementShape before, anew;
    if (!before.read(first)) return !StatementShape().read_alike(next);
    const std::string key = before.key;
    const bool read = anew.read(next), alike = before.read_alike(next);
    if (!alike) return !read || anew.key != key;
    auto same = [](const Literal& a, const Literal& b) { return a.kind == b.kind && a.begin == b.begin && a.end == b.end; };
    return read && anew.key == key && before.key == key && std::ranges::equal(before.literals, anew.literals, same);
}

}  // namespace

TEST_CASE("literals become their classes") {
    CHECK(shape_of("INSERT INTO t VALUES (1, 'a''b', 2.5, 3000000000)") == "INSERT INTO t VALUES (\2, \1, \4, \3)");
    CHECK(shape_of("select 'a' ;  ") == "select \1 ");
    CHECK(shape_of("select a1, t2.b3 from \"T 1\" t2 limit 5") == "select a1, t2.b3 from \"T 1\" t2 limit \2");
    StatementShape shape;
    REQUIRE(shape.read("select 'it''s'"));
    CHECK(literal_characters("select 'it''s'", shape.literals[0]) == "it's");
}

TEST_CASE("what is not certain is left to the parser") {
    for (const char* text : {"select E'a'", "select 'a' -- b", "select /* b */ 1", "select $1", "select $$a$$", "select 'a'\n'b'", "select 1e5",
                             "select 1.", "select .5", "select 12ab", "select -2147483648", "select - 9999999999", "select 1; select 2",
                             "select U&'a'", "select 'a", "create table t (a int)", "selects 1", "select\0 1", "select a$b"}) {
        INFO(text);
        CHECK(shape_of(text) == "refused");
    }
}

TEST_CASE("the same literals as PostgreSQL's lexer, on every test statement and on mutations of them") {
    std::mt19937 random(7);
    const std::string bytes = "'\"$-/*.;eEuU&bBxX \n0123456789a(),\\\xC3\xA4";
    int read = 0;
    for (const std::string& line : corpus()) {
        bool taken = false;
        INFO(line);
        CHECK(agrees(line, taken));
        read += taken;
        for (int i = 0; i < 4 && !line.empty(); ++i) {
            std::string mutated = line;
            for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
                mutated.insert(random() % (mutated.size() + 1), 1, bytes[random() % bytes.size()]);
            }
            INFO(mutated);
            CHECK(agrees(mutated, taken));
            CHECK(is_alike_as_read(line, mutated));
        }
    }
    CHECK(read > 500);
}
