#include "sim/postgres/executor/sql_function.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/binder/polymorphic.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_input(char mode, char kind) { return mode == 'i' || mode == 'b' || mode == 'v' || (mode == 'o' && kind == 'p'); }

/// The arguments of a SQL function by name and by number.
class ArgumentHook : public NameHook {
  public:
    ArgumentHook(Backend& backend, const Function& function, std::span<const Oid> types) : backend_(backend), name_(function.name), types_(types.begin(), types.end()) {
        for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
            if (is_input(function.arg_modes[i], function.kind)) names_.push_back(function.arg_names[i]);
        }
    }

    Conflict conflict() const override { return Conflict::kUseColumn; }
    ExprPtr resolve(const std::vector<std::string>& names, int location, bool) override {
        std::size_t first = names.size() > 1 && names[0] == name_ ? 1 : 0;
        auto it = std::ranges::find(names_, names[first]);
        if (it == names_.end() || names[first].empty()) return nullptr;
        ExprPtr argument = resolve_param(static_cast<int>(it - names_.begin()) + 1, location);
        if (first + 1 == names.size()) return argument;
        return first + 2 == names.size() ? select_field(backend_, argument, backend_.type(argument->type).attributes, names.back(), location) : nullptr;
    }
    ExprPtr resolve_param(int number, int location) override {
        if (number < 1 || number > static_cast<int>(types_.size())) return nullptr;
        auto param = std::make_shared<ParamExpr>();
        param->number = number;
        param->type = types_[static_cast<std::size_t>(number - 1)];
        param->collation = backend_.type(param->type).collation;
        param->location = location;
        return param;
    }

  private:
    Backend& backend_;
    std::string name_;
    std::vector<std::string> names_;
    std::vector<Oid> types_;
};

class ArgumentValues : public ParamSource {
  public:
    explicit ArgumentValues(std::span<const Datum> values) : values_(values) {}
    const Datum& param(int number) override { return values_[static_cast<std::size_t>(number - 1)]; }

  private:
    std::span<const Datum> values_;
};

class FunctionFrame : public ContextFrame {
  public:
    explicit FunctionFrame(const Function& function) : function_(function) {}
    std::string line() const override {
        return number == 0 ? fmt::format("SQL function \"{}\" during startup", function_.name)
                           : fmt::format("SQL function \"{}\" statement {}", function_.name, number);
    }
    int number = 0;

  private:
    const Function& function_;
};

bool is_query(const Node& node) {
    return (node.is("SelectStmt") && !node.has("intoClause")) || node.is("InsertStmt") || node.is("UpdateStmt") || node.is("DeleteStmt");
}

struct BoundStatement {
    RawStatement raw;
    std::shared_ptr<const Query> query;    ///< nullptr: a utility statement
};

struct BoundBody {
    ParseTree tree;
    std::vector<BoundStatement> statements;
};

BoundBody bind_body(Backend& backend, const Function& function, ArgumentHook& hook) {
    BoundBody body;
    body.tree = parse_sql(function.body);
    for (const RawStatement& raw : body.tree.statements()) {
        BoundStatement statement{raw, nullptr};
        if (raw.node.is("TransactionStmt")) throw SqlError("0A000", fmt::format("{} is not allowed in an SQL function", raw.node.text("kind") == "TRANS_STMT_COMMIT" ? "COMMIT" : raw.node.text("kind") == "TRANS_STMT_ROLLBACK" ? "ROLLBACK" : "BEGIN"));
        if (is_query(raw.node)) statement.query = bind_query(raw.node, backend.bind_options(&hook));
        body.statements.push_back(std::move(statement));
    }
    return body;
}

RowType result_columns(const Query& query) {
    RowType row;
    for (const TargetEntry& target : query.command == CommandKind::kSelect ? query.targets : query.returning) {
        if (!target.junk) row.push_back({target.name, target.expr->type, target.expr->typmod, false});
    }
    return row;
}

