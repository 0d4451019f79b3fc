// The partition that Kafka's default partitioner gives a key: murmur2, positive, modulo.
// Mirrors org.apache.kafka.common.utils.Utils.murmur2.
#pragma once

#include <cstdint>
#include <string_view>

namespace cdcsim::kafka {

std::int32_t murmur2(std::string_view bytes);

/// REQUIRES: partitions > 0.
std::int32_t partition_of(std::string_view key, std::int32_t partitions);

}  // namespace cdcsim::kafka
