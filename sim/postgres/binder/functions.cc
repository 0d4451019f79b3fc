// Function calls: candidates, overload resolution, polymorphism, defaults. Mirrors parse_func.c,
// namespace.c's FuncnameGetCandidates and parse_coerce.c's enforce_generic_type_consistency.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/type/range.h"

namespace cdcsim::pg {
namespace {

const std::vector<const ProcRow*>& builtin_by_name(const std::string& name) {
    static const std::unordered_map<std::string, std::vector<const ProcRow*>> index = [] {
        std::unordered_map<std::string, std::vector<const ProcRow*>> map;
        for (const ProcRow& row : builtin_procs()) map[std::string(row.name)].push_back(&row);
        return map;
    }();
    static const std::vector<const ProcRow*> none;
    auto it = index.find(name);
    return it == index.end() ? none : it->second;
}

/// A function's parameters as a call sees them, built-in or not.
struct Signature {
    std::vector<Oid> args;               ///< input parameters
    std::vector<std::string> names;      ///< their names, "" unnamed
    int defaults = 0;
    Oid variadic = kInvalidOid;          ///< element type of the VARIADIC parameter
};

std::vector<std::string> split_names(std::string_view joined) {
    std::vector<std::string> names;
    if (joined.empty()) return names;
    std::size_t begin = 0;
    while (true) {
        auto comma = joined.find(',', begin);
        names.emplace_back(joined.substr(begin, comma - begin));
        if (comma == std::string_view::npos) return names;
        begin = comma + 1;
    }
}

Signature signature_of(const ProcRow& row) {
    Signature result;
    result.args.assign(row.args);
    result.defaults = row.default_count;
    result.variadic = row.variadic;
    std::vector<std::string> names = split_names(row.arg_names);
    for (std::size_t i = 0; i < names.size(); ++i) {
        char mode = row.arg_modes.empty() ? 'i' : row.arg_modes[i];
        if (mode == 'i' || mode == 'b' || mode == 'v') result.names.push_back(names[i]);
    }
    result.names.resize(result.args.size());
    return result;
}

/// pg_proc.provariadic.
Oid variadic_element(Host& host, Oid array) {
    if (array == oid::kAnyarray) return oid::kAnyelement;
    return array == oid::kAnycompatiblearray ? Oid{oid::kAnycompatible} : host.type(array).element;
}

Signature signature_of(const Function& function, bool is_procedure, Host& host) {
    Signature result;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        bool input = mode == 'i' || mode == 'b' || mode == 'v' || (is_procedure && mode == 'o');
        if (!input) continue;
        result.args.push_back(function.arg_types[i]);
        result.names.push_back(function.arg_names[i]);
        if (function.arg_defaults[i]) ++result.defaults;
        if (mode == 'v') result.variadic = variadic_element(host, function.arg_types[i]);
    }
    return result;
}

/// Positional: parameter i is argument i. Named: MatchNamedCall. Empty: no match.
bool match_names(const Signature& declared, std::size_t nargs, const std::vector<std::string>& names,
                 std::vector<int>& positions) {
    positions.clear();
    std::vector<bool> given(declared.args.size());
    for (std::size_t i = 0; i < nargs; ++i) {
        std::size_t position = i;
        if (!names.empty() && !names[i].empty()) {
            auto it = std::ranges::find(declared.names, names[i]);
            if (it == declared.names.end()) return false;
            position = static_cast<std::size_t>(it - declared.names.begin());
        }
        if (position >= given.size() || given[position]) return false;
        given[position] = true;
        positions.push_back(static_cast<int>(position));
    }
    std::size_t first_default = declared.args.size() - static_cast<std::size_t>(declared.defaults);
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!given[i] && i < first_default) return false;
    }
    return true;
}

