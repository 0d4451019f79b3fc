// The relations of pg_catalog and information_schema whose rows are computed from the catalog. One
// table of rows: name, OID, columns, and the function that makes the rows.
#pragma once

#include <vector>

#include "sim/postgres/catalog/objects.h"

namespace cdcsim::pg {

/// The same objects for every catalog.
const std::vector<RelationPtr>& system_relations();

}  // namespace cdcsim::pg
