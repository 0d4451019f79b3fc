// The transforms of Kafka Connect that change values by their types: MaskField and Cast.
#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "core/base/error.h"
#include "core/connect/decimal.h"
#include "core/connect/java_number.h"
#include "core/connect/json_text.h"
#include "sim/debezium/transform/schema_cache.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using connect::Decimal;
using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

constexpr std::string_view kDecimal = "org.apache.kafka.connect.data.Decimal";
constexpr std::string_view kDataException = "org.apache.kafka.connect.errors.DataException: ";

[[noreturn]] void fail_data(const std::string& message) { fail_transform(std::string(kDataException) + message); }

bool is_integer(SchemaType type) { return type == SchemaType::kInt8 || type == SchemaType::kInt16 || type == SchemaType::kInt32 || type == SchemaType::kInt64; }
bool is_floating(SchemaType type) { return type == SchemaType::kFloat32 || type == SchemaType::kFloat64; }
/// Connect's own Date, Time and Timestamp, which are java.util.Date to a transform.
bool is_date(const Schema& schema) { return is_integer(schema.type) && schema.name.starts_with("org.apache.kafka.connect.data."); }

/// The class of a value that has no replacement.
std::string java_class(const Schema& schema) {
    switch (schema.type) {
        case SchemaType::kBoolean: return "class java.lang.Boolean";
        case SchemaType::kBytes: return "class java.nio.HeapByteBuffer";
        case SchemaType::kArray: return "class java.util.ArrayList";
        case SchemaType::kMap: return "class java.util.HashMap";
        case SchemaType::kStruct: return "class org.apache.kafka.connect.data.Struct";
        default: return "class java.util.Date";
    }
}

/// The lowest and highest value of an integer type.
std::pair<std::int64_t, std::int64_t> bounds_of(SchemaType type) {
    switch (type) {
        case SchemaType::kInt8: return {-128, 127};
        case SchemaType::kInt16: return {-32768, 32767};
        case SchemaType::kInt32: return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
        default: return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    }
}

/// Integer.parseInt and its like.
std::optional<std::int64_t> read_integer(std::string_view text, SchemaType type) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    constexpr std::size_t kMaxDigits = 19;
    while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
    if (text.empty() || text.size() > kMaxDigits || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
    __extension__ __int128 value = 0;
    for (char c : text) value = value * 10 + (c - '0');
    if (negative) value = -value;
    const auto [low, high] = bounds_of(type);
    if (value < low || value > high) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

class MaskField : public Transform {
  public:
    MaskField(const TransformOptions& options, SideOf side) : side_(side), fields_(options.list("fields")) {
        if (options.has("replacement")) replacement_ = options.get("replacement");
    }
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        refuse_schemaless(side);
        if (!side.schema) fail_data("Only Map objects supported in absence of schema for [mask fields], found: null");
        if (!side.is_struct()) fail_transform();
        auto texts = field_texts(*side.json);
        std::vector<std::string> masks(texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto& field = side.schema->fields[i];
            if (texts[i] == "null" || std::ranges::find(fields_, field.name) == fields_.end()) continue;
            masks[i] = replacement_ ? replaced(*field.schema) : emptied(*field.schema);
            texts[i] = masks[i];
        }
        side.json = struct_text(*side.schema, texts);
        return true;
    }

  private:
    static std::string emptied(const Schema& schema) {
        if (is_integer(schema.type)) return "0";
        if (is_floating(schema.type)) return "0.0";
        switch (schema.type) {
            case SchemaType::kBoolean: return "false";
            case SchemaType::kString: return "\"\"";
            case SchemaType::kArray: return "[]";
            case SchemaType::kMap: return "{}";
            case SchemaType::kBytes:
                if (schema.name != kDecimal) fail_data("Cannot mask value of type: " + java_class(schema));
                // BigDecimal.ZERO has no scale, and the converter wants the schema's.
                if (decimal_scale(schema) != 0) fail_data("Decimal value has mismatching scale for given Decimal schema. Schema has scale " + std::to_string(decimal_scale(schema)) + ", value has scale 0.");
                return "\"AA==\"";
            default: fail_data("Cannot mask value of type: " + java_class(schema));
        }
    }
    std::string replaced(const Schema& schema) const {
        std::string json;
        if (schema.type == SchemaType::kString) {
            connect::append_json_string(json, *replacement_);
        } else if (is_integer(schema.type) && !is_date(schema)) {
            const auto value = read_integer(*replacement_, schema.type);
            if (!value && connect::read_java_double(*replacement_)) throw NotSimulated("MaskField: the replacement \"" + *replacement_ + "\" for a whole number");
            if (!value) fail_data("Unable to convert " + *replacement_ + " (class java.lang.String) to a number");
            connect::append_integer(json, *value);
        } else if (is_floating(schema.type)) {
            const auto value = connect::read_java_double(*replacement_);
            if (!value) fail_data("Unable to convert " + *replacement_ + " (class java.lang.String) to a number");
            if (schema.type == SchemaType::kFloat64) connect::append_java_double(json, *value);
            else connect::append_java_float(json, static_cast<float>(*value));
        } else if (schema.name == kDecimal) {
            throw NotSimulated("MaskField: a replacement for a Decimal");
        } else {
            fail_data("Cannot mask value of type " + java_class(schema) + " with custom replacement.");
        }
        return json;
    }

    SideOf side_;
    std::vector<std::string> fields_;
    std::optional<std::string> replacement_;
};

