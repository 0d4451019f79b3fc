// What ends a command that needs the real stack: it is away, too slow, or the user interrupted.
#pragma once

#include <stdexcept>

namespace cdcsim::live {

/// A part of the stack cannot be started or reached, or did not come so far within its limit.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// SIGINT, SIGTERM or SIGHUP came; what was created is removed on the way out.
class Interrupted : public std::runtime_error {
  public:
    explicit Interrupted(int number) : std::runtime_error("interrupted"), signal(number) {}
    int signal;
};

}  // namespace cdcsim::live
