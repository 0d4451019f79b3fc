// How many rows a query level gives, and at what cost, as PostgreSQL expects.
#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/group_planner.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/planner/sort_planner.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

const TargetEntry* target_of(const Query& query, int ref) {
    auto it = std::ranges::find(query.targets, ref, &TargetEntry::sort_group_ref);
    return it == query.targets.end() ? nullptr : &*it;
}

}  // namespace

double group_count(Host& host, const std::vector<ExprPtr>& keys, const RelationSize& input,
                   const std::vector<Leaf>& leaves) {
    std::vector<std::pair<const Leaf*, std::vector<int>>> columns;
    double groups = 1;
    for (const ExprPtr& raw : keys) {
        ExprPtr key = fold_constants(raw, host);
        if (contains_volatile(key)) return input.rows;
        if (key->type == oid::kBool) {
            groups *= 2;
            continue;
        }
        for_each_reference(key, [&](const Expr& reference, int levels) {
            if (levels != 0 || reference.kind != ExprKind::kVar) return;
            const auto& var = as<VarExpr>(reference);
            for (const Leaf& leaf : leaves) {
                if (leaf.rt_index != var.rt_index || var.attno == 0) continue;
                auto it = std::ranges::find(columns, &leaf, [](const auto& entry) { return entry.first; });
                if (it == columns.end()) it = columns.insert(it, {&leaf, {}});
                if (std::ranges::find(it->second, var.attno) == it->second.end()) it->second.push_back(var.attno);
            }
        });
    }
    for (const auto& [leaf, attnos] : columns) {
        double distinct = 1, most = 1;
        for (int attno : attnos) {
            bool is_default = false;
            double values = leaf->distinct_values(attno, is_default);
            distinct *= values;
            most = std::max(most, values);
        }
        double tuples = leaf->tuples(), rows = leaf->rows();
        if (tuples <= 0) continue;
        double limit = tuples;
        if (attnos.size() > 1) limit = std::min(std::max(tuples * 0.1, most), tuples);
        distinct = std::min(distinct, limit);
        if (distinct > 0 && rows < tuples) {
            distinct *= 1 - std::pow((tuples - rows) / tuples, tuples / distinct);
        }
        groups *= clamp_rows(distinct);
    }
    return std::max(1.0, std::min(std::ceil(groups), input.rows));
}

namespace {

/// The column of this level that GROUP BY names, nullptr: something else.
const VarExpr* group_column(const Query& query, int ref) {
    const TargetEntry* target = target_of(query, ref);
    if (target == nullptr || target->expr->kind != ExprKind::kVar) return nullptr;
    const auto& var = as<VarExpr>(*target->expr);
    return var.levels_up == 0 && var.attno > 0 ? &var : nullptr;
}

}  // namespace

std::vector<int> needed_group_refs(const Query& query) {
    auto is_grouped = [&](int rt_index, int attno) {
        return std::ranges::any_of(query.group_by, [&](int ref) {
            const VarExpr* var = group_column(query, ref);
            return var != nullptr && var->rt_index == rt_index && var->attno == attno;
        });
    };
    std::vector<int> refs;
    for (int ref : query.group_by) {
        const VarExpr* var = group_column(query, ref);
        bool is_surplus = false;
        if (var != nullptr) {
            const RangeTableEntry& entry = query.range_table[static_cast<std::size_t>(var->rt_index - 1)];
            const Constraint* key = entry.relation ? entry.relation->primary_key() : nullptr;
            is_surplus = key != nullptr && !key->deferrable &&
                         std::ranges::find(key->columns, var->attno) == key->columns.end() &&
                         std::ranges::all_of(key->columns, [&](int attno) {
                             return is_grouped(var->rt_index, attno);
                         });
        }
        if (!is_surplus) refs.push_back(ref);
    }
    return refs;
}

std::vector<ExprPtr> group_keys(const Query& query) {
    std::vector<ExprPtr> keys;
    for (int ref : needed_group_refs(query)) {
        if (const TargetEntry* target = target_of(query, ref)) keys.push_back(target->expr);
    }
    return keys;
}

std::vector<ExprPtr> where_conjuncts(Host& host, const Query& query) {
    std::vector<ExprPtr> conjuncts;
    if (query.where) flatten_and(fold_constants(query.where, host), conjuncts);
    return conjuncts;
}

