#include "sim/postgres/plpgsql/handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "sim/postgres/binder/polymorphic.h"
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
    std::shared_ptr<PlFunction> compiled;
};
/// By function, table for triggers, and the argument types of polymorphic functions.
using CacheKey = std::tuple<const Function*, Oid, std::vector<Oid>>;
using Cache = std::map<CacheKey, CacheEntry>;

std::shared_ptr<PlFunction> compiled(Backend& backend, const std::shared_ptr<const Function>& function, const RelationPtr& relation,
                                     const CallContext* call = nullptr) {
    if (!backend.plpgsql_cache) backend.plpgsql_cache = std::make_shared<Cache>();
    Cache& cache = *std::static_pointer_cast<Cache>(backend.plpgsql_cache);
    std::vector<Oid> types = call != nullptr ? resolved_types(backend, *function, call->arg_types) : std::vector<Oid>();
    CacheEntry& entry = cache[{function.get(), relation ? relation->oid : kInvalidOid, types}];
    if (entry.compiled) {
        // ALTER TABLE does not compile a trigger's function again: its plans stay.
        entry.compiled->relation = relation;
        return entry.compiled;
    }
    plpgsql::CompileOptions options;
    options.function = function;
    options.relation = relation;
    options.arg_types = std::move(types);
    entry.compiled = plpgsql::compile(backend, options);
    entry.function = function;
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
    const bool is_instead = (call.trigger.type & TriggerType::kInstead) != 0;
    text("tg_when", is_instead ? "INSTEAD OF" : call.before ? "BEFORE" : "AFTER");
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

std::vector<Datum> out_values(Interpreter& interpreter, PlFunction& function, Backend& backend) {
    std::vector<Datum> values;
    for (int number : function.out_variables) {
        const plpgsql::Variable& variable = function.variables[static_cast<std::size_t>(number)];
        plpgsql::Value& value = interpreter.value(number);
        if (!variable.is_record) {
            values.push_back(value.scalar);
        } else if (!value.assigned || value.is_null) {
            values.emplace_back();
        } else {
            values.push_back(make_row(backend, variable.type, value.row_type, value.fields));
        }
    }
    return values;
}

constexpr const char* kWrongRecord = "returned record type does not match expected record type";

/// The value that a function returns, from RETURN or its OUT parameters.
Datum final_value(Backend& backend, Interpreter& interpreter, PlFunction& function, const CallContext& call) {
    Oid wanted = call.result_type;
    if (!function.out_variables.empty()) {
        std::vector<Datum> fields = out_values(interpreter, function, backend);
        if (fields.size() == 1) return fields[0];
        return make_row(backend, wanted, function.out_columns, fields);
    }
    if (wanted == oid::kVoid) return Datum::of_text("");
    const TypeInfo& type = backend.type(wanted);
    bool wants_row = wanted == oid::kRecord || type.typtype == 'c';
    RowType row_type;
    std::vector<Datum> fields;
    if (interpreter.result_record >= 0) {
        plpgsql::Value& record = interpreter.value(interpreter.result_record);
        if (!record.assigned || record.is_null) return {};
        const plpgsql::Variable& variable = function.variables[static_cast<std::size_t>(interpreter.result_record)];
        if (variable.type == wanted && wanted != oid::kRecord) return make_row(backend, wanted, record.row_type, record.fields);
        if (!wants_row) {
            Datum whole = make_row(backend, variable.type, record.row_type, record.fields);
            return interpreter.cast(whole, variable.type, -1, wanted, -1);
        }
        row_type = record.row_type;
        fields = record.fields;
    } else {
        if (!wants_row) return interpreter.cast(interpreter.result, interpreter.result_type, interpreter.result_typmod, wanted, -1);
        if (interpreter.result.is_null()) return {};
        if (interpreter.result_type == wanted && wanted != oid::kRecord) return interpreter.result;
        std::string_view literal;
        row_type = row_type_of(backend, interpreter.result_type, interpreter.result, literal);
        fields = parse_row(backend, row_type, literal);
    }
    if (wanted == oid::kRecord && call.row_type == nullptr) return make_row(backend, wanted, row_type, fields);
    const RowType& expected = wanted == oid::kRecord ? *call.row_type : type.attributes;
    return make_row(backend, wanted, expected, interpreter.convert_row(row_type, fields, expected, kWrongRecord));
}

void bind_arguments(Backend& backend, Interpreter& interpreter, PlFunction& function, const CallContext& call, std::span<const Datum> args) {
    for (std::size_t i = 0; i < args.size() && i < function.argument_variables.size(); ++i) {
        int number = function.argument_variables[i];
        const plpgsql::Variable& variable = function.variables[static_cast<std::size_t>(number)];
        if (!variable.is_record) {
            interpreter.value(number).scalar = args[i];
        } else if (!args[i].is_null()) {
            std::string_view literal;
            // A RECORD parameter takes the value of any row type as it is.
            const bool any_row = variable.type == oid::kRecord && i < call.arg_types.size();
            RowType row_type = row_type_of(backend, any_row ? call.arg_types[i] : variable.type, args[i], literal);
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
    std::shared_ptr<PlFunction> code = compiled(backend, function, nullptr, &call);
    Interpreter interpreter(backend, *code);
    interpreter.wanted_type = call.result_type;
    bind_arguments(backend, interpreter, *code, call, args);
    interpreter.run();
    return interpreter.during("while casting return value to function's return type", [&] { return final_value(backend, interpreter, *code, call); });
}

std::vector<Datum> plpgsql_procedure(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args) {
    std::shared_ptr<PlFunction> code = compiled(backend, function, nullptr, &call);
    Interpreter interpreter(backend, *code);
    interpreter.wanted_type = call.result_type;
    bind_arguments(backend, interpreter, *code, call, args);
    interpreter.run();
    return out_values(interpreter, *code, backend);
}

void plpgsql_call_set(Backend& backend, const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args, const RowSink& emit) {
    std::shared_ptr<PlFunction> code = compiled(backend, function, nullptr, &call);
    Interpreter interpreter(backend, *code);
    interpreter.wanted_type = call.result_type;
    bind_arguments(backend, interpreter, *code, call, args);
    const TypeInfo& type = backend.type(call.result_type);
    if (code->out_columns.size() > 1) {
        interpreter.wanted = code->out_columns;
    } else if (type.typtype == 'c') {
        for (const Attribute& attribute : type.attributes) {
            if (!attribute.dropped) interpreter.wanted.push_back(attribute);
        }
    } else if (call.result_type == oid::kRecord) {
        interpreter.knows_wanted = call.row_type != nullptr;
        if (call.row_type != nullptr) interpreter.wanted = *call.row_type;
    } else if (!code->out_columns.empty()) {
        interpreter.wanted = code->out_columns;
    } else {
        interpreter.wanted = {{function->name, call.result_type, -1, false}};
    }
    interpreter.emit = &emit;
    interpreter.run();
}

TriggerResult plpgsql_trigger(Backend& backend, const TriggerCall& call) {
    std::shared_ptr<PlFunction> code = compiled(backend, call.trigger.function, call.relation);
    Interpreter interpreter(backend, *code);
    set_trigger_variables(backend, interpreter, *code, call);
    RowType row = relation_row(*call.relation);
    auto set = [&](int variable, const std::vector<Datum>* values, FieldOrigin origin) {
        const bool given = call.row && values != nullptr;
        interpreter.set_record(variable, row, given ? *values : std::vector<Datum>(row.size()));
        plpgsql::Value& record = interpreter.value(variable);
        record.named_type = call.relation->row_type;
        record.is_null = !given;
        record.origins.assign(row.size(), origin);
    };
    set(code->new_variable, call.new_row, FieldOrigin::kAsGiven);
    set(code->old_variable, call.old_row, FieldOrigin::kStored);
    interpreter.run();
    TriggerResult result;
    if (!call.row || !call.before) return result;
    constexpr const char* kWrongRow = "returned row structure does not match the structure of the triggering table";
    if (interpreter.result_record >= 0) {
        plpgsql::Value& record = interpreter.value(interpreter.result_record);
        if (!record.assigned || record.is_null) return result;
        result.origins = record.origins;
        result.origins.resize(row.size(), FieldOrigin::kUnsure);
        if (record.named_type == call.relation->row_type && record.fields.size() == row.size()) {
            result.row = record.fields;
            return result;
        }
        result.row = interpreter.during("during function exit", [&] { return interpreter.convert_row(record.row_type, record.fields, row, kWrongRow); });
        return result;
    }
    if (interpreter.result.is_null()) return result;
    result.origins.assign(row.size(), FieldOrigin::kUnsure);
    std::string_view literal;
    RowType given = row_type_of(backend, interpreter.result_type, interpreter.result, literal);
    std::vector<Datum> fields = parse_row(backend, given, literal);
    result.row = interpreter.during("during function exit", [&] { return interpreter.convert_row(given, fields, row, kWrongRow); });
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
