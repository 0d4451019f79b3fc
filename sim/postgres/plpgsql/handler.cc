#include "sim/postgres/plpgsql/handler.h"

#include <fmt/format.h>

#include <map>

#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/plpgsql/parse.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using plpgsql::Interpreter;
using plpgsql::PlFunction;

struct CacheEntry {
    std::shared_ptr<const Function> function;   ///< keeps the address from being used again
    RelationPtr relation;
    std::shared_ptr<PlFunction> compiled;
};
/// By function and, for triggers, the table it fires on.
using Cache = std::map<std::pair<const Function*, Oid>, CacheEntry>;

std::shared_ptr<PlFunction> compiled(Backend& backend, const std::shared_ptr<const Function>& function, const RelationPtr& relation) {
    if (!backend.plpgsql_cache) backend.plpgsql_cache = std::make_shared<Cache>();
    Cache& cache = *std::static_pointer_cast<Cache>(backend.plpgsql_cache);
    CacheEntry& entry = cache[{function.get(), relation ? relation->oid : kInvalidOid}];
    if (entry.compiled && entry.relation == relation) return entry.compiled;
    plpgsql::CompileOptions options;
    options.function = function;
    options.relation = relation;
    try {
        entry.compiled = plpgsql::compile(backend, options);
    } catch (SqlError& error) {
        if (error.position() >= 0) error.move_position_into(function->body);
        error.add_context(fmt::format("compilation of PL/pgSQL function \"{}\" near line 1", function->name));
        throw;
    }
    entry.function = function;
    entry.relation = relation;
    return entry.compiled;
}

RowType relation_row(const Relation& relation) {
    RowType row;
    for (const Column& column : relation.columns) row.push_back({column.dropped ? "" : column.name, column.type, column.typmod, column.dropped});
    return row;
}

void set_scalar(Interpreter& interpreter, PlFunction& function, std::string_view name, Datum value) {
    for (std::size_t i = 0; i < function.variables.size(); ++i) {
        if (function.variables[i].name == name) {
            interpreter.value(static_cast<int>(i)).scalar = std::move(value);
            return;
        }
    }
}

void set_trigger_variables(Backend& backend, Interpreter& interpreter, PlFunction& function, const TriggerCall& call) {
    auto text = [&](std::string_view name, std::string_view value) { set_scalar(interpreter, function, name, Datum::of_text(std::string(value))); };
    text("tg_name", call.trigger.name);
    text("tg_when", call.before ? "BEFORE" : "AFTER");
    text("tg_level", call.row ? "ROW" : "STATEMENT");
    text("tg_op", call.operation == TriggerType::kInsert ? "INSERT" : call.operation == TriggerType::kUpdate ? "UPDATE" : call.operation == TriggerType::kDelete ? "DELETE" : "TRUNCATE");
    text("tg_relname", call.relation->name);
    text("tg_table_name", call.relation->name);
    text("tg_table_schema", call.relation->schema_name);
    set_scalar(interpreter, function, "tg_relid", Datum::of_int(call.relation->oid));
    set_scalar(interpreter, function, "tg_nargs", Datum::of_int(static_cast<std::int64_t>(call.trigger.args.size())));
    if (call.trigger.args.empty()) return;
    std::vector<Datum> elements;
    for (const std::string& arg : call.trigger.args) elements.push_back(Datum::of_text(arg));
    ArrayValue args = ArrayValue::of(std::move(elements));
    args.lower[0] = 0;
    set_scalar(interpreter, function, "tg_argv", array_datum(backend, oid::kTextArray, args));
}

/// The value that a function returns, from RETURN or its OUT parameters.
Datum final_value(Backend& backend, Interpreter& interpreter, PlFunction& function, Oid wanted) {
    if (!function.out_variables.empty()) {
        std::vector<Datum> fields;
        for (int variable : function.out_variables) fields.push_back(interpreter.value(variable).scalar);
        if (fields.size() == 1) return fields[0];
        return make_row(backend, wanted, function.out_columns, fields);
    }
    if (wanted == oid::kVoid) return Datum::of_text("");
    if (interpreter.result_record >= 0) {
        plpgsql::Value& record = interpreter.value(interpreter.result_record);
        if (!record.assigned) return {};
        const plpgsql::Variable& variable = function.variables[static_cast<std::size_t>(interpreter.result_record)];
        const TypeInfo& type = backend.type(wanted);
        if (wanted == oid::kRecord || variable.type == wanted) return make_row(backend, wanted, record.row_type, record.fields);
        if (type.typtype != 'c') throw SqlError("42804", "cannot return composite value from function returning a scalar");
        std::vector<Datum> fields(type.attributes.size());
        std::size_t next = 0;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (type.attributes[i].dropped) continue;
            while (next < record.row_type.size() && record.row_type[next].dropped) ++next;
            if (next >= record.fields.size()) break;
            fields[i] = interpreter.cast(record.fields[next], record.row_type[next].type, record.row_type[next].typmod, type.attributes[i].type, type.attributes[i].typmod);
            ++next;
        }
        return make_row(backend, wanted, type.attributes, fields);
    }
    return interpreter.cast(interpreter.result, interpreter.result_type, interpreter.result_typmod, wanted, -1);
}

