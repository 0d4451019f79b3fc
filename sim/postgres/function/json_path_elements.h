// The elements of a text[] path into JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cdcsim::pg {

/// A path element as an array index: what strtoint makes of the whole text, or nullopt.
std::optional<std::int32_t> path_index(const std::string& text);

}  // namespace cdcsim::pg
