// What fails in a generation expression of constants: PostgreSQL folds it before it has decided on
// collations. Mirrors check_collation_set and its like.
#pragma once

#include <span>

#include "sim/postgres/binder/bound_expr.h"

namespace cdcsim::pg {

/// Throws 42P22 where the built-in `function` asks for a collation, NotSimulated where its arguments'
/// elements may.
void require_no_collation(Oid function, std::span<const ExprPtr> args);
/// The same of GREATEST and LEAST.
void require_no_collation(const Expr& min_max);

}  // namespace cdcsim::pg
