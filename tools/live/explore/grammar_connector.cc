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
    {"schema.exclude.list", "s\\d*3", 4},
    {"column.include.list", ".*\\.(id|c1|c3)", 5},
    {"column.mask.with.0.chars", ".*\\.c3", 4},
    {"column.mask.hash.v2.MD5.with.salt.x", ".*\\.c1", 4},
    {"hstore.handling.mode", "map", 3},
    {"message.prefix.exclude.list", "prefix", 5},
    {"topic.transaction", "tx", 4},
    {"publish.via.partition.root", "true", 4},
    {"slot.drop.on.stop", "true", 4},
    {"snapshot.isolation.mode", "repeatable_read|read_committed|serializable", 8},
    {"snapshot.tables.order.by.row.count", "ascending|descending", 6},
    {"schema.refresh.mode", "columns_diff_exclude_unchanged_toast", 8},
});

constexpr auto kUnwrap = std::to_array<OptionRow>({
    {"transforms.unwrap.delete.tombstone.handling.mode", "drop|tombstone|rewrite|rewrite-with-tombstone|delete-to-tombstone", 70},
    {"transforms.unwrap.add.fields", "op|op,table,lsn,source.ts_ms|op,source.snapshot,transaction.id", 60},
    {"transforms.unwrap.add.headers", "op|op,source.schema,lsn", 40},
    {"transforms.unwrap.add.fields.prefix", "x_|", 15},
});

#define KAFKA "org.apache.kafka.connect.transforms."
#define UNWRAP "transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState\n"
constexpr auto kChains = std::to_array<std::string_view>({
    "transforms=route\ntransforms.route.type=" KAFKA "RegexRouter\ntransforms.route.regex=([^.]+)\\.([^.]+)\\.([^.]+)\ntransforms.route.replacement=$1.$2.routed-$3",
    "transforms=unwrap,add\n" UNWRAP "transforms.add.type=" KAFKA "InsertField$Value\ntransforms.add.static.field=origin\ntransforms.add.static.value=cdc\ntransforms.add.topic.field=topic?",
    "transforms=unwrap,pick\n" UNWRAP "transforms.pick.type=" KAFKA "ReplaceField$Value\ntransforms.pick.exclude=c2\ntransforms.pick.renames=c1:first,id:number",
    "transforms=unwrap,cast\n" UNWRAP "transforms.cast.type=" KAFKA "Cast$Value\ntransforms.cast.spec=id:string",
    "transforms=unwrap,hoist\n" UNWRAP "transforms.hoist.type=" KAFKA "HoistField$Key\ntransforms.hoist.field=k",
    "transforms=hoist\ntransforms.hoist.type=" KAFKA "HoistField$Value\ntransforms.hoist.field=event",
    "transforms=drop\ntransforms.drop.type=" KAFKA "Filter\ntransforms.drop.predicate=dead\npredicates=dead\npredicates.dead.type=" KAFKA "predicates.RecordIsTombstone",
    "transforms=unwrap\n" UNWRAP "transforms.unwrap.predicate=first\npredicates=first\npredicates.first.type=" KAFKA "predicates.TopicNameMatches\npredicates.first.pattern=.*\\.t1",
    "transforms=name\ntransforms.name.type=" KAFKA "SetSchemaMetadata$Value\ntransforms.name.schema.name=event\ntransforms.name.schema.version=7\n"
    "transforms.name.predicate=dead\ntransforms.name.negate=true\npredicates=dead\npredicates.dead.type=" KAFKA "predicates.RecordIsTombstone",
    "transforms=head\ntransforms.head.type=" KAFKA "InsertHeader\ntransforms.head.header=version\ntransforms.head.value.literal=1.5",
    "transforms=head,gone\ntransforms.head.type=" KAFKA "HeaderFrom$Key\ntransforms.head.fields=id\ntransforms.head.headers=id\ntransforms.head.operation=copy\n"
    "transforms.gone.type=" KAFKA "DropHeaders\ntransforms.gone.headers=__debezium.context.taskId",
});
#undef KAFKA
#undef UNWRAP

}  // namespace

std::span<const OptionRow> connector_options() { return kOptions; }
std::span<const OptionRow> unwrap_options() { return kUnwrap; }
std::span<const std::string_view> transform_chains() { return kChains; }

}  // namespace cdcsim::explore
