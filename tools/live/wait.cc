#include "tools/live/wait.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "tools/live/unavailable.h"

namespace cdcsim::live {

namespace {

std::atomic<int> signal_seen{0};
std::atomic<int> uninterrupted{0};

void note_signal(int number) {
    signal_seen = number;
    std::signal(number, SIG_DFL);
}

}  // namespace

double now_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void watch_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, note_signal);
}

void check_interrupted() {
    const int number = signal_seen;
    if (number != 0 && uninterrupted == 0) throw Interrupted(number);
}

void die_of(int number) {
    std::signal(number, SIG_DFL);
    std::raise(number);
}

Uninterrupted::Uninterrupted() { ++uninterrupted; }
Uninterrupted::~Uninterrupted() { --uninterrupted; }

bool reached_within(const Wait& wait, const std::function<bool()>& reached) {
    const double deadline = now_seconds() + wait.seconds;
    while (true) {
        check_interrupted();
        if (reached()) return true;
        if (now_seconds() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(wait.every_ms));
    }
}

void wait_until(const Wait& wait, const std::function<bool()>& reached) {
    if (reached_within(wait, reached)) return;
    throw Unavailable(fmt::format("waited {:g} s in vain until {}", wait.seconds, wait.what));
}

}  // namespace cdcsim::live
