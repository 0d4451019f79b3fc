#include "sim/postgres/binder/current_views.h"

#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

/// The view that a range table entry reads, as it is now; nullptr: it reads none.
RelationPtr current_view(ParseState& state, const RangeTableEntry& rte) {
    const bool is_view = rte.relation && rte.relation->kind == 'v' && rte.subquery;
    return is_view ? state.context().catalog().find_relation(rte.relation->oid) : nullptr;
}

bool is_stale(ParseState& state, const Query& query);

bool is_stale(ParseState& state, const ExprPtr& expr) {
    return any_expression(expr, [&](const Expr& e) { return e.kind == ExprKind::kSubLink && is_stale(state, *as<SubLinkExpr>(e).query); });
}

/// Whether a view anywhere below has been replaced.
bool is_stale(ParseState& state, const Query& query) {
    bool stale = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) {
        RelationPtr view = current_view(state, rte);
        return view && (view->view != rte.subquery || is_stale(state, *view->view));
    });
    for_each_expression(query, [&](const ExprPtr& expr) { stale = stale || is_stale(state, expr); },
                        [&](const Query& below) { stale = stale || is_stale(state, below); });
    return stale;
}

void refuse_elsewhere(ParseState& state, const Query& query) {
    bool stale = false;
    auto in_from = [&](const Query& below) {
        return std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.subquery.get() == &below; });
    };
    for_each_expression(query, [&](const ExprPtr& expr) { stale = stale || is_stale(state, expr); },
                        [&](const Query& below) { stale = stale || (!in_from(below) && is_stale(state, below)); });
    if (stale) throw NotSimulated("a view over a replaced view in WITH or in an expression's subquery");
}

}  // namespace

std::shared_ptr<const Query> with_current_views(ParseState& state, const std::shared_ptr<const Query>& query) {
    if (!is_stale(state, *query)) return query;
    refuse_elsewhere(state, *query);
    auto fresh = std::make_shared<Query>(*query);
    for (RangeTableEntry& rte : fresh->range_table) {
        if (RelationPtr view = current_view(state, rte)) {
            rte.relation = view;
            rte.subquery = with_current_views(state, view->view);
            // CREATE OR REPLACE may have added columns at the end.
            for (std::size_t i = rte.columns.size(); i < view->columns.size(); ++i) {
                const Column& column = view->columns[i];
                rte.columns.push_back({column.name, column.type, column.typmod, column.dropped});
            }
        } else if (rte.subquery) {
            rte.subquery = with_current_views(state, rte.subquery);
        }
    }
    return fresh;
}

}  // namespace cdcsim::pg
