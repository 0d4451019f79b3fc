#include "sim/postgres/type/bytea.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string_view character_at(std::string_view text, std::size_t at) {
    return text.substr(at, utf8::length_of(text[at]));
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_digit_at(std::string_view text, std::size_t at) {
    const int value = hex_value(text[at]);
    if (value >= 0) return value;
    throw SqlError("22023", "invalid hexadecimal digit: \"" + std::string(character_at(text, at)) +
                                "\"");
}

/// True if \ooo stands at `at`.
bool is_octal_escape(std::string_view text, std::size_t at) {
    auto digit = [&](std::size_t i, char last) {
        return at + i < text.size() && text[at + i] >= '0' && text[at + i] <= last;
    };
    return digit(1, '3') && digit(2, '7') && digit(3, '7');
}

void append_octal(std::string& out, unsigned char byte) {
    out += '\\';
    out += static_cast<char>('0' + (byte >> 6));
    out += static_cast<char>('0' + (byte >> 3 & 7));
    out += static_cast<char>('0' + (byte & 7));
}

/// The escape format, shared by byteain and decode(..., 'escape').
std::string parse_escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\') {
            out += text[at++];
        } else if (is_octal_escape(text, at)) {
            out += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                                     (text[at + 3] - '0'));
            at += 4;
        } else if (at + 1 < text.size() && text[at + 1] == '\\') {
            out += '\\';
            at += 2;
        } else {
            throw SqlError("22P02", "invalid input syntax for type bytea");
        }
    }
    return out;
}

Datum bytea_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(parse_bytea(text));
}

void bytea_output(Environment& env, const TypeInfo&, const Datum& value, std::string& out) {
    if (env.value_settings().bytea_escape) {
        append_bytea_escaped(out, value.as_text());
    } else {
        out += "\\x";
        append_hex(out, value.as_text());
    }
}

int bytea_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_text().compare(b.as_text());
}

constexpr TypeOps kTypes[] = {
    {oid::kBytea, bytea_input, bytea_output, bytea_compare, nullptr, true},
};

constexpr std::array<std::int8_t, 256> base64_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
        values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}
constexpr std::array<std::int8_t, 256> kBase64Values = base64_values();

[[noreturn]] void bad_base64(std::string_view symbol) {
    throw SqlError("22023", "invalid symbol \"" + std::string(symbol) +
                                "\" found while decoding base64 sequence");
}

/// Four digits of base64 gathered as pg_base64_decode does; `padding` counts the '='.
struct Base64Group {
    std::uint32_t bits = 0;
    int position = 0;
    int padding = 0;
};

int base64_padding(const Base64Group& group) {
    if (group.padding > 0) return group.padding;
    if (group.position == 2) return 1;
    if (group.position == 3) return 2;
    throw SqlError("22023", "unexpected \"=\" while decoding base64 sequence");
}

}  // namespace

std::string parse_bytea(std::string_view text) {
    return text.starts_with("\\x") ? decode_hex(text.substr(2)) : parse_escaped(text);
}

void append_hex(std::string& out, std::string_view bytes) {
    const std::size_t start = out.size();
    out.resize(start + bytes.size() * 2);
    char* at = out.data() + start;
    for (char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *at++ = kHexDigits[byte >> 4];
        *at++ = kHexDigits[byte & 15];
    }
}

std::string decode_hex(std::string_view text) {
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size();) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        const int high = hex_digit_at(text, at++);
        if (at >= text.size()) {
            throw SqlError("22023", "invalid hexadecimal data: odd number of digits");
        }
        out += static_cast<char>(high << 4 | hex_digit_at(text, at++));
    }
    return out;
}

void append_bytea_escaped(std::string& out, std::string_view bytes) {
    for (char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            out += "\\\\";
        } else if (byte < 0x20 || byte > 0x7E) {
            append_octal(out, byte);
        } else {
            out += c;
        }
    }
}

std::string encode_escape(std::string_view bytes) {
    std::string out;
    for (char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            out += "\\\\";
        } else if (byte == 0 || byte > 0x7F) {
            append_octal(out, byte);
        } else {
            out += c;
        }
    }
    return out;
}

std::string decode_escape(std::string_view text) { return parse_escaped(text); }

std::string encode_base64(std::string_view bytes) {
    std::string out;
    std::size_t line_start = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const bool present = at + i < bytes.size();
            bits = bits << 8 | (present ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        }
        out += kBase64Digits[bits >> 18];
        out += kBase64Digits[bits >> 12 & 63];
        out += at + 1 < bytes.size() ? kBase64Digits[bits >> 6 & 63] : '=';
        out += at + 2 < bytes.size() ? kBase64Digits[bits & 63] : '=';
        const bool whole = at + 3 <= bytes.size();
        if (whole && out.size() - line_start >= 76) {
            out += '\n';
            line_start = out.size();
        }
    }
    return out;
}

std::string decode_base64(std::string_view text) {
    std::string out;
    Base64Group group;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (is_blank(c)) continue;
        int value = 0;
        if (c == '=') {
            group.padding = base64_padding(group);
        } else {
            value = kBase64Values[static_cast<unsigned char>(c)];
            if (value < 0) bad_base64(character_at(text, at));
        }
        group.bits = group.bits << 6 | static_cast<std::uint32_t>(value);
        if (++group.position < 4) continue;
        out += static_cast<char>(group.bits >> 16 & 255);
        if (group.padding == 0 || group.padding > 1) out += static_cast<char>(group.bits >> 8 & 255);
        if (group.padding == 0 || group.padding > 2) out += static_cast<char>(group.bits & 255);
        group.bits = 0;
        group.position = 0;
    }
    if (group.position != 0) {
        throw SqlError("22023", "invalid base64 end sequence")
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
    }
    return out;
}

FunctionTables bytea_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
