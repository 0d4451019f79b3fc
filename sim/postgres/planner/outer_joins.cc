// The outer joins of FROM: what WHERE leaves of them, and which must be made before which. Mirrors reduce_outer_joins
// and make_outerjoininfo.
#include <algorithm>
#include <bit>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/join_search.h"
#include "sim/postgres/planner/nullability.h"

namespace cdcsim::pg {

JoinPlanner::Mask JoinPlanner::mask_of(const std::set<int>& relations) const {
    Mask mask = 0;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        if (relations.contains(leaves_[i].rt_index)) mask |= Mask{1} << i;
    }
    return mask;
}

/// What the join is under conditions that remove rows of it: if one keeps no row where a side is missing, that side
/// is never missing.
JoinType JoinPlanner::reduced(const FromNode& node, const std::vector<ExprPtr>& above) const {
    auto is_there = [&](const FromNode& side) {
        return std::ranges::any_of(above, [&](const ExprPtr& condition) { return (mask_of(relations_not_null(condition)) & mask_of(side)) != 0; });
    };
    const bool misses_left = (node.join == JoinType::kRight || node.join == JoinType::kFull) && !is_there(*node.left);
    const bool misses_right = (node.join == JoinType::kLeft || node.join == JoinType::kFull) && !is_there(*node.right);
    if (misses_left) return misses_right ? JoinType::kFull : JoinType::kRight;
    return misses_right ? JoinType::kLeft : JoinType::kInner;
}

/// Whether only rows without a match on that side are left: a column is said to be NULL that no match has NULL.
bool JoinPlanner::is_anti(const FromNode& side, const std::vector<ExprPtr>& on, const std::vector<ExprPtr>& forced_null) const {
    ColumnSet matched;
    for (const ExprPtr& condition : on) matched.merge(columns_not_null(condition));
    return std::ranges::any_of(forced_null, [&](const ExprPtr& condition) {
        const auto column = column_forced_null(condition);
        return matched.contains(column) && (mask_of(std::set{column.first}) & mask_of(side)) != 0;
    });
}

/// What a join's ON says.
JoinPlanner::Scope JoinPlanner::add_joins(const FromNode& node, const Above& above) {
    if (node.is_leaf()) return {mask_of(node), 0};
    std::vector<ExprPtr> on;
    if (node.condition) flatten_and(fold_constants(node.condition, host_), on);
    const JoinType type = reduced(node, above.not_null);
    const Above none, own{on, on};
    if (type == JoinType::kInner) {
        Above both = above;
        both.not_null.insert(both.not_null.end(), on.begin(), on.end());
        both.forced_null.insert(both.forced_null.end(), on.begin(), on.end());
        const Scope left = add_joins(*node.left, both), right = add_joins(*node.right, both);
        for (const ExprPtr& condition : on) add_qual(condition);
        return {left.all | right.all, left.all | right.all};
    }
    OuterJoin join;
    const bool is_full = type == JoinType::kFull, is_left = type != JoinType::kRight;
    const FromNode &kept = is_left ? *node.left : *node.right, &missing = is_left ? *node.right : *node.left;
    const Scope left = add_joins(kept, is_full ? none : above), right = add_joins(missing, is_full ? none : own);
    join.left = left.all;
    join.right = right.all;
    join.kind = is_full ? OuterJoin::Kind::kFull : is_anti(missing, on, above.forced_null) ? OuterJoin::Kind::kAnti : OuterJoin::Kind::kLeft;
    add_outer_join(std::move(join), left.inner | right.inner, std::move(on));
    return {left.all | right.all, left.inner | right.inner};
}

void JoinPlanner::add_outer_join(OuterJoin join, Mask inner, std::vector<ExprPtr> on) {
    Mask referred = 0, strict = 0;
    for (const ExprPtr& condition : on) {
        referred |= mask_of(condition);
        strict |= mask_of(relations_not_null(condition));
        std::optional<Filter> filter = filter_of(condition);
        if (!filter && join.is_full()) {
            const bool is_constant = condition->kind == ExprKind::kConst;
            filter = Filter{.mask = 0, .selectivity = is_constant ? 0 : kInequality, .cost = cost_of(host_, *condition), .equality = {}, .is_constant = is_constant};
        }
        if (!filter) continue;
        // What looks at the missing side alone restricts it before the join.
        const bool is_own = !join.is_full() && (filter->mask & ~join.right) == 0 && std::has_single_bit(filter->mask) &&
                            std::ranges::none_of(outer_joins_, [&](const OuterJoin& below) { return (below.nullable() & filter->mask) != 0; });
        if (is_own) {
            leaves_[static_cast<std::size_t>(std::countr_zero(filter->mask))].add_condition(condition);
            side_conditions_.push_back(condition);
        } else {
            join.filters.push_back(std::move(*filter));
        }
    }
    join.on = std::move(on);
    note_order(join, inner, referred, strict);
    outer_joins_.push_back(std::move(join));
}

/// `inner`: the items that are joined without outer joins; `referred`: those that ON names, `strict`: those whose
/// NULLs match nothing.
void JoinPlanner::note_order(OuterJoin& join, Mask inner, Mask referred, Mask strict) const {
    if (join.is_full()) {
        join.min_left = join.left;
        join.min_right = join.right;
        return;
    }
    join.is_left_strict = (strict & join.left) != 0;
    join.min_left = referred & join.left;
    join.min_right = (referred | inner) & join.right;
    const bool is_plain = join.kind == OuterJoin::Kind::kLeft;
    for (const OuterJoin& below : outer_joins_) {
        const Mask all = below.left | below.right;
        if (below.is_full()) {
            if ((join.left & all) != 0) join.min_left |= all;
            if ((join.right & all) != 0) join.min_right |= all;
            continue;
        }
        const bool is_named = (referred & below.right) != 0;
        if ((join.left & below.right) != 0 && is_named && (!is_plain || (strict & below.min_right) == 0)) join.min_left |= all;
        const bool commutes = !is_named && (referred & below.min_left) != 0 && is_plain && below.kind == OuterJoin::Kind::kLeft && below.is_left_strict;
        if ((join.right & below.right) != 0 && !commutes) join.min_right |= all;
    }
    if (join.min_left == 0) join.min_left = join.left;
    if (join.min_right == 0) join.min_right = join.right;
}

}  // namespace cdcsim::pg
