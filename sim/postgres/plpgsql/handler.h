// PL/pgSQL's call handler: what the executor calls. Mirrors pl_handler.c. The parser is
// plpgsql/parse_*.cc over scan_sql's tokens, the interpreter exec_*.cc, which runs SQL through Spi.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/field_origin.h"

namespace cdcsim::pg {

/// One firing of a trigger.
struct TriggerCall {
    const Trigger& trigger;
    RelationPtr relation;
    int operation = 0;                            ///< TriggerType::kInsert ...
    bool before = false, row = true;
    const std::vector<Datum>* old_row = nullptr;  ///< by attno - 1
    const std::vector<Datum>* new_row = nullptr;
};

/// What a row-level BEFORE trigger returned: nullopt is NULL (the row is skipped). For others ignored.
struct TriggerResult {
    std::optional<std::vector<Datum>> row;
    std::vector<FieldOrigin> origins;   ///< by attno - 1
};

/// plpgsql_validator: the syntax check of CREATE FUNCTION. Throws SqlError with a position in the
/// body's text (the caller moves it into the statement) and CONTEXT `compilation of PL/pgSQL function ...`.
void plpgsql_validate(Backend& backend, const Function& function);
Datum plpgsql_call(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args);
void plpgsql_call_set(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call,
                      std::span<const Datum> args, const RowSink& emit);
/// CALL: the values of the OUT and INOUT parameters.
std::vector<Datum> plpgsql_procedure(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call,
                                     std::span<const Datum> args);
TriggerResult plpgsql_trigger(Backend& backend, const TriggerCall& call);
/// DO.
void plpgsql_inline(Backend& backend, const std::string& body);

}  // namespace cdcsim::pg
