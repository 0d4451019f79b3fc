#include "core/scenario/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/diff/json.h"
#include "core/scenario/grammar.h"
#include "core/scenario/pattern.h"

namespace cdcsim::scenario {

namespace {

using Variables = std::vector<std::pair<std::string, Node>>;

[[noreturn]] void refuse(const std::string& file, const Node& node, const std::string& message) {
    throw ScenarioError(file, node.line, node.column, message);
}

std::string text_of(const Node* node, const std::string& otherwise = "") {
    return node ? node->value : otherwise;
}

std::vector<std::string> texts_of(const Node* node) {
    std::vector<std::string> out;
    if (!node) return out;
    if (node->is_scalar()) return {node->value};
    for (const Node& item : node->items) out.push_back(item.value);
    return out;
}

bool is_variable_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
}

/// Puts variables in place of ${name} in every scalar of a tree.
class Substitution {
  public:
    Substitution(const std::string& file, const Variables& variables)
        : file_(file), variables_(variables) {}

    void apply(Node& node) const {
        if (node.is_scalar()) return apply_to_scalar(node);
        for (Node& item : node.items) apply(item);
        for (auto& entry : node.entries) {
            entry.key = replaced(entry.key, entry.line, entry.column);
            apply(entry.value);
        }
    }

  private:
    void apply_to_scalar(Node& node) const {
        const std::string& text = node.value;
        const bool whole = node.plain && text.starts_with("${") && text.find('}') == text.size() - 1;
        if (whole) {  // takes the variable's own type
            const Node& value = find(text.substr(2, text.size() - 3), node.line, node.column);
            node.plain = value.plain;
            node.value = value.value;
            return;
        }
        node.value = replaced(text, node.line, node.column);
    }

    std::string replaced(const std::string& text, int line, int column) const {
        std::string out;
        std::size_t at = 0;
        for (std::size_t begin; (begin = text.find("${", at)) != std::string::npos;) {
            const std::size_t end = text.find('}', begin);
            const std::string name = end == std::string::npos ? "" : text.substr(begin + 2, end - begin - 2);
            if (!is_variable_name(name)) {
                throw ScenarioError(file_, line, column, "${ must be followed by a name and }");
            }
            out += text.substr(at, begin - at) + find(name, line, column).value;
            at = end + 1;
        }
        return out + text.substr(at);
    }

    const Node& find(const std::string& name, int line, int column) const {
        for (const auto& [known, value] : variables_) {
            if (known == name) return value;
        }
        std::vector<std::string_view> known;
        for (const auto& variable : variables_) known.push_back(variable.first);
        throw ScenarioError(file_, line, column,
                            fmt::format("unknown variable \"{}\"{}", name, suggest(name, known)));
    }

    const std::string& file_;
    const Variables& variables_;
};

void set(Variables& variables, const Node* mapping) {
    if (!mapping) return;
    for (const auto& entry : mapping->entries) {
        const auto same = std::find_if(variables.begin(), variables.end(),
                                       [&](const auto& v) { return v.first == entry.key; });
        if (same == variables.end()) {
            variables.emplace_back(entry.key, entry.value);
        } else {
            same->second = entry.value;
        }
    }
}

/// The steps of one file with its includes.
class StepReader {
  public:
    explicit StepReader(FileReader& files) : files_(files) {}

    /// Reads a file's steps behind those of the files that it includes.
    void read_file(const std::string& file, const Node& root, const Variables& variables) {
        if (std::find(open_.begin(), open_.end(), file) != open_.end()) {
            throw ScenarioError(file, 1, 1, fmt::format("the file includes itself ({})", fmt::join(open_, " -> ")));
        }
        open_.push_back(file);
        if (const Node* includes = root.find("include")) {
            if (includes->is_scalar()) {
                include(file, *includes);
            } else {
                for (const Node& item : includes->items) include(file, item);
            }
        }
        const bool declares = root.find("vars") || root.find("cases");
        const Node* steps = root.find("steps");
        for (const Node& item : steps->items) {
            Node step = item;
            if (declares) Substitution(file, variables).apply(step);
            file_ = file;
            read_step(step);
        }
        open_.pop_back();
    }

