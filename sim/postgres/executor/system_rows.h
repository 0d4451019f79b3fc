// The rows of pg_catalog's and information_schema's relations, made from the catalog each time they
// are read.
#pragma once

#include <string_view>

#include "sim/postgres/catalog/objects.h"

namespace cdcsim::pg {

/// Never nullptr: a relation whose rows are not built refuses when it is read.
VirtualRows find_virtual_rows(std::string_view schema, std::string_view name);

}  // namespace cdcsim::pg
