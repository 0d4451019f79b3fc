#include "core/kafka/kcat_json.h"

#include "core/connect/json_text.h"

namespace cdcsim::kafka {

namespace {

void append_member(std::string& out, std::string_view name, std::int64_t value) {
    out += name;
    connect::append_integer(out, value);
}

/// The parts of a content escaped one after the other, without assembling them first.
void append_content(std::string& out, const Content& content) {
    if (content.is_null) {
        out += "null";
        return;
    }
    out += '"';
    if (content.prefix) connect::append_json_escaped_raw(out, *content.prefix);
    connect::append_json_escaped_raw(out, content.payload);
    if (content.closed_by_brace) out += '}';
    out += '"';
}

void append_headers(std::string& out, const Headers& headers) {
    char separator = '[';
    for (const auto& header : headers) {
        out += separator;
        separator = ',';
        append_yajl_string(out, header.key);
        out += ',';
        if (header.value)
            append_yajl_string(out, *header.value);
        else
            out += "null";
    }
    out += ']';
}

}  // namespace

void append_yajl_string(std::string& out, std::string_view text) {
    connect::append_json_string_raw(out, text);
}

void append_kcat_json(std::string& out, std::string_view topic, const Record& record) {
    out += "{\"topic\":";
    append_yajl_string(out, topic);
    append_member(out, ",\"partition\":", record.partition);
    append_member(out, ",\"offset\":", record.offset);
    append_member(out, ",\"tstype\":\"create\",\"ts\":", record.timestamp_ms);
    out += ",\"broker\":1";
    if (record.headers && !record.headers->empty()) {
        out += ",\"headers\":";
        append_headers(out, *record.headers);
    }
    out += ",\"key\":";
    append_content(out, record.key);
    out += ",\"payload\":";
    append_content(out, record.value);
    out += '}';
}

}  // namespace cdcsim::kafka
