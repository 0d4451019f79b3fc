#include "core/scenario/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/scenario/expectation.h"

namespace cdcsim::scenario {

namespace {

class Runner {
  public:
    Runner(const Scenario& scenario, Target& target, const StepObserver& after_step)
        : scenario_(scenario), target_(target), after_step_(after_step), judge_(target, report_) {
        report_.scenario = &scenario;
        report_.steps.reserve(scenario.steps.size());
    }

    RunReport run() {
        for (const Step& step : scenario_.steps) run_step(step);
        take_late();
        for (const LateAnswer& late : target_.still_waiting()) {
            StepReport& report = report_.steps[static_cast<std::size_t>(late.step) - 1];
            report.outcomes = late.answer.outcomes;
            judge_.fail(*report.step, fmt::format("the step still waits at the end for {}", late.answer.waits_for));
            report_.failures.back().details.emplace_back("statement", late.answer.waiting_sql);
        }
        return std::move(report_);
    }

  private:
    void run_step(const Step& step) {
        StepReport& report = report_.steps.emplace_back();
        report.step = &step;
        report.records_begin = target_.topics().total();
        target_.begin(step);
        if (const auto* sql = std::get_if<SqlStep>(&step.body)) {
            SqlAnswer answer = target_.run_sql(step.number, *sql);
            report.records_end = target_.topics().total();
            report.waiting = answer.waiting;
            report.outcomes = std::move(answer.outcomes);
            if (!report.waiting) judge_sql(report, *sql);
            take_late();
        } else if (const auto* connector = std::get_if<ConnectorStep>(&step.body)) {
            report.connector = target_.run_connector(*connector);
            report.records_end = target_.topics().total();
            judge_connector(report, *connector);
        } else if (const auto* sleep = std::get_if<SleepStep>(&step.body)) {
            target_.sleep(sleep->value);
            take_late();
        } else if (is_judged()) {
            judge_.expect(step, std::get<ExpectStep>(step.body));
        }
        for (const std::string& refusal : target_.take_refusals()) {
            report.not_simulated = true;
            note_not_simulated(step, refusal);
        }
        report.records_end = target_.topics().total();
        if (after_step_) after_step_(report);
    }

    /// After a refusal, what follows would fail for want of what was refused.
    bool is_judged() const { return report_.not_simulated.empty(); }

    void judge_sql(StepReport& report, const SqlStep& body) {
        for (const Outcome& outcome : report.outcomes) {
            if (!outcome.error || !outcome.error->not_simulated) continue;
            report.not_simulated = true;
            note_not_simulated(*report.step, outcome.error->message);
        }
        if (is_judged()) judge_.sql(*report.step, body, report.outcomes);
    }

    void judge_connector(StepReport& report, const ConnectorStep& body) {
        report.not_simulated = report.connector.not_simulated;
        if (report.not_simulated) {
            note_not_simulated(*report.step, report.connector.message);
        } else if (is_judged()) {
            judge_.connector(*report.step, body, report.connector);
        }
    }

    void note_not_simulated(const Step& step, const std::string& message) {
        auto& lines = report_.not_simulated;
        const std::string line = fmt::format("{}:{}: step {}: {}", step.file, step.line, step.number, message);
        if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
    }

    /// Steps whose lock became free: their answers are judged now, and shown in their place.
    void take_late() {
        for (LateAnswer& late : target_.take_late()) {
            StepReport& report = report_.steps[static_cast<std::size_t>(late.step) - 1];
            report.outcomes = std::move(late.answer.outcomes);
            report.waiting = false;
            judge_sql(report, std::get<SqlStep>(report.step->body));
        }
    }

    const Scenario& scenario_;
    Target& target_;
    const StepObserver& after_step_;
    RunReport report_;
    Judge judge_;
};

}  // namespace

RunReport run_scenario(const Scenario& scenario, Target& target, const StepObserver& after_step) {
    return Runner(scenario, target, after_step).run();
}

void apply_xfail(RunReport& report) {
    if (!report.scenario->xfail) return;
    if (report.failed() || !report.not_simulated.empty()) {
        report.failures.clear();
        report.not_simulated.clear();
        report.expected_failure = true;
        return;
    }
    Failure& failure = report.failures.emplace_back();
    failure.file = report.scenario->file;
    failure.line = 1;
    failure.title = "the scenario is expected to fail (xfail), and it holds";
    failure.details.emplace_back("xfail", *report.scenario->xfail);
}

}  // namespace cdcsim::scenario
