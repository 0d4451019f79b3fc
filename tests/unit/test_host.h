// A Host for unit tests of the executor and the storage: TestEnvironment, a Database of its own and
// builders of bound expressions. User functions, sequences and domains are not there.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/postgres/executor/host.h"
#include "sim/postgres/storage/heap.h"
#include "sim/postgres/type/oids.h"
#include "tests/unit/test_environment.h"

namespace cdcsim::pg {

class TestHost : public TestEnvironmentOf<Host> {
  public:
    std::unique_ptr<Database> owned_database = open_database();
    std::uint64_t command = 1;
    std::vector<std::vector<Datum>> virtual_table;

    Database& database() override { return *owned_database; }
    Snapshot take_snapshot() override { return {.command = command, .taken = command, .own = {}, .in_progress = {}, .sees_all = false}; }
    Datum call_function(const std::shared_ptr<const Function>&, CallContext&,
                        std::span<const Datum>) override {
        throw NotSimulated("user functions in tests");
    }
    void call_set_function(const std::shared_ptr<const Function>&, CallContext&,
                           std::span<const Datum>, const RowSink&) override {
        throw NotSimulated("user functions in tests");
    }
    Datum sql_value(SqlValue, std::int32_t, Oid) override { return Datum::of_int(now); }
    std::int64_t next_value(Oid) override { return ++sequence; }
    Datum check_domain(Oid, Datum value) override { return value; }
    void transition_rows(const std::string&, const RowSink& emit) override { emit_virtual(emit); }
    void virtual_rows(const Relation&, const RowSink& emit) override { emit_virtual(emit); }
    std::vector<RelationPtr> scanned_relations(const Relation& relation, bool) override {
        return {RelationPtr(RelationPtr(), &relation)};
    }
    void run_modifying(const Query&, ParamSource*, const Snapshot&, const EvalContext*, const RowSink&) override {}
    void enter_call() override {}
    void leave_call() override {}

    std::int64_t sequence = 0;

  private:
    void emit_virtual(const RowSink& emit) {
        for (const auto& row : virtual_table) {
            if (!emit(row)) return;
        }
    }
};

// Builders. The scalar functions are the test's own, so that no type's file is needed.

inline ExprPtr constant(Oid type, Datum value) {
    auto expr = std::make_shared<ConstExpr>();
    expr->type = type;
    expr->value = std::move(value);
    return expr;
}
inline ExprPtr int_const(std::int64_t value) { return constant(oid::kInt4, Datum::of_int(value)); }
inline ExprPtr text_const(const char* value) { return constant(oid::kText, Datum::of_text(value)); }
inline ExprPtr bool_const(bool value) { return constant(oid::kBool, Datum::of_bool(value)); }
inline ExprPtr null_const(Oid type) { return constant(type, Datum()); }

inline ExprPtr var(int rt_index, int attno, Oid type, int levels_up = 0) {
    auto expr = std::make_shared<VarExpr>();
    expr->rt_index = rt_index;
    expr->attno = attno;
    expr->type = type;
    expr->levels_up = levels_up;
    return expr;
}

/// A strict immutable function call.
inline ExprPtr function(ScalarFunction scalar, Oid result, std::vector<ExprPtr> args,
                        FuncForm form = FuncForm::kCall) {
    auto expr = std::make_shared<FuncExpr>();
    expr->type = result;
    expr->scalar = scalar;
    expr->function = 1;
    expr->strict = true;
    expr->form = form;
    for (const ExprPtr& arg : args) expr->arg_types.push_back(arg->type);
    expr->args = std::move(args);
    return expr;
}

inline Datum test_divide(CallContext&, std::span<const Datum> args) {
    if (args[1].as_int() == 0) throw SqlError("22012", "division by zero");
    return Datum::of_int(args[0].as_int() / args[1].as_int());
}
inline Datum test_plus(CallContext&, std::span<const Datum> args) {
    return Datum::of_int(args[0].as_int() + args[1].as_int());
}
inline Datum test_equal(CallContext&, std::span<const Datum> args) {
    return Datum::of_bool(args[0].as_int() == args[1].as_int());
}
inline Datum test_less(CallContext&, std::span<const Datum> args) {
    return Datum::of_bool(args[0].as_int() < args[1].as_int());
}
inline ExprPtr divide(ExprPtr a, ExprPtr b) {
    return function(test_divide, oid::kInt4, {std::move(a), std::move(b)}, FuncForm::kOperator);
}
inline ExprPtr equal(ExprPtr a, ExprPtr b) {
    return function(test_equal, oid::kBool, {std::move(a), std::move(b)}, FuncForm::kOperator);
}
inline ExprPtr logic(BoolOp op, std::vector<ExprPtr> args) {
    auto expr = std::make_shared<BoolExpr>();
    expr->type = oid::kBool;
    expr->op = op;
    expr->args = std::move(args);
    return expr;
}
template <typename Node>
std::shared_ptr<Node> node(Oid type) {
    auto expr = std::make_shared<Node>();
    expr->type = type;
    return expr;
}

}  // namespace cdcsim::pg
