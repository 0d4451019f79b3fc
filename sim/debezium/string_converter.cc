#include "sim/debezium/string_converter.h"

#include "core/base/error.h"
#include "core/connect/decimal.h"
#include "core/connect/json_text.h"
#include "sim/debezium/transform/source_record.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using connect::Schema;
using connect::SchemaType;

std::string bytes_text(const Schema& schema, std::string_view json) {
    if (schema.name == "org.apache.kafka.connect.data.Decimal") {
        if (!json.starts_with('"')) return std::string(json);
        return connect::java_text(connect::decimal_of_bytes(connect::bytes_of_base64(json_string_text(json)), decimal_scale(schema)));
    }
    throw NotSimulated("StringConverter with bytes");
}

std::string array_text(const Schema& schema, std::string_view json, bool holds_defaults) {
    std::string out = "[";
    for (std::string_view item : item_texts(json)) {
        if (out.size() > 1) out += ", ";
        out += item == "null" ? "null" : java_value_text(*schema.value, item, holds_defaults);
    }
    return out + "]";
}

/// NULL is left out.
std::string struct_value_text(const Schema& schema, std::string_view json, bool holds_defaults) {
    std::string out = "Struct{";
    const auto texts = field_texts(json);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto& field = schema.fields[i];
        if (texts[i] == "null") continue;
        if (holds_defaults && field.schema->optional && field.schema->default_json && *field.schema->default_json == texts[i])
            throw NotSimulated("StringConverter with a transform and the default of the column \"" + field.name + "\", which may have been NULL");
        if (out.back() != '{') out += ',';
        out += field.name + "=" + java_value_text(*field.schema, texts[i], holds_defaults);
    }
    return out + "}";
}

}  // namespace

std::string java_value_text(const Schema& schema, std::string_view json, bool holds_defaults) {
    switch (schema.type) {
        case SchemaType::kBytes: return bytes_text(schema, json);
        case SchemaType::kArray: return array_text(schema, json, holds_defaults);
        case SchemaType::kStruct: return struct_value_text(schema, json, holds_defaults);
        case SchemaType::kMap: throw NotSimulated("StringConverter with a map");
        default: break;
    }
    if (schema.name.starts_with("org.apache.kafka.connect.data.")) throw NotSimulated("StringConverter with " + schema.name);
    return json.starts_with('"') ? json_string_text(json) : std::string(json);
}

}  // namespace cdcsim::debezium