std::optional<RelationSize> size_of_from(Host& host, const Query& query, std::vector<Leaf>& leaves) {
    if (query.set_operations || query.command != CommandKind::kSelect) return {};
    RelationSize size;
    if (query.from.empty()) {
        size.total = kCpuTuple;
    } else if (!plan_joins(host, query, where_conjuncts(host, query), {}, &size, &leaves).node) {
        return {};
    }
    return size;
}

namespace {

/// pg_aggregate.aggfinalfn: the state of the others is their result.
bool has_final_function(const AggregateExpr& aggregate) {
    static constexpr std::string_view kNone[] = {"count", "min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"};
    const ProcRow* proc = find_builtin_proc(aggregate.function);
    if (proc == nullptr || std::ranges::find(kNone, proc->name) != std::end(kNone)) return false;
    if (proc->name != "sum") return true;
    const Oid type = aggregate.arg_types.at(0);
    return type == oid::kInt8 || type == oid::kNumeric;
}

/// What a group keeps for an aggregate in a hash table: an allocation area where it collects values.
double state_bytes(const AggregateExpr& aggregate) {
    static constexpr std::string_view kCollecting[] = {"array_agg", "json_agg", "json_object_agg", "jsonb_agg", "jsonb_object_agg", "string_agg"};
    static constexpr std::string_view kByValue[] = {"bool_and", "bool_or", "count", "every", "regr_count"};
    const ProcRow* proc = find_builtin_proc(aggregate.function);
    if (proc == nullptr || std::ranges::find(kByValue, proc->name) != std::end(kByValue)) return 0;
    return std::ranges::find(kCollecting, proc->name) != std::end(kCollecting) ? 8192 : 48;
}

}  // namespace

AggregateCosts aggregate_costs(Host& host, const Query& query) {
    AggregateCosts costs;
    auto note = [&](const Expr& expr) {
        if (expr.kind != ExprKind::kAggregate) return false;
        const auto& aggregate = as<AggregateExpr>(expr);
        ++costs.count;
        ++costs.calls;
        for (const ExprPtr& arg : aggregate.args) costs.calls += cost_of(host, *arg);
        if (has_final_function(aggregate)) ++costs.ends;
        costs.state += state_bytes(aggregate);
        return false;
    };
    for (const TargetEntry& target : query.targets) any_expression(target.expr, note);
    return costs;
}

