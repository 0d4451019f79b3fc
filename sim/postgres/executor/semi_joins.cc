// Mirrors convert_ANY_sublink_to_join, convert_EXISTS_sublink_to_join, reduce_unique_semijoins and compute_semijoin_info.
#include "sim/postgres/executor/semi_joins.h"

#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/map_references.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/executor/merge_subqueries.h"
#include "sim/postgres/executor/push_down.h"
#include "sim/postgres/executor/select.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/planner/nullability.h"
#include "sim/postgres/planner/semi_join.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// A subquery taken apart: `table key = value` for each, and what gives the values.
struct Values {
    std::shared_ptr<Query> query;
    std::vector<ExprPtr> keys;        ///< in the level around it
    std::vector<FuncExpr> equalities;
    std::vector<bool> is_key_first;
    std::vector<ExprPtr> filters;     ///< `table key = constant`
};

ExprPtr column_of(int rt_index, int attno, const Expr& value) {
    auto column = std::make_shared<VarExpr>();
    column->rt_index = rt_index;
    column->attno = attno;
    column->type = value.type;
    column->typmod = value.typmod;
    column->collation = value.collation;
    return column;
}

ExprPtr all_of(std::vector<ExprPtr> conditions) {
    if (conditions.size() == 1) return conditions[0];
    auto all = std::make_shared<BoolExpr>();
    all->op = BoolOp::kAnd;
    all->type = oid::kBool;
    all->args = std::move(conditions);
    return all;
}

/// The levels that an expression of the subquery looks at.
enum class Where : std::uint8_t { kNothing, kBelow, kAround, kBoth };

class Converter {
  public:
    Converter(Host& host, const SubLinkExpr& sublink) : host_(host), sublink_(sublink) {}

    std::optional<Values> run() {
        const bool exists = sublink_.sublink == SubLinkKind::kExists;
        std::shared_ptr<const Query> below = pull_up(exists ? simplify_exists(sublink_.query, host_) : sublink_.query);
        if (contains_volatile(*below) || (!exists && refers_outside(*below))) return {};
        if (!is_simple_subquery(*below)) {
            if (exists) return {};
            below = wrap(below);
        }
        if (below->from.empty()) return {};
        values_.query = std::make_shared<Query>(*below);
        values_.query->targets.clear();
        values_.query->where = nullptr;
        std::vector<ExprPtr> conditions;
        if (below->where) flatten_and(below->where, conditions);
        for (const ExprPtr& condition : conditions) {
            if (!add(condition)) return {};
        }
        if (!exists && !add_test(*below)) return {};
        if (values_.keys.empty()) return {};
        return std::move(values_);
    }

  private:
    /// SELECT columns FROM (below).
    static std::shared_ptr<const Query> wrap(const std::shared_ptr<const Query>& below) {
        auto around = std::make_shared<Query>();
        RangeTableEntry& rte = around->range_table.emplace_back();
        rte.kind = RteKind::kSubquery;
        rte.subquery = deeper(below, 1);
        for (const TargetEntry& target : below->targets) {
            if (target.junk) continue;
            rte.columns.push_back({target.name, target.expr->type, target.expr->typmod, false});
            TargetEntry& column = around->targets.emplace_back();
            column.resno = static_cast<int>(rte.columns.size());
            column.name = target.name;
            column.expr = column_of(1, column.resno, *target.expr);
        }
        around->from.emplace_back().rt_index = 1;
        return around;
    }

    static Where where(const ExprPtr& expr) {
        bool below = false, around = false;
        for_each_reference(expr, [&](const Expr&, int levels) { (levels == 0 ? below : around) |= levels <= 1; });
        return below ? (around ? Where::kBoth : Where::kBelow) : around ? Where::kAround : Where::kNothing;
    }

    /// A condition in the subquery's level.
    bool add(const ExprPtr& condition) {
        const Where place = where(condition);
        if (place == Where::kBelow || place == Where::kNothing) {
            std::vector<ExprPtr> all;
            if (values_.query->where) flatten_and(values_.query->where, all);
            all.push_back(condition);
            values_.query->where = all_of(std::move(all));
            return true;
        }
        if (place == Where::kAround || contains_sublink(condition) || condition->kind != ExprKind::kFunc) return false;
        const auto& func = as<FuncExpr>(*condition);
        if (func.args.size() != 2) return false;
        const Where left = where(func.args[0]), right = where(func.args[1]);
        if (left == Where::kBelow && right == Where::kAround) return add_equality(func, outer(func.args[1]), func.args[0], false);
        if (left == Where::kAround && right == Where::kBelow) return add_equality(func, outer(func.args[0]), func.args[1], true);
        return false;
    }

