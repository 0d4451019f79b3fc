// What one run of a scenario makes on the real stack: a database, connectors, slots, roles and topics.
// All of it is removed at its end; nothing else is touched on a stack that serves others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/live/drive/connect_rest.h"
#include "tools/live/drive/pg_connection.h"
#include "tools/live/read/kafka_log.h"
#include "tools/live/stack/stack.h"

namespace cdcsim::live {

/// What is enough to tell what belongs to the run from what was there before it.
struct WorkspaceNotes {
    std::string postgres, connect;
    KafkaAddress kafka;
    std::string lock;    ///< the file that says who uses the stack
    std::string database;
    std::string suffix;  ///< of the run's connectors
    bool own = true;     ///< the stack serves nobody else: what is there was left behind by a killed run
    std::vector<std::string> roles, topics;  ///< there before; empty on a stack of our own
};

/// Removes everything that belongs to the run. Waits have limits; what still answers is cleaned.
void clean(const WorkspaceNotes& notes);

class Guardian;

class Workspace {
  public:
    /// Empties a stack of our own and creates the database. Throws Unavailable, also where the database
    /// exists on somebody else's server.
    Workspace(const Addresses& addresses, const std::string& database, const std::string& user);
    /// Cleans; trouble with that goes to standard error.
    ~Workspace();
    Workspace(const Workspace&) = delete;

    PgConnection& admin() { return *admin_; }
    ConnectRest& connect() { return connect_; }
    const WorkspaceNotes& notes() const { return notes_; }
    /// The name under which a scenario's connector runs: offsets of a deleted one stay under its name.
    std::string real_name(const std::string& connector) const { return connector + notes_.suffix; }

  private:
    void refuse_existing_database();
    void create_database(const std::string& user);

    WorkspaceNotes notes_;
    ConnectRest connect_;
    std::unique_ptr<Guardian> guardian_;
    std::unique_ptr<PgConnection> admin_;
};

}  // namespace cdcsim::live