namespace {

/// Of a condition on what has no statistics.
double selectivity_of(const ExprPtr& expr) {
    if (expr->kind == ExprKind::kNullTest) return as<NullTestExpr>(*expr).is_null ? kRange : 1 - kRange;
    if (expr->kind == ExprKind::kBool) {
        const auto& node = as<BoolExpr>(*expr);
        if (node.op == BoolOp::kNot) return 1 - selectivity_of(node.args.front());
        double all = 1, none = 1;
        for (const ExprPtr& arg : node.args) {
            const double one = selectivity_of(arg);
            all *= one;
            none *= 1 - one;
        }
        return node.op == BoolOp::kAnd ? all : 1 - none;
    }
    if (expr->kind != ExprKind::kFunc) return kOperatorSelectivity;
    const auto& func = as<FuncExpr>(*expr);
    if (func.op == kInvalidOid) return kFunctionSelectivity;
    if (const BtreeOperatorRow* row = btree_row(func.op)) return row->strategy == kEqualStrategy ? kRange : kInequality;
    const OperatorRow* op = find_builtin_operator(func.op);
    return op != nullptr && op->name == "<>" ? 1 - kRange : kOperatorSelectivity;
}

/// The share of the groups that HAVING keeps; two bounds of one value are a range.
double kept_share(Host& host, const Query& query) {
    if (!query.having) return 1;
    std::vector<ExprPtr> conjuncts, bounded;
    flatten_and(fold_constants(query.having, host), conjuncts);
    double share = 1;
    for (const ExprPtr& expr : conjuncts) {
        const BtreeOperatorRow* row = expr->kind == ExprKind::kFunc ? btree_row(as<FuncExpr>(*expr).op) : nullptr;
        const bool is_bound = row != nullptr && row->strategy != kEqualStrategy;
        const bool has_other = is_bound && std::ranges::any_of(bounded, [&](const ExprPtr& other) {
            const bool is_lower = btree_row(as<FuncExpr>(*other).op)->strategy > kEqualStrategy;
            return is_lower != (row->strategy > kEqualStrategy) && equal_expressions(*as<FuncExpr>(*other).args[0], *as<FuncExpr>(*expr).args[0]);
        });
        share *= has_other ? kRange / kInequality : selectivity_of(expr);
        if (is_bound) bounded.push_back(expr);
    }
    return share;
}

void group(Host& host, const std::vector<ExprPtr>& keys, const std::vector<Leaf>& leaves, RelationSize& size) {
    double groups = group_count(host, keys, size, leaves);
    size.startup = size.total + kCpuOperator * static_cast<double>(keys.size()) * size.rows;
    size.total = size.startup + kCpuTuple * groups;
    size.rows = groups;
}

/// What GROUP BY and the aggregates make of the rows.
void aggregate(Host& host, const Query& query, const std::vector<Leaf>& leaves, RelationSize& size) {
    const AggregateCosts costs = aggregate_costs(host, query);
    size.total += kCpuOperator * costs.calls * size.rows;
    if (query.group_by.empty()) {
        size.startup = size.total;
        size.total += kCpuTuple;
        size.rows = 1;
        return;
    }
    for (int ref : query.group_by) {
        const TargetEntry* target = target_of(query, ref);
        if (target != nullptr && !target->junk) size.unique_columns.push_back(target->resno);
    }
    if (size.unique_columns.size() != query.group_by.size()) size.unique_columns.clear();
    group(host, group_keys(query), leaves, size);
    size.total += kCpuOperator * costs.ends * size.rows;
    size.rows = clamp_rows(size.rows * kept_share(host, query));
}

/// Grouping sets: each one's groups, made by a hash table or out of sorted rows (create_groupingsets_path).
void aggregate_sets(Host& host, const Query& query, const std::vector<Leaf>& leaves, RelationSize& size) {
    const AggregateCosts costs = aggregate_costs(host, query);
    double groups = 0;
    for (const std::vector<int>& set : query.grouping_sets) {
        std::vector<ExprPtr> keys;
        for (int ref : set) keys.push_back(target_of(query, ref)->expr);
        const double of_set = keys.empty() ? 1 : group_count(host, keys, size, leaves);
        size.total += kCpuOperator * (costs.calls + static_cast<double>(keys.size())) * size.rows + (kCpuOperator * costs.ends + kCpuTuple) * of_set;
        groups += of_set;
    }
    size.startup = size.total;
    size.rows = query.having ? clamp_rows(groups * kept_share(host, query)) : groups;
    size.unique_columns.clear();
}

}  // namespace

std::optional<RelationSize> size_before_distinct(Host& host, const Query& query, std::vector<Leaf>& leaves) {
    std::optional<RelationSize> size = size_of_from(host, query, leaves);
    if (!size) return {};
    for (const TargetEntry& target : query.targets) {
        if (contains_set_function(target.expr)) return {};
    }
    if (!query.grouping_sets.empty()) {
        aggregate_sets(host, query, leaves, *size);
    } else if (query.has_aggregates || !query.group_by.empty()) {
        aggregate(host, query, leaves, *size);
    }
    if (query.has_windows) {
        size->startup = size->total + sort_start_cost(size->rows);
        size->total = size->startup + 2 * kCpuTuple * size->rows;
    }
    return size;
}

namespace {

/// The first row of each group of the sorted rows.
void distinct_on(Host& host, const Query& query, const std::vector<Leaf>& leaves, RelationSize& size) {
    std::vector<ExprPtr> keys;
    size.unique_columns.clear();
    bool are_shown = true;
    for (int ref : query.distinct_on) {
        const TargetEntry* target = target_of(query, ref);
        if (target == nullptr) continue;
        keys.push_back(target->expr);
        size.unique_columns.push_back(target->resno);
        are_shown = are_shown && !target->junk;
    }
    if (!are_shown) size.unique_columns.clear();
    const double groups = group_count(host, keys, size, leaves);
    const double compare = kCpuOperator * static_cast<double>(keys.size()) * size.rows;
    size.startup = size.total + sort_start_cost(size.rows);
    size.total = size.startup + kCpuOperator * size.rows + compare;
    size.rows = groups;
}

}  // namespace

