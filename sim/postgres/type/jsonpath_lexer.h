// The tokens of a jsonpath. Mirrors jsonpath_scan.l.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

enum class PathToken : std::uint8_t {
    kEnd, kSymbol, kWord, kString, kVariable, kNumeric, kInteger
};

class PathLexer {
  public:
    explicit PathLexer(std::string_view input) : input_(input) {}

    /// Throws 42601 and what escapes in strings throw.
    void advance();
    PathToken token() const { return token_; }
    const std::string& text() const { return text_; }
    /// The keyword that a word is, in lower case; "" for other words.
    std::string_view keyword() const { return keyword_; }

    /// `syntax error at or near "..." of jsonpath input`: the text that the scanner looked at last,
    /// which behind a word is what ended it.
    [[noreturn]] void syntax_error() const { fail("syntax error"); }

  private:
    char at(std::size_t pos) const { return pos < input_.size() ? input_[pos] : '\0'; }
    void skip_blanks();
    void comment();
    void quoted(PathToken token);
    void word();
    void escape();
    void unicode();
    bool number();
    void symbol();
    [[noreturn]] void fail(const char* message) const;

    std::string_view input_;
    std::size_t pos_ = 0;
    PathToken token_ = PathToken::kEnd;
    std::string text_;
    std::string_view keyword_;
    std::string seen_;  ///< flex's yytext
};

}  // namespace cdcsim::pg
