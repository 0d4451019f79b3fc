#include "sim/postgres/parser/statement_shape.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

namespace cdcsim::pg {
namespace {

enum class Byte : std::uint8_t { kPlain, kBlank, kLetter, kDigit, kQuote, kDoubleQuote, kDot, kStop, kMinus, kSlash };

constexpr std::array<Byte, 256> make_bytes() {
    std::array<Byte, 256> bytes{};
    auto set = [&](std::string_view characters, Byte kind) {
        for (char c : characters) bytes[static_cast<unsigned char>(c)] = kind;
    };
    set(" \t\n\r\f", Byte::kBlank);
    set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", Byte::kLetter);
    for (unsigned c = 0x80; c < 0x100; ++c) bytes[c] = Byte::kLetter;
    set("0123456789", Byte::kDigit);
    set("(),+*<>=[]:|&%^~!@#?", Byte::kPlain);
    for (unsigned c = 0; c < 0x80; ++c) {
        bool known = bytes[c] != Byte::kPlain || std::string_view("(),+*<>=[]:|&%^~!@#?").find(static_cast<char>(c)) != std::string_view::npos;
        if (!known) bytes[c] = Byte::kStop;
    }
    bytes['\''] = Byte::kQuote;
    bytes['"'] = Byte::kDoubleQuote;
    bytes['.'] = Byte::kDot;
    bytes['-'] = Byte::kMinus;
    bytes['/'] = Byte::kSlash;
    return bytes;
}
constexpr std::array<Byte, 256> kBytes = make_bytes();

/// A key's stand-ins: bytes that no text has, as the lexer stops at control characters.
constexpr char kStandIns[] = {'\1', '\2', '\3', '\4'};

constexpr std::ptrdiff_t kMaxNameBytes = 63;

class ShapeReader {
  public:
    /// `copies`: makes the key, too.
    ShapeReader(std::string_view text, StatementShape& shape, bool copies)
        : p_(text.data()), begin_(p_), end_(p_ + text.size()), copied_(p_), copies_(copies), shape_(shape) {}

    bool read() {
        while (p_ < end_) {
            switch (kind()) {
                case Byte::kLetter:
                    if (!word()) return false;
                    break;
                case Byte::kDigit:
                    if (!number()) return false;
                    break;
                case Byte::kQuote:
                    if (!string()) return false;
                    break;
                case Byte::kDoubleQuote:
                    if (!quoted_name()) return false;
                    break;
                case Byte::kDot:
                    // .5 is a number, a.5 an error: neither is common.
                    if (p_ + 1 < end_ && kind(p_ + 1) == Byte::kDigit) return false;
                    ++p_;
                    break;
                case Byte::kMinus:
                    if (p_ + 1 < end_ && p_[1] == '-') return false;
                    ++p_;
                    break;
                case Byte::kSlash:
                    if (p_ + 1 < end_ && p_[1] == '*') return false;
                    ++p_;
                    break;
                case Byte::kStop:
                    if (*p_ != ';' || !only_blanks_follow()) return false;
                    copy_until(p_);
                    return true;
                case Byte::kPlain:
                case Byte::kBlank: ++p_; break;
            }
        }
        copy_until(end_);
        return true;
    }

    /// As read() when the text is expected to have the shape of `shape_`.
    bool read_alike() {
        std::string_view key = shape_.key;
        std::size_t at = 0;
        for (std::size_t stand_in_at : shape_.stand_ins) {
            if (!skip(key.substr(at, stand_in_at - at)) || p_ == end_) return false;
            std::size_t count = shape_.literals.size();
            bool is_literal = kind() == Byte::kQuote ? string() : kind() == Byte::kDigit && number();
            if (!is_literal || shape_.literals.size() != count + 1 || stand_in(shape_.literals.back().kind) != key[stand_in_at]) return false;
            at = stand_in_at + 1;
        }
        return skip(key.substr(at)) && (p_ == end_ || (*p_ == ';' && only_blanks_follow()));
    }

  private:
    bool skip(std::string_view same) {
        if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(same)) return false;
        p_ += same.size();
        return true;
    }
    static char stand_in(LiteralClass literal) { return kStandIns[static_cast<std::size_t>(literal)]; }
    Byte kind() const { return kind(p_); }
    static Byte kind(const char* p) { return kBytes[static_cast<unsigned char>(*p)]; }

    void copy_until(const char* to) {
        shape_.key.append(copied_, to);
        copied_ = to;
    }

    void add(LiteralClass literal, const char* from) {
        if (copies_) {
            copy_until(from);
            shape_.stand_ins.push_back(shape_.key.size());
            shape_.key += stand_in(literal);
        }
        shape_.literals.push_back({literal, static_cast<int>(from - begin_), static_cast<int>(p_ - begin_)});
        copied_ = p_;
    }

