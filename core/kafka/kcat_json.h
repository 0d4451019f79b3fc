// A record as `kcat -J` (1.7) prints it: one JSON object on a line, members topic, partition,
// offset, tstype, ts, broker, headers (only if there are any), key, payload.
#pragma once

#include <string>
#include <string_view>

#include "core/kafka/record.h"

namespace cdcsim::kafka {

/// Appends the line without its newline.
void append_kcat_json(std::string& out, std::string_view topic, const Record& record);

/// A string as yajl writes it: like JSON, `/` bare, controls as \uXXXX in upper case.
void append_yajl_string(std::string& out, std::string_view text);

}  // namespace cdcsim::kafka
