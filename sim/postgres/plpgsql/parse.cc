#include "sim/postgres/plpgsql/parse.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

constexpr int kSqlComment = 275, kCComment = 276;

/// A name: folded unless quoted.
std::string identifier(std::string_view text) {
    std::string out;
    if (!text.empty() && text.front() == '"') {
        for (std::size_t i = 1; i + 1 < text.size(); ++i) {
            out += text[i];
            if (text[i] == '"') ++i;
        }
        return out;
    }
    for (char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

class Parser {
  public:
    Parser(Backend& backend, const CompileOptions& options, PlFunction& result)
        : backend_(backend), options_(options), body_(options.function->body), out_(result) {
        for (const Token& token : scan_sql(body_)) {
            if (token.token != kSqlComment && token.token != kCComment) tokens_.push_back(token);
        }
    }

    void parse(NamespacePtr outer) {
        names_ = std::move(outer);
        out_.body = parse_block("");
        if (is(";")) ++at_;
        if (!at_end()) throw_syntax();
    }

    int add_variable(Variable variable) {
        out_.variables.push_back(std::move(variable));
        return static_cast<int>(out_.variables.size()) - 1;
    }

  private:
    // Tokens.
    bool at_end() const { return at_ >= tokens_.size(); }
    std::string_view text_at(std::size_t i) const {
        if (i >= tokens_.size()) return {};
        const Token& token = tokens_[i];
        return std::string_view(body_).substr(static_cast<std::size_t>(token.begin), static_cast<std::size_t>(token.end - token.begin));
    }
    std::string word_at(std::size_t i) const {
        std::string_view text = text_at(i);
        if (text.empty() || text.front() == '"' || text.front() == '\'') return std::string(text);
        return identifier(text);
    }
    bool is(std::string_view word) const { return !at_end() && word_at(at_) == word; }
    bool is_at(std::size_t i, std::string_view word) const { return i < tokens_.size() && word_at(i) == word; }
    bool accept(std::string_view word) {
        if (!is(word)) return false;
        ++at_;
        return true;
    }
    void expect(std::string_view word) {
        if (!accept(word)) throw_syntax();
    }
    bool is_name(std::size_t i) const {
        std::string_view text = text_at(i);
        if (text.empty()) return false;
        unsigned char c = static_cast<unsigned char>(text.front());
        return c == '"' || c == '_' || c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    std::string take_name() {
        if (!is_name(at_)) throw_syntax();
        return identifier(text_at(at_++));
    }
    int position() const { return at_end() ? static_cast<int>(body_.size()) : tokens_[at_].begin; }
    int line_of(int offset) const { return static_cast<int>(std::count(body_.begin(), body_.begin() + offset, '\n')) + 1; }
    int line() const { return line_of(position()); }
    [[noreturn]] void throw_syntax() const {
        if (at_end()) throw SqlError("42601", "syntax error at end of input").at(static_cast<int>(body_.size()));
        throw SqlError("42601", fmt::format("syntax error at or near \"{}\"", text_at(at_))).at(position());
    }
    [[noreturn]] void throw_at(std::string_view sqlstate, const std::string& message, int where) const {
        throw SqlError(sqlstate, message).at(where);
    }

    // Names.
    int find_variable(const std::string& name) const {
        for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
            auto it = space->names.find(name);
            if (it != space->names.end()) return it->second;
        }
        return -1;
    }
    int find_qualified(const std::string& label, const std::string& name) const {
        for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
            if (space->label != label) continue;
            auto it = space->names.find(name);
            if (it != space->names.end()) return it->second;
        }
        return -1;
    }

    // Embedded SQL.
    PlExprPtr make_expr(int begin, int end, ExprMode mode) {
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
        check_syntax(*expr);
        return expr;
    }
    /// An assignment's right side: messages show the whole "x := 1".
    PlExprPtr make_assignment(int begin, int value_begin, int end) {
        PlExprPtr expr = make_expr(value_begin, end, ExprMode::kExpression);
        expr->mode = ExprMode::kAssignment;
        std::string whole = body_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        while (!whole.empty() && std::isspace(static_cast<unsigned char>(whole.back()))) whole.pop_back();
        expr->text = whole;
        expr->shift = 7 - (value_begin - begin);
        return expr;
    }
    void check_syntax(const PlExpr& expr) const {
        if (!options_.check_only && !options_.is_inline) return;
        if (expr.text.empty()) return;
        try {
            parse_sql(expr.sql);
        } catch (const SqlError& error) {
            int where = error.position() < 0 ? -1 : error.position() - expr.shift + expr.source_offset;
            throw SqlError(error.sqlstate(), error.message()).at(where);
        }
    }
    /// The range up to one of `ends` outside parentheses; at_ stands on the terminator.
    std::pair<int, int> read_until(const std::vector<std::string_view>& ends, std::string_view expected, bool expression = true) {
        int begin = position();
        std::size_t first = at_;
        int depth = 0;
        while (!at_end()) {
            std::string word = word_at(at_);
            if (depth == 0 && std::ranges::find(ends, word) != ends.end()) break;
            if (word == "(" || word == "[") ++depth;
            if (word == ")" || word == "]") {
                if (--depth < 0) throw SqlError("42601", "mismatched parentheses").at(position());
            }
            if (word == ";") {
                if (depth != 0) throw SqlError("42601", "mismatched parentheses").at(position());
                if (expression) throw SqlError("42601", fmt::format("missing \"{}\" at end of SQL expression", expected)).at(position());
                throw SqlError("42601", fmt::format("missing \"{}\" at end of SQL statement", expected)).at(position());
            }
            ++at_;
        }
        if (at_end()) {
            if (depth != 0) throw SqlError("42601", "mismatched parentheses").at(static_cast<int>(body_.size()));
            throw_syntax();
        }
        int end = first == at_ ? begin : tokens_[at_ - 1].end;
        return {begin, end};
    }
    PlExprPtr read_expr(const std::vector<std::string_view>& ends, std::string_view expected) {
        auto [begin, end] = read_until(ends, expected);
        if (begin == end) throw SqlError("42601", "missing expression at or near \"" + std::string(text_at(at_)) + "\"").at(position());
        return make_expr(begin, end, ExprMode::kExpression);
    }

    // Declarations.
    void parse_declarations(PlStatement& block, Namespace& space) {
        while (!at_end() && !is("begin")) {
            if (accept("declare")) continue;
            int where = position();
            std::string name = take_name();
            if (space.names.contains(name)) {
                throw SqlError("42601", fmt::format("duplicate declaration at or near \"{}\"", text_at(at_ - 1))).at(where);
            }
            if (accept("alias")) {
                expect("for");
                std::string target = is_name(at_) ? take_name() : std::string(text_at(at_++));
                int variable = find_variable(target);
                if (variable < 0) throw SqlError("42704", fmt::format("variable \"{}\" does not exist", target)).at(position());
                space.names[name] = variable;
                expect(";");
                continue;
            }
            Variable variable;
            variable.name = name;
            variable.line = line_of(where);
            variable.constant = accept("constant");
            if (is("cursor") || is("no") || is("scroll")) throw NotSimulated("cursors in PL/pgSQL");
            parse_type(variable);
            if (is("collate")) {
                ++at_;
                take_name();
            }
            if (accept("not")) {
                expect("null");
                variable.not_null = true;
            }
            if (accept(":=") || accept("=") || accept("default")) {
                variable.default_value = read_expr({";"}, ";");
            }
            if (variable.not_null && !variable.default_value) {
                throw SqlError("22004", fmt::format("variable \"{}\" must have a default value, since it's declared NOT NULL", name)).at(tokens_[at_ - 1].begin);
            }
            expect(";");
            int number = add_variable(std::move(variable));
            space.names[name] = number;
            block.variables.push_back(number);
        }
    }

    void parse_type(Variable& variable) {
        std::size_t first = at_;
        int begin = position(), depth = 0;
        while (!at_end()) {
            std::string word = word_at(at_);
            bool stop = depth == 0 && (word == ";" || word == ":=" || word == "=" || word == "default" || word == "not" || word == "collate");
            if (stop) break;
            if (word == "(" || word == "[") ++depth;
            if (word == ")" || word == "]") --depth;
            ++at_;
        }
        if (first == at_) throw SqlError("42601", "missing data type declaration").at(begin);
        int end = tokens_[at_ - 1].end;
        std::string text = body_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        bool percent = at_ >= first + 3 && text_at(at_ - 2) == "%";
        if (percent && is_at(at_ - 1, "type")) return percent_type(variable, first, begin);
        if (percent && is_at(at_ - 1, "rowtype")) {
            std::vector<std::string> names;
            for (std::size_t i = first; i + 2 < at_; i += 2) names.push_back(identifier(text_at(i)));
            RelationPtr relation = find_relation_by_name(names, backend_);
            if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, "."))).at(begin);
            variable.type = relation->row_type;
            variable.is_record = true;
            return;
        }
        if (at_ == first + 1 && is_at(first, "record")) {
            variable.type = oid::kRecord;
            variable.is_record = true;
            return;
        }
        TypeRef ref;
        try {
            ref = parse_type_text(text, backend_.bind_options());
        } catch (const SqlError& error) {
            throw SqlError(error.sqlstate(), error.message()).at(begin);
        }
        variable.type = ref.type;
        variable.typmod = ref.typmod;
        const TypeInfo& info = backend_.type(ref.type);
        if (info.typtype == 'p' && ref.type != oid::kRecord) {
            throw SqlError("0A000", fmt::format("variable \"{}\" has pseudo-type {}", variable.name, format_type(backend_, ref.type))).at(begin);
        }
        variable.is_record = info.typtype == 'c' || ref.type == oid::kRecord;
    }

    void percent_type(Variable& variable, std::size_t first, int begin) {
        std::vector<std::string> names;
        for (std::size_t i = first; i + 2 < at_; i += 2) names.push_back(identifier(text_at(i)));
        if (names.size() == 1) {
            int other = find_variable(names[0]);
            if (other < 0) throw SqlError("42704", fmt::format("type \"{}\" does not exist", names[0])).at(begin);
            const Variable& source = out_.variables[static_cast<std::size_t>(other)];
            variable.type = source.type;
            variable.typmod = source.typmod;
            variable.is_record = source.is_record;
            return;
        }
        std::string column_name = names.back();
        names.pop_back();
        RelationPtr relation = find_relation_by_name(names, backend_);
        if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, "."))).at(begin);
        const Column* column = relation->find_column(column_name);
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", column_name, relation->name)).at(begin);
        }
        variable.type = column->type;
        variable.typmod = column->typmod;
        variable.is_record = backend_.type(column->type).typtype == 'c';
    }

    // Statements.
    std::string parse_label() {
        std::string label;
        if (is("<<") || (is("<") && is_at(at_ + 1, "<"))) {
            at_ += is("<<") ? 1 : 2;
            label = take_name();
            if (is(">>")) {
                ++at_;
            } else {
                expect(">");
                expect(">");
            }
        }
        return label;
    }

    std::unique_ptr<PlStatement> parse_block(const std::string& given_label) {
        std::string label = given_label.empty() ? parse_label() : given_label;
        auto block = std::make_unique<PlStatement>();
        block->kind = PlKind::kBlock;
        block->label = label;
        NamespacePtr saved = names_;
        auto space = std::make_shared<Namespace>();
        space->outer = names_;
        space->label = label;
        names_ = space;
        if (accept("declare")) parse_declarations(*block, *space);
        block->line = line();
        expect("begin");
        block->body = parse_body({"end", "exception"});
        if (accept("exception")) parse_handlers(*block);
        expect("end");
        if (is_name(at_) && !is(";")) {
            std::string end_label = take_name();
            if (label.empty()) throw SqlError("42601", fmt::format("end label \"{}\" specified for unlabeled block", end_label)).at(tokens_[at_ - 1].begin);
            if (end_label != label) throw SqlError("42601", fmt::format("end label \"{}\" differs from block's label \"{}\"", end_label, label)).at(tokens_[at_ - 1].begin);
        }
        names_ = saved;
        return block;
    }

    void parse_handlers(PlStatement& block) {
        block.has_handlers = true;
        auto space = std::make_shared<Namespace>();
        space->outer = names_;
        NamespacePtr saved = names_;
        names_ = space;
        Variable state, message;
        state.name = "sqlstate";
        message.name = "sqlerrm";
        state.type = message.type = oid::kText;
        int state_number = add_variable(state), message_number = add_variable(message);
        space->names["sqlstate"] = state_number;
        space->names["sqlerrm"] = message_number;
        while (accept("when")) {
            Handler handler;
            handler.sqlstate_variable = state_number;
            handler.sqlerrm_variable = message_number;
            do {
                int where = position();
                std::string name = take_name();
                if (name == "sqlstate" && !at_end() && text_at(at_).front() == '\'') {
                    std::string_view literal = text_at(at_++);
                    std::string code(literal.substr(1, literal.size() - 2));
                    if (code.size() != 5) throw SqlError("42601", "invalid SQLSTATE code").at(tokens_[at_ - 1].begin);
                    handler.sqlstates.push_back(code);
                } else if (name == "others") {
                    handler.sqlstates.push_back("others");
                } else {
                    bool found = false;
                    for (const ConditionRow& row : condition_names()) {
                        if (row.name != name) continue;
                        handler.sqlstates.emplace_back(row.sqlstate);
                        found = true;
                    }
                    if (!found) throw SqlError("42704", fmt::format("unrecognized exception condition \"{}\"", name)).at(where);
                }
            } while (accept("or"));
            expect("then");
            handler.body = parse_body({"when", "end"});
            block.handlers.push_back(std::move(handler));
        }
        if (block.handlers.empty()) throw_syntax();
        names_ = saved;
    }

    Body parse_body(const std::vector<std::string_view>& ends) {
        Body body;
        while (true) {
            if (at_end()) throw_syntax();
            if (std::ranges::find(ends, word_at(at_)) != ends.end()) return body;
            body.push_back(parse_statement());
        }
    }

    std::unique_ptr<PlStatement> statement(PlKind kind, int at_line) {
        auto result = std::make_unique<PlStatement>();
        result->kind = kind;
        result->line = at_line;
        return result;
    }

    std::unique_ptr<PlStatement> parse_statement() {
        std::string label = parse_label();
        int at_line = line();
        std::string word = word_at(at_);
        bool assigns = is_at(at_ + 1, ":=") || is_at(at_ + 1, "=");
        if (!assigns) {
            if (word == "declare" || word == "begin") {
                auto block = parse_block(label);
                expect(";");
                return block;
            }
            if (word == "loop" || word == "while" || word == "for" || word == "foreach") return parse_loop(label, word, at_line);
            if (word == "if") return parse_if(at_line);
            if (word == "case") return parse_case(at_line);
            if (word == "exit" || word == "continue") return parse_exit(word, at_line);
            if (word == "return") return parse_return(at_line);
            if (word == "raise") return parse_raise(at_line);
            if (word == "assert") return parse_assert(at_line);
            if (word == "perform") return parse_perform(at_line);
            if (word == "execute") return parse_execute(at_line);
            if (word == "get") return parse_get(at_line);
            if (word == "null" && is_at(at_ + 1, ";")) {
                at_ += 2;
                return statement(PlKind::kNull, at_line);
            }
            if (word == "open" || word == "fetch" || word == "move" || word == "close") {
                if (find_variable(word) < 0) throw NotSimulated("cursors in PL/pgSQL");
            }
            if ((word == "commit" || word == "rollback") && !is_at(at_ + 1, "to")) throw NotSimulated("COMMIT and ROLLBACK in PL/pgSQL");
        }
        if (is_assignment()) return parse_assignment(at_line);
        return parse_sql_statement(at_line);
    }

    bool is_assignment() const {
        if (!is_name(at_) && text_at(at_).front() != '$') return false;
        std::size_t i = at_ + 1;
        int depth = 0;
        while (i < tokens_.size()) {
            std::string word = word_at(i);
            if (depth == 0 && (word == ":=" || word == "=")) return true;
            if (word == "[" ) ++depth;
            else if (word == "]") --depth;
            else if (depth == 0 && word != "." && !(is_at(i - 1, ".") && is_name(i))) return false;
            ++i;
        }
        return false;
    }

    Target parse_target() {
        Target target;
        int where = position();
        std::string_view raw = text_at(at_);
        std::string name = raw.front() == '$' ? std::string(text_at(at_++)) : take_name();
        target.variable = find_variable(name);
        if (target.variable < 0 && is(".")) {
            std::string field = identifier(text_at(at_ + 1));
            target.variable = find_qualified(name, field);
            if (target.variable >= 0) at_ += 2;
        }
        if (target.variable < 0) {
            std::string shown(raw);
            if (is(".")) shown = name + "." + identifier(text_at(at_ + 1));
            throw SqlError("42601", fmt::format("\"{}\" is not a known variable", shown)).at(where);
        }
        const Variable& variable = out_.variables[static_cast<std::size_t>(target.variable)];
        if (variable.constant) throw SqlError("22005", fmt::format("variable \"{}\" is declared CONSTANT", variable.name)).at(where);
        while (accept(".")) {
            if (!variable.is_record) throw SqlError("42601", fmt::format("\"{}.{}\" is not a known variable", name, text_at(at_))).at(where);
            target.fields.push_back(take_name());
        }
        while (accept("[")) {
            target.subscripts.push_back(read_expr({"]"}, "]"));
            expect("]");
        }
        return target;
    }

    std::unique_ptr<PlStatement> parse_assignment(int at_line) {
        auto result = statement(PlKind::kAssign, at_line);
        int begin = position();
        result->target = parse_target();
        if (!accept(":=")) expect("=");
        int value_begin = position();
        auto [from, to] = read_until({";"}, ";");
        (void)from;
        result->expr = make_assignment(begin, value_begin, std::max(to, value_begin));
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_if(int at_line) {
        auto result = statement(PlKind::kIf, at_line);
        expect("if");
        while (true) {
            Branch branch;
            branch.condition = read_expr({"then"}, "THEN");
            expect("then");
            branch.body = parse_body({"elsif", "elseif", "else", "end"});
            result->branches.push_back(std::move(branch));
            if (accept("elsif") || accept("elseif")) continue;
            break;
        }
        if (accept("else")) {
            result->has_else = true;
            result->else_body = parse_body({"end"});
        }
        expect("end");
        expect("if");
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_case(int at_line) {
        auto result = statement(PlKind::kCase, at_line);
        expect("case");
        if (!is("when")) {
            result->expr = read_expr({"when"}, "WHEN");
            Variable variable;
            variable.name = fmt::format("__Case__Variable_{}__", out_.variables.size());
            variable.type = oid::kText;
            result->case_variable = add_variable(variable);
        }
        while (accept("when")) {
            Branch branch;
            branch.condition = read_expr({"then"}, "THEN");
            expect("then");
            branch.body = parse_body({"when", "else", "end"});
            result->branches.push_back(std::move(branch));
        }
        if (accept("else")) {
            result->has_else = true;
            result->else_body = parse_body({"end"});
        }
        expect("end");
        expect("case");
        expect(";");
        return result;
    }

    void end_loop(const std::string& label) {
        expect("end");
        expect("loop");
        if (is_name(at_)) {
            std::string end_label = take_name();
            if (end_label != label) {
                throw SqlError("42601", label.empty() ? fmt::format("end label \"{}\" specified for unlabeled block", end_label)
                                                      : fmt::format("end label \"{}\" differs from block's label \"{}\"", end_label, label)).at(tokens_[at_ - 1].begin);
            }
        }
        expect(";");
    }

    std::unique_ptr<PlStatement> parse_loop(const std::string& label, const std::string& word, int at_line) {
        ++at_;
        std::unique_ptr<PlStatement> result;
        NamespacePtr saved = names_;
        if (word == "loop") {
            result = statement(PlKind::kLoop, at_line);
        } else if (word == "while") {
            result = statement(PlKind::kWhile, at_line);
            result->expr = read_expr({"loop"}, "LOOP");
            expect("loop");
        } else if (word == "foreach") {
            result = statement(PlKind::kForeach, at_line);
            result->into.push_back(parse_target());
            if (accept("slice")) result->slice = std::stoi(std::string(text_at(at_++)));
            expect("in");
            expect("array");
            result->expr = read_expr({"loop"}, "LOOP");
            expect("loop");
        } else {
            result = parse_for(at_line);
        }
        result->label = label;
        if (!label.empty()) {
            auto space = std::make_shared<Namespace>();
            space->outer = names_;
            space->label = label;
            names_ = space;
        }
        result->body = parse_body({"end"});
        end_loop(label);
        names_ = saved;
        return result;
    }

    /// FOR: an integer range has ".." before LOOP.
    std::unique_ptr<PlStatement> parse_for(int at_line) {
        std::size_t names_at = at_;
        std::vector<std::size_t> name_tokens;
        while (true) {
            name_tokens.push_back(at_);
            take_name();
            while (accept(".")) take_name();
            if (!accept(",")) break;
        }
        expect("in");
        bool reverse = is("reverse");
        if (reverse) ++at_;
        if (is("execute")) {
            auto result = statement(PlKind::kForExecute, at_line);
            ++at_;
            result->expr = read_expr({"loop", "using"}, "LOOP");
            if (accept("using")) {
                do {
                    result->params.push_back(read_expr({",", "loop"}, "LOOP"));
                } while (accept(","));
            }
            read_loop_targets(*result, names_at);
            expect("loop");
            return result;
        }
        std::size_t start = at_;
        int depth = 0;
        bool range = false;
        for (std::size_t i = at_; i < tokens_.size(); ++i) {
            std::string word = word_at(i);
            if (depth == 0 && (word == "loop" || word == ";")) break;
            if (word == "(") ++depth;
            if (word == ")") --depth;
            if (word == "..") range = true;
        }
        if (range) {
            auto result = statement(PlKind::kForInteger, at_line);
            result->reverse = reverse;
            result->expr = read_expr({".."}, "..");
            expect("..");
            result->expr2 = read_expr({"loop", "by"}, "LOOP");
            if (accept("by")) result->expr3 = read_expr({"loop"}, "LOOP");
            expect("loop");
            Variable variable;
            variable.name = identifier(text_at(name_tokens[0]));
            variable.type = oid::kInt4;
            variable.line = at_line;
            result->loop_variable = add_variable(variable);
            auto space = std::make_shared<Namespace>();
            space->outer = names_;
            space->names[variable.name] = result->loop_variable;
            names_ = space;
            return result;
        }
        if (is_name(start) && find_variable(word_at(start)) >= 0 && is_at(start + 1, "loop")) throw NotSimulated("cursors in PL/pgSQL");
        auto result = statement(PlKind::kForQuery, at_line);
        auto [begin, end] = read_until({"loop"}, "LOOP", false);
        result->expr = make_expr(begin, end, ExprMode::kStatement);
        read_loop_targets(*result, names_at);
        expect("loop");
        return result;
    }

    void read_loop_targets(PlStatement& loop, std::size_t names_at) {
        std::size_t here = at_;
        at_ = names_at;
        int where = position();
        try {
            loop.into.push_back(parse_target());
            while (accept(",")) loop.into.push_back(parse_target());
        } catch (const SqlError& error) {
            if (error.is_not_simulated()) throw;
            throw SqlError("42601", "loop variable of loop over rows must be a record variable or list of scalar variables").at(where);
        }
        at_ = here;
    }

    std::unique_ptr<PlStatement> parse_exit(const std::string& word, int at_line) {
        auto result = statement(word == "exit" ? PlKind::kExit : PlKind::kContinue, at_line);
        ++at_;
        if (!is(";") && !is("when")) result->label = take_name();
        if (accept("when")) result->expr = read_expr({";"}, ";");
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_return(int at_line) {
        int where = position();
        expect("return");
        if (accept("next")) {
            auto result = statement(PlKind::kReturnNext, at_line);
            if (!out_.returns_set) throw SqlError("42804", "cannot use RETURN NEXT in a non-SETOF function").at(where);
            if (!is(";")) result->expr = read_expr({";"}, ";");
            expect(";");
            return result;
        }
        if (accept("query")) {
            auto result = statement(PlKind::kReturnQuery, at_line);
            if (!out_.returns_set) throw SqlError("42804", "cannot use RETURN QUERY in a non-SETOF function").at(where);
            if (accept("execute")) {
                result->expr2 = read_expr({";", "using"}, ";");
                if (accept("using")) {
                    do {
                        result->params.push_back(read_expr({",", ";"}, ";"));
                    } while (accept(","));
                }
            } else {
                auto [begin, end] = read_until({";"}, ";", false);
                result->expr = make_expr(begin, end, ExprMode::kStatement);
            }
            expect(";");
            return result;
        }
        auto result = statement(PlKind::kReturn, at_line);
        if (!is(";")) {
            if (out_.returns_set) {
                throw SqlError("42804", "RETURN cannot have a parameter in function returning set").hint("Use RETURN NEXT or RETURN QUERY.").at(position());
            }
            if (out_.result == oid::kVoid) {
                throw SqlError("42804", "RETURN cannot have a parameter in function returning void").at(position());
            }
            if (!out_.out_variables.empty()) {
                throw SqlError("42804", "RETURN cannot have a parameter in function with OUT parameters").at(position());
            }
            result->expr = read_expr({";"}, ";");
        } else if (out_.result != oid::kVoid && out_.out_variables.empty() && !out_.returns_set) {
            throw SqlError("42601", "missing expression at or near \";\"").at(position());
        }
        expect(";");
        return result;
    }

    std::string take_literal() {
        // The text of a string literal, by the parser itself.
        ParseTree tree = parse_sql(fmt::format("SELECT {}", text_at(at_)));
        std::string value(tree.statements()[0].node.items("targetList")[0]["val"]["sval"].text("sval"));
        ++at_;
        return value;
    }

    bool is_string() const {
        std::string_view text = text_at(at_);
        if (text.empty()) return false;
        return text.front() == '\'' || text.front() == '$' || ((text.front() == 'E' || text.front() == 'e') && text.size() > 1 && text[1] == '\'');
    }

    std::unique_ptr<PlStatement> parse_raise(int at_line) {
        auto result = statement(PlKind::kRaise, at_line);
        expect("raise");
        result->level = "exception";
        if (accept(";")) {
            result->level.clear();
            return result;
        }
        constexpr std::string_view kLevels[] = {"exception", "warning", "notice", "info", "log", "debug"};
        if (std::ranges::find(kLevels, word_at(at_)) != std::end(kLevels)) result->level = word_at(at_++);
        if (!is(";") && !is("using")) {
            if (is_string()) {
                result->has_message = true;
                int where = position();
                result->message = take_literal();
                while (accept(",")) result->params.push_back(read_expr({",", ";", "using"}, ";"));
                std::size_t expected = 0;
                for (std::size_t i = 0; i < result->message.size(); ++i) {
                    if (result->message[i] != '%') continue;
                    if (i + 1 < result->message.size() && result->message[i + 1] == '%') {
                        ++i;
                    } else {
                        ++expected;
                    }
                }
                if (expected > result->params.size()) throw SqlError("42601", "too few parameters specified for RAISE").at(where);
                if (expected < result->params.size()) throw SqlError("42601", "too many parameters specified for RAISE").at(where);
            } else {
                int where = position();
                std::string name = take_name();
                if (name == "sqlstate") {
                    result->condition = take_literal();
                    if (result->condition.size() != 5) throw SqlError("42601", "invalid SQLSTATE code").at(where);
                } else {
                    auto row = std::ranges::find(condition_names(), name, &ConditionRow::name);
                    if (row == condition_names().end()) throw SqlError("42704", fmt::format("unrecognized exception condition \"{}\"", name)).at(where);
                    result->condition = row->sqlstate;
                    result->message = name;
                }
            }
        }
        if (accept("using")) {
            do {
                std::string option = take_name();
                if (!accept("=")) expect(":=");
                result->options.emplace_back(option, read_expr({",", ";"}, ";"));
            } while (accept(","));
        }
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_assert(int at_line) {
        auto result = statement(PlKind::kAssert, at_line);
        ++at_;
        result->expr = read_expr({",", ";"}, ";");
        if (accept(",")) result->expr2 = read_expr({";"}, ";");
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_perform(int at_line) {
        auto result = statement(PlKind::kPerform, at_line);
        expect("perform");
        auto [begin, end] = read_until({";"}, ";", false);
        result->expr = make_expr(begin, end, ExprMode::kExpression);
        // Messages show it as the SELECT that it is.
        result->expr->mode = ExprMode::kStatement;
        result->expr->text = result->expr->sql;
        result->expr->shift = 0;
        expect(";");
        return result;
    }

    void parse_into(PlStatement& result) {
        result.has_into = true;
        result.strict = accept("strict");
        result.into.push_back(parse_target());
        while (accept(",")) result.into.push_back(parse_target());
    }

    std::unique_ptr<PlStatement> parse_execute(int at_line) {
        auto result = statement(PlKind::kExecute, at_line);
        expect("execute");
        result->expr = read_expr({"into", "using", ";"}, ";");
        while (!is(";")) {
            if (accept("into")) {
                parse_into(*result);
            } else if (accept("using")) {
                do {
                    result->params.push_back(read_expr({",", ";", "into"}, ";"));
                } while (accept(","));
            } else {
                throw_syntax();
            }
        }
        expect(";");
        return result;
    }

    std::unique_ptr<PlStatement> parse_get(int at_line) {
        auto result = statement(PlKind::kGetDiagnostics, at_line);
        expect("get");
        if (accept("stacked")) result->stacked = true;
        else accept("current");
        expect("diagnostics");
        do {
            DiagnosticsItem item;
            item.target = parse_target();
            if (!accept("=")) expect(":=");
            int where = position();
            item.item = take_name();
            constexpr std::string_view kCurrent[] = {"row_count", "pg_context", "pg_routine_oid"};
            constexpr std::string_view kStacked[] = {"returned_sqlstate", "message_text", "pg_exception_detail", "pg_exception_hint", "pg_exception_context",
                                                     "column_name", "constraint_name", "pg_datatype_name", "table_name", "schema_name"};
            bool current = std::ranges::find(kCurrent, item.item) != std::end(kCurrent), stacked = std::ranges::find(kStacked, item.item) != std::end(kStacked);
            if (!current && !stacked) throw SqlError("42601", "unrecognized GET DIAGNOSTICS item").at(where);
            if (result->stacked ? !stacked && item.item != "pg_context" : !current) {
                throw SqlError("42601", fmt::format("diagnostics item {} is not allowed in GET {} DIAGNOSTICS", upper(item.item), result->stacked ? "STACKED" : "CURRENT")).at(where);
            }
            result->diagnostics.push_back(std::move(item));
        } while (accept(","));
        expect(";");
        return result;
    }

    static std::string upper(std::string text) {
        for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return text;
    }

    std::unique_ptr<PlStatement> parse_sql_statement(int at_line) {
        auto result = statement(PlKind::kSql, at_line);
        int begin = position();
        std::size_t first = at_;
        if (!is_name(at_) && !is("(")) throw_syntax();
        int depth = 0, into_begin = -1, into_end = -1;
        while (true) {
            if (at_end()) {
                throw_syntax();
            }
            std::string word = word_at(at_);
            if (word == "(") ++depth;
            if (word == ")" && --depth < 0) throw_syntax();
            if (word == ";" && depth <= 0) break;
            bool insert_into = at_ > first && (is_at(at_ - 1, "insert") || is_at(at_ - 1, "merge"));
            if (depth == 0 && word == "into" && !insert_into) {
                if (into_begin >= 0) throw SqlError("42601", "INTO specified more than once").at(position());
                into_begin = position();
                ++at_;
                parse_into(*result);
                into_end = tokens_[at_ - 1].end;
                continue;
            }
            ++at_;
        }
        int end = tokens_[at_ - 1].end;
        if (into_begin >= 0) {
            // The INTO clause is blanked out, so that positions stay.
            std::string saved = body_;
            for (int i = into_begin; i < into_end; ++i) body_[static_cast<std::size_t>(i)] = ' ';
            result->expr = make_expr(begin, end, ExprMode::kStatement);
            body_ = saved;
        } else {
            result->expr = make_expr(begin, end, ExprMode::kStatement);
        }
        expect(";");
        return result;
    }

    Backend& backend_;
    const CompileOptions& options_;
    std::string body_;
    PlFunction& out_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    NamespacePtr names_;
};

std::string signature_of(Backend& backend, const Function& function) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        if (mode == 'i' || mode == 'b' || mode == 'v') types.push_back(format_type(backend, function.arg_types[i]));
    }
    std::string name = function.name;
    bool visible = false;
    for (Oid schema : backend.search_path()) visible = visible || schema == function.schema;
    if (!visible) name = backend.catalog().find_schema(function.schema)->name + "." + name;
    return fmt::format("{}({})", name, fmt::join(types, ","));
}

}  // namespace

std::shared_ptr<PlFunction> compile(Backend& backend, const CompileOptions& options) {
    auto result = std::make_shared<PlFunction>();
    const Function& function = *options.function;
    result->function = options.function;
    result->signature = options.is_inline ? "inline_code_block" : signature_of(backend, function);
    result->result = function.result;
    result->returns_set = function.returns_set;
    result->is_trigger = function.result == oid::kTrigger;
    result->relation = options.relation;
    Parser parser(backend, options, *result);
    auto space = std::make_shared<Namespace>();
    space->label = options.is_inline ? "inline_code_block" : function.name;
    auto add = [&](const std::string& name, Oid type, bool record) {
        Variable variable;
        variable.name = name;
        variable.type = type;
        variable.is_record = record;
        int number = parser.add_variable(variable);
        if (!name.empty()) space->names[name] = number;
        return number;
    };
    int position = 0;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        const TypeInfo& type = backend.type(function.arg_types[i]);
        bool record = type.typtype == 'c' || type.oid == oid::kRecord;
        int number = add(function.arg_names[i], function.arg_types[i], record);
        if (mode != 'o' && mode != 't') {
            result->argument_variables.push_back(number);
            space->names["$" + std::to_string(++position)] = number;
        }
        if (mode == 'o' || mode == 'b' || mode == 't') {
            result->out_variables.push_back(number);
            std::string name = function.arg_names[i].empty() ? fmt::format("column{}", result->out_columns.size() + 1) : function.arg_names[i];
            result->out_columns.push_back({name, function.arg_types[i], -1, false});
        }
    }
    if (result->is_trigger) {
        Oid row = options.relation ? options.relation->row_type : oid::kRecord;
        result->new_variable = add("new", row, true);
        result->old_variable = add("old", row, true);
        constexpr std::string_view kNames[] = {"tg_name", "tg_when", "tg_level", "tg_op", "tg_relname", "tg_table_name", "tg_table_schema"};
        for (std::string_view name : kNames) add(std::string(name), name == "tg_name" || name.find("rel") != std::string_view::npos || name.find("table") != std::string_view::npos ? oid::kName : oid::kText, false);
        add("tg_relid", oid::kOid, false);
        add("tg_nargs", oid::kInt4, false);
        add("tg_argv", oid::kTextArray, false);
    }
    result->found_variable = add("found", oid::kBool, false);
    parser.parse(space);
    return result;
}

}  // namespace cdcsim::pg::plpgsql
