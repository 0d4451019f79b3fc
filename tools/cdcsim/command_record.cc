// cdcsim record: runs scenarios on the real stack and writes what it did beside them.
#include <fmt/format.h>

#include <fstream>

#include "core/diff/flat_record.h"
#include "sim/pipeline/disk.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/live_options.h"
#include "tools/cdcsim/live_run.h"
#include "tools/cdcsim/play.h"
#include "tools/cdcsim/test_progress.h"
#include "tools/live/record/recording.h"

namespace cdcsim::cli {

namespace {

using live::Recording;

constexpr const char* kHelp = R"(Runs scenarios (directories recursively) on the real stack and writes what it did beside them:
x.golden.jsonl (versions, then the records as `kcat -J` prints them) and x.golden.psql (what psql
printed). Each is run twice; what differs between the runs and is no clock, counter, number or
uuid is a failure, and nothing is written. The stack is started when needed and left warm.
)";

class Recorder {
  public:
    explicit Recorder(const OptionSet& options) : stack_(stack_options(options)), check_(options.has("check")), missing_(options.has("missing")) {}

    TestResult run(const TestCase& test) {
        TestResult result;
        const auto there = check_ || missing_ ? read_golden(test) : std::nullopt;
        if (missing_ && there) {
            result.note = "recorded already";
            return result;
        }
        const Play simulated(test.scenario, 0);
        const LiveRun run{stack_, guides_of(simulated.report())};
        const Recording first = play(test, run, &result);
        const Recording second = there ? *there : play(test, run, nullptr);
        result.records = first.records.size();
        const auto differences = there ? live::compare_recordings(second, first, test.scenario.volatile_columns) : live::compare_recordings(first, second, test.scenario.volatile_columns);
        for (const std::string& difference : differences) result.lines.push_back(fmt::format("{}: {}: {}\n", test.title, there ? "not as recorded" : "differs between two runs", difference));
        if (!there && differences.empty()) write(test, first);
        if (!result.lines.empty()) result.verdict = Verdict::kFailed;
        result.note = fmt::format("{} {} records", there ? "as recorded:" : "recorded", result.records);
        return result;
    }

  private:
    Recording play(const TestCase& test, const LiveRun& run, TestResult* result) {
        Recording out;
        run_live(test.scenario, run, [&](live::LiveTarget& target, const scenario::RunReport& report) {
            out = live::recording_of(target.topics(), report);
            for (const auto& failure : report.failures) {
                if (result) result->lines.push_back(scenario::print_failure(failure));
            }
            if (header_.postgres.empty()) header_ = target.versions();
        });
        return out;
    }

    /// What was recorded of this text of the scenario.
    std::optional<Recording> read_golden(const TestCase& test) {
        const auto golden = disk_.read(beside(test.scenario, ".golden.jsonl"));
        if (!golden || golden->substr(0, golden->find('\n')).find(sha256_hex(test.text)) == std::string::npos) return std::nullopt;
        return live::parse_recording(*golden, disk_.read(beside(test.scenario, ".golden.psql")).value_or(""));
    }

    void write(const TestCase& test, const Recording& recording) {
        header_.scenario_sha256 = sha256_hex(test.text);
        write_file(beside(test.scenario, ".golden.jsonl"), diff::golden_header(header_) + "\n" + recording.lines);
        write_file(beside(test.scenario, ".golden.psql"), recording.transcript);
    }

    static void write_file(const std::string& path, const std::string& text) {
        std::ofstream file(path, std::ios::binary);
        file << text;
        if (!file.flush()) throw UsageError{"cannot write " + path};
    }

    live::StackOptions stack_;
    bool check_, missing_;
    Disk disk_;
    diff::Golden header_;
};

}  // namespace

Status record_command(const Arguments& arguments) {
    OptionSet options("record PATH...", kHelp);
    options.flag("check", "write nothing where there is a golden, but name what the real stack does differently now")
        .flag("missing", "only scenarios whose golden is missing or of another text");
    add_test_options(options);
    add_stack_options(options);
    if (!options.parse(arguments)) return Status::kHeld;
    if (options.paths().empty()) throw UsageError{"record takes scenario files or directories; see cdcsim record --help"};
    const std::vector<TestCase> cases = collect_cases(options, options.paths());
    if (options.has("list")) return list_cases(cases);
    return with_stack("record", [&] {
        const live::StackOptions stack = stack_options(options);
        Recorder recorder(options);
        Reporter reporter(options, cases.size());
        return finish(options, run_cases(cases, options, reporter, {stack, 1}, [&](const TestCase& test, const live::StackOptions&) { return recorder.run(test); }), reporter);
    });
}

}  // namespace cdcsim::cli
