// The simulated PostgreSQL server as the rooms around it see it: sessions that take simple-query
// messages, and (through PostgresServer) what a connector asks. Mirrors postmaster and tcop/postgres.c.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/pgoutput/replication_source.h"

namespace cdcsim::pg {

struct ServerOptions {
    std::string database = "postgres";
    std::string user = "postgres";
    std::uint64_t seed = 1;                        ///< random(), uuids, system identifier
    Lsn base_lsn{0x1500000};                       ///< the first WAL position
    Xid base_xid{730};                             ///< the first transaction id
    Oid base_oid = kFirstNormalOid;                ///< the first OID of user objects
    bool plan_sharing = true;                      ///< off: every statement is parsed and bound anew
    Clock* clock = nullptr;                        ///< must outlive the server
};

/// A NOTICE, WARNING, INFO or LOG that a statement sent to its client.
struct Notice {
    std::string severity;  ///< "NOTICE"
    SqlError report;
};

/// What one statement of a simple-query message answered.
struct StatementResult {
    QueryResult result;
    bool returns_rows = false;          ///< a RowDescription was sent (it may have no columns)
    std::optional<std::string> copy_out;  ///< COPY ... TO STDOUT
    std::vector<Notice> notices;        ///< in order, before the result
    bool order_unspecified = false;     ///< PostgreSQL's row order came from its planner
    Lsn wal_end;                        ///< the WAL insert position after the statement
};

/// What one simple-query message answered: the results up to the first error, then the error.
struct MessageResult {
    std::vector<StatementResult> statements;
    std::shared_ptr<const SqlError> error;  ///< with its dynamic type (NotSimulated)
    std::vector<Notice> error_notices;      ///< sent by the failing statement before its error
    char transaction_status = 'I';          ///< as ReadyForQuery says it: I, T or E
    bool waiting = false;                   ///< the session waits for a lock; ask again with resume()
    std::string waits_for;                  ///< the lock and its holder, for messages
};

/// A client's session. Used by one thread at a time.
class Session {
  public:
    virtual ~Session() = default;
    /// Runs one simple-query message, as PQexec sends it. `copy_in` is called once for each
    /// COPY ... FROM STDIN that starts, and returns the whole data (without the `\.` line).
    virtual MessageResult execute(std::string_view text,
                                  const std::function<std::string()>& copy_in = {}) = 0;
    /// The answer of a message that was left waiting: complete, or waiting still.
    virtual MessageResult resume() = 0;
    /// What messages call this session ("session a").
    virtual void set_label(const std::string& label) = 0;
};

class Server : public PostgresServer {
  public:
    /// A new session of `user` (empty: the options' user). Throws SqlError (28000).
    virtual std::unique_ptr<Session> open_session(const std::string& user) = 0;
    /// The WAL insert position.
    virtual Lsn wal_position() const = 0;
};

std::unique_ptr<Server> make_server(const ServerOptions& options);

}  // namespace cdcsim::pg
