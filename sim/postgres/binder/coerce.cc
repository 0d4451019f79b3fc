// Type coercion. Mirrors parse_coerce.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

enum class PathKind { kNone, kFunction, kRelabel, kArray, kViaIo };
struct Path {
    PathKind kind = PathKind::kNone;
    Oid function = kInvalidOid;
};

int strength(Coercion context) {
    return context == Coercion::kImplicit ? 0 : context == Coercion::kAssignment ? 1 : 2;
}

/// find_coercion_pathway.
Path find_path(ParseState& state, Oid target, Oid source, Coercion context) {
    source = base_type(state, source);
    target = base_type(state, target);
    if (source == target) return {PathKind::kRelabel};
    if (const CastRow* cast = find_cast(source, target)) {
        int needed = cast->context == 'i' ? 0 : cast->context == 'a' ? 1 : 2;
        if (strength(context) >= needed) {
            if (cast->method == 'f') return {PathKind::kFunction, cast->function};
            return {cast->method == 'i' ? PathKind::kViaIo : PathKind::kRelabel};
        }
        return {};
    }
    const TypeInfo& from = state.type(source);
    const TypeInfo& to = state.type(target);
    if (target != oid::kOidvector && target != oid::kInt2vector && to.is_array() && from.is_array()) {
        Path element = find_path(state, to.element, from.element, context);
        if (element.kind != PathKind::kNone) return {PathKind::kArray};
    }
    if (strength(context) >= 1 && to.category == 'S') return {PathKind::kViaIo};
    if (strength(context) >= 2 && from.category == 'S') return {PathKind::kViaIo};
    return {};
}

/// find_typmod_coercion_function: the cast from a type to itself.
Oid length_function(ParseState& state, Oid type, bool& array) {
    const TypeInfo* info = &state.type(type);
    array = info->is_array();
    if (array) info = &state.type(info->element);
    const CastRow* cast = find_cast(info->oid, info->oid);
    return cast != nullptr ? cast->function : kInvalidOid;
}

ExprPtr apply_length_function(const ExprPtr& arg, Oid function, Oid type, std::int32_t typmod,
                              bool is_explicit) {
    const ProcRow* proc = find_builtin_proc(function);
    std::vector<ExprPtr> args = {arg, make_const(oid::kInt4, Datum::of_int(typmod))};
    if (proc->args.size() == 3) args.push_back(make_const(oid::kBool, Datum::of_bool(is_explicit)));
    auto call = make_builtin_call(function, std::move(args), type, arg->location);
    call->form = is_explicit ? FuncForm::kExplicitCast : FuncForm::kImplicitCast;
    call->typmod = typmod;
    return call;
}

/// coerce_type_typmod: applies a length coercion where the typmods differ.
ExprPtr coerce_typmod(ParseState& state, const ExprPtr& expr, Oid type, std::int32_t typmod, bool is_explicit) {
    if (typmod < 0 || typmod == expr->typmod) return expr;
    bool array = false;
    Oid function = length_function(state, type, array);
    if (function == kInvalidOid) {
        // Only the label changes (typmods of types without a length function).
        auto relabel = std::make_shared<RelabelExpr>();
        relabel->type = type;
        relabel->typmod = typmod;
        relabel->arg = expr;
        relabel->collation = expr->collation;
        relabel->location = expr->location;
        relabel->is_explicit = is_explicit;
        return relabel;
    }
    if (!array) return apply_length_function(expr, function, type, typmod, is_explicit);
    auto test = std::make_shared<CaseTestExpr>();
    test->type = state.type(type).element;
    auto node = std::make_shared<ArrayCoerceExpr>();
    node->arg = expr;
    node->element = apply_length_function(test, function, test->type, typmod, is_explicit);
    node->type = type;
    node->typmod = typmod;
    node->location = expr->location;
    node->is_explicit = is_explicit;
    return node;
}

