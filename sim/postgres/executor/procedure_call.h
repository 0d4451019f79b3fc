// CALL: binding the call, running the procedure. Mirrors ExecuteCallStmt.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

struct BoundProcedureCall {
    /// An OUT or INOUT parameter, and the argument that stands for it.
    struct Out {
        std::string name;
        int position = 0;             ///< from 1
        Oid type = kInvalidOid;
        ExprPtr expr;
    };
    ExprPtr call;                     ///< a FuncExpr
    std::vector<char> modes;          ///< of its arguments
    std::vector<Out> outs;
};

/// `text` is the CALL statement.
BoundProcedureCall bind_procedure_call(Backend& backend, const std::string& text, NameHook* hook);
BoundProcedureCall bind_procedure_call(Backend& backend, const Node& call_statement, NameHook* hook);
/// The values of `outs`. With `nonatomic` the procedure may COMMIT.
std::vector<Datum> run_procedure_call(Backend& backend, const BoundProcedureCall& call, ParamSource* params, bool nonatomic);

}  // namespace cdcsim::pg
