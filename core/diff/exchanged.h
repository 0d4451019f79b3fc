// Whether two neighbours of a topic came in the other order: told with their differences, which
// would else look like many mistakes in each of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/diff/flat_record.h"

namespace cdcsim::diff {

/// "... are exchanged" if `golden[j]`, which stands where `run[i]` does, is the simulator's next record
/// or the one before, and the other way round, by key, operation and rows; "" if not.
std::string exchange_note(const std::vector<FlatRecord>& run, std::size_t i, const std::vector<FlatRecord>& golden, std::size_t j);

}  // namespace cdcsim::diff
