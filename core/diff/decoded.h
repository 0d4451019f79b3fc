// A record taken apart for judging and showing: payloads and schemas as JSON, or plain text where a
// key or value is not JSON.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/diff/json.h"
#include "core/kafka/record.h"

namespace cdcsim::diff {

struct DecodedContent {
    bool is_null = true;
    /// The payload; a JSON string if the text is not JSON; JSON null for a null key or value.
    Json payload;
    std::shared_ptr<const Json> schema;  ///< null without one
};

struct DecodedRecord {
    DecodedContent key, value;
    bool is_tombstone() const { return value.is_null; }
};

/// Keeps the schemas that it has parsed; records of one table version share theirs.
class Decoder {
  public:
    DecodedRecord decode(const kafka::Record& record);

  private:
    DecodedContent decode(const kafka::Content& content);
    std::map<std::string, std::shared_ptr<const Json>> schemas_;  // by prefix
};

/// An envelope without source, transaction and times, for a person to read; other values whole.
std::string summary(const DecodedRecord& record);

}  // namespace cdcsim::diff
