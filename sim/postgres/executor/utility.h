// Utility statements: everything but SELECT, INSERT, UPDATE, DELETE. One table of rows, from the raw
// node's tag to the function that runs it. Mirrors utility.c.
#pragma once

#include <string>
#include <string_view>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

using UtilityFunction = ExecResult (*)(Backend& backend, const Command& statement, const RowSink& sink);

ExecResult exec_lock(Backend& backend, const Command& statement, const RowSink& sink);
/// The locks that a utility statement takes on the tables that it names, before it runs.
void lock_named_tables(Backend& backend, const Node& node);
/// nullptr: not simulated.
UtilityFunction find_utility(std::string_view tag);
/// SELECT, INSERT, UPDATE or DELETE: bound and planned, not a utility statement.
bool is_plannable(const Node& node);
/// "CREATE OPERATOR" for a DefineStmt: what a message calls a statement that is not simulated.
std::string statement_name(const Node& node);
/// Mirrors PlannedStmtRequiresSnapshot.
bool takes_snapshot(const Node& node);
/// Throws 25006 for a statement that writes to the catalog.
void refuse_writing_utility(const Node& node);

/// Moves an error's position in a function's `body` to where it stands in the statement (CREATE FUNCTION,
/// DO). Mirrors function_parse_error_transpose.
void show_position_in_body(SqlError& error, const Command& command, const std::string& body);

/// An option's value as a text (defGetString). Throws 42601 where there is none.
std::string option_string(const Node& option);

/// The value that a SET statement or clause gives to the setting `name`.
std::string set_statement_value(Backend& backend, const Node& set, const std::string& name);

/// SET and set_config(): those of the transaction have rules of their own.
void set_session_setting(Backend& backend, const std::string& name, const std::string& value, SettingAction action);

/// NOTIFY and pg_notify(): nobody listens, but what cannot be sent is an error (Async_Notify).
void check_notification(std::string_view channel, std::string_view payload);

inline ExecResult tag_only(std::string tag) {
    ExecResult result;
    result.command = tag;
    result.tag = std::move(tag);
    return result;
}

}  // namespace cdcsim::pg
