// Data-driven cases in text files, after CockroachDB's datadriven:
//     command
//     input ...
//     ----
//     expected ...
//     ====
// Lines before a command that begin with # are comments. With CDCSIM_REWRITE=1 in the environment
// the expected parts are written anew; look at the difference before committing it. Only for texts
// of our own: what a real system says is recorded, never rewritten.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

namespace cdcsim::test {

/// Calls `run(command, input)` for each case of a file and compares what it returns.
inline void run_cases(const std::string& path,
                      const std::function<std::string(const std::string&, const std::string&)>& run) {
    std::ifstream in(path);
    REQUIRE(in);
    const bool rewrite = std::getenv("CDCSIM_REWRITE") != nullptr;
    std::string line, rewritten;
    int cases = 0;
    const auto read_until = [&](const std::string& end) {
        std::string out;
        while (std::getline(in, line) && line != end) out += line + "\n";
        return out;
    };
    while (std::getline(in, line)) {
        if (line.empty() || line[0] == '#') {
            rewritten += line + "\n";
            continue;
        }
        const std::string command = line;
        const std::string input = read_until("----");
        const std::string expected = read_until("====");
        std::string actual = run(command, input);
        if (!actual.empty() && actual.back() != '\n') actual += '\n';
        rewritten += command + "\n" + input + "----\n" + actual + "====\n";
        ++cases;
        if (rewrite) continue;
        INFO(path << ", case " << cases << ":\n" << command << "\n" << input);
        CHECK(actual == expected);
    }
    CHECK(cases > 0);
    if (rewrite) std::ofstream(path) << rewritten;
}

}  // namespace cdcsim::test
