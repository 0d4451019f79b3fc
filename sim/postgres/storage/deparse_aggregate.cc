// GROUP BY, aggregates, GROUPING SETS: one stage whose columns are the groups (g), the aggregates
// (a), what else later stages refer to (v), and GROUPING's values (m). Several sets: deparse_grouping_sets.cc.
#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
namespace {

/// The distinct nodes of a kind in `exprs`, outermost only.
std::vector<ExprPtr> collect_nodes(const std::vector<ExprPtr>& exprs, ExprKind kind) {
    std::vector<ExprPtr> found;
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (expr->kind == kind) {
            bool known = std::ranges::any_of(
                found, [&](const ExprPtr& other) { return equal_expressions(*other, *expr); });
            if (!known) found.push_back(expr);
            return;
        }
        for_each_child(*expr, look);
    };
    for (const ExprPtr& expr : exprs) look(expr);
    return found;
}

/// PostgreSQL computes direct arguments once for each group; here they come with each of its rows.
void check_direct_args(const Query& query, const AggregateExpr& aggregate) {
    for (const ExprPtr& arg : aggregate.direct_args) {
        if (contains_volatile(arg)) throw NotSimulated("a volatile direct argument of an ordered-set aggregate", arg->location);
        const bool varies = any_expression(arg, [](const Expr& e) { return e.kind == ExprKind::kVar; });
        if (varies && !query.grouping_sets.empty()) {
            throw NotSimulated("a direct argument of an ordered-set aggregate that depends on the grouping set", arg->location);
        }
    }
}

}  // namespace

std::string Block::carry(const Stage& stage, Stage& next, const std::vector<ExprPtr>& exprs,
                         const std::function<bool(const Expr&)>& is_replaced) {
    std::string text;
    int number = 0;
    auto add = [&](const ExprPtr& expr, const std::string& sql) {
        for (const Stage::Known& known : next.known) {
            if (known.expr->kind == expr->kind && equal_expressions(*known.expr, *expr)) return;
        }
        std::string name = "v" + std::to_string(++number);
        text += "," + sql + " AS " + name;
        next.known.push_back({expr, "s." + name});
    };
    auto add_var = [&](int rt_index, int attno, Oid type) {
        auto var = std::make_shared<VarExpr>();
        var->rt_index = rt_index;
        var->attno = attno;
        var->type = type;
        for (const Stage::Known& known : next.known) {
            if (known.expr->kind != ExprKind::kVar) continue;
            const auto& other = as<VarExpr>(*known.expr);
            if (other.rt_index == rt_index && other.attno == attno) return;
        }
        add(var, column(rt_index, attno, stage));
    };
    auto add_reference_columns = [&](const Expr& reference) {
        if (reference.kind == ExprKind::kVar) {
            const auto& var = as<VarExpr>(reference);
            add_var(var.rt_index, var.attno, var.type);
        } else if (reference.kind == ExprKind::kWholeRow) {
            int rt_index = as<WholeRowExpr>(reference).rt_index, attno = 0;
            add_var(rt_index, 0, kInvalidOid);
            for (const Attribute& attribute : entry(rt_index).columns) {
                ++attno;
                if (!attribute.dropped) add_var(rt_index, attno, attribute.type);
            }
        } else {
            throw NotSimulated("an aggregate of an outer query in a subquery");
        }
    };
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (is_replaced(*expr)) return;
        for (const Stage::Known& known : stage.known) {
            if (known.expr->kind != ExprKind::kVar && equal_expressions(*known.expr, *expr)) {
                return add(expr, known.sql);
            }
        }
        int level = expr->kind == ExprKind::kVar        ? as<VarExpr>(*expr).levels_up
                    : expr->kind == ExprKind::kWholeRow ? as<WholeRowExpr>(*expr).levels_up
                                                        : -1;
        if (level == 0) return add_reference_columns(*expr);
        if (expr->kind == ExprKind::kSubLink) {
            for_each_outer_reference(*as<SubLinkExpr>(*expr).query,
                                     [&](const Expr& reference, int levels) {
                                         if (levels == 1) add_reference_columns(reference);
                                     });
        }
        for_each_child(*expr, look);
    };
    for (const ExprPtr& expr : exprs) look(expr);
    return text;
}

