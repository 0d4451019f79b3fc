// What one run on the real stack gave, in the form in which goldens hold it.
#pragma once

#include <string>
#include <vector>

#include "core/diff/flat_record.h"
#include "core/kafka/topics.h"
#include "core/scenario/report.h"

namespace cdcsim::live {

struct Recording {
    std::string lines;       ///< as `kcat -J` prints them, by topic, partition, offset
    std::string transcript;  ///< what psql printed, headed by `-- step N`
    std::vector<diff::FlatRecord> records;
};

Recording recording_of(const kafka::Topics& topics, const scenario::RunReport& report);

/// The same from the files beside a scenario. Throws diff::GoldenError.
Recording parse_recording(const std::string& golden, const std::string& transcript);

/// What differs between two recordings of one scenario, beyond what must differ: clocks, counters of
/// the server, the run's id by their names; of all other leaves the numbers, times and uuids in a text.
/// `volatile_columns` are not looked at. Each leaf is named once for a topic.
std::vector<std::string> compare_recordings(const Recording& first, const Recording& second, const std::vector<std::string>& volatile_columns);

}  // namespace cdcsim::live
