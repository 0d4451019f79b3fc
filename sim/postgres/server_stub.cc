// Stands in until the server lands; goes away with it.
#include "sim/postgres/server.h"

namespace cdcsim::pg {

std::unique_ptr<Server> make_server(const ServerOptions&) { throw NotSimulated("SQL"); }

}  // namespace cdcsim::pg
