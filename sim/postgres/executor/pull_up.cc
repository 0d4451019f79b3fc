// What PostgreSQL's planner does to the subqueries in FROM before it plans: WITH queries referred to once
// stand in place, simple ones are merged, conditions go into the others, and what nobody refers to is not
// computed. Mirrors the order of subquery_planner; inline_cte; remove_unused_subquery_outputs.
#include <set>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/merge_subqueries.h"
#include "sim/postgres/executor/push_down.h"
#include "sim/postgres/executor/select.h"

namespace cdcsim::pg {
namespace {

using Column = std::pair<int, int>;  ///< range table entry, attribute number

/// The columns of this level that are referred to at any depth; (rt, 0) for a whole row.
std::set<Column> used_columns(const Query& query) {
    std::set<Column> used;
    auto note = [&](const Expr& reference) {
        if (reference.kind == ExprKind::kVar) used.insert({as<VarExpr>(reference).rt_index, as<VarExpr>(reference).attno});
        if (reference.kind == ExprKind::kWholeRow) used.insert({as<WholeRowExpr>(reference).rt_index, 0});
    };
    for_each_expression(query,
                        [&](const ExprPtr& expr) {
                            if (!expr) return;
                            for_each_reference(expr, [&](const Expr& reference, int levels) {
                                if (levels == 0) note(reference);
                            });
                        },
                        [&](const Query& below) {
                            for_each_outer_reference(below, [&](const Expr& reference, int levels) {
                                if (levels == 1) note(reference);
                            });
                        });
    return used;
}

class PullUp {
  public:
    explicit PullUp(const Query& query) : query_(query) {}

    /// nullptr: nothing changes.
    std::shared_ptr<const Query> run() {
        result_ = std::make_shared<Query>(query_);
        pull_up_below();
        if (query_.set_operations) return changed_ ? result_ : nullptr;
        if (merge_subqueries(*result_)) changed_ = true;
        if (merge_union(*result_)) return result_;
        if (query_.grouping_sets.empty() && !result_->from.empty() && push_down(*result_)) {
            changed_ = true;
            pull_up_below();
        }
        drop_unused();
        return changed_ ? result_ : nullptr;
    }

  private:
    void pull_up_below() {
        for (RangeTableEntry& rte : result_->range_table) {
            if (rte.kind != RteKind::kSubquery) continue;
            std::shared_ptr<const Query> below = pull_up(rte.subquery);
            changed_ = changed_ || below != rte.subquery;
            rte.subquery = std::move(below);
        }
    }

    RangeTableEntry& entry(int rt_index) { return result_->range_table[static_cast<std::size_t>(rt_index - 1)]; }

    static bool is_droppable(const ExprPtr& expr) {
        const bool cheap = expr->kind == ExprKind::kConst || expr->kind == ExprKind::kVar || expr->kind == ExprKind::kParam;
        return !cheap && !contains_volatile(expr) && !contains_set_function(expr) && !any_expression(expr, [](const Expr& e) {
            return e.kind == ExprKind::kAggregate || e.kind == ExprKind::kWindow || e.kind == ExprKind::kGrouping;
        });
    }

    void drop(ExprPtr& expr) {
        auto null = std::make_shared<ConstExpr>();
        null->type = expr->type;
        null->typmod = expr->typmod;
        null->collation = expr->collation;
        expr = std::move(null);
        changed_ = true;
    }

    void drop_unused() {
        const std::set<Column> used = used_columns(*result_);
        auto is_used = [&](int rt_index, int attno) { return used.contains({rt_index, 0}) || used.contains({rt_index, attno}); };
        for (int rt_index = 1; rt_index <= static_cast<int>(result_->range_table.size()); ++rt_index) {
            RangeTableEntry& rte = entry(rt_index);
            if (rte.kind != RteKind::kSubquery || rte.subquery->set_operations || rte.subquery->distinct || rte.subquery->command != CommandKind::kSelect ||
                !rte.subquery->grouping_sets.empty()) {
                continue;
            }
            std::shared_ptr<Query> below;
            int attno = 0;
            for (std::size_t i = 0; i < rte.subquery->targets.size(); ++i) {
                const TargetEntry& target = rte.subquery->targets[i];
                if (target.junk) continue;
                ++attno;
                if (target.sort_group_ref != 0 || is_used(rt_index, attno) || !is_droppable(target.expr)) continue;
                if (!below) below = std::make_shared<Query>(*rte.subquery);
                drop(below->targets[i].expr);
            }
            if (below) rte.subquery = std::move(below);
        }
    }

    const Query& query_;
    std::shared_ptr<Query> result_;
    bool changed_ = false;
};

}  // namespace

std::shared_ptr<const Query> pull_up(const std::shared_ptr<const Query>& query) {
    const bool is_planned = query->command == CommandKind::kSelect || query->command == CommandKind::kMerge;
    if ((query->from.empty() && !query->set_operations) || !is_planned) return query;
    bool wanted = false;
    for (const RangeTableEntry& rte : query->range_table) {
        wanted = wanted || rte.kind == RteKind::kSubquery || rte.kind == RteKind::kValues;
    }
    if (!wanted) return query;
    std::shared_ptr<const Query> changed = PullUp(*query).run();
    return changed ? changed : query;
}

}  // namespace cdcsim::pg
