// Rewriting references to range table entries at any depth of a tree: an expression moves into another
// query level, or another expression takes a column's place. Mirrors OffsetVarNodes,
// IncrementVarSublevelsUp and replace_rte_variables of rewriteManip.c.
#pragma once

#include <functional>

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

/// `depth`: how many query levels lie between what is mapped and the reference.
struct ReferenceMap {
    /// What takes the place of a VarExpr or WholeRowExpr that refers to level `depth` or further out.
    std::function<ExprPtr(const ExprPtr& reference, int depth)> reference;
    /// The new distance of an aggregate's or WITH query's level; nullptr: as it was.
    std::function<int(int levels_up, int depth)> level;
    /// Changes a reference to a WITH query of `query`, where it wants to; true: it did. nullptr: none changes.
    std::function<bool(RangeTableEntry& reference, const Query& query, int depth)> cte;
};

/// The same object where nothing changes.
ExprPtr map_references(const ExprPtr& expr, const ReferenceMap& map, int depth = 0);
std::shared_ptr<const Query> map_references(const std::shared_ptr<const Query>& query, const ReferenceMap& map, int depth);
/// Everything in `query`, whose own level is `depth`.
void map_query_in_place(Query& query, const ReferenceMap& map, int depth = 0);

/// `expr` as it reads `by` levels further in.
ExprPtr deeper(const ExprPtr& expr, int by);
std::shared_ptr<const Query> deeper(const std::shared_ptr<const Query>& query, int by);

}  // namespace cdcsim::pg
