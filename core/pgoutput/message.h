// The logical replication messages that walsender's pgoutput plugin sends and Debezium's
// PgOutputMessageDecoder reads. Mirrors src/backend/replication/logical/proto.c (protocol 1).
// This is the only door between the (simulated or real) server and the connector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"

namespace cdcsim::pgoutput {

struct Begin {
    Lsn final_lsn;            ///< start position of the transaction's commit record
    UnixMicros commit_time;   ///< in Unix microseconds (the codec converts from PostgreSQL's epoch)
    Xid xid;
};

struct Commit {
    std::uint8_t flags = 0;
    Lsn commit_lsn;           ///< start position of the commit record
    Lsn end_lsn;              ///< position just after it
    UnixMicros commit_time;
};

struct Origin {
    Lsn commit_lsn;
    std::string name;
};

struct RelationColumn {
    bool key = false;         ///< part of the replica identity
    std::string name;
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
};

struct Relation {
    Oid id = kInvalidOid;
    std::string schema, table;
    char replica_identity = 'd';  ///< d, n, f or i
    std::vector<RelationColumn> columns;
};

struct Type {
    Oid id = kInvalidOid;
    std::string schema, name;
};

/// One column of a tuple: NULL, an unchanged TOAST value ('u'), or text.
struct TupleColumn {
    enum class Kind : char { kNull = 'n', kUnchanged = 'u', kText = 't' };
    Kind kind = Kind::kNull;
    std::string text;
};
using Tuple = std::vector<TupleColumn>;

struct Insert {
    Oid relation = kInvalidOid;
    Tuple after;
};

struct Update {
    Oid relation = kInvalidOid;
    char old_kind = 0;            ///< 'K' key tuple, 'O' whole old tuple, 0 none
    Tuple before;                 ///< has all columns; those not sent are kNull
    Tuple after;
};

struct Delete {
    Oid relation = kInvalidOid;
    char old_kind = 'K';
    Tuple before;
};

struct Truncate {
    bool cascade = false;
    bool restart_identity = false;
    std::vector<Oid> relations;
};

/// pg_logical_emit_message.
struct LogicalMessage {
    bool transactional = true;
    Lsn lsn;
    std::string prefix;
    std::string content;
};

using Body = std::variant<Begin, Commit, Origin, Relation, Type, Insert, Update, Delete, Truncate,
                          LogicalMessage>;

/// A message as walsender frames it: the WAL position that XLogData carries (its dataStart).
struct Message {
    Lsn lsn;
    Body body;
};

}  // namespace cdcsim::pgoutput
