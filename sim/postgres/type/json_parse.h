// The JSON parser that json and jsonb share: a lexer and a recursive descent that reports events.
// Mirrors common/jsonapi.c, whose order of events and error texts are visible to users.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

enum class JsonToken : std::uint8_t {
    kInvalid, kString, kNumber, kObjectStart, kObjectEnd, kArrayStart, kArrayEnd, kComma, kColon,
    kTrue, kFalse, kNull, kEnd
};

enum class JsonError : std::uint8_t;

/// Reads tokens. `text` must outlive it.
class JsonLexer {
  public:
    enum class Escapes : std::uint8_t { kKeep, kDecode };
    /// With kDecode string() holds each string without escapes, and escapes that text cannot hold
    /// are errors.
    JsonLexer(std::string_view text, Escapes escapes) : text_(text), escapes_(escapes) {}

    /// Moves to the next token. Throws 22P02, 22P05.
    void advance();

    JsonToken token() const { return token_; }
    std::string_view text() const { return text_; }
    /// Byte offsets: of the current token, behind it, and behind the one before it.
    std::size_t token_start() const { return start_; }
    std::size_t token_end() const { return end_; }
    std::size_t previous_end() const { return previous_end_; }
    std::string_view lexeme() const { return text_.substr(start_, end_ - start_); }
    /// The decoded string; REQUIRES a string token and kDecode.
    const std::string& string() const { return string_; }
    bool decodes() const { return escapes_ == Escapes::kDecode; }
    /// Nesting depth of the current token: 0 at the top.
    int level = 0;

    [[noreturn]] void fail(JsonError error) const;

  private:
    void lex_string();
    void lex_escape(std::size_t& pos, int& high_surrogate);
    void lex_unicode(std::size_t& pos, int& high_surrogate);
    void lex_number(std::size_t pos);
    void lex_word();
    void punctuation(JsonToken token);
    [[noreturn]] void fail_at(JsonError error, std::size_t end);
    [[noreturn]] void fail_behind(JsonError error, std::size_t pos);

    std::string_view text_;
    Escapes escapes_;
    JsonToken token_ = JsonToken::kInvalid;
    std::size_t start_ = 0, end_ = 0, previous_end_ = 0, line_start_ = 0;
    int line_ = 1;
    std::string string_;
};

/// What a parse reports. A scalar is reported after the token behind it has been read.
class JsonEvents {
  public:
    virtual ~JsonEvents() = default;
    virtual void object_start() {}
    virtual void object_end() {}
    virtual void array_start() {}
    virtual void array_end() {}
    virtual void field_start(std::string_view name, bool is_null) { (void)name, (void)is_null; }
    virtual void field_end(std::string_view name, bool is_null) { (void)name, (void)is_null; }
    virtual void element_start(bool is_null) { (void)is_null; }
    virtual void element_end(bool is_null) { (void)is_null; }
    /// `text` is the lexeme, for strings the decoded one (without quotes) if the lexer decodes.
    virtual void scalar(JsonToken token, std::string_view text) { (void)token, (void)text; }
};

/// Throws 22P02 `invalid input syntax for type json`, 22P05, 54001, and what the events throw.
void parse_json(JsonLexer& lexer, JsonEvents& events);

/// json_in's check.
void validate_json(std::string_view text);

/// Deepest nesting that the real server's default max_stack_depth lets through.
inline constexpr int kMaxJsonDepth = 14'500;

/// True if `text` is a JSON number and nothing else.
bool is_json_number(std::string_view text);

/// escape_json: appends `text` in quotes.
void append_json_string(std::string_view text, std::string& out);

/// Appends the decoded contents of a valid string with its quotes.
void append_json_unescaped(std::string_view quoted, std::string& out);

}  // namespace cdcsim::pg
