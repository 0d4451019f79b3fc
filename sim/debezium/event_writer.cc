#include "sim/debezium/event_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/string_converter.h"

namespace cdcsim::debezium {

namespace {

using connect::append_integer;
using connect::append_json_string;
using connect::Schema;
using connect::schema_of;
using connect::SchemaType;
using connect::share;
using connect::share_optional;

constexpr std::string_view kVersion = "3.6.3.Final";
/// The name under which logical messages are counted in a transaction.
constexpr std::string_view kMessageCollection = "LOGICAL_DECODING_MESSAGE";

Schema named_struct(const ConnectorConfig& config, const std::string& name) {
    return connect::logical(SchemaType::kStruct, config.adjusted_schema_name(name));
}

Schema transaction_key_schema(const ConnectorConfig& config) {
    Schema schema = named_struct(config, "io.debezium.connector.common.TransactionMetadataKey");
    schema.fields = {{"id", share(schema_of(SchemaType::kString))}};
    return schema;
}

Schema heartbeat_schema(const ConnectorConfig& config, const std::string& name, const std::string& field, SchemaType type) {
    Schema schema = named_struct(config, "io.debezium.connector.common." + name);
    schema.fields = {{field, share(schema_of(type))}};
    return schema;
}

Schema transaction_value_schema(const ConnectorConfig& config) {
    Schema collection = connect::logical(SchemaType::kStruct, "event.collection");
    collection.fields = {{"data_collection", share(schema_of(SchemaType::kString))},
                         {"event_count", share(schema_of(SchemaType::kInt64))}};
    Schema schema = named_struct(config, "io.debezium.connector.common.TransactionMetadataValue");
    schema.fields = {
        {"status", share(schema_of(SchemaType::kString))},
        {"id", share(schema_of(SchemaType::kString))},
        {"event_count", share_optional(schema_of(SchemaType::kInt64))},
        {"data_collections", share_optional(connect::array_of(share_optional(collection)))},
        {"ts_ms", share(schema_of(SchemaType::kInt64))}};
    return schema;
}

Schema message_key_schema(const ConnectorConfig& config) {
    Schema schema = named_struct(config, "io.debezium.connector.postgresql.MessageKey");
    schema.fields = {{"prefix", share_optional(schema_of(SchemaType::kString))}};
    return schema;
}

Schema message_value_schema(const ConnectorConfig& config) {
    auto content =
        config.binary_mode == BinaryMode::kBytes ? SchemaType::kBytes : SchemaType::kString;
    Schema block = named_struct(config, "io.debezium.connector.postgresql.Message");
    block.fields = {{"prefix", share_optional(schema_of(SchemaType::kString))},
                    {"content", share_optional(schema_of(content))}};
    Schema schema = named_struct(config, "io.debezium.connector.postgresql.MessageValue");
    schema.fields = {{"op", share(schema_of(SchemaType::kString))},
                     {"ts_ms", share_optional(schema_of(SchemaType::kInt64))},
                     {"source", source_schema()},
                     {"transaction", transaction_block_schema()},
                     {"message", share(block)}};
    return schema;
}

std::int64_t millis_of(UnixMicros at) {
    return at.value / 1000 - (at.value % 1000 < 0 ? 1 : 0);
}

/// A moment in the three units of an event.
class MomentText {
  public:
    explicit MomentText(std::int64_t micros) {
        char* end = std::to_chars(text_.data(), text_.data() + kMicrosSize, micros).ptr;
        micros_ = static_cast<std::size_t>(end - text_.data());
        // What comes before 1970 is rounded down, and 0 has no zeros to append.
        is_plain_ = micros >= 1000;
        if (is_plain_) std::fill_n(end, 3, '0');
        value_ = micros;
    }
    void append_millis(std::string& out) const {
        if (is_plain_) out.append(text_.data(), micros_ - 3);
        else append_integer(out, millis_of(UnixMicros{value_}));
    }
    void append_micros(std::string& out) const { out.append(text_.data(), micros_); }
    void append_nanos(std::string& out) const {
        if (is_plain_) out.append(text_.data(), micros_ + 3);
        else append_integer(out, value_ * 1000);
    }

