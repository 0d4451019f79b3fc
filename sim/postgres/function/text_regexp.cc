// The functions and operators of regular expressions (regexp.c, varlena.c's replace_text_regexp).
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/similar.h"
#include "sim/postgres/regex/regex.h"
#include "sim/postgres/type/array.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// A text as characters, with the byte offset of each, to cut pieces of it.
class Subject {
  public:
    explicit Subject(std::string_view bytes) : bytes_(bytes) {
        characters_.reserve(bytes.size());
        const bool ascii = utf8::is_ascii(bytes);
        if (!ascii) offsets_.reserve(bytes.size() + 1);
        for (std::size_t at = 0; at < bytes.size();) {
            if (!ascii) offsets_.push_back(at);
            characters_ += utf8::decode(bytes, at);
        }
        if (!ascii) offsets_.push_back(bytes.size());
    }

    std::u32string_view characters() const { return characters_; }
    std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(characters_.size()); }

    std::string_view cut(std::ptrdiff_t start, std::ptrdiff_t end) const {
        return bytes_.substr(offset(start), offset(end) - offset(start));
    }
    Datum datum(RegexSpan span) const {
        return span.matched() ? Datum::of_text(cut(span.start, span.end)) : Datum();
    }

  private:
    std::size_t offset(std::ptrdiff_t index) const {
        const auto at = static_cast<std::size_t>(index);
        return offsets_.empty() ? at : offsets_[at];
    }

    std::string_view bytes_;
    std::u32string characters_;
    std::vector<std::size_t> offsets_;  ///< empty: bytes are characters
};

/// The `flags` argument.
struct Options {
    RegexFlags flags;
    bool global = false;
};

Options parse_options(std::string_view text) {
    Options options;
    bool basic = false;
    RegexFlags& flags = options.flags;
    auto set_newline = [&](bool stops, bool anchors) {
        flags.newline_stops = stops;
        flags.newline_anchors = anchors;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case 'g': options.global = true; break;
            case 'b':
            case 'e': basic = true; break;  // "e" clears more than it sets
            case 'c': flags.ignore_case = false; break;
            case 'i': flags.ignore_case = true; break;
            case 'm':
            case 'n': set_newline(true, true); break;
            case 'p': set_newline(true, false); break;
            case 'q':
                flags.flavor = RegexFlags::Flavor::kLiteral;
                basic = false;
                break;
            case 's': set_newline(false, false); break;
            case 't': flags.expanded = false; break;
            case 'w': set_newline(false, true); break;
            case 'x': flags.expanded = true; break;
            default:
                throw SqlError("22023",
                               "invalid regular expression option: \"" +
                                   std::string(text.substr(at, utf8::length_of(text[at]))) + "\"");
        }
    }
    if (basic) throw NotSimulated("a basic regular expression (option b or e)");
    const bool modified = flags.expanded || flags.newline_stops || flags.newline_anchors;
    if (flags.flavor == RegexFlags::Flavor::kLiteral && modified) {
        throw SqlError("2201B", "invalid regular expression: invalid argument to regex function");
    }
    return options;
}

/// The options of a function that has no use for "g".
RegexFlags options_without_global(std::string_view text, std::string_view function) {
    const Options options = parse_options(text);
    if (!options.global) return options.flags;
    SqlError error("22023", std::string(function) + " does not support the \"global\" option");
    if (function == "regexp_match()") error.set_hint("Use the regexp_matches function instead.");
    throw std::move(error);
}

constexpr RegexFlags kNoFlags{};
constexpr RegexFlags kIgnoreCase{.ignore_case = true};

template <bool expected, const RegexFlags& flags>
Datum matches(CallContext&, Args args) {
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    return Datum::of_bool(regex.search(subject.characters(), 0, nullptr) == expected);
}

// Lists of matches.

enum class Degenerate : bool {
    kKeep,
    kSkip,  ///< an empty match at the ends or right behind another one does not split
};

