// Scripts beside the answers of a real server and the output of the real psql.
#include <catch2/catch.hpp>

#include <filesystem>

#include "core/scenario/psql_print.h"
#include "tests/scenario/psql_answers.h"

using namespace cdcsim::scenario;

namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("scripts are split and their output is printed as psql does") {
    const std::filesystem::path folder = CDCSIM_TEST_DIR "/scenario/psql";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".sql" || !exists(std::filesystem::path(entry.path()).replace_extension(".psql"))) continue;
        ++count;
        const auto beside = [&](const char* extension) {
            return std::filesystem::path(entry.path()).replace_extension(extension);
        };
        INFO(entry.path().filename());
        RecordedHost host(beside(".answers"), folder);
        PsqlRun run({read(entry.path())}, {});
        std::string printed;
        run.advance(host, [&](const Outcome& outcome) { printed += print_outcome(outcome); });
        CHECK(host.unexpected() == std::vector<std::string>());
        CHECK(printed == read(beside(".psql")));
    }
    CHECK(count >= 5);
}

namespace {

std::vector<std::string> split(std::string_view text) {
    PsqlScript script(text);
    std::vector<std::string> out;
    while (auto command = script.next()) {
        out.push_back((command->is_meta ? "\\" : "") + command->text);
        for (const auto& argument : command->arguments) out.back() += "|" + argument;
    }
    return out;
}

}  // namespace

TEST_CASE("a query ends at a semicolon outside quotes, comments, parentheses and function bodies") {
    using Texts = std::vector<std::string>;
    CHECK(split("SELECT 1; SELECT ';'; SELECT $a$;$$;$a$") ==
          Texts{"SELECT 1;", "SELECT ';';", "SELECT $a$;$$;$a$"});
    CHECK(split("SELECT /* ; /* ; */ ; */ 1;SELECT (1;2);") ==
          Texts{"SELECT /* ; /* ; */ ; */ 1;", "SELECT (1;2);"});
    CHECK(split("SELECT E'\\';';SELECT 'a\\';") == Texts{"SELECT E'\\';';", "SELECT 'a\\';"});
    CHECK(split("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 "
                "END; SELECT 1; END; SELECT 2;")
              .size() == 2);
    CHECK(split("BEGIN; CREATE TABLE begin_t (i int); END;").size() == 3);
    CHECK(split("SELECT 1 \\; SELECT 2;") == Texts{"SELECT 1 ; SELECT 2;"});
    CHECK(split("SELECT 1::int, a[1:2], $1;") == Texts{"SELECT 1::int, a[1:2], $1;"});
}

TEST_CASE("blank lines and comments before a query are dropped, those within it are kept as psql does") {
    CHECK(split("\n-- c\n  SELECT\n\n 1 -- d\n;\n") ==
          std::vector<std::string>{"SELECT\n 1 -- d\n;"});
    CHECK(split("SELECT 'a\n\nb';") == std::vector<std::string>{"SELECT 'a\n\nb';"});
    CHECK(split("SELECT 1\n\\echo hi \"a b\" 'c d'\n;") ==
          std::vector<std::string>{"\\echo|hi|\"a b\"|c d", "SELECT 1\n;"});
}

TEST_CASE("psql's own variables are found, other names after a colon are not") {
    CHECK(PsqlScript("SELECT :'USER';").next()->variable == ":USER");
    CHECK(PsqlScript("SELECT :nothing, '{:USER}'::text;").next()->variable.empty());
}

TEST_CASE("data of COPY is taken from the lines after the query's line") {
    PsqlScript script("COPY t FROM stdin; SELECT 1;\na\tb\n\\.\nSELECT 2;");
    CHECK(script.next()->text == "COPY t FROM stdin;");
    CHECK(script.copy_data() == "a\tb\n");
    CHECK(script.next()->text == "SELECT 1;");
    CHECK(script.next()->text == "SELECT 2;");
}
