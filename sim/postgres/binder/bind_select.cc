// SELECT, VALUES, WITH. Mirrors analyze.c's transformSelectStmt, transformValuesClause and
// parse_cte.c.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/binder/place_ctes.h"
#include "sim/postgres/binder/recursion.h"

namespace cdcsim::pg {
namespace {

void bind_distinct_clause(ParseState& state, const std::vector<Node>& items) {
    Query& query = *state.query;
    query.distinct = true;
    bool on = !items.empty() && !items[0].tag().empty();
    if (!on) {
        for (const SortKey& key : query.order_by) {
            auto target = std::ranges::find(query.targets, key.target, &TargetEntry::sort_group_ref);
            if (target->junk) {
                throw SqlError("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list").at(target->expr->location);
            }
        }
        for (TargetEntry& target : query.targets) {
            if (target.junk) continue;
            target.expr = resolve_unknown(state, target.expr);
            require_ordering(state, target.expr->type, target.expr->location, true);
        }
        return;
    }
    for (const Node& item : items) {
        int index = find_or_add_sort_target(state, item, query.targets, Place::kDistinctOn, false);
        query.distinct_on.push_back(sort_group_ref(query.targets, static_cast<std::size_t>(index)));
    }
    // The leading ORDER BY keys must be the DISTINCT ON ones.
    std::size_t matched = 0;
    for (const SortKey& key : query.order_by) {
        bool in_distinct = std::ranges::find(query.distinct_on, key.target) != query.distinct_on.end();
        if (in_distinct) {
            ++matched;
        } else if (matched < query.distinct_on.size()) {
            auto target = std::ranges::find(query.targets, key.target, &TargetEntry::sort_group_ref);
            throw SqlError("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").at(target->expr->location);
        }
    }
    for (int ref : query.distinct_on) require_ordering(state, std::ranges::find(query.targets, ref, &TargetEntry::sort_group_ref)->expr->type, -1);
}

using Sets = std::vector<std::vector<int>>;

int bind_group_item(ParseState& state, const Node& node) {
    int index = find_or_add_sort_target(state, node, state.query->targets, Place::kGroupBy, false);
    TargetEntry& target = state.query->targets[static_cast<std::size_t>(index)];
    target.expr = resolve_unknown(state, target.expr);
    if (any_expression(target.expr, [](const Expr& e) { return e.kind == ExprKind::kAggregate; })) {
        throw SqlError("42803", "aggregate functions are not allowed in GROUP BY").at(node.location());
    }
    require_ordering(state, target.expr->type, written_location(node), true);
    return sort_group_ref(state.query->targets, static_cast<std::size_t>(index));
}

std::vector<int> bind_group_list(ParseState& state, const Node& node) {
    // (a, b) is a list, ROW(a, b) an expression.
    if (!node.is("RowExpr") || node.text("row_format") != "COERCE_IMPLICIT_CAST") return {bind_group_item(state, node)};
    std::vector<int> refs;
    for (const Node& item : node.items("args")) refs.push_back(bind_group_item(state, item));
    return refs;
}

std::vector<int> join_refs(std::vector<int> a, const std::vector<int>& b) {
    for (int ref : b) {
        if (std::ranges::find(a, ref) == a.end()) a.push_back(ref);
    }
    return a;
}

/// The expansion of one GROUPING SETS element into plain sets.
Sets expand_grouping(ParseState& state, const Node& node) {
    if (!node.is("GroupingSet")) return {bind_group_list(state, node)};
    std::string_view kind = node.text("kind");
    std::vector<Node> content = node.items("content");
    if (kind == "GROUPING_SET_EMPTY") return {{}};
    if (kind == "GROUPING_SET_SETS") {
        Sets sets;
        for (const Node& item : content) {
            Sets inner = expand_grouping(state, item);
            sets.insert(sets.end(), inner.begin(), inner.end());
        }
        return sets;
    }
    std::vector<std::vector<int>> parts;
    for (const Node& item : content) parts.push_back(bind_group_list(state, item));
    Sets sets;
    if (kind == "GROUPING_SET_ROLLUP") {
        for (std::size_t length = parts.size() + 1; length-- > 0;) {
            std::vector<int> set;
            for (std::size_t i = 0; i < length; ++i) set = join_refs(set, parts[i]);
            sets.push_back(set);
        }
        return sets;
    }
    if (parts.size() > 12) throw SqlError("54011", "CUBE is limited to 12 elements").at(node.location());
    for (std::size_t mask = 0; mask < std::size_t{1} << parts.size(); ++mask) {
        std::vector<int> set;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (mask >> i & 1U) set = join_refs(set, parts[i]);
        }
        sets.push_back(set);
    }
    return sets;
}

void bind_group_by(ParseState& state, const Node& node) {
    Query& query = *state.query;
    bool any_sets = false;
    Sets product = {{}};
    for (const Node& item : node.items("groupClause")) {
        any_sets = any_sets || item.is("GroupingSet");
        Sets sets = item.is("GroupingSet") ? expand_grouping(state, item) : Sets{bind_group_list(state, item)};
        Sets next;
        for (const auto& left : product) {
            for (const auto& right : sets) next.push_back(join_refs(left, right));
        }
        product = std::move(next);
    }
    for (const auto& set : product) query.group_by = join_refs(query.group_by, set);
    if (any_sets) {
        if (node.flag("groupDistinct")) {
            Sets unique;
            for (auto& set : product) {
                std::set<int> members(set.begin(), set.end());
                bool known = std::ranges::any_of(unique, [&](const auto& other) { return std::set<int>(other.begin(), other.end()) == members; });
                if (!known) unique.push_back(set);
            }
            product = std::move(unique);
        }
        query.grouping_sets = std::move(product);
    }
}

/// Adds the tables of one clause; what several clauses name is locked by the strongest.
void add_row_marks(ParseState& state, const Node& clause, const std::vector<Node>& named) {
    std::string_view strength = clause.text("strength"), policy = clause.text("waitPolicy");
    RowMark mark;
    mark.mode = strength == "LCS_FORUPDATE" ? RowLockMode::kUpdate : strength == "LCS_FORNOKEYUPDATE" ? RowLockMode::kNoKeyUpdate
                : strength == "LCS_FORSHARE" ? RowLockMode::kShare : RowLockMode::kKeyShare;
    mark.wait = policy == "LockWaitError" ? RowWait::kError : policy == "LockWaitSkip" ? RowWait::kSkip : RowWait::kBlock;
    Query& query = *state.query;
    for (std::size_t i = 0; i < query.range_table.size(); ++i) {
        const RangeTableEntry& rte = query.range_table[i];
        bool is_table = rte.kind == RteKind::kRelation && rte.relation->virtual_rows == nullptr;
        if (!is_table && rte.kind != RteKind::kSubquery) continue;
        bool wanted = named.empty() || std::ranges::any_of(named, [&](const Node& one) { return one.text("relname") == rte.alias; });
        if (!wanted) continue;
        if (is_table) state.context().lock_relation(rte.relation, "RowShareLock", -1);
        mark.rt_index = static_cast<int>(i) + 1;
        auto known = std::ranges::find(query.row_marks, mark.rt_index, &RowMark::rt_index);
        if (known == query.row_marks.end()) {
            query.row_marks.push_back(mark);
        } else {
            known->mode = std::max(known->mode, mark.mode);
            known->wait = std::max(known->wait, mark.wait);
        }
    }
}

void bind_locking(ParseState& state, const Node& node) {
    std::vector<Node> clauses = node.items("lockingClause");
    if (clauses.empty()) return;
    const std::string_view name = locking_name(clauses[0]);
    const Query& query = *state.query;
    auto refuse = [&](std::string_view what) {
        throw SqlError("0A000", fmt::format("{} is not allowed with {}", name, what));
    };
    if (query.distinct) refuse("DISTINCT clause");
    if (!query.group_by.empty() || !query.grouping_sets.empty()) refuse("GROUP BY clause");
    if (query.having) refuse("HAVING clause");
    if (query.has_aggregates) refuse("aggregate functions");
    if (query.has_windows) refuse("window functions");
    for (const Node& clause : clauses) {
        std::vector<Node> named = clause.items("lockedRels");
        for (const Node& locked : named) {
            std::string alias(locked.text("relname"));
            bool known = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.alias == alias; });
            if (!known) {
                throw SqlError("42P01", fmt::format("relation \"{}\" in {} clause not found in FROM clause", alias, name)).at(locked.location());
            }
        }
        add_row_marks(state, clause, named);
    }
}