/// The candidate for a call of `nargs` arguments, if the function can take so many.
bool make_candidate(const Signature& declared, std::size_t nargs, const CallSyntax& syntax, Candidate& candidate) {
    std::size_t declared_count = declared.args.size();
    bool expand = declared.variadic != kInvalidOid && !syntax.variadic && nargs >= declared_count &&
                  declared.variadic != oid::kAny;
    bool any_variadic = declared.variadic == oid::kAny && nargs >= declared_count;
    if (!syntax.arg_names.empty()) {
        // What would be collected has no names.
        if (declared.variadic != kInvalidOid && !syntax.variadic) return false;
        if (!match_names(declared, nargs, syntax.arg_names, candidate.positions)) return false;
        for (int position : candidate.positions) candidate.args.push_back(declared.args[static_cast<std::size_t>(position)]);
        candidate.defaults = static_cast<int>(declared_count - nargs);
        return true;
    }
    if (nargs > declared_count && !expand && !any_variadic) return false;
    if (nargs < declared_count && declared_count - nargs > static_cast<std::size_t>(declared.defaults)) return false;
    candidate.args = declared.args;
    if (expand) {
        candidate.args.pop_back();
        candidate.args.resize(nargs, declared.variadic);
        candidate.variadic_expanded = true;
    } else if (any_variadic && !syntax.variadic) {
        candidate.args.resize(nargs, oid::kAny);
    } else {
        candidate.args.resize(std::min(nargs, declared_count));
    }
    candidate.defaults = nargs < declared_count ? static_cast<int>(declared_count - nargs) : 0;
    return true;
}

/// The schema that a call names: what is wrong with it is told with the call's place.
Oid schema_of_call(ParseState& state, const std::string& name, int location) {
    try {
        return require_schema(name, state.context()).oid;
    } catch (SqlError& error) {
        if (error.position() < 0) error.replace_position(location);
        throw;
    }
}

std::vector<Candidate> find_candidates(ParseState& state, const std::vector<std::string>& names, std::size_t nargs,
                                       const CallSyntax& syntax) {
    std::vector<Candidate> found;
    std::vector<Oid> schemas = function_search_path(state.context());
    if (names.size() == 2) schemas = {schema_of_call(state, names[0], syntax.location)};
    if (names.size() > 2) throw SqlError("42601", "improper qualified name (too many dotted names): " + fmt::format("{}", fmt::join(names, "."))).at(syntax.location);
    for (Oid schema : schemas) {
        std::size_t earlier = found.size();
        auto add = [&](Candidate candidate) {
            // The same argument list in an earlier schema, or a non-variadic twin, hides this one.
            for (std::size_t i = 0; i < earlier; ++i) {
                if (found[i].args == candidate.args) return;
            }
            found.push_back(std::move(candidate));
        };
        if (schema == schema_oid::kPgCatalog) {
            for (const ProcRow* row : builtin_by_name(names.back())) {
                Candidate candidate;
                candidate.oid = row->oid;
                candidate.builtin = row;
                if (make_candidate(signature_of(*row), nargs, syntax, candidate)) add(candidate);
            }
        }
        for (const FunctionPtr& function : state.context().catalog().find_functions(schema, names.back())) {
            Candidate candidate;
            candidate.oid = function->oid;
            candidate.user = function;
            if (make_candidate(signature_of(*function, syntax.is_procedure, state.host()), nargs, syntax, candidate)) add(candidate);
        }
    }
    return found;
}

bool is_preferred(ParseState& state, char category, Oid type) {
    const TypeInfo& info = state.type(type);
    return info.category == category && info.preferred;
}

/// Keeps the candidates with the highest score.
template <typename Score>
void keep_best(std::vector<Candidate>& candidates, Score score) {
    int best = 0;
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        int points = score(candidate);
        if (kept.empty() || points > best) {
            kept = {candidate};
            best = points;
        } else if (points == best) {
            kept.push_back(candidate);
        }
    }
    candidates = std::move(kept);
}

/// The last rule of func_select_candidate: categories of the unknown arguments.
void narrow_by_category(ParseState& state, const std::vector<Oid>& types, std::vector<Candidate>& candidates) {
    std::vector<char> category(types.size(), 0);
    std::vector<bool> preferred(types.size(), false);
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i] != oid::kUnknown) continue;
        bool have = false, conflict = false;
        for (const Candidate& candidate : candidates) {
            const TypeInfo& info = state.type(candidate.args[i]);
            if (!have) {
                category[i] = info.category;
                preferred[i] = info.preferred;
                have = true;
            } else if (info.category == category[i]) {
                preferred[i] = preferred[i] || info.preferred;
            } else if (info.category == 'S') {
                category[i] = 'S';
                preferred[i] = info.preferred;
            } else if (category[i] != 'S') {
                conflict = true;
            }
        }
        if (conflict && category[i] != 'S') return;
    }
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        bool keep = true;
        for (std::size_t i = 0; i < types.size() && keep; ++i) {
            if (types[i] != oid::kUnknown) continue;
            const TypeInfo& info = state.type(candidate.args[i]);
            if (info.category != category[i] || (preferred[i] && !info.preferred)) keep = false;
        }
        if (keep) kept.push_back(candidate);
    }
    if (!kept.empty()) candidates = std::move(kept);
}

