// Constant folding as PostgreSQL's planner does it before a statement runs, with its visible effects:
// an error in an immutable expression of constants is raised even if no row is read, and what
// CASE, COALESCE, AND or OR cut off is not. Mirrors eval_const_expressions of clauses.c.
#include <algorithm>
#include <array>
#include <memory>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/executor/unset_collation.h"
#include "sim/postgres/storage/heap.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_const(const ExprPtr& expr) { return expr->kind == ExprKind::kConst; }
bool is_null_const(const ExprPtr& expr) {
    return is_const(expr) && as<ConstExpr>(*expr).value.is_null();
}
bool is_true_const(const ExprPtr& expr) {
    return is_const(expr) && !is_null_const(expr) && as<ConstExpr>(*expr).value.as_bool();
}
bool is_false_const(const ExprPtr& expr) {
    return is_const(expr) && !is_null_const(expr) && !as<ConstExpr>(*expr).value.as_bool();
}

ExprPtr constant_like(const Expr& expr, Datum value) {
    auto result = std::make_shared<ConstExpr>();
    result->type = expr.type;
    result->typmod = expr.typmod;
    result->collation = expr.collation;
    result->location = expr.location;
    result->value = std::move(value);
    return result;
}

/// Types whose output function is immutable: those of dates and times depend on settings, those of
/// arrays, enums and composites may call anything.
bool has_immutable_output(Oid type) {
    static constexpr Oid kTypes[] = {
        oid::kBool,    oid::kBytea,    oid::kChar, oid::kName,   oid::kInt8,    oid::kInt2,  oid::kInt4,
        oid::kText,    oid::kOid,      oid::kXid,  oid::kJson,   oid::kFloat4,  oid::kFloat8, oid::kBpchar,
        oid::kVarchar, oid::kBit,      oid::kVarbit, oid::kNumeric, oid::kUuid, oid::kJsonb, oid::kInet,
        oid::kCidr,    oid::kMacaddr,  oid::kMacaddr8, oid::kPgLsn, oid::kJsonpath, oid::kTid, oid::kCid,
        oid::kTime,    oid::kTimetz,   oid::kXml};
    return std::ranges::find(kTypes, type) != std::end(kTypes);
}

bool has_immutable_input(Oid type) {
    return has_immutable_output(type) && type != oid::kTime && type != oid::kTimetz && type != oid::kXml;
}

bool is_immutable_io(const Expr& expr) {
    const auto& node = as<CoerceViaIoExpr>(expr);
    return has_immutable_input(node.type) && has_immutable_output(node.arg->type);
}

constexpr Oid kTextAnyCat = 2003, kAnyTextCat = 2004, kQuoteLiteralAny = 1285, kQuoteNullableAny = 1290;

/// text || anything (and quote_literal of anything) is an SQL function that the planner replaces by its body, which is immutable
/// where the output function of the other argument is.
bool is_mutable_call(const FuncExpr& call) {
    if (call.function == kTextAnyCat) return !has_immutable_output(call.args[1]->type);
    if (call.function == kAnyTextCat || call.function == kQuoteLiteralAny || call.function == kQuoteNullableAny) return !has_immutable_output(call.args[0]->type);
    return call.volatility != 'i';
}

/// Built-in functions in language SQL: called with constants, they run as such and say so in the
/// error's context; with anything else the planner puts their body in their place.
constexpr Oid kSqlFunctions[] = {879, 880, 1384, 1481, 1708, 1710, 1741, 1810, 1811, 1812, 2074, 1296, 1298,
                                 1848, 2546, 2547, 2548, 2550};

/// A node that keeps an expression from being immutable (contain_mutable_functions).
bool is_mutable_node(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kFunc: return is_mutable_call(as<FuncExpr>(expr));
        case ExprKind::kScalarArrayOp: {
            const auto& node = as<ScalarArrayOpExpr>(expr);
            const ProcRow* proc = find_builtin_proc(node.function);
            return (node.user ? node.user->volatility : proc ? proc->volatility : 'v') != 'i';
        }
        case ExprKind::kCoerceViaIo: return !is_immutable_io(expr);
        case ExprKind::kSqlValue:
        case ExprKind::kNextValue: return true;
        default: return false;
    }
}

/// What is computed before the statement runs.
enum class Folds : std::uint8_t { kImmutable, kStableToo, kBeforeCollations };

class Folder {
  public:
    explicit Folder(Host& host, Folds folds = Folds::kImmutable) : host_(host), context_{.host = host, .snapshot = snapshot_}, folds_(folds) {}

