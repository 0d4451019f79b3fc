// What the program says of itself.
#pragma once

#include <string>

namespace cdcsim::cli {

// The versions of the real stack that the simulator stands in for.
inline constexpr const char* kPostgresVersion = "15.20";
inline constexpr const char* kConnectorVersion = "3.6.3.Final";
inline constexpr const char* kKafkaVersion = "4.3.0";

std::string help_text();
std::string version_text();
std::string unknown_command(const std::string& word);

}  // namespace cdcsim::cli
