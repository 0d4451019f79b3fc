#include "sim/debezium/table_plan.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/connect/decimal.h"
#include "core/connect/json_text.h"
#include "sim/debezium/default_value.h"

namespace cdcsim::debezium {

namespace {

using connect::Schema;
using connect::schema_of;
using connect::SchemaType;

/// MaskStrings, TruncateColumn and PropagateSourceMetadataToSchemaParameter.
void apply_rule(const ColumnRule* rule, const Column& column, BuiltColumn& built) {
    if (!rule) return;
    auto& parameters = built.schema.parameters;
    switch (rule->kind) {
        case ColumnRule::Kind::kMask:
            parameters.emplace_back("masked", "true");
            if (!built.masked_type) return;
            built.writer.mapper.kind = ValueMapper::Kind::kConstant;
            connect::append_json_string(built.writer.mapper.constant_json,
                                        std::string(static_cast<std::size_t>(rule->length), '*'));
            return;
        case ColumnRule::Kind::kTruncate:
            if (column.length >= 0 && column.length <= rule->length) return;
            parameters.emplace_back("truncateLength", std::to_string(rule->length));
            if (built.schema.type != SchemaType::kString && built.schema.type != SchemaType::kBytes) return;
            if (built.writer.header_form == ColumnWriter::HeaderForm::kDecimal) return;
            built.writer.mapper.kind = ValueMapper::Kind::kTruncate;
            built.writer.mapper.length = rule->length;
            return;
        case ColumnRule::Kind::kPropagateType: {
            std::string type = column.type_name;
            std::ranges::transform(type, type.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            });
            parameters.emplace_back("__debezium.source.column.type", type);
            if (column.length != -1)
                parameters.emplace_back("__debezium.source.column.length",
                                        std::to_string(column.length));
            if (column.scale)
                parameters.emplace_back("__debezium.source.column.scale",
                                        std::to_string(*column.scale));
            parameters.emplace_back("__debezium.source.column.name", column.name);
            return;
        }
        case ColumnRule::Kind::kHashV1:
        case ColumnRule::Kind::kHashV2:
            parameters.emplace_back("masked", "true");
            if (!built.masked_type) return;
            built.writer.mapper.kind = ValueMapper::Kind::kHash;
            built.writer.mapper.length = std::max(column.length, 0);
            built.writer.mapper.digest = rule->digest;
            built.writer.mapper.salt = rule->salt;
            built.writer.mapper.java_serialized = rule->kind == ColumnRule::Kind::kHashV1;
            return;
    }
}

/// Settles what NULL and unchanged TOAST values print as, now that default and optional are known.
void settle(BuiltColumn& built, const Column& column,
            const connect::JsonConverterConfig& converter) {
    auto& writer = built.writer;
    const auto& default_text = built.schema.default_json;
    if (column.optional)
        writer.null_json =
            default_text && converter.replace_null_with_default ? *default_text : "null";
    else
        writer.null_json = default_text ? *default_text : built.fallback_json;
    writer.required = !column.optional && !default_text;
    writer.null_fails = writer.required && built.has_no_fallback;
    // Mappers see a null as null; a NOT NULL column's fallback is a value to them.
    if (writer.mapper.kind == ValueMapper::Kind::kConstant)
        writer.null_json = writer.mapper.constant_json;
    else if (!column.optional)
        writer.null_json = mapped_json(writer.mapper, writer.null_json, built.schema.type);
    if (!writer.toast_json.empty())
        writer.toast_json = mapped_json(writer.mapper, writer.toast_json, SchemaType::kString);
}

std::optional<PlannedColumn> plan_column(const Table& table, std::size_t index,
                                         const ConnectorConfig& config,
                                         const connect::JsonConverterConfig& converter,
                                         const TypeRegistry& types, const ColumnRule* rule) {
    const auto& column = table.columns[index];
    auto built = build_column(column, {config, converter, types, table.from_relation});
    if (!built) return std::nullopt;
    const TypeInfo* type = types.find(column.native_type);
    built->schema.default_json = default_json(column, *type, *built);
    apply_rule(rule, column, *built);
    built->schema.optional = column.optional;
    settle(*built, column, converter);
    // ExtractNewRecordState copies what is there, without the defaults.
    if (config.unwrap && !column.optional) built->writer.required = true;
    connect::append_json_string(built->writer.member, config.adjusted_field_name(column.name));
    built->writer.member += ':';
    return PlannedColumn{index, column.optional, std::move(built->schema),
                         std::move(built->writer)};
}

void append_cell(const PlannedColumn& column, const Cell& cell, std::string& out) {
    const auto& writer = column.writer;
    if (cell.kind == Cell::Kind::kText) {
        append_value(writer, cell.text, out);
    } else if (cell.kind == Cell::Kind::kNull && writer.null_fails) {
        throw TaskFailure("org.apache.kafka.connect.errors.DataException: Invalid value: null used "
                          "for required field: \"" + writer.column_name + "\", schema type: INT64");
    } else if (cell.kind == Cell::Kind::kNull) {
        append_null(writer, out);
    } else if (!writer.toast_json.empty()) {
        out += writer.toast_json;
    } else if (writer.required) {
        throw NotSimulated("an unchanged TOAST value of the NOT NULL column \"" +
                           writer.column_name + "\", which the connector cannot convert");
    } else {
        append_null(writer, out);
    }
}

void append_struct(const std::vector<PlannedColumn>& columns, Row row, std::string& out) {
    char separator = '{';
    for (const auto& column : columns) {
        out += separator;
        separator = ',';
        out += column.writer.member;
        append_cell(column, row[column.index], out);
    }
    if (separator == '{') out += '{';
    out += '}';
}

/// Values.append: only backslash and quote are escaped, numbers are plain.
void append_header_value(const PlannedColumn& column, const Cell& cell, std::string& out) {
    using Form = ColumnWriter::HeaderForm;
    const auto& writer = column.writer;
    std::string json;
    if (writer.header_form == Form::kRefused)
        throw NotSimulated("a changed key with the column \"" + writer.column_name +
                           "\" of this type in the header");
    if (writer.header_form == Form::kDecimal && !writer.decimal_numeric) {
        ColumnWriter numeric = writer;
        numeric.decimal_numeric = true;
        std::string_view text = cell.kind == Cell::Kind::kText ? cell.text : "0";
        if (numeric.write(numeric, text, json)) out += json;
        return;
    }
    append_cell(column, cell, json);
    if (writer.header_form == Form::kString && json != "null") {
        out += '"';
        for (char c : json_string_text(json)) {
            if (c == '\\' || c == '"') out += '\\';
            out += c;
        }
        out += '"';
    } else if (json == "\"NaN\"" || json == "\"Infinity\"" || json == "\"-Infinity\"") {
        out.append(json, 1, json.size() - 2);
    } else {
        out += json;
    }
}

std::vector<connect::Field> fields_of(const std::vector<PlannedColumn>& columns,
                                      const ConnectorConfig& config, const Table& table) {
    std::vector<connect::Field> fields;
    for (const auto& column : columns) {
        std::string name = config.adjusted_field_name(table.columns[column.index].name);
        if (std::ranges::find(fields, name, &connect::Field::name) != fields.end())
            throw TaskFailure("org.apache.kafka.connect.errors.SchemaBuilderException: Cannot create "
                              "field because of field name duplication " + name);
        fields.push_back({std::move(name), connect::share(column.schema)});
    }
    return fields;
}

Schema optional_schema(SchemaType type) {
    Schema schema = schema_of(type);
    schema.optional = true;
    return schema;
}

}  // namespace

