// Subqueries in FROM that PostgreSQL's planner merges into the query above: their constant columns take
// part in its constant folding, and what nobody refers to is not computed. Mirrors prepjointree.c's
// pull_up_subqueries and allpaths.c's remove_unused_subquery_outputs as far as they can be seen: the
// subquery itself stays where it is.
#include <map>
#include <set>

#include "sim/postgres/binder/bound_walk.h"
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
        result_ = copy_select(query_);
        write_in_place();
        pull_up_below();
        for (const FromNode& node : result_->from) look(node, false, false);
        if (!constants_.empty()) replace_constants();
        if (push_down(*result_)) {
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

    /// inline_cte: the query of a WITH stands in place of its only reference.
    void write_in_place() {
        if (!query_.row_marks.empty()) return;
        for (RangeTableEntry& rte : result_->range_table) {
            if (rte.kind != RteKind::kCte || rte.cte_levels_up != 0 || rte.self_reference || rte.cte < 0) continue;
            const CommonTableExpr& cte = query_.ctes.at(static_cast<std::size_t>(rte.cte));
            const bool once = cte.reference_count == 1 && !cte.materialized;
            if (!(once || cte.not_materialized) || cte.recursive || cte.query->command != CommandKind::kSelect || !cte.query->row_marks.empty() || contains_volatile(*cte.query)) continue;
            rte.kind = RteKind::kSubquery;
            rte.subquery = cte.query;
            changed_ = true;
        }
    }

    /// `nullable`: an outer join above may make its columns NULL; `joined`: there is one above.
    void look(const FromNode& node, bool nullable, bool joined) {
        if (!node.is_leaf()) {
            const bool outer = node.join != JoinType::kInner;
            look(*node.left, nullable || node.join == JoinType::kRight || node.join == JoinType::kFull, joined || outer);
            look(*node.right, nullable || node.join == JoinType::kLeft || node.join == JoinType::kFull, joined || outer);
            return;
        }
        const RangeTableEntry& rte = entry(node.rt_index);
        if (rte.kind == RteKind::kValues) {
            if (rte.values.size() == 1 && !joined) note_values(node.rt_index, rte.values[0]);
            return;
        }
        const Query* below = rte.kind == RteKind::kSubquery ? rte.subquery.get() : nullptr;
        if (below == nullptr || nullable || !is_simple_subquery(*below)) return;
        int attno = 0;
        for (const TargetEntry& target : below->targets) {
            if (!target.junk) note(node.rt_index, ++attno, target.expr);
        }
    }

    void note_values(int rt_index, const std::vector<ExprPtr>& row) {
        for (const ExprPtr& value : row) {
            if (contains_volatile(value) || contains_set_function(value)) return;
        }
        single_values_.push_back(rt_index);
        int attno = 0;
        for (const ExprPtr& value : row) note(rt_index, ++attno, value);
    }

    void note(int rt_index, int attno, const ExprPtr& expr) {
        const Attribute& column = entry(rt_index).columns.at(static_cast<std::size_t>(attno - 1));
        if (expr->type == column.type && is_foldable(expr)) constants_[{rt_index, attno}] = expr;
    }

    ExprPtr replace(const ExprPtr& expr) {
        if (!expr) return expr;
        if (expr->kind == ExprKind::kVar && as<VarExpr>(*expr).levels_up == 0) {
            auto found = constants_.find({as<VarExpr>(*expr).rt_index, as<VarExpr>(*expr).attno});
            if (found == constants_.end()) return expr;
            changed_ = true;
            return found->second;
        }
        return map_children(expr, [&](const ExprPtr& child) { return replace(child); });
    }

    void replace_in(FromNode& node) {
        if (node.is_leaf()) return;
        node.condition = replace(node.condition);
        replace_in(*node.left);
        replace_in(*node.right);
    }

    void replace_constants() {
        for (TargetEntry& target : result_->targets) target.expr = replace(target.expr);
        for (FromNode& node : result_->from) replace_in(node);
        result_->where = replace(result_->where);
        result_->having = replace(result_->having);
        for (RangeTableEntry& rte : result_->range_table) {
            for (auto& function : rte.functions) function.call = replace(function.call);
        }
    }

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
        for (int rt_index : single_values_) {
            int attno = 0;
            for (ExprPtr& value : entry(rt_index).values[0]) {
                if (!is_used(rt_index, ++attno) && is_droppable(value)) drop(value);
            }
        }
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
                if (!below) below = copy_select(*rte.subquery);
                drop(below->targets[i].expr);
            }
            if (below) rte.subquery = std::move(below);
        }
    }

    const Query& query_;
    std::shared_ptr<Query> result_;
    std::map<Column, ExprPtr> constants_;
    std::vector<int> single_values_;
    bool changed_ = false;
};

}  // namespace

std::shared_ptr<const Query> pull_up(const std::shared_ptr<const Query>& query) {
    if (query->from.empty() || query->set_operations || !query->grouping_sets.empty() || query->command != CommandKind::kSelect) return query;
    bool wanted = false;
    for (const RangeTableEntry& rte : query->range_table) {
        wanted = wanted || rte.kind == RteKind::kSubquery || rte.kind == RteKind::kValues || rte.kind == RteKind::kCte;
    }
    if (!wanted) return query;
    std::shared_ptr<const Query> changed = PullUp(*query).run();
    return changed ? changed : query;
}

}  // namespace cdcsim::pg
