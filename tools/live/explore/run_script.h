// Runs a generated script on both sides up to the first difference.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tools/live/explore/compare_answers.h"
#include "tools/live/explore/piece.h"
#include "tools/live/explore/script.h"

namespace cdcsim::explore {

struct Difference {
    std::size_t statement = 0;  ///< its index
    std::string sql;
    Mismatch mismatch;
};

struct ScriptRun {
    std::optional<Difference> difference;
    std::size_t statements = 0;                    ///< compared
    std::map<std::string, std::size_t> refused;    ///< what is not simulated, how often
    std::vector<std::string> errors;               ///< SQLSTATEs of the real side, in order
};

struct Sides {
    Side& real;
    Side& simulated;
    ClockDays days;
};

ScriptRun run_script(const Statements& script, const Sides& sides);

/// The smallest script found within `budget` runs that differs in the same field.
Statements shrink(Statements script, const std::string& field, const Sides& sides, std::size_t budget);

}  // namespace cdcsim::explore
