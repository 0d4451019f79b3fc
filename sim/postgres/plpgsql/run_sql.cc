// Embedded SQL: expressions, statements, EXECUTE, FOR over rows, CALL, COMMIT. Mirrors exec_stmt_execsql
// and its neighbours in pl_exec.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/procedure_call.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

std::string_view label_of(const PlExpr& expr) {
    return expr.mode == ExprMode::kStatement ? "SQL statement" : expr.mode == ExprMode::kAssignment ? "PL/pgSQL assignment" : "SQL expression";
}

bool is_transaction_command(std::string_view command) { return command == "TransactionStmt"; }

/// A function that is called by SQL cannot end its transaction.
class AtomicScope {
  public:
    AtomicScope(Backend& backend, bool keep) : backend_(backend), before_(backend.nonatomic) {
        if (!keep) backend.nonatomic = false;
    }
    ~AtomicScope() { backend_.nonatomic = before_; }
    AtomicScope(const AtomicScope&) = delete;
    AtomicScope& operator=(const AtomicScope&) = delete;

  private:
    Backend& backend_;
    bool before_;
};

}  // namespace

// Expressions.

void Interpreter::rethrow_with_query(SqlError& error, const PlExpr& expr, bool planning, bool simple) {
    if (error.position() >= 0 && error.internal_query().empty()) {
        error.replace_position(error.position() - expr.shift);
        error.move_position_into(expr.text);
    } else if (planning || !simple) {
        const bool is_of_result = error.context().empty() && error.message().starts_with("query returned ");
        error.add_context(is_of_result ? "query: " + expr.text : fmt::format("{} \"{}\"", label_of(expr), expr.text));
    }
    error.rethrow();
    throw InternalError(__FILE__, __LINE__, "rethrow returned");
}

SpiPlan& Interpreter::plan_of(PlExpr& expr, const TypeRef* target) {
    TypeRef wanted_target = target != nullptr ? *target : TypeRef{};
    bool stale = std::ranges::any_of(expr.bound_fields, [&](auto& bound) { return !has_bound_field(bound); });
    if (stale && expr.plan && !expr.plan->is_invalid()) {
        try {
            check_bound_fields(expr);
        } catch (SqlError& error) {
            rethrow_with_query(error, expr, false, expr.plan->is_simple());
        }
    }
    stale = stale || (expr.plan && (expr.target.type != wanted_target.type || expr.target.typmod != wanted_target.typmod));
    if (stale) {
        expr.plan.reset();
        expr.bound_fields.clear();
    }
    try {
        Running running(function_, this);
        if (!expr.plan) {
            if (!expr.hook) expr.hook = make_variable_hook(function_, expr);
            expr.plan = static_cast<Spi&>(backend_).prepare(expr.sql, expr.hook.get(), target);
            expr.target = wanted_target;
        }
        expr.plan->ready();
    } catch (SqlError& error) {
        expr.plan.reset();
        expr.bound_fields.clear();
        rethrow_with_query(error, expr, true, false);
    }
    planned_ = &expr;
    return *expr.plan;
}