    /// The steps; a bare verb now names the connector that it is for.
    std::vector<Step> take() {
        std::vector<std::string> names;
        for (Step& step : steps_) {
            auto* connector = std::get_if<ConnectorStep>(&step.body);
            if (!connector) continue;
            std::string& name = connector->name;
            if (name.empty() && names.size() != 1) {
                throw ScenarioError(step.file, step.line, step.column,
                                    names.empty() ? fmt::format("{}: there is no connector", connector->verb)
                                                  : fmt::format("{}: which connector? There are {}", connector->verb, fmt::join(names, ", ")));
            }
            if (name.empty()) name = names.front();
            const bool known = std::find(names.begin(), names.end(), name) != names.end();
            if (connector->verb == "create" && !known && !connector->refused) names.push_back(name);
            if (connector->verb == "delete") std::erase(names, name);
        }
        return std::move(steps_);
    }

  private:
    void include(const std::string& from, const Node& path) {
        const std::string file = folder_of(from) + path.value;
        const auto text = files_.read(file);
        if (!text) refuse(from, path, fmt::format("cannot read {}", file));
        const Node root = parse_yaml(file, *text);
        check_mapping(file, root, Place::kFile);
        if (const Node* cases = root.find("cases")) refuse(file, *cases, "an included file has no cases");
        Variables variables;
        set(variables, root.find("vars"));
        read_file(file, root, variables);
    }

    [[noreturn]] void fail(const Node& node, const std::string& message) const { refuse(file_, node, message); }

    void read_step(const Node& node) {
        Step step;
        step.number = static_cast<int>(steps_.size()) + 1;
        step.file = file_;
        step.line = node.line;
        step.column = node.column;
        if (node.is_scalar()) {
            if (!is_connector_verb(node.value)) {
                fail(node, fmt::format("a step is a mapping with sql, connector, sleep or expect, not \"{}\"", node.value));
            }
            ConnectorStep verb;
            verb.verb = node.value;
            step.body = verb;
        } else {
            step.body = read_body(node);
        }
        steps_.push_back(std::move(step));
    }

    std::variant<SqlStep, ConnectorStep, SleepStep, ExpectStep> read_body(const Node& node) {
        for (const auto& entry : node.entries) {
            if (entry.key == "produce" || entry.key == "fault") {
                throw ScenarioError(file_, entry.line, entry.column,
                                    fmt::format("\"{}\" is reserved: it is not part of the grammar yet", entry.key));
            }
        }
        check_mapping(file_, node, Place::kStep);
        static constexpr auto kKinds = std::to_array<std::string_view>({"sql", "connector", "sleep", "expect"});
        std::string_view kind;
        for (std::string_view candidate : kKinds) {
            if (!node.find(candidate)) continue;
            if (!kind.empty()) fail(node, fmt::format("a step has either {} or {}", kind, candidate));
            kind = candidate;
        }
        if (kind.empty()) fail(node, "a step needs one of sql, connector, sleep, expect");
        if (kind == "sql") return read_sql(node);
        for (const auto& entry : node.entries) {
            if (entry.key != kind) {
                throw ScenarioError(file_, entry.line, entry.column,
                                    fmt::format("\"{}\" belongs to an sql step, this is {}", entry.key, kind));
            }
        }
        if (kind == "connector") return read_connector(*node.find("connector"));
        if (kind == "sleep") return read_sleep(*node.find("sleep"));
        return read_expect(*node.find("expect"));
    }

    SqlStep read_sql(const Node& node) {
        SqlStep out;
        read_script(*node.find("sql"), out);
        out.session = text_of(node.find("session"));
        out.user = text_of(node.find("user"));
        out.stop_on_error = text_of(node.find("on_error")) == "stop";
        if (const Node* errors = node.find("error")) {
            if (errors->is_sequence()) {
                for (const Node& item : errors->items) out.errors.push_back(read_error(item));
            } else {
                out.errors.push_back(read_error(*errors));
            }
        }
        if (const Node* rows = node.find("rows")) {
            check_pattern(file_, *rows);
            out.rows = *rows;
        }
        if (const Node* tag = node.find("tag")) {
            check_pattern(file_, *tag);
            out.tag = *tag;
        }
        return out;
    }

