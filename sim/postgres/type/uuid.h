// uuid: sixteen bytes (uuid.c).
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// uuid_in. Throws 22P02.
std::string parse_uuid(std::string_view text);
void append_uuid(std::string& out, std::string_view bytes);

}  // namespace cdcsim::pg
