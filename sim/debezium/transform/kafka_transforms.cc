// The transforms that come with Kafka Connect. Mirrors org.apache.kafka.connect.transforms.
#include <algorithm>
#include <functional>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/transform/schema_cache.h"
#include "sim/debezium/transform/transform.h"

namespace cdcsim::debezium {

namespace {

using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

void add_field(Schema& schema, std::string name, SchemaPtr type) {
    if (schema.field(name) != nullptr) fail_transform();
    schema.fields.push_back({std::move(name), std::move(type)});
}

std::optional<std::string> json_of(std::string_view text) {
    if (text == "null") return std::nullopt;
    return std::string(text);
}

class RegexRouter : public Transform {
  public:
    explicit RegexRouter(const TransformOptions& options) : replacer_(options.get("regex"), options.get("replacement")) {}
    bool apply(SourceRecord& record) override {
        record.topic = replaced_topic(replacer_, record.topic);
        return true;
    }

  private:
    JavaReplacer replacer_;
};

class Filter : public Transform {
  public:
    bool apply(SourceRecord&) override { return false; }
};

class ExtractField : public Transform {
  public:
    ExtractField(const TransformOptions& options, SideOf side) : side_(side), field_(options.get("field")) {}
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        refuse_schemaless(side);
        if (!side.schema) return true;
        const auto& fields = side.schema->fields;
        const auto found = std::ranges::find(fields, field_, &connect::Field::name);
        if (found == fields.end()) fail_transform("java.lang.IllegalArgumentException: Unknown field: " + field_);
        SchemaPtr schema = found->schema;
        if (side.json) side.json = json_of(field_texts(*side.json)[static_cast<std::size_t>(found - fields.begin())]);
        side.schema = std::move(schema);
        return true;
    }

  private:
    SideOf side_;
    std::string field_;
};

class HoistField : public Transform {
  public:
    HoistField(const TransformOptions& options, SideOf side) : side_(side), field_(options.get("field")) {}
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        std::string json = "{";
        connect::append_json_string(json, field_);
        json += ":" + side.json.value_or("null") + "}";
        side.json = std::move(json);
        if (side.schema) side.schema = schemas_.get(side.schema, [&](const Schema&) {
            Schema schema = connect::schema_of(SchemaType::kStruct);
            schema.fields = {{field_, side.schema}};
            return schema;
        });
        return true;
    }

  private:
    SideOf side_;
    std::string field_;
    SchemaCache schemas_;
};

class ReplaceField : public Transform {
  public:
    ReplaceField(const TransformOptions& options, SideOf side) : side_(side), include_(options.list("include")), exclude_(options.list("exclude")) {
        for (const std::string& pair : options.list("renames")) {
            const auto colon = pair.find(':');
            if (colon == pair.npos) throw NotSimulated("connector option " + options.prefix() + "renames with \"" + pair + "\"");
            renames_.emplace_back(pair.substr(0, colon), pair.substr(colon + 1));
        }
    }
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        if (!side.json) return true;
        refuse_schemaless(side);
        if (!side.is_struct()) fail_transform();
        const auto texts = field_texts(*side.json);
        std::vector<std::string_view> kept;
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (keeps(side.schema->fields[i].name)) kept.push_back(texts[i]);
        SchemaPtr schema = schemas_.get(side.schema, [&](const Schema& before) { return replaced(before); });
        side.json = struct_text(*schema, kept);
        side.schema = std::move(schema);
        return true;
    }

  private:
    static bool contains(const std::vector<std::string>& names, const std::string& name) { return std::ranges::find(names, name) != names.end(); }
    bool keeps(const std::string& name) const { return !contains(exclude_, name) && (include_.empty() || contains(include_, name)); }
    Schema replaced(const Schema& before) const {
        Schema schema = copy_basics(before);
        for (const auto& field : before.fields) {
            if (!keeps(field.name)) continue;
            const auto renamed = std::ranges::find(renames_, field.name, &std::pair<std::string, std::string>::first);
            add_field(schema, renamed == renames_.end() ? field.name : renamed->second, field.schema);
        }
        return schema;
    }

    SideOf side_;
    std::vector<std::string> include_, exclude_;
    std::vector<std::pair<std::string, std::string>> renames_;
    SchemaCache schemas_;
};

