// From tokens to syntax and parts (regcomp.c's parse, parsebranch, parseqatom). The shape of the
// tree decides which of several possible matches is taken, so it is built exactly as there.
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/regex/lexer.h"
#include "sim/postgres/regex/nfa.h"
#include "sim/postgres/regex/program.h"

namespace cdcsim::pg::regex {

namespace {

constexpr unsigned kPreference = kLonger | kShorter;
constexpr int kMaxDepth = 5000;

/// The flags that a part hands up: not its preference, but that two preferences meet (UP).
unsigned up(unsigned flags) {
    const bool both = (flags & kPreference) == kPreference;
    return (flags & ~kPreference) | (both ? kMixed : 0U);
}

/// Whether a part must be dissected (MESSY).
bool is_messy(unsigned flags) { return (flags & (kMixed | kCaptures | kBackrefs)) != 0; }

/// The flags of two parts in a row: the first one's preference counts (COMBINE).
unsigned combine(unsigned first, unsigned second) {
    const unsigned preference = (first & kPreference) != 0 ? first : second;
    return up(first | second) | (preference & kPreference);
}

/// Whether captures count where the parser is: not inside lookaround.
enum class Place : bool { kPattern, kLookaround };

struct Quantifier {
    int min = 1, max = 1;
    unsigned preference = 0;

    bool is_one() const { return min == 1 && max == 1; }
    bool is_zero() const { return min == 0 && max == 0; }
};

class Parser {
  public:
    Parser(std::u32string_view pattern, RegexFlags flags, Program& program)
        : program_(program), flags_(program.flags = flags), lexer_(pattern, flags_) {
        program_.root = parse_choice(Token::kEnd, Place::kPattern);
        program_.groups = lexer_.groups;
    }

  private:
    /// What a branch has gathered so far: the syntax before the first messy atom, and its flags.
    struct Prefix {
        std::vector<const Syntax*> items;
        unsigned flags = 0;
    };
    struct Atom {
        const Syntax* syntax = nullptr;
        Part* part = nullptr;  ///< of a group or back reference
        bool is_group = false, is_backref = false;
    };

    // Making nodes.

    Syntax* new_syntax(Syntax::Kind kind) {
        Syntax& made = program_.syntax.emplace_back();
        made.kind = kind;
        return &made;
    }

    const Syntax* sequence(std::vector<const Syntax*> items) {
        if (items.size() == 1) return items.front();
        Syntax* made = new_syntax(items.empty() ? Syntax::Kind::kEmpty : Syntax::Kind::kSequence);
        made->children = std::move(items);
        return made;
    }

    const Syntax* repeat(const Syntax* item, int min, int max) {
        if (min == 1 && max == 1) return item;
        Syntax* made = new_syntax(Syntax::Kind::kRepeat);
        made->children = {item};
        made->min = min;
        made->max = max;
        return made;
    }

    Part* new_part(Part::Kind kind, unsigned flags, const Syntax* syntax) {
        Part& made = program_.parts.emplace_back();
        made.kind = kind;
        made.flags = flags;
        made.syntax = syntax;
        return &made;
    }

    Part* new_sequence(unsigned flags, Part* left, Part* right) {
        Part* made = new_part(Part::Kind::kSequence, flags,
                              sequence({left->syntax, right->syntax}));
        made->children = {left, right};
        return made;
    }

    const Syntax* set_syntax(CharSet set) {
        set.freeze();
        program_.sets.push_back(std::move(set));
        Syntax* made = new_syntax(Syntax::Kind::kSet);
        made->index = static_cast<std::uint32_t>(program_.sets.size() - 1);
        return made;
    }

    Case sensitivity() const {
        return flags_.ignore_case ? Case::kInsensitive : Case::kSensitive;
    }

    // The grammar.

