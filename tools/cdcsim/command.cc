#include "tools/cdcsim/command.h"

#include <array>
#include <cstdio>
#include <cstdlib>

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

void write(std::FILE* stream, std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() && stream == stdout) std::_Exit(0);
}

}  // namespace

Status worse(Status a, Status b) {
    for (Status status : kSeverity) {
        if (a == status || b == status) return status;
    }
    return a;
}

std::span<const Command> commands() { return kCommands; }

void write_out(std::string_view text) { write(stdout, text); }
void write_error(std::string_view text) { write(stderr, text); }

}  // namespace cdcsim::cli
