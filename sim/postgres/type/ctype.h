// LC_CTYPE of the reference server's databases, C.UTF-8: character classes and simple case mappings
// of all code points, as iswalpha, towupper ... answer there. Frozen in data/ctype.inc, so that no
// locale of the machine counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

/// Bits of character_classes().
namespace char_class {
inline constexpr std::uint16_t kAlpha = 1, kDigit = 2, kAlnum = 4, kUpper = 8, kLower = 16,
                               kSpace = 32, kPunct = 64, kGraph = 128, kPrint = 256, kCntrl = 512;
}

std::uint16_t character_classes(char32_t character);
char32_t to_upper(char32_t character);
char32_t to_lower(char32_t character);

/// upper(text), lower(text), initcap(text).
std::string upper_text(std::string_view text);
std::string lower_text(std::string_view text);
std::string initcap_text(std::string_view text);

}  // namespace cdcsim::pg
