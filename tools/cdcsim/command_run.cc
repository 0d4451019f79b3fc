// cdcsim run: plays one file and shows what came of it. Judges like `test`.
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "core/diff/json.h"
#include "core/scenario/runner.h"
#include "sim/pipeline/disk.h"
#include "sim/pipeline/simulated_target.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/output.h"

namespace cdcsim::cli {

namespace {

using scenario::Scenario;

constexpr const char* kHelp = R"(Plays a scenario, `-` (standard input) or a plain .sql file, and writes the records that it
causes to standard output, the report to standard error. A .sql file gets a connector first
(topic.prefix cdc), so that every row that it writes is a record.
)";

enum class Format { kPretty, kJson, kKcat };

Format format_of(const OptionSet& options) {
    const std::string name = options.text("output", isatty(STDOUT_FILENO) ? "pretty" : "json");
    if (name == "pretty") return Format::kPretty;
    if (name == "json") return Format::kJson;
    if (name == "kcat-json") return Format::kKcat;
    throw UsageError{"--output is pretty, json or kcat-json, not " + name};
}

std::string read_input(const std::string& path, Disk& disk) {
    if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    auto text = disk.read(path);
    if (!text) throw UsageError{"cannot read " + path};
    return *text;
}

void set_option(scenario::ConnectorConfig& config, const std::string& name, const std::string& value) {
    for (auto& option : config) {
        if (option.first == name) {
            option.second = value;
            return;
        }
    }
    config.emplace_back(name, value);
}

/// The options of --connector FILE, overridden by those of --set.
scenario::ConnectorStep connector_of(const OptionSet& options, Disk& disk) {
    scenario::ConnectorStep out;
    out.name = "connector";
    if (const std::string path = options.text("connector"); !path.empty()) {
        const auto body = diff::parse_json(read_input(path, disk));
        if (!body || !body->is_object()) throw UsageError{path + " does not hold a JSON object"};
        const diff::Json* config = body->find("config");
        if (const diff::Json* name = body->find("name"); name && config) out.name = name->text;
        for (const auto& [option, value] : (config ? *config : *body).members) {
            using Kind = diff::Json::Kind;
            set_option(out.config, option, value.is(Kind::kTrue) ? "true" : value.is(Kind::kFalse) ? "false" : value.text);
        }
    }
    for (const std::string& setting : options.texts("set")) {
        const std::size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) throw UsageError{"--set takes option=value, not " + setting};
        set_option(out.config, setting.substr(0, equals), setting.substr(equals + 1));
    }
    return out;
}

Scenario scenario_of_sql(const std::string& path, std::string text, const OptionSet& options, Disk& disk) {
    Scenario out;
    out.file = out.name = path;
    const auto step = [&](auto body) {
        scenario::Step& added = out.steps.emplace_back();
        added.number = static_cast<int>(out.steps.size());
        added.file = path;
        added.body = std::move(body);
    };
    step(connector_of(options, disk));
    scenario::SqlStep sql;
    sql.script_line = 1;
    sql.source = path;
    sql.scripts.push_back(std::move(text));
    step(std::move(sql));
    return out;
}

bool is_sql(const std::string& path, const std::string& text, const OptionSet& options) {
    if (path.ends_with(".sql")) return true;
    if (path.ends_with(".yaml") || path.ends_with(".yml")) return false;
    if (options.has("set") || options.has("connector")) return true;
    return !text.starts_with("scenario:") && text.find("\nscenario:") == std::string::npos;
}

std::vector<Scenario> load(const std::string& path, const OptionSet& options, Disk& disk) {
    std::string text = read_input(path, disk);
    if (is_sql(path, text, options)) return {scenario_of_sql(path, std::move(text), options, disk)};
    if (options.has("set") || options.has("connector")) {
        throw UsageError{"--set and --connector are for .sql files; a scenario has connector steps"};
    }
    return scenario::load_scenarios(path, text, disk);
}

class Run {
  public:
    Run(const OptionSet& options, Format format, Disk& disk) : format_(format), disk_(disk), options_(options) {
        output_.topics = options.texts("topic");
        output_.payload_only = options.has("payload");
        output_.color = use_color(options, STDOUT_FILENO);
    }

