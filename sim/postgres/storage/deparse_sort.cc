// Sorts. SQLite's own is stable, PostgreSQL's is not: a level that PostgreSQL sorts gives its rows as
// they come into the sort, and row_sort does it; at the end of a level over the rows of the text, inside
// of it (before window functions, groups, set-returning targets) over a text of its own.
#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/storage/deparse.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_among(std::span<const ExprPtr> exprs, const ExprPtr& expr) {
    return std::ranges::any_of(exprs, [&](const ExprPtr& known) { return equal_expressions(*known, *expr); });
}

bool is_among(std::span<const OrderKey> keys, const ExprPtr& expr) {
    return std::ranges::any_of(keys, [&](const OrderKey& key) { return equal_expressions(*key.expr, *expr); });
}

bool same_key(const OrderKey& a, const OrderKey& b) {
    return a.descending == b.descending && a.nulls_first == b.nulls_first && equal_expressions(*a.expr, *b.expr);
}

}  // namespace

bool is_fixed_value(const ExprPtr& expr) {
    return !contains_volatile(expr) && !contains_sublink(expr) && !contains_set_function(expr) &&
           !any_expression(expr, [](const Expr& node) {
               return node.kind == ExprKind::kVar || node.kind == ExprKind::kWholeRow || node.kind == ExprKind::kAggregate ||
                      node.kind == ExprKind::kWindow || node.kind == ExprKind::kGrouping;
           });
}

bool is_sorted_query(const Query& query) { return !query.order_by.empty() || !query.distinct_on.empty(); }

void Block::add_order_key(std::vector<OrderKey>& keys, OrderKey key) const {
    if (is_fixed_value(key.expr) || is_among(fixed_, key.expr) || is_among(keys, key.expr)) return;
    keys.push_back(std::move(key));
}

/// ORDER BY, and what DISTINCT ON adds.
std::vector<OrderKey> Block::final_order() const {
    std::vector<OrderKey> keys;
    for (const SortKey& key : query_.order_by) {
        add_order_key(keys, {target_expr(key.target), key.descending, key.nulls_first});
    }
    for (int ref : query_.distinct_on) add_order_key(keys, {target_expr(ref)});
    return keys;
}

/// The keys of groups: ORDER BY's first, if one list begins with the other (preprocess_groupclause).
std::vector<SortKey> Block::group_keys() const {
    std::vector<int> refs = needed_group_refs(query_);
    std::vector<SortKey> keys, written;
    for (int ref : refs) written.push_back({.target = ref});
    for (const SortKey& key : query_.order_by) {
        if (std::ranges::find(refs, key.target) == refs.end()) break;
        keys.push_back(key);
    }
    const std::size_t matched = keys.size();
    for (const SortKey& key : written) {
        if (std::ranges::find(keys, key.target, &SortKey::target) != keys.end()) continue;
        if (matched < query_.order_by.size()) return written;
        keys.push_back(key);
    }
    return keys;
}

/// The keys of groups that are made by sorting.
std::vector<OrderKey> Block::group_order() const {
    std::vector<OrderKey> keys;
    for (const SortKey& key : group_keys()) {
        add_order_key(keys, {target_expr(key.target), key.descending, key.nulls_first});
    }
    return keys;
}

/// The keys of SELECT DISTINCT by sorting: ORDER BY's columns first.
std::vector<OrderKey> Block::distinct_order() const {
    std::vector<OrderKey> keys = final_order();
    for (const TargetEntry& target : targets_) add_order_key(keys, {target.expr});
    return keys;
}

/// What a window sorts by: PARTITION BY, then what ORDER BY adds.
std::vector<OrderKey> Block::window_order(const WindowClause& window) const {
    std::vector<OrderKey> keys;
    for (int ref : window.partition_by) {
        auto ordered = std::ranges::find(window.order_by, ref, &SortKey::target);
        bool is_ordered = ordered != window.order_by.end();
        add_order_key(keys, {target_expr(ref), is_ordered && ordered->descending, is_ordered && ordered->nulls_first});
    }
    for (const SortKey& key : window.order_by) {
        add_order_key(keys, {target_expr(key.target), key.descending, key.nulls_first});
    }
    return keys;
}

/// The order that makes PostgreSQL look at indexes (query_pathkeys).
std::vector<OrderKey> Block::wanted_order() {
    if (!index_order_.empty()) return index_order_;
    if (query_.set_operations) return {};
    if (!query_.grouping_sets.empty()) return first_chain_order();
    if (!query_.group_by.empty()) {
        std::optional<GroupPlan> plan = plan_groups(d_.host, query_, wish(group_order()));
        if (plan) input_limit_ = plan->input_limit;
        return plan && !plan->hashed ? group_order() : std::vector<OrderKey>();
    }
    if (query_.has_aggregates || query_.having) return {};
    if (query_.has_windows) {
        const WindowClause* first = first_window();
        return first != nullptr ? window_order(*first) : std::vector<OrderKey>();
    }
    if (query_.distinct && query_.distinct_on.empty()) {
        std::optional<GroupPlan> plan = plan_distinct(d_.host, query_, wish(distinct_order()));
        if (plan) input_limit_ = plan->input_limit;
        return plan && !plan->hashed ? distinct_order() : std::vector<OrderKey>();
    }
    return final_order();
}