    /// What the test of IN compares.
    bool add_test(const Query& below) {
        std::vector<ExprPtr> tests;
        flatten_and(sublink_.test, tests);
        for (const ExprPtr& test : tests) {
            if (test->kind != ExprKind::kFunc || as<FuncExpr>(*test).args.size() != 2 || contains_sublink(test) || contains_volatile(test)) return false;
            const auto& func = as<FuncExpr>(*test);
            ExprPtr value = with_targets(func.args[1], below);
            if (value->kind == ExprKind::kConst && !relations_of(func.args[0]).empty()) {
                auto filter = std::make_shared<FuncExpr>(func);
                filter->args[1] = std::move(value);
                values_.filters.push_back(std::move(filter));
                continue;
            }
            if (relations_of(func.args[0]).empty() || !relations_of(func.args[1]).empty() || !add_equality(func, func.args[0], value, true)) return false;
        }
        return true;
    }

    static ExprPtr with_targets(const ExprPtr& expr, const Query& below) {
        if (expr->kind == ExprKind::kParam && as<ParamExpr>(*expr).number < 0) {
            return below.targets.at(static_cast<std::size_t>(-as<ParamExpr>(*expr).number - 1)).expr;
        }
        return map_children(expr, [&](const ExprPtr& child) { return with_targets(child, below); });
    }

    bool add_equality(const FuncExpr& func, ExprPtr key, ExprPtr value, bool is_key_first) {
        constexpr int kEqualStrategy = 3;
        const BtreeOperatorRow* row = func.form == FuncForm::kOperator ? btree_row(func.op) : nullptr;
        if (row == nullptr || row->strategy != kEqualStrategy || contains_sublink(value)) return false;
        TargetEntry target;
        target.expr = std::move(value);
        target.resno = static_cast<int>(values_.query->targets.size()) + 1;
        target.name = "c" + std::to_string(target.resno);
        values_.query->targets.push_back(std::move(target));
        values_.keys.push_back(std::move(key));
        values_.equalities.push_back(func);
        values_.is_key_first.push_back(is_key_first);
        return true;
    }

    static ExprPtr outer(const ExprPtr& expr) { return deeper(expr, -1); }

    Host& host_;
    const SubLinkExpr& sublink_;
    Values values_;
};

/// A new item, and the conditions that join it.
ExprPtr add_item(Query& query, Values values) {
    RangeTableEntry rte;
    rte.kind = RteKind::kSubquery;
    for (const TargetEntry& target : values.query->targets) rte.columns.push_back({target.name, target.expr->type, target.expr->typmod, false});
    rte.subquery = values.query;
    query.range_table.push_back(std::move(rte));
    const int rt_index = static_cast<int>(query.range_table.size());
    std::vector<ExprPtr> equalities;
    for (std::size_t i = 0; i < values.keys.size(); ++i) {
        auto equality = std::make_shared<FuncExpr>(values.equalities[i]);
        equality->args = {values.keys[i], column_of(rt_index, static_cast<int>(i) + 1, *values.query->targets[i].expr)};
        if (!values.is_key_first[i]) std::swap(equality->args[0], equality->args[1]);
        equalities.push_back(std::move(equality));
    }
    return all_of(std::move(equalities));
}

ExprPtr put(Query& query, Values values) {
    query.from.emplace_back().rt_index = static_cast<int>(query.range_table.size()) + 1;
    return add_item(query, std::move(values));
}

/// A column that is not NULL where the value is not; else the value.
ExprPtr matched_column(const ExprPtr& value) {
    const ColumnSet columns = columns_not_null(value);
    ExprPtr found = value;
    for_each_reference(value, [&](const Expr& reference, int levels) {
        if (levels != 0 || reference.kind != ExprKind::kVar) return;
        const auto& var = as<VarExpr>(reference);
        if (columns.contains({var.rt_index, var.attno})) found = std::make_shared<VarExpr>(var);
    });
    return found;
}

/// The same as the missing side of an outer join; what is given says that it is missing.
ExprPtr put_missing(Query& query, Values values) {
    const ExprPtr value = matched_column(values.query->targets[0].expr);
    TargetEntry& target = values.query->targets.emplace_back();
    target.expr = value;
    target.resno = static_cast<int>(values.query->targets.size());
    target.name = "c" + std::to_string(target.resno);
    const int attno = target.resno;
    FromNode left = std::move(query.from[0]);
    for (std::size_t i = 1; i < query.from.size(); ++i) {
        FromNode both;
        both.left = std::make_unique<FromNode>(std::move(left));
        both.right = std::make_unique<FromNode>(std::move(query.from[i]));
        left = std::move(both);
    }
    FromNode join;
    join.join = JoinType::kLeft;
    join.left = std::make_unique<FromNode>(std::move(left));
    join.right = std::make_unique<FromNode>();
    join.right->rt_index = static_cast<int>(query.range_table.size()) + 1;
    join.condition = add_item(query, std::move(values));
    query.from.clear();
    query.from.push_back(std::move(join));
    auto is_missing = std::make_shared<NullTestExpr>();
    is_missing->type = oid::kBool;
    is_missing->arg = column_of(static_cast<int>(query.range_table.size()), attno, *value);
    return is_missing;
}

