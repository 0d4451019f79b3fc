// cdcsim diff: the simulated against the real stack, or two releases of the real one.
#include <fmt/format.h>

#include "tools/cdcsim/command.h"
#include "tools/cdcsim/diff_case.h"
#include "tools/cdcsim/live_options.h"
#include "tools/cdcsim/live_run.h"
#include "tools/cdcsim/test_progress.h"
#include "tools/live/record/recording.h"

namespace cdcsim::cli {

namespace {

constexpr const char* kHelp = R"(Runs scenarios (directories recursively) on the simulator and on the real stack and shows where
they differ: topic, offset, JSON path, both values and the statement that caused it; and where the
answers to statements differ; where the simulator refuses, what the real stack answers. The stack is
started when needed and left warm.
)";

constexpr std::string_view kLive = "live";

/// What an --against live:VERSION names; "" for plain live.
std::string other_release(const OptionSet& options) {
    const std::string against = options.text("against", std::string(kLive));
    if (against == kLive) return "";
    if (!against.starts_with("live:") || against.size() == 5) throw UsageError{"--against takes live or live:VERSION, not " + against};
    return against.substr(5);
}

live::Recording record(const TestCase& test, const live::StackOptions& stack) {
    live::Recording out;
    run_live(test.scenario, {stack, {}}, [&](const live::LiveTarget& target, const scenario::RunReport& report) { out = live::recording_of(target.topics(), report); });
    return out;
}

/// Two real releases: the first is the one that every golden names.
TestResult diff_releases(const TestCase& test, const live::StackOptions& stack, const std::string& version) {
    live::StackOptions other = stack;
    other.debezium = version;
    other.name = stack.name + "-debezium-" + version;
    TestResult out;
    const live::Recording first = record(test, stack), second = record(test, other);
    for (const std::string& difference : live::compare_recordings(first, second, test.scenario.volatile_columns)) {
        out.lines.push_back(fmt::format("{}: Debezium {}: {}\n", test.title, version, difference));
    }
    if (!out.lines.empty()) out.verdict = Verdict::kFailed;
    out.note = fmt::format("{} records", first.records.size());
    return out;
}

}  // namespace

Status diff_command(const Arguments& arguments) {
    OptionSet options("diff PATH...", kHelp);
    options.value("against", "live, or live:VERSION: the pinned release of Debezium against another one, both real", "WHAT");
    options.value("j,jobs", "how many scenarios at once (1), each on a stack of its own", "N");
    add_test_options(options);
    add_stack_options(options);
    if (!options.parse(arguments)) return Status::kHeld;
    if (options.paths().empty()) throw UsageError{"diff takes scenario files or directories; see cdcsim diff --help"};
    const std::string release = other_release(options);
    const live::StackOptions stack = stack_options(options);
    const std::vector<TestCase> cases = collect_cases(options, options.paths());
    if (options.has("list")) return list_cases(cases);
    return with_stack("diff", [&] {
        Reporter reporter(options, cases.size());
        const auto run = [&](const TestCase& test, const live::StackOptions& own) { return release.empty() ? diff_case(test, own) : diff_releases(test, own, release); };
        return finish(options, run_cases(cases, options, reporter, {stack, options.count("jobs", 1)}, run), reporter);
    });
}

}  // namespace cdcsim::cli
