// Running a compiled function. Mirrors pl_exec.c.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/plpgsql/tree.h"

namespace cdcsim::pg::plpgsql {

/// A variable's value: a scalar, or a record with its columns.
struct Value {
    Datum scalar;
    bool assigned = false;              ///< a record: has a shape
    bool is_null = false;               ///< a record that is NULL as a whole: OLD of an INSERT
    RowType row_type;
    Oid named_type = kInvalidOid;       ///< of the composite value that a RECORD was assigned
    std::vector<Datum> fields;
    std::vector<FieldOrigin> origins;   ///< of the fields: TOAST needs to know
    unsigned version = 0;               ///< changes with the shape
};

/// What a variable's value has: for a RECORD that of the composite value in it.
Oid shown_type(const Variable& variable, const Value& value);

class Interpreter : public ContextFrame {
  public:
    Interpreter(Backend& backend, PlFunction& function);

    Value& value(int variable) { return values_[static_cast<std::size_t>(variable)]; }
    void follow_type(int variable);
    FieldOrigin origin_of(PlExpr& expr, int variable, std::size_t index);
    void set_record(int variable, RowType row_type, std::vector<Datum> fields);
    /// Runs the body. Errors get this function's CONTEXT line.
    void run();
    /// Does `work` with "PL/pgSQL function f() <phase>" as the CONTEXT of its errors.
    template <typename Work>
    auto during(std::string_view phase, Work work) {
        phase_ = phase;
        phase_line_ = 0;
        try {
            auto done = work();
            phase_.clear();
            return done;
        } catch (SqlError& error) {
            error.add_context(line());
            throw;
        }
    }
    /// "PL/pgSQL function f() line 3 at RAISE".
    std::string line() const override;

    /// What RETURN gave.
    bool returned = false;
    Datum result;
    Oid result_type = kInvalidOid;
    std::int32_t result_typmod = -1;
    int result_record = -1;             ///< RETURN of a whole record variable
    const RowSink* emit = nullptr;      ///< RETURN NEXT, RETURN QUERY
    RowType wanted;                     ///< columns of the result set, or of a composite result
    bool knows_wanted = true;           ///< not those of SETOF record in a select list
    Oid wanted_type = kInvalidOid;      ///< the function's result type, polymorphic ones resolved
    /// Applies the cast of an assignment.
    Datum cast(const Datum& value, Oid from, std::int32_t from_typmod, Oid to, std::int32_t to_typmod);
    /// convert_tuples_by_position: `message` if the columns do not fit. Dropped columns of `to` are NULL.
    std::vector<Datum> convert_row(const RowType& from, const std::vector<Datum>& row, const RowType& to, const std::string& message);

  private:
    friend class VariableHook;
    friend class VariableSource;
    enum class Flow : std::uint8_t { kNormal, kExit, kContinue, kReturn };

    // interpret.cc
    void run_body();
    Flow run_statements(const Body& body);
    Flow run_statement(PlStatement& statement);
    Flow run_block(PlStatement& block);
    Flow run_protected(PlStatement& block);
    Flow run_handler(PlStatement& block, SqlError& error, const PlStatement* current);
    Flow run_if(PlStatement& statement);
    Flow run_case(PlStatement& statement);
    Flow run_loop(PlStatement& statement);
    Flow run_for_integer(PlStatement& statement);
    Flow run_foreach(PlStatement& statement);
    /// Once through a loop's statements: how the loop is left, nullopt when it goes on.
    std::optional<Flow> run_loop_body(const PlStatement& loop);
    std::int64_t evaluate_integer(PlExpr& expr, std::string_view what);
    void initialise(int variable);
    void set_found(bool found) { value(function_.found_variable).scalar = Datum::of_bool(found); }

    // run_return.cc
    Flow run_return(PlStatement& statement);
    /// exec_init_tuple_store.
    void require_known_columns() const;
    void run_return_next(PlStatement& statement);
    void run_return_query(PlStatement& statement);

    // run_messages.cc
    void run_raise(PlStatement& statement);
    void run_assert(PlStatement& statement);
    void run_diagnostics(PlStatement& statement);
    std::string raise_message(PlStatement& statement);
    std::string text_of(const Datum& value, Oid type);

