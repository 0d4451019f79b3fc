#include "core/connect/schema.h"

#include "core/connect/json_text.h"

namespace cdcsim::connect {

namespace {

constexpr std::string_view kTypeNames[] = {"int8",  "int16",  "int32",   "int64",
                                           "float", "double", "boolean", "string",
                                           "bytes", "array",  "map",     "struct"};

void append_member(std::string& out, std::string_view name) {
    out += ",\"";
    out += name;
    out += "\":";
}

void append_children(std::string& out, const Schema& schema) {
    if (schema.type == SchemaType::kArray) {
        append_member(out, "items");
        append_schema_json(out, *schema.value);
    } else if (schema.type == SchemaType::kMap) {
        append_member(out, "keys");
        append_schema_json(out, *schema.key);
        append_member(out, "values");
        append_schema_json(out, *schema.value);
    } else if (schema.type == SchemaType::kStruct) {
        append_member(out, "fields");
        out += '[';
        bool first = true;
        for (const auto& field : schema.fields) {
            if (!first) out += ',';
            first = false;
            append_schema_json(out, *field.schema, field.name);
        }
        out += ']';
    }
}

void append_parameters(std::string& out, const Schema& schema) {
    if (schema.parameters.empty()) return;
    append_member(out, "parameters");
    char separator = '{';
    for (const auto& [key, value] : schema.parameters) {
        out += separator;
        separator = ',';
        append_json_string(out, key);
        out += ':';
        append_json_string(out, value);
    }
    out += '}';
}

void append_text_member(std::string& out, std::string_view name, std::string_view text) {
    append_member(out, name);
    append_json_string(out, text);
}

}  // namespace

const Field* Schema::field(std::string_view field_name) const {
    for (const auto& candidate : fields)
        if (candidate.name == field_name) return &candidate;
    return nullptr;
}

Schema schema_of(SchemaType type) {
    Schema schema;
    schema.type = type;
    return schema;
}

Schema logical(SchemaType type, std::string name, int version) {
    Schema schema = schema_of(type);
    schema.name = std::move(name);
    schema.version = version;
    return schema;
}

Schema array_of(SchemaPtr items) {
    Schema schema = schema_of(SchemaType::kArray);
    schema.value = std::move(items);
    return schema;
}

SchemaPtr share(Schema schema) {
    return std::make_shared<const Schema>(std::move(schema));
}

SchemaPtr share_optional(Schema schema) {
    schema.optional = true;
    return share(std::move(schema));
}

void append_schema_json(std::string& out, const Schema& schema, std::string_view field_name) {
    out += "{\"type\":\"";
    out += kTypeNames[static_cast<int>(schema.type)];
    out += '"';
    append_children(out, schema);
    append_member(out, "optional");
    out += schema.optional ? "true" : "false";
    if (!schema.name.empty()) append_text_member(out, "name", schema.name);
    if (schema.version) {
        append_member(out, "version");
        append_integer(out, *schema.version);
    }
    if (schema.doc) append_text_member(out, "doc", *schema.doc);
    append_parameters(out, schema);
    if (schema.default_json) {
        append_member(out, "default");
        out += *schema.default_json;
    }
    if (!field_name.empty()) append_text_member(out, "field", field_name);
    out += '}';
}

std::shared_ptr<const std::string> envelope_prefix(const Schema& schema,
                                                   const JsonConverterConfig& config) {
    if (!config.schemas_enable) return nullptr;
    std::string text = "{\"schema\":";
    append_schema_json(text, schema);
    text += ",\"payload\":";
    return std::make_shared<const std::string>(std::move(text));
}

}  // namespace cdcsim::connect
