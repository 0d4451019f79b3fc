// Any text as a scenario file: it loads, or a ScenarioError tells where it does not.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/scenario/loader.h"

namespace {

class NoFiles : public cdcsim::scenario::FileReader {
  public:
    std::optional<std::string> read(const std::string&) override { return std::nullopt; }
    std::vector<std::string> glob(const std::string&) override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    NoFiles files;
    try {
        cdcsim::scenario::load_scenarios("fuzz.yaml", {reinterpret_cast<const char*>(data), size}, files);
    } catch (const cdcsim::scenario::ScenarioError&) {
    }
    return 0;
}
