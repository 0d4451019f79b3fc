// Ids that several rooms share. Mirrors PostgreSQL's Oid, XLogRecPtr and TransactionId and
// Kafka's offset. Strong types where two of them could be swapped by mistake.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace cdcsim {

/// An object id. 0 is InvalidOid. Built-in objects carry PostgreSQL's own numbers.
using Oid = std::uint32_t;
inline constexpr Oid kInvalidOid = 0;

/// The first OID that user objects get (FirstNormalObjectId).
inline constexpr Oid kFirstNormalOid = 16384;

/// A byte position in the write-ahead log.
struct Lsn {
    std::uint64_t value = 0;
    auto operator<=>(const Lsn&) const = default;
    /// As PostgreSQL prints it: `16/B374D848`.
    std::string text() const;
};

/// A transaction id, 32 bits as on the wire. 0 is "none".
struct Xid {
    std::uint32_t value = 0;
    auto operator<=>(const Xid&) const = default;
};

/// Microseconds since 1970-01-01 00:00:00 UTC.
struct UnixMicros {
    std::int64_t value = 0;
    auto operator<=>(const UnixMicros&) const = default;
};

/// Days and microseconds between the Unix epoch and PostgreSQL's (2000-01-01).
inline constexpr std::int64_t kPostgresEpochDays = 10957;
inline constexpr std::int64_t kPostgresEpochMicros = kPostgresEpochDays * 86'400'000'000LL;

}  // namespace cdcsim
