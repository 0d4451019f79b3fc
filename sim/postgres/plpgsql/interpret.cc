// Blocks and control. What statements do besides is in run_*.cc and assign.cc.
#include "sim/postgres/plpgsql/interpret.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

struct KindName {
    PlKind kind;
    std::string_view name;
};
constexpr KindName kKindNames[] = {
    {PlKind::kBlock, "statement block"}, {PlKind::kAssign, "assignment"}, {PlKind::kIf, "IF"}, {PlKind::kCase, "CASE"}, {PlKind::kLoop, "LOOP"},
    {PlKind::kWhile, "WHILE"}, {PlKind::kForInteger, "FOR with integer loop variable"}, {PlKind::kForQuery, "FOR over SELECT rows"},
    {PlKind::kForExecute, "FOR over EXECUTE statement"}, {PlKind::kForCursor, "FOR over cursor"}, {PlKind::kForeach, "FOREACH over array"},
    {PlKind::kExit, "EXIT"}, {PlKind::kContinue, "CONTINUE"}, {PlKind::kReturn, "RETURN"}, {PlKind::kReturnNext, "RETURN NEXT"},
    {PlKind::kReturnQuery, "RETURN QUERY"}, {PlKind::kRaise, "RAISE"}, {PlKind::kAssert, "ASSERT"}, {PlKind::kSql, "SQL statement"},
    {PlKind::kPerform, "PERFORM"}, {PlKind::kExecute, "EXECUTE"}, {PlKind::kGetDiagnostics, "GET DIAGNOSTICS"},
    {PlKind::kGetStacked, "GET STACKED DIAGNOSTICS"}, {PlKind::kNull, "NULL"}, {PlKind::kCommit, "COMMIT"},
    {PlKind::kRollback, "ROLLBACK"}, {PlKind::kCall, "CALL"}, {PlKind::kDo, "DO"}, {PlKind::kOpen, "OPEN"}, {PlKind::kFetch, "FETCH"},
    {PlKind::kMove, "MOVE"}, {PlKind::kClose, "CLOSE"},
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

std::string QueryFrame::line() const { return fmt::format("{} \"{}\"", label_, text_); }

Interpreter::Interpreter(Backend& backend, PlFunction& function)
    : backend_(backend), function_(function), values_(function.variables.size()), source_(make_variable_source(*this)) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const Variable& variable = function.variables[i];
        if (!variable.is_record || variable.type == oid::kRecord) continue;
        values_[i].row_type = backend.type(variable.type).attributes;
        values_[i].fields.resize(values_[i].row_type.size());
        values_[i].origins.resize(values_[i].row_type.size(), FieldOrigin::kFresh);
        values_[i].version = shape_version(static_cast<int>(i), values_[i].row_type);
        values_[i].assigned = true;
        values_[i].is_null = true;
    }
    value(function.found_variable).scalar = Datum::of_bool(false);
}

namespace {

bool same_columns(const RowType& one, const RowType& other) {
    auto same = [](const Attribute& a, const Attribute& b) { return a.name == b.name && a.type == b.type && a.typmod == b.typmod && a.dropped == b.dropped; };
    return std::ranges::equal(one, other, same);
}

}  // namespace

/// Expressions that an earlier call has bound to the same columns need not be bound again.
unsigned Interpreter::shape_version(int variable, const RowType& row_type) {
    PlFunction::Shape& last = function_.last_shapes[variable];
    if (last.version == 0 || !same_columns(last.row_type, row_type)) last = {row_type, ++function_.shapes};
    return last.version;
}

/// A value that a variable of a table's row type gets has the columns that the table has by now.
void Interpreter::follow_type(int variable) {
    Value& target = value(variable);
    const RowType& now = backend_.type(function_.variables[static_cast<std::size_t>(variable)].type).attributes;
    if (same_columns(target.row_type, now)) return;
    target.row_type = now;
    target.fields.assign(now.size(), Datum());
    target.version = shape_version(variable, now);
}

void Interpreter::set_record(int variable, RowType row_type, std::vector<Datum> fields) {
    Value& target = value(variable);
    if (!target.assigned || !same_columns(target.row_type, row_type)) {
        target.version = shape_version(variable, row_type);
        target.row_type = std::move(row_type);
    }
    target.fields = std::move(fields);
    target.origins.assign(target.fields.size(), FieldOrigin::kFresh);
    target.assigned = true;
    target.is_null = false;
    target.named_type = kInvalidOid;
}

std::string Interpreter::line() const {
    std::string where;
    if (!phase_.empty()) {
        int number = phase_line_ > 0 ? phase_line_ : current_ != nullptr ? current_->line : 0;
        where = number > 0 ? fmt::format(" line {} {}", number, phase_) : " " + phase_;
    } else if (current_ != nullptr) {
        where = fmt::format(" line {} at {}", current_->line, kind_name(current_->kind));
    }
    return fmt::format("PL/pgSQL function {}{}", function_.signature, where);
}

