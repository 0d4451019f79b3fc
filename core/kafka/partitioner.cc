#include "core/kafka/partitioner.h"

namespace cdcsim::kafka {

namespace {

constexpr std::uint32_t kMultiplier = 0x5bd1e995;

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::int32_t murmur2(std::string_view bytes) {
    std::uint32_t hash = 0x9747b28c ^ static_cast<std::uint32_t>(bytes.size());
    std::size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        std::uint32_t k = byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 |
                          byte_at(bytes, at + 2) << 16 | byte_at(bytes, at + 3) << 24;
        k *= kMultiplier;
        k ^= k >> 24;
        k *= kMultiplier;
        hash = hash * kMultiplier ^ k;
    }
    std::size_t rest = bytes.size() - at;
    if (rest >= 3) hash ^= byte_at(bytes, at + 2) << 16;
    if (rest >= 2) hash ^= byte_at(bytes, at + 1) << 8;
    if (rest >= 1) hash = (hash ^ byte_at(bytes, at)) * kMultiplier;
    hash ^= hash >> 13;
    hash *= kMultiplier;
    return static_cast<std::int32_t>(hash ^ hash >> 15);
}

std::int32_t partition_of(std::string_view key, std::int32_t partitions) {
    return (murmur2(key) & 0x7FFFFFFF) % partitions;
}

}  // namespace cdcsim::kafka
