// SQL inside PL/pgSQL: where it ends, and its syntax check. Mirrors read_sql_construct.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/plpgsql/parser.h"

namespace cdcsim::pg::plpgsql {

PlExprPtr Parser::make_expr(int begin, int end, ExprMode mode, bool check) {
    while (end > begin && std::isspace(static_cast<unsigned char>(body_[static_cast<std::size_t>(end - 1)]))) --end;
    auto expr = std::make_shared<PlExpr>();
    expr->text = body_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    expr->mode = mode;
    expr->names = names_;
    expr->source_offset = begin;
    if (mode == ExprMode::kStatement) {
        expr->sql = expr->text;
    } else {
        expr->sql = "SELECT " + expr->text;
        expr->shift = 7;
    }
    if (check) check_syntax(*expr);
    return expr;
}

/// An assignment's right side: messages show the whole "x := 1".
PlExprPtr Parser::make_assignment(int begin, int value_begin, int end) {
    PlExprPtr expr = make_expr(value_begin, std::max(end, value_begin), ExprMode::kExpression);
    expr->mode = ExprMode::kAssignment;
    std::string whole = body_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(std::max(end, begin) - begin));
    while (!whole.empty() && std::isspace(static_cast<unsigned char>(whole.back()))) whole.pop_back();
    expr->text = whole;
    expr->shift = 7 - (value_begin - begin);
    return expr;
}

void Parser::check_syntax(const PlExpr& expr) const {
    if (!options_.check_only && !options_.is_inline) return;
    if (expr.text.empty()) return;
    try {
        parse_sql(expr.sql);
    } catch (const SqlError& error) {
        int where = error.position() < 0 ? expr.source_offset : error.position() - expr.shift + expr.source_offset;
        SqlError moved(error.sqlstate(), error.message());
        moved.set_detail(error.detail());
        moved.set_hint(error.hint());
        throw std::move(moved).at(where);
    }
}

std::pair<int, int> Parser::read_until(const Words& ends, std::string_view expected, bool expression) {
    int begin = position();
    std::size_t first = at_;
    int depth = 0;
    for (;; ++at_) {
        std::string word = at_end() ? std::string() : word_at(at_);
        if (depth == 0 && !at_end() && std::ranges::find(ends, word) != ends.end()) break;
        if (word == "(" || word == "[") ++depth;
        if ((word == ")" || word == "]") && --depth < 0) throw_near("mismatched parentheses");
        if (!at_end() && word != ";") continue;
        if (depth != 0) throw_near("mismatched parentheses");
        if (at_end()) throw_syntax();
        throw_here(fmt::format("missing \"{}\" at end of SQL {}", expected, expression ? "expression" : "statement"));
    }
    if (first == at_) throw_near(expression ? "missing expression" : "missing SQL statement");
    return {begin, end_of(at_ - 1)};
}

PlExprPtr Parser::read_expr(const Words& ends, std::string_view expected) {
    auto [begin, end] = read_until(ends, expected, true);
    return make_expr(begin, end, ExprMode::kExpression);
}

PlExprPtr Parser::read_statement(const Words& ends, std::string_view expected) {
    auto [begin, end] = read_until(ends, expected, false);
    return make_expr(begin, end, ExprMode::kStatement);
}

/// USING's expressions, after the word itself.
void Parser::read_using(std::vector<PlExprPtr>& params, const Words& ends, std::string_view expected) {
    do {
        params.push_back(read_expr(ends, expected));
    } while (accept(","));
}

}  // namespace cdcsim::pg::plpgsql
