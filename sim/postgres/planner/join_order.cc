// Which items may be joined with which, and the search over them. Mirrors joinrels.c and standard_join_search.
#include <algorithm>
#include <bit>

#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/join_search.h"

namespace cdcsim::pg {
namespace {

template <typename Mask>
bool contains(Mask set, Mask part) {
    return (part & ~set) == 0;
}

}  // namespace

/// Whether the rows of these items, joined, can be asked what WHERE asks of an outer join's result.
bool JoinPlanner::is_due(const Filter& late, Mask mask) const {
    return contains(mask, late.mask) && std::ranges::all_of(outer_joins_, [&](const OuterJoin& join) {
        return (join.nullable() & late.mask) == 0 || contains(mask, join.min_left | join.min_right);
    });
}

/// Whether a condition is about both (have_relevant_joinclause).
bool JoinPlanner::is_related(Mask a, Mask b) const {
    auto relates = [&](Mask mask) { return (mask & a) != 0 && (mask & b) != 0; };
    for (const Class& known : classes_) {
        Mask mask = 0;
        for (const Side& member : known.members) mask |= member.mask;
        if (!known.has_constant && relates(mask)) return true;
    }
    for (const OuterJoin& join : outer_joins_) {
        if (!join.filters.empty() && relates(join.min_left | join.min_right)) return true;
    }
    return std::ranges::any_of(filters_, [&](const Filter& filter) { return relates(filter.mask); });
}

/// The items that the rows of these cannot be computed without (lateral_relids).
JoinPlanner::Mask JoinPlanner::lateral_of(Mask mask) const {
    Mask found = 0;
    for (Mask left = mask; left != 0;) {
        const Mask next = direct_lateral_of(left) & ~mask & ~found;
        found |= next;
        left = next;
    }
    return found;
}

JoinPlanner::Mask JoinPlanner::direct_lateral_of(Mask mask) const {
    Mask found = 0;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        if ((mask >> i & 1) != 0) found |= mask_of(leaves_[i].lateral);
    }
    return found & ~mask;
}

/// have_join_order_restriction.
bool JoinPlanner::must_be_joined(Mask a, Mask b) const {
    if ((direct_lateral_of(a) & b) != 0 || (direct_lateral_of(b) & a) != 0) return true;
    const bool wanted = std::ranges::any_of(outer_joins_, [&](const OuterJoin& join) {
        if (join.is_full()) return false;
        auto completes = [&](Mask side) { return (side & a) != 0 && (side & b) != 0; };
        return (contains(a, join.min_left) && contains(b, join.min_right)) || (contains(b, join.min_left) && contains(a, join.min_right)) ||
               completes(join.min_right) || completes(join.min_left);
    });
    return wanted && !can_be_joined_elsewhere(a) && !can_be_joined_elsewhere(b);
}

/// has_legal_joinclause.
bool JoinPlanner::can_be_joined_elsewhere(Mask mask) const {
    return std::ranges::any_of(levels_[1], [&](Mask item) { return (item & mask) == 0 && is_related(mask, item) && legality(mask, item).is_legal; });
}

/// Whether something says with what it is joined (joininfo, has_eclass_joins, has_join_restriction).
bool JoinPlanner::has_joins(Mask mask) const {
    Mask all = 0;
    for (const Mask item : levels_[1]) all |= item;
    if (is_related(mask, all & ~mask) || lateral_of(mask) != 0 || (lateral_of(all & ~mask) & mask) != 0) return true;
    return std::ranges::any_of(levels_[1], [&](Mask item) { return (direct_lateral_of(item) & mask) != 0; }) ||
           std::ranges::any_of(outer_joins_, [&](const OuterJoin& join) {
               return !join.is_full() && !contains(mask, join.min_left | join.min_right) && ((join.min_left | join.min_right) & mask) != 0;
           });
}

/// The outer join that joining the two sides is, if it is allowed (join_is_legal).
JoinPlanner::Legality JoinPlanner::legality(Mask a, Mask b) const {
    Legality result;
    bool must_be_left = false;
    const Mask both = a | b;
    for (const OuterJoin& join : outer_joins_) {
        if ((join.min_right & both) == 0 || contains(join.min_right, both)) continue;
        if (contains(a, join.min_left | join.min_right) || contains(b, join.min_left | join.min_right)) continue;
        const bool forward = contains(a, join.min_left) && contains(b, join.min_right);
        const bool backward = contains(b, join.min_left) && contains(a, join.min_right);
        if (forward || backward) {
            if (result.outer_join != nullptr) return {};
            result.outer_join = &join;
            result.is_reversed = !forward;
            continue;
        }
        if ((a & join.min_right) != 0 && (b & join.min_right) != 0) continue;
        if (join.kind != OuterJoin::Kind::kLeft || (both & join.min_left) != 0) return {};
        must_be_left = true;
    }
    const OuterJoin* found = result.outer_join;
    if (must_be_left && (found == nullptr || found->kind != OuterJoin::Kind::kLeft || !found->is_left_strict)) return {};
    result.is_legal = is_lateral_legal(a, b, result);
    return result;
}

