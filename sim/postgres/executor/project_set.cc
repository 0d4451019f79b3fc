#include "sim/postgres/executor/project_set.h"

#include <algorithm>
#include <memory>

#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/polymorphic.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_composite(Environment& env, Oid type) {
    return type == oid::kRecord || env.type(type).typtype == 'c';
}

std::vector<Datum> fields_of(Environment& env, Oid type, const Datum& value, const RowType& columns) {
    if (value.is_null()) return std::vector<Datum>(columns.size());
    std::string_view literal;
    RowType row_type = row_type_of(env, type, value, literal);
    require_row_type(env, row_type, columns);
    return parse_row(env, row_type, literal);
}

/// A function that returns one RECORD, which may ask what columns are expected.
Datum call_record_function(const FuncExpr& call, const RowType& row_type,
                           const EvalContext& context) {
    if (!call.user && call.scalar == nullptr) return evaluate(call, context);
    std::vector<Datum> args;
    for (const ExprPtr& arg : call.args) args.push_back(evaluate(*arg, context));
    if (!call.user && call.strict && std::ranges::any_of(args, &Datum::is_null)) return {};
    CallContext call_context{.env = context.host,
                             .result_type = call.type,
                             .arg_types = call.arg_types,
                             .collation = call.input_collation,
                             .variadic = call.variadic,
                             .function = call.function,
                             .row_type = &row_type};
    if (call.user) return context.host.call_function(call.user, call_context, args);
    return call.scalar(call_context, args);
}

/// One function's rows, each with its `count` columns, which are `columns`.
std::vector<std::vector<Datum>> item_rows(const RangeTableEntry::FunctionItem& item,
                                          const RowType& columns, const EvalContext& context) {
    const Expr& call = *item.call;
    const RowType* row_type = call.type == oid::kRecord ? &columns : nullptr;
    auto count = static_cast<std::size_t>(item.column_count);
    const Oid type = base_type(context.host, context.host.type(call.type)).oid;
    bool composite = is_composite(context.host, type);
    std::vector<std::vector<Datum>> rows;
    if (call.kind == ExprKind::kFunc && as<FuncExpr>(call).returns_set) {
        call_set_function(as<FuncExpr>(call), context, [&](std::span<const Datum> row) {
            if (composite && row.size() == 1 && count != 1) {
                rows.push_back(fields_of(context.host, type, row[0], columns));
            } else {
                rows.emplace_back(row.begin(), row.end());
            }
            return true;
        }, row_type);
        return rows;
    }
    Datum value = row_type != nullptr && call.kind == ExprKind::kFunc
                      ? call_record_function(as<FuncExpr>(call), *row_type, context)
                      : evaluate(call, context);
    if (composite) {
        rows.push_back(fields_of(context.host, type, value, columns));
    } else {
        rows.push_back({std::move(value)});
    }
    return rows;
}

/// The value of a set-returning function in a target list: rows of several columns are composites.
Datum as_value(const FuncExpr& call, std::span<const Datum> row, Environment& env) {
    if (row.size() == 1) return row[0];
    if (call.user && call.type == oid::kRecord) {
        const RowType columns = out_columns(env, *call.user, call.arg_types);
        if (columns.empty()) throw NotSimulated("a function that returns SETOF record without OUT parameters in a select list");
        return make_row(env, call.type, columns, row);
    }
    const ProcRow* proc = find_builtin_proc(call.function);
    if (proc == nullptr || call.type != oid::kRecord) {
        return make_row(env, call.type, env.type(call.type).attributes, row);
    }
    RowType row_type;
    std::size_t i = 0;
    std::string_view names = proc->arg_names;
    for (Oid type : proc->all_args) {
        char mode = proc->arg_modes[i++];
        auto comma = names.find(',');
        std::string name(names.substr(0, comma));
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
        if (mode != 'i' && mode != 'v') {
            row_type.push_back({.name = std::move(name), .type = type, .typmod = -1});
        }
    }
    return make_row(env, call.type, row_type, row);
}

}  // namespace

void call_set_function(const FuncExpr& call, const EvalContext& context, const RowSink& emit,
                       const RowType* row_type) {
    std::vector<Datum> args;
    for (const ExprPtr& arg : call.args) args.push_back(evaluate(*arg, context));
    if (!call.user && call.strict && std::ranges::any_of(args, &Datum::is_null)) return;
    CallContext call_context{.env = context.host,
                             .result_type = call.type,
                             .arg_types = call.arg_types,
                             .collation = call.input_collation,
                             .variadic = call.variadic,
                             .function = call.function,
                             .row_type = row_type};
    if (call.user) return context.host.call_set_function(call.user, call_context, args, emit);
    SetFunction function = find_set_function(call.function);
    if (function == nullptr) {
        const ProcRow* proc = find_builtin_proc(call.function);
        throw NotSimulated("function " + std::string(proc != nullptr ? proc->name : "of a set"));
    }
    function(call_context, args, emit);
}

