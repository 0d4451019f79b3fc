#include "core/scenario/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/scenario/grammar.h"
#include "core/scenario/text_pattern.h"

namespace cdcsim::scenario {

namespace {

using diff::Json;

/// A matcher: `<word rest>`.
struct Matcher {
    std::string_view word, rest;
};

/// nullopt if the text is no matcher.
std::optional<Matcher> matcher_of(const Node& node) {
    const std::string_view text = node.value;
    if (!node.is_scalar() || text.size() < 3 || text.front() != '<' || text.back() != '>') return std::nullopt;
    const std::string_view inside = text.substr(1, text.size() - 2);
    const std::size_t space = std::min(inside.find(' '), inside.size());
    return Matcher{inside.substr(0, space),
                   inside.substr(std::min(space + 1, inside.size()))};
}

/// What a value is called in a message.
std::string shown(const Json* value) {
    if (!value) return "no such field";
    std::string text = diff::print_json(*value);
    if (text.size() > 300) text = text.substr(0, 300) + "...";
    return text;
}

class Match {
  public:
    Match(const Subject& subject, const std::string& path, Bindings& bindings)
        : subject_(subject), path_(path), bindings_(bindings) {}

    std::optional<Mismatch> run(const Node& pattern) {
        if (const auto matcher = matcher_of(pattern)) return by_matcher(pattern, *matcher);
        if (!subject_.value) return fail(pattern);
        if (pattern.is_mapping()) return mapping(pattern);
        if (pattern.is_sequence()) return sequence(pattern);
        return scalar(pattern);
    }

    std::optional<Mismatch> by_matcher(const Node& pattern, const Matcher& matcher);

  private:
    friend struct MatcherRow;
    using Kind = Json::Kind;

    std::optional<Mismatch> fail(const Node& pattern, std::string note = "") const {
        const bool text = pattern.is_scalar() && scalar_type(pattern) == ScalarType::kString && !matcher_of(pattern);
        return Mismatch{path_, text ? diff::quote_json(pattern.value) : print_pattern(pattern), shown(subject_.value),
                        std::move(note)};
    }

    std::optional<Mismatch> mapping(const Node& pattern) {
        if (!value().is_object()) return fail(pattern);
        for (const auto& entry : pattern.entries) {
            const Subject member{value().find(entry.key), field_schema(entry.key)};
            const std::string path = path_.empty() ? entry.key : path_ + "." + entry.key;
            if (auto mismatch = match(entry.value, member, path, bindings_)) return mismatch;
        }
        return std::nullopt;
    }

    std::optional<Mismatch> sequence(const Node& pattern) {
        if (!value().is(Kind::kArray)) return fail(pattern);
        if (value().items.size() != pattern.items.size()) {
            return fail(pattern, fmt::format("{} elements expected, {} are there", pattern.items.size(),
                                             value().items.size()));
        }
        const Json* items = subject_.schema ? subject_.schema->find("items") : nullptr;
        for (std::size_t i = 0; i < pattern.items.size(); ++i) {
            const std::string path = fmt::format("{}[{}]", path_, i);
            if (auto mismatch = match(pattern.items[i], {&value().items[i], items}, path, bindings_)) {
                return mismatch;
            }
        }
        return std::nullopt;
    }

    std::optional<Mismatch> scalar(const Node& pattern) const {
        const ScalarType type = scalar_type(pattern);
        const Kind kind = value().kind;
        switch (type) {
            case ScalarType::kNull:
                return kind == Kind::kNull ? std::nullopt : fail(pattern);
            case ScalarType::kBool: {
                const bool wanted = pattern.value[0] == 't' || pattern.value[0] == 'T';
                return kind == (wanted ? Kind::kTrue : Kind::kFalse) ? std::nullopt : fail(pattern);
            }
            case ScalarType::kNumber:
                if (kind == Kind::kString && value().text == pattern.value) {
                    return fail(pattern, fmt::format("the value is a string: write '{}' in quotes", pattern.value));
                }
                return kind == Kind::kNumber && canonical_number(value().text) == canonical_number(pattern.value)
                           ? std::nullopt
                           : fail(pattern);
            case ScalarType::kString:
                if (kind == Kind::kNumber && value().text == pattern.value) {
                    return fail(pattern, fmt::format("the value is a number: write {} without quotes", pattern.value));
                }
                return kind == Kind::kString && value().text == pattern.value ? std::nullopt : fail(pattern);
        }
        return std::nullopt;
    }

