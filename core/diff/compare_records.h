// Compares the simulator's records with those of a golden, byte for byte except for what cannot be
// equal: volatile leaves (found by three runs), transaction ids and LSNs (mapped one to one), commit
// LSNs (a name space of their own), Kafka's timestamps.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/diff/flat_record.h"

namespace cdcsim::diff {

/// The records of three runs of one scenario.
using RunRecords = std::array<std::vector<FlatRecord>, 3>;

/// One difference. `record` is an index into the first run's records (the golden's if it is missing).
struct Difference {
    std::string topic;
    std::int64_t offset = 0;
    std::string path;       ///< `value.payload.after.amount`, `key`, `headers[2]`; "" for a whole record
    std::string expected;   ///< what the golden has
    std::string actual;     ///< what the simulator has
    std::string note;
};

struct Comparison {
    std::vector<Difference> differences;
    std::size_t records = 0;           ///< compared
    std::size_t volatile_leaves = 0;
    std::size_t skipped_leaves = 0;    ///< of the scenario's volatile columns
};

/// The runs have another shape (records, topics, keys): nullptr-like "" if they agree, else a text.
std::string shape_difference(const RunRecords& runs);

/// REQUIRES: shape_difference(runs) is "".
Comparison compare_records(const RunRecords& runs, const std::vector<FlatRecord>& golden,
                           const std::vector<std::string>& volatile_columns);

/// Compares psql's output of a scenario: "" if it fits, else the first line that does not.
struct TranscriptDifference {
    std::string step;  ///< `-- step 3`
    std::string expected, actual;
    bool shape_differs = false;  ///< between the runs
};
std::vector<TranscriptDifference> compare_transcripts(const std::array<std::string, 3>& runs,
                                                      const std::string& golden);

}  // namespace cdcsim::diff
