// Mirrors prepjointree.c's pull_up_subqueries and remove_useless_result_rtes. What PostgreSQL marks with a
// PlaceHolderVar, an expression that an outer join makes NULL, is a CASE over a row's presence here.
#include "sim/postgres/executor/merge_subqueries.h"

#include <algorithm>
#include <functional>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/map_references.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr int kTableOid = -6;

int levels_of(const Expr& reference) {
    return reference.kind == ExprKind::kVar ? as<VarExpr>(reference).levels_up : as<WholeRowExpr>(reference).levels_up;
}

int rt_index_of(const Expr& reference) {
    return reference.kind == ExprKind::kVar ? as<VarExpr>(reference).rt_index : as<WholeRowExpr>(reference).rt_index;
}

ExprPtr moved(const ExprPtr& reference, int rt_by, int levels_by) {
    auto move = [&](auto copy) {
        copy->rt_index += rt_by;
        copy->levels_up += levels_by;
        return copy;
    };
    if (reference->kind == ExprKind::kVar) return move(std::make_shared<VarExpr>(as<VarExpr>(*reference)));
    return move(std::make_shared<WholeRowExpr>(as<WholeRowExpr>(*reference)));
}

/// What was in a subquery's level stands one further out, its tables behind `offset` others.
ReferenceMap outward(int offset) {
    ReferenceMap map;
    map.reference = [offset](const ExprPtr& reference, int depth) {
        return levels_of(*reference) == depth ? moved(reference, offset, 0) : moved(reference, 0, -1);
    };
    map.level = [](int levels_up, int depth) { return levels_up > depth ? levels_up - 1 : levels_up; };
    return map;
}

/// contain_nonstrict_functions.
bool may_be_nonstrict(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kConst:
        case ExprKind::kParam:
        case ExprKind::kVar:
        case ExprKind::kRelabel:
        case ExprKind::kCoerceViaIo:
        case ExprKind::kArrayCoerce:
        case ExprKind::kCollate: return false;
        case ExprKind::kFunc: return !as<FuncExpr>(expr).strict || as<FuncExpr>(expr).form == FuncForm::kDistinct || as<FuncExpr>(expr).form == FuncForm::kNullIf;
        case ExprKind::kScalarArrayOp: return !as<ScalarArrayOpExpr>(expr).strict;
        case ExprKind::kBool: return as<BoolExpr>(expr).op != BoolOp::kNot;
        default: return true;
    }
}

bool has_own_reference(const ExprPtr& expr) {
    bool found = false;
    for_each_reference(expr, [&](const Expr&, int levels) { found = found || levels == 0; });
    return found;
}

/// Whether it is NULL where the rows of its level are.
bool is_null_without_row(const ExprPtr& expr) {
    return expr->kind == ExprKind::kVar ? as<VarExpr>(*expr).levels_up == 0 : has_own_reference(expr) && !any_expression(expr, may_be_nonstrict);
}

/// A stored table of FROM that no outer join in it makes NULL; 0: none.
int sure_table(const Query& query, const FromNode& node) {
    if (node.is_leaf()) {
        const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(node.rt_index - 1)];
        return rte.kind == RteKind::kRelation && rte.relation->virtual_rows == nullptr ? node.rt_index : 0;
    }
    int found = 0;
    if (node.join == JoinType::kInner || node.join == JoinType::kLeft) found = sure_table(query, *node.left);
    if (found == 0 && (node.join == JoinType::kInner || node.join == JoinType::kRight)) found = sure_table(query, *node.right);
    return found;
}

int sure_table(const Query& query) {
    for (const FromNode& item : query.from) {
        if (const int found = sure_table(query, item); found != 0) return found;
    }
    return 0;
}

/// What outer joins above an item mean for it.
struct Place {
    bool nullable = false;    ///< one makes its columns NULL
    const FromNode* outer = nullptr;  ///< the lowest
    bool can_vanish = true;   ///< no row of its own is needed
    std::vector<ExprPtr>* conditions = nullptr;  ///< where its conditions go; nullptr: nowhere
};

class Merge {
  public:
    explicit Merge(Query& query) : query_(query) {}

    bool run() {
        std::vector<ExprPtr> conditions;
        for (auto node = query_.from.begin(); node != query_.from.end();) {
            node = look(*node, {.conditions = &conditions}) ? node + 1 : query_.from.erase(node);
        }
        prepend(conditions, query_.where);
        return changed_;
    }

