// Tables as the connector sees them: from the catalog, as pgjdbc's DatabaseMetaData shows it, and
// from Relation messages completed by the catalog of the moment when they are decoded.
// Mirrors PostgresConnection.readSchema and PgOutputMessageDecoder.handleRelationMessage.
#pragma once

#include <vector>

#include "core/pgoutput/message.h"
#include "core/pgoutput/replication_source.h"
#include "sim/debezium/connector_config.h"
#include "sim/debezium/table_model.h"
#include "sim/debezium/type_registry.h"

namespace cdcsim::debezium {

class SchemaReader {
  public:
    SchemaReader(SqlConnection& connection, TypeRegistry& types)
        : connection_(connection), types_(types) {}

    /// All ordinary and partitioned tables outside the system's schemas, sorted by text.
    std::vector<TableId> tables();
    /// The table as the catalog shows it now. Throws TaskFailure for columns that differ by case.
    Table read(const TableId& id);
    /// Throws as read() does, and does no more.
    void check_columns(const TableId& id);
    /// The table of a Relation message: its columns and types, the catalog's key, NOT NULL and
    /// defaults.
    Table from_relation(const pgoutput::Relation& relation, const ConnectorConfig& config);

  private:
    Column read_column(const std::vector<std::optional<std::string>>& row);
    std::vector<std::string> key_of(const TableId& id);

    SqlConnection& connection_;
    TypeRegistry& types_;
};

}  // namespace cdcsim::debezium
