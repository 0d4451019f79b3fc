// Blocks and statements. Mirrors proc_stmt and what belongs to it in pl_gram.y.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/postgres/plpgsql/parser.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {

Parser::Statement Parser::statement(PlKind kind, int at_line) {
    auto result = std::make_unique<PlStatement>();
    result->kind = kind;
    result->line = latest_line_ = at_line;
    return result;
}

std::string Parser::parse_label() {
    if (!is("<<")) return "";
    ++at_;
    std::string label = take_name();
    expect(">>");
    return label;
}

void Parser::check_end_label(const std::string& label) {
    if (!is_free_name(at_)) return;
    int where = position();
    std::string end_label = take_name();
    if (label.empty()) throw_at(fmt::format("end label \"{}\" specified for unlabeled block", end_label), where);
    if (end_label != label) throw_at(fmt::format("end label \"{}\" differs from block's label \"{}\"", end_label, label), where);
}

Parser::Statement Parser::parse_block(const std::string& label) {
    auto block = std::make_unique<PlStatement>();
    block->kind = PlKind::kBlock;
    block->label = label;
    NamespacePtr saved = names_;
    std::shared_ptr<Namespace> space = push_names(label);
    if (accept("declare")) parse_declarations(*block, *space);
    block->line = line();
    expect("begin");
    block->body = parse_body({"end", "exception"});
    if (is("exception")) {
        line();
        ++at_;
        parse_handlers(*block);
    }
    expect("end");
    check_end_label(label);
    latest_line_ = block->line;
    names_ = saved;
    return block;
}

void Parser::parse_conditions(Handler& handler) {
    do {
        if (!is_free_name(at_)) throw_syntax();
        std::string name = identifier(text_at(at_));
        if (name == "sqlstate") {
            ++at_;
            handler.sqlstates.push_back(take_sqlstate());
            continue;
        }
        if (name == "others") {
            handler.sqlstates.push_back("others");
        } else {
            for (std::string& code : condition_sqlstates(name)) handler.sqlstates.push_back(std::move(code));
        }
        ++at_;
    } while (accept("or"));
}

void Parser::parse_handlers(PlStatement& block) {
    block.has_handlers = true;
    NamespacePtr saved = names_;
    std::shared_ptr<Namespace> space = push_names("");
    Variable state, message;
    state.name = "sqlstate";
    message.name = "sqlerrm";
    state.type = message.type = oid::kText;
    state.constant = message.constant = true;
    int state_number = add_variable(state), message_number = add_variable(message);
    space->names["sqlstate"] = state_number;
    space->names["sqlerrm"] = message_number;
    while (is("when")) {
        int at_line = line_of(position());
        ++at_;
        Handler handler;
        handler.sqlstate_variable = state_number;
        handler.sqlerrm_variable = message_number;
        parse_conditions(handler);
        expect("then");
        handler.body = parse_body({"when", "end"});
        latest_line_ = at_line;
        block.handlers.push_back(std::move(handler));
    }
    if (block.handlers.empty()) throw_syntax();
    names_ = saved;
}

Body Parser::parse_body(const Words& ends) {
    Body body;
    while (true) {
        if (at_end()) throw_syntax();
        if (std::ranges::find(ends, word_at(at_)) != ends.end()) return body;
        body.push_back(parse_statement());
    }
}

