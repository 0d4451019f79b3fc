// Records for people: the SQL of each step, then what it caused, with the fields that changed marked.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/diff/decoded.h"
#include "core/scenario/psql_print.h"
#include "tools/cdcsim/output.h"

namespace cdcsim::cli {

namespace {

using diff::Json;

enum class Style { kPlain, kTitle, kDim, kAdded, kRemoved, kChanged, kError };

constexpr auto kCodes = std::to_array<std::string_view>({"", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[1;33m", "\x1b[1;31m"});

struct OpName {
    std::string_view op, name;
};
constexpr auto kOps = std::to_array<OpName>({{"r", "read (snapshot)"}, {"c", "create"}, {"u", "update"}, {"d", "delete"}, {"t", "truncate"}, {"m", "message"}});

class Printer {
  public:
    Printer(const kafka::Topics& topics, const OutputOptions& options) : topics_(topics), options_(options) {}

    std::string step(const scenario::StepReport& report) {
        title(report);
        if (const auto* sql = std::get_if<scenario::SqlStep>(&report.step->body)) {
            script(*sql, report);
        } else if (const auto* connector = std::get_if<scenario::ConnectorStep>(&report.step->body)) {
            settings(*connector, report.connector);
        }
        for (std::size_t i = report.records_begin; i < report.records_end; ++i) record(topics_.arrival(i));
        out_ += '\n';
        return std::move(out_);
    }

  private:
    void add(Style style, std::string_view text) {
        const std::string_view code = options_.color ? kCodes[static_cast<std::size_t>(style)] : "";
        out_ += code;
        out_ += text;
        if (!code.empty()) out_ += "\x1b[0m";
    }

    void title(const scenario::StepReport& report) {
        const scenario::Step& step = *report.step;
        std::string what = "expect";
        if (const auto* sql = std::get_if<scenario::SqlStep>(&step.body)) {
            what = sql->source.empty() ? "sql" : "sql from " + sql->source;
            if (!sql->session.empty()) what += ", session " + sql->session;
        } else if (const auto* connector = std::get_if<scenario::ConnectorStep>(&step.body)) {
            what = fmt::format("{} connector {}", connector->verb, connector->name);
        } else if (const auto* sleep = std::get_if<scenario::SleepStep>(&step.body)) {
            what = fmt::format("sleep {} s", sleep->seconds);
        }
        add(Style::kTitle, fmt::format("== step {}: {}", step.number, what));
        out_ += '\n';
    }

    void indented(std::string_view text, std::string_view indent, Style style) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (!line.empty()) {
                out_ += indent;
                add(style, line);
            }
            out_ += '\n';
        }
    }

    /// Each statement, followed by what psql would print for it.
    void script(const scenario::SqlStep&, const scenario::StepReport& report) {
        for (const scenario::Outcome& outcome : report.outcomes) {
            indented(outcome.sql, "    ", Style::kPlain);
            std::string answer = scenario::print_outcome(outcome);
            while (answer.ends_with("\n\n")) answer.pop_back();
            indented(answer, "      ", outcome.error ? Style::kError : Style::kDim);
        }
        if (report.waiting) indented("... waits for a lock", "      ", Style::kDim);
    }

    void settings(const scenario::ConnectorStep& connector, const scenario::ConnectorAnswer& answer) {
        for (const auto& [option, value] : connector.config) {
            indented(fmt::format("{} = {}", option, value.value_or("(not set)")), "    ", Style::kPlain);
        }
        const bool refused = answer.http_status != 200 || answer.not_simulated;
        if (refused) indented(answer.message, "      ", Style::kError);
        if (!answer.state.empty()) indented(answer.state, "      ", answer.state == "FAILED" ? Style::kError : Style::kDim);
        if (!answer.trace.empty()) indented(answer.trace, "      ", Style::kError);
    }

    void record(const kafka::Topics::Place& place) {
        if (!wanted(options_, place.topic)) return;
        const diff::DecodedRecord record = decoder_.decode(topics_.at(place.topic, place.offset));
        const Json& payload = record.value.payload;
        const Json* op = payload.find("op");
        std::string name = record.is_tombstone() ? "tombstone (null)" : "record";
        for (const OpName& row : kOps) {
            if (op && op->text == row.op) name = row.name;
        }
        out_ += "  ";
        add(Style::kTitle, fmt::format("{} [{}] {}", place.topic, place.offset, name));
        add(Style::kDim, "  key " + (record.key.is_null ? std::string("null") : print_json(record.key.payload)));
        out_ += '\n';
        if (record.is_tombstone()) return;
        if (!op || !payload.find("source")) {
            indented(print_json(payload), "      ", Style::kPlain);
            return;
        }
        images(payload.find("before"), payload.find("after"), payload);
    }

    void images(const Json* before, const Json* after, const Json& payload) {
        const bool old_row = before && before->is_object();
        const bool new_row = after && after->is_object();
        if (!old_row && !new_row) {
            if (const Json* message = payload.find("message")) indented(print_json(*message), "      ", Style::kPlain);
            return;
        }
        const Json& shown = new_row ? *after : *before;
        std::size_t width = 0;
        for (const auto& [field, value] : shown.members) width = std::max(width, field.size());
        for (const auto& [field, value] : shown.members) {
            const Json* old_value = old_row ? before->find(field) : nullptr;
            const bool update = old_row && new_row;
            const std::string text = print_json(value);
            const std::string label = fmt::format("{:<{}}", field, width);
            if (update && old_value && !diff::equal_values(*old_value, value)) {
                line(Style::kChanged, "~ ", fmt::format("{}  {} -> {}", label, print_json(*old_value), text));
            } else if (update) {
                line(Style::kDim, "  ", label + "  " + text);
            } else {
                line(new_row ? Style::kAdded : Style::kRemoved, new_row ? "+ " : "- ", label + "  " + text);
            }
        }
        if (new_row && !old_row && payload.find("op")->text == "u") line(Style::kDim, "  ", "before: null");
    }

    void line(Style style, std::string_view mark, const std::string& text) {
        out_ += "      ";
        add(style, std::string(mark) + text);
        out_ += '\n';
    }

    const kafka::Topics& topics_;
    const OutputOptions& options_;
    diff::Decoder decoder_;
    std::string out_;
};

}  // namespace

std::string pretty_step(const scenario::StepReport& step, const kafka::Topics& topics, const OutputOptions& options) {
    return Printer(topics, options).step(step);
}

}  // namespace cdcsim::cli
