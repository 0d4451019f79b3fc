#include "sim/debezium/schema_reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "sim/debezium/catalog_queries.h"
#include "sim/debezium/default_value.h"
#include "sim/debezium/sql_text.h"

namespace cdcsim::debezium {

namespace {

using Row = std::vector<std::optional<std::string>>;

std::string ascii_lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

std::vector<int> int2vector(const std::string& text) {
    std::vector<int> numbers;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find(' ', at), text.size());
        numbers.push_back(std::stoi(text.substr(at, end - at)));
        at = end + 1;
    }
    return numbers;
}

/// pgjdbc calls an integer with a sequence's default a serial.
std::string serial_name(const std::string& type, const std::optional<std::string>& expression) {
    if (!expression || expression->find("nextval(") == std::string::npos) return type;
    if (type == "int4") return "serial";
    if (type == "int8") return "bigserial";
    return type == "int2" ? "smallserial" : type;
}

/// Strings.unquoteIdentifierPart, which takes the quotes that belong to a name for those around it.
std::string unquoted(const std::string& name) {
    if (name.size() < 2 || name.front() != name.back() || std::string_view("\"'`").find(name.front()) == std::string_view::npos) return name;
    std::string inner;
    for (std::size_t at = 1; at + 1 < name.size(); ++at) {
        inner += name[at];
        if (name[at] == name.front() && at + 2 < name.size() && name[at + 1] == name.front()) ++at;
    }
    return inner;
}

void check_case(const Table& table) {
    std::set<std::string> seen;
    for (const auto& column : table.columns)
        if (!seen.insert(ascii_lower(column.name)).second)
            throw TaskFailure(
                "io.debezium.DebeziumException: Table '" + table.id.text() +
                "' has columns that differ only by case. Column name: '" + column.name +
                "'. Debezium does not support case-sensitive duplicate column names as this causes "
                "data corruption. Please rename one of the duplicate columns before running "
                "Debezium.");
}

std::vector<std::string> arguments(const TableId& id) {
    return {quoted_literal(id.schema), quoted_literal(id.table)};
}

QueryResult ask(SqlConnection& connection, std::string_view query, const TableId& id) {
    auto values = arguments(id);
    return connection.query(bind(query, {values[0], values[1]}));
}

}  // namespace

std::vector<TableId> SchemaReader::tables() {
    std::vector<TableId> out;
    for (const auto& row : connection_.query(catalog::kTables).rows)
        out.push_back({row[0].value_or(""), row[1].value_or("")});
    std::ranges::sort(out, {}, &TableId::text);
    return out;
}

Column SchemaReader::read_column(const Row& row) {
    const auto& type = types_.get(static_cast<Oid>(as_integer(row[1])), connection_);
    const auto& root = types_.root(type.oid, connection_);
    auto typmod = static_cast<std::int32_t>(as_integer(row[2]));
    bool not_null = as_boolean(row[3]);
    Column column;
    column.name = row[0].value_or("");
    column.type_name = serial_name(types_.jdbc_name(type), row[5]);
    column.native_type = root.oid;
    column.generated = row[4] == "s";
    if (type.base != kInvalidOid) {
        column.length = types_.default_length(type, connection_);
        column.scale = types_.default_scale(type, connection_);
        auto answer = connection_.query(bind(catalog::kDomainNotNull, {std::to_string(type.oid)}));
        if (!answer.rows.empty() && as_boolean(answer.rows[0][0])) not_null = true;
    } else {
        column.length = jdbc_precision(type, typmod);
        if (type.oid != oid::kNumeric) {
            if (column.length == 0) column.length = jdbc_display_size(type, typmod);
            column.scale = jdbc_scale(type, typmod);
        } else if (typmod != -1) {
            column.scale = jdbc_scale(type, typmod);
        }
    }
    column.optional = !not_null;
    if (type.element == kInvalidOid && supports_default(type)) column.default_expression = row[5];
    return column;
}

std::vector<std::string> SchemaReader::key_of(const TableId& id) {
    std::map<int, std::string> names;
    auto name_columns = [&](const std::vector<int>& numbers, std::size_t count) {
        if (names.empty())
            for (const auto& row : ask(connection_, catalog::kColumnNumbers, id).rows)
                names[static_cast<int>(as_integer(row[0]))] = row[1].value_or("");
        std::vector<std::string> columns;
        for (std::size_t i = 0; i < std::min(count, numbers.size()); ++i)
            columns.push_back(names[numbers[i]]);
        return columns;
    };
    auto primary = ask(connection_, catalog::kPrimaryKey, id);
    if (!primary.rows.empty()) {
        const auto& row = primary.rows[0];
        return name_columns(int2vector(row[0].value_or("")),
                            static_cast<std::size_t>(as_integer(row[1])));
    }
    for (const auto& row : ask(connection_, catalog::kUniqueIndexes, id).rows) {
        auto numbers = int2vector(row[1].value_or(""));
        // 0 stands for an expression.
        if (std::ranges::find(numbers, 0) == numbers.end())
            return name_columns(numbers, numbers.size());
    }
    return {};
}

void SchemaReader::check_columns(const TableId& id) {
    Table table;
    table.id = id;
    for (const auto& row : ask(connection_, catalog::kColumns, id).rows) table.columns.emplace_back().name = row[0].value_or("");
    check_case(table);
}

Table SchemaReader::read(const TableId& id) {
    Table table;
    table.id = id;
    for (const auto& row : ask(connection_, catalog::kColumns, id).rows)
        table.columns.push_back(read_column(row));
    check_case(table);
    table.key = key_of(id);
    return table;
}

Table SchemaReader::from_relation(const pgoutput::Relation& relation,
                                  const ConnectorConfig& config) {
    Table now;
    now.id = {relation.schema, relation.table};
    for (const auto& row : ask(connection_, catalog::kColumns, now.id).rows)
        now.columns.push_back(read_column(row));
    Table table;
    table.id = now.id;
    table.from_relation = true;
    for (const auto& sent : relation.columns) {
        const auto& type = types_.get(sent.type, connection_);
        Column column;
        column.name = unquoted(sent.name);
        if (unquoted(column.name) != column.name) throw NotSimulated("a column whose name has two pairs of quotes around it");
        column.type_name = type.name;
        column.native_type = types_.root(type.oid, connection_).oid;
        if (sent.typmod != -1) {
            column.length = jdbc_precision(type, sent.typmod);
            column.scale = jdbc_scale(type, sent.typmod);
        } else {
            column.length = types_.default_length(type, connection_);
            column.scale = types_.default_scale(type, connection_);
        }
        // A name that was changed is not found.
        const auto* current = now.column(column.name);
        if (current && config.includes_column(table.id, column.name)) {
            column.optional = current->optional;
            column.default_expression = current->default_expression;
        }
        table.columns.push_back(std::move(column));
    }
    check_case(table);
    for (const auto& name : key_of(table.id))
        if (table.column(name)) table.key.push_back(name);
    return table;
}

}  // namespace cdcsim::debezium