Parser::Statement Parser::parse_statement() {
    std::string label = parse_label();
    int at_line = line_of(position());
    std::string word = word_at(at_);
    if (word == "declare" || word == "begin") {
        auto block = parse_block(label);
        expect(";");
        return block;
    }
    if (word == "loop" || word == "while" || word == "for" || word == "foreach") return parse_loop(label, word, at_line);
    if (!label.empty()) throw_syntax();
    // A variable's name is one at the start of a statement only where an assignment follows: before a
    // word that begins a statement of PL/pgSQL or SQL ("comment", "open") then, and after it otherwise.
    const bool assignable = is_at(at_ + 1, ":=") || is_at(at_ + 1, "=") || is_at(at_ + 1, "[") || is_at(at_ + 1, ".");
    const bool is_variable = is_free_name(at_) ? is_datum(at_) : text_at(at_).starts_with('$') && find({std::string(text_at(at_))}).variable >= 0;
    if (assignable && is_variable) return parse_assignment(at_line);
    if (Statement found = parse_keyword_statement(word, at_line)) return found;
    bool assigns = false;
    if (is_free_name(at_)) {
        std::size_t next = at_ + dotted_at(at_).size() * 2 - 1;
        assigns = is_at(next, "=") || is_at(next, ":=") || is_at(next, "[") || is_at(next, ".");
    }
    if (assigns) throw_not_variable();
    return parse_sql_statement(at_line);
}

/// The statements that begin with a word of PL/pgSQL's own; nullptr if this is none.
Parser::Statement Parser::parse_keyword_statement(const std::string& word, int at_line) {
    if (word == "if") return parse_if(at_line);
    if (word == "case") return parse_case(at_line);
    if (word == "exit" || word == "continue") return parse_exit(at_line);
    if (word == "return") return parse_return(at_line);
    if (word == "raise") return parse_raise(at_line);
    if (word == "assert") return parse_assert(at_line);
    if (word == "perform") return parse_perform(at_line);
    if (word == "execute") return parse_execute(at_line);
    if (word == "get") return parse_get(at_line);
    if (word == "call" || word == "do") return parse_call(at_line);
    if (word == "open") return parse_open(at_line);
    if (word == "fetch" || word == "move") return parse_fetch(word == "move", at_line);
    if (word == "close") return parse_close(at_line);
    if (word == "commit" || word == "rollback") return parse_transaction_end(at_line);
    if (word == "null") {
        ++at_;
        expect(";");
        return statement(PlKind::kNull, at_line);
    }
    return nullptr;
}

Parser::Statement Parser::parse_assignment(int at_line) {
    auto result = statement(PlKind::kAssign, at_line);
    int begin = position();
    std::vector<std::string> names = is_name(at_) ? dotted_at(at_) : std::vector<std::string>{std::string(text_at(at_))};
    Found found = find(names);
    check_assignable(found.variable, begin);
    result->target.variable = found.variable;
    at_ += static_cast<std::size_t>(found.names) * 2 - 1;
    while (is(".") || is("[")) {
        AccessStep step;
        if (accept(".")) {
            step.field = take_name();
        } else {
            ++at_;
            auto bound = [&](const Words& ends) -> PlExprPtr {
                if (std::ranges::find(ends, word_at(at_)) != ends.end()) return nullptr;
                auto [from, to] = read_until(ends, "]", true);
                return make_expr(from, to, ExprMode::kExpression);
            };
            step.upper = bound({":", "]"});
            if (accept(":")) {
                step.is_slice = true;
                step.lower = std::move(step.upper);
                step.upper = bound({"]"});
            }
            expect("]");
        }
        result->target.path.push_back(std::move(step));
    }
    bool assigns = accept(":=") || accept("=");
    if (!assigns && is(";")) throw_at("syntax error at end of input", position());
    if (!assigns) throw_syntax();
    int value_begin = is(";") ? end_of(at_ - 1) : position();
    int value_end = value_begin;
    if (!is(";")) value_end = read_until({";"}, ";", false).second;
    result->expr = make_assignment(begin, value_begin, value_end);
    expect(";");
    return result;
}

Parser::Statement Parser::parse_if(int at_line) {
    auto result = statement(PlKind::kIf, at_line);
    ++at_;
    while (true) {
        Branch branch;
        branch.condition = read_expr({"then"}, "THEN");
        expect("then");
        branch.body = parse_body({"elsif", "elseif", "else", "end"});
        result->branches.push_back(std::move(branch));
        if (!accept("elsif") && !accept("elseif")) break;
    }
    if (accept("else")) {
        result->has_else = true;
        result->else_body = parse_body({"end"});
    }
    expect("end");
    expect("if");
    expect(";");
    latest_line_ = at_line;
    return result;
}

