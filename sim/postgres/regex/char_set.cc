#include "sim/postgres/regex/char_set.h"

#include <algorithm>

#include "sim/postgres/type/ctype.h"

namespace cdcsim::pg::regex {

namespace {

namespace cc = char_class;

/// Beyond this no character has another case.
constexpr char32_t kLastCased = 0x1E943;

struct NamedClass {
    std::u32string_view name;
    ClassTest test;
};
constexpr NamedClass kNamedClasses[] = {
    {U"alnum", {cc::kAlnum, false}}, {U"alpha", {cc::kAlpha, false}},
    {U"digit", {cc::kDigit, false}}, {U"graph", {cc::kGraph, false}},
    {U"lower", {cc::kLower, false}}, {U"print", {cc::kPrint, false}},
    {U"punct", {cc::kPunct, false}}, {U"space", {cc::kSpace, false}},
    {U"upper", {cc::kUpper, false}}, {U"word", {cc::kAlnum, true}},
};

/// Classes that are the same in every locale.
struct RangeClass {
    std::u32string_view name;
    char32_t first, last;
};
constexpr RangeClass kRangeClasses[] = {
    {U"ascii", 0, 0x7F},   {U"blank", '\t', '\t'}, {U"blank", ' ', ' '},  {U"cntrl", 0, 0x1F},
    {U"cntrl", 0x7F, 0x9F}, {U"xdigit", '0', '9'},  {U"xdigit", 'A', 'F'}, {U"xdigit", 'a', 'f'},
};

}  // namespace

bool ClassTest::contains(char32_t c) const {
    return (underscore && c == '_') || (character_classes(c) & classes) != 0;
}

ClassTest digit_class() { return {cc::kDigit, false}; }
ClassTest space_class() { return {cc::kSpace, false}; }
ClassTest word_class() { return {cc::kAlnum, true}; }

void CharSet::add(char32_t c, Case sensitivity) {
    if (sensitivity == Case::kSensitive) {
        ranges_.push_back({c, c});
        return;
    }
    ranges_.push_back({to_lower(c), to_lower(c)});
    ranges_.push_back({to_upper(c), to_upper(c)});
}

void CharSet::add_range(char32_t first, char32_t last, Case sensitivity) {
    ranges_.push_back({first, last});
    if (sensitivity == Case::kSensitive) return;
    for (char32_t c = first; c <= std::min(last, kLastCased); ++c) {
        for (char32_t other : {to_lower(c), to_upper(c)}) {
            if (other < first || other > last) ranges_.push_back({other, other});
        }
    }
}

void CharSet::add_class(ClassTest test) { classes_.push_back(test); }
void CharSet::add_complement(ClassTest test) { complements_.push_back(test); }

bool CharSet::add_named_class(std::u32string_view name, Case sensitivity) {
    const bool cased = name == U"lower" || name == U"upper";
    if (cased && sensitivity == Case::kInsensitive) name = U"alpha";
    for (const NamedClass& row : kNamedClasses) {
        if (row.name == name) return classes_.push_back(row.test), true;
    }
    bool found = false;
    for (const RangeClass& row : kRangeClasses) {
        if (row.name != name) continue;
        ranges_.push_back({row.first, row.last});
        found = true;
    }
    return found;
}

void CharSet::negate(bool exclude_newline) {
    negated_ = true;
    without_newline_ = exclude_newline;
}

void CharSet::freeze() {
    std::ranges::sort(ranges_, {}, &Range::first);
    std::vector<Range> merged;
    for (const Range& range : ranges_) {
        if (!merged.empty() && range.first <= merged.back().last + 1) {
            merged.back().last = std::max(merged.back().last, range.last);
        } else {
            merged.push_back(range);
        }
    }
    ranges_ = std::move(merged);
    for (std::size_t c = 0; c < kAscii; ++c) ascii_[c] = compute(static_cast<char32_t>(c));
}

bool CharSet::compute(char32_t c) const {
    if (without_newline_ && c == '\n') return false;
    auto it = std::ranges::upper_bound(ranges_, c, {}, &Range::first);
    bool in = it != ranges_.begin() && c <= std::prev(it)->last;
    auto holds = [c](const ClassTest& test) { return test.contains(c); };
    in = in || std::ranges::any_of(classes_, holds);
    in = in || !std::ranges::all_of(complements_, holds);
    return in != negated_;
}

}  // namespace cdcsim::pg::regex