/// If all known arguments are of one type, assume the unknown ones are too.
void narrow_by_known_type(ParseState& state, const std::vector<Oid>& types, std::vector<Candidate>& candidates) {
    Oid known = kInvalidOid;
    for (Oid type : types) {
        if (type == oid::kUnknown) continue;
        if (known == kInvalidOid) known = type;
        if (known != type) return;
    }
    if (known == kInvalidOid) return;
    std::vector<Oid> assumed(types.size(), known);
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        if (can_coerce(state, assumed, candidate.args, Coercion::kImplicit)) kept.push_back(candidate);
    }
    if (kept.size() == 1) candidates = std::move(kept);
}

struct Resolution {
    Oid any_element = kInvalidOid, any_array = kInvalidOid, any_range = kInvalidOid;
    bool used_element = false, used_array = false, used_non_array = false, used_enum = false;
};

bool is_array_poly(Oid type) { return type == oid::kAnyarray || type == oid::kAnycompatiblearray; }
bool is_compatible_poly(Oid type) {
    return type == oid::kAnycompatible || type == oid::kAnycompatiblearray || type == oid::kAnycompatiblenonarray;
}

Oid array_of(ParseState& state, Oid element) {
    Oid array = state.type(element).array;
    if (array == kInvalidOid) {
        throw SqlError("42704", fmt::format("could not find array type for data type {}", type_name(state, element)));
    }
    return array;
}

/// Only a range matches a polymorphic range.
void check_range(ParseState& state, Oid want, Oid have) {
    if (have == oid::kUnknown) return;
    const TypeInfo& type = state.type(base_type(state, have));
    bool multi = want == oid::kAnymultirange;
    if (type.typtype == (multi ? 'm' : 'r')) return;
    throw SqlError("42804", fmt::format("argument declared {} is not a {} type but type {}", type_name(state, want),
                                        multi ? "multirange" : "range", type_name(state, have)));
}

/// The anyelement family: all must be the same type.
void resolve_any(ParseState& state, const std::vector<Oid>& actual, const std::vector<Oid>& declared, Resolution& found) {
    for (std::size_t i = 0; i < declared.size(); ++i) {
        Oid want = declared[i], have = actual[i];
        if (want == oid::kAnyelement || want == oid::kAnynonarray || want == oid::kAnyenum) {
            found.used_element = true;
            found.used_non_array = found.used_non_array || want == oid::kAnynonarray;
            found.used_enum = found.used_enum || want == oid::kAnyenum;
            if (have == oid::kUnknown) continue;
            if (found.any_element != kInvalidOid && have != found.any_element) {
                throw SqlError("42804", "arguments declared \"anyelement\" are not all alike")
                    .detail(fmt::format("{} versus {}", type_name(state, found.any_element), type_name(state, have)));
            }
            found.any_element = have;
        } else if (want == oid::kAnyarray) {
            found.used_array = true;
            if (have == oid::kUnknown) continue;
            have = base_type(state, have);
            if (found.any_array != kInvalidOid && have != found.any_array) {
                throw SqlError("42804", "arguments declared \"anyarray\" are not all alike")
                    .detail(fmt::format("{} versus {}", type_name(state, found.any_array), type_name(state, have)));
            }
            found.any_array = have;
        } else if (want == oid::kAnyrange || want == oid::kAnymultirange || want == oid::kAnycompatiblerange) {
            check_range(state, want, have);
            if (want != oid::kAnyrange || have == oid::kUnknown) continue;
            have = base_type(state, have);
            if (found.any_range != kInvalidOid && have != found.any_range) {
                throw SqlError("42804", "arguments declared \"anyrange\" are not all alike")
                    .detail(fmt::format("{} versus {}", type_name(state, found.any_range), type_name(state, have)));
            }
            found.any_range = have;
        }
    }
    if (found.any_range != kInvalidOid) {
        const Oid subtype = range_subtype(found.any_range);
        if (found.any_element == kInvalidOid) {
            found.any_element = subtype;
        } else if (found.any_element != subtype) {
            throw SqlError("42804", "argument declared anyrange is not consistent with argument declared anyelement")
                .detail(fmt::format("{} versus {}", type_name(state, found.any_range), type_name(state, found.any_element)));
        }
    }
    if (found.any_array != kInvalidOid) {
        Oid element = found.any_array == oid::kAnyarray ? found.any_element : state.type(found.any_array).element;
        if (!state.type(found.any_array).is_array() && found.any_array != oid::kAnyarray) {
            throw SqlError("42804", fmt::format("argument declared {} is not an array but type {}", "anyarray",
                                                type_name(state, found.any_array)));
        }
        if (found.any_element == kInvalidOid) {
            found.any_element = element;
        } else if (found.any_element != element) {
            throw SqlError("42804", "argument declared anyarray is not consistent with argument declared anyelement")
                .detail(fmt::format("{} versus {}", type_name(state, found.any_array), type_name(state, found.any_element)));
        }
    }
    if (found.any_element != kInvalidOid && found.used_enum && state.type(found.any_element).typtype != 'e') {
        throw SqlError("42804", fmt::format("type matched to anyenum is not an enum type: {}", type_name(state, found.any_element)));
    }
    if (found.any_element != kInvalidOid && found.used_non_array && state.type(found.any_element).is_array()) {
        throw SqlError("42804", fmt::format("type matched to anynonarray is an array type: {}", type_name(state, found.any_element)));
    }
}

