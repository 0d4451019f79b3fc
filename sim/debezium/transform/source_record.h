// A record between the connector and its converter, as single message transforms see it. Keys and values are
// already JSON texts: a transform takes structs apart at their first level and puts them together again.
// Mirrors org.apache.kafka.connect.source.SourceRecord.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/connect/schema.h"
#include "core/kafka/record.h"

namespace cdcsim::debezium {

/// A key or a value.
struct Side {
    connect::SchemaPtr schema;        ///< null: none
    std::optional<std::string> json;  ///< nullopt: null

    bool is_struct() const { return schema && json && schema->type == connect::SchemaType::kStruct; }
};

struct SourceRecord {
    std::string topic;
    Side key, value;
    kafka::Headers headers;
    std::optional<std::int64_t> timestamp_ms;  ///< none: the producer's clock
};

/// The texts of a struct's values, one for each field of its schema. They refer to `json`.
std::vector<std::string_view> field_texts(std::string_view json);
/// The texts of an array's items. They refer to `json`.
std::vector<std::string_view> item_texts(std::string_view json);
/// The scale of Connect's Decimal.
int decimal_scale(const connect::Schema& decimal);
/// The struct again. REQUIRES: one text for each field.
std::string struct_text(const connect::Schema& schema, const std::vector<std::string_view>& texts);

}  // namespace cdcsim::debezium
