// The stored text form of values (see datum.h): what the output function prints under fixed
// settings; an enum's is its sort order. Array elements and row fields are kept in it.
#pragma once

#include <string>
#include <string_view>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// The type below all domains.
const TypeInfo& base_type(Environment& env, const TypeInfo& type);

/// Appends a non-NULL value in stored text form.
void write_canonical(Environment& env, const TypeInfo& type, const Datum& value, std::string& out);
/// The reverse.
Datum read_canonical(Environment& env, const TypeInfo& type, std::string_view text);

/// True if the output function prints the stored text, whatever the settings (so an array of it can
/// be printed as it is stored).
bool prints_as_stored(Environment& env, const TypeInfo& type);

}  // namespace cdcsim::pg
