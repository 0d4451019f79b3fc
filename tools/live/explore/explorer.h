// Explores a range of scenarios and keeps what it found: one file for each distinct difference, and
// how far it came.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tools/live/explore/run_script.h"

namespace cdcsim::explore {

struct ExploreOptions {
    std::uint64_t seed = 1;
    std::uint64_t first = 0;   ///< index of the first scenario
    std::uint64_t count = 100;
    std::string folder;        ///< where differences are written
    std::size_t shrink_budget = 400;
    std::size_t same_limit = 2;  ///< differences of one kind that are kept
};

struct ExploreReport {
    std::uint64_t scenarios = 0;
    std::uint64_t statements = 0;
    std::uint64_t errors = 0;
    std::uint64_t differing = 0;                    ///< scenarios
    std::map<std::string, std::uint64_t> kinds;     ///< differences by kind
    std::map<std::string, std::uint64_t> refused;   ///< not simulated, by what
};

/// Called after each scenario, with text to show if one differed.
using ExploreObserver = std::function<void(const ExploreReport&, const std::string& difference)>;

/// The statements of the scenarios, without running them.
std::string scripts_as_text(const ExploreOptions& options);

ExploreReport explore_sql(const ExploreOptions& options, const Sides& sides, const ExploreObserver& observer);

}  // namespace cdcsim::explore