/// A UNION in a UNION gives its branches to the outer one (plan_union_children).
bool add_union_branches(Host& host, const Query& query, const SetOpNode& node, RelationSize& size) {
    for (const SetOpNode* child : {node.left.get(), node.right.get()}) {
        if (child->op == SetOp::kUnion && (child->all || !node.all)) {
            if (!add_union_branches(host, query, *child, size)) return false;
            continue;
        }
        std::optional<RelationSize> branch = size_of_set_operation(host, query, *child);
        if (!branch) return false;
        size.rows += branch->rows;
        size.total += branch->total;
    }
    return true;
}

namespace {

const Query& branch_of(const Query& query, const SetOpNode& node) {
    return *query.range_table[static_cast<std::size_t>(node.rt_index - 1)].subquery;
}

/// INTERSECT and EXCEPT (generate_nonunion_paths).
std::optional<RelationSize> size_of_difference(Host& host, const Query& query, const SetOpNode& node) {
    std::optional<RelationSize> left = size_of_set_operation(host, query, *node.left), right = size_of_set_operation(host, query, *node.right);
    std::optional<SetOperationPlan> plan = plan_set_operation(host, query, node);
    if (!left || !right || !plan) return {};
    const double input = left->rows + right->rows;
    RelationSize size{.rows = 0, .startup = 0, .total = left->total + right->total + kCpuTuple * 0.5 * input, .unique_columns = {}};
    const double compare = kCpuOperator * static_cast<double>(node.columns.size()) * input;
    if (!plan->groups.hashed) size.total += sort_start_cost(input) + kCpuOperator * input;
    size.total += compare;
    size.startup = size.total;
    size.rows = !node.all ? plan->groups.groups : node.op == SetOp::kExcept ? left->rows : std::min(left->rows, right->rows);
    return size;
}

}  // namespace

double groups_of_branch(Host& host, const Query& query, const SetOpNode& node, double rows) {
    if (node.op != SetOp::kNone) return rows;
    const Query& branch = branch_of(query, node);
    const bool is_grouped = branch.set_operations || branch.has_aggregates || !branch.group_by.empty() || branch.having || branch.distinct;
    std::vector<Leaf> leaves;
    std::optional<RelationSize> input;
    if (!is_grouped) input = size_of_from(host, branch, leaves);
    if (!input) return rows;
    std::vector<ExprPtr> keys;
    for (const TargetEntry& target : branch.targets) {
        if (!target.junk) keys.push_back(target.expr);
    }
    input->rows = rows;
    return group_count(host, keys, *input, leaves);
}

std::optional<RelationSize> size_of_set_operation(Host& host, const Query& query, const SetOpNode& node) {
    if (node.op == SetOp::kNone) return size_of_query(host, branch_of(query, node));
    if (node.op != SetOp::kUnion) return size_of_difference(host, query, node);
    RelationSize size{.rows = 0, .startup = 0, .total = 0, .unique_columns = {}};
    if (!add_union_branches(host, query, node, size)) return {};
    size.total += kCpuTuple * 0.5 * size.rows;  // Append
    if (node.all) return size;
    const double compare = kCpuOperator * static_cast<double>(node.columns.size()) * size.rows;
    const double sorted = sort_start_cost(size.rows) + kCpuOperator * size.rows + compare;
    const double hashed = compare + kCpuTuple * size.rows;
    size.startup = size.total + (hashed < sorted ? compare : sort_start_cost(size.rows));
    size.total += std::min(hashed, sorted);
    return size;
}

double value_loops(Host& host, const Query& values, const std::vector<Leaf>& leaves) {
    double loops = 1e300, product = 1;
    std::vector<ExprPtr> exprs;
    for (const TargetEntry& target : values.targets) {
        exprs.push_back(target.expr);
        for (int rt_index : relations_of(target.expr)) {
            const auto leaf = std::ranges::find(leaves, rt_index, &Leaf::rt_index);
            if (leaf != leaves.end()) loops = std::min(loops, leaf->rows());
        }
    }
    for (const Leaf& leaf : leaves) product *= leaf.rows();
    return std::min(loops, group_count(host, exprs, {.rows = product, .startup = 0, .total = 0, .unique_columns = {}}, leaves));
}

