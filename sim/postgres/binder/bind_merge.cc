// MERGE. Mirrors parse_merge.c's transformMergeStmt.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

void bind_insert_action(ParseState& state, const Node& clause, const Relation& relation, MergeAction& action) {
    std::string_view override_text = clause.text("override");
    if (!override_text.empty() && override_text != "OVERRIDING_NOT_SET") throw NotSimulated("MERGE with OVERRIDING");
    for (const Node& item : clause.items("targetList")) {
        std::string name(item.text("name"));
        const Column* column = relation.find_column(name);
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation.name)).at(item.location());
        }
        if (std::ranges::find(action.insert_columns, column->attno) != action.insert_columns.end()) {
            throw SqlError("42701", fmt::format("column \"{}\" specified more than once", name)).at(item.location());
        }
        action.insert_columns.push_back(column->attno);
    }
    bool explicit_columns = !action.insert_columns.empty();
    for (const Column& column : relation.columns) {
        if (!explicit_columns && !column.dropped) action.insert_columns.push_back(column.attno);
    }
    PlaceScope place(state, Place::kInsertTarget);
    std::vector<Node> values = clause.items("values");
    if (values.size() > action.insert_columns.size()) throw SqlError("42601", "INSERT has more expressions than target columns").at(values[action.insert_columns.size()].location());
    if (explicit_columns && !values.empty() && values.size() < action.insert_columns.size()) throw SqlError("42601", "INSERT has more target columns than expressions");
    action.insert_columns.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Column& column = relation.columns[static_cast<std::size_t>(action.insert_columns[i] - 1)];
        if (values[i].is("SetToDefault")) {
            auto node = std::make_shared<DefaultExpr>();
            node->type = column.type;
            node->typmod = column.typmod;
            action.values.push_back(node);
            continue;
        }
        if (column.generated || column.identity == 'a') throw NotSimulated("MERGE that gives a value to a generated or identity column");
        ExprPtr value = bind_expr(state, values[i]);
        action.values.push_back(coerce_to_column(state, value, column, expr_location(*value)));
    }
}

}  // namespace

std::shared_ptr<Query> bind_merge(ParseState& state, const Node& node) {
    Query& query = *state.query;
    query.command = CommandKind::kMerge;
    bind_with(state, node["withClause"]);
    RelationPtr relation = require_relation(node["relation"], state.context());
    relation = state.context().lock_relation(relation, "RowExclusiveLock", node["relation"].location());
    if (!relation) relation = require_relation(node["relation"], state.context());
    if (relation->kind == 'v') {
        throw SqlError("42809", fmt::format("cannot execute MERGE on relation \"{}\"", relation->name)).detail("This operation is not supported for views.");
    }
    if (relation->kind != 'r' || relation->is_system()) throw NotSimulated("MERGE into what is not a table", node["relation"].location());
    Node alias = node["relation"]["alias"];
    query.result_relation = add_relation(state, relation, alias ? std::string(alias.text("aliasname")) : relation->name, {}, node["relation"].flag("inh"), false);
    bind_from(state, {node["sourceRelation"]});
    std::vector<NameItem> source = state.names;
    NameItem target = name_item(state, query.result_relation);
    if (!alias) target.schema = relation->schema_name;
    for (const NameItem& item : source) {
        if (item.table_visible && item.alias == target.alias) {
            throw SqlError("42712", fmt::format("name \"{}\" specified more than once", target.alias)).detail("The name is used both as MERGE target table and data source.");
        }
    }
    std::vector<NameItem> both = {target};
    both.insert(both.end(), source.begin(), source.end());
    state.names = both;
    ExprPtr condition = coerce_boolean(state, bind_expr(state, node["joinCondition"], Place::kJoinOn), "JOIN/ON");
    bool inserts = false;
    std::vector<bool> closed(2);
    for (const Node& clause : node.items("mergeWhenClauses")) {
        MergeAction action;
        action.matched = clause.flag("matched");
        auto side = static_cast<std::size_t>(action.matched);
        if (closed[side]) throw SqlError("42601", "unreachable WHEN clause specified after unconditional WHEN clause");
        closed[side] = !clause.has("condition");
        std::string_view command = clause.text("commandType");
        state.names = action.matched ? both : source;
        if (Node when = clause["condition"]) action.condition = coerce_boolean(state, bind_expr(state, when, Place::kMergeWhen), "WHEN");
        if (action.condition && contains_sublink(action.condition)) throw NotSimulated("subqueries in MERGE's WHEN");
        if (command == "CMD_UPDATE") {
            action.command = CommandKind::kUpdate;
            action.set = bind_set_list(state, clause.items("targetList"), *relation, query.result_relation);
        } else if (command == "CMD_DELETE") {
            action.command = CommandKind::kDelete;
        } else if (command == "CMD_INSERT") {
            action.command = CommandKind::kInsert;
            inserts = true;
            bind_insert_action(state, clause, *relation, action);
        }
        query.merge_actions.push_back(std::move(action));
    }
    // The source gives a row for each match, and one without a target where there is none.
    FromNode join;
    join.join = inserts ? JoinType::kLeft : JoinType::kInner;
    join.left = std::make_unique<FromNode>(std::move(query.from.at(0)));
    join.right = std::make_unique<FromNode>();
    join.right->rt_index = query.result_relation;
    join.condition = condition;
    query.from.clear();
    query.from.push_back(std::move(join));
    return state.query;
}

}  // namespace cdcsim::pg