    void read_script(const Node& sql, SqlStep& out) {
        if (sql.is_scalar()) {
            if (is_null(sql)) fail(sql, "sql is empty");
            out.scripts.push_back(sql.value);
            out.script_line = sql.line + (sql.block ? 1 : 0);
            return;
        }
        check_mapping(file_, sql, Place::kSqlSource);
        const Node* file = sql.find("file");
        const Node* pattern = sql.find("files");
        if (!file == !pattern) fail(sql, "sql needs either file or files");
        out.source = file ? file->value : pattern->value;
        std::vector<std::string> paths{folder_of(file_) + out.source};
        if (pattern) paths = files_.glob(paths[0]);
        if (paths.empty()) fail(*pattern, fmt::format("no file matches {}", out.source));
        for (const std::string& path : paths) {
            auto text = files_.read(path);
            if (!text) fail(sql, fmt::format("cannot read {}", path));
            out.scripts.push_back(std::move(*text));
        }
    }

    ErrorPattern read_error(const Node& node) {
        ErrorPattern out;
        if (node.is_scalar()) {
            check_sqlstate(node);
            out.sqlstate = as_string(node);
            return out;
        }
        check_mapping(file_, node, Place::kError);
        check_pattern(file_, node);
        const auto take = [&](std::string_view key) -> std::optional<Node> {
            const Node* value = node.find(key);
            return value ? std::optional(as_string(*value)) : std::nullopt;
        };
        if (const Node* state = node.find("sqlstate")) check_sqlstate(*state);
        out.sqlstate = take("sqlstate");
        out.message = take("message");
        out.detail = take("detail");
        out.hint = take("hint");
        return out;
    }

    static Node as_string(Node node) {
        node.plain = false;
        return node;
    }

    void check_sqlstate(const Node& node) const {
        const bool fits = node.value.size() == 5 && std::all_of(node.value.begin(), node.value.end(), [](char c) {
                              return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                          });
        if (!fits) fail(node, fmt::format("\"{}\" is no SQLSTATE: five digits or capital letters, such as \"23505\"", node.value));
    }

    ConnectorStep read_connector(const Node& node) {
        ConnectorStep out;
        if (node.is_scalar()) {
            if (!is_connector_verb(node.value)) fail(node, "connector must be a mapping or one of stop, pause, resume, restart, delete");
            out.verb = node.value;
            return out;
        }
        check_mapping(file_, node, Place::kConnector);
        for (const auto& entry : node.entries) {
            if (!is_connector_verb(entry.key)) continue;
            if (node.entries.size() > 1) {
                throw ScenarioError(file_, entry.line, entry.column,
                                    fmt::format("\"{}\" stands alone in a connector step", entry.key));
            }
            out.verb = entry.key;
            out.name = entry.value.value;
            return out;
        }
        if (const Node* file = node.find("file")) read_body_file(*file, out);
        out.name = text_of(node.find("name"), out.name);
        if (out.name.empty()) fail(node, "connector needs the key \"name\"");
        if (const Node* config = node.find("config")) {
            for (const auto& entry : config->entries) {
                set_option(out.config, entry.key,
                           is_null(entry.value) ? std::nullopt : std::optional(entry.value.value));
            }
        }
        out.state = text_of(node.find("state"), "RUNNING");
        if (const Node* refused = node.find("refused")) out.refused = refused->value;
        return out;
    }

    static void set_option(ConnectorConfig& config, const std::string& key, std::optional<std::string> value) {
        for (auto& option : config) {
            if (option.first == key) {
                option.second = std::move(value);
                return;
            }
        }
        config.emplace_back(key, std::move(value));
    }

    /// The JSON that people POST to /connectors: {"name": ..., "config": {...}}, or the config alone.
    void read_body_file(const Node& node, ConnectorStep& out) {
        const std::string path = folder_of(file_) + node.value;
        const auto text = files_.read(path);
        if (!text) fail(node, fmt::format("cannot read {}", path));
        const auto body = diff::parse_json(*text);
        if (!body || !body->is_object()) fail(node, fmt::format("{} does not hold a JSON object", path));
        const diff::Json* name = body->find("name");
        const diff::Json* config = body->find("config");
        if (config && !config->is_object()) fail(node, fmt::format("\"config\" in {} is no JSON object", path));
        if (name && config) out.name = name->text;
        for (const auto& [key, value] : (config ? *config : *body).members) {
            using Kind = diff::Json::Kind;
            if (value.is(Kind::kArray) || value.is(Kind::kObject)) fail(node, fmt::format("option {} in {} is no scalar", key, path));
            std::optional<std::string> text_value = value.text;
            if (value.is(Kind::kTrue)) text_value = "true";
            if (value.is(Kind::kFalse)) text_value = "false";
            if (value.is_null()) text_value.reset();
            set_option(out.config, key, text_value);
        }
    }