void bind_arguments(Backend& backend, Interpreter& interpreter, PlFunction& function, std::span<const Datum> args) {
    for (std::size_t i = 0; i < args.size() && i < function.argument_variables.size(); ++i) {
        int number = function.argument_variables[i];
        const plpgsql::Variable& variable = function.variables[static_cast<std::size_t>(number)];
        if (!variable.is_record) {
            interpreter.value(number).scalar = args[i];
        } else if (!args[i].is_null()) {
            std::string_view literal;
            RowType row_type = row_type_of(backend, variable.type, args[i], literal);
            std::vector<Datum> fields = parse_row(backend, row_type, literal);
            interpreter.set_record(number, std::move(row_type), std::move(fields));
        }
    }
}

}  // namespace

void plpgsql_validate(Backend& backend, const Function& function) {
    plpgsql::CompileOptions options;
    options.function = std::make_shared<Function>(function);
    options.check_only = true;
    plpgsql::compile(backend, options);
}

Datum plpgsql_call(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args) {
    if (function->result == oid::kTrigger) {
        throw SqlError("0A000", "trigger functions can only be called as triggers");
    }
    std::shared_ptr<PlFunction> code = compiled(backend, function, nullptr);
    Interpreter interpreter(backend, *code);
    bind_arguments(backend, interpreter, *code, args);
    interpreter.run();
    return final_value(backend, interpreter, *code, call.result_type);
}

void plpgsql_call_set(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args, const RowSink& emit) {
    std::shared_ptr<PlFunction> code = compiled(backend, function, nullptr);
    Interpreter interpreter(backend, *code);
    bind_arguments(backend, interpreter, *code, args);
    if (!code->out_columns.empty()) {
        interpreter.wanted = code->out_columns;
    } else {
        const TypeInfo& type = backend.type(call.result_type);
        if (type.typtype == 'c') {
            for (const Attribute& attribute : type.attributes) {
                if (!attribute.dropped) interpreter.wanted.push_back(attribute);
            }
        } else if (call.result_type == oid::kRecord) {
            throw NotSimulated("a PL/pgSQL function that returns SETOF record");
        } else {
            interpreter.wanted = {{function->name, call.result_type, -1, false}};
        }
    }
    interpreter.emit = &emit;
    interpreter.run();
}

TriggerResult plpgsql_trigger(Backend& backend, const TriggerCall& call) {
    std::shared_ptr<PlFunction> code = compiled(backend, call.trigger.function, call.relation);
    Interpreter interpreter(backend, *code);
    set_trigger_variables(backend, interpreter, *code, call);
    interpreter.value(code->new_variable).is_null = true;
    interpreter.value(code->old_variable).is_null = true;
    RowType row = relation_row(*call.relation);
    if (call.row) {
        if (call.new_row != nullptr) interpreter.set_record(code->new_variable, row, *call.new_row);
        if (call.old_row != nullptr) interpreter.set_record(code->old_variable, row, *call.old_row);
    }
    interpreter.run();
    TriggerResult result;
    if (!call.row || !call.before) return result;
    if (interpreter.result_record >= 0) {
        plpgsql::Value& record = interpreter.value(interpreter.result_record);
        bool present = record.assigned;
        if (interpreter.result_record == code->new_variable && call.new_row == nullptr) present = false;
        if (interpreter.result_record == code->old_variable && call.old_row == nullptr) present = false;
        if (!present) return result;
        if (interpreter.result_record == code->new_variable) {
            result.row = record.fields;
            result.assigned = record.touched;
            return result;
        }
        // Another record: by position, converted.
        std::vector<Datum> fields(row.size());
        std::size_t next = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (row[i].dropped) continue;
            while (next < record.row_type.size() && record.row_type[next].dropped) ++next;
            if (next >= record.fields.size()) {
                throw SqlError("42804", "returned row structure does not match the structure of the triggering table")
                    .detail(fmt::format("Number of returned columns ({}) does not match expected column count ({}).", record.fields.size(), row.size()));
            }
            fields[i] = interpreter.cast(record.fields[next], record.row_type[next].type, record.row_type[next].typmod, row[i].type, row[i].typmod);
            ++next;
        }
        result.row = std::move(fields);
        return result;
    }
    if (interpreter.result.is_null()) return result;
    const TypeInfo& type = backend.type(interpreter.result_type);
    if (type.typtype != 'c' && interpreter.result_type != oid::kRecord) {
        throw SqlError("42804", "cannot return non-composite value from function returning composite type");
    }
    std::string_view literal;
    RowType given = row_type_of(backend, interpreter.result_type, interpreter.result, literal);
    std::vector<Datum> fields = parse_row(backend, given, literal);
    if (given.size() != row.size()) throw NotSimulated("a trigger that returns a row of another shape");
    result.row = std::move(fields);
    return result;
}

void plpgsql_inline(Backend& backend, const std::string& body) {
    auto function = std::make_shared<Function>();
    function->name = "inline_code_block";
    function->language = "plpgsql";
    function->body = body;
    function->result = oid::kVoid;
    plpgsql::CompileOptions options;
    options.function = function;
    options.is_inline = true;
    std::shared_ptr<PlFunction> code = plpgsql::compile(backend, options);
    Interpreter interpreter(backend, *code);
    interpreter.run();
}

}  // namespace cdcsim::pg
