// Statements whose turn has not come.
#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {

ExecResult copy_data(Backend&, const Command& command, const RowSink&) { throw NotSimulated(statement_name(command.node)); }

}  // namespace cdcsim::pg