/// LIMIT and OFFSET together as the planner knows them; 0: no limit, -1: not known.
double Block::limit_rows() {
    auto constant = [&](const ExprPtr& written) -> double {
        if (!written) return 0;
        ExprPtr expr = fold(written);
        if (expr->kind != ExprKind::kConst) return -1;
        const Datum& value = as<ConstExpr>(*expr).value;
        return value.is_null() ? 0 : static_cast<double>(value.as_int());
    };
    if (!query_.limit) return query_.for_cursor ? -1 : 0;
    double limit = constant(query_.limit), offset = constant(query_.offset);
    if (limit < 0 || offset < 0) return -1;
    return limit == 0 ? 0 : limit + offset;
}

/// What is done with FROM's rows, as far as it chooses a way to read them.
JoinWish Block::join_wish(std::span<const OrderKey> wanted) {
    const bool is_distinct = query_.distinct && query_.distinct_on.empty();
    const bool is_grouped = !query_.group_by.empty() || !query_.grouping_sets.empty() || is_distinct;
    JoinWish wish{.keys = wanted, .incremental = !is_distinct || !query_.group_by.empty()};
    wish.bounded = !query_.has_windows && !is_grouped && query_.distinct_on.empty();
    if (!wanted.empty()) {
        wish.limit = is_grouped ? input_limit_ : limit_rows();
    } else if (final_order().empty() && !query_.has_aggregates && !query_.has_windows && !is_grouped) {
        wish.limit = limit_rows();
    }
    return wish;
}

/// What the planner compares the ways to make groups by: `keys` are those of the sorted way.
GroupWish Block::wish(std::vector<OrderKey> keys) {
    GroupWish wish{.keys = std::move(keys), .limit = limit_rows()};
    std::vector<OrderKey> order = final_order();
    wish.has_order = !order.empty();
    wish.is_satisfied = order.size() <= wish.keys.size() && !query_.has_windows;
    for (std::size_t i = 0; wish.is_satisfied && i < order.size(); ++i) wish.is_satisfied = same_key(order[i], wish.keys[i]);
    if (query_.has_windows) wish.limit = 0;
    return wish;
}

std::size_t Block::presorted_keys(const Stage& stage, std::span<const OrderKey> keys) {
    std::size_t count = 0;
    while (count < keys.size() && count < stage.sorted_by.size() && same_key(keys[count], stage.sorted_by[count])) ++count;
    return count;
}

/// Whether the rows of the whole level, sorted by some keys, are cheaper sorted on from there.
bool Block::prefers_incremental(std::size_t presorted, std::span<const OrderKey> keys) {
    std::vector<Leaf> leaves;
    std::optional<RelationSize> size = size_before_distinct(d_.host, query_, leaves);
    if (!size) return true;
    std::vector<ExprPtr> exprs;
    for (const OrderKey& key : keys.first(presorted)) exprs.push_back(key.expr);
    double limit = std::max(0.0, limit_rows());
    PathCost full = sort_cost(size->total, size->rows, limit);
    double groups = group_count(d_.host, exprs, *size, leaves);
    PathCost incremental = incremental_sort_cost({size->startup, size->total}, size->rows, groups, limit);
    return cost_of_first(incremental, size->rows, limit) < cost_of_first(full, size->rows, limit);
}

/// The rows of `base` in the order of `keys`: sorted on from the leading keys that they have.
Stage Block::in_order(Stage base, std::span<const OrderKey> keys) {
    const std::size_t presorted = presorted_keys(base, keys);
    return presorted < keys.size() || !base.sorted_by.empty() ? sorted_stage(base, keys, presorted, false) : base;
}

