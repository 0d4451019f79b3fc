#include "sim/debezium/transform/expand_json.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/connect/java_number.h"
#include "core/connect/json_text.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using Json = nlohmann::ordered_json;
using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

/// What makes the transform give up and leave the text alone.
struct NotExpanded {};

/// A number beyond 64 bits counts as one with a fraction.
SchemaType number_type(const Json& number) {
    if (number.is_number_float() || (number.is_number_unsigned() && number.get<std::uint64_t>() > INT64_MAX)) return SchemaType::kFloat64;
    const auto value = number.get<std::int64_t>();
    return value >= INT32_MIN && value <= INT32_MAX ? SchemaType::kInt32 : SchemaType::kInt64;
}

/// Whether there is a whole number beyond 64 bits, which the parser gives as a double.
bool has_big_integer(std::string_view document) {
    constexpr std::string_view kNumber = "-+.eE0123456789";
    for (std::size_t at = 0; at < document.size(); ++at) {
        if (document[at] == '"') {
            for (++at; document[at] != '"'; ++at)
                if (document[at] == '\\') ++at;
        } else if (kNumber.find(document[at]) != kNumber.npos && !std::isalpha(static_cast<unsigned char>(document[at]))) {
            const std::size_t end = std::min(document.find_first_not_of(kNumber, at), document.size());
            const std::string_view token = document.substr(at, end - at);
            std::int64_t value = 0;
            if (token.find_first_of(".eE") == token.npos && std::from_chars(token.data(), token.data() + token.size(), value).ec != std::errc{}) return true;
            at = end - 1;
        }
    }
    return false;
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
            case Json::value_t::number_float: return scalar(number_type(node));
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
        const auto sample = std::ranges::find_if(array, [](const Json& element) { return !element.is_null(); });
        if (sample == array.end()) return something(of("", nullptr));
        for (const Json& element : array) {
            if (element.is_null()) continue;
            if (kind(*sample) != kind(element)) throw NotExpanded();
            if (element.is_number() && of("", *sample)->type != of("", element)->type) throw NotExpanded();
        }
        if (!sample->is_object()) return something(of("", *sample));  // of the others nobody looks at what is inside
        std::map<std::string, SchemaPtr> schemas;
        for (const Json& element : array) {
            if (element.is_null()) continue;
            SchemaPtr schema = of(key, element);
            schemas.emplace(text(schema), schema);
        }
        return merged(schemas);
    }

    static SchemaPtr something(SchemaPtr schema) {
        if (!schema) throw NotExpanded();
        return schema;
    }

    /// They come in the order of a Java hash set over hash codes that each JVM makes anew.
    static SchemaPtr merged(const std::map<std::string, SchemaPtr>& schemas) {
        constexpr std::size_t kMostOrders = 5;
        std::vector<std::string> order;
        for (const auto& [text, schema] : schemas) order.push_back(text);
        SchemaPtr found;
        do {
            SchemaPtr all = schemas.at(order[0]);
            for (std::size_t i = 1; i < order.size(); ++i) all = merge(*all, *schemas.at(order[i]));
            if (order.size() > kMostOrders || (found && text(found) != text(all)))
                throw NotSimulated("EventRouter: an array of JSON objects with different members (their order is that of a Java hash set)");
            found = std::move(all);
        } while (std::ranges::next_permutation(order).found);
        return found;
    }

    /// JsonSchemaData.mergeSchema.
    static SchemaPtr merge(const Schema& left, const Schema& right) {
        Schema all = left;
        all.optional = false;  // SchemaUtil.copySchemaBasics leaves that out
        for (const auto& field : right.fields) {
            const auto old = std::ranges::find(all.fields, field.name, &connect::Field::name);
            if (old == all.fields.end()) all.fields.push_back(field);
            else if (old->schema->type == SchemaType::kBytes && field.schema->type != SchemaType::kBytes) old->schema = field.schema;
        }
        return connect::share(std::move(all));
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

/// What ConnectSchema.validateValue says of the value that is made for the schema.
bool fits(const Json& node, const Schema& schema) {
    if (node.is_null()) return schema.optional;
    if (node.is_array())
        return schema.type == SchemaType::kArray && std::ranges::all_of(node, [&](const Json& item) { return fits(item, *schema.value); });
    if (node.is_object())
        return schema.type == SchemaType::kStruct &&
               std::ranges::all_of(schema.fields, [&](const auto& field) { return fits(node.value(field.name, Json()), *field.schema); });
    if (node.is_number()) return number_type(node) == schema.type;
    return schema.type == (node.is_string() ? SchemaType::kString : SchemaType::kBoolean);
}

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
            append_value(out, node.value(field.name, Json()), *field.schema);
        }
        out += separator == '{' ? "{}" : "}";
    } else {
        out += node.dump();
    }
}

}  // namespace

void expand_json(Side& side, const std::string& name, const JsonExpansion& options) {
    const std::string text = json_string_text(*side.json);
    if (!text.starts_with("{") && !text.starts_with("[")) return;
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return;
    SchemaPtr schema;
    try {
        schema = SchemaOf(options).of(name, document);
    } catch (const NotExpanded&) {
        return;  // the transform warns and goes on with the text
    }
    if (document.is_object() && fits(document, *schema) && !has_big_integer(text)) {
        std::string json;
        append_value(json, document, *schema);
        side.json = std::move(json);
    } else if (schema) {
        // The text stays, and has another schema now.
        if (options.text_converter) throw NotSimulated("EventRouter: table.expand.json.payload of what has a schema and no value");
        fail_transform("org.apache.kafka.connect.errors.DataException: Invalid type for " + std::string(document.is_array() ? "ARRAY" : "STRUCT") + ": class java.lang.String");
    }
    side.schema = std::move(schema);
}

}  // namespace cdcsim::debezium