/// Functions of sets that nothing sorts by run after the sort (make_sort_input_target), and so after DISTINCT ON.
void refuse_distinct_of_sets(const Query& query) {
    if (query.distinct_on.empty() || query.order_by.empty() || !query.has_target_srfs) return;
    const bool sorts = std::ranges::any_of(query.targets, [](const TargetEntry& t) { return t.sort_group_ref != 0 && contains_set_function(t.expr); });
    if (!sorts) throw NotSimulated("DISTINCT ON and ORDER BY with set-returning functions");
}

/// PostgreSQL's planner decides the order of these; everything else keeps the heap's or the sort's.
bool order_is_planners(const Query& query) {
    std::size_t tables = 0;
    for (const RangeTableEntry& rte : query.range_table) tables += rte.kind != RteKind::kJoin;
    bool grouped = !query.group_by.empty() || query.distinct;
    return tables > 1 || grouped;
}

}  // namespace

std::string_view locking_name(const Node& clause) {
    const std::string_view strength = clause.text("strength");
    return strength == "LCS_FORUPDATE" ? "FOR UPDATE" : strength == "LCS_FORNOKEYUPDATE" ? "FOR NO KEY UPDATE"
           : strength == "LCS_FORSHARE" ? "FOR SHARE" : "FOR KEY SHARE";
}

