// What all sessions of the simulated server share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/postgres/catalog/catalog.h"
#include "sim/postgres/decoding/wal.h"
#include "sim/postgres/executor/locks.h"
#include "sim/postgres/executor/session_thread.h"
#include "sim/postgres/server.h"
#include "sim/postgres/storage/heap.h"

namespace cdcsim::pg {

class Backend;

/// A sequence's state is not transactional. Keyed by its relation's file node.
struct SequenceState {
    std::int64_t last_value = 1;
    bool is_called = false;
    std::int64_t log_count = 0;            ///< values that the log is ahead
};

struct ServerState {
    explicit ServerState(const ServerOptions& server_options);

    ServerOptions options;
    CatalogPtr catalog;                    ///< the committed version
    std::unique_ptr<Database> database;
    WriteAheadLog wal;
    std::uint64_t command = 1;             ///< the global command counter
    std::uint32_t next_xid;
    Oid next_oid;
    std::uint64_t random_state;
    std::map<std::uint32_t, SequenceState> sequences;
    std::set<Backend*> backends;
    int next_backend_pid;                  ///< differs between runs as transaction ids do
    LockManager locks;
    SessionThreads threads;

    Xid allocate_xid() { return Xid{next_xid++}; }
    Oid allocate_oid() { return next_oid++; }
    std::uint64_t random_bits();
    /// Microseconds since 2000.
    std::int64_t now();
};

}  // namespace cdcsim::pg
