// How far a long run is, on standard error: on a terminal one line that is written anew, elsewhere
// (a log, CI) a line now and then.
#pragma once

#include <string>

namespace cdcsim::cli {

class ProgressLine {
  public:
    /// `wanted` is false where the user asked for silence.
    explicit ProgressLine(bool wanted);

    void show(const std::string& text);
    /// Makes room for other output; the next show() writes the line again.
    void clear();

  private:
    void show_in_log(const std::string& text);

    bool wanted_, on_terminal_;
    bool shown_ = false;
    double told_at_;
};

}  // namespace cdcsim::cli
