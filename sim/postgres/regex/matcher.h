// Finding a match and dissecting it (regexec.c). Private to this folder.
#pragma once

#include <string_view>
#include <vector>

#include "sim/postgres/regex/nfa.h"
#include "sim/postgres/regex/program.h"

namespace cdcsim::pg::regex {

class Matcher {
  public:
    Matcher(const Program& program, std::u32string_view text)
        : program_(program), text_(text), groups_(static_cast<std::size_t>(program.groups) + 1) {}

    enum class Want : bool { kAnswer, kGroups };
    /// The first match that starts at `from` or later.
    bool search(std::ptrdiff_t from, Want want);
    /// The match and its groups, after search(..., kGroups) was true.
    const std::vector<RegexSpan>& groups() const { return groups_; }

  private:
    using Place = std::ptrdiff_t;

    bool search_plain(Place from, Want want);
    bool search_backrefs(Place from);
    bool match_backrefs_at(Place begin);
    /// Whether the whole expression matches [begin, end), with groups_ set.
    bool take(Place begin, Place end);

    /// Whether `part` matches exactly [begin, end), and where its captures are.
    bool dissect(const Part& part, Place begin, Place end);
    bool dissect_sequence(const Part& part, Place begin, Place end);
    bool dissect_sequence_shortest(const Part& part, Place begin, Place end);
    bool dissect_choice(const Part& part, Place begin, Place end);
    bool dissect_iterations(const Part& part, Place begin, Place end);
    bool dissect_backref(const Part& part, Place begin, Place end) const;
    bool try_middle(const Part& part, Place begin, Place middle, Place end);
    void forget(const Part& part);
    bool same(char32_t a, char32_t b) const;

    Nfa& automaton(const Part& part) const;
    Place longest(const Part& part, Place begin, Place limit) const {
        return automaton(part).longest(text_, begin, limit);
    }
    Place shortest(const Part& part, Place begin, Place least, Place most) const {
        return automaton(part).shortest(text_, begin, least, most);
    }

    friend class Iterations;

    const Program& program_;
    std::u32string_view text_;
    std::vector<RegexSpan> groups_;
};

}  // namespace cdcsim::pg::regex
