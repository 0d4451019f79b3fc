// The records of a run on standard output: for people, for jq, or as kcat prints them.
#pragma once

#include <string>
#include <vector>

#include "core/kafka/topics.h"
#include "core/scenario/report.h"

namespace cdcsim::cli {

struct OutputOptions {
    std::vector<std::string> topics;  ///< only these; empty: all
    bool payload_only = false;        ///< without schemas
    bool color = false;
};

bool wanted(const OutputOptions& options, const std::string& topic);

/// A line for each record, by topic, partition, offset.
std::string json_output(const kafka::Topics& topics, const OutputOptions& options);
std::string kcat_output(const kafka::Topics& topics, const OutputOptions& options);

/// One step: what was done and which records came of it.
std::string pretty_step(const scenario::StepReport& step, const kafka::Topics& topics, const OutputOptions& options);

}  // namespace cdcsim::cli