/// The anycompatible family: one common type.
Oid resolve_compatible(ParseState& state, const std::vector<Oid>& actual, const std::vector<Oid>& declared) {
    std::vector<ExprPtr> stand_ins;
    for (std::size_t i = 0; i < declared.size(); ++i) {
        if (!is_compatible_poly(declared[i])) continue;
        Oid have = actual[i];
        if (is_array_poly(declared[i]) && have != oid::kUnknown) {
            have = base_type(state, have);
            if (!state.type(have).is_array()) {
                throw SqlError("42804", fmt::format("argument declared {} is not an array but type {}", "anycompatiblearray", type_name(state, have)));
            }
            have = state.type(have).element;
        }
        stand_ins.push_back(make_const(have, Datum()));
    }
    if (stand_ins.empty()) return kInvalidOid;
    try {
        return common_type(state, stand_ins, "");
    } catch (const SqlError&) {
        throw SqlError("42804", "arguments of anycompatible family cannot be cast to a common type");
    }
}

/// Default expressions of the parameters that the call leaves out.
/// Puts arguments at their parameters' places and fills the missing ones with the defaults.
void add_defaults(ParseState& state, const Candidate& chosen, std::vector<ExprPtr>& args, bool is_procedure) {
    if (chosen.defaults == 0 && chosen.positions.empty()) return;
    Signature declared = chosen.builtin ? signature_of(*chosen.builtin) : signature_of(*chosen.user, is_procedure, state.host());
    std::vector<ExprPtr> full(declared.args.size());
    for (std::size_t i = 0; i < args.size(); ++i) {
        std::size_t position = chosen.positions.empty() ? i : static_cast<std::size_t>(chosen.positions[i]);
        full[position] = args[i];
    }
    std::vector<ExprPtr> defaults;
    if (chosen.builtin != nullptr) {
        ParseTree tree = parse_sql(fmt::format("SELECT {}", chosen.builtin->defaults));
        for (const Node& target : tree.statements()[0].node.items("targetList")) {
            defaults.push_back(bind_expr(state, target["val"]));
        }
    } else {
        for (const auto& value : chosen.user->arg_defaults) {
            if (value) defaults.push_back(value->expr);
        }
    }
    std::size_t first = full.size() - defaults.size();
    for (std::size_t i = 0; i < full.size(); ++i) {
        if (full[i]) continue;
        full[i] = defaults.at(i - first);
        if (full[i]->kind != ExprKind::kConst) continue;
        // It stands nowhere in the statement.
        auto unplaced = std::make_shared<ConstExpr>(as<ConstExpr>(*full[i]));
        unplaced->location = -1;
        full[i] = std::move(unplaced);
    }
    args = std::move(full);
}

