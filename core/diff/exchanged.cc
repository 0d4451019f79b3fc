#include "core/diff/exchanged.h"

#include <fmt/format.h>

#include "core/diff/json.h"

namespace cdcsim::diff {

namespace {

/// What a record says, without clocks and counters.
std::string gist(const FlatRecord& record) {
    std::string out = record.key.value_or("null") + "\n";
    if (!record.value) return out + "null";
    const auto json = parse_json(*record.value);
    const Json* payload = json ? json->find("payload") : nullptr;
    if (payload == nullptr && json) payload = &*json;
    if (payload == nullptr || payload->find("op") == nullptr) return out + *record.value;
    for (const char* name : {"op", "before", "after"}) {
        const Json* member = payload->find(name);
        out += (member != nullptr ? print_json(*member) : "") + "\n";
    }
    return out;
}

bool are_neighbours(const FlatRecord& first, const FlatRecord& second) {
    return first.topic == second.topic && first.partition == second.partition && first.offset + 1 == second.offset;
}

}  // namespace

std::string exchange_note(const std::vector<FlatRecord>& run, std::size_t i, const std::vector<FlatRecord>& golden, std::size_t j) {
    if (gist(run[i]) == gist(golden[j])) return "";
    for (const bool before : {true, false}) {
        if (before && (i == 0 || j == 0)) continue;
        const std::size_t a = before ? i - 1 : i, b = before ? j - 1 : j;
        if (a + 1 >= run.size() || b + 1 >= golden.size() || !are_neighbours(run[a], run[a + 1]) || !are_neighbours(golden[b], golden[b + 1])) continue;
        if (gist(run[a]) != gist(golden[b + 1]) || gist(run[a + 1]) != gist(golden[b])) continue;
        return fmt::format("the records at offsets {} and {} are exchanged", golden[b].offset, golden[b + 1].offset);
    }
    return "";
}

}  // namespace cdcsim::diff
