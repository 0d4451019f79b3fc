// INSERT with ON CONFLICT and RETURNING. Mirrors analyze.c's transformInsertStmt and
// plancat.c's infer_arbiter_indexes.
#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

}  // namespace

TargetColumns bind_insert_columns(const std::vector<Node>& names, const Relation& relation) {
    TargetColumns columns;
    columns.is_explicit = !names.empty();
    if (names.empty()) {
        for (const Column& column : relation.columns) {
            if (column.dropped) continue;
            columns.attnos.push_back(column.attno);
            columns.locations.push_back(-1);
        }
        return columns;
    }
    for (const Node& item : names) {
        std::string name(item.text("name"));
        const Column* column = relation.find_column(name);
        if (column == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation.name)).at(item.location());
        }
        if (item.has("indirection")) throw NotSimulated("INSERT into an element of a column", item.location());
        if (std::ranges::find(columns.attnos, column->attno) != columns.attnos.end()) {
            throw SqlError("42701", fmt::format("column \"{}\" specified more than once", name)).at(item.location());
        }
        columns.attnos.push_back(column->attno);
        columns.locations.push_back(item.location());
    }
    return columns;
}

namespace {

void check_counts(const TargetColumns& columns, std::size_t given, const std::vector<ExprPtr>& exprs) {
    if (given > columns.attnos.size()) {
        throw SqlError("42601", "INSERT has more expressions than target columns").at(exprs[columns.attnos.size()]->location);
    }
    if (columns.is_explicit && given < columns.attnos.size()) {
        throw SqlError("42601", "INSERT has more target columns than expressions").at(columns.locations[given]);
    }
}

const Column& column_of(const Relation& relation, int attno) {
    return relation.columns[static_cast<std::size_t>(attno - 1)];
}

}  // namespace

void check_insertable(const Column& column, const Expr& value, Override override_kind) {
    if (value.kind == ExprKind::kDefault) return;
    std::string message = fmt::format("cannot insert a non-DEFAULT value into column \"{}\"", column.name);
    if (column.generated) {
        throw SqlError("428C9", message).detail(fmt::format("Column \"{}\" is a generated column.", column.name));
    }
    if (column.identity == 'a' && override_kind == Override::kNone) {
        throw SqlError("428C9", message)
            .detail(fmt::format("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", column.name))
            .hint("Use OVERRIDING SYSTEM VALUE to override.");
    }
}

namespace {

/// OVERRIDING USER VALUE: what was given for an identity column is not used.
bool is_overridden(const Column& column, Override override_kind) {
    return column.identity != 0 && override_kind == Override::kUser;
}

ExprPtr make_default(const Column& column, int location) {
    auto node = std::make_shared<DefaultExpr>();
    node->type = column.type;
    node->typmod = column.typmod;
    node->location = location;
    return node;
}

std::vector<ExprPtr> bind_value_list(ParseState& state, const std::vector<Node>& items) {
    std::vector<ExprPtr> row;
    for (const Node& item : items) {
        if (item.is("SetToDefault")) {
            auto node = std::make_shared<DefaultExpr>();
            node->location = item.location();
            row.push_back(node);
        } else if (is_row_expansion(item)) {
            for (const TargetEntry& target : expand_row(state, item)) row.push_back(target.expr);
        } else {
            row.push_back(bind_expr(state, item));
        }
    }
    return row;
}

void coerce_values(ParseState& state, std::vector<ExprPtr>& row, const Relation& relation, const TargetColumns& columns) {
    check_counts(columns, row.size(), row);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const Column& column = column_of(relation, columns.attnos[i]);
        row[i] = row[i]->kind == ExprKind::kDefault ? make_default(column, row[i]->location) : coerce_to_column(state, row[i], column, expr_location(*row[i]));
    }
}

}  // namespace

