// IN (SELECT ...) and EXISTS over one table: whether PostgreSQL's planner reads the table and looks each row
// up in the subquery, or makes the subquery's values different and looks them up in the table: the rows then
// come in the order of the values. Mirrors create_unique_path and the costs of both kinds of join.
#pragma once

#include <span>

#include "sim/postgres/planner/leaf_size.h"

namespace cdcsim::pg {

/// Whether `values`, SELECT of one item's columns, gives none of them twice: such a semi-join is a plain one
/// (reduce_unique_semijoins).
bool are_unique(Host& host, const Query& values);

/// `values`: SELECT of the subquery's side of each equality, `keys` the table's side.
bool reads_values_first(Host& host, const Leaf& table, std::span<const ExprPtr> keys, const Query& values);
/// What it costs to look each of `rows`, joined of `tables`, up among the values; nullopt: not known.
std::optional<double> cost_by_row(Host& host, const RelationSize& rows, std::span<const Leaf> tables, std::span<const ExprPtr> keys, const Query& values);

}  // namespace cdcsim::pg
