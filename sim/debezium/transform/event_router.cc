// The outbox pattern's transform. Mirrors io.debezium.transforms.outbox.EventRouterDelegate.
#include <algorithm>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/transform/expand_json.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

namespace {

using connect::Schema;
using connect::SchemaPtr;
using connect::SchemaType;

/// The row of an outbox table.
class OutboxRow {
  public:
    OutboxRow(const Schema& schema, std::string_view json) : schema_(schema), texts_(field_texts(json)) {}
    const Schema& schema() const { return schema_; }
    SchemaPtr type(const std::string& name) const {
        const auto* field = schema_.field(name);
        return field ? field->schema : nullptr;
    }
    /// Struct.get: fails for a field that is not there.
    std::string_view text(const std::string& name) const {
        const auto found = std::ranges::find(schema_.fields, name, &connect::Field::name);
        if (found == schema_.fields.end()) fail_transform("org.apache.kafka.connect.errors.DataException: " + name + " is not a valid field name");
        return texts_[static_cast<std::size_t>(found - schema_.fields.begin())];
    }

    /// Struct.getInt32.
    std::string_view int32(const std::string& name) const {
        const std::string_view value = text(name);
        const Schema& column = *type(name);
        if (column.optional && column.default_json == value) throw NotSimulated("EventRouter: \"" + name + "\", where NULL and its default are one text");
        if (column.type != SchemaType::kInt32) fail_transform("org.apache.kafka.connect.errors.DataException: Field '" + name + "' is not of type INT32");
        return value;
    }

