// Stands for command_live.cc, command_record.cc, command_diff.cc and command_explore.cc where the real stack cannot be
// driven: they say so instead of doing half of it.
#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

namespace {

Status refuse(const std::string& command) {
    write_error("cdcsim " + command + ": built without the real stack, which needs libpq, libcurl and librdkafka (packages libpq-dev, libcurl4-openssl-dev, librdkafka-dev)\n");
    return Status::kNoLiveStack;
}

}  // namespace

Status record_command(const Arguments&) { return refuse("record"); }
Status diff_command(const Arguments&) { return refuse("diff"); }
Status live_command(const Arguments&) { return refuse("live"); }
Status explore_command(const Arguments&) { return refuse("explore"); }

}  // namespace cdcsim::cli
