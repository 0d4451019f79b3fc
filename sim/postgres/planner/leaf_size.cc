#include "sim/postgres/planner/leaf_size.h"

#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/storage/heap.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// The column that `expr` is compared with something by =, 0: none.
int equal_column(const ExprPtr& expr) {
    if (expr->kind != ExprKind::kFunc || as<FuncExpr>(*expr).args.size() != 2) return 0;
    const auto& func = as<FuncExpr>(*expr);
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr || row->strategy != kEqualStrategy) return 0;
    for (const ExprPtr& arg : func.args) {
        ExprPtr bare = without_relabel(arg);
        if (bare->kind == ExprKind::kVar && as<VarExpr>(*bare).levels_up == 0) {
            return as<VarExpr>(*bare).attno;
        }
    }
    return 0;
}

/// The rows of a set-returning function: some say, others are taken for a thousand.
std::optional<double> function_rows(Host& host, const ExprPtr& raw) {
    ExprPtr call = fold_constants(raw, host);
    if (call->kind != ExprKind::kFunc || !as<FuncExpr>(*call).returns_set) return 1;
    const auto& func = as<FuncExpr>(*call);
    const ProcRow* proc = find_builtin_proc(func.function);
    if (proc == nullptr) return 1000;
    auto constant = [&](std::size_t i) -> const Datum* {
        if (i >= func.args.size() || func.args[i]->kind != ExprKind::kConst) return nullptr;
        const Datum& value = as<ConstExpr>(*func.args[i]).value;
        return value.is_null() ? nullptr : &value;
    };
    Oid first_type = func.args.empty() ? kInvalidOid : func.args[0]->type;
    bool counts = proc->name == "generate_series" && (first_type == oid::kInt4 || first_type == oid::kInt8);
    if (counts) {
        const Datum *first = constant(0), *last = constant(1), *step = constant(2);
        if (first == nullptr || last == nullptr || (func.args.size() > 2 && step == nullptr)) return 1000;
        auto by = step != nullptr ? static_cast<double>(step->as_int()) : 1;
        if (by == 0) return 1000;
        double span = static_cast<double>(last->as_int()) - static_cast<double>(first->as_int());
        return std::floor((span + by) / by);
    }
    if (proc->name == "unnest") return array_length(host, func.args[0]);
    if (proc->name.starts_with("json")) return 100;
    return 1000;
}

bool is_simple(const Query& query) {
    return !query.has_aggregates && !query.has_windows && query.group_by.empty() && !query.having &&
           query.grouping_sets.empty() && !query.distinct && query.distinct_on.empty() &&
           query.order_by.empty() && !query.limit && !query.offset && query.ctes.empty() &&
           !query.set_operations;
}

/// FROM (VALUES ...) AS v and the like: the only item of a subquery that does nothing else.
const RangeTableEntry* wrapped_item(const Query& query) {
    if (!is_simple(query) || query.from.size() != 1 || !query.from.front().is_leaf() || query.where) {
        return nullptr;
    }
    const RangeTableEntry& entry =
        query.range_table[static_cast<std::size_t>(query.from.front().rt_index - 1)];
    bool is_plain = std::ranges::all_of(query.targets, [](const TargetEntry& target) {
        return target.expr->kind == ExprKind::kVar && as<VarExpr>(*target.expr).attno == target.resno;
    });
    return is_plain && entry.kind == RteKind::kValues ? &entry : nullptr;
}

}  // namespace

bool is_pulled_up(const Query& query) {
    if (!is_simple(query) || query.from.empty()) return false;
    return std::ranges::none_of(query.targets, [](const TargetEntry& target) {
        return contains_volatile(target.expr) || contains_set_function(target.expr);
    });
}

