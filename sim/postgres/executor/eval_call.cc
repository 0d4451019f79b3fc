// Calls of functions and operators, and the coercions that call a type's input and output.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/executor/eval_internal.h"
#include "sim/postgres/executor/sql_function.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::eval {
namespace {

[[noreturn]] void not_built(Oid function) {
    const ProcRow* proc = find_builtin_proc(function);
    throw NotSimulated("function " + (proc ? std::string(proc->name) : std::to_string(function)));
}

/// What a call needs to know of the function besides its arguments.
struct Callee {
    ScalarFunction scalar;
    const std::shared_ptr<const Function>& user;
    Oid function;
    bool strict;
};

bool any_null(std::span<const Datum> values) {
    return std::ranges::any_of(values, &Datum::is_null);
}

Datum run(const Callee& callee, CallContext& call_context, std::span<const Datum> args,
          Host& host) {
    // A function of the database may have become STRICT, or no longer be it: call_function knows.
    if (callee.user == nullptr && callee.strict && any_null(args)) return {};
    if (callee.scalar != nullptr) return callee.scalar(call_context, args);
    if (callee.user != nullptr) return host.call_function(callee.user, call_context, args);
    not_built(callee.function);
}

/// The arguments' values: on the stack for the usual few.
class Arguments {
  public:
    Arguments(const std::vector<ExprPtr>& args, const EvalContext& context) : count_(args.size()) {
        if (count_ > few_.size()) many_.resize(count_);
        Datum* out = data();
        for (const ExprPtr& arg : args) *out++ = evaluate(*arg, context);
    }
    std::span<const Datum> values() { return {data(), count_}; }

  private:
    Datum* data() { return many_.empty() ? few_.data() : many_.data(); }
    std::size_t count_;
    std::array<Datum, 3> few_;
    std::vector<Datum> many_;
};

}  // namespace

Datum call(const FuncExpr& expr, const EvalContext& context) {
    if (expr.returns_set) {
        throw SqlError("0A000", "set-valued function called in context that cannot accept a set")
            .at(expr.location);
    }
    Callee callee{expr.scalar, expr.user, expr.function, expr.strict};
    CallContext call_context{.env = context.host,
                             .result_type = expr.type,
                             .arg_types = expr.arg_types,
                             .collation = expr.input_collation,
                             .variadic = expr.variadic,
                             .function = expr.function};
    Arguments args(expr.args, context);
    std::span<const Datum> values = args.values();
    if (expr.form == FuncForm::kDistinct) {
        if (values[0].is_null() || values[1].is_null()) {
            return Datum::of_bool(values[0].is_null() != values[1].is_null());
        }
        Datum equal = run(callee, call_context, values, context.host);
        return equal.is_null() ? equal : Datum::of_bool(!equal.as_bool());
    }
    if (expr.form == FuncForm::kNullIf) {
        if (values[0].is_null() || values[1].is_null()) return values[0];
        call_context.result_type = oid::kBool;
        Datum equal = run(callee, call_context, values, context.host);
        return !equal.is_null() && equal.as_bool() ? Datum() : values[0];
    }
    bool constant = expr.user != nullptr && expr.user->language == "sql" &&
                    std::ranges::all_of(expr.args, [](const ExprPtr& arg) { return arg->kind == ExprKind::kConst; });
    if (!constant) return run(callee, call_context, values, context.host);
    try {
        return run(callee, call_context, values, context.host);
    } catch (SqlError& error) {
        add_planning_context(backend_of(context.host), *expr.user, expr.arg_types, error);
        throw;
    }
}

Datum scalar_array_op(const ScalarArrayOpExpr& expr, const EvalContext& context) {
    std::array<Datum, 2> args{evaluate(*expr.left, context), Datum()};
    Datum right = evaluate(*expr.right, context);
    if (right.is_null()) return {};
    ArrayValue array = read_array(context.host, expr.right->type, right.as_text());
    // An empty array decides even for a NULL on the left.
    if (array.elements.empty()) return Datum::of_bool(!expr.use_or);
    if (expr.strict && args[0].is_null()) return {};

    Callee callee{expr.scalar, expr.user, expr.function, expr.strict};
    std::array<Oid, 2> types{expr.left->type, expr.element_type};
    CallContext call_context{.env = context.host,
                             .result_type = oid::kBool,
                             .arg_types = types,
                             .collation = expr.input_collation,
                             .function = expr.function};
    bool unknown = false;
    for (Datum& element : array.elements) {
        args[1] = std::move(element);
        Datum value = run(callee, call_context, args, context.host);
        if (value.is_null()) {
            unknown = true;
        } else if (value.as_bool() == expr.use_or) {
            return value;
        }
    }
    return unknown ? Datum() : Datum::of_bool(!expr.use_or);
}

Datum row_compare(const RowCompareExpr& expr, const EvalContext& context) {
    const bool wants_less = expr.strategy == 1 || expr.strategy == 2;
    for (const RowCompareExpr::Pair& pair : expr.pairs) {
        std::array<Datum, 2> args{evaluate(*pair.left, context), evaluate(*pair.right, context)};
        if (any_null(args)) return {};
        std::array<Oid, 2> types{pair.left->type, pair.right->type};
        CallContext call_context{
            .env = context.host, .result_type = oid::kBool, .arg_types = types};
        auto ask = [&](ScalarFunction function, Oid oid) {
            if (function == nullptr) not_built(oid);
            call_context.function = oid;
            return function(call_context, args).as_bool();
        };
        if (ask(pair.equal, pair.equal_function)) continue;
        return Datum::of_bool(ask(pair.less, pair.less_function) == wants_less);
    }
    return Datum::of_bool(expr.strategy == 2 || expr.strategy == 4);
}

Datum coerce_via_io(const CoerceViaIoExpr& expr, const EvalContext& context) {
    Datum value = evaluate(*expr.arg, context);
    if (value.is_null()) return value;
    return input_text(context.host, expr.type,
                      output_text(context.host, expr.arg->type, value));
}

Datum array_coerce(const ArrayCoerceExpr& expr, const EvalContext& context) {
    Datum value = evaluate(*expr.arg, context);
    if (value.is_null()) return value;
    ArrayValue array = read_array(context.host, expr.arg->type, value.as_text());
    for (Datum& element : array.elements) {
        EvalContext inner = context;
        Datum old = std::move(element);
        inner.case_test = &old;
        element = evaluate(*expr.element, inner);
    }
    return array_datum(context.host, expr.type, array);
}

}  // namespace cdcsim::pg::eval