    /// The schema of a field of this struct.
    const Json* field_schema(std::string_view name) const {
        const Json* fields = subject_.schema ? subject_.schema->find("fields") : nullptr;
        if (!fields) return nullptr;
        for (const Json& field : fields->items) {
            const Json* own = field.find("field");
            if (own && own->text == name) return &field;
        }
        return nullptr;
    }

    const Json& value() const { return *subject_.value; }
    bool there() const { return subject_.value != nullptr; }

    // The matchers. Each says whether the subject matches.
    bool any(const Node&, std::string_view) { return there(); }
    bool present(const Node&, std::string_view) { return there() && !value().is_null(); }
    bool absent(const Node&, std::string_view) { return !there(); }
    bool number(const Node&, std::string_view) { return there() && value().is(Kind::kNumber); }
    bool string(const Node&, std::string_view) { return there() && value().is(Kind::kString); }
    bool uuid(const Node&, std::string_view) {
        if (!string({}, {}) || value().text.size() != 36) return false;
        for (std::size_t i = 0; i < 36; ++i) {
            const char c = value().text[i];
            const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
            const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            if (dash ? c != '-' : !hex) return false;
        }
        return true;
    }
    bool regex(const Node&, std::string_view rest) {
        return string({}, {}) && TextPattern(rest).found_in(value().text);
    }
    bool null_or(const Node& pattern, std::string_view rest) {
        if (!there()) return false;
        if (value().is_null()) return true;
        Node other = pattern;
        other.plain = true;
        other.value = rest.substr(3);  // after "or "
        return !match(other, subject_, path_, bindings_);
    }
    bool same(const Node&, std::string_view rest) {
        if (!there()) return false;
        const auto [found, is_new] = bindings_.try_emplace(std::string(rest), value());
        return is_new || diff::equal_values(found->second, value());
    }
    bool decimal(const Node&, std::string_view rest);

    Subject subject_;
    const std::string& path_;
    Bindings& bindings_;
};

// --- decimals

/// The bytes of standard base64, or nullopt.
std::optional<std::string> decode_base64(std::string_view text) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (char c : text) {
        const std::size_t digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<unsigned>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>((bits >> count) & 0xFF);
        }
    }
    return out;
}

/// The decimal digits of a big-endian two's complement number, with its sign.
std::string integer_text(const std::string& bytes) {
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0;
    std::vector<unsigned> digits(1, 0);  // least significant first
    for (char byte : bytes) {
        unsigned carry = static_cast<unsigned char>(negative ? ~byte : byte);
        for (unsigned& digit : digits) {
            const unsigned value = digit * 256 + carry;
            digit = value % 10;
            carry = value / 10;
        }
        for (; carry > 0; carry /= 10) digits.push_back(carry % 10);
    }
    for (std::size_t i = 0; negative; ++i) {  // ~x + 1
        if (i == digits.size()) digits.push_back(0);
        if (++digits[i] < 10) break;
        digits[i] = 0;
    }
    std::string out = negative ? "-" : "";
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) out += static_cast<char>('0' + *digit);
    return out;
}

/// The value of Connect's Decimal, or "" if it cannot be read.
std::string unscaled_text(std::string_view base64, std::string_view scale) {
    const auto bytes = decode_base64(base64);
    if (!bytes || scale.empty()) return "";
    std::string exponent(scale);
    exponent = exponent[0] == '-' ? exponent.substr(1) : "-" + exponent;
    return integer_text(*bytes) + "e" + exponent;
}

