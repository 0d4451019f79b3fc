// PL/pgSQL's grammar over PostgreSQL's tokens. Mirrors pl_gram.y and pl_comp.c.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/plpgsql/tree.h"

namespace cdcsim::pg::plpgsql {

struct CompileOptions {
    std::shared_ptr<const Function> function;
    RelationPtr relation;          ///< of a trigger that fires; nullptr when only checking
    bool check_only = false;       ///< CREATE FUNCTION: also checks the syntax of embedded SQL
    bool is_inline = false;        ///< DO
    std::vector<Oid> arg_types{};  ///< polymorphic parameters resolved; empty: as declared
};

/// Throws SqlError: with a position in the body's text where CREATE and DO show one, else with CONTEXT
/// "compilation of PL/pgSQL function ...".
std::shared_ptr<PlFunction> compile(Backend& backend, const CompileOptions& options);

}  // namespace cdcsim::pg::plpgsql