const connect::SchemaPtr& source_schema() {
    static const connect::SchemaPtr schema = [] {
        auto string = connect::share(schema_of(SchemaType::kString));
        auto int64 = connect::share(schema_of(SchemaType::kInt64));
        auto optional_string = connect::share(optional_schema(SchemaType::kString));
        auto optional_int64 = connect::share(optional_schema(SchemaType::kInt64));
        Schema snapshot = connect::logical(SchemaType::kString, "io.debezium.data.Enum");
        snapshot.optional = true;
        snapshot.parameters = {{"allowed",
                                "true,first,first_in_data_collection,last_in_data_collection,last,"
                                "false,incremental"}};
        snapshot.default_json = "\"false\"";
        Schema source =
            connect::logical(SchemaType::kStruct, "io.debezium.connector.postgresql.Source");
        source.fields = {{"version", string},
                         {"connector", string},
                         {"name", string},
                         {"ts_ms", int64},
                         {"snapshot", connect::share(snapshot)},
                         {"db", string},
                         {"sequence", optional_string},
                         {"ts_us", optional_int64},
                         {"ts_ns", optional_int64},
                         {"schema", string},
                         {"table", string},
                         {"txId", optional_int64},
                         {"lsn", optional_int64},
                         {"xmin", optional_int64},
                         {"origin", optional_string},
                         {"origin_lsn", optional_int64}};
        return connect::share(source);
    }();
    return schema;
}

const connect::SchemaPtr& transaction_block_schema() {
    static const connect::SchemaPtr schema = [] {
        Schema block = connect::logical(SchemaType::kStruct, "event.block");
        block.optional = true;
        block.fields = {{"id", connect::share(schema_of(SchemaType::kString))},
                        {"total_order", connect::share(schema_of(SchemaType::kInt64))},
                        {"data_collection_order", connect::share(schema_of(SchemaType::kInt64))}};
        return connect::share(block);
    }();
    return schema;
}

TablePlan::TablePlan(Table table, const ConnectorConfig& config, const TypeRegistry& types)
    : table_(std::move(table)), topic_(config.topic_of(table_.id)) {
    plan_key(config, types);
    plan_value(config, types);
    make_envelope(config);
}

