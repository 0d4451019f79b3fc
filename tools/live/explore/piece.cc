#include "tools/live/explore/piece.h"

#include <algorithm>
#include <functional>
#include <set>

namespace cdcsim::explore {

namespace {

void render_into(const Piece& piece, std::string& out) {
    if (piece.kind == Piece::Kind::kText) {
        out += piece.text;
        return;
    }
    const bool is_list = piece.kind == Piece::Kind::kList;
    for (std::size_t i = 0; i < piece.parts.size(); ++i) {
        if (is_list && i > 0) out += piece.text;
        render_into(piece.parts[i], out);
    }
}

using Take = std::function<void(const Piece&)>;

void expressions_within(const Piece& piece, const Take& take) {
    for (const Piece& part : piece.parts) {
        if (part.kind == Piece::Kind::kExpression) {
            take(part);
        } else {
            expressions_within(part, take);
        }
    }
}

// What may stand for the piece itself.
void replacements(const Piece& piece, const Take& take) {
    if (piece.kind == Piece::Kind::kOptional && !piece.parts.empty()) {
        take(Piece(""));
    } else if (piece.kind == Piece::Kind::kList && piece.parts.size() > piece.least) {
        for (std::size_t i = piece.parts.size(); i-- > 0;) {
            if (!piece.parts[i].tag.empty()) continue;
            Piece shorter = piece;
            shorter.parts.erase(shorter.parts.begin() + static_cast<std::ptrdiff_t>(i));
            take(shorter);
        }
    } else if (piece.kind == Piece::Kind::kExpression && !piece.parts.empty()) {
        expressions_within(piece, take);
        if (!piece.text.empty() && render(piece) != piece.text) take(Piece(piece.text));
    }
}

void walk(const Piece& piece, const Take& take) {
    replacements(piece, take);
    for (std::size_t i = 0; i < piece.parts.size(); ++i) {
        walk(piece.parts[i], [&](const Piece& part) {
            Piece copy = piece;
            const std::string tag = copy.parts[i].tag;
            copy.parts[i] = part;
            copy.parts[i].tag = tag;
            take(copy);
        });
    }
}

void collect_tags(const Piece& piece, std::set<std::string>& tags) {
    if (!piece.tag.empty()) tags.insert(piece.tag);
    for (const Piece& part : piece.parts) collect_tags(part, tags);
}

}  // namespace

Piece list(std::vector<Piece> items, std::string separator, std::size_t least) {
    Piece out;
    out.kind = Piece::Kind::kList;
    out.text = std::move(separator);
    out.parts = std::move(items);
    out.least = least;
    return out;
}

Piece tagged(std::string tag, Piece piece) {
    piece.tag = std::move(tag);
    return piece;
}

std::string render(const Piece& piece) {
    std::string out;
    render_into(piece, out);
    return out;
}

std::vector<Piece> simpler(const Piece& piece) {
    std::vector<Piece> out;
    walk(piece, [&](const Piece& candidate) { out.push_back(candidate); });
    return out;
}

std::vector<std::string> tags_of(const Statements& statements) {
    std::set<std::string> tags;
    for (const Piece& statement : statements) collect_tags(statement, tags);
    return {tags.begin(), tags.end()};
}

bool without_tag(Piece& piece, const std::string& tag) {
    const std::size_t before = piece.parts.size();
    std::erase_if(piece.parts, [&](const Piece& part) { return part.tag == tag; });
    if (piece.kind == Piece::Kind::kList && before > 0 && piece.parts.size() < piece.least) return false;
    return std::all_of(piece.parts.begin(), piece.parts.end(), [&](Piece& part) { return without_tag(part, tag); });
}

}  // namespace cdcsim::explore