/// Collects the arguments of an expanded VARIADIC parameter into an array.
void collect_variadic(ParseState& state, const Candidate& chosen, std::vector<ExprPtr>& args,
                      const std::vector<Oid>& declared, std::size_t fixed) {
    if (!chosen.variadic_expanded) return;
    auto array = std::make_shared<ArrayExpr>();
    array->element_type = declared[fixed];
    array->type = array_of(state, declared[fixed]);
    array->elements.assign(args.begin() + static_cast<std::ptrdiff_t>(fixed), args.end());
    array->location = args[fixed]->location;
    args.resize(fixed);
    args.push_back(array);
}

struct FunctionFacts {
    Oid result = kInvalidOid;
    bool strict = false, returns_set = false;
    char volatility = 'v', kind = 'f';
    std::vector<Oid> declared;
};

FunctionFacts facts_of(const Candidate& chosen) {
    if (chosen.builtin != nullptr) {
        const ProcRow& row = *chosen.builtin;
        return {row.result, row.strict, row.returns_set, row.volatility, row.kind, {}};
    }
    const Function& f = *chosen.user;
    return {f.result, f.strict, f.returns_set, f.volatility, f.kind, {}};
}

[[noreturn]] void throw_not_found(ParseState& state, const std::vector<std::string>& names,
                                  const std::vector<ExprPtr>& args, const CallSyntax& syntax) {
    std::string name = fmt::format("{}", fmt::join(names, "."));
    std::string text = signature(state, name, args, syntax.arg_names);
    if (syntax.is_procedure) {
        throw SqlError("42883", fmt::format("procedure {} does not exist", text))
            .hint("No procedure matches the given name and argument types. You might need to add explicit type casts.")
            .at(syntax.location);
    }
    if (syntax.order_by.size() > 1 && !syntax.within_group) {
        throw SqlError("42883", fmt::format("function {} does not exist", text))
            .hint("No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; "
                  "ORDER BY must appear after all regular arguments of the aggregate.").at(syntax.location);
    }
    throw SqlError("42883", fmt::format("function {} does not exist", text))
        .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
        .at(syntax.location);
}

/// A name of a type with one argument is a cast where no function matches better.
ExprPtr try_function_cast(ParseState& state, const std::vector<std::string>& names, const std::vector<ExprPtr>& args,
                          const CallSyntax& syntax) {
    if (args.size() != 1 || names.size() > 2 || !syntax.arg_names.empty()) return nullptr;
    TypePtr type;
    std::vector<Oid> schemas = function_search_path(state.context());
    if (names.size() == 2) schemas = {schema_of_call(state, names[0], syntax.location)};
    for (Oid schema : schemas) {
        if ((type = state.context().catalog().find_type(schema, names.back()))) break;
    }
    if (!type || type->typtype == 'c') return nullptr;
    Oid source = args[0]->type;
    // A row is no text by a mere name.
    const bool is_row = source == oid::kRecord || state.type(base_type(state, source)).typtype == 'c';
    if (is_row && type->category == 'S') return nullptr;
    bool literal = source == oid::kUnknown && args[0]->kind == ExprKind::kConst;
    bool is_io_cast = !literal && !can_coerce(state, source, type->oid, Coercion::kImplicit) &&
                      can_coerce(state, source, type->oid, Coercion::kExplicit);
    if (!literal && !is_io_cast && !is_binary_coercible(state, source, type->oid)) return nullptr;
    return coerce_to_target(state, args[0], type->oid, -1, Coercion::kExplicit, true, syntax.location);
}

bool is_plain_call(const CallSyntax& syntax) {
    return !syntax.star && !syntax.distinct && !syntax.within_group && syntax.order_by.empty() && !syntax.filter &&
           !syntax.over && !syntax.variadic;
}

/// f(row): the row's field of that name where no function is.
ExprPtr try_field(ParseState& state, const std::vector<std::string>& names, const std::vector<ExprPtr>& args, const CallSyntax& syntax) {
    if (!is_plain_call(syntax) || syntax.is_procedure || args.size() != 1 || names.size() != 1 || !syntax.arg_names.empty()) return nullptr;
    if (args[0]->type != oid::kRecord && state.type(base_type(state, args[0]->type)).typtype != 'c') return nullptr;
    const RowType row = row_type_of_expr(state, *args[0]);
    const bool found = std::ranges::any_of(row, [&](const Attribute& field) { return !field.dropped && field.name == names[0]; });
    return found ? make_field_select(state, args[0], names[0], syntax.location) : nullptr;
}

