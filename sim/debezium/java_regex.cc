#include "sim/debezium/java_regex.h"

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

/// Lower-cased literal text with '\0' for `.`, if the pattern is nothing else.
std::optional<std::string> as_literal(std::string_view pattern) {
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

JavaRegex::JavaRegex(std::string_view pattern) {
    if (auto literal = as_literal(pattern)) {
        literal_ = std::move(*literal);
        return;
    }
    check_syntax(pattern);
    try {
        compiled_ = std::make_shared<const Compiled>(Compiled{std::wregex(
            widen(pattern), std::regex::ECMAScript | std::regex::icase | std::regex::optimize)});
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
        } else if (lower(text[i++]) != expected) {
            return false;
        }
    }
    return i == text.size();
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
