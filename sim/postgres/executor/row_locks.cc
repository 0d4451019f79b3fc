#include "sim/postgres/executor/row_locks.h"

#include <algorithm>

#include <fmt/format.h>

namespace cdcsim::pg {
namespace {

constexpr LockMode kTupleModes[] = {LockMode::kAccessShare, LockMode::kRowShare, LockMode::kExclusive, LockMode::kAccessExclusive};

RowKey key_of(const Relation& relation, std::int64_t rid) { return {relation.file_node, rid}; }

/// How an open transaction has ended a version.
Successor pending_successor(const std::vector<Undo>& undo, const RowKey& key) {
    for (std::size_t i = undo.size(); i-- > 0;) {
        if (undo[i].kind != UndoKind::kKill || RowKey{undo[i].file_node, undo[i].rid} != key) continue;
        bool replaced = i + 1 < undo.size() && undo[i + 1].replaces && undo[i + 1].file_node == key.first;
        return {replaced ? undo[i + 1].rid : -1, undo[i].key_changed};
    }
    return {-1, true};
}

bool is_own(Backend& backend, Xid xid) {
    const std::vector<Xid>& xids = backend.transaction().xids;
    return std::ranges::find(xids, xid) != xids.end();
}

/// heap_acquire_tuplock: who waits for a row first has it first; the others queue behind.
class TupleLock {
  public:
    TupleLock(Backend& backend, const Relation& relation) : backend_(backend), relation_(relation) {}
    TupleLock(const TupleLock&) = delete;
    TupleLock& operator=(const TupleLock&) = delete;
    ~TupleLock() { release(); }

    bool is_held() const { return held_; }
    void acquire(std::int64_t rid, RowLockMode mode, const std::string& what) {
        tag_ = {LockTag::Kind::kTuple, relation_.oid, rid, 0};
        mode_ = kTupleModes[static_cast<std::size_t>(mode)];
        LockManager& locks = backend_.server().locks;
        if (locks.queue_length(tag_) > 0) throw NotSimulated("a third session that waits for one row: their order is not defined");
        if (!locks.acquire(backend_, tag_, mode_)) backend_.wait_for({tag_, mode_, what, "", -1});
        held_ = true;
    }
    void release() {
        if (held_) backend_.server().locks.release(backend_, tag_, mode_);
        held_ = false;
    }

  private:
    Backend& backend_;
    const Relation& relation_;
    LockTag tag_;
    LockMode mode_ = LockMode::kNone;
    bool held_ = false;
};

struct RowLocker {
    Backend& backend;
    const Relation& relation;
    const RowRequest& request;
    TupleLock tuple{backend, relation};

    /// The transaction that holds the row against the request, if any.
    std::optional<Xid> obstacle(const RowVersion& version) {
        LockManager& locks = backend.server().locks;
        RowKey key = key_of(relation, version.rid);
        if (version.died != kNeverDied && !is_own(backend, version.xmax)) {
            if (Backend* owner = running_owner(backend, version.xmax)) {
                bool strong = pending_successor(owner->transaction().undo, key).key_changed;
                RowLockMode theirs = strong ? RowLockMode::kUpdate : RowLockMode::kNoKeyUpdate;
                if (row_modes_conflict(theirs, request.mode)) return version.xmax;
            }
        }
        auto it = locks.row_locks.find(key);
        if (it == locks.row_locks.end()) return std::nullopt;
        for (const RowLock& lock : it->second) {
            if (lock.backend != &backend && row_modes_conflict(lock.mode, request.mode)) return lock.xid;
        }
        return std::nullopt;
    }

    /// False: skipped.
    bool wait(const RowVersion& version, Xid xid) {
        if (request.wait == RowWait::kSkip) return false;
        if (request.wait == RowWait::kError) {
            throw SqlError("55P03", fmt::format("could not obtain lock on row in relation \"{}\"", relation.name));
        }
        std::string what = fmt::format("the row {} of table \"{}\"", rid_text(version.rid), relation.name);
        if (!tuple.is_held()) {
            tuple.acquire(version.rid, request.mode, what);
            return true;  // the row may be another one now
        }
        std::string context = fmt::format("while {} tuple {} in relation \"{}\"", request.verb, rid_text(version.rid), relation.name);
        backend.wait_for({{LockTag::Kind::kTransaction, kInvalidOid, xid.value, 0}, LockMode::kShare, what, context, -1});
        return true;
    }

    void keep(std::int64_t rid) {
        RowKey key = key_of(relation, rid);
        std::vector<RowLock>& held = backend.server().locks.row_locks[key];
        for (const RowLock& lock : held) {
            if (lock.backend == &backend && lock.mode >= request.mode) return;
        }
        held.push_back({&backend, backend.write_xid(), request.mode});
        backend.transaction().row_locks.push_back(key);
    }

