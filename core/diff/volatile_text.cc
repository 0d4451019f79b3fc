#include "core/diff/volatile_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdcsim::diff {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Matches a shape at the begin of a text: 9 is a digit, h a hexadecimal one, else itself.
std::size_t match_shape(std::string_view text, std::string_view shape) {
    if (text.size() < shape.size()) return 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool fits = shape[i] == '9' ? is_digit(text[i]) : shape[i] == 'h' ? is_hex(text[i]) : text[i] == shape[i];
        if (!fits) return 0;
    }
    return shape.size();
}

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && is_digit(text[at + count])) ++count;
    return count;
}

/// `12:34[:56[.789]]` and a zone, or 0.
std::size_t time_length(std::string_view text) {
    std::size_t length = match_shape(text, "99:99");
    if (length == 0) return 0;
    if (match_shape(text.substr(length), ":99")) length += 3;
    if (length < text.size() && text[length] == '.') {
        const std::size_t fraction = digits_at(text, length + 1);
        if (fraction > 0) length += fraction + 1;
    }
    if (length < text.size() && text[length] == 'Z') return length + 1;
    if (length < text.size() && (text[length] == '+' || text[length] == '-')) {
        const std::string_view zone = text.substr(length + 1);
        if (match_shape(zone, "99:99")) return length + 6;
        if (match_shape(zone, "99")) return length + 3;
    }
    return length;
}

std::size_t timestamp_length(std::string_view text) {
    const std::size_t year = digits_at(text, 0);
    if (year >= 4 && match_shape(text.substr(year), "-99-99")) {
        const std::size_t date = year + 6;
        if (date < text.size() && (text[date] == 'T' || text[date] == ' ')) {
            const std::size_t time = time_length(text.substr(date + 1));
            if (time > 0) return date + 1 + time;
        }
        return date;
    }
    return time_length(text);
}

std::size_t number_length(std::string_view text) {
    std::size_t length = digits_at(text, 0);
    if (length > 0 && length < text.size() && text[length] == '.') {
        const std::size_t fraction = digits_at(text, length + 1);
        if (fraction > 0) length += fraction + 1;
    }
    return length;
}

Token next_token(std::string_view text, bool in_word) {
    if (!in_word) {
        if (const std::size_t n = match_shape(text, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh")) return {Token::Kind::kUuid, text.substr(0, n)};
        if (const std::size_t n = timestamp_length(text)) return {Token::Kind::kTimestamp, text.substr(0, n)};
        if (const std::size_t n = number_length(text)) return {Token::Kind::kNumber, text.substr(0, n)};
    }
    return {Token::Kind::kText, text.substr(0, 1)};
}

/// True if two texts split alike: same kinds, same literal parts.
bool same_shape(const std::vector<Token>& a, const std::vector<Token>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Token& x, const Token& y) {
        return x.kind == y.kind && (x.kind != Token::Kind::kText || x.text == y.text);
    });
}

/// So fine a value is never equal by chance: microseconds, uuids.
bool is_fine(std::string_view value) {
    const std::size_t point = value.rfind('.');
    const std::size_t fraction = point == std::string_view::npos ? 0 : digits_at(value, point + 1);
    return fraction >= 4 || digits_at(value, 0) >= 16 || match_shape(value, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh") > 0;
}

/// A clock read to the millisecond or second: two different readings are often equal.
bool is_coarse_clock(const Runs& runs) {
    return std::all_of(runs.begin(), runs.end(), [](std::string_view value) {
        const std::size_t digits = digits_at(value, 0);
        const bool epoch = digits == value.size() && digits >= 10 && digits <= 15;
        return epoch || (timestamp_length(value) == value.size() && !is_fine(value));
    });
}

/// Without the zeros that end a fraction of a second: Java writes them in groups of three digits,
/// PostgreSQL never.
std::string without_zeros(std::string_view value) {
    std::string out(value);
    const std::size_t point = timestamp_length(value) == value.size() ? value.rfind('.') : std::string_view::npos;
    if (point == std::string_view::npos) return out;
    const std::size_t end = point + 1 + digits_at(value, point + 1);
    std::size_t kept = end;
    while (kept > point + 1 && value[kept - 1] == '0') --kept;
    return out.erase(kept, end - kept);
}

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
    std::vector<Token> out;
    bool in_word = false;  // digits inside a word are no number
    std::size_t literal = 0, at = 0;
    const auto flush = [&] {
        if (at > literal) out.push_back({Token::Kind::kText, text.substr(literal, at - literal)});
    };
    while (at < text.size()) {
        const Token token = next_token(text.substr(at), in_word);
        if (token.kind == Token::Kind::kText) {
            in_word = is_letter(text[at]) || (in_word && is_digit(text[at]));
            ++at;
            continue;
        }
        flush();
        out.push_back(token);
        at += token.text.size();
        literal = at;
        in_word = false;
    }
    flush();
    return out;
}

std::optional<std::string> Equalities::check(const Runs& runs, std::string_view real, Strictness strictness) {
    if (strictness == Strictness::kLoose || is_coarse_clock(runs)) return std::nullopt;
    const std::array<std::string, 3> key{without_zeros(runs[0]), without_zeros(runs[1]), without_zeros(runs[2])};
    const std::string value = without_zeros(real);
    const auto [known, is_new] = real_of_.try_emplace(key, value);
    if (!is_new && known->second != value) {
        return fmt::format("the same volatile value ({} in the simulator) was {} before", runs[0], known->second);
    }
    if (!is_fine(real)) return std::nullopt;
    const auto [other, is_first] = runs_of_.try_emplace(value, key);
    if (!is_first && other->second != key) {
        return fmt::format("this value stood for {} before, here for {}", other->second[0], runs[0]);
    }
    return std::nullopt;
}

std::optional<std::string> compare_text(const Runs& runs, std::string_view real, Equalities& equalities,
                                        Equalities::Strictness strictness) {
    if (is_stable(runs)) return runs[0] == real ? std::nullopt : std::optional<std::string>("");
    const std::array<std::vector<Token>, 3> split{tokenize(runs[0]), tokenize(runs[1]), tokenize(runs[2])};
    if (!same_shape(split[0], split[1]) || !same_shape(split[0], split[2])) {
        return equalities.check(runs, real, strictness);  // volatile as a whole
    }
    const std::vector<Token> real_tokens = tokenize(real);
    if (real_tokens.size() != split[0].size()) return "its shape differs";
    for (std::size_t i = 0; i < real_tokens.size(); ++i) {
        const Runs part{split[0][i].text, split[1][i].text, split[2][i].text};
        if (is_stable(part)) {
            if (part[0] != real_tokens[i].text) return fmt::format("\"{}\" is not \"{}\"", real_tokens[i].text, part[0]);
            continue;
        }
        if (real_tokens[i].kind != split[0][i].kind) return "its shape differs";
        if (auto why = equalities.check(part, real_tokens[i].text, strictness)) return why;
    }
    return std::nullopt;
}

}  // namespace cdcsim::diff