void Interpreter::run() {
    Running running(function_, this);
    FrameScope frame(backend_, *this);
    try {
        run_body();
    } catch (SqlError& error) {
        error.add_context(line());
        throw;
    }
}

void Interpreter::run_body() {
    current_ = function_.body.get();
    Flow flow = run_statement(*function_.body);
    current_ = nullptr;
    if (flow == Flow::kReturn) return;
    bool needs_return = !function_.returns_set && function_.out_variables.empty() && function_.result != oid::kVoid;
    if (needs_return) {
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
        case PlKind::kIf: return run_if(statement);
        case PlKind::kCase: return run_case(statement);
        case PlKind::kLoop: case PlKind::kWhile: return run_loop(statement);
        case PlKind::kForInteger: return run_for_integer(statement);
        case PlKind::kForQuery: case PlKind::kForExecute: return run_for_rows(statement);
        case PlKind::kForCursor: return run_for_cursor(statement);
        case PlKind::kForeach: return run_foreach(statement);
        case PlKind::kReturn: return run_return(statement);
        case PlKind::kExit: case PlKind::kContinue:
            if (statement.expr && !evaluate_condition(*statement.expr)) return Flow::kNormal;
            leave_label_ = statement.label;
            return statement.kind == PlKind::kExit ? Flow::kExit : Flow::kContinue;
        case PlKind::kAssign: assign_statement(statement); break;
        case PlKind::kReturnNext: run_return_next(statement); break;
        case PlKind::kReturnQuery: run_return_query(statement); break;
        case PlKind::kRaise: run_raise(statement); break;
        case PlKind::kAssert: run_assert(statement); break;
        case PlKind::kSql: case PlKind::kDo: run_sql(statement); break;
        case PlKind::kPerform: {
            SpiResult rows = query(*statement.expr, 0);
            row_count_ = static_cast<std::int64_t>(rows.processed);
            set_found(rows.processed > 0);
            break;
        }
        case PlKind::kExecute: run_execute(statement); break;
        case PlKind::kGetDiagnostics: case PlKind::kGetStacked: run_diagnostics(statement); break;
        case PlKind::kCommit: case PlKind::kRollback: run_transaction_end(statement); break;
        case PlKind::kCall: run_call(statement); break;
        case PlKind::kOpen: run_open(statement); break;
        case PlKind::kFetch: case PlKind::kMove: run_fetch(statement); break;
        case PlKind::kClose: run_close(statement); break;
        case PlKind::kNull: break;
    }
    return Flow::kNormal;
}

// Blocks.

void Interpreter::initialise(int number) {
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    Value& target = value(number);
    if (variable.is_record) {
        if (variable.type == oid::kRecord) target.assigned = false;
        target.fields.assign(target.row_type.size(), Datum());
        target.is_null = true;
    }
    if (!variable.default_value) {
        target.scalar = Datum();
        // A domain may forbid NULL.
        if (!variable.is_record && backend_.type(variable.type).typtype == 'd') target.scalar = backend_.check_domain(variable.type, Datum());
        return;
    }
    if (variable.is_record) return assign_record(number, *variable.default_value);
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(*variable.default_value, &type, &typmod);
    assign_variable(number, given, type, typmod);
}

Interpreter::Flow Interpreter::run_block(PlStatement& block) {
    if (!block.variables.empty()) {
        phase_ = "during statement block local variable initialization";
        for (int variable : block.variables) {
            phase_line_ = function_.variables[static_cast<std::size_t>(variable)].line;
            initialise(variable);
        }
        phase_.clear();
        phase_line_ = 0;
    }
    Flow flow = block.has_handlers ? run_protected(block) : run_statements(block.body);
    if (flow == Flow::kExit && !leave_label_.empty() && leave_label_ == block.label) {
        leave_label_.clear();
        return Flow::kNormal;
    }
    return flow;
}

