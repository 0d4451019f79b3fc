#include "tools/cdcsim/live_run.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/scenario/runner.h"
#include "sim/pipeline/disk.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

namespace {

TestResult guarded(const TestCase& test, const RunCase& run) {
    TestResult out;
    out.test = &test;
    if (!test.load_error.empty()) {
        out.verdict = Verdict::kBadFile;
        out.lines.push_back(test.load_error + "\n");
        return out;
    }
    if (test.scenario.only == "sim") {
        out.verdict = Verdict::kSkipped;
        return out;
    }
    try {
        out = run(test);
        out.test = &test;
    } catch (const live::Interrupted&) {
        throw;
    } catch (const live::Unavailable& trouble) {
        out.verdict = Verdict::kNoLiveStack;
        out.lines.push_back(fmt::format("{}: {}\n", test.title, trouble.what()));
    } catch (const std::exception& error) {
        out.verdict = Verdict::kInternal;
        out.lines.push_back(fmt::format("{}: {}\n", test.title, error.what()));
    }
    return out;
}

bool ends_a_run(Verdict verdict) { return status_of(verdict) != Status::kHeld && verdict != Verdict::kNotSimulated; }

}  // namespace

std::vector<live::StepGuide> guides_of(const scenario::RunReport& simulated) {
    std::vector<live::StepGuide> out;
    if (simulated.failed() || !simulated.not_simulated.empty()) return out;
    for (const scenario::StepReport& step : simulated.steps) {
        live::StepGuide& guide = out.emplace_back();
        guide.at_end = step.records_end;
        for (const scenario::Outcome& outcome : step.outcomes) guide.after_statement.push_back(outcome.records_after);
    }
    return out;
}

void run_live(const scenario::Scenario& scenario, const LiveRun& run, const LookAtRun& look) {
    const live::StackLock lock(run.stack);
    live::LiveTarget::Options options;
    options.addresses = live::bring_up(run.stack);
    options.database = scenario.database;
    options.user = scenario.user;
    options.folder = scenario::folder_of(scenario.file);
    options.guides = run.guides;
    Disk disk;
    live::LiveTarget target(options, disk);
    const scenario::RunReport report = scenario::run_scenario(scenario, target);
    look(target, report);
}

std::vector<TestResult> run_cases(const std::vector<TestCase>& cases, const OptionSet& options, Reporter& reporter, const RunCase& run) {
    std::vector<TestResult> out;
    for (const TestCase& test : cases) {
        live::check_interrupted();
        reporter.begin(test, out.size() + 1);
        const double begin = live::now_seconds();
        TestResult& result = out.emplace_back(guarded(test, run));
        result.seconds = live::now_seconds() - begin;
        if (!result.note.empty()) result.note += fmt::format(", {:.1f} s", result.seconds);
        reporter.tell(result);
        if (options.has("fail-fast") && ends_a_run(result.verdict)) break;
    }
    return out;
}

}  // namespace cdcsim::cli
