#include "sim/postgres/regex/lexer.h"

#include "core/base/error.h"
#include "sim/postgres/type/ctype.h"

namespace cdcsim::pg::regex {

namespace {

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int digit_value(char32_t c) {
    if (is_digit(c)) return static_cast<int>(c - '0');
    const char32_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? static_cast<int>(lower - 'a') + 10 : 99;
}

constexpr char32_t kLastCharacter = 0x7FFFFFFE;

/// Escapes that are one character.
struct EscapedCharacter {
    char32_t letter;
    std::uint32_t value;
};
constexpr EscapedCharacter kEscapedCharacters[] = {
    {'a', 7}, {'b', '\b'}, {'B', '\\'}, {'e', 27}, {'f', '\f'}, {'n', '\n'},
    {'r', '\r'}, {'t', '\t'}, {'v', '\v'},
};

/// Escapes that are a token of their own.
struct EscapedToken {
    char32_t letter;
    Token token;
    std::uint32_t value;
};
constexpr EscapedToken kEscapedTokens[] = {
    {'A', Token::kTextStart, 0},    {'d', Token::kClass, 'd'},      {'D', Token::kComplement, 'd'},
    {'m', Token::kWordStart, 0},    {'M', Token::kWordEnd, 0},      {'s', Token::kClass, 's'},
    {'S', Token::kComplement, 's'}, {'w', Token::kClass, 'w'},      {'W', Token::kComplement, 'w'},
    {'y', Token::kWordEdge, 0},     {'Y', Token::kNotWordEdge, 0},  {'Z', Token::kTextEnd, 0},
};

}  // namespace

void fail(std::string_view problem) {
    throw SqlError("2201B", "invalid regular expression: " + std::string(problem));
}

Lexer::Lexer(std::u32string_view pattern, RegexFlags& flags) : pattern_(pattern), flags_(flags) {
    read_prefixes();
    if (flags_.flavor == RegexFlags::Flavor::kLiteral) context_ = Context::kQuote;
    next();
}

/// "***=" takes the rest literally, "***:" says that it is an ARE; other uses of "***" are errors.
void Lexer::read_prefixes() {
    if (flags_.flavor == RegexFlags::Flavor::kLiteral) return;
    if (pattern_.size() >= 4 && pattern_.starts_with(U"***")) {
        switch (pattern_[3]) {
            case '?':
                fail("invalid regexp (reg version 0.8)");
            case '=':
                flags_.flavor = RegexFlags::Flavor::kLiteral;
                flags_.expanded = flags_.newline_stops = flags_.newline_anchors = false;
                at_ = 4;
                return;
            case ':':
                flags_.flavor = RegexFlags::Flavor::kAdvanced;
                at_ = 4;
                break;
            default:
                fail(kBadOperand);
        }
    }
    if (flags_.flavor == RegexFlags::Flavor::kAdvanced) read_embedded_options();
}

void Lexer::read_embedded_options() {
    if (pattern_.size() - at_ < 3 || pattern_.substr(at_, 2) != U"(?") return;
    auto is_alpha = [](char32_t c) { return (character_classes(c) & char_class::kAlpha) != 0; };
    if (!is_alpha(pattern_[at_ + 2])) return;
    for (at_ += 2; !at_end() && is_alpha(pattern_[at_]); ++at_) {
        switch (pattern_[at_]) {
            case 'b':
                throw NotSimulated("a basic regular expression (option b)");
            case 'c':
                flags_.ignore_case = false;
                break;
            case 'e':
                flags_.flavor = RegexFlags::Flavor::kExtended;
                break;
            case 'i':
                flags_.ignore_case = true;
                break;
            case 'm':
            case 'n':
                flags_.newline_stops = flags_.newline_anchors = true;
                break;
            case 'p':
                flags_.newline_stops = true;
                flags_.newline_anchors = false;
                break;
            case 'q':
                flags_.flavor = RegexFlags::Flavor::kLiteral;
                break;
            case 's':
                flags_.newline_stops = flags_.newline_anchors = false;
                break;
            case 't':
                flags_.expanded = false;
                break;
            case 'w':
                flags_.newline_stops = false;
                flags_.newline_anchors = true;
                break;
            case 'x':
                flags_.expanded = true;
                break;
            default:
                fail(kBadOption);
        }
    }
    if (!looking_at(')')) fail(kBadOption);
    ++at_;
    if (flags_.flavor == RegexFlags::Flavor::kLiteral) {
        flags_.expanded = flags_.newline_stops = flags_.newline_anchors = false;
    }
}

void Lexer::skip_blanks() {
    while (true) {
        while (!at_end() && is_blank(pattern_[at_])) ++at_;
        if (!looking_at('#')) return;
        while (!at_end() && pattern_[at_] != '\n') ++at_;
    }
}

void Lexer::give(Token type, std::uint32_t value) {
    type_ = type;
    value_ = value;
}

bool Lexer::eat(Token type) {
    if (!at(type)) return false;
    next();
    return true;
}

std::u32string Lexer::take_name() {
    std::u32string name;
    for (next(); at(Token::kPlain); next()) name += value_;
    next();
    return name;
}

void Lexer::next() {
    last_ = type_;
    const bool blanks_count = context_ != Context::kRegex && context_ != Context::kBraces;
    if (flags_.expanded && !blanks_count) skip_blanks();
    switch (context_) {
        case Context::kRegex:
            return at_end() ? give(Token::kEnd) : next_in_regex();
        case Context::kQuote:
            return at_end() ? give(Token::kEnd) : give(Token::kPlain, pattern_[at_++]);
        case Context::kBraces:
            return at_end() ? fail(kBadBraces) : next_in_braces();
        case Context::kBrackets:
            return at_end() ? fail(kBadBrackets) : next_in_brackets();
        case Context::kDotName:
            return next_in_name('.');
        case Context::kEqualName:
            return next_in_name('=');
        case Context::kColonName:
            return next_in_name(':');
    }
}

void Lexer::next_in_name(char32_t closer) {
    if (at_end()) fail(kBadBrackets);
    const char32_t c = pattern_[at_++];
    if (c != closer || !looking_at(']')) return give(Token::kPlain, c);
    ++at_;
    context_ = Context::kBrackets;
    give(Token::kEndOfName);
}

void Lexer::next_in_braces() {
    const char32_t c = pattern_[at_++];
    if (is_digit(c)) return give(Token::kDigit, c - '0');
    if (c == ',') return give(Token::kComma);
    if (c != '}') fail(kBadRepetition);
    context_ = Context::kRegex;
    quantifier(Token::kCloseBrace);
}

void Lexer::next_in_brackets() {
    const char32_t c = pattern_[at_++];
    switch (c) {
        case '\\':
            if (flags_.flavor != RegexFlags::Flavor::kAdvanced) return give(Token::kPlain, c);
            if (at_end()) fail(kBadEscape);
            escape();
            if (type_ != Token::kPlain && type_ != Token::kClass && type_ != Token::kComplement) {
                fail(kBadEscape);
            }
            return;
        case '-':
            if (last_ == Token::kOpenBracket || looking_at(']')) return give(Token::kPlain, c);
            return give(Token::kRange);
        case ']':
            if (last_ == Token::kOpenBracket) return give(Token::kPlain, c);
            context_ = Context::kRegex;
            return give(Token::kCloseBracket);
        case '[':
            if (at_end()) fail(kBadBrackets);
            return open_bracket();
        default:
            return give(Token::kPlain, c);
    }
}

/// A bracket inside brackets.
void Lexer::open_bracket() {
    switch (pattern_[at_]) {
        case '.':
            context_ = Context::kDotName;
            give(Token::kCollating);
            break;
        case '=':
            context_ = Context::kEqualName;
            give(Token::kEquivalence);
            break;
        case ':':
            context_ = Context::kColonName;
            give(Token::kClassName);
            break;
        default:
            return give(Token::kPlain, '[');
    }
    ++at_;
}

void Lexer::quantifier(Token type) {
    const bool lazy = flags_.flavor == RegexFlags::Flavor::kAdvanced && looking_at('?');
    if (lazy) ++at_;
    give(type, lazy ? 0 : 1);
}

void Lexer::next_in_regex() {
    const char32_t c = pattern_[at_++];
    switch (c) {
        case '|':
            return give(Token::kBar);
        case '*':
            return quantifier(Token::kStar);
        case '+':
            return quantifier(Token::kPlus);
        case '?':
            return quantifier(Token::kQuestion);
        case '{':
            if (flags_.expanded) skip_blanks();
            if (at_end() || !is_digit(pattern_[at_])) return give(Token::kPlain, c);
            context_ = Context::kBraces;
            return give(Token::kOpenBrace);
        case '(':
            return open_parenthesis();
        case ')':
            return give(Token::kClose, c);
        case '[':
            if (pattern_.substr(at_).starts_with(U"[:<:]]")) return at_ += 6, give(Token::kWordStart);
            if (pattern_.substr(at_).starts_with(U"[:>:]]")) return at_ += 6, give(Token::kWordEnd);
            context_ = Context::kBrackets;
            if (!looking_at('^')) return give(Token::kOpenBracket, 1);
            return ++at_, give(Token::kOpenBracket, 0);
        case '.':
            return give(Token::kDot);
        case '^':
            return give(Token::kCaret);
        case '$':
            return give(Token::kDollar);
        case '\\':
            if (at_end()) fail(kBadEscape);
            if (flags_.flavor == RegexFlags::Flavor::kAdvanced) return escape();
            return give(Token::kPlain, pattern_[at_++]);
        default:
            return give(Token::kPlain, c);
    }
}

void Lexer::open_parenthesis() {
    if (flags_.flavor != RegexFlags::Flavor::kAdvanced || !looking_at('?')) {
        return give(Token::kOpen, 1);
    }
    ++at_;
    auto take = [&] {
        if (at_end()) fail(kBadOperand);
        return pattern_[at_++];
    };
    switch (take()) {
        case ':':
            return give(Token::kOpen, 0);
        case '#':
            while (!at_end() && pattern_[at_] != ')') ++at_;
            if (!at_end()) ++at_;
            return next();
        case '=':
            return give(Token::kLook, kLookAhead);
        case '!':
            return give(Token::kLook, kLookAheadNot);
        case '<':
            switch (take()) {
                case '=':
                    return give(Token::kLook, kLookBehind);
                case '!':
                    return give(Token::kLook, kLookBehindNot);
                default:
                    fail(kBadOperand);
            }
        default:
            fail(kBadOperand);
    }
}

void Lexer::escape() {
    const char32_t c = pattern_[at_++];
    if (!is_letter(c) && !is_digit(c)) return give(Token::kPlain, c);
    for (const EscapedCharacter& row : kEscapedCharacters) {
        if (row.letter == c) return give(Token::kPlain, row.value);
    }
    for (const EscapedToken& row : kEscapedTokens) {
        if (row.letter == c) return give(row.token, row.value);
    }
    switch (c) {
        case 'c':
            if (at_end()) fail(kBadEscape);
            return give(Token::kPlain, pattern_[at_++] & 037);
        case 'u':
            return give(Token::kPlain, code_point(4, 4));
        case 'U':
            return give(Token::kPlain, code_point(8, 8));
        case 'x':
            return give(Token::kPlain, code_point(1, 255));
        default:
            if (!is_digit(c)) fail(kBadEscape);
            return back_reference_or_octal();
    }
}

/// \1 ... is a back reference if it has one digit or there are that many groups, else octal.
void Lexer::back_reference_or_octal() {
    const std::size_t first = --at_;
    if (pattern_[at_] != '0') {
        const std::uint32_t number = digits(10, 1, 255);
        const bool one_digit = at_ == first + 1;
        if (one_digit || (number > 0 && number <= static_cast<std::uint32_t>(groups))) {
            return give(Token::kBackref, number);
        }
        at_ = first;
    }
    std::uint32_t value = digits(8, 1, 3);
    if (value > 0xFF) {
        --at_;
        value >>= 3;
    }
    give(Token::kPlain, value);
}

std::uint32_t Lexer::digits(unsigned base, int least, int most) {
    std::uint32_t value = 0;
    int count = 0;
    while (count < most && !at_end() && digit_value(pattern_[at_]) < static_cast<int>(base)) {
        value = value * base + static_cast<std::uint32_t>(digit_value(pattern_[at_++]));
        ++count;
    }
    if (count < least) fail(kBadEscape);
    return value;
}

std::uint32_t Lexer::code_point(int least, int most) {
    const std::uint32_t value = digits(16, least, most);
    if (value > kLastCharacter) fail(kBadEscape);
    return value;
}

}  // namespace cdcsim::pg::regex
