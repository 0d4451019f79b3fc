#include "sim/postgres/parser/negative_integer.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace cdcsim::pg {
namespace {

// As A_Const and as a bare node; braces inside strings of the tree stand behind escaped quotes.
constexpr std::string_view kConstant = "\"ival\":{}", kNode = "\"Integer\":{}";
constexpr std::string_view kAfterOption = "},\"defaction\":";  // behind a DefElem's argument
constexpr std::string_view kLocation = "\"location\":";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c) ||
           static_cast<unsigned char>(c) >= 0x80U;
}

/// Past blanks and comments (which nest).
void skip_blanks(std::string_view text, std::size_t& at) {
    int depth = 0;
    while (at < text.size()) {
        std::string_view rest = text.substr(at);
        if (rest.starts_with("/*")) {
            ++depth;
            at += 2;
        } else if (depth > 0) {
            bool closes = rest.starts_with("*/");
            depth -= closes ? 1 : 0;
            at += closes ? 2 : 1;
        } else if (rest.starts_with("--")) {
            at = std::min(text.find('\n', at), text.size());
        } else if (rest[0] == ' ' || (rest[0] >= '\t' && rest[0] <= '\r')) {
            ++at;
        } else {
            return;
        }
    }
}

/// The digits of the negative number whose sign is at `at`: "-5", "- 5", "-(5)", "-(-(-5))".
std::string_view digits_after_sign(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == '-' || text[at] == '(')) {
        ++at;
        skip_blanks(text, at);
    }
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    return at < text.size() ? text.substr(at, end - at) : std::string_view();
}

/// From the name of an option on to what may be its value's sign.
std::size_t skip_option_name(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] != '-' && !is_digit(text[at])) {
        if (text[at] == '"') {
            at = std::min(text.find('"', at + 1), text.size() - 1) + 1;
        } else if (is_word(text[at])) {
            while (at < text.size() && is_word(text[at])) ++at;
        } else {
            ++at;
        }
        skip_blanks(text, at);
    }
    return at;
}

/// The location that follows `at` in the tree's text, or npos.
std::size_t location_after(std::string_view json, std::size_t at) {
    std::size_t found = json.find(kLocation, at);
    std::size_t value = std::string_view::npos;
    if (found == std::string_view::npos) return value;
    const char* begin = json.data() + found + kLocation.size();
    std::from_chars(begin, json.data() + json.size(), value);
    return value;
}

}  // namespace

bool has_unwritten_integer(std::string_view json) {
    return json.find(kConstant) != std::string_view::npos ||
           json.find(kNode) != std::string_view::npos;
}

std::string restore_negative_integers(std::string_view text, std::string_view json) {
    std::string out;
    std::size_t copied = 0;
    while (true) {
        std::size_t constant = json.find(kConstant, copied), node = json.find(kNode, copied);
        std::size_t found = std::min(constant, node);
        if (found == std::string_view::npos) break;
        std::size_t empty = found + (found == constant ? kConstant : kNode).size() - 1;  // the }
        out += json.substr(copied, empty - copied);
        copied = empty;
        bool located = found == constant || json.substr(empty + 1).starts_with(kAfterOption);
        std::size_t at = located ? location_after(json, empty) : text.size();
        if (at >= text.size()) continue;
        if (found == node) at = skip_option_name(text, at);
        if (at >= text.size() || text[at] != '-') continue;
        std::string_view digits = digits_after_sign(text, at);
        if (digits.find_first_not_of('0') == std::string_view::npos) continue;
        out += "\"ival\":-";
        out += digits.substr(digits.find_first_not_of('0'));  // JSON has no leading zeros
    }
    return out.append(json.substr(copied));
}

}  // namespace cdcsim::pg