/// func_get_detail: the chosen candidate, or an empty vector.
std::vector<Candidate> choose(ParseState& state, const std::vector<Candidate>& all, const std::vector<Oid>& types) {
    for (const Candidate& candidate : all) {
        if (candidate.args == types) return {candidate};
    }
    std::vector<Candidate> matching = match_arguments(state, types, all);
    if (matching.size() > 1) matching = select_candidate(state, types, matching);
    return matching;
}

/// Among equal argument lists: the one that needs no VARIADIC expansion, then fewer defaults.
void drop_shadowed(std::vector<Candidate>& all) {
    std::vector<Candidate> kept;
    for (const Candidate& candidate : all) {
        auto twin = std::ranges::find(kept, candidate.args, &Candidate::args);
        if (twin == kept.end()) {
            kept.push_back(candidate);
        } else if ((twin->variadic_expanded && !candidate.variadic_expanded) ||
                   (twin->variadic_expanded == candidate.variadic_expanded && candidate.defaults < twin->defaults)) {
            *twin = candidate;
        }
    }
    all = std::move(kept);
}

void reject_decoration(const CallSyntax& syntax, const std::string& name) {
    auto fail = [&](std::string_view what) {
        throw SqlError("42809", fmt::format("{}, but {} is not an aggregate function", what, name)).at(syntax.location);
    };
    if (syntax.star) fail(fmt::format("{}(*) specified", name));
    if (syntax.distinct) fail("DISTINCT specified");
    if (syntax.within_group) fail("WITHIN GROUP specified");
    if (!syntax.order_by.empty()) fail("ORDER BY specified");
    if (syntax.filter) fail("FILTER specified");
    if (syntax.over) {
        throw SqlError("42809", fmt::format("OVER specified, but {} is not a window function nor an aggregate function", name)).at(syntax.location);
    }
}

/// Mirrors check_srf_call_placement.
void check_set_function_place(const ParseState& state, int location) {
    constexpr Place kFrames[] = {Place::kWindowRange, Place::kWindowRows, Place::kWindowGroups};
    constexpr Place kForbidden[] = {Place::kJoinOn, Place::kWhere, Place::kMergeWhen, Place::kHaving, Place::kFilter, Place::kLimit, Place::kOffset, Place::kUpdateSource, Place::kReturning, Place::kValues};
    std::string_view place;
    if (state.place == Place::kOther) place = state.other_place;
    if (std::ranges::find(kForbidden, state.place) != std::end(kForbidden)) place = place_name(state.place);
    if (std::ranges::find(kFrames, state.place) != std::end(kFrames)) place = "window definitions";
    if (!place.empty()) throw SqlError("0A000", fmt::format("set-returning functions are not allowed in {}", place)).at(location);
}

}  // namespace

bool is_polymorphic(Oid type) {
    switch (type) {
        case oid::kAnyelement: case oid::kAnyarray: case oid::kAnynonarray: case oid::kAnyenum: case oid::kAnyrange:
        case oid::kAnymultirange: case oid::kAnycompatible: case oid::kAnycompatiblearray:
        case oid::kAnycompatiblenonarray: case oid::kAnycompatiblerange: return true;
        default: return false;
    }
}

std::string signature(ParseState& state, const std::string& name, const std::vector<ExprPtr>& args,
                      const std::vector<std::string>& arg_names) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < args.size(); ++i) {
        std::string type = type_name(state, args[i]->type);
        if (i < arg_names.size() && !arg_names[i].empty()) type = arg_names[i] + " => " + type;
        types.push_back(type);
    }
    return fmt::format("{}({})", name, fmt::join(types, ", "));
}

std::vector<Candidate> match_arguments(ParseState& state, const std::vector<Oid>& types, const std::vector<Candidate>& candidates) {
    std::vector<Candidate> matching;
    for (const Candidate& candidate : candidates) {
        if (candidate.args.size() == types.size() && can_coerce(state, types, candidate.args, Coercion::kImplicit)) {
            matching.push_back(candidate);
        }
    }
    return matching;
}

