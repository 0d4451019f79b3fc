// Java regular expressions as Debezium's lists use them: anchored at both ends, ignoring the case
// of ASCII letters; and with groups and case, as transforms route by them. Most are plain names and are matched by hand; the rest goes to std::wregex
// (ECMAScript, over code points), and what means something else there is refused by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::debezium {

class JavaRegex {
  public:
    /// Throws NotSimulated for syntax whose meaning differs, RegexSyntaxError where Java's
    /// Pattern.compile would fail.
    explicit JavaRegex(std::string_view pattern, bool ignores_case = true);
    /// Pattern.matcher(text).matches().
    bool matches(std::string_view text) const;

  private:
    struct Compiled;
    std::string literal_;  ///< with '\0' for any character; used when compiled_ is null
    bool ignores_case_;
    std::shared_ptr<const Compiled> compiled_;
};

/// `matcher.matches() ? matcher.replaceFirst(replacement) : text`.
class JavaReplacer {
  public:
    /// Named groups are `(?<name>...)`. Throws NotSimulated and RegexSyntaxError as JavaRegex does.
    JavaReplacer(std::string_view pattern, std::string_view replacement);
    /// Throws ReplacementError where the replacement refers to a group that the pattern does not have, or ends in the middle.
    std::string replaced(const std::string& text) const;

  private:
    struct Compiled;
    std::shared_ptr<const Compiled> compiled_;
    std::string replacement_;
};

/// Java's PatternSyntaxException.getMessage().
struct RegexSyntaxError {
    std::string message;
};

/// The exception of Matcher.appendReplacement: "class: message".
struct ReplacementError {
    std::string cause;
};

/// A comma-separated list of regular expressions (`\,` is a comma), as Strings.setOfRegex reads it.
class RegexList {
  public:
    RegexList() = default;
    explicit RegexList(std::string_view list);
    bool empty() const { return patterns_.empty(); }
    bool matches(std::string_view text) const { return first_match(text) < patterns_.size(); }
    /// The place of the first that matches, or how many there are.
    std::size_t first_match(std::string_view text) const;

  private:
    std::vector<JavaRegex> patterns_;
};

/// The parts of such a list, trimmed.
std::vector<std::string> split_regex_list(std::string_view list);

}  // namespace cdcsim::debezium
