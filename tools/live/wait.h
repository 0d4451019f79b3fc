// Waiting for the real stack: always for a condition, never longer than a limit, ended by a signal.
#pragma once

#include <functional>
#include <string>

namespace cdcsim::live {

/// What is waited for and how long; the message of a wait that fails says so.
struct Wait {
    std::string what;  ///< "Kafka answers on 127.0.0.1:9092"
    double seconds = 30;
    int every_ms = 50;
};

/// Throws Unavailable when the limit has passed, Interrupted when a signal came.
void wait_until(const Wait& wait, const std::function<bool()>& reached);

/// The same without an exception: false when the limit has passed.
bool reached_within(const Wait& wait, const std::function<bool()>& reached);

/// Seconds from some moment on; for limits that span several conditions.
double now_seconds();

/// From here on SIGINT, SIGTERM and SIGHUP are noticed by the next wait instead of ending the
/// program; the second one ends it.
void watch_signals();
/// Throws Interrupted if a signal has come.
void check_interrupted();
/// Ends the program by the signal, as if it had not been watched.
void die_of(int signal);

/// While one lives, signals are not obeyed: what was created is being removed.
class Uninterrupted {
  public:
    Uninterrupted();
    ~Uninterrupted();
    Uninterrupted(const Uninterrupted&) = delete;
};

}  // namespace cdcsim::live