  private:
    RangeTableEntry& entry(int rt_index) { return query_.range_table[static_cast<std::size_t>(rt_index - 1)]; }

    static void prepend(std::vector<ExprPtr>& conditions, ExprPtr& condition) {
        if (conditions.empty()) return;
        if (condition) conditions.push_back(condition);
        condition = all_of(conditions);
    }

    static ExprPtr all_of(const std::vector<ExprPtr>& conditions) {
        auto all = std::make_shared<BoolExpr>();
        all->op = BoolOp::kAnd;
        all->type = oid::kBool;
        for (const ExprPtr& condition : conditions) flatten_and(condition, all->args);
        return all->args.size() == 1 ? all->args[0] : ExprPtr(all);
    }

    /// False: nothing is left of the item.
    bool look(FromNode& node, const Place& place) {
        if (node.is_leaf()) return look_at_leaf(node, place);
        if (node.join == JoinType::kInner) return look_at_inner(node, place);
        std::vector<ExprPtr> own;
        auto side = [&](bool is_missing) -> Place {
            Place below{.nullable = place.nullable || is_missing, .outer = &node, .can_vanish = false, .conditions = place.conditions};
            if (node.join == JoinType::kFull) below.conditions = nullptr;
            else if (is_missing) below.conditions = &own;
            return below;
        };
        look(*node.left, side(node.join != JoinType::kLeft));
        look(*node.right, side(node.join != JoinType::kRight));
        prepend(own, node.condition);
        return true;
    }

    bool look_at_inner(FromNode& node, const Place& place) {
        std::vector<ExprPtr> own;
        Place below = place;
        below.conditions = &own;
        // A side that vanishes leaves the join's condition to the levels above.
        below.can_vanish = place.conditions != nullptr;
        const bool left = look(*node.left, below);
        if (!left) below.can_vanish = place.can_vanish;
        const bool right = look(*node.right, below);
        prepend(own, node.condition);
        if (left && right) return true;
        if (node.condition) place.conditions->push_back(node.condition);
        if (!left && !right) return false;
        FromNode rest = std::move(left ? *node.left : *node.right);
        node = std::move(rest);
        return true;
    }

    bool look_at_leaf(FromNode& node, const Place& place) {
        const int rt_index = node.rt_index;
        if (entry(rt_index).kind == RteKind::kValues) return !merge_single_row(rt_index, place);
        if (entry(rt_index).kind != RteKind::kSubquery || !can_merge(entry(rt_index), place)) return true;
        std::shared_ptr<const Query> below = entry(rt_index).subquery;
        if (below->from.empty() && (place.nullable || !place.can_vanish)) {
            if (!place.nullable && is_constant(*below)) replace(rt_index, values_of(*below), values_of(*below), 0);
            return true;
        }
        const int offset = static_cast<int>(query_.range_table.size());
        auto moved_query = std::make_shared<Query>(*below);
        map_query_in_place(*moved_query, outward(offset));
        for (RangeTableEntry& rte : moved_query->range_table) query_.range_table.push_back(std::move(rte));
        if (moved_query->where) place.conditions->push_back(moved_query->where);
        query_.order_unspecified = query_.order_unspecified || below->order_unspecified;
        std::vector<ExprPtr> values = values_of(*moved_query), columns = values;
        const int presence = place.nullable ? sure_table(*below) + offset : 0;
        if (presence != 0) guard(columns, values_of(*below), presence);
        replace(rt_index, columns, values, presence);
        forget(rt_index);
        if (moved_query->from.empty()) return false;
        put(node, moved_query->from, offset);
        return true;
    }

