// The DECLARE section. Mirrors decl_sect of pl_gram.y and plpgsql_parse_wordtype and its like.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/plpgsql/parser.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {

/// #variable_conflict and its like, before the outer block.
void Parser::parse_options() {
    while (accept("#")) {
        std::string option = take_name(), value;
        if (option == "dump") throw NotSimulated("#option dump");
        if (option == "option") {
            expect("dump");
            continue;
        }
        value = word_at(at_);
        if (option == "variable_conflict") {
            out_.conflict = value == "error" ? VariableConflict::kError : value == "use_variable" ? VariableConflict::kUseVariable : VariableConflict::kUseColumn;
            if (value != "error" && value != "use_variable" && value != "use_column") throw_syntax();
        } else if (option == "print_strict_params") {
            if (value != "on" && value != "off") throw_at(fmt::format("unrecognized print_strict_params option {}", value), position());
            out_.print_strict_params = value == "on";
        } else {
            --at_;
            throw_syntax();
        }
        ++at_;
    }
}

namespace {

/// What a declaration reads sees the names declared before it, not those after it.
class NamesSoFar {
  public:
    NamesSoFar(NamespacePtr& names, const Namespace& space) : names_(names), saved_(names) { names_ = std::make_shared<Namespace>(space); }
    ~NamesSoFar() { names_ = saved_; }
    NamesSoFar(const NamesSoFar&) = delete;
    NamesSoFar& operator=(const NamesSoFar&) = delete;

  private:
    NamespacePtr& names_;
    NamespacePtr saved_;
};

}  // namespace

void Parser::parse_alias(const std::string& name, Namespace& space) {
    expect("for");
    int where = position();
    std::vector<std::string> names = is_name(at_) ? dotted_at(at_) : std::vector<std::string>{std::string(text_at(at_))};
    Found found = find(names);
    if (found.variable < 0) throw_at(fmt::format("variable \"{}\" does not exist", fmt::join(names, ".")), where, "42704");
    at_ += names.size() * 2 - 1;
    space.names[name] = found.variable;
    expect(";");
}

void Parser::parse_declarations(PlStatement& block, Namespace& space) {
    while (!is("begin")) {
        if (accept("declare")) continue;
        if (is("<<")) throw_at("block label must be placed before DECLARE, not after", position());
        if (!is_free_name(at_)) throw_syntax();
        std::string name = identifier(text_at(at_));
        if (space.names.contains(name)) throw_near("duplicate declaration");
        int at_line = line();
        ++at_;
        if (accept("alias")) {
            parse_alias(name, space);
            continue;
        }
        bool is_cursor = is("cursor") || ((is("no") || is("scroll")) && (is_at(at_ + 1, "cursor") || is_at(at_ + 1, "scroll")));
        if (is_cursor) {
            parse_cursor(name, at_line, block, space);
            continue;
        }
        Variable variable;
        variable.name = name;
        variable.line = at_line;
        variable.constant = accept("constant");
        parse_type(variable);
        if (accept("collate")) {
            take_name();
            while (accept(".")) take_name();
        }
        int not_null = position();
        if (accept("not")) {
            expect("null");
            variable.not_null = true;
        }
        if (accept(":=") || accept("=") || accept("default")) {
            NamesSoFar scope(names_, space);
            variable.default_value = read_expr({";"}, ";");
        } else if (!is(";")) {
            throw_syntax();
        }
        expect(";");
        int number = add_variable(std::move(variable));
        const Variable& added = this->variable(number);
        if (added.not_null && !added.default_value) {
            throw_at(fmt::format("variable \"{}\" must have a default value, since it's declared NOT NULL", name), not_null, "22004");
        }
        space.names[name] = number;
        block.variables.push_back(number);
    }
}

void Parser::parse_cursor(const std::string& name, int at_line, PlStatement& block, Namespace& space) {
    Variable cursor;
    cursor.name = name;
    cursor.line = at_line;
    cursor.type = oid::kRefcursor;
    cursor.scroll = accept("no") ? -1 : 0;
    if (accept("scroll") && cursor.scroll == 0) cursor.scroll = 1;
    expect("cursor");
    NamesSoFar scope(names_, space);
    std::shared_ptr<Namespace> args = push_names("");
    if (accept("(")) {
        do {
            Variable argument;
            argument.line = line();
            argument.name = take_name();
            if (args->names.contains(argument.name)) {
                --at_;
                throw_near("duplicate declaration");
            }
            parse_type(argument);
            int number = add_variable(argument);
            args->names[argument.name] = number;
            cursor.cursor_args.push_back(number);
        } while (accept(","));
        expect(")");
    }
    if (!accept("is")) expect("for");
    cursor.cursor_query = read_statement({";"}, ";");
    expect(";");
    // A bound cursor's portal is named like the variable.
    std::string quoted = "'";
    for (char c : name) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    auto initial = std::make_shared<PlExpr>();
    initial->text = quoted + "'::pg_catalog.refcursor";
    initial->sql = "SELECT " + initial->text;
    initial->shift = 7;
    initial->names = names_;
    cursor.default_value = initial;
    int number = add_variable(std::move(cursor));
    space.names[name] = number;
    block.variables.push_back(number);
}

