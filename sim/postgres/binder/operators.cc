// Operators: resolution, ANY/ALL over arrays, DISTINCT, row comparisons. Mirrors parse_oper.c and
// the operator half of parse_expr.c.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

const std::vector<const OperatorRow*>& operators_by_name(const std::string& name) {
    static const std::unordered_map<std::string, std::vector<const OperatorRow*>> index = [] {
        std::unordered_map<std::string, std::vector<const OperatorRow*>> map;
        for (const OperatorRow& row : builtin_operators()) map[std::string(row.name)].push_back(&row);
        return map;
    }();
    static const std::vector<const OperatorRow*> none;
    auto it = index.find(name);
    return it == index.end() ? none : it->second;
}

const OperatorRow* find_exact(const std::string& name, char kind, Oid left, Oid right) {
    for (const OperatorRow* row : operators_by_name(name)) {
        if (row->kind == kind && row->left == left && row->right == right) return row;
    }
    return nullptr;
}

std::string operator_signature(ParseState& state, const std::string& name, Oid left, Oid right) {
    std::string text;
    if (left != kInvalidOid) text = type_name(state, left) + " ";
    return text + name + " " + type_name(state, right);
}

/// binary_oper_exact: unknown is assumed to be of the other side's type; domains look through.
const OperatorRow* find_binary_exact(ParseState& state, const std::string& name, Oid left, Oid right) {
    bool was_unknown = false;
    if (left == oid::kUnknown && right != kInvalidOid) {
        left = right;
        was_unknown = true;
    } else if (right == oid::kUnknown && left != kInvalidOid) {
        right = left;
        was_unknown = true;
    }
    if (const OperatorRow* row = find_exact(name, 'b', left, right)) return row;
    if (was_unknown) {
        Oid base = base_type(state, left);
        if (base != left) return find_exact(name, 'b', base, base);
    }
    return nullptr;
}

/// oper_select_candidate.
const OperatorRow* select_operator(ParseState& state, const std::string& name, char kind, const std::vector<Oid>& types, bool& ambiguous) {
    std::vector<Candidate> candidates;
    for (const OperatorRow* row : operators_by_name(name)) {
        if (row->kind != kind) continue;
        Candidate candidate;
        candidate.oid = row->oid;
        if (kind == 'b') candidate.args.push_back(row->left);
        candidate.args.push_back(row->right);
        candidates.push_back(candidate);
    }
    ambiguous = false;
    std::vector<Candidate> matching = match_arguments(state, types, candidates);
    if (matching.size() > 1) matching = select_candidate(state, types, matching);
    if (matching.size() == 1) return find_builtin_operator(matching[0].oid);
    ambiguous = !matching.empty();
    return nullptr;
}

const OperatorRow& resolve_operator(ParseState& state, const std::string& name, Oid left, Oid right, int location) {
    bool ambiguous = false;
    const OperatorRow* row = nullptr;
    if (left == kInvalidOid) {
        row = find_exact(name, 'l', kInvalidOid, right);
        if (row == nullptr) row = select_operator(state, name, 'l', {right}, ambiguous);
    } else {
        row = find_binary_exact(state, name, left, right);
        if (row == nullptr) {
            // oper(): an unknown beside a known type is not assumed here; the candidates decide.
            row = select_operator(state, name, 'b', {left, right}, ambiguous);
        }
    }
    if (row != nullptr) return *row;
    std::string text = operator_signature(state, name, left, right);
    if (ambiguous) {
        throw SqlError("42725", "operator is not unique: " + text)
            .hint("Could not choose a best candidate operator. You might need to add explicit type casts.").at(location);
    }
    throw SqlError("42883", "operator does not exist: " + text)
        .hint(left == kInvalidOid
                  ? "No operator matches the given name and argument type. You might need to add an explicit type cast."
                  : "No operator matches the given name and argument types. You might need to add explicit type casts.")
        .at(location);
}

void require_built(ParseState& state, const OperatorRow& row, ScalarFunction function, int location) {
    if (function != nullptr) return;
    throw NotSimulated("operator " + operator_signature(state, std::string(row.name), row.left, row.right), location);
}

/// A comparison of two expressions by a named operator; used for AND/OR expansions of rows.
ExprPtr compare_pair(ParseState& state, const std::string& op, const ExprPtr& left, const ExprPtr& right, int location) {
    ExprPtr result = make_operator(state, op, left, right, location);
    if (result->type != oid::kBool) {
        throw SqlError("42804", fmt::format("row comparison operator must yield type boolean, not type {}", type_name(state, result->type))).at(location);
    }
    return result;
}

