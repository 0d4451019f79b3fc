// A batch of generated scenarios on both sides: all of them through one connector, each in a schema of
// its own, so that a difference tells whose it is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/scenario/report.h"
#include "tools/live/explore/streamed.h"
#include "tools/live/stack/stack.h"

namespace cdcsim::cli {

/// What the simulator alone makes of generated scenarios.
struct Preparation {
    std::vector<explore::Streamed> together;  ///< may share a connector
    std::vector<explore::Streamed> alone;     ///< end their connector
    std::map<std::string, std::size_t> refused;  ///< what is not simulated
    std::size_t left_out = 0;                    ///< scenarios of which nothing is left to compare
};

/// Takes the statements out that are not simulated, fills in the errors to be expected, and tells
/// apart what ends the connector. Throws what the simulator throws, with the scenario's text before it.
Preparation prepare(const explore::ConnectorOptions& connector, const std::vector<explore::Streamed>& members);

struct BatchDifference {
    std::size_t member = 0;  ///< the number of members: of the batch as a whole
    scenario::Failure failure;
    /// What stays the same while the scenario is made smaller: "value.payload.after".
    std::string signature() const;
    /// Differences of one kind have the same.
    std::string kind() const;
};

struct BatchRun {
    std::vector<BatchDifference> differences;  ///< none: both sides are equal
    std::string shape;  ///< not empty: it depends on volatile values, and nothing was compared
    std::vector<explore::Streamed> members;  ///< with the errors of the real side
    std::size_t statements = 0, records = 0;
    double live_seconds = 0;
};

/// Throws live::Unavailable.
BatchRun run_batch(const explore::ConnectorOptions& connector, const std::vector<explore::Streamed>& members, const live::StackOptions& stack);

}  // namespace cdcsim::cli
