// The operator class of an index's key: that it exists and takes the key's type. Mirrors ResolveOpClass.
#pragma once

#include <string>
#include <vector>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

/// `names`: as written; empty: the type's default one. Throws 42704 or 42804.
void require_operator_class(Backend& backend, std::string_view method, const std::vector<std::string>& names, Oid type);

}  // namespace cdcsim::pg