/// A value that Cast takes, as Java holds it.
using Scalar = std::variant<std::int64_t, float, double, bool, Decimal, std::string>;

/// java's (int) and (long) of a floating value: no NaN, the nearest in range.
std::int64_t truncated(double value, SchemaType type) {
    const auto [low, high] = bounds_of(type == SchemaType::kInt64 ? type : SchemaType::kInt32);
    if (std::isnan(value)) return 0;
    if (value <= static_cast<double>(low)) return low;
    if (value >= static_cast<double>(high)) return high;
    return static_cast<std::int64_t>(value);
}

/// The low bits, as a narrowing conversion keeps them.
std::int64_t narrowed(std::int64_t value, SchemaType type) {
    switch (type) {
        case SchemaType::kInt8: return static_cast<std::int8_t>(value);
        case SchemaType::kInt16: return static_cast<std::int16_t>(value);
        case SchemaType::kInt32: return static_cast<std::int32_t>(value);
        default: return value;
    }
}

/// BigDecimal.longValue().
std::int64_t whole_part(const Decimal& value) {
    std::string digits = connect::plain_text(value);
    digits = digits.substr(0, digits.find('.'));
    std::uint64_t bits = 0;
    for (char c : digits)
        if (c != '-') bits = bits * 10 + static_cast<std::uint64_t>(c - '0');
    return static_cast<std::int64_t>(value.negative ? 0 - bits : bits);
}

