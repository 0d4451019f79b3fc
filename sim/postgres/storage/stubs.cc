#include "sim/postgres/storage/database.h"
namespace cdcsim::pg {
void register_functions(SqliteDatabase&) {}
void register_aggregates(SqliteDatabase&) {}
void register_rows_table(SqliteDatabase&) {}
}
