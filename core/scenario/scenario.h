// A scenario as the runner takes it: what the loader made of a file, with every place remembered.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/scenario/yaml_node.h"

namespace cdcsim::scenario {

/// What an sql step expects of one error. A field that is not given is not compared.
struct ErrorPattern {
    std::optional<Node> sqlstate, message, detail, hint;
};

struct SqlStep {
    std::vector<std::string> scripts;  ///< run one after the other
    int script_line = 0;   ///< of the script's first line in the scenario file; 0: it is a file
    std::string source;    ///< the script's own file or pattern, "" if it stands in the scenario
    std::string session;   ///< "": a session of its own
    std::string user;      ///< "": the database's user
    bool stop_on_error = false;
    std::vector<ErrorPattern> errors;
    std::optional<Node> rows;
    std::optional<Node> tag;
};

/// Options in their order; nullopt takes a default away.
using ConnectorConfig = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct ConnectorStep {
    std::string verb = "create";  ///< create, stop, pause, resume, restart or delete
    std::string name;             ///< "" with a bare verb: the only one
    ConnectorConfig config;
    std::string state = "RUNNING";
    std::optional<std::string> refused;
};

struct SleepStep {
    std::string seconds;  ///< as written; a decimal number
    double value = 0;
};

struct ExpectStep {
    enum class Kind { kRecords, kContains, kCount, kTopics, kOrder, kState };
    Kind kind = Kind::kRecords;
    std::string name;             ///< the topic or connector
    Node wanted;                  ///< the list of records, the count, the topics or the state
    std::optional<std::size_t> from;
};

struct Step {
    int number = 0;    ///< from 1, those of included files first
    std::string file;  ///< where it stands
    int line = 1, column = 1;
    std::variant<SqlStep, ConnectorStep, SleepStep, ExpectStep> body;
};

struct Scenario {
    std::string file;  ///< as given
    std::string name;
    std::string case_name;  ///< "" if the file has no cases
    std::string description;
    std::vector<std::string> tags;
    std::string only;  ///< "", sim or live
    std::optional<std::string> xfail;
    std::string database = "cdc";
    std::string user = "postgres";
    std::vector<std::string> volatile_columns;
    std::vector<Step> steps;

    /// `file` or `file[case]`.
    std::string title() const { return case_name.empty() ? file : file + "[" + case_name + "]"; }
};

}  // namespace cdcsim::scenario
