// format_type with the distinction that the SQL function makes: format_type(oid, NULL) names the
// type, format_type(oid, -1) a column of it without a modifier ("bpchar", not "character").
#pragma once

#include <cstdint>
#include <string>

#include "core/base/ids.h"

namespace cdcsim::pg {

class Environment;

enum class TypmodKnown : bool { kNo, kYes };

/// "???" if there is no such type.
std::string format_type_extended(Environment& env, Oid type, std::int32_t typmod,
                                 TypmodKnown known);

}  // namespace cdcsim::pg
