// Prints what psql would have printed: aligned tables, command tags, NOTICE and ERROR lines with
// LINE, caret, DETAIL, HINT, QUERY and CONTEXT. Mirrors psql's print.c, mbprint.c and common.c and
// libpq's fe-protocol3.c (default settings: border 1, no pager, SHOW_CONTEXT=errors).
#pragma once

#include <string>
#include <string_view>

#include "core/scenario/sql_outcome.h"

namespace cdcsim::scenario {

/// A result table with its footer and the blank line after it.
std::string print_table(const QueryResult& result);

/// `ERROR:  ...` with all that follows it. `sql` is the message that was sent.
std::string print_report(const Report& report, std::string_view sql);

/// `psql:FILE:LINE: ` before messages from a file of \i, else "".
std::string message_prefix(const Outcome& outcome);

/// Everything that one command of a script prints.
std::string print_outcome(const Outcome& outcome);

}  // namespace cdcsim::scenario
