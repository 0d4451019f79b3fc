// Makes scenarios from the grammar: the same seed and index give the same statements.
#pragma once

#include <cstdint>
#include <string>

#include "tools/live/explore/piece.h"

namespace cdcsim::explore {

/// A script of statements, from an empty schema public on.
Statements generate_script(std::uint64_t seed, std::uint64_t index);

}  // namespace cdcsim::explore