    /// VALUES with one row, alone in FROM (is_simple_values).
    bool merge_single_row(int rt_index, const Place& place) {
        const auto& rows = entry(rt_index).values;
        if (rows.size() != 1 || place.outer != nullptr || query_.from.size() != 1 || !query_.from[0].is_leaf() || query_.range_table.size() != 1) return false;
        const std::vector<ExprPtr> row = rows[0];
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (contains_volatile(row[i]) || contains_set_function(row[i]) || row[i]->type != entry(rt_index).columns.at(i).type) return false;
        }
        replace(rt_index, row, row, 0);
        forget(rt_index);
        return true;
    }

    static bool is_constant(const Query& query) {
        return !query.where && std::ranges::none_of(query.targets, [](const TargetEntry& target) { return contains_sublink(target.expr); });
    }

    static bool contains(const FromNode& node, int rt_index) {
        return node.is_leaf() ? node.rt_index == rt_index : contains(*node.left, rt_index) || contains(*node.right, rt_index);
    }

    /// LATERAL: whether it looks at other items than those of the outer join.
    static bool refers_beyond(const Query& query, const FromNode& outer) {
        bool found = false;
        for_each_outer_reference(query, [&](const Expr& reference, int levels) {
            if (levels != 1) return;
            found = found || reference.kind == ExprKind::kAggregate || !contains(outer, rt_index_of(reference));
        });
        return found;
    }

    bool can_merge(const RangeTableEntry& rte, const Place& place) const {
        const Query& below = *rte.subquery;
        if (!is_simple_subquery(below) || contains_volatile(below) || (below.where && place.conditions == nullptr)) return false;
        if (place.outer != nullptr && refers_beyond(below, *place.outer)) return false;
        if (place.nullable && !below.from.empty() && sure_table(below) == 0) return false;
        std::size_t column = 0;
        for (const TargetEntry& target : below.targets) {
            if (target.junk) continue;
            if (target.expr->type != rte.columns.at(column++).type) return false;
            if (!query_.grouping_sets.empty() && target.expr->kind != ExprKind::kVar) return false;
        }
        return true;
    }

    /// The items of a subquery's FROM, joined, in the place of its own.
    static void put(FromNode& node, std::vector<FromNode>& from, int offset) {
        std::function<void(FromNode&)> renumber = [&](FromNode& item) {
            if (item.is_leaf()) {
                item.rt_index += offset;
                return;
            }
            renumber(*item.left);
            renumber(*item.right);
        };
        for (FromNode& item : from) renumber(item);
        FromNode joined = std::move(from[0]);
        for (std::size_t i = 1; i < from.size(); ++i) {
            FromNode both;
            both.left = std::make_unique<FromNode>(std::move(joined));
            both.right = std::make_unique<FromNode>(std::move(from[i]));
            joined = std::move(both);
        }
        node = std::move(joined);
    }

    static std::vector<ExprPtr> values_of(const Query& below) {
        std::vector<ExprPtr> values;
        for (const TargetEntry& target : below.targets) {
            if (!target.junk) values.push_back(target.expr);
        }
        return values;
    }

    /// Nothing refers to the entry any more.
    void forget(int rt_index) {
        RangeTableEntry& rte = entry(rt_index);
        rte.kind = RteKind::kJoin;
        rte.subquery = nullptr;
        rte.values.clear();
    }

    static ExprPtr if_present(const ExprPtr& value, int rt_index) {
        auto table = std::make_shared<VarExpr>();
        table->rt_index = rt_index;
        table->attno = kTableOid;
        table->type = oid::kOid;
        auto is_there = std::make_shared<NullTestExpr>();
        is_there->arg = table;
        is_there->is_null = false;
        is_there->type = oid::kBool;
        auto none = std::make_shared<ConstExpr>();
        none->type = value->type;
        none->typmod = value->typmod;
        none->collation = value->collation;
        auto either = std::make_shared<CaseExpr>();
        either->type = value->type;
        either->typmod = value->typmod;
        either->collation = value->collation;
        either->whens.push_back({is_there, value});
        either->default_result = none;
        return either;
    }

    ExprPtr row_of(const WholeRowExpr& whole, const std::vector<ExprPtr>& values) {
        auto row = std::make_shared<RowExpr>();
        row->type = whole.type;
        row->typmod = whole.typmod;
        row->row_type = whole.row_type.empty() ? entry(whole.rt_index).columns : whole.row_type;
        row->fields = values;
        return row;
    }

    /// What is not NULL by itself where there is no row of the table `presence`; `written`: below.
    static void guard(std::vector<ExprPtr>& columns, const std::vector<ExprPtr>& written, int presence) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!is_null_without_row(written[i])) columns[i] = if_present(columns[i], presence);
        }
    }

    /// `columns` stand for the item's columns, `values` for those of its whole row. `presence`: the table
    /// whose row tells that there is one; 0: there always is.
    void replace(int rt_index, const std::vector<ExprPtr>& columns, const std::vector<ExprPtr>& values, int presence) {
        changed_ = true;
        ReferenceMap map;
        map.reference = [&](const ExprPtr& reference, int depth) -> ExprPtr {
            if (levels_of(*reference) != depth || rt_index_of(*reference) != rt_index) return reference;
            if (reference->kind == ExprKind::kVar) return deeper(columns.at(static_cast<std::size_t>(as<VarExpr>(*reference).attno - 1)), depth);
            ExprPtr row = row_of(as<WholeRowExpr>(*reference), values);
            return deeper(presence != 0 ? if_present(row, presence) : row, depth);
        };
        map_query_in_place(query_, map);
    }

    Query& query_;
    bool changed_ = false;
};

