// A column's DEFAULT expression as the `default` of its field's schema.
// Mirrors PostgresDefaultValueConverter: literals are read, functions become placeholders, the
// rest has no default.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

/// True if defaults of this type are looked at all (supportConversion).
bool supports_default(const TypeInfo& type);

/// The default as JSON text, or nullopt. `writer` is the column's, without a mapper.
std::optional<std::string> default_json(const Column& column, const TypeInfo& type,
                                        const BuiltColumn& built);

}  // namespace cdcsim::debezium
