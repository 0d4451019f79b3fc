#include "sim/postgres/plpgsql/parse.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "sim/postgres/plpgsql/parser.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg::plpgsql {
namespace {

constexpr int kSqlComment = 275, kCComment = 276;

/// Words that are never names in PL/pgSQL (pl_reserved_kwlist.h).
constexpr std::string_view kReserved[] = {"all", "begin", "by", "case", "declare", "else", "end", "execute", "for", "foreach", "from", "if",
                                          "in", "into", "loop", "not", "null", "or", "strict", "then", "to", "using", "when", "while"};

}  // namespace

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

Parser::Parser(Backend& backend, const CompileOptions& options, PlFunction& result)
    : backend_(backend), options_(options), body_(options.function->body), out_(result) {
    for (const Token& token : scan_sql(body_)) {
        if (token.token != kSqlComment && token.token != kCComment) tokens_.push_back(token);
    }
}

void Parser::parse(NamespacePtr outer) {
    names_ = std::move(outer);
    parse_options();
    std::string label = parse_label();
    out_.body = parse_block(label);
    if (is(";")) ++at_;
    if (!at_end()) throw_syntax();
}

int Parser::add_variable(Variable variable) {
    out_.variables.push_back(std::move(variable));
    return static_cast<int>(out_.variables.size()) - 1;
}

// Tokens.

std::string_view Parser::text_at(std::size_t i) const {
    if (i >= tokens_.size()) return {};
    const Token& token = tokens_[i];
    return std::string_view(body_).substr(static_cast<std::size_t>(token.begin), static_cast<std::size_t>(token.end - token.begin));
}

std::string Parser::word_at(std::size_t i) const {
    std::string_view text = text_at(i);
    if (text.empty() || text.front() == '"' || text.front() == '\'') return std::string(text);
    return identifier(text);
}

bool Parser::accept(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
}

void Parser::expect(std::string_view word) {
    if (!accept(word)) throw_syntax();
}

bool Parser::is_name(std::size_t i) const {
    std::string_view text = text_at(i);
    if (text.empty()) return false;
    unsigned char c = static_cast<unsigned char>(text.front());
    bool letter = c == '"' || c == '_' || c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter && text.back() != '\'';
}

bool Parser::is_free_name(std::size_t i) const {
    return is_name(i) && std::ranges::find(kReserved, word_at(i)) == std::end(kReserved);
}

bool Parser::is_string() const {
    std::string_view text = text_at(at_);
    if (text.empty()) return false;
    if (text.front() == '\'') return true;
    if (text.front() == '$') return text.size() > 1 && (text[1] < '0' || text[1] > '9');
    return text.size() > 1 && (text.front() == 'E' || text.front() == 'e') && text[1] == '\'';
}

std::string Parser::take_name() {
    if (!is_free_name(at_)) throw_syntax();
    return identifier(text_at(at_++));
}

std::string Parser::take_string() {
    ParseTree tree = parse_sql(fmt::format("SELECT {}", text_at(at_)));
    std::string value(tree.statements()[0].node.items("targetList")[0]["val"]["sval"].text("sval"));
    ++at_;
    return value;
}

int Parser::line_of(int offset) const { return static_cast<int>(std::count(body_.begin(), body_.begin() + offset, '\n')) + 1; }

std::string_view Parser::merged_token(std::size_t i) const {
    std::size_t last = i;
    if (is_name(i)) {
        for (int n = 0; n < 2 && is_at(last + 1, ".") && is_name(last + 2); ++n) last += 2;
    }
    int begin = tokens_[i].begin;
    return std::string_view(body_).substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(tokens_[last].end - begin));
}

void Parser::throw_near(std::string_view message) const {
    if (at_end()) throw_here(fmt::format("{} at end of input", message));
    throw_here(fmt::format("{} at or near \"{}\"", message, merged_token(at_)));
}

void Parser::throw_here(std::string_view message, std::string_view sqlstate) const { throw_at(message, position(), sqlstate); }

void Parser::throw_at(std::string_view message, int where, std::string_view sqlstate) const {
    throw SqlError(sqlstate, std::string(message)).at(where);
}

// Names.

std::vector<std::string> Parser::dotted_at(std::size_t i) const {
    std::vector<std::string> names = {identifier(text_at(i))};
    for (; names.size() < 3 && is_at(i + 1, ".") && is_name(i + 2); i += 2) names.push_back(identifier(text_at(i + 2)));
    return names;
}

Parser::Found Parser::find(const std::vector<std::string>& names) const {
    auto fits = [&](int number, std::size_t used) { return names.size() == used || variable(number).is_record; };
    for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
        auto it = space->names.find(names[0]);
        if (it != space->names.end() && fits(it->second, 1)) return {it->second, 1};
        if (names.size() < 2 || space->label != names[0]) continue;
        it = space->names.find(names[1]);
        if (it != space->names.end() && fits(it->second, 2)) return {it->second, 2};
    }
    return {};
}

std::shared_ptr<Namespace> Parser::push_names(const std::string& label) {
    auto space = std::make_shared<Namespace>();
    space->outer = names_;
    space->label = label;
    names_ = space;
    return space;
}