class Cast : public Transform {
  public:
    Cast(const TransformOptions& options, SideOf side) : side_(side) {
        for (const std::string& mapping : options.list("spec")) {
            const auto colon = mapping.find(':');
            const std::string word = lowered(trimmed(colon == mapping.npos ? mapping : mapping.substr(colon + 1)));
            const SchemaType type = std::ranges::find(kTypes, word, &std::pair<std::string_view, SchemaType>::first)->second;
            if (colon == mapping.npos) whole_ = type;
            else casts_[trimmed(mapping.substr(0, colon))] = type;
        }
    }
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        if (!side.json) return true;
        refuse_schemaless(side);
        SchemaPtr schema = schemas_.get(side.schema, [&](const Schema& before) { return changed(before); });
        if (whole_) {
            side.json = cast(*side.schema, *side.json, *whole_);
        } else {
            if (!side.is_struct()) fail_transform();
            auto texts = field_texts(*side.json);
            std::vector<std::string> made(texts.size());
            for (std::size_t i = 0; i < texts.size(); ++i) {
                const auto& field = side.schema->fields[i];
                const auto found = casts_.find(field.name);
                if (found == casts_.end() || texts[i] == "null") continue;
                made[i] = cast(*field.schema, texts[i], found->second);
                texts[i] = made[i];
            }
            side.json = struct_text(*schema, texts);
        }
        side.schema = std::move(schema);
        return true;
    }

  private:
    static constexpr std::pair<std::string_view, SchemaType> kTypes[] = {
        {"int8", SchemaType::kInt8},       {"int16", SchemaType::kInt16},     {"int32", SchemaType::kInt32},     {"int64", SchemaType::kInt64},
        {"float32", SchemaType::kFloat32}, {"float64", SchemaType::kFloat64}, {"boolean", SchemaType::kBoolean}, {"string", SchemaType::kString}};

    static SchemaPtr changed_field(const Schema& before, SchemaType type) {
        Schema schema = connect::schema_of(type);
        schema.optional = before.optional;
        if (before.default_json && *before.default_json != "null") schema.default_json = cast(before, *before.default_json, type);
        return connect::share(std::move(schema));
    }
    Schema changed(const Schema& before) const {
        Schema schema = copy_basics(before, whole_.value_or(SchemaType::kStruct));
        schema.optional = before.optional;
        if (whole_ && before.default_json) schema.default_json = cast(before, *before.default_json, *whole_);
        if (whole_) return schema;
        for (const auto& field : before.fields) {
            const auto found = casts_.find(field.name);
            schema.fields.push_back({field.name, found == casts_.end() ? field.schema : changed_field(*field.schema, found->second)});
        }
        return schema;
    }

    static Scalar read(const Schema& schema, std::string_view json) {
        const bool is_text = json.starts_with('"');
        const std::string text = is_text ? json_string_text(json) : std::string(json);
        switch (schema.type) {
            case SchemaType::kBoolean: return text == "true";
            case SchemaType::kString: return text;
            case SchemaType::kFloat32: return connect::read_java_float(text).value();
            case SchemaType::kFloat64: return connect::read_java_double(text).value();
            case SchemaType::kBytes:
                if (schema.name != kDecimal) return text;
                if (!is_text) return connect::read_decimal(text).value();
                return connect::decimal_of_bytes(connect::bytes_of_base64(text), decimal_scale(schema));
            case SchemaType::kArray:
            case SchemaType::kMap:
            case SchemaType::kStruct: {
                const std::string_view type = schema.type == SchemaType::kArray ? "ARRAY" : schema.type == SchemaType::kMap ? "MAP" : "STRUCT";
                fail_data("Cast transformation does not support casting from " + std::string(type) +
                          "; supported types are [INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES]");
            }
            default: return read_integer(text, SchemaType::kInt64).value();
        }
    }
    /// castValueToType, from text to text.
    static std::string cast(const Schema& schema, std::string_view json, SchemaType type) {
        const Scalar value = read(schema, json);
        const bool is_bytes = schema.type == SchemaType::kBytes && schema.name != kDecimal;
        if (is_bytes && type != SchemaType::kString) fail_data("Unexpected type in Cast transformation: class java.nio.HeapByteBuffer");
        if (is_date(schema) && type == SchemaType::kString) throw NotSimulated("Cast of a " + schema.name + " to string");
        std::string out;
        if (type == SchemaType::kString) connect::append_json_string(out, std::visit([](const auto& v) { return text_of(v); }, value));
        else if (type == SchemaType::kBoolean) out = std::visit([](const auto& v) { return truth_of(v); }, value) ? "true" : "false";
        else if (type == SchemaType::kFloat32) connect::append_java_float(out, std::visit([](const auto& v) { return float_of(v); }, value));
        else if (type == SchemaType::kFloat64) connect::append_java_double(out, std::visit([](const auto& v) { return double_of(v); }, value));
        else connect::append_integer(out, std::visit([&](const auto& v) { return integer_of(v, type); }, value));
        return out;
    }

    static std::string text_of(std::int64_t value) { return std::to_string(value); }
    static std::string text_of(float value) { return connect::java_float_text(value); }
    static std::string text_of(double value) { return connect::java_double_text(value); }
    static std::string text_of(bool value) { return value ? "true" : "false"; }
    static std::string text_of(const Decimal& value) { return connect::java_text(value); }
    static std::string text_of(const std::string& value) { return value; }

    static bool truth_of(std::int64_t value) { return value != 0; }
    static bool truth_of(float value) { return truncated(static_cast<double>(value), SchemaType::kInt64) != 0; }
    static bool truth_of(double value) { return truncated(value, SchemaType::kInt64) != 0; }
    static bool truth_of(bool value) { return value; }
    static bool truth_of(const Decimal& value) { return whole_part(value) != 0; }
    static bool truth_of(const std::string& value) { return lowered(value) == "true"; }

    [[noreturn]] static void fail_number(const std::string& value) { fail_data("Value (" + value + ") was out of range for requested data type"); }

    static double double_of(std::int64_t value) { return static_cast<double>(value); }
    static double double_of(float value) { return static_cast<double>(value); }
    static double double_of(double value) { return value; }
    static double double_of(bool value) { return value ? 1 : 0; }
    static double double_of(const Decimal& value) { return connect::read_java_double(connect::plain_text(value)).value(); }
    static double double_of(const std::string& value) {
        const auto number = connect::read_java_double(trimmed(value));
        if (!number) fail_number(value);
        return *number;
    }
    static float float_of(std::int64_t value) { return static_cast<float>(value); }
    static float float_of(float value) { return value; }
    static float float_of(double value) { return static_cast<float>(value); }
    static float float_of(bool value) { return value ? 1 : 0; }
    static float float_of(const Decimal& value) { return connect::read_java_float(connect::plain_text(value)).value(); }
    static float float_of(const std::string& value) {
        const auto number = connect::read_java_float(trimmed(value));
        if (!number) fail_number(value);
        return *number;
    }
    static std::int64_t integer_of(std::int64_t value, SchemaType type) { return narrowed(value, type); }
    static std::int64_t integer_of(float value, SchemaType type) { return integer_of(static_cast<double>(value), type); }
    static std::int64_t integer_of(double value, SchemaType type) { return narrowed(truncated(value, type), type); }
    static std::int64_t integer_of(bool value, SchemaType) { return value ? 1 : 0; }
    static std::int64_t integer_of(const Decimal& value, SchemaType type) { return narrowed(whole_part(value), type); }
    static std::int64_t integer_of(const std::string& value, SchemaType type) {
        const auto number = read_integer(value, type);
        if (!number) fail_number(value);
        return *number;
    }

    SideOf side_;
    std::optional<SchemaType> whole_;
    std::map<std::string, SchemaType> casts_;
    SchemaCache schemas_;
};

}  // namespace

std::unique_ptr<Transform> make_mask_key_field(const TransformOptions& options) { return std::make_unique<MaskField>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_mask_value_field(const TransformOptions& options) { return std::make_unique<MaskField>(options, &SourceRecord::value); }
std::unique_ptr<Transform> make_cast_key(const TransformOptions& options) { return std::make_unique<Cast>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_cast_value(const TransformOptions& options) { return std::make_unique<Cast>(options, &SourceRecord::value); }

}  // namespace cdcsim::debezium