std::vector<Candidate> select_candidate(ParseState& state, const std::vector<Oid>& types, std::vector<Candidate> candidates) {
    std::vector<Oid> base;
    int unknowns = 0;
    for (Oid type : types) {
        base.push_back(type == oid::kUnknown ? type : base_type(state, type));
        if (type == oid::kUnknown) ++unknowns;
    }
    auto exact = [&](const Candidate& candidate) {
        int count = 0;
        for (std::size_t i = 0; i < base.size(); ++i) count += base[i] != oid::kUnknown && candidate.args[i] == base[i];
        return count;
    };
    keep_best(candidates, exact);
    if (candidates.size() == 1) return candidates;
    keep_best(candidates, [&](const Candidate& candidate) {
        int count = 0;
        for (std::size_t i = 0; i < base.size(); ++i) {
            if (base[i] == oid::kUnknown) continue;
            count += candidate.args[i] == base[i] || is_preferred(state, state.type(base[i]).category, candidate.args[i]);
        }
        return count;
    });
    if (candidates.size() == 1 || unknowns == 0) return candidates;
    narrow_by_category(state, base, candidates);
    if (candidates.size() > 1 && unknowns < static_cast<int>(types.size())) narrow_by_known_type(state, base, candidates);
    return candidates;
}

Oid resolve_polymorphic(ParseState& state, const std::vector<Oid>& actual, std::vector<Oid>& declared, Oid result,
                        bool allow_poly) {
    Resolution found;
    resolve_any(state, actual, declared, found);
    Oid compatible = resolve_compatible(state, actual, declared);
    bool any_used = found.used_element || found.used_array;
    if (any_used && found.any_element == kInvalidOid && !allow_poly) {
        throw SqlError("42804", "could not determine polymorphic type because input has type unknown");
    }
    auto replace = [&](Oid type) -> Oid {
        if (!is_polymorphic(type)) return type;
        if (is_compatible_poly(type)) {
            if (compatible == kInvalidOid) return type;
            return is_array_poly(type) ? array_of(state, compatible) : compatible;
        }
        if (found.any_element == kInvalidOid) return type;
        if (type == oid::kAnyarray) return found.any_array != kInvalidOid ? found.any_array : array_of(state, found.any_element);
        if (type == oid::kAnyrange && found.any_range != kInvalidOid) return found.any_range;
        if (type == oid::kAnyrange || type == oid::kAnymultirange || type == oid::kAnycompatiblerange) {
            throw NotSimulated("polymorphic range functions");
        }
        return found.any_element;
    };
    if (allow_poly) {
        // Only a consistency check: arrays of element types that have none are an error too.
        for (Oid type : declared) replace(type);
        return result;
    }
    for (Oid& type : declared) type = replace(type);
    return replace(result);
}

std::shared_ptr<FuncExpr> make_builtin_call(Oid function, std::vector<ExprPtr> args, Oid result, int location) {
    const ProcRow* row = find_builtin_proc(function);
    CDCSIM_CHECK(row != nullptr);
    auto call = std::make_shared<FuncExpr>();
    call->function = function;
    call->type = result;
    call->args = std::move(args);
    for (const ExprPtr& arg : call->args) call->arg_types.push_back(arg->type);
    call->strict = row->strict;
    call->returns_set = row->returns_set;
    call->volatility = row->volatility;
    call->scalar = find_scalar_function(function);
    call->location = location;
    if (TypePtr type = builtin_type_info(result)) call->collation = type->collation;
    return call;
}

