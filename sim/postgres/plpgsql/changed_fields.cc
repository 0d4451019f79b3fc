// A plan that is kept while a record that it reads, or its columns, have changed. Mirrors
// plpgsql_param_eval_generic and plpgsql_param_eval_recfield.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/postgres/parser/parse.h"
#include "sim/postgres/plpgsql/interpret.h"

namespace cdcsim::pg::plpgsql {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return out;
}

std::vector<std::string> words_of(const std::string& body) {
    std::vector<std::string> words;
    for (const Token& token : scan_sql(body)) words.push_back(lower(std::string_view(body).substr(static_cast<std::size_t>(token.begin), static_cast<std::size_t>(token.end - token.begin))));
    return words;
}

[[noreturn]] void throw_type_changed(Environment& env, int number, Oid type, Oid bound) {
    throw SqlError("42804", fmt::format("type of parameter {} ({}) does not match that when preparing the plan ({})", number,
                                        format_type(env, type), format_type(env, bound)));
}

/// PostgreSQL numbers variables and fields of records as its parser meets them. Known for bodies
/// without blocks, loops and targets inside, which have numbers of their own.
int parameter_number(const PlFunction& function, const PlExpr::BoundField& wanted) {
    constexpr std::array<std::string_view, 8> kNumbered = {"case", "cursor", "exception", "for", "foreach", "into", "refcursor", "execute"};
    std::vector<std::pair<int, std::string>> fields;
    const std::vector<std::string> words = words_of(function.function->body);
    bool begun = false, known = !(function.out_variables.size() > 1 && !function.is_trigger);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool insert = words[i] == "into" && i > 0 && words[i - 1] == "insert";
        known = known && (insert || std::ranges::find(kNumbered, words[i]) == kNumbered.end()) && !(begun && (words[i] == "begin" || words[i] == "declare"));
        begun = begun || words[i] == "begin";
        if (i < 2 || words[i - 1] != ".") continue;
        auto record = std::ranges::find(function.variables, words[i - 2], &Variable::name);
        if (record == function.variables.end() || !record->is_record) continue;
        known = known && begun;
        std::pair<int, std::string> field(static_cast<int>(record - function.variables.begin()), words[i]);
        if (std::ranges::find(fields, field) == fields.end()) fields.push_back(std::move(field));
    }
    auto place = std::ranges::find(fields, std::pair<int, std::string>(wanted.variable, wanted.name));
    if (!known || place == fields.end()) {
        throw NotSimulated("the plan of a function that is kept while a record's field \"" + wanted.name + "\" has another type");
    }
    return static_cast<int>(function.variables.size()) + static_cast<int>(place - fields.begin()) + 1;
}

/// The same of a variable: known for those of the outermost block, where nothing else is numbered before them.
int variable_number(const PlFunction& function, int variable) {
    constexpr std::array<std::string_view, 3> kNumbered = {".", "cursor", "refcursor"};
    bool known = !(function.out_variables.size() > 1 && !function.is_trigger);
    known = known && (variable < function.found_variable || std::ranges::find(function.body->variables, variable) != function.body->variables.end());
    for (const std::string& word : words_of(function.function->body)) {
        if (word == "begin") break;
        known = known && std::ranges::find(kNumbered, word) == kNumbered.end();
    }
    if (!known) throw NotSimulated("the plan of a function that is kept while a record has another type");
    return variable + 1;
}

}  // namespace

bool Interpreter::has_bound_field(PlExpr::BoundField& bound) {
    Value& record = value(bound.variable);
    if (bound.is_whole) return true;  // PostgreSQL looks when it needs the value
    if (!record.assigned) return false;
    if (record.version == bound.version) return true;
    if (bound.name.empty() || bound.place >= record.row_type.size()) return false;
    const Attribute& field = record.row_type[bound.place];
    if (field.dropped || field.name != bound.name || field.type != bound.type) return false;
    bound.version = record.version;
    return true;
}

void Interpreter::check_bound_fields(const PlExpr& expr) {
    for (const PlExpr::BoundField& bound : expr.bound_fields) {
        const Variable& variable = function_.variables[static_cast<std::size_t>(bound.variable)];
        Value& record = value(bound.variable);
        if (bound.is_whole) continue;
        if (!record.assigned) {
            throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", variable.name))
                .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
        }
        if (bound.name.empty()) continue;
        auto field = std::ranges::find_if(record.row_type, [&](const Attribute& a) { return !a.dropped && a.name == bound.name; });
        if (field == record.row_type.end()) throw SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", variable.name, bound.name));
        if (field->type == bound.type) continue;
        throw_type_changed(backend_, parameter_number(function_, bound), field->type, bound.type);
    }
}

void Interpreter::check_record_type(int variable, Oid type) {
    for (const PlExpr::BoundField& bound : planned_->bound_fields) {
        if (!bound.is_whole || bound.variable != variable || bound.type == type) continue;
        throw_type_changed(backend_, variable_number(function_, variable), type, bound.type);
    }
}

}  // namespace cdcsim::pg::plpgsql