Datum Interpreter::evaluate(PlExpr& expr, Oid* type, std::int32_t* typmod, const TypeRef* target) {
    SpiPlan& plan = plan_of(expr, target);
    // What a call further out evaluates right now, PostgreSQL runs as a query.
    bool simple = plan.is_simple() && !expr.in_use;
    SpiOptions options;
    options.params = source_.get();
    QueryFrame frame(label_of(expr), expr.text);
    struct InUse {
        bool& flag;
        bool before;
        ~InUse() { flag = before; }
    } in_use{expr.in_use, expr.in_use};
    expr.in_use = true;
    try {
        Running running(function_, this);
        if (simple) return static_cast<Spi&>(backend_).evaluate(plan, options, type, typmod);
        FrameScope scope(backend_, frame);
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

/// `as_cursor`: what goes wrong while rows are fetched has no line of the query's own.
SpiResult Interpreter::query(PlExpr& expr, std::uint64_t max_rows, bool as_cursor) {
    SpiPlan& plan = plan_of(expr);
    SpiOptions options;
    options.params = source_.get();
    options.max_rows = max_rows;
    bool reads = plan.command() == "SELECT";
    QueryFrame frame(label_of(expr), expr.text);
    try {
        Running running(function_, this);
        AtomicScope atomic(backend_, plan.command() == "DoStmt");
        if (as_cursor && reads) return backend_.execute(plan, options);
        FrameScope scope(backend_, frame);
        return backend_.execute(plan, options);
    } catch (SqlError& error) {
        rethrow_with_query(error, expr, false, as_cursor && reads);
    }
}

// Statements.

/// INTO: the first row to the targets, and FOUND.
void Interpreter::take_row(PlStatement& statement, const SpiResult& rows, bool modifies, std::string_view strict_hint) {
    std::size_t count = rows.rows.size();
    auto strict_detail = [&]() -> std::string {
        if (function_.print_strict_params) throw NotSimulated("print_strict_params");
        return "";
    };
    if (count == 0) {
        if (statement.strict) throw SqlError("P0002", "query returned no rows").detail(strict_detail());
        assign_row(statement.into, rows.columns, nullptr);
    } else {
        if (count > 1 && (statement.strict || modifies)) {
            throw SqlError("P0003", "query returned more than one row").detail(strict_detail()).hint(std::string(strict_hint));
        }
        assign_row(statement.into, rows.columns, &rows.rows[0]);
    }
}

void Interpreter::run_sql(PlStatement& statement) {
    SpiPlan& plan = plan_of(*statement.expr);
    if (is_transaction_command(plan.command())) throw SqlError("0A000", "unsupported transaction command in PL/pgSQL");
    bool modifies = plan.command() != "SELECT";
    SpiResult rows = query(*statement.expr, statement.has_into && !modifies ? 2 : 0);
    bool dml = rows.command == "INSERT" || rows.command == "UPDATE" || rows.command == "DELETE" || rows.command == "MERGE";
    row_count_ = static_cast<std::int64_t>(statement.has_into && !modifies ? std::min<std::size_t>(rows.rows.size(), 1) : rows.processed);
    if (!statement.has_into) {
        if (rows.returns_rows) {
            SqlError error("42601", "query has no destination for result data");
            if (rows.command == "SELECT") error.set_hint("If you want to discard the results of a SELECT, use PERFORM instead.");
            throw error;
        }
        if (dml) set_found(rows.processed > 0);
        return;
    }
    if (!rows.returns_rows) throw SqlError("42601", "INTO used with a command that cannot return data");
    take_row(statement, rows, modifies, "Make sure the query returns a single row, or use LIMIT 1.");
    set_found(!rows.rows.empty());
}

Interpreter::Flow Interpreter::run_for_rows(PlStatement& statement) {
    bool is_query = statement.kind == PlKind::kForQuery;
    SpiResult rows = is_query ? query(*statement.expr, 0, true) : execute_dynamic(statement, *statement.expr, 0, true);
    if (!rows.returns_rows) throw SqlError("42P11", fmt::format("cannot open {} query as cursor", rows.command));
    backend_.new_portal_name();
    bool writes = rows.command != "SELECT";
    struct WritingLoop {
        int& count;
        int own;
        ~WritingLoop() { count -= own; }
    } loop{backend_.writing_loops, writes ? 1 : 0};
    loop.count += loop.own;
    StackScope running(backend_.running_queries);
    if (rows.query) backend_.running_queries.push_back(rows.query);
    return run_rows(statement, rows.columns, rows.rows);
}

Interpreter::Flow Interpreter::run_rows(PlStatement& statement, const RowType& columns, const std::vector<std::vector<Datum>>& rows, const std::function<void()>& before_row) {
    if (rows.empty()) assign_row(statement.into, columns, nullptr);
    for (const auto& row : rows) {
        if (before_row) before_row();
        assign_row(statement.into, columns, &row);
        if (const auto left = run_loop_body(statement)) {
            set_found(true);
            return *left;
        }
    }
    set_found(!rows.empty());
    return Flow::kNormal;
}

namespace {

/// $1, $2 ... of EXECUTE ... USING.
class UsingHook : public NameHook {
  public:
    explicit UsingHook(const std::vector<std::pair<Oid, Datum>>& values, Environment& env) : values_(values), env_(env) {}
    ExprPtr resolve(const std::vector<std::string>&, int, bool) override { return nullptr; }
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

/// Runs each statement of the text; the last one's result counts.
SpiResult Interpreter::execute_text(const std::string& sql, const SpiOptions& options, NameHook& hook, bool as_cursor, bool& fetching) {
    ParseTree tree = parse_sql(sql);
    SpiResult result;
    for (std::size_t i = 0; i < tree.statements().size(); ++i) {
        const RawStatement& raw = tree.statements()[i];
        if (raw.node.is("SelectStmt") && raw.node.has("intoClause")) {
            throw SqlError("0A000", "EXECUTE of SELECT ... INTO is not implemented")
                .hint("You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.");
        }
        // The earlier statements stay in the text, blanked out, so that positions hold.
        std::string text(static_cast<std::size_t>(raw.begin), ' ');
        text += sql.substr(static_cast<std::size_t>(raw.begin), static_cast<std::size_t>(raw.end - raw.begin));
        std::unique_ptr<SpiPlan> plan = static_cast<Spi&>(backend_).prepare(text, &hook);
        SpiOptions own = options;
        if (i + 1 < tree.statements().size()) own.max_rows = 0;
        plan->ready();
        if (is_transaction_command(plan->command())) throw SqlError("0A000", "EXECUTE of transaction commands is not implemented");
        fetching = as_cursor && plan->command() == "SELECT";
        AtomicScope atomic(backend_, false);
        result = backend_.execute(*plan, own);
    }
    return result;
}

SpiResult Interpreter::execute_dynamic(PlStatement& statement, PlExpr& text_expr, std::uint64_t max_rows, bool as_cursor, std::string* sql_text) {
    Oid type = kInvalidOid;
    Datum text = evaluate(text_expr, &type);
    if (text.is_null()) throw SqlError("22004", "query string argument of EXECUTE is null");
    std::string sql = output_text(backend_, type, text);
    if (sql_text != nullptr) *sql_text = sql;
    std::vector<std::pair<Oid, Datum>> values;
    for (const PlExprPtr& param : statement.params) {
        Oid param_type = kInvalidOid;
        Datum given = evaluate(*param, &param_type);
        if (param_type == oid::kUnknown) param_type = oid::kText;
        values.emplace_back(param_type, std::move(given));
    }
    UsingHook hook(values, backend_);
    UsingSource source(values);
    QueryFrame frame("SQL statement", sql);
    bool fetching = false;
    SpiOptions options;
    options.params = &source;
    options.max_rows = max_rows;
    try {
        FrameScope scope(backend_, frame);
        return execute_text(sql, options, hook, as_cursor, fetching);
    } catch (SqlError& error) {
        bool own = error.message().starts_with("EXECUTE of ");
        if (error.position() >= 0 && error.internal_query().empty()) {
            error.move_position_into(sql);
        } else if (!fetching && !own) {
            error.add_context(frame.line());
        }
        throw;
    }
}

void Interpreter::run_execute(PlStatement& statement) {
    SpiResult rows = execute_dynamic(statement, *statement.expr, statement.has_into ? 2 : 0);
    row_count_ = static_cast<std::int64_t>(rows.processed);
    if (!statement.has_into) return;
    if (!rows.returns_rows) throw SqlError("42601", "INTO used with a command that cannot return data");
    row_count_ = static_cast<std::int64_t>(std::min<std::size_t>(rows.rows.size(), 1));
    take_row(statement, rows, false, "");
}

// Procedures.

void Interpreter::run_call(PlStatement& statement) {
    PlExpr& expr = *statement.expr;
    QueryFrame frame("SQL statement", expr.text);
    BoundProcedureCall call;
    std::vector<Datum> outs;
    try {
        Running running(function_, this);
        if (!expr.hook) expr.hook = make_variable_hook(function_, expr);
        call = bind_procedure_call(backend_, expr.sql, expr.hook.get());
    } catch (SqlError& error) {
        rethrow_with_query(error, expr, true, false);
    }
    // Where the results go is found before the call.
    std::vector<std::pair<int, int>> targets;
    for (const BoundProcedureCall::Out& out : call.outs) {
        if (out.expr == nullptr || out.expr->kind != ExprKind::kParam) {
            throw SqlError("42601", out.name.empty() ? fmt::format("procedure parameter {} is an output parameter but corresponding argument is not writable", out.position)
                                                     : fmt::format("procedure parameter \"{}\" is an output parameter but corresponding argument is not writable", out.name));
        }
        targets.push_back(variable_of_param(as<ParamExpr>(*out.expr).number));
        const Variable& target = function_.variables[static_cast<std::size_t>(targets.back().first)];
        if (target.constant) throw SqlError("22005", fmt::format("variable \"{}\" is declared CONSTANT", target.name));
    }
    try {
        Running running(function_, this);
        FrameScope scope(backend_, frame);
        outs = run_procedure_call(backend_, call, source_.get(), backend_.nonatomic);
    } catch (SqlError& error) {
        rethrow_with_query(error, expr, false, false);
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
        auto [variable, field] = targets[i];
        Target target{variable, {}};
        if (field >= 0) target.path.push_back({value(variable).row_type[static_cast<std::size_t>(field)].name, nullptr, nullptr, false});
        assign(target, outs[i], call.outs[i].type, -1);
    }
}

void Interpreter::run_transaction_end(PlStatement& statement) {
    if (statement.kind == PlKind::kCommit) {
        backend_.commit_and_chain(statement.chain);
    } else {
        backend_.rollback_and_chain(statement.chain);
    }
}

}  // namespace cdcsim::pg::plpgsql
