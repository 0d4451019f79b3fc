// The order in which PostgreSQL's joins give the rows.
#include <algorithm>

#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/hash_key.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
namespace {

bool are_all_among(const ExprPtr& condition, const std::vector<int>& leaves) {
    return std::ranges::all_of(relations_of(condition), [&](int rt_index) { return std::ranges::find(leaves, rt_index) != leaves.end(); });
}

std::string all_of(const std::vector<std::string>& conditions) {
    std::string text;
    for (const std::string& condition : conditions) text += (text.empty() ? "" : " AND ") + condition;
    return text.empty() ? "1" : text;
}

/// What is computed again gives the same rows.
bool is_repeatable(const RangeTableEntry& rte) {
    if (rte.kind == RteKind::kRelation || rte.kind == RteKind::kCte) return true;
    if (rte.kind == RteKind::kSubquery) return !contains_volatile(*rte.subquery);
    const bool has_volatile_call = std::ranges::any_of(rte.functions, [](const auto& item) { return contains_volatile(item.call); });
    const bool has_volatile_value = std::ranges::any_of(rte.values, [](const auto& row) {
        return std::ranges::any_of(row, [](const ExprPtr& value) { return contains_volatile(value); });
    });
    return !has_volatile_call && !has_volatile_value;
}

}  // namespace

/// None if it is not known.
void Block::order_of_join(std::span<const ExprPtr> conjuncts, Stage& stage) {
    stage.heap_order.clear();
    const std::vector<OrderKey> wanted = wanted_order();
    const JoinWish wish = join_wish(wanted);
    const JoinPlan plan = plan_joins(d_.host, query_, conjuncts, wish);
    if (plan.node == nullptr) return;
    std::vector<OrderTerm> terms;
    if (!add_order(*plan.node, plan, stage, terms)) return;
    for (const OrderTerm& term : terms) stage.heap_order.push_back(term.text());
    stage.sorted_by.assign(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(plan.presorted));
}

bool Block::add_conditions(std::span<const ExprPtr> conditions, const Stage& stage, JoinSide& side) {
    for (const ExprPtr& expr : conditions) {
        if (contains_sublink(expr)) return false;
        side.conditions.push_back(condition(expr, stage));
    }
    return true;
}

/// A part of a plan as FROM's text; false: not possible.
bool Block::add_side(const PlanNode& node, const JoinPlan& plan, const Stage& stage, JoinSide& side) {
    if (node.kind == PlanNode::Kind::kScan) {
        const auto number = static_cast<std::size_t>(node.rt_index - 1);
        if (!is_repeatable(entry(node.rt_index))) return false;
        side.tables = {node.rt_index};
        side.from = leaf_texts_[number];
        side.row = row_number(node.rt_index);
        if (direct_[number]) side.conditions.push_back(visible(alias(node.rt_index)));
        return true;
    }
    JoinSide outer, inner;
    if (node.join == PathJoin::kFull) return false;
    if (!add_side(*node.outer, plan, stage, outer) || !add_side(*node.inner, plan, stage, inner)) return false;
    if (node.join == PathJoin::kRight) std::swap(outer, inner);
    side.tables = outer.tables;
    side.tables.insert(side.tables.end(), inner.tables.begin(), inner.tables.end());
    side.conditions = std::move(outer.conditions);
    side.missing = std::move(outer.missing);
    if (node.join == PathJoin::kInner) {
        side.from = outer.from + " JOIN " + inner.from;
        side.row = outer.row + "||','||" + inner.row;
        side.conditions.insert(side.conditions.end(), inner.conditions.begin(), inner.conditions.end());
        side.missing.insert(side.missing.end(), inner.missing.begin(), inner.missing.end());
        return true;
    }
    std::vector<ExprPtr> own = node.on;
    for (const ExprPtr& expr : plan.conditions) {
        const bool is_own = !relations_of(expr).empty() && are_all_among(expr, inner.tables);
        const bool is_below = std::ranges::any_of(inner.missing, [&](const auto& tables) { return are_all_among(expr, tables); });
        if (is_own && !is_below) own.push_back(expr);
    }
    if (!add_conditions(own, stage, inner)) return false;
    const bool looks_outside = std::ranges::any_of(inner.tables, [&](int table) {
        return std::ranges::any_of(laterals_[static_cast<std::size_t>(table - 1)], [&](int needed) { return std::ranges::find(inner.tables, needed) == inner.tables.end(); });
    });
    if (looks_outside && inner.tables.size() > 1) return false;
    side.from = "(" + outer.from + " LEFT JOIN " + (inner.tables.size() > 1 ? "(" + inner.from + ")" : inner.from) + " ON " + all_of(inner.conditions) + ")";
    side.row = outer.row + "||','||coalesce(" + inner.row + ",'')";
    if (node.join == PathJoin::kAnti) side.conditions.push_back("(" + inner.row + ") IS NULL");
    side.missing.push_back(std::move(inner.tables));
    return true;
}

