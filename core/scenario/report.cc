#include "core/scenario/report.h"

#include <fmt/format.h>

#include "core/scenario/psql_print.h"

namespace cdcsim::scenario {

std::string print_failure(const Failure& failure) {
    std::string out = fmt::format("{}:{}: ", failure.file, failure.line);
    if (failure.step > 0) out += fmt::format("step {}: ", failure.step);
    out += failure.title + "\n";
    for (const auto& [name, text] : failure.details) {
        out += fmt::format("    {:<10} ", name + ":");
        for (char c : text) {
            out += c;
            if (c == '\n') out.append(15, ' ');
        }
        out += '\n';
    }
    return out;
}

std::string transcript(const RunReport& report) {
    std::string out;
    for (const StepReport& step : report.steps) {
        if (!std::holds_alternative<SqlStep>(step.step->body)) continue;
        out += fmt::format("-- step {}\n", step.step->number);
        for (const Outcome& outcome : step.outcomes) out += print_outcome(outcome);
        if (!out.ends_with('\n')) out += '\n';
    }
    return out;
}

}  // namespace cdcsim::scenario
