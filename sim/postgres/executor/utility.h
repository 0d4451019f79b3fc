// Utility statements: everything but SELECT, INSERT, UPDATE, DELETE. One table of rows, from the raw
// node's tag to the function that runs it. Mirrors utility.c.
#pragma once

#include <string>
#include <string_view>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

using UtilityFunction = ExecResult (*)(Backend& backend, const Command& statement, const RowSink& sink);

/// nullptr: not simulated.
UtilityFunction find_utility(std::string_view tag);
/// SELECT, INSERT, UPDATE or DELETE: bound and planned, not a utility statement.
bool is_plannable(const Node& node);
/// "CREATE OPERATOR" for a DefineStmt: what a message calls a statement that is not simulated.
std::string statement_name(const Node& node);

inline ExecResult tag_only(std::string tag) {
    ExecResult result;
    result.command = tag;
    result.tag = std::move(tag);
    return result;
}

}  // namespace cdcsim::pg
