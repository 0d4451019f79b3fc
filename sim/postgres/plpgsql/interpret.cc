#include "sim/postgres/plpgsql/interpret.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

constexpr int kFieldBase = 1'000'000;
constexpr int kMaxFields = 2000;

struct KindName {
    PlKind kind;
    std::string_view name;
};
constexpr KindName kKindNames[] = {
    {PlKind::kBlock, "statement block"}, {PlKind::kAssign, "assignment"}, {PlKind::kIf, "IF"}, {PlKind::kCase, "CASE"}, {PlKind::kLoop, "LOOP"},
    {PlKind::kWhile, "WHILE"}, {PlKind::kForInteger, "FOR with integer loop variable"}, {PlKind::kForQuery, "FOR over SELECT rows"},
    {PlKind::kForExecute, "FOR over EXECUTE statement"}, {PlKind::kForeach, "FOREACH over array"}, {PlKind::kExit, "EXIT"},
    {PlKind::kContinue, "CONTINUE"}, {PlKind::kReturn, "RETURN"}, {PlKind::kReturnNext, "RETURN NEXT"}, {PlKind::kReturnQuery, "RETURN QUERY"},
    {PlKind::kRaise, "RAISE"}, {PlKind::kAssert, "ASSERT"}, {PlKind::kSql, "SQL statement"}, {PlKind::kPerform, "PERFORM"},
    {PlKind::kExecute, "EXECUTE"}, {PlKind::kGetDiagnostics, "GET DIAGNOSTICS"}, {PlKind::kNull, "NULL"}, {PlKind::kCommit, "COMMIT"},
    {PlKind::kRollback, "ROLLBACK"},
};

std::string_view kind_name(PlKind kind) { return std::ranges::find(kKindNames, kind, &KindName::kind)->name; }

bool matches(const Handler& handler, const SqlError& error) {
    const std::string& code = error.sqlstate();
    return std::ranges::any_of(handler.sqlstates, [&](const std::string& wanted) {
        if (wanted == "others") return code != "57014" && code != "P0004";
        if (wanted == code) return true;
        return wanted.ends_with("000") && code.starts_with(wanted.substr(0, 2));
    });
}

}  // namespace

/// What names mean inside an expression: variables of the blocks around it. Parameter numbers are
/// variable + 1, or for a record's field a number above kFieldBase.
class VariableHook : public NameHook {
  public:
    VariableHook(Interpreter*& interpreter, NamespacePtr names, PlExpr& expr) : interpreter_(interpreter), names_(std::move(names)), expr_(expr) {}

    Conflict conflict() const override {
        std::string setting = interpreter_->backend_.setting("plpgsql.variable_conflict");
        return setting == "use_variable" ? Conflict::kUseVariable : setting == "use_column" ? Conflict::kUseColumn : Conflict::kError;
    }

    ExprPtr resolve(const std::vector<std::string>& names, int location) override {
        for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
            if (auto it = space->names.find(names[0]); it != space->names.end()) {
                if (names.size() == 1) return variable(it->second, location);
                if (names.size() == 2 && is_record(it->second)) return field(it->second, names[1], location);
            }
            if (names.size() >= 2 && space->label == names[0]) {
                auto it = space->names.find(names[1]);
                if (it == space->names.end()) continue;
                if (names.size() == 2) return variable(it->second, location);
                if (is_record(it->second)) return field(it->second, names[2], location);
            }
        }
        return nullptr;
    }

    ExprPtr resolve_param(int number, int location) override {
        return resolve({"$" + std::to_string(number)}, location);
    }

  private:
    bool is_record(int number) const { return interpreter_->function_.variables[static_cast<std::size_t>(number)].is_record; }

    ExprPtr variable(int number, int location) {
        const Variable& v = interpreter_->function_.variables[static_cast<std::size_t>(number)];
        auto param = std::make_shared<ParamExpr>();
        param->number = number + 1;
        param->type = v.type;
        param->typmod = v.typmod;
        if (const TypeInfo* type = interpreter_->backend_.find_type(v.type)) param->collation = type->collation;
        param->location = location;
        return param;
    }

    ExprPtr field(int number, const std::string& name, int location) {
        const Variable& v = interpreter_->function_.variables[static_cast<std::size_t>(number)];
        Value& value = interpreter_->value(number);
        if (!value.assigned) {
            throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", v.name))
                .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
        }
        expr_.record_versions.emplace_back(number, value.version);
        for (std::size_t i = 0; i < value.row_type.size(); ++i) {
            const Attribute& attribute = value.row_type[i];
            if (attribute.dropped || attribute.name != name) continue;
            auto param = std::make_shared<ParamExpr>();
            param->number = kFieldBase + number * kMaxFields + static_cast<int>(i);
            param->type = attribute.type;
            param->typmod = attribute.typmod;
            if (const TypeInfo* type = interpreter_->backend_.find_type(attribute.type)) param->collation = type->collation;
            param->location = location;
            return param;
        }
        throw SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", v.name, name));
    }

    Interpreter*& interpreter_;
    NamespacePtr names_;
    PlExpr& expr_;
};

class VariableSource : public ParamSource {
  public:
    explicit VariableSource(Interpreter& interpreter) : interpreter_(interpreter) {}

