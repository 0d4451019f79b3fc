// Reads a pgoutput message (protocol 1) from its bytes, as Debezium's decoder does.
// Mirrors proto.c's layout; LSNs and counts are big-endian, strings end with a zero byte.
#pragma once

#include <string_view>

#include "core/pgoutput/message.h"

namespace cdcsim::pgoutput {

/// Throws InternalError for bytes that are no message.
Body read_message(std::string_view bytes);

}  // namespace cdcsim::pgoutput
