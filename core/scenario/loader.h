// Makes scenarios of a file's text: includes, cases and ${variables} resolved, everything checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scenario/scenario.h"

namespace cdcsim::scenario {

/// The files beside a scenario. Paths are those of the scenario file's folder, joined.
class FileReader {
  public:
    virtual ~FileReader() = default;
    /// nullopt: it cannot be read.
    virtual std::optional<std::string> read(const std::string& path) = 0;
    /// The files that match a pattern with * and ? in its last part, sorted by name.
    virtual std::vector<std::string> glob(const std::string& pattern) = 0;
};

/// The folder of a path with its slash, or "".
std::string folder_of(const std::string& path);

/// One scenario, or one for each case. Throws ScenarioError.
std::vector<Scenario> load_scenarios(const std::string& file, std::string_view text, FileReader& files);

}  // namespace cdcsim::scenario
