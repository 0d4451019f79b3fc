// Cleans up after a run that was killed. A small process of its own (`cdcsim live tidy`), which waits
// on a pipe until the run says that it is done; when the pipe closes without that, it removes what the
// run made. A process that is killed cannot do so itself.
#pragma once

#include <string>

#include "tools/live/drive/workspace.h"

namespace cdcsim::live {

class Guardian {
  public:
    /// Starts it for what the notes name. Without /proc/self/exe there is none.
    explicit Guardian(const WorkspaceNotes& notes);
    /// The run has cleaned up itself.
    ~Guardian();
    Guardian(const Guardian&) = delete;

  private:
    int pipe_ = -1;
    int pid_ = 0;
};

/// What the guardian's process does: reads notes and the last word from its standard input.
void guard();

/// The notes as one line of JSON.
std::string print_notes(const WorkspaceNotes& notes);
WorkspaceNotes parse_notes(const std::string& line);

}  // namespace cdcsim::live
