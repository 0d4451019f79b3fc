// cdcsim explore: random scenarios on the simulator and on the real stack, or a real PostgreSQL alone;
// differences are shrunk and written out. Progress is kept in the folder, so that --resume goes on
// where it was ended.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tools/cdcsim/command.h"
#include "tools/cdcsim/explore_live.h"
#include "tools/cdcsim/live_options.h"
#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/progress_line.h"
#include "tools/live/explore/explorer.h"

namespace cdcsim::cli {

namespace {

using explore::ExploreReport;

/// A whole number from 0.
unsigned count_from_zero(const OptionSet& given, const std::string& name, unsigned otherwise) { return given.text(name) == "0" ? 0 : given.count(name, otherwise); }

std::string progress_file(const explore::ExploreOptions& options) { return options.folder + "/progress-" + std::to_string(options.seed); }

explore::ExploreOptions options_from(const OptionSet& given) {
    explore::ExploreOptions out;
    out.seed = given.count("seed", 1);
    out.count = given.count("count", 100);
    out.first = count_from_zero(given, "first", 0);
    out.folder = given.text("out", "explored");
    out.shrink_budget = count_from_zero(given, "shrink", 400);
    if (given.has("resume")) {
        std::uint64_t done = 0;
        std::ifstream(progress_file(out)) >> done;
        const std::uint64_t end = out.first + out.count;
        out.count = done < end ? end - done : 0;
        out.first = done;
    }
    return out;
}

std::string summary(const ExploreReport& report, double seconds) {
    std::string out = std::to_string(report.scenarios) + " scenarios, " + std::to_string(report.statements) + " statements (" + std::to_string(report.errors) + " of them errors), " +
                      std::to_string(report.differing) + " scenarios differ";
    if (seconds > 0) out += ", " + std::to_string(static_cast<int>(static_cast<double>(report.statements) / seconds)) + " statements/s";
    return out;
}

void write_report(const ExploreReport& report, double seconds) {
    write_out(summary(report, seconds) + "\n");
    for (const auto& [kind, times] : report.kinds) write_out("  " + std::to_string(times) + " x " + kind + "\n");
    for (const auto& [what, times] : report.refused) write_out("  not simulated " + std::to_string(times) + " x " + what + "\n");
}

std::string day_of(explore::Side& real) {
    const scenario::MessageAnswer answer = real.execute("SELECT current_date");
    return answer.answers.at(0).result.rows.at(0).at(0).value_or("");
}

Status run_sql_only(const explore::ExploreOptions& options, const std::string& uri) {
    const auto real = explore::real_side(uri);
    const auto simulated = explore::simulated_side();
    simulated->reset();
    const explore::Sides sides{*real, *simulated, {day_of(*real), day_of(*simulated)}};
    std::filesystem::create_directories(options.folder);
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    ProgressLine progress(true);
    const auto observer = [&](const ExploreReport& so_far, const std::string& difference) {
        if (!difference.empty()) {
            progress.clear();
            write_out(difference);
            flush_out();
        }
        if (so_far.scenarios % 20 != 0) return;
        std::ofstream(progress_file(options)) << options.first + so_far.scenarios << "\n";
        progress.show(summary(so_far, seconds()));
    };
    const ExploreReport report = explore::explore_sql(options, sides, observer);
    std::ofstream(progress_file(options)) << options.first + report.scenarios << "\n";
    progress.clear();
    write_report(report, seconds());
    return report.differing > 0 ? Status::kFailed : report.refused.empty() ? Status::kHeld : Status::kNotSimulated;
}

LiveExploreOptions live_options(const OptionSet& given) {
    LiveExploreOptions out;
    out.seed = given.count("seed", 1);
    out.count = given.count("count", 100);
    out.first = count_from_zero(given, "first", 0);
    out.folder = given.text("out", "explored");
    out.shrink_batches = count_from_zero(given, "shrink", 12);
    out.connectors = given.count("jobs", 2);
    out.resume = given.has("resume");
    out.stack = stack_options(given);
    return out;
}

constexpr const char* kHelp = R"(Generates random scenarios, runs them on the simulator and on the real stack, and shrinks what
differs to a scenario file. 25 of them share a connector and its configuration; several connectors
run side by side, each on a stack of its own. The same seed gives the same scenarios.
With --sql-only they run against PostgreSQL alone; the schema public of its database is emptied.
)";

}  // namespace

Status explore_command(const Arguments& arguments) {
    OptionSet options("explore", kHelp);
    options.value("seed", "which scenarios", "N")
        .value("count", "how many", "M")
        .value("first", "number of the first one, from 0", "K")
        .value("out", "where differences and the progress are written (explored)", "FOLDER")
        .value("shrink", "how many batches (12), or with --sql-only runs (400), may be spent on making a difference smaller", "N")
        .value("j,jobs", "connectors side by side (2)", "N")
        .flag("resume", "go on where the last run with this seed and folder ended")
        .flag("sql-only", "statement results and table contents against PostgreSQL alone: --postgres names a database of its own")
        .flag("print", "print the scenarios and run nothing");
    add_stack_options(options);
    if (!options.parse(arguments)) return Status::kHeld;
    if (!options.has("sql-only")) {
        const LiveExploreOptions wanted = live_options(options);
        if (options.has("print")) {
            write_out(print_batches(wanted));
            return Status::kHeld;
        }
        return with_stack("explore", [&] { return explore_live(wanted); });
    }
    const explore::ExploreOptions wanted = options_from(options);
    if (options.has("print")) {
        write_out(explore::scripts_as_text(wanted));
        return Status::kHeld;
    }
    if (options.text("postgres").empty()) throw UsageError{"explore --sql-only: --postgres URI names the real server"};
    try {
        return run_sql_only(wanted, options.text("postgres"));
    } catch (const explore::LiveUnavailable& error) {
        write_error("cdcsim explore: " + error.message);
        return Status::kNoLiveStack;
    }
}

}  // namespace cdcsim::cli
