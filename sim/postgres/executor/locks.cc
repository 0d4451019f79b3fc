#include "sim/postgres/executor/locks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {
namespace {

struct ModeRow {
    LockMode mode;
    std::string_view name;
    unsigned conflicts;  ///< bit n: mode n
};

constexpr unsigned bits(std::initializer_list<int> modes) {
    unsigned set = 0;
    for (int mode : modes) set |= 1U << static_cast<unsigned>(mode);
    return set;
}

/// lock.c's LockConflicts.
constexpr ModeRow kModes[] = {
    {LockMode::kNone, "INVALID", 0},
    {LockMode::kAccessShare, "AccessShareLock", bits({8})},
    {LockMode::kRowShare, "RowShareLock", bits({7, 8})},
    {LockMode::kRowExclusive, "RowExclusiveLock", bits({5, 6, 7, 8})},
    {LockMode::kShareUpdateExclusive, "ShareUpdateExclusiveLock", bits({4, 5, 6, 7, 8})},
    {LockMode::kShare, "ShareLock", bits({3, 4, 6, 7, 8})},
    {LockMode::kShareRowExclusive, "ShareRowExclusiveLock", bits({3, 4, 5, 6, 7, 8})},
    {LockMode::kExclusive, "ExclusiveLock", bits({2, 3, 4, 5, 6, 7, 8})},
    {LockMode::kAccessExclusive, "AccessExclusiveLock", bits({1, 2, 3, 4, 5, 6, 7, 8})},
};

const ModeRow& row_of(LockMode mode) { return kModes[static_cast<std::size_t>(mode)]; }

constexpr std::int64_t kBlockBits = 16;

/// lmgr.c's DescribeLockTag.
std::string describe(const LockTag& tag, Oid database) {
    switch (tag.kind) {
        case LockTag::Kind::kRelation: return fmt::format("relation {} of database {}", tag.relation, database);
        case LockTag::Kind::kTuple:
            return fmt::format("tuple {} of relation {} of database {}", rid_text(tag.number), tag.relation, database);
        case LockTag::Kind::kTransaction: return fmt::format("transaction {}", tag.number);
        case LockTag::Kind::kAdvisory: break;
    }
    auto key = static_cast<std::uint64_t>(tag.number);
    return fmt::format("advisory lock [{},{},{},{}]", database, key >> 32U, key & 0xFFFFFFFFU, tag.key_count);
}

}  // namespace

std::string rid_text(std::int64_t rid) { return fmt::format("({},{})", rid >> kBlockBits, rid & ((1 << kBlockBits) - 1)); }

std::string_view lock_mode_name(LockMode mode) { return row_of(mode).name; }

LockMode lock_mode_of(std::string_view name) {
    const auto* row = std::ranges::find(kModes, name, &ModeRow::name);
    CDCSIM_CHECK(row != std::end(kModes));
    return row->mode;
}

bool modes_conflict(LockMode a, LockMode b) { return (row_of(a).conflicts >> static_cast<unsigned>(b) & 1U) != 0; }

bool row_modes_conflict(RowLockMode a, RowLockMode b) {
    // heapam.c's tupleLockExtraInfo: the heavyweight modes of the four.
    constexpr LockMode kModesOfRows[] = {LockMode::kAccessShare, LockMode::kRowShare, LockMode::kExclusive, LockMode::kAccessExclusive};
    return modes_conflict(kModesOfRows[static_cast<std::size_t>(a)], kModesOfRows[static_cast<std::size_t>(b)]);
}

bool LockManager::conflicts_with_holders(const Lock& lock, const Backend& backend, LockMode mode) {
    return std::ranges::any_of(lock.holders, [&](const Request& held) { return held.backend != &backend && modes_conflict(held.mode, mode); });
}

void LockManager::hold(Lock& lock, Backend& backend, LockMode mode) {
    for (Request& held : lock.holders) {
        if (held.backend == &backend && held.mode == mode) {
            ++held.count;
            return;
        }
    }
    lock.holders.push_back({&backend, mode, 1});
}

bool LockManager::acquire(Backend& backend, const LockTag& tag, LockMode mode) {
    Lock& lock = locks_[tag];
    // Who already holds the lock goes before those that its other modes block (ProcSleep).
    auto blocked_by_mine = [&](const Request& waiter) {
        return std::ranges::any_of(lock.holders, [&](const Request& held) { return held.backend == &backend && modes_conflict(held.mode, waiter.mode); });
    };
    auto place = std::ranges::find_if(lock.queue, blocked_by_mine);
    bool ahead = std::any_of(lock.queue.begin(), place, [&](const Request& waiter) { return modes_conflict(waiter.mode, mode); });
    if (!ahead && !conflicts_with_holders(lock, backend, mode)) {
        hold(lock, backend, mode);
        return true;
    }
    lock.queue.insert(place, {&backend, mode, 1});
    return false;
}

bool LockManager::try_acquire(Backend& backend, const LockTag& tag, LockMode mode) {
    if (acquire(backend, tag, mode)) return true;
    leave_queue(backend);
    return false;
}

bool LockManager::holds(const Backend& backend, const LockTag& tag, LockMode mode) const {
    auto it = locks_.find(tag);
    if (it == locks_.end()) return false;
    return std::ranges::any_of(it->second.holders, [&](const Request& held) { return held.backend == &backend && held.mode == mode; });
}

