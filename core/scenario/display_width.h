// How many terminal columns a character takes, as psql counts them. Mirrors wchar.c's ucs_wcwidth.
#pragma once

namespace cdcsim::scenario {

/// 0, 1 or 2 columns; -1 for control characters.
int display_width(char32_t code);

}  // namespace cdcsim::scenario
