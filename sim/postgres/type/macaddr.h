// macaddr and macaddr8 (mac.c, mac8.c). A value is its output text, whose order is the bytes' order.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// macaddr_in and macaddr8_in: the raw bytes, 6 or 8. Throw 22P02, 22003.
std::string parse_macaddr(std::string_view text);
std::string parse_macaddr8(std::string_view text);

/// "08:00:2b:01:02:03"
std::string macaddr_text(std::string_view bytes);
/// The bytes of such a text.
std::string macaddr_bytes(std::string_view text);

}  // namespace cdcsim::pg