class InsertField : public Transform {
  public:
    InsertField(const TransformOptions& options, SideOf side) : side_(side) {
        if (options.has("offset.field")) throw NotSimulated("connector option " + options.prefix() + "offset.field, which is for sinks");
        static const Schema timestamp = connect::logical(SchemaType::kInt64, "org.apache.kafka.connect.data.Timestamp");
        add(options, "topic.field", connect::schema_of(SchemaType::kString), Value::kTopic);
        // A source record has neither before it is sent.
        add(options, "partition.field", connect::schema_of(SchemaType::kInt32), Value::kNull);
        add(options, "timestamp.field", timestamp, Value::kTimestamp);
        add(options, "static.field", connect::schema_of(SchemaType::kString), Value::kStatic);
        if (added_.empty() || options.has("static.field") != options.has("static.value"))
            throw NotSimulated("connector option " + options.prefix() + "type with InsertField that has nothing to insert");
        connect::append_json_string(static_json_, options.get("static.value"));
    }
    bool apply(SourceRecord& record) override {
        Side& side = record.*side_;
        if (!side.json) return true;
        refuse_schemaless(side);
        if (!side.is_struct()) fail_transform();
        std::string topic;
        connect::append_json_string(topic, record.topic);
        const std::string timestamp = record.timestamp_ms ? std::to_string(*record.timestamp_ms) : "null";
        auto texts = field_texts(*side.json);
        for (const Added& field : added_) {
            const std::string_view text = field.value == Value::kTopic ? std::string_view(topic)
                                          : field.value == Value::kStatic ? static_json_
                                          : field.value == Value::kTimestamp ? timestamp
                                                                              : std::string_view("null");
            if (text == "null" && !field.schema->optional) fail_transform();
            texts.push_back(text);
        }
        SchemaPtr schema = schemas_.get(side.schema, [&](const Schema& before) {
            Schema after = copy_basics(before);
            after.fields = before.fields;
            for (const Added& field : added_) add_field(after, field.name, field.schema);
            return after;
        });
        side.json = struct_text(*schema, texts);
        side.schema = std::move(schema);
        return true;
    }

  private:
    enum class Value { kTopic, kNull, kTimestamp, kStatic };
    struct Added {
        std::string name;
        SchemaPtr schema;
        Value value;
    };
    /// `name!` is a required field, `name?` (or no mark) an optional one.
    void add(const TransformOptions& options, std::string_view option, Schema schema, Value value) {
        std::string name = options.get(option);
        if (name.empty()) return;
        schema.optional = !name.ends_with('!');
        if (name.ends_with('!') || name.ends_with('?')) name.pop_back();
        added_.push_back({std::move(name), connect::share(std::move(schema)), value});
    }

    SideOf side_;
    std::vector<Added> added_;
    std::string static_json_;
    SchemaCache schemas_;
};

class ValueToKey : public Transform {
  public:
    explicit ValueToKey(const TransformOptions& options) : fields_(options.list("fields")) {}
    bool apply(SourceRecord& record) override {
        refuse_schemaless(record.value);
        const std::string_view purpose = "[copying fields from value to key], found: ";
        if (!record.value.schema) fail_transform("org.apache.kafka.connect.errors.DataException: Only Map objects supported in absence of schema for " + std::string(purpose) + "null");
        if (!record.value.is_struct()) fail_transform();
        const Schema& value = *record.value.schema;
        const auto texts = field_texts(*record.value.json);
        std::vector<std::string_view> taken;
        for (const std::string& name : fields_) {
            const auto found = std::ranges::find(value.fields, name, &connect::Field::name);
            if (found == value.fields.end()) fail_transform("org.apache.kafka.connect.errors.DataException: Field does not exist: " + name);
            taken.push_back(texts[static_cast<std::size_t>(found - value.fields.begin())]);
        }
        record.key.schema = schemas_.get(record.value.schema, [&](const Schema& before) {
            Schema schema = connect::schema_of(SchemaType::kStruct);
            for (const std::string& name : fields_) add_field(schema, name, before.field(name)->schema);
            return schema;
        });
        record.key.json = struct_text(*record.key.schema, taken);
        return true;
    }

