// Records as lines of a golden hold them: everything as text, by topic, partition and offset.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/kafka/record.h"
#include "core/kafka/topics.h"

namespace cdcsim::diff {

struct FlatRecord {
    std::string topic;
    std::int64_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    kafka::Headers headers;
    std::optional<std::string> key, value;
};

/// All records, sorted by topic, partition, offset.
std::vector<FlatRecord> flatten(const kafka::Topics& topics);

/// A golden or snapshot file that does not fit its format.
class GoldenError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Golden {
    std::string postgres, connector, kafka;  ///< versions
    std::string scenario_sha256;
    std::vector<FlatRecord> records;
};

/// Reads `x.golden.jsonl` or `x.snap.jsonl`. Lines end at \n only. Throws GoldenError.
Golden parse_golden(std::string_view text);

/// The first line of such a file, without its end.
std::string golden_header(const Golden& golden);

}  // namespace cdcsim::diff
