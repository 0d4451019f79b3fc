#include <fmt/format.h>

#include <algorithm>

#include "core/diff/decoded.h"
#include "core/diff/json.h"
#include "core/kafka/kcat_json.h"
#include "tools/cdcsim/output.h"

namespace cdcsim::cli {

namespace {

/// The content without its schema.
kafka::Content payload_of(const kafka::Content& content, const diff::DecodedContent& decoded) {
    kafka::Content out = content;
    if (content.is_null || !decoded.schema) return out;
    if (content.prefix && content.closed_by_brace) {
        out.prefix.reset();
        out.closed_by_brace = false;
        return out;
    }
    const std::string text = *content.text();
    out.payload = text.substr(decoded.payload.begin, decoded.payload.end - decoded.payload.begin);
    return out;
}

/// JSON as it is, other text as a JSON string.
std::string as_json(const kafka::Content& content) {
    const auto text = content.text();
    if (!text) return "null";
    return diff::parse_json(*text) ? *text : diff::quote_json(*text);
}

template <typename Print>
std::string lines(const kafka::Topics& topics, const OutputOptions& options, const Print& print) {
    diff::Decoder decoder;
    std::string out;
    for (const std::string& name : topics.names()) {
        if (!wanted(options, name)) continue;
        for (std::size_t i = 0; i < topics.size(name); ++i) {
            kafka::Record record = topics.at(name, i);
            if (options.payload_only) {
                const diff::DecodedRecord decoded = decoder.decode(record);
                record.key = payload_of(record.key, decoded.key);
                record.value = payload_of(record.value, decoded.value);
            }
            print(out, name, record);
            out += '\n';
        }
    }
    return out;
}

}  // namespace

bool wanted(const OutputOptions& options, const std::string& topic) {
    return options.topics.empty() || std::find(options.topics.begin(), options.topics.end(), topic) != options.topics.end();
}

std::string kcat_output(const kafka::Topics& topics, const OutputOptions& options) {
    return lines(topics, options, [](std::string& out, const std::string& topic, const kafka::Record& record) {
        kafka::append_kcat_json(out, topic, record);
    });
}

std::string json_output(const kafka::Topics& topics, const OutputOptions& options) {
    return lines(topics, options, [](std::string& out, const std::string& topic, const kafka::Record& record) {
        out += fmt::format(R"({{"topic":{},"partition":{},"offset":{},"timestamp":{},"headers":{{)", diff::quote_json(topic), record.partition,
                           record.offset, record.timestamp_ms);
        bool first = true;
        for (const auto& header : record.headers ? *record.headers : kafka::Headers{}) {
            out += first ? "" : ",";
            first = false;
            out += diff::quote_json(header.key) + ":" + (header.value ? diff::quote_json(*header.value) : "null");
        }
        out += fmt::format(R"(}},"key":{},"value":{}}})", as_json(record.key), as_json(record.value));
    });
}

}  // namespace cdcsim::cli
