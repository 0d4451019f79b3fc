// Compares what the two sides answered to one statement, field by field.
#pragma once

#include <optional>
#include <string>

#include "core/scenario/psql_run.h"

namespace cdcsim::explore {

/// One field in which the answers differ.
struct Mismatch {
    std::string field;  ///< "rows", "message", "notice 1 detail"
    std::string real, simulated;
};

/// The days of the two clocks, "2031-05-17": instants of such a day are the same value.
struct ClockDays {
    std::string real, simulated;
};

std::optional<Mismatch> compare_answers(const scenario::MessageAnswer& real, const scenario::MessageAnswer& simulated, const ClockDays& days);

}  // namespace cdcsim::explore