ExprPtr make_call(ParseState& state, const std::vector<std::string>& names, std::vector<ExprPtr> args, const CallSyntax& syntax) {
    std::string name = fmt::format("{}", fmt::join(names, "."));
    if (args.size() > 100) {
        throw SqlError("54023", "cannot pass more than 100 arguments to a function").at(syntax.location);
    }
    std::vector<Candidate> all = find_candidates(state, names, args.size(), syntax);
    drop_shadowed(all);
    std::vector<Oid> types;
    for (const ExprPtr& arg : args) types.push_back(arg->type);
    std::vector<Candidate> chosen;
    for (const Candidate& candidate : all) {
        if (candidate.args == types) chosen = {candidate};
    }
    if (chosen.empty() && is_plain_call(syntax)) {
        if (ExprPtr cast = try_function_cast(state, names, args, syntax)) return cast;
    }
    if (chosen.empty()) chosen = choose(state, all, types);
    if (chosen.empty()) {
        if (ExprPtr field = try_field(state, names, args, syntax)) return field;
        throw_not_found(state, names, args, syntax);
    }
    if (chosen.size() > 1) {
        throw SqlError("42725", fmt::format("function {} is not unique", signature(state, name, args, syntax.arg_names)))
            .hint("Could not choose a best candidate function. You might need to add explicit type casts.").at(syntax.location);
    }
    const Candidate& pick = chosen[0];
    FunctionFacts facts = facts_of(pick);
    if (facts.kind == 'p' && !syntax.is_procedure) {
        throw SqlError("42809", fmt::format("{} is a procedure", signature(state, name, args)))
            .hint("To call a procedure, use CALL.").at(syntax.location);
    }
    if (facts.kind != 'p' && syntax.is_procedure) {
        throw SqlError("42809", fmt::format("{} is not a procedure", signature(state, name, args)))
            .hint("To call a function, use SELECT.").at(syntax.location);
    }
    add_defaults(state, pick, args, syntax.is_procedure);
    std::vector<Oid> declared = pick.args;
    if (pick.defaults > 0 || !pick.positions.empty()) {
        Signature full = pick.builtin ? signature_of(*pick.builtin) : signature_of(*pick.user, syntax.is_procedure, state.host());
        declared = full.args;
    }
    std::vector<Oid> actual;
    for (const ExprPtr& arg : args) actual.push_back(arg->type);
    Oid result = facts.result;
    try {
        result = resolve_polymorphic(state, actual, declared, result);
    } catch (SqlError& error) {
        error.set_position(syntax.location);
        throw;
    }
    if (facts.kind == 'a') bind_within_group(state, pick.oid, name, args, syntax);
    for (std::size_t i = 0; i < args.size(); ++i) {
        args[i] = coerce(state, args[i], declared[i], -1, Coercion::kImplicit, false, args[i]->location);
    }
    if (pick.variadic_expanded) {
        std::size_t fixed = (pick.builtin ? pick.builtin->args.size() : signature_of(*pick.user, syntax.is_procedure, state.host()).args.size()) - 1;
        collect_variadic(state, pick, args, declared, fixed);
    }
    if (syntax.variadic && pick.builtin && pick.builtin->variadic == oid::kAny && !args.empty()) {
        const TypeInfo& last = state.type(base_type(state, args.back()->type));
        if (last.element == kInvalidOid) throw SqlError("42804", "VARIADIC argument must be an array").at(expr_location(*args.back()));
    }
    auto call = std::make_shared<FuncExpr>();
    call->function = pick.oid;
    call->type = result;
    call->args = std::move(args);
    for (const ExprPtr& arg : call->args) call->arg_types.push_back(arg->type);
    call->strict = facts.strict;
    call->returns_set = facts.returns_set;
    call->volatility = facts.volatility;
    // Collected arguments are a VARIADIC array from here on.
    call->variadic = syntax.variadic || pick.variadic_expanded;
    call->user = pick.user;
    call->location = syntax.location;
    if (const TypeInfo* type = state.host().find_type(result)) call->collation = type->collation;
    if (facts.kind == 'a' && syntax.over) return bind_window_call(state, call, 'a', syntax);
    if (facts.kind == 'w') {
        if (!syntax.over) {
            throw SqlError("42809", fmt::format("window function {} requires an OVER clause", name)).at(syntax.location);
        }
        return bind_window_call(state, call, 'w', syntax);
    }
    if (facts.kind == 'a') return bind_aggregate(state, call, syntax);
    reject_decoration(syntax, name);
    if (call->returns_set) check_set_function_place(state, syntax.location);
    if (pick.builtin != nullptr) {
        call->scalar = find_scalar_function(pick.oid);
        bool built = call->scalar != nullptr || (call->returns_set && find_set_function(pick.oid) != nullptr);
        if (!built) throw NotSimulated("function " + signature(state, name, call->args), syntax.location);
    }
    return call;
}

}  // namespace cdcsim::pg
