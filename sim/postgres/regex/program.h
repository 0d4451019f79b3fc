// A compiled regular expression: the syntax as an automaton reads it (Syntax), the tree that
// dissection walks (Part), the automata of its parts (Nfa). Private to this folder.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/postgres/regex/char_set.h"
#include "sim/postgres/regex/regex.h"

namespace cdcsim::pg::regex {

inline constexpr int kUnlimited = 256;  ///< DUPINF: one more than the greatest count
inline constexpr int kMaxCount = 255;   ///< DUPMAX

enum class Anchor : std::uint8_t {
    kLineStart,
    kLineEnd,
    kTextStart,
    kTextEnd,
    kWordStart,
    kWordEnd,
    kWordEdge,
    kNotWordEdge,
};

/// What a piece of pattern matches, captures aside. Shared by the parts that contain it.
struct Syntax {
    enum class Kind : std::uint8_t {
        kEmpty,
        kSet,
        kAnchor,
        kLook,
        kSequence,
        kChoice,
        kRepeat,
        kBackref,  ///< children[0]: a copy of the group, without its anchors: what it may match
    };
    Kind kind = Kind::kEmpty;
    std::uint32_t index = 0;  ///< of the set; the Anchor; the LookKind
    int min = 1, max = 1;     ///< of kRepeat
    std::vector<const Syntax*> children;
    mutable std::unique_ptr<class Nfa> automaton;  ///< of a lookaround's content, made when used

    Syntax();
    ~Syntax();
};

/// Bits of a part: which length it prefers, and what makes it need dissection.
enum PartFlags : unsigned {
    kLonger = 1,
    kShorter = 2,
    kMixed = 4,  ///< both preferences inside
    kCaptures = 8,
    kBackrefs = 16,
};

/// A node of the tree that is dissected.
struct Part {
    enum class Kind : std::uint8_t {
        kPlain,     ///< nothing inside matters
        kBackref,
        kSequence,  ///< of two children
        kChoice,
        kIterate,   ///< children[0], min to max times
        kWrapper,   ///< ((x)): a capture of the same place as children[0]
    };
    Kind kind = Kind::kPlain;
    unsigned flags = 0;
    int capture = 0;  ///< group number, 0: none
    int backref = 0;
    int min = 1, max = 1;
    std::vector<Part*> children;
    const Syntax* syntax = nullptr;
    mutable std::unique_ptr<class Nfa> automaton;  ///< made when first used

    Part();
    ~Part();
};

struct Program {
    RegexFlags flags;
    int groups = 0;
    std::deque<CharSet> sets;
    std::deque<Syntax> syntax;
    std::deque<Part> parts;
    const Part* root = nullptr;
};

/// Throws SqlError 2201B, NotSimulated.
std::unique_ptr<Program> parse(std::u32string_view pattern, RegexFlags flags);

}  // namespace cdcsim::pg::regex
