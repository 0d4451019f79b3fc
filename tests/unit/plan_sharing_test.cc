// Plan sharing must not be seen: every scenario gives the same bytes with it and without, and so do
// statements that try to tell the difference.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/scenario/loader.h"
#include "core/scenario/runner.h"
#include "sim/pipeline/disk.h"
#include "sim/pipeline/simulated_target.h"
#include "sim/pipeline/simulation.h"

using namespace cdcsim;

namespace {

std::string text_of(const kafka::Content& content) { return content.text().value_or("<null>"); }

std::string played(const scenario::Scenario& scenario, Disk& disk, bool sharing) {
    SimulationOptions options;
    options.database = scenario.database;
    options.user = scenario.user;
    options.plan_sharing = sharing;
    Simulation simulation(options);
    SimulatedTarget target(simulation, disk, scenario::folder_of(scenario.file));
    scenario::RunReport report = scenario::run_scenario(scenario, target, [](const scenario::StepReport&) {});
    std::string out = scenario::transcript(report);
    for (const auto& arrival : simulation.topics().arrivals()) {
        const kafka::Record& record = arrival.topic->at(arrival.offset);
        out += arrival.topic->name() + " " + std::to_string(record.timestamp_ms) + " " + text_of(record.key) + " " + text_of(record.value) + "\n";
        if (!record.headers) continue;
        for (const kafka::Header& header : *record.headers) out += "  " + header.key + "=" + header.value.value_or("<null>") + "\n";
    }
    return out;
}

/// The answers and the error of each statement, one after the other in one session.
std::string answers(const std::vector<std::string>& statements, bool sharing) {
    SimulationOptions options;
    options.plan_sharing = sharing;
    Simulation simulation(options);
    auto session = simulation.server().open_session("");
    std::string out;
    for (const std::string& sql : statements) {
        const scenario::MessageAnswer answer = simulation.execute(*session, sql);
        out += "> " + sql + "\n";
        for (const auto& statement : answer.answers) {
            for (const auto& notice : statement.notices) out += notice.message + "\n";
            for (const auto& row : statement.result.rows) {
                for (const auto& value : row) out += value.value_or("<null>") + "|";
                out += "\n";
            }
            out += statement.result.command_tag + "\n";
        }
        if (answer.error) {
            out += answer.error->sqlstate + " " + answer.error->message + " @" + std::to_string(answer.error->position) + " " + answer.error->detail + "\n";
        }
    }
    return out;
}

}  // namespace

TEST_CASE("every scenario gives the same bytes without plan sharing") {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_SCENARIO_DIR)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    Disk disk;
    for (std::size_t i = 0; i < files.size(); i += CDCSIM_SCENARIO_STRIDE) {
        const std::string& file = files[i];
        for (const scenario::Scenario& scenario : scenario::load_scenarios(file, disk.read(file).value(), disk)) {
            INFO(file);
            CHECK(played(scenario, disk, true) == played(scenario, disk, false));
        }
    }
}

TEST_CASE("literals that try to tell") {
    const std::vector<std::string> statements = {
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(5), n numeric(6,2), at timestamp, j jsonb, c char(3), b bigint, f float8)",
        "INSERT INTO t VALUES (1, 'abc', 1.5, '2024-01-01', '{\"a\": 1}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (2, 'äöüäö', 1.005, 'now', '[1]', 'xyz', 3000000000, 2)",
        "INSERT INTO t VALUES (3, 'abcdef', 1.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (3, 'abc     ', 1.5, '2024-01-01', '{}', 'x   ', 5, 1.5)",
        "INSERT INTO t VALUES (4, 'abc', 12345.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (4, 'abc', 1.5, 'never', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (4, 'abc', 1.5, '2024-01-01', '{', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (4, 'it''s', -1.5, '2024-01-01', '{}', 'x', -5, -1.5)",
        "INSERT INTO t VALUES (5, 'it''s', - 2.5, '2024-01-01', '{}', 'x', - 6, -1.5)",
        "INSERT INTO t VALUES (1, 'dup', 1.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "SELECT * FROM t WHERE id = 1",
        "SELECT * FROM t WHERE id = 2",
        "SELECT * FROM t WHERE id = '3'",
        "SELECT * FROM t WHERE id = 'three'",
        "SELECT * FROM t WHERE id = 99999999999",
        "SELECT id FROM t WHERE n = 1.5 LIMIT 1",
        "SELECT id FROM t WHERE n = 1.50 LIMIT 2",
        "SELECT id FROM t WHERE n = 1.50 LIMIT 0",
        "SELECT id FROM t WHERE c = 'x'",
        "SELECT id FROM t WHERE c = 'x '",
        "SELECT id, id + 1 FROM t GROUP BY id, id + 1 ORDER BY 1",
        "SELECT id, id + 1 FROM t GROUP BY id, id + 2 ORDER BY 1",
        "SELECT id, v FROM t ORDER BY 2",
        "SELECT id, v FROM t ORDER BY 3",
        "UPDATE t SET v = 'u1', n = n + 1 WHERE id = 1",
        "UPDATE t SET v = 'u2', n = n + 2 WHERE id = 2",
        "UPDATE t SET v = 'too long', n = n + 2 WHERE id = 999",
        "UPDATE t SET v = 'u2', n = n + 2 WHERE id = 1/0",
        "UPDATE t SET v = 'u3', n = n / 0 WHERE id = 1",
        "UPDATE t SET v = 'u3', n = n / 2 WHERE id = 1",
        "BEGIN",
        "UPDATE t SET v = 'u4', n = n / 2 WHERE id = 1",
        "ALTER TABLE t ADD COLUMN extra int DEFAULT 7",
        "INSERT INTO t VALUES (6, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (7, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5, 8)",
        "ROLLBACK",
        "INSERT INTO t VALUES (8, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (9, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5, 8)",
        "SET DateStyle = 'ISO, DMY'",
        "INSERT INTO t VALUES (10, 'abc', 1.5, '01/02/2024', '{}', 'x', 5, 1.5)",
        "SET DateStyle = 'ISO, MDY'",
        "INSERT INTO t VALUES (11, 'abc', 1.5, '01/02/2024', '{}', 'x', 5, 1.5)",
        "INSERT INTO t VALUES (12, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5) ON CONFLICT (id) DO UPDATE SET v = 'con'",
        "INSERT INTO t VALUES (12, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5) ON CONFLICT (id) DO UPDATE SET v = 'flict'",
        "DELETE FROM t WHERE id = 10 OR id = 11",
        "DELETE FROM t WHERE id = 12 OR id = 13",
        "SELECT * FROM t",
        "BEGIN",
        "SELECT nothing",
        "INSERT INTO t VALUES (14, 'abc', 1.5, '2024-01-01', '{}', 'x', 5, 1.5)",
        "COMMIT",
    };
    CHECK(answers(statements, true) == answers(statements, false));
}
