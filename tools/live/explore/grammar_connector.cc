#include <array>

#include "tools/live/explore/grammar.h"

namespace cdcsim::explore {

namespace {

constexpr auto kOptions = std::to_array<OptionRow>({
    {"snapshot.mode", "no_data|always|when_needed", 25},
    {"decimal.handling.mode", "string|double|precise", 45},
    {"time.precision.mode", "connect|adaptive_time_microseconds|isostring|microseconds|nanoseconds", 40},
    {"interval.handling.mode", "string|numeric", 30},
    {"binary.handling.mode", "base64|hex|base64-url-safe|bytes", 35},
    {"tombstones.on.delete", "false", 20},
    {"include.unknown.datatypes", "true", 15},
    {"provide.transaction.metadata", "true", 25},
    {"skipped.operations", "none|u|d|c,t|none", 35},
    {"money.fraction.digits", "0|4", 10},
    {"unavailable.value.placeholder", "«gone»|", 10},
    {"schema.name.adjustment.mode", "avro|avro_unicode", 10},
    {"field.name.adjustment.mode", "avro|avro_unicode", 8},
    {"skip.messages.without.change", "true", 10},
    {"include.schema.comments", "true", 8},
    {"publication.autocreate.mode", "filtered", 15},
    {"table.include.list", ".*\\.t[12],.*\\.audit|.*\\.t.*", 7},
    {"table.exclude.list", ".*\\.t2", 8},
    {"column.exclude.list", ".*\\.c2", 8},
    {"column.mask.with.5.chars", ".*\\.c1", 6},
    {"column.truncate.to.3.chars", ".*\\.c[12]", 8},
    {"column.mask.hash.SHA-256.with.salt.abc", ".*\\.c3", 6},
    {"column.propagate.source.type", ".*", 12},
    {"datatype.propagate.source.type", ".*\\.numeric,.*\\.varchar|.*", 8},
    {"message.key.columns", ".*\\.audit:op", 6},
    {"topic.delimiter", "_", 4},
    {"key.converter.schemas.enable", "false", 10},
    {"value.converter.schemas.enable", "false", 10},
    {"extended.headers.enabled", "false", 5},
    {"max.batch.size", "1|10", 8},
    {"snapshot.fetch.size", "1|3", 5},
});

constexpr auto kUnwrap = std::to_array<OptionRow>({
    {"transforms.unwrap.delete.tombstone.handling.mode", "drop|tombstone|rewrite|rewrite-with-tombstone|delete-to-tombstone", 70},
    {"transforms.unwrap.add.fields", "op|op,table,lsn,source.ts_ms|op,source.snapshot,transaction.id", 60},
    {"transforms.unwrap.add.headers", "op|op,source.schema,lsn", 40},
    {"transforms.unwrap.add.fields.prefix", "x_|", 15},
});

}  // namespace

std::span<const OptionRow> connector_options() { return kOptions; }
std::span<const OptionRow> unwrap_options() { return kUnwrap; }

}  // namespace cdcsim::explore