void bind_limit(ParseState& state, const Node& node) {
    Query& query = *state.query;
    auto bind = [&](std::string_view field, Place place, std::string_view name) -> ExprPtr {
        Node value = node[field];
        if (!value || (value.is("A_Const") && value.flag("isnull"))) return nullptr;
        ExprPtr expr = coerce_integer(state, bind_expr(state, value, place), name);
        bool has_var = any_expression(expr, [](const Expr& e) { return e.kind == ExprKind::kVar && as<VarExpr>(e).levels_up == 0; });
        if (has_var) throw SqlError("42P10", fmt::format("argument of {} must not contain variables", name)).at(expr->location);
        return expr;
    };
    query.offset = bind("limitOffset", Place::kOffset, "OFFSET");
    query.limit = bind("limitCount", Place::kLimit, "LIMIT");
    query.with_ties = node.text("limitOption") == "LIMIT_OPTION_WITH_TIES";
    if (query.with_ties && query.order_by.empty()) {
        throw SqlError("42601", "WITH TIES cannot be specified without ORDER BY clause");
    }
}

namespace {

std::shared_ptr<Query> bind_level(ParseState& state, const Node& node) {
    if (node.is("InsertStmt")) return bind_insert(state, node);
    if (node.is("UpdateStmt")) return bind_update(state, node);
    if (node.is("DeleteStmt")) return bind_delete(state, node);
    if (node.is("MergeStmt")) return bind_merge(state, node);
    std::shared_ptr<Query> query = bind_select_statement(state, node);
    if (query->targets.size() > kMaxTargets) {  // those that only sort or group too
        throw SqlError("54011", fmt::format("target lists can have at most {} entries", kMaxTargets));
    }
    return query;
}

}  // namespace

