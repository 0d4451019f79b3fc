// The jars of Kafka, Connect and Debezium: fetched once by Maven from the pinned pom.xml beside the
// sources (its text is part of the program), checked against jars.sha256, kept in the user's cache.
#pragma once

#include <string>

namespace cdcsim::live {

/// The folder of the jars. CDCSIM_LIVE_LIB names another one, which is taken as it is. `debezium` is a
/// version, "" the pinned one. Throws Unavailable, with the package's name if Maven is missing.
std::string jars_folder(const std::string& debezium);

}  // namespace cdcsim::live
