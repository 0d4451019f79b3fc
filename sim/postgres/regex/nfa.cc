#include "sim/postgres/regex/nfa.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/regex/lexer.h"

namespace cdcsim::pg::regex {

namespace {

/// Beyond this PostgreSQL, too, may say that an expression is too complex; where exactly is its own
/// affair.
constexpr std::size_t kMaxNodes = 200'000;

bool is_word(std::u32string_view text, std::ptrdiff_t at) {
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(text.size())) return false;
    return word_class().contains(text[static_cast<std::size_t>(at)]);
}

bool anchor_holds(Anchor anchor, std::u32string_view text, std::ptrdiff_t at) {
    const auto size = static_cast<std::ptrdiff_t>(text.size());
    auto newline = [&](std::ptrdiff_t i) { return text[static_cast<std::size_t>(i)] == '\n'; };
    switch (anchor) {
        case Anchor::kTextStart:
            return at == 0;
        case Anchor::kTextEnd:
            return at == size;
        case Anchor::kLineStart:
            return at == 0 || newline(at - 1);
        case Anchor::kLineEnd:
            return at == size || newline(at);
        case Anchor::kWordStart:
            return !is_word(text, at - 1) && is_word(text, at);
        case Anchor::kWordEnd:
            return is_word(text, at - 1) && !is_word(text, at);
        case Anchor::kWordEdge:
            return is_word(text, at - 1) != is_word(text, at);
        case Anchor::kNotWordEdge:
            return is_word(text, at - 1) == is_word(text, at);
    }
    return false;
}

}  // namespace

Nfa::Nfa(const Program& program, const Syntax& syntax) : program_(program) {
    const std::uint32_t match = add_node({});
    entry_ = emit(syntax, match, Anchors::kKeep);
    seen_.resize(nodes_.size(), 0);
}

