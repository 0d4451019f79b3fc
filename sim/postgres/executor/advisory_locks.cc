// pg_advisory_lock and its kin: locks on numbers, of the session or of the transaction. Mirrors
// lockfuncs.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/function/function_tables.h"

namespace cdcsim::pg {
namespace {

/// One int8, or two int4, as lockfuncs.c puts them into a lock tag.
LockTag tag_of(std::span<const Datum> args) {
    if (args.size() == 1) return {LockTag::Kind::kAdvisory, kInvalidOid, args[0].as_int(), 1};
    auto high = static_cast<std::uint64_t>(static_cast<std::uint32_t>(args[0].as_int()));
    auto low = static_cast<std::uint64_t>(static_cast<std::uint32_t>(args[1].as_int()));
    return {LockTag::Kind::kAdvisory, kInvalidOid, static_cast<std::int64_t>(high << 32U | low), 2};
}

enum class Scope : std::uint8_t { kSession, kTransaction };

void hold(Backend& backend, const LockTag& tag, LockMode mode, Scope scope) {
    auto& held = scope == Scope::kSession ? backend.session_locks() : backend.transaction().locks;
    held.push_back({tag, mode});
}

template <LockMode mode, Scope scope>
Datum lock(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    LockTag tag = tag_of(args);
    if (!backend.server().locks.acquire(backend, tag, mode)) {
        backend.wait_for({tag, mode, fmt::format("{} on an advisory lock", lock_mode_name(mode)), "", -1});
    }
    hold(backend, tag, mode, scope);
    return Datum::of_text("");
}

template <LockMode mode, Scope scope>
Datum try_lock(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    LockTag tag = tag_of(args);
    bool got = backend.server().locks.try_acquire(backend, tag, mode);
    if (got) hold(backend, tag, mode, scope);
    return Datum::of_bool(got);
}

template <LockMode mode>
Datum unlock(CallContext& call, std::span<const Datum> args) {
    Backend& backend = backend_of(call.env);
    LockTag tag = tag_of(args);
    auto& held = backend.session_locks();
    auto mine = std::ranges::find_if(held, [&](const HeldLock& lock) { return lock.tag == tag && lock.mode == mode; });
    if (mine == held.end()) {
        backend.send_notice("WARNING", SqlError("01000", fmt::format("you don't own a lock of type {}", lock_mode_name(mode))));
        return Datum::of_bool(false);
    }
    held.erase(mine);
    backend.server().locks.release(backend, tag, mode);
    return Datum::of_bool(true);
}

Datum unlock_all(CallContext& call, std::span<const Datum>) {
    Backend& backend = backend_of(call.env);
    for (const HeldLock& held : std::exchange(backend.session_locks(), {})) backend.server().locks.release(backend, held.tag, held.mode);
    return Datum::of_text("");
}

constexpr LockMode kExclusive = LockMode::kExclusive, kShared = LockMode::kShare;
constexpr ScalarRow kScalars[] = {
    {"pg_advisory_lock_int4", lock<kExclusive, Scope::kSession>},
    {"pg_advisory_lock_int8", lock<kExclusive, Scope::kSession>},
    {"pg_advisory_lock_shared_int4", lock<kShared, Scope::kSession>},
    {"pg_advisory_lock_shared_int8", lock<kShared, Scope::kSession>},
    {"pg_advisory_unlock_all", unlock_all},
    {"pg_advisory_unlock_int4", unlock<kExclusive>},
    {"pg_advisory_unlock_int8", unlock<kExclusive>},
    {"pg_advisory_unlock_shared_int4", unlock<kShared>},
    {"pg_advisory_unlock_shared_int8", unlock<kShared>},
    {"pg_advisory_xact_lock_int4", lock<kExclusive, Scope::kTransaction>},
    {"pg_advisory_xact_lock_int8", lock<kExclusive, Scope::kTransaction>},
    {"pg_advisory_xact_lock_shared_int4", lock<kShared, Scope::kTransaction>},
    {"pg_advisory_xact_lock_shared_int8", lock<kShared, Scope::kTransaction>},
    {"pg_try_advisory_lock_int4", try_lock<kExclusive, Scope::kSession>},
    {"pg_try_advisory_lock_int8", try_lock<kExclusive, Scope::kSession>},
    {"pg_try_advisory_lock_shared_int4", try_lock<kShared, Scope::kSession>},
    {"pg_try_advisory_lock_shared_int8", try_lock<kShared, Scope::kSession>},
    {"pg_try_advisory_xact_lock_int4", try_lock<kExclusive, Scope::kTransaction>},
    {"pg_try_advisory_xact_lock_int8", try_lock<kExclusive, Scope::kTransaction>},
    {"pg_try_advisory_xact_lock_shared_int4", try_lock<kShared, Scope::kTransaction>},
    {"pg_try_advisory_xact_lock_shared_int8", try_lock<kShared, Scope::kTransaction>},
};

}  // namespace

FunctionTables advisory_lock_tables() {
    FunctionTables tables;
    tables.scalars = kScalars;
    return tables;
}

}  // namespace cdcsim::pg