    const Datum& param(int number) override {
        if (number >= kFieldBase) {
            int rest = number - kFieldBase;
            Value& value = interpreter_.value(rest / kMaxFields);
            return value.fields.at(static_cast<std::size_t>(rest % kMaxFields));
        }
        const Variable& variable = interpreter_.function_.variables[static_cast<std::size_t>(number - 1)];
        Value& value = interpreter_.value(number - 1);
        if (!variable.is_record) return value.scalar;
        if (!value.assigned || value.is_null) return null_;
        // A whole record is made into a value each time it is asked for.
        value.scalar = make_row(interpreter_.backend_, variable.type, value.row_type, value.fields);
        return value.scalar;
    }

  private:
    Interpreter& interpreter_;
    Datum null_;
};

namespace {

/// Hooks outlive a call; the interpreter that runs now stands behind PlFunction::running.
class Running {
  public:
    Running(PlFunction& function, Interpreter* interpreter) : function_(function), before_(function.running) { function.running = interpreter; }
    ~Running() { function_.running = before_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    PlFunction& function_;
    Interpreter* before_;
};

}  // namespace

Interpreter::Interpreter(Backend& backend, PlFunction& function)
    : backend_(backend), function_(function), values_(function.variables.size()), source_(std::make_unique<VariableSource>(*this)) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const Variable& variable = function.variables[i];
        if (!variable.is_record || variable.type == oid::kRecord) continue;
        values_[i].row_type = backend.type(variable.type).attributes;
        values_[i].fields.resize(values_[i].row_type.size());
        values_[i].touched.resize(values_[i].row_type.size());
        values_[i].assigned = true;
    }
    value(function.found_variable).scalar = Datum::of_bool(false);
}

void Interpreter::set_record(int variable, RowType row_type, std::vector<Datum> fields) {
    Value& target = value(variable);
    auto same = [](const Attribute& a, const Attribute& b) { return a.name == b.name && a.type == b.type && a.typmod == b.typmod && a.dropped == b.dropped; };
    if (!target.assigned || !std::ranges::equal(target.row_type, row_type, same)) {
        // Expressions that an earlier call has bound to the same columns need not be bound again.
        PlFunction::Shape& last = function_.last_shapes[variable];
        if (last.version == 0 || !std::ranges::equal(last.row_type, row_type, same)) last = {row_type, ++function_.shapes};
        target.version = last.version;
        target.row_type = std::move(row_type);
    }
    target.fields = std::move(fields);
    target.touched.assign(target.fields.size(), false);
    target.assigned = true;
    target.is_null = false;
}

void Interpreter::run() {
    Running running(function_, this);
    try {
        run_body();
    } catch (SqlError& error) {
        std::string where;
        if (!phase_.empty()) {
            where = phase_line_ > 0 ? fmt::format("line {} {}", phase_line_, phase_) : phase_;
        } else if (current_ != nullptr) {
            where = fmt::format("line {} at {}", current_->line, kind_name(current_->kind));
        }
        error.add_context(fmt::format("PL/pgSQL function {} {}", function_.signature, where));
        throw;
    }
}

void Interpreter::run_body() {
    Flow flow = run_statement(*function_.body);
    if (flow == Flow::kReturn) return;
    current_ = nullptr;
    if (flow == Flow::kExit || flow == Flow::kContinue) throw SqlError("2D000", "control reached end of function without RETURN");
    bool needs_return = !function_.returns_set && function_.out_variables.empty() && function_.result != oid::kVoid;
    if (needs_return) {
        phase_ = "";
        throw SqlError("2F005", function_.is_trigger ? "control reached end of trigger procedure without RETURN" : "control reached end of function without RETURN");
    }
}

