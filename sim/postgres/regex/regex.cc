#include "sim/postgres/regex/regex.h"

#include <algorithm>
#include <list>
#include <utility>

#include "core/base/utf8.h"
#include "sim/postgres/regex/matcher.h"

namespace cdcsim::pg {

Regex::Regex(std::u32string_view pattern, RegexFlags flags)
    : program_(regex::parse(pattern, flags)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;

int Regex::group_count() const { return program_->groups; }

bool Regex::search(std::u32string_view text, std::size_t from,
                   std::vector<RegexSpan>* groups) const {
    regex::Matcher matcher(*program_, text);
    using Want = regex::Matcher::Want;
    const Want want = groups == nullptr ? Want::kAnswer : Want::kGroups;
    if (!matcher.search(static_cast<std::ptrdiff_t>(from), want)) return false;
    if (groups != nullptr) *groups = matcher.groups();
    return true;
}

namespace {

struct CachedRegex {
    std::string pattern;
    RegexFlags flags;
    Regex regex;
};
constexpr std::size_t kCacheSize = 32;

}  // namespace

const Regex& compiled_regex(std::string_view pattern, RegexFlags flags) {
    // A session runs on one thread; what is kept here is only speed, never an answer.
    thread_local std::list<CachedRegex> cache;
    auto it = std::ranges::find_if(cache, [&](const CachedRegex& entry) {
        return entry.flags == flags && entry.pattern == pattern;
    });
    if (it != cache.end()) {
        cache.splice(cache.begin(), cache, it);
        return cache.front().regex;
    }
    std::u32string characters;
    for (std::size_t at = 0; at < pattern.size();) characters += utf8::decode(pattern, at);
    cache.push_front({std::string(pattern), flags, Regex(characters, flags)});
    if (cache.size() > kCacheSize) cache.pop_back();
    return cache.front().regex;
}

}  // namespace cdcsim::pg
