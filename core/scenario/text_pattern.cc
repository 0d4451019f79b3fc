#include "core/scenario/text_pattern.h"

#include <regex.h>

#include <array>

namespace cdcsim::scenario {

namespace {

struct Class {
    char letter;
    std::string_view members;  // inside of brackets
};
constexpr std::array kClasses = {Class{'d', "0-9"}, Class{'w', "A-Za-z0-9_"}, Class{'s', " \t\n\r\f\v"}};

const Class* find_class(char letter) {
    for (const Class& c : kClasses) {
        if (c.letter == letter) return &c;
    }
    return nullptr;
}

char control(char letter) { return letter == 'n' ? '\n' : letter == 't' ? '\t' : letter == 'r' ? '\r' : '\0'; }

/// Perl's spelling into POSIX's extended one.
class Translator {
  public:
    explicit Translator(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\\') {
                escape();
            } else if (c == '[') {
                brackets();
            } else if (text_.substr(at_).starts_with("(?:")) {
                out_ += '(';
                at_ += 3;
            } else if (text_.substr(at_).starts_with("(?")) {
                throw TextPatternError("(? other than (?: is not supported");
            } else {
                out_ += c;
                ++at_;
                const bool quantifier = c == '*' || c == '+' || c == '?' || c == '}';
                if (quantifier && at_ < text_.size() && text_[at_] == '?') ++at_;  // lazy or not, it is found or not
            }
        }
        return std::move(out_);
    }

  private:
    char escaped() {
        if (at_ + 1 >= text_.size()) throw TextPatternError("it ends in a backslash");
        at_ += 2;
        return text_[at_ - 1];
    }

    void escape() {
        const char c = escaped();
        const Class* positive = find_class(c);
        const Class* negative = find_class(static_cast<char>(c + ('a' - 'A')));
        if (positive) {
            out_ += "[" + std::string(positive->members) + "]";
        } else if (negative && c >= 'A' && c <= 'Z') {
            out_ += "[^" + std::string(negative->members) + "]";
        } else if (control(c)) {
            out_ += control(c);
        } else if (c == 'b' || c == 'B') {
            out_ += std::string("\\") + c;
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            throw TextPatternError(std::string("\\") + c + " is not supported");
        } else {
            out_ += std::string("\\") + c;
        }
    }

    /// In POSIX's brackets a backslash is itself, `]` comes first and `-` last.
    void brackets() {
        std::string members;
        bool closing = false, dash = false;
        std::string begin = "[";
        if (++at_ < text_.size() && text_[at_] == '^') {
            begin += '^';
            ++at_;
        }
        while (at_ < text_.size() && text_[at_] != ']') {
            if (text_.substr(at_).starts_with("[:")) {
                const std::size_t end = text_.find(":]", at_);
                if (end == std::string_view::npos) throw TextPatternError("[: without :]");
                members += text_.substr(at_, end + 2 - at_);
                at_ = end + 2;
            } else if (text_[at_] != '\\') {
                members += text_[at_++];
            } else {
                const char c = escaped();
                if (const Class* known = find_class(c)) {
                    members += known->members;
                } else if (control(c)) {
                    members += control(c);
                } else if (c == ']') {
                    closing = true;
                } else if (c == '-') {
                    dash = true;
                } else {
                    members += c;
                }
            }
        }
        if (at_++ >= text_.size()) throw TextPatternError("[ without ]");
        out_ += begin + (closing ? "]" : "") + members + (dash ? "-" : "") + "]";
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

struct TextPattern::Compiled {
    regex_t regex{};
};

TextPattern::TextPattern(std::string_view expression) : compiled_(std::make_unique<Compiled>()) {
    const int status = regcomp(&compiled_->regex, Translator(expression).run().c_str(), REG_EXTENDED | REG_NOSUB);
    if (status == 0) return;
    std::array<char, 256> message{};
    regerror(status, &compiled_->regex, message.data(), message.size());
    throw TextPatternError(message.data());
}

TextPattern::~TextPattern() {
    if (compiled_) regfree(&compiled_->regex);
}

bool TextPattern::found_in(std::string_view text) const {
    regmatch_t range{};
    range.rm_so = 0;
    range.rm_eo = static_cast<regoff_t>(text.size());
    return regexec(&compiled_->regex, text.data() ? text.data() : "", 1, &range, REG_STARTEND) == 0;
}

}  // namespace cdcsim::scenario
