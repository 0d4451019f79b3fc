// A table version compiled for writing: its schemas serialised once, and for each column of key
// and value the writer that appends its JSON. Mirrors io.debezium.relational.TableSchema.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

/// One column of a row, in the table's column order.
struct Cell {
    enum class Kind : unsigned char { kNull, kText, kUnchanged };
    Kind kind = Kind::kNull;
    std::string_view text;
};
using Row = std::span<const Cell>;

struct PlannedColumn {
    std::size_t index;  ///< into the table's columns
    bool optional;
    connect::Schema schema;
    ColumnWriter writer;
};

class TablePlan {
  public:
    TablePlan(Table table, const ConnectorConfig& config, const TypeRegistry& types);

    const Table& table() const { return table_; }
    const std::string& topic() const { return topic_; }
    bool has_key() const { return key_schema_ != nullptr; }
    /// Of the key (null: none), of a row event, of a row, and of a row that was unwrapped.
    const connect::SchemaPtr& key_schema() const { return key_schema_; }
    const connect::SchemaPtr& envelope_schema() const { return envelope_schema_; }
    const connect::SchemaPtr& row_schema() const { return value_schema_; }
    const connect::SchemaPtr& unwrapped_schema() const { return unwrapped_schema_; }
    const std::shared_ptr<const std::string>& key_prefix() const { return key_prefix_; }
    const std::shared_ptr<const std::string>& value_prefix() const { return value_prefix_; }
    /// With unwrapping: of a row, and of the null that a delete leaves.
    const std::shared_ptr<const std::string>& unwrapped_prefix() const { return unwrapped_prefix_; }
    const std::shared_ptr<const std::string>& null_prefix() const { return null_prefix_; }
    /// With unwrapping: an added field that has the name of a column; "" if there is none.
    const std::string& twice_named() const { return twice_named_; }

    /// Appends the key struct: `{"id":1}`.
    void append_key(Row row, std::string& out) const;
    /// Appends the struct of before or after.
    void append_value(Row row, std::string& out) const;
    /// The key as SimpleHeaderConverter writes it into __debezium.newkey and oldkey.
    std::string header_key(Row row) const;
    /// True if the included columns convert to equal values.
    bool same_values(Row left, Row right) const;

    /// The highest index of a column that key or value need, plus one.
    std::size_t needed_width() const;
    /// The columns that a snapshot selects, as indexes into the table's.
    const std::vector<std::size_t>& selected() const { return selected_; }

  private:
    void plan_key(const ConnectorConfig& config, const TypeRegistry& types);
    void plan_value(const ConnectorConfig& config, const TypeRegistry& types);
    void make_envelope(const ConnectorConfig& config);

    Table table_;
    std::string topic_;
    std::vector<PlannedColumn> key_, value_;
    std::vector<std::size_t> selected_;
    connect::SchemaPtr key_schema_, value_schema_, envelope_schema_, unwrapped_schema_;
    std::string twice_named_;
    std::shared_ptr<const std::string> key_prefix_, value_prefix_, unwrapped_prefix_, null_prefix_;
};

/// The schema of a row event's source block.
const connect::SchemaPtr& source_schema();
/// `event.block`, the optional struct `transaction`.
const connect::SchemaPtr& transaction_block_schema();

}  // namespace cdcsim::debezium
