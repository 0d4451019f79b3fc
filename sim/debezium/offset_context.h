// Where the connector is in the WAL, what its source blocks say, and what Connect stores of it.
// Mirrors PostgresOffsetContext and SourceInfo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/connect/java_hash_map.h"

namespace cdcsim::debezium {

enum class MessageType { kBegin, kCommit, kInsert, kUpdate, kDelete, kTruncate, kMessage, kOrigin };

/// The transaction whose events are being counted (provide.transaction.metadata).
struct TransactionContext {
    std::optional<std::string> id;
    std::int64_t total = 0;
    connect::JavaHashMap<std::int64_t> per_table;

    void begin(std::string transaction_id) {
        end();
        id = std::move(transaction_id);
    }
    void end() {
        id.reset();
        total = 0;
        per_table.clear();
    }
};

/// The source offset that Connect stores with a record.
struct SourceOffset {
    std::int64_t ts_usec = 0;
    std::optional<Xid> tx_id;
    std::optional<Lsn> lsn, lsn_proc, lsn_commit;
    std::optional<MessageType> message_type;
    bool snapshot_running = false;
    TransactionContext transaction;
};

struct OffsetContext {
    std::optional<Lsn> lsn, last_processed, last_commit;
    std::optional<Xid> tx_id;
    UnixMicros timestamp;
    std::string schema, table;
    std::optional<MessageType> message_type;
    std::optional<std::string> origin;
    std::optional<Lsn> origin_lsn;
    /// The marker of a snapshot row; empty while streaming.
    std::string_view snapshot_marker;
    bool snapshot_running = false;
    TransactionContext transaction;

    static OffsetContext load(const SourceOffset& offset);
    SourceOffset store() const;
};

}  // namespace cdcsim::debezium
