// What sessions lock against each other: tables, rows, transactions, advisory keys. Mirrors lock.c,
// proc.c and deadlock.c; the locks that lie in a row's header in PostgreSQL (heapam.c) are kept here
// too. Nothing waits in here: a request that cannot be granted is put in its lock's queue, and the
// session that asked pauses (Backend::wait_for).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

class Backend;

/// PostgreSQL's lock modes, with its numbers.
enum class LockMode : std::uint8_t {
    kNone, kAccessShare, kRowShare, kRowExclusive, kShareUpdateExclusive, kShare, kShareRowExclusive, kExclusive, kAccessExclusive };
/// "AccessShareLock"
std::string_view lock_mode_name(LockMode mode);
LockMode lock_mode_of(std::string_view name);
bool modes_conflict(LockMode a, LockMode b);

bool row_modes_conflict(RowLockMode a, RowLockMode b);

struct LockTag {
    enum class Kind : std::uint8_t { kRelation, kTuple, kAdvisory, kTransaction };
    Kind kind = Kind::kRelation;
    Oid relation = kInvalidOid;
    std::int64_t number = 0;   ///< rid; advisory key; transaction id
    int key_count = 0;         ///< of an advisory lock: one int8 or two int4
    auto operator<=>(const LockTag&) const = default;
};

/// What a session waits for.
struct LockWait {
    LockTag tag;
    LockMode mode = LockMode::kNone;
    std::string what;          ///< for people: the row (0,1) of table "t"
    std::string context;       ///< CONTEXT of an error while it waits, or ""
    int position = -1;         ///< of the table's name where the binder waits
};

struct RowLock {
    Backend* backend = nullptr;
    Xid xid;
    RowLockMode mode = RowLockMode::kKeyShare;
};
/// (file node, rid)
using RowKey = std::pair<std::uint32_t, std::int64_t>;

/// What became of a row version that another transaction ended.
struct Successor {
    std::int64_t rid = -1;     ///< the next version; -1: deleted
    bool key_changed = false;
};

class LockManager {
  public:
    /// True: held now. False: the request stands in the queue.
    bool acquire(Backend& backend, const LockTag& tag, LockMode mode);
    /// As acquire(), without the queue.
    bool try_acquire(Backend& backend, const LockTag& tag, LockMode mode);
    bool holds(const Backend& backend, const LockTag& tag, LockMode mode) const;
    bool is_queued(const Backend& backend, const LockTag& tag) const;
    std::size_t queue_length(const LockTag& tag) const;
    /// One hold less. False: there was none.
    bool release(Backend& backend, const LockTag& tag, LockMode mode);
    void leave_queue(Backend& backend);

    /// Who keeps a waiting session from going on: holders first, then those before it in the queue.
    std::vector<Backend*> blockers(Backend& backend) const;
    /// As blockers(), holders alone.
    std::vector<Backend*> holders_against(Backend& backend) const;
    /// Throws 40P01 if the wait that `backend` has just begun closes a cycle.
    void check_deadlock(Backend& backend) const;

    /// Locks on rows and what became of ended versions; both in use only while sessions overlap.
    std::map<RowKey, std::vector<RowLock>> row_locks;
    std::map<RowKey, Successor> successors;

  private:
    struct Request {
        Backend* backend = nullptr;
        LockMode mode = LockMode::kNone;
        int count = 1;
    };
    struct Lock {
        std::vector<Request> holders, queue;
    };
    static bool conflicts_with_holders(const Lock& lock, const Backend& backend, LockMode mode);
    static void hold(Lock& lock, Backend& backend, LockMode mode);
    void grant_waiters(const LockTag& tag);

    std::map<LockTag, Lock> locks_;
};

/// "(0,1)"
std::string rid_text(std::int64_t rid);
/// The open transaction that a transaction id belongs to, or nullptr.
Backend* running_owner(Backend& self, Xid xid);

}  // namespace cdcsim::pg
