#include "tools/live/drive/guardian.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include "core/diff/json.h"
#include "tools/live/unavailable.h"

extern char** environ;

namespace cdcsim::live {

namespace {

using diff::Json;
using diff::quote_json;

constexpr std::string_view kDone = "done\n";

std::string print_list(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& one : list) out += (out.empty() ? "[" : ",") + quote_json(one);
    return out.empty() ? "[]" : out + "]";
}

std::vector<std::string> parse_list(const Json& object, std::string_view name) {
    std::vector<std::string> out;
    for (const Json& one : object.find(name)->items) out.push_back(one.text);
    return out;
}

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// In a session of its own: a signal to our process group does not reach it.
int start(int read_end) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, read_end, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::string words[] = {"cdcsim", "live", "tidy"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t pid = 0;
    if (posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments, environ) != 0) pid = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

}  // namespace

std::string print_notes(const WorkspaceNotes& notes) {
    std::vector<std::string> options;
    for (const auto& [name, value] : notes.kafka.options) options.insert(options.end(), {name, value});
    return fmt::format(R"({{"postgres":{},"connect":{},"kafka":{},"kafka_options":{},"lock":{},"database":{},"suffix":{},"own":{},"roles":{},"topics":{}}})", quote_json(notes.postgres),
                       quote_json(notes.connect), quote_json(notes.kafka.brokers), print_list(options), quote_json(notes.lock), quote_json(notes.database), quote_json(notes.suffix), notes.own,
                       print_list(notes.roles), print_list(notes.topics));
}

WorkspaceNotes parse_notes(const std::string& line) {
    const auto json = diff::parse_json(line);
    if (!json || !json->is_object()) throw Unavailable("these are no notes: " + line);
    const auto text = [&](std::string_view name) { return json->find(name)->text; };
    WorkspaceNotes out;
    out.postgres = text("postgres");
    out.connect = text("connect");
    out.kafka.brokers = text("kafka");
    const std::vector<std::string> options = parse_list(*json, "kafka_options");
    for (std::size_t i = 0; i + 1 < options.size(); i += 2) out.kafka.options.emplace_back(options[i], options[i + 1]);
    out.lock = text("lock");
    out.database = text("database");
    out.suffix = text("suffix");
    out.own = json->find("own")->is(Json::Kind::kTrue);
    out.roles = parse_list(*json, "roles");
    out.topics = parse_list(*json, "topics");
    return out;
}

Guardian::Guardian(const WorkspaceNotes& notes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = start(ends[0]);
    close(ends[0]);
    pipe_ = ends[1];
    if (pid_ > 0) write_all(pipe_, print_notes(notes) + "\n");
}

Guardian::~Guardian() {
    if (pid_ > 0) write_all(pipe_, kDone);
    if (pipe_ >= 0) close(pipe_);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

void guard() {
    std::string notes, word;
    std::getline(std::cin, notes);
    std::getline(std::cin, word);
    if (word + "\n" == kDone || notes.empty()) return;
    const WorkspaceNotes left_behind = parse_notes(notes);
    const StackLock lock(left_behind.lock);
    clean(left_behind);
}

}  // namespace cdcsim::live
