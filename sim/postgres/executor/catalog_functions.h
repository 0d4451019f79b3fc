// Functions that print definitions of the catalog's objects, and those of replication slots. Rows of
// session_functions.cc's table. Mirrors ruleutils.c and slotfuncs.c.
#pragma once

#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

class Backend;
struct Relation;
struct Index;

Datum current_schemas(CallContext& call, std::span<const Datum> args);
Datum pg_get_constraintdef(CallContext& call, std::span<const Datum> args);
Datum pg_get_triggerdef(CallContext& call, std::span<const Datum> args);
Datum pg_get_indexdef(CallContext& call, std::span<const Datum> args);
Datum obj_description(CallContext& call, std::span<const Datum> args);
Datum col_description(CallContext& call, std::span<const Datum> args);
Datum pg_drop_replication_slot(CallContext& call, std::span<const Datum> args);

/// "CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)".
std::string index_definition(Backend& backend, const Relation& relation, const Index& index);

}  // namespace cdcsim::pg
