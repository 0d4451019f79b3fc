// What the eval_*.cc files share: one function for each kind of expression. Not for others.
#pragma once

#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg::eval {

// eval_call.cc
Datum call(const FuncExpr& expr, const EvalContext& context);
Datum scalar_array_op(const ScalarArrayOpExpr& expr, const EvalContext& context);
Datum row_compare(const RowCompareExpr& expr, const EvalContext& context);
Datum coerce_via_io(const CoerceViaIoExpr& expr, const EvalContext& context);
Datum array_coerce(const ArrayCoerceExpr& expr, const EvalContext& context);

// eval_composite.cc
Datum array(const ArrayExpr& expr, const EvalContext& context);
Datum row(const RowExpr& expr, const EvalContext& context);
Datum whole_row(const WholeRowExpr& expr, const EvalContext& context);
Datum field_select(const FieldSelectExpr& expr, const EvalContext& context);
Datum row_null_test(const NullTestExpr& expr, const Datum& value, const EvalContext& context);

// eval_subscript.cc
Datum subscript(const SubscriptExpr& expr, const EvalContext& context);

// eval_sublink.cc
Datum sublink(const SubLinkExpr& expr, const EvalContext& context);

/// The row that a Var or whole-row reference means.
const EvalRow& find_row(const EvalContext& context, int rt_index, int levels_up);

}  // namespace cdcsim::pg::eval
