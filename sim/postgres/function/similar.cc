#include "sim/postgres/function/similar.h"

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace cdcsim::pg {

namespace {

/// The translation's state while it goes through the pattern.
class SimilarTranslator {
  public:
    explicit SimilarTranslator(std::string_view escape) : escape_(escape) {}

    std::string translate(std::string_view pattern) {
        out_ = "^(?:";
        while (!pattern.empty()) {
            const std::string_view character = pattern.substr(0, utf8::length_of(pattern.front()));
            pattern.remove_prefix(character.size());
            put(character);
        }
        return std::move(out_ += ")$");
    }

  private:
    void put(std::string_view character) {
        if (after_escape_) {
            put_escaped(character);
        } else if (!escape_.empty() && character == escape_) {
            after_escape_ = true;
        } else if (class_depth_ > 0) {
            put_in_class(character);
        } else if (character == "[") {
            out_ += '[';
            class_depth_ = 1;
            class_start_ = 1;
        } else if (character == "%") {
            out_ += ".*";
        } else if (character == "_") {
            out_ += '.';
        } else if (character == "(") {
            out_ += "(?:";
        } else {
            if (character == "\\" || character == "." || character == "^" || character == "$") {
                out_ += '\\';
            }
            out_ += character;
        }
    }

    /// Any character may be escaped, so POSIX escapes such as \d are reachable; escape-double-quote
    /// separates the three parts of SUBSTRING ... SIMILAR.
    void put_escaped(std::string_view character) {
        after_escape_ = false;
        if (character != "\"" || class_depth_ > 0) {
            out_ += '\\';
            out_ += character;
            class_start_ = 3;
            return;
        }
        switch (separators_++) {
            case 0:
                out_ += "){1,1}?(";
                break;
            case 1:
                out_ += "){1,1}(?:";
                break;
            default:
                throw SqlError("2200C", "SQL regular expression may not contain more than two "
                                        "escape-double-quote separators");
        }
    }

    /// class_start_: 1 right behind the opening bracket, 2 behind a caret there; a closing bracket in
    /// these places is an ordinary character.
    void put_in_class(std::string_view character) {
        if (character == "\\") out_ += '\\';
        out_ += character;
        if (character == "]" && class_start_ > 2) {
            --class_depth_;
        } else if (character == "[") {
            ++class_depth_;
        }
        class_start_ = character == "^" ? class_start_ + 1 : 3;
    }

    std::string out_;
    std::string_view escape_;
    bool after_escape_ = false;
    int class_depth_ = 0;
    int class_start_ = 0;
    int separators_ = 0;
};

}  // namespace

std::string similar_to_regex(std::string_view pattern, std::string_view escape) {
    if (!escape.empty() && utf8::length_of(escape.front()) != escape.size()) {
        throw SqlError("22025", "invalid escape string")
            .hint("Escape string must be empty or one character.");
    }
    return SimilarTranslator(escape).translate(pattern);
}

}  // namespace cdcsim::pg
