// How each server of the stack is set up and started. All listen on free ports of the loopback
// interface and keep their files below the stack's folder.
#pragma once

#include <string>

namespace cdcsim::live {

/// Each waits until the server answers and gives its address. Each leaves `<folder>/<name>.pid`.
std::string start_postgres(const std::string& folder);
std::string start_kafka(const std::string& folder, const std::string& jars);
struct ConnectPlan {
    std::string folder, jars;
    std::string kafka;  ///< host:port
};
std::string start_connect(const ConnectPlan& plan);

/// Throws Unavailable with the package's name if Java is missing.
void check_java();

bool postgres_answers(const std::string& uri);
bool kafka_answers(const std::string& brokers);
bool connect_answers(const std::string& url);

}  // namespace cdcsim::live
