#include "tools/cdcsim/command.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace cdcsim::cli {

namespace {

constexpr auto kCommands = std::to_array<Command>({
    {"run", "run FILE", "play a scenario or an .sql file and show the records that it causes", run_command},
    {"test", "test [PATH...]", "run scenarios and judge them: expectations, goldens, snapshots", test_command},
    {"record", "record PATH...", "run scenarios on the real stack and write their goldens", record_command},
    {"diff", "diff PATH...", "run scenarios on both, simulator and real stack, and compare", diff_command},
    {"live", "live up|down|status", "the real stack on this machine", live_command},
    {"explore", "explore", "generate random scenarios, run them on both, shrink what differs", explore_command},
    {"schema", "schema", "print the JSON Schema of scenario files, for editors", schema_command},
    {"support", "support", "print the table of what is simulated", support_command},
});

constexpr std::array kSeverity = {Status::kInternal, Status::kBadUsage,     Status::kFailed,
                                  Status::kNoLiveStack, Status::kNotSimulated, Status::kHeld};

/// A reader that has gone away (`| head`) ends the program as it ends every other; what cannot be written (a full disk) must
/// not look like a run that held.
[[noreturn]] void end_without_output(int trouble) {
    if (trouble == EPIPE) {
        std::signal(SIGPIPE, SIG_DFL);
        std::raise(SIGPIPE);
    }
    write_error(std::string("cdcsim: cannot write to standard output: ") + std::strerror(trouble) + "\n");
    std::_Exit(static_cast<int>(Status::kBadUsage));
}

}  // namespace

Status worse(Status a, Status b) {
    for (Status status : kSeverity) {
        if (a == status || b == status) return status;
    }
    return a;
}

std::span<const Command> commands() { return kCommands; }

void write_out(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) end_without_output(errno);
}

void flush_out() {
    if (std::fflush(stdout) != 0) end_without_output(errno);
}

void write_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace cdcsim::cli
