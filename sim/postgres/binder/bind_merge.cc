// MERGE. Mirrors parse_merge.c's transformMergeStmt.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void bind_insert_action(ParseState& state, const Node& clause, const Relation& relation, MergeAction& action) {
    TargetColumns columns = bind_insert_columns(clause.items("targetList"), relation);
    action.override_kind = override_of(clause);
    action.values = bind_insert_row(state, clause.items("values"), relation, columns, action.override_kind);
    action.insert_columns = std::move(columns.attnos);
}

/// The rewriter's work: after everything has been bound.
void check_all_insertable(const Query& query, const Relation& relation) {
    for (const MergeAction& action : query.merge_actions) {
        for (const Column& column : relation.columns) {
            const auto given = std::ranges::find(action.insert_columns, column.attno);
            if (given == action.insert_columns.end()) continue;
            check_insertable(column, *action.values.at(static_cast<std::size_t>(given - action.insert_columns.begin())), action.override_kind);
        }
    }
}

void refuse_unreachable(const std::vector<Node>& clauses) {
    std::array<bool, 2> closed{};
    for (const Node& clause : clauses) {
        bool& side = closed.at(static_cast<std::size_t>(clause.flag("matched")));
        if (side) throw SqlError("42601", "unreachable WHEN clause specified after unconditional WHEN clause");
        side = !clause.has("condition");
    }
}

void require_table(const Relation& relation) {
    const std::string_view kind = relation.kind == 'v' ? "views" : relation.kind == 'S' ? "sequences" : "";
    if (!kind.empty()) throw SqlError("42809", fmt::format("cannot execute MERGE on relation \"{}\"", relation.name)).detail(fmt::format("This operation is not supported for {}.", kind));
}

/// PostgreSQL 15 takes what it is given for a boolean, whatever its type.
ExprPtr bind_join_condition(ParseState& state, const Node& node) {
    ExprPtr condition = bind_expr(state, node, Place::kJoinOn);
    if (condition->type != oid::kBool) throw NotSimulated("MERGE ... ON what is not boolean", node.location());
    return condition;
}

}  // namespace

std::shared_ptr<Query> bind_merge(ParseState& state, const Node& node) {
    Query& query = *state.query;
    query.command = CommandKind::kMerge;
    if (node["withClause"].flag("recursive")) throw SqlError("0A000", "WITH RECURSIVE is not supported for MERGE statement");
    bind_with(state, node["withClause"]);
    refuse_unreachable(node.items("mergeWhenClauses"));
    check_target_name(state, node["relation"]);
    RelationPtr relation = require_relation(node["relation"], state.context());
    relation = state.context().lock_relation(relation, "RowExclusiveLock", node["relation"].location());
    if (!relation) relation = require_relation(node["relation"], state.context());
    require_table(*relation);
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
    ExprPtr condition = bind_join_condition(state, node["joinCondition"]);
    bool inserts = false;
    for (const Node& clause : node.items("mergeWhenClauses")) {
        MergeAction action;
        action.matched = clause.flag("matched");
        std::string_view command = clause.text("commandType");
        state.names = action.matched ? both : source;
        if (Node when = clause["condition"]) action.condition = coerce_boolean(state, bind_expr(state, when, Place::kMergeWhen), "WHEN");
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
    check_all_insertable(query, *relation);
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
