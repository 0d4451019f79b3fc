// RAISE, ASSERT and GET DIAGNOSTICS.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/plpgsql/parser.h"

namespace cdcsim::pg::plpgsql {
namespace {

constexpr std::string_view kLevels[] = {"exception", "warning", "notice", "info", "log", "debug"};
constexpr std::string_view kOptions[] = {"errcode", "message", "detail", "hint", "column", "constraint", "datatype", "table", "schema"};

enum class Allowed : std::uint8_t { kCurrent, kStacked, kBoth };
struct ItemRow {
    std::string_view name;
    Allowed allowed;
};
constexpr ItemRow kItems[] = {
    {"row_count", Allowed::kCurrent}, {"pg_context", Allowed::kBoth}, {"returned_sqlstate", Allowed::kStacked},
    {"message_text", Allowed::kStacked}, {"pg_exception_detail", Allowed::kStacked}, {"pg_exception_hint", Allowed::kStacked},
    {"pg_exception_context", Allowed::kStacked}, {"column_name", Allowed::kStacked}, {"constraint_name", Allowed::kStacked},
    {"pg_datatype_name", Allowed::kStacked}, {"table_name", Allowed::kStacked}, {"schema_name", Allowed::kStacked},
};

template <typename Range>
bool contains(const Range& range, std::string_view word) {
    return std::ranges::find(range, word) != std::end(range);
}

/// The number of placeholders: each % that is not doubled.
std::size_t placeholders(std::string_view message) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < message.size(); ++i) {
        if (message[i] != '%') continue;
        if (i + 1 < message.size() && message[i + 1] == '%') {
            ++i;
        } else {
            ++count;
        }
    }
    return count;
}

}  // namespace

std::vector<std::string> condition_sqlstates(const std::string& name) {
    std::vector<std::string> found;
    for (const ConditionRow& row : condition_names()) {
        if (row.name == name) found.emplace_back(row.sqlstate);
    }
    if (found.empty()) throw SqlError("42704", fmt::format("unrecognized exception condition \"{}\"", name));
    return found;
}

std::string Parser::take_sqlstate() {
    if (!is_string()) throw_syntax();
    const std::size_t literal = at_;
    std::string code = take_string();
    if (code.size() != 5 || code.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) {
        at_ = literal;
        throw_near("invalid SQLSTATE code");
    }
    return code;
}

void Parser::parse_raise_condition(PlStatement& raise) {
    if (!is_free_name(at_)) throw_syntax();
    std::string name = identifier(text_at(at_));
    if (name == "sqlstate") {
        ++at_;
        raise.condition = take_sqlstate();
    } else {
        raise.condition = condition_sqlstates(name)[0];
        raise.message = name;
        ++at_;
    }
    if (!is(";") && !is("using")) throw_syntax();
}

void Parser::parse_raise_options(PlStatement& raise) {
    do {
        if (at_end()) throw_near("unexpected end of function definition");
        std::string option = word_at(at_);
        if (!contains(kOptions, option)) throw_near("unrecognized RAISE statement option");
        ++at_;
        if (!accept("=") && !accept(":=")) throw_near("syntax error, expected \"=\"");
        raise.options.emplace_back(option, read_expr({",", ";"}, ", or ;"));
    } while (accept(","));
}

Parser::Statement Parser::parse_raise(int at_line) {
    auto result = statement(PlKind::kRaise, at_line);
    ++at_;
    if (at_end()) throw_near("unexpected end of function definition");
    if (accept(";")) return result;
    result->level = "exception";
    if (contains(kLevels, word_at(at_))) result->level = word_at(at_++);
    if (at_end()) throw_near("unexpected end of function definition");
    if (is_string()) {
        result->has_message = true;
        result->message = take_string();
        if (!is(",") && !is(";") && !is("using")) throw_syntax();
        while (accept(",")) result->params.push_back(read_expr({",", ";", "using"}, ", or ; or USING"));
    } else if (!is("using")) {
        parse_raise_condition(*result);
    }
    if (accept("using")) parse_raise_options(*result);
    if (result->has_message) {
        std::size_t expected = placeholders(result->message);
        latest_line_ = at_line;
        if (expected > result->params.size()) throw SqlError("42601", "too few parameters specified for RAISE");
        if (expected < result->params.size()) throw SqlError("42601", "too many parameters specified for RAISE");
    }
    expect(";");
    return result;
}

Parser::Statement Parser::parse_assert(int at_line) {
    auto result = statement(PlKind::kAssert, at_line);
    ++at_;
    result->expr = read_expr({",", ";"}, ", or ;");
    if (accept(",")) result->expr2 = read_expr({";"}, ";");
    expect(";");
    return result;
}

Parser::Statement Parser::parse_get(int at_line) {
    int where = position();
    ++at_;
    bool stacked = accept("stacked");
    if (!stacked) accept("current");
    auto result = statement(stacked ? PlKind::kGetStacked : PlKind::kGetDiagnostics, at_line);
    expect("diagnostics");
    do {
        DiagnosticsItem item;
        int target_at = position();
        item.target = parse_simple_target();
        if (item.target.path.empty() && variable(item.target.variable).is_record) {
            throw_at(fmt::format("\"{}\" is not a scalar variable", variable(item.target.variable).name), target_at);
        }
        if (!accept("=")) expect(":=");
        item.item = word_at(at_);
        if (std::ranges::find(kItems, item.item, &ItemRow::name) == std::end(kItems)) throw_near("unrecognized GET DIAGNOSTICS item");
        ++at_;
        result->diagnostics.push_back(std::move(item));
    } while (accept(","));
    expect(";");
    for (const DiagnosticsItem& item : result->diagnostics) {
        Allowed allowed = std::ranges::find(kItems, item.item, &ItemRow::name)->allowed;
        if (allowed == Allowed::kBoth || (allowed == Allowed::kStacked) == stacked) continue;
        std::string upper = item.item;
        for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        throw_at(fmt::format("diagnostics item {} is not allowed in GET {} DIAGNOSTICS", upper, stacked ? "STACKED" : "CURRENT"), where);
    }
    return result;
}

}  // namespace cdcsim::pg::plpgsql
