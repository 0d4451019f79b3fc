// Conditions on a subquery in FROM go into it: below its sort, its DISTINCT, its groups or the branches of
// its UNION. Which rows there are stays the same; the order of ties does not. Mirrors allpaths.c's
// subquery_is_pushdown_safe, qual_is_pushdown_safe and subquery_push_qual.
#include <algorithm>
#include <optional>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/merge_subqueries.h"
#include "sim/postgres/executor/push_down.h"
#include "sim/postgres/planner/conditions.h"

namespace cdcsim::pg {
namespace {

bool has_set_function(const Query& query) {
    return std::ranges::any_of(query.targets, [](const TargetEntry& target) { return contains_set_function(target.expr); });
}

bool in_list(const std::vector<int>& list, const TargetEntry& target) {
    return target.sort_group_ref != 0 && std::ranges::find(list, target.sort_group_ref) != list.end();
}

/// check_output_expressions, for one column that a condition refers to.
bool is_safe_target(const Query& query, const TargetEntry& target) {
    if (contains_volatile(target.expr) || contains_set_function(target.expr)) return false;
    if (!query.distinct_on.empty() && !in_list(query.distinct_on, target)) return false;
    return std::ranges::all_of(query.windows, [&](const WindowClause& window) { return in_list(window.partition_by, target); });
}

bool has_safe_branches(const SetOpNode& node) {
    if (node.op == SetOp::kExcept) return false;
    return node.op == SetOp::kNone || (has_safe_branches(*node.left) && has_safe_branches(*node.right));
}

const TargetEntry* find_target(const Query& query, int attno) {
    for (const TargetEntry& target : query.targets) {
        if (!target.junk && --attno == 0) return &target;
    }
    return nullptr;
}

bool takes_conditions(const Query& query) {
    return query.command == CommandKind::kSelect && !query.limit && !query.offset && query.grouping_sets.empty() && query.row_marks.empty();
}

/// Whether the column is of that type in the query, and in each branch of a UNION.
bool takes_column(const Query& query, const VarExpr& var) {
    const TargetEntry* target = find_target(query, var.attno);
    if (target == nullptr || target->expr->type != var.type) return false;
    if (!query.set_operations) return is_safe_target(query, *target);
    return std::ranges::all_of(query.range_table, [&](const RangeTableEntry& rte) {
        const bool plain = rte.kind == RteKind::kSubquery && takes_conditions(*rte.subquery) && !rte.subquery->set_operations;
        if (!plain || !takes_column(*rte.subquery, var)) return false;
        // PostgreSQL's cast to the common type stands above the branch.
        return strip_implicit_casts(find_target(*rte.subquery, var.attno)->expr)->type == var.type;
    });
}

/// `expr` one level further down, with the query's own expressions for its columns.
ExprPtr moved_into(const Query& query, const ExprPtr& expr) {
    if (expr->kind == ExprKind::kVar) {
        const auto& var = as<VarExpr>(*expr);
        if (var.levels_up == 0) return find_target(query, var.attno)->expr;
        auto outer = std::make_shared<VarExpr>(var);
        ++outer->levels_up;
        return outer;
    }
    if (expr->kind == ExprKind::kWholeRow) {
        auto outer = std::make_shared<WholeRowExpr>(as<WholeRowExpr>(*expr));
        ++outer->levels_up;
        return outer;
    }
    return map_children(expr, [&](const ExprPtr& child) { return moved_into(query, child); });
}

void add_condition(ExprPtr& conditions, ExprPtr condition) {
    if (!conditions) {
        conditions = std::move(condition);
        return;
    }
    auto both = std::make_shared<BoolExpr>();
    both->op = BoolOp::kAnd;
    both->type = condition->type;
    std::vector<ExprPtr> all;
    flatten_and(conditions, all);
    all.push_back(std::move(condition));
    both->args = std::move(all);
    conditions = std::move(both);
}

bool needs_groups(const ExprPtr& condition) {
    return contains_sublink(condition) || any_expression(condition, [](const Expr& node) { return node.kind == ExprKind::kAggregate; });
}

void push_into(std::shared_ptr<const Query>& subquery, const ExprPtr& condition) {
    std::shared_ptr<Query> query = std::make_shared<Query>(*subquery);
    if (query->set_operations) {
        for (RangeTableEntry& rte : query->range_table) push_into(rte.subquery, condition);
    } else {
        ExprPtr moved = moved_into(*query, condition);
        const bool grouped = query->has_aggregates || !query->group_by.empty() || query->having;
        // Without groups a condition of HAVING stands before and after the aggregates.
        if (grouped && (needs_groups(moved) || query->group_by.empty())) {
            add_condition(query->having, std::move(moved));
        } else {
            add_condition(query->where, std::move(moved));
        }
    }
    subquery = std::move(query);
}

/// Whether a side of `condition` is a value of its own: `column = constant` tells the level about its joins.
bool says_value(const ExprPtr& condition) {
    if (condition->kind != ExprKind::kFunc || as<FuncExpr>(*condition).form != FuncForm::kOperator) return false;
    const auto& args = as<FuncExpr>(*condition).args;
    constexpr int kEqualStrategy = 3;
    const BtreeOperatorRow* row = btree_row(as<FuncExpr>(*condition).op);
    if (row == nullptr || row->strategy != kEqualStrategy) return false;
    return std::ranges::any_of(args, [](const ExprPtr& arg) { return relations_of(arg).empty(); });
}

class PushDown {
  public:
    explicit PushDown(Query& query) : query_(query) {}