std::vector<ExprPtr> bind_insert_row(ParseState& state, const std::vector<Node>& items, const Relation& relation, TargetColumns& columns, Override override_kind) {
    PlaceScope place(state, Place::kInsertTarget);
    std::vector<ExprPtr> row = bind_value_list(state, items);
    if (!row.empty()) coerce_values(state, row, relation, columns);
    columns.attnos.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
        const Column& column = column_of(relation, columns.attnos[i]);
        if (is_overridden(column, override_kind)) row[i] = make_default(column, -1);
    }
    return row;
}

namespace {

/// VALUES of one row with a set-returning function is SELECT without FROM. Defaults stand in that SELECT too, which is
/// seen where they are volatile.
void insert_sets(ParseState& state, const Relation& relation, const std::vector<ExprPtr>& row) {
    for (const Column& column : relation.columns) {
        const auto place = std::ranges::find(state.query->insert_columns, column.attno) - state.query->insert_columns.begin();
        const bool is_given = place < std::ssize(row) && row[static_cast<std::size_t>(place)]->kind != ExprKind::kDefault;
        const bool is_volatile = column.identity != 0 || (column.default_expr && !column.generated && contains_volatile(column.default_expr->expr));
        if (!is_given && is_volatile) throw NotSimulated("a set-returning function in VALUES beside a volatile default");
    }
    auto source = std::make_shared<Query>();
    source->has_target_srfs = true;
    for (const ExprPtr& value : row) {
        const bool is_default = value->kind == ExprKind::kDefault;
        TargetEntry& target = source->targets.emplace_back();
        target.resno = static_cast<int>(source->targets.size());
        target.expr = is_default ? make_null(value->type) : deeper(value, 1);
        const Attribute column{target.name, value->type, value->typmod, false};
        state.query->insert_select_coercions.push_back(is_default ? value : make_var(1, target.resno, column, expr_location(*value)));
    }
    state.query->insert_select = std::move(source);
}

void bind_value_lists(ParseState& state, const Node& values, const Relation& relation, const TargetColumns& columns) {
    Query& query = *state.query;
    PlaceScope place(state, values.items("valuesLists").size() > 1 ? Place::kValues : Place::kInsertTarget);
    std::vector<std::vector<ExprPtr>> rows;
    for (const Node& list : values.items("valuesLists")) {
        std::vector<ExprPtr> row = bind_value_list(state, list.items());
        if (!rows.empty() && row.size() != rows[0].size()) {
            throw SqlError("42601", "VALUES lists must all be the same length").at(row.empty() ? -1 : row[0]->location);
        }
        coerce_values(state, row, relation, columns);
        rows.push_back(std::move(row));
    }
    query.insert_columns.assign(columns.attnos.begin(), columns.attnos.begin() + static_cast<std::ptrdiff_t>(rows[0].size()));
    for (std::size_t i = 0; i < query.insert_columns.size(); ++i) {
        const Column& column = column_of(relation, query.insert_columns[i]);
        for (std::vector<ExprPtr>& row : rows) {
            if (is_overridden(column, query.override_kind)) row[i] = make_default(column, -1);
        }
    }
    const bool has_set = std::ranges::any_of(rows[0], [](const ExprPtr& value) { return contains_set_function(value); });
    if (has_set) return insert_sets(state, relation, rows[0]);
    query.values = std::move(rows);
}

/// Where a column of a UNION stands: in its first SELECT.
int first_location(const Query& query, std::size_t column) {
    if (!query.set_operations) return column < query.targets.size() ? expr_location(*query.targets[column].expr) : -1;
    const SetOpNode* node = query.set_operations.get();
    while (node->left) node = node->left.get();
    const RangeTableEntry& leaf = query.range_table[static_cast<std::size_t>(node->rt_index - 1)];
    return leaf.subquery ? first_location(*leaf.subquery, column) : -1;
}

void bind_insert_select(ParseState& state, const Node& select, const Relation& relation, const TargetColumns& columns) {
    Query& query = *state.query;
    SubQueryOptions how;
    how.resolve_unknowns = false;
    std::shared_ptr<Query> source = bind_sub_query(&state, select, state.options, how);
    std::vector<ExprPtr> exprs;
    int number = 0;
    for (TargetEntry& target : source->targets) {
        if (target.junk) continue;
        ++number;
        if (target.expr->kind == ExprKind::kConst && target.expr->type == oid::kUnknown) {
            exprs.push_back(target.expr);
            target.expr = resolve_unknown(state, target.expr);
            continue;
        }
        target.expr = resolve_unknown(state, target.expr);
        const int location = source->set_operations ? first_location(*source, static_cast<std::size_t>(number - 1)) : expr_location(*target.expr);
        exprs.push_back(make_var(1, number, {target.name, target.expr->type, target.expr->typmod, false}, location));
    }
    check_counts(columns, exprs.size(), exprs);
    query.insert_columns.assign(columns.attnos.begin(), columns.attnos.begin() + static_cast<std::ptrdiff_t>(exprs.size()));
    for (std::size_t i = 0; i < exprs.size(); ++i) {
        const Column& column = column_of(relation, columns.attnos[i]);
        if (is_overridden(column, query.override_kind)) {
            query.insert_select_coercions.push_back(make_default(column, -1));
            continue;
        }
        query.insert_select_coercions.push_back(coerce_to_column(state, exprs[i], column, expr_location(*exprs[i])));
    }
    query.insert_select = source;
}

void collect_conjuncts(const ExprPtr& expr, std::vector<ExprPtr>& conjuncts) {
    if (expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kAnd) {
        for (const ExprPtr& arg : as<BoolExpr>(*expr).args) collect_conjuncts(arg, conjuncts);
    } else {
        conjuncts.push_back(expr);
    }
}

/// predicate_implied_by, as far as it compares whole conjuncts.
bool is_implied(const ExprPtr& predicate, const ExprPtr& by) {
    std::vector<ExprPtr> wanted, given;
    collect_conjuncts(predicate, wanted);
    collect_conjuncts(by, given);
    return std::ranges::all_of(wanted, [&](const ExprPtr& w) {
        return std::ranges::any_of(given, [&](const ExprPtr& g) { return equal_expressions(*w, *g); });
    });
}

/// The indexes whose columns are exactly the inference list; kInvalidOid: there is none.
std::vector<Oid> infer_arbiters(ParseState& state, const Node& infer, const Relation& relation) {
    std::set<int> wanted;
    std::vector<ExprPtr> wanted_exprs;
    for (const Node& element : infer.items("indexElems")) {
        if (Node expr = element["expr"]) {
            ExprPtr bound = bind_expr(state, expr, Place::kOther);
            const bool twice = std::ranges::any_of(wanted_exprs, [&](const ExprPtr& w) { return equal_expressions(*w, *bound); });
            if (!twice) wanted_exprs.push_back(std::move(bound));
            continue;
        }
        std::string name(element.text("name"));
        const Column* column = relation.find_column(name);
        if (column == nullptr) throw_missing_column(state, "", name, infer.location());
        wanted.insert(column->attno);
    }
    ExprPtr predicate;
    if (Node where = infer["whereClause"]) predicate = coerce_boolean(state, bind_expr(state, where, Place::kOther), "WHERE");
    std::vector<Oid> found;
    bool unsure = false;
    for (const Index& index : relation.indexes) {
        if (!index.unique || !index.valid) continue;
        std::set<int> columns;
        std::vector<ExprPtr> exprs;
        for (const IndexKey& key : index.keys) {
            if (key.attno != 0) {
                columns.insert(key.attno);
            } else {
                exprs.push_back(key.expr->expr);
            }
        }
        if (columns != wanted || exprs.size() != wanted_exprs.size()) continue;
        bool same = std::ranges::all_of(exprs, [&](const ExprPtr& expr) {
            return std::ranges::any_of(wanted_exprs, [&](const ExprPtr& w) { return equal_expressions(*w, *expr); });
        });
        if (!same) continue;
        if (index.predicate && (!predicate || !is_implied(index.predicate->expr, predicate))) {
            unsure = unsure || predicate != nullptr;
            continue;
        }
        if (!index.immediate) {
            throw SqlError("55000", "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters");
        }
        found.push_back(index.oid);
    }
    if (unsure) throw NotSimulated("ON CONFLICT ... WHERE that may imply a partial index's condition", infer.location());
    // The planner looks for it after all else has been bound and folded: see exec_insert.
    if (found.empty()) found.push_back(kInvalidOid);
    return found;
}

void bind_on_conflict(ParseState& state, const Node& node, const RelationPtr& relation) {
    OnConflict clause;
    clause.do_update = node.text("action") == "ONCONFLICT_UPDATE";
    Node infer = node["infer"];
    if (clause.do_update && !infer) {
        throw SqlError("42601", "ON CONFLICT DO UPDATE requires inference specification or constraint name")
            .hint("For example, ON CONFLICT (column_name).").at(node.location());
    }
    Query& query = *state.query;
    int target = query.result_relation;
    std::vector<NameItem> none = std::move(state.names);
    state.names = {name_item(state, target)};
    state.names[0].alias = state.rte(target).alias;
    if (clause.do_update) clause.excluded_rt_index = add_relation(state, relation, "excluded", {}, false, false);
    std::string constraint_name(infer ? infer.text("conname") : std::string_view());
    if (!constraint_name.empty()) {
        auto it = std::ranges::find(relation->constraints, constraint_name, &Constraint::name);
        if (it == relation->constraints.end() || it->index == kInvalidOid) {
            throw SqlError("42704", fmt::format("constraint \"{}\" for table \"{}\" does not exist", constraint_name, relation->name));
        }
        clause.arbiters = {it->index};
    } else if (infer) {
        state.other_place = "index expressions";
        clause.arbiters = infer_arbiters(state, infer, *relation);
    }
    if (clause.do_update) {
        state.names.push_back(name_item(state, clause.excluded_rt_index));
        clause.set = bind_set_list(state, node.items("targetList"), *relation, target);
        if (Node where = node["whereClause"]) clause.where = coerce_boolean(state, bind_expr(state, where, Place::kWhere), "WHERE");
    }
    state.names = std::move(none);
    query.on_conflict = std::move(clause);
}

/// The rewriter's work: after everything has been bound.
void check_all_writable(const Query& query, const Relation& relation) {
    std::vector<std::size_t> in_table_order(query.insert_columns.size());
    for (std::size_t i = 0; i < in_table_order.size(); ++i) in_table_order[i] = i;
    std::ranges::sort(in_table_order, {}, [&](std::size_t i) { return query.insert_columns[i]; });
    for (const std::size_t i : in_table_order) {
        const Column& column = column_of(relation, query.insert_columns[i]);
        if (query.insert_select) check_insertable(column, *query.insert_select_coercions[i], query.override_kind);
        for (const std::vector<ExprPtr>& row : query.values) check_insertable(column, *row[i], query.override_kind);
    }
}

/// rewriteTargetListIU for a view: its defaults come before those of the table are asked for.
void add_view_defaults(ParseState& state, const ViewTarget& view) {
    Query& query = *state.query;
    for (const Column& column : view.shadow->columns) {
        const ExprPtr value = view.attnos[static_cast<std::size_t>(column.attno - 1)] != 0 ? view_column_default(state, column) : nullptr;
        if (!value) continue;
        const auto found = std::ranges::find(query.insert_columns, column.attno);
        const auto at = static_cast<std::size_t>(found - query.insert_columns.begin());
        const bool is_given = found != query.insert_columns.end();
        if (!is_given) query.insert_columns.push_back(column.attno);
        const auto put = [&](std::vector<ExprPtr>& values) {
            if (!is_given) {
                values.push_back(value);
            } else if (values[at]->kind == ExprKind::kDefault) {
                values[at] = value;
            }
        };
        if (query.insert_select) put(query.insert_select_coercions);
        for (std::vector<ExprPtr>& row : query.values) put(row);
    }
}

}  // namespace

