// The one explicit list of the tables that registry.cc joins: a new file of functions adds its
// declarations here and a line in registry.cc.
#pragma once

#include <span>

#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

struct FunctionTables {
    std::span<const ScalarRow> scalars{};
    std::span<const SetRow> sets{};
    std::span<const AggregateRow> aggregates{};
    std::span<const TypeOps> types{};
};

}  // namespace cdcsim::pg
