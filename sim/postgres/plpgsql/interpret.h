// Running a compiled function. Mirrors pl_exec.c.
#pragma once

#include <memory>
#include <optional>
#include <span>
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
    std::vector<Datum> fields;
    std::vector<bool> touched;          ///< fields that were assigned one by one
    unsigned version = 0;               ///< changes with the shape
};

struct CallResult {
    Datum value;
    std::optional<std::vector<Datum>> row;
    std::vector<bool> touched;
};

class Interpreter {
  public:
    Interpreter(Backend& backend, PlFunction& function);

    Value& value(int variable) { return values_[static_cast<std::size_t>(variable)]; }
    void set_record(int variable, RowType row_type, std::vector<Datum> fields);
    /// Runs the body. Errors get this function's CONTEXT line.
    void run();
    /// What RETURN gave.
    bool returned = false;
    Datum result;
    Oid result_type = kInvalidOid;
    std::int32_t result_typmod = -1;
    int result_record = -1;             ///< RETURN of a whole record variable
    const RowSink* emit = nullptr;      ///< RETURN NEXT, RETURN QUERY
    RowType wanted;                     ///< columns of the result set, or of a composite result
    /// Applies the cast of an assignment.
    Datum cast(const Datum& value, Oid from, std::int32_t from_typmod, Oid to, std::int32_t to_typmod);

  private:
    friend class VariableHook;
    friend class VariableSource;
    enum class Flow : std::uint8_t { kNormal, kExit, kContinue, kReturn };

    void run_body();
    Flow run_statements(const Body& body);
    Flow run_statement(PlStatement& statement);
    Flow run_block(PlStatement& block);
    Flow run_protected(PlStatement& block);
    Flow run_loop(PlStatement& statement);
    Flow run_for_integer(PlStatement& statement);
    Flow run_for_rows(PlStatement& statement);
    Flow run_foreach(PlStatement& statement);
    Flow loop_flow(Flow flow, const PlStatement& loop, bool& leave);
    Flow run_return(PlStatement& statement);
    void run_return_next(PlStatement& statement);
    void run_return_query(PlStatement& statement);
    void run_raise(PlStatement& statement);
    void run_assert(PlStatement& statement);
    void run_sql(PlStatement& statement);
    void run_execute(PlStatement& statement);
    void run_diagnostics(PlStatement& statement);
    Flow run_if(PlStatement& statement);
    Flow run_case(PlStatement& statement);
    void assign_statement(PlStatement& statement);

    SpiPlan& plan_of(PlExpr& expr, const TypeRef* target = nullptr);
    Datum evaluate(PlExpr& expr, Oid* type = nullptr, std::int32_t* typmod = nullptr, const TypeRef* target = nullptr);
    bool evaluate_condition(PlExpr& expr);
    std::int64_t evaluate_integer(PlExpr& expr, std::string_view what);
    SpiResult query(PlExpr& expr, std::uint64_t max_rows);
    SpiResult execute_dynamic(PlStatement& statement, PlExpr& text, std::uint64_t max_rows);
    std::string text_of(const Datum& value, Oid type);
    void assign(const Target& target, const Datum& value, Oid type, std::int32_t typmod);
    void assign_variable(int variable, const Datum& value, Oid type, std::int32_t typmod);
    void assign_row(const std::vector<Target>& targets, const RowType& columns, const std::vector<Datum>* row);
    void emit_row(const RowType& columns, const std::vector<Datum>& row);
    void initialise(int variable);
    void set_found(bool found) { value(function_.found_variable).scalar = Datum::of_bool(found); }
    [[noreturn]] void rethrow_with_query(SqlError& error, const PlExpr& expr, bool planning, bool simple);
    std::string display(const Variable& variable) const { return variable.name; }

    Backend& backend_;
    PlFunction& function_;
    std::vector<Value> values_;
    std::unique_ptr<ParamSource> source_;
    const PlStatement* current_ = nullptr;
    std::string phase_;                 ///< replaces "at X" in CONTEXT
    int phase_line_ = 0;
    std::string leave_label_;
    std::int64_t row_count_ = 0;
};

}  // namespace cdcsim::pg::plpgsql
