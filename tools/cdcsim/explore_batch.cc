#include "tools/cdcsim/explore_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <stdexcept>

#include "core/scenario/loader.h"
#include "sim/pipeline/disk.h"
#include "tools/cdcsim/diff_case.h"
#include "tools/cdcsim/live_run.h"
#include "tools/cdcsim/play.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

namespace {

using explore::ConnectorOptions;
using explore::Statements;
using explore::Streamed;
using scenario::Failure;
using scenario::Outcome;
using scenario::RunReport;
using scenario::SqlStep;

constexpr std::size_t kShown = 1000;
constexpr int kPreparations = 12;  // so many statements of one scenario may be refused one after the other

scenario::Scenario load(const std::string& text) {
    Disk disk;
    return scenario::load_scenarios("explored.yaml", text, disk).at(0);
}

/// Runs the simulator; what it throws names the scenario.
std::unique_ptr<Play> play(const scenario::Scenario& scenario, const std::string& text) {
    try {
        return std::make_unique<Play>(scenario, 0);
    } catch (const std::exception& error) {
        throw std::runtime_error(fmt::format("{}\n{}", error.what(), text));
    }
}

std::vector<std::string> errors_of(const std::vector<Outcome>& outcomes) {
    std::vector<std::string> out;
    for (const Outcome& outcome : outcomes) {
        if (outcome.error) out.push_back(outcome.error->sqlstate);
    }
    return out;
}

/// Takes out the statements that are not simulated: the outcomes are `setup` statements, then these.
bool take_refused(const std::vector<Outcome>& outcomes, std::size_t setup, Statements& statements, std::map<std::string, std::size_t>& refused) {
    bool any = false;
    for (std::size_t i = outcomes.size(); i-- > setup;) {
        if (!outcomes[i].error || !outcomes[i].error->not_simulated || i - setup >= statements.size()) continue;
        ++refused[outcomes[i].error->message.substr(0, 120)];
        statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(i - setup));
        any = true;
    }
    return any;
}

/// nullopt: what the connector does is not simulated.
std::optional<Streamed> prepare_one(const ConnectorOptions& connector, Streamed member, std::map<std::string, std::size_t>& refused) {
    for (int i = 0; i < kPreparations; ++i) {
        const std::string text = explore::streamed_text("prepared", connector, {member});
        const scenario::Scenario scenario = load(text);
        const auto alone = play(scenario, text);
        const RunReport& report = alone->report();
        const auto &before = report.steps.at(0).outcomes, &after = report.steps.at(2).outcomes;
        const std::size_t setup = member.schema.empty() ? 0 : 1;
        const bool earlier = take_refused(before, 2 * setup, member.before, refused);
        if (take_refused(after, setup, member.after, refused) || earlier) continue;
        if (!report.not_simulated.empty()) {
            ++refused[report.not_simulated[0].substr(0, 120)];
            return std::nullopt;
        }
        member.errors_before = errors_of(before);
        member.errors_after = errors_of(after);
        const auto fails_at = [&](int step) { return std::any_of(report.failures.begin(), report.failures.end(), [&](const Failure& failure) { return failure.step == step; }); };
        member.connector = fails_at(2) ? Streamed::Fate::kFailsAtStart : fails_at(4) ? Streamed::Fate::kFailsLater : Streamed::Fate::kStreams;
        return member;
    }
    return std::nullopt;
}

/// Only the last step's records are waited for.
std::vector<live::StepGuide> hurried(std::vector<live::StepGuide> guides, std::size_t members) {
    for (std::size_t i = 0; i + 2 < guides.size(); ++i) guides[i].settles = i == members;
    return guides;
}

bool is_of(const std::string& title, const std::string& schema) {
    return title.find("." + schema + ".") != std::string::npos || title.find("_" + schema + "_") != std::string::npos;
}