    ExprPtr fold(const ExprPtr& expr) {
        switch (expr->kind) {
            case ExprKind::kFunc: return call(expr);
            case ExprKind::kBool: return boolean(expr);
            case ExprKind::kCase: return choose(expr);
            case ExprKind::kCoalesce: return coalesce(expr);
            case ExprKind::kCaseTest: return case_test_ ? case_test_ : expr;
            case ExprKind::kScalarArrayOp: return scalar_array_op(expr);
            case ExprKind::kArrayCoerce: return array_coerce(expr);
            case ExprKind::kCoerceViaIo: return coerce_via_io(expr);
            case ExprKind::kSubLink: return sublink(expr);
            case ExprKind::kNullTest: {
                if (as<NullTestExpr>(*expr).arg->kind == ExprKind::kRow) {
                    const ExprPtr row = fold_children(as<NullTestExpr>(*expr).arg);
                    return fold(test_fields(as<NullTestExpr>(*expr), as<RowExpr>(*row)));
                }
                ExprPtr folded = fold_children(expr);
                return as<NullTestExpr>(*folded).arg_is_row ? folded : if_all_const(folded);
            }
            case ExprKind::kMinMax: {
                ExprPtr folded = fold_children(expr);
                if (folds_ == Folds::kBeforeCollations && std::ranges::all_of(as<MinMaxExpr>(*folded).args, is_const)) require_no_collation(*folded);
                return if_all_const(folded);
            }
            case ExprKind::kBooleanTest:
            case ExprKind::kArray:
            case ExprKind::kRow:
            case ExprKind::kFieldSelect:
            case ExprKind::kRelabel:
            case ExprKind::kCollate:
            case ExprKind::kSubscript: return if_all_const(fold_children(expr));
            default: return fold_children(expr);
        }
    }

  private:
    ExprPtr fold_children(const ExprPtr& expr) {
        return map_children(expr, [this](const ExprPtr& child) { return fold(child); });
    }

    ExprPtr run(const ExprPtr& expr) { return constant_like(*expr, evaluate(*expr, context_)); }

    ExprPtr if_all_const(const ExprPtr& expr) {
        bool all = true;
        for_each_child(*expr, [&](const ExprPtr& child) { all = all && is_const(child); });
        return all ? run(expr) : expr;
    }

    ExprPtr call(const ExprPtr& expr) {
        ExprPtr folded = fold_children(expr);
        const auto& node = as<FuncExpr>(*folded);
        if (node.returns_set) return folded;
        bool has_null = std::ranges::any_of(node.args, is_null_const);
        bool plain = node.form != FuncForm::kDistinct && node.form != FuncForm::kNullIf;
        // A strict function of NULL is NULL whatever its volatility.
        if (plain && node.strict && has_null) return constant_like(*folded, Datum());
        const bool is_mutable = folds_ == Folds::kStableToo ? node.volatility == 'v' || node.user != nullptr : is_mutable_call(node);
        if (is_mutable || !std::ranges::all_of(node.args, is_const)) return folded;
        if (folds_ == Folds::kBeforeCollations && node.user == nullptr) require_no_collation(node.function, node.args);
        if (node.scalar == nullptr && node.user == nullptr) return folded;  // refused when it runs
        if (std::ranges::find(kSqlFunctions, node.function) == std::end(kSqlFunctions)) return run(folded);
        try {
            return run(folded);
        } catch (SqlError& error) {
            error.add_context("SQL function \"" + std::string(find_builtin_proc(node.function)->name) + "\" statement 1");
            throw;
        }
    }

    /// ROW(a, b) IS NULL is a IS NULL AND b IS NULL: the first field that is not ends it.
    ExprPtr test_fields(const NullTestExpr& expr, const RowExpr& row) {
        auto all = std::make_shared<BoolExpr>();
        all->type = oid::kBool;
        all->location = expr.location;
        for (const ExprPtr& field : row.fields) {
            auto test = std::make_shared<NullTestExpr>(expr);
            test->arg = field;
            test->arg_is_row = false;
            all->args.push_back(std::move(test));
        }
        return all;
    }