/// hide_coercion_node: below a length coercion the coercion to its type is not written.
ExprPtr hide_coercion(const ExprPtr& expr) {
    const auto hidden = [](auto node) {
        node->is_explicit = false;
        return node;
    };
    switch (expr->kind) {
        case ExprKind::kFunc: {
            auto call = std::make_shared<FuncExpr>(as<FuncExpr>(*expr));
            if (call->form == FuncForm::kExplicitCast) call->form = FuncForm::kImplicitCast;
            return call;
        }
        case ExprKind::kRelabel: return hidden(std::make_shared<RelabelExpr>(as<RelabelExpr>(*expr)));
        case ExprKind::kCoerceViaIo: return hidden(std::make_shared<CoerceViaIoExpr>(as<CoerceViaIoExpr>(*expr)));
        case ExprKind::kArrayCoerce: return hidden(std::make_shared<ArrayCoerceExpr>(as<ArrayCoerceExpr>(*expr)));
        case ExprKind::kCoerceToDomain: return hidden(std::make_shared<CoerceToDomainExpr>(as<CoerceToDomainExpr>(*expr)));
        default: return expr;
    }
}

ExprPtr coerce_domain(ParseState& state, const ExprPtr& expr, Oid domain, Coercion context, bool is_explicit,
                      int location, std::int32_t base_typmod) {
    ExprPtr value = coerce_typmod(state, expr, base_type(state, domain), base_typmod, context == Coercion::kExplicit);
    auto node = std::make_shared<CoerceToDomainExpr>();
    node->type = domain;
    node->typmod = -1;
    node->collation = state.type(domain).collation;
    node->arg = value;
    node->location = location;
    node->is_explicit = is_explicit;
    return node;
}

/// An unknown literal takes the target type by the type's input function.
ExprPtr coerce_literal(ParseState& state, const ConstExpr& literal, Oid target, std::int32_t typmod, Coercion context,
                       bool is_explicit, int location) {
    std::int32_t base_typmod = typmod;
    Oid base = base_type(state, target, &base_typmod);
    // Only interval's input needs the typmod; the others are cut to length afterwards.
    std::int32_t input_typmod = base == oid::kInterval ? base_typmod : -1;
    auto result = std::make_shared<ConstExpr>(literal);
    result->type = base;
    result->typmod = input_typmod;
    result->collation = state.type(base).collation;
    if (!literal.value.is_null()) {
        try {
            result->value = input_text(state.host(), base, literal.value.as_text(), input_typmod);
        } catch (SqlError& error) {
            error.set_position(literal.location);
            throw;
        }
    }
    if (base == target) return result;
    return coerce_domain(state, result, target, context, is_explicit, location, base_typmod);
}

ExprPtr coerce_array(ParseState& state, const ExprPtr& expr, Oid target, Coercion context, bool is_explicit,
                     int location, std::int32_t typmod) {
    const TypeInfo& to = state.type(target);
    const TypeInfo& from = state.type(base_type(state, expr->type));
    auto test = std::make_shared<CaseTestExpr>();
    test->type = from.element;
    test->typmod = expr->typmod;
    auto node = std::make_shared<ArrayCoerceExpr>();
    node->arg = expr;
    node->element = coerce_to_target(state, test, to.element, typmod, context, is_explicit, location);
    CDCSIM_CHECK(node->element != nullptr);
    node->type = target;
    node->typmod = node->element->typmod;
    node->collation = to.collation;
    node->location = location;
    node->is_explicit = is_explicit;
    return node;
}

/// ROW(...) or a record to a named composite type.
ExprPtr coerce_record(ParseState& state, const ExprPtr& expr, Oid target, Coercion context, bool is_explicit,
                      int location) {
    std::int32_t base_typmod = -1;
    const Oid base = base_type(state, target, &base_typmod);
    const TypeInfo& to = state.type(base);
    if (expr->kind != ExprKind::kRow) {
        throw NotSimulated("a cast of record to " + type_name(state, target), location);
    }
    const auto& row = as<RowExpr>(*expr);
    auto node = std::make_shared<RowExpr>(row);
    node->fields.clear();
    node->row_type = to.attributes;
    std::size_t next = 0;
    for (const Attribute& attribute : to.attributes) {
        if (attribute.dropped) {
            node->fields.push_back(make_null(oid::kInt4));
            continue;
        }
        if (next >= row.fields.size()) {
            throw SqlError("42846", fmt::format("cannot cast type {} to {}", type_name(state, expr->type), type_name(state, target)))
                .detail("Input has too few columns.").at(location);
        }
        const ExprPtr& field = row.fields[next++];
        ExprPtr coerced = coerce_to_target(state, field, attribute.type, attribute.typmod, context, is_explicit, location);
        if (!coerced) {
            throw SqlError("42846", fmt::format("cannot cast type {} to {}", type_name(state, expr->type), type_name(state, target)))
                .detail(fmt::format("Cannot cast type {} to {} in column {}.", type_name(state, field->type),
                                    type_name(state, attribute.type), next)).at(location);
        }
        node->fields.push_back(coerced);
    }
    if (next != row.fields.size()) {
        throw SqlError("42846", fmt::format("cannot cast type {} to {}", type_name(state, expr->type), type_name(state, target)))
            .detail("Input has too many columns.").at(location);
    }
    node->type = base;
    node->location = location;
    return base == target ? node : coerce_domain(state, node, target, context, is_explicit, location, base_typmod);
}

