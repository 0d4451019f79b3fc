// The bound tree, expressions: what parse analysis makes of libpg_query's raw tree. Mirrors
// primnodes.h, with these simplifications: a Var never refers to a join (references to join aliases
// are resolved to the joined tables' columns when they are bound), operators and functions are one
// node, and a node knows the C++ function that runs it. Read-only once bound; shared freely.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/datum.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

struct Query;
struct Function;  // catalog/objects.h

enum class ExprKind : std::uint8_t {
    kConst, kParam, kVar, kFunc, kScalarArrayOp, kBool, kNullTest, kBooleanTest, kCase, kCaseTest,
    kCoalesce, kMinMax, kArray, kRow, kRowCompare, kSubLink, kAggregate, kWindow, kGrouping,
    kFieldSelect, kSubscript, kRelabel, kCoerceViaIo, kArrayCoerce, kCoerceToDomain, kDomainValue,
    kCollate, kSqlValue, kDefault, kNextValue, kWholeRow,
};

struct Expr {
    explicit Expr(ExprKind k) : kind(k) {}
    virtual ~Expr() = default;
    ExprKind kind;
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Oid collation = kInvalidOid;
    int location = -1;  ///< byte offset in the statement, -1 unknown
};
using ExprPtr = std::shared_ptr<const Expr>;

/// `expr.as<FuncExpr>()`-style access: REQUIRES the kind.
template <typename Node>
const Node& as(const Expr& expr) {
    return static_cast<const Node&>(expr);
}

struct ConstExpr : Expr {
    ConstExpr() : Expr(ExprKind::kConst) {}
    Datum value;
    /// Set for a literal whose text appears in the statement (plan sharing).
    int literal_index = -1;
};

/// A parameter: $n of a prepared statement or SQL function, or a PL/pgSQL variable. `number` from 1.
/// The value comes from EvalContext::params.
struct ParamExpr : Expr {
    ParamExpr() : Expr(ExprKind::kParam) {}
    int number = 0;
};

/// A column: range table entry (from 1) of the query `levels_up` levels out, attribute number from 1.
/// Attribute numbers of system columns are negative as in PostgreSQL (ctid -1, xmin -2, cmin -3,
/// xmax -4, cmax -5, tableoid -6).
struct VarExpr : Expr {
    VarExpr() : Expr(ExprKind::kVar) {}
    int rt_index = 0;
    int attno = 0;
    int levels_up = 0;
};

/// A whole-row reference (`t` in to_jsonb(t)): composite of the entry's columns. type is the
/// relation's row type, or RECORD with `row_type` for subqueries, functions, joins.
struct WholeRowExpr : Expr {
    WholeRowExpr() : Expr(ExprKind::kWholeRow) {}
    int rt_index = 0;
    int levels_up = 0;
    RowType row_type;              ///< dropped columns included
};

enum class FuncForm : std::uint8_t { kCall, kSqlSyntax, kOperator, kDistinct, kNullIf, kExplicitCast, kImplicitCast };

/// A function call or an operator. kSqlSyntax is written as EXTRACT(x FROM y) and the like; kDistinct is IS DISTINCT FROM, kNullIf NULLIF: their function is
/// that of the = operator.
struct FuncExpr : Expr {
    FuncExpr() : Expr(ExprKind::kFunc) {}
    Oid function = kInvalidOid;
    Oid op = kInvalidOid;                 ///< pg_operator.oid, for operators
    FuncForm form = FuncForm::kCall;
    std::vector<ExprPtr> args;            ///< defaults filled in, VARIADIC collected or not
    std::vector<Oid> arg_types;           ///< actual types, polymorphic ones resolved
    Oid input_collation = kInvalidOid;
    bool strict = false;
    bool returns_set = false;
    bool variadic = false;                ///< last argument was given as VARIADIC array
    char volatility = 'i';
    ScalarFunction scalar = nullptr;      ///< built-in
    std::shared_ptr<const Function> user; ///< created by the user (PL/pgSQL, SQL)
};

/// left op ANY/ALL (array).
struct ScalarArrayOpExpr : Expr {
    ScalarArrayOpExpr() : Expr(ExprKind::kScalarArrayOp) {}
    Oid op = kInvalidOid, function = kInvalidOid;
    bool use_or = true;  ///< ANY
    bool strict = true;
    ScalarFunction scalar = nullptr;
    std::shared_ptr<const Function> user;
    ExprPtr left, right;
    Oid element_type = kInvalidOid;       ///< of the right array
    Oid input_collation = kInvalidOid;
};

