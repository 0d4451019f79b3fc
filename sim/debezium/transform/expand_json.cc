#include "sim/debezium/transform/expand_json.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/connect/java_number.h"
#include "core/connect/json_text.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using Json = nlohmann::ordered_json;
using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

/// What makes the transform give up and leave the text alone.
struct NotExpanded {};

bool is_int32(const Json& number) {
    return number.is_number_integer() && number.get<std::int64_t>() >= INT32_MIN && number.get<std::int64_t>() <= INT32_MAX;
}

class SchemaOf {
  public:
    explicit SchemaOf(const JsonExpansion& options) : options_(options) {}

    /// Null: the member is left out.
    SchemaPtr of(const std::string& key, const Json& node) const {
        switch (node.type()) {
            case Json::value_t::string: return scalar(SchemaType::kString);
            case Json::value_t::boolean: return scalar(SchemaType::kBoolean);
            case Json::value_t::number_integer:
            case Json::value_t::number_unsigned:
                if (node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX) throw NotSimulated("EventRouter: a number beyond 64 bits in JSON");
                return scalar(is_int32(node) ? SchemaType::kInt32 : SchemaType::kInt64);
            case Json::value_t::number_float: return scalar(SchemaType::kFloat64);
            case Json::value_t::array:
                return node.empty() ? nullptr : connect::share_optional(connect::array_of(items(key, node)));
            case Json::value_t::object: return object(key, node);
            case Json::value_t::null: return options_.null_as_bytes ? scalar(SchemaType::kBytes) : nullptr;
            default: return nullptr;
        }
    }

  private:
    static SchemaPtr scalar(SchemaType type) { return connect::share_optional(connect::schema_of(type)); }

    SchemaPtr object(const std::string& key, const Json& node) const {
        Schema schema = connect::schema_of(SchemaType::kStruct);
        schema.name = key;
        for (const auto& [name, value] : node.items()) {
            SchemaPtr type = of(key.empty() ? name : key + "." + name, value);
            if (type) schema.fields.push_back({name, std::move(type)});
        }
        return connect::share_optional(std::move(schema));
    }

    SchemaPtr items(const std::string& key, const Json& array) const {
        const Json* sample = nullptr;
        SchemaPtr found;
        for (const Json& element : array) {
            if (element.is_null()) continue;
            if (sample == nullptr) sample = &element;
            if (kind(*sample) != kind(element)) throw NotExpanded();
            SchemaPtr type = of(element.is_object() ? key : "", element);
            if (element.is_object() && found && text(found) != text(type))
                throw NotSimulated("EventRouter: an array of JSON objects with different members (their order is that of a Java hash set)");
            if (element.is_number() && found && found->type != type->type) throw NotExpanded();
            if (!found) found = std::move(type);
        }
        if (!found) throw NotExpanded();
        return found;
    }

    /// JsonNode.getNodeType().
    static int kind(const Json& node) { return node.is_number() ? static_cast<int>(Json::value_t::number_float) : static_cast<int>(node.type()); }
    static std::string text(const SchemaPtr& schema) {
        std::string out;
        connect::append_schema_json(out, *schema);
        return out;
    }

    JsonExpansion options_;
};

void append_value(std::string& out, const Json& node, const Schema& schema) {
    if (node.is_string()) {
        connect::append_json_string(out, node.get_ref<const std::string&>());
    } else if (node.is_number_float()) {
        connect::append_java_double(out, node.get<double>());
    } else if (node.is_array()) {
        out += '[';
        for (std::size_t i = 0; i < node.size(); ++i) {
            if (i > 0) out += ',';
            append_value(out, node[i], *schema.value);
        }
        out += ']';
    } else if (node.is_object()) {
        char separator = '{';
        for (const auto& field : schema.fields) {
            out += separator;
            separator = ',';
            connect::append_json_string(out, field.name);
            out += ':';
            append_value(out, node.at(field.name), *field.schema);
        }
        out += separator == '{' ? "{}" : "}";
    } else {
        out += node.dump();
    }
}

}  // namespace

void expand_json(Side& side, const std::string& name, const JsonExpansion& options) {
    const std::string text = json_string_text(*side.json);
    if (text.starts_with("[")) throw NotSimulated("EventRouter: table.expand.json.payload of a JSON array");
    if (!text.starts_with("{")) return;
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return;
    try {
        SchemaPtr schema = SchemaOf(options).of(name, document);
        std::string json;
        append_value(json, document, *schema);
        side.schema = std::move(schema);
        side.json = std::move(json);
    } catch (const NotExpanded&) {
        // The transform warns and goes on with the text.
    }
}

}  // namespace cdcsim::debezium