ExprPtr make_relabel(ParseState& state, const ExprPtr& expr, Oid target, std::int32_t typmod, bool is_explicit,
                     int location) {
    auto node = std::make_shared<RelabelExpr>();
    node->type = target;
    node->typmod = typmod;
    node->collation = state.type(target).collation;
    node->arg = expr;
    node->is_explicit = is_explicit;
    node->location = location;
    return node;
}

ExprPtr coerce_by_path(ParseState& state, const ExprPtr& expr, Path path, Oid base, std::int32_t typmod,
                       Coercion context, bool is_explicit, int location) {
    if (path.kind == PathKind::kFunction) {
        const ProcRow* proc = find_builtin_proc(path.function);
        std::vector<ExprPtr> args = {expr};
        if (base_type(state, expr->type) != expr->type) {
            args[0] = make_relabel(state, expr, base_type(state, expr->type), -1, false, location);
        }
        Oid declared = *proc->args.begin();
        if (declared != args[0]->type && !is_polymorphic(declared)) {
            args[0] = make_relabel(state, args[0], declared, -1, false, location);
        }
        if (proc->args.size() > 1) args.push_back(make_const(oid::kInt4, Datum::of_int(typmod)));
        if (proc->args.size() > 2) args.push_back(make_const(oid::kBool, Datum::of_bool(context == Coercion::kExplicit)));
        auto call = make_builtin_call(path.function, std::move(args), base, location);
        call->form = is_explicit ? FuncForm::kExplicitCast : FuncForm::kImplicitCast;
        // A cast function with a typmod argument has applied it.
        call->typmod = proc->args.size() > 1 ? typmod : -1;
        return call;
    }
    if (path.kind == PathKind::kArray) {
        return coerce_array(state, expr, base, context, is_explicit, location, typmod);
    }
    auto node = std::make_shared<CoerceViaIoExpr>();
    node->type = base;
    node->collation = state.type(base).collation;
    node->arg = expr;
    node->is_explicit = is_explicit;
    node->location = location;
    return node;
}

}  // namespace

ExprPtr NameHook::coerce_param(const ParamExpr&, Oid, Environment&) { return nullptr; }

std::string type_name(ParseState& state, Oid type) { return format_type(state.host(), type); }

Oid base_type(ParseState& state, Oid type, std::int32_t* typmod) {
    const TypeInfo* info = &state.type(type);
    while (info->typtype == 'd') {
        if (typmod != nullptr) *typmod = info->base_typmod;
        type = info->base;
        info = &state.type(type);
    }
    return type;
}

bool is_binary_coercible(ParseState& state, Oid from, Oid to) {
    if (from == to || to == oid::kAny || to == oid::kAnyelement || to == oid::kAnycompatible) return true;
    from = base_type(state, from);
    if (from == to) return true;
    if ((to == oid::kAnyarray || to == oid::kAnycompatiblearray) && state.type(from).is_array()) return true;
    if (to == oid::kAnyenum && state.type(from).typtype == 'e') return true;
    if (to == oid::kRecord && state.type(from).typtype == 'c') return true;
    const CastRow* cast = find_cast(from, to);
    return cast != nullptr && cast->method == 'b' && cast->context == 'i';
}

bool can_coerce(ParseState& state, Oid from, Oid to, Coercion context) {
    if (from == to || to == oid::kAny || is_polymorphic(to) || from == oid::kUnknown) return true;
    if (find_path(state, to, from, context).kind != PathKind::kNone) return true;
    const TypeInfo& source = state.type(base_type(state, from));
    const TypeInfo& target = state.type(base_type(state, to));
    if (from == oid::kRecord && target.typtype == 'c') return true;
    return to == oid::kRecord && source.typtype == 'c';
}

