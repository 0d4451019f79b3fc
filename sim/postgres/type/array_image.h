// The bytes of arrays and rows as PostgreSQL stores them (ArrayType, HeapTupleHeader), for lengths
// and compression.
#pragma once

#include <string>

#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// TypeOps::to_disk of arrays and of composites: the payload behind the varlena's length word.
void array_to_disk(Environment& env, const TypeInfo& type, const Datum& value, std::string& out);
void row_to_disk(Environment& env, const TypeInfo& type, const Datum& value, std::string& out);

}  // namespace cdcsim::pg
