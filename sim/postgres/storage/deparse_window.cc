// Window functions: a stage whose columns are their results (w) and what else is referred to (v).
#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
namespace {

/// PostgreSQL's window functions that SQLite has with the same meaning.
constexpr std::string_view kNativeWindows[] = {
    "cume_dist", "dense_rank", "first_value", "lag",  "last_value", "lead",
    "nth_value", "ntile",      "percent_rank", "rank", "row_number"};

bool frame_moves(const WindowClause& window) {
    return window.start != FrameBound::kUnboundedPreceding ||
           window.exclusion != FrameExclusion::kNone;
}

}  // namespace

std::string Block::window_aggregate(const WindowExpr& window, const Stage& stage) {
    AggregateExpr aggregate;
    aggregate.type = window.type;
    aggregate.function = window.function;
    aggregate.aggregate = window.aggregate;
    aggregate.args = window.args;
    aggregate.arg_types = window.arg_types;
    aggregate.star = window.star;
    aggregate.filter = window.filter;
    std::string text = aggregate_call(aggregate, stage);
    const WindowClause& clause = query_.windows[static_cast<std::size_t>(window.window)];
    d_.program.aggregates.back().moving_frame = frame_moves(clause);
    std::string over = " OVER (" + window_clause(clause, stage) + ")";
    // coalesce(agg(...), ?) has its OVER inside.
    auto end = text.starts_with("coalesce(") ? text.rfind(",?") : text.size();
    return text.insert(end, over);
}

std::string Block::window_call(const WindowExpr& window, const Stage& stage) {
    if (window.aggregate != nullptr) return window_aggregate(window, stage);
    const ProcRow* proc = find_builtin_proc(window.function);
    if (proc == nullptr || !std::ranges::binary_search(kNativeWindows, proc->name)) {
        throw NotSimulated("window function " + std::string(proc != nullptr ? proc->name : "of a user"));
    }
    std::string name(proc->name), args;
    for (std::size_t i = 0; i < window.args.size(); ++i) {
        ExprPtr arg = fold(window.args[i]);
        bool is_count = name == "ntile" || (i == 1 && name != "first_value" && name != "last_value");
        std::string sql;
        if (is_count) {
            bool is_const = arg->kind == ExprKind::kConst && !as<ConstExpr>(*arg).value.is_null();
            std::int64_t count = is_const ? as<ConstExpr>(*arg).value.as_int() : -1;
            bool shifts = name == "lag" || name == "lead";
            if (count < (shifts ? 0 : 1)) throw NotSimulated(name + " with this argument");
            sql = std::to_string(count);
        } else {
            sql = expression(arg, stage);
        }
        args += (args.empty() ? "" : ",") + sql;
    }
    const WindowClause& clause = query_.windows[static_cast<std::size_t>(window.window)];
    return name + "(" + args + ") OVER (" + window_clause(clause, stage) + ")";
}

std::string Block::window_clause(const WindowClause& window, const Stage& stage) {
    std::string text;
    for (int ref : window.partition_by) {
        ExprPtr expr = target_expr(ref);
        text += (text.empty() ? "PARTITION BY " : ",") + expression(expr, stage) +
                d_.collation(expr->type);
    }
    std::string order;
    for (const SortKey& key : window.order_by) {
        ExprPtr expr = target_expr(key.target);
        order += (order.empty() ? " ORDER BY " : ",") + expression(expr, stage) +
                 d_.collation(expr->type) + direction(key.descending, key.nulls_first);
    }
    auto bound = [&](FrameBound kind, const ExprPtr& offset) -> std::string {
        auto count = [&] {
            ExprPtr folded = fold(offset);
            bool is_const = folded->kind == ExprKind::kConst && !as<ConstExpr>(*folded).value.is_null();
            std::int64_t value = is_const ? as<ConstExpr>(*folded).value.as_int() : -1;
            if (value < 0) throw NotSimulated("a window frame whose offset is not a constant");
            return std::to_string(value);
        };
        switch (kind) {
            case FrameBound::kUnboundedPreceding: return "UNBOUNDED PRECEDING";
            case FrameBound::kPreceding: return count() + " PRECEDING";
            case FrameBound::kCurrentRow: return "CURRENT ROW";
            case FrameBound::kFollowing: return count() + " FOLLOWING";
            case FrameBound::kUnboundedFollowing: return "UNBOUNDED FOLLOWING";
        }
        return {};
    };
    bool has_offset = window.start_offset || window.end_offset;
    if (window.mode == FrameMode::kRange && has_offset) {
        throw NotSimulated("a window frame RANGE with an offset");
    }
    static constexpr const char* kModes[] = {" RANGE", " ROWS", " GROUPS"};
    static constexpr const char* kExclusions[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP",
                                                  " EXCLUDE TIES"};
    return text + order + kModes[static_cast<int>(window.mode)] + " BETWEEN " +
           bound(window.start, window.start_offset) + " AND " + bound(window.end, window.end_offset) +
           kExclusions[static_cast<int>(window.exclusion)];
}

