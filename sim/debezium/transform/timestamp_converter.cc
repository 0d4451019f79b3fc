// Kafka Connect's TimestampConverter. Mirrors org.apache.kafka.connect.transforms.TimestampConverter.
#include <limits>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/java_date_format.h"
#include "sim/debezium/transform/schema_cache.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::string_view kTimestamp = "org.apache.kafka.connect.data.Timestamp";
constexpr std::string_view kDate = "org.apache.kafka.connect.data.Date";
constexpr std::string_view kTime = "org.apache.kafka.connect.data.Time";

std::int64_t floor_days(std::int64_t millis) { return millis / kDayMs - (millis % kDayMs < 0 ? 1 : 0); }

/// TimeUnit.convert to a finer unit stops at the ends.
std::int64_t multiplied(std::int64_t value, std::int64_t by) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max(), kMin = std::numeric_limits<std::int64_t>::min();
    if (value > kMax / by) return kMax;
    return value < kMin / by ? kMin : value * by;
}

class TimestampConverter : public Transform {
  public:
    TimestampConverter(const TransformOptions& options, SideOf side)
        : side_(side), field_(options.get("field")), target_(options.get("target.type")), precision_(options.get("unix.precision", "milliseconds")), pattern_(options.get("format")) {
        const std::string exception = "org.apache.kafka.common.config.ConfigException: ";
        if (target_ == "string" && pattern_.empty()) fail_start(exception + "TimestampConverter requires format option to be specified when using string timestamps");
        if (pattern_.empty()) return;
        try {
            format_.emplace(pattern_);
        } catch (const DatePatternError& error) {
            fail_start(exception + "Invalid value java.lang.IllegalArgumentException: " + error.message +
                       " for configuration TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: " + pattern_);
        }
    }

    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        refuse_schemaless(side);
        if (!side.schema) return true;
        SchemaPtr schema = schemas_.get(side.schema, [&](const Schema& before) { return changed(before); });
        if (field_.empty()) {
            if (side.json) side.json = converted(*side.schema, *side.json);
        } else if (side.json) {
            if (!side.is_struct()) fail_transform();
            auto texts = field_texts(*side.json);
            std::string made;
            for (std::size_t i = 0; i < texts.size(); ++i) {
                if (side.schema->fields[i].name != field_) continue;
                made = converted(*side.schema->fields[i].schema, texts[i]);
                texts[i] = made;
            }
            side.json = struct_text(*schema, texts);
        }
        side.schema = std::move(schema);
        return true;
    }

  private:
    Schema target_schema(bool optional) const {
        Schema schema = target_ == "string"      ? connect::schema_of(SchemaType::kString)
                        : target_ == "unix"      ? connect::schema_of(SchemaType::kInt64)
                        : target_ == "Timestamp" ? connect::logical(SchemaType::kInt64, std::string(kTimestamp))
                                                 : connect::logical(SchemaType::kInt32, std::string(target_ == "Date" ? kDate : kTime));
        schema.optional = optional;
        return schema;
    }
    Schema changed(const Schema& before) const {
        if (field_.empty()) return target_schema(before.optional);
        Schema schema = copy_basics(before);
        schema.optional = before.optional;
        for (const auto& field : before.fields)
            schema.fields.push_back({field.name, field.name == field_ ? connect::share(target_schema(field.schema->optional)) : field.schema});
        return schema;
    }

    /// The type is looked at even where the value is null.
    std::string converted(const Schema& schema, std::string_view json) const {
        const bool is_known = schema.name == kTimestamp || schema.name == kDate || schema.name == kTime || schema.type == SchemaType::kString || schema.type == SchemaType::kInt64;
        if (!is_known) fail_transform("org.apache.kafka.connect.errors.ConnectException: Schema " + java_schema(schema) + " does not correspond to a known timestamp type format");
        if (json == "null") return "null";
        return target_text(millis_of(schema, json));
    }
    static std::string java_schema(const Schema& schema) {
        static constexpr std::pair<SchemaType, std::string_view> kNames[] = {
            {SchemaType::kInt8, "INT8"},       {SchemaType::kInt16, "INT16"}, {SchemaType::kInt32, "INT32"}, {SchemaType::kFloat32, "FLOAT32"}, {SchemaType::kFloat64, "FLOAT64"},
            {SchemaType::kBoolean, "BOOLEAN"}, {SchemaType::kBytes, "BYTES"}, {SchemaType::kArray, "ARRAY"}, {SchemaType::kMap, "MAP"},         {SchemaType::kStruct, "STRUCT"}};
        for (const auto& [type, name] : kNames)
            if (type == schema.type) return "Schema{" + (schema.name.empty() ? "" : schema.name + ":") + std::string(name) + "}";
        return "";
    }

    /// To java.util.Date.
    std::int64_t millis_of(const Schema& schema, std::string_view json) const {
        if (schema.name.starts_with("org.apache.kafka.connect.data.")) return std::stoll(std::string(json)) * (schema.name == kDate ? kDayMs : 1);
        if (schema.type == SchemaType::kString) return parsed(json_string_text(json));
        const std::int64_t value = std::stoll(std::string(json));
        if (precision_ == "seconds") return multiplied(value, 1000);
        return precision_ == "microseconds" ? value / 1000 : precision_ == "nanoseconds" ? value / 1'000'000 : value;
    }
    std::int64_t parsed(const std::string& text) const {
        if (!format_) fail_transform("java.lang.NullPointerException: Cannot invoke \"java.text.SimpleDateFormat.parse(String)\" because \"config.format\" is null");
        const auto millis = format_->parse(text);
        if (!millis) fail_transform("org.apache.kafka.connect.errors.DataException: Could not parse timestamp: value (" + text + ") does not match pattern (" + pattern_ + ")");
        return *millis;
    }

    std::string target_text(std::int64_t millis) const {
        std::string out;
        if (target_ == "string") connect::append_json_string(out, format_->format(millis));
        else if (target_ == "Date") connect::append_integer(out, floor_days(millis));
        else if (target_ == "Time") connect::append_integer(out, millis - floor_days(millis) * kDayMs);
        else connect::append_integer(out, target_ == "unix" ? in_unix_time(millis) : millis);
        return out;
    }
    std::int64_t in_unix_time(std::int64_t millis) const {
        if (precision_ == "seconds") return millis / 1000;
        return precision_ == "microseconds" ? multiplied(millis, 1000) : precision_ == "nanoseconds" ? multiplied(millis, 1'000'000) : millis;
    }

    SideOf side_;
    std::string field_, target_, precision_, pattern_;
    std::optional<JavaDateFormat> format_;
    SchemaCache schemas_;
};

}  // namespace

std::unique_ptr<Transform> make_timestamp_converter_key(const TransformOptions& options) { return std::make_unique<TimestampConverter>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_timestamp_converter_value(const TransformOptions& options) { return std::make_unique<TimestampConverter>(options, &SourceRecord::value); }

}  // namespace cdcsim::debezium