    Part* parse_choice(Token stopper, Place place) {
        if (++depth_ > kMaxDepth) throw NotSimulated("a regular expression nested so deeply");
        std::vector<Part*> branches;
        unsigned flags = kLonger;
        do {
            branches.push_back(parse_branch(stopper, place));
            flags |= up(flags | branches.back()->flags);
        } while (lexer_.eat(Token::kBar));
        if (!lexer_.at(stopper)) fail(kBadParentheses);
        --depth_;
        if (branches.size() == 1) return branches.front();
        Syntax* choice = new_syntax(Syntax::Kind::kChoice);
        for (const Part* branch : branches) choice->children.push_back(branch->syntax);
        Part* made = new_part(Part::Kind::kPlain, flags, choice);
        if (!is_messy(flags)) return made;
        made->kind = Part::Kind::kChoice;
        made->children = std::move(branches);
        return made;
    }

    Part* parse_branch(Token stopper, Place place) {
        Prefix prefix;
        while (!branch_ends(stopper)) {
            if (parse_anchor(prefix)) continue;
            const Atom atom = parse_atom(place);
            const Quantifier quantifier = parse_quantifier();
            if (quantifier.is_zero()) continue;
            const unsigned inside = atom.part == nullptr ? 0 : atom.part->flags;
            const unsigned flags = prefix.flags | quantifier.preference | inside;
            if (!atom.is_group && !atom.is_backref && !is_messy(up(flags))) {
                prefix.items.push_back(repeat(atom.syntax, quantifier.min, quantifier.max));
                prefix.flags = flags;
                continue;
            }
            return finish_branch(std::move(prefix), atom, quantifier, stopper, place);
        }
        return new_part(Part::Kind::kPlain, prefix.flags, sequence(std::move(prefix.items)));
    }

    bool branch_ends(Token stopper) const {
        return lexer_.at(Token::kBar) || lexer_.at(stopper) || lexer_.at(Token::kEnd);
    }

    /// The branch from its first messy atom on: prefix, atom, the rest.
    Part* finish_branch(Prefix prefix, const Atom& atom, Quantifier quantifier, Token stopper,
                        Place place) {
        const unsigned inside = atom.part == nullptr ? 0 : atom.part->flags;
        Part* quantified = quantify(atom, quantifier);
        unsigned flags = combine(quantifier.preference, inside);
        Part* rest = nullptr;
        if (branch_ends(stopper)) {
            rest = new_part(Part::Kind::kPlain, 0, sequence({}));
        } else {
            rest = parse_branch(stopper, place);
            flags |= combine(flags, rest->flags);
        }
        const unsigned all = prefix.flags | combine(prefix.flags, flags);
        Part* tail = new_sequence(flags, quantified, rest);
        if (prefix.items.empty()) {
            tail->flags = all;
            return tail;
        }
        const bool both_plain =
            quantified->kind == Part::Kind::kPlain && rest->kind == Part::Kind::kPlain;
        if (both_plain && !is_messy(up(quantified->flags | rest->flags))) {
            tail->kind = Part::Kind::kPlain;
            tail->flags = combine(quantified->flags, rest->flags);
            tail->children.clear();
        }
        Part* head =
            new_part(Part::Kind::kPlain, prefix.flags, sequence(std::move(prefix.items)));
        return new_sequence(all, head, tail);
    }

    /// The part for a messy atom with its quantifier.
    Part* quantify(const Atom& atom, Quantifier quantifier) {
        Part* part = atom.part;
        if (part == nullptr) part = new_part(Part::Kind::kPlain, 0, atom.syntax);
        const auto [min, max, preference] = quantifier;
        const unsigned flags = combine(preference, part->flags);
        const unsigned own = part->flags & (kLonger | kShorter | kMixed);
        if (atom.is_backref) {
            part->min = min;
            part->max = max;
            part->flags |= flags;
            part->syntax = repeat(part->syntax, min, max);
            return part;
        }
        if (quantifier.is_one() && (preference == 0 || own == 0 || preference == own)) return part;
        if ((part->flags & (kCaptures | kBackrefs)) == 0) {
            return new_part(Part::Kind::kPlain, flags, repeat(part->syntax, min, max));
        }
        if (min > 0 && (part->flags & kBackrefs) == 0) {
            // Only the last iteration's captures count: x{m,n} is x{m-1,n-1} without them, then x.
            const int left = max == kUnlimited ? max : max - 1;
            Part* before = new_part(Part::Kind::kPlain, flags & kPreference,
                                    repeat_or_empty(part->syntax, min - 1, left));
            return new_sequence(flags, before, part);
        }
        Part* made = new_part(Part::Kind::kIterate, flags, repeat(part->syntax, min, max));
        made->min = min;
        made->max = max;
        made->children = {part};
        return made;
    }