std::size_t member_of(const Failure& failure, const std::vector<Streamed>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!members[i].schema.empty() && is_of(failure.title, members[i].schema)) return i;
    }
    return members.size() == 1 ? 0 : explore::member_of_step(failure.step, members.size());
}

/// Expectations of the connector that the other side holds. What statements answer is compared in full.
void add_failures(const RunReport& report, const RunReport& other, const char* side, std::vector<Failure>& out) {
    for (Failure failure : report.failures) {
        const bool of_sql = failure.step > 0 && std::holds_alternative<SqlStep>(report.steps.at(static_cast<std::size_t>(failure.step) - 1).step->body);
        if (of_sql || std::any_of(other.failures.begin(), other.failures.end(), [&](const Failure& one) { return one.step == failure.step; })) continue;
        failure.title = fmt::format("{}: {}", side, failure.title);
        out.push_back(std::move(failure));
    }
}

const std::string* detail(const Failure& failure, std::string_view name) {
    for (const auto& [key, value] : failure.details) {
        if (key == name) return &value;
    }
    return nullptr;
}

/// Without quoted parts, topics and numbers.
std::string skeleton(const std::string& text) {
    std::string out;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"' || c == '\'') quoted = !quoted;
        if (quoted) continue;
        if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
            out += c;
        } else if (!out.ends_with('#')) {
            out += '#';
        }
    }
    return out.substr(0, 80);
}

}  // namespace

std::string BatchDifference::signature() const {
    if (!failure.title.starts_with("the records differ")) return failure.title.substr(0, 40);
    const std::string* path = detail(failure, "path");
    if (!path) return "record";
    std::size_t end = 0;
    for (int parts = 0; end < path->size() && parts < 3; ++parts) end = std::min(path->find('.', end + 1), path->size());
    return skeleton(path->substr(0, end));
}

std::string BatchDifference::kind() const {
    std::string out = signature();
    for (const char* side : {"live", "simulated"}) {
        if (const std::string* value = detail(failure, side)) out += fmt::format(" / {}", skeleton(*value));
    }
    return out;
}

Preparation prepare(const ConnectorOptions& connector, const std::vector<Streamed>& members) {
    Preparation out;
    for (const Streamed& member : members) {
        auto ready = prepare_one(connector, member, out.refused);
        if (!ready) {
            ++out.left_out;
        } else {
            (ready->connector != Streamed::Fate::kStreams ? out.alone : out.together).push_back(std::move(*ready));
        }
    }
    return out;
}

BatchRun run_batch(const ConnectorOptions& connector, const std::vector<Streamed>& members, const live::StackOptions& stack) {
    BatchRun out;
    out.members = members;
    const std::string text = explore::streamed_text("batch", connector, members);
    const scenario::Scenario scenario = load(text);
    const auto first = play(scenario, text);
    auto others = play_aside(scenario);
    const double begin = live::now_seconds();
    run_live(scenario, {stack, hurried(guides_of(first->report()), members.size())}, [&](const live::LiveTarget& target, const RunReport& real) {
        const auto [second, third] = others.get();
        std::vector<Failure> failures;
        add_failures(first->report(), real, "simulated", failures);
        add_failures(real, first->report(), "live", failures);
        Differences found = compare_sides(scenario, {first.get(), second.get(), third.get()}, {target.topics(), real, kShown});
        out.shape = found.shape;
        out.records = found.records;
        failures.insert(failures.end(), found.failures.begin(), found.failures.end());
        for (Failure& failure : failures) out.differences.push_back({member_of(failure, members), std::move(failure)});
        for (std::size_t i = 0; i < members.size(); ++i) {
            out.members[i].errors_before = errors_of(real.steps.at(i).outcomes);
            out.members[i].errors_after = errors_of(real.steps.at(i + members.size() + 1).outcomes);
            out.statements += members[i].before.size() + members[i].after.size();
        }
    });
    out.live_seconds = live::now_seconds() - begin;
    return out;
}

}  // namespace cdcsim::cli
