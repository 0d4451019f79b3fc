#include "sim/postgres/binder/bound_walk.h"

#include <type_traits>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/catalog/objects.h"

namespace cdcsim::pg {
namespace {

/// Calls f with the node as its own type. The one list of kinds and types.
template <typename F>
decltype(auto) visit_node(const Expr& expr, F&& f) {
    switch (expr.kind) {
#define NODE(name) \
    case ExprKind::k##name: return f(static_cast<const name##Expr&>(expr))
        NODE(Const);
        NODE(Param);
        NODE(Var);
        NODE(Func);
        NODE(ScalarArrayOp);
        NODE(Bool);
        NODE(NullTest);
        NODE(BooleanTest);
        NODE(Case);
        NODE(CaseTest);
        NODE(Coalesce);
        NODE(MinMax);
        NODE(Array);
        NODE(Row);
        NODE(RowCompare);
        NODE(SubLink);
        NODE(Aggregate);
        NODE(Window);
        NODE(Grouping);
        NODE(FieldSelect);
        NODE(Subscript);
        NODE(Relabel);
        NODE(CoerceViaIo);
        NODE(ArrayCoerce);
        NODE(CoerceToDomain);
        NODE(DomainValue);
        NODE(Collate);
        NODE(SqlValue);
        NODE(Default);
        NODE(NextValue);
        NODE(WholeRow);
#undef NODE
    }
    throw InternalError(__FILE__, __LINE__, "unknown kind of expression");
}

template <typename List, typename F>
void each(List& list, F&& f) {
    for (auto& item : list) f(item);
}

// children(node, f): f on each child slot of the node. Node is const or not; leaves have none.
template <typename Node, typename F>
void children(Node& node, F&& f) {
    using Plain = std::remove_const_t<Node>;
    if constexpr (std::is_same_v<Plain, ScalarArrayOpExpr>) {
        f(node.left), f(node.right);
    } else if constexpr (std::is_same_v<Plain, FuncExpr> || std::is_same_v<Plain, BoolExpr> ||
                         std::is_same_v<Plain, CoalesceExpr> || std::is_same_v<Plain, MinMaxExpr> ||
                         std::is_same_v<Plain, GroupingExpr>) {
        each(node.args, f);
    } else if constexpr (std::is_same_v<Plain, CaseExpr>) {
        f(node.arg);
        for (auto& when : node.whens) f(when.condition), f(when.result);
        f(node.default_result);
    } else if constexpr (std::is_same_v<Plain, ArrayExpr>) {
        each(node.elements, f);
    } else if constexpr (std::is_same_v<Plain, RowExpr>) {
        each(node.fields, f);
    } else if constexpr (std::is_same_v<Plain, RowCompareExpr>) {
        for (auto& pair : node.pairs) f(pair.left), f(pair.right);
    } else if constexpr (std::is_same_v<Plain, SubLinkExpr>) {
        f(node.test);
    } else if constexpr (std::is_same_v<Plain, AggregateExpr>) {
        each(node.args, f);
        for (auto& key : node.order_by) f(key.expr);
        each(node.direct_args, f);
        f(node.filter);
    } else if constexpr (std::is_same_v<Plain, WindowExpr>) {
        each(node.args, f);
        f(node.filter);
    } else if constexpr (std::is_same_v<Plain, SubscriptExpr>) {
        f(node.container);
        for (auto& index : node.indexes) f(index.lower), f(index.upper);
        f(node.assign);
    } else if constexpr (std::is_same_v<Plain, ArrayCoerceExpr>) {
        f(node.arg), f(node.element);
    } else if constexpr (requires { node.arg; }) {
        f(node.arg);
    }
}

void visit_from(const FromNode& node, const ExprVisitor& visit) {
    if (node.is_leaf()) return;
    visit_from(*node.left, visit);
    visit_from(*node.right, visit);
    if (node.condition) visit(node.condition);
}

void visit_targets(const std::vector<TargetEntry>& targets, const ExprVisitor& visit) {
    for (const TargetEntry& target : targets) visit(target.expr);
}

void visit_range_table(const Query& query, const ExprVisitor& visit,
                       const QueryVisitor& visit_query) {
    for (const RangeTableEntry& entry : query.range_table) {
        if (entry.subquery) visit_query(*entry.subquery);
        for (const auto& item : entry.functions) visit(item.call);
        for (const auto& row : entry.values) each(row, visit);
    }
}

/// References out of `query`, whose own level is `depth` (0: `query` is an expression's sublink).
void outer_references(const Query& query, int depth, const OuterReferenceVisitor& visit);

void references(const ExprPtr& expr, int depth, const OuterReferenceVisitor& visit) {
    if (!expr) return;
    int level = -1;
    if (expr->kind == ExprKind::kVar) level = as<VarExpr>(*expr).levels_up;
    if (expr->kind == ExprKind::kWholeRow) level = as<WholeRowExpr>(*expr).levels_up;
    if (expr->kind == ExprKind::kAggregate) {
        level = as<AggregateExpr>(*expr).levels_up;
        if (level == 0) level = -1;  // its arguments are what refers
    }
    if (level >= depth) visit(*expr, level - depth);
    if (expr->kind == ExprKind::kSubLink) {
        outer_references(*as<SubLinkExpr>(*expr).query, depth + 1, visit);
    }
    for_each_child(*expr, [&](const ExprPtr& child) { references(child, depth, visit); });
}

void outer_references(const Query& query, int depth, const OuterReferenceVisitor& visit) {
    for_each_expression(
        query, [&](const ExprPtr& expr) { references(expr, depth, visit); },
        [&](const Query& below) { outer_references(below, depth + 1, visit); });
}

/// What two nodes of one type must have in common besides their children.
template <typename Node>
bool same_attributes(const Node& a, const Node& b) {
    if constexpr (std::is_same_v<Node, ConstExpr>) {
        return a.value.identical(b.value);
    } else if constexpr (std::is_same_v<Node, ParamExpr>) {
        return a.number == b.number;
    } else if constexpr (std::is_same_v<Node, VarExpr>) {
        return a.rt_index == b.rt_index && a.attno == b.attno && a.levels_up == b.levels_up;
    } else if constexpr (std::is_same_v<Node, WholeRowExpr>) {
        return a.rt_index == b.rt_index && a.levels_up == b.levels_up;
    } else if constexpr (std::is_same_v<Node, FuncExpr>) {
        // The form (cast or call) is for deparsing only, except where it changes the meaning.
        auto special = [](const FuncExpr& node) {
            return node.form == FuncForm::kDistinct || node.form == FuncForm::kNullIf
                       ? static_cast<int>(node.form)
                       : 0;
        };
        return a.function == b.function && a.variadic == b.variadic && special(a) == special(b);
    } else if constexpr (std::is_same_v<Node, ScalarArrayOpExpr>) {
        return a.function == b.function && a.use_or == b.use_or;
    } else if constexpr (std::is_same_v<Node, BoolExpr>) {
        return a.op == b.op;
    } else if constexpr (std::is_same_v<Node, NullTestExpr>) {
        return a.is_null == b.is_null && a.arg_is_row == b.arg_is_row;
    } else if constexpr (std::is_same_v<Node, BooleanTestExpr>) {
        return a.test == b.test;
    } else if constexpr (std::is_same_v<Node, MinMaxExpr>) {
        return a.greatest == b.greatest;
    } else if constexpr (std::is_same_v<Node, ArrayExpr>) {
        return a.multidimensional == b.multidimensional;
    } else if constexpr (std::is_same_v<Node, RowCompareExpr>) {
        return a.strategy == b.strategy;
    } else if constexpr (std::is_same_v<Node, SubLinkExpr>) {
        return a.sublink == b.sublink && a.query == b.query;
    } else if constexpr (std::is_same_v<Node, AggregateExpr>) {
        if (a.order_by.size() != b.order_by.size()) return false;
        for (std::size_t i = 0; i < a.order_by.size(); ++i) {
            if (a.order_by[i].descending != b.order_by[i].descending ||
                a.order_by[i].nulls_first != b.order_by[i].nulls_first) {
                return false;
            }
        }
        return a.function == b.function && a.star == b.star && a.distinct == b.distinct &&
               a.levels_up == b.levels_up && a.args.size() == b.args.size() &&
               !a.filter == !b.filter;
    } else if constexpr (std::is_same_v<Node, WindowExpr>) {
        return a.function == b.function && a.star == b.star && a.window == b.window &&
               !a.filter == !b.filter;
    } else if constexpr (std::is_same_v<Node, FieldSelectExpr>) {
        return a.field == b.field;
    } else if constexpr (std::is_same_v<Node, SubscriptExpr>) {
        if (a.indexes.size() != b.indexes.size() || !a.assign != !b.assign) return false;
        for (std::size_t i = 0; i < a.indexes.size(); ++i) {
            if (a.indexes[i].is_slice != b.indexes[i].is_slice ||
                !a.indexes[i].lower != !b.indexes[i].lower ||
                !a.indexes[i].upper != !b.indexes[i].upper) {
                return false;
            }
        }
        return true;
    } else if constexpr (std::is_same_v<Node, SqlValueExpr>) {
        return a.value == b.value;
    } else if constexpr (std::is_same_v<Node, NextValueExpr>) {
        return a.sequence == b.sequence;
    } else {
        return true;
    }
}

bool is_volatile_node(const Expr& expr) {
    if (expr.kind == ExprKind::kNextValue) return true;
    if (expr.kind == ExprKind::kFunc) return as<FuncExpr>(expr).volatility == 'v';
    if (expr.kind == ExprKind::kSubLink) return contains_volatile(*as<SubLinkExpr>(expr).query);
    if (expr.kind == ExprKind::kScalarArrayOp) {
        const auto& op = as<ScalarArrayOpExpr>(expr);
        return op.user != nullptr && op.user->volatility == 'v';
    }
    return false;
}

}  // namespace

void for_each_child(const Expr& expr, const ExprVisitor& visit) {
    visit_node(expr, [&](const auto& node) {
        children(node, [&](const ExprPtr& child) {
            if (child) visit(child);
        });
    });
}

ExprPtr map_children(const ExprPtr& expr, const ExprMapper& map) {
    std::vector<ExprPtr> mapped;
    bool changed = false;
    for_each_child(*expr, [&](const ExprPtr& child) {
        mapped.push_back(map(child));
        changed = changed || mapped.back() != child;
    });
    if (!changed) return expr;
    return visit_node(*expr, [&](const auto& node) -> ExprPtr {
        auto copy = std::make_shared<std::remove_cvref_t<decltype(node)>>(node);
        std::size_t next = 0;
        children(*copy, [&](ExprPtr& child) {
            if (child) child = std::move(mapped[next++]);
        });
        return copy;
    });
}

void for_each_expression(const Query& query, const ExprVisitor& visit,
                         const QueryVisitor& visit_query) {
    auto optional = [&](const ExprPtr& expr) {
        if (expr) visit(expr);
    };
    for (const CommonTableExpr& cte : query.ctes) visit_query(*cte.query);
    visit_range_table(query, visit, visit_query);
    for (const FromNode& node : query.from) visit_from(node, visit);
    optional(query.where);
    visit_targets(query.targets, visit);
    optional(query.having);
    for (const WindowClause& window : query.windows) {
        optional(window.start_offset);
        optional(window.end_offset);
    }
    optional(query.limit);
    optional(query.offset);
    if (query.insert_select) visit_query(*query.insert_select);
    each(query.insert_select_coercions, optional);
    for (const auto& row : query.values) each(row, optional);
    if (query.on_conflict) {
        visit_targets(query.on_conflict->set, visit);
        optional(query.on_conflict->where);
    }
    for (const MergeAction& action : query.merge_actions) {
        optional(action.condition);
        visit_targets(action.set, visit);
        each(action.values, optional);
    }
    visit_targets(query.returning, visit);
}

bool any_expression(const ExprPtr& expr, const std::function<bool(const Expr&)>& test) {
    if (!expr) return false;
    if (test(*expr)) return true;
    bool found = false;
    for_each_child(*expr,
                   [&](const ExprPtr& child) { found = found || any_expression(child, test); });
    return found;
}

bool contains_volatile(const ExprPtr& expr) { return any_expression(expr, is_volatile_node); }

bool contains_volatile(const Query& query) {
    bool found = query.command != CommandKind::kSelect;
    for_each_expression(
        query, [&](const ExprPtr& expr) { found = found || contains_volatile(expr); },
        [&](const Query& below) { found = found || contains_volatile(below); });
    return found;
}

bool contains_sublink(const ExprPtr& expr) {
    return any_expression(expr, [](const Expr& node) { return node.kind == ExprKind::kSubLink; });
}

bool contains_set_function(const ExprPtr& expr) {
    return any_expression(expr, [](const Expr& node) {
        return node.kind == ExprKind::kFunc && as<FuncExpr>(node).returns_set;
    });
}

namespace {

template <typename Cast>
ExprPtr below_implicit(const ExprPtr& expr) {
    const auto& cast = as<Cast>(*expr);
    return cast.is_explicit ? nullptr : cast.arg;
}

}  // namespace

ExprPtr strip_implicit_casts(const ExprPtr& expr) {
    ExprPtr below;
    switch (expr->kind) {
        case ExprKind::kFunc:
            if (as<FuncExpr>(*expr).form == FuncForm::kImplicitCast) below = as<FuncExpr>(*expr).args[0];
            break;
        case ExprKind::kRelabel: below = below_implicit<RelabelExpr>(expr); break;
        case ExprKind::kCoerceViaIo: below = below_implicit<CoerceViaIoExpr>(expr); break;
        case ExprKind::kArrayCoerce: below = below_implicit<ArrayCoerceExpr>(expr); break;
        case ExprKind::kCoerceToDomain: below = below_implicit<CoerceToDomainExpr>(expr); break;
        default: break;
    }
    return below ? strip_implicit_casts(below) : expr;
}

bool equal_expressions(const Expr& a, const Expr& b) {
    if (&a == &b) return true;
    if (a.kind != b.kind || a.type != b.type || a.typmod != b.typmod) return false;
    if (!visit_node(a, [&](const auto& node) {
            return same_attributes(node, static_cast<decltype(node)>(b));
        })) {
        return false;
    }
    std::vector<ExprPtr> left, right;
    for_each_child(a, [&](const ExprPtr& child) { left.push_back(child); });
    for_each_child(b, [&](const ExprPtr& child) { right.push_back(child); });
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (!equal_expressions(*left[i], *right[i])) return false;
    }
    return true;
}

void for_each_outer_reference(const Query& query, const OuterReferenceVisitor& visit) {
    outer_references(query, 1, [&](const Expr& reference, int levels) {
        visit(reference, levels + 1);
    });
}

void for_each_reference(const ExprPtr& expr, const OuterReferenceVisitor& visit) {
    references(expr, 0, visit);
}

}  // namespace cdcsim::pg
