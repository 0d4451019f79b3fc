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

/// Window functions that look at the frame; the others look at the partition only.
bool is_value_of_frame(std::string_view name, CompiledFrame::Pick& pick) {
    if (name == "first_value") pick = CompiledFrame::Pick::kFirst;
    else if (name == "last_value") pick = CompiledFrame::Pick::kLast;
    else if (name == "nth_value") pick = CompiledFrame::Pick::kNth;
    else return false;
    return true;
}

}  // namespace

/// SQLite knows the frame: it has no offset in RANGE, and others are constants.
bool Block::is_native_frame(const WindowClause& window) {
    for (const ExprPtr& offset : {window.start_offset, window.end_offset}) {
        if (!offset) continue;
        ExprPtr folded = fold(offset);
        const bool is_const = folded->kind == ExprKind::kConst && !as<ConstExpr>(*folded).value.is_null();
        if (window.mode == FrameMode::kRange || !is_const || as<ConstExpr>(*folded).value.as_int() < 0) return false;
    }
    return true;
}

/// The values of the frame's offsets, which are computed, and refused, before the first row is read.
std::string Block::frame_offsets(const WindowClause& window, CompiledFrame& frame) {
    std::string text;
    auto add = [&](const ExprPtr& offset, Oid in_range, Parameter::Kind kind, CompiledFrame::Offset& compiled) {
        if (!offset) return void(text += ",NULL");
        compiled = {offset->type, in_range, d_.codec(offset->type)};
        Parameter parameter;
        parameter.kind = kind;
        parameter.is_range_offset = window.mode == FrameMode::kRange;
        parameter.expr = offset;
        parameter.block = number_;
        parameter.codec = compiled.codec;
        text += "," + d_.parameter(std::move(parameter));
    };
    add(window.start_offset, window.start_in_range, Parameter::Kind::kFrameStart, frame.start_offset);
    add(window.end_offset, window.end_in_range, Parameter::Kind::kFrameEnd, frame.end_offset);
    return text;
}

/// framed(...) OVER the whole partition. `compiled` has what is computed of each frame, `args` its text.
std::string Block::framed_call(CompiledFrame compiled, const WindowClause& clause, const std::string& args, const Stage& stage) {
    compiled.mode = clause.mode;
    compiled.start = clause.start;
    compiled.end = clause.end;
    compiled.exclusion = clause.exclusion;
    std::string text = frame_offsets(clause, compiled);
    for (const SortKey& key : clause.order_by) {
        ExprPtr expr = target_expr(key.target);
        compiled.keys.push_back({expr->type, key.descending, key.nulls_first, d_.codec(expr->type)});
        text += "," + expression(expr, stage);
    }
    const std::string number = std::to_string(d_.program.frames.size());
    d_.program.frames.push_back(std::move(compiled));
    return "framed(?1," + number + text + args + ") OVER (" + partition_and_order(clause, stage) +
           " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)";
}

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
    if (!is_native_frame(clause)) {
        CompiledFrame frame;
        frame.aggregate = d_.program.aggregates.back();
        std::string args;
        for (const ExprPtr& arg : window.args) args += "," + expression(arg, stage);
        if (window.filter) args += "," + expression(window.filter, stage);
        return framed_call(std::move(frame), clause, args, stage);
    }
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
    std::int64_t count = 1;
    for (std::size_t i = 0; i < window.args.size(); ++i) {
        ExprPtr arg = fold(window.args[i]);
        bool is_count = name == "ntile" || (i == 1 && name != "first_value" && name != "last_value");
        std::string sql;
        if (is_count) {
            bool is_const = arg->kind == ExprKind::kConst && !as<ConstExpr>(*arg).value.is_null();
            count = is_const ? as<ConstExpr>(*arg).value.as_int() : -1;
            bool shifts = name == "lag" || name == "lead";
            if (count < (shifts ? 0 : 1)) throw NotSimulated(name + " with this argument");
            sql = std::to_string(count);
        } else {
            sql = expression(arg, stage);
        }
        args += (args.empty() ? "" : ",") + sql;
    }
    const WindowClause& clause = query_.windows[static_cast<std::size_t>(window.window)];
    if (is_native_frame(clause)) return name + "(" + args + ") OVER (" + window_clause(clause, stage) + ")";
    CompiledFrame frame;
    if (!is_value_of_frame(name, frame.pick)) {
        frame_offsets(clause, frame);
        return name + "(" + args + ") OVER (" + partition_and_order(clause, stage) + ")";
    }
    frame.nth = static_cast<std::size_t>(count);
    frame.aggregate.codec = d_.codec(window.type);
    frame.aggregate.arg_codecs = {d_.codec(window.args[0]->type)};
    return framed_call(std::move(frame), clause, "," + expression(window.args[0], stage), stage);
}

std::string Block::partition_and_order(const WindowClause& window, const Stage& stage) {
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
    return text + order;
}

std::string Block::window_clause(const WindowClause& window, const Stage& stage) {
    auto bound = [&](FrameBound kind, const ExprPtr& offset) -> std::string {
        auto count = [&] { return std::to_string(as<ConstExpr>(*fold(offset)).value.as_int()); };
        switch (kind) {
            case FrameBound::kUnboundedPreceding: return "UNBOUNDED PRECEDING";
            case FrameBound::kPreceding: return count() + " PRECEDING";
            case FrameBound::kCurrentRow: return "CURRENT ROW";
            case FrameBound::kFollowing: return count() + " FOLLOWING";
            case FrameBound::kUnboundedFollowing: return "UNBOUNDED FOLLOWING";
        }
        return {};
    };
    static constexpr const char* kModes[] = {" RANGE", " ROWS", " GROUPS"};
    static constexpr const char* kExclusions[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP",
                                                  " EXCLUDE TIES"};
    return partition_and_order(window, stage) + kModes[static_cast<int>(window.mode)] + " BETWEEN " +
           bound(window.start, window.start_offset) + " AND " + bound(window.end, window.end_offset) +
           kExclusions[static_cast<int>(window.exclusion)];
}