std::string Block::aggregate_call(const AggregateExpr& aggregate, const Stage& stage) {
    const ProcRow* proc = find_builtin_proc(aggregate.function);
    if (aggregate.aggregate == nullptr) {
        throw NotSimulated("aggregate " + std::string(proc != nullptr ? proc->name : "of a user"));
    }
    check_direct_args(query_, aggregate);
    CompiledAggregate compiled;
    compiled.row = aggregate.aggregate;
    compiled.function = aggregate.function;
    compiled.result_type = aggregate.type;
    compiled.arg_types = aggregate.arg_types;
    compiled.hypothetical = aggregate.hypothetical;
    compiled.distinct = aggregate.distinct;
    compiled.has_filter = aggregate.filter != nullptr;
    compiled.codec = d_.codec(aggregate.type);
    const std::string number = std::to_string(d_.program.aggregates.size());
    std::string direct, text = "agg(?1," + number;
    // What the filter leaves out is not computed: it may fail.
    std::string guard;
    if (aggregate.filter && !contains_volatile(aggregate.filter)) guard = expression(aggregate.filter, stage);
    auto guarded = [&](const ExprPtr& arg) {
        const bool plain = guard.empty() || arg->kind == ExprKind::kVar || arg->kind == ExprKind::kConst;
        return plain ? expression(arg, stage) : "CASE WHEN " + guard + " THEN " + expression(arg, stage) + " END";
    };
    auto argument = [&](const ExprPtr& arg) {
        compiled.arg_codecs.push_back(d_.codec(arg->type));
        return "," + guarded(arg);
    };
    for (const ExprPtr& arg : aggregate.direct_args) direct += argument(arg);
    text += direct;
    for (const ExprPtr& arg : aggregate.args) text += argument(arg);
    for (const AggregateExpr::OrderBy& key : aggregate.order_by) {
        compiled.keys.push_back({.type = key.expr->type,
                                 .descending = key.descending,
                                 .nulls_first = key.nulls_first,
                                 .codec = d_.codec(key.expr->type)});
        text += "," + guarded(key.expr);
    }
    if (aggregate.filter) text += "," + expression(aggregate.filter, stage);
    text += ")";
    // SQLite tells an aggregate nothing of a group without rows, not even which one it is.
    CallContext call{.env = d_.host,
                     .result_type = compiled.result_type,
                     .arg_types = compiled.arg_types,
                     .function = compiled.function};
    Datum empty = compiled.row->make()->result(call);
    if (!empty.is_null()) text = "coalesce(" + text + "," + d_.value(empty, compiled.codec) + ")";
    const bool may_be_empty = query_.group_by.empty() || !query_.grouping_sets.empty();
    if (!direct.empty() && !compiled.hypothetical && may_be_empty) {
        text = "coalesce(" + text + ",agg_empty(?1," + number + direct + "))";
    }
    d_.program.aggregates.push_back(std::move(compiled));
    return text;
}

/// `text` with what its groups' order needs, and that order: `keys` are its columns.
std::string Block::grouped_text(const GroupPlan& plan, const std::vector<GroupColumn>& keys, const GroupsSeen& seen, const std::string& text, Stage& stage) {
    stage.heap_order.clear();
    if (!plan.hashed) {
        for (const GroupColumn& key : keys) {
            stage.heap_order.push_back("s." + key.name + d_.collation(key.type) +
                                       direction(key.descending, key.nulls_first));
        }
        return text;
    }
    stage.heap_order.push_back("hash_rank(?1,s.h,s.i)");
    return hashed_text(plan.groups, keys, seen, text);
}

/// The groups with their number `i` and the number `h` of the hash table that they are entered into.
std::string Block::hashed_text(double expected, const std::vector<GroupColumn>& keys, const GroupsSeen& seen, const std::string& text) {
    CompiledHashTable table{.keys = {}, .expected = expected};
    std::string number = std::to_string(d_.program.hash_tables.size()), arguments;
    for (const GroupColumn& key : keys) {
        CompiledKey compiled;
        compiled.type = key.type;
        compiled.codec = d_.codec(key.type);
        table.keys.push_back(compiled);
        arguments += "," + key.name;
    }
    d_.program.hash_tables.push_back(std::move(table));
    return "SELECT *,row_number() OVER (" + seen.order + ") AS i,hash_table(?1," + number + "," + seen.rows + arguments +
           ") OVER (" + seen.order + " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS h FROM (" +
           text + ") LIMIT -1 OFFSET 0";
}

/// What the groups are made by, and what is computed of each.
Block::Grouping Block::grouping() const {
    Grouping result;
    std::vector<int> refs = query_.group_by;
    for (const auto& set : query_.grouping_sets) refs.insert(refs.end(), set.begin(), set.end());
    for (int ref : refs) {
        if (std::ranges::find(result.refs, ref) != result.refs.end()) continue;
        result.refs.push_back(ref);
        result.keys.push_back(target_expr(ref));
        if (contains_volatile(result.keys.back())) throw NotSimulated("GROUP BY of a volatile function");
    }
    result.aggregates = collect_nodes(later_expressions(), ExprKind::kAggregate);
    result.calls = collect_nodes(later_expressions(), ExprKind::kGrouping);
    return result;
}

