// A generated statement as a tree: rendered it is SQL, and the shrinker knows what of it can be left
// out (list items, optional clauses, everything that belongs to one column) or made simpler
// (an expression by one of its parts).
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace cdcsim::explore {

struct Piece {
    enum class Kind {
        kText,
        kGroup,       ///< its parts one after the other
        kList,        ///< its parts with `text` between them, at least `least` of them
        kOptional,    ///< a group that may be left out
        kExpression,  ///< a group that a part of it, or `text` (a constant), may stand for
    };
    Kind kind = Kind::kText;
    std::string text;
    std::vector<Piece> parts;
    std::size_t least = 1;
    std::string tag;  ///< pieces of one tag (a column of a table) leave together

    Piece() = default;
    Piece(std::string t) : text(std::move(t)) {}   // a text is a piece
    Piece(const char* t) : text(t) {}
};

template <typename... Parts>
Piece group(Parts&&... parts) {
    Piece out;
    out.kind = Piece::Kind::kGroup;
    (out.parts.emplace_back(std::forward<Parts>(parts)), ...);
    return out;
}

template <typename... Parts>
Piece optional(Parts&&... parts) {
    Piece out = group(std::forward<Parts>(parts)...);
    out.kind = Piece::Kind::kOptional;
    return out;
}

Piece list(std::vector<Piece> items, std::string separator = ", ", std::size_t least = 1);
Piece tagged(std::string tag, Piece piece);

std::string render(const Piece& piece);

/// What a script is made of.
using Statements = std::vector<Piece>;

/// All trees that are one step simpler than `piece`.
std::vector<Piece> simpler(const Piece& piece);
/// The tags that occur.
std::vector<std::string> tags_of(const Statements& statements);
/// Without the pieces of that tag. False: something would be left that is no list any more.
bool without_tag(Piece& piece, const std::string& tag);

}  // namespace cdcsim::explore
