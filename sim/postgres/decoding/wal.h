// The write-ahead log as logical decoding sees it: what a transaction changed, kept until it ends;
// at commit it is appended to the log, in commit order, as the reorder buffer would deliver it. A
// record pins the relation and catalog version of its moment. Mirrors heapam's logical WAL records
// and reorderbuffer.c.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/catalog/catalog.h"

namespace cdcsim::pg {

enum class ChangeKind : std::uint8_t { kInsert, kUpdate, kDelete, kTruncate, kMessage };

/// A column's value in a change: `external` marks an out-of-line value that an UPDATE left alone.
struct ChangeColumn {
    Datum value;
    bool unchanged_external = false;
};

/// A row's values by attno - 1, shared with whoever else keeps the row.
using StoredRow = std::shared_ptr<const std::vector<Datum>>;

struct Change {
    ChangeKind kind = ChangeKind::kInsert;
    Lsn lsn;                             ///< where the record starts
    RelationPtr relation;
    StoredRow after;                     ///< nullptr: none
    std::vector<bool> unchanged;         ///< by attno - 1; empty: none is an unchanged external value
    char before_kind = 0;                ///< 0, 'K' (key columns only) or 'O' (whole row)
    StoredRow before;
    std::vector<RelationPtr> truncated;  ///< kTruncate: in the server's order
    bool cascade = false, restart_identity = false;
    std::string prefix, content;         ///< kMessage
};

/// One committed transaction, or one non-transactional message.
struct LogEntry {
    bool transactional = true;
    Xid xid;
    Lsn commit_lsn, end_lsn;
    UnixMicros commit_time;
    std::string origin;                  ///< replication origin, empty: none
    Lsn origin_lsn;
    CatalogPtr catalog;                  ///< types and publications as of the commit
    std::vector<Change> changes;
};

/// A logical replication slot.
struct Slot {
    std::string name, plugin, database;
    Lsn restart_lsn;       ///< as created: before its consistent point, as the real one always is
    Lsn confirmed_flush;
    Lsn released;          ///< no stream will begin before it
    bool active = false;
    bool temporary = false;
};

class WriteAheadLog {
  public:
    explicit WriteAheadLog(Lsn start) : position_(start) {}

    Lsn position() const { return position_; }
    /// Reserves a record of `bytes` and returns its start. Records are 8-byte aligned.
    Lsn append(std::size_t bytes);
    void add(LogEntry entry);

    std::map<std::string, Slot>& slots() { return slots_; }
    const std::map<std::string, Slot>& slots() const { return slots_; }
    /// The first entry whose end lies after `lsn`, by its number from the log's beginning; entries
    /// that no slot needs any more are gone.
    std::uint64_t first_after(Lsn lsn) const;
    /// nullptr: not written yet. REQUIRES: not pruned.
    const LogEntry* entry(std::uint64_t number) const;
    /// Drops entries that every slot has confirmed or released.
    void prune();

  private:
    Lsn position_;
    std::deque<LogEntry> entries_;
    std::uint64_t first_number_ = 0;
    std::map<std::string, Slot> slots_;
};

}  // namespace cdcsim::pg
