// Scenario files and what stands beside them, from the file system. Only whoever wires a pipeline
// reads files; core and the simulated systems do not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/scenario/loader.h"

namespace cdcsim {

class Disk : public scenario::FileReader {
  public:
    std::optional<std::string> read(const std::string& path) override;
    std::vector<std::string> glob(const std::string& pattern) override;
};

}  // namespace cdcsim