Interpreter::Flow Interpreter::run_protected(PlStatement& block) {
    const PlStatement* saved = current_;
    backend_.begin_subtransaction();
    std::size_t frames = backend_.context_frames.size();
    int loops = backend_.writing_loops;
    try {
        Flow flow = run_statements(block.body);
        backend_.release_subtransaction();
        return flow;
    } catch (const NotSimulated&) {
        backend_.rollback_subtransaction();
        throw;
    } catch (SqlError& error) {
        // What was thrown knows the functions inside this one; those outside still run.
        for (std::size_t i = frames; i-- > 0;) error.add_context(backend_.context_frames[i]->line());
        error.seal_context();
        backend_.rollback_subtransaction();
        backend_.writing_loops = loops;
        auto handler = std::ranges::find_if(block.handlers, [&](const Handler& h) { return matches(h, error); });
        if (handler == block.handlers.end()) throw;
        phase_.clear();
        phase_line_ = 0;
        current_ = saved;
        value(handler->sqlstate_variable).scalar = Datum::of_text(error.sqlstate());
        value(handler->sqlerrm_variable).scalar = Datum::of_text(error.message());
        backend_.handled_errors.push_back(std::make_shared<SqlError>(error));
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
    if (statement.expr) {
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
        Datum tested = evaluate(*statement.expr, &type, &typmod);
        Variable& variable = function_.variables[static_cast<std::size_t>(statement.case_variable)];
        if (variable.type != type) {
            variable.type = type;
            variable.typmod = typmod;
            for (Branch& branch : statement.branches) branch.condition->plan.reset();
        }
        value(statement.case_variable).scalar = std::move(tested);
    }
    for (Branch& branch : statement.branches) {
        if (evaluate_condition(*branch.condition)) return run_statements(branch.body);
    }
    if (!statement.has_else) {
        throw SqlError("20000", "case not found").hint("CASE statement is missing ELSE part.");
    }
    return run_statements(statement.else_body);
}

std::optional<Interpreter::Flow> Interpreter::run_loop_body(const PlStatement& loop) {
    const Flow flow = run_statements(loop.body);
    if (flow == Flow::kNormal) return std::nullopt;
    const bool mine = leave_label_.empty() || leave_label_ == loop.label;
    if (flow == Flow::kReturn || !mine) return flow;
    leave_label_.clear();
    if (flow == Flow::kExit) return Flow::kNormal;
    return std::nullopt;
}

Interpreter::Flow Interpreter::run_loop(PlStatement& statement) {
    while (true) {
        if (statement.kind == PlKind::kWhile && !evaluate_condition(*statement.expr)) return Flow::kNormal;
        if (const auto left = run_loop_body(statement)) return *left;
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
        if (const auto left = run_loop_body(statement)) {
            set_found(true);
            return *left;
        }
    }
    set_found(found);
    return Flow::kNormal;
}

namespace {

/// The slices of FOREACH: the elements, or arrays of the last `slice` dimensions.
std::vector<Datum> foreach_items(Backend& backend, Oid type, const ArrayValue& array, int slice) {
    if (slice == 0) return array.elements;
    ArrayValue part;
    part.ndim = slice;
    std::size_t size = 1;
    for (int i = 0; i < slice; ++i) {
        auto from = static_cast<std::size_t>(array.ndim - slice + i);
        part.dims[static_cast<std::size_t>(i)] = array.dims[from];
        part.lower[static_cast<std::size_t>(i)] = array.lower[from];
        size *= static_cast<std::size_t>(array.dims[from]);
    }
    std::vector<Datum> items;
    for (std::size_t begin = 0; begin < array.elements.size(); begin += size) {
        auto first = array.elements.begin() + static_cast<std::ptrdiff_t>(begin);
        part.elements.assign(first, first + static_cast<std::ptrdiff_t>(size));
        items.push_back(array_datum(backend, type, part));
    }
    return items;
}

}  // namespace

Interpreter::Flow Interpreter::run_foreach(PlStatement& statement) {
    Oid type = kInvalidOid;
    Datum array = evaluate(*statement.expr, &type);
    if (array.is_null()) throw SqlError("22004", "FOREACH expression must not be null");
    Oid element = array_element_type(backend_, type);
    if (element == kInvalidOid) throw SqlError("42804", fmt::format("FOREACH expression must yield an array, not type {}", format_type(backend_, type)));
    ArrayValue items = read_array(backend_, type, array.as_text());
    if (statement.slice < 0 || statement.slice > items.ndim) {
        throw SqlError("2202E", fmt::format("slice dimension ({}) is out of the valid range 0..{}", statement.slice, items.ndim));
    }
    const Target& first = statement.into.at(0);
    const Variable& variable = function_.variables[static_cast<std::size_t>(first.variable)];
    bool whole = first.path.empty() && statement.into.size() == 1;
    bool array_target = whole && !variable.is_record && array_element_type(backend_, variable.type) != kInvalidOid;
    if (statement.slice > 0 && whole && !array_target) throw SqlError("42804", "FOREACH ... SLICE loop variable must be of an array type");
    if (statement.slice == 0 && array_target) throw SqlError("42804", "FOREACH loop variable must not be of an array type");
    if (statement.into.size() > 1) throw NotSimulated("FOREACH with several variables");
    Oid item_type = statement.slice > 0 ? type : element;
    bool found = false;
    for (const Datum& item : foreach_items(backend_, type, items, statement.slice)) {
        found = true;
        assign(first, item, item_type, -1);
        if (const auto left = run_loop_body(statement)) {
            set_found(true);
            return *left;
        }
    }
    set_found(found);
    return Flow::kNormal;
}

}  // namespace cdcsim::pg::plpgsql
