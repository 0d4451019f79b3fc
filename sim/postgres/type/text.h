// text, varchar, bpchar, name, "char" and the types that share text's input and output
// (varlena.c, varchar.c, name.c, char.c).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

/// Longest name in bytes (NAMEDATALEN - 1).
inline constexpr std::size_t kMaxNameLength = 63;

/// What a length coercion does with characters beyond the length.
enum class Overflow : std::uint8_t {
    kError,     ///< blanks are dropped, anything else is 22001 (input, assignment)
    kTruncate,  ///< an explicit cast
};

/// typmod -1 is no limit; otherwise the length in characters is typmod - 4.
std::string coerce_varchar(std::string_view text, std::int32_t typmod, Overflow overflow);
std::string coerce_bpchar(std::string_view text, std::int32_t typmod, Overflow overflow);

/// A bpchar's characters without the trailing blanks, which do not count.
std::string_view without_blanks(std::string_view text);

/// `text` cut to 63 bytes at a character's edge.
std::string_view clip_name(std::string_view text);

/// charin and charout: "char" is one byte, \ooo for those above 127.
std::uint8_t parse_char(std::string_view text);
void append_char(std::string& out, std::uint8_t value);

}  // namespace cdcsim::pg
