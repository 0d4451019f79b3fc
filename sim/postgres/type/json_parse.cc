#include "sim/postgres/type/json_parse.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {

enum class JsonError : std::uint8_t {
    kEscapingInvalid, kEscapingRequired, kExpectedEnd, kExpectedArrayNext, kExpectedColon,
    kExpectedJson, kExpectedMore, kExpectedObjectFirst, kExpectedObjectNext, kExpectedString,
    kInvalidToken, kCodePointZero, kUnicodeFormat, kHighSurrogate, kLowSurrogate
};

namespace {

struct ErrorText {
    JsonError error;
    const char* detail;  ///< %s is the token
};
constexpr ErrorText kErrorTexts[] = {
    {JsonError::kEscapingInvalid, "Escape sequence \"\\%s\" is invalid."},
    {JsonError::kEscapingRequired, "Character with value 0x%x must be escaped."},
    {JsonError::kExpectedEnd, "Expected end of input, but found \"%s\"."},
    {JsonError::kExpectedArrayNext, "Expected \",\" or \"]\", but found \"%s\"."},
    {JsonError::kExpectedColon, "Expected \":\", but found \"%s\"."},
    {JsonError::kExpectedJson, "Expected JSON value, but found \"%s\"."},
    {JsonError::kExpectedMore, "The input string ended unexpectedly."},
    {JsonError::kExpectedObjectFirst, "Expected string or \"}\", but found \"%s\"."},
    {JsonError::kExpectedObjectNext, "Expected \",\" or \"}\", but found \"%s\"."},
    {JsonError::kExpectedString, "Expected string, but found \"%s\"."},
    {JsonError::kInvalidToken, "Token \"%s\" is invalid."},
    {JsonError::kCodePointZero, "\\u0000 cannot be converted to text."},
    {JsonError::kUnicodeFormat, "\"\\u\" must be followed by four hexadecimal digits."},
    {JsonError::kHighSurrogate, "Unicode high surrogate must not follow a high surrogate."},
    {JsonError::kLowSurrogate, "Unicode low surrogate must follow a high surrogate."},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::size_t character_length(char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char escape_value(char c) {
    switch (c) {
        case '"': case '\\': case '/': return c;
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

constexpr bool kHigh(int code) { return code >= 0xD800 && code <= 0xDBFF; }
constexpr bool kLow(int code) { return code >= 0xDC00 && code <= 0xDFFF; }
constexpr int kNoSurrogate = -1;

/// The end of a number that starts at `pos`, or npos with `end` at the offending place.
bool scan_number(std::string_view text, std::size_t pos, std::size_t& end) {
    bool good = true;
    auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    auto digits = [&] {
        if (!is_digit(at(pos))) good = false;
        while (is_digit(at(pos))) ++pos;
    };
    if (at(pos) == '0') ++pos;
    else digits();
    if (at(pos) == '.') ++pos, digits();
    if (at(pos) == 'e' || at(pos) == 'E') {
        ++pos;
        if (at(pos) == '+' || at(pos) == '-') ++pos;
        digits();
    }
    while (pos < text.size() && is_word(text[pos])) ++pos, good = false;
    end = pos;
    return good;
}

/// The recursive descent.
class Parser {
  public:
    Parser(JsonLexer& lexer, JsonEvents& events) : lexer_(lexer), events_(events) {}

    void run() {
        lexer_.advance();
        value();
        if (lexer_.token() != JsonToken::kEnd) fail(JsonError::kExpectedEnd);
    }

  private:
    [[noreturn]] void fail(JsonError error) {
        lexer_.fail(lexer_.token() == JsonToken::kEnd ? JsonError::kExpectedMore : error);
    }

    void expect(JsonToken token, JsonError error) {
        if (lexer_.token() != token) fail(error);
        lexer_.advance();
    }

    void value() {
        switch (lexer_.token()) {
            case JsonToken::kObjectStart: return object();
            case JsonToken::kArrayStart: return array();
            default: return scalar();
        }
    }

    void scalar() {
        JsonToken token = lexer_.token();
        switch (token) {
            case JsonToken::kString:
                if (lexer_.decodes()) {
                    std::string text = lexer_.string();
                    lexer_.advance();
                    return events_.scalar(token, text);
                }
                [[fallthrough]];
            case JsonToken::kNumber: case JsonToken::kTrue: case JsonToken::kFalse:
            case JsonToken::kNull: {
                std::string_view text = lexer_.lexeme();
                lexer_.advance();
                return events_.scalar(token, text);
            }
            default: fail(JsonError::kExpectedJson);
        }
    }

    void enter() {
        if (++lexer_.level > kMaxJsonDepth) throw_stack_depth();
        lexer_.advance();
    }

    void field() {
        if (lexer_.token() != JsonToken::kString) fail(JsonError::kExpectedString);
        std::string name(lexer_.decodes() ? std::string_view(lexer_.string()) : lexer_.lexeme());
        lexer_.advance();
        expect(JsonToken::kColon, JsonError::kExpectedColon);
        bool is_null = lexer_.token() == JsonToken::kNull;
        events_.field_start(name, is_null);
        value();
        events_.field_end(name, is_null);
    }

    void object() {
        events_.object_start();
        enter();
        if (lexer_.token() == JsonToken::kString) {
            field();
            while (lexer_.token() == JsonToken::kComma) {
                lexer_.advance();
                field();
            }
        } else if (lexer_.token() != JsonToken::kObjectEnd) {
            fail(JsonError::kExpectedObjectFirst);
        }
        expect(JsonToken::kObjectEnd, JsonError::kExpectedObjectNext);
        --lexer_.level;
        events_.object_end();
    }

    void element() {
        bool is_null = lexer_.token() == JsonToken::kNull;
        events_.element_start(is_null);
        value();
        events_.element_end(is_null);
    }

    void array() {
        events_.array_start();
        enter();
        if (lexer_.token() != JsonToken::kArrayEnd) {
            element();
            while (lexer_.token() == JsonToken::kComma) {
                lexer_.advance();
                element();
            }
        }
        expect(JsonToken::kArrayEnd, JsonError::kExpectedArrayNext);
        --lexer_.level;
        events_.array_end();
    }

    JsonLexer& lexer_;
    JsonEvents& events_;
};

}  // namespace

void JsonLexer::fail_at(JsonError error, std::size_t end) {
    end_ = end;
    fail(error);
}

void JsonLexer::fail_behind(JsonError error, std::size_t pos) {
    fail_at(error, std::min(text_.size(), pos + character_length(text_[pos])));
}

void JsonLexer::fail(JsonError error) const {
    std::string detail = kErrorTexts[static_cast<std::size_t>(error)].detail;
    std::size_t hole = detail.find('%');
    if (error == JsonError::kEscapingRequired) {
        static constexpr char kDigits[] = "0123456789abcdef";
        auto byte = static_cast<unsigned char>(text_[end_]);
        detail.replace(hole, 2, {kDigits[byte >> 4], kDigits[byte & 15]});
    } else if (hole != std::string::npos) {
        detail.replace(hole, 2, lexeme());
    }
    bool untranslatable = error == JsonError::kCodePointZero;
    SqlError result =
        untranslatable ? SqlError("22P05", "unsupported Unicode escape sequence")
                       : SqlError("22P02", "invalid input syntax for type json");
    result.set_detail(std::move(detail));

    // The excerpt: at most 50 bytes of the line up to the end of the token.
    std::size_t from = line_start_;
    while (end_ - from >= 50) from += character_length(text_[from]);
    if (from - line_start_ <= 3) from = line_start_;
    bool more = token_ != JsonToken::kEnd && end_ < text_.size() && text_[end_] != '\n' &&
                text_[end_] != '\r';
    result.add_context("JSON data, line " + std::to_string(line_) + ": " +
                       (from > line_start_ ? "..." : "") +
                       std::string(text_.substr(from, end_ - from)) + (more ? "..." : ""));
    throw result;
}

void JsonLexer::punctuation(JsonToken token) {
    token_ = token;
    end_ = start_ + 1;
}

void JsonLexer::advance() {
    std::size_t pos = end_;
    for (; pos < text_.size(); ++pos) {
        char c = text_[pos];
        if (c == '\n') ++line_, line_start_ = pos + 1;
        else if (c != ' ' && c != '\t' && c != '\r') break;
    }
    start_ = pos;
    previous_end_ = end_;
    if (pos >= text_.size()) {
        end_ = pos;
        token_ = JsonToken::kEnd;
        return;
    }
    switch (text_[pos]) {
        case '{': return punctuation(JsonToken::kObjectStart);
        case '}': return punctuation(JsonToken::kObjectEnd);
        case '[': return punctuation(JsonToken::kArrayStart);
        case ']': return punctuation(JsonToken::kArrayEnd);
        case ',': return punctuation(JsonToken::kComma);
        case ':': return punctuation(JsonToken::kColon);
        case '"': return lex_string();
        case '-': return lex_number(pos + 1);
        case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9': return lex_number(pos);
        default: return lex_word();
    }
}

void JsonLexer::lex_number(std::size_t pos) {
    bool good = scan_number(text_, pos, end_);
    if (!good) fail(JsonError::kInvalidToken);
    token_ = JsonToken::kNumber;
}

void JsonLexer::lex_word() {
    std::size_t pos = start_;
    while (pos < text_.size() && is_word(text_[pos])) ++pos;
    end_ = pos == start_ ? start_ + 1 : pos;
    std::string_view word = lexeme();
    if (word == "true") token_ = JsonToken::kTrue;
    else if (word == "false") token_ = JsonToken::kFalse;
    else if (word == "null") token_ = JsonToken::kNull;
    else fail(JsonError::kInvalidToken);
}

void JsonLexer::lex_string() {
    string_.clear();
    int high_surrogate = kNoSurrogate;
    std::size_t pos = start_ + 1;
    for (;;) {
        std::size_t run = pos;
        while (run < text_.size() && text_[run] != '"' && text_[run] != '\\' &&
               static_cast<unsigned char>(text_[run]) >= 0x20)
            ++run;
        if (run > pos) {
            if (high_surrogate != kNoSurrogate) fail_behind(JsonError::kLowSurrogate, pos);
            if (decodes()) string_.append(text_, pos, run - pos);
            pos = run;
        }
        if (pos >= text_.size()) fail_at(JsonError::kInvalidToken, pos);
        if (text_[pos] == '"') break;
        if (text_[pos] == '\\') {
            lex_escape(pos, high_surrogate);
            continue;
        }
        if (high_surrogate != kNoSurrogate) fail_behind(JsonError::kLowSurrogate, pos);
        fail_at(JsonError::kEscapingRequired, pos);
    }
    if (high_surrogate != kNoSurrogate) fail_at(JsonError::kLowSurrogate, pos + 1);
    end_ = pos + 1;
    token_ = JsonToken::kString;
}

void JsonLexer::lex_escape(std::size_t& pos, int& high_surrogate) {
    if (++pos >= text_.size()) fail_at(JsonError::kInvalidToken, pos);
    char c = text_[pos];
    if (c == 'u') return lex_unicode(pos, high_surrogate);
    if (high_surrogate != kNoSurrogate) fail_behind(JsonError::kLowSurrogate, pos);
    char value = escape_value(c);
    if (value == '\0') {
        start_ = pos;
        fail_behind(JsonError::kEscapingInvalid, pos);
    }
    if (decodes()) string_ += value;
    ++pos;
}

void JsonLexer::lex_unicode(std::size_t& pos, int& high_surrogate) {
    int code = 0;
    for (int i = 0; i < 4; ++i) {
        if (++pos >= text_.size()) fail_at(JsonError::kInvalidToken, pos);
        int digit = hex_value(text_[pos]);
        if (digit < 0) fail_behind(JsonError::kUnicodeFormat, pos);
        code = code * 16 + digit;
    }
    std::size_t last = pos++;
    if (!decodes()) return;
    if (kHigh(code)) {
        if (high_surrogate != kNoSurrogate) fail_behind(JsonError::kHighSurrogate, last);
        high_surrogate = code;
        return;
    }
    if (kLow(code)) {
        if (high_surrogate == kNoSurrogate) fail_behind(JsonError::kLowSurrogate, last);
        code = ((high_surrogate & 0x3FF) << 10) + 0x10000 + (code & 0x3FF);
        high_surrogate = kNoSurrogate;
    }
    if (high_surrogate != kNoSurrogate) fail_behind(JsonError::kLowSurrogate, last);
    if (code == 0) fail_behind(JsonError::kCodePointZero, last);
    utf8::append(string_, static_cast<char32_t>(code));
}

void parse_json(JsonLexer& lexer, JsonEvents& events) { Parser(lexer, events).run(); }

void validate_json(std::string_view text) {
    JsonLexer lexer(text, JsonLexer::Escapes::kKeep);
    JsonEvents nothing;
    parse_json(lexer, nothing);
}

bool is_json_number(std::string_view text) {
    std::size_t pos = text.starts_with('-') ? 1 : 0;
    std::size_t end = 0;
    return pos < text.size() && scan_number(text, pos, end) && end == text.size();
}

void append_json_string(std::string_view text, std::string& out) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += '"';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, done, i - done);
        done = i + 1;
        out += '\\';
        switch (c) {
            case '\b': out += 'b'; break;
            case '\f': out += 'f'; break;
            case '\n': out += 'n'; break;
            case '\r': out += 'r'; break;
            case '\t': out += 't'; break;
            case '"': case '\\': out += c; break;
            default:
                out += "u00";
                out += kDigits[static_cast<unsigned char>(c) >> 4];
                out += kDigits[c & 15];
        }
    }
    out.append(text, done);
    out += '"';
}

void append_json_unescaped(std::string_view quoted, std::string& out) {
    std::string_view body = quoted.substr(1, quoted.size() - 2);
    if (body.find('\\') == std::string_view::npos) {
        out += body;
        return;
    }
    JsonLexer lexer(quoted, JsonLexer::Escapes::kDecode);
    lexer.advance();
    out += lexer.string();
}

}  // namespace cdcsim::pg
