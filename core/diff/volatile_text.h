// Finds what is volatile in a text: the parts that differ between three runs of the simulator whose
// seeds, clocks and counters differ. Such a part is compared by its kind, and its equalities are
// kept: what is the same value in all runs at two places must be equal on the real side, too.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::diff {

struct Token {
    enum class Kind { kText, kNumber, kTimestamp, kUuid, kOther };
    Kind kind = Kind::kText;
    std::string_view text;
};

/// Splits a text into literal parts, numbers, timestamps (dates and times, too) and uuids.
std::vector<Token> tokenize(std::string_view text);

/// The same text in three runs.
using Runs = std::array<std::string_view, 3>;
inline bool is_stable(const Runs& runs) { return runs[0] == runs[1] && runs[0] == runs[2]; }

/// Which values of the simulator stand for which values of the real side.
class Equalities {
  public:
    enum class Strictness { kLoose, kStrict };

    /// nullopt if `real` may stand where the runs have `runs`; else why not.
    std::optional<std::string> check(const Runs& runs, std::string_view real, Strictness strictness);

  private:
    std::map<std::array<std::string, 3>, std::string> real_of_;
    std::map<std::string, std::array<std::string, 3>, std::less<>> runs_of_;
};

/// Compares a text with the real one. nullopt if it fits; else why not.
std::optional<std::string> compare_text(const Runs& runs, std::string_view real, Equalities& equalities,
                                        Equalities::Strictness strictness);

}  // namespace cdcsim::diff
