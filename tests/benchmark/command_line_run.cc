#include <algorithm>
#include <stdexcept>

#include "tests/benchmark/sides.h"

namespace cdcsim::benchmark {

ProcessResult command_line_run(const std::string& file, int times) {
    std::vector<double> seconds;
    ProcessResult result;
    for (int i = 0; i < times; ++i) {
        const ProcessResult one = run_process({CDCSIM_BINARY, "run", "--output", "json", file});
        if (one.status != 0) throw std::runtime_error("cdcsim run " + file + " failed");
        seconds.push_back(one.seconds);
        result.peak_bytes = std::max(result.peak_bytes, one.peak_bytes);
    }
    std::ranges::nth_element(seconds, seconds.begin() + times / 2);
    result.seconds = seconds[static_cast<std::size_t>(times / 2)];
    return result;
}

}  // namespace cdcsim::benchmark
