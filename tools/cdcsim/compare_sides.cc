#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/diff/compare_records.h"
#include "core/scenario/cause.h"
#include "core/scenario/psql_print.h"
#include "tools/cdcsim/diff_case.h"

namespace cdcsim::cli {

namespace {

using scenario::Failure;
using scenario::Outcome;
using scenario::RunReport;
using scenario::SqlStep;

struct Statement {
    const scenario::Step* step;
    const SqlStep* body;
    const Outcome* outcome;
};

/// What statements answered, as text: a section for each, with the SQLSTATEs that psql does not show.
struct Answers {
    std::string text;
    std::vector<Statement> statements;  ///< by the section's number
};

std::string sqlstates(const Outcome& outcome) {
    std::string out;
    const auto note = [&](const scenario::Report& report) { out += fmt::format("{} SQLSTATE {}\n", report.severity, report.sqlstate); };
    for (const auto& answer : outcome.answers) {
        for (const auto& notice : answer.notices) note(notice);
    }
    for (const auto& notice : outcome.error_notices) note(notice);
    if (outcome.error) note(*outcome.error);
    return out;
}

Answers answers_of(const RunReport& report) {
    Answers out;
    for (const auto& step : report.steps) {
        const auto* body = std::get_if<SqlStep>(&step.step->body);
        for (const Outcome& outcome : step.outcomes) {
            if (!body) break;
            out.text += fmt::format("-- step {}.{}\n", step.step->number, out.statements.size());
            out.text += scenario::print_outcome(outcome) + sqlstates(outcome);
            if (!out.text.ends_with('\n')) out.text += '\n';
            out.statements.push_back({step.step, body, &outcome});
        }
    }
    return out;
}

class Comparer {
  public:
    Comparer(const scenario::Scenario& scenario, const std::array<const Play*, 3>& plays, const RealSide& real) : scenario_(scenario), plays_(plays), real_(real) {}

    Differences run() {
        compare_records();
        if (out_.shape.empty()) compare_answers();
        return std::move(out_);
    }

  private:
    const Play& simulated() const { return *plays_[0]; }

    void compare_records() {
        const diff::RunRecords runs{diff::flatten(plays_[0]->topics()), diff::flatten(plays_[1]->topics()), diff::flatten(plays_[2]->topics())};
        out_.shape = diff::shape_difference(runs);
        if (!out_.shape.empty()) return;
        const diff::Comparison comparison = diff::compare_records(runs, diff::flatten(real_.topics), scenario_.volatile_columns);
        out_.records = comparison.records;
        out_.volatile_leaves = comparison.volatile_leaves;
        out_.skipped_leaves = comparison.skipped_leaves;
        std::size_t shown = 0;
        for (const diff::Difference& difference : comparison.differences) {
            if (shown++ == real_.shown) break;
            add_record(difference);
        }
        if (comparison.differences.size() > real_.shown) {
            out_.failures.back().details.emplace_back("and", fmt::format("{} more differences in the records", comparison.differences.size() - real_.shown));
        }
    }

    void add_record(const diff::Difference& difference) {
        const scenario::Cause cause = cause_of(difference);
        Failure& failure = add(cause.step);
        failure.title = difference.topic.empty() ? "the records differ" : fmt::format("the records differ at {} offset {}", difference.topic, difference.offset);
        if (!difference.path.empty()) failure.details.emplace_back("path", difference.path);
        failure.details.emplace_back("live", difference.expected.empty() ? "no such record" : difference.expected);
        failure.details.emplace_back("simulated", difference.actual.empty() ? "no such record" : difference.actual);
        if (!difference.note.empty()) failure.details.emplace_back("note", difference.note);
        failure.details.emplace_back("caused by", cause.text);
    }

    /// Of the simulated record; of the real one where the simulator has none.
    scenario::Cause cause_of(const diff::Difference& difference) const {
        const kafka::Topics::Place place{difference.topic, static_cast<std::size_t>(difference.offset)};
        if (place.offset < simulated().topics().size(place.topic)) return scenario::cause_of(simulated().report(), simulated().topics(), place);
        if (place.offset < real_.topics.size(place.topic)) return scenario::cause_of(real_.report, real_.topics, place);
        return {};
    }

    void compare_answers() {
        const Answers first = answers_of(simulated().report()), real = answers_of(real_.report);
        const std::array<std::string, 3> runs{first.text, answers_of(plays_[1]->report()).text, answers_of(plays_[2]->report()).text};
        for (const auto& difference : diff::compare_transcripts(runs, real.text)) {
            if (difference.shape_differs) {
                out_.shape = "what a statement answers, at " + difference.step;
                return;
            }
            const std::size_t number = std::stoul(difference.step.substr(difference.step.find('.') + 1));
            add_answer(number < first.statements.size() ? first.statements[number] : real.statements.at(number), difference);
        }
    }

    void add_answer(const Statement& statement, const diff::TranscriptDifference& difference) {
        Failure& failure = add(statement.step);
        failure.title = "the answers to a statement differ";
        failure.details.emplace_back("statement", scenario::describe_statement(*statement.step, *statement.body, *statement.outcome));
        failure.details.emplace_back("live", difference.expected);
        failure.details.emplace_back("simulated", difference.actual);
    }

    Failure& add(const scenario::Step* step) {
        Failure& failure = out_.failures.emplace_back();
        failure.file = step ? step->file : scenario_.file;
        failure.line = step ? step->line : 1;
        failure.step = step ? step->number : 0;
        return failure;
    }

    const scenario::Scenario& scenario_;
    const std::array<const Play*, 3>& plays_;
    RealSide real_;
    Differences out_;
};

}  // namespace

std::vector<std::string> answers_to_refused(const RunReport& simulated, const RunReport& real) {
    std::vector<std::string> out;
    const auto tell = [&](const scenario::Step& step, const std::string& what, const std::string& answer) {
        out.push_back(fmt::format("{}:{}: step {}: the real stack: {}\n{}", step.file, step.line, step.number, what, answer));
    };
    for (std::size_t i = 0; i < std::min(simulated.steps.size(), real.steps.size()); ++i) {
        const auto &step = simulated.steps[i], &there = real.steps[i];
        if (step.connector.not_simulated) {
            const auto& answer = there.connector;
            tell(*step.step, answer.message.empty() ? "the connector is " + answer.state : fmt::format("Connect answers {}", answer.http_status), answer.message + answer.trace.substr(0, answer.trace.find('\n')));
        }
        const auto* body = std::get_if<SqlStep>(&step.step->body);
        for (std::size_t k = 0; body && k < std::min(step.outcomes.size(), there.outcomes.size()); ++k) {
            const Outcome& refused = step.outcomes[k];
            if (!refused.error || !refused.error->not_simulated) continue;
            const std::string answer = scenario::print_outcome(there.outcomes[k]);
            tell(*step.step, scenario::describe_statement(*step.step, *body, refused), answer.empty() ? "no output\n" : answer);
        }
    }
    return out;
}

Differences compare_sides(const scenario::Scenario& scenario, const std::array<const Play*, 3>& plays, const RealSide& real) {
    return Comparer(scenario, plays, real).run();
}

}  // namespace cdcsim::cli
