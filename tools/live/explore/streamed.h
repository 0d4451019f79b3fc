// Scenarios for the whole pipeline: what the connector's snapshot finds, then what it streams. Many of
// them, each in a schema of its own, run through one connector.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/live/explore/piece.h"

namespace cdcsim::explore {

struct Streamed {
    std::string schema;         ///< its own; "": public
    Statements before, after;   ///< the connector's start
    std::vector<std::string> errors_before, errors_after;  ///< the SQLSTATEs that are expected
    enum class Fate { kStreams, kFailsAtStart, kFailsLater };
    Fate connector = Fate::kStreams;
};

using ConnectorOptions = std::vector<std::pair<std::string, std::string>>;

/// The same seed and index give the same scenario.
Streamed generate_streamed(std::uint64_t seed, std::uint64_t index);
/// The configuration of one connector, for a batch of scenarios.
ConnectorOptions draw_connector(std::uint64_t seed, std::uint64_t batch);

/// A scenario file of them all. Its steps: each one's `before`, the connector, each one's `after`, the
/// connector's state.
std::string streamed_text(const std::string& name, const ConnectorOptions& connector, const std::vector<Streamed>& members);

/// Which of `members` members an sql step belongs to; `members` if to none.
std::size_t member_of_step(int step, std::size_t members);

}  // namespace cdcsim::explore
