// record and diff are not part of this version; they say so instead of doing half of it.
#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

namespace {

Status not_yet(const char* command) {
    write_error(std::string("cdcsim ") + command + ": not part of this version, use tools/live/record.py of the source tree\n");
    return Status::kNoLiveStack;
}

}  // namespace

Status record_command(const Arguments&) { return not_yet("record"); }
Status diff_command(const Arguments&) { return not_yet("diff"); }

}  // namespace cdcsim::cli