  private:
    std::vector<std::string> fields_;
    SchemaCache schemas_;
};

/// A literal that Values.parseString reads as a word or a whole number, whose text stays as it is.
bool is_plain_literal(const std::string& text) {
    constexpr std::size_t kMaxDigits = 18;
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (std::ranges::all_of(text, is_digit)) return !text.empty() && text.size() <= kMaxDigits && (text[0] != '0' || text.size() == 1);
    auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    auto is_wordlike = [&](char c) { return is_letter(c) || is_digit(c) || std::string_view(" _.-/@").find(c) != std::string_view::npos; };
    return is_letter(text[0]) && std::ranges::all_of(text, is_wordlike) && text != "null" && text != "NaN" && text != "Infinity";
}

class InsertHeader : public Transform {
  public:
    explicit InsertHeader(const TransformOptions& options) : header_{options.get("header"), options.get("value.literal")} {
        if (!is_plain_literal(*header_.value)) throw NotSimulated("connector option " + options.prefix() + "value.literal with what is neither a word nor a whole number");
    }
    bool apply(SourceRecord& record) override {
        record.headers.push_back(header_);
        return true;
    }

  private:
    kafka::Header header_;
};

class DropHeaders : public Transform {
  public:
    explicit DropHeaders(const TransformOptions& options) : names_(options.list("headers")) {}
    bool apply(SourceRecord& record) override {
        std::erase_if(record.headers, [&](const kafka::Header& header) { return std::ranges::find(names_, header.key) != names_.end(); });
        return true;
    }

  private:
    std::vector<std::string> names_;
};

}  // namespace

Schema copy_basics(const Schema& from, SchemaType type) {
    Schema copy = connect::schema_of(type);
    copy.name = from.name;
    copy.version = from.version;
    copy.doc = from.doc;
    copy.parameters = from.parameters;
    return copy;
}

void refuse_schemaless(const Side& side) {
    if (!side.schema && side.json) throw NotSimulated("a transform of a value without a schema");
}

std::unique_ptr<Transform> make_regex_router(const TransformOptions& options) { return std::make_unique<RegexRouter>(options); }
std::unique_ptr<Transform> make_filter(const TransformOptions&) { return std::make_unique<Filter>(); }
std::unique_ptr<Transform> make_extract_key_field(const TransformOptions& options) { return std::make_unique<ExtractField>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_extract_value_field(const TransformOptions& options) { return std::make_unique<ExtractField>(options, &SourceRecord::value); }
std::unique_ptr<Transform> make_hoist_key_field(const TransformOptions& options) { return std::make_unique<HoistField>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_hoist_value_field(const TransformOptions& options) { return std::make_unique<HoistField>(options, &SourceRecord::value); }
std::unique_ptr<Transform> make_replace_key_field(const TransformOptions& options) { return std::make_unique<ReplaceField>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_replace_value_field(const TransformOptions& options) { return std::make_unique<ReplaceField>(options, &SourceRecord::value); }
std::unique_ptr<Transform> make_insert_key_field(const TransformOptions& options) { return std::make_unique<InsertField>(options, &SourceRecord::key); }
std::unique_ptr<Transform> make_insert_value_field(const TransformOptions& options) { return std::make_unique<InsertField>(options, &SourceRecord::value); }
std::unique_ptr<Transform> make_value_to_key(const TransformOptions& options) { return std::make_unique<ValueToKey>(options); }
std::unique_ptr<Transform> make_insert_header(const TransformOptions& options) { return std::make_unique<InsertHeader>(options); }
std::unique_ptr<Transform> make_drop_headers(const TransformOptions& options) { return std::make_unique<DropHeaders>(options); }

}  // namespace cdcsim::debezium
