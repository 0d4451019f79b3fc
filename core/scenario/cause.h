// Which statement of a run caused a record.
#pragma once

#include <string>

#include "core/diff/decoded.h"
#include "core/scenario/report.h"

namespace cdcsim::scenario {

/// `INSERT INTO t VALUES (1) (step 2, line 7)`: the statement on one line and where it stands.
std::string describe_statement(const Step& step, const SqlStep& body, const Outcome& outcome);

struct Cause {
    std::string text = "not known";
    const Step* step = nullptr;  ///< null if it is not known
};

/// The statement whose write-ahead log holds the record's LSN; else the one that ran when it came.
Cause cause_of(const RunReport& report, const kafka::Topics& topics, const kafka::Topics::Place& place);

}  // namespace cdcsim::scenario
