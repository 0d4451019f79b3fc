// What Connect itself checks of a source connector's configuration, before and after the connector does.
// Mirrors org.apache.kafka.connect.runtime.ConnectorConfig, SourceConnectorConfig and AbstractHerder.
#pragma once

#include <string>
#include <vector>

#include "sim/debezium/connector_options.h"

namespace cdcsim::debezium {

/// Appends a message for each fault: the worker's own options, then transforms, then predicates.
void check_worker_options(const ConfigMap& config, std::vector<std::string>& errors);
/// The options of the converters that the configuration names.
void check_converters(const ConfigMap& config, std::vector<std::string>& errors);

}  // namespace cdcsim::debezium
