// JSON text becomes a struct with a schema inferred from it (EventRouter's table.expand.json.payload).
// Mirrors io.debezium.transforms.outbox.JsonSchemaData.
#pragma once

#include "sim/debezium/transform/source_record.h"

namespace cdcsim::debezium {

struct JsonExpansion {
    bool null_as_bytes = false;   ///< table.json.payload.null.behavior=optional_bytes
    bool text_converter = false;  ///< of values: it takes a text whose schema is another
};

/// Replaces a string that holds a JSON object; what has no schema stays as it is. `name`: of the outermost
/// schema. Throws TaskFailure where the real transform leaves a text with the schema of a struct or array,
/// NotSimulated. REQUIRES: a string that is not null.
void expand_json(Side& side, const std::string& name, const JsonExpansion& options);

}  // namespace cdcsim::debezium