/// Reads a decimal in any of the forms that decimal.handling.mode gives it.
std::string decimal_text(const Json& value, const Json* schema) {
    if (value.is_object()) {  // io.debezium.data.VariableScaleDecimal
        const Json* scale = value.find("scale");
        const Json* unscaled = value.find("value");
        return scale && unscaled ? unscaled_text(unscaled->text, scale->text) : "";
    }
    const Json* scale = schema ? schema->find_path({"parameters", "scale"}) : nullptr;
    const Json* name = schema ? schema->find("name") : nullptr;
    if (scale && name && name->text == "org.apache.kafka.connect.data.Decimal" &&
        value.is(Json::Kind::kString)) {
        return unscaled_text(value.text, scale->text);
    }
    return value.text;
}

bool Match::decimal(const Node&, std::string_view rest) {
    if (!there()) return false;
    const std::string actual = canonical_number(decimal_text(value(), subject_.schema));
    return !actual.empty() && actual == canonical_number(rest);
}

// --- the table of matchers

enum class Rest { kNone, kText, kNumber, kOr };

struct MatcherRow {
    std::string_view word;
    Rest rest;
    bool (Match::*matches)(const Node&, std::string_view);

    static const MatcherRow* find(std::string_view word);
    static std::vector<std::string_view> words();
    static const std::array<MatcherRow, 10> kRows;
};

const std::array<MatcherRow, 10> MatcherRow::kRows = {{
    {"any", Rest::kNone, &Match::any},
    {"present", Rest::kNone, &Match::present},
    {"absent", Rest::kNone, &Match::absent},
    {"null", Rest::kOr, &Match::null_or},
    {"uuid", Rest::kNone, &Match::uuid},
    {"number", Rest::kNone, &Match::number},
    {"string", Rest::kNone, &Match::string},
    {"re", Rest::kText, &Match::regex},
    {"decimal", Rest::kNumber, &Match::decimal},
    {"same", Rest::kText, &Match::same},
}};

const MatcherRow* MatcherRow::find(std::string_view word) {
    const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const auto& row) { return row.word == word; });
    return found == kRows.end() ? nullptr : &*found;
}

std::vector<std::string_view> MatcherRow::words() {
    std::vector<std::string_view> out;
    for (const MatcherRow& row : kRows) out.push_back(row.word);
    return out;
}

std::optional<Mismatch> Match::by_matcher(const Node& pattern, const Matcher& matcher) {
    const MatcherRow* row = MatcherRow::find(matcher.word);
    if (row && (this->*row->matches)(pattern, matcher.rest)) return std::nullopt;
    if (matcher.word == "same" && bindings_.count(std::string(matcher.rest)) > 0) {
        return fail(pattern, fmt::format("{} was {} before", matcher.rest,
                                         shown(&bindings_.find(std::string(matcher.rest))->second)));
    }
    return fail(pattern);
}

// --- checking

[[noreturn]] void refuse(const std::string& file, const Node& node, const std::string& message) {
    throw ScenarioError(file, node.line, node.column, message);
}

void check_rest(const std::string& file, const Node& node, const MatcherRow& row, std::string_view rest) {
    switch (row.rest) {
        case Rest::kNone:
            if (!rest.empty()) refuse(file, node, fmt::format("<{}> takes nothing after its name", row.word));
            return;
        case Rest::kText:
            if (rest.empty()) refuse(file, node, fmt::format("<{0}> needs a text: <{0} ...>", row.word));
            break;
        case Rest::kNumber:
            if (canonical_number(rest).empty()) refuse(file, node, fmt::format("<{}> needs a number", row.word));
            break;
        case Rest::kOr: {
            if (!rest.starts_with("or ")) refuse(file, node, "<null> is written <null or X>, or plainly null");
            Node other = node;
            other.value = rest.substr(3);
            check_pattern(file, other);
            return;
        }
    }
    if (row.word != "re") return;
    try {
        const TextPattern compiled(rest);
    } catch (const TextPatternError& error) {
        refuse(file, node, fmt::format("<re> does not hold a regular expression: {}", error.what()));
    }
}

