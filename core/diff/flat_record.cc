#include "core/diff/flat_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/diff/json.h"

namespace cdcsim::diff {

namespace {

std::int64_t integer(const Json& object, std::string_view name) {
    const Json* value = object.find(name);
    std::int64_t out = 0;
    if (!value || !value->is(Json::Kind::kNumber)) throw GoldenError(fmt::format("\"{}\" is missing", name));
    std::from_chars(value->text.data(), value->text.data() + value->text.size(), out);
    return out;
}

std::string text(const Json& object, std::string_view name) {
    const Json* value = object.find(name);
    if (!value || !value->is(Json::Kind::kString)) throw GoldenError(fmt::format("\"{}\" is missing", name));
    return value->text;
}

std::optional<std::string> optional_text(const Json& value) {
    return value.is(Json::Kind::kString) ? std::optional(value.text) : std::nullopt;
}

FlatRecord read_record(const Json& line) {
    FlatRecord out;
    out.topic = text(line, "topic");
    out.partition = integer(line, "partition");
    out.offset = integer(line, "offset");
    out.timestamp_ms = integer(line, "ts");
    if (const Json* headers = line.find("headers")) {
        for (std::size_t i = 0; i + 1 < headers->items.size(); i += 2) {
            out.headers.push_back({headers->items[i].text, optional_text(headers->items[i + 1])});
        }
    }
    if (const Json* key = line.find("key")) out.key = optional_text(*key);
    if (const Json* value = line.find("payload")) out.value = optional_text(*value);
    return out;
}

}  // namespace

std::vector<FlatRecord> flatten(const kafka::Topics& topics) {
    std::vector<FlatRecord> out;
    for (const std::string& name : topics.names()) {
        for (std::size_t i = 0; i < topics.size(name); ++i) {
            const kafka::Record& record = topics.at(name, i);
            FlatRecord& flat = out.emplace_back();
            flat.topic = name;
            flat.partition = record.partition;
            flat.offset = record.offset;
            flat.timestamp_ms = record.timestamp_ms;
            if (record.headers) flat.headers = *record.headers;
            flat.key = record.key.text();
            flat.value = record.value.text();
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const FlatRecord& a, const FlatRecord& b) {
        return std::tie(a.topic, a.partition, a.offset) < std::tie(b.topic, b.partition, b.offset);
    });
    return out;
}

Golden parse_golden(std::string_view content) {
    Golden out;
    int number = 0;
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        const auto line = parse_json(content.substr(0, end));
        content.remove_prefix(std::min(end + 1, content.size()));
        ++number;
        if (!line || !line->is_object()) throw GoldenError(fmt::format("line {} is no JSON object", number));
        try {
            if (number > 1) {
                out.records.push_back(read_record(*line));
                continue;
            }
            if (integer(*line, "golden") != 1) throw GoldenError("this format of goldens is not known");
            out.postgres = text(*line, "postgres");
            out.connector = text(*line, "connector");
            out.kafka = text(*line, "kafka");
            out.scenario_sha256 = text(*line, "scenario_sha256");
        } catch (const GoldenError& error) {
            throw GoldenError(fmt::format("line {}: {}", number, error.what()));
        }
    }
    if (number == 0) throw GoldenError("the file is empty");
    return out;
}

std::string golden_header(const Golden& golden) {
    return fmt::format(R"({{"golden":1,"postgres":{},"connector":{},"kafka":{},"scenario_sha256":{}}})", quote_json(golden.postgres),
                       quote_json(golden.connector), quote_json(golden.kafka), quote_json(golden.scenario_sha256));
}

}  // namespace cdcsim::diff