namespace {

/// PARTITION BY, then what ORDER BY adds, as written.
std::vector<SortKey> written_keys(const WindowClause& clause) {
    std::vector<SortKey> keys;
    auto same = [](const SortKey& a) {
        return [&a](const SortKey& b) { return a.target == b.target && a.descending == b.descending && a.nulls_first == b.nulls_first; };
    };
    for (int ref : clause.partition_by) {
        auto ordered = std::ranges::find(clause.order_by, ref, &SortKey::target);
        keys.push_back(ordered != clause.order_by.end() ? *ordered : SortKey{.target = ref});
    }
    for (const SortKey& key : clause.order_by) {
        if (std::ranges::none_of(keys, same(key))) keys.push_back(key);
    }
    return keys;
}

/// PostgreSQL's order of several windows (common_prefix_cmp): the later referenced column first, then
/// DESC, then NULLS FIRST, then the longer list; OVER () comes last.
bool evaluated_before(const WindowClause* left, const WindowClause* right) {
    std::vector<SortKey> a = written_keys(*left), b = written_keys(*right);
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (a[i].target != b[i].target) return a[i].target > b[i].target;
        if (a[i].descending != b[i].descending) return a[i].descending;
        if (a[i].nulls_first != b[i].nulls_first) return a[i].nulls_first;
    }
    return a.size() > b.size();
}

/// Where the expression of a part of an order ends, and DESC or NULLS begins.
std::size_t end_of_expression(const std::string& part) {
    for (const char* suffix : {" DESC NULLS FIRST", " DESC NULLS LAST", " NULLS FIRST", " NULLS LAST", " DESC"}) {
        if (part.ends_with(suffix)) return part.size() - std::string_view(suffix).size();
    }
    return part.size();
}

}  // namespace

std::vector<const WindowClause*> Block::active_windows() const {
    std::vector<const WindowClause*> windows;
    std::vector<std::size_t> used;
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (expr->kind == ExprKind::kWindow) used.push_back(static_cast<std::size_t>(as<WindowExpr>(*expr).window));
        for_each_child(*expr, look);
    };
    for (const TargetEntry& target : targets_) look(target.expr);
    for (std::size_t i = 0; i < query_.windows.size(); ++i) {
        if (std::ranges::find(used, i) != used.end()) windows.push_back(&query_.windows[i]);
    }
    std::ranges::stable_sort(windows, evaluated_before);
    return windows;
}

const WindowClause* Block::first_window() const {
    std::vector<const WindowClause*> windows = active_windows();
    return windows.empty() ? nullptr : windows.front();
}

/// One WindowAgg: `calls` are computed over rows that come in the window's order.
Stage Block::one_window_stage(const Stage& base, const WindowClause& clause, std::span<const ExprPtr> calls) {
    std::vector<OrderKey> keys = window_order(clause);
    std::size_t presorted = presorted_keys(base, keys);
    // Without keys the rows of a table or a join come as they lie; everything else is put in order.
    const bool is_ready = keys.empty() && base.is_base;
    const Stage from = is_ready ? base : sorted_stage(base, keys, presorted, false);
    Stage next;
    next.is_base = false;
    next.sorted_by = from.sorted_by;
    std::string columns = "1";
    for (std::size_t i = 0; i < calls.size(); ++i) {
        std::string name = "w" + std::to_string(i + 1);
        columns += "," + window_call(as<WindowExpr>(*calls[i]), from) + " AS " + name;
        next.known.push_back({calls[i], "s." + name});
    }
    columns += carry(from, next, later_expressions(), [&](const Expr& expr) {
        return std::ranges::any_of(calls, [&](const ExprPtr& call) { return equal_expressions(*call, expr); });
    });
    for (const std::string& part : from.heap_order) {
        std::string name = "o" + std::to_string(next.heap_order.size() + 1);
        std::size_t end = end_of_expression(part);
        columns += "," + part.substr(0, end) + " AS " + name;
        next.heap_order.push_back("s." + name + part.substr(end));
    }
    std::string text = "SELECT " + columns + " FROM " + from.from;
    if (!from.where.empty()) text += " WHERE " + from.where;
    next.from = "(" + text + ") AS s";
    return next;
}

Stage Block::window_stage(Stage base) {
    std::vector<ExprPtr> calls;
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (expr->kind != ExprKind::kWindow) return for_each_child(*expr, look);
        bool known = std::ranges::any_of(
            calls, [&](const ExprPtr& other) { return equal_expressions(*other, *expr); });
        if (!known) calls.push_back(expr);
    };
    for (const TargetEntry& target : targets_) look(target.expr);
    for (const WindowClause* clause : active_windows()) {
        std::vector<ExprPtr> own;
        for (const ExprPtr& call : calls) {
            if (&query_.windows[static_cast<std::size_t>(as<WindowExpr>(*call).window)] == clause) own.push_back(call);
        }
        base = one_window_stage(base, *clause, own);
    }
    return base;
}

}  // namespace cdcsim::pg
