// The evaluator and constant folding over trees that are built by hand.
#include "sim/postgres/executor/evaluate.h"

#include <catch2/catch.hpp>

#include "tests/unit/test_host.h"

namespace cdcsim::pg {
namespace {

/// "1", "true" (bool is 1/0 too), "NULL", or the text.
std::string show(const Datum& value) {
    switch (value.kind()) {
        case Datum::Kind::kNull: return "NULL";
        case Datum::Kind::kInt: return std::to_string(value.as_int());
        case Datum::Kind::kFloat: return std::to_string(value.as_float());
        case Datum::Kind::kText: return value.as_text();
    }
    return {};
}

struct Fixture {
    TestHost host;
    Snapshot snapshot;
    std::string eval(const ExprPtr& expr) {
        return show(evaluate(*expr, {.host = host, .snapshot = snapshot}));
    }
    /// The folded constant, or "kept".
    std::string fold(const ExprPtr& expr) {
        ExprPtr folded = fold_constants(expr, host);
        return folded->kind == ExprKind::kConst ? show(as<ConstExpr>(*folded).value) : "kept";
    }
};

ExprPtr null_bool() { return null_const(oid::kBool); }
ExprPtr fails() { return equal(divide(int_const(1), int_const(0)), int_const(1)); }

TEST_CASE_METHOD(Fixture, "AND and OR are three-valued and stop early") {
    auto t = bool_const(true), f = bool_const(false);
    CHECK(eval(logic(BoolOp::kAnd, {t, null_bool()})) == "NULL");
    CHECK(eval(logic(BoolOp::kAnd, {null_bool(), f})) == "0");
    CHECK(eval(logic(BoolOp::kAnd, {f, fails()})) == "0");
    CHECK(eval(logic(BoolOp::kOr, {null_bool(), t})) == "1");
    CHECK(eval(logic(BoolOp::kOr, {t, fails()})) == "1");
    CHECK(eval(logic(BoolOp::kOr, {f, null_bool()})) == "NULL");
    CHECK(eval(logic(BoolOp::kNot, {null_bool()})) == "NULL");
    CHECK_THROWS_AS(eval(logic(BoolOp::kOr, {fails(), t})), SqlError);
}

TEST_CASE_METHOD(Fixture, "Strict functions do not see NULL") {
    CHECK(eval(divide(null_const(oid::kInt4), int_const(0))) == "NULL");
    CHECK(fold(divide(var(1, 1, oid::kInt4), null_const(oid::kInt4))) == "NULL");
}

TEST_CASE_METHOD(Fixture, "IS DISTINCT FROM and NULLIF") {
    auto form = [&](FuncForm kind, ExprPtr a, ExprPtr b) {
        return function(test_equal, oid::kBool, {std::move(a), std::move(b)}, kind);
    };
    auto n = null_const(oid::kInt4);
    CHECK(eval(form(FuncForm::kDistinct, int_const(1), n)) == "1");
    CHECK(eval(form(FuncForm::kDistinct, n, n)) == "0");
    CHECK(eval(form(FuncForm::kDistinct, int_const(1), int_const(1))) == "0");
    CHECK(eval(form(FuncForm::kNullIf, int_const(1), int_const(1))) == "NULL");
    CHECK(eval(form(FuncForm::kNullIf, int_const(1), n)) == "1");
}

TEST_CASE_METHOD(Fixture, "CASE evaluates only the arm that it takes") {
    auto expr = node<CaseExpr>(oid::kInt4);
    expr->arg = int_const(2);
    auto test = node<CaseTestExpr>(oid::kInt4);
    expr->whens.push_back({equal(test, int_const(1)), divide(int_const(1), int_const(0))});
    expr->whens.push_back({equal(test, int_const(2)), int_const(20)});
    expr->default_result = divide(int_const(1), int_const(0));
    CHECK(eval(expr) == "20");
    CHECK(fold(expr) == "20");
    auto kept = std::make_shared<CaseExpr>(*expr);
    kept->arg = var(1, 1, oid::kInt4);
    CHECK_THROWS_AS(fold(kept), SqlError);  // 1/0 stands in an arm that may be reached
}

TEST_CASE_METHOD(Fixture, "COALESCE is cut at the first constant") {
    auto expr = node<CoalesceExpr>(oid::kInt4);
    expr->args = {null_const(oid::kInt4), int_const(1), divide(int_const(1), int_const(0))};
    CHECK(fold(expr) == "1");
    CHECK(eval(expr) == "1");
}

TEST_CASE_METHOD(Fixture, "Folding finds the error of a constant expression, and leaves Vars") {
    CHECK_THROWS_AS(fold(divide(int_const(1), int_const(0))), SqlError);
    CHECK(fold(divide(int_const(6), int_const(3))) == "2");
    CHECK(fold(divide(var(1, 1, oid::kInt4), int_const(0))) == "kept");
    CHECK(fold(logic(BoolOp::kAnd, {bool_const(false), fails()})) == "0");
    CHECK_THROWS_AS(fold(logic(BoolOp::kAnd, {fails(), bool_const(false)})), SqlError);
    auto x = equal(var(1, 1, oid::kInt4), int_const(1));
    CHECK(fold_constants(logic(BoolOp::kAnd, {bool_const(true), x}), host) == x);
}

TEST_CASE_METHOD(Fixture, "Vars of this level and of outer ones") {
    std::vector<Datum> here{Datum::of_int(1), Datum::of_int(2)}, there{Datum::of_int(9)};
    EvalRow inner_row{.columns = here, .rid = (3 << 16) | 7}, outer_row{.columns = there};
    EvalContext outer{.host = host, .snapshot = snapshot, .rows = {&outer_row, 1}};
    EvalContext context{.host = host, .snapshot = snapshot, .rows = {&inner_row, 1}, .outer = &outer};
    CHECK(show(evaluate(*var(1, 2, oid::kInt4), context)) == "2");
    CHECK(show(evaluate(*var(1, 1, oid::kInt4, 1), context)) == "9");
    CHECK(show(evaluate(*var(1, -1, oid::kTid), context)) == std::to_string(3 << 16 | 7));
    CHECK(show(evaluate(*var(1, 3, oid::kInt4), context)) == "NULL");  // added later
}

TEST_CASE_METHOD(Fixture, "op ANY and ALL of an array") {
    auto expr = node<ScalarArrayOpExpr>(oid::kBool);
    expr->scalar = [](CallContext&, std::span<const Datum> args) {
        return Datum::of_bool(args[0].as_text() == args[1].as_text());
    };
    expr->element_type = oid::kText;
    auto run = [&](ExprPtr left, const char* array, bool use_or) {
        expr->left = std::move(left);
        expr->right = constant(oid::kTextArray, Datum::of_text(array));
        expr->use_or = use_or;
        return eval(expr);
    };
    CHECK(run(text_const("a"), "{b,a}", true) == "1");
    CHECK(run(text_const("a"), "{b,NULL}", true) == "NULL");
    CHECK(run(text_const("a"), "{b,NULL}", false) == "0");
    CHECK(run(null_const(oid::kText), "{}", true) == "0");
    CHECK(run(null_const(oid::kText), "{}", false) == "1");
    CHECK(run(null_const(oid::kText), "{a}", true) == "NULL");
}

TEST_CASE_METHOD(Fixture, "ARRAY[...] and its subscripts") {
    auto array = node<ArrayExpr>(oid::kTextArray);
    array->element_type = oid::kText;
    array->elements = {text_const("a"), null_const(oid::kText), text_const("x y")};
    CHECK(eval(array) == "{a,NULL,\"x y\"}");
    auto nested = node<ArrayExpr>(oid::kTextArray);
    nested->element_type = oid::kText;
    nested->multidimensional = true;
    nested->elements = {array, array};
    CHECK(eval(nested) == "{{a,NULL,\"x y\"},{a,NULL,\"x y\"}}");
    auto subscript = node<SubscriptExpr>(oid::kText);
    subscript->container = array;
    subscript->container_type = oid::kTextArray;
    subscript->element_type = oid::kText;
    subscript->indexes.push_back({nullptr, int_const(3), false});
    CHECK(eval(subscript) == "x y");
    subscript->indexes = {{nullptr, int_const(2), true}};
    CHECK(eval(subscript) == "{a,NULL}");
    nested->elements.push_back(constant(oid::kTextArray, Datum::of_text("{a}")));
    CHECK_THROWS_AS(eval(nested), SqlError);
}

TEST_CASE_METHOD(Fixture, "(a, b) < (c, d)") {
    auto expr = node<RowCompareExpr>(oid::kBool);
    auto pair = [](ExprPtr left, ExprPtr right) {
        return RowCompareExpr::Pair{std::move(left), std::move(right), test_less, test_equal,
                                    1, 1, oid::kInt4};
    };
    expr->pairs = {pair(int_const(1), int_const(1)), pair(int_const(2), int_const(3))};
    CHECK(eval(expr) == "1");
    expr->strategy = 5;
    CHECK(eval(expr) == "0");
    expr->pairs[1] = pair(int_const(2), int_const(2));
    CHECK(eval(expr) == "0");
    expr->strategy = 4;
    CHECK(eval(expr) == "1");
    expr->pairs[1] = pair(int_const(2), null_const(oid::kInt4));
    CHECK(eval(expr) == "NULL");
}

}  // namespace
}  // namespace cdcsim::pg
