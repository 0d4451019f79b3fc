// The functions that extensions bring: pgcrypto's and uuid-ossp's. Mirrors contrib/pgcrypto and
// contrib/uuid-ossp; what has no C++ function is refused when it is called.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

struct ExtensionFunction {
    std::string_view name;
    std::vector<Oid> args;
    Oid result = kInvalidOid;
    char volatility = 'i';
    std::string_view source;             ///< pg_proc.prosrc
    bool strict = true;
    std::vector<std::string_view> arg_names = {};
};

struct KnownExtension {
    std::string_view name, version, comment;
    std::vector<ExtensionFunction> functions;
};

/// nullptr: it is not simulated, or there is none of this name (is_available_extension).
const KnownExtension* find_known_extension(std::string_view name);
/// Whether the server's packages bring it.
bool is_available_extension(std::string_view name);
/// By pg_proc.prosrc; nullptr: refused.
ScalarFunction find_extension_function(std::string_view source);

}  // namespace cdcsim::pg
