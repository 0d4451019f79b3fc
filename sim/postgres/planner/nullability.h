// What a condition says about rows that an outer join has not found. Mirrors clauses.c's find_nonnullable_rels,
// find_nonnullable_vars and find_forced_null_vars.
#pragma once

#include <set>
#include <utility>

#include "sim/postgres/binder/bound_expr.h"

namespace cdcsim::pg {

/// Columns of this level: range table entry, attribute number.
using ColumnSet = std::set<std::pair<int, int>>;

/// The columns that are not NULL where the condition is true.
ColumnSet columns_not_null(const ExprPtr& condition);
/// The range table entries whose rows are not all NULL there.
std::set<int> relations_not_null(const ExprPtr& condition);
/// The column that it says is NULL; (0, 0): none.
std::pair<int, int> column_forced_null(const ExprPtr& condition);

}  // namespace cdcsim::pg
