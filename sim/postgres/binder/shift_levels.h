// Moving an expression into another query level. Mirrors IncrementVarSublevelsUp.
#pragma once

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

/// A copy of `expr` whose Vars of level `from_level` and further out are moved `by` levels out.
/// A subquery below is refused (NotSimulated).
ExprPtr shift_levels(const ExprPtr& expr, int by, int from_level = 0);

}  // namespace cdcsim::pg
