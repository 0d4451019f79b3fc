// JSON text becomes a struct with a schema inferred from it (EventRouter's table.expand.json.payload).
// Mirrors io.debezium.transforms.outbox.JsonSchemaData.
#pragma once

#include "sim/debezium/transform/source_record.h"

namespace cdcsim::debezium {

struct JsonExpansion {
    bool null_as_bytes = false;  ///< table.json.payload.null.behavior=optional_bytes
};

/// Replaces a string that holds a JSON object; what cannot be expanded stays as it is. `name`: of the
/// outermost schema. Throws NotSimulated. REQUIRES: a string that is not null.
void expand_json(Side& side, const std::string& name, const JsonExpansion& options);

}  // namespace cdcsim::debezium
