#include "sim/postgres/regex/matcher.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/type/ctype.h"

namespace cdcsim::pg::regex {

bool Matcher::search(std::ptrdiff_t from, Want want) {
    if (from > static_cast<Place>(text_.size())) return false;
    const bool backrefs = (program_.root->flags & kBackrefs) != 0;
    return backrefs ? search_backrefs(from) : search_plain(from, want);
}

/// Leftmost; from there as long or as short as the whole expression prefers.
bool Matcher::search_plain(Place from, Want want) {
    const auto size = static_cast<Place>(text_.size());
    const Part& root = *program_.root;
    const Place close = automaton(root).first_end(text_, from);
    if (close == kNoMatch || want == Want::kAnswer) return close != kNoMatch;
    for (Place begin = from; begin <= close; ++begin) {
        const Place end = (root.flags & kShorter) != 0 ? shortest(root, begin, begin, size)
                                                       : longest(root, begin, size);
        if (end == kNoMatch) continue;
        CDCSIM_CHECK(take(begin, end));
        return true;
    }
    return false;
}

/// Back references are known only by dissection, so each start and length is tried until one
/// succeeds. The rounds are cfindloop's: a candidate that fails right before the end of the text is
/// the last one, so an empty match at the very end can be missed.
bool Matcher::search_backrefs(Place from) {
    const auto size = static_cast<Place>(text_.size());
    do {
        const Place close = automaton(*program_.root).first_end(text_, from);
        if (close == kNoMatch) return false;
        for (Place begin = from; begin <= close; ++begin) {
            if (match_backrefs_at(begin)) return true;
        }
        from = close + 1;
    } while (from < size);
    return false;
}

bool Matcher::match_backrefs_at(Place begin) {
    const Part& root = *program_.root;
    const bool prefers_short = (root.flags & kShorter) != 0;
    Place least = begin, most = static_cast<Place>(text_.size());
    while (least <= most) {
        const Place end =
            prefers_short ? shortest(root, begin, least, most) : longest(root, begin, most);
        if (end == kNoMatch) return false;
        if (take(begin, end)) return true;
        (prefers_short ? least : most) = prefers_short ? end + 1 : end - 1;
    }
    return false;
}

bool Matcher::take(Place begin, Place end) {
    std::ranges::fill(groups_, RegexSpan{});
    groups_[0] = {begin, end};
    return dissect(*program_.root, begin, end);
}

Nfa& Matcher::automaton(const Part& part) const {
    if (part.automaton == nullptr) part.automaton = std::make_unique<Nfa>(program_, *part.syntax);
    return *part.automaton;
}

void Matcher::forget(const Part& part) {
    if (part.capture > 0) groups_[static_cast<std::size_t>(part.capture)] = {};
    for (const Part* child : part.children) forget(*child);
}

bool Matcher::dissect(const Part& part, Place begin, Place end) {
    bool matched = false;
    switch (part.kind) {
        case Part::Kind::kPlain:
            matched = true;  // whoever asks has seen that its automaton matches
            break;
        case Part::Kind::kBackref:
            matched = dissect_backref(part, begin, end);
            break;
        case Part::Kind::kSequence:
            matched = (part.children[0]->flags & kShorter) != 0
                          ? dissect_sequence_shortest(part, begin, end)
                          : dissect_sequence(part, begin, end);
            break;
        case Part::Kind::kChoice:
            matched = dissect_choice(part, begin, end);
            break;
        case Part::Kind::kIterate:
            matched = dissect_iterations(part, begin, end);
            break;
        case Part::Kind::kWrapper:
            matched = dissect(*part.children[0], begin, end);
            break;
    }
    if (matched && part.capture > 0) {
        groups_[static_cast<std::size_t>(part.capture)] = {begin, end};
    }
    return matched;
}

/// Whether the two children match on either side of `middle`.
bool Matcher::try_middle(const Part& part, Place begin, Place middle, Place end) {
    const Part& left = *part.children[0];
    const Part& right = *part.children[1];
    return longest(right, middle, end) == end && dissect(left, begin, middle) &&
           dissect(right, middle, end);
}

bool Matcher::dissect_sequence(const Part& part, Place begin, Place end) {
    const Part& left = *part.children[0];
    Place middle = longest(left, begin, end);
    while (middle != kNoMatch) {
        if (try_middle(part, begin, middle, end)) return true;
        if (middle == begin) return false;
        middle = longest(left, begin, middle - 1);
        forget(part);
    }
    return false;
}

bool Matcher::dissect_sequence_shortest(const Part& part, Place begin, Place end) {
    const Part& left = *part.children[0];
    Place middle = shortest(left, begin, begin, end);
    while (middle != kNoMatch) {
        if (try_middle(part, begin, middle, end)) return true;
        if (middle == end) return false;
        middle = shortest(left, begin, middle + 1, end);
        forget(part);
    }
    return false;
}

bool Matcher::dissect_choice(const Part& part, Place begin, Place end) {
    return std::ranges::any_of(part.children, [&](const Part* branch) {
        return longest(*branch, begin, end) == end && dissect(*branch, begin, end);
    });
}

bool Matcher::same(char32_t a, char32_t b) const {
    return program_.flags.ignore_case ? to_lower(a) == to_lower(b) : a == b;
}

bool Matcher::dissect_backref(const Part& part, Place begin, Place end) const {
    const RegexSpan& group = groups_[static_cast<std::size_t>(part.backref)];
    if (!group.matched()) return false;
    const Place length = group.end - group.start;
    // An empty group can be repeated as often as wanted, but only in no space.
    if (length == 0) return begin == end && part.min <= part.max;
    if (begin == end) return part.min == 0;
    if ((end - begin) % length != 0) return false;
    const Place count = (end - begin) / length;
    if (count < part.min || (part.max != kUnlimited && count > part.max)) return false;
    for (Place at = begin; at < end; ++at) {
        const auto wanted = static_cast<std::size_t>(group.start + (at - begin) % length);
        if (!same(text_[static_cast<std::size_t>(at)], text_[wanted])) return false;
    }
    return true;
}

/// Divides [begin, end) into matches of one child: first into pieces that its automaton accepts,
/// then each piece is dissected; where that fails the pieces before are changed, last one first.
/// Pieces are nonempty unless empty ones are needed to reach the minimum.
class Iterations {
  public:
    Iterations(Matcher& matcher, const Part& part, std::ptrdiff_t begin, std::ptrdiff_t end)
        : matcher_(matcher), child_(*part.children[0]), end_(end),
          least_(std::max(part.min, 1)),
          most_(end - begin),
          shortest_first_((child_.flags & kShorter) != 0) {
        if (part.max != kUnlimited) most_ = std::min<Place>(most_, part.max);
        most_ = std::max(most_, least_);
        ends_.assign(static_cast<std::size_t>(most_) + 1, begin);
    }

