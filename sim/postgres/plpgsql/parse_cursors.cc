// Cursors: OPEN, FETCH, MOVE, CLOSE and FOR over a bound cursor.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/plpgsql/parser.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg::plpgsql {

int Parser::parse_cursor_variable() {
    int where = position();
    Found found = is_free_name(at_) ? find(dotted_at(at_)) : Found{};
    if (found.variable < 0) throw_not_variable();
    std::size_t words = dotted_at(at_).size();
    const Variable& cursor = variable(found.variable);
    bool simple = !cursor.is_record && static_cast<std::size_t>(found.names) == words && !is_at(at_ + words * 2 - 1, "[");
    if (!simple) throw_at("cursor variable must be a simple variable", where, "42804");
    if (cursor.type != oid::kRefcursor) throw_at(fmt::format("variable \"{}\" must be of type cursor or refcursor", cursor.name), where, "42804");
    at_ += words * 2 - 1;
    return found.variable;
}

/// A bound cursor's arguments by position, "name := value" allowed; at_ ends after `until`.
void Parser::parse_cursor_args(int number, std::string_view until, PlStatement& result) {
    const Variable& cursor = variable(number);
    if (cursor.cursor_args.empty()) {
        if (is("(")) throw_at(fmt::format("cursor \"{}\" has no arguments", cursor.name), position());
        expect(until);
        return;
    }
    if (!is("(")) throw_at(fmt::format("cursor \"{}\" has arguments", cursor.name), position());
    ++at_;
    std::size_t count = cursor.cursor_args.size();
    std::vector<PlExprPtr> values(count);
    bool any_named = false;
    for (std::size_t argc = 0; argc < count; ++argc) {
        std::size_t slot = argc;
        int where = position();
        if (is_name(at_) && is_at(at_ + 1, ":=")) {
            std::string name = identifier(text_at(at_));
            auto it = std::ranges::find_if(cursor.cursor_args, [&](int argument) { return variable(argument).name == name; });
            if (it == cursor.cursor_args.end()) throw_at(fmt::format("cursor \"{}\" has no argument named \"{}\"", cursor.name, name), position());
            slot = static_cast<std::size_t>(it - cursor.cursor_args.begin());
            any_named = true;
            at_ += 2;
        }
        if (values[slot]) {
            throw_at(fmt::format("value for parameter \"{}\" of cursor \"{}\" specified more than once", variable(cursor.cursor_args[slot]).name, cursor.name), where);
        }
        values[slot] = read_expr({",", ")"}, ",\" or \")");
        bool last = argc + 1 == count;
        if (is(")") && !last) throw_at(fmt::format("not enough arguments for cursor \"{}\"", cursor.name), position());
        if (is(",") && last) throw_at(fmt::format("too many arguments for cursor \"{}\"", cursor.name), position());
        ++at_;
    }
    // One query gives them all; it names them if one of them was named.
    result.expr3 = values[0];
    PlExpr& all = *result.expr3;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) all.text += ", " + values[i]->text;
        if (any_named) all.text += " AS " + quote_identifier(variable(cursor.cursor_args[i]).name);
    }
    all.sql = "SELECT " + all.text;
    expect(until);
}

Parser::Statement Parser::parse_open(int at_line) {
    auto result = statement(PlKind::kOpen, at_line);
    ++at_;
    result->cursor = parse_cursor_variable();
    if (variable(result->cursor).cursor_query) {
        parse_cursor_args(result->cursor, ";", *result);
        return result;
    }
    if (accept("no")) {
        if (accept("scroll")) result->scroll = -1;
    } else if (accept("scroll")) {
        result->scroll = 1;
    }
    if (!accept("for")) throw_near("syntax error, expected \"FOR\"");
    read_statement_or_execute(*result, "USING or ;");
    expect(";");
    return result;
}

PlExprPtr Parser::read_count() { return read_expr({"from", "in"}, "FROM or IN"); }

bool Parser::complete_direction(PlStatement& fetch) {
    if (at_end()) throw_near("unexpected end of function definition");
    if (is("from") || is("in")) return true;
    if (accept("all")) {
        fetch.how_many = kFetchAll;
        return true;
    }
    fetch.expr = read_count();
    return true;
}

/// Sets the direction up to FROM or IN, both taken; true if several rows may come.
bool Parser::parse_direction(PlStatement& fetch) {
    if (at_end()) throw_near("unexpected end of function definition");
    bool several = false, check_from = true;
    if (accept("next")) {
    } else if (accept("prior")) {
        fetch.direction = FetchDirection::kBackward;
    } else if (accept("first")) {
        fetch.direction = FetchDirection::kAbsolute;
    } else if (accept("last")) {
        fetch.direction = FetchDirection::kAbsolute;
        fetch.how_many = -1;
    } else if (is("absolute") || is("relative")) {
        fetch.direction = is("absolute") ? FetchDirection::kAbsolute : FetchDirection::kRelative;
        ++at_;
        fetch.expr = read_count();
    } else if (accept("all")) {
        fetch.how_many = kFetchAll;
        several = true;
    } else if (is("forward") || is("backward")) {
        if (is("backward")) fetch.direction = FetchDirection::kBackward;
        ++at_;
        bool plain = is("from") || is("in");
        complete_direction(fetch);
        several = !plain;
    } else if (is("from") || is("in")) {
    } else if (is_datum(at_)) {
        check_from = false;
    } else {
        fetch.expr = read_count();
        several = true;
    }
    if (check_from && !accept("from") && !accept("in")) throw_near("expected FROM or IN");
    return several;
}

Parser::Statement Parser::parse_fetch(bool is_move, int at_line) {
    int where = position();
    auto result = statement(is_move ? PlKind::kMove : PlKind::kFetch, at_line);
    ++at_;
    bool several = parse_direction(*result);
    result->cursor = parse_cursor_variable();
    if (is_move) {
        expect(";");
        return result;
    }
    expect("into");
    parse_into(*result, false);
    expect(";");
    if (several) throw_at("FETCH statement cannot return multiple rows", where, "0A000");
    return result;
}

Parser::Statement Parser::parse_close(int at_line) {
    auto result = statement(PlKind::kClose, at_line);
    ++at_;
    result->cursor = parse_cursor_variable();
    expect(";");
    return result;
}

Parser::Statement Parser::parse_for_cursor(Statement loop, const LoopTarget& target, int where) {
    loop->kind = PlKind::kForCursor;
    Found found = find(dotted_at(at_));
    at_ += dotted_at(at_).size() * 2 - 1;
    loop->cursor = found.variable;
    if (target.is_list) throw_at("cursor FOR loop must have only one target variable", target.where);
    if (!variable(found.variable).cursor_query) throw_at("cursor FOR loop must use a bound cursor variable", where);
    parse_cursor_args(found.variable, "loop", *loop);
    Variable row;
    row.name = target.name;
    row.line = target.line;
    row.type = oid::kRecord;
    row.is_record = true;
    loop->loop_variable = add_variable(row);
    std::shared_ptr<Namespace> space = push_names("");
    space->names[target.name] = loop->loop_variable;
    loop->into.push_back(Target{loop->loop_variable, {}});
    return loop;
}

}  // namespace cdcsim::pg::plpgsql
