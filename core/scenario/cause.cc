#include "core/scenario/cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace cdcsim::scenario {

namespace {

using diff::Json;

constexpr std::size_t kShownStatement = 200;

/// On one line, blanks folded, not too long.
std::string on_one_line(const std::string& sql) {
    std::string out;
    for (char c : sql) {
        const bool blank = c == '\n' || c == '\t' || c == ' ' || c == '\r';
        if (!blank) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    while (out.ends_with(' ')) out.pop_back();
    if (out.size() > kShownStatement) out = out.substr(0, kShownStatement - 3) + "...";
    return out;
}

/// The line of a statement in the scenario file, or in its script.
std::string place_of(const Step& step, const SqlStep& body, const Outcome& outcome) {
    if (!outcome.file.empty()) return fmt::format("step {}, {}:{}", step.number, outcome.file, outcome.line);
    if (body.script_line == 0) return fmt::format("step {}, {}:{}", step.number, body.source, outcome.line);
    return fmt::format("step {}, line {}", step.number, body.script_line + outcome.line - 1);
}

std::uint64_t number_of(const Json* value) {
    std::uint64_t out = 0;
    if (value) std::from_chars(value->text.data(), value->text.data() + value->text.size(), out);
    return out;
}

std::size_t arrival_of(const kafka::Topics& topics, const kafka::Topics::Place& place) {
    std::size_t out = 0;
    while (out < topics.total()) {
        const kafka::Topics::Place other = topics.arrival(out);
        if (other.topic == place.topic && other.offset == place.offset) break;
        ++out;
    }
    return out;
}

/// What is known of a record: when it came, and its position in the log (0: not streamed).
struct Facts {
    std::size_t arrival = 0;
    std::uint64_t lsn = 0;
    bool from_snapshot = false;
};

Facts facts_of(const kafka::Topics& topics, const kafka::Topics::Place& place) {
    const auto record = diff::Decoder().decode(topics.at(place.topic, place.offset));
    const Json& payload = record.value.payload;
    const Json* snapshot = payload.find_path({"source", "snapshot"});
    const bool streamed = snapshot && snapshot->text == "false";
    return {arrival_of(topics, place), streamed ? number_of(payload.find_path({"source", "lsn"})) : 0, snapshot && !streamed};
}

bool wrote(const Outcome& outcome, std::uint64_t lsn) {
    return lsn > 0 && std::any_of(outcome.answers.begin(), outcome.answers.end(), [&](const StatementAnswer& answer) { return answer.wal_end > lsn; });
}

}  // namespace

std::string describe_statement(const Step& step, const SqlStep& body, const Outcome& outcome) {
    return fmt::format("{} ({})", on_one_line(outcome.sql), place_of(step, body, outcome));
}

Cause cause_of(const RunReport& report, const kafka::Topics& topics, const kafka::Topics::Place& place) {
    const Facts facts = facts_of(topics, place);
    Cause when;
    for (const StepReport& step : report.steps) {
        const bool came = facts.arrival >= step.records_begin && facts.arrival < step.records_end;
        const auto* body = std::get_if<SqlStep>(&step.step->body);
        if (!body && came) {
            when = {fmt::format("step {} (line {})", step.step->number, step.step->line), step.step};
            if (facts.from_snapshot) return {"the snapshot, " + when.text, step.step};
        }
        for (const Outcome& outcome : step.outcomes) {
            if (!body) break;
            const Cause cause{describe_statement(*step.step, *body, outcome), step.step};
            if (wrote(outcome, facts.lsn)) return cause;
            if (came && facts.arrival < outcome.records_after && !when.step) when = cause;
        }
    }
    return when;
}

}  // namespace cdcsim::scenario
