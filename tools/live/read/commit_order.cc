#include "tools/live/read/commit_order.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/diff/decoded.h"

namespace cdcsim::live {

namespace {

using diff::Json;

/// Kafka's timestamp, last commit's position, the record's own, microseconds of the connector.
using Key = std::array<std::uint64_t, 4>;

std::uint64_t number_of(std::string_view text) {
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

std::uint64_t number_at(const Json& payload, std::initializer_list<std::string_view> path) {
    const Json* found = payload.find_path(path);
    return found ? number_of(found->text) : 0;
}

/// Fills in what the record tells of its place; the rest stays as it was before it.
void read_place(const Json& payload, Key& key) {
    if (const Json* sequence = payload.find_path({"source", "sequence"}); sequence && !sequence->text.empty()) {
        const auto parts = diff::parse_json(sequence->text);
        if (parts && parts->items.size() == 2) {
            key[1] = number_of(parts->items[0].text);
            key[2] = number_of(parts->items[1].text);
        }
    } else if (const Json* status = payload.find("status"); status && payload.find("event_count")) {
        const Json* id = payload.find("id");  // "xid:lsn"
        const std::size_t colon = id ? id->text.find(':') : std::string::npos;
        if (colon != std::string::npos && status->text == "END") key[1] = number_of(std::string_view(id->text).substr(colon + 1));
        key[2] = 0;  // BEGIN before the rows of its transaction, END before those of the next
    }
    if (const std::uint64_t clock = number_at(payload, {"ts_us"}); clock > 0) key[3] = clock;
}

struct Placed {
    Key key;
    std::string topic;
};

}  // namespace

std::vector<std::string> in_commit_order(const std::map<std::string, std::vector<kafka::Record>>& topics) {
    std::vector<Placed> placed;
    diff::Decoder decoder;
    for (const auto& [name, records] : topics) {
        Key key{};
        for (const kafka::Record& record : records) {
            Key next = key;
            next[0] = static_cast<std::uint64_t>(std::max<std::int64_t>(0, record.timestamp_ms));
            if (!record.value.is_null && topics.size() > 1) read_place(decoder.decode(record).value.payload, next);
            key = std::max(key, next);  // a topic's own order is never changed
            placed.push_back({key, name});
        }
    }
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) { return a.key < b.key; });
    std::vector<std::string> out;
    for (Placed& one : placed) out.push_back(std::move(one.topic));
    return out;
}

}  // namespace cdcsim::live
