// Loading and judging of scenario files: text cases under tests/scenario/cases, and every scenario
// of this repository.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/scenario/grammar.h"
#include "core/scenario/loader.h"
#include "core/scenario/pattern.h"
#include "core/scenario/runner.h"
#include "tests/datadriven.h"
#include "tests/scenario/fake_target.h"

using namespace cdcsim::scenario;

namespace {

const std::string kCases = CDCSIM_TEST_DIR "/scenario/cases/";

/// The files of one case: `>>> name` begins another one.
class CaseFiles : public FileReader {
  public:
    explicit CaseFiles(const std::string& input) {
        std::string name = "x.yaml";
        files_[name];
        std::istringstream in(input);
        for (std::string line; std::getline(in, line);) {
            if (line.starts_with(">>> ")) {
                name = line.substr(4);
                files_[name];
            } else {
                files_[name] += line + "\n";
            }
        }
    }
    std::optional<std::string> read(const std::string& path) override {
        const auto found = files_.find(path);
        return found == files_.end() ? std::nullopt : std::optional(found->second);
    }
    std::vector<std::string> glob(const std::string& pattern) override {
        std::vector<std::string> out;
        const std::size_t star = pattern.find('*');
        for (const auto& [name, text] : files_) {
            if (name.starts_with(pattern.substr(0, star)) && name.ends_with(pattern.substr(star + 1))) out.push_back(name);
        }
        return out;
    }

  private:
    std::map<std::string, std::string> files_;
};

std::string describe(const Scenario& scenario) {
    std::string out = scenario.title() + ": " + std::to_string(scenario.steps.size()) + " steps\n";
    for (const Step& step : scenario.steps) {
        if (const auto* sql = std::get_if<SqlStep>(&step.body)) {
            out += "sql";
            for (const auto& script : sql->scripts) out += " [" + script + "]";
            if (!sql->session.empty()) out += " session " + sql->session;
            out += "\n";
        } else if (const auto* connector = std::get_if<ConnectorStep>(&step.body)) {
            out += connector->verb + " " + connector->name;
            for (const auto& [key, value] : connector->config) out += " " + key + "=" + value.value_or("(none)");
            out += "\n";
        } else if (const auto* expect = std::get_if<ExpectStep>(&step.body)) {
            out += "expect " + expect->name + " " + print_pattern(expect->wanted) + "\n";
        } else {
            out += "sleep " + std::get<SleepStep>(step.body).seconds + "\n";
        }
    }
    return out;
}

std::string load(const std::string& input) {
    CaseFiles files(input);
    std::string out;
    try {
        for (const Scenario& scenario : load_scenarios("x.yaml", *files.read("x.yaml"), files)) out += describe(scenario);
    } catch (const ScenarioError& error) {
        return error.what();
    }
    return out;
}

std::string run(const std::string& input) {
    CaseFiles files(input);
    const auto scenarios = load_scenarios("x.yaml", *files.read("x.yaml"), files);
    FakeTarget target(files.read("target").value_or(""));
    RunReport report = run_scenario(scenarios.front(), target);
    apply_xfail(report);
    std::string out;
    for (const Failure& failure : report.failures) out += print_failure(failure);
    for (const std::string& line : report.not_simulated) out += line + "\n";
    if (report.expected_failure) out += "failed as expected\n";
    return out.empty() ? "held" : out;
}

}  // namespace

TEST_CASE("what the loader makes of files and refuses") {
    cdcsim::test::run_cases(kCases + "load.txt", [](const std::string&, const std::string& input) { return load(input); });
}

TEST_CASE("what expectations say when they do not hold") {
    cdcsim::test::run_cases(kCases + "run.txt", [](const std::string&, const std::string& input) { return run(input); });
}

TEST_CASE("every scenario of this repository loads") {
    class Disk : public FileReader {
      public:
        std::optional<std::string> read(const std::string& path) override {
            std::ifstream in(path);
            if (!in) return std::nullopt;
            std::ostringstream text;
            text << in.rdbuf();
            return text.str();
        }
        std::vector<std::string> glob(const std::string&) override { return {}; }
    };
    Disk disk;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_TEST_DIR "/../scenarios")) {
        if (entry.path().extension() != ".yaml") continue;
        INFO(entry.path());
        CHECK_NOTHROW(load_scenarios(entry.path(), *disk.read(entry.path()), disk));
    }
}

TEST_CASE("numbers are equal by value") {
    CHECK(canonical_number("253.50") == canonical_number("253.5000"));
    CHECK(canonical_number("1e3") == canonical_number("1000"));
    CHECK(canonical_number("0x10") == canonical_number("16"));
    CHECK(canonical_number("-0") == canonical_number("0.0"));
    CHECK(canonical_number("1.5") != canonical_number("-1.5"));
    for (const char* text : {"", "-", ".", "1e", "1x", "e5", "--1", "0x", "NaN", "1.2.3"}) CHECK(canonical_number(text).empty());
}

TEST_CASE("the JSON Schema is valid JSON and knows every key") {
    const auto schema = cdcsim::diff::parse_json(json_schema());
    REQUIRE(schema);
    for (const KeyRule& rule : grammar()) CHECK(json_schema().find("\"" + std::string(rule.key) + "\"") != std::string::npos);
}