/// The matches of `regex` from character `start` on: each with its groups.
std::vector<std::vector<RegexSpan>> find_matches(const Subject& subject, const Regex& regex,
                                                 std::int64_t start, bool global,
                                                 Degenerate degenerate) {
    std::vector<std::vector<RegexSpan>> found;
    std::vector<RegexSpan> groups;
    std::ptrdiff_t previous_end = 0;
    for (std::int64_t from = start; from <= subject.size();) {
        if (!regex.search(subject.characters(), static_cast<std::size_t>(from), &groups)) break;
        const RegexSpan whole = groups[0];
        const bool real = whole.start < subject.size() && whole.end > previous_end;
        if (degenerate == Degenerate::kKeep || real) found.push_back(groups);
        previous_end = whole.end;
        if (!global) break;
        from = whole.end + (whole.start == whole.end ? 1 : 0);
    }
    return found;
}

/// The row of regexp_match: the groups, or the match if there are none.
std::vector<Datum> match_row(const Subject& subject, const std::vector<RegexSpan>& groups) {
    std::vector<Datum> row;
    for (std::size_t i = groups.size() > 1 ? 1 : 0; i < groups.size(); ++i) {
        row.push_back(subject.datum(groups[i]));
    }
    return row;
}

std::string_view flags_argument(Args args, std::size_t index) {
    return args.size() > index ? std::string_view(args[index].as_text()) : std::string_view();
}

Datum regexp_match(CallContext& call, Args args) {
    const RegexFlags flags = options_without_global(flags_argument(args, 2), "regexp_match()");
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    std::vector<RegexSpan> groups;
    if (!regex.search(subject.characters(), 0, &groups)) return {};
    return array_datum(call.env, call.result_type, ArrayValue::of(match_row(subject, groups)));
}

void regexp_matches(CallContext& call, Args args, const RowSink& emit) {
    const Options options = parse_options(flags_argument(args, 2));
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), options.flags);
    for (const auto& groups : find_matches(subject, regex, 0, options.global, Degenerate::kKeep)) {
        const Datum row[] = {
            array_datum(call.env, call.result_type, ArrayValue::of(match_row(subject, groups)))};
        if (!emit(row)) return;
    }
}

std::vector<Datum> split(Args args, std::string_view function) {
    const RegexFlags flags = options_without_global(flags_argument(args, 2), function);
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    std::vector<Datum> pieces;
    std::ptrdiff_t start = 0;
    for (const auto& groups : find_matches(subject, regex, 0, true, Degenerate::kSkip)) {
        pieces.push_back(Datum::of_text(subject.cut(start, groups[0].start)));
        start = groups[0].end;
    }
    pieces.push_back(Datum::of_text(subject.cut(start, subject.size())));
    return pieces;
}

Datum regexp_split_to_array(CallContext& call, Args args) {
    return array_datum(call.env, call.result_type,
                       ArrayValue::of(split(args, "regexp_split_to_array()")));
}

void regexp_split_to_table(CallContext&, Args args, const RowSink& emit) {
    for (const Datum& piece : split(args, "regexp_split_to_table()")) {
        if (!emit({&piece, 1})) return;
    }
}

// The functions with start, n, endoption, subexpr.

[[noreturn]] void bad_parameter(std::string_view name, std::int64_t value) {
    throw SqlError("22023", "invalid value for parameter \"" + std::string(name) +
                                "\": " + std::to_string(value));
}

/// An optional integer argument that must not be less than `least`.
std::int64_t parameter(Args args, std::size_t index, std::string_view name, std::int64_t least,
                       std::int64_t absent) {
    if (args.size() <= index) return absent;
    const std::int64_t value = args[index].as_int();
    if (value < least) bad_parameter(name, value);
    return value;
}

Datum regexp_like(CallContext&, Args args) {
    const RegexFlags flags = options_without_global(flags_argument(args, 2), "regexp_like()");
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    return Datum::of_bool(regex.search(subject.characters(), 0, nullptr));
}

