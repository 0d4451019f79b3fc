#include "sim/postgres/type/jsonpath_lexer.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace cdcsim::pg {
namespace {

constexpr std::string_view kSpecial = "?%$.[]{}()|&!=<>@#,*:-+/";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Part of an unquoted word. '\0' stands for the end.
bool is_other(char c) {
    return c != '\0' && c != '\\' && c != '"' && !is_blank(c) &&
           kSpecial.find(c) == std::string_view::npos;
}
int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct Keyword {
    std::string_view word;
    bool lower_case_only;
};
constexpr Keyword kKeywords[] = {
    {"is", false},      {"to", false},       {"abs", false},      {"lax", false},
    {"flag", false},    {"last", false},     {"null", true},      {"size", false},
    {"true", true},     {"type", false},     {"with", false},     {"false", true},
    {"floor", false},   {"double", false},   {"exists", false},   {"starts", false},
    {"strict", false},  {"ceiling", false},  {"unknown", false},  {"datetime", false},
    {"keyvalue", false}, {"like_regex", false},
};

std::string_view find_keyword(std::string_view word) {
    std::string lower(word);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    for (const Keyword& row : kKeywords)
        if (row.word == lower && (!row.lower_case_only || row.word == word)) return row.word;
    return {};
}

constexpr bool kHigh(int code) { return code >= 0xD800 && code <= 0xDBFF; }
constexpr bool kLow(int code) { return code >= 0xDC00 && code <= 0xDFFF; }

}  // namespace

void PathLexer::fail(const char* message) const {
    std::string where = seen_.empty() ? " at end of jsonpath input"
                                      : " at or near \"" + seen_ + "\" of jsonpath input";
    throw SqlError("42601", message + where);
}

void PathLexer::comment() {
    std::size_t end = input_.find("*/", pos_ + 2);
    if (end == std::string_view::npos) {
        seen_.clear();
        fail("unexpected end of comment");
    }
    pos_ = end + 2;
}

void PathLexer::skip_blanks() {
    for (;;) {
        if (is_blank(at(pos_))) ++pos_;
        else if (at(pos_) == '/' && at(pos_ + 1) == '*') comment();
        else return;
    }
}

void PathLexer::advance() {
    skip_blanks();
    text_.clear();
    keyword_ = {};
    char c = at(pos_);
    if (pos_ >= input_.size()) {
        seen_.clear();
        token_ = PathToken::kEnd;
    } else if (c == '"') {
        ++pos_;
        quoted(PathToken::kString);
    } else if (c == '$' && at(pos_ + 1) == '"') {
        pos_ += 2;
        quoted(PathToken::kVariable);
    } else if (c == '$' && is_other(at(pos_ + 1))) {
        std::size_t end = ++pos_;
        while (is_other(at(end))) ++end;
        text_ = input_.substr(pos_, end - pos_);
        seen_ = '$' + text_;
        pos_ = end;
        token_ = PathToken::kVariable;
    } else if (!number()) {
        if (c == '\\' || is_other(c)) word();
        else symbol();
    }
}

void PathLexer::symbol() {
    static constexpr std::string_view kLong[] = {"&&", "||", "**", "<=", "==", "<>", "!=", ">="};
    std::string_view two = input_.substr(pos_, 2);
    bool is_long = std::ranges::find(kLong, two) != std::end(kLong);
    text_ = is_long ? two : two.substr(0, 1);
    pos_ += text_.size();
    seen_ = text_;
    token_ = PathToken::kSymbol;
}

bool PathLexer::number() {
    // The longest match counts: of "1exists" the word is longer than the number with its junk.
    std::size_t word_end = pos_;
    while (is_other(at(word_end))) ++word_end;
    std::size_t pos = pos_;
    auto digits = [&] {
        while (is_digit(at(pos))) ++pos;
    };
    bool integer = true;
    if (at(pos) == '0') ++pos;
    else digits();
    if (pos > pos_ || (at(pos) == '.' && is_digit(at(pos + 1)))) {
        if (at(pos) == '.') {
            integer = false;
            ++pos;
            digits();
        }
    } else {
        return false;
    }
    std::size_t mantissa = pos;
    if (at(pos) == 'e' || at(pos) == 'E') {
        ++pos;
        bool sign = at(pos) == '+' || at(pos) == '-';
        if (sign) ++pos;
        if (is_digit(at(pos))) {
            integer = false;
            digits();
        } else if (sign) {
            seen_ = input_.substr(pos_, pos - pos_);
            fail("trailing junk after numeric literal");
        } else {
            pos = mantissa;
        }
    }
    if (word_end > pos + 1) return false;
    if (is_other(at(pos))) {
        seen_ = input_.substr(pos_, pos + 1 - pos_);
        fail("trailing junk after numeric literal");
    }
    text_ = input_.substr(pos_, pos - pos_);
    seen_ = text_;
    pos_ = pos;
    token_ = integer ? PathToken::kInteger : PathToken::kNumeric;
    return true;
}