std::vector<std::vector<Datum>> function_rows(const RangeTableEntry& entry,
                                              const EvalContext& context) {
    std::vector<std::vector<Datum>> result;
    std::size_t offset = 0;
    for (const RangeTableEntry::FunctionItem& item : entry.functions) {
        auto first = entry.columns.begin() + static_cast<std::ptrdiff_t>(offset);
        std::vector<std::vector<Datum>> rows =
            item_rows(item, RowType(first, first + item.column_count), context);
        if (offset == 0) {
            result = std::move(rows);
        } else {
            if (rows.size() > result.size()) result.resize(rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                result[i].resize(offset);
                std::ranges::move(rows[i], std::back_inserter(result[i]));
            }
        }
        offset += static_cast<std::size_t>(item.column_count);
    }
    std::int64_t number = 0;
    for (auto& row : result) {
        row.resize(offset);
        if (entry.with_ordinality) row.push_back(Datum::of_int(++number));
    }
    return result;
}

ProjectSet::ProjectSet(std::vector<ExprPtr> targets, int row_count)
    : targets_(std::move(targets)), row_count_(row_count) {
    auto is_set = [](const Expr& expr) {
        return expr.kind == ExprKind::kFunc && as<FuncExpr>(expr).returns_set;
    };
    for (;;) {
        std::vector<ExprPtr> level;
        std::vector<bool> is_target;  // by `level`: a whole target, which is never shared
        const Expr* root = nullptr;
        int rt_index = row_count_ + static_cast<int>(levels_.size()) + 1;
        ExprMapper replace = [&](const ExprPtr& expr) -> ExprPtr {
            ExprPtr inner = map_children(expr, replace);
            if (inner != expr || !is_set(*expr)) return inner;  // an argument has a set: later
            bool nested = false;
            for_each_child(*expr, [&](const ExprPtr& arg) {
                nested = nested || any_expression(arg, is_set);
            });
            if (nested) return expr;
            // Equal calls inside of targets, as (f()).* makes them, are one (split_pathtarget_at_srfs).
            std::size_t place = 0;
            const bool whole = expr.get() == root;
            while (place < level.size() && (whole || is_target[place] || !equal_expressions(*level[place], *expr))) ++place;
            if (place == level.size()) {
                level.push_back(expr);
                is_target.push_back(whole);
            }
            auto slot = std::make_shared<VarExpr>();
            slot->rt_index = rt_index;
            slot->attno = static_cast<int>(place) + 1;
            slot->type = expr->type;
            slot->typmod = expr->typmod;
            return slot;
        };
        for (ExprPtr& target : targets_) {
            root = target.get();
            target = replace(target);
        }
        if (level.empty()) break;
        levels_.push_back(std::move(level));
    }
    note_evaluated_again();
}

/// Where a set of the last level is part of an expression, one more node projects, of which this is not true.
void ProjectSet::note_evaluated_again() {
    const int last = row_count_ + static_cast<int>(levels_.size());
    auto is_of_set = [&](const Expr& expr) { return expr.kind == ExprKind::kVar && as<VarExpr>(expr).levels_up == 0 && as<VarExpr>(expr).rt_index > row_count_; };
    auto is_of_last = [&](const Expr& expr) { return is_of_set(expr) && as<VarExpr>(expr).rt_index == last; };
    for (const ExprPtr& target : targets_) {
        if (!is_of_last(*target) && any_expression(target, is_of_last)) {
            evaluated_again_.clear();
            return;
        }
        if (contains_volatile(target) && !any_expression(target, is_of_set)) evaluated_again_.push_back(target);
    }
}

void ProjectSet::run(const EvalContext& outer, const RowSink& emit) const {
    EvalContext context = outer;
    std::vector<EvalRow> rows(outer.rows.begin(), outer.rows.end());
    rows.resize(static_cast<std::size_t>(row_count_) + levels_.size());
    context.rows = rows;
    run_level(0, context, rows, emit);
}

bool ProjectSet::run_level(std::size_t level, EvalContext& context, std::vector<EvalRow>& rows,
                           const RowSink& emit) const {
    if (level == levels_.size()) {
        std::vector<Datum> values;
        for (const ExprPtr& target : targets_) values.push_back(evaluate(*target, context));
        return emit(values);
    }
    const std::vector<ExprPtr>& calls = levels_[level];
    std::vector<std::vector<Datum>> sets(calls.size());
    std::size_t longest = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto& call = as<FuncExpr>(*calls[i]);
        call_set_function(call, context, [&](std::span<const Datum> row) {
            sets[i].push_back(as_value(call, row, context.host));
            return true;
        });
        longest = std::max(longest, sets[i].size());
    }
    std::vector<Datum> current(calls.size());
    rows[static_cast<std::size_t>(row_count_) + level].columns = current;
    for (std::size_t n = 0; n < longest; ++n) {
        for (std::size_t i = 0; i < calls.size(); ++i) {
            current[i] = n < sets[i].size() ? sets[i][n] : Datum();
        }
        if (!run_level(level + 1, context, rows, emit)) return false;
    }
    if (level + 1 == levels_.size()) {
        for (const ExprPtr& target : evaluated_again_) evaluate(*target, context);
    }
    return true;
}

}  // namespace cdcsim::pg