    /// A version that another open transaction replaces without touching its key may be locked for
    /// KEY SHARE; so are the newer ones.
    void keep_chain(const RowVersion& version) {
        keep(version.rid);
        if (version.died == kNeverDied) return;
        Backend* owner = running_owner(backend, version.xmax);
        RowKey key = key_of(relation, version.rid);
        while (owner != nullptr && owner != &backend) {
            Successor next = pending_successor(owner->transaction().undo, key);
            if (next.rid < 0) return;
            keep(next.rid);
            key = key_of(relation, next.rid);
        }
    }

    [[noreturn]] void throw_changed(bool deleted) {
        bool says_delete = deleted && request.verb != "locking";
        throw SqlError("40001", fmt::format("could not serialize access due to concurrent {}", says_delete ? "delete" : "update"));
    }
};

}  // namespace

RowOutcome lock_row(Backend& backend, const Relation& relation, RowVersion& version, const RowRequest& request) {
    RowLocker locker{backend, relation, request};
    if (!backend.is_contended() && version.died == kNeverDied) {
        if (request.keep) locker.keep(version.rid);
        return RowOutcome::kLocked;
    }
    bool moved = false;
    for (;;) {
        std::optional<RowVersion> current = backend.database().fetch(relation, version.rid);
        if (!current) return RowOutcome::kGone;
        version = std::move(*current);
        if (version.died != kNeverDied && is_own(backend, version.xmax)) return RowOutcome::kSelfModified;
        if (std::optional<Xid> xid = locker.obstacle(version)) {
            if (!locker.wait(version, *xid)) return RowOutcome::kSkipped;
            continue;
        }
        if (version.died == kNeverDied || running_owner(backend, version.xmax) != nullptr) break;
        const auto& successors = backend.server().locks.successors;
        auto next = successors.find(key_of(relation, version.rid));
        bool deleted = next == successors.end() || next->second.rid < 0;
        if (backend.uses_fixed_snapshot()) locker.throw_changed(deleted);
        if (deleted) return RowOutcome::kGone;
        version.rid = next->second.rid;
        moved = true;
        locker.tuple.release();
    }
    if (request.keep || moved) locker.keep_chain(version);
    return moved ? RowOutcome::kMoved : RowOutcome::kLocked;
}

namespace {

/// Columns that others may refer to (INDEX_ATTR_BITMAP_KEY).
template <typename Changed>
RowLockMode mode_of(const Relation& relation, Changed&& changed) {
    for (const Index& index : relation.indexes) {
        if (!index.unique || !index.immediate || index.predicate) continue;
        bool plain = std::ranges::all_of(index.keys, [](const IndexKey& key) { return key.attno > 0; });
        if (!plain) continue;
        if (std::ranges::any_of(index.keys, [&](const IndexKey& key) { return changed(static_cast<std::size_t>(key.attno - 1)); })) return RowLockMode::kUpdate;
    }
    return RowLockMode::kNoKeyUpdate;
}

}  // namespace

RowLockMode update_lock_mode(const Relation& relation, const Row& before, const Row& after) {
    return mode_of(relation, [&](std::size_t i) { return !before[i].identical(after[i]); });
}

RowLockMode update_lock_mode(const Relation& relation, const std::vector<bool>& set_columns) {
    return mode_of(relation, [&](std::size_t i) { return i < set_columns.size() && set_columns[i]; });
}

void inherit_row_locks(Backend& backend, const Relation& relation, std::int64_t from, std::int64_t to) {
    auto& row_locks = backend.server().locks.row_locks;
    auto it = row_locks.find(key_of(relation, from));
    if (it == row_locks.end()) return;
    std::vector<RowLock> held = it->second;
    RowKey key = key_of(relation, to);
    for (const RowLock& lock : held) {
        row_locks[key].push_back(lock);
        lock.backend->transaction().row_locks.push_back(key);
    }
}

bool wait_for_writer(Backend& backend, const RowVersion& version, std::string_view what, std::string context) {
    auto other = [&](Xid xid) {
        Backend* owner = running_owner(backend, xid);
        return owner != nullptr && owner != &backend;
    };
    Xid xid = version.xmin;
    if (!other(xid)) {
        xid = version.xmax;
        if (version.died == kNeverDied || !other(xid)) return false;
    }
    backend.wait_for({{LockTag::Kind::kTransaction, kInvalidOid, xid.value, 0}, LockMode::kShare, std::string(what), std::move(context), -1});
    return true;
}

void keep_successors(Backend& backend) {
    const std::vector<Undo>& undo = backend.transaction().undo;
    for (std::size_t i = 0; i < undo.size(); ++i) {
        if (undo[i].kind != UndoKind::kKill) continue;
        bool replaced = i + 1 < undo.size() && undo[i + 1].replaces && undo[i + 1].file_node == undo[i].file_node;
        backend.server().locks.successors[{undo[i].file_node, undo[i].rid}] = {replaced ? undo[i + 1].rid : -1, undo[i].key_changed};
    }
}

}  // namespace cdcsim::pg
