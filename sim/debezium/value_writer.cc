#include "sim/debezium/value_writer.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/connect/json_text.h"

namespace cdcsim::debezium {

namespace {

/// The code unit of `uXXXX` at the start of `text`.
unsigned unit_at(std::string_view text) {
    unsigned unit = 0;
    std::from_chars(text.data() + 1, text.data() + 5, unit, 16);
    return unit;
}

char simple_escape(char c) {
    switch (c) {
        case 'b':
            return '\b';
        case 't':
            return '\t';
        case 'n':
            return '\n';
        case 'f':
            return '\f';
        case 'r':
            return '\r';
        default:
            return c;
    }
}

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : 63;
}

std::string base64_bytes(std::string_view text) {
    std::string out;
    unsigned buffer = 0;
    int bits = 0;
    for (char c : text) {
        if (c == '=') break;
        buffer = buffer << 6 | static_cast<unsigned>(base64_value(c));
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(buffer >> bits & 0xFF);
    }
    return out;
}

/// What ObjectOutputStream makes of a String: its header, a tag, the length and modified UTF-8.
std::string java_serialized(std::string_view text) {
    std::string body;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        if (c < 0xF0 || i + 4 > text.size()) {
            body += text[i];
            continue;
        }
        unsigned point = 0;
        for (char part : text.substr(i, 4))
            point = point << 6 | (static_cast<unsigned>(part) & 0x3F);
        point = (point & 0x1FFFFF) - 0x10000;
        utf8::append(body, 0xD800 + (point >> 10));
        utf8::append(body, 0xDC00 + (point & 0x3FF));
        i += 3;
    }
    bool is_long = body.size() > 0xFFFF;
    std::string out("\xAC\xED\x00\x05", 4);
    out += is_long ? '|' : 't';
    for (int shift = is_long ? 56 : 8; shift >= 0; shift -= 8)
        out += static_cast<char>(body.size() >> shift & 0xFF);
    return out + body;
}

std::string hashed_json(const ValueMapper& mapper, std::string_view json) {
    std::string text = json_string_text(json);
    std::string hex;
    connect::append_hex(
        hex, mapper.digest(mapper.salt + (mapper.java_serialized ? java_serialized(text) : text)));
    if (mapper.length > 0 && hex.size() > static_cast<std::size_t>(mapper.length))
        hex.resize(static_cast<std::size_t>(mapper.length));
    return "\"" + hex + "\"";
}

}  // namespace

std::string json_string_text(std::string_view json) {
    std::string out;
    json = json.substr(1, json.size() - 2);
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i] != '\\') {
            out += json[i];
        } else if (json[++i] == 'u') {
            unsigned point = unit_at(json.substr(i));
            i += 4;
            if (point >= 0xD800 && point < 0xDC00) {
                point = 0x10000 + ((point - 0xD800) << 10) + (unit_at(json.substr(i + 2)) - 0xDC00);
                i += 6;
            }
            utf8::append(out, point);
        } else {
            out += simple_escape(json[i]);
        }
    }
    return out;
}

std::string mapped_json(const ValueMapper& mapper, std::string json, connect::SchemaType type) {
    if (mapper.kind == ValueMapper::Kind::kConstant) return mapper.constant_json;
    if (mapper.kind == ValueMapper::Kind::kNone || json.empty() || json[0] != '"') return json;
    if (mapper.kind == ValueMapper::Kind::kHash) return hashed_json(mapper, json);
    auto length = static_cast<std::size_t>(mapper.length);
    std::string text = json_string_text(json);
    std::string out;
    if (type == connect::SchemaType::kBytes) {
        std::string bytes = base64_bytes(text);
        if (bytes.size() <= length) return json;
        out = "\"";
        connect::append_base64(out, std::string_view(bytes).substr(0, length));
        return out + "\"";
    }
    if (connect::utf16_length(text) <= length) return json;
    connect::append_json_string(out, connect::utf16_prefix(text, length));
    return out;
}

namespace {

connect::SchemaType mapped_type(const ColumnWriter& column) {
    return column.header_form == ColumnWriter::HeaderForm::kString ? connect::SchemaType::kString
                                                                   : connect::SchemaType::kBytes;
}

}  // namespace

void append_value(const ColumnWriter& column, std::string_view text, std::string& out) {
    if (column.decoded_as_null) return append_null(column, out);
    auto start = out.size();
    if (!column.write(column, text, out)) {
        out.resize(start);
        if (column.required)
            throw NotSimulated("a value of the NOT NULL column \"" + column.column_name +
                               "\" that the connector cannot convert");
        out += column.null_json;
        return;
    }
    if (column.mapper.kind == ValueMapper::Kind::kNone) return;
    std::string json = out.substr(start);
    out.resize(start);
    out += mapped_json(column.mapper, std::move(json), mapped_type(column));
}

}  // namespace cdcsim::debezium
