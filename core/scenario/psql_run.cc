#include "core/scenario/psql_run.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/scenario/psql_print.h"

namespace cdcsim::scenario {

struct PsqlRun::Input {
    Input(std::string file_name, std::string content)
        : file(std::move(file_name)), text(std::move(content)), script(text) {}
    std::string file;
    std::string text;
    PsqlScript script;
};

namespace {

constexpr std::size_t kMaxIncludeDepth = 100;

std::string folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

/// psql's ParseVariableBool: a unique prefix of these words, in any case.
std::optional<bool> parse_bool(const std::string& value) {
    std::string text;
    for (char c : value) text += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    const auto prefix_of = [&](std::string_view word) {
        return !text.empty() && word.starts_with(text);
    };
    if (text.empty() || prefix_of("true") || prefix_of("yes") || text == "on" || text == "1") {
        return true;
    }
    if (prefix_of("false") || prefix_of("no") || text == "of" || text == "off" || text == "0") {
        return false;
    }
    return std::nullopt;
}

}  // namespace

PsqlRun::PsqlRun(std::vector<std::string> texts, const Options& options)
    : texts_(std::move(texts)), stop_on_error_(options.stop_on_error) {
    start_next_text();
}
PsqlRun::~PsqlRun() = default;
PsqlRun::PsqlRun(PsqlRun&&) noexcept = default;

void PsqlRun::start_next_text() {
    if (next_text_ < texts_.size()) {
        inputs_.push_back(std::make_unique<Input>("", std::move(texts_[next_text_++])));
    }
}

void PsqlRun::advance(PsqlHost& host, const std::function<void(Outcome&)>& after) {
    std::size_t reported = outcomes_.size();
    if (waiting_) finish_query(host.resume());
    while (!waiting_) {
        for (; after && reported < outcomes_.size(); ++reported) after(outcomes_[reported]);
        if (inputs_.empty()) return;
        const auto command = inputs_.back()->script.next();
        if (!command) {
            inputs_.pop_back();
            if (inputs_.empty()) start_next_text();
            continue;
        }
        current_ = Outcome{};
        current_.line = command->line;
        current_.file = inputs_.back()->file;
        if (command->is_meta) {
            run_meta(host, *command);
        } else {
            run_query(host, *command);
        }
    }
}

void PsqlRun::run_query(PsqlHost& host, const PsqlCommand& command) {
    current_.sql = command.text;
    if (!command.variable.empty()) return refuse("psql's variable " + command.variable);
    data_pending_ = command.copies_in;
    finish_query(host.execute(current_.sql, [this] {
        data_pending_ = false;
        return inputs_.back()->script.copy_data();
    }));
}

void PsqlRun::finish_query(MessageAnswer answer) {
    waiting_ = answer.waiting;
    waits_for_ = answer.waits_for;
    if (waiting_) return;
    current_.answers = std::move(answer.answers);
    current_.error_notices = std::move(answer.error_notices);
    current_.error = std::move(answer.error);
    const bool failed = current_.error.has_value();
    current_.sent_line = inputs_.back()->script.current_line();
    if (failed && data_pending_) inputs_.back()->script.copy_data();
    outcomes_.push_back(std::move(current_));
    if (failed && stop_on_error_) {
        inputs_.clear();
        next_text_ = texts_.size();
    }
}

void PsqlRun::run_meta(PsqlHost& host, const PsqlCommand& command) {
    const std::string& name = command.text;
    const Arguments& arguments = command.arguments;
    if (restricted_by_ && name != "unrestrict") {
        return fail("backslash commands are restricted; only \\unrestrict is allowed");
    }
    if (name == ".") return fail("invalid command \\.");
    if (name == "echo") return echo(arguments);
    if (name == "set" && !arguments.empty()) return set_variable(arguments);
    if (name == "i" || name == "include") return include(host, arguments, false);
    if (name == "ir" || name == "include_relative") return include(host, arguments, true);
    if (name == "c" || name == "connect") return connect(host, arguments);
    if (name == "restrict") return restrict(arguments);
    if (name == "unrestrict") return unrestrict(arguments);
    refuse("psql's command \\" + name);
}

void PsqlRun::refuse(const std::string& what) {
    Report report;
    report.sqlstate = "ZS001";
    report.message = "not simulated: " + what;
    report.not_simulated = true;
    current_.error = std::move(report);
    outcomes_.push_back(std::move(current_));
}

/// psql's own error messages go to the transcript; they are no SQL errors.
void PsqlRun::fail(const std::string& message) {
    current_.sent_line = inputs_.back()->script.current_line();
    const std::string prefix = message_prefix(current_);
    current_.output = prefix + (prefix.empty() ? "" : "error: ") + message + "\n";
    outcomes_.push_back(std::move(current_));
    if (!stop_on_error_) return;
    inputs_.clear();
    next_text_ = texts_.size();
}

void PsqlRun::set_variable(const Arguments& arguments) {
    if (arguments[0] != "ON_ERROR_STOP") return refuse("psql's command \\set " + arguments[0]);
    std::string value;
    for (std::size_t i = 1; i < arguments.size(); ++i) value += arguments[i];
    const auto parsed = parse_bool(value);
    if (!parsed) {
        return fail(fmt::format("unrecognized value \"{}\" for \"ON_ERROR_STOP\": Boolean expected", value));
    }
    stop_on_error_ = *parsed;
}

void PsqlRun::echo(const Arguments& arguments) {
    const bool newline = arguments.empty() || arguments[0] != "-n";
    for (std::size_t i = newline ? 0 : 1; i < arguments.size(); ++i) {
        if (i > (newline ? 0 : 1)) current_.output += ' ';
        current_.output += arguments[i];
    }
    if (newline) current_.output += '\n';
    outcomes_.push_back(std::move(current_));
}

void PsqlRun::include(PsqlHost& host, const Arguments& arguments, bool relative) {
    if (arguments.empty()) return fail(relative ? "\\ir: missing required argument" : "\\i: missing required argument");
    if (inputs_.size() >= kMaxIncludeDepth) return refuse("\\i nested more than 100 times");
    const bool absolute = arguments[0].starts_with("/");
    const std::string path =
        relative && !absolute ? folder(inputs_.back()->file) + arguments[0] : arguments[0];
    auto text = host.read_file(path);
    if (!text) return fail(path + ": No such file or directory");
    inputs_.push_back(std::make_unique<Input>(path, std::move(*text)));
}

void PsqlRun::connect(PsqlHost& host, const Arguments& arguments) {
    const auto given = [&](std::size_t i) {
        return i < arguments.size() && arguments[i] != "-" ? arguments[i] : std::string();
    };
    if (!given(0).empty() && given(0) != host.database()) {
        return refuse("psql's command \\c to another database");
    }
    if (arguments.size() > 2) return refuse("psql's command \\c to another host");
    try {
        host.reconnect(given(1));
    } catch (const SqlError& error) {  // a psql that lost its connection ends
        current_.output = fmt::format("\\connect: connection to server failed: FATAL:  {}\n", error.message());
        outcomes_.push_back(std::move(current_));
        inputs_.clear();
        next_text_ = texts_.size();
        return;
    }
    current_.output = fmt::format("You are now connected to database \"{}\" as user \"{}\".\n",
                                  host.database(), host.user());
    outcomes_.push_back(std::move(current_));
}

void PsqlRun::restrict(const Arguments& arguments) {
    if (arguments.empty()) return fail("\\restrict: missing required argument");
    restricted_by_ = arguments[0];
}

void PsqlRun::unrestrict(const Arguments& arguments) {
    if (arguments.empty()) return fail("\\unrestrict: missing required argument");
    if (!restricted_by_) return fail("\\unrestrict: not currently in restricted mode");
    if (*restricted_by_ != arguments[0]) return fail("\\unrestrict: wrong key");
    restricted_by_.reset();
}

}  // namespace cdcsim::scenario