    SleepStep read_sleep(const Node& node) const {
        SleepStep out{node.value, 0};
        const char* end = node.value.data() + node.value.size();
        const auto parsed = std::from_chars(node.value.data(), end, out.value);
        if (parsed.ec != std::errc() || parsed.ptr != end || out.value < 0 || out.value > 1e9) {
            fail(node, "sleep must be a number of seconds from 0");
        }
        return out;
    }

    ExpectStep read_expect(const Node& node) const {
        check_mapping(file_, node, Place::kExpect);
        ExpectStep out;
        struct Form {
            std::string_view key;
            ExpectStep::Kind kind;
            std::string_view with;  // the key that names what is judged
        };
        static constexpr auto kForms = std::to_array<Form>({
            {"records", ExpectStep::Kind::kRecords, "topic"},
            {"contains", ExpectStep::Kind::kContains, "topic"},
            {"count", ExpectStep::Kind::kCount, "topic"},
            {"topics", ExpectStep::Kind::kTopics, ""},
            {"order", ExpectStep::Kind::kOrder, ""},
            {"state", ExpectStep::Kind::kState, "connector"},
        });
        const Form* form = nullptr;
        for (const Form& candidate : kForms) {
            if (!node.find(candidate.key)) continue;
            if (form) fail(node, fmt::format("expect has either {} or {}", form->key, candidate.key));
            form = &candidate;
        }
        if (!form) fail(node, "expect needs topic with records, contains or count; or topics; or order; or connector with state");
        for (const auto& entry : node.entries) {
            const bool from = entry.key == "from" && form->with == "topic";
            if (entry.key == form->key || entry.key == form->with || from) continue;
            throw ScenarioError(file_, entry.line, entry.column,
                                fmt::format("\"{}\" does not go with \"{}\"", entry.key, form->key));
        }
        if (!form->with.empty() && !node.find(form->with)) fail(node, fmt::format("\"{}\" needs \"{}\"", form->key, form->with));
        out.kind = form->kind;
        out.name = text_of(form->with.empty() ? nullptr : node.find(form->with));
        out.wanted = *node.find(form->key);
        if (const Node* from = node.find("from")) out.from = std::stoul(from->value);
        if (form->kind == ExpectStep::Kind::kRecords || form->kind == ExpectStep::Kind::kContains ||
            form->kind == ExpectStep::Kind::kOrder) {
            for (const Node& record : out.wanted.items) check_record_pattern(file_, record);
        }
        return out;
    }

    FileReader& files_;
    std::string file_;
    std::vector<std::string> open_;
    std::vector<Step> steps_;
};

Scenario load_one(const std::string& file, const Node& root, const Node::Entry* chosen, FileReader& files) {
    Scenario out;
    out.file = file;
    out.name = root.find("scenario")->value;
    out.description = text_of(root.find("description"));
    out.tags = texts_of(root.find("tags"));
    out.only = text_of(root.find("only"));
    if (const Node* xfail = root.find("xfail")) out.xfail = xfail->value;
    if (const Node* database = root.find("database")) {
        check_mapping(file, *database, Place::kDatabase);
        out.database = text_of(database->find("name"), out.database);
        out.user = text_of(database->find("user"), out.user);
    }
    out.volatile_columns = texts_of(root.find("volatile"));
    Variables variables;
    set(variables, root.find("vars"));
    if (chosen) {
        out.case_name = chosen->key;
        set(variables, &chosen->value);
    }
    StepReader reader(files);
    reader.read_file(file, root, variables);
    out.steps = reader.take();
    return out;
}

}  // namespace

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::vector<Scenario> load_scenarios(const std::string& file, std::string_view text, FileReader& files) {
    const Node root = parse_yaml(file, text);
    check_mapping(file, root, Place::kFile);
    std::vector<Scenario> out;
    const Node* cases = root.find("cases");
    if (!cases) {
        out.push_back(load_one(file, root, nullptr, files));
        return out;
    }
    if (cases->entries.empty()) throw ScenarioError(file, cases->line, cases->column, "\"cases\" is empty");
    for (const auto& entry : cases->entries) out.push_back(load_one(file, root, &entry, files));
    return out;
}

}  // namespace cdcsim::scenario
