// The two things that a connector asks of a PostgreSQL server: a stream of pgoutput messages from a
// slot, and answers to SQL. The simulated server and (later) a real one implement them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/pgoutput/message.h"

namespace cdcsim {

/// A query's answer, every value in PostgreSQL's text form; nullopt is NULL.
struct QueryResult {
    struct Column {
        std::string name;
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
    };
    std::vector<Column> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;
    std::string command_tag;  ///< "SELECT 3", "CREATE PUBLICATION"
};

/// A SQL connection, as the connector's JDBC one. Throws SqlError.
/// It runs with pgjdbc's session settings (DateStyle ISO, TimeZone of the JVM), each call a
/// simple-query message.
class SqlConnection {
  public:
    virtual ~SqlConnection() = default;
    virtual QueryResult query(std::string_view sql) = 0;
    /// Streams a query's rows instead of collecting them.
    virtual void for_each_row(
        std::string_view sql,
        const std::function<void(const std::vector<std::optional<std::string>>&)>& row) = 0;
};

/// The messages of one logical slot, in the order that walsender sends them.
class ReplicationSource {
  public:
    virtual ~ReplicationSource() = default;
    /// The next message that is ready, or nullopt if everything decoded so far was delivered.
    virtual std::optional<pgoutput::Message> next() = 0;
    /// Confirms the flush position, as a standby status update does.
    virtual void confirm(Lsn flushed) = 0;
    /// Promises to confirm `flushed` before the stream ends: the server need not keep what lies before,
    /// though the slot does not show it yet.
    virtual void release(Lsn flushed) { static_cast<void>(flushed); }
};

/// Opens connections to one server and database.
class PostgresServer {
  public:
    virtual ~PostgresServer() = default;
    virtual std::unique_ptr<SqlConnection> connect() = 0;
    /// START_REPLICATION SLOT slot LOGICAL start (proto_version '1', publication_names '...',
    /// messages 'true'). Throws SqlError (slot missing: 42704; active: 55006).
    virtual std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start,
                                                                 const std::string& publication) = 0;
    /// CREATE_REPLICATION_SLOT slot LOGICAL pgoutput. The consistent point.
    virtual Lsn create_slot(const std::string& slot) = 0;
};

}  // namespace cdcsim
