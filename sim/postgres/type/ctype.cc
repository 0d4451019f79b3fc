#include "sim/postgres/type/ctype.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "core/base/utf8.h"

namespace cdcsim::pg {

namespace {

struct ClassRange {
    char32_t first, last;
    std::uint16_t classes;
};
struct CaseRange {
    char32_t first, last, step;
    std::int32_t delta;
};

constexpr ClassRange kClasses[] = {
#define CDCSIM_CTYPE_CLASSES
#include "sim/postgres/type/data/ctype.inc"
#undef CDCSIM_CTYPE_CLASSES
};
constexpr CaseRange kUpper[] = {
#define CDCSIM_CTYPE_UPPER
#include "sim/postgres/type/data/ctype.inc"
#undef CDCSIM_CTYPE_UPPER
};
constexpr CaseRange kLower[] = {
#define CDCSIM_CTYPE_LOWER
#include "sim/postgres/type/data/ctype.inc"
#undef CDCSIM_CTYPE_LOWER
};
static_assert(std::ranges::is_sorted(kClasses, {}, &ClassRange::first));
static_assert(std::ranges::is_sorted(kUpper, {}, &CaseRange::first));
static_assert(std::ranges::is_sorted(kLower, {}, &CaseRange::first));

/// Ranges with a step may overlap (U+0100, U+0102 ... beside U+0101 ...), but no two of one table
/// begin before and end behind the same code point except neighbours: looking at two is enough.
char32_t map_case(std::span<const CaseRange> table, char32_t c) {
    auto it = std::ranges::upper_bound(table, c, {}, &CaseRange::first);
    for (int tries = 0; tries < 3 && it != table.begin(); ++tries) {
        --it;
        if (c <= it->last && (c - it->first) % it->step == 0) {
            return static_cast<char32_t>(static_cast<std::int32_t>(c) + it->delta);
        }
    }
    return c;
}

template <typename Map>
std::string map_text(std::string_view text, Map map) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) utf8::append(out, map(utf8::decode(text, at)));
    return out;
}

}  // namespace

std::uint16_t character_classes(char32_t c) {
    auto it = std::ranges::upper_bound(kClasses, c, {}, &ClassRange::first);
    if (it == std::begin(kClasses)) return 0;
    --it;
    return c <= it->last ? it->classes : std::uint16_t{0};
}

char32_t to_upper(char32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    return map_case(kUpper, c);
}

char32_t to_lower(char32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return map_case(kLower, c);
}

std::string upper_text(std::string_view text) { return map_text(text, to_upper); }
std::string lower_text(std::string_view text) { return map_text(text, to_lower); }

std::string initcap_text(std::string_view text) {
    bool in_word = false;
    return map_text(text, [&](char32_t c) {
        const char32_t mapped = in_word ? to_lower(c) : to_upper(c);
        in_word = (character_classes(c) & char_class::kAlnum) != 0;
        return mapped;
    });
}

}  // namespace cdcsim::pg
