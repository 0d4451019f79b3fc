// Connect's schemas (org.apache.kafka.connect.data.Schema) and their text in JsonConverter.
// Immutable once shared. A table version serialises its schema once; each record refers to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdcsim::connect {

enum class SchemaType {
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kFloat32,
    kFloat64,
    kBoolean,
    kString,
    kBytes,
    kArray,
    kMap,
    kStruct
};

struct Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

struct Field {
    std::string name;
    SchemaPtr schema;
};

struct Schema {
    SchemaType type = SchemaType::kString;
    bool optional = false;
    std::string name;  ///< empty: none
    std::optional<int> version;
    std::optional<std::string> doc;
    /// In the order in which they were set.
    std::vector<std::pair<std::string, std::string>> parameters;
    /// The default as JSON text, as a payload would show it.
    std::optional<std::string> default_json;
    std::vector<Field> fields;  ///< of a struct
    SchemaPtr key, value;       ///< of a map; `value` also of an array

    const Field* field(std::string_view field_name) const;
};

/// SchemaBuilder, in the style `Schema s = schema_of(kInt64); s.optional = true; share(s)`.
Schema schema_of(SchemaType type);
Schema logical(SchemaType type, std::string name, int version = 1);
Schema array_of(SchemaPtr items);
SchemaPtr share(Schema schema);
SchemaPtr share_optional(Schema schema);

/// JsonConverter.asJsonSchema: members type, fields | items | keys, values, optional, name,
/// version, doc, parameters, default, and `field` where it is a struct's.
void append_schema_json(std::string& out, const Schema& schema, std::string_view field_name = {});

/// What a converter's settings change in the text.
struct JsonConverterConfig {
    bool schemas_enable = true;
    bool decimal_numeric = false;
    bool replace_null_with_default = true;
    bool as_java_text = false;  ///< StringConverter stands in for it: no JSON at all
};

/// `{"schema":...,"payload":`, to be closed by `}`; null without schemas.
std::shared_ptr<const std::string> envelope_prefix(const Schema& schema,
                                                   const JsonConverterConfig& config);

}  // namespace cdcsim::connect