namespace {

/// Read from what was kept; the query itself is paid for elsewhere (cost_ctescan). Only of a subquery the planner
/// knows that GROUP BY made its rows different (query_is_distinct_for).
void read_from_kept(Leaf& leaf) {
    leaf.unique_columns.clear();
    leaf.is_material = true;
    leaf.startup = 0;
    leaf.total = 2 * kCpuTuple * leaf.base_rows;
    leaf.again = kCpuTuple * leaf.base_rows;
}

/// ORDER BY as far as its columns come out (convert_subquery_pathkeys).
std::vector<Leaf::SortedColumn> own_order(const Query& query) {
    std::vector<Leaf::SortedColumn> order;
    for (const SortKey& key : query.order_by) {
        int attno = 0, found = 0;
        for (const TargetEntry& target : query.targets) {
            if (!target.junk && ++attno > 0 && target.sort_group_ref == key.target) found = attno;
        }
        if (found == 0) break;
        order.push_back({found, key.descending, key.nulls_first});
    }
    return order;
}

/// The items of the level around it that a LATERAL query refers to.
std::set<int> items_around(const Query& query) {
    std::set<int> items;
    for_each_outer_reference(query, [&](const Expr& reference, int levels) {
        if (levels != 1) return;
        if (reference.kind == ExprKind::kVar) items.insert(as<VarExpr>(reference).rt_index);
        if (reference.kind == ExprKind::kWholeRow) items.insert(as<WholeRowExpr>(reference).rt_index);
    });
    return items;
}

std::optional<Leaf> query_leaf(Host& host, const Query& query, bool is_material) {
    if (const RangeTableEntry* item = wrapped_item(query)) return make_leaf(host, *item, 0);
    Leaf leaf;
    leaf.lateral = items_around(query);
    if (leaf.lateral.empty() && !is_material && is_pulled_up(query)) return {};
    std::optional<RelationSize> size = size_of_query(host, query);
    if (!size) return {};
    leaf.base_rows = size->rows;
    leaf.startup = size->startup;
    leaf.total = size->total + (query.unique_values ? 0 : kCpuTuple * size->rows);
    leaf.unique_columns = size->unique_columns;
    if (std::vector<Leaf> below; query.unique_values) {
        leaf.in_values = size_of_from(host, query, below)->rows;
        leaf.value_loops = value_loops(host, query, below);
    }
    if (is_material) {
        read_from_kept(leaf);
    } else {
        leaf.order = own_order(query);
    }
    return leaf;
}

constexpr double kIterations = 10;  ///< of a recursive term (cost_recursive_union, set_cte_size_estimates)

/// The whole of a recursive query, as the level that contains it reads it.
std::optional<Leaf> recursive_leaf(Host& host, const Query& query) {
    if (!query.set_operations || !query.set_operations->left) return {};
    std::optional<RelationSize> first = size_of_set_operation(host, query, *query.set_operations->left);
    std::optional<RelationSize> again = size_of_set_operation(host, query, *query.set_operations->right);
    if (!first || !again) return {};
    Leaf leaf;
    leaf.base_rows = clamp_rows(first->rows + kIterations * again->rows);
    read_from_kept(leaf);
    return leaf;
}

/// What the iteration before gave, as the recursive term reads it.
std::optional<Leaf> working_leaf(Host& host, const RangeTableEntry& entry) {
    if (!entry.first_term) return {};
    std::optional<RelationSize> first = size_of_query(host, *entry.first_term);
    if (!first) return {};
    Leaf leaf;
    leaf.base_rows = clamp_rows(kIterations * first->rows);
    read_from_kept(leaf);
    return leaf;
}

void refer(Leaf& leaf, const ExprPtr& expr) {
    for (int rt_index : relations_of(expr)) leaf.lateral.insert(rt_index);
}

/// How many rows RETURNING gives: as many as the statement finds or is given.
std::optional<double> returned_rows(Host& host, const Query& query) {
    if (query.insert_select) {
        std::optional<RelationSize> size = size_of_query(host, *query.insert_select);
        if (!size) return {};
        return size->rows;
    }
    if (query.command == CommandKind::kInsert) return static_cast<double>(query.values.size());
    Query found;
    found.range_table = query.range_table;
    found.from = query.from;
    found.where = query.where;
    std::vector<Leaf> leaves;
    std::optional<RelationSize> size = size_of_from(host, found, leaves);
    if (!size) return {};
    return size->rows;
}

/// A WITH query that has not been put in this place.
std::optional<Leaf> cte_leaf(Host& host, const RangeTableEntry& entry) {
    if (entry.self_reference) return working_leaf(host, entry);
    // A WITH inside of a recursive term: not placed, so nothing is known of it.
    if (entry.cte_query == nullptr) return {};
    if (entry.cte_is_recursive) return recursive_leaf(host, *entry.cte_query);
    if (entry.cte_query->command == CommandKind::kSelect) return query_leaf(host, *entry.cte_query, true);
    std::optional<double> rows = returned_rows(host, *entry.cte_query);
    if (!rows) return {};
    Leaf leaf;
    leaf.base_rows = clamp_rows(*rows);
    read_from_kept(leaf);
    return leaf;
}

}  // namespace