    const Syntax* repeat_or_empty(const Syntax* item, int min, int max) {
        return max == 0 ? sequence({}) : repeat(item, min, max);
    }

    /// Anchors and lookaround: they take no quantifier.
    bool parse_anchor(Prefix& prefix) {
        const std::pair<Token, Anchor> kAnchors[] = {
            {Token::kCaret, flags_.newline_anchors ? Anchor::kLineStart : Anchor::kTextStart},
            {Token::kDollar, flags_.newline_anchors ? Anchor::kLineEnd : Anchor::kTextEnd},
            {Token::kTextStart, Anchor::kTextStart},
            {Token::kTextEnd, Anchor::kTextEnd},
            {Token::kWordStart, Anchor::kWordStart},
            {Token::kWordEnd, Anchor::kWordEnd},
            {Token::kWordEdge, Anchor::kWordEdge},
            {Token::kNotWordEdge, Anchor::kNotWordEdge},
        };
        for (const auto& [token, anchor] : kAnchors) {
            if (!lexer_.eat(token)) continue;
            Syntax* made = new_syntax(Syntax::Kind::kAnchor);
            made->index = static_cast<std::uint32_t>(anchor);
            prefix.items.push_back(made);
            return true;
        }
        if (!lexer_.at(Token::kLook)) return false;
        Syntax* look = new_syntax(Syntax::Kind::kLook);
        look->index = lexer_.value();
        lexer_.next();
        look->children = {parse_choice(Token::kClose, Place::kLookaround)->syntax};
        lexer_.next();
        prefix.items.push_back(look);
        return true;
    }

    Atom parse_atom(Place place) {
        switch (lexer_.type()) {
            case Token::kOpen:
                return parse_group(place);
            case Token::kBackref:
                return parse_backref(place);
            case Token::kClose:
                // Extended expressions take an unmatched one as itself.
                if (flags_.flavor != RegexFlags::Flavor::kExtended) fail(kBadParentheses);
                [[fallthrough]];
            case Token::kPlain: {
                CharSet set;
                set.add(lexer_.value(), sensitivity());
                return finish_set(std::move(set));
            }
            case Token::kDot: {
                CharSet set;
                set.negate(flags_.newline_stops);
                return finish_set(std::move(set));
            }
            case Token::kClass: {
                CharSet set;
                set.add_class(class_of(lexer_.value()));
                return finish_set(std::move(set));
            }
            case Token::kComplement: {
                CharSet set;
                set.add_complement(class_of(lexer_.value()));
                return finish_set(std::move(set));
            }
            case Token::kOpenBracket:
                return parse_brackets();
            default:
                fail(kBadOperand);
        }
    }

    Atom finish_set(CharSet set) {
        lexer_.next();
        return {set_syntax(std::move(set)), nullptr, false, false};
    }

    static ClassTest class_of(std::uint32_t letter) {
        return letter == 'd' ? digit_class() : letter == 's' ? space_class() : word_class();
    }

    Atom parse_group(Place place) {
        const bool captures = place == Place::kPattern && lexer_.value() == 1;
        const int number = captures ? ++lexer_.groups : 0;
        lexer_.next();
        Part* part = parse_choice(Token::kClose, place);
        lexer_.next();
        if (captures) {
            if (part->capture != 0) {
                Part* wrapper = new_part(Part::Kind::kWrapper, part->flags, part->syntax);
                wrapper->children = {part};
                part = wrapper;
            }
            part->flags |= kCaptures;
            part->capture = number;
            if (groups_.size() <= static_cast<std::size_t>(number)) groups_.resize(number + 1U);
            groups_[static_cast<std::size_t>(number)] = part->syntax;
        }
        return {part->syntax, part, captures, false};
    }