    bool run() {
        count_ = 1;
        limit_ = shortest_first_ ? ends_[0] : end_;
        while (count_ > 0) {
            const Result result = shortest_first_ ? next_shortest() : next_longest();
            if (result == Result::kMore) continue;
            if (result == Result::kDivided && verify()) return true;
            backtrack();
        }
        return false;
    }

  private:
    using Place = std::ptrdiff_t;
    enum class Result : std::uint8_t {
        kMore,     ///< a piece was added, go on
        kDivided,  ///< the pieces reach the end
        kFailed,   ///< piece number count_ must change
    };

    Place& end_of(Place piece) { return ends_[static_cast<std::size_t>(piece)]; }

    /// An empty piece is worth nothing unless all that is left would not suffice for the minimum.
    bool may_be_empty(Place at) const {
        return count_ < least_ && least_ - count_ >= end_ - at;
    }

    Result next_longest() {
        end_of(count_) = matcher_.longest(child_, end_of(count_ - 1), limit_);
        if (end_of(count_) == kNoMatch) return --count_, Result::kFailed;
        verified_ = std::min(verified_, count_ - 1);
        if (end_of(count_) == end_) return enough();
        if (count_ >= most_) return --count_, Result::kFailed;
        if (end_of(count_) == end_of(count_ - 1) && !may_be_empty(end_of(count_))) {
            return Result::kFailed;
        }
        ++count_;
        limit_ = end_;
        return Result::kMore;
    }

    Result next_shortest() {
        if (limit_ == end_of(count_ - 1) && limit_ != end_ && !may_be_empty(limit_)) ++limit_;
        if (count_ >= most_) limit_ = end_;
        end_of(count_) = matcher_.shortest(child_, end_of(count_ - 1), limit_, end_);
        if (end_of(count_) == kNoMatch) return --count_, Result::kFailed;
        verified_ = std::min(verified_, count_ - 1);
        if (end_of(count_) == end_) return enough();
        if (count_ >= most_) return --count_, Result::kFailed;
        ++count_;
        limit_ = end_of(count_ - 1);
        return Result::kMore;
    }

    Result enough() const { return count_ < least_ ? Result::kFailed : Result::kDivided; }

    /// Dissects the pieces that are not known to be right; the first wrong one becomes count_.
    bool verify() {
        for (Place piece = verified_ + 1; piece <= count_; ++piece) {
            matcher_.forget(child_);
            if (!matcher_.dissect(child_, end_of(piece - 1), end_of(piece))) {
                count_ = piece;
                return false;
            }
            verified_ = piece;
        }
        return true;
    }

    /// Finds the last piece that can still change and sets the limit for it.
    void backtrack() {
        for (; count_ > 0; --count_) {
            const Place start = end_of(count_ - 1);
            if (shortest_first_) {
                limit_ = end_of(count_) + 1;
                if (end_of(count_) < end_) return;
            } else if (end_of(count_) > start) {
                limit_ = end_of(count_) - 1;
                if (limit_ > start || may_be_empty(start)) return;
            }
        }
    }

    Matcher& matcher_;
    const Part& child_;
    Place end_, least_, most_;
    bool shortest_first_;
    std::vector<Place> ends_;  ///< ends_[k]: where piece k ends; ends_[0]: the beginning
    Place count_ = 0, verified_ = 0, limit_ = 0;
};

bool Matcher::dissect_iterations(const Part& part, Place begin, Place end) {
    const bool none_is_enough = part.min == 0 && begin == end;
    if (none_is_enough && (part.children[0]->flags & kShorter) != 0) return true;
    // Where longer is better, no repetition at all is the last thing that is considered.
    return Iterations(*this, part, begin, end).run() || none_is_enough;
}

}  // namespace cdcsim::pg::regex