Parser::Statement Parser::parse_case(int at_line) {
    auto result = statement(PlKind::kCase, at_line);
    ++at_;
    if (!is("when")) {
        result->expr = read_expr({"when"}, "WHEN");
        Variable tested;
        tested.name = fmt::format("__Case__Variable_{}__", out_.variables.size());
        tested.type = oid::kInt4;
        result->case_variable = add_variable(tested);
    }
    while (accept("when")) {
        Branch branch;
        branch.condition = read_expr({"then"}, "THEN");
        expect("then");
        branch.body = parse_body({"when", "else", "end"});
        if (result->expr) {
            // WHEN a, b: the value is one of them.
            const std::string& name = variable(result->case_variable).name;
            PlExpr& condition = *branch.condition;
            condition.text = fmt::format("\"{}\" IN ({})", name, condition.text);
            condition.sql = "SELECT " + condition.text;
            auto space = std::make_shared<Namespace>();
            space->outer = condition.names;
            space->names[name] = result->case_variable;
            condition.names = space;
        }
        result->branches.push_back(std::move(branch));
    }
    if (result->branches.empty()) throw_syntax();
    if (accept("else")) {
        result->has_else = true;
        result->else_body = parse_body({"end"});
    }
    expect("end");
    expect("case");
    expect(";");
    latest_line_ = at_line;
    return result;
}

// Loops.

void Parser::end_loop(const std::string& label) {
    expect("end");
    expect("loop");
    check_end_label(label);
    expect(";");
}

Parser::LoopTarget Parser::parse_loop_target() {
    LoopTarget target;
    target.where = position();
    target.line = line_of(target.where);
    if (!is_free_name(at_)) throw_syntax();
    std::vector<std::string> names = dotted_at(at_);
    target.name = names.back();
    if (find(names).variable < 0) {
        if (names.size() > 1 || is_at(at_ + 1, ",")) throw_not_variable();
        ++at_;
        return target;
    }
    Target first = parse_simple_target();
    target.name = first.path.empty() ? variable(first.variable).name : first.path[0].field;
    bool scalar = !first.path.empty() || !variable(first.variable).is_record;
    target.targets.push_back(std::move(first));
    if (scalar && accept(",")) {
        target.is_list = true;
        for (Target& other : parse_scalar_list()) target.targets.push_back(std::move(other));
    }
    return target;
}

Parser::Statement Parser::parse_loop(const std::string& label, const std::string& word, int at_line) {
    ++at_;
    Statement result;
    NamespacePtr saved = names_;
    push_names(label)->is_loop = true;
    if (word == "loop") {
        result = statement(PlKind::kLoop, at_line);
    } else if (word == "while") {
        result = statement(PlKind::kWhile, at_line);
        result->expr = read_expr({"loop"}, "LOOP");
        expect("loop");
    } else if (word == "foreach") {
        result = statement(PlKind::kForeach, at_line);
        LoopTarget target = parse_loop_target();
        if (accept("slice")) {
            std::string_view digits = text_at(at_);
            if (std::from_chars(digits.data(), digits.data() + digits.size(), result->slice).ec != std::errc()) throw_syntax();
            ++at_;
        }
        expect("in");
        expect("array");
        result->expr = read_expr({"loop"}, "LOOP");
        expect("loop");
        result->into = target.targets;
        result->body = parse_body({"end"});
        end_loop(label);
        if (target.targets.empty()) throw_at("loop variable of FOREACH must be a known variable or list of variables", target.where);
        result->label = label;
        names_ = saved;
        return result;
    } else {
        result = parse_for(at_line);
    }
    result->label = label;
    result->body = parse_body({"end"});
    end_loop(label);
    latest_line_ = at_line;
    names_ = saved;
    return result;
}

