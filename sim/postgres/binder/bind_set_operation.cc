// UNION, INTERSECT, EXCEPT. Mirrors analyze.c's transformSetOperationStmt.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/type/format_type.h"

namespace cdcsim::pg {
namespace {

/// One side: its tree and, for each column, an expression to choose the common type from.
struct Side {
    std::unique_ptr<SetOpNode> node;
    std::vector<ExprPtr> columns;
};

/// The leaf's query, which is still being built.
Query& leaf_query(ParseState& state, const SetOpNode& node) {
    return const_cast<Query&>(*state.rte(node.rt_index).subquery);
}

ExprPtr column_stand_in(const Attribute& column, int location) {
    auto test = std::make_shared<CaseTestExpr>();
    test->type = column.type;
    test->typmod = column.typmod;
    test->location = location;
    return test;
}

Side add_leaf(ParseState& state, const std::shared_ptr<Query>& query) {
    RangeTableEntry rte;
    rte.kind = RteKind::kSubquery;
    rte.alias = fmt::format("*SELECT* {}", state.query->range_table.size() + 1);
    rte.columns = query_columns(*query);
    rte.subquery = query;
    state.query->range_table.push_back(std::move(rte));
    Side side;
    side.node = std::make_unique<SetOpNode>();
    side.node->rt_index = static_cast<int>(state.query->range_table.size());
    for (const TargetEntry& target : query->targets) {
        if (!target.junk) side.columns.push_back(target.expr);
    }
    return side;
}

std::string_view op_name(SetOp op) {
    return op == SetOp::kUnion ? "UNION" : op == SetOp::kIntersect ? "INTERSECT" : "EXCEPT";
}

bool same_types(const RowType& a, const RowType& b) {
    return std::ranges::equal(a, b, [](const Attribute& x, const Attribute& y) { return x.type == y.type; });
}

/// SELECT c1::type, ... FROM (`source`): bound anew, as everything in it is one level deeper there.
std::unique_ptr<SetOpNode> bind_with_casts(ParseState& state, const Node& source, const RowType& types, std::string_view context) {
    ParseState outer(state.options, &state);
    SubQueryOptions how;
    how.resolve_unknowns = false;
    RangeTableEntry rte;
    rte.kind = RteKind::kSubquery;
    rte.alias = "*SELECT*";
    rte.subquery = bind_sub_query(&outer, source, state.options, how);
    rte.columns = query_columns(*rte.subquery);
    Query& query = *outer.query;
    query.range_table.push_back(rte);
    query.from.emplace_back();
    query.from.back().rt_index = 1;
    int number = 0;
    for (const Attribute& column : rte.columns) {
        const Attribute& want = types[static_cast<std::size_t>(number)];
        auto var = make_var(1, ++number, column);
        if (const TypeInfo* type = state.host().find_type(column.type)) var->collation = type->collation;
        TargetEntry target;
        target.expr = column.type == want.type ? ExprPtr(var) : coerce_to_common(outer, var, want.type, context);
        target.name = column.name;
        target.resno = number;
        query.targets.push_back(std::move(target));
    }
    return add_leaf(state, outer.query).node;
}

/// Gives the columns of one side, which was bound from `source`, the types of the node above.
void coerce_side(ParseState& state, Side& side, const Node& source, const RowType& types, std::string_view context) {
    if (side.node->op != SetOp::kNone) {
        if (!same_types(side.node->columns, types)) side.node = bind_with_casts(state, source, types, context);
        return;
    }
    Query& query = leaf_query(state, *side.node);
    // What sorts or drops rows sees the values before the cast.
    const bool casts_last = query.set_operations != nullptr || query.distinct || !query.order_by.empty() || query.limit || query.offset;
    std::size_t i = 0;
    for (TargetEntry& target : query.targets) {
        if (target.junk) continue;
        const Attribute& want = types[i++];
        if (target.expr->type == want.type) continue;
        if (casts_last && target.expr->kind != ExprKind::kConst) {
            side.node = bind_with_casts(state, source, types, context);
            return;
        }
        target.expr = coerce_to_common(state, target.expr, want.type, context);
    }
    state.rte(side.node->rt_index).columns = query_columns(query);
}

Side bind_tree(ParseState& state, const Node& node, bool top);

/// The columns of the non-recursive term, for references inside the recursive one.
void publish_recursive(ParseState& state, const Side& left) {
    RowType columns;
    std::size_t i = 0;
    const Query* leftmost = nullptr;
    const SetOpNode* leaf = left.node.get();
    while (leaf->left) leaf = leaf->left.get();
    leftmost = &leaf_query(state, *leaf);
    for (const TargetEntry& target : leftmost->targets) {
        if (target.junk) continue;
        Attribute column{target.name, left.columns[i]->type, left.columns[i]->typmod, false};
        if (column.type == oid::kUnknown) column.type = oid::kText;
        if (i < state.parent->recursive_aliases.size()) column.name = state.parent->recursive_aliases[i];
        columns.push_back(column);
        ++i;
    }
    state.parent->recursive_columns[state.parent_cte_index] = columns;
    if (leaf == left.node.get()) state.parent->first_terms[state.parent_cte_index] = state.rte(leaf->rt_index).subquery;
}

RowType common_columns(ParseState& state, const Side& left, const Side& right, SetOp op, bool all, bool recursive) {
    std::string context = fmt::format("{}", recursive ? "recursive UNION" : op_name(op));
    if (left.columns.size() != right.columns.size()) {
        throw SqlError("42601", fmt::format("each {} query must have the same number of columns", op_name(op)))
            .at(right.columns.empty() ? -1 : right.columns[0]->location);
    }
    RowType types;
    for (std::size_t i = 0; i < left.columns.size(); ++i) {
        std::vector<ExprPtr> both = {left.columns[i], right.columns[i]};
        Attribute column;
        column.type = common_type(state, both, op_name(op));
        column.typmod = common_typmod(both, column.type);
        if (!all) require_ordering(state, column.type, -1, true);
        types.push_back(column);
    }
    return types;
}

/// Of kStackUnits: 7,290 levels fit.
constexpr int kSetOperationWeight = 1029;

Side bind_tree(ParseState& state, const Node& node, bool top) {
    std::string_view op_text = node.text("op");
    bool plain = op_text.empty() || op_text == "SETOP_NONE";
    // ORDER BY, LIMIT or WITH of its own make a side a subquery.
    bool own = !top && (node.has("sortClause") || node.has("limitOffset") || node.has("limitCount") || node.has("withClause") || node.has("lockingClause"));
    if (plain || own) {
        SubQueryOptions how;
        how.resolve_unknowns = false;
        std::shared_ptr<Query> query = bind_sub_query(&state, node, state.options, how);
        return add_leaf(state, query);
    }
    NestingScope level(state, kSetOperationWeight);
    SetOp op = op_text == "SETOP_UNION" ? SetOp::kUnion : op_text == "SETOP_INTERSECT" ? SetOp::kIntersect : SetOp::kExcept;
    bool all = node.flag("all");
    Side left = bind_tree(state, node["larg"], false);
    bool recursive = top && state.parent_cte != nullptr && op == SetOp::kUnion;
    if (recursive) publish_recursive(state, left);
    Side right = bind_tree(state, node["rarg"], false);
    RowType types = common_columns(state, left, right, op, all, recursive);
    if (recursive && state.parent_cte->recursive) {
        for (std::size_t i = 0; i < types.size(); ++i) {
            Oid first = left.columns[i]->type == oid::kUnknown ? oid::kText : left.columns[i]->type;
            const std::int32_t first_typmod = left.columns[i]->typmod;
            if (types[i].type != first || types[i].typmod != first_typmod) {
                throw SqlError("42804", fmt::format("recursive query \"{}\" column {} has type {} in non-recursive term but type {} overall",
                                                    state.parent_cte->name, i + 1, format_type_extended(state.host(), first, first_typmod, TypmodKnown::kYes),
                                                    format_type_extended(state.host(), types[i].type, types[i].typmod, TypmodKnown::kYes)))
                    .hint("Cast the output of the non-recursive term to the correct type.").at(left.columns[i]->location);
            }
        }
    }
    coerce_side(state, left, node["larg"], types, op_name(op));
    coerce_side(state, right, node["rarg"], types, op_name(op));
    Side side;
    side.node = std::make_unique<SetOpNode>();
    side.node->op = op;
    side.node->all = all;
    side.node->left = std::move(left.node);
    side.node->right = std::move(right.node);
    side.node->columns = types;
    for (std::size_t i = 0; i < types.size(); ++i) side.columns.push_back(column_stand_in(types[i], left.columns[i]->location));
    return side;
}

}  // namespace

std::shared_ptr<Query> bind_set_operation(ParseState& state, const Node& node) {
    Query& query = *state.query;
    if (const std::vector<Node> locking = node.items("lockingClause"); !locking.empty()) {
        throw SqlError("0A000", fmt::format("{} is not allowed with UNION/INTERSECT/EXCEPT", locking_name(locking[0])));
    }
    bind_with(state, node["withClause"]);
    Side top = bind_tree(state, node, true);
    int leftmost = 0;
    {
        const SetOpNode* leaf = top.node.get();
        while (leaf->left) leaf = leaf->left.get();
        leftmost = leaf->rt_index;
    }
    const RowType& names = state.rte(leftmost).columns;
    for (std::size_t i = 0; i < top.node->columns.size(); ++i) {
        Attribute column = top.node->columns[i];
        column.name = names[i].name;
        top.node->columns[i].name = column.name;
        TargetEntry target;
        auto var = make_var(leftmost, static_cast<int>(i) + 1, column);
        if (const TypeInfo* type = state.host().find_type(column.type)) var->collation = type->collation;
        target.expr = var;
        target.name = column.name;
        target.resno = static_cast<int>(i) + 1;
        query.targets.push_back(std::move(target));
    }
    // Only output columns may be sorted by.
    std::size_t outputs = query.targets.size();
    NameItem item;
    item.rt_index = leftmost;
    item.table_visible = false;
    for (const TargetEntry& target : query.targets) item.columns.push_back({target.name, target.expr});
    state.names = {item};
    query.order_by = bind_sort(state, node.items("sortClause"), query.targets, Place::kOrderBy);
    state.names.clear();
    if (query.targets.size() != outputs) {
        throw SqlError("0A000", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
            .detail("Only result column names can be used, not expressions or functions.")
            .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
            .at(query.targets.back().expr->location);
    }
    bind_limit(state, node);
    bool all_union = true;
    for (const SetOpNode* spine = top.node.get(); spine->left; spine = spine->left.get()) {
        all_union = all_union && spine->op == SetOp::kUnion && spine->all;
    }
    query.order_unspecified = query.order_by.empty() && !all_union;
    query.set_operations = std::move(top.node);
    return state.query;
}

}  // namespace cdcsim::pg
