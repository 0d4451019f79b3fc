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
    : d_(deparser), query_(query), number_(static_cast<int>(deparser.program.blocks.size())) {
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
    Stage stage = query_.set_operations ? set_operation_stage() : from_and_where();
    if (query_.has_aggregates || !query_.group_by.empty() || !query_.grouping_sets.empty() ||
        having_) {
        stage = aggregate_stage(std::move(stage));
    }
    if (query_.has_windows) stage = window_stage(std::move(stage));
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
                "(?1," + std::to_string(d_.program.sources.size()) + arguments(source.inputs) +
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

/// ORDER BY's text over the positions of the targets.
std::string Block::sort_text(const std::vector<SortKey>& keys) const {
    std::string text;
    for (const SortKey& key : keys) {
        auto target = std::ranges::find(targets_, key.target, &TargetEntry::sort_group_ref);
        CDCSIM_CHECK(target != targets_.end());
        text += (text.empty() ? "" : ",") + std::to_string(target - targets_.begin() + 1) +
                d_.collation(target->expr->type) + direction(key.descending, key.nulls_first);
    }
    return text;
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
    const bool distinct = query_.distinct && query_.distinct_on.empty();
    int position = 0;
    for (const TargetEntry& target : targets_) {
        std::string name = (target.junk ? "j" : "c") + std::to_string(++position);
        columns += (columns.empty() ? "" : ",") + expression(target.expr, stage) +
                   (distinct ? d_.collation(target.expr->type) : "") + " AS " + name;
        if (!target.junk) names += (names.empty() ? "" : ",") + name;
    }
    if (targets_.empty()) columns = names = "1";
    std::string text = (distinct ? "SELECT DISTINCT " : "SELECT ") + columns + " FROM " + stage.from;
    if (!stage.where.empty()) text += " WHERE " + stage.where;

    std::vector<SortKey> keys = query_.order_by;
    if (!query_.distinct_on.empty()) {
        for (int ref : query_.distinct_on) {
            if (std::ranges::find(keys, ref, &SortKey::target) == keys.end()) {
                keys.push_back({.target = ref, .type = target_expr(ref)->type});
            }
        }
    }
    std::string order = sort_text(keys);
    std::optional<GroupPlan> plan;
    if (distinct && order.empty()) plan = plan_distinct(d_.host, query_);
    if (plan) {
        std::vector<std::pair<std::string, Oid>> columns_of_groups;
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            columns_of_groups.emplace_back("c" + std::to_string(i + 1), targets_[i].expr->type);
        }
        Stage groups;
        text = grouped_text(*plan, columns_of_groups, "", text, groups);
        text = "SELECT " + names + " FROM (" + text + ") AS s ORDER BY " + groups.heap_order_text();
    }
    // Ties, and rows without an order, come in the heap's order.
    if (!distinct && !stage.heap_order.empty()) {
        order += (order.empty() ? "" : ",") + stage.heap_order_text();
    }
    if (query_.with_ties) {
        std::string sorted = sort_text(query_.order_by), limit = limit_text();
        auto offset = limit.find(" OFFSET ");
        std::string count = limit.substr(7, offset == std::string::npos ? offset : offset - 7);
        std::string skip = offset == std::string::npos ? "0" : limit.substr(offset + 8);
        // Positions mean columns in ORDER BY, but not in a window: name them.
        std::string by;
        for (const SortKey& key : query_.order_by) {
            auto target = std::ranges::find(targets_, key.target, &TargetEntry::sort_group_ref);
            by += (by.empty() ? "" : ",") + std::string(target->junk ? "j" : "c") +
                  std::to_string(target - targets_.begin() + 1) + d_.collation(target->expr->type) +
                  direction(key.descending, key.nulls_first);
        }
        return "SELECT " + names + " FROM (SELECT *,rank() OVER (ORDER BY " + by +
               ") AS rk,row_number() OVER (ORDER BY " + by + ") AS rn FROM (" + text +
               " ORDER BY " + order + " LIMIT -1 OFFSET 0)) WHERE (" + count + "<0 OR rk<=" + count +
               "+" + skip + ") AND rn>" + skip + " ORDER BY rn";
    }
    if (!order.empty()) text += " ORDER BY " + order;
    if (query_.distinct_on.empty()) return text + limit_text();

    CompiledDistinctOn distinct_on;
    std::string keys_text;
    for (int ref : query_.distinct_on) {
        auto target = std::ranges::find(targets_, ref, &TargetEntry::sort_group_ref);
        keys_text += std::string(target->junk ? ",j" : ",c") +
                     std::to_string(target - targets_.begin() + 1);
        distinct_on.keys.push_back(
            {.type = target->expr->type, .codec = d_.codec(target->expr->type)});
    }
    std::string number = std::to_string(d_.program.distincts.size());
    d_.program.distincts.push_back(std::move(distinct_on));
    return "SELECT " + names + " FROM (" + text + " LIMIT -1 OFFSET 0) WHERE first_of(?1," + number +
           keys_text + ")" + limit_text();
}

}  // namespace cdcsim::pg