/// The columns that a composite result must have; empty: any (RECORD).
RowType declared_columns(Backend& backend, const Function& function, Oid wanted, const CallContext* call) {
    const RowType* given = call != nullptr ? call->row_type : nullptr;
    RowType outs = out_columns(backend, function, call != nullptr ? call->arg_types : std::span<const Oid>());
    if (outs.size() > 1 || (function.kind == 'p' && !outs.empty())) return outs;
    if (wanted == oid::kRecord) return given != nullptr ? *given : RowType{};
    RowType live;
    for (const Attribute& attribute : backend.type(wanted).attributes) {
        if (!attribute.dropped) live.push_back(attribute);
    }
    return live;
}

bool is_row_type(Backend& backend, Oid type) { return type == oid::kRecord || backend.type(type).typtype == 'c'; }

bool coercible(Backend& backend, const Attribute& column, const ExprPtr& expr, Oid wanted) {
    if (column.type == wanted) return true;
    return coerce_for_assignment(expr, wanted, -1, backend.bind_options()) != nullptr;
}

/// check_sql_fn_retval.
void check_result(Backend& backend, const Function& function, const BoundBody& body, Oid wanted, const CallContext* call) {
    if (wanted == oid::kVoid) return;
    auto mismatch = [&](const std::string& detail) -> SqlError {
        return SqlError("42P13", fmt::format("return type mismatch in function declared to return {}", format_type(backend, wanted))).detail(detail);
    };
    const Query* last = body.statements.empty() ? nullptr : body.statements.back().query.get();
    bool returns = last != nullptr && (last->command == CommandKind::kSelect || last->has_returning);
    if (!returns) throw mismatch("Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
    std::vector<ExprPtr> exprs;
    for (const TargetEntry& target : last->command == CommandKind::kSelect ? last->targets : last->returning) {
        if (!target.junk) exprs.push_back(target.expr);
    }
    RowType columns = result_columns(*last);
    if (!is_row_type(backend, wanted)) {
        if (columns.size() != 1) throw mismatch("Final statement must return exactly one column.");
        if (!coercible(backend, columns[0], exprs[0], wanted)) throw mismatch(fmt::format("Actual return type is {}.", format_type(backend, columns[0].type)));
        return;
    }
    bool whole = columns.size() == 1 && (columns[0].type == wanted || (wanted != oid::kRecord && is_row_type(backend, columns[0].type)));
    RowType expected = declared_columns(backend, function, wanted, call);
    if (whole || expected.empty()) return;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i >= expected.size()) throw mismatch("Final statement returns too many columns.");
        if (!coercible(backend, columns[i], exprs[i], expected[i].type)) {
            throw mismatch(fmt::format("Final statement returns {} instead of {} at column {}.", format_type(backend, columns[i].type), format_type(backend, expected[i].type), i + 1));
        }
    }
    if (columns.size() < expected.size()) throw mismatch("Final statement returns too few columns.");
}

Datum cast_value(Backend& backend, const Datum& given, const Attribute& from, const Attribute& to) {
    bool same = from.type == to.type && (to.typmod < 0 || from.typmod == to.typmod);
    if (same) return given;
    if (is_polymorphic(to.type)) throw NotSimulated("an SQL function or procedure that gives another type than its polymorphic output");
    ExprPtr expr = make_value_cast(from.type, from.typmod, {to.type, to.typmod}, backend.bind_options());
    Snapshot snapshot = backend.take_snapshot();
    EvalContext context{.host = backend, .snapshot = snapshot, .case_test = &given};
    return evaluate(*expr, context);
}

/// The last statement's rows as the declared columns.
void cast_rows(Backend& backend, const Function& function, Oid wanted, const CallContext* call, SqlFunctionResult& result) {
    if (wanted == oid::kVoid) result.rows.clear();
    if (wanted == oid::kVoid || result.columns.empty()) return;
    RowType expected = {{result.columns[0].name, wanted, -1, false}};
    if (is_row_type(backend, wanted)) {
        bool whole = result.columns.size() == 1 && result.columns[0].type == wanted;
        expected = declared_columns(backend, function, wanted, call);
        if (whole || expected.size() != result.columns.size()) return;
    }
    for (auto& row : result.rows) {
        for (std::size_t i = 0; i < expected.size(); ++i) row[i] = cast_value(backend, row[i], result.columns[i], expected[i]);
    }
    result.columns = expected;
}

