// The connector's door to a real PostgreSQL, over libpq: SQL on one connection, the walsender's
// stream on another. For differential tests of our connector against the real one; not part of
// the product.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/pgoutput/replication_source.h"

namespace cdcsim {

/// Sees every message of a stream as bytes.
using MessageTap = std::function<void(Lsn, std::string_view)>;

/// `conninfo` is libpq's. The stream ends (next() gives nullopt) when nothing came for 300 ms.
std::unique_ptr<PostgresServer> make_libpq_server(const std::string& conninfo, MessageTap tap = {});

}  // namespace cdcsim
