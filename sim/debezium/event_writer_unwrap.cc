// The row events of EventWriter as ExtractNewRecordState leaves them.
#include <algorithm>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/event_writer.h"

namespace cdcsim::debezium {

namespace {

using DeleteMode = Unwrap::DeleteMode;

kafka::Content content(const std::shared_ptr<const std::string>& prefix, std::string payload) {
    kafka::Content out;
    out.is_null = false;
    out.prefix = prefix;
    out.payload = std::move(payload);
    out.closed_by_brace = prefix != nullptr;
    return out;
}

std::int64_t millis_of(UnixMicros at) {
    return at.value / 1000 - (at.value % 1000 < 0 ? 1 : 0);
}

std::string time_json(UnixMicros at, std::string_view field) {
    if (field == "ts_us") return std::to_string(at.value);
    return field == "ts_ns" ? std::to_string(at.value * 1000) : std::to_string(millis_of(at));
}

/// The member's JSON in a flat object, "null" if it is missing.
std::string member_json(const std::string& object, const std::string& name) {
    std::string mark = "\"" + name + "\":";
    for (std::size_t at = 1; at < object.size();) {
        bool found = object.compare(at, mark.size(), mark) == 0;
        at = object.find("\":", at) + 2;
        auto start = at;
        bool quoted = object[at] == '"';
        for (++at; at < object.size(); ++at) {
            if (quoted && object[at] == '\\')
                ++at;
            else if (quoted ? object[at] == '"' : object[at] == ',' || object[at] == '}')
                break;
        }
        if (quoted) ++at;
        if (found) return object.substr(start, at - start);
        ++at;
    }
    return "null";
}

}  // namespace

std::string EventWriter::reference_json(const Unwrap::FieldReference& reference,
                                        const RowEvent& event, const OffsetContext& offset) const {
    if (reference.parent.empty()) {
        if (reference.field == "op") return std::string("\"") + event.operation + "\"";
        return time_json(now_, reference.field);
    }
    if (reference.parent == "transaction")
        return transaction_json_ == "null" ? "null"
                                           : member_json(transaction_json_, reference.field);
    // The marker is not set while streaming, and its default does not come along.
    if (reference.field == "snapshot" && offset.snapshot_marker.empty()) return "null";
    std::string source;
    append_source(offset, source);
    return member_json(source, reference.field);
}

std::string EventWriter::unwrapped_value(const RowEvent& event, const std::string& deleted,
                                         const OffsetContext& offset) const {
    if (!event.plan.twice_named().empty())
        fail_transform();
    std::string payload;
    event.plan.append_value(event.after ? *event.after : *event.before, payload);
    payload.pop_back();
    auto member = [&](const std::string& name, const std::string& json) {
        if (payload.size() > 1) payload += ',';
        connect::append_json_string(payload, name);
        payload += ':';
        payload += json;
    };
    if (!deleted.empty()) member("__deleted", deleted);
    for (const auto& reference : config_.unwrap->fields)
        member(reference.new_name, reference_json(reference, event, offset));
    return payload + "}";
}

void EventWriter::add_headers(const RowEvent& event, const OffsetContext& offset, bool tombstone,
                              kafka::ProducerRecord& record) const {
    if (config_.unwrap->headers.empty()) return;
    auto headers = record.headers ? *record.headers : kafka::Headers{};
    for (const auto& reference : config_.unwrap->headers) {
        // A tombstone has nothing to take fields from, but its operation is known.
        bool is_operation = reference.parent.empty() && reference.field == "op";
        if (tombstone && !is_operation) continue;
        auto json = reference_json(reference, event, offset);
        if (json == "null")
            headers.push_back({reference.new_name, std::nullopt});
        else
            headers.push_back({reference.new_name, json[0] == '"' ? json_string_text(json) : json});
    }
    record.headers = std::make_shared<const kafka::Headers>(std::move(headers));
}

void EventWriter::route_by_field(const RowEvent& event, kafka::ProducerRecord& record) const {
    const std::string& name = config_.unwrap->route_by_field;
    if (name.empty()) return;
    const auto& fields = event.plan.row_schema()->fields;
    const auto field = std::ranges::find(fields, name, &connect::Field::name);
    if (field == fields.end())
        fail_transform("org.apache.kafka.connect.errors.DataException: " + name + " is not a valid field name");
    if (field->schema->type != connect::SchemaType::kString)
        fail_transform("org.apache.kafka.connect.errors.DataException: Field '" + name + "' is not of type STRING");
    // NULL shows as the default here, which is not what the transform routes by.
    if (field->schema->optional && field->schema->default_json)
        throw NotSimulated("route.by.field with a nullable column that has a default");
    std::string row;
    event.plan.append_value(event.after ? *event.after : *event.before, row);
    const std::string_view value = field_texts(row).at(static_cast<std::size_t>(field - fields.begin()));
    if (value == "null" || trimmed(json_string_text(value)).empty()) return;
    record.topic = json_string_text(value);
    if (config_.transforms->empty()) require_topic_name(record.topic);
}

void EventWriter::unwrapped_row(const RowEvent& event, OffsetContext& offset) {
    const auto& unwrap = *config_.unwrap;
    transaction_json_.clear();
    append_transaction(event.plan.table().id.text(), offset, transaction_json_);
    if (!event.before && !event.after) return;
    auto record = row_record(event);
    bool deleted = event.operation == 'd';
    add_headers(event, offset, false, record);
    // The tombstone shares the delete's headers object, so it carries what was added to that.
    auto tombstone = record;
    if (!deleted || unwrap.delete_mode != DeleteMode::kDrop) route_by_field(event, record);
    if (!deleted || unwrap.rewrites()) {
        std::string mark = unwrap.rewrites() ? deleted ? "\"true\"" : "\"false\"" : "";
        record.value = content(event.plan.unwrapped_prefix(), unwrapped_value(event, mark, offset));
        send(std::move(record), {&event.plan.key_schema(), &event.plan.unwrapped_schema()}, offset);
    } else if (unwrap.delete_mode == DeleteMode::kTombstone) {
        record.value = content(event.plan.null_prefix(), "null");
        send(std::move(record), {&event.plan.key_schema(), &event.plan.row_schema()}, offset);
    } else if (unwrap.delete_mode == DeleteMode::kDeleteToTombstone) {
        send(std::move(record), {&event.plan.key_schema(), nullptr}, offset);
    }
    if (!deleted || !config_.tombstones_on_delete ||
        unwrap.delete_mode != DeleteMode::kRewriteWithTombstone)
        return;
    add_headers(event, offset, true, tombstone);
    send(std::move(tombstone), {&event.plan.key_schema(), nullptr}, offset);
}

}  // namespace cdcsim::debezium