void TablePlan::plan_key(const ConnectorConfig& config, const TypeRegistry& types) {
    auto names = config.custom_key(table_);
    if (names.empty()) names = table_.key;
    for (const auto& name : names) {
        auto at = std::ranges::find(table_.columns, name, &Column::name);
        if (at == table_.columns.end()) continue;
        auto column = plan_column(table_, static_cast<std::size_t>(at - table_.columns.begin()),
                                  config, config.key_converter, types, nullptr);
        if (column) key_.push_back(std::move(*column));
    }
    // A key of types that are left out is a struct without fields.
    if (names.empty()) return;
    Schema schema = schema_of(SchemaType::kStruct);
    schema.name = config.adjusted_schema_name(topic_ + ".Key");
    schema.fields = fields_of(key_, config, table_);
    key_schema_ = connect::share(std::move(schema));
    key_prefix_ = connect::envelope_prefix(*key_schema_, config.key_converter);
}

void TablePlan::plan_value(const ConnectorConfig& config, const TypeRegistry& types) {
    // To mark deletes, ExtractNewRecordState makes a new struct of what Struct.get gives: NULL is the default there.
    auto converter = config.value_converter;
    if (config.unwrap && config.unwrap->rewrites()) converter.replace_null_with_default = true;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        const auto& column = table_.columns[i];
        if (!config.includes_column(table_.id, column.name)) continue;
        selected_.push_back(i);
        auto planned = plan_column(table_, i, config, converter, types,
                                   config.rule_for(table_.id, column));
        if (planned) value_.push_back(std::move(*planned));
    }
    // A filter that names no column of the table makes the snapshot select all of them.
    if (selected_.empty())
        for (std::size_t i = 0; i < table_.columns.size(); ++i) selected_.push_back(i);
    Schema schema = schema_of(SchemaType::kStruct);
    schema.name = config.adjusted_schema_name(topic_ + ".Value");
    schema.optional = true;
    schema.fields = fields_of(value_, config, table_);
    value_schema_ = connect::share(std::move(schema));
}

void TablePlan::make_envelope(const ConnectorConfig& config) {
    auto optional_int64 = connect::share(optional_schema(SchemaType::kInt64));
    Schema envelope =
        connect::logical(SchemaType::kStruct, config.adjusted_schema_name(topic_ + ".Envelope"), 2);
    envelope.fields = {{"before", value_schema_},
                       {"after", value_schema_},
                       {"source", source_schema()},
                       {"transaction", transaction_block_schema()},
                       {"op", connect::share(schema_of(SchemaType::kString))},
                       {"ts_ms", optional_int64},
                       {"ts_us", optional_int64},
                       {"ts_ns", optional_int64}};
    envelope_schema_ = connect::share(std::move(envelope));
    value_prefix_ = connect::envelope_prefix(*envelope_schema_, config.value_converter);
    if (!config.unwrap) return;
    Schema unwrapped = config.unwrap->value_schema(*value_schema_);
    for (std::size_t i = 0; i < unwrapped.fields.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (unwrapped.fields[i].name == unwrapped.fields[j].name && twice_named_.empty())
                twice_named_ = unwrapped.fields[i].name;
    unwrapped_schema_ = connect::share(std::move(unwrapped));
    unwrapped_prefix_ = connect::envelope_prefix(*unwrapped_schema_, config.value_converter);
    null_prefix_ = connect::envelope_prefix(*value_schema_, config.value_converter);
}

std::size_t TablePlan::needed_width() const {
    std::size_t width = 0;
    for (const auto* columns : {&key_, &value_})
        for (const auto& column : *columns) width = std::max(width, column.index + 1);
    return width;
}

void TablePlan::append_key(Row row, std::string& out) const {
    append_struct(key_, row, out);
}

void TablePlan::append_value(Row row, std::string& out) const {
    append_struct(value_, row, out);
}

std::string TablePlan::header_key(Row row) const {
    std::string out;
    for (const auto& column : key_) {
        out += out.empty() ? '{' : ',';
        out += column.writer.member;
        append_header_value(column, row[column.index], out);
    }
    return out.empty() ? "{}" : out + "}";
}

bool TablePlan::same_values(Row left, Row right) const {
    std::string a, b;
    for (const auto& column : value_) {
        const Cell& l = left[column.index];
        const Cell& r = right[column.index];
        bool masked = column.writer.mapper.kind == ValueMapper::Kind::kConstant;
        bool null_differs = (l.kind == Cell::Kind::kNull) != (r.kind == Cell::Kind::kNull);
        if (null_differs && column.optional && !masked) return false;
        a.clear();
        b.clear();
        append_cell(column, l, a);
        append_cell(column, r, b);
        if (a != b) return false;
    }
    return true;
}

}  // namespace cdcsim::debezium