void Parser::check_assignable(int number, int where) const {
    if (variable(number).constant) throw_at(fmt::format("variable \"{}\" is declared CONSTANT", variable(number).name), where, "22005");
}

namespace {

std::string signature_of(Backend& backend, const Function& function) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        const bool input = mode == 'i' || mode == 'b' || mode == 'v';
        if (input) types.push_back(format_type(backend, function.arg_types[i]));
    }
    std::string name = quote_identifier(function.name);
    bool visible = false;
    for (Oid schema : backend.search_path()) visible = visible || schema == function.schema;
    if (!visible) name = quote_identifier(backend.catalog().find_schema(function.schema)->name) + "." + name;
    return fmt::format("{}({})", name, fmt::join(types, ","));
}

int add_named(Parser& parser, Namespace& space, const std::string& name, Oid type, bool record) {
    Variable variable;
    variable.name = name;
    variable.type = type;
    variable.is_record = record;
    int number = parser.add_variable(variable);
    if (!name.empty()) space.names[name] = number;
    return number;
}

void add_parameters(Backend& backend, const CompileOptions& options, Parser& parser, Namespace& space, PlFunction& result) {
    const Function& function = *options.function;
    int position = 0;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        Oid declared = i < options.arg_types.size() ? options.arg_types[i] : function.arg_types[i];
        const TypeInfo& type = backend.type(declared);
        bool record = type.typtype == 'c' || type.oid == oid::kRecord;
        std::string number_name = fmt::format("${}", ++position);
        int number = add_named(parser, space, number_name, declared, record);
        if (!function.arg_names[i].empty()) {
            if (space.names.contains(function.arg_names[i])) {
                throw SqlError("42P13", fmt::format("parameter name \"{}\" used more than once", function.arg_names[i]));
            }
            space.names[function.arg_names[i]] = number;
        }
        result.variables[static_cast<std::size_t>(number)].name = function.arg_names[i].empty() ? number_name : function.arg_names[i];
        bool given = mode == 'i' || mode == 'b' || mode == 'v' || (mode == 'o' && function.kind == 'p');
        if (given) result.argument_variables.push_back(number);
        if (mode == 'o' || mode == 'b' || mode == 't') {
            result.out_variables.push_back(number);
            std::string name = function.arg_names[i].empty() ? fmt::format("column{}", result.out_columns.size() + 1) : function.arg_names[i];
            result.out_columns.push_back({name, declared, -1, false});
        }
    }
}

void add_trigger_variables(Parser& parser, Namespace& space, PlFunction& result) {
    struct Row {
        std::string_view name;
        Oid type;
    };
    constexpr Row kRows[] = {{"tg_name", oid::kName}, {"tg_when", oid::kText}, {"tg_level", oid::kText}, {"tg_op", oid::kText},
                             {"tg_relid", oid::kOid}, {"tg_relname", oid::kName}, {"tg_table_name", oid::kName},
                             {"tg_table_schema", oid::kName}, {"tg_nargs", oid::kInt4}, {"tg_argv", oid::kTextArray}};
    result.new_variable = add_named(parser, space, "new", oid::kRecord, true);
    result.old_variable = add_named(parser, space, "old", oid::kRecord, true);
    for (const Row& each : kRows) add_named(parser, space, std::string(each.name), each.type, false);
}

void check_trigger_function(const Function& function) {
    if (function.arg_types.empty()) return;
    throw SqlError("42P13", "trigger functions cannot have declared arguments")
        .hint("The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.");
}

}  // namespace

std::shared_ptr<PlFunction> compile(Backend& backend, const CompileOptions& options) {
    auto result = std::make_shared<PlFunction>();
    const Function& function = *options.function;
    result->function = options.function;
    result->signature = options.is_inline ? "inline_code_block" : signature_of(backend, function);
    result->result = function.result;
    result->returns_set = function.returns_set;
    result->is_procedure = function.kind == 'p';
    result->is_trigger = function.result == oid::kTrigger;
    result->relation = options.relation;
    std::unique_ptr<Parser> parser;
    try {
        parser = std::make_unique<Parser>(backend, options, *result);
        auto space = std::make_shared<Namespace>();
        space->label = options.is_inline ? "inline_code_block" : function.name;
        if (result->is_trigger) {
            if (!options.relation && !options.check_only) throw SqlError("0A000", "trigger functions can only be called as triggers");
            check_trigger_function(function);
            add_trigger_variables(*parser, *space, *result);
        } else {
            add_parameters(backend, options, *parser, *space, *result);
        }
        result->found_variable = add_named(*parser, *space, "found", oid::kBool, false);
        parser->parse(space);
    } catch (SqlError& error) {
        if (error.is_not_simulated()) throw;
        // CREATE and DO show where; a call, and what has no place, tell the line.
        bool shown = (options.check_only || options.is_inline) && error.position() >= 0;
        if (!shown) {
            if (error.position() >= 0) error.move_position_into(function.body);
            error.add_context(fmt::format("compilation of PL/pgSQL function \"{}\" near line {}", options.is_inline ? "inline_code_block" : function.name,
                                          parser ? parser->latest_line() : 1));
        }
        throw;
    }
    return result;
}

}  // namespace cdcsim::pg::plpgsql
