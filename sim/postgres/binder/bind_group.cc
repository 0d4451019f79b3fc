// Columns outside GROUP BY. Mirrors parse_agg.c's parseCheckAggregates and
// check_ungrouped_columns_walker.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

class UngroupedCheck {
  public:
    explicit UngroupedCheck(ParseState& state) : state_(state) {
        const Query& query = *state.query;
        for (const TargetEntry& target : query.targets) {
            bool grouped = std::ranges::find(query.group_by, target.sort_group_ref) != query.group_by.end();
            if (target.sort_group_ref != 0 && grouped) groups_.push_back(target.expr);
        }
    }

    void check(const Expr& expr, int levels = 0) {
        if (expr.kind == ExprKind::kAggregate && levels == 0) return check_direct_args(as<AggregateExpr>(expr));
        if (expr.kind == ExprKind::kGrouping && levels == 0) return;
        if (levels == 0) {
            for (const ExprPtr& group : groups_) {
                if (equal_expressions(*group, expr)) return;
            }
        }
        if (expr.kind == ExprKind::kVar && as<VarExpr>(expr).levels_up == levels) check_var(as<VarExpr>(expr), levels);
        if (expr.kind == ExprKind::kWholeRow && as<WholeRowExpr>(expr).levels_up == levels) {
            const RangeTableEntry& rte = state_.rte(as<WholeRowExpr>(expr).rt_index);
            refuse(rte, "*", levels, expr.location, as<WholeRowExpr>(expr).rt_index);
        }
        if (expr.kind == ExprKind::kSubLink) check_query(*as<SubLinkExpr>(expr).query, levels + 1);
        for_each_child(expr, [&](const ExprPtr& child) { check(*child, levels); });
    }

  private:
    void check_direct_args(const AggregateExpr& aggregate) {
        is_direct_arg_ = true;
        for (const ExprPtr& arg : aggregate.direct_args) check(*arg);
        is_direct_arg_ = false;
    }

    void check_query(const Query& query, int levels) {
        auto one = [&](const ExprPtr& expr) {
            if (expr) check(*expr, levels);
        };
        for (const TargetEntry& target : query.targets) one(target.expr);
        one(query.where);
        one(query.having);
        for (const RangeTableEntry& rte : query.range_table) {
            if (rte.subquery) check_query(*rte.subquery, levels + 1);
            for (const auto& item : rte.functions) one(item.call);
        }
    }

    void check_var(const VarExpr& var, int levels) {
        if (levels > 0) {
            bool grouped = std::ranges::any_of(groups_, [&](const ExprPtr& group) {
                return group->kind == ExprKind::kVar && as<VarExpr>(*group).rt_index == var.rt_index &&
                       as<VarExpr>(*group).attno == var.attno && as<VarExpr>(*group).levels_up == 0;
            });
            if (grouped) return;
        }
        const RangeTableEntry& rte = state_.rte(var.rt_index);
        std::string column = var.attno > 0 ? rte.columns[static_cast<std::size_t>(var.attno - 1)].name : "ctid";
        refuse(rte, column, levels, var.location, var.rt_index);
    }

    /// A primary key in GROUP BY determines all other columns of its table.
    bool depends_on_key(const RangeTableEntry& rte, int rt_index) const {
        if (rte.kind != RteKind::kRelation || !rte.relation) return false;
        const Constraint* key = rte.relation->primary_key();
        if (key == nullptr || key->deferrable) return false;
        return std::ranges::all_of(key->columns, [&](int attno) {
            return std::ranges::any_of(groups_, [&](const ExprPtr& group) {
                return group->kind == ExprKind::kVar && as<VarExpr>(*group).rt_index == rt_index &&
                       as<VarExpr>(*group).attno == attno && as<VarExpr>(*group).levels_up == 0;
            });
        });
    }

    void refuse(const RangeTableEntry& rte, const std::string& column, int levels, int location, int rt_index) const {
        if (depends_on_key(rte, rt_index)) return;
        if (levels > 0) {
            throw SqlError("42803", fmt::format("subquery uses ungrouped column \"{}.{}\" from outer query", rte.alias, column)).at(location);
        }
        std::string text = fmt::format("column \"{}.{}\" must appear in the GROUP BY clause or be used in an aggregate function", rte.alias, column);
        if (!is_direct_arg_) throw SqlError("42803", std::move(text)).at(location);
        throw SqlError("42803", std::move(text)).detail("Direct arguments of an ordered-set aggregate must use only grouped columns.").at(location);
    }

    ParseState& state_;
    std::vector<ExprPtr> groups_;
    bool is_direct_arg_ = false;
};

int first_aggregate(const Query& query) {
    int location = -1;
    auto look = [&](const ExprPtr& expr) {
        any_expression(expr, [&](const Expr& e) {
            if (location < 0 && e.kind == ExprKind::kAggregate) location = e.location;
            return location >= 0;
        });
    };
    for (const TargetEntry& target : query.targets) look(target.expr);
    look(query.having);
    return location;
}

}  // namespace

void check_grouping(ParseState& state) {
    Query& query = *state.query;
    if (!query.has_aggregates && query.group_by.empty() && !query.having) return;
    UngroupedCheck check(state);
    for (const TargetEntry& target : query.targets) check.check(*target.expr);
    if (query.having) check.check(*query.having);
    const bool recursive_term = std::ranges::any_of(query.range_table, [](const RangeTableEntry& rte) { return rte.self_reference; });
    if (recursive_term && query.has_aggregates) {
        throw SqlError("42P19", "aggregate functions are not allowed in a recursive query's recursive term").at(first_aggregate(query));
    }
}

namespace {

bool must_stay_in_having(const ExprPtr& condition) {
    return contains_volatile(condition) || contains_sublink(condition) ||
           any_expression(condition, [](const Expr& e) { return e.kind == ExprKind::kAggregate || e.kind == ExprKind::kGrouping; });
}

}  // namespace

void move_having_to_where(Query& query) {
    if (!query.having || query.group_by.empty() || !query.grouping_sets.empty()) return;
    auto conjuncts = [](const ExprPtr& expr) {
        bool is_and = expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kAnd;
        return is_and ? as<BoolExpr>(*expr).args : std::vector<ExprPtr>{expr};
    };
    std::vector<ExprPtr> all = conjuncts(query.having), where, having;
    if (query.where) where = conjuncts(query.where);
    for (const ExprPtr& condition : all) (must_stay_in_having(condition) ? having : where).push_back(condition);
    if (having.size() == all.size()) return;
    auto joined = [](std::vector<ExprPtr> parts) { return parts.empty() ? nullptr : parts.size() == 1 ? parts[0] : make_bool(BoolOp::kAnd, std::move(parts)); };
    query.where = joined(std::move(where));
    query.having = joined(std::move(having));
}

void drop_unread_tables(Query& query) {
    if ((!query.having && query.grouping_sets.empty()) || query.has_aggregates || !query.group_by.empty()) return;
    query.from.clear();
    query.where = nullptr;
}

}  // namespace cdcsim::pg
