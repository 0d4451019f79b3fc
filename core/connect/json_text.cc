#include "core/connect/json_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace cdcsim::connect {

namespace {

constexpr char kUpperHex[] = "0123456789ABCDEF";
constexpr char kLowerHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool needs_escape(unsigned char c) {
    return c < 0x20 || c == '"' || c == '\\';
}

void append_escape(std::string& out, unsigned char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\r':
            out += "\\r";
            return;
        default:
            out += "\\u00";
            out += kUpperHex[c >> 4];
            out += kUpperHex[c & 15];
    }
}

void append_base64_with(std::string& out, std::string_view bytes, const char* alphabet) {
    std::size_t i = 0;
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    for (; i + 2 < bytes.size(); i += 3) {
        unsigned n = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        out += alphabet[n >> 18];
        out += alphabet[n >> 12 & 63];
        out += alphabet[n >> 6 & 63];
        out += alphabet[n & 63];
    }
    if (i + 1 == bytes.size()) {
        out += alphabet[byte(i) >> 2];
        out += alphabet[(byte(i) & 3) << 4];
        out += "==";
    } else if (i + 2 == bytes.size()) {
        unsigned n = byte(i) << 8 | byte(i + 1);
        out += alphabet[n >> 10];
        out += alphabet[n >> 4 & 63];
        out += alphabet[(n & 15) << 2];
        out += '=';
    }
}

unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

/// UTF-16 units of the UTF-8 character that begins with `lead`, or 0 for a continuation byte.
std::size_t units_of_lead(unsigned char lead) {
    if ((lead & 0xC0) == 0x80) return 0;
    return lead >= 0xF0 ? 2 : 1;
}

}  // namespace

namespace {

/// The code point of one UTF-8 character of three or four bytes.
std::uint32_t code_point(std::string_view bytes) {
    std::uint32_t point = 0;
    for (char c : bytes) point = point << 6 | (static_cast<unsigned char>(c) & 0x3F);
    return point & (bytes.size() == 4 ? 0x1FFFFF : 0xFFFF);
}

std::uint32_t high_surrogate(std::string_view four) {
    return 0xD800 + ((code_point(four) - 0x10000) >> 10);
}

void append_unit(std::string& out, std::uint32_t unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kUpperHex[unit >> shift & 15];
}

/// How many bytes of `text` at `at` are not written as they are: a character of two UTF-16 units, or
/// the lone half that utf16_prefix leaves.
std::size_t surrogate_bytes(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead >= 0xF0) return at + 4 <= text.size() ? 4 : 0;
    return lead == 0xED && at + 3 <= text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0 ? 3 : 0;
}

void append_surrogates(std::string& out, std::string_view bytes) {
    if (bytes.size() == 3) return append_unit(out, code_point(bytes));
    append_unit(out, high_surrogate(bytes));
    append_unit(out, 0xDC00 + (code_point(bytes) & 0x3FF));
}

/// The first half of a pair alone, in the three bytes that UTF-8 would give it.
void append_high_surrogate(std::string& out, std::string_view four) {
    const std::uint32_t unit = high_surrogate(four);
    out += '\xED';
    out += static_cast<char>(0x80 | (unit >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (unit & 0x3F));
}

/// How many bytes from `at` on surely need no escape: a multiple of 8.
std::size_t clean_run(std::string_view text, std::size_t at) {
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL, kHigh = kOnes * 0x80;
    const std::size_t begin = at;
    for (; text.size() - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::uint64_t quotes = word ^ (kOnes * '"'), backslashes = word ^ (kOnes * '\\');
        // A byte's high bit: it is not ASCII, less than 0x20, a quote or a backslash. One above a byte
        // that is may be set wrongly; then the slow way looks at it.
        if (((word | (word - kOnes * 0x20) | (quotes - kOnes) | (backslashes - kOnes)) & kHigh) != 0) break;
    }
    return at - begin;
}

template <bool kSplitsSurrogates>
void append_escaped(std::string& out, std::string_view text) {
    std::size_t clean = 0;
    for (std::size_t i = clean_run(text, 0); i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        const std::size_t wide = kSplitsSurrogates && c >= 0xED ? surrogate_bytes(text, i) : 0;
        if (wide == 0 && !needs_escape(c)) continue;
        out.append(text, clean, i - clean);
        if (wide > 0) {
            append_surrogates(out, text.substr(i, wide));
            i += wide - 1;
        } else {
            append_escape(out, c);
        }
        clean = i + 1;
    }
    out.append(text, clean, text.size() - clean);
}

}  // namespace

void append_json_escaped_raw(std::string& out, std::string_view text) {
    append_escaped<false>(out, text);
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_escaped<true>(out, text);
    out += '"';
}

void append_json_string_raw(std::string& out, std::string_view text) {
    out += '"';
    append_escaped<false>(out, text);
    out += '"';
}

void append_integer(std::string& out, std::int64_t value) {
    std::array<char, 24> buffer;
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    out.append(buffer.data(), end);
}

void append_base64(std::string& out, std::string_view bytes) {
    append_base64_with(out, bytes, kBase64);
}

std::string bytes_of_base64(std::string_view text) {
    std::string bytes;
    unsigned bits = 0;
    int held = 0;
    for (char c : text.substr(0, text.find('='))) {
        bits = bits << 6 | static_cast<unsigned>(std::string_view(kBase64).find(c));
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes += static_cast<char>(bits >> held & 0xFF);
    }
    return bytes;
}

void append_base64_url(std::string& out, std::string_view bytes) {
    append_base64_with(out, bytes, kBase64Url);
}

void append_hex(std::string& out, std::string_view bytes) {
    for (char c : bytes) {
        auto b = static_cast<unsigned char>(c);
        out += kLowerHex[b >> 4];
        out += kLowerHex[b & 15];
    }
}

std::string bytes_of_hex(std::string_view hex) {
    std::string out;
    out.reserve(hex.size() / 2);
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(hex_digit(hex[i]) << 4 | hex_digit(hex[i + 1]));
    return out;
}

std::size_t utf16_length(std::string_view utf8) {
    std::size_t units = 0;
    for (char c : utf8) units += units_of_lead(static_cast<unsigned char>(c));
    return units;
}

std::string utf16_prefix(std::string_view utf8, std::size_t units) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        std::size_t more = units_of_lead(static_cast<unsigned char>(utf8[i]));
        if (more > 0 && used + more > units) {
            std::string out(utf8.substr(0, i));
            if (used < units) append_high_surrogate(out, utf8.substr(i, 4));
            return out;
        }
        used += more;
    }
    return std::string(utf8);
}

}  // namespace cdcsim::connect
