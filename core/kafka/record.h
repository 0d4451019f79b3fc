// A Kafka record as the topic log keeps it and as `kcat -J` prints it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::kafka {

struct Header {
    std::string key;
    std::optional<std::string> value;
};
using Headers = std::vector<Header>;

/// A key or value in two parts, so that a schema of kilobytes is stored once: the text is
/// prefix + payload + suffix. `prefix` is shared by all records of one schema version
/// (`{"schema":{...},"payload":`), the suffix is "}" or "" (schemas.enable=false).
/// A null key or value (tombstone) is `is_null`.
struct Content {
    bool is_null = true;
    std::shared_ptr<const std::string> prefix;
    std::string payload;
    bool closed_by_brace = false;

    /// The bytes on the wire; nullopt for null.
    std::optional<std::string> text() const;
    std::size_t size() const;
};

/// What a connector's producer sends.
struct ProducerRecord {
    std::string topic;
    std::optional<std::int32_t> partition;   ///< none: by murmur2 of the key
    std::int64_t timestamp_ms = 0;           ///< CreateTime
    Content key;
    Content value;
    std::shared_ptr<const Headers> headers;  ///< may be null: none
};

/// What the topic holds.
struct Record {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    Content key;
    Content value;
    std::shared_ptr<const Headers> headers;
};

}  // namespace cdcsim::kafka
