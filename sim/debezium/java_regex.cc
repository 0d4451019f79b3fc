#include "sim/debezium/java_regex.h"

#include <algorithm>
#include <optional>
#include <regex>

#include "core/base/error.h"

namespace cdcsim::debezium {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_meta(char c) {
    return std::string_view("\\[](){}*+?|^$").find(c) != std::string_view::npos;
}

/// Literal text (lower-cased if case does not count) with '\0' for `.`, if the pattern is nothing else.
std::optional<std::string> as_literal(std::string_view pattern, bool ignores_case) {
    auto lower = [&](char c) { return ignores_case ? ::cdcsim::debezium::lower(c) : c; };
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        char c = pattern[i];
        if (c == '\\') {
            if (i + 1 == pattern.size() || !(is_meta(pattern[i + 1]) || pattern[i + 1] == '.'))
                return std::nullopt;
            out += lower(pattern[++i]);
        } else if (c == '.') {
            out += '\0';
        } else if (is_meta(c) || static_cast<unsigned char>(c) >= 0x80) {
            return std::nullopt;
        } else {
            out += lower(c);
        }
    }
    return out;
}

std::wstring widen(std::string_view utf8) {
    std::wstring out;
    for (std::size_t i = 0; i < utf8.size();) {
        auto lead = static_cast<unsigned char>(utf8[i++]);
        int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
        while (more-- > 0 && i < utf8.size())
            point = point << 6 | (static_cast<unsigned char>(utf8[i++]) & 0x3FU);
        out += static_cast<wchar_t>(point);
    }
    return out;
}

[[noreturn]] void refuse(std::string_view pattern, const char* what) {
    throw NotSimulated(std::string(what) + " in the regular expression \"" + std::string(pattern) +
                       "\"");
}

/// Refuses what ECMAScript lacks or reads differently; finds unclosed groups as Java words them.
void check_syntax(std::string_view pattern) {
    int depth = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        char c = pattern[i];
        char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (c == '\\') {
            if (std::string_view("dDwWsSbB").find(next) == std::string_view::npos && isalnum(next))
                refuse(pattern, "an escape");
            ++i;
        } else if (c == '[') {
            auto start = i;
            if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
            if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
            while (++i < pattern.size() && pattern[i] != ']') {
                if (pattern[i] == '[' || pattern.substr(i, 2) == "&&")
                    refuse(pattern, "a nested class");
                if (pattern[i] == '\\') ++i;
            }
            if (i >= pattern.size())
                throw RegexSyntaxError{"Unclosed character class near index " +
                                       std::to_string(pattern.size() - 1) + "\n" +
                                       std::string(pattern) + "\n" +
                                       std::string(pattern.size() - 1, ' ') + "^"};
            (void)start;
        } else if (c == '(') {
            ++depth;
            if (next == '?' && i + 2 < pattern.size() &&
                std::string_view(":=!").find(pattern[i + 2]) == std::string_view::npos)
                refuse(pattern, "a flag, named group or lookbehind");
        } else if (c == ')') {
            if (--depth < 0)
                throw RegexSyntaxError{
                    "Unmatched closing ')'" +
                    (i == 0 ? std::string() : " near index " + std::to_string(i - 1)) + "\n" +
                    std::string(pattern) + (i == 0 ? "" : "\n" + std::string(i - 1, ' ') + "^")};
        } else if ((c == '*' || c == '+' || c == '?' || c == '}') && next == '+') {
            refuse(pattern, "a possessive quantifier");
        }
    }
    if (depth > 0)
        throw RegexSyntaxError{"Unclosed group near index " + std::to_string(pattern.size()) +
                               "\n" + std::string(pattern)};
}

}  // namespace

struct JavaRegex::Compiled {
    std::wregex regex;
};

JavaRegex::JavaRegex(std::string_view pattern, bool ignores_case) : ignores_case_(ignores_case) {
    if (auto literal = as_literal(pattern, ignores_case)) {
        literal_ = std::move(*literal);
        return;
    }
    check_syntax(pattern);
    try {
        auto flags = std::regex::ECMAScript | std::regex::optimize;
        if (ignores_case) flags |= std::regex::icase;
        compiled_ = std::make_shared<const Compiled>(Compiled{std::wregex(widen(pattern), flags)});
    } catch (const std::regex_error&) {
        refuse(pattern, "a construct");
    }
}

bool JavaRegex::matches(std::string_view text) const {
    if (compiled_) return std::regex_match(widen(text), compiled_->regex);
    std::size_t i = 0;
    for (char expected : literal_) {
        if (i == text.size()) return false;
        if (expected == '\0') {
            do ++i;
            while (i < text.size() && (text[i] & 0xC0) == 0x80);
        } else if ((ignores_case_ ? lower(text[i]) : text[i]) != expected) {
            return false;
        } else {
            ++i;
        }
    }
    return i == text.size();
}

