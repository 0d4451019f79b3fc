// The automaton of a piece of pattern: how far it can match from a place (longest, shortest of
// regexec.c). States are simulated as a set, anchors and lookaround are asked at the place itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/postgres/regex/program.h"

namespace cdcsim::pg::regex {

/// "No match" of the functions below; they return character offsets otherwise.
inline constexpr std::ptrdiff_t kNoMatch = -1;

class Nfa {
  public:
    /// Throws NotSimulated if it becomes too large.
    Nfa(const Program& program, const Syntax& syntax);

    /// The farthest end <= limit of a match that starts at `begin`.
    std::ptrdiff_t longest(std::u32string_view text, std::ptrdiff_t begin, std::ptrdiff_t limit);
    /// The nearest end in [least, most] of a match that starts at `begin`.
    std::ptrdiff_t shortest(std::u32string_view text, std::ptrdiff_t begin, std::ptrdiff_t least,
                            std::ptrdiff_t most);
    /// The nearest end of a match that starts at `from` or later.
    std::ptrdiff_t first_end(std::u32string_view text, std::ptrdiff_t from);
    /// Whether a match that starts anywhere ends at `end` (lookbehind).
    bool ends_at(std::u32string_view text, std::ptrdiff_t end);

  private:
    enum class Op : std::uint8_t { kSet, kSplit, kAnchor, kLook, kMatch };
    struct Node {
        Op op = Op::kMatch;
        std::uint32_t index = 0;  ///< Set, Anchor
        std::uint32_t next = 0, other = 0;
        const CharSet* set = nullptr;
        const Syntax* look = nullptr;
    };
    enum class Anchors : bool { kKeep, kDrop };

    std::uint32_t add_node(Node node);
    /// Emits code for `syntax` that goes on at `next`; returns its entry.
    std::uint32_t emit(const Syntax& syntax, std::uint32_t next, Anchors anchors);
    std::uint32_t emit_repeat(const Syntax& syntax, std::uint32_t next, Anchors anchors);

    /// One simulation step: the states at one place.
    struct States {
        std::vector<std::uint32_t> waiting;  ///< kSet nodes
        bool accepts = false;
    };
    void start();
    void enter(std::uint32_t node, std::u32string_view text, std::ptrdiff_t at);
    /// Reads text[at - 1]; the states are those at `at`.
    void step(std::u32string_view text, std::ptrdiff_t at);
    bool look_holds(const Node& node, std::u32string_view text, std::ptrdiff_t at) const;

    const Program& program_;
    std::vector<Node> nodes_;
    std::uint32_t entry_ = 0;

    // Scratch of the simulation, kept to save allocations. `seen_` holds the step's number.
    States now_, before_;
    std::vector<std::uint32_t> seen_, stack_;
    std::uint32_t step_ = 0;
};

}  // namespace cdcsim::pg::regex
