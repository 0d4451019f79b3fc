// LIKE, ILIKE and the patterns of SIMILAR TO (like.c, like_match.c, regexp.c).
#include <algorithm>
#include <string>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/similar.h"
#include "sim/postgres/type/ctype.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// kNever: no longer text could match either, so that the callers' loops can stop.
enum class Match : std::uint8_t { kNo, kYes, kNever };
enum class Unit : std::uint8_t { kByte, kCharacter };

[[noreturn]] void trailing_escape() {
    throw SqlError("22025", "LIKE pattern must not end with escape character");
}

/// What `_` takes from the text.
template <Unit unit>
void skip_one(std::string_view& text) {
    const std::size_t size = unit == Unit::kByte ? 1 : utf8::length_of(text.front());
    text.remove_prefix(std::min(size, text.size()));
}

template <Unit unit>
Match match(std::string_view text, std::string_view pattern);

/// `pattern` begins with %: tries the rest at every place where its first byte occurs. A bad escape
/// is an error only when it is reached.
template <Unit unit>
Match match_percent(std::string_view text, std::string_view pattern) {
    while (!pattern.empty() && (pattern.front() == '%' || pattern.front() == '_')) {
        if (pattern.front() == '_') {
            if (text.empty()) return Match::kNever;
            skip_one<unit>(text);
        }
        pattern.remove_prefix(1);
    }
    if (pattern.empty()) return Match::kYes;
    if (pattern == "\\") trailing_escape();
    const char first = pattern.front() == '\\' ? pattern[1] : pattern.front();
    for (; !text.empty(); skip_one<unit>(text)) {
        if (text.front() != first) continue;
        const Match result = match<unit>(text, pattern);
        if (result != Match::kNo) return result;
    }
    return Match::kNever;
}

template <Unit unit>
Match match(std::string_view text, std::string_view pattern) {
    if (pattern == "%") return Match::kYes;
    while (!text.empty() && !pattern.empty()) {
        if (pattern.front() == '%') return match_percent<unit>(text, pattern);
        if (pattern.front() == '_') {
            skip_one<unit>(text);
            pattern.remove_prefix(1);
            continue;
        }
        if (pattern.front() == '\\') {
            pattern.remove_prefix(1);
            if (pattern.empty()) trailing_escape();
        }
        if (pattern.front() != text.front()) return Match::kNo;
        pattern.remove_prefix(1);
        text.remove_prefix(1);
    }
    if (!text.empty()) return Match::kNo;
    while (pattern.starts_with('%')) pattern.remove_prefix(1);
    return pattern.empty() ? Match::kYes : Match::kNever;
}

template <Unit unit, bool expected>
Datum like(CallContext&, Args args) {
    const Match result = match<unit>(args[0].as_text(), args[1].as_text());
    return Datum::of_bool((result == Match::kYes) == expected);
}

template <bool expected>
Datum iclike(CallContext&, Args args) {
    const std::string text = lower_text(args[0].as_text());
    const std::string pattern = lower_text(args[1].as_text());
    return Datum::of_bool((match<Unit::kCharacter>(text, pattern) == Match::kYes) == expected);
}

[[noreturn]] void bad_escape() {
    throw SqlError("22025", "invalid escape string")
        .hint("Escape string must be empty or one character.");
}

/// The pattern with `escape` replaced by a backslash. An empty one takes the backslash's meaning.
std::string escape_pattern(std::string_view pattern, std::string_view escape, Unit unit) {
    std::string out;
    auto size_at = [&](std::string_view text) {
        const std::size_t size = unit == Unit::kByte ? 1 : utf8::length_of(text.front());
        return std::min(size, text.size());
    };
    if (!escape.empty() && size_at(escape) != escape.size()) bad_escape();
    if (escape == "\\") return std::string(pattern);
    bool after_escape = false;
    while (!pattern.empty()) {
        const std::string_view character = pattern.substr(0, size_at(pattern));
        pattern.remove_prefix(character.size());
        if (!after_escape && !escape.empty() && character == escape) {
            out += '\\';
            after_escape = true;
            continue;
        }
        out += character;
        if (character == "\\" && !after_escape) out += '\\';
        after_escape = false;
    }
    return out;
}

Datum like_escape(CallContext&, Args args) {
    return Datum::of_text(
        escape_pattern(args[0].as_text(), args[1].as_text(), Unit::kCharacter));
}

Datum like_escape_bytea(CallContext&, Args args) {
    return Datum::of_text(escape_pattern(args[0].as_text(), args[1].as_text(), Unit::kByte));
}

Datum similar_to_escape_2(CallContext&, Args args) {
    return Datum::of_text(similar_to_regex(args[0].as_text(), args[1].as_text()));
}

Datum similar_to_escape_1(CallContext&, Args args) {
    return Datum::of_text(similar_to_regex(args[0].as_text(), "\\"));
}

/// The older function: not strict, no escape given means the backslash.
Datum similar_escape(CallContext&, Args args) {
    if (args[0].is_null()) return {};
    const std::string_view escape = args[1].is_null() ? "\\" : std::string_view(args[1].as_text());
    return Datum::of_text(similar_to_regex(args[0].as_text(), escape));
}

constexpr ScalarRow kScalars[] = {
    {"bytealike", like<Unit::kByte, true>},
    {"byteanlike", like<Unit::kByte, false>},
    {"like_escape", like_escape},
    {"like_escape_bytea", like_escape_bytea},
    {"nameiclike", iclike<true>},
    {"nameicnlike", iclike<false>},
    {"namelike", like<Unit::kCharacter, true>},
    {"namenlike", like<Unit::kCharacter, false>},
    {"similar_escape", similar_escape},
    {"similar_to_escape_1", similar_to_escape_1},
    {"similar_to_escape_2", similar_to_escape_2},
    {"texticlike", iclike<true>},
    {"texticnlike", iclike<false>},
    {"textlike", like<Unit::kCharacter, true>},
    {"textnlike", like<Unit::kCharacter, false>},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables text_like_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
