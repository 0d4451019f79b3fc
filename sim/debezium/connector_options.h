// Every option of the PostgreSQL connector 3.6.3 and of Connect's source connectors, in one table:
// what validation says of it and whether this simulator obeys it. Validation, refusals and the
// README's support table come from these rows.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::debezium {

/// A connector's configuration as it is sent to Connect's REST interface.
using ConfigMap = std::map<std::string, std::string>;

struct Option {
    enum class Type { kString, kPassword, kInt, kLong, kBoolean, kList, kClass };
    enum class Use {
        kObeyed,       ///< read by ConnectorConfig
        kNoEffect,     ///< changes nothing that can be seen in records
        kDefaultOnly,  ///< another value than the default refuses the connector by name
    };
    /// What Debezium's Field.validate checks, in the order in which it reports.
    enum class Check {
        kNone,
        kRequired,
        kTopicName,
        kHostname,
        kInteger,
        kLong,
        kBoolean,
        kPositiveInteger,
        kNonNegativeInteger,
        kPositiveLong,
        kNonNegativeLong,
        kAllowed,
        kRegexList,
        kClassName,
        kKeyValuePairs,
        kSlotName,
        kOperations,
        kKeyColumns,
        kReplicaIdentity,
        kQueueSize
    };
    std::string_view name;
    Type type;
    std::string_view default_value;  ///< no data(): null
    Use use;
    Check checks[2];
    std::string_view allowed;  ///< "a, b" for kAllowed
};

/// In the order of PostgresConnectorConfig.ALL_FIELDS, the order of error messages.
std::span<const Option> connector_options();
/// Options that the connector reads although its ConfigDef does not list them.
std::span<const Option> unlisted_options();
/// What Connect itself reads of a source connector's configuration.
std::span<const Option> worker_options();

/// Throws ConnectError(400) with Connect's message for an invalid configuration, then NotSimulated
/// ("connector option X") for a valid one that asks for what is not obeyed.
void validate_config(const ConfigMap& config);

/// String.trim() of what options hold.
std::string trimmed(std::string_view text);
/// ASCII letters in lower case.
std::string lowered(std::string_view text);
/// Whether Integer.parseInt takes it.
bool is_java_int(std::string_view text);
/// The parts of a list, trimmed; one, empty, of an empty text.
std::vector<std::string> split_trimmed(std::string_view text, char separator);

/// The option's value, or its default; empty for null. REQUIRES: a known option.
std::string option_value(const ConfigMap& config, std::string_view name);

}  // namespace cdcsim::debezium