constexpr std::string_view kRowsTarget = "loop variable of loop over rows must be a record variable or list of scalar variables";

Parser::Statement Parser::parse_for(int at_line) {
    auto result = statement(PlKind::kForQuery, at_line);
    LoopTarget target = parse_loop_target();
    expect("in");
    int where = position();
    if (accept("execute")) {
        result->kind = PlKind::kForExecute;
        result->expr = read_expr({"loop", "using"}, "LOOP or USING");
        if (target.targets.empty()) throw_at(std::string(kRowsTarget), target.where);
        for (const Target& each : target.targets) check_assignable(each.variable, target.where);
        if (accept("using")) read_using(result->params, {",", "loop"}, ", or LOOP");
        result->into = target.targets;
        expect("loop");
        return result;
    }
    Found cursor = is_free_name(at_) ? find(dotted_at(at_)) : Found{};
    if (cursor.variable >= 0 && variable(cursor.variable).type == oid::kRefcursor && static_cast<std::size_t>(cursor.names) == dotted_at(at_).size()) {
        return parse_for_cursor(std::move(result), target, where);
    }
    bool reverse = accept("reverse");
    auto [begin, end] = read_until({"..", "loop"}, "LOOP", true);
    if (is("..")) {
        result->kind = PlKind::kForInteger;
        result->reverse = reverse;
        result->expr = make_expr(begin, end, ExprMode::kExpression);
        ++at_;
        result->expr2 = read_expr({"loop", "by"}, "LOOP");
        if (accept("by")) result->expr3 = read_expr({"loop"}, "LOOP");
        if (target.is_list) throw_at("integer FOR loop must have only one target variable", target.where);
        expect("loop");
        Variable counter;
        counter.name = target.name;
        counter.type = oid::kInt4;
        counter.line = at_line;
        result->loop_variable = add_variable(counter);
        push_names("")->names[target.name] = result->loop_variable;
        return result;
    }
    if (reverse) throw_at("cannot specify REVERSE in query FOR loop", where);
    result->expr = make_expr(begin, end, ExprMode::kStatement);
    if (target.targets.empty()) throw_at(std::string(kRowsTarget), target.where);
    for (const Target& each : target.targets) check_assignable(each.variable, target.where);
    result->into = target.targets;
    expect("loop");
    return result;
}

Parser::Statement Parser::parse_exit(int at_line) {
    bool is_exit = is("exit");
    auto result = statement(is_exit ? PlKind::kExit : PlKind::kContinue, at_line);
    int where = position(), label_at = -1;
    ++at_;
    if (is_free_name(at_)) {
        label_at = position();
        result->label = take_name();
    }
    if (accept("when")) {
        result->expr = read_expr({";"}, ";");
    } else if (!is(";")) {
        throw_syntax();
    }
    bool loop = false;
    const Namespace* named = nullptr;
    for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
        loop = loop || space->is_loop;
        if (named == nullptr && !result->label.empty() && space->label == result->label) named = space;
    }
    if (label_at >= 0) {
        if (named == nullptr) throw_at(fmt::format("there is no label \"{}\" attached to any block or loop enclosing this statement", result->label), label_at);
        if (!named->is_loop && !is_exit) throw_at(fmt::format("block label \"{}\" cannot be used in CONTINUE", result->label), label_at);
    } else if (!loop) {
        throw_at(is_exit ? "EXIT cannot be used outside a loop, unless it has a label" : "CONTINUE cannot be used outside a loop", where);
    }
    expect(";");
    return result;
}

// RETURN.

