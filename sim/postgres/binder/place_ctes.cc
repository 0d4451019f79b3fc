#include "sim/postgres/binder/place_ctes.h"

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/map_references.h"

namespace cdcsim::pg {
namespace {

bool may_stand_in_place(const CommonTableExpr& cte) {
    const bool is_wanted = (cte.reference_count == 1 && !cte.materialized) || cte.not_materialized;
    return is_wanted && !cte.recursive && cte.query->command == CommandKind::kSelect && cte.query->row_marks.empty() && !contains_volatile(*cte.query);
}

}  // namespace

void place_ctes(Query& query) {
    // An earlier one is in its place in the later ones before those are moved.
    for (std::size_t i = 0; i < query.ctes.size(); ++i) {
        const CommonTableExpr& cte = query.ctes[i];
        const bool in_place = may_stand_in_place(cte);
        ReferenceMap map;
        map.reference = [](const ExprPtr& reference, int) { return reference; };
        map.cte = [&](RangeTableEntry& rte, const Query& reader, int depth) {
            if (rte.self_reference || rte.cte != static_cast<int>(i) || rte.cte_levels_up != depth) return false;
            if (in_place && reader.row_marks.empty()) {
                rte.kind = RteKind::kSubquery;
                rte.subquery = deeper(cte.query, depth);
            } else {
                rte.cte_query = cte.query;
                rte.cte_is_recursive = cte.recursive;
            }
            return true;
        };
        map_query_in_place(query, map);
    }
}

}  // namespace cdcsim::pg