std::uint32_t Nfa::add_node(Node node) {
    if (nodes_.size() >= kMaxNodes) throw NotSimulated("a regular expression so complex");
    nodes_.push_back(node);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t Nfa::emit(const Syntax& syntax, std::uint32_t next, Anchors anchors) {
    using Kind = Syntax::Kind;
    const auto& children = syntax.children;
    switch (syntax.kind) {
        case Kind::kEmpty:
            return next;
        case Kind::kSet:
            return add_node({.op = Op::kSet, .next = next, .set = &program_.sets[syntax.index]});
        case Kind::kAnchor:
            if (anchors == Anchors::kDrop) return next;
            return add_node({.op = Op::kAnchor, .index = syntax.index, .next = next});
        case Kind::kLook:
            if (anchors == Anchors::kDrop) return next;
            return add_node(
                {.op = Op::kLook, .index = syntax.index, .next = next, .look = &syntax});
        case Kind::kSequence:
            for (auto it = children.rbegin(); it != children.rend(); ++it) {
                next = emit(**it, next, anchors);
            }
            return next;
        case Kind::kChoice: {
            std::uint32_t entry = emit(*children.back(), next, anchors);
            for (std::size_t i = children.size() - 1; i-- > 0;) {
                const std::uint32_t first = emit(*children[i], next, anchors);
                entry = add_node({.op = Op::kSplit, .next = first, .other = entry});
            }
            return entry;
        }
        case Kind::kRepeat:
            return emit_repeat(syntax, next, anchors);
        case Kind::kBackref:
            return emit(*children[0], next, Anchors::kDrop);
    }
    return next;
}

std::uint32_t Nfa::emit_repeat(const Syntax& syntax, std::uint32_t next, Anchors anchors) {
    const Syntax& item = *syntax.children[0];
    std::uint32_t entry = next;
    if (syntax.max == kUnlimited) {
        const std::uint32_t loop = add_node({.op = Op::kSplit, .other = next});
        nodes_[loop].next = loop;  // an item that is empty comes back here
        nodes_[loop].next = emit(item, loop, anchors);
        entry = loop;
    } else {
        for (int i = syntax.min; i < syntax.max; ++i) {
            const std::uint32_t once = emit(item, entry, anchors);
            entry = add_node({.op = Op::kSplit, .next = once, .other = next});
        }
    }
    for (int i = 0; i < syntax.min; ++i) entry = emit(item, entry, anchors);
    return entry;
}

void Nfa::start() {
    now_.waiting.clear();
    now_.accepts = false;
    if (++step_ == 0) {  // the numbers are used up: forget all of them
        std::ranges::fill(seen_, 0);
        step_ = 1;
    }
}

void Nfa::enter(std::uint32_t node, std::u32string_view text, std::ptrdiff_t at) {
    stack_.push_back(node);
    while (!stack_.empty()) {
        const std::uint32_t id = stack_.back();
        stack_.pop_back();
        if (seen_[id] == step_) continue;
        seen_[id] = step_;
        const Node& here = nodes_[id];
        switch (here.op) {
            case Op::kSet:
                now_.waiting.push_back(id);
                break;
            case Op::kSplit:
                stack_.push_back(here.other);
                stack_.push_back(here.next);
                break;
            case Op::kAnchor:
                if (anchor_holds(static_cast<Anchor>(here.index), text, at)) {
                    stack_.push_back(here.next);
                }
                break;
            case Op::kLook:
                if (look_holds(here, text, at)) stack_.push_back(here.next);
                break;
            case Op::kMatch:
                now_.accepts = true;
                break;
        }
    }
}

void Nfa::step(std::u32string_view text, std::ptrdiff_t at) {
    std::swap(now_, before_);
    start();
    const char32_t c = text[static_cast<std::size_t>(at - 1)];
    for (std::uint32_t id : before_.waiting) {
        if (nodes_[id].set->contains(c)) enter(nodes_[id].next, text, at);
    }
}

bool Nfa::look_holds(const Node& node, std::u32string_view text, std::ptrdiff_t at) const {
    auto& automaton = node.look->automaton;
    if (automaton == nullptr) {
        automaton = std::make_unique<Nfa>(program_, *node.look->children[0]);
    }
    const auto size = static_cast<std::ptrdiff_t>(text.size());
    switch (static_cast<LookKind>(node.index)) {
        case kLookAhead:
            return automaton->shortest(text, at, at, size) != kNoMatch;
        case kLookAheadNot:
            return automaton->shortest(text, at, at, size) == kNoMatch;
        case kLookBehind:
            return automaton->ends_at(text, at);
        case kLookBehindNot:
            return !automaton->ends_at(text, at);
    }
    return false;
}

std::ptrdiff_t Nfa::longest(std::u32string_view text, std::ptrdiff_t begin, std::ptrdiff_t limit) {
    start();
    enter(entry_, text, begin);
    std::ptrdiff_t end = now_.accepts ? begin : kNoMatch;
    for (std::ptrdiff_t at = begin + 1; at <= limit && !now_.waiting.empty(); ++at) {
        step(text, at);
        if (now_.accepts) end = at;
    }
    return end;
}

std::ptrdiff_t Nfa::shortest(std::u32string_view text, std::ptrdiff_t begin, std::ptrdiff_t least,
                             std::ptrdiff_t most) {
    start();
    enter(entry_, text, begin);
    if (now_.accepts && begin >= least) return begin;
    for (std::ptrdiff_t at = begin + 1; at <= most && !now_.waiting.empty(); ++at) {
        step(text, at);
        if (now_.accepts && at >= least) return at;
    }
    return kNoMatch;
}

std::ptrdiff_t Nfa::first_end(std::u32string_view text, std::ptrdiff_t from) {
    const auto size = static_cast<std::ptrdiff_t>(text.size());
    start();
    enter(entry_, text, from);
    for (std::ptrdiff_t at = from; at <= size; ++at) {
        if (now_.accepts) return at;
        if (at == size) break;
        step(text, at + 1);
        enter(entry_, text, at + 1);
    }
    return kNoMatch;
}

bool Nfa::ends_at(std::u32string_view text, std::ptrdiff_t end) {
    start();
    enter(entry_, text, 0);
    for (std::ptrdiff_t at = 1; at <= end; ++at) {
        step(text, at);
        enter(entry_, text, at);
    }
    return now_.accepts;
}

}  // namespace cdcsim::pg::regex
