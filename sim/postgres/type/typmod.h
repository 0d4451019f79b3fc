// Type modifiers: typmodin of the built-in types. Mirrors numerictypmodin, anychar_typmodin and kin.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

/// numeric(10,2) -> the typmod. Throws SqlError 22023 for values out of range, 42601 for a type
/// that takes none.
std::int32_t make_typmod(Environment& env, Oid type, const std::vector<std::int32_t>& modifiers);

}  // namespace cdcsim::pg