void check_scalar(const std::string& file, const Node& node) {
    const std::string& text = node.value;
    if (const auto matcher = matcher_of(node)) {
        const MatcherRow* row = MatcherRow::find(matcher->word);
        if (row) return check_rest(file, node, *row, matcher->rest);
        const auto words = MatcherRow::words();
        refuse(file, node, fmt::format("unknown matcher <{}>{}", matcher->word, suggest(matcher->word, words)));
    }
    if (!node.plain || text.empty() || text[0] != '<') return;
    const std::size_t end = std::min(text.find(' '), text.size());
    if (MatcherRow::find(text.substr(1, end - 1))) {
        refuse(file, node, fmt::format("the matcher {} is not closed by > (in flow style a matcher that "
                                       "holds , [ ] {{ }} must be quoted)", text));
    }
}

constexpr auto kRecordKeys = std::to_array<std::string_view>(
    {"$key", "$headers", "$value", "$schema", "$partition", "$timestamp", "$topic"});

void print(const Node& node, std::string& out) {
    switch (node.kind) {
        case Node::Kind::kScalar:
            if (node.plain) {
                out += node.value.empty() ? "null" : node.value;
            } else if (matcher_of(node)) {
                out += node.value;
            } else {
                out += diff::quote_json(node.value);
            }
            return;
        case Node::Kind::kSequence:
            out += '[';
            for (const Node& item : node.items) {
                if (&item != &node.items.front()) out += ", ";
                print(item, out);
            }
            out += ']';
            return;
        case Node::Kind::kMapping:
            out += '{';
            for (const auto& entry : node.entries) {
                if (&entry != &node.entries.front()) out += ", ";
                out += entry.key + ": ";
                print(entry.value, out);
            }
            out += '}';
            return;
    }
}

}  // namespace

std::optional<Mismatch> match(const Node& pattern, const Subject& subject, const std::string& path,
                              Bindings& bindings) {
    return Match(subject, path, bindings).run(pattern);
}

std::optional<Mismatch> match_text(const Node& pattern, const std::optional<std::string>& text,
                                   const std::string& path, Bindings& bindings) {
    Json value;
    if (text) {
        value.kind = Json::Kind::kString;
        value.text = *text;
    }
    if (text && pattern.is_scalar() && !matcher_of(pattern)) {
        const ScalarType type = scalar_type(pattern);
        const std::string number = canonical_number(*text);
        const bool as_number = type == ScalarType::kNumber && !number.empty();
        if (as_number && number == canonical_number(pattern.value)) return std::nullopt;
        const bool is_true = type == ScalarType::kBool && (pattern.value[0] == 't' || pattern.value[0] == 'T');
        if (type == ScalarType::kBool && *text == (is_true ? "t" : "f")) return std::nullopt;
    }
    if (const auto matcher = matcher_of(pattern); text && matcher && matcher->word == "number") {
        if (!canonical_number(*text).empty()) return std::nullopt;
    }
    return match(pattern, {&value, nullptr}, path, bindings);
}

void check_pattern(const std::string& file, const Node& pattern) {
    if (pattern.is_scalar()) return check_scalar(file, pattern);
    for (const Node& item : pattern.items) check_pattern(file, item);
    for (const auto& entry : pattern.entries) check_pattern(file, entry.value);
}

void check_record_pattern(const std::string& file, const Node& pattern) {
    if (is_null(pattern)) return;
    if (!pattern.is_mapping()) refuse(file, pattern, "a record is null (a tombstone) or a mapping");
    for (const auto& entry : pattern.entries) {
        const bool known = std::find(kRecordKeys.begin(), kRecordKeys.end(), entry.key) != kRecordKeys.end();
        if (entry.key.starts_with('$') && !known) {
            throw ScenarioError(file, entry.line, entry.column,
                                fmt::format("unknown key \"{}\" in a record{}", entry.key, suggest(entry.key, kRecordKeys)));
        }
    }
    check_pattern(file, pattern);
}

std::string print_pattern(const Node& pattern) {
    std::string out;
    print(pattern, out);
    return out;
}

}  // namespace cdcsim::scenario