/// The texts of the groups' columns over `base`; `next` knows them then.
Block::GroupedColumns Block::grouped_columns(const Grouping& grouping, const Stage& base, Stage& next) {
    GroupedColumns columns;
    next.is_base = false;
    next.known.clear();
    for (std::size_t i = 0; i < grouping.keys.size(); ++i) {
        columns.keys.push_back(expression(grouping.keys[i], base));
        next.known.push_back({grouping.keys[i], "s.g" + std::to_string(i + 1)});
    }
    for (std::size_t i = 0; i < grouping.aggregates.size(); ++i) {
        std::string name = "a" + std::to_string(i + 1);
        columns.others += "," + aggregate_call(as<AggregateExpr>(*grouping.aggregates[i]), base) + " AS " + name;
        next.known.push_back({grouping.aggregates[i], "s." + name});
    }
    for (std::size_t i = 0; i < grouping.calls.size(); ++i) {
        next.known.push_back({grouping.calls[i], "s.m" + std::to_string(i + 1)});
    }
    columns.others += carry(base, next, later_expressions(), [&](const Expr& expr) {
        return expr.kind == ExprKind::kAggregate || expr.kind == ExprKind::kGrouping ||
               std::ranges::any_of(grouping.keys, [&](const ExprPtr& key) { return equal_expressions(*key, expr); });
    });
    return columns;
}

/// Where each group was first seen, and its rows: of two that want one place in a hash table, the first gets it.
std::string Block::first_seen_column(const Stage& base) {
    const bool is_usable = !base.heap_order.empty() && !base.heap_order.front().ends_with(" DESC");
    return (is_usable ? ",min(" + base.heap_order.front() + ") AS o" : ",0 AS o") + std::string(",count(*) AS y");
}

/// The groups of one set. `more`: further columns.
std::string Block::set_text(const Grouping& grouping, const GroupedColumns& sql, const std::vector<int>& set, const Stage& base, const std::string& more) {
    auto in_set = [&](int ref) { return std::ranges::find(set, ref) != set.end(); };
    std::string columns = "1", group_by;
    for (std::size_t i = 0; i < grouping.keys.size(); ++i) {
        const bool in = in_set(grouping.refs[i]);
        columns += "," + (in ? sql.keys[i] : "NULL") + " AS g" + std::to_string(i + 1);
        if (in) group_by += (group_by.empty() ? "" : ",") + std::to_string(i + 2) + d_.collation(grouping.keys[i]->type);
    }
    for (std::size_t i = 0; i < grouping.calls.size(); ++i) {
        std::int64_t mask = 0;
        for (const ExprPtr& arg : as<GroupingExpr>(*grouping.calls[i]).args) {
            bool found = false;
            for (std::size_t g = 0; g < grouping.keys.size(); ++g) {
                found = found || (in_set(grouping.refs[g]) && equal_expressions(*grouping.keys[g], *fold(arg)));
            }
            mask = mask << 1 | (found ? 0 : 1);
        }
        columns += "," + std::to_string(mask) + " AS m" + std::to_string(i + 1);
    }
    columns += sql.others;
    // A group of everything is a row even if there is nothing.
    if (set.empty()) columns += ",count(*) AS z";
    else if (!query_.grouping_sets.empty()) columns += ",0 AS z";
    std::string text = "SELECT " + columns + more + " FROM " + base.from;
    if (!base.where.empty()) text += " WHERE " + base.where;
    if (!group_by.empty()) text += " GROUP BY " + group_by;
    return text;
}

/// GROUP BY of plain columns, or aggregates alone.
std::string Block::plain_groups_text(const Grouping& grouping, Stage base, Stage& next) {
    const std::optional<GroupPlan> plan = plan_groups(d_.host, query_, wish(group_order()));
    std::vector<OrderKey> sorted_by;
    if (plan && !plan->hashed) {
        sorted_by = group_order();
        base = in_order(std::move(base), sorted_by);
    }
    // The aggregates see the rows of a join as they come, and so does a hash table.
    if (base.is_base && is_result_of_join() && !base.heap_order.empty()) base = sorted_stage(base, {}, 0, false);
    const GroupedColumns columns = grouped_columns(grouping, base, next);
    std::string text = set_text(grouping, columns, grouping.refs, base, plan && plan->hashed ? first_seen_column(base) : "");
    if (!plan) return text;
    std::vector<GroupColumn> keys;
    auto add = [&](const OrderKey& key) {
        auto group = std::ranges::find_if(grouping.keys, [&](const ExprPtr& g) { return equal_expressions(*g, *key.expr); });
        keys.push_back({"g" + std::to_string(group - grouping.keys.begin() + 1), key.expr->type, key.descending, key.nulls_first});
    };
    if (plan->hashed) {
        for (const SortKey& key : group_keys()) add({target_expr(key.target)});
    } else {
        for (const OrderKey& key : sorted_by) add(key);
    }
    text = grouped_text(*plan, keys, {.order = "ORDER BY o", .rows = "y"}, text, next);
    next.sorted_by = std::move(sorted_by);
    return text;
}

Stage Block::aggregate_stage(Stage base) {
    const Grouping groups = grouping();
    Stage next;
    const std::string text = query_.grouping_sets.empty() ? plain_groups_text(groups, std::move(base), next) : grouping_sets_text(groups, std::move(base), next);
    next.from = "(" + text + ") AS s";
    if (having_) {
        next.where = condition(having_, next);
        having_ = nullptr;
    }
    return next;
}

}  // namespace cdcsim::pg
