#include "core/diff/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/utf8.h"
#include "core/scenario/yaml_node.h"

namespace cdcsim::diff {

namespace {

constexpr int kMaxDepth = 500;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::optional<Json> parse() {
        Json out;
        if (!value(out, 0)) return std::nullopt;
        skip_space();
        if (at_ != text_.size()) return std::nullopt;
        return out;
    }

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    bool take(char c) {
        skip_space();
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    bool word(std::string_view text) {
        if (!text_.substr(at_).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }

    bool value(Json& out, int depth) {
        skip_space();
        out.begin = at_;
        const bool ok = depth <= kMaxDepth && value_at(out, depth);
        out.end = at_;
        return ok;
    }

    bool value_at(Json& out, int depth) {
        switch (peek()) {
            case '{': return object(out, depth);
            case '[': return array(out, depth);
            case '"': out.kind = Json::Kind::kString; return string(out.text);
            case 't': out.kind = Json::Kind::kTrue; return word("true");
            case 'f': out.kind = Json::Kind::kFalse; return word("false");
            case 'n': return word("null");
            default: return number(out);
        }
    }

    bool object(Json& out, int depth) {
        out.kind = Json::Kind::kObject;
        ++at_;
        if (take('}')) return true;
        do {
            skip_space();
            auto& [name, member] = out.members.emplace_back();
            if (peek() != '"' || !string(name) || !take(':') || !value(member, depth + 1)) return false;
        } while (take(','));
        return take('}');
    }

    bool array(Json& out, int depth) {
        out.kind = Json::Kind::kArray;
        ++at_;
        if (take(']')) return true;
        do {
            if (!value(out.items.emplace_back(), depth + 1)) return false;
        } while (take(','));
        return take(']');
    }

    bool number(Json& out) {
        out.kind = Json::Kind::kNumber;
        const std::size_t begin = at_;
        if (peek() == '-') ++at_;
        if (!is_digit(peek())) return false;
        const bool leading_zero = peek() == '0';
        const std::size_t digits = at_;
        while (is_digit(peek())) ++at_;
        if (leading_zero && at_ > digits + 1) return false;
        if (peek() == '.') {
            ++at_;
            if (!is_digit(peek())) return false;
            while (is_digit(peek())) ++at_;
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!is_digit(peek())) return false;
            while (is_digit(peek())) ++at_;
        }
        out.text = text_.substr(begin, at_ - begin);
        return true;
    }

    bool hex4(char32_t& code) {
        if (at_ + 4 > text_.size()) return false;
        code = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = text_[at_++];
            const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F'                       ? c - 'A' + 10
                                                                           : -1;
            if (digit < 0) return false;
            code = code * 16 + static_cast<char32_t>(digit);
        }
        return true;
    }

    bool unicode_escape(std::string& out) {
        char32_t code = 0;
        if (!hex4(code)) return false;
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
            const std::size_t back = at_;
            at_ += 2;
            char32_t low = 0;
            if (!hex4(low)) return false;
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            } else {
                at_ = back;
            }
        }
        utf8::append(out, code);
        return true;
    }

    bool string(std::string& out) {
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') return ++at_, true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (++at_ >= text_.size()) return false;
            static constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
            const std::size_t found = kNames.find(text_[at_]);
            if (found != std::string_view::npos) {
                out += kValues[found];
            } else if (text_[at_] == 'u') {
                ++at_;
                if (!unicode_escape(out)) return false;
                --at_;
            } else {
                return false;
            }
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void print(const Json& value, std::string& out) {
    switch (value.kind) {
        case Json::Kind::kNull: out += "null"; break;
        case Json::Kind::kFalse: out += "false"; break;
        case Json::Kind::kTrue: out += "true"; break;
        case Json::Kind::kNumber: out += value.text; break;
        case Json::Kind::kString: out += quote_json(value.text); break;
        case Json::Kind::kArray:
            out += '[';
            for (const Json& item : value.items) {
                if (&item != &value.items.front()) out += ',';
                print(item, out);
            }
            out += ']';
            break;
        case Json::Kind::kObject:
            out += '{';
            for (const auto& member : value.members) {
                if (&member != &value.members.front()) out += ',';
                out += quote_json(member.first) + ":";
                print(member.second, out);
            }
            out += '}';
            break;
    }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
    for (const auto& [key, value] : members) {
        if (key == name) return &value;
    }
    return nullptr;
}

const Json* Json::find_path(std::initializer_list<std::string_view> path) const {
    const Json* at = this;
    for (std::string_view name : path) {
        if (at) at = at->find(name);
    }
    return at;
}

std::optional<Json> parse_json(std::string_view text) { return Parser(text).parse(); }

bool equal_values(const Json& a, const Json& b) {
    if (a.kind != b.kind) return false;
    if (a.kind == Json::Kind::kNumber) {
        return scenario::canonical_number(a.text) == scenario::canonical_number(b.text);
    }
    if (a.kind == Json::Kind::kObject) {
        return a.members.size() == b.members.size() &&
               std::all_of(a.members.begin(), a.members.end(), [&](const auto& member) {
                   const Json* other = b.find(member.first);
                   return other && equal_values(member.second, *other);
               });
    }
    return a.text == b.text && a.items.size() == b.items.size() &&
           std::equal(a.items.begin(), a.items.end(), b.items.begin(), equal_values);
}

std::string quote_json(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04X}", static_cast<int>(c));
                } else {
                    out += c;
                }
        }
    }
    return out + '"';
}

std::string print_json(const Json& value) {
    std::string out;
    print(value, out);
    return out;
}

}  // namespace cdcsim::diff