    bool only_blanks_follow() const {
        for (const char* p = p_ + 1; p < end_; ++p) {
            if (kind(p) != Byte::kBlank) return false;
        }
        return true;
    }

    bool word() {
        const char* from = p_;
        while (p_ < end_ && (kind() == Byte::kLetter || kind() == Byte::kDigit)) ++p_;
        if (p_ - from > kMaxNameBytes) return false;  // its NOTICE is the parser's side to give
        // E'', B'', X'', N'', U&'' and U&"", and names with a dollar.
        if (p_ == end_) return true;
        return *p_ != '\'' && *p_ != '$' && !(*p_ == '&' && (p_[-1] == 'u' || p_[-1] == 'U'));
    }

    bool string() {
        const char* from = p_++;
        for (;;) {
            p_ = static_cast<const char*>(std::memchr(p_, '\'', static_cast<std::size_t>(end_ - p_)));
            if (p_ == nullptr) return false;
            ++p_;
            if (p_ == end_ || *p_ != '\'') break;
            ++p_;
        }
        // 'a' and, on the next line, 'b' are one literal.
        const char* next = p_;
        while (next < end_ && kind(next) == Byte::kBlank) ++next;
        if (next < end_ && *next == '\'') return false;
        add(LiteralClass::kString, from);
        return true;
    }

    bool quoted_name() {
        const char* from = ++p_;
        while (p_ < end_ && *p_ != '"') {
            if (static_cast<unsigned char>(*p_) < 0x20) return false;
            ++p_;
        }
        if (p_ == end_ || p_ - from > kMaxNameBytes) return false;
        ++p_;
        return true;
    }

    bool number() {
        const char* from = p_;
        while (p_ < end_ && kind() == Byte::kDigit) ++p_;
        bool decimal = p_ < end_ && *p_ == '.';
        if (decimal) {
            ++p_;
            const char* fraction = p_;
            while (p_ < end_ && kind() == Byte::kDigit) ++p_;
            if (p_ == fraction) return false;  // 1. and 1..2
        }
        // An exponent, or letters that are junk.
        if (p_ < end_ && (kind() == Byte::kLetter || *p_ == '.' || *p_ == '$')) return false;
        if (decimal) {
            add(LiteralClass::kNumeric, from);
            return true;
        }
        return integer(from);
    }

    bool integer(const char* from) {
        std::int64_t value = 0;
        auto [end, error] = std::from_chars(from, p_, value);
        // Beyond int4 the sign before it decides about the type.
        if (error != std::errc{} || value > std::numeric_limits<std::int32_t>::max()) {
            const char* before = from;
            while (before > begin_ && kind(before - 1) == Byte::kBlank) --before;
            if (before > begin_ && before[-1] == '-') return false;
        }
        bool fits = error == std::errc{};
        bool small = fits && value <= std::numeric_limits<std::int32_t>::max();
        add(small ? LiteralClass::kInt4 : fits ? LiteralClass::kInt8 : LiteralClass::kNumeric, from);
        return true;
    }

    const char* p_;
    const char* begin_;
    const char* end_;
    const char* copied_;
    bool copies_;
    StatementShape& shape_;
};

bool begins_with(std::string_view text, std::string_view word) {
    if (text.size() <= word.size() || kBytes[static_cast<unsigned char>(text[word.size()])] != Byte::kBlank) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
}

}  // namespace

bool StatementShape::read(std::string_view text) {
    key.clear();
    literals.clear();
    stand_ins.clear();
    std::size_t first = 0;
    while (first < text.size() && kBytes[static_cast<unsigned char>(text[first])] == Byte::kBlank) ++first;
    std::string_view statement = text.substr(first);
    bool shared = begins_with(statement, "insert") || begins_with(statement, "update") || begins_with(statement, "delete") ||
                  begins_with(statement, "select");
    if (shared && ShapeReader(text, *this, true).read()) return true;
    *this = {};
    return false;
}

bool StatementShape::read_alike(std::string_view text) {
    literals.clear();
    if (!key.empty() && ShapeReader(text, *this, false).read_alike()) return true;
    return false;
}

std::string literal_characters(std::string_view text, const Literal& literal) {
    std::string_view quoted = text.substr(static_cast<std::size_t>(literal.begin) + 1, static_cast<std::size_t>(literal.end - literal.begin) - 2);
    std::string out;
    out.reserve(quoted.size());
    for (;;) {
        std::size_t quote = quoted.find('\'');
        if (quote == std::string_view::npos) break;
        out += quoted.substr(0, quote + 1);
        quoted.remove_prefix(quote + 2);  // doubled
    }
    out += quoted;
    return out;
}

}  // namespace cdcsim::pg