namespace {

/// The rows of LIMIT or OFFSET: 0: all or none, -1: not known.
double constant_count(Host& host, const ExprPtr& written) {
    if (!written) return 0;
    const ExprPtr expr = fold_constants(written, host);
    if (expr->kind != ExprKind::kConst) return -1;
    const Datum& value = as<ConstExpr>(*expr).value;
    return value.is_null() ? 0 : static_cast<double>(value.as_int());
}

/// LIMIT with OFFSET, as JoinWish::limit.
double wanted_rows(Host& host, const Query& query) {
    const double limit = constant_count(host, query.limit), offset = constant_count(host, query.offset);
    if (limit == 0) return 0;
    return limit < 0 || offset < 0 ? -1 : limit + offset;
}

/// adjust_limit_rows_costs.
void take_part(Host& host, const Query& query, RelationSize& size) {
    const double all = size.rows, run = size.total - size.startup;
    auto count = [&](const ExprPtr& expr) {
        const double rows = constant_count(host, expr);
        return std::min(size.rows, rows < 0 ? clamp_rows(all * 0.1) : clamp_rows(rows));
    };
    if (constant_count(host, query.offset) != 0) {
        const double skipped = count(query.offset);
        size.startup += run * skipped / all;
        size.rows = clamp_rows(size.rows - skipped);
    }
    if (constant_count(host, query.limit) == 0) return;
    size.rows = count(query.limit);
    size.total = size.startup + run * size.rows / all;
}

bool is_plain(const Query& query) {
    return !query.set_operations && !query.has_aggregates && !query.has_windows && query.group_by.empty() && query.grouping_sets.empty() && !query.distinct &&
           query.distinct_on.empty() && !query.from.empty();
}

/// FROM's rows in the order of ORDER BY, or the first of them, read the cheapest way.
std::optional<RelationSize> size_in_order(Host& host, const Query& query) {
    std::vector<OrderKey> keys;
    for (const SortKey& key : query.order_by) {
        const TargetEntry* target = target_of(query, key.target);
        if (target == nullptr || contains_set_function(target->expr)) return {};
        keys.push_back({target->expr, key.descending, key.nulls_first});
    }
    RelationSize size;
    const JoinPlan plan = plan_joins(host, query, where_conjuncts(host, query), {.keys = keys, .limit = wanted_rows(host, query), .bounded = true}, &size);
    if (!plan.node) return {};
    return RelationSize{size.rows, plan.cost.startup, plan.cost.total, size.unique_columns};
}

}  // namespace

std::optional<RelationSize> size_of_query(Host& host, const Query& query) {
    std::vector<Leaf> leaves;
    std::optional<RelationSize> known = query.set_operations ? size_of_set_operation(host, query, *query.set_operations) : size_before_distinct(host, query, leaves);
    if (!known) return {};
    RelationSize& size = *known;
    if (query.set_operations && !query.set_operations->all) {
        for (std::size_t i = 1; i <= query.set_operations->columns.size(); ++i) size.unique_columns.push_back(static_cast<int>(i));
    }
    if (query.distinct && query.distinct_on.empty()) {
        std::vector<ExprPtr> keys;
        size.unique_columns.clear();
        for (const TargetEntry& target : query.targets) {
            if (target.junk) continue;
            keys.push_back(target.expr);
            size.unique_columns.push_back(target.resno);
        }
        group(host, keys, leaves, size);
    }
    if (!query.distinct_on.empty()) {
        distinct_on(host, query, leaves, size);
    } else if (is_plain(query) && (!query.order_by.empty() || query.limit)) {
        if (const std::optional<RelationSize> sorted = size_in_order(host, query)) size = *sorted;
    } else if (!query.order_by.empty()) {
        const PathCost sorted = sort_cost(size.total, size.rows, std::max(0.0, wanted_rows(host, query)));
        size.startup = sorted.startup;
        size.total = sorted.total;
    }
    if (query.limit || query.offset) take_part(host, query, size);
    return known;
}

}  // namespace cdcsim::pg
