// Runs the calls of a data/*_calls.txt file, which a real server answered (tests/record/calls.py).
#pragma once

#include <catch2/catch.hpp>

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "tests/unit/test_environment.h"

namespace cdcsim::pg {

inline std::string unescape_field(std::string_view field) {
    std::string out;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] != '\\') {
            out += field[i];
        } else {
            ++i;
            out += field[i] == 't' ? '\t' : field[i] == 'n' ? '\n' : field[i];
        }
    }
    return out;
}

inline std::vector<std::string> split_fields(const std::string& line) {
    std::vector<std::string> fields;
    std::size_t start = 0;
    for (std::size_t tab = line.find('\t'); tab != std::string::npos; tab = line.find('\t', start)) {
        fields.push_back(line.substr(start, tab - start));
        start = tab + 1;
    }
    fields.push_back(line.substr(start));
    return fields;
}

/// NULL, "=text" or "ERROR sqlstate message", as tests/record/calls.py writes it.
template <typename Function>
std::string outcome_of(Function function) {
    try {
        const std::optional<std::string> value = function();
        return value ? "=" + *value : "NULL";
    } catch (const SqlError& error) {
        return "ERROR " + error.sqlstate() + " " + error.message();
    }
}

struct RecordedCalls {
    int calls = 0;    ///< all lines
    int refused = 0;  ///< not simulated
};

/// CHECKs every line of tests/unit/data/`file`.
inline RecordedCalls check_recorded_calls(const std::string& file) {
    std::ifstream in(CDCSIM_TEST_DIR "/unit/data/" + file);
    REQUIRE(in);
    TestEnvironment env;
    RecordedCalls result;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        const std::vector<std::string> fields = split_fields(line);
        std::vector<std::optional<std::string>> args;
        for (std::size_t i = 1; i + 2 < fields.size(); ++i) {
            args.push_back(fields[i] == "\\N" ? std::nullopt
                                              : std::optional(unescape_field(fields[i])));
        }
        const std::string got = outcome_of([&] {
            return call(env, static_cast<Oid>(std::stoul(fields[0])), args);
        });
        ++result.calls;
        if (got.starts_with("ERROR ZS")) {
            ++result.refused;
            continue;
        }
        INFO(line);
        CHECK(got == unescape_field(fields.back()));
    }
    return result;
}

}  // namespace cdcsim::pg