Parser::Statement Parser::parse_return(int at_line) {
    int where = position();
    ++at_;
    if (accept("next")) return parse_return_next(at_line, where);
    if (accept("query")) return parse_return_query(at_line, where);
    auto result = statement(PlKind::kReturn, at_line);
    if (out_.returns_set) {
        if (!is(";")) throw SqlError("42804", "RETURN cannot have a parameter in function returning set").hint("Use RETURN NEXT or RETURN QUERY.").at(position());
    } else if (out_.result == oid::kVoid) {
        if (!is(";") && out_.is_procedure) throw_here("RETURN cannot have a parameter in a procedure");
        if (!is(";")) throw_here("RETURN cannot have a parameter in function returning void", "42804");
    } else if (!out_.out_variables.empty()) {
        if (!is(";")) throw_here("RETURN cannot have a parameter in function with OUT parameters", "42804");
    } else {
        read_returned(*result);
    }
    expect(";");
    return result;
}

void Parser::read_returned(PlStatement& result) {
    if (is_datum(at_) && is_at(at_ + 1, ";")) result.result_variable = find(dotted_at(at_)).variable;
    result.expr = read_expr({";"}, ";");
}

Parser::Statement Parser::parse_return_next(int at_line, int where) {
    auto result = statement(PlKind::kReturnNext, at_line);
    if (!out_.returns_set) throw_at("cannot use RETURN NEXT in a non-SETOF function", where, "42804");
    if (!out_.out_variables.empty()) {
        if (!is(";")) throw_here("RETURN NEXT cannot have a parameter in function with OUT parameters", "42804");
    } else {
        read_returned(*result);
    }
    expect(";");
    return result;
}

Parser::Statement Parser::parse_return_query(int at_line, int where) {
    auto result = statement(PlKind::kReturnQuery, at_line);
    if (!out_.returns_set) throw_at("cannot use RETURN QUERY in a non-SETOF function", where, "42804");
    read_statement_or_execute(*result, "; or USING");
    expect(";");
    return result;
}

void Parser::read_statement_or_execute(PlStatement& result, const char* expected) {
    if (accept("execute")) {
        result.expr2 = read_expr({";", "using"}, expected);
        if (accept("using")) read_using(result.params, {",", ";"}, ", or ;");
    } else {
        result.expr = read_statement({";"}, ";");
    }
}

// SQL.

Parser::Statement Parser::parse_perform(int at_line) {
    auto result = statement(PlKind::kPerform, at_line);
    int begin = position();
    auto [from, end] = read_until({";"}, ";", false);
    (void)from;
    // Messages show it as the SELECT that it is; what follows PERFORM keeps its place.
    result->expr = make_expr(begin, end, ExprMode::kStatement, false);
    result->expr->text.replace(0, 7, "SELECT");
    result->expr->sql = result->expr->text;
    result->expr->source_offset = begin + 1;
    check_syntax(*result->expr);
    expect(";");
    return result;
}

Parser::Statement Parser::parse_call(int at_line) {
    auto result = statement(is("call") ? PlKind::kCall : PlKind::kDo, at_line);
    result->expr = read_statement({";"}, ";");
    expect(";");
    return result;
}

Parser::Statement Parser::parse_execute(int at_line) {
    auto result = statement(PlKind::kExecute, at_line);
    ++at_;
    result->expr = read_expr({"into", "using", ";"}, "INTO or USING or ;");
    while (!is(";")) {
        if (is("into")) {
            if (result->has_into) throw_syntax();
            ++at_;
            parse_into(*result, true);
        } else if (is("using")) {
            if (!result->params.empty()) throw_syntax();
            ++at_;
            read_using(result->params, {",", ";", "into"}, ", or ; or INTO");
        } else {
            throw_syntax();
        }
    }
    expect(";");
    return result;
}

Parser::Statement Parser::parse_transaction_end(int at_line) {
    auto result = statement(is("commit") ? PlKind::kCommit : PlKind::kRollback, at_line);
    ++at_;
    if (accept("and")) {
        result->chain = !accept("no");
        expect("chain");
    }
    expect(";");
    return result;
}