    bool run() {
        for (const FromNode& node : query_.from) look(node);
        if (reached_.empty()) return false;
        const bool joined = query_.from.size() > 1 || !query_.from.front().is_leaf();
        query_.where = without_pushed(query_.where, joined);
        for (FromNode& node : query_.from) take_from_joins(node);
        return changed_;
    }

  private:
    /// Notes the subqueries whose columns no outer join makes NULL.
    void look(const FromNode& node) {
        if (node.is_leaf()) {
            const RangeTableEntry& rte = entry(node.rt_index);
            if (rte.kind == RteKind::kSubquery && takes_conditions(*rte.subquery) && !is_simple_subquery(*rte.subquery) &&
                (!rte.subquery->set_operations || has_safe_branches(*rte.subquery->set_operations))) {
                reached_.push_back(node.rt_index);
            }
            return;
        }
        if (node.join == JoinType::kInner || node.join == JoinType::kLeft) look(*node.left);
        if (node.join == JoinType::kInner || node.join == JoinType::kRight) look(*node.right);
    }

    void take_from_joins(FromNode& node) {
        if (node.is_leaf() || node.join != JoinType::kInner) return;
        node.condition = without_pushed(node.condition, true);
        take_from_joins(*node.left);
        take_from_joins(*node.right);
    }

    ExprPtr without_pushed(const ExprPtr& where, bool joined) {
        if (!where) return where;
        std::vector<ExprPtr> conjuncts;
        flatten_and(where, conjuncts);
        ExprPtr rest;
        bool pushed = false;
        for (const ExprPtr& condition : conjuncts) {
            if (!(joined && says_value(condition)) && push(condition)) {
                pushed = changed_ = true;
            } else {
                add_condition(rest, condition);
            }
        }
        return pushed ? rest : where;
    }

    bool push(const ExprPtr& condition) {
        if (contains_volatile(condition) || contains_sublink(condition) || contains_set_function(condition)) return false;
        const std::vector<int> relations = relations_of(condition);
        if (relations.size() != 1 || std::ranges::find(reached_, relations[0]) == reached_.end()) return false;
        RangeTableEntry& rte = entry(relations[0]);
        const bool blocked = any_expression(condition, [&](const Expr& node) {
            if (node.kind == ExprKind::kWholeRow) return as<WholeRowExpr>(node).levels_up == 0;
            return node.kind == ExprKind::kVar && as<VarExpr>(node).levels_up == 0 && !takes_column(*rte.subquery, as<VarExpr>(node));
        });
        if (blocked) return false;
        push_into(rte.subquery, condition);
        if (says_value(condition)) query_.known_below.push_back(condition);
        return true;
    }

    RangeTableEntry& entry(int rt_index) { return query_.range_table[static_cast<std::size_t>(rt_index - 1)]; }

    Query& query_;
    std::vector<int> reached_;
    bool changed_ = false;
};

}  // namespace

bool push_down(Query& query) { return PushDown(query).run(); }

std::shared_ptr<const Query> simplify_exists(const std::shared_ptr<const Query>& query, Host& host) {
    const bool writes = std::ranges::any_of(query->ctes, [](const CommonTableExpr& cte) { return cte.query->command != CommandKind::kSelect; });
    if (query->command != CommandKind::kSelect || query->set_operations || query->has_aggregates || !query->grouping_sets.empty() || query->has_windows || writes ||
        query->having || query->offset || !query->row_marks.empty() || has_set_function(*query)) {
        return query;
    }
    if (query->limit) {
        const ExprPtr limit = fold_constants(query->limit, host);
        if (limit->kind != ExprKind::kConst) return query;
        const Datum& count = as<ConstExpr>(*limit).value;
        if (!count.is_null() && count.as_int() <= 0) return query;
    }
    std::shared_ptr<Query> simple = std::make_shared<Query>(*query);
    simple->limit = nullptr;
    simple->targets.clear();
    simple->group_by.clear();
    simple->windows.clear();
    simple->distinct = false;
    simple->distinct_on.clear();
    simple->order_by.clear();
    return simple;
}

}  // namespace cdcsim::pg
