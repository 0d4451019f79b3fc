#include "sim/postgres/plpgsql/handler.h"

namespace cdcsim::pg {

void plpgsql_validate(Backend&, const Function&) { throw NotSimulated("PL/pgSQL"); }
Datum plpgsql_call(Backend&, const std::shared_ptr<const Function>&, CallContext&, std::span<const Datum>) { throw NotSimulated("PL/pgSQL"); }
void plpgsql_call_set(Backend&, const std::shared_ptr<const Function>&, CallContext&, std::span<const Datum>, const RowSink&) { throw NotSimulated("PL/pgSQL"); }
TriggerResult plpgsql_trigger(Backend&, const TriggerCall&) { throw NotSimulated("PL/pgSQL"); }
void plpgsql_inline(Backend&, const std::string&) { throw NotSimulated("PL/pgSQL"); }

}  // namespace cdcsim::pg