    ExprPtr boolean(const ExprPtr& expr) {
        const auto& node = as<BoolExpr>(*expr);
        if (node.op == BoolOp::kNot) return if_all_const(fold_children(expr));
        const bool is_and = node.op == BoolOp::kAnd;
        bool saw_null = false;
        std::vector<ExprPtr> kept;
        for (const ExprPtr& arg : node.args) {
            ExprPtr folded = fold(arg);
            if (is_and ? is_false_const(folded) : is_true_const(folded)) return folded;
            if (is_null_const(folded)) saw_null = true;
            if (!is_const(folded)) kept.push_back(std::move(folded));
        }
        if (kept.empty()) return constant_like(*expr, saw_null ? Datum() : Datum::of_bool(is_and));
        if (kept.size() == 1 && !saw_null) return kept.front();
        auto result = std::make_shared<BoolExpr>(node);
        result->args = std::move(kept);
        if (saw_null) result->args.push_back(constant_like(*expr, Datum()));
        return result;
    }

    ExprPtr choose(const ExprPtr& expr) {
        const auto& node = as<CaseExpr>(*expr);
        auto result = std::make_shared<CaseExpr>(node);
        result->whens.clear();
        if (node.arg) result->arg = fold(node.arg);
        ExprPtr outer_test = case_test_;
        ExprPtr test = result->arg && is_const(result->arg) ? result->arg : nullptr;
        bool decided = false;
        for (const CaseExpr::When& when : node.whens) {
            case_test_ = test;
            ExprPtr condition = fold(when.condition);
            case_test_ = outer_test;
            if (is_const(condition) && !is_true_const(condition)) continue;
            ExprPtr value = fold(when.result);
            if (is_true_const(condition)) {
                result->default_result = value;
                decided = true;
                break;
            }
            result->whens.push_back({std::move(condition), std::move(value)});
        }
        if (!decided) result->default_result = fold(node.default_result);
        return result->whens.empty() ? result->default_result : ExprPtr(result);
    }

    ExprPtr coalesce(const ExprPtr& expr) {
        auto result = std::make_shared<CoalesceExpr>(as<CoalesceExpr>(*expr));
        std::vector<ExprPtr> args = std::move(result->args);
        result->args.clear();
        for (const ExprPtr& arg : args) {
            ExprPtr folded = fold(arg);
            if (is_null_const(folded)) continue;
            result->args.push_back(folded);
            if (is_const(folded)) break;  // what follows is never reached
        }
        if (result->args.empty()) return constant_like(*expr, Datum());
        return result->args.size() == 1 ? result->args.front() : ExprPtr(result);
    }

    ExprPtr scalar_array_op(const ExprPtr& expr) {
        ExprPtr folded = fold_children(expr);
        const auto& node = as<ScalarArrayOpExpr>(*folded);
        const ProcRow* proc = find_builtin_proc(node.function);
        char volatility = node.user ? node.user->volatility : proc ? proc->volatility : 'v';
        if (folds_ == Folds::kBeforeCollations && is_const(node.left) && is_const(node.right)) {
            require_no_collation(node.function, std::array{node.left, node.right});
        }
        return volatility == 'i' || (volatility == 's' && folds_ == Folds::kStableToo) ? if_all_const(folded) : folded;
    }

    ExprPtr array_coerce(const ExprPtr& expr) {
        auto result = std::make_shared<ArrayCoerceExpr>(as<ArrayCoerceExpr>(*expr));
        result->arg = fold(result->arg);
        ExprPtr outer_test = std::exchange(case_test_, nullptr);
        result->element = fold(result->element);
        case_test_ = outer_test;
        bool immutable = !any_expression(result->element, [](const Expr& node) {
            return (node.kind == ExprKind::kFunc && is_mutable_call(as<FuncExpr>(node))) ||
                   node.kind == ExprKind::kCoerceToDomain ||
                   (node.kind == ExprKind::kCoerceViaIo && !is_immutable_io(node));
        });
        return is_const(result->arg) && (immutable || folds_ == Folds::kStableToo) ? run(result) : ExprPtr(result);
    }

    ExprPtr coerce_via_io(const ExprPtr& expr) {
        ExprPtr folded = fold_children(expr);
        const auto& node = as<CoerceViaIoExpr>(*folded);
        if (is_null_const(node.arg)) return constant_like(*folded, Datum());
        return folds_ == Folds::kStableToo || is_immutable_io(node) ? if_all_const(folded) : folded;
    }

    /// Planned now, so that what folding finds in it is found before any row is read.
    ExprPtr sublink(const ExprPtr& expr) {
        host_.database().subplans().find(as<SubLinkExpr>(*expr), host_);
        return fold_children(expr);
    }

    Host& host_;
    Snapshot snapshot_;
    EvalContext context_;
    ExprPtr case_test_;  ///< the constant that CASE compares with
    Folds folds_;
};

