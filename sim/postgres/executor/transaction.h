// A transaction of one session: its subtransactions, what to undo, what it changed, its catalog.
// Mirrors xact.c. Rolling back is an undo list; SQLite's transactions carry no meaning.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/postgres/catalog/catalog.h"
#include "sim/postgres/decoding/wal.h"
#include "sim/postgres/executor/locks.h"
#include "sim/postgres/storage/heap.h"

namespace cdcsim::pg {

enum class UndoKind : std::uint8_t { kInsert, kKill };
struct Undo {
    UndoKind kind = UndoKind::kInsert;
    std::uint32_t file_node = 0;
    std::int64_t rid = 0;
    bool replaces = false;     ///< kInsert: the version that was killed just before
    bool key_changed = true;   ///< kKill: by a DELETE, or an UPDATE that changes a unique key
};

/// A row event that waits for its AFTER triggers and foreign key checks.
struct TriggerEvent {
    RelationPtr relation;
    int operation = 0;                         ///< one of TriggerType::kInsert, kUpdate, kDelete, kTruncate
    bool row = true;
    std::shared_ptr<const RowVersion> before, after;
    const Trigger* trigger = nullptr;          ///< of the user (points into `relation`)
    const Constraint* foreign_key = nullptr;   ///< a check on the referencing table ...
    RelationPtr foreign_table;                 ///< ... or an action for this referencing table
    const Constraint* unique_recheck = nullptr;  ///< a deferrable key to be checked again
    bool deferred = false;
    bool fired = false;                          ///< a deferred one that is done
    std::shared_ptr<struct TransitionTables> transitions;
    Oid role = kInvalidOid;                    ///< current_user of the statement
};

struct TransitionTables {
    std::vector<std::vector<Datum>> old_rows, new_rows;
    RelationPtr relation;
    bool closed = false;   ///< a trigger has read them: they do not grow any more
};

/// A session's settings by name. A copy shares the map until one of the two is written to: every
/// transaction and function call keeps one to return to.
class SettingValues {
  public:
    using Map = std::map<std::string, std::string>;

    Map::const_iterator begin() const { return map().begin(); }
    Map::const_iterator end() const { return map().end(); }
    Map::const_iterator find(const std::string& name) const { return map().find(name); }
    const std::string& at(const std::string& name) const { return map().at(name); }
    bool empty() const { return map().empty(); }
    void set(const std::string& name, std::string_view value) {
        auto found = find(name);
        if (found == end() || found->second != value) own()[name] = value;
    }
    /// Not written to since one was copied from the other. Different maps may still be equal.
    bool shares_with(const SettingValues& other) const { return map_ == other.map_; }
    bool operator==(const SettingValues& other) const { return map_ == other.map_ || map() == other.map(); }

  private:
    const Map& map() const {
        static const Map kEmpty;
        return map_ ? *map_ : kEmpty;
    }
    Map& own() {
        if (!map_ || map_.use_count() > 1) map_ = std::make_shared<Map>(map());
        return *map_;
    }
    std::shared_ptr<Map> map_;
};

/// What to return to when a (sub)transaction rolls back.
struct SubTransaction {
    std::string name;                  ///< of the savepoint; "" for PL/pgSQL's blocks
    bool is_savepoint = true;
    Xid xid;                           ///< assigned at its first write
    std::size_t undo = 0, changes = 0, deferred = 0, fired = 0;
    std::map<Oid, bool> constraint_modes;
    std::optional<bool> all_constraints;
    CatalogPtr catalog;                ///< in force when it began
    int setting_level = 0;             ///< of the session's SettingStack
    std::size_t created_files = 0, dropped_files = 0;
    std::size_t xids = 0, locks = 0, row_locks = 0;
    std::size_t depth = 0;             ///< subtransactions around it
    bool read_only = false;            ///< of the transaction around it
    std::uint64_t portals = 0;         ///< portals created later go
};

/// A lock that is held until the end of the transaction.
struct HeldLock {
    LockTag tag;
    LockMode mode = LockMode::kNone;
};

enum class TransactionStatus : std::uint8_t { kIdle, kInProgress, kFailed };

struct Transaction {
    bool active = false;               ///< between start and end, explicit or not
    bool block = false;                ///< BEGIN was given
    bool implicit_block = false;       ///< several statements in one message
    bool failed = false;
    bool queried = false;              ///< something has taken a snapshot: isolation and mode stay
    Xid xid;
    std::vector<Xid> xids;             ///< all that were assigned, those of ended subtransactions too
    std::int64_t start = 0;            ///< transaction_timestamp
    std::vector<SubTransaction> subs;
    std::vector<Undo> undo;
    std::vector<Change> changes;
    /// Deferred events, those that SET CONSTRAINTS has fired too: a rollback may bring them back.
    std::vector<TriggerEvent> deferred;
    std::vector<std::size_t> fired;    ///< which of `deferred`, in order of firing
    std::set<Oid> unsafe_labels;       ///< that ALTER TYPE ... ADD VALUE has added
    std::set<Oid> locked_tables;       ///< rows of which SELECT ... FOR [NO KEY] UPDATE has locked
    std::map<Oid, bool> constraint_modes;  ///< SET CONSTRAINTS: true = deferred
    std::optional<bool> all_constraints;
    CatalogPtr catalog;                ///< nullptr: the committed one
    CatalogPtr catalog_base;           ///< the committed one when `catalog` was first copied
    std::vector<std::uint32_t> created_files, dropped_files;
    std::optional<Snapshot> fixed_snapshot;  ///< REPEATABLE READ
    std::string isolation = "read committed";
    bool read_only = false, deferrable = false;
    bool has_row_changes = false;
    std::string origin;
    std::vector<HeldLock> locks;
    std::vector<RowKey> row_locks;
};

}  // namespace cdcsim::pg