std::shared_ptr<Query> bind_sub_query(ParseState* parent, const Node& node, const BindOptions& options, const SubQueryOptions& how) {
    ParseState state(options, parent);
    state.resolve_unknowns = how.resolve_unknowns;
    state.parent_cte = how.cte;
    state.parent_cte_index = how.cte_index;
    if (parent != nullptr) {
        state.allow_subqueries = true;
        state.domain_value_type = parent->domain_value_type;
    }
    std::shared_ptr<Query> query = bind_level(state, node);
    place_ctes(*query);
    return query;
}

void bind_with(ParseState& state, const Node& with) {
    if (!with) return;
    Query& query = *state.query;
    query.recursive = with.flag("recursive");
    std::vector<Node> items = with.items("ctes");
    std::set<std::string_view> names;
    for (const Node& item : items) {
        if (item["ctequery"].is("MergeStmt")) throw SqlError("0A000", "MERGE not supported in WITH query").at(item.location());
        if (names.insert(item.text("ctename")).second) continue;
        throw SqlError("42712", fmt::format("WITH query name \"{}\" specified more than once", item.text("ctename"))).at(item.location());
    }
    if (query.recursive) items = order_recursive_queries(items);
    query.ctes.reserve(items.size());
    for (const Node& item : items) {
        std::string name(item.text("ctename"));
        CommonTableExpr cte;
        cte.name = name;
        std::string_view mode = item.text("ctematerialized");
        cte.materialized = mode == "CTEMaterializeAlways";
        cte.not_materialized = mode == "CTEMaterializeNever";
        if (item.has("search_clause") || item.has("cycle_clause")) throw NotSimulated("SEARCH or CYCLE clause of WITH RECURSIVE", item.location());
        query.ctes.push_back(std::move(cte));
        int index = static_cast<int>(query.ctes.size()) - 1;
        CommonTableExpr& slot = query.ctes.back();
        if (query.recursive) state.ctes.emplace_back(name, index);
        // Neither this item nor those after it can be referred to yet.
        if (!query.recursive) state.future_ctes.assign(names.begin(), names.end());
        for (const auto& [known, at] : state.ctes) std::erase(state.future_ctes, known);
        SubQueryOptions how;
        how.cte = query.recursive ? &slot : nullptr;
        how.cte_index = index;
        state.recursive_aliases = name_list(item.items("aliascolnames"));
        Node body = item["ctequery"];
        if (!body.is("SelectStmt") && state.parent != nullptr) {
            throw SqlError("0A000", "WITH clause containing a data-modifying statement must be at the top level").at(item.location());
        }
        std::shared_ptr<Query> bound = bind_sub_query(&state, body, state.options, how);
        if (bound->command != CommandKind::kSelect) slot.materialized = true;
        auto& targets = bound->command == CommandKind::kSelect ? bound->targets : bound->returning;
        std::vector<std::string> aliases = name_list(item.items("aliascolnames"));
        std::size_t next = 0;
        for (TargetEntry& target : targets) {
            if (!target.junk && next < aliases.size()) target.name = aliases[next++];
        }
        if (next < aliases.size()) {
            throw SqlError("42P10", fmt::format("WITH query \"{}\" has {} columns available but {} columns specified", name, next, aliases.size())).at(item.location());
        }
        slot.query = bound;
        state.recursive_columns.erase(index);
        if (!query.recursive) state.ctes.emplace_back(name, index);
    }
    state.future_ctes.clear();
}

