#include "tools/live/record/recording.h"

#include <algorithm>
#include <tuple>

#include "core/kafka/kcat_json.h"

namespace cdcsim::live {

Recording recording_of(const kafka::Topics& topics, const scenario::RunReport& report) {
    Recording out;
    for (const std::string& name : topics.names()) {
        std::vector<const kafka::Record*> records;
        for (std::size_t i = 0; i < topics.size(name); ++i) records.push_back(&topics.at(name, i));
        std::stable_sort(records.begin(), records.end(), [](const auto* a, const auto* b) { return std::tie(a->partition, a->offset) < std::tie(b->partition, b->offset); });
        for (const kafka::Record* record : records) {
            kafka::append_kcat_json(out.lines, name, *record);
            out.lines += '\n';
        }
    }
    out.transcript = scenario::transcript(report);
    out.records = diff::flatten(topics);
    return out;
}

Recording parse_recording(const std::string& golden, const std::string& transcript) {
    Recording out;
    out.records = diff::parse_golden(golden).records;
    out.transcript = transcript;
    const std::size_t header = golden.find('\n');
    if (header != std::string::npos) out.lines = golden.substr(header + 1);
    return out;
}

}  // namespace cdcsim::live