Parser::Statement Parser::parse_sql_statement(int at_line) {
    auto result = statement(PlKind::kSql, at_line);
    int begin = position();
    std::size_t first = at_;
    // Reserved words of PL/pgSQL begin no SQL statement.
    if (!is_free_name(at_)) throw_syntax();
    int depth = 0, into_begin = -1, into_end = -1;
    // BEGIN ATOMIC ... END of a routine's body has statements of its own.
    const std::size_t kind = is("create") && is_at(at_ + 1, "or") ? at_ + 3 : at_ + 1;
    const bool has_body = is("create") && (is_at(kind, "function") || is_at(kind, "procedure"));
    int body_depth = 0;
    for (;; ++at_) {
        if (at_end()) throw_near("unexpected end of function definition");
        std::string word = word_at(at_);
        if (word == "(") ++depth;
        if (word == ")" && depth > 0) --depth;
        if (word == ";" && depth == 0 && body_depth == 0) break;
        if (has_body && (word == "begin" || (word == "case" && body_depth > 0))) ++body_depth;
        if (word == "end" && body_depth > 0) --body_depth;
        if (word != "into" || at_ == first) continue;
        bool part_of_command = is_at(at_ - 1, "insert") || is_at(at_ - 1, "merge") || is_at(first, "import");
        if (part_of_command) continue;
        if (into_begin >= 0) throw_near("INTO specified more than once");
        into_begin = position();
        ++at_;
        parse_into(*result, true);
        into_end = position();
        --at_;
    }
    int end = end_of(at_ - 1);
    std::string saved = body_;
    // The INTO clause is blanked out, so that positions stay.
    for (int i = into_begin; i >= 0 && i < into_end; ++i) body_[static_cast<std::size_t>(i)] = ' ';
    try {
        result->expr = make_expr(begin, end, ExprMode::kStatement);
    } catch (...) {
        body_ = saved;
        throw;
    }
    body_ = saved;
    expect(";");
    return result;
}

// Targets.

void Parser::throw_not_variable() const {
    if (!is_free_name(at_)) throw_syntax();
    throw_at(fmt::format("\"{}\" is not a known variable", fmt::join(dotted_at(at_), ".")), position());
}

/// A variable or a field of a record, without subscripts (INTO, FOR, GET DIAGNOSTICS).
Target Parser::parse_simple_target() {
    Target target;
    int where = position();
    std::vector<std::string> names;
    if (is_free_name(at_)) {
        names = dotted_at(at_);
    } else if (text_at(at_).starts_with('$')) {
        names = {std::string(text_at(at_))};
    } else {
        throw_syntax();
    }
    Found found = find(names);
    if (found.variable < 0) throw_not_variable();
    check_assignable(found.variable, where);
    target.variable = found.variable;
    for (std::size_t i = static_cast<std::size_t>(found.names); i < names.size(); ++i) target.path.push_back({names[i], nullptr, nullptr, false});
    if (target.path.size() > 1) throw NotSimulated("INTO a field of a field");
    at_ += names.size() * 2 - 1;
    return target;
}

/// What follows the first scalar and its comma.
std::vector<Target> Parser::parse_scalar_list() {
    std::vector<Target> targets;
    do {
        int where = position();
        Target target = parse_simple_target();
        if (target.path.empty() && variable(target.variable).is_record) {
            throw_at(fmt::format("\"{}\" is not a scalar variable", variable(target.variable).name), where);
        }
        targets.push_back(std::move(target));
    } while (accept(","));
    return targets;
}

void Parser::parse_into(PlStatement& result, bool strict_allowed) {
    result.has_into = true;
    if (strict_allowed) result.strict = accept("strict");
    result.into = {parse_simple_target()};
    const Target& first = result.into[0];
    bool record = first.path.empty() && variable(first.variable).is_record;
    if (!is(",")) return;
    if (record) throw_at("record variable cannot be part of multiple-item INTO list", position());
    ++at_;
    for (Target& target : parse_scalar_list()) result.into.push_back(std::move(target));
}

}  // namespace cdcsim::pg::plpgsql