  private:
    const Schema& schema_;
    std::vector<std::string_view> texts_;
};

/// A value as SimpleHeaderConverter writes it.
kafka::Header header_of(const std::string& name, const Schema& type, std::string_view json) {
    if (json == "null") return {name, std::nullopt};
    switch (type.type) {
        case SchemaType::kString: return {name, json_string_text(json)};
        case SchemaType::kInt16:
        case SchemaType::kInt32:
        case SchemaType::kInt64:
            // Connect's own logical types are dates to it.
            if (type.name.starts_with("org.apache.kafka.connect.data.")) break;
            return {name, std::string(json)};
        case SchemaType::kBoolean: return {name, std::string(json)};
        default: break;
    }
    throw NotSimulated("EventRouter: a header of the column \"" + name + "\", which is neither text nor a whole number");
}

std::string schema_text(const Schema& schema) {
    std::string text;
    connect::append_schema_json(text, schema);
    return text;
}

bool is_blank(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

class EventRouter : public Transform {
  public:
    explicit EventRouter(const TransformOptions& options)
        : id_(options.get("table.field.event.id", "id")),
          key_(options.get("table.field.event.key", "aggregateid")),
          payload_(options.get("table.field.event.payload", "payload")),
          timestamp_(options.get("table.field.event.timestamp")),
          version_(options.get("table.field.event.schema.version")),
          route_(options.get("route.by.field", "aggregatetype")),
          router_(options.get("route.topic.regex", "(?<routedByValue>.*)"), options.get("route.topic.replacement", "outbox.event.${routedByValue}")),
          tombstones_(options.flag("route.tombstone.on.empty.payload", false)),
          expands_(options.flag("table.expand.json.payload", false)),
          ignores_missing_(one_of(options, "table.field.additional.missing", "ignore, error") == "ignore"),
          fails_on_update_(one_of(options, "table.op.invalid.behavior", "warn, error, fatal") == "fatal") {
        expansion_.text_converter = options.value_converter().ends_with(".StringConverter");
        expansion_.null_as_bytes = one_of(options, "table.json.payload.null.behavior", "ignore, optional_bytes") == "optional_bytes";
        const auto placements = options.list("table.fields.additional.placement");
        for (const std::string& text : placements) add_placement(options, text, placements);
    }

    bool apply(SourceRecord& record) override {
        if (!record.value.json) return false;
        if (!record.value.schema || !record.value.schema->name.ends_with(".Envelope")) return true;
        const auto members = field_texts(*record.value.json);
        auto member = [&](std::string_view name) {
            const auto& fields = record.value.schema->fields;
            return static_cast<std::size_t>(std::ranges::find(fields, name, &connect::Field::name) - fields.begin());
        };
        const std::string_view operation = members.at(member("op"));
        if (operation == "\"d\"") return false;
        if (operation == "\"u\"" && fails_on_update_) fail_transform();
        if (operation == "\"u\"") return false;
        const std::size_t after = member("after");
        if (members.at(after) == "null") fail_transform();
        const SchemaPtr row_schema = record.value.schema->fields[after].schema;
        route(record, OutboxRow(*row_schema, members[after]), members.at(member("ts_ms")));
        return true;
    }

  private:
    struct Placement {
        enum class Place { kEnvelope, kHeader, kPartition };
        std::string field, alias;
        Place place;
    };

    /// The option's word in lower case; "" if it is not given.
    static std::string one_of(const TransformOptions& options, std::string_view option, std::string_view allowed) {
        const std::string word = lowered(options.get(option));
        if (options.has(option) && std::ranges::count(config_list(allowed), word) == 0)
            fail_configuration(option, options.get(option), "Value must be one of " + std::string(allowed));
        return word;
    }

    void add_placement(const TransformOptions& options, const std::string& text, const std::vector<std::string>& all) {
        const std::vector<std::string> parts = split_trimmed(text, ':');
        if (parts.size() < 2 || parts.size() > 3) {
            std::string list;
            for (const std::string& each : all) list += (list.empty() ? "" : ", ") + each;
            fail_configuration("table.fields.additional.placement", options.get("table.fields.additional.placement"),
                               "A comma-separated list of valid String pairs or trios is expected but got: [" + list + "]");
        }
        static constexpr std::pair<std::string_view, Placement::Place> kPlaces[] = {
            {"envelope", Placement::Place::kEnvelope}, {"header", Placement::Place::kHeader}, {"partition", Placement::Place::kPartition}};
        const auto* place = std::ranges::find(kPlaces, lowered(parts[1]), &std::pair<std::string_view, Placement::Place>::first);
        if (place == std::end(kPlaces))
            throw NotSimulated("connector option " + options.prefix() + "table.fields.additional.placement with \"" + text + "\"");
        has_envelope_ = has_envelope_ || place->second == Placement::Place::kEnvelope;
        placements_.push_back({parts[0], parts.size() == 3 ? parts[2] : parts[0], place->second});
    }

    void route(SourceRecord& record, const OutboxRow& row, std::string_view processed_ms) {
        Side payload{row.type(payload_), std::nullopt};
        if (!payload.schema) fail_transform("org.apache.kafka.connect.errors.ConnectException: Unable to find payload field " + payload_ + " in event");
        record.timestamp_ms = moment(row, processed_ms);
        if (const std::string_view text = row.text(payload_); text != "null") payload.json = std::string(text);
        const std::string_view id = row.text(id_);
        record.headers.push_back(header_of("id", *row.type(id_), id));
        const bool is_text = payload.schema->type == SchemaType::kString;
        const bool is_empty = !payload.json || (is_text && is_blank(json_string_text(*payload.json)));
        if (expands_ && payload.json && is_text) expand_json(payload, payload_, expansion_);
        Side key{row.type(key_), std::nullopt};
        if (const std::string_view text = row.text(key_); text != "null") key.json = std::string(text);
        SchemaPtr envelope = has_envelope_ ? envelope_schema(row, payload.schema) : nullptr;
        std::vector<std::string_view> members = {payload.json ? std::string_view(*payload.json) : std::string_view("null")};
        for (const Placement& placement : placements_) {
            if (ignores_missing_ && !row.type(placement.field)) continue;
            const std::string_view text = row.text(placement.field);
            if (placement.place == Placement::Place::kHeader) record.headers.push_back(header_of(placement.alias, *row.type(placement.field), text));
            else if (placement.place == Placement::Place::kEnvelope) members.push_back(text);
            else if (const std::string_view number = row.int32(placement.field); number != "null" && number != "0")
                throw NotSimulated("EventRouter: the partition " + std::string(number) + " of a topic with one");
        }
        const std::string_view routed = row.text(route_);
        if (row.type(route_)->type != SchemaType::kString) fail_transform("org.apache.kafka.connect.errors.DataException: Field '" + route_ + "' is not of type STRING");
        if (routed == "null") fail_transform();
        std::string topic = replaced_topic(router_, json_string_text(routed));
        Side value;
        if (is_empty && tombstones_) value = {};
        else if (envelope) value = {envelope, struct_text(*envelope, members)};
        else value = std::move(payload);
        record.topic = std::move(topic);
        record.key = std::move(key);
        record.value = std::move(value);
    }

    std::int64_t moment(const OutboxRow& row, std::string_view processed_ms) const {
        if (timestamp_.empty()) return std::stoll(std::string(processed_ms));
        const SchemaPtr type = row.type(timestamp_);
        if (!type) fail_transform("org.apache.kafka.connect.errors.ConnectException: Unable to find timestamp field " + timestamp_ + " in event");
        if (type->type != SchemaType::kInt64) fail_transform("org.apache.kafka.connect.errors.DataException: Field '" + timestamp_ + "' is not of type INT64");
        const std::string_view text = row.text(timestamp_);
        if (text == "null") return std::stoll(std::string(processed_ms));
        static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
            {"io.debezium.time.Timestamp", 1}, {"io.debezium.time.MicroTimestamp", 1000}, {"io.debezium.time.NanoTimestamp", 1000000}};
        for (const auto& [name, unit] : kUnits)
            if (type->name == name) return std::stoll(std::string(text)) / unit;
        fail_transform("org.apache.kafka.connect.errors.ConnectException: Unsupported field type INT64 (" +
                       (type->name.empty() ? "without logical schema name" : "with logical schema name " + type->name) + ") for event timestamp");
    }

    /// Cached by the payload's schema alone, or by the version alone: it keeps the name that the first event has given it.
    SchemaPtr envelope_schema(const OutboxRow& row, const SchemaPtr& payload) {
        const std::string version(version_.empty() ? "null" : row.int32(version_));
        const std::string id = version_.empty() ? schema_text(*payload) : version;
        SchemaPtr& made = envelopes_[id];
        if (made && made->fields[0].schema->type != payload->type)
            throw NotSimulated("EventRouter: payloads of two types with one version");
        if (made && !version_.empty() && payload->type == SchemaType::kStruct && schema_text(*made->fields[0].schema) != schema_text(*payload))
            fail_transform("org.apache.kafka.connect.errors.DataException: Struct schemas do not match.");
        if (made) return made;
        Schema schema = connect::schema_of(SchemaType::kStruct);
        const std::string& name = row.schema().name;
        const auto dot = name.rfind('.') + 1;  // 0: there is none
        schema.name = name.substr(0, dot) + json_string_text(row.text(route_)) + "." + name.substr(dot);
        if (version != "null") schema.version = std::stoi(version);
        schema.fields.push_back({"payload", payload});
        for (const Placement& placement : placements_) {
            if (placement.place != Placement::Place::kEnvelope) continue;
            const SchemaPtr type = row.type(placement.field);
            if (!type && ignores_missing_) continue;
            if (!type || schema.field(placement.alias) != nullptr) fail_transform();
            schema.fields.push_back({placement.alias, type});
        }
        return made = connect::share(std::move(schema));
    }

    std::string id_, key_, payload_, timestamp_, version_, route_;
    JavaReplacer router_;
    bool tombstones_, expands_, ignores_missing_, fails_on_update_;
    bool has_envelope_ = false;
    JsonExpansion expansion_;
    std::vector<Placement> placements_;
    std::map<std::string, SchemaPtr> envelopes_;
};

}  // namespace

std::unique_ptr<Transform> make_event_router(const TransformOptions& options) {
    try {
        return std::make_unique<EventRouter>(options);
    } catch (const RegexSyntaxError& error) {
        fail_configuration("route.topic.regex", options.get("route.topic.regex"), "A valid regular expressions is expected, but " + error.message);
    }
}

}  // namespace cdcsim::debezium
