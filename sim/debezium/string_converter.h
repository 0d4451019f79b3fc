// StringConverter: what Object.toString() makes of keys and values.
// Mirrors org.apache.kafka.connect.storage.StringConverter and Struct.toString.
#pragma once

#include <string>
#include <string_view>

#include "core/connect/schema.h"

namespace cdcsim::debezium {

/// Of a value that is not null, from its JSON text. `holds_defaults`: NULL may stand there as its column's default.
/// Throws NotSimulated for what Java prints by its address, or where a default and NULL cannot be told apart.
std::string java_value_text(const connect::Schema& schema, std::string_view json, bool holds_defaults);

}  // namespace cdcsim::debezium