int strategy_of(const std::string& op) {
    constexpr std::string_view kNames[] = {"<", "<=", "=", ">=", ">"};
    auto it = std::ranges::find(kNames, op);
    return it == std::end(kNames) ? 0 : static_cast<int>(it - std::begin(kNames)) + 1;
}

RowCompareExpr::Pair compare_columns(ParseState& state, const std::string& op, const ExprPtr& left, const ExprPtr& right, int location) {
    auto call = std::static_pointer_cast<const FuncExpr>(make_operator(state, op, left, right, location));
    RowCompareExpr::Pair pair;
    pair.left = call->args[0];
    pair.right = call->args[1];
    if (pair.left->type != pair.right->type) {
        throw NotSimulated("comparison of rows with columns of different types", location);
    }
    pair.type = pair.left->type;
    const OperatorRow* less = btree_operator(state, pair.type, 1);
    const OperatorRow* equal = btree_operator(state, pair.type, 3);
    CDCSIM_CHECK(less != nullptr && equal != nullptr);
    pair.less_function = less->function;
    pair.equal_function = equal->function;
    pair.less = find_scalar_function(less->function);
    pair.equal = find_scalar_function(equal->function);
    return pair;
}

}  // namespace

ExprPtr make_operator(ParseState& state, const std::string& name, const ExprPtr& left, const ExprPtr& right, int location) {
    Oid left_type = left ? left->type : kInvalidOid;
    const OperatorRow& row = resolve_operator(state, name, left_type, right->type, location);
    std::vector<ExprPtr> args;
    std::vector<Oid> actual, declared;
    if (left) {
        args.push_back(left);
        declared.push_back(row.left);
    }
    args.push_back(right);
    declared.push_back(row.right);
    for (const ExprPtr& arg : args) actual.push_back(arg->type);
    Oid result = kInvalidOid;
    try {
        result = resolve_polymorphic(state, actual, declared, row.result);
    } catch (SqlError& error) {
        error.set_position(location);
        throw;
    }
    for (std::size_t i = 0; i < args.size(); ++i) {
        args[i] = coerce(state, args[i], declared[i], -1, Coercion::kImplicit, false, args[i]->location);
    }
    auto call = make_builtin_call(row.function, std::move(args), result, location);
    call->op = row.oid;
    call->form = FuncForm::kOperator;
    require_built(state, row, call->scalar, location);
    return call;
}

ExprPtr make_scalar_array_op(ParseState& state, const std::string& name, bool use_or, const ExprPtr& left,
                             const ExprPtr& right, int location) {
    Oid left_type = left->type, right_type = right->type;
    Oid element = kInvalidOid;
    if (right_type == oid::kUnknown) {
        element = oid::kUnknown;
    } else {
        const TypeInfo& array = state.type(base_type(state, right_type));
        if (!array.is_array()) {
            throw SqlError("42809", "op ANY/ALL (array) requires array on right side").at(location);
        }
        element = array.element;
    }
    const OperatorRow& row = resolve_operator(state, name, left_type, element, location);
    if (row.result != oid::kBool) {
        throw SqlError("42809", "op ANY/ALL (array) requires operator to yield boolean").at(location);
    }
    std::vector<Oid> actual = {left_type, element}, declared = {row.left, row.right};
    resolve_polymorphic(state, actual, declared, row.result);
    Oid array_type = state.type(declared[1]).array;
    if (is_polymorphic(declared[1])) array_type = right_type;
    if (array_type == kInvalidOid) {
        throw SqlError("42704", fmt::format("could not find array type for data type {}", type_name(state, declared[1]))).at(location);
    }
    auto node = std::make_shared<ScalarArrayOpExpr>();
    node->op = row.oid;
    node->function = row.function;
    node->use_or = use_or;
    node->strict = find_builtin_proc(row.function)->strict;
    node->scalar = find_scalar_function(row.function);
    require_built(state, row, node->scalar, location);
    node->left = coerce(state, left, declared[0], -1, Coercion::kImplicit, false, left->location);
    node->right = coerce(state, right, array_type, -1, Coercion::kImplicit, false, right->location);
    node->element_type = declared[1];
    node->type = oid::kBool;
    node->location = location;
    return node;
}

