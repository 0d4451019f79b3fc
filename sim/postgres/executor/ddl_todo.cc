// Statements whose turn has not come.
#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {
#define TODO(name) \
    ExecResult name(Backend&, const Command& statement, const RowSink&) { throw NotSimulated(statement_name(statement.node)); }
TODO(alter_table)
TODO(rename_object)
TODO(alter_object_schema)
TODO(alter_owner)
TODO(create_index)
TODO(create_schema)
TODO(create_function)
TODO(create_trigger)
TODO(create_enum)
TODO(alter_enum)
TODO(create_domain)
TODO(create_composite_type)
TODO(create_view)
TODO(create_publication)
TODO(alter_publication)
TODO(drop_objects)
TODO(create_role)
TODO(alter_role)
TODO(drop_role)
TODO(comment_on)
TODO(truncate_tables)
TODO(copy_data)
}  // namespace cdcsim::pg
