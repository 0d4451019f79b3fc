// The tokens of an advanced regular expression (regc_lex.c). The lexer's context (inside brackets,
// inside braces ...) follows the tokens it hands out.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/postgres/regex/regex.h"

namespace cdcsim::pg::regex {

/// Throws SqlError 2201B `invalid regular expression: <problem>`.
[[noreturn]] void fail(std::string_view problem);

// What PostgreSQL calls the problems (regerrs.h).
inline constexpr std::string_view kBadCollation = "invalid collating element";
inline constexpr std::string_view kBadClass = "invalid character class";
inline constexpr std::string_view kBadEscape = "invalid escape \\ sequence";
inline constexpr std::string_view kBadBackref = "invalid backreference number";
inline constexpr std::string_view kBadBrackets = "brackets [] not balanced";
inline constexpr std::string_view kBadParentheses = "parentheses () not balanced";
inline constexpr std::string_view kBadBraces = "braces {} not balanced";
inline constexpr std::string_view kBadRepetition = "invalid repetition count(s)";
inline constexpr std::string_view kBadRange = "invalid character range";
inline constexpr std::string_view kBadOperand = "quantifier operand invalid";
inline constexpr std::string_view kBadOption = "invalid embedded option";

enum class Token : std::uint8_t {
    kEmpty,        ///< before the first token
    kEnd,          ///< the end of the pattern
    kPlain,        ///< value: the character
    kDot,
    kCaret,
    kDollar,
    kBar,
    kOpen,         ///< (  value: 1 if it captures
    kClose,        ///< )
    kLook,         ///< (?=  (?!  (?<=  (?<!  value: LookKind
    kStar,         ///< quantifiers; value: 1 if greedy
    kPlus,
    kQuestion,
    kOpenBrace,
    kCloseBrace,   ///< value: 1 if greedy
    kDigit,        ///< inside braces; value: the digit
    kComma,
    kOpenBracket,  ///< value: 0 if [^
    kCloseBracket,
    kRange,        ///< - inside brackets
    kCollating,    ///< [.
    kEquivalence,  ///< [=
    kClassName,    ///< [:
    kEndOfName,    ///< .] =] :]
    kClass,        ///< \d \s \w; value: the letter
    kComplement,   ///< \D \S \W; value: the lower-case letter
    kBackref,      ///< value: the group's number
    kTextStart,    ///< \A
    kTextEnd,      ///< \Z
    kWordStart,    ///< \m
    kWordEnd,      ///< \M
    kWordEdge,     ///< \y
    kNotWordEdge,  ///< \Y
};

enum LookKind : std::uint32_t { kLookAhead = 0, kLookAheadNot, kLookBehind, kLookBehindNot };

class Lexer {
  public:
    /// Reads ***: and embedded options, which change `flags`, and the first token.
    Lexer(std::u32string_view pattern, RegexFlags& flags);

    Token type() const { return type_; }
    std::uint32_t value() const { return value_; }
    bool at(Token type) const { return type_ == type; }

    void next();
    /// If the token is of this type, goes on to the next one.
    bool eat(Token type);
    /// Collects the plain characters up to kEndOfName, which is passed over.
    std::u32string take_name();

    /// How many capturing groups were opened so far: decides whether \12 is a back reference.
    int groups = 0;

  private:
    enum class Context : std::uint8_t { kRegex, kQuote, kBraces, kBrackets, kDotName, kEqualName, kColonName };

    void read_prefixes();
    void read_embedded_options();
    void skip_blanks();
    bool at_end() const { return at_ >= pattern_.size(); }
    bool looking_at(char32_t c) const { return !at_end() && pattern_[at_] == c; }
    void give(Token type, std::uint32_t value = 0);
    void quantifier(Token type);

    void next_in_regex();
    void next_in_braces();
    void next_in_brackets();
    void next_in_name(char32_t closer);
    void open_parenthesis();
    void open_bracket();
    void escape();
    void back_reference_or_octal();
    /// Digits of `base`, at least `least` and at most `most`.
    std::uint32_t digits(unsigned base, int least, int most);
    std::uint32_t code_point(int least, int most);

    std::u32string_view pattern_;
    RegexFlags& flags_;
    std::size_t at_ = 0;
    Context context_ = Context::kRegex;
    Token type_ = Token::kEmpty, last_ = Token::kEmpty;
    std::uint32_t value_ = 0;
};

}  // namespace cdcsim::pg::regex