/// The rows of `base` sorted by `keys`, as rows<width>(...): what is known of it later is its columns.
Stage Block::sorted_stage(const Stage& base, std::span<const OrderKey> keys, std::size_t presorted, bool bounded) {
    Stage next;
    next.is_base = false;
    std::string name = "z" + std::to_string(++sorted_stages_);
    std::string columns = carry(base, next, later_expressions(), [](const Expr&) { return false; });
    SortedStage sorted;
    for (const OrderKey& key : keys) {
        auto known = std::ranges::find_if(next.known, [&](const Stage::Known& k) { return equal_expressions(*k.expr, *key.expr); });
        if (known == next.known.end()) {
            columns += "," + expression(key.expr, base);
            next.known.push_back({key.expr, ""});
            known = std::prev(next.known.end());
        }
        sorted.sort.keys.push_back({.column = static_cast<std::size_t>(known - next.known.begin()),
                                    .type = key.expr->type,
                                    .descending = key.descending,
                                    .nulls_first = key.nulls_first});
    }
    if (next.known.empty()) columns = ",1";
    for (std::size_t i = 0; i < next.known.size(); ++i) {
        Stage::Known& known = next.known[i];
        known.sql = name + ".c" + std::to_string(i + 1);
        sorted.codecs.push_back(known.expr->type == kInvalidOid ? ColumnCodec{} : d_.codec(known.expr->type));
    }
    if (sorted.codecs.empty()) sorted.codecs.emplace_back();
    sorted.sort.presorted = presorted;
    if (bounded) add_limit(sorted.sort);
    sorted.sql = "SELECT " + columns.substr(1) + " FROM " + base.from;
    if (!base.where.empty()) sorted.sql += " WHERE " + base.where;
    if (!base.heap_order.empty()) sorted.sql += " ORDER BY " + base.heap_order_text();

    RowSource source;
    source.kind = RowSource::Kind::kSorted;
    source.block = number_;
    source.codecs = sorted.codecs;
    source.sorted = static_cast<int>(d_.program.sorted.size());
    next.from = "rows" + std::to_string(rows_table_width(sorted.codecs.size())) + "(?1," +
                std::to_string(d_.program.sources.size()) + ") AS " + name;
    d_.program.sorted.push_back(std::move(sorted));
    d_.program.sources.push_back(std::move(source));
    next.heap_order = {name + ".seq"};
    next.sorted_by = keys.empty() ? base.sorted_by : std::vector<OrderKey>(keys.begin(), keys.end());
    return next;
}

void Block::add_limit(CompiledSort& sort) {
    auto bound = [&](const ExprPtr& expr, Parameter::Kind kind) {
        if (!expr) return -1;
        Parameter parameter;
        parameter.kind = kind;
        parameter.expr = fold(expr);
        parameter.block = number_;
        d_.parameter(std::move(parameter));
        return static_cast<int>(d_.program.parameters.size()) - 1;
    };
    sort.limit = bound(query_.limit, Parameter::Kind::kLimit);
    sort.offset = bound(query_.offset, Parameter::Kind::kOffset);
}

/// Whether some targets are computed after the sort only: set-returning and volatile ones
/// (make_sort_input_target).
bool Block::is_sorted_first() const {
    if (query_.order_by.empty() || query_.distinct || !query_.distinct_on.empty()) return false;
    bool found = false;
    for (const TargetEntry& target : targets_) {
        bool is_late = contains_set_function(target.expr) || contains_volatile(target.expr);
        if (is_late && target.sort_group_ref != 0) return false;
        found = found || is_late;
    }
    return found;
}

/// The end of a level whose rows, given by `text` in the order of their coming, are sorted.
std::string Block::finish_sorted(const Stage& stage, const std::string& text, std::span<const OrderKey> keys) {
    CDCSIM_CHECK(number_ == 0);
    CompiledSort sort;
    for (const OrderKey& key : keys) {
        auto target = std::ranges::find_if(targets_, [&](const TargetEntry& t) { return equal_expressions(*t.expr, *key.expr); });
        CDCSIM_CHECK(target != targets_.end());
        sort.keys.push_back({.column = static_cast<std::size_t>(target - targets_.begin()),
                             .type = key.expr->type,
                             .descending = key.descending,
                             .nulls_first = key.nulls_first});
    }
    sort.presorted = merge_ ? merge_->presorted : is_sorted_ ? keys.size() : presorted_keys(stage, keys);
    if (!merge_ && sort.presorted > 0 && sort.presorted < keys.size() && !stage.is_base && !prefers_incremental(sort.presorted, keys)) {
        sort.presorted = 0;
    }
    std::string order = stage.heap_order.empty() ? "" : " ORDER BY " + stage.heap_order_text();
    bool is_plain = !query_.with_ties && query_.distinct_on.empty() && !is_unique_;
    if (is_plain && !merge_ && sort.presorted == keys.size()) return text + order + limit_text();
    std::vector<ExprPtr> unique;
    for (int ref : query_.distinct_on) {
        if (is_among(keys, target_expr(ref)) && !is_among(unique, target_expr(ref))) unique.push_back(target_expr(ref));
    }
    sort.unique = is_unique_ ? keys.size() : unique.size();
    sort.is_distinct_on = is_unique_ || !query_.distinct_on.empty();
    sort.with_ties = query_.with_ties;
    sort.bounded = query_.row_marks.empty();
    add_limit(sort);
    for (const TargetEntry& target : targets_) {
        if (target.junk) d_.program.outputs.push_back(d_.codec(target.expr->type));
    }
    if (merge_) {
        for (const MergedBranch& branch : merge_->branches) sort.sorted_branches.push_back(branch.is_sorted);
        d_.program.outputs.push_back(d_.codec(oid::kInt4));
    }
    d_.program.sort = std::move(sort);
    return text + order;
}

}  // namespace cdcsim::pg