    Status play(const Scenario& scenario) {
        SimulationOptions simulated;
        simulated.database = scenario.database;
        simulated.user = scenario.user;
        Simulation simulation(simulated);
        SimulatedTarget target(simulation, disk_, scenario::folder_of(scenario.file));
        const auto after_step = [&](const scenario::StepReport& step) {
            if (format_ == Format::kPretty && shows(step)) write_out(pretty_step(step, target.topics(), output_));
        };
        scenario::RunReport report;
        try {
            report = scenario::run_scenario(scenario, target, after_step);
        } catch (...) {  // a bug of ours must not hide the records before it
            write_records(target.topics());
            throw;
        }
        scenario::apply_xfail(report);
        write_records(target.topics());
        transcript_ += scenario::transcript(report);
        const Status status = tell(report);
        return worse(status, tell_failed_connectors(scenario, target));
    }

    const std::string& transcript() const { return transcript_; }

  private:
    void write_records(const kafka::Topics& topics) const {
        if (format_ == Format::kJson) write_out(json_output(topics, output_));
        if (format_ == Format::kKcat) write_out(kcat_output(topics, output_));
    }

    bool shows(const scenario::StepReport& step) const {
        const bool silent = std::holds_alternative<scenario::ExpectStep>(step.step->body);
        return !silent || options_.has("verbose");
    }

    /// A task that failed on its way sends no more records; a plain .sql file expects none to fail.
    static Status tell_failed_connectors(const Scenario& scenario, scenario::Target& target) {
        Status status = Status::kHeld;
        for (const scenario::Step& step : scenario.steps) {
            const auto* connector = std::get_if<scenario::ConnectorStep>(&step.body);
            if (!connector || connector->verb != "create" || connector->state == "FAILED") continue;
            const scenario::ConnectorAnswer answer = target.connector_state(connector->name);
            if (answer.state != "FAILED") continue;
            write_error(fmt::format("{}: connector {} is FAILED:\n{}\n", scenario.title(), connector->name, answer.trace));
            if (scenario.file.ends_with(".sql") || scenario.file == "-") status = Status::kFailed;
        }
        return status;
    }

    static Status tell(const scenario::RunReport& report) {
        for (const std::string& line : report.not_simulated) write_error(line + "\n");
        for (const scenario::Failure& failure : report.failures) write_error(scenario::print_failure(failure));
        if (report.expected_failure) write_error(fmt::format("{}: failed as expected: {}\n", report.scenario->title(), *report.scenario->xfail));
        if (report.failed()) return Status::kFailed;
        return report.not_simulated.empty() ? Status::kHeld : Status::kNotSimulated;
    }

    Format format_;
    Disk& disk_;
    const OptionSet& options_;
    OutputOptions output_;
    std::string transcript_;
};

}  // namespace

Status run_command(const Arguments& arguments) {
    OptionSet options("run FILE", kHelp);
    options.value("output", "pretty (default on a terminal), json (decoded, for jq) or kcat-json", "FORMAT")
        .values("topic", "only this topic's records; may be repeated", "TOPIC")
        .flag("payload", "payloads without their schemas")
        .values("set", "an option of the connector; may be repeated", "OPTION=VALUE")
        .value("connector", "the JSON body of POST /connectors", "FILE")
        .value("transcript", "write what psql would have printed", "FILE")
        .value("color", "auto, always or never", "WHEN")
        .flag("v,verbose", "show expect steps, too");
    if (!options.parse(arguments)) return Status::kHeld;
    if (options.paths().size() != 1) throw UsageError{"run takes one file; see cdcsim run --help"};
    const Format format = format_of(options);
    Disk disk;
    Run run(options, format, disk);
    Status status = Status::kHeld;
    for (const Scenario& scenario : load(options.paths()[0], options, disk)) status = worse(status, run.play(scenario));
    if (const std::string path = options.text("transcript"); !path.empty()) {
        std::ofstream file(path, std::ios::binary);
        file << run.transcript();
        if (!file.flush()) throw UsageError{"cannot write " + path};
    }
    return status;
}

}  // namespace cdcsim::cli
