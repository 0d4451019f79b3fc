// Enums: the value is the label's sort order, so that numbers compare as labels do (enum.c).
#pragma once

#include <string_view>

#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// The row that all enum types share: shared_type_ops('E').
const TypeOps& enum_type_ops();

/// The label with this sort order. REQUIRES: there is one.
const EnumLabel& enum_label(const TypeInfo& type, const Datum& value);

}  // namespace cdcsim::pg