std::optional<Block::SortedSide> Block::sorted_side(const PlanNode& node, std::span<const OrderKey> keys, const JoinPlan& plan, const Stage& stage) {
    JoinSide side;
    if (!add_side(node, plan, stage, side)) return {};
    std::vector<ExprPtr> own;
    for (const ExprPtr& expr : plan.conditions) {
        const bool is_below = std::ranges::any_of(side.missing, [&](const auto& tables) { return are_all_among(expr, tables); });
        if (!relations_of(expr).empty() && are_all_among(expr, side.tables) && !is_below) own.push_back(expr);
    }
    std::ranges::copy_if(plan.late_conditions, std::back_inserter(own), [&](const ExprPtr& expr) { return are_all_among(expr, side.tables); });
    std::vector<OrderTerm> before;
    if (!add_conditions(own, stage, side) || !add_order(node, plan, stage, before)) return {};
    std::string order, columns = side.row + " AS row", arguments = "row";
    for (const OrderTerm& term : before) order += (order.empty() ? "" : ",") + term.text();
    CompiledSortTable table;
    for (const OrderKey& key : keys) {
        const Oid type = key.expr->type;
        table.keys.push_back({.type = type, .descending = key.descending, .nulls_first = key.nulls_first, .codec = d_.codec(type)});
        const std::string column = "k" + std::to_string(table.keys.size());
        columns += "," + expression(key.expr, stage) + " AS " + column;
        arguments += "," + column;
    }
    const std::string number = std::to_string(d_.program.sort_tables.size());
    d_.program.sort_tables.push_back(std::move(table));
    return SortedSide{"(SELECT sort_table(?1," + number + "," + arguments + ") FROM (SELECT " + columns + " FROM " + side.from + " WHERE " + all_of(side.conditions) +
                          " ORDER BY " + order + "))",
                      side.row};
}

/// A side of a merge join: its rows in the order of PostgreSQL's sort, which is not stable.
bool Block::add_merge_order(const PlanNode& node, std::span<const OrderKey> keys, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms) {
    const std::optional<SortedSide> side = sorted_side(node, keys, plan, stage);
    if (side) terms.push_back({"sort_rank(?1," + side->table + "," + side->row + ")"});
    return side.has_value();
}

/// Where a FULL JOIN's merge gives a row: by the keys of its side. One with a NULL key matches nothing and is given as soon as it is
/// read, after what stands before it on its side; the outer side is read on first.
bool Block::add_full_merge_order(const PlanNode& node, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms) {
    const std::optional<SortedSide> outer = node.sorts_outer ? sorted_side(*node.outer, node.merge_keys, plan, stage) : std::nullopt;
    const std::optional<SortedSide> inner = node.sorts_inner ? sorted_side(*node.inner, node.inner_keys, plan, stage) : std::nullopt;
    if (!outer || !inner) return false;
    const std::string is_inner = missing_text(*node.outer, stage);
    std::string outer_nulls, inner_nulls;
    for (std::size_t i = 0; i < node.merge_keys.size(); ++i) {
        const OrderKey& key = node.merge_keys[i];
        auto anchor = [&](const SortedSide& side) { return "merge_key(?1," + side.table + "," + side.row + "," + std::to_string(i) + ")"; };
        terms.push_back({"(CASE WHEN " + is_inner + " THEN " + anchor(*inner) + " ELSE " + anchor(*outer) + " END)" + d_.collation(key.expr->type), key.descending, true});
        outer_nulls += (i > 0 ? " OR " : "") + expression(key.expr, stage) + " IS NULL";
        inner_nulls += (i > 0 ? " OR " : "") + expression(node.inner_keys[i].expr, stage) + " IS NULL";
    }
    terms.push_back({"(CASE WHEN " + is_inner + " THEN 2*(" + inner_nulls + ") ELSE (" + outer_nulls + ") END)"});
    return true;
}

