// RAISE, ASSERT and GET DIAGNOSTICS.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {

std::string Interpreter::text_of(const Datum& given, Oid type) {
    return given.is_null() ? "<NULL>" : output_text(backend_, type, given);
}

/// The format string with its placeholders filled.
std::string Interpreter::raise_message(PlStatement& statement) {
    std::string message;
    std::size_t next = 0;
    for (std::size_t i = 0; i < statement.message.size(); ++i) {
        if (statement.message[i] != '%') {
            message += statement.message[i];
        } else if (i + 1 < statement.message.size() && statement.message[i + 1] == '%') {
            message += '%';
            ++i;
        } else {
            Oid type = kInvalidOid;
            Datum given = evaluate(*statement.params[next++], &type);
            message += text_of(given, type);
        }
    }
    return message;
}

namespace {

/// What RAISE ... USING collects; each once.
struct RaiseFields {
    std::string code, message, detail, hint, column, constraint, datatype, table, schema;
    bool has_message = false;
};

struct OptionRow {
    std::string_view name;
    std::string RaiseFields::*field;
};
constexpr OptionRow kOptions[] = {
    {"detail", &RaiseFields::detail}, {"hint", &RaiseFields::hint}, {"column", &RaiseFields::column}, {"constraint", &RaiseFields::constraint},
    {"datatype", &RaiseFields::datatype}, {"table", &RaiseFields::table}, {"schema", &RaiseFields::schema},
};

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
}

[[noreturn]] void throw_twice(const std::string& option) {
    throw SqlError("42601", fmt::format("RAISE option already specified: {}", upper(option)));
}

std::string sqlstate_of(const std::string& text) {
    bool is_state = text.size() == 5 && text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    if (is_state) return text;
    auto row = std::ranges::find(condition_names(), text, &ConditionRow::name);
    if (row != condition_names().end()) return std::string(row->sqlstate);
    throw SqlError("42704", fmt::format("unrecognized exception condition \"{}\"", text));
}

void set_option(RaiseFields& fields, const std::string& option, const std::string& text, std::string& condition) {
    if (option == "errcode") {
        if (!fields.code.empty()) throw_twice(option);
        fields.code = sqlstate_of(text);
        condition = text;
        return;
    }
    if (option == "message") {
        if (fields.has_message) throw_twice(option);
        fields.message = text;
        fields.has_message = true;
        return;
    }
    std::string& field = fields.*std::ranges::find(kOptions, option, &OptionRow::name)->field;
    if (!field.empty()) throw_twice(option);
    field = text;
}

}  // namespace

void Interpreter::run_raise(PlStatement& statement) {
    if (statement.level.empty()) {
        if (backend_.handled_errors.empty()) throw SqlError("0Z002", "RAISE without parameters cannot be used outside an exception handler");
        SqlError again = *backend_.handled_errors.back();
        throw again;
    }
    RaiseFields fields;
    fields.code = statement.condition;
    std::string condition = statement.message;
    fields.has_message = statement.has_message;
    if (statement.has_message) {
        fields.message = raise_message(statement);
        condition.clear();
    }
    for (auto& [option, expr] : statement.options) {
        Oid type = kInvalidOid;
        Datum given = evaluate(*expr, &type);
        if (given.is_null()) throw SqlError("22004", "RAISE statement option cannot be null");
        set_option(fields, option, output_text(backend_, type, given), condition);
    }
    bool is_error = statement.level == "exception";
    if (fields.code.empty() && is_error) fields.code = "P0001";
    if (!fields.has_message) fields.message = !condition.empty() ? condition : fields.code;
    SqlError report(fields.code.empty() ? (statement.level == "warning" ? "01000" : "00000") : fields.code, fields.message);
    report.set_detail(fields.detail);
    report.set_hint(fields.hint);
    SqlError complete = std::move(report).about({fields.schema, fields.table, fields.column, fields.datatype, fields.constraint});
    if (is_error) throw complete;
    std::string severity = upper(statement.level);
    if (severity == "DEBUG") severity = "DEBUG1";
    complete.set_context(backend_.context_lines());
    backend_.send_notice(severity, std::move(complete));
}

void Interpreter::run_assert(PlStatement& statement) {
    if (backend_.setting("plpgsql.check_asserts") == "off") return;
    if (evaluate_condition(*statement.expr)) return;
    std::string message = "assertion failed";
    if (statement.expr2) {
        Oid type = kInvalidOid;
        Datum given = evaluate(*statement.expr2, &type);
        if (!given.is_null()) message = output_text(backend_, type, given);
    }
    throw SqlError("P0004", message);
}

namespace {

struct StackedRow {
    std::string_view item;
    const std::string& (*get)(const SqlError& error);
};
constexpr StackedRow kStacked[] = {
    {"returned_sqlstate", [](const SqlError& e) -> const std::string& { return e.sqlstate(); }},
    {"message_text", [](const SqlError& e) -> const std::string& { return e.message(); }},
    {"pg_exception_detail", [](const SqlError& e) -> const std::string& { return e.detail(); }},
    {"pg_exception_hint", [](const SqlError& e) -> const std::string& { return e.hint(); }},
    {"pg_exception_context", [](const SqlError& e) -> const std::string& { return e.context(); }},
    {"column_name", [](const SqlError& e) -> const std::string& { return e.objects().column; }},
    {"constraint_name", [](const SqlError& e) -> const std::string& { return e.objects().constraint; }},
    {"pg_datatype_name", [](const SqlError& e) -> const std::string& { return e.objects().datatype; }},
    {"table_name", [](const SqlError& e) -> const std::string& { return e.objects().table; }},
    {"schema_name", [](const SqlError& e) -> const std::string& { return e.objects().schema; }},
};

}  // namespace

void Interpreter::run_diagnostics(PlStatement& statement) {
    bool stacked = statement.kind == PlKind::kGetStacked;
    if (stacked && backend_.handled_errors.empty()) {
        throw SqlError("0Z002", "GET STACKED DIAGNOSTICS cannot be used outside an exception handler");
    }
    for (const DiagnosticsItem& item : statement.diagnostics) {
        if (item.item == "row_count") {
            assign(item.target, Datum::of_int(row_count_), oid::kInt8, -1);
        } else if (item.item == "pg_context") {
            assign(item.target, Datum::of_text(backend_.context_lines()), oid::kText, -1);
        } else {
            auto row = std::ranges::find(kStacked, item.item, &StackedRow::item);
            assign(item.target, Datum::of_text(row->get(*backend_.handled_errors.back())), oid::kText, -1);
        }
    }
}

}  // namespace cdcsim::pg::plpgsql
