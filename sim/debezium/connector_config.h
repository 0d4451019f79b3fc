// The connector's configuration, read once into typed fields. Mirrors PostgresConnectorConfig.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/connect/schema.h"
#include "sim/debezium/connector_options.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/table_model.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/unwrap.h"

namespace cdcsim::debezium {

enum class DecimalMode { kPrecise, kDouble, kString };
enum class TimeMode {
    kAdaptive,
    kAdaptiveTimeMicroseconds,
    kConnect,
    kMicroseconds,
    kNanoseconds,
    kIsoString
};
enum class BinaryMode { kBytes, kBase64, kBase64UrlSafe, kHex };
enum class NameAdjustment { kNone, kAvro, kAvroUnicode };
enum class SnapshotMode {
    kInitial,
    kInitialOnly,
    kNoData,
    kAlways,
    kWhenNeeded,
    kConfigurationBased
};
enum class PublicationMode { kAllTables, kFiltered, kDisabled, kNoTables };

/// One column.mask / truncate / propagate rule.
struct ColumnRule {
    enum class Kind { kTruncate, kMask, kHashV1, kHashV2, kPropagateType };
    Kind kind;
    RegexList columns;  ///< schema.table.column, or schema.table.type for by_datatype
    bool by_datatype = false;
    int length = 0;  ///< characters to keep, or asterisks to show
    std::string (*digest)(std::string_view) = nullptr;
    std::string salt;
};

/// One part of replica.identity.autoset.values.
struct ReplicaIdentityRule {
    RegexList tables;      ///< schema.table
    std::string identity;  ///< as ALTER TABLE ... REPLICA IDENTITY says it
};

struct ConnectorConfig {
    /// REQUIRES: a configuration that validate_config() accepted.
    explicit ConnectorConfig(const ConfigMap& config);

    std::string topic_prefix, topic_delimiter, transaction_topic;
    std::string database, slot_name, publication_name;
    PublicationMode publication_mode;
    bool publish_via_partition_root, drop_slot_on_stop, flush_lsn;
    /// The publish option for a publication that is created, if skipped.operations was set.
    std::optional<std::string> publish_operations;

    std::vector<ReplicaIdentityRule> replica_identities;

    SnapshotMode snapshot_mode;
    bool snapshots_data = false, streams = true;  ///< of snapshot.mode=configuration_based
    RegexList snapshot_tables;
    std::map<std::string, std::string> snapshot_selects;  ///< by schema.table
    std::string snapshot_failure;  ///< what its set-up throws, "class: message"; "": nothing

    DecimalMode decimal_mode;
    TimeMode time_mode;
    BinaryMode binary_mode;
    bool interval_as_string, hstore_as_map, include_unknown_types;
    int money_fraction_digits;
    std::string unavailable_value;  ///< bytes
    std::string unavailable_text;   ///< the same as Java decodes them
    NameAdjustment schema_name_adjustment, field_name_adjustment;

    bool tombstones_on_delete, transaction_metadata, extended_headers, skip_unchanged;
    std::string skipped_operations;  ///< their letters
    std::vector<ColumnRule> column_rules;

    connect::JsonConverterConfig key_converter, value_converter;
    std::optional<Unwrap> unwrap;
    std::shared_ptr<TransformChain> transforms;
    int heartbeat_interval_ms;  ///< 0: no heartbeats
    std::string heartbeat_topic;
    bool needs_keys;            ///< of a topic that topic.creation makes compacted
    std::string start_failure;  ///< the trace of a task that fails before it does anything; "": none

    bool captures(const TableId& table) const;
    /// Which entry of table.include.list lets it in: the snapshot goes by these.
    std::size_t include_place(const TableId& table) const {
        return table_include_.first_match(table.text());
    }
    bool includes_column(const TableId& table, const std::string& column) const;
    bool includes_message(const std::string& prefix) const;
    /// message.key.columns' columns of the table, in the order configured; empty: the table's key.
    std::vector<std::string> custom_key(const Table& table) const;
    const ColumnRule* rule_for(const TableId& table, const Column& column) const;
    bool skips(char operation) const {
        return skipped_operations.find(operation) != std::string::npos;
    }

    bool converts_to_text() const { return key_converter.as_java_text || value_converter.as_java_text; }

    /// Topic of a table's events, made safe for Kafka.
    std::string topic_of(const TableId& table) const;
    std::string adjusted_schema_name(const std::string& name) const;
    std::string adjusted_field_name(const std::string& name) const;

  private:
    RegexList schema_include_, schema_exclude_, table_include_, table_exclude_;
    RegexList column_include_, column_exclude_, message_include_, message_exclude_;
    std::vector<JavaRegex> key_columns_;
};

}  // namespace cdcsim::debezium