bool JoinPlanner::is_lateral_legal(Mask a, Mask b, const Legality& known) const {
    const bool forward = (lateral_of(b) & a) != 0, backward = (lateral_of(a) & b) != 0;
    if (forward && backward) return false;
    const bool is_full = known.outer_join != nullptr && known.outer_join->is_full();
    if (forward && ((known.outer_join != nullptr && (known.is_reversed || is_full)) || (direct_lateral_of(b) & a) == 0)) return false;
    if (backward && ((known.outer_join != nullptr && (!known.is_reversed || is_full)) || (direct_lateral_of(a) & b) == 0)) return false;
    const Mask needed = lateral_of(a | b);
    Mask joined = a | b;
    for (bool more = needed != 0; more;) {
        more = false;
        for (const OuterJoin& join : outer_joins_) {
            if (join.is_full() || (join.min_left & joined) == 0 || contains(joined, join.min_right)) continue;
            joined |= join.min_right;
            more = true;
        }
    }
    return (joined & needed) == 0;
}

void JoinPlanner::make_join(const JoinRelation& a, const JoinRelation& b) {
    const Legality known = legality(a.mask, b.mask);
    if (!known.is_legal) return;
    const OuterJoin* outer_join = known.outer_join;
    const JoinRelation &left = known.is_reversed ? b : a, &right = known.is_reversed ? a : b;
    auto [it, is_new] = relations_.try_emplace(a.mask | b.mask);
    JoinRelation& joined = it->second;
    if (is_new) {
        joined.mask = a.mask | b.mask;
        levels_[static_cast<std::size_t>(std::popcount(joined.mask))].push_back(joined.mask);
        joined.rows = joined_rows(left, right, outer_join);
    }
    if (outer_join != nullptr && outer_join->kind == OuterJoin::Kind::kAnti) return add_paths(joined, left, right, PathJoin::kAnti, outer_join);
    PathJoin forward = PathJoin::kInner, backward = PathJoin::kInner;
    if (outer_join != nullptr) {
        forward = outer_join->is_full() ? PathJoin::kFull : PathJoin::kLeft;
        backward = outer_join->is_full() ? PathJoin::kFull : PathJoin::kRight;
    }
    add_paths(joined, left, right, forward, outer_join);
    add_paths(joined, right, left, backward, outer_join);
    if (joined.paths.empty() && forward == PathJoin::kFull) throw SqlError("0A000", "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions");
}

/// calc_joinrel_size_estimate.
double JoinPlanner::joined_rows(const JoinRelation& left, const JoinRelation& right, const OuterJoin* outer_join) {
    const JoinClauses clauses = clauses_between(left.mask, right.mask, outer_join);
    double rows = left.rows * right.rows * inner_selectivity(clauses);
    if (outer_join != nullptr) rows = std::max(rows, left.rows);
    if (outer_join != nullptr && outer_join->is_full()) rows = std::max(rows, right.rows);
    if (outer_join != nullptr && outer_join->kind == OuterJoin::Kind::kAnti) rows = left.rows * (1 - semi_selectivity(clauses, right.rows));
    const Mask both = left.mask | right.mask;
    for (const Filter& late : late_filters_) {
        if (is_due(late, both) && !is_due(late, left.mask) && !is_due(late, right.mask)) rows *= late.selectivity;
    }
    return clamp_rows(rows);
}

void JoinPlanner::join_with_each(Mask mask, std::span<const Mask> others, bool is_linked_only) {
    for (const Mask other : others) {
        if ((mask & other) != 0) continue;
        if (is_linked_only && !is_related(mask, other) && !must_be_joined(mask, other)) continue;
        make_join(relations_.at(mask), relations_.at(other));
    }
}

/// join_search_one_level.
void JoinPlanner::search_level(std::size_t level) {
    const std::vector<Mask> below = levels_[level - 1];
    const std::vector<Mask> items = levels_[1];
    for (std::size_t i = 0; i < below.size(); ++i) {
        const bool is_linked = has_joins(below[i]);
        join_with_each(below[i], std::span(items).subspan(is_linked && level == 2 ? i + 1 : 0), is_linked);
    }
    for (std::size_t small = 2; small <= level - small; ++small) {
        const std::vector<Mask> smaller = levels_[small], bigger = levels_[level - small];
        for (std::size_t i = 0; i < smaller.size(); ++i) {
            if (has_joins(smaller[i])) join_with_each(smaller[i], std::span(bigger).subspan(small == level - small ? i + 1 : 0), true);
        }
    }
    if (!levels_[level].empty()) return;
    for (const Mask mask : below) join_with_each(mask, items, false);
}

bool JoinPlanner::search() {
    levels_.assign(leaves_.size() + 1, {});
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        JoinRelation relation = leaf_relation(i);
        levels_[1].push_back(relation.mask);
        relations_.emplace(relation.mask, std::move(relation));
    }
    for (std::size_t level = 2; level <= leaves_.size(); ++level) search_level(level);
    return levels_.back().size() == 1;
}

}  // namespace cdcsim::pg