/// One statement with its own AFTER triggers.
ExecResult run_statement(Backend& backend, const Function& function, const BoundStatement& bound, ArgumentHook& hook, ArgumentValues& values, const RowSink& sink) {
    Command statement;
    statement.node = bound.raw.node;
    statement.text = std::string_view(function.body).substr(static_cast<std::size_t>(bound.raw.begin), static_cast<std::size_t>(bound.raw.end - bound.raw.begin));
    statement.params = &values;
    statement.hook = &hook;
    statement.top_level = false;
    statement.query = bound.query;
    backend.push_trigger_queue();
    ExecResult done;
    try {
        done = backend.run(statement, sink);
    } catch (...) {
        backend.discard_trigger_queue();
        throw;
    }
    backend.fire_after_triggers();
    return done;
}

bool contains_nonstrict(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::kConst: case ExprKind::kParam: case ExprKind::kRelabel: case ExprKind::kCoerceViaIo: break;
        case ExprKind::kFunc:
            if (!as<FuncExpr>(expr).strict || as<FuncExpr>(expr).form == FuncForm::kDistinct || as<FuncExpr>(expr).form == FuncForm::kNullIf) return true;
            break;
        default: return true;
    }
    bool found = false;
    for_each_child(expr, [&](const ExprPtr& child) { found = found || contains_nonstrict(*child); });
    return found;
}

/// The worst volatility of what the expression calls.
char volatility_of(const Expr& expr) {
    char worst = 'i';
    auto note = [&](char volatility) {
        if (volatility == 'v' || (volatility == 's' && worst == 'i')) worst = volatility;
    };
    if (expr.kind == ExprKind::kFunc) note(as<FuncExpr>(expr).volatility);
    if (expr.kind == ExprKind::kSqlValue || expr.kind == ExprKind::kCoerceViaIo) note('s');
    if (expr.kind == ExprKind::kNextValue) note('v');
    for_each_child(expr, [&](const ExprPtr& child) { note(volatility_of(*child)); });
    return worst;
}

bool has_sublink(const Expr& expr) {
    if (expr.kind == ExprKind::kSubLink) return true;
    bool found = false;
    for_each_child(expr, [&](const ExprPtr& child) { found = found || has_sublink(*child); });
    return found;
}

bool body_is_expression(const Function& function, const BoundBody& body) {
    if (body.statements.size() != 1 || !body.statements[0].query) return false;
    const Query& q = *body.statements[0].query;
    bool plain = q.command == CommandKind::kSelect && q.range_table.empty() && q.ctes.empty() && q.targets.size() == 1 && !q.where && !q.has_aggregates &&
                 !q.has_windows && !q.has_target_srfs && !q.limit && !q.offset && !q.distinct && !q.set_operations && !q.having;
    if (!plain || has_sublink(*q.targets[0].expr)) return false;
    char volatility = volatility_of(*q.targets[0].expr);
    if (function.volatility == 'i' && volatility != 'i') return false;
    if (function.volatility == 's' && volatility == 'v') return false;
    // VOID: only what goes on to another function of no result.
    if (function.result == oid::kVoid && q.targets[0].expr->type != oid::kVoid) return false;
    return !(function.strict && contains_nonstrict(*q.targets[0].expr));
}

bool may_inline(const Function& function) {
    return function.language == "sql" && function.kind == 'f' && !function.returns_set && !function.security_definer && function.settings.empty() &&
           function.result != oid::kRecord;
}

/// A function in FROM whose query takes the place of the call.
bool may_inline_set(const Function& function, const BoundBody& body) {
    bool plain = function.returns_set && function.volatility != 'v' && !function.strict && !function.security_definer && function.settings.empty();
    return plain && body.statements.size() == 1 && body.statements[0].query && body.statements[0].query->command == CommandKind::kSelect;
}

bool calls_immutable(const Expr& expr) {
    bool found = expr.kind == ExprKind::kFunc && as<FuncExpr>(expr).user && as<FuncExpr>(expr).user->volatility == 'i';
    for_each_child(expr, [&](const ExprPtr& child) { found = found || calls_immutable(*child); });
    return found;
}

