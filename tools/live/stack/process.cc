#include "tools/live/stack/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

extern char** environ;

namespace cdcsim::live {

namespace {

constexpr double kGentleSeconds = 10;
constexpr double kKillSeconds = 5;

/// What a child has open and where it stands.
class FileActions {
  public:
    explicit FileActions(const std::string& log) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        posix_spawn_file_actions_addchdir_np(&actions_, "/");
    }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

/// A session of its own, and the signals as they are by default.
class Attributes {
  public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_;
};

/// When a process was started, in ticks since boot; "" if there is none, or it has ended and waits for
/// its parent. The fields follow the name in parentheses, which may hold blanks.
std::string start_time(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return "";
    std::istringstream fields(text.substr(name_end + 1));
    std::string state, field;
    fields >> state;
    for (int i = 4; i <= 22; ++i) fields >> field;
    return state == "Z" ? "" : field;
}

bool ends_within(pid_t pid, const std::string& started, double seconds) {
    return reached_within({"", seconds, 20}, [&] {
        waitpid(pid, nullptr, WNOHANG);  // it may be our own child, when `up` fails half-way
        return start_time(pid) != started;
    });
}

}  // namespace

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return "";
}

pid_t start_program(const Program& program) {
    std::vector<std::string> words = program.command;
    if (!program.user.empty() && geteuid() == 0) {
        words.insert(words.begin(), {"setpriv", "--reuid", program.user, "--regid", program.user, "--init-groups"});
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const FileActions actions(program.log);
    const Attributes attributes;
    pid_t pid = 0;
    const int trouble = posix_spawnp(&pid, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
    if (trouble != 0) throw Unavailable(fmt::format("cannot start {}: {}", words[0], std::strerror(trouble)));
    return pid;
}

bool run_program(const Program& program) {
    const pid_t pid = start_program(program);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    check_interrupted();
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void write_pid_file(const std::string& path, pid_t pid) { std::ofstream(path) << pid << " " << start_time(pid) << "\n"; }

pid_t running_process(const std::string& pid_file) {
    std::ifstream file(pid_file);
    pid_t pid = 0;
    std::string started;
    if (!(file >> pid >> started) || pid <= 1) return 0;
    return start_time(pid) == started ? pid : 0;
}

void end_process(const std::string& pid_file, int gentle) {
    const pid_t pid = running_process(pid_file);
    if (pid == 0) return;
    const std::string started = start_time(pid);
    kill(pid, gentle);
    if (ends_within(pid, started, kGentleSeconds)) return;
    kill(pid, SIGKILL);
    ends_within(pid, started, kKillSeconds);
}

}  // namespace cdcsim::live