std::shared_ptr<Query> bind_values(ParseState& state, const Node& node) {
    bind_with(state, node["withClause"]);
    std::vector<std::vector<ExprPtr>> rows;
    for (const Node& list : node.items("valuesLists")) {
        std::vector<ExprPtr> row;
        PlaceScope place(state, Place::kValues);
        for (const Node& item : list.items()) {
            if (item.is("SetToDefault")) throw SqlError("42601", "DEFAULT is not allowed in this context").at(item.location());
            if (is_row_expansion(item)) {
                for (const TargetEntry& target : expand_row(state, item)) row.push_back(target.expr);
                continue;
            }
            row.push_back(bind_expr(state, item));
        }
        if (!rows.empty() && row.size() != rows[0].size()) {
            throw SqlError("42601", "VALUES lists must all be the same length").at(row.empty() ? -1 : row[0]->location);
        }
        rows.push_back(std::move(row));
    }
    RangeTableEntry rte;
    rte.kind = RteKind::kValues;
    rte.alias = "*VALUES*";
    for (std::size_t column = 0; column < rows[0].size(); ++column) {
        std::vector<ExprPtr> values;
        for (const auto& row : rows) values.push_back(row[column]);
        Oid type = common_type(state, values, "VALUES");
        std::vector<ExprPtr> coerced;
        for (auto& row : rows) coerced.push_back(row[column] = coerce_to_common(state, row[column], type, "VALUES"));
        rte.columns.push_back({fmt::format("column{}", column + 1), type, common_typmod(coerced, type), false});
    }
    rte.values = std::move(rows);
    Query& query = *state.query;
    query.range_table.push_back(std::move(rte));
    state.names.push_back(name_item(state, 1));
    FromNode from;
    from.rt_index = 1;
    query.from.push_back(std::move(from));
    for (const NameColumn& column : state.names[0].columns) {
        TargetEntry target;
        target.expr = column.expr;
        target.name = column.name;
        target.resno = static_cast<int>(query.targets.size()) + 1;
        query.targets.push_back(std::move(target));
    }
    query.order_by = bind_sort(state, node.items("sortClause"), query.targets, Place::kOrderBy);
    bind_limit(state, node);
    return state.query;
}

std::shared_ptr<Query> bind_select_statement(ParseState& state, const Node& node) {
    if (node.has("valuesLists")) return bind_values(state, node);
    if (node.text("op") != "SETOP_NONE" && !node.text("op").empty()) return bind_set_operation(state, node);
    if (node.has("intoClause") && !state.options.allow_into) {
        throw SqlError("42601", "SELECT ... INTO is not allowed here").at(node["intoClause"]["rel"].location());
    }
    Query& query = *state.query;
    bind_with(state, node["withClause"]);
    for (const Node& window : node.items("windowClause")) {
        state.window_names.emplace_back(std::string(window.text("name")), window);
    }
    bind_from(state, node.items("fromClause"));
    query.targets = bind_targets(state, node.items("targetList"), Place::kSelectTarget);
    if (Node where = node["whereClause"]) query.where = coerce_boolean(state, bind_expr(state, where, Place::kWhere), "WHERE");
    if (Node having = node["havingClause"]) query.having = coerce_boolean(state, bind_expr(state, having, Place::kHaving), "HAVING");
    query.order_by = bind_sort(state, node.items("sortClause"), query.targets, Place::kOrderBy);
    bind_group_by(state, node);
    if (node.has("distinctClause")) bind_distinct_clause(state, node.items("distinctClause"));
    bind_limit(state, node);
    bind_windows(state);
    if (state.resolve_unknowns) {
        for (TargetEntry& target : query.targets) target.expr = resolve_unknown(state, target.expr);
    }
    for (const TargetEntry& target : query.targets) query.has_target_srfs = query.has_target_srfs || contains_set_function(target.expr);
    refuse_distinct_of_sets(query);
    bind_locking(state, node);
    check_grouping(state);
    move_having_to_where(query);
    drop_unread_tables(query);
    query.order_unspecified = order_is_planners(query) && query.order_by.empty();
    return state.query;
}

std::shared_ptr<const Query> bind_query(const Node& statement, const BindOptions& options) {
    return bind_sub_query(nullptr, statement, options);
}

}  // namespace cdcsim::pg