  private:
    static constexpr std::size_t kMicrosSize = 20;
    std::array<char, kMicrosSize + 3> text_;
    std::size_t micros_ = 0;
    bool is_plain_ = false;
    std::int64_t value_ = 0;
};

void append_member(std::string& out, std::string_view name, std::int64_t value) {
    out += name;
    append_integer(out, value);
}

void append_lsn_member(std::string& out, std::string_view name, const std::optional<Lsn>& lsn) {
    out += name;
    if (lsn)
        append_integer(out, static_cast<std::int64_t>(lsn->value));
    else
        out += "null";
}

void append_quoted_lsn(std::string& out, const std::optional<Lsn>& lsn) {
    if (!lsn) {
        out += "null";
        return;
    }
    out += "\\\"";
    append_integer(out, static_cast<std::int64_t>(lsn->value));
    out += "\\\"";
}

kafka::Content content(const std::shared_ptr<const std::string>& prefix, std::string payload) {
    kafka::Content out;
    out.is_null = false;
    out.prefix = prefix;
    out.payload = std::move(payload);
    out.closed_by_brace = prefix != nullptr;
    return out;
}

/// The id in transaction blocks and messages: the xid and the position of the moment.
std::string transaction_id(const OffsetContext& offset) {
    return *offset.transaction.id + ":" + std::to_string(offset.lsn ? offset.lsn->value : 0);
}

}  // namespace

std::string uuid_v7(std::int64_t millis, std::uint64_t random_a, std::uint64_t random_b) {
    std::string bytes;
    for (int shift = 40; shift >= 0; shift -= 8) bytes += static_cast<char>(millis >> shift & 0xFF);
    bytes += static_cast<char>(0x70 | (random_a & 0x0F));
    bytes += static_cast<char>(random_a >> 8 & 0xFF);
    bytes += static_cast<char>(0x80 | (random_b & 0x3F));
    for (int shift = 8; shift < 64; shift += 8)
        bytes += static_cast<char>(random_b >> shift & 0xFF);
    std::string text;
    connect::append_hex(text, bytes);
    for (std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, "-");
    return text;
}

EventWriter::EventWriter(const ConnectorConfig& config, std::string run_id) : config_(config) {
    source_head_ =
        "{\"version\":\"" + std::string(kVersion) + "\",\"connector\":\"postgresql\",\"name\":";
    append_json_string(source_head_, config.topic_prefix);
    source_head_ += ",\"ts_ms\":";
    source_after_snapshot_ = ",\"db\":";
    append_json_string(source_after_snapshot_, config.database);
    source_after_snapshot_ += ",\"sequence\":\"[";
    if (config.extended_headers) {
        kafka::Headers headers = {{"__debezium.context.connectorLogicalName", config.topic_prefix},
                                  {"__debezium.context.taskId", "0"},
                                  {"__debezium.context.connectorName", "postgresql"},
                                  {"__debezium.context.runId", std::move(run_id)}};
        context_headers_ = std::make_shared<const kafka::Headers>(std::move(headers));
    }
    const auto& key = config.key_converter;
    const auto& value = config.value_converter;
    transaction_key_schema_ = share(transaction_key_schema(config));
    transaction_value_schema_ = share(transaction_value_schema(config));
    message_key_schema_ = share(message_key_schema(config));
    message_value_schema_ = share(message_value_schema(config));
    heartbeat_key_schema_ = share(heartbeat_schema(config, "ServerNameKey", "serverName", SchemaType::kString));
    heartbeat_value_schema_ = share(heartbeat_schema(config, "Heartbeat", "ts_ms", SchemaType::kInt64));
    heartbeat_key_prefix_ = connect::envelope_prefix(*heartbeat_key_schema_, key);
    heartbeat_value_prefix_ = connect::envelope_prefix(*heartbeat_value_schema_, value);
    transaction_key_prefix_ = connect::envelope_prefix(*transaction_key_schema_, key);
    transaction_value_prefix_ = connect::envelope_prefix(*transaction_value_schema_, value);
    message_key_prefix_ = connect::envelope_prefix(*message_key_schema_, key);
    message_value_prefix_ = connect::envelope_prefix(*message_value_schema_, value);
}

void EventWriter::append_source(const OffsetContext& offset, std::string& out) const {
    MomentText at(offset.timestamp.value);
    out += source_head_;
    at.append_millis(out);
    out += ",\"snapshot\":";
    if (!offset.snapshot_marker.empty()) {
        out += '"';
        out += offset.snapshot_marker;
        out += '"';
    } else {
        out += config_.value_converter.replace_null_with_default ? "\"false\"" : "null";
    }
    out += source_after_snapshot_;
    append_quoted_lsn(out, offset.last_commit);
    out += ',';
    append_quoted_lsn(out, offset.lsn);
    out += "]\",\"ts_us\":";
    at.append_micros(out);
    out += ",\"ts_ns\":";
    at.append_nanos(out);
    out += ",\"schema\":";
    append_json_string(out, offset.schema);
    out += ",\"table\":";
    append_json_string(out, offset.table);
    out += ",\"txId\":";
    if (offset.tx_id)
        append_integer(out, offset.tx_id->value);
    else
        out += "null";
    append_lsn_member(out, ",\"lsn\":", offset.lsn);
    out += ",\"xmin\":null,\"origin\":";
    if (offset.origin)
        append_json_string(out, *offset.origin);
    else
        out += "null";
    append_lsn_member(out, ",\"origin_lsn\":", offset.origin_lsn);
    out += '}';
}

void EventWriter::append_times(UnixMicros at, std::string& out) const {
    MomentText moment(at.value);
    out += "\"ts_ms\":";
    moment.append_millis(out);
    out += ",\"ts_us\":";
    moment.append_micros(out);
    out += ",\"ts_ns\":";
    moment.append_nanos(out);
}

void EventWriter::append_transaction(const std::string& collection, OffsetContext& offset,
                                     std::string& out) {
    auto& transaction = offset.transaction;
    if (!config_.transaction_metadata || !offset.snapshot_marker.empty() || !offset.tx_id ||
        !transaction.id) {
        out += "null";
        return;
    }
    ++transaction.total;
    std::int64_t order = ++transaction.per_table[collection];
    out += "{\"id\":\"" + transaction_id(offset) + "\"";
    append_member(out, ",\"total_order\":", transaction.total);
    append_member(out, ",\"data_collection_order\":", order);
    out += '}';
}

kafka::Headers EventWriter::headers_for(const RowEvent& event) const {
    kafka::Headers headers;
    if (event.key_header) headers.push_back(*event.key_header);
    if (context_headers_)
        headers.insert(headers.end(), context_headers_->begin(), context_headers_->end());
    return headers;
}

kafka::Content EventWriter::converted(Side side, const connect::JsonConverterConfig& converter) {
    if (!side.schema && !side.json) return {};
    if (converter.as_java_text) {
        if (!side.json) return {};
        if (!side.schema) throw NotSimulated("StringConverter with a value without a schema");
        return content(nullptr, java_value_text(*side.schema, *side.json, converter.replace_null_with_default));
    }
    auto& prefix = prefixes_[{side.schema, &converter}];
    if (!prefix && side.schema) prefix = connect::envelope_prefix(*side.schema, converter);
    if (!prefix && converter.schemas_enable) prefix = std::make_shared<const std::string>("{\"schema\":null,\"payload\":");
    if (!side.json && side.schema) {
        const bool defaults = side.schema->default_json && converter.replace_null_with_default;
        if (!defaults && !side.schema->optional)
            fail_transform("org.apache.kafka.connect.errors.DataException: Conversion error: null value for field that is required and has no default value");
        return content(prefix, defaults ? *side.schema->default_json : "null");
    }
    return content(prefix, std::move(*side.json));
}

bool EventWriter::transform(kafka::ProducerRecord& record, const Schemas& schemas) {
    auto side = [](kafka::Content& content, const connect::SchemaPtr* schema) -> Side {
        if (content.is_null) return {};
        const connect::SchemaPtr shared = schema ? *schema : nullptr;
        if (content.payload == "null") return {shared, std::nullopt};
        return {shared, std::move(content.payload)};
    };
    SourceRecord source{std::move(record.topic), side(record.key, schemas.key), side(record.value, schemas.value),
                        record.headers ? *record.headers : kafka::Headers(), std::nullopt};
    if (!config_.transforms->apply(source)) return false;
    record.topic = std::move(source.topic);
    if (source.timestamp_ms) record.timestamp_ms = *source.timestamp_ms;
    record.headers = source.headers.empty() ? nullptr : std::make_shared<const kafka::Headers>(std::move(source.headers));
    record.key = converted(std::move(source.key), config_.key_converter);
    record.value = converted(std::move(source.value), config_.value_converter);
    return true;
}

void EventWriter::send(kafka::ProducerRecord record, const Schemas& schemas, const OffsetContext& offset) {
    record.timestamp_ms = millis_of(now_);
    const bool is_plain = config_.transforms->empty() && !config_.converts_to_text();
    if (!is_plain && !transform(record, schemas)) return;
    if (config_.needs_keys && record.key.is_null) throw NotSimulated("a record without a key for a topic that topic.creation makes compacted");
    sink_->send(std::move(record));
    sent_offset_ = offset.store();
}

kafka::ProducerRecord EventWriter::row_record(const RowEvent& event) const {
    kafka::ProducerRecord record;
    record.topic = event.plan.topic();
    record.headers = event.key_header ? std::make_shared<const kafka::Headers>(headers_for(event))
                                      : context_headers_;
    if (event.key && event.plan.has_key()) {
        std::string key;
        event.plan.append_key(*event.key, key);
        record.key = content(event.plan.key_prefix(), std::move(key));
    }
    return record;
}

void EventWriter::write_envelope(const RowEvent& event, OffsetContext& offset) {
    payload_.clear();
    payload_ += "{\"before\":";
    if (event.before)
        event.plan.append_value(*event.before, payload_);
    else
        payload_ += "null";
    payload_ += ",\"after\":";
    if (event.after)
        event.plan.append_value(*event.after, payload_);
    else
        payload_ += "null";
    payload_ += ",\"source\":";
    append_source(offset, payload_);
    payload_ += ",\"transaction\":";
    if (config_.transaction_metadata)
        append_transaction(event.plan.table().id.text(), offset, payload_);
    else
        payload_ += "null";
    payload_ += ",\"op\":\"";
    payload_ += event.operation;
    payload_ += "\",";
    append_times(now_, payload_);
    payload_ += '}';
}

void EventWriter::row(const RowEvent& event, OffsetContext& offset) {
    if (offset.snapshot_marker.empty() && config_.skips(event.operation)) return;
    if (config_.unwrap) return unwrapped_row(event, offset);
    write_envelope(event, offset);
    auto record = row_record(event);
    std::optional<kafka::ProducerRecord> tombstone;
    if (event.operation == 'd' && config_.tombstones_on_delete) tombstone = record;
    record.value = content(event.plan.value_prefix(), std::string(payload_));  // as long as it is, no longer
    send(std::move(record), {&event.plan.key_schema(), &event.plan.envelope_schema()}, offset);
    if (tombstone) send(std::move(*tombstone), {&event.plan.key_schema(), nullptr}, offset);
}

void EventWriter::logical_message(const pgoutput::LogicalMessage& message, OffsetContext& offset) {
    std::string payload = "{\"op\":\"m\"";
    append_member(payload, ",\"ts_ms\":", millis_of(now_));
    payload += ",\"source\":";
    append_source(offset, payload);
    payload += ",\"transaction\":";
    append_transaction(std::string(kMessageCollection), offset, payload);
    payload += ",\"message\":{\"prefix\":";
    append_json_string(payload, message.prefix);
    payload += ",\"content\":\"";
    switch (config_.binary_mode) {
        case BinaryMode::kBytes:
        case BinaryMode::kBase64:
            connect::append_base64(payload, message.content);
            break;
        case BinaryMode::kBase64UrlSafe:
            connect::append_base64_url(payload, message.content);
            break;
        case BinaryMode::kHex:
            connect::append_hex(payload, message.content);
            break;
    }
    payload += "\"}}";
    std::string key = "{\"prefix\":";
    append_json_string(key, message.prefix);
    key += '}';
    kafka::ProducerRecord record;
    record.topic = config_.topic_prefix + ".message";
    record.key = content(message_key_prefix_, std::move(key));
    record.value = content(message_value_prefix_, std::move(payload));
    send(std::move(record), {&message_key_schema_, &message_value_schema_}, offset);
    if (!message.transactional) offset.transaction.end();
}

void EventWriter::transaction_record(const OffsetContext& offset, UnixMicros at, bool end) {
    std::string id = "\"" + transaction_id(offset) + "\"";
    std::string payload =
        std::string("{\"status\":\"") + (end ? "END" : "BEGIN") + "\",\"id\":" + id;
    if (end) {
        append_member(payload, ",\"event_count\":", offset.transaction.total);
        payload += ",\"data_collections\":[";
        bool first = true;
        for (const auto* entry : offset.transaction.per_table.in_java_order()) {
            if (entry->first == kMessageCollection)
                throw NotSimulated(
                    "a logical message in a transaction with its metadata (its data "
                    "collection is a Java object identity)");
            payload += first ? "{\"data_collection\":" : ",{\"data_collection\":";
            first = false;
            append_json_string(payload, entry->first);
            append_member(payload, ",\"event_count\":", entry->second);
            payload += '}';
        }
        payload += ']';
    } else {
        payload += ",\"event_count\":null,\"data_collections\":null";
    }
    append_member(payload, ",\"ts_ms\":", millis_of(at));
    payload += '}';
    kafka::ProducerRecord record;
    record.topic = config_.transaction_topic;
    record.key = content(transaction_key_prefix_, "{\"id\":" + id + "}");
    record.value = content(transaction_value_prefix_, std::move(payload));
    send(std::move(record), {&transaction_key_schema_, &transaction_value_schema_}, offset);
}

void EventWriter::heartbeat(const OffsetContext& offset) {
    std::string key = "{\"serverName\":";
    append_json_string(key, config_.topic_prefix);
    std::string payload = "{";
    append_member(payload, "\"ts_ms\":", millis_of(now_));
    kafka::ProducerRecord record;
    record.topic = config_.heartbeat_topic;
    record.key = content(heartbeat_key_prefix_, key + "}");
    record.value = content(heartbeat_value_prefix_, payload + "}");
    send(std::move(record), {&heartbeat_key_schema_, &heartbeat_value_schema_}, offset);
}

void EventWriter::transaction_started(const std::string& id, OffsetContext& offset) {
    if (offset.transaction.id == id) return;
    offset.transaction.begin(id);
    transaction_record(offset, offset.timestamp, false);
}

void EventWriter::transaction_committed(OffsetContext& offset, UnixMicros commit_time) {
    if (offset.transaction.id) transaction_record(offset, commit_time, true);
    offset.transaction.end();
}

}  // namespace cdcsim::debezium
