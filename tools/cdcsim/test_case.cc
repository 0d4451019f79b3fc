#include "tools/cdcsim/test_case.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <optional>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/diff/compare_records.h"
#include "core/scenario/runner.h"
#include "sim/pipeline/disk.h"
#include "tools/cdcsim/help.h"
#include "tools/cdcsim/output.h"
#include "tools/cdcsim/play.h"

namespace cdcsim::cli {

namespace {

using scenario::RunReport;

constexpr std::size_t kShownDifferences = 3;

class Test {
  public:
    Test(const TestCase& test, Update update) : test_(test), update_(update) { result_.test = &test; }

    TestResult run() {
        Play play(test_.scenario, 0);
        result_.records = play.topics().total();
        RunReport& report = play.report();
        if (report.not_simulated.empty()) compare(play);
        for (const std::string& line : shape_errors_) result_.lines.push_back(line);
        scenario::apply_xfail(report);
        for (const auto& failure : report.failures) result_.lines.push_back(scenario::print_failure(failure));
        for (const std::string& line : report.not_simulated) result_.lines.push_back(line + "\n");
        result_.verdict = report.failed()                 ? Verdict::kFailed
                          : !shape_errors_.empty()        ? Verdict::kBadFile
                          : report.expected_failure       ? Verdict::kExpectedFailure
                          : !report.not_simulated.empty() ? Verdict::kNotSimulated
                                                          : Verdict::kHeld;
        return std::move(result_);
    }

  private:
    void compare(Play& play) {
        std::string path = beside(test_.scenario, ".golden.jsonl");
        result_.compared_with = "golden";
        auto text = disk_.read(path);
        if (!text) {
            path = beside(test_.scenario, ".snap.jsonl");
            result_.compared_with = "snapshot";
            if (update_ == Update::kSnapshots) return write_snapshot(play, path);
            text = disk_.read(path);
        }
        if (!text) {
            result_.compared_with.clear();
            return;
        }
        diff::Golden golden;
        try {
            golden = diff::parse_golden(*text);
        } catch (const diff::GoldenError& error) {
            shape_errors_.push_back(fmt::format("{}: {}\n", path, error.what()));
            return;
        }
        const Play second(test_.scenario, 1), third(test_.scenario, 2);
        compare_records(play, second, third, golden, path);
        compare_transcript(play, second, third);
    }

    void write_snapshot(const Play& play, const std::string& path) {
        const diff::Golden header{kPostgresVersion, kConnectorVersion, kKafkaVersion, sha256_hex(test_.text), {}};
        std::ofstream out(path, std::ios::binary);
        out << diff::golden_header(header) << "\n" << kcat_output(play.topics(), {});
        if (!out.flush()) shape_errors_.push_back(fmt::format("cannot write {}\n", path));
    }

    void compare_records(Play& first, const Play& second, const Play& third, const diff::Golden& golden, const std::string& path) {
        const diff::RunRecords runs{diff::flatten(first.topics()), diff::flatten(second.topics()), diff::flatten(third.topics())};
        if (const std::string difference = diff::shape_difference(runs); !difference.empty()) return refuse_shape(difference);
        const diff::Comparison comparison = diff::compare_records(runs, golden.records, test_.scenario.volatile_columns);
        result_.volatile_leaves = comparison.volatile_leaves;
        result_.skipped_leaves = comparison.skipped_leaves;
        const bool stale = golden.scenario_sha256 != sha256_hex(test_.text);
        std::size_t shown = 0;
        for (const diff::Difference& difference : comparison.differences) {
            if (shown++ == kShownDifferences) break;
            scenario::Failure& failure = first.report().failures.emplace_back();
            failure.file = path;
            failure.line = line_of(golden, difference);
            failure.title = fmt::format("the records differ at {} offset {}", difference.topic, difference.offset);
            if (!difference.path.empty()) failure.details.emplace_back("path", difference.path);
            failure.details.emplace_back(result_.compared_with, difference.expected);
            failure.details.emplace_back("simulated", difference.actual);
            if (!difference.note.empty()) failure.details.emplace_back("note", difference.note);
            if (stale) failure.details.emplace_back("hint", "the scenario was changed after this file was written");
        }
        if (comparison.differences.size() > shown) {
            first.report().failures.back().details.emplace_back("and", fmt::format("{} more differences", comparison.differences.size() - shown));
        }
    }

    static int line_of(const diff::Golden& golden, const diff::Difference& difference) {
        for (std::size_t i = 0; i < golden.records.size(); ++i) {
            if (golden.records[i].topic == difference.topic && golden.records[i].offset == difference.offset) return static_cast<int>(i) + 2;
        }
        return 1;
    }

    void compare_transcript(Play& first, const Play& second, const Play& third) {
        if (result_.compared_with != "golden") return;
        const std::string path = beside(test_.scenario, ".golden.psql");
        const auto golden = disk_.read(path);
        if (!golden) return;
        const auto transcript_of = [](const Play& play) { return scenario::transcript(play.report()); };
        const std::array<std::string, 3> runs{transcript_of(first), transcript_of(second), transcript_of(third)};
        for (const auto& difference : diff::compare_transcripts(runs, *golden)) {
            if (difference.shape_differs) return refuse_shape("the output of " + difference.step);
            scenario::Failure& failure = first.report().failures.emplace_back();
            failure.file = path;
            failure.line = 1;
            failure.title = fmt::format("psql's output differs at \"{}\"", difference.step);
            failure.details.emplace_back("golden", difference.expected);
            failure.details.emplace_back("simulated", difference.actual);
        }
    }

    void refuse_shape(const std::string& what) {
        shape_errors_.push_back(fmt::format("{}: its shape depends on volatile values: {}\n", test_.title, what));
    }

    const TestCase& test_;
    Update update_;
    Disk disk_;
    TestResult result_;
    std::vector<std::string> shape_errors_;
};

}  // namespace

std::string sha256_hex(const std::string& text) {
    std::string out;
    for (char c : digest::sha256(text)) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string beside(const scenario::Scenario& scenario, const std::string& suffix) {
    std::string stem = scenario.file;
    const std::size_t dot = stem.rfind('.');
    if (dot != std::string::npos && dot > stem.rfind('/') + 1) stem.resize(dot);
    if (!scenario.case_name.empty()) stem += "[" + scenario.case_name + "]";
    return stem + suffix;
}

TestResult run_test(const TestCase& test, Update update) {
    const auto begin = std::chrono::steady_clock::now();
    TestResult result;
    result.test = &test;
    try {
        if (!test.load_error.empty()) {
            result.verdict = Verdict::kBadFile;
            result.lines.push_back(test.load_error + "\n");
        } else if (test.scenario.only == "live") {
            result.verdict = Verdict::kSkipped;
        } else {
            result = Test(test, update).run();
        }
    } catch (const std::exception& error) {
        result.verdict = Verdict::kInternal;
        result.lines.push_back(fmt::format("{}: {}\n", test.title, error.what()));
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

Status status_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kFailed: return Status::kFailed;
        case Verdict::kNotSimulated: return Status::kNotSimulated;
        case Verdict::kBadFile: return Status::kBadUsage;
        case Verdict::kInternal: return Status::kInternal;
        case Verdict::kNoLiveStack: return Status::kNoLiveStack;
        default: return Status::kHeld;
    }
}

}  // namespace cdcsim::cli