void require_different_columns(const Relation& relation, std::vector<int> attnos) {
    std::ranges::sort(attnos);
    const auto twice = std::ranges::adjacent_find(attnos);
    if (twice != attnos.end()) throw SqlError("42601", fmt::format("multiple assignments to same column \"{}\"", column_of(relation, *twice).name));
}

void check_target_name(ParseState& state, const Node& range_var) {
    const std::string name(range_var.text("relname"));
    if (!range_var.has("schemaname") && state.context().transition_table(name)) {
        throw SqlError("42P01", fmt::format("relation \"{}\" cannot be the target of a modifying statement", name));
    }
    check_future_cte(state, range_var);
}

Override override_of(const Node& node) {
    std::string_view text = node.text("override");
    return text == "OVERRIDING_USER_VALUE" ? Override::kUser : text == "OVERRIDING_SYSTEM_VALUE" ? Override::kSystem : Override::kNone;
}

ExprPtr coerce_to_column(ParseState& state, const ExprPtr& expr, const Column& column, int location) {
    ExprPtr result = coerce_to_target(state, expr, column.type, column.typmod, Coercion::kAssignment, false, -1);
    if (result) return result;
    throw SqlError("42804", fmt::format("column \"{}\" is of type {} but expression is of type {}", column.name,
                                        type_name(state, column.type), type_name(state, expr->type)))
        .hint("You will need to rewrite or cast the expression.").at(location);
}

