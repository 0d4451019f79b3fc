// Text forms of bool. Mirrors PostgreSQL's bool.c.
#pragma once

#include <optional>
#include <string_view>

namespace cdcsim::pg {

/// parse_bool: 1, 0, on, off and unique prefixes of true, false, yes, no, of any case; no blanks.
/// The settings of the server use it too.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace cdcsim::pg