bool is_union_all(const SetOpNode& node) {
    return node.op == SetOp::kNone || (node.op == SetOp::kUnion && node.all && is_union_all(*node.left) && is_union_all(*node.right));
}

bool has_clauses(const Query& query) {
    return query.has_aggregates || query.has_windows || !query.group_by.empty() || !query.grouping_sets.empty() || query.having || query.distinct ||
           !query.distinct_on.empty() || !query.row_marks.empty();
}

/// What PostgreSQL would not compute of the branches must not fail here.
bool computes_more(const Query& query, const Query& below) {
    std::vector<bool> used(below.targets.size());
    for (const TargetEntry& target : query.targets) {
        for_each_reference(target.expr, [&](const Expr& reference, int levels) {
            if (levels == 0 && reference.kind == ExprKind::kVar) used.at(static_cast<std::size_t>(as<VarExpr>(reference).attno - 1)) = true;
        });
    }
    return std::ranges::any_of(below.range_table, [&](const RangeTableEntry& rte) {
        std::size_t column = 0;
        return rte.subquery && std::ranges::any_of(rte.subquery->targets, [&](const TargetEntry& target) {
            return !target.junk && !used.at(column++) && target.expr->kind != ExprKind::kVar && target.expr->kind != ExprKind::kConst;
        });
    });
}

}  // namespace

bool is_simple_subquery(const Query& query) {
    const bool plain = query.command == CommandKind::kSelect && !query.set_operations && !query.has_aggregates && !query.has_windows &&
                       query.group_by.empty() && query.grouping_sets.empty() && !query.having && !query.distinct && query.order_by.empty() &&
                       !query.limit && !query.offset && query.row_marks.empty() && query.ctes.empty();
    return plain && std::ranges::none_of(query.targets, [](const TargetEntry& target) {
        return contains_set_function(target.expr) || contains_volatile(target.expr);
    });
}

bool merge_subqueries(Query& query) { return Merge(query).run(); }

bool merge_union(Query& query) {
    if (query.from.size() != 1 || !query.from[0].is_leaf() || query.where || query.order_by.empty() || has_clauses(query)) return false;
    const int rt_index = query.from[0].rt_index;
    const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(rt_index - 1)];
    if (rte.kind != RteKind::kSubquery || rte.lateral) return false;
    const std::shared_ptr<const Query> below = rte.subquery;
    const bool is_union = below->set_operations && is_union_all(*below->set_operations) && below->order_by.empty() && !below->limit && !below->offset && below->ctes.empty() && !has_clauses(*below);
    const bool is_simple = std::ranges::all_of(query.targets, [](const TargetEntry& target) {
        const bool has_row = any_expression(target.expr, [](const Expr& e) { return e.kind == ExprKind::kWholeRow; });
        return !has_row && !contains_sublink(target.expr) && !contains_set_function(target.expr) && !contains_volatile(target.expr);
    });
    if (!is_union || !is_simple || computes_more(query, *below)) return false;
    Query merged = *below;
    map_query_in_place(merged, outward(0));
    ReferenceMap map;
    map.reference = [&](const ExprPtr& reference, int depth) -> ExprPtr {
        if (levels_of(*reference) != depth || rt_index_of(*reference) != rt_index) return reference;
        return deeper(merged.targets.at(static_cast<std::size_t>(as<VarExpr>(*reference).attno - 1)).expr, depth);
    };
    std::vector<TargetEntry> targets = query.targets;
    for (TargetEntry& target : targets) target.expr = map_references(target.expr, map);
    merged.targets = std::move(targets);
    merged.ctes = query.ctes;
    merged.recursive = query.recursive;
    merged.order_by = query.order_by;
    merged.limit = query.limit;
    merged.offset = query.offset;
    merged.with_ties = query.with_ties;
    merged.for_cursor = query.for_cursor;
    merged.order_unspecified = merged.order_unspecified || query.order_unspecified;
    query = std::move(merged);
    return true;
}

}  // namespace cdcsim::pg