Datum regexp_count(CallContext&, Args args) {
    const std::int64_t start = parameter(args, 2, "start", 1, 1);
    const RegexFlags flags = options_without_global(flags_argument(args, 3), "regexp_count()");
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    const auto found = find_matches(subject, regex, start - 1, true, Degenerate::kKeep);
    return Datum::of_int(static_cast<std::int64_t>(found.size()));
}

/// Match number `n`, group `subexpr` of it (0: all of it); nullopt if there is none.
std::optional<RegexSpan> nth_match(const Subject& subject, const Regex& regex, std::int64_t start,
                                   std::int64_t n, std::int64_t subexpr) {
    const auto found = find_matches(subject, regex, start - 1, true, Degenerate::kKeep);
    if (n > static_cast<std::int64_t>(found.size())) return std::nullopt;
    const auto& groups = found[static_cast<std::size_t>(n - 1)];
    // A pattern without groups counts as one group.
    if (subexpr > std::max(regex.group_count(), 1)) return std::nullopt;
    const bool whole = subexpr == 0 || groups.size() == 1;
    return groups[whole ? 0 : static_cast<std::size_t>(subexpr)];
}

Datum regexp_instr(CallContext&, Args args) {
    const std::int64_t start = parameter(args, 2, "start", 1, 1);
    const std::int64_t n = parameter(args, 3, "n", 1, 1);
    const std::int64_t end_option = parameter(args, 4, "endoption", 0, 0);
    if (end_option > 1) bad_parameter("endoption", end_option);
    const std::int64_t subexpr = parameter(args, 6, "subexpr", 0, 0);
    const RegexFlags flags = options_without_global(flags_argument(args, 5), "regexp_instr()");
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    const auto span = nth_match(subject, regex, start, n, subexpr);
    if (!span || !span->matched()) return Datum::of_int(0);
    return Datum::of_int((end_option == 1 ? span->end : span->start) + 1);
}

Datum regexp_substr(CallContext&, Args args) {
    const std::int64_t start = parameter(args, 2, "start", 1, 1);
    const std::int64_t n = parameter(args, 3, "n", 1, 1);
    const std::int64_t subexpr = parameter(args, 5, "subexpr", 0, 0);
    const RegexFlags flags = options_without_global(flags_argument(args, 4), "regexp_substr()");
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    const auto span = nth_match(subject, regex, start, n, subexpr);
    return span ? subject.datum(*span) : Datum();
}

/// substring(text, pattern): the first group if there is one.
Datum substring(std::string_view text, std::string_view pattern) {
    const Subject subject(text);
    std::vector<RegexSpan> groups;
    if (!compiled_regex(pattern, kNoFlags).search(subject.characters(), 0, &groups)) return {};
    return subject.datum(groups[groups.size() > 1 ? 1 : 0]);
}

Datum textregexsubstr(CallContext&, Args args) {
    return substring(args[0].as_text(), args[1].as_text());
}

/// substring(text SIMILAR pattern ESCAPE escape)
Datum substring_similar(CallContext&, Args args) {
    return substring(args[0].as_text(), similar_to_regex(args[1].as_text(), args[2].as_text()));
}

// regexp_replace.

/// Appends the replacement with \1 ... \9 and \& filled in; other escapes stay as they are.
void append_replacement(std::string& out, std::string_view replacement, const Subject& subject,
                        const std::vector<RegexSpan>& groups) {
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        const bool escape = replacement[at] == '\\' && at + 1 < replacement.size();
        const char next = escape ? replacement[at + 1] : '\0';
        std::size_t group = groups.size();
        if (next == '&') {
            group = 0;
        } else if (next >= '1' && next <= '9') {
            group = static_cast<std::size_t>(next - '0');
        } else {
            out += replacement[at];
            if (next == '\\') ++at;
            continue;
        }
        ++at;
        if (group < groups.size() && groups[group].matched()) {
            out += subject.cut(groups[group].start, groups[group].end);
        }
    }
}

