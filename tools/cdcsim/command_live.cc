// The commands that need the real stack are not part of this version; they say so instead of doing
// half of it. tools/live/stack.py and tools/live/record.py do it meanwhile.
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"

namespace cdcsim::cli {

namespace {

Status not_yet(const Arguments& arguments, const std::string& synopsis, const std::string& what) {
    OptionSet options(synopsis, what + "\nNot part of this version: use tools/live/record.py and tools/live/stack.py of the source tree.\n");
    options.value("postgres", "attach to this PostgreSQL", "URI");
    options.value("connect", "attach to this Kafka Connect", "URL");
    options.value("kafka", "attach to this Kafka", "HOST:PORT");
    if (!options.parse(arguments)) return Status::kHeld;
    write_error("cdcsim " + synopsis + ": not part of this version, use tools/live of the source tree\n");
    return Status::kNoLiveStack;
}

}  // namespace

Status record_command(const Arguments& arguments) {
    return not_yet(arguments, "record PATH...", "Runs scenarios on the real stack and writes their goldens.");
}
Status diff_command(const Arguments& arguments) {
    return not_yet(arguments, "diff PATH...", "Runs scenarios on the simulator and on the real stack and compares.");
}
Status live_command(const Arguments& arguments) {
    return not_yet(arguments, "live up|down|status", "Starts, stops and shows the real stack on this machine.");
}

}  // namespace cdcsim::cli