void Leaf::add_condition(const ExprPtr& expr) {
    int attno = equal_column(expr);
    if (attno > 0) equalities.push_back(attno);
    if (table) return table->add_condition(expr);
    bool is_default = false;
    selectivity *= attno > 0 ? 1 / distinct_values(attno, is_default) : kInequality;
    total += kCpuOperator * base_rows;
}

void Leaf::add_equality(int attno) {
    equalities.push_back(attno);
    if (table) return table->add_equality(attno);
    bool is_default = false;
    selectivity /= distinct_values(attno, is_default);
    total += kCpuOperator * base_rows;
}

bool Leaf::has_equality(int attno) const {
    return std::ranges::find(equalities, attno) != equalities.end();
}

double Leaf::rows() const { return table ? table->rows() : clamp_rows(base_rows * selectivity); }

std::vector<ScanPath> Leaf::paths() const {
    if (table) return table->paths();
    ScanPath path;
    path.startup = startup;
    path.total = total;
    return {path};
}

double Leaf::distinct_values(int attno, bool& is_default) const {
    if (table) return table->distinct_values(attno, is_default);
    is_default = !all_distinct && base_rows >= kDefaultDistinct;
    return is_default ? kDefaultDistinct : clamp_rows(base_rows);
}

double Leaf::distinct_results(Oid type, bool& is_default) const {
    is_default = false;
    if (type == oid::kBool) return 2;
    is_default = tuples() <= 0 || (!all_distinct && tuples() >= kDefaultDistinct);
    return is_default ? kDefaultDistinct : clamp_rows(tuples());
}

bool Leaf::is_unique(std::span<const int> attnos) const {
    if (table) return table->is_unique(attnos);
    return !unique_columns.empty() && std::ranges::all_of(unique_columns, [&](int column) {
        return std::ranges::find(attnos, column) != attnos.end();
    });
}

std::optional<ScanPath> Leaf::probe(std::span<const int> attnos, double loops, double& rows) const {
    if (!table || attnos.empty()) return {};
    return table->probe(attnos, loops, rows);
}

std::optional<Leaf> make_leaf(Host& host, const RangeTableEntry& entry, int rt_index) {
    std::optional<Leaf> leaf;
    switch (entry.kind) {
        case RteKind::kRelation: {
            const Relation& relation = *entry.relation;
            if (relation.virtual_rows != nullptr || relation.file_node == 0) return {};
            if (host.scanned_relations(relation, !entry.inherit).size() != 1) return {};
            leaf.emplace();
            leaf->table = std::make_shared<TablePlanner>(
                host, relation, host.database().size_of(relation.file_node), rt_index);
            break;
        }
        case RteKind::kSubquery: leaf = query_leaf(host, *entry.subquery, false); break;
        case RteKind::kCte: leaf = cte_leaf(host, entry); break;
        case RteKind::kValues:
            leaf.emplace();
            leaf->base_rows = static_cast<double>(entry.values.size());
            leaf->total = leaf->base_rows * (kCpuOperator + kCpuTuple);
            leaf->all_distinct = true;
            for (const auto& row : entry.values) {
                for (const ExprPtr& value : row) refer(*leaf, value);
            }
            break;
        case RteKind::kFunction: {
            leaf.emplace();
            leaf->base_rows = 0;
            for (const auto& item : entry.functions) {
                refer(*leaf, item.call);
                std::optional<double> rows = function_rows(host, item.call);
                if (!rows) return {};
                leaf->base_rows = std::max(leaf->base_rows, *rows);
                leaf->startup += kCpuOperator * cost_of(host, *item.call);
            }
            leaf->base_rows = clamp_rows(leaf->base_rows);
            leaf->total = leaf->startup + kCpuTuple * leaf->base_rows;
            leaf->is_material = true;
            leaf->again = leaf->total - leaf->startup;
            break;
        }
        case RteKind::kTransition:
            leaf.emplace();
            leaf->base_rows = entry.transition_rows;
            leaf->total = kCpuTuple * leaf->base_rows;
            leaf->is_material = true;
            leaf->again = leaf->total;
            break;
        case RteKind::kJoin: return {};
    }
    if (leaf) leaf->rt_index = rt_index;
    return leaf;
}

}  // namespace cdcsim::pg