/// anyrange takes ranges, anymultirange multiranges, and nothing else.
bool fits_range_poly(ParseState& state, Oid from, Oid to) {
    char wanted = to == oid::kAnyrange || to == oid::kAnycompatiblerange ? 'r' : to == oid::kAnymultirange ? 'm' : 0;
    return wanted == 0 || from == oid::kUnknown || state.type(base_type(state, from)).typtype == wanted;
}

bool can_coerce(ParseState& state, const std::vector<Oid>& from, const std::vector<Oid>& to, Coercion context) {
    std::vector<Oid> actual, declared;
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (!fits_range_poly(state, from[i], to[i])) return false;
        if (is_polymorphic(to[i])) {
            actual.push_back(from[i]);
            declared.push_back(to[i]);
        } else if (!can_coerce(state, from[i], to[i], context)) {
            return false;
        }
    }
    if (declared.empty()) return true;
    try {
        resolve_polymorphic(state, actual, declared, kInvalidOid, true);
    } catch (const SqlError&) {
        return false;
    }
    return true;
}

ExprPtr coerce(ParseState& state, const ExprPtr& expr, Oid target, std::int32_t typmod, Coercion context,
               bool is_explicit, int location) {
    if (expr->type == target || target == oid::kAny || is_polymorphic(target)) return expr;
    if (expr->type == oid::kUnknown && expr->kind == ExprKind::kConst) {
        return coerce_literal(state, as<ConstExpr>(*expr), target, typmod, context, is_explicit, location);
    }
    if (expr->type == oid::kUnknown && expr->kind == ExprKind::kParam && state.options.hook != nullptr) {
        if (ExprPtr param = state.options.hook->coerce_param(as<ParamExpr>(*expr), target, state.host())) return param;
    }
    if (expr->kind == ExprKind::kCollate) {
        auto copy = std::make_shared<CollateExpr>(as<CollateExpr>(*expr));
        copy->arg = coerce(state, copy->arg, target, typmod, context, is_explicit, location);
        copy->type = target;
        return copy;
    }
    Path path = find_path(state, target, expr->type, context);
    std::int32_t base_typmod = typmod;
    Oid base = base_type(state, target, &base_typmod);
    if (path.kind != PathKind::kNone && path.kind != PathKind::kRelabel) {
        ExprPtr result = coerce_by_path(state, expr, path, base, base_typmod, context, is_explicit, location);
        if (base == target) return result;
        return coerce_domain(state, result, target, context, is_explicit, location, base_typmod);
    }
    if (path.kind == PathKind::kRelabel) {
        if (base != target) {
            ExprPtr relabelled = expr->type == base ? expr : make_relabel(state, expr, base, -1, is_explicit, location);
            return coerce_domain(state, relabelled, target, context, is_explicit, location, base_typmod);
        }
        return make_relabel(state, expr, target, -1, is_explicit, location);
    }
    if (expr->type == oid::kRecord) return coerce_record(state, expr, target, context, is_explicit, location);
    // A named row stays what it is: its value carries no description of its own (coerce_type, too).
    if (target == oid::kRecord) return expr;
    if (expr->type == oid::kUnknown) {
        throw SqlError("XX000", fmt::format("failed to find conversion function from unknown to {}", type_name(state, target)));
    }
    throw_cannot_cast(state, expr->type, target, location);
}

ExprPtr coerce_to_target(ParseState& state, const ExprPtr& expr, Oid target, std::int32_t typmod, Coercion context,
                         bool is_explicit, int location) {
    if (!can_coerce(state, expr->type, target, context)) return nullptr;
    ExprPtr result = coerce(state, expr, target, typmod, context, is_explicit, location);
    if (typmod < 0 && result->kind == ExprKind::kConst && result->typmod >= 0 && result->type == target) {
        // A constant that becomes a value without typmod loses its own (applyRelabelType).
        auto constant = std::make_shared<ConstExpr>(as<ConstExpr>(*result));
        constant->typmod = -1;
        return constant;
    }
    // x::numeric of a numeric(6,2) has no typmod any more.
    if (is_explicit && typmod < 0 && result == expr && expr->typmod >= 0 && expr->kind != ExprKind::kConst) {
        return make_relabel(state, expr, target, -1, true, location);
    }
    const bool coerced = result != expr && result->kind != ExprKind::kConst;
    ExprPtr cut = coerce_typmod(state, result, target, typmod, context == Coercion::kExplicit);
    return coerced && cut != result ? coerce_typmod(state, hide_coercion(result), target, typmod, context == Coercion::kExplicit) : cut;
}

