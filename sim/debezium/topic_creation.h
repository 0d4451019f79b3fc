// How Connect would create a connector's topics: topic.creation.*. Mirrors SourceConnectorConfig and
// TopicCreationConfig. One broker and one partition for each topic are simulated, so only what keeps them is taken.
#pragma once

#include "sim/debezium/connector_options.h"

namespace cdcsim::debezium {

/// Throws ConnectError(500) with Connect's message for an invalid configuration, NotSimulated for topics that
/// would be other ones than the simulated.
void check_topic_creation(const ConfigMap& config);
/// Whether some topic would be compacted: the broker takes no record without a key for it.
bool compacts_topics(const ConfigMap& config);

}  // namespace cdcsim::debezium