    Atom parse_backref(Place place) {
        const std::uint32_t number = lexer_.value();
        if (place == Place::kLookaround || number >= groups_.size() ||
            groups_[number] == nullptr) {
            fail(kBadBackref);
        }
        Syntax* syntax = new_syntax(Syntax::Kind::kBackref);
        syntax->children = {groups_[number]};
        Part* part = new_part(Part::Kind::kBackref, kBackrefs, syntax);
        part->backref = static_cast<int>(number);
        lexer_.next();
        return {syntax, part, false, true};
    }

    Quantifier parse_quantifier() {
        const Token token = lexer_.type();
        auto preference = [&] { return lexer_.value() == 1 ? kLonger : kShorter; };
        Quantifier quantifier;
        switch (token) {
            case Token::kStar:
                quantifier = {0, kUnlimited, preference()};
                break;
            case Token::kPlus:
                quantifier = {1, kUnlimited, preference()};
                break;
            case Token::kQuestion:
                quantifier = {0, 1, preference()};
                break;
            case Token::kOpenBrace:
                lexer_.next();
                quantifier.min = quantifier.max = parse_count();
                if (lexer_.eat(Token::kComma)) {
                    quantifier.max = lexer_.at(Token::kDigit) ? parse_count() : kUnlimited;
                    if (quantifier.min > quantifier.max) fail(kBadRepetition);
                    quantifier.preference = preference();
                }
                if (!lexer_.at(Token::kCloseBrace)) fail(kBadRepetition);
                break;
            default:
                return quantifier;
        }
        lexer_.next();
        return quantifier;
    }

    int parse_count() {
        int count = 0;
        while (lexer_.at(Token::kDigit) && count < kMaxCount) {
            count = count * 10 + static_cast<int>(lexer_.value());
            lexer_.next();
        }
        if (lexer_.at(Token::kDigit) || count > kMaxCount) fail(kBadRepetition);
        return count;
    }

    // Brackets.

    Atom parse_brackets() {
        CharSet set;
        if (lexer_.value() == 0) set.negate(flags_.newline_stops);
        lexer_.next();
        while (!lexer_.at(Token::kCloseBracket)) parse_bracket_item(set);
        return finish_set(std::move(set));
    }

    void parse_bracket_item(CharSet& set) {
        char32_t first = 0;
        switch (lexer_.type()) {
            case Token::kRange:
                fail(kBadRange);
            case Token::kPlain:
                first = lexer_.value();
                lexer_.next();
                break;
            case Token::kCollating:
                first = collating_element();
                break;
            case Token::kEquivalence:
                return set.add(collating_element(), sensitivity());
            case Token::kClassName: {
                const std::u32string name = lexer_.take_name();
                if (!set.add_named_class(name, sensitivity())) fail(kBadClass);
                return;
            }
            case Token::kClass:
                set.add_class(class_of(lexer_.value()));
                return lexer_.next();
            case Token::kComplement:
                set.add_complement(class_of(lexer_.value()));
                return lexer_.next();
            default:
                fail(kBadRange);
        }
        if (!lexer_.eat(Token::kRange)) return set.add(first, sensitivity());
        const char32_t last = parse_range_end();
        if (last < first) fail(kBadRange);
        set.add_range(first, last, sensitivity());
    }

    char32_t parse_range_end() {
        if (lexer_.at(Token::kCollating)) return collating_element();
        if (!lexer_.at(Token::kPlain) && !lexer_.at(Token::kRange)) fail(kBadRange);
        const char32_t last = lexer_.at(Token::kRange) ? U'-' : lexer_.value();
        lexer_.next();
        return last;
    }

    char32_t collating_element() {
        const std::u32string name = lexer_.take_name();
        if (name.empty()) fail(kBadCollation);
        if (name.size() == 1) return name.front();
        throw NotSimulated("a collating element by name in a regular expression");
    }

    Program& program_;
    RegexFlags& flags_;
    Lexer lexer_;
    std::vector<const Syntax*> groups_;  ///< by number; nullptr: not closed yet
    int depth_ = 0;
};

}  // namespace

Syntax::Syntax() = default;
Syntax::~Syntax() = default;
Part::Part() = default;
Part::~Part() = default;

std::unique_ptr<Program> parse(std::u32string_view pattern, RegexFlags flags) {
    auto program = std::make_unique<Program>();
    Parser(pattern, flags, *program);
    return program;
}

}  // namespace cdcsim::pg::regex