void PathLexer::unicode() {
    int high = -1;
    while (at(pos_) == '\\' && at(pos_ + 1) == 'u') {
        std::size_t start = pos_;
        pos_ += 2;
        int code = 0;
        bool good = true;
        if (at(pos_) == '{') {
            ++pos_;
            int count = 0;
            for (; count < 6 && hex_value(at(pos_)) >= 0; ++count)
                code = code * 16 + hex_value(at(pos_++));
            good = count > 0 && at(pos_) == '}';
            if (good) ++pos_;
        } else {
            for (int i = 0; i < 4 && good; ++i) {
                good = hex_value(at(pos_)) >= 0;
                if (good) code = code * 16 + hex_value(at(pos_++));
            }
        }
        if (!good) {
            seen_ = input_.substr(start, pos_ - start);
            fail("invalid unicode sequence");
        }
        auto surrogate = [](const char* detail) {
            throw SqlError("22P02", "invalid input syntax for type jsonpath").detail(detail);
        };
        if (kHigh(code)) {
            if (high >= 0)
                surrogate("Unicode high surrogate must not follow a high surrogate.");
            high = code;
            continue;
        }
        if (kLow(code)) {
            if (high < 0) surrogate("Unicode low surrogate must follow a high surrogate.");
            code = 0x10000 + ((high & 0x3FF) << 10) + (code & 0x3FF);
            high = -1;
        } else if (high >= 0) {
            surrogate("Unicode low surrogate must follow a high surrogate.");
        }
        if (code == 0)
            throw SqlError("22P05", "unsupported Unicode escape sequence")
                .detail("\\u0000 cannot be converted to text.");
        utf8::append(text_, static_cast<char32_t>(code));
    }
    if (high >= 0)
        throw SqlError("22P02", "invalid input syntax for type jsonpath")
            .detail("Unicode low surrogate must follow a high surrogate.");
}

/// A backslash and what belongs to it.
void PathLexer::escape() {
    char c = at(pos_ + 1);
    if (c == 'u') return unicode();
    if (pos_ + 1 >= input_.size()) {
        seen_ = "\\";
        fail("unexpected end after backslash");
    }
    if (c == 'x') {
        int first = hex_value(at(pos_ + 2)), second = hex_value(at(pos_ + 3));
        if (first < 0 || second < 0) {
            seen_ = input_.substr(pos_, first < 0 ? 2 : 3);
            fail("invalid hex character sequence");
        }
        if (first * 16 + second == 0)
            throw SqlError("22P05", "unsupported Unicode escape sequence")
                .detail("\\u0000 cannot be converted to text.");
        utf8::append(text_, static_cast<char32_t>(first * 16 + second));
        pos_ += 4;
        return;
    }
    static constexpr std::string_view kNames = "bfnrtv", kValues = "\b\f\n\r\t\v";
    std::size_t known = kNames.find(c);
    text_ += known == std::string_view::npos ? c : kValues[known];
    pos_ += 2;
}

void PathLexer::quoted(PathToken token) {
    while (at(pos_) != '"') {
        if (pos_ >= input_.size()) {
            seen_.clear();
            fail("unexpected end of quoted string");
        }
        if (at(pos_) == '\\') escape();
        else text_ += input_[pos_++];
    }
    ++pos_;
    seen_ = "\"";
    token_ = token;
}

void PathLexer::word() {
    for (;;) {
        if (at(pos_) == '\\') escape();
        else if (is_other(at(pos_))) text_ += input_[pos_++];
        else break;
    }
    // A comment right behind a word swallows the word.
    if (at(pos_) == '/' && at(pos_ + 1) == '*') return advance();
    std::size_t end = pos_;
    while (is_blank(at(end))) ++end;
    seen_ = input_.substr(pos_, end - pos_);
    token_ = PathToken::kWord;
    keyword_ = find_keyword(text_);
}

}  // namespace cdcsim::pg
