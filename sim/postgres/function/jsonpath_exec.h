// The executor of jsonpath. Mirrors jsonpath_exec.c: lax and strict mode, three-valued predicates,
// errors that are raised or end the execution silently.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/jsonpath.h"

namespace cdcsim::pg {

enum class PathResult : std::uint8_t { kOk, kNotFound, kError };

/// Values in stored form; they must outlive the execution.
struct PathInput {
    std::string_view value;
    std::optional<std::string_view> vars;
    bool silent = true;
};

/// `found` gets the items, also those before a silent error; nullptr only asks whether there are
/// any. Throws SqlError unless `silent`, NotSimulated for datetime() and for keyvalue() of inner
/// objects.
PathResult run_jsonpath(Environment& env, const JsonPath& path, const PathInput& input,
                        std::vector<std::string>* found);

}  // namespace cdcsim::pg
