// A set of characters of a regular expression: what one arc of the automaton accepts.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cdcsim::pg::regex {

/// A character class: the classes of type/ctype.h, of which any one suffices, and \w's underscore.
struct ClassTest {
    std::uint16_t classes = 0;
    bool underscore = false;

    bool contains(char32_t character) const;
};

enum class Case : bool { kSensitive, kInsensitive };

class CharSet {
  public:
    /// `c` and, if case does not count, its other case.
    void add(char32_t c, Case sensitivity);
    /// REQUIRES: first <= last. Without case: also what the range's characters map to.
    void add_range(char32_t first, char32_t last, Case sensitivity);
    void add_class(ClassTest test);
    void add_complement(ClassTest test);
    /// [:name:]; false if there is no such class.
    bool add_named_class(std::u32string_view name, Case sensitivity);

    /// From now on the set is what it did not contain; with `exclude_newline`, never a line feed.
    void negate(bool exclude_newline);

    /// Precomputes the answers for ASCII. Called once, when the set is complete.
    void freeze();

    bool contains(char32_t c) const { return c < kAscii ? ascii_[c] : compute(c); }

  private:
    static constexpr std::size_t kAscii = 128;
    struct Range {
        char32_t first, last;
    };

    bool compute(char32_t c) const;

    std::vector<Range> ranges_;
    std::vector<ClassTest> classes_, complements_;
    std::bitset<kAscii> ascii_;
    bool negated_ = false;
    bool without_newline_ = false;
};

/// \d \s \w as class tests.
ClassTest digit_class();
ClassTest space_class();
ClassTest word_class();

}  // namespace cdcsim::pg::regex
