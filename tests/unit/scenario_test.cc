// Loading and judging of scenario files: text cases under tests/scenario/cases, and every scenario
// of this repository.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/diff/flat_record.h"
#include "core/scenario/expectation.h"
#include "core/scenario/grammar.h"
#include "core/scenario/loader.h"
#include "core/scenario/pattern.h"
#include "core/scenario/runner.h"
#include "core/scenario/text_pattern.h"
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
    Disk disk;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_TEST_DIR "/../scenarios")) {
        if (entry.path().extension() != ".yaml") continue;
        INFO(entry.path());
        CHECK_NOTHROW(load_scenarios(entry.path(), *disk.read(entry.path()), disk));
    }
}

namespace {

/// The records of a golden, shown topic by topic as the expectations ask for them.
class GoldenTarget : public FakeTarget, private cdcsim::kafka::Topics {
  public:
    explicit GoldenTarget(const cdcsim::diff::Golden& golden) : FakeTarget("") {
        for (const auto& flat : golden.records) {
            cdcsim::kafka::Record record;
            record.offset = flat.offset;
            record.timestamp_ms = flat.timestamp_ms;
            record.headers = std::make_shared<cdcsim::kafka::Headers>(flat.headers);
            record.key = content(flat.key);
            record.value = content(flat.value);
            records_[flat.topic].push_back(record);
        }
    }
    /// Shows so many more records as the expectation can tell.
    void reveal(const ExpectStep& step) {
        std::size_t& shown = shown_[step.name];
        const std::size_t all = records_[step.name].size();
        const std::size_t from = step.from.value_or(shown);
        if (step.kind == ExpectStep::Kind::kRecords) shown = std::min(all, from + step.wanted.items.size());
        if (step.kind == ExpectStep::Kind::kCount) shown = std::min<std::size_t>(all, from + std::stoul(step.wanted.value));
        if (step.kind == ExpectStep::Kind::kContains) shown = all;
    }
    const cdcsim::kafka::Topics& topics() const override { return *this; }

  private:
    static cdcsim::kafka::Content content(const std::optional<std::string>& text) {
        cdcsim::kafka::Content out;
        out.is_null = !text;
        out.payload = text.value_or("");
        return out;
    }
    std::vector<std::string> names() const override {
        std::vector<std::string> out;
        for (const auto& [name, records] : records_) out.push_back(name);
        return out;
    }
    std::size_t size(std::string_view topic) const override {
        const auto found = shown_.find(std::string(topic));
        return found == shown_.end() ? 0 : found->second;
    }
    const cdcsim::kafka::Record& at(std::string_view topic, std::size_t offset) const override {
        return records_.at(std::string(topic)).at(offset);
    }
    std::size_t total() const override { return 0; }
    Place arrival(std::size_t) const override { return {}; }

    std::map<std::string, std::vector<cdcsim::kafka::Record>> records_;
    std::map<std::string, std::size_t> shown_;
};

}  // namespace

TEST_CASE("the expectations of this repository's scenarios hold on what the real stack wrote") {
    Disk disk;
    int judged = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_TEST_DIR "/../scenarios")) {
        if (entry.path().extension() != ".yaml") continue;
        for (const Scenario& scenario : load_scenarios(entry.path(), *disk.read(entry.path()), disk)) {
            const std::string stem = entry.path().parent_path() / entry.path().stem();
            const auto text = disk.read(stem + (scenario.case_name.empty() ? "" : "[" + scenario.case_name + "]") + ".golden.jsonl");
            if (!text) continue;
            GoldenTarget target(cdcsim::diff::parse_golden(*text));
            RunReport report;
            Judge judge(target, report);
            for (const Step& step : scenario.steps) {
                const auto* expect = std::get_if<ExpectStep>(&step.body);
                const bool of_topic = expect && expect->kind <= ExpectStep::Kind::kCount;
                if (!of_topic) continue;
                target.reveal(*expect);
                judge.expect(step, *expect);
                ++judged;
            }
            for (const Failure& failure : report.failures) FAIL_CHECK(print_failure(failure));
        }
    }
    CHECK(judged > 100);
}

TEST_CASE("numbers are equal by value") {
    CHECK(canonical_number("253.50") == canonical_number("253.5000"));
    CHECK(canonical_number("1e3") == canonical_number("1000"));
    CHECK(canonical_number("0x10") == canonical_number("16"));
    CHECK(canonical_number("-0") == canonical_number("0.0"));
    CHECK(canonical_number("1.5") != canonical_number("-1.5"));
    for (const char* text : {"", "-", ".", "1e", "1x", "e5", "--1", "0x", "NaN", "1.2.3"}) CHECK(canonical_number(text).empty());
}

TEST_CASE("regular expressions are searched, in the usual spelling, in texts of any length") {
    const auto found = [](const char* expression, const std::string& text) { return TextPattern(expression).found_in(text); };
    CHECK(found("b+", "abbc"));
    CHECK_FALSE(found("^b", "abbc"));
    CHECK(found(R"(^\d{4}-\d\d$)", "2024-01"));
    CHECK(found(R"([\d.]+ \w+\s\S)", "1.5 ab\tc"));
    CHECK(found(R"(^(?:a|b)+?$)", "abab"));
    CHECK(found(R"([\]\-x]{3})", "-]x"));
    CHECK(found(R"(^\{"a":1\}$)", "{\"a\":1}"));
    CHECK(found("^x+$", std::string(200'000, 'x')));
    CHECK_THROWS_AS(found("(?=a)", "a"), TextPatternError);
    CHECK_THROWS_AS(found("[a", "a"), TextPatternError);
    CHECK_THROWS_AS(found("\\q", "a"), TextPatternError);
}

TEST_CASE("the JSON Schema is valid JSON and knows every key") {
    const auto schema = cdcsim::diff::parse_json(json_schema());
    REQUIRE(schema);
    for (const KeyRule& rule : grammar()) CHECK(json_schema().find("\"" + std::string(rule.key) + "\"") != std::string::npos);
}
