// One measurement in a process of its own: its memory is its own, and what it leaves behind disturbs
// no other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace cdcsim::benchmark {

struct Sample {
    double seconds = 0;
    double bytes = 0;   ///< resident memory that came with it
};

/// Runs `measure` in a forked child. Throws std::runtime_error with the child's message.
Sample in_child(const std::function<Sample()>& measure);

struct ProcessResult {
    double seconds = 0;
    double peak_bytes = 0;
    int status = 0;
};
/// Runs a program with its output thrown away.
ProcessResult run_process(const std::vector<std::string>& arguments);

double now_seconds();
double resident_bytes();

/// Executes `count` texts made by `text_of`, 4,096 at a time: making them is not measured.
double time_texts(std::size_t count, const std::function<std::string(std::size_t)>& text_of,
                  const std::function<void(const std::string&)>& execute);

}  // namespace cdcsim::benchmark
