// cdcsim explore against the whole real stack: batches of generated scenarios, several connectors side
// by side, differences made smaller and written out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tools/cdcsim/command.h"
#include "tools/cdcsim/explore_batch.h"

namespace cdcsim::cli {

struct LiveExploreOptions {
    std::uint64_t seed = 1;
    std::uint64_t first = 0;  ///< number of the first scenario
    std::uint64_t count = 100;
    std::string folder;             ///< where differences and the progress are written
    std::size_t shrink_batches = 12;  ///< how many batches may be spent on making one difference smaller
    std::size_t connectors = 2;     ///< side by side, each with a stack of its own
    bool resume = false;
    live::StackOptions stack;
};

/// Throws live::Unavailable, live::Interrupted, UsageError.
Status explore_live(const LiveExploreOptions& options);
/// The scenario files of the batches, without running them.
std::string print_batches(const LiveExploreOptions& options);

/// A smaller scenario that differs in the same way, run through a connector of the same configuration.
struct Shrunk {
    explore::Streamed scenario;
    explore::ConnectorOptions connector;
    BatchDifference difference;
};
Shrunk shrink_streamed(Shrunk found, const live::StackOptions& stack, std::size_t batches);

}  // namespace cdcsim::cli