const OperatorRow* btree_operator(ParseState& state, Oid type, int strategy) {
    type = base_type(state, type);
    const TypeInfo& info = state.type(type);
    // The operator class that a type without one of its own uses (pg_opclass, by binary coercion).
    Oid operand = type;
    if (type == oid::kVarchar) operand = oid::kText;
    if (type == oid::kCidr) operand = oid::kInet;
    constexpr Oid kNumbersOfObjects[] = {oid::kRegproc, oid::kRegprocedure, oid::kRegoper, oid::kRegoperator, oid::kRegclass, oid::kRegtype, oid::kRegnamespace, oid::kRegrole};
    if (std::ranges::find(kNumbersOfObjects, type) != std::end(kNumbersOfObjects)) operand = oid::kOid;
    if (info.is_array()) operand = oid::kAnyarray;
    if (info.typtype == 'e') operand = oid::kAnyenum;
    if (info.typtype == 'r') operand = oid::kAnyrange;
    if (info.typtype == 'c' || type == oid::kRecord) operand = oid::kRecord;
    for (const BtreeOperatorRow& row : builtin_btree_operators()) {
        if (row.left == operand && row.right == operand && row.strategy == strategy &&
            row.family.find("pattern") == std::string_view::npos && row.family != "record_image_ops") {
            return find_builtin_operator(row.op);
        }
    }
    return nullptr;
}

void require_ordering(ParseState& state, Oid type, int location, bool equality_only) {
    const TypeInfo* info = &state.type(base_type(state, type));
    bool found = btree_operator(state, type, equality_only ? 3 : 1) != nullptr;
    if (found && info->is_array()) {
        found = btree_operator(state, info->element, equality_only ? 3 : 1) != nullptr;
    }
    if (found) return;
    // Equality by hash only.
    if (equality_only && (type == oid::kXid || type == oid::kCid || type == 1033)) return;
    if (equality_only) {
        throw SqlError("42883", fmt::format("could not identify an equality operator for type {}", type_name(state, type))).at(location);
    }
    throw SqlError("42883", fmt::format("could not identify an ordering operator for type {}", type_name(state, type)))
        .hint("Use an explicit ordering operator or modify the query.").at(location);
}

ExprPtr make_distinct(ParseState& state, const ExprPtr& left, const ExprPtr& right, bool negate, int location) {
    ExprPtr result;
    if (left->kind == ExprKind::kRow && right->kind == ExprKind::kRow) {
        const auto& a = as<RowExpr>(*left);
        const auto& b = as<RowExpr>(*right);
        if (a.fields.size() != b.fields.size()) {
            throw SqlError("42601", "unequal number of entries in row expressions").at(location);
        }
        std::vector<ExprPtr> parts;
        for (std::size_t i = 0; i < a.fields.size(); ++i) {
            parts.push_back(make_distinct(state, a.fields[i], b.fields[i], false, location));
        }
        result = parts.size() == 1 ? parts[0] : parts.empty() ? make_const(oid::kBool, Datum::of_bool(false)) : make_bool(BoolOp::kOr, std::move(parts), location);
    } else {
        auto call = std::make_shared<FuncExpr>(as<FuncExpr>(*make_operator(state, "=", left, right, location)));
        if (call->type != oid::kBool) {
            throw SqlError("42804", "IS DISTINCT FROM requires = operator to yield boolean").at(location);
        }
        call->form = FuncForm::kDistinct;
        result = call;
    }
    return negate ? make_bool(BoolOp::kNot, {result}, location) : result;
}

ExprPtr make_row_comparison(ParseState& state, const std::string& op, const std::vector<ExprPtr>& left,
                            const std::vector<ExprPtr>& right, int location) {
    if (left.size() != right.size()) {
        throw SqlError("42601", "unequal number of entries in row expressions").at(location);
    }
    if (left.empty()) throw SqlError("0A000", "cannot compare rows of zero length").at(location);
    if (left.size() == 1) return compare_pair(state, op, left[0], right[0], location);
    int strategy = strategy_of(op);
    if (op == "=" || op == "<>") {
        std::vector<ExprPtr> parts;
        for (std::size_t i = 0; i < left.size(); ++i) {
            parts.push_back(compare_pair(state, op, left[i], right[i], location));
        }
        return make_bool(op == "=" ? BoolOp::kAnd : BoolOp::kOr, std::move(parts), location);
    }
    if (strategy == 0) {
        throw SqlError("0A000", fmt::format("could not determine interpretation of row comparison operator {}", op))
            .hint("Row comparison operators must be associated with btree operator families.").at(location);
    }
    auto node = std::make_shared<RowCompareExpr>();
    node->strategy = strategy;
    node->type = oid::kBool;
    node->location = location;
    for (std::size_t i = 0; i < left.size(); ++i) {
        node->pairs.push_back(compare_columns(state, op, left[i], right[i], location));
    }
    return node;
}

}  // namespace cdcsim::pg
