#include "core/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/error.h"

namespace cdcsim::utf8 {

namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

/// pg_utf8_islegal: the length of the legal sequence at `at`, or 0.
std::size_t legal_length(std::string_view text, std::size_t at) {
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t size = length_of(text[at]);
    if (text.size() - at < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned second = byte_at(text, at + 1);
    const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                     (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    return bad ? 0 : size;
}

/// How many bytes from `at` on are surely ASCII and not NUL: a multiple of 8.
std::size_t plain_run(std::string_view text, std::size_t at) {
    constexpr std::uint64_t kHigh = 0x8080808080808080ULL, kOnes = 0x0101010101010101ULL;
    const std::size_t begin = at;
    for (; text.size() - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        if (((word | (word - kOnes)) & kHigh) != 0) break;
    }
    return at - begin;
}

}  // namespace

bool is_ascii(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    for (; end - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        if ((word & 0x8080808080808080ULL) != 0) return false;
    }
    return std::all_of(at, end, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t offset(std::string_view text, std::size_t index) {
    std::size_t at = 0;
    for (; index > 0 && at < text.size(); --index) at += length_of(text[at]);
    return std::min(at, text.size());
}

char32_t decode(std::string_view text, std::size_t& at) {
    const unsigned lead = byte_at(text, at);
    const std::size_t size = std::min(length_of(text[at]), text.size() - at);
    char32_t value = size == 1 ? lead : lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte_at(text, at + i) & 0x3F);
    at += size;
    return value;
}

void append(std::string& out, char32_t c) {
    auto put = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6);
        put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3F));
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    }
}

std::size_t invalid_at(std::string_view text) {
    std::size_t at = plain_run(text, 0);
    while (at < text.size()) {
        const std::size_t size = legal_length(text, at);
        if (size == 0) return at;
        at += size;
        if (size == 1) at += plain_run(text, at);
    }
    return std::string_view::npos;
}

void require_valid(std::string_view text) {
    const std::size_t at = invalid_at(text);
    if (at == std::string_view::npos) return;
    constexpr char kDigits[] = "0123456789abcdef";
    std::string message = "invalid byte sequence for encoding \"UTF8\": ";
    const std::size_t end = std::min(text.size(), at + length_of(text[at]));
    for (std::size_t i = at; i < end; ++i) {
        if (i > at) message += ' ';
        message += "0x";
        message += kDigits[byte_at(text, i) >> 4];
        message += kDigits[byte_at(text, i) & 15];
    }
    throw SqlError("22021", message);
}

}  // namespace cdcsim::utf8
