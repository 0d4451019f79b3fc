// The hash values of keys: they decide the order in which a hash aggregate gives its groups and a
// hash join its unmatched rows. Mirrors pg_amproc's default hash operator classes,
// ExecHashGetHashValue and TupleHashTableHash.
#pragma once

#include <cstdint>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

/// Whether hash_key knows the type. Enums hash their oids, which differ from server to server.
bool has_known_hash(Environment& env, Oid type);
/// REQUIRES: has_known_hash; NULL hashes to 0.
std::uint32_t hash_key(Environment& env, Oid type, const Datum& value);

/// murmurhash32.
constexpr std::uint32_t murmur_hash(std::uint32_t value) {
    value ^= value >> 16;
    value *= 0x85ebca6bU;
    value ^= value >> 13;
    value *= 0xc2b2ae35U;
    return value ^ value >> 16;
}

}  // namespace cdcsim::pg
