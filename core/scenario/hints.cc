#include "core/scenario/hints.h"

#include <algorithm>
#include <array>

namespace cdcsim::scenario {

namespace {

using diff::Json;

constexpr std::string_view kUnavailable = "__debezium_unavailable_value";

bool path_is_in(const HintFacts& facts, std::string_view field) {
    if (!facts.mismatch) return false;
    const std::string& path = facts.mismatch->path;
    return path == field || (path.starts_with(field) && path[field.size()] == '.');
}

std::string op_of(const HintFacts& facts) {
    const Json* op = facts.record ? facts.record->value.payload.find("op") : nullptr;
    return op ? op->text : "";
}

/// The value at the mismatch's path, and its schema.
struct At {
    const Json* value = nullptr;
    const Json* schema = nullptr;
};

At at_mismatch(const HintFacts& facts) {
    if (!facts.mismatch || !facts.record || facts.mismatch->path.starts_with('$')) return {};
    At at{&facts.record->value.payload, facts.record->value.schema.get()};
    std::string_view path = facts.mismatch->path;
    while (!path.empty() && at.value) {
        const std::size_t end = std::min(path.find('.'), path.size());
        const std::string_view name = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        const Json* fields = at.schema ? at.schema->find("fields") : nullptr;
        at.schema = nullptr;
        for (std::size_t i = 0; fields && i < fields->items.size(); ++i) {
            const Json* own = fields->items[i].find("field");
            if (own && own->text == name) at.schema = &fields->items[i];
        }
        at.value = at.value->find(name);
    }
    return at;
}

bool before_is_null(const HintFacts& facts) {
    if (!path_is_in(facts, "before") || facts.mismatch->actual != "null") return false;
    const std::string op = op_of(facts);
    return op == "u" || op == "d";
}

bool unavailable_value(const HintFacts& facts) {
    return facts.mismatch && facts.mismatch->actual.find(kUnavailable) != std::string::npos;
}

bool decimal_as_bytes(const HintFacts& facts) {
    const At at = at_mismatch(facts);
    const Json* name = at.schema ? at.schema->find("name") : nullptr;
    return name && (name->text == "org.apache.kafka.connect.data.Decimal" ||
                    name->text == "io.debezium.data.VariableScaleDecimal");
}

bool bytes(const HintFacts& facts) {
    const At at = at_mismatch(facts);
    const Json* type = at.schema ? at.schema->find("type") : nullptr;
    return type && type->text == "bytes";
}

bool named_time(const HintFacts& facts) {
    const At at = at_mismatch(facts);
    const Json* name = at.schema ? at.schema->find("name") : nullptr;
    return name && name->text.starts_with("io.debezium.time.");
}

bool extra_tombstone(const HintFacts& facts) {
    return facts.extra && facts.record && facts.record->is_tombstone();
}

bool tombstone_against_pattern(const HintFacts& facts) {
    return facts.mismatch && facts.record && facts.record->is_tombstone();
}

bool missing_tombstone(const HintFacts& facts) { return facts.missing && is_null(*facts.missing); }

bool missing_op(const HintFacts& facts, std::string_view op) {
    const Node* wanted = facts.missing ? facts.missing->find("op") : nullptr;
    return wanted && wanted->value == op;
}
bool missing_truncate(const HintFacts& facts) { return missing_op(facts, "t"); }
bool missing_snapshot(const HintFacts& facts) { return missing_op(facts, "r"); }

bool no_topic(const HintFacts& facts) { return facts.no_topic; }

struct HintRow {
    bool (*applies)(const HintFacts&);
    std::string_view text;
};

constexpr auto kHints = std::to_array<HintRow>({
    {before_is_null,
     "the old row is sent only with ALTER TABLE ... REPLICA IDENTITY FULL; by default a delete has its key alone"},
    {unavailable_value,
     "PostgreSQL does not send an unchanged TOAST value; REPLICA IDENTITY FULL does (or see unavailable.value.placeholder)"},
    {decimal_as_bytes,
     "numeric comes as bytes by default; decimal.handling.mode: string gives text, or write <decimal 103.50>"},
    {bytes, "bytea comes as base64 by default; see binary.handling.mode"},
    {named_time, "times come as numbers by default; see time.precision.mode"},
    {extra_tombstone,
     "a delete is followed by a null (tombstone) unless tombstones.on.delete is false; write null for it"},
    {tombstone_against_pattern,
     "a delete is followed by a null (tombstone) unless tombstones.on.delete is false; write null for it"},
    {missing_tombstone, "a tombstone follows a delete only, and not with tombstones.on.delete: false"},
    {missing_truncate, "truncates are skipped by default; skipped.operations: none lets them come"},
    {missing_snapshot, "r comes from the initial snapshot only: rows that were there before the connector (snapshot.mode)"},
    {no_topic,
     "a topic is named <topic.prefix>.<schema>.<table>; see topic.prefix, table.include.list and schema.include.list"},
});

}  // namespace

std::string hint(const HintFacts& facts) {
    if (facts.mismatch && !facts.mismatch->note.empty()) return facts.mismatch->note;
    const auto row = std::find_if(kHints.begin(), kHints.end(), [&](const HintRow& r) { return r.applies(facts); });
    return row == kHints.end() ? "" : std::string(row->text);
}

}  // namespace cdcsim::scenario
