// Regular expressions of <re ...>: the usual Perl-like spelling, searched anywhere in the text
// unless anchored. On glibc's regexec, which takes texts of any length (std::regex recurses for each
// character); what it lacks is translated or refused.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cdcsim::scenario {

class TextPatternError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class TextPattern {
  public:
    /// Throws TextPatternError.
    explicit TextPattern(std::string_view expression);
    ~TextPattern();
    TextPattern(const TextPattern&) = delete;
    TextPattern& operator=(const TextPattern&) = delete;

    bool found_in(std::string_view text) const;

  private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace cdcsim::scenario
