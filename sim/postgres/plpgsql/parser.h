// The parser of one function body, over PostgreSQL's tokens. Inner header of plpgsql/parse_*.cc.
// Mirrors pl_gram.y and pl_scanner.c, their messages and what position each of them has.
#pragma once

#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/plpgsql/parse.h"

namespace cdcsim::pg::plpgsql {

class Parser {
  public:
    using Statement = std::unique_ptr<PlStatement>;
    using Words = std::vector<std::string_view>;

    Parser(Backend& backend, const CompileOptions& options, PlFunction& result);
    void parse(NamespacePtr outer);
    int add_variable(Variable variable);
    /// The line that errors without a position are near (plpgsql_latest_lineno).
    int latest_line() const { return latest_line_; }

  private:
    // Tokens (parse.cc).
    bool at_end() const { return at_ >= tokens_.size(); }
    std::string_view text_at(std::size_t i) const;
    std::string word_at(std::size_t i) const;
    bool is(std::string_view word) const { return !at_end() && word_at(at_) == word; }
    bool is_at(std::size_t i, std::string_view word) const { return i < tokens_.size() && word_at(i) == word; }
    bool accept(std::string_view word);
    void expect(std::string_view word);
    /// An identifier, quoted or not, keywords included.
    bool is_name(std::size_t i) const;
    /// A name that is no reserved word of PL/pgSQL.
    bool is_free_name(std::size_t i) const;
    bool is_string() const;
    std::string take_name();
    std::string take_string();
    std::string take_sqlstate();   ///< after the word
    int position() const { return at_end() ? static_cast<int>(body_.size()) : tokens_[at_].begin; }
    int end_of(std::size_t i) const { return tokens_[i].end; }
    int line_of(int offset) const;
    int line() { return latest_line_ = line_of(position()); }
    /// The token with what the scanner makes of it: "a.b.c" is one.
    std::string_view merged_token(std::size_t i) const;
    /// "<message> at or near "token"" at the token at_, or "at end of input".
    [[noreturn]] void throw_near(std::string_view message) const;
    [[noreturn]] void throw_syntax() const { throw_near("syntax error"); }
    [[noreturn]] void throw_here(std::string_view message, std::string_view sqlstate = "42601") const;
    [[noreturn]] void throw_at(std::string_view message, int where, std::string_view sqlstate = "42601") const;

    // Names (parse.cc).
    struct Found {
        int variable = -1;
        int names = 0;            ///< how many words of a dotted name it takes
    };
    Found find(const std::vector<std::string>& names) const;
    std::vector<std::string> dotted_at(std::size_t i) const;
    const Variable& variable(int number) const { return out_.variables[static_cast<std::size_t>(number)]; }
    /// The token at `i` is (or begins) the name of a variable.
    bool is_datum(std::size_t i) const { return is_name(i) && find(dotted_at(i)).variable >= 0; }
    std::shared_ptr<Namespace> push_names(const std::string& label);
    void check_assignable(int variable, int where) const;

    // Embedded SQL (parse_expr.cc).
    PlExprPtr make_expr(int begin, int end, ExprMode mode, bool check = true);
    PlExprPtr make_assignment(int begin, int value_begin, int end);
    void check_syntax(const PlExpr& expr) const;
    /// The text up to one of `ends` outside parentheses; at_ stands on the terminator.
    std::pair<int, int> read_until(const Words& ends, std::string_view expected, bool expression);
    PlExprPtr read_expr(const Words& ends, std::string_view expected);
    /// A whole statement up to `end`.
    PlExprPtr read_statement(const Words& ends, std::string_view expected);
    void read_using(std::vector<PlExprPtr>& params, const Words& ends, std::string_view expected);

    // Declarations (parse_declarations.cc).
    void parse_declarations(PlStatement& block, Namespace& space);
    void parse_alias(const std::string& name, Namespace& space);
    void parse_cursor(const std::string& name, int at_line, PlStatement& block, Namespace& space);
    void parse_type(Variable& variable);
    bool parse_percent_type(Variable& variable);
    void set_type(Variable& variable, Oid type, std::int32_t typmod);
    void parse_options();

    // Statements (parse_statements.cc).
    Statement statement(PlKind kind, int at_line);
    std::string parse_label();
    Statement parse_block(const std::string& label);
    void parse_handlers(PlStatement& block);
    void parse_conditions(Handler& handler);
    Body parse_body(const Words& ends);
    Statement parse_statement();
    Statement parse_keyword_statement(const std::string& word, int at_line);
    Statement parse_assignment(int at_line);
    Statement parse_if(int at_line);
    Statement parse_case(int at_line);
    Statement parse_loop(const std::string& label, const std::string& word, int at_line);
    Statement parse_for(int at_line);
    Statement parse_for_rows(Statement loop, bool reverse, int where);
    void end_loop(const std::string& label);
    void check_end_label(const std::string& label);
    Statement parse_exit(int at_line);
    Statement parse_return(int at_line);
    void read_returned(PlStatement& result);
    Statement parse_return_next(int at_line, int where);
    Statement parse_return_query(int at_line, int where);
    /// A statement, or EXECUTE with its USING. `expected`: what a message says may follow the text.
    void read_statement_or_execute(PlStatement& result, const char* expected);
    Statement parse_perform(int at_line);
    Statement parse_call(int at_line);
    Statement parse_execute(int at_line);
    Statement parse_transaction_end(int at_line);
    Statement parse_sql_statement(int at_line);

    // Targets (parse_statements.cc).
    Target parse_simple_target();
    std::vector<Target> parse_scalar_list();
    void parse_into(PlStatement& result, bool strict_allowed);
    /// FOR's and FOREACH's variables; empty with `name` set if the name is no variable.
    struct LoopTarget {
        std::string name;
        int where = 0, line = 0;
        std::vector<Target> targets;
        bool is_list = false;
    };
    LoopTarget parse_loop_target();
    [[noreturn]] void throw_not_variable() const;

    // Messages (parse_messages.cc).
    Statement parse_raise(int at_line);
    void parse_raise_condition(PlStatement& raise);
    void parse_raise_options(PlStatement& raise);
    Statement parse_assert(int at_line);
    Statement parse_get(int at_line);

    // Cursors (parse_cursors.cc).
    int parse_cursor_variable();
    void parse_cursor_args(int cursor, std::string_view until, PlStatement& result);
    Statement parse_open(int at_line);
    Statement parse_fetch(bool is_move, int at_line);
    Statement parse_close(int at_line);
    Statement parse_for_cursor(Statement loop, const LoopTarget& target, int where);
    bool parse_direction(PlStatement& fetch);
    bool complete_direction(PlStatement& fetch);
    PlExprPtr read_count();

    Backend& backend_;
    const CompileOptions& options_;
    std::string body_;
    PlFunction& out_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    NamespacePtr names_;
    int latest_line_ = 1;
};

/// A name: folded unless quoted.
std::string identifier(std::string_view text);
/// The SQLSTATEs of a condition name; throws 42704.
std::vector<std::string> condition_sqlstates(const std::string& name);

}  // namespace cdcsim::pg::plpgsql
