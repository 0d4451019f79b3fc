#include "tools/cdcsim/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>

#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

namespace {

constexpr double kLogSeconds = 30;
constexpr std::size_t kUsualWidth = 80;

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// What fits into the terminal's line: a longer one could not be written over.
std::string clipped(const std::string& text) {
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return text.substr(0, (known ? size.ws_col : kUsualWidth) - 1);
}

}  // namespace

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted), on_terminal_(isatty(STDERR_FILENO) != 0), told_at_(now_seconds()) {}

void ProgressLine::show(const std::string& text) {
    if (!wanted_) return;
    if (!on_terminal_) return show_in_log(text);
    write_error("\r\x1b[K" + clipped(text));
    shown_ = true;
}

void ProgressLine::clear() {
    if (shown_) write_error("\r\x1b[K");
    shown_ = false;
}

void ProgressLine::show_in_log(const std::string& text) {
    if (now_seconds() - told_at_ < kLogSeconds) return;
    told_at_ = now_seconds();
    write_error(text + "\n");
}

}  // namespace cdcsim::cli
