// RETURN, RETURN NEXT and RETURN QUERY.
#include <fmt/format.h>

#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

bool is_row_type(Backend& backend, Oid type) { return type == oid::kRecord || backend.type(type).typtype == 'c'; }

std::size_t live_columns(const RowType& row) {
    std::size_t count = 0;
    for (const Attribute& column : row) count += column.dropped ? 0 : 1;
    return count;
}

}  // namespace

Interpreter::Flow Interpreter::run_return(PlStatement& statement) {
    returned = true;
    if (!statement.expr) return Flow::kReturn;
    if (statement.result_variable >= 0) {
        const Variable& variable = function_.variables[static_cast<std::size_t>(statement.result_variable)];
        if (variable.is_record) {
            result_record = statement.result_variable;
            return Flow::kReturn;
        }
        result = value(statement.result_variable).scalar;
        result_type = variable.type;
        result_typmod = variable.typmod;
    } else {
        result = evaluate(*statement.expr, &result_type, &result_typmod);
    }
    bool wants_row = function_.is_trigger || (wanted_type != kInvalidOid && is_row_type(backend_, wanted_type));
    if (wants_row && !result.is_null() && !is_row_type(backend_, result_type)) {
        throw SqlError("42804", "cannot return non-composite value from function returning composite type");
    }
    return Flow::kReturn;
}

std::vector<Datum> Interpreter::convert_row(const RowType& from, const std::vector<Datum>& row, const RowType& to, const std::string& message) {
    std::size_t given = live_columns(from), expected = live_columns(to);
    std::vector<Datum> converted(to.size());
    std::size_t next = 0, number = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (to[i].dropped) continue;
        ++number;
        while (next < from.size() && from[next].dropped) ++next;
        if (next >= from.size()) break;
        bool same = from[next].type == to[i].type && (from[next].typmod == to[i].typmod || to[i].typmod < 0);
        if (!same) {
            throw SqlError("42804", message)
                .detail(fmt::format("Returned type {} does not match expected type {} in column {}.", format_type(backend_, from[next].type, from[next].typmod),
                                    format_type(backend_, to[i].type, to[i].typmod), number));
        }
        converted[i] = row[next++];
    }
    if (given != expected) {
        throw SqlError("42804", message)
            .detail(fmt::format("Number of returned columns ({}) does not match expected column count ({}).", given, expected));
    }
    return converted;
}

void Interpreter::require_known_columns() const {
    if (!knows_wanted) throw SqlError("0A000", "materialize mode required, but it is not allowed in this context");
}

void Interpreter::run_return_next(PlStatement& statement) {
    require_known_columns();
    if (!statement.expr) {
        std::vector<Datum> row;
        for (int variable : function_.out_variables) {
            const Variable& out = function_.variables[static_cast<std::size_t>(variable)];
            if (out.is_record && function_.out_variables.size() == 1) {
                Value& record = value(variable);
                (*emit)(convert_row(record.row_type, record.fields, wanted, "wrong record type supplied in RETURN NEXT"));
                return;
            }
            row.push_back(source_->param(variable + 1));
        }
        (*emit)(row);
        return;
    }
    bool wants_row = is_row_type(backend_, wanted_type);
    if (statement.result_variable >= 0) {
        const Variable& variable = function_.variables[static_cast<std::size_t>(statement.result_variable)];
        Value& given = value(statement.result_variable);
        if (variable.is_record) {
            if (!given.assigned) {
                throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", variable.name))
                    .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
            }
            (*emit)(convert_row(given.row_type, given.fields, wanted, "wrong record type supplied in RETURN NEXT"));
            return;
        }
        if (wanted.size() != 1 || wants_row) throw SqlError("42804", "wrong result type supplied in RETURN NEXT");
        Datum converted = cast(given.scalar, variable.type, variable.typmod, wanted[0].type, wanted[0].typmod);
        (*emit)({&converted, 1});
        return;
    }
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(*statement.expr, &type, &typmod);
    if (!wants_row) {
        if (wanted.size() != 1) throw SqlError("42804", "wrong result type supplied in RETURN NEXT");
        Datum converted = cast(given, type, typmod, wanted[0].type, wanted[0].typmod);
        (*emit)({&converted, 1});
        return;
    }
    if (given.is_null()) {
        (*emit)(std::vector<Datum>(wanted.size()));
        return;
    }
    if (!is_row_type(backend_, type)) throw SqlError("42804", "cannot return non-composite value from function returning composite type");
    std::string_view literal;
    RowType row_type = row_type_of(backend_, type, given, literal);
    (*emit)(convert_row(row_type, parse_row(backend_, row_type, literal), wanted, "returned record type does not match expected record type"));
}

void Interpreter::run_return_query(PlStatement& statement) {
    require_known_columns();
    std::string sql;
    SpiResult rows = statement.expr ? query(*statement.expr, 0) : execute_dynamic(statement, *statement.expr2, 0, false, &sql);
    if (!rows.returns_rows) {
        const std::string& text = statement.expr ? statement.expr->text : sql;
        const bool makes_table = rows.command.starts_with("SELECT");
        SqlError error("42601", fmt::format("{} query does not return tuples", !makes_table ? rows.command : std::tolower(text[0]) == 's' ? "SELECT INTO" : "CREATE TABLE AS"));
        error.add_context(fmt::format("SQL statement \"{}\"", text));
        throw error;
    }
    constexpr const char* kMessage = "structure of query does not match function result type";
    try {
        // Known before the first row comes.
        convert_row(rows.columns, std::vector<Datum>(rows.columns.size()), wanted, kMessage);
    } catch (SqlError& error) {
        error.add_context(fmt::format("SQL statement \"{}\"", statement.expr ? statement.expr->text : sql));
        throw;
    }
    for (const auto& row : rows.rows) (*emit)(convert_row(rows.columns, row, wanted, kMessage));
    row_count_ = static_cast<std::int64_t>(rows.rows.size());
    set_found(!rows.rows.empty());
}

}  // namespace cdcsim::pg::plpgsql
