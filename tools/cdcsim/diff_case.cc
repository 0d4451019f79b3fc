#include "tools/cdcsim/diff_case.h"

#include <fmt/format.h>

#include "core/scenario/runner.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

namespace {

/// An expectation that fails on one side says on which.
void add_failures(const std::vector<scenario::Failure>& from, const char* side, std::vector<scenario::Failure>& out) {
    for (scenario::Failure failure : from) {
        failure.title = fmt::format("{}: {}", side, failure.title);
        out.push_back(std::move(failure));
    }
}

Verdict verdict_of(const scenario::RunReport& report) {
    if (report.failed()) return Verdict::kFailed;
    if (report.expected_failure) return Verdict::kExpectedFailure;
    return report.not_simulated.empty() ? Verdict::kHeld : Verdict::kNotSimulated;
}

}  // namespace

TestResult diff_case(const TestCase& test, const live::StackOptions& stack) {
    TestResult out;
    Play first(test.scenario, 0);
    scenario::RunReport& report = first.report();
    const std::vector<live::StepGuide> guides = guides_of(report);
    std::string shape;
    std::vector<scenario::Failure> failures;
    std::vector<std::string> real_answers;
    add_failures(report.failures, "simulated", failures);
    if (report.not_simulated.empty()) {
        auto others = play_aside(test.scenario);
        const double begin = live::now_seconds();
        run_live(test.scenario, {stack, guides}, [&](const live::LiveTarget& target, const scenario::RunReport& real) {
            const auto [second, third] = others.get();
            add_failures(real.failures, "live", failures);
            const Differences found = compare_sides(test.scenario, {&first, second.get(), third.get()}, {target.topics(), real});
            failures.insert(failures.end(), found.failures.begin(), found.failures.end());
            shape = found.shape;
            out.records = found.records;
            out.note = fmt::format("{} records equal, {} volatile values", found.records, found.volatile_leaves);
            if (found.skipped_leaves > 0) out.note += fmt::format(", {} not compared", found.skipped_leaves);
        });
        out.note += fmt::format(", {:.1f} s on the real stack", live::now_seconds() - begin);
    }
    if (!report.not_simulated.empty()) {
        run_live(test.scenario, {stack, {}}, [&](const live::LiveTarget&, const scenario::RunReport& real) { real_answers = answers_to_refused(report, real); });
    }
    report.failures = std::move(failures);
    scenario::apply_xfail(report);
    for (const auto& failure : report.failures) out.lines.push_back(scenario::print_failure(failure));
    for (const std::string& line : report.not_simulated) out.lines.push_back(line + "\n");
    out.lines.insert(out.lines.end(), real_answers.begin(), real_answers.end());
    out.verdict = verdict_of(report);
    if (!shape.empty()) {
        out.lines.push_back(fmt::format("{}: its shape depends on volatile values: {}\n", test.title, shape));
        if (out.verdict != Verdict::kFailed) out.verdict = Verdict::kBadFile;
    }
    return out;
}

}  // namespace cdcsim::cli
