#include "sim/postgres/binder/map_references.h"

#include "sim/postgres/binder/bound_walk.h"

namespace cdcsim::pg {
namespace {

class Mapper {
  public:
    Mapper(const ReferenceMap& map, int depth) : map_(map), depth_(depth) {}

    bool changed() const { return changed_; }

    void in(Query& query) {
        for (CommonTableExpr& cte : query.ctes) below(cte.query);
        for (RangeTableEntry& rte : query.range_table) in(rte, query);
        for (FromNode& node : query.from) in(node);
        here(query.where);
        in(query.targets);
        here(query.having);
        for (WindowClause& window : query.windows) here(window.start_offset), here(window.end_offset);
        here(query.limit);
        here(query.offset);
        if (query.insert_select) below(query.insert_select);
        for (auto& row : query.values) in(row);
        if (query.on_conflict) {
            in(query.on_conflict->set);
            here(query.on_conflict->where);
        }
        for (MergeAction& action : query.merge_actions) {
            here(action.condition);
            in(action.set);
            in(action.values);
        }
        in(query.returning);
        in(query.known_below);
    }

  private:
    void here(ExprPtr& expr) {
        if (!expr) return;
        ExprPtr mapped = map_references(expr, map_, depth_);
        changed_ = changed_ || mapped != expr;
        expr = std::move(mapped);
    }

    void below(std::shared_ptr<const Query>& query) {
        std::shared_ptr<const Query> mapped = map_references(query, map_, depth_ + 1);
        changed_ = changed_ || mapped != query;
        query = std::move(mapped);
    }

    void in(std::vector<ExprPtr>& exprs) {
        for (ExprPtr& expr : exprs) here(expr);
    }

    void in(std::vector<TargetEntry>& targets) {
        for (TargetEntry& target : targets) here(target.expr);
    }

    void in(FromNode& node) {
        if (node.is_leaf()) return;
        in(*node.left);
        in(*node.right);
        here(node.condition);
    }

    void in(RangeTableEntry& rte, const Query& query) {
        if (rte.subquery) below(rte.subquery);
        for (auto& function : rte.functions) here(function.call);
        for (auto& row : rte.values) in(row);
        if (rte.kind != RteKind::kCte) return;
        if (rte.first_term) first_term(rte);
        if (map_.cte && map_.cte(rte, query, depth_)) changed_ = true;
        if (!map_.level || rte.cte_levels_up < depth_) return;
        const int levels_up = map_.level(rte.cte_levels_up, depth_);
        changed_ = changed_ || levels_up != rte.cte_levels_up;
        rte.cte_levels_up = levels_up;
    }

    /// It is a leaf of the WITH query's own set operation, one level below that.
    void first_term(RangeTableEntry& rte) {
        std::shared_ptr<const Query> mapped = map_references(rte.first_term, map_, depth_ - rte.cte_levels_up + 2);
        changed_ = changed_ || mapped != rte.first_term;
        rte.first_term = std::move(mapped);
    }

    const ReferenceMap& map_;
    int depth_;
    bool changed_ = false;
};

ExprPtr map_sublink(const ExprPtr& expr, const ReferenceMap& map, int depth) {
    const auto& sublink = as<SubLinkExpr>(*expr);
    std::shared_ptr<const Query> query = map_references(sublink.query, map, depth + 1);
    if (query == sublink.query) return expr;
    auto copy = std::make_shared<SubLinkExpr>(sublink);
    copy->query = std::move(query);
    return copy;
}

ExprPtr map_aggregate(const ExprPtr& expr, const ReferenceMap& map, int depth) {
    const auto& aggregate = as<AggregateExpr>(*expr);
    if (aggregate.levels_up == 0 || aggregate.levels_up < depth || !map.level) return expr;
    const int levels_up = map.level(aggregate.levels_up, depth);
    if (levels_up == aggregate.levels_up) return expr;
    auto copy = std::make_shared<AggregateExpr>(aggregate);
    copy->levels_up = levels_up;
    return copy;
}

template <typename Reference>
ExprPtr moved(const Expr& expr, int by) {
    auto copy = std::make_shared<Reference>(as<Reference>(expr));
    copy->levels_up += by;
    return copy;
}

}  // namespace

ExprPtr map_references(const ExprPtr& expr, const ReferenceMap& map, int depth) {
    if (!expr) return expr;
    ExprPtr result = expr;
    switch (expr->kind) {
        case ExprKind::kVar: return as<VarExpr>(*expr).levels_up < depth ? expr : map.reference(expr, depth);
        case ExprKind::kWholeRow: return as<WholeRowExpr>(*expr).levels_up < depth ? expr : map.reference(expr, depth);
        case ExprKind::kSubLink: result = map_sublink(expr, map, depth); break;
        case ExprKind::kAggregate: result = map_aggregate(expr, map, depth); break;
        default: break;
    }
    return map_children(result, [&](const ExprPtr& child) { return map_references(child, map, depth); });
}

std::shared_ptr<const Query> map_references(const std::shared_ptr<const Query>& query, const ReferenceMap& map, int depth) {
    auto copy = std::make_shared<Query>(*query);
    Mapper mapper(map, depth);
    mapper.in(*copy);
    return mapper.changed() ? copy : query;
}

void map_query_in_place(Query& query, const ReferenceMap& map, int depth) { Mapper(map, depth).in(query); }

namespace {

ReferenceMap moving(int by) {
    ReferenceMap map;
    map.reference = [by](const ExprPtr& reference, int) {
        return reference->kind == ExprKind::kVar ? moved<VarExpr>(*reference, by) : moved<WholeRowExpr>(*reference, by);
    };
    map.level = [by](int levels_up, int) { return levels_up + by; };
    return map;
}

}  // namespace

ExprPtr deeper(const ExprPtr& expr, int by) { return by == 0 ? expr : map_references(expr, moving(by)); }

std::shared_ptr<const Query> deeper(const std::shared_ptr<const Query>& query, int by) {
    return by == 0 ? query : map_references(query, moving(by), 1);
}

}  // namespace cdcsim::pg