void bind_returning(ParseState& state, const std::vector<Node>& items) {
    if (items.empty()) return;
    Query& query = *state.query;
    query.has_returning = true;
    query.returning = bind_targets(state, items, Place::kReturning);
    for (TargetEntry& target : query.returning) target.expr = resolve_unknown(state, target.expr);
}

std::shared_ptr<Query> bind_insert(ParseState& state, const Node& node) {
    Query& query = *state.query;
    query.command = CommandKind::kInsert;
    bind_with(state, node["withClause"]);
    check_target_name(state, node["relation"]);
    RelationPtr relation = require_relation(node["relation"], state.context());
    relation = state.context().lock_relation(relation, "RowExclusiveLock", node["relation"].location());
    if (!relation) relation = require_relation(node["relation"], state.context());
    if (relation->kind == 'S') {
        throw SqlError("42809", fmt::format("cannot change sequence \"{}\"", relation->name));
    }
    Node alias = node["relation"]["alias"];
    query.override_kind = override_of(node);
    std::string name = alias ? std::string(alias.text("aliasname")) : relation->name;
    std::optional<ViewTarget> view;
    if (relation->kind == 'v' && node.has("onConflictClause")) throw NotSimulated("INSERT ... ON CONFLICT into a view", node["relation"].location());
    if (relation->kind == 'v' && !has_instead_trigger(*relation, ViewCommand::kInsert)) {
        view = bind_view_target(state, relation, ViewCommand::kInsert);
        relation = view->shadow;
        query.view_checks = view->checks;
    } else {
        query.result_relation = add_relation(state, relation, name, {}, false, false);
    }
    TargetColumns columns = bind_insert_columns(node.items("cols"), *relation);
    Node select = node["selectStmt"];
    bool simple_values = select && select.has("valuesLists") && !select.has("sortClause") && !select.has("limitCount") &&
                         !select.has("limitOffset") && !select.has("withClause");
    if (!select) {
        // DEFAULT VALUES: no column is given.
        query.values = {{}};
    } else if (simple_values) {
        bind_value_lists(state, select, *relation, columns);
    } else {
        bind_insert_select(state, select, *relation, columns);
    }
    if (Node conflict = node["onConflictClause"]) bind_on_conflict(state, conflict, relation);
    if (view) {
        add_view_defaults(state, *view);
        for (int& attno : query.insert_columns) attno = table_column(*view, attno, ViewCommand::kInsert);
        require_different_columns(*view->table, query.insert_columns);
    }
    state.names = {view ? view_names(state, *view, name) : name_item(state, query.result_relation)};
    if (!alias) state.names[0].schema = relation->schema_name;
    bind_returning(state, node.items("returningList"));
    check_all_writable(query, view ? *view->table : *relation);
    return state.query;
}

}  // namespace cdcsim::pg