bool LockManager::is_queued(const Backend& backend, const LockTag& tag) const {
    auto it = locks_.find(tag);
    return it != locks_.end() && std::ranges::find(it->second.queue, &backend, &Request::backend) != it->second.queue.end();
}

std::size_t LockManager::queue_length(const LockTag& tag) const {
    auto it = locks_.find(tag);
    return it == locks_.end() ? 0 : it->second.queue.size();
}

bool LockManager::release(Backend& backend, const LockTag& tag, LockMode mode) {
    auto it = locks_.find(tag);
    if (it == locks_.end()) return false;
    auto& holders = it->second.holders;
    auto held = std::ranges::find_if(holders, [&](const Request& request) { return request.backend == &backend && request.mode == mode; });
    if (held == holders.end()) return false;
    if (--held->count > 0) return true;
    holders.erase(held);
    grant_waiters(tag);
    return true;
}

void LockManager::leave_queue(Backend& backend) {
    std::vector<LockTag> left;
    for (auto& [tag, lock] : locks_) {
        if (std::erase_if(lock.queue, [&](const Request& request) { return request.backend == &backend; }) > 0) left.push_back(tag);
    }
    for (const LockTag& tag : left) grant_waiters(tag);
}

/// ProcLockWakeup: in the queue's order, but not past a waiter whose mode conflicts.
void LockManager::grant_waiters(const LockTag& tag) {
    Lock& lock = locks_[tag];
    std::vector<Request> waiting;
    for (const Request& request : lock.queue) {
        bool ahead = std::ranges::any_of(waiting, [&](const Request& earlier) { return modes_conflict(earlier.mode, request.mode); });
        if (ahead || conflicts_with_holders(lock, *request.backend, request.mode)) {
            waiting.push_back(request);
        } else {
            hold(lock, *request.backend, request.mode);
        }
    }
    lock.queue = std::move(waiting);
    if (lock.queue.empty() && lock.holders.empty()) locks_.erase(tag);
}

std::vector<Backend*> LockManager::holders_against(Backend& backend) const {
    const LockWait* wait = backend.waits_for();
    if (wait == nullptr) return {};
    if (wait->tag.kind == LockTag::Kind::kTransaction) {
        Backend* owner = running_owner(backend, Xid{static_cast<std::uint32_t>(wait->tag.number)});
        return owner == nullptr ? std::vector<Backend*>{} : std::vector<Backend*>{owner};
    }
    std::vector<Backend*> found;
    auto it = locks_.find(wait->tag);
    if (it == locks_.end() || !is_queued(backend, wait->tag)) return found;
    for (const Request& held : it->second.holders) {
        if (held.backend != &backend && modes_conflict(held.mode, wait->mode)) found.push_back(held.backend);
    }
    return found;
}

std::vector<Backend*> LockManager::blockers(Backend& backend) const {
    std::vector<Backend*> found = holders_against(backend);
    const LockWait* wait = backend.waits_for();
    auto it = wait == nullptr ? locks_.end() : locks_.find(wait->tag);
    if (it == locks_.end() || !is_queued(backend, wait->tag)) return found;
    for (const Request& request : it->second.queue) {
        if (request.backend == &backend) break;
        if (modes_conflict(request.mode, wait->mode)) found.push_back(request.backend);
    }
    return found;
}

namespace {

using Blockers = std::vector<Backend*> (LockManager::*)(Backend&) const;

/// The sessions of a cycle through `start`, each blocked by the next one; empty: none.
std::vector<Backend*> find_cycle(const LockManager& locks, Backend& start, Blockers blockers) {
    std::vector<Backend*> path;
    std::set<Backend*> visited;
    auto visit = [&](auto& self, Backend& backend) -> bool {
        if (!visited.insert(&backend).second) return false;
        path.push_back(&backend);
        for (Backend* next : (locks.*blockers)(backend)) {
            if (next == &start || self(self, *next)) return true;
        }
        path.pop_back();
        return false;
    };
    return visit(visit, start) ? path : std::vector<Backend*>{};
}

}  // namespace

void LockManager::check_deadlock(Backend& backend) const {
    std::vector<Backend*> cycle = find_cycle(*this, backend, &LockManager::holders_against);
    if (cycle.empty()) {
        if (find_cycle(*this, backend, &LockManager::blockers).empty()) return;
        throw NotSimulated("a deadlock that PostgreSQL resolves by rearranging a lock's queue");
    }
    std::string detail;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
        const LockWait& wait = *cycle[i]->waits_for();
        if (i > 0) detail += '\n';
        detail += fmt::format("Process {} waits for {} on {}; blocked by process {}.", cycle[i]->pid(), lock_mode_name(wait.mode),
                              describe(wait.tag, cycle[i]->database_oid()), cycle[(i + 1) % cycle.size()]->pid());
    }
    throw SqlError("40P01", "deadlock detected").detail(detail).hint("See server log for query details.");
}

Backend* running_owner(Backend& self, Xid xid) {
    for (Backend* other : self.server().backends) {
        if (!other->transaction().active) continue;
        if (std::ranges::find(other->transaction().xids, xid) != other->transaction().xids.end()) return other;
    }
    return nullptr;
}

}  // namespace cdcsim::pg
