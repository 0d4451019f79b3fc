// Writes down a connector's whole conversation with a server, a JSON line for each exchange, so
// that a test can replay it: {"cmd"} from the harness, {"sql","columns","rows"|"error"},
// {"create_slot"},
// {"start"}, {"lsn","message"} (hexadecimal bytes), {"idle"}.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "core/pgoutput/replication_source.h"

namespace cdcsim {

/// `log` must outlive the server.
std::unique_ptr<PostgresServer> make_recording_server(const std::string& conninfo,
                                                      std::ostream& log);

}  // namespace cdcsim
