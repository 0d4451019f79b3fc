#include "core/scenario/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace cdcsim::scenario {

namespace {

constexpr auto kRules = std::to_array<KeyRule>({
    {Place::kFile, "scenario", Shape::kText, true, "", "The scenario's name."},
    {Place::kFile, "description", Shape::kText, false, "", "What it shows, in a sentence."},
    {Place::kFile, "tags", Shape::kTexts, false, "", "For `cdcsim test --tag`."},
    {Place::kFile, "only", Shape::kText, false, "sim|live", "Runs on one of the two sides only."},
    {Place::kFile, "xfail", Shape::kText, false, "", "Why it is expected to fail; passing is then a failure."},
    {Place::kFile, "database", Shape::kMapping, false, "", "The database and its user."},
    {Place::kFile, "vars", Shape::kScalars, false, "", "Values for ${name}."},
    {Place::kFile, "cases", Shape::kCases, false, "", "Each case is a test of its own, with its values for ${name}."},
    {Place::kFile, "include", Shape::kTextOrTexts, false, "", "Files whose steps come first."},
    {Place::kFile, "volatile", Shape::kTexts, false, "", "Columns whose values decide nothing and are not compared."},
    {Place::kFile, "steps", Shape::kList, true, "", "What happens, in order."},
    {Place::kDatabase, "name", Shape::kText, false, "", "The database's name (cdc)."},
    {Place::kDatabase, "user", Shape::kText, false, "", "The user of the sql steps (postgres)."},
    {Place::kStep, "sql", Shape::kAny, false, "", "A psql script, or {file: F} or {files: GLOB}."},
    {Place::kStep, "session", Shape::kText, false, "", "A named session that lives on; without it the step has one of its own."},
    {Place::kStep, "user", Shape::kText, false, "", "The session's user."},
    {Place::kStep, "on_error", Shape::kText, false, "continue|stop", "Whether the script goes on after an error (continue)."},
    {Place::kStep, "error", Shape::kAny, false, "", "The expected error: its SQLSTATE, or {sqlstate, message, detail, hint}, or a list."},
    {Place::kStep, "rows", Shape::kRows, false, "", "The rows of the last statement."},
    {Place::kStep, "tag", Shape::kText, false, "", "The command tag of the last statement."},
    {Place::kStep, "connector", Shape::kAny, false, "", "Creates or reconfigures a connector, or {stop|pause|resume|restart|delete: NAME}."},
    {Place::kStep, "sleep", Shape::kNumber, false, "", "Seconds; the simulated clock jumps."},
    {Place::kStep, "expect", Shape::kMapping, false, "", "What the topics or a connector must show."},
    {Place::kSqlSource, "file", Shape::kText, false, "", "A script beside the scenario."},
    {Place::kSqlSource, "files", Shape::kText, false, "", "Scripts by a pattern with * and ?, in the order of their names."},
    {Place::kError, "sqlstate", Shape::kText, false, "", "Five characters, such as 23505."},
    {Place::kError, "message", Shape::kText, false, "", "The primary message."},
    {Place::kError, "detail", Shape::kText, false, "", "DETAIL."},
    {Place::kError, "hint", Shape::kText, false, "", "HINT."},
    {Place::kConnector, "name", Shape::kText, false, "", "The connector's name."},
    {Place::kConnector, "file", Shape::kText, false, "", "The JSON body of POST /connectors."},
    {Place::kConnector, "config", Shape::kScalars, false, "", "Options; they override those of the file."},
    {Place::kConnector, "state", Shape::kText, false, "RUNNING|FAILED", "The state to wait for (RUNNING)."},
    {Place::kConnector, "refused", Shape::kText, false, "", "Connect refuses it with a message that holds this text."},
    {Place::kConnector, "stop", Shape::kText, false, "", "Stops this connector."},
    {Place::kConnector, "pause", Shape::kText, false, "", "Pauses this connector."},
    {Place::kConnector, "resume", Shape::kText, false, "", "Resumes this connector."},
    {Place::kConnector, "restart", Shape::kText, false, "", "Restarts this connector and its failed tasks."},
    {Place::kConnector, "delete", Shape::kText, false, "", "Deletes this connector."},
    {Place::kExpect, "topic", Shape::kText, false, "", "A topic's name."},
    {Place::kExpect, "records", Shape::kRecords, false, "", "All records since the last expectation on the topic, in order."},
    {Place::kExpect, "contains", Shape::kRecords, false, "", "Records in this order, gaps allowed."},
    {Place::kExpect, "count", Shape::kCount, false, "", "How many records there are."},
    {Place::kExpect, "from", Shape::kCount, false, "", "Start at this offset instead of the topic's cursor."},
    {Place::kExpect, "topics", Shape::kTexts, false, "", "The exact set of topics that hold records."},
    {Place::kExpect, "order", Shape::kRecords, false, "", "All records of all topics since the last order, in commit order."},
    {Place::kExpect, "connector", Shape::kText, false, "", "A connector's name, for state."},
    {Place::kExpect, "state", Shape::kText, false, "RUNNING|PAUSED|STOPPED|FAILED", "Connect's state of the connector."},
});

constexpr auto kVerbs = std::to_array<std::string_view>({"stop", "pause", "resume", "restart", "delete"});

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

bool all_scalars(const std::vector<Node>& items) {
    return std::all_of(items.begin(), items.end(), [](const Node& n) { return n.is_scalar(); });
}

bool all_scalar_values(const Node& node) {
    return std::all_of(node.entries.begin(), node.entries.end(),
                       [](const auto& entry) { return entry.value.is_scalar(); });
}

bool is_text(const Node& node) { return node.is_scalar() && !is_null(node); }

bool is_count(const Node& node) {
    return node.is_scalar() && !node.value.empty() && node.value.size() < 10 &&
           std::all_of(node.value.begin(), node.value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(const Node& node) {
    return node.is_scalar() && scalar_type(node) == ScalarType::kNumber;
}

bool is_rows(const Node& node) {
    return node.is_sequence() && std::all_of(node.items.begin(), node.items.end(), [](const Node& row) {
               return row.is_sequence();
           });
}

bool is_cases(const Node& node) {
    return node.is_mapping() &&
           std::all_of(node.entries.begin(), node.entries.end(), [](const auto& entry) {
               return is_null(entry.value) || (entry.value.is_mapping() && all_scalar_values(entry.value));
           });
}

struct ShapeRule {
    Shape shape;
    bool (*fits)(const Node&);
    std::string_view name;    // completes "must be ..."
    std::string_view schema;  // the JSON Schema fragment
};

constexpr auto kShapes = std::to_array<ShapeRule>({
    {Shape::kText, is_text, "a text", R"({"type":["string","number","boolean"]})"},
    {Shape::kTexts, [](const Node& n) { return n.is_sequence() && all_scalars(n.items); },
     "a list of texts", R"({"type":"array","items":{"type":["string","number","boolean"]}})"},
    {Shape::kTextOrTexts,
     [](const Node& n) { return is_text(n) || (n.is_sequence() && all_scalars(n.items)); },
     "a text or a list of texts", R"({"type":["string","array"],"items":{"type":"string"}})"},
    {Shape::kNumber, is_number, "a number", R"({"type":"number","minimum":0})"},
    {Shape::kCount, is_count, "a whole number from 0", R"({"type":"integer","minimum":0})"},
    {Shape::kScalars, [](const Node& n) { return n.is_mapping() && all_scalar_values(n); },
     "a mapping of names to scalars",
     R"({"type":"object","additionalProperties":{"type":["string","number","boolean","null"]}})"},
    {Shape::kCases, is_cases, "a mapping of case names to {variable: value}",
     R"({"type":"object","additionalProperties":{"type":["object","null"]}})"},
    {Shape::kList, [](const Node& n) { return n.is_sequence(); }, "a list", R"({"type":"array"})"},
    {Shape::kRecords, [](const Node& n) { return n.is_sequence(); }, "a list of records",
     R"({"type":"array","items":{"type":["object","null"]}})"},
    {Shape::kRows, is_rows, "a list of rows, each a list of values",
     R"({"type":"array","items":{"type":"array"}})"},
    {Shape::kAny, [](const Node&) { return true; }, "", "{}"},
    {Shape::kMapping, [](const Node& n) { return n.is_mapping(); }, "a mapping", R"({"type":"object"})"},
});

const ShapeRule& shape_rule(Shape shape) { return kShapes[static_cast<std::size_t>(shape)]; }

constexpr bool shapes_are_in_order() {
    for (std::size_t i = 0; i < kShapes.size(); ++i) {
        if (kShapes[i].shape != static_cast<Shape>(i)) return false;
    }
    return true;
}
static_assert(shapes_are_in_order());

constexpr auto kPlaceNames = std::to_array<std::string_view>(
    {"a scenario", "database", "a step", "sql", "error", "connector", "expect"});

std::string_view place_name(Place place) { return kPlaceNames[static_cast<std::size_t>(place)]; }

void check_value(const std::string& file, const Node::Entry& entry, const KeyRule& rule) {
    const ShapeRule& shape = shape_rule(rule.shape);
    const auto fail = [&](const std::string& message) {
        throw ScenarioError(file, entry.value.line, entry.value.column, message);
    };
    if (!shape.fits(entry.value)) fail(fmt::format("\"{}\" must be {}", rule.key, shape.name));
    if (rule.choices.empty()) return;
    const auto choices = split(rule.choices, '|');
    if (std::find(choices.begin(), choices.end(), entry.value.value) == choices.end()) {
        fail(fmt::format("\"{}\" must be {}, not \"{}\"", rule.key,
                         fmt::join(choices.begin(), choices.end(), " or "), entry.value.value));
    }
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string property_schema(const KeyRule& rule) {
    std::string body(shape_rule(rule.shape).schema);
    if (!rule.choices.empty()) {
        std::vector<std::string> choices;
        for (std::string_view choice : split(rule.choices, '|')) choices.push_back(quoted(choice));
        body = fmt::format(R"({{"enum":[{}]}})", fmt::join(choices, ","));
    }
    if (rule.place == Place::kFile && rule.key == "steps") body = R"({"type":"array","items":{"$ref":"#/$defs/step"}})";
    if (rule.place == Place::kFile && rule.key == "database") body = R"({"$ref":"#/$defs/database"})";
    if (rule.place == Place::kStep && rule.key == "expect") body = R"({"$ref":"#/$defs/expect"})";
    if (rule.place == Place::kStep && rule.key == "connector") {
        body = R"({"oneOf":[{"type":"string"},{"$ref":"#/$defs/connector"}]})";
    }
    if (rule.place == Place::kStep && rule.key == "sql") {
        body = R"({"oneOf":[{"type":"string"},{"$ref":"#/$defs/sql"}]})";
    }
    const std::string separator = body == "{}" ? "" : ",";
    body.pop_back();
    return fmt::format("{}:{}{}\"description\":{}}}", quoted(rule.key), body, separator, quoted(rule.help));
}

std::string object_schema(Place place) {
    std::vector<std::string> properties, required;
    for (const KeyRule& rule : kRules) {
        if (rule.place != place) continue;
        properties.push_back(property_schema(rule));
        if (rule.required) required.push_back(quoted(rule.key));
    }
    std::string out = fmt::format(R"("type":"object","additionalProperties":false,"properties":{{{}}})",
                                  fmt::join(properties, ","));
    if (!required.empty()) out += fmt::format(R"(,"required":[{}])", fmt::join(required, ","));
    return out;
}

}  // namespace

std::span<const KeyRule> grammar() { return kRules; }

bool is_connector_verb(std::string_view word) {
    return std::find(kVerbs.begin(), kVerbs.end(), word) != kVerbs.end();
}

std::string suggest(std::string_view given, std::span<const std::string_view> known) {
    if (known.empty() || given.size() > 100) return "";
    const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
        return edit_distance(given, a) < edit_distance(given, b);
    });
    if (edit_distance(given, *nearest) <= std::max<std::size_t>(2, given.size() / 3)) {
        return fmt::format(" (did you mean \"{}\"?)", *nearest);
    }
    return fmt::format(" (known: {})", fmt::join(known, ", "));
}

void check_mapping(const std::string& file, const Node& node, Place place) {
    if (!node.is_mapping()) {
        throw ScenarioError(file, node.line, node.column,
                            fmt::format("{} must be a mapping", place_name(place)));
    }
    std::vector<std::string_view> known;
    for (const KeyRule& rule : kRules) {
        if (rule.place == place) known.push_back(rule.key);
    }
    for (const auto& entry : node.entries) {
        const auto rule = std::find_if(kRules.begin(), kRules.end(), [&](const KeyRule& r) {
            return r.place == place && r.key == entry.key;
        });
        if (rule == kRules.end()) {
            throw ScenarioError(file, entry.line, entry.column,
                                fmt::format("unknown key \"{}\" in {}{}", entry.key, place_name(place),
                                            suggest(entry.key, known)));
        }
        check_value(file, entry, *rule);
    }
    for (const KeyRule& rule : kRules) {
        if (rule.place == place && rule.required && !node.find(rule.key)) {
            throw ScenarioError(file, node.line, node.column,
                                fmt::format("{} needs the key \"{}\"", place_name(place), rule.key));
        }
    }
}

std::string json_schema() {
    std::vector<std::string> verbs;
    for (std::string_view verb : kVerbs) verbs.push_back(quoted(verb));
    return fmt::format(
        "{{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"cdcsim scenario\",{},"
        "\"$defs\":{{\"step\":{{\"oneOf\":[{{\"enum\":[{}]}},{{{}}}]}},\"database\":{{{}}},\"sql\":{{{}}},"
        "\"error\":{{{}}},\"connector\":{{{}}},\"expect\":{{{}}}}}}}\n",
        object_schema(Place::kFile), fmt::join(verbs, ","), object_schema(Place::kStep),
        object_schema(Place::kDatabase), object_schema(Place::kSqlSource),
        object_schema(Place::kError), object_schema(Place::kConnector), object_schema(Place::kExpect));
}

}  // namespace cdcsim::scenario