    // run_sql.cc
    void run_sql(PlStatement& statement);
    void run_execute(PlStatement& statement);
    void run_call(PlStatement& statement);
    void run_transaction_end(PlStatement& statement);
    void take_row(PlStatement& statement, const SpiResult& rows, bool modifies, std::string_view strict_hint);
    Flow run_for_rows(PlStatement& statement);
    /// `before_row` is called before each one.
    Flow run_rows(PlStatement& statement, const RowType& columns, const std::vector<std::vector<Datum>>& rows, const std::function<void()>& before_row = {});
    SpiResult execute_text(const std::string& sql, const SpiOptions& options, NameHook& hook, bool as_cursor, bool& fetching);
    SpiResult execute_dynamic(PlStatement& statement, PlExpr& text, std::uint64_t max_rows, bool as_cursor = false, std::string* sql_text = nullptr);
    unsigned shape_version(int variable, const RowType& row_type);
    /// What PostgreSQL says of a kept plan whose records have other columns now. Throws 42703, 42804, 55000.
    void check_bound_fields(const PlExpr& expr);
    /// A RECORD has the type still that it had when the plan in use was made. Throws 42804.
    void check_record_type(int variable, Oid type);
    /// The record still has the field in its place, with its type.
    bool has_bound_field(PlExpr::BoundField& bound);
    SpiPlan& plan_of(PlExpr& expr, const TypeRef* target = nullptr);
    Datum evaluate(PlExpr& expr, Oid* type = nullptr, std::int32_t* typmod = nullptr, const TypeRef* target = nullptr);
    bool evaluate_condition(PlExpr& expr);
    SpiResult query(PlExpr& expr, std::uint64_t max_rows, bool as_cursor = false);
    [[noreturn]] void rethrow_with_query(SqlError& error, const PlExpr& expr, bool planning, bool simple);

    // run_cursors.cc
    void run_open(PlStatement& statement);
    void run_fetch(PlStatement& statement);
    void run_close(PlStatement& statement);
    Flow run_for_cursor(PlStatement& statement);
    std::string open_cursor(PlStatement& statement);
    void take_arguments(PlExpr& expr, const std::vector<int>& arguments);
    Portal& portal_of(int variable);

    // assign.cc
    struct StoredValue {
        Datum value;
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
    };
    struct Step {
        std::string field;
        bool is_slice = false, has_lower = false;
        Datum lower, upper;
        Oid upper_type = kInvalidOid;
    };
    void assign_statement(PlStatement& statement);
    void assign(const Target& target, const Datum& value, Oid type, std::int32_t typmod);
    void assign_variable(int variable, const Datum& value, Oid type, std::int32_t typmod);
    void assign_record(int variable, PlExpr& expr);
    void assign_field(int variable, const std::string& field, const Datum& value, Oid type, std::int32_t typmod);
    void assign_row(const std::vector<Target>& targets, const RowType& columns, const std::vector<Datum>* row);
    std::size_t field_index(int variable, const std::string& field);
    std::vector<Step> evaluate_path(const Target& target, std::size_t begin, Oid type);
    TypeRef path_type(Oid type, std::int32_t typmod, const std::vector<AccessStep>& path, std::size_t begin, const std::string& root);
    void require_planned_field(const Target& target, PlExpr& expr);
    Datum store(Oid type, const Datum& container, const std::vector<Step>& path, std::size_t begin, const Datum& value);

    Backend& backend_;
    PlFunction& function_;
    std::vector<Value> values_;
    std::unique_ptr<ParamSource> source_;
    const PlStatement* current_ = nullptr;
    const PlExpr* planned_ = nullptr;  ///< whose plan is in use
    std::string phase_;                 ///< replaces "at X" in CONTEXT
    int phase_line_ = 0;
    std::string leave_label_;
    std::int64_t row_count_ = 0;
};

/// What names mean inside an expression: the variables of the blocks around it.
std::unique_ptr<NameHook> make_variable_hook(PlFunction& function, PlExpr& expr);
std::unique_ptr<ParamSource> make_variable_source(Interpreter& interpreter);
/// Which variable a ParamExpr of the hook stands for: the number, and the field or -1.
std::pair<int, int> variable_of_param(int number);

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

/// Puts a frame on the session's context stack for a scope.
class FrameScope {
  public:
    FrameScope(Backend& backend, const ContextFrame& frame) : backend_(backend) { backend.context_frames.push_back(&frame); }
    ~FrameScope() { backend_.context_frames.pop_back(); }
    FrameScope(const FrameScope&) = delete;
    FrameScope& operator=(const FrameScope&) = delete;

  private:
    Backend& backend_;
};

/// A query that a function runs: `SQL statement "..."`.
class QueryFrame : public ContextFrame {
  public:
    QueryFrame(std::string_view label, const std::string& text) : label_(label), text_(text) {}
    std::string line() const override;

  private:
    std::string_view label_;
    const std::string& text_;
};

}  // namespace cdcsim::pg::plpgsql