/// The EXISTS of NOT EXISTS; nullptr: something else.
const SubLinkExpr* negated_exists(const ExprPtr& expr) {
    if (expr->kind != ExprKind::kBool || as<BoolExpr>(*expr).op != BoolOp::kNot) return nullptr;
    const ExprPtr& arg = as<BoolExpr>(*expr).args.front();
    const bool is_exists = arg->kind == ExprKind::kSubLink && as<SubLinkExpr>(*arg).sublink == SubLinkKind::kExists;
    return is_exists ? &as<SubLinkExpr>(*arg) : nullptr;
}

bool is_semi_join(const ExprPtr& expr) {
    if (expr->kind != ExprKind::kSubLink) return false;
    const SubLinkKind kind = as<SubLinkExpr>(*expr).sublink;
    return kind == SubLinkKind::kAny || kind == SubLinkKind::kExists;
}

/// The query joined with the values, each of which is there but once, or with none of them where none must be; nullopt: PostgreSQL's
/// order of that is not known.
std::optional<Query> joined(const Query& query, std::size_t conjunct, Values values, Host& host) {
    Query result = query;
    std::vector<ExprPtr> conjuncts;
    flatten_and(query.where, conjuncts);
    conjuncts.insert(conjuncts.end(), values.filters.begin(), values.filters.end());
    const bool is_anti = negated_exists(conjuncts[conjunct]) != nullptr;
    conjuncts[conjunct] = is_anti ? put_missing(result, std::move(values)) : put(result, std::move(values));
    result.where = all_of(std::move(conjuncts));
    while (merge_subqueries(result)) {}
    if (!plan_joins(host, result, where_conjuncts(host, result)).node) return {};
    return result;
}

/// Whether the values come first; the only item of FROM is a table.
bool reads_values_first(const Query& query, std::span<const ExprPtr> conjuncts, const Values& values, Host& host) {
    if (query.from.size() != 1 || !query.from[0].is_leaf() || std::ranges::count_if(conjuncts, is_semi_join) != 1) return false;
    const int rt_index = query.from[0].rt_index;
    const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(rt_index - 1)];
    if (rte.kind != RteKind::kRelation) return false;
    std::optional<Leaf> table = make_leaf(host, rte, rt_index);
    if (!table || !table->table) return false;
    for (const ExprPtr& filter : values.filters) table->add_condition(fold_constants(filter, host));
    for (const ExprPtr& conjunct : conjuncts) {
        if (!contains_sublink(conjunct)) table->add_condition(fold_constants(conjunct, host));
    }
    return reads_values_first(host, *table, values.keys, *values.query);
}

bool is_join(const Query& query) { return query.from.size() > 1 || !query.from[0].is_leaf(); }

bool has_outer_join(const FromNode& node) {
    return !node.is_leaf() && (node.join != JoinType::kInner || has_outer_join(*node.left) || has_outer_join(*node.right));
}

/// The same for several items: the different values joined with them, or each joined row looked up.
bool joins_values_first(const Query& query, std::span<const ExprPtr> conjuncts, std::size_t conjunct, const Values& values, Host& host) {
    if (!is_join(query) || std::ranges::any_of(query.from, has_outer_join)) return false;
    const std::optional<Query> with_values = joined(query, conjunct, values, host);
    if (!with_values) return false;
    std::vector<ExprPtr> rest;
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
        if (i != conjunct) rest.push_back(fold_constants(conjuncts[i], host));
    }
    for (const ExprPtr& filter : values.filters) rest.push_back(fold_constants(filter, host));
    RelationSize values_first, rows;
    std::vector<Leaf> tables;
    plan_joins(host, *with_values, where_conjuncts(host, *with_values), {}, &values_first);
    if (!plan_joins(host, query, rest, {}, &rows, &tables).node) return false;
    const std::optional<double> by_row = cost_by_row(host, rows, tables, values.keys, *values.query);
    return by_row && values_first.total < *by_row;
}

/// The query with one of its semi-joins made a plain join.
std::optional<Query> joined_once(const Query& query, Host& host) {
    std::vector<ExprPtr> conjuncts;
    flatten_and(query.where, conjuncts);
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
        if (const SubLinkExpr* exists = negated_exists(conjuncts[i]); exists != nullptr && is_join(query)) {
            std::optional<Values> values = Converter(host, *exists).run();
            std::optional<Query> result = values ? joined(query, i, std::move(*values), host) : std::nullopt;
            if (result) return result;
        }
        if (!is_semi_join(conjuncts[i])) continue;
        std::optional<Values> values = Converter(host, as<SubLinkExpr>(*conjuncts[i])).run();
        if (!values) continue;
        if (!are_unique(host, *values->query)) {
            values->query->distinct = values->query->unique_values = true;
            if (!reads_values_first(query, conjuncts, *values, host) && !joins_values_first(query, conjuncts, i, *values, host)) continue;
        }
        if (std::optional<Query> result = joined(query, i, std::move(*values), host)) return result;
    }
    return {};
}

}  // namespace

bool join_by_values(Query& query, Host& host) {
    if (!query.where || contains_volatile(query.where) || !query.row_marks.empty() || query.from.empty()) return false;
    bool changed = false;
    while (std::optional<Query> result = joined_once(query, host)) {
        query = std::move(*result);
        changed = true;
    }
    return changed;
}

}  // namespace cdcsim::pg
