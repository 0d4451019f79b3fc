// A query level as a whole: its stages in order, then targets, DISTINCT, ORDER BY and LIMIT.
#include "sim/postgres/storage/deparse.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
std::string direction(bool descending, bool nulls_first) {
    return std::string(descending ? " DESC" : "") + (nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

std::string Deparser::query(const Query& query, int parent) {
    return Block(*this, query, parent).select();
}

std::string Deparser::parameter(Parameter parameter) {
    program.parameters.push_back(std::move(parameter));
    return "?" + std::to_string(program.parameters.size() + kFirstParameter - 1);
}

Block::Block(Deparser& deparser, const Query& query, int parent)
    : d_(deparser), query_(query), number_(static_cast<int>(deparser.program.blocks.size())),
      number_of_row_(query.range_table.size(), "seq") {
    d_.program.blocks.push_back({parent, &query});
}

ExprPtr Block::target_expr(int sort_group_ref) const {
    auto it = std::ranges::find(targets_, sort_group_ref, &TargetEntry::sort_group_ref);
    CDCSIM_CHECK(it != targets_.end());
    return it->expr;
}

std::vector<ExprPtr> Block::later_expressions() const {
    std::vector<ExprPtr> exprs;
    for (const TargetEntry& target : targets_) exprs.push_back(target.expr);
    if (having_) exprs.push_back(having_);
    return exprs;
}

std::string Block::select() {
    targets_ = query_.targets;
    // What comes out stands first, what is only sorted by after it.
    std::ranges::stable_sort(targets_, {}, &TargetEntry::junk);
    for (TargetEntry& target : targets_) target.expr = fold(target.expr);
    if (query_.having) having_ = fold(query_.having);
    Stage stage = query_.set_operations ? set_operation_stage() : project_keys(from_and_where());
    if (query_.has_aggregates || !query_.group_by.empty() || !query_.grouping_sets.empty() ||
        having_) {
        stage = aggregate_stage(std::move(stage));
    }
    if (query_.has_windows) stage = window_stage(std::move(stage));
    if (is_sorted_first()) {
        std::vector<OrderKey> keys = final_order();
        stage = sorted_stage(stage, keys, presorted_keys(stage, keys), !query_.has_target_srfs && query_.row_marks.empty());
        // They come in this order by themselves; SQLite would sort after the targets.
        stage.heap_order.clear();
        is_sorted_ = true;
    }
    if (std::ranges::any_of(targets_, [](const TargetEntry& target) {
            return contains_set_function(target.expr);
        })) {
        stage = project_stage(std::move(stage));
    }
    return finish(stage);
}

std::string Block::select_rows(const std::vector<ExprPtr>& outputs) {
    Stage stage = from_and_where();
    std::string columns;
    for (const ExprPtr& output : outputs) {
        columns += (columns.empty() ? "" : ",") + expression(fold(output), stage);
    }
    std::string text = "SELECT " + columns + " FROM " + stage.from;
    if (!stage.where.empty()) text += " WHERE " + stage.where;
    if (!stage.heap_order.empty()) text += " ORDER BY " + stage.heap_order_text();
    return text;
}

/// Set-returning functions that GROUP BY names: each row is multiplied before the rows are grouped.
Stage Block::project_keys(Stage base) {
    RowSource source;
    source.kind = RowSource::Kind::kProjectSet;
    source.block = number_;
    std::vector<ExprPtr> exprs;
    const int slots = static_cast<int>(query_.range_table.size()) + 2;
    for (int ref : query_.group_by) {
        auto target = std::ranges::find(targets_, ref, &TargetEntry::sort_group_ref);
        if (target == targets_.end() || !contains_set_function(target->expr)) continue;
        const ExprPtr key = target->expr;
        exprs.push_back(collect(key, base, source.inputs));
        source.codecs.push_back(d_.codec(key->type));
        auto slot = std::make_shared<VarExpr>();
        slot->rt_index = slots;
        slot->attno = static_cast<int>(exprs.size());
        slot->type = key->type;
        slot->typmod = key->typmod;
        for (TargetEntry& each : targets_) {
            if (equal_expressions(*each.expr, *key)) each.expr = slot;
        }
    }
    if (exprs.empty()) return base;
    const bool is_elsewhere = std::ranges::any_of(targets_, [](const TargetEntry& target) { return contains_set_function(target.expr); });
    if (is_elsewhere || query_.has_windows || !query_.grouping_sets.empty()) throw NotSimulated("GROUP BY of a set-returning function beside others, windows or grouping sets");
    // The planner's guess of how many rows they give is not known, so neither is the order of the groups.
    const std::vector<OrderKey> order = final_order();
    const bool is_ordered = std::ranges::all_of(query_.group_by, [&](int ref) {
        return std::ranges::any_of(order, [&](const OrderKey& key) { return equal_expressions(*key.expr, *target_expr(ref)); });
    });
    if (!is_ordered) throw NotSimulated("GROUP BY of a set-returning function without ORDER BY of what it groups by");
    source.inputs.widths.resize(std::max(source.inputs.widths.size(), query_.range_table.size() + 1));
    source.project = std::make_shared<ProjectSet>(std::move(exprs), slots - 1);
    base.from += " JOIN rows" + std::to_string(rows_table_width(source.codecs.size())) + "(?1," + std::to_string(d_.program.sources.size()) +
                 source_arguments(source.inputs) + ") AS " + alias(slots);
    d_.program.sources.push_back(std::move(source));
    return base;
}

/// Set-returning functions among the targets: each row is multiplied by rows<width>.
Stage Block::project_stage(Stage base) {
    RowSource source;
    source.kind = RowSource::Kind::kProjectSet;
    source.block = number_;
    std::vector<ExprPtr> exprs;
    for (const TargetEntry& target : targets_) {
        exprs.push_back(collect(target.expr, base, source.inputs));
        source.codecs.push_back(d_.codec(target.expr->type));
    }
    auto row_count = query_.range_table.size() + 1;
    if (source.inputs.widths.size() < row_count) source.inputs.widths.resize(row_count);
    source.project = std::make_shared<ProjectSet>(std::move(exprs), static_cast<int>(row_count));

    Stage next;
    next.is_base = false;
    next.heap_order = base.heap_order;
    next.where = base.where;
    next.from = base.from + " JOIN rows" + std::to_string(rows_table_width(targets_.size())) +
                "(?1," + std::to_string(d_.program.sources.size()) + source_arguments(source.inputs) +
                ") AS ps";
    d_.program.sources.push_back(std::move(source));
    int attno = 0;
    for (TargetEntry& target : targets_) {
        auto slot = std::make_shared<VarExpr>();
        slot->rt_index = static_cast<int>(row_count) + 1;
        slot->attno = ++attno;
        slot->type = target.expr->type;
        slot->typmod = target.expr->typmod;
        next.known.push_back({slot, "ps.c" + std::to_string(attno)});
        target.expr = std::move(slot);
    }
    return next;
}

std::string Block::limit_text() {
    if (!query_.limit && !query_.offset) return {};
    auto bound = [&](const ExprPtr& expr, Parameter::Kind kind) {
        Parameter parameter;
        parameter.kind = kind;
        parameter.expr = fold(expr);
        parameter.block = number_;
        return d_.parameter(std::move(parameter));
    };
    std::string text =
        " LIMIT " + (query_.limit ? bound(query_.limit, Parameter::Kind::kLimit) : "-1");
    if (query_.offset) text += " OFFSET " + bound(query_.offset, Parameter::Kind::kOffset);
    return text;
}

std::string Block::finish(const Stage& stage) {
    std::string columns, names;
    std::vector<std::string> values;
    const bool distinct = query_.distinct && query_.distinct_on.empty();
    // GROUP BY's columns that are not shown.
    if (distinct) std::erase_if(targets_, [](const TargetEntry& target) { return target.junk; });
    int position = 0;
    for (const TargetEntry& target : targets_) {
        std::string name = (target.junk ? "j" : "c") + std::to_string(++position);
        values.push_back(expression(target.expr, stage));
        columns += (columns.empty() ? "" : ",") + values.back() +
                   (distinct ? d_.collation(target.expr->type) : "") + " AS " + name;
        if (!target.junk) names += (names.empty() ? "" : ",") + name;
    }
    if (targets_.empty()) columns = names = "1";
    if (merge_) columns += ",u.b";
    std::string text = (distinct ? "SELECT DISTINCT " : "SELECT ") + columns + " FROM " + stage.from;
    if (!stage.where.empty()) text += " WHERE " + stage.where;

    std::vector<OrderKey> keys = final_order();
    Stage order;
    order.heap_order = stage.heap_order;
    order.sorted_by = stage.sorted_by;
    order.is_base = stage.is_base;
    if (distinct) {
        order = Stage();
        order.is_base = false;
        std::optional<GroupPlan> plan = plan_distinct(d_.host, query_, wish(distinct_order()));
        if (plan && !plan->hashed && number_ == 0) {
            // Sort and Unique: of equal rows (1.0 and 1.00) the sort says which one is the first.
            order.heap_order = stage.heap_order;
            text.erase(text.find("DISTINCT "), 9);
            keys = distinct_order();
            is_unique_ = true;
        } else if (plan) {
            text = distinct_text(*plan, plan->hashed ? first_rows_text(stage, values) : text, names, order);
        } else if (!keys.empty()) {
            text = "SELECT " + names + " FROM (" + text + ")";
        }
    }
    if (!keys.empty() || is_unique_ || query_.with_ties || !query_.distinct_on.empty()) return finish_sorted(order, text, keys);
    if (!order.heap_order.empty()) text += " ORDER BY " + order.heap_order_text();
    return text + limit_text();
}

/// The different rows with the number `o` of their first one and how often `y` they come: of two that want one
/// place in a hash table, the first gets it.
std::string Block::first_rows_text(const Stage& stage, const std::vector<std::string>& values) {
    std::string columns, names, group_by;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        const std::string name = "c" + std::to_string(i + 1);
        columns += values[i] + " AS " + name + ",";
        names += name + ",";
        group_by += (i > 0 ? "," : "") + name + d_.collation(targets_[i].expr->type);
    }
    const std::string order = stage.heap_order.empty() ? "" : "ORDER BY " + stage.heap_order_text();
    std::string text = "SELECT " + columns + "row_number() OVER (" + order + ") AS o FROM " + stage.from;
    if (!stage.where.empty()) text += " WHERE " + stage.where;
    return "SELECT " + names + "min(o) AS o,count(*) AS y FROM (" + text + ") GROUP BY " + group_by;
}

/// SELECT DISTINCT in the order in which PostgreSQL finds the different rows.
std::string Block::distinct_text(const GroupPlan& plan, const std::string& text, const std::string& names,
                                 Stage& order) {
    std::vector<GroupColumn> columns;
    auto add = [&](const OrderKey& key) {
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            if (!equal_expressions(*targets_[i].expr, *key.expr)) continue;
            columns.push_back({"c" + std::to_string(i + 1), key.expr->type, key.descending, key.nulls_first});
            return;
        }
    };
    if (!plan.hashed) {
        order.sorted_by = distinct_order();
        for (const OrderKey& key : order.sorted_by) add(key);
    } else {
        // ORDER BY's columns first here too.
        for (const SortKey& key : query_.order_by) {
            auto target = std::ranges::find(targets_, key.target, &TargetEntry::sort_group_ref);
            columns.push_back({"c" + std::to_string(target - targets_.begin() + 1), target->expr->type});
        }
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            int ref = targets_[i].sort_group_ref;
            bool is_ordered = ref != 0 && std::ranges::find(query_.order_by, ref, &SortKey::target) != query_.order_by.end();
            if (!is_ordered) columns.push_back({"c" + std::to_string(i + 1), targets_[i].expr->type});
        }
    }
    std::vector<OrderKey> sorted_by = std::move(order.sorted_by);
    std::string grouped = grouped_text(plan, columns, {.order = "ORDER BY o", .rows = "y"}, text, order);
    order.sorted_by = std::move(sorted_by);
    return "SELECT " + names + " FROM (" + grouped + ") AS s";
}

}  // namespace cdcsim::pg
