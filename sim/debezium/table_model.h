// The connector's picture of a table, made either from the catalog (snapshot) or from a Relation
// message (stream); the two differ in small ways that show in records.
// Mirrors io.debezium.relational.Table and Column.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"

namespace cdcsim::debezium {

struct TableId {
    std::string schema, table;
    auto operator<=>(const TableId&) const = default;
    /// `schema.table`: what lists match and what tables are sorted by.
    std::string text() const { return schema + "." + table; }
    /// `"schema"."table"` for SQL.
    std::string quoted() const;
};

/// `"name"` with inner quotes doubled.
std::string quoted_identifier(std::string_view name);
/// `'text'` with inner quotes doubled, for SQL.
std::string quoted_literal(std::string_view text);

struct Column {
    std::string name;
    std::string type_name;          ///< pgjdbc's: int4, serial, "s"."mood", numeric, _text
    Oid native_type = kInvalidOid;  ///< the root type: a domain's base
    int length = -1;
    std::optional<int> scale;
    bool optional = true;
    bool generated = false;
    std::optional<std::string> default_expression;
};

struct Table {
    TableId id;
    std::vector<Column> columns;
    std::vector<std::string> key;  ///< primary key or unique index, in key order
    bool from_relation = false;    ///< values come from pgoutput, not from a SELECT

    const Column* column(std::string_view name) const;
};

}  // namespace cdcsim::debezium
