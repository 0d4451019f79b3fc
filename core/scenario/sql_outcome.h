// What an sql step answered, statement by statement, with all of PostgreSQL's fields: the common
// form in which the simulated and the live target report, and from which a transcript is printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/pgoutput/replication_source.h"

namespace cdcsim::scenario {

/// An error or notice as a client receives it (libpq's PGresult fields).
struct Report {
    std::string severity = "ERROR";
    std::string sqlstate, message, detail, hint, context, internal_query;
    int position = 0;           ///< in characters from 1, 0 is none
    int internal_position = 0;  ///< the same within internal_query
    bool not_simulated = false;
};

/// One result of a simple-query message, with the notices that came before it.
struct StatementAnswer {
    std::vector<Report> notices;
    QueryResult result;
    bool returns_rows = false;
    std::optional<std::string> copy_out;
    bool order_unspecified = false;
    std::uint64_t wal_end = 0;  ///< 0: not known
};

/// One command of a psql script: a query message with its answers, or text that psql itself wrote.
struct Outcome {
    std::string sql;      ///< as it was sent; empty for psql's own output
    int line = 0;         ///< of its first line in the script, from 1
    std::string file;     ///< of \i; empty: the step's own text
    int sent_line = 0;    ///< where psql stood in it; messages from a file of \i name it
    std::vector<StatementAnswer> answers;
    std::vector<Report> error_notices;
    std::optional<Report> error;
    std::string output;   ///< psql's own: \echo, \c
    std::size_t records_after = 0;  ///< how many records all topics held when it was done
};

}  // namespace cdcsim::scenario
