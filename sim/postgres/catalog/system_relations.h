// The relations of pg_catalog and information_schema whose rows are computed from the catalog. One
// table of rows: name, OID, columns, and the function that makes the rows.
#pragma once

#include <string_view>
#include <vector>

#include "sim/postgres/catalog/objects.h"

namespace cdcsim::pg {

/// The same objects for every catalog.
const std::vector<RelationPtr>& system_relations();

/// True if PostgreSQL has a system relation of that name, whether or not it is one of these. An
/// empty schema is pg_catalog.
bool is_system_relation_name(std::string_view schema, std::string_view name);

}  // namespace cdcsim::pg