struct JavaReplacer::Compiled {
    std::regex regex;
    std::vector<std::string> names;  ///< of the groups; "" for those without
};

namespace {

/// The pattern without the names of its groups, which go to `names`.
std::string without_names(std::string_view pattern, std::vector<std::string>& names) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        out += c;
        if (c == '\\' && i + 1 < pattern.size()) {
            out += pattern[++i];
        } else if (c == '[' || c == ']') {
            in_class = c == '[';
        } else if (c == '(' && !in_class) {
            const bool is_special = pattern.substr(i + 1, 1) == "?";
            const bool is_named = pattern.substr(i + 1, 2) == "?<" && isalpha(static_cast<unsigned char>(pattern.substr(i + 3, 1).empty() ? 0 : pattern[i + 3]));
            const auto end = is_named ? pattern.find('>', i) : i;
            if (is_named && end != pattern.npos) {
                names.emplace_back(pattern.substr(i + 3, end - i - 3));
                i = end;
            } else if (!is_special) {
                names.emplace_back();
            }
        }
    }
    return out;
}

}  // namespace

JavaReplacer::JavaReplacer(std::string_view pattern, std::string_view replacement) : replacement_(replacement) {
    auto compiled = std::make_shared<Compiled>();
    const std::string plain = without_names(pattern, compiled->names);
    check_syntax(plain);
    try {
        compiled->regex = std::regex(plain, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error&) {
        refuse(pattern, "a construct");
    }
    compiled_ = std::move(compiled);
}

namespace {

[[noreturn]] void illegal(const std::string& message) { throw ReplacementError{"java.lang.IllegalArgumentException: " + message}; }

/// One pass over a replacement: Matcher.appendExpandedReplacement.
class Expansion {
  public:
    Expansion(const std::string& replacement, const std::vector<std::string>& names, const std::smatch& match)
        : text_(replacement), names_(names), match_(match) {}
    std::string run() {
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                if (++at_ == text_.size()) illegal("character to be escaped is missing");
                out_ += text_[at_];
            } else if (text_[at_] != '$') {
                out_ += text_[at_];
            } else if (++at_ == text_.size()) {
                illegal("Illegal group reference: group index is missing");
            } else if (text_[at_] == '{') {
                named();
            } else {
                numbered();
            }
        }
        return std::move(out_);
    }

  private:
    bool is_digit(std::size_t at) const { return at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; }
    void named() {
        const auto end = text_.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", at_ + 1);
        const std::string name = text_.substr(at_ + 1, (end == std::string::npos ? text_.size() : end) - at_ - 1);
        if (name.empty()) illegal("named capturing group is missing trailing '}'");
        if (end == std::string::npos || text_[end] != '}') illegal("named capturing group is missing trailing '}'");
        if (is_digit(at_ + 1)) illegal("capturing group name {" + name + "} starts with digit character");
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end()) illegal("No group with name {" + name + "}");
        out_ += match_[static_cast<std::size_t>(found - names_.begin()) + 1];
        at_ = end;
    }
    void numbered() {
        if (!is_digit(at_)) illegal("Illegal group reference");
        std::size_t group = static_cast<std::size_t>(text_[at_] - '0');
        if (group >= match_.size()) throw ReplacementError{"java.lang.IndexOutOfBoundsException: No group " + std::to_string(group)};
        // Further digits belong to the number as long as there is such a group.
        while (is_digit(at_ + 1) && group * 10 + static_cast<std::size_t>(text_[at_ + 1] - '0') < match_.size()) {
            group = group * 10 + static_cast<std::size_t>(text_[++at_] - '0');
        }
        out_ += match_[group];
    }

    const std::string& text_;
    const std::vector<std::string>& names_;
    const std::smatch& match_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string JavaReplacer::replaced(const std::string& text) const {
    if (!std::regex_match(text, compiled_->regex)) return text;
    std::smatch match;
    std::regex_search(text, match, compiled_->regex);
    return match.prefix().str() + Expansion(replacement_, compiled_->names, match).run() + match.suffix().str();
}

std::vector<std::string> split_regex_list(std::string_view list) {
    std::vector<std::string> parts;
    std::string part;
    auto flush = [&] {
        if (part.empty()) return;
        auto first = part.find_first_not_of(" \t\r\n");
        auto last = part.find_last_not_of(" \t\r\n");
        parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
        part.clear();
    };
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] == ',') {
            flush();
        } else if (list[i] == '\\' && i + 1 < list.size()) {
            if (list[i + 1] != ',') part += '\\';
            part += list[++i];
        } else {
            part += list[i];
        }
    }
    flush();
    return parts;
}

RegexList::RegexList(std::string_view list) {
    for (const auto& part : split_regex_list(list)) patterns_.emplace_back(part);
}

std::size_t RegexList::first_match(std::string_view text) const {
    std::size_t place = 0;
    while (place < patterns_.size() && !patterns_[place].matches(text)) ++place;
    return place;
}

}  // namespace cdcsim::debezium