/// Whether a side of an outer join has no row.
std::string Block::missing_text(const PlanNode& node, const Stage& stage) {
    if (node.kind == PlanNode::Kind::kScan) return column(node.rt_index, 0, stage) + " IS NULL";
    if (node.join == PathJoin::kFull) return missing_text(*node.outer, stage) + " AND " + missing_text(*node.inner, stage);
    return missing_text(node.join == PathJoin::kRight ? *node.inner : *node.outer, stage);
}

/// A hash table gives the equal rows of its side last in, first out. A merge join's rows come by its keys; a side
/// that is sorted for it has an order of its own among equal ones.
bool Block::add_order(const PlanNode& node, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms) {
    if (node.kind == PlanNode::Kind::kScan) {
        add_scan_order(node, stage, terms);
        return true;
    }
    auto add_side = [&](const PlanNode& side, bool is_sorted, std::span<const OrderKey> keys, std::vector<OrderTerm>& to) {
        return (is_sorted && add_merge_order(side, keys, plan, stage, to)) || add_order(side, plan, stage, to);
    };
    std::vector<OrderTerm> inner;
    if (!add_side(*node.inner, node.sorts_inner, node.inner_keys, inner)) return false;
    const bool is_full = node.join == PathJoin::kFull, is_right = node.join == PathJoin::kRight || is_full;
    const bool merges = node.kind == PlanNode::Kind::kMergeJoin;
    if (is_right && !merges) terms.push_back({"(" + missing_text(*node.outer, stage) + ")"});
    if (merges && node.merge_keys.empty()) terms.push_back({"NOT (" + missing_text(*node.outer, stage) + ")"});
    const bool is_known_merge = is_full && merges && !node.merge_keys.empty() && add_full_merge_order(node, plan, stage, terms);
    if (!is_known_merge && (is_right || node.sorts_outer)) {
        for (std::size_t i = 0; i < node.merge_keys.size(); ++i) {
            const OrderKey& key = is_right ? node.inner_keys[i] : node.merge_keys[i];
            std::string sql = expression(key.expr, stage);
            if (is_full) sql = "coalesce(" + sql + "," + expression(node.merge_keys[i].expr, stage) + ")";
            terms.push_back({sql + d_.collation(key.expr->type), key.descending, key.nulls_first});
        }
    }
    if (!add_side(*node.outer, node.sorts_outer, node.merge_keys, terms)) return false;
    if (is_right && !merges) {
        const bool is_known = std::ranges::all_of(node.hash_keys, [&](const ExprPtr& key) { return has_known_hash(d_.host, key->type); });
        if (!is_known) return false;
        terms.push_back({bucket_text(node, stage)});
    }
    if (node.join == PathJoin::kAnti) return true;
    for (OrderTerm& term : inner) {
        if (node.kind == PlanNode::Kind::kHashJoin) term.reverse();
        terms.push_back(std::move(term));
    }
    return true;
}

void Block::add_scan_order(const PlanNode& node, const Stage& stage, std::vector<OrderTerm>& terms) {
    const RangeTableEntry& rte = entry(node.rt_index);
    if (rte.kind != RteKind::kRelation || node.scan.kind == ScanKind::kSequential) return terms.push_back({row_number(node.rt_index)});
    const bool backward = node.scan.backward;
    if (node.scan.kind == ScanKind::kIndex) {
        for (const IndexKey& key : node.scan.index->keys) {
            if (key.attno <= 0) continue;
            const Oid type = rte.relation->columns[static_cast<std::size_t>(key.attno - 1)].type;
            terms.push_back({column(node.rt_index, key.attno, stage) + d_.collation(type), key.descending != backward, key.nulls_first != backward});
        }
    }
    terms.push_back({entry_order(node.rt_index, node.scan), backward, !backward});
}

/// Without saying what SQLite does unasked.
std::string Block::OrderTerm::text() const {
    if (descending) return sql + (nulls_first ? " DESC NULLS FIRST" : " DESC");
    return sql + (nulls_first ? "" : " NULLS LAST");
}

/// The hash bucket of a row that found no match.
std::string Block::bucket_text(const PlanNode& node, const Stage& stage) {
    std::string text = "hash_bucket(?1," + std::to_string(d_.program.hash_tables.size()) + "," +
                       std::to_string(node.buckets);
    CompiledHashTable table;
    for (const ExprPtr& key : node.hash_keys) {
        CompiledKey compiled;
        compiled.type = key->type;
        compiled.codec = d_.codec(key->type);
        table.keys.push_back(compiled);
        text += "," + expression(key, stage);
    }
    d_.program.hash_tables.push_back(std::move(table));
    return text + ")";
}

}  // namespace cdcsim::pg