enum class BoolOp : std::uint8_t { kAnd, kOr, kNot };
struct BoolExpr : Expr {
    BoolExpr() : Expr(ExprKind::kBool) {}
    BoolOp op = BoolOp::kAnd;
    std::vector<ExprPtr> args;
    bool is_qual = false;  ///< an AND of which only true matters: it stops at the first NULL, too
};

struct NullTestExpr : Expr {
    NullTestExpr() : Expr(ExprKind::kNullTest) {}
    ExprPtr arg;
    bool is_null = true;
    bool arg_is_row = false;  ///< composite: SQL's rule over its fields
};

enum class BooleanTestKind : std::uint8_t {
    kIsTrue, kIsNotTrue, kIsFalse, kIsNotFalse, kIsUnknown, kIsNotUnknown };
struct BooleanTestExpr : Expr {
    BooleanTestExpr() : Expr(ExprKind::kBooleanTest) {}
    ExprPtr arg;
    BooleanTestKind test = BooleanTestKind::kIsTrue;
};

/// CASE. With `arg`, each condition contains a CaseTestExpr that stands for arg's value.
struct CaseExpr : Expr {
    CaseExpr() : Expr(ExprKind::kCase) {}
    ExprPtr arg;
    struct When {
        ExprPtr condition, result;
    };
    std::vector<When> whens;
    ExprPtr default_result;  ///< never null: a NULL constant if there is no ELSE
};
struct CaseTestExpr : Expr {
    CaseTestExpr() : Expr(ExprKind::kCaseTest) {}
};

struct CoalesceExpr : Expr {
    CoalesceExpr() : Expr(ExprKind::kCoalesce) {}
    std::vector<ExprPtr> args;
};

/// GREATEST, LEAST.
struct MinMaxExpr : Expr {
    MinMaxExpr() : Expr(ExprKind::kMinMax) {}
    bool greatest = true;
    std::vector<ExprPtr> args;
};

/// ARRAY[...]. With `multidimensional` the elements are arrays of the same type.
struct ArrayExpr : Expr {
    ArrayExpr() : Expr(ExprKind::kArray) {}
    Oid element_type = kInvalidOid;
    std::vector<ExprPtr> elements;
    bool multidimensional = false;
};

/// ROW(...), or a row of a composite type after a cast.
struct RowExpr : Expr {
    RowExpr() : Expr(ExprKind::kRow) {}
    std::vector<ExprPtr> fields;
    RowType row_type;
};

/// (a, b) < (c, d): = and <> are bound as AND/OR of comparisons, so only < <= > >= come here.
struct RowCompareExpr : Expr {
    RowCompareExpr() : Expr(ExprKind::kRowCompare) {}
    int strategy = 1;  ///< btree: 1 <, 2 <=, 4 >=, 5 >
    struct Pair {
        ExprPtr left, right;
        ScalarFunction less = nullptr, equal = nullptr;
        Oid less_function = kInvalidOid, equal_function = kInvalidOid;
        Oid type = kInvalidOid;  ///< operand type (both sides coerced alike)
    };
    std::vector<Pair> pairs;
};

enum class SubLinkKind : std::uint8_t { kExists, kScalar, kArray, kAny, kAll };

/// A subquery in an expression. For kAny/kAll `test` is a boolean expression in which ParamExpr with
/// number -1, -2, ... stand for the subquery's output columns 1, 2, ...
struct SubLinkExpr : Expr {
    SubLinkExpr() : Expr(ExprKind::kSubLink) {}
    SubLinkKind sublink = SubLinkKind::kScalar;
    ExprPtr test;
    std::shared_ptr<const Query> query;
};

struct SortKey {
    int target = 0;             ///< ressortgroupref of the target entry (or argument) it sorts by
    bool descending = false;
    bool nulls_first = false;
    Oid type = kInvalidOid;     ///< the type that is compared
};