bool reads_rows(const ExprPtr& expr) {
    return any_expression(expr, [](const Expr& e) {
        return (e.kind == ExprKind::kVar && as<VarExpr>(e).levels_up == 0) || (e.kind == ExprKind::kWholeRow && as<WholeRowExpr>(e).levels_up == 0);
    });
}

/// What estimate_expression_value computes of it.
void estimate(const ExprPtr& expr, Host& host) {
    if (is_const(expr) || expr->kind == ExprKind::kParam) return;
    const bool waits = any_expression(expr, [](const Expr& e) { return e.kind == ExprKind::kSubLink || e.kind == ExprKind::kParam; });
    if (!waits) Folder(host, Folds::kStableToo).fold(expr);
}

/// One side of an operator reads rows, the other one does not: get_restriction_variable.
void estimate_sides(const ExprPtr& left, const ExprPtr& right, Host& host) {
    const bool left_reads = reads_rows(left);
    if (left_reads == reads_rows(right)) return;
    estimate(left_reads ? right : left, host);
}

/// clause_selectivity.
void estimate_clause(const ExprPtr& expr, Host& host) {
    switch (expr->kind) {
        case ExprKind::kBool: {
            // What folding ended (FALSE AND ...) is not there to be estimated.
            const ExprPtr folded = Folder(host).fold(expr);
            if (folded->kind != ExprKind::kBool) return estimate_clause(folded, host);
            for (const ExprPtr& arg : as<BoolExpr>(*folded).args) estimate_clause(arg, host);
            return;
        }
        case ExprKind::kBooleanTest: return estimate_clause(as<BooleanTestExpr>(*expr).arg, host);
        case ExprKind::kFunc: {
            const auto& node = as<FuncExpr>(*expr);
            const bool is_operator = node.form == FuncForm::kOperator || node.form == FuncForm::kDistinct;
            if (is_operator && node.args.size() == 2) estimate_sides(node.args[0], node.args[1], host);
            return;
        }
        case ExprKind::kRowCompare: {
            const auto& first = as<RowCompareExpr>(*expr).pairs.front();
            return estimate_sides(first.left, first.right, host);
        }
        case ExprKind::kScalarArrayOp:
            if (!reads_rows(expr)) return;
            for_each_child(*expr, [&](const ExprPtr& side) { if (!reads_rows(side)) estimate(side, host); });
            return;
        default: return;
    }
}

void estimate_from(const FromNode& node, Host& host) {
    if (node.is_leaf()) return;
    estimate_from(*node.left, host);
    estimate_from(*node.right, host);
    if (node.condition) estimate_clause(node.condition, host);
}

}  // namespace

bool is_foldable(const ExprPtr& expr) {
    if (expr->kind == ExprKind::kConst || expr->kind == ExprKind::kParam) return true;
    return !any_expression(expr, [](const Expr& node) {
        switch (node.kind) {
            case ExprKind::kVar:
            case ExprKind::kWholeRow:
            case ExprKind::kSubLink:
            case ExprKind::kDefault:
            case ExprKind::kCoerceToDomain: return true;
            default: return is_mutable_node(node);
        }
    });
}

bool is_immutable(const ExprPtr& expr) {
    return !any_expression(expr, is_mutable_node);
}

void estimate_conditions(const Query& query, Host& host) {
    for (const RangeTableEntry& entry : query.range_table) {
        if (entry.kind == RteKind::kSubquery && entry.subquery) estimate_conditions(*entry.subquery, host);
    }
    for (const FromNode& node : query.from) estimate_from(node, host);
    if (query.where) estimate_clause(query.where, host);
}

ExprPtr fold_constants(const ExprPtr& expr, Host& host) { return Folder(host).fold(expr); }
ExprPtr fold_before_collations(const ExprPtr& expr, Host& host) { return Folder(host, Folds::kBeforeCollations).fold(expr); }

ExprPtr ready_to_run(const StoredExpr& stored, Host& host) { return stored.folded ? stored.folded : fold_constants(stored.expr, host); }

void fold_stored(StoredExpr& stored, Host& host) {
    stored.folded = nullptr;
    const bool replaceable = any_expression(stored.expr, [](const Expr& node) {
        return (node.kind == ExprKind::kFunc && as<FuncExpr>(node).user) || (node.kind == ExprKind::kScalarArrayOp && as<ScalarArrayOpExpr>(node).user) ||
               node.kind == ExprKind::kCoerceToDomain || node.type == oid::kRecord;  // a session knows its records by number
    });
    if (replaceable) return;
    try {
        stored.folded = fold_constants(stored.expr, host);
    } catch (const SqlError&) {
        // Each statement that uses it fails.
    }
}

}  // namespace cdcsim::pg