ExprPtr coerce_boolean(ParseState& state, const ExprPtr& expr, std::string_view construct) {
    ExprPtr result = expr->type == oid::kBool ? expr : coerce_to_target(state, expr, oid::kBool, -1, Coercion::kAssignment, false, -1);
    if (!result) {
        throw SqlError("42804", fmt::format("argument of {} must be type boolean, not type {}", construct,
                                            type_name(state, expr->type))).at(expr_location(*expr));
    }
    if (contains_set_function(result)) throw SqlError("42804", fmt::format("argument of {} must not return a set", construct)).at(expr_location(*expr));
    return result;
}

ExprPtr coerce_integer(ParseState& state, const ExprPtr& expr, std::string_view construct) {
    ExprPtr result = coerce_to_target(state, expr, oid::kInt8, -1, Coercion::kAssignment, false, -1);
    if (!result) {
        throw SqlError("42804", fmt::format("argument of {} must be type bigint, not type {}", construct,
                                            type_name(state, expr->type))).at(expr_location(*expr));
    }
    return result;
}

Oid common_type(ParseState& state, const std::vector<ExprPtr>& exprs, std::string_view context) {
    CDCSIM_CHECK(!exprs.empty());
    Oid first = exprs[0]->type;
    if (first != oid::kUnknown && std::ranges::all_of(exprs, [&](const ExprPtr& e) { return e->type == first; })) {
        return first;
    }
    Oid chosen = base_type(state, first);
    for (std::size_t i = 1; i < exprs.size(); ++i) {
        Oid type = base_type(state, exprs[i]->type);
        if (type == oid::kUnknown || type == chosen) continue;
        const TypeInfo& best = state.type(chosen);
        const TypeInfo& next = state.type(type);
        if (chosen == oid::kUnknown) {
            chosen = type;
        } else if (next.category != best.category) {
            throw SqlError("42804", fmt::format("{} types {} and {} cannot be matched", context,
                                                type_name(state, chosen), type_name(state, type)))
                .at(expr_location(*exprs[i]));
        } else if (!best.preferred && can_coerce(state, chosen, type, Coercion::kImplicit) &&
                   !can_coerce(state, type, chosen, Coercion::kImplicit)) {
            chosen = type;
        }
    }
    return chosen == oid::kUnknown ? oid::kText : chosen;
}

std::int32_t common_typmod(const std::vector<ExprPtr>& exprs, Oid type) {
    std::int32_t typmod = exprs[0]->typmod;
    for (const ExprPtr& expr : exprs) {
        if (expr->type != type || expr->typmod != typmod) return -1;
    }
    return typmod;
}

ExprPtr coerce_to_common(ParseState& state, const ExprPtr& expr, Oid type, std::string_view context) {
    if (expr->type == type) return expr;
    if (!can_coerce(state, expr->type, type, Coercion::kImplicit)) {
        throw SqlError("42846", fmt::format("{} could not convert type {} to {}", context, type_name(state, expr->type),
                                            type_name(state, type))).at(expr_location(*expr));
    }
    return coerce(state, expr, type, -1, Coercion::kImplicit, false, -1);
}

int expr_location(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kFunc: case ExprKind::kScalarArrayOp: case ExprKind::kBool: case ExprKind::kNullTest: case ExprKind::kBooleanTest:
        case ExprKind::kRelabel: case ExprKind::kCoerceViaIo: case ExprKind::kArrayCoerce: case ExprKind::kCoerceToDomain:
        case ExprKind::kSubscript: case ExprKind::kFieldSelect: case ExprKind::kCollate: break;
        default: return expr.location;
    }
    int first = expr.location;
    for_each_child(expr, [&](const ExprPtr& child) {
        const int location = child ? expr_location(*child) : -1;
        if (location >= 0 && (first < 0 || location < first)) first = location;
    });
    return first;
}

void throw_cannot_cast(ParseState& state, Oid from, Oid to, int location) {
    throw SqlError("42846", fmt::format("cannot cast type {} to {}", type_name(state, from), type_name(state, to)))
        .at(location);
}

}  // namespace cdcsim::pg