/// A built-in call whose value may change: it runs with the query.
bool calls_changing(const Expr& expr) {
    bool found = expr.kind == ExprKind::kSqlValue || (expr.kind == ExprKind::kFunc && !as<FuncExpr>(expr).user && as<FuncExpr>(expr).volatility != 'i');
    for_each_child(expr, [&](const ExprPtr& child) { found = found || calls_changing(*child); });
    return found;
}

/// Whether the body failed while it was simplified, rather than in a function that runs with the query.
bool failed_in_planning(const SqlError& error, const Expr& body) {
    if (error.context().empty()) return !calls_changing(body);
    return error.context().ends_with(" during inlining") || calls_immutable(body);
}

}  // namespace

void add_planning_context(Backend& backend, const Function& function, std::span<const Oid> arg_types, SqlError& error) {
    if (!may_inline(function) || !has_function_right(backend, function)) return;
    ArgumentHook hook(backend, function, arg_types);
    const BoundBody body = bind_body(backend, function, hook);
    if (!body_is_expression(function, body) || !failed_in_planning(error, *body.statements[0].query->targets[0].expr)) return;
    // An immutable function is run beforehand, another one's expression takes its place.
    error.add_context(fmt::format("SQL function \"{}\" {}", function.name, function.volatility == 'i' ? "statement 1" : "during inlining"));
}

void sql_function_validate(Backend& backend, const Function& function) {
    bool polymorphic = false;
    std::vector<Oid> types;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        const TypeInfo& type = backend.type(function.arg_types[i]);
        bool any = type.typtype == 'p' && type.oid != oid::kRecord && type.oid != oid::kVoid;
        if (is_input(function.arg_modes[i], function.kind) && type.typtype == 'p' && !is_polymorphic(type.oid)) {
            throw SqlError("42P13", fmt::format("SQL functions cannot have arguments of type {}", format_type(backend, type.oid)));
        }
        polymorphic = polymorphic || any;
        if (is_input(function.arg_modes[i], function.kind)) types.push_back(function.arg_types[i]);
    }
    const TypeInfo& result = backend.type(function.result);
    bool any_result = result.typtype == 'p' && result.oid != oid::kRecord && result.oid != oid::kVoid;
    if (any_result && !is_polymorphic(result.oid)) {
        throw SqlError("42P13", fmt::format("SQL functions cannot return type {}", format_type(backend, result.oid)));
    }
    try {
        if (polymorphic || any_result) {
            parse_sql(function.body);
            return;
        }
        ArgumentHook hook(backend, function, types);
        check_result(backend, function, bind_body(backend, function, hook), function.result, nullptr);
    } catch (SqlError& error) {
        if (error.position() < 0 && !error.is_not_simulated()) error.add_context(fmt::format("SQL function \"{}\"", function.name));
        throw;
    }
}

SqlFunctionResult run_sql_function(Backend& backend, const Function& function, CallContext& call, std::span<const Datum> args) {
    ArgumentHook hook(backend, function, call.arg_types);
    ArgumentValues values(args);
    FunctionFrame frame(function);
    backend.context_frames.push_back(&frame);
    struct Leave {
        Backend& backend;
        bool done = false;
        void now() {
            if (!done) backend.context_frames.pop_back();
            done = true;
        }
        ~Leave() { now(); }
    } leave{backend};
    SqlFunctionResult result;
    bool inlined = false;
    try {
        BoundBody body = bind_body(backend, function, hook);
        check_result(backend, function, body, call.result_type, &call);
        inlined = (may_inline(function) && body_is_expression(function, body)) || may_inline_set(function, body);
        if (inlined) leave.now();  // an expression of its caller says nothing of itself
        for (const BoundStatement& statement : body.statements) {
            ++frame.number;
            result.rows.clear();
            ExecResult done = run_statement(backend, function, statement, hook, values, [&](std::span<const Datum> row) {
                result.rows.emplace_back(row.begin(), row.end());
                return true;
            });
            result.columns = done.columns;
        }
        const bool is_redirection = inlined && call.result_type == oid::kVoid && !function.returns_set;
        if (!is_redirection) cast_rows(backend, function, call.result_type, &call, result);
    } catch (SqlError& error) {
        if (error.position() >= 0 && error.internal_query().empty()) error.move_position_into(function.body);
        if (!inlined) error.add_context(frame.line());
        throw;
    }
    return result;
}

}  // namespace cdcsim::pg
