// How fast it is, in ratios: both sides of each are measured in this run, in turns, each turn in a
// process of its own. README.md says what the lines mean.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cxxopts.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/benchmark/sides.h"

namespace cdcsim::benchmark {

namespace {

struct Options {
    std::string postgres;
    double connector_rate = 0;
    std::size_t many = 1'000'000;
    std::string only;
    int rounds = 3;
};

/// A line of the report: what, how much, and against what was asked.
void report(const std::string& name, const std::string& figure, const std::string& details) {
    fmt::print("{:<44} {:>12}   {}\n", name, figure, details);
    std::fflush(stdout);
}

void progress(const std::string& text) {
    if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{}\r", text);
}

using Measure = std::function<Sample()>;

/// The medians of sides that are measured in turns.
std::vector<Sample> in_turns(const std::string& name, int rounds, const std::vector<Measure>& sides) {
    std::vector<std::vector<Sample>> samples(sides.size());
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t side = 0; side < sides.size(); ++side) {
            progress(fmt::format("{}: round {} of {}, side {} of {}", name, round + 1, rounds, side + 1, sides.size()));
            samples[side].push_back(in_child(sides[side]));
        }
    }
    std::vector<Sample> medians;
    for (auto& side : samples) {
        std::ranges::sort(side, {}, &Sample::seconds);
        medians.push_back(side[side.size() / 2]);
    }
    progress("");
    return medians;
}

double rate(std::size_t count, const Sample& sample) { return static_cast<double>(count) / sample.seconds; }

void measure_tutorial(const Options&) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(CDCSIM_SOURCES "/scenarios/tutorial")) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    double slowest = 0, peak = 0;
    for (const std::string& file : files) {
        progress("cdcsim run " + file);
        const ProcessResult run = command_line_run(file, 11);
        progress("");
        slowest = std::max(slowest, run.seconds);
        peak = std::max(peak, run.peak_bytes);
        report("cdcsim run " + std::filesystem::path(file).filename().string(), fmt::format("{:.1f} ms", run.seconds * 1e3),
               fmt::format("{:.1f} MB at most", run.peak_bytes / 1e6));
    }
    report("the tutorial's slowest file", fmt::format("{:.2f} of 50 ms", slowest / 0.050), fmt::format("{:.2f} of 40 MB", peak / 40e6));
}

void measure_inserts(const Options& options) {
    constexpr std::size_t kCount = 100'000;
    const auto sides = in_turns("INSERT", options.rounds, {[] { return Simulated::inserts(kCount); }, [] { return Sqlite::inserts(kCount); }});
    report("INSERT texts to records / SQLite", fmt::format("{:.2f}", rate(kCount, sides[0]) / rate(kCount, sides[1])),
           fmt::format("{:.0f} and {:.0f} statements a second", rate(kCount, sides[0]), rate(kCount, sides[1])));
    const auto texts = in_turns("record texts", options.rounds, {[] { return Simulated::record_texts(kCount); }});
    report("reading the records' full texts", fmt::format("{:.2f}", texts[0].seconds / sides[0].seconds),
           fmt::format("of the time to make them; {:.0f} records a second, {:.0f} bytes each", rate(kCount, texts[0]), texts[0].bytes / kCount));
    if (options.connector_rate > 0) {
        report("INSERT texts to records / real connector", fmt::format("{:.0f}", rate(kCount, sides[0]) / options.connector_rate),
               fmt::format("{:.0f} and {:.0f} events a second (given)", rate(kCount, sides[0]), options.connector_rate));
    }
}

