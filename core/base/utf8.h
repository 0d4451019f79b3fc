// UTF-8 as PostgreSQL's multibyte routines see it (wchar.c). Text inside the simulator is always
// valid UTF-8; what comes from outside is checked with invalid_at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cdcsim::utf8 {

/// Bytes of the character that begins with `lead`; 1 for bytes that begin none.
inline std::size_t length_of(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0xC0) return 1;
    if (byte < 0xE0) return 2;
    return byte < 0xF0 ? 3 : byte < 0xF8 ? 4 : 1;
}

/// True if all bytes are ASCII: then characters are bytes.
bool is_ascii(std::string_view text);

/// Number of characters.
std::size_t count(std::string_view text);

/// Byte offset of character number `index` (0-based), or the size of `text` if it has fewer.
std::size_t offset(std::string_view text, std::size_t index);

/// The character at byte `at`, which is moved behind it. REQUIRES: valid UTF-8, at < size.
char32_t decode(std::string_view text, std::size_t& at);

void append(std::string& out, char32_t character);

/// Offset of the first byte sequence that is not valid UTF-8 (overlong forms, surrogates and
/// U+0000 included), or npos.
std::size_t invalid_at(std::string_view text);

/// Throws PostgreSQL's 22021 if `text` is not valid UTF-8.
void require_valid(std::string_view text);

}  // namespace cdcsim::utf8