struct AggregateExpr : Expr {
    AggregateExpr() : Expr(ExprKind::kAggregate) {}
    Oid function = kInvalidOid;
    const AggregateRow* aggregate = nullptr;
    std::vector<ExprPtr> args;
    std::vector<Oid> arg_types;
    bool star = false;          ///< count(*)
    bool distinct = false;
    struct OrderBy {
        ExprPtr expr;
        bool descending = false, nulls_first = false;
    };
    std::vector<OrderBy> order_by;  ///< also WITHIN GROUP
    std::vector<ExprPtr> direct_args;  ///< of ordered-set aggregates
    bool hypothetical = false;  ///< the direct arguments are a row among the others
    ExprPtr filter;
    int levels_up = 0;
};

struct WindowExpr : Expr {
    WindowExpr() : Expr(ExprKind::kWindow) {}
    Oid function = kInvalidOid;
    const AggregateRow* aggregate = nullptr;  ///< nullptr: a true window function (row_number ...)
    std::vector<ExprPtr> args;
    std::vector<Oid> arg_types;
    bool star = false;
    ExprPtr filter;
    int window = 0;             ///< index into Query::windows
};

/// GROUPING(...): arguments as ressortgrouprefs.
struct GroupingExpr : Expr {
    GroupingExpr() : Expr(ExprKind::kGrouping) {}
    std::vector<ExprPtr> args;
};

/// Field `field` (index from 0 into the row type) of a composite value.
struct FieldSelectExpr : Expr {
    FieldSelectExpr() : Expr(ExprKind::kFieldSelect) {}
    ExprPtr arg;
    int field = 0;
};

/// container[a][b], container[a:b], jsonb['k']. With `assign` it yields the container with the
/// element replaced (UPDATE t SET a[1] = ...; the source is `assign`).
struct SubscriptExpr : Expr {
    SubscriptExpr() : Expr(ExprKind::kSubscript) {}
    ExprPtr container;
    Oid container_type = kInvalidOid, element_type = kInvalidOid;
    struct Index {
        ExprPtr lower, upper;   ///< either may be null in a slice; lower is null in a plain index
        bool is_slice = false;
    };
    std::vector<Index> indexes;
    ExprPtr assign;
};

/// Binary-coercible: only the type changes.
struct RelabelExpr : Expr {
    RelabelExpr() : Expr(ExprKind::kRelabel) {}
    ExprPtr arg;
    bool is_explicit = false;
};

/// Through the text form: source output, target input.
struct CoerceViaIoExpr : Expr {
    CoerceViaIoExpr() : Expr(ExprKind::kCoerceViaIo) {}
    ExprPtr arg;
    bool is_explicit = false;
};

/// Each element of an array through `element`, in which a CaseTestExpr stands for the element.
struct ArrayCoerceExpr : Expr {
    ArrayCoerceExpr() : Expr(ExprKind::kArrayCoerce) {}
    ExprPtr arg, element;
    bool is_explicit = false;
};

/// Checks the domain's NOT NULL and CHECKs (read from the catalog at run time).
struct CoerceToDomainExpr : Expr {
    CoerceToDomainExpr() : Expr(ExprKind::kCoerceToDomain) {}
    ExprPtr arg;
    bool is_explicit = false;
};
/// VALUE in a domain's CHECK.
struct DomainValueExpr : Expr {
    DomainValueExpr() : Expr(ExprKind::kDomainValue) {}
};

struct CollateExpr : Expr {
    CollateExpr() : Expr(ExprKind::kCollate) {}
    ExprPtr arg;
};

enum class SqlValue : std::uint8_t {
    kCurrentDate, kCurrentTime, kCurrentTimestamp, kLocalTime, kLocalTimestamp,
    kCurrentRole, kCurrentUser, kUser, kSessionUser, kCurrentCatalog, kCurrentSchema };
/// CURRENT_TIMESTAMP(p) and its like; p is the typmod.
struct SqlValueExpr : Expr {
    SqlValueExpr() : Expr(ExprKind::kSqlValue) {}
    SqlValue value = SqlValue::kCurrentTimestamp;
};

/// DEFAULT in VALUES or SET; replaced by the column's default before execution.
struct DefaultExpr : Expr {
    DefaultExpr() : Expr(ExprKind::kDefault) {}
};

/// nextval of an identity column's sequence.
struct NextValueExpr : Expr {
    NextValueExpr() : Expr(ExprKind::kNextValue) {}
    Oid sequence = kInvalidOid;
};

}  // namespace cdcsim::pg
