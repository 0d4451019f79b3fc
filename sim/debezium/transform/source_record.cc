#include "sim/debezium/transform/source_record.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/connect/json_text.h"

namespace cdcsim::debezium {

namespace {

/// The end of the string that starts at `at`.
std::size_t string_end(std::string_view json, std::size_t at) {
    for (++at; json[at] != '"'; ++at)
        if (json[at] == '\\') ++at;
    return at + 1;
}

/// The end of the value that starts at `at`.
std::size_t value_end(std::string_view json, std::size_t at) {
    int depth = 0;
    while (at < json.size()) {
        const char c = json[at];
        if (c == '"') {
            at = string_end(json, at);
            continue;
        }
        const bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',')) break;
        depth += c == '{' || c == '[' ? 1 : closes ? -1 : 0;
        ++at;
    }
    return at;
}

}  // namespace

std::vector<std::string_view> field_texts(std::string_view json) {
    std::vector<std::string_view> texts;
    for (std::size_t at = 1; json[at] != '}';) {
        if (json[at] == ',') ++at;
        const std::size_t start = string_end(json, at) + 1;  // behind the name and its colon
        at = value_end(json, start);
        texts.push_back(json.substr(start, at - start));
    }
    return texts;
}

std::vector<std::string_view> item_texts(std::string_view json) {
    std::vector<std::string_view> texts;
    for (std::size_t at = 1; json[at] != ']';) {
        if (json[at] == ',') ++at;
        const std::size_t start = at;
        at = value_end(json, start);
        texts.push_back(json.substr(start, at - start));
    }
    return texts;
}

int decimal_scale(const connect::Schema& decimal) {
    const auto scale = std::ranges::find(decimal.parameters, "scale", &std::pair<std::string, std::string>::first);
    return scale == decimal.parameters.end() ? 0 : std::stoi(scale->second);
}

std::string struct_text(const connect::Schema& schema, const std::vector<std::string_view>& texts) {
    CDCSIM_CHECK(schema.fields.size() == texts.size());
    std::string out = "{";
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        connect::append_json_string(out, schema.fields[i].name);
        out += ':';
        out += texts[i];
    }
    out += '}';
    return out;
}

}  // namespace cdcsim::debezium
