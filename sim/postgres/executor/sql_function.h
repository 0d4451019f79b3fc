// Functions in language SQL: the check at CREATE, and running them. Mirrors functions.c, and of clauses.c
// when the planner puts a function's expression in the place of its call.
#pragma once

#include <span>
#include <vector>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

struct SqlFunctionResult {
    RowType columns;
    std::vector<std::vector<Datum>> rows;    ///< of the last statement, cast to the declared columns
};

/// fmgr_sql_validator. Throws with a position in the body, or with CONTEXT `SQL function "f"`.
void sql_function_validate(Backend& backend, const Function& function);
/// Runs the body. `wanted`: the declared result with polymorphic types resolved.
SqlFunctionResult run_sql_function(Backend& backend, const Function& function, CallContext& call, std::span<const Datum> args);
/// A call whose arguments are all constants fails while the query is planned: the CONTEXT of that.
void add_planning_context(Backend& backend, const Function& function, std::span<const Oid> arg_types, SqlError& error);

}  // namespace cdcsim::pg
