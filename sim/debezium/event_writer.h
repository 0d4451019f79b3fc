// Makes producer records of the connector's events: envelope, source block, key, headers,
// tombstones, transaction and message topics. One append of bytes for an event.
// Mirrors EventDispatcher, Envelope, PostgresSourceInfoStructMaker and TransactionMonitor.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/kafka/sink.h"
#include "core/pgoutput/message.h"
#include "sim/debezium/connector_config.h"
#include "sim/debezium/offset_context.h"
#include "sim/debezium/table_plan.h"

namespace cdcsim::debezium {

/// A row event before it has its shape.
struct RowEvent {
    const TablePlan& plan;
    char operation;
    const Row* before = nullptr;  ///< null: the member is null
    const Row* after = nullptr;
    const Row* key = nullptr;  ///< the row that the key is taken from; null for truncate
    /// `__debezium.newkey` or `__debezium.oldkey` with its value.
    std::optional<kafka::Header> key_header;
};

class EventWriter {
  public:
    EventWriter(const ConnectorConfig& config, std::string run_id);

    /// The connector's clock when events are made, and where they go. Set before writing.
    void set_sink(kafka::RecordSink* sink) { sink_ = sink; }
    void set_clock(UnixMicros now) { now_ = now; }
    UnixMicros clock() const { return now_; }

    /// Writes the event unless its operation is skipped; a tombstone after a delete.
    void row(const RowEvent& event, OffsetContext& offset);
    void logical_message(const pgoutput::LogicalMessage& message, OffsetContext& offset);
    /// BEGIN and END on the transaction topic.
    void transaction_started(const std::string& id, OffsetContext& offset);
    void transaction_committed(OffsetContext& offset, UnixMicros commit_time);
    /// A record of the heartbeat topic.
    void heartbeat(const OffsetContext& offset);

    /// The offset of the last record that was sent.
    const std::optional<SourceOffset>& sent_offset() const { return sent_offset_; }
    /// The snapshot's end changes the offset that was stored with its last row.
    void set_sent_offset(SourceOffset offset) { sent_offset_ = std::move(offset); }

  private:
    void append_source(const OffsetContext& offset, std::string& out) const;
    void append_times(UnixMicros at, std::string& out) const;
    /// Counts the event and appends its transaction block, or null.
    void append_transaction(const std::string& collection, OffsetContext& offset, std::string& out);
    void transaction_record(const OffsetContext& offset, UnixMicros at, bool end);
    /// The schemas of a record's key and value, looked at by transforms only; null: none.
    struct Schemas {
        const connect::SchemaPtr* key = nullptr;
        const connect::SchemaPtr* value = nullptr;
    };
    /// Through the transforms to the sink.
    void send(kafka::ProducerRecord record, const Schemas& schemas, const OffsetContext& offset);
    /// False: the record is dropped.
    bool transform(kafka::ProducerRecord& record, const Schemas& schemas);
    kafka::Content converted(Side side, const connect::JsonConverterConfig& converter);
    kafka::Headers headers_for(const RowEvent& event) const;
    /// The record of a row event without its value.
    kafka::ProducerRecord row_record(const RowEvent& event) const;
    /// Into `payload_`.
    void write_envelope(const RowEvent& event, OffsetContext& offset);
    /// The row events as ExtractNewRecordState leaves them.
    void unwrapped_row(const RowEvent& event, OffsetContext& offset);
    std::string unwrapped_value(const RowEvent& event, const std::string& deleted,
                                const OffsetContext& offset) const;
    /// A field of the envelope as JSON.
    std::string reference_json(const Unwrap::FieldReference& reference, const RowEvent& event,
                               const OffsetContext& offset) const;
    /// The topic that the row names, if ExtractNewRecordState routes by one of its fields.
    void route_by_field(const RowEvent& event, kafka::ProducerRecord& record) const;
    void add_headers(const RowEvent& event, const OffsetContext& offset, bool tombstone,
                     kafka::ProducerRecord& record) const;

    const ConnectorConfig& config_;
    kafka::RecordSink* sink_ = nullptr;
    UnixMicros now_;
    std::string source_head_, source_after_snapshot_;
    std::shared_ptr<const kafka::Headers> context_headers_;
    /// Of the transaction topic, of logical messages and of heartbeats.
    connect::SchemaPtr transaction_key_schema_, transaction_value_schema_, message_key_schema_, message_value_schema_;
    connect::SchemaPtr heartbeat_key_schema_, heartbeat_value_schema_;
    std::shared_ptr<const std::string> transaction_key_prefix_, transaction_value_prefix_;
    std::shared_ptr<const std::string> message_key_prefix_, message_value_prefix_;
    std::shared_ptr<const std::string> heartbeat_key_prefix_, heartbeat_value_prefix_;
    /// Of the schemas that transforms have made, for each converter.
    std::map<std::pair<connect::SchemaPtr, const connect::JsonConverterConfig*>, std::shared_ptr<const std::string>> prefixes_;
    std::optional<SourceOffset> sent_offset_;
    std::string payload_;   ///< the last one: its room is used again
    std::string transaction_json_ = "null";  ///< of the last row event
};

/// UUIDv7 text of a millisecond time and random bits.
std::string uuid_v7(std::int64_t millis, std::uint64_t random_a, std::uint64_t random_b);

}  // namespace cdcsim::debezium