namespace {

struct WindowKey {
    int ref;
    bool descending, nulls_first;
};

/// What a window sorts by: PARTITION BY, then what ORDER BY adds.
std::vector<WindowKey> window_keys(const WindowClause& clause) {
    std::vector<WindowKey> keys;
    for (int ref : clause.partition_by) keys.push_back({ref, false, false});
    for (const SortKey& key : clause.order_by) {
        bool known = std::ranges::any_of(keys, [&](const WindowKey& k) {
            return k.ref == key.target && k.descending == key.descending && k.nulls_first == key.nulls_first;
        });
        if (!known) keys.push_back({key.target, key.descending, key.nulls_first});
    }
    return keys;
}

/// PostgreSQL's order of several windows (common_prefix_cmp): the later referenced column first, then
/// DESC, then NULLS FIRST, then the longer list; OVER () comes last.
bool evaluated_before(const WindowClause& a, const WindowClause& b) {
    std::vector<WindowKey> left = window_keys(a), right = window_keys(b);
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
        if (left[i].ref != right[i].ref) return left[i].ref > right[i].ref;
        if (left[i].descending != right[i].descending) return left[i].descending;
        if (left[i].nulls_first != right[i].nulls_first) return left[i].nulls_first;
    }
    return left.size() > right.size();
}

}  // namespace

Stage Block::window_stage(Stage base) {
    std::vector<ExprPtr> windows;
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (expr->kind != ExprKind::kWindow) return for_each_child(*expr, look);
        bool known = std::ranges::any_of(
            windows, [&](const ExprPtr& other) { return equal_expressions(*other, *expr); });
        if (!known) windows.push_back(expr);
    };
    for (const TargetEntry& target : targets_) look(target.expr);
    // SQLite evaluates the window that it meets first last of all.
    std::ranges::stable_sort(windows, [&](const ExprPtr& a, const ExprPtr& b) {
        auto clause = [&](const ExprPtr& expr) -> const WindowClause& { return query_.windows[static_cast<std::size_t>(as<WindowExpr>(*expr).window)]; };
        return evaluated_before(clause(b), clause(a));
    });

    Stage next;
    next.is_base = false;
    std::string columns = "1";
    for (std::size_t i = 0; i < windows.size(); ++i) {
        std::string name = "w" + std::to_string(i + 1);
        columns += "," + window_call(as<WindowExpr>(*windows[i]), base) + " AS " + name;
        next.known.push_back({windows[i], "s." + name});
    }
    columns += carry(base, next, later_expressions(),
                     [](const Expr& expr) { return expr.kind == ExprKind::kWindow; });
    for (const std::string& part : base.heap_order) {
        std::string name = "o" + std::to_string(next.heap_order.size() + 1);
        columns += "," + part + " AS " + name;
        next.heap_order.push_back("s." + name);
    }
    std::string text = "SELECT " + columns + " FROM " + base.from;
    if (!base.where.empty()) text += " WHERE " + base.where;
    next.from = "(" + text + ") AS s";
    // PostgreSQL gives the rows of a window in the window's own order.
    if (query_.order_by.empty()) next.heap_order.clear();
    return next;
}

}  // namespace cdcsim::pg
