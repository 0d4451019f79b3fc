// Character classes of the C locale, whatever locale the process is in.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

constexpr bool ascii_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool ascii_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool ascii_alnum(char c) {
    return ascii_digit(c) || ascii_alpha(c);
}
constexpr bool ascii_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr bool ascii_punct(char c) {
    return c > ' ' && c < '\x7f' && !ascii_alnum(c);
}
constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char ascii_upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// downcase_truncate_identifier: lower case, cut to 63 bytes at a character's edge.
inline std::string downcase_identifier(std::string_view text) {
    constexpr std::size_t kMaxBytes = 63;
    if (text.size() > kMaxBytes) {
        std::size_t cut = kMaxBytes;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
        text = text.substr(0, cut);
    }
    std::string out(text);
    for (char& c : out) c = ascii_lower(c);
    return out;
}

}  // namespace cdcsim::pg