void Parser::set_type(Variable& variable, Oid type, std::int32_t typmod) {
    variable.type = type;
    variable.typmod = typmod;
    const TypeInfo& info = backend_.type(type);
    if (info.typtype == 'p' && type != oid::kRecord) {
        throw SqlError("0A000", fmt::format("variable \"{}\" has pseudo-type {}", variable.name, format_type(backend_, type)));
    }
    if (info.typtype == 'd' && base_type(backend_, info).typtype == 'c') throw NotSimulated("PL/pgSQL variables of a domain over a composite type");
    variable.is_record = info.typtype == 'c' || type == oid::kRecord;
}

/// x%TYPE, t.c%TYPE, t%ROWTYPE. False: PostgreSQL goes on to read it as a type's name.
bool Parser::parse_percent_type(Variable& variable) {
    std::vector<std::string> names = dotted_at(at_);
    std::size_t percent = at_ + names.size() * 2 - 1;
    if (!is_at(percent, "%")) return false;
    bool row = is_at(percent + 1, "rowtype");
    if (!row && !is_at(percent + 1, "type")) return false;
    if (row) {
        require_schema_of(names, backend_);
        RelationPtr relation = find_relation_by_name(names, backend_);
        if (!relation) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
        at_ = percent + 2;
        variable.type = relation->row_type;
        variable.is_record = true;
        return true;
    }
    Found found = find(names);
    if (found.variable >= 0 && static_cast<std::size_t>(found.names) == names.size()) {
        const Variable& source = this->variable(found.variable);
        at_ = percent + 2;
        variable.type = source.type;
        variable.typmod = source.typmod;
        variable.is_record = source.is_record;
        return true;
    }
    if (names.size() < 2) return false;
    std::string column_name = names.back();
    names.pop_back();
    RelationPtr relation = find_relation_by_name(names, backend_);
    const Column* column = relation ? relation->find_column(column_name) : nullptr;
    if (column == nullptr) return false;
    at_ = percent + 2;
    set_type(variable, column->type, column->typmod);
    return true;
}

void Parser::parse_type(Variable& variable) {
    int begin = position(), depth = 0;
    std::size_t first = at_;
    if (is_free_name(at_) && parse_percent_type(variable)) return;
    while (!is(";")) {
        if (at_end()) throw_near(depth != 0 ? "mismatched parentheses" : "incomplete data type declaration");
        std::string word = word_at(at_);
        if (word == "collate" || word == "not" || word == "=" || word == ":=" || word == "default") break;
        if ((word == "," || word == ")") && depth == 0) break;
        if (word == "(") ++depth;
        if (word == ")") --depth;
        ++at_;
    }
    if (first == at_) throw_near("missing data type declaration");
    std::string text = body_.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end_of(at_ - 1) - begin));
    if (at_ == first + 1 && is_at(first, "record")) {
        variable.type = oid::kRecord;
        variable.is_record = true;
        return;
    }
    // PostgreSQL's own parser reads it; where it stops is where the message points.
    constexpr std::string_view kPrefix = "SELECT CAST(NULL AS ";
    try {
        parse_sql(fmt::format("{}{})", kPrefix, text));
    } catch (const SqlError& error) {
        int where = error.position() - static_cast<int>(kPrefix.size());
        bool ended = where >= static_cast<int>(text.size());
        SqlError moved(error.sqlstate(), ended ? "syntax error at end of input" : error.message());
        moved.add_context(fmt::format("invalid type name \"{}\"", text));
        throw std::move(moved).at(begin + std::min(where, static_cast<int>(text.size())));
    }
    TypeRef ref;
    try {
        ref = parse_type_text(text, backend_.bind_options());
    } catch (const SqlError& error) {
        SqlError moved(error.sqlstate(), error.message());
        moved.set_detail(error.detail());
        moved.set_hint(error.hint());
        throw std::move(moved).at(begin);
    }
    set_type(variable, ref.type, ref.typmod);
}

}  // namespace cdcsim::pg::plpgsql