/// Replaces match number `n`, or all of them (0).
Datum replace(Args args, RegexFlags flags, std::int64_t start, std::int64_t n) {
    const Subject subject(args[0].as_text());
    const Regex& regex = compiled_regex(args[1].as_text(), flags);
    std::string out;
    std::vector<RegexSpan> groups;
    std::ptrdiff_t copied = 0;
    std::int64_t count = 0;
    for (std::int64_t from = start - 1; from <= subject.size();) {
        if (!regex.search(subject.characters(), static_cast<std::size_t>(from), &groups)) break;
        const RegexSpan whole = groups[0];
        if (n == 0 || ++count == n) {
            out += subject.cut(copied, whole.start);
            append_replacement(out, args[2].as_text(), subject, groups);
            copied = whole.end;
            if (n > 0) break;
        }
        from = whole.end + (whole.start == whole.end ? 1 : 0);
    }
    return Datum::of_text(std::move(out += subject.cut(copied, subject.size())));
}

Datum textregexreplace_noopt(CallContext&, Args args) { return replace(args, kNoFlags, 1, 1); }

Datum textregexreplace(CallContext&, Args args) {
    const std::string& text = args[3].as_text();
    if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        throw SqlError("22023", "invalid regular expression option: \"" + text.substr(0, 1) + "\"")
            .hint("If you meant to use regexp_replace() with a start parameter, cast the fourth "
                  "argument to integer explicitly.");
    }
    const Options options = parse_options(text);
    return replace(args, options.flags, 1, options.global ? 0 : 1);
}

/// regexp_replace(text, pattern, replacement, start [, n [, flags]]): without n, "g" decides.
Datum textregexreplace_extended(CallContext&, Args args) {
    const std::int64_t start = parameter(args, 3, "start", 1, 1);
    const std::int64_t n = parameter(args, 4, "n", 0, 1);
    return replace(args, parse_options(flags_argument(args, 5)).flags, start, n);
}

constexpr ScalarRow kScalars[] = {
    {"#2074", substring_similar},
    {"nameicregexeq", matches<true, kIgnoreCase>},
    {"nameicregexne", matches<false, kIgnoreCase>},
    {"nameregexeq", matches<true, kNoFlags>},
    {"nameregexne", matches<false, kNoFlags>},
    {"regexp_count", regexp_count},
    {"regexp_count_no_flags", regexp_count},
    {"regexp_count_no_start", regexp_count},
    {"regexp_instr", regexp_instr},
    {"regexp_instr_no_endoption", regexp_instr},
    {"regexp_instr_no_flags", regexp_instr},
    {"regexp_instr_no_n", regexp_instr},
    {"regexp_instr_no_start", regexp_instr},
    {"regexp_instr_no_subexpr", regexp_instr},
    {"regexp_like", regexp_like},
    {"regexp_like_no_flags", regexp_like},
    {"regexp_match", regexp_match},
    {"regexp_match_no_flags", regexp_match},
    {"regexp_split_to_array", regexp_split_to_array},
    {"regexp_split_to_array_no_flags", regexp_split_to_array},
    {"regexp_substr", regexp_substr},
    {"regexp_substr_no_flags", regexp_substr},
    {"regexp_substr_no_n", regexp_substr},
    {"regexp_substr_no_start", regexp_substr},
    {"regexp_substr_no_subexpr", regexp_substr},
    {"texticregexeq", matches<true, kIgnoreCase>},
    {"texticregexne", matches<false, kIgnoreCase>},
    {"textregexeq", matches<true, kNoFlags>},
    {"textregexne", matches<false, kNoFlags>},
    {"textregexreplace", textregexreplace},
    {"textregexreplace_extended", textregexreplace_extended},
    {"textregexreplace_extended_no_flags", textregexreplace_extended},
    {"textregexreplace_extended_no_n", textregexreplace_extended},
    {"textregexreplace_noopt", textregexreplace_noopt},
    {"textregexsubstr", textregexsubstr},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

constexpr SetRow kSets[] = {
    {"regexp_matches", regexp_matches},
    {"regexp_matches_no_flags", regexp_matches},
    {"regexp_split_to_table", regexp_split_to_table},
    {"regexp_split_to_table_no_flags", regexp_split_to_table},
};

}  // namespace

FunctionTables text_regexp_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