Interpreter::Flow Interpreter::run_statements(const Body& body) {
    const PlStatement* saved = current_;
    for (const auto& statement : body) {
        current_ = statement.get();
        Flow flow = run_statement(*statement);
        if (flow != Flow::kNormal) {
            current_ = saved;
            return flow;
        }
    }
    current_ = saved;
    return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_statement(PlStatement& statement) {
    switch (statement.kind) {
        case PlKind::kBlock: return run_block(statement);
        case PlKind::kAssign: assign_statement(statement); return Flow::kNormal;
        case PlKind::kIf: return run_if(statement);
        case PlKind::kCase: return run_case(statement);
        case PlKind::kLoop: case PlKind::kWhile: return run_loop(statement);
        case PlKind::kForInteger: return run_for_integer(statement);
        case PlKind::kForQuery: case PlKind::kForExecute: return run_for_rows(statement);
        case PlKind::kForeach: return run_foreach(statement);
        case PlKind::kExit: case PlKind::kContinue:
            if (statement.expr && !evaluate_condition(*statement.expr)) return Flow::kNormal;
            leave_label_ = statement.label;
            return statement.kind == PlKind::kExit ? Flow::kExit : Flow::kContinue;
        case PlKind::kReturn: return run_return(statement);
        case PlKind::kReturnNext: run_return_next(statement); return Flow::kNormal;
        case PlKind::kReturnQuery: run_return_query(statement); return Flow::kNormal;
        case PlKind::kRaise: run_raise(statement); return Flow::kNormal;
        case PlKind::kAssert: run_assert(statement); return Flow::kNormal;
        case PlKind::kSql: run_sql(statement); return Flow::kNormal;
        case PlKind::kPerform: {
            SpiResult result = query(*statement.expr, 0);
            row_count_ = static_cast<std::int64_t>(result.processed);
            set_found(result.processed > 0);
            return Flow::kNormal;
        }
        case PlKind::kExecute: run_execute(statement); return Flow::kNormal;
        case PlKind::kGetDiagnostics: run_diagnostics(statement); return Flow::kNormal;
        case PlKind::kNull: return Flow::kNormal;
        case PlKind::kCommit: case PlKind::kRollback: throw NotSimulated("COMMIT and ROLLBACK in PL/pgSQL");
    }
    return Flow::kNormal;
}

void Interpreter::initialise(int number) {
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    Value& target = value(number);
    if (variable.is_record) {
        if (variable.type == oid::kRecord) {
            target.assigned = false;
        } else {
            target.fields.assign(target.row_type.size(), Datum());
        }
        if (variable.default_value) {
            Oid type = kInvalidOid;
            Datum given = evaluate(*variable.default_value, &type);
            assign_variable(number, given, type, -1);
        }
        return;
    }
    target.scalar = Datum();
    if (variable.default_value) {
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
        Datum given = evaluate(*variable.default_value, &type, &typmod);
        assign_variable(number, given, type, typmod);
    } else if (backend_.type(variable.type).typtype == 'd') {
        // A domain that forbids NULL.
        target.scalar = backend_.check_domain(variable.type, Datum());
    }
}

Interpreter::Flow Interpreter::run_block(PlStatement& block) {
    phase_ = "during statement block local variable initialization";
    for (int variable : block.variables) {
        phase_line_ = function_.variables[static_cast<std::size_t>(variable)].line;
        initialise(variable);
    }
    phase_.clear();
    Flow flow = block.has_handlers ? run_protected(block) : run_statements(block.body);
    if (flow == Flow::kExit && !leave_label_.empty() && leave_label_ == block.label) {
        leave_label_.clear();
        return Flow::kNormal;
    }
    return flow;
}

Interpreter::Flow Interpreter::run_protected(PlStatement& block) {
    backend_.begin_subtransaction();
    const PlStatement* saved = current_;
    std::shared_ptr<SqlError> caught;
    try {
        Flow flow = run_statements(block.body);
        backend_.release_subtransaction();
        return flow;
    } catch (const NotSimulated&) {
        backend_.rollback_subtransaction();
        throw;
    } catch (SqlError& error) {
        // The CONTEXT of the place where it happened.
        caught = std::make_shared<SqlError>(error);
        std::string where = !phase_.empty() ? fmt::format("line {} {}", phase_line_, phase_)
                            : current_ != nullptr ? fmt::format("line {} at {}", current_->line, kind_name(current_->kind)) : "";
        caught->add_context(fmt::format("PL/pgSQL function {} {}", function_.signature, where));
        backend_.rollback_subtransaction();
        auto handler = std::ranges::find_if(block.handlers, [&](const Handler& h) { return matches(h, error); });
        if (handler == block.handlers.end()) throw;
        phase_.clear();
        current_ = saved;
        value(handler->sqlstate_variable).scalar = Datum::of_text(error.sqlstate());
        value(handler->sqlerrm_variable).scalar = Datum::of_text(error.message());
        backend_.handled_errors.push_back(caught);
        struct Pop {
            Backend& backend;
            ~Pop() { backend.handled_errors.pop_back(); }
        } pop{backend_};
        return run_statements(handler->body);
    }
}

// Control.

Interpreter::Flow Interpreter::run_if(PlStatement& statement) {
    for (Branch& branch : statement.branches) {
        if (evaluate_condition(*branch.condition)) return run_statements(branch.body);
    }
    return run_statements(statement.else_body);
}

Interpreter::Flow Interpreter::run_case(PlStatement& statement) {
    Datum tested;
    Oid type = kInvalidOid;
    if (statement.expr) tested = evaluate(*statement.expr, &type);
    for (Branch& branch : statement.branches) {
        bool holds = false;
        if (statement.expr) {
            // WHEN a, b: each is compared with the value by =.
            Variable& variable = function_.variables[static_cast<std::size_t>(statement.case_variable)];
            if (variable.type != type) variable.type = type;
            value(statement.case_variable).scalar = tested;
            if (!branch.condition->plan && branch.condition->sql.find("__Case__") == std::string::npos) {
                branch.condition->sql = fmt::format("SELECT \"{}\" IN ({})", variable.name, branch.condition->text);
                branch.condition->text = fmt::format("\"{}\" IN ({})", variable.name, branch.condition->text);
                auto space = std::make_shared<Namespace>();
                space->outer = branch.condition->names;
                space->names[variable.name] = statement.case_variable;
                branch.condition->names = space;
            }
        }
        holds = evaluate_condition(*branch.condition);
        if (holds) return run_statements(branch.body);
    }
    if (!statement.has_else) {
        throw SqlError("20000", "case not found").hint("CASE statement is missing ELSE part.");
    }
    return run_statements(statement.else_body);
}

Interpreter::Flow Interpreter::loop_flow(Flow flow, const PlStatement& loop, bool& leave) {
    leave = true;
    if (flow == Flow::kReturn) return flow;
    bool mine = leave_label_.empty() || leave_label_ == loop.label;
    if (flow == Flow::kExit) {
        if (!mine) return flow;
        leave_label_.clear();
        return Flow::kNormal;
    }
    if (flow == Flow::kContinue) {
        if (!mine) return flow;
        leave_label_.clear();
    }
    leave = false;
    return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_loop(PlStatement& statement) {
    while (true) {
        if (statement.kind == PlKind::kWhile && !evaluate_condition(*statement.expr)) return Flow::kNormal;
        bool leave = false;
        Flow flow = loop_flow(run_statements(statement.body), statement, leave);
        if (leave) return flow;
    }
}

std::int64_t Interpreter::evaluate_integer(PlExpr& expr, std::string_view what) {
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(expr, &type, &typmod);
    given = cast(given, type, typmod, oid::kInt4, -1);
    if (given.is_null()) throw SqlError("22004", fmt::format("{} of FOR loop cannot be null", what));
    return given.as_int();
}

Interpreter::Flow Interpreter::run_for_integer(PlStatement& statement) {
    std::int64_t from = evaluate_integer(*statement.expr, "lower bound"), to = evaluate_integer(*statement.expr2, "upper bound"), step = 1;
    if (statement.expr3) {
        step = evaluate_integer(*statement.expr3, "BY value");
        if (step <= 0) throw SqlError("22023", "BY value of FOR loop must be greater than zero");
    }
    bool found = false;
    for (std::int64_t i = from; statement.reverse ? i >= to : i <= to; i += statement.reverse ? -step : step) {
        found = true;
        value(statement.loop_variable).scalar = Datum::of_int(i);
        bool leave = false;
        Flow flow = loop_flow(run_statements(statement.body), statement, leave);
        if (leave) {
            set_found(true);
            return flow;
        }
    }
    set_found(found);
    return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_for_rows(PlStatement& statement) {
    SpiResult rows = statement.kind == PlKind::kForQuery ? query(*statement.expr, 0) : execute_dynamic(statement, *statement.expr, 0);
    if (!rows.returns_rows) {
        throw SqlError("42P11", fmt::format("cannot open {} query as cursor", rows.command));
    }
    if (rows.rows.empty()) assign_row(statement.into, rows.columns, nullptr);
    bool found = false;
    for (const auto& row : rows.rows) {
        found = true;
        assign_row(statement.into, rows.columns, &row);
        bool leave = false;
        Flow flow = loop_flow(run_statements(statement.body), statement, leave);
        if (leave) {
            set_found(true);
            return flow;
        }
    }
    set_found(found);
    return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_foreach(PlStatement& statement) {
    if (statement.slice > 0) throw NotSimulated("FOREACH ... SLICE");
    Oid type = kInvalidOid;
    Datum array = evaluate(*statement.expr, &type);
    if (array.is_null()) throw SqlError("22004", "FOREACH expression must not be null");
    const TypeInfo& info = backend_.type(type);
    if (!info.is_array()) throw SqlError("42804", fmt::format("FOREACH expression must yield an array, not type {}", format_type(backend_, type)));
    Oid element = info.element;
    ArrayValue items = read_array(backend_, type, array.as_text());
    bool found = false;
    for (const Datum& item : items.elements) {
        found = true;
        assign(statement.into.at(0), item, element, -1);
        bool leave = false;
        Flow flow = loop_flow(run_statements(statement.body), statement, leave);
        if (leave) {
            set_found(true);
            return flow;
        }
    }
    set_found(found);
    return Flow::kNormal;
}

// RETURN.

Interpreter::Flow Interpreter::run_return(PlStatement& statement) {
    returned = true;
    if (!statement.expr) return Flow::kReturn;
    // RETURN NEW hands the record over as it is.
    PlExpr& expr = *statement.expr;
    for (const Namespace* space = expr.names.get(); space != nullptr; space = space->outer.get()) {
        std::string name = expr.text;
        std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        auto it = space->names.find(name);
        if (it == space->names.end()) continue;
        if (function_.variables[static_cast<std::size_t>(it->second)].is_record) {
            result_record = it->second;
            return Flow::kReturn;
        }
        break;
    }
    result = evaluate(expr, &result_type, &result_typmod);
    return Flow::kReturn;
}

void Interpreter::emit_row(const RowType& columns, const std::vector<Datum>& row) {
    std::vector<Datum> converted;
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].dropped) continue;
        if (next >= wanted.size()) break;
        converted.push_back(cast(row[i], columns[i].type, columns[i].typmod, wanted[next].type, wanted[next].typmod));
        ++next;
    }
    (*emit)(converted);
}

void Interpreter::run_return_next(PlStatement& statement) {
    if (!statement.expr) {
        std::vector<Datum> row;
        for (int variable : function_.out_variables) row.push_back(value(variable).scalar);
        (*emit)(row);
        return;
    }
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(*statement.expr, &type, &typmod);
    const TypeInfo& info = backend_.type(type);
    if (info.typtype == 'c' || type == oid::kRecord) {
        std::string_view literal;
        RowType row_type = row_type_of(backend_, type, given, literal);
        emit_row(row_type, parse_row(backend_, row_type, literal));
        return;
    }
    emit_row({{"", type, typmod, false}}, {given});
}

void Interpreter::run_return_query(PlStatement& statement) {
    SpiResult rows = statement.expr ? query(*statement.expr, 0) : execute_dynamic(statement, *statement.expr2, 0);
    std::size_t returned_columns = rows.columns.size();
    if (returned_columns != wanted.size()) {
        throw SqlError("42804", "structure of query does not match function result type")
            .detail(fmt::format("Number of returned columns ({}) does not match expected column count ({}).", returned_columns, wanted.size()));
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (rows.columns[i].type == wanted[i].type) continue;
        throw SqlError("42804", "structure of query does not match function result type")
            .detail(fmt::format("Returned type {} does not match expected type {} in column {}.", format_type(backend_, rows.columns[i].type),
                                format_type(backend_, wanted[i].type), i + 1));
    }
    for (const auto& row : rows.rows) (*emit)(row);
    row_count_ = static_cast<std::int64_t>(rows.rows.size());
    set_found(!rows.rows.empty());
}

// RAISE, ASSERT, diagnostics.

std::string Interpreter::text_of(const Datum& given, Oid type) {
    return given.is_null() ? "<NULL>" : output_text(backend_, type, given);
}

void Interpreter::run_raise(PlStatement& statement) {
    if (statement.level.empty()) {
        if (backend_.handled_errors.empty()) {
            throw SqlError("0Z002", "RAISE without parameters cannot be used outside an exception handler");
        }
        SqlError again = *backend_.handled_errors.back();
        throw again;
    }
    std::string message, code = statement.condition, detail, hint, column, constraint, datatype, table, schema;
    bool has_message = statement.has_message;
    if (statement.has_message) {
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
    }
    for (auto& [option, expr] : statement.options) {
        Oid type = kInvalidOid;
        Datum given = evaluate(*expr, &type);
        if (given.is_null()) throw SqlError("22004", "RAISE statement option cannot be null");
        std::string text = output_text(backend_, type, given);
        if (option == "errcode") {
            if (!code.empty()) throw SqlError("42601", "RAISE option already specified: ERRCODE");
            auto row = std::ranges::find(condition_names(), text, &ConditionRow::name);
            bool is_state = text.size() == 5 && text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
            if (is_state) {
                code = text;
            } else if (row != condition_names().end()) {
                code = row->sqlstate;
            } else {
                throw SqlError("42704", fmt::format("unrecognized exception condition \"{}\"", text));
            }
        } else if (option == "message") {
            if (has_message) throw SqlError("42601", "RAISE option already specified: MESSAGE");
            message = text;
            has_message = true;
        } else {
            std::string* target = option == "detail" ? &detail : option == "hint" ? &hint : option == "column" ? &column : option == "constraint" ? &constraint
                                  : option == "datatype" ? &datatype : option == "table" ? &table : option == "schema" ? &schema : nullptr;
            if (target == nullptr) throw SqlError("42601", "unrecognized RAISE statement option");
            *target = text;
        }
    }
    if (code.empty() && statement.level == "exception") code = "P0001";
    if (!has_message) message = !statement.message.empty() ? statement.message : code;
    SqlError report(code.empty() ? (statement.level == "warning" ? "01000" : "00000") : code, message);
    report.set_detail(detail);
    report.set_hint(hint);
    SqlError complete = std::move(report).about({schema, table, column, datatype, constraint});
    if (statement.level == "exception") throw complete;
    std::string severity = statement.level;
    std::ranges::transform(severity, severity.begin(), [](char c) { return static_cast<char>(c - 32); });
    if (severity == "DEBUG") severity = "DEBUG1";
    complete.add_context(fmt::format("PL/pgSQL function {} line {} at RAISE", function_.signature, statement.line));
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

void Interpreter::run_diagnostics(PlStatement& statement) {
    if (statement.stacked && backend_.handled_errors.empty()) {
        throw SqlError("0Z002", "GET STACKED DIAGNOSTICS cannot be used outside an exception handler");
    }
    for (const DiagnosticsItem& item : statement.diagnostics) {
        if (item.item == "row_count") {
            assign(item.target, Datum::of_int(row_count_), oid::kInt8, -1);
            continue;
        }
        if (!statement.stacked) throw NotSimulated(fmt::format("GET DIAGNOSTICS {}", item.item));
        const SqlError& error = *backend_.handled_errors.back();
        const auto& names = error.objects();
        const std::string& text = item.item == "returned_sqlstate" ? error.sqlstate() : item.item == "message_text" ? error.message()
                                  : item.item == "pg_exception_detail" ? error.detail() : item.item == "pg_exception_hint" ? error.hint()
                                  : item.item == "pg_exception_context" ? error.context() : item.item == "column_name" ? names.column
                                  : item.item == "constraint_name" ? names.constraint : item.item == "pg_datatype_name" ? names.datatype
                                  : item.item == "table_name" ? names.table : names.schema;
        assign(item.target, Datum::of_text(text), oid::kText, -1);
    }
}

// SQL.

void Interpreter::run_sql(PlStatement& statement) {
    std::uint64_t limit = statement.has_into ? 2 : 0;
    plan_of(*statement.expr);
    bool modifies = statement.expr->plan->command() != "SELECT";
    SpiResult result_rows = query(*statement.expr, statement.has_into && !modifies ? limit : 0);
    row_count_ = static_cast<std::int64_t>(statement.has_into && !modifies ? std::min<std::size_t>(result_rows.rows.size(), 1) : result_rows.processed);
    if (!statement.has_into) {
        if (result_rows.returns_rows && result_rows.command == "SELECT") {
            throw SqlError("42601", "query has no destination for result data")
                .hint("If you want to discard the results of a SELECT, use PERFORM instead.");
        }
        if (result_rows.returns_rows) throw SqlError("42601", "query has no destination for result data");
        if (modifies) set_found(result_rows.processed > 0);
        return;
    }
    if (!result_rows.returns_rows) throw SqlError("42601", "INTO used with a command that cannot return data");
    std::size_t count = result_rows.rows.size();
    if (count == 0) {
        if (statement.strict) throw SqlError("P0002", "query returned no rows");
        assign_row(statement.into, result_rows.columns, nullptr);
    } else {
        if (count > 1 && (statement.strict || modifies)) {
            throw SqlError("P0003", "query returned more than one row").hint("Make sure the query returns a single row, or use LIMIT 1.");
        }
        assign_row(statement.into, result_rows.columns, &result_rows.rows[0]);
    }
    set_found(count > 0);
}

namespace {

/// $1, $2 ... of EXECUTE ... USING.
class UsingHook : public NameHook {
  public:
    explicit UsingHook(const std::vector<std::pair<Oid, Datum>>& values, Environment& env) : values_(values), env_(env) {}
    ExprPtr resolve(const std::vector<std::string>&, int) override { return nullptr; }
    ExprPtr resolve_param(int number, int location) override {
        if (number < 1 || number > static_cast<int>(values_.size())) return nullptr;
        auto param = std::make_shared<ParamExpr>();
        param->number = number;
        param->type = values_[static_cast<std::size_t>(number - 1)].first;
        param->collation = env_.type(param->type).collation;
        param->location = location;
        return param;
    }

  private:
    const std::vector<std::pair<Oid, Datum>>& values_;
    Environment& env_;
};

class UsingSource : public ParamSource {
  public:
    explicit UsingSource(const std::vector<std::pair<Oid, Datum>>& values) : values_(values) {}
    const Datum& param(int number) override { return values_[static_cast<std::size_t>(number - 1)].second; }

  private:
    const std::vector<std::pair<Oid, Datum>>& values_;
};

}  // namespace

SpiResult Interpreter::execute_dynamic(PlStatement& statement, PlExpr& text_expr, std::uint64_t max_rows) {
    Oid type = kInvalidOid;
    Datum text = evaluate(text_expr, &type);
    if (text.is_null()) throw SqlError("22004", "query string argument of EXECUTE is null");
    std::string sql = output_text(backend_, type, text);
    std::vector<std::pair<Oid, Datum>> values;
    for (const PlExprPtr& param : statement.params) {
        Oid param_type = kInvalidOid;
        Datum given = evaluate(*param, &param_type);
        values.emplace_back(param_type, std::move(given));
    }
    UsingHook hook(values, backend_);
    UsingSource source(values);
    bool parsed = false;
    try {
        std::unique_ptr<SpiPlan> plan = static_cast<Spi&>(backend_).prepare(sql, &hook);
        SpiOptions options;
        options.params = &source;
        options.max_rows = max_rows;
        plan->ready();
        parsed = true;
        if (plan->command() == "TransactionStmt") {
            throw SqlError("0A000", "EXECUTE of transaction commands is not implemented");
        }
        return backend_.execute(*plan, options);
    } catch (SqlError& error) {
        if (error.position() >= 0 && error.internal_query().empty()) {
            error.move_position_into(sql);
        } else {
            error.add_context(fmt::format("SQL statement \"{}\"", sql));
        }
        (void)parsed;
        throw;
    }
}

void Interpreter::run_execute(PlStatement& statement) {
    SpiResult rows = execute_dynamic(statement, *statement.expr, statement.has_into ? 2 : 0);
    row_count_ = static_cast<std::int64_t>(rows.processed);
    if (!statement.has_into) return;
    if (!rows.returns_rows) throw SqlError("42601", "INTO used with a command that cannot return data");
    row_count_ = static_cast<std::int64_t>(std::min<std::size_t>(rows.rows.size(), 1));
    if (rows.rows.empty()) {
        if (statement.strict) throw SqlError("P0002", "query returned no rows");
        assign_row(statement.into, rows.columns, nullptr);
        return;
    }
    if (rows.rows.size() > 1 && statement.strict) throw SqlError("P0003", "query returned more than one row");
    assign_row(statement.into, rows.columns, &rows.rows[0]);
}

// Expressions.

void Interpreter::rethrow_with_query(SqlError& error, const PlExpr& expr, bool planning, bool simple) {
    if (error.position() >= 0 && error.internal_query().empty()) {
        error.replace_position(error.position() - expr.shift);
        error.move_position_into(expr.text);
    } else if (planning || !simple) {
        std::string_view label = expr.mode == ExprMode::kStatement ? "SQL statement" : expr.mode == ExprMode::kAssignment ? "PL/pgSQL assignment" : "SQL expression";
        error.add_context(fmt::format("{} \"{}\"", label, expr.text));
    }
    error.rethrow();
    throw InternalError(__FILE__, __LINE__, "rethrow returned");
}

SpiPlan& Interpreter::plan_of(PlExpr& expr, const TypeRef* target) {
    bool stale = std::ranges::any_of(expr.record_versions, [&](const auto& entry) { return value(entry.first).version != entry.second || !value(entry.first).assigned; });
    if (stale) {
        expr.plan.reset();
        expr.record_versions.clear();
    }
    try {
        if (!expr.plan) {
            if (!expr.hook) expr.hook = std::make_unique<VariableHook>(function_.running, expr.names, expr);
            expr.plan = static_cast<Spi&>(backend_).prepare(expr.sql, expr.hook.get(), target);
        }
        expr.plan->ready();
    } catch (SqlError& error) {
        expr.plan.reset();
        expr.record_versions.clear();
        rethrow_with_query(error, expr, true, false);
    }
    return *expr.plan;
}

Datum Interpreter::evaluate(PlExpr& expr, Oid* type, std::int32_t* typmod, const TypeRef* target) {
    SpiPlan& plan = plan_of(expr, target);
    bool simple = plan.is_simple();
    SpiOptions options;
    options.params = source_.get();
    try {
        Running running(function_, this);
        return static_cast<Spi&>(backend_).evaluate(plan, options, type, typmod);
    } catch (SqlError& error) {
        rethrow_with_query(error, expr, false, simple);
    }
}

bool Interpreter::evaluate_condition(PlExpr& expr) {
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(expr, &type, &typmod);
    if (type != oid::kBool) given = cast(given, type, typmod, oid::kBool, -1);
    return !given.is_null() && given.as_bool();
}

SpiResult Interpreter::query(PlExpr& expr, std::uint64_t max_rows) {
    SpiPlan& plan = plan_of(expr);
    SpiOptions options;
    options.params = source_.get();
    options.max_rows = max_rows;
    try {
        Running running(function_, this);
        return backend_.execute(plan, options);
    } catch (SqlError& error) {
        rethrow_with_query(error, expr, false, false);
    }
}

// Assignment.

Datum Interpreter::cast(const Datum& given, Oid from, std::int32_t from_typmod, Oid to, std::int32_t to_typmod) {
    bool same = from == to && (to_typmod < 0 || to_typmod == from_typmod);
    bool domain = backend_.type(to).typtype == 'd';
    if (same && !domain) return given;
    if (given.is_null() && !domain) return given;
    if (function_.casts_catalog != backend_.catalog_ptr()) {
        function_.casts.clear();
        function_.casts_catalog = backend_.catalog_ptr();
    }
    ExprPtr& kept = function_.casts[{from, from_typmod, to, to_typmod}];
    if (!kept) kept = make_value_cast(from, from_typmod, {to, to_typmod}, backend_.bind_options());
    ExprPtr expr = kept;  // what it calls may clear the others
    Snapshot snapshot = backend_.take_snapshot();
    EvalContext context{.host = backend_, .snapshot = snapshot, .case_test = &given};
    return pg::evaluate(*expr, context);
}

void Interpreter::assign_variable(int number, const Datum& given, Oid type, std::int32_t typmod) {
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    if (variable.is_record) {
        if (given.is_null()) {
            if (variable.type == oid::kRecord && !value(number).assigned) return;
            value(number).fields.assign(value(number).row_type.size(), Datum());
            return;
        }
        const TypeInfo& info = backend_.type(type);
        if (info.typtype != 'c' && type != oid::kRecord) throw SqlError("42804", "cannot assign non-composite value to a record variable");
        std::string_view literal;
        RowType row_type = row_type_of(backend_, type, given, literal);
        std::vector<Datum> fields = parse_row(backend_, row_type, literal);
        if (variable.type == oid::kRecord) {
            set_record(number, std::move(row_type), std::move(fields));
            return;
        }
        assign_row({Target{number, {}, {}}}, row_type, &fields);
        return;
    }
    Datum converted = cast(given, type, typmod, variable.type, variable.typmod);
    if (converted.is_null() && variable.not_null) {
        throw SqlError("22004", fmt::format("null value cannot be assigned to variable \"{}\" declared NOT NULL", variable.name));
    }
    value(number).scalar = std::move(converted);
}

void Interpreter::assign(const Target& target, const Datum& given, Oid type, std::int32_t typmod) {
    if (!target.subscripts.empty()) throw NotSimulated("assignment to an array element here");
    if (target.fields.empty()) return assign_variable(target.variable, given, type, typmod);
    const Variable& variable = function_.variables[static_cast<std::size_t>(target.variable)];
    Value& record = value(target.variable);
    if (target.fields.size() > 1) throw NotSimulated("assignment to a field of a field");
    if (!record.assigned) {
        throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", variable.name))
            .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
    }
    for (std::size_t i = 0; i < record.row_type.size(); ++i) {
        const Attribute& attribute = record.row_type[i];
        if (attribute.dropped || attribute.name != target.fields[0]) continue;
        record.fields[i] = cast(given, type, typmod, attribute.type, attribute.typmod);
        record.touched.resize(record.fields.size());
        record.touched[i] = true;
        return;
    }
    throw SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", variable.name, target.fields[0]));
}

void Interpreter::assign_statement(PlStatement& statement) {
    const Target& target = statement.target;
    const Variable& variable = function_.variables[static_cast<std::size_t>(target.variable)];
    TypeRef wanted_type{variable.type, variable.typmod};
    bool has_target = !variable.is_record;
    if (!target.fields.empty()) {
        Value& record = value(target.variable);
        PlExpr& expr = *statement.expr;
        auto refuse = [&](SqlError error) {
            error.add_context(fmt::format("PL/pgSQL assignment \"{}\"", expr.text));
            throw error;
        };
        if (!record.assigned) {
            SqlError error("55000", fmt::format("record \"{}\" is not assigned yet", variable.name));
            error.set_detail("The tuple structure of a not-yet-assigned record is indeterminate.");
            refuse(error);
        }
        auto field = std::ranges::find_if(record.row_type, [&](const Attribute& a) { return !a.dropped && a.name == target.fields[0]; });
        if (field == record.row_type.end()) refuse(SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", variable.name, target.fields[0])));
        wanted_type = {field->type, field->typmod};
        has_target = true;
        bool known = std::ranges::any_of(expr.record_versions, [&](const auto& entry) { return entry.first == target.variable; });
        if (!known && expr.plan) expr.record_versions.emplace_back(target.variable, record.version);
    }
    if (!target.subscripts.empty()) {
        Datum container = target.fields.empty() ? value(target.variable).scalar : Datum();
        if (!target.fields.empty()) {
            Value& record = value(target.variable);
            for (std::size_t i = 0; i < record.row_type.size(); ++i) {
                if (record.row_type[i].name == target.fields[0]) container = record.fields[i];
            }
        }
        const TypeInfo& info = backend_.type(wanted_type.type);
        std::vector<Datum> indexes;
        Oid element = info.element;
        if (!info.is_array()) throw NotSimulated("assignment to a subscripted variable that is not an array");
        for (const PlExprPtr& subscript : target.subscripts) {
            Oid type = kInvalidOid;
            Datum raw = evaluate(*subscript, &type);
            Datum given = cast(raw, type, -1, oid::kInt4, -1);
            if (given.is_null()) throw SqlError("22004", "array subscript in assignment must not be null");
            indexes.push_back(std::move(given));
        }
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
        Datum given = evaluate(*statement.expr, &type, &typmod);
        given = cast(given, type, typmod, element, wanted_type.typmod);
        Datum changed = array_set_element(backend_, wanted_type.type, container, indexes, given);
        Target whole = target;
        whole.subscripts.clear();
        assign(whole, changed, wanted_type.type, wanted_type.typmod);
        return;
    }
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(*statement.expr, &type, &typmod, has_target ? &wanted_type : nullptr);
    assign(target, given, type, typmod);
}

void Interpreter::assign_row(const std::vector<Target>& targets, const RowType& columns, const std::vector<Datum>* row) {
    const Variable& first = function_.variables[static_cast<std::size_t>(targets[0].variable)];
    bool whole = targets.size() == 1 && first.is_record && targets[0].fields.empty();
    if (whole) {
        Value& record = value(targets[0].variable);
        if (first.type == oid::kRecord) {
            std::vector<Datum> fields = row != nullptr ? *row : std::vector<Datum>(columns.size());
            set_record(targets[0].variable, columns, std::move(fields));
            return;
        }
        // One composite column fills the variable as a whole.
        bool composite = columns.size() == 1 && backend_.type(columns[0].type).typtype == 'c' && row != nullptr;
        if (composite && columns[0].type == first.type) return assign_variable(targets[0].variable, (*row)[0], columns[0].type, -1);
        std::size_t next = 0;
        for (std::size_t i = 0; i < record.row_type.size(); ++i) {
            if (record.row_type[i].dropped) continue;
            while (next < columns.size() && columns[next].dropped) ++next;
            bool given = row != nullptr && next < columns.size();
            record.fields[i] = given ? cast((*row)[next], columns[next].type, columns[next].typmod, record.row_type[i].type, record.row_type[i].typmod) : Datum();
            ++next;
        }
        record.touched.assign(record.fields.size(), true);
        record.assigned = true;
        return;
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
        bool given = row != nullptr && i < columns.size();
        if (given) {
            assign(targets[i], (*row)[i], columns[i].type, columns[i].typmod);
        } else {
            const Variable& variable = function_.variables[static_cast<std::size_t>(targets[i].variable)];
            assign(targets[i], Datum(), targets[i].fields.empty() ? variable.type : oid::kText, -1);
        }
    }
}

}  // namespace cdcsim::pg::plpgsql
