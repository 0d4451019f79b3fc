// From PostgreSQL's text of a column to JSON in a record's payload, with one function pointer a
// column and no object in between; and the column's Connect schema beside it.
// Mirrors PostgresValueConverter (schemaBuilder and converter) and JdbcValueConverters.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/connect/schema.h"
#include "sim/debezium/connector_config.h"
#include "sim/debezium/table_model.h"
#include "sim/debezium/type_registry.h"

namespace cdcsim::debezium {

struct ColumnWriter;

/// Appends the JSON of a value that is not NULL. False: the value does not convert, and the field
/// is left null.
using WriteValue = bool (*)(const ColumnWriter& column, std::string_view text, std::string& out);

/// What a mapper (column.truncate, column.mask) does to a converted value.
struct ValueMapper {
    enum class Kind { kNone, kTruncate, kConstant, kHash };
    Kind kind = Kind::kNone;
    int length = 0;  ///< what truncating and hashing leave; 0 keeps a whole hash
    std::string constant_json;
    std::string (*digest)(std::string_view) = nullptr;
    std::string salt;
    bool java_serialized = false;  ///< the first version hashes the serialised String
};

struct ColumnWriter {
    WriteValue write = nullptr;
    std::string member;       ///< `"name":`
    std::string null_json;    ///< what NULL prints as: null, the default, or the type's fallback
    std::string toast_json;   ///< what an unchanged TOAST value prints as
    bool required = false;    ///< a null that reaches JsonConverter fails the task
    bool null_fails = false;  ///< NULL fails the task
    std::string column_name;  ///< for messages
    /// Facts for the function.
    int length = -1;
    std::optional<int> scale;
    BinaryMode binary_mode = BinaryMode::kBytes;
    DecimalMode decimal_mode = DecimalMode::kPrecise;
    bool decimal_numeric = false;
    bool variable_scale = false;
    int money_fraction_digits = 2;
    bool interval_as_string = false;
    bool from_relation = false;
    bool in_array = false;
    bool decoded_as_null = false;  ///< the stream's decoder makes NULL of every value
    std::shared_ptr<const ColumnWriter> element;  ///< of an array
    std::string null_element_json;                ///< empty: a NULL element nulls the whole field
    ValueMapper mapper;
    enum class HeaderForm {
        kAsJson,
        kString,
        kDecimal,
        kRefused
    } header_form = HeaderForm::kAsJson;
};

/// A column's schema (without the field's name) and its writer.
struct BuiltColumn {
    connect::Schema schema;
    ColumnWriter writer;
    std::string fallback_json;  ///< for NULL in a NOT NULL column without default
    bool has_no_fallback = false;  ///< NULL in such a column fails the task
    bool is_struct = false;     ///< such values have no default in the schema
    bool masked_type = false;   ///< JDBC's CHAR and VARCHAR kinds, which masks apply to
};

/// What building needs besides the column.
struct BuildContext {
    const ConnectorConfig& config;
    const connect::JsonConverterConfig& converter;
    const TypeRegistry& types;
    bool from_relation = false;
};

/// The column as its type and the modes say, optional and default not yet set. nullopt: the
/// connector leaves such a column out.
std::optional<BuiltColumn> build_column(const Column& column, const BuildContext& context);

/// Appends the value's JSON: NULL, unchanged TOAST and mappers considered.
void append_value(const ColumnWriter& column, std::string_view text, std::string& out);
inline void append_null(const ColumnWriter& column, std::string& out) {
    out += column.null_json;
}

/// Applies a mapper to a value that is already JSON.
std::string mapped_json(const ValueMapper& mapper, std::string json, connect::SchemaType type);

/// The text inside a JSON string.
std::string json_string_text(std::string_view json);

}  // namespace cdcsim::debezium
