#include "tools/live/explore/expression_maker.h"

#include <array>

#include "tools/live/explore/grammar.h"

namespace cdcsim::explore {

namespace {

constexpr std::array kFamilies = {"bool", "int4", "int8", "numeric", "text", "jsonb", "timestamp", "date", "float8",
                                  "timestamptz", "interval", "int4[]", "text[]", "varchar", "time", "bytea", "uuid",
                                  "json", "mood", "int2", "float4", "bpchar", "timetz", "numeric[]", "money", "int4range"};
constexpr std::array kBareFamilies = {"int4", "int8", "int2", "numeric", "bool"};

const ConstantRow& row_of(std::string_view family) {
    for (const ConstantRow& row : constants()) {
        if (row.family == family) return row;
    }
    return constants().front();
}

// An integer or decimal that may stand without quotes.
bool is_bare_number(std::string_view text) {
    if (!text.empty() && text[0] == '-') text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos && text != "." &&
           std::count(text.begin(), text.end(), '.') < 2;
}

}  // namespace

std::vector<std::string_view> split_values(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('|', begin), text.size());
        out.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

std::string_view type_of(std::string_view family) {
    if (family == "bpchar") return "bpchar";
    if (family == "varbit") return "varbit";
    if (family == "bit1") return "bit";
    return family;
}

std::string_view ExpressionMaker::any_family() { return kFamilies[std::min(random_.below(kFamilies.size()), random_.below(kFamilies.size()))]; }

std::string ExpressionMaker::constant(std::string_view family, Constants which) {
    const ConstantRow& row = row_of(family);
    std::string_view set = row.plain;
    if (which != Constants::kPlain && random_.percent(14) && !row.extreme.empty()) set = row.extreme;
    if (which == Constants::kWithWrong && random_.percent(2) && !row.wrong.empty()) set = row.wrong;
    const auto values = split_values(set);
    const std::string_view value = random_.pick(values);
    const bool may_be_bare = std::find(kBareFamilies.begin(), kBareFamilies.end(), family) != kBareFamilies.end();
    if (may_be_bare && (is_bare_number(value) || value == "true" || value == "false") && random_.percent(80)) return std::string(value);
    std::string quoted = "'";
    quoted += value;
    return quoted + "'";
}

std::string ExpressionMaker::typed_constant(std::string_view family, Constants which) {
    std::string text = constant(family, which);
    const bool is_bare = text[0] != '\'';
    if (is_bare && (family == "int4" || family == "bool") && text != "-2147483648") return text[0] == '-' ? "(" + text + ")" : text;
    if (is_bare && family == "numeric" && text.find('.') != std::string::npos) return text[0] == '-' ? "(" + text + ")" : text;
    if (is_bare) text = "'" + text + "'";
    return text + "::" + std::string(type_of(family));
}

Piece ExpressionMaker::expression(std::string_view family, const Scope& scope, int depth) {
    std::vector<const ScopeColumn*> fitting;
    for (const ScopeColumn& column : scope) {
        if (column.family == family) fitting.push_back(&column);
    }
    Piece out;
    out.kind = Piece::Kind::kExpression;
    if (depth > 0 && random_.percent(depth > 2 ? 95 : 60)) {
        std::vector<const ExpressionRow*> rows;
        for (const ExpressionRow& row : expressions()) {
            if (row.family == family) rows.push_back(&row);
        }
        if (!rows.empty()) {
            out.text = typed_constant(family, Constants::kPlain);
            out.parts.push_back(from_template(random_.pick(rows)->text, scope, depth - 1));
            return out;
        }
    }
    if (!fitting.empty() && random_.percent(75)) {
        out.text = typed_constant(family, Constants::kPlain);
        out.parts.emplace_back(random_.pick(fitting)->text);
    } else {
        out.parts.emplace_back(random_.percent(5) ? "NULL::" + std::string(type_of(family)) : typed_constant(family, Constants::kAny));
    }
    return out;
}

Piece ExpressionMaker::from_template(std::string_view text, const Scope& scope, int depth) {
    Piece out = group();
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = text.find('}', open);
        const std::string_view slot = close == std::string_view::npos ? "" : text.substr(open + 1, close - open - 1);
        const bool is_slot = !slot.empty() && row_of(slot).family == slot;
        if (!is_slot) {  // braces of SQL text: '{a,b}'
            const std::size_t end = open == std::string_view::npos ? text.size() : open + 1;
            out.parts.emplace_back(std::string(text.substr(0, end)));
            text.remove_prefix(end);
            continue;
        }
        out.parts.emplace_back(std::string(text.substr(0, open)));
        out.parts.push_back(expression(slot, scope, depth));
        text.remove_prefix(close + 1);
    }
    return out;
}

}  // namespace cdcsim::explore
