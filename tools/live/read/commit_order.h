// The order of commits across topics, as far as records tell it: real topics are read one by one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/kafka/record.h"

namespace cdcsim::live {

/// The topics of the records in the order in which the connector sent them: a name for each record,
/// those of one topic standing for its records in their order. A record is placed by Kafka's timestamp
/// (the producer's clock, in milliseconds), then by the positions of its `source.sequence` (or of
/// `transaction.id` on a transaction topic), then by the connector's clock; a record without them,
/// such as a tombstone, follows the one before it in its topic.
std::vector<std::string> in_commit_order(const std::map<std::string, std::vector<kafka::Record>>& topics);

}  // namespace cdcsim::live
