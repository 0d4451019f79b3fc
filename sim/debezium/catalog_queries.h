// Every question that the connector asks of the server's catalog, as plain SQL that PostgreSQL 15
// answers too. The server's authors serve exactly these. `{0}`, `{1}` stand for quoted literals.
// They stand for what pgjdbc's DatabaseMetaData and Debezium's TypeRegistry ask, in simpler words.
#pragma once

#include <string_view>

namespace cdcsim::debezium::catalog {

inline constexpr std::string_view kServer = "SELECT current_database(), current_user";

inline constexpr std::string_view kWalLevel = "SHOW wal_level";

/// All types with their element, base type and typmod; category A is an array, E an enum.
inline constexpr std::string_view kTypes =
    "SELECT t.oid, t.typname, n.nspname, t.typelem, t.typbasetype, t.typtypmod, t.typcategory, "
    "t.typtype FROM pg_catalog.pg_type t "
    "JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid "
    "WHERE n.nspname <> 'pg_toast' AND n.nspname <> 'information_schema' "
    "AND t.typtype <> 'c' AND t.typtype <> 'p'";

/// The labels of all enums in their order.
inline constexpr std::string_view kEnumLabels =
    "SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e "
    "ORDER BY e.enumtypid, e.enumsortorder";

/// One type that appeared after the task started. {0}: OID.
inline constexpr std::string_view kTypeByOid =
    "SELECT t.oid, t.typname, n.nspname, t.typelem, t.typbasetype, t.typtypmod, t.typcategory, "
    "t.typtype FROM pg_catalog.pg_type t "
    "JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.oid = {0}";

inline constexpr std::string_view kEnumLabelsByOid =
    "SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = {0} "
    "ORDER BY e.enumsortorder";

/// Ordinary and partitioned tables of users.
inline constexpr std::string_view kTables =
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid "
    "WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'pg_catalog' "
    "AND n.nspname <> 'information_schema' AND n.nspname <> 'pg_toast'";

/// The columns of one table. {0}: schema, {1}: table.
inline constexpr std::string_view kColumns =
    "SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, "
    "pg_catalog.pg_get_expr(d.adbin, d.adrelid) "
    "FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
    "WHERE n.nspname = {0} AND c.relname = {1} AND c.relkind IN ('r', 'p') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// Which domains are NOT NULL (checked only for columns of a domain type). {0}: OID.
inline constexpr std::string_view kDomainNotNull =
    "SELECT t.typnotnull FROM pg_catalog.pg_type t WHERE t.oid = {0}";

/// The primary key's column numbers as an int2vector. {0}: schema, {1}: table.
inline constexpr std::string_view kPrimaryKey =
    "SELECT i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid "
    "WHERE n.nspname = {0} AND c.relname = {1} AND i.indisprimary";

/// The unique indexes, in the order in which pgjdbc sees them. {0}: schema, {1}: table.
inline constexpr std::string_view kUniqueIndexes =
    "SELECT ci.relname, i.indkey FROM pg_catalog.pg_index i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
    "JOIN pg_catalog.pg_class ci ON ci.oid = i.indexrelid "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid "
    "WHERE n.nspname = {0} AND c.relname = {1} AND i.indisunique "
    "ORDER BY ci.relname";

/// Column numbers and names, dropped ones too (for the index look-ups). {0}: schema, {1}: table.
inline constexpr std::string_view kColumnNumbers =
    "SELECT a.attnum, a.attname FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_class c ON a.attrelid = c.oid "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid "
    "WHERE n.nspname = {0} AND c.relname = {1} AND a.attnum > 0";

/// {0}: slot, {1}: database.
inline constexpr std::string_view kSlot =
    "SELECT s.active, s.confirmed_flush_lsn, s.restart_lsn, s.plugin "
    "FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = {0} AND s.database = {1}";

inline constexpr std::string_view kDropSlot = "SELECT pg_drop_replication_slot({0})";

/// {0}: publication.
inline constexpr std::string_view kPublication =
    "SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = {0}";
inline constexpr std::string_view kPublicationTables =
    "SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = {0}";

/// {0}: schema, {1}: table.
inline constexpr std::string_view kReplicaIdentity =
    "SELECT c.relreplident FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid WHERE n.nspname = {0} AND c.relname = {1}";

/// Assigns a transaction id to the snapshot's transaction.
inline constexpr std::string_view kCurrentXid = "SELECT pg_current_xact_id()";
inline constexpr std::string_view kCurrentWal = "SELECT pg_current_wal_lsn()";
inline constexpr std::string_view kCurrentTimestamp = "SELECT CURRENT_TIMESTAMP";

inline constexpr std::string_view kBeginSnapshot =
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ";
inline constexpr std::string_view kRollback = "ROLLBACK";

}  // namespace cdcsim::debezium::catalog
