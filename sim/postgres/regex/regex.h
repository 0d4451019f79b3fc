// PostgreSQL's regular expressions: Henry Spencer's advanced ones (AREs) with POSIX's leftmost,
// longest matching, non-greedy quantifiers, back references and lookaround (regcomp.c, regexec.c).
//
// The pattern becomes two things: an automaton for any part of it, which says how far the part can
// match, and a tree of those parts in which something hangs on where they match (captures, back
// references, mixed greediness). A match is found by the automaton of the whole, then dissected down
// the tree; the order in which dissection tries the possibilities is what makes captures what they
// are, so it follows regexec.c step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

/// The options of a regular expression. Embedded ones, (?i), change them.
struct RegexFlags {
    enum class Flavor : std::uint8_t { kAdvanced, kExtended, kLiteral };
    Flavor flavor = Flavor::kAdvanced;
    bool ignore_case = false;
    bool newline_stops = false;   ///< . and [^x] do not match a line feed
    bool newline_anchors = false; ///< ^ and $ match at line feeds
    bool expanded = false;        ///< blanks and comments do not count

    auto operator<=>(const RegexFlags&) const = default;
};

/// Character offsets [start, end); start < 0: the group took no part.
struct RegexSpan {
    std::ptrdiff_t start = -1, end = -1;
    bool matched() const { return start >= 0; }
};

namespace regex {
struct Program;
}

class Regex {
  public:
    /// Throws SqlError 2201B; NotSimulated for what is not built.
    Regex(std::u32string_view pattern, RegexFlags flags);
    ~Regex();
    Regex(Regex&&) noexcept;

    /// Number of capturing groups.
    int group_count() const;

    /// The first match that starts at `from` or later. `groups` is resized to 1 + group_count():
    /// the match, then the groups; nullptr if only the answer counts.
    bool search(std::u32string_view text, std::size_t from, std::vector<RegexSpan>* groups) const;

  private:
    std::unique_ptr<regex::Program> program_;
};

/// The compiled form of a pattern in UTF-8; the last few of a thread are kept.
const Regex& compiled_regex(std::string_view pattern, RegexFlags flags);

}  // namespace cdcsim::pg
