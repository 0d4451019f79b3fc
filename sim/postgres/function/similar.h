// SIMILAR TO: an SQL pattern as an ARE (similar_escape_internal of regexp.c).
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// `escape` is one character, or empty for none. Throws 22025, 2200C.
std::string similar_to_regex(std::string_view pattern, std::string_view escape);

}  // namespace cdcsim::pg