void measure_insert_select(const Options& options) {
    constexpr std::size_t kRows = 100'000;
    const auto sides = in_turns("INSERT ... SELECT", options.rounds, {[] { return Simulated::insert_select(kRows); }, [] { return Sqlite::insert_select(kRows); }});
    report("INSERT ... SELECT to records / target", fmt::format("{:.2f}", rate(kRows, sides[0]) / 100'000),
           fmt::format("{:.0f} rows a second; SQLite without records {:.0f}", rate(kRows, sides[0]), rate(kRows, sides[1])));
}

void measure_updates(const Options& options) {
    constexpr std::size_t kCount = 50'000, kRows = 1'000;
    const auto sides = in_turns("UPDATE", options.rounds,
                                {[] { return Simulated::trigger_updates(kCount, kRows); }, [] { return Sqlite::updates(kCount, kRows); }});
    report("UPDATE through change_info / target", fmt::format("{:.2f}", rate(kCount, sides[0]) / 25'000),
           fmt::format("{:.0f} statements a second; SQLite without trigger {:.0f}", rate(kCount, sides[0]), rate(kCount, sides[1])));
}

void measure_growth(const Options& options) {
    constexpr std::size_t kFew = 1'000;
    const std::size_t many = options.many;
    const auto sides = in_turns("growth", std::max(1, options.rounds / 3), {[] { return Simulated::inserts(kFew); }, [] { return Simulated::inserts(100'000); },
                                                   [many] { return Simulated::inserts(many); }});
    report(fmt::format("rate at {} / rate at {} INSERTs", many, kFew), fmt::format("{:.2f}", rate(many, sides[2]) / rate(kFew, sides[0])),
           fmt::format("{:.0f} and {:.0f} a second", rate(many, sides[2]), rate(kFew, sides[0])));
    const double few_bytes = sides[1].bytes / 100'000, many_bytes = sides[2].bytes / static_cast<double>(many);
    report("memory per event, the same / at 100000", fmt::format("{:.2f}", many_bytes / few_bytes),
           fmt::format("{:.0f} and {:.0f} bytes, the row and its record", many_bytes, few_bytes));
}

void measure_postgres(const Options& options) {
    if (options.postgres.empty() || !Postgres::is_built_in()) {
        report("against PostgreSQL", "skipped", options.postgres.empty() ? "no --postgres CONNECTION given" : "built without libpq");
        return;
    }
    constexpr std::size_t kCount = 20'000, kRows = 1'000;
    const std::string& server = options.postgres;
    const auto pair = [&](const std::string& name, std::size_t count, const Measure& ours, const Measure& real) {
        const auto sides = in_turns(name, options.rounds, {ours, real});
        report(name + " to records / PostgreSQL", fmt::format("{:.1f}", rate(count, sides[0]) / rate(count, sides[1])),
               fmt::format("{:.0f} and {:.0f} a second", rate(count, sides[0]), rate(count, sides[1])));
    };
    pair("INSERT", kCount, [] { return Simulated::inserts(kCount); }, [&] { return Postgres::inserts(server, kCount); });
    pair("INSERT ... SELECT", 100'000, [] { return Simulated::insert_select(100'000); }, [&] { return Postgres::insert_select(server, 100'000); });
    pair("UPDATE through change_info", kCount, [] { return Simulated::trigger_updates(kCount, kRows); },
         [&] { return Postgres::trigger_updates(server, kCount, kRows); });
}

struct Measurement {
    const char* name;
    void (*run)(const Options&);
};
constexpr Measurement kMeasurements[] = {{"tutorial", measure_tutorial}, {"insert", measure_inserts}, {"insert-select", measure_insert_select},
                                         {"update", measure_updates},    {"growth", measure_growth},  {"postgres", measure_postgres}};

int run(int argc, char** argv) {
    cxxopts::Options parser("cdcsim_benchmark", "How fast cdcsim is: ratios, each measured in one run.");
    Options options;
    parser.add_options()
        ("only", "tutorial, insert, insert-select, update, growth or postgres", cxxopts::value(options.only))
        ("postgres", "a real server's connection string", cxxopts::value(options.postgres))
        ("connector-rate", "events a second of a real connector", cxxopts::value(options.connector_rate))
        ("many", "events of the longest run", cxxopts::value(options.many))
        ("rounds", "times that each side is measured", cxxopts::value(options.rounds))
        ("help", "this text");
    if (parser.parse(argc, argv).count("help") > 0) {
        fmt::print("{}", parser.help());
        return 0;
    }
    for (const Measurement& measurement : kMeasurements) {
        if (options.only.empty() || options.only == measurement.name) measurement.run(options);
    }
    return 0;
}

}  // namespace

}  // namespace cdcsim::benchmark

int main(int argc, char** argv) {
    try {
        return cdcsim::benchmark::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "cdcsim_benchmark: {}\n", error.what());
        return 1;
    }
}
