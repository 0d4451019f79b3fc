// CREATE INDEX. Mirrors indexcmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// CheckMutability: what an index keeps must not change by itself.
void require_immutable(Backend& backend, const ExprPtr& expr, std::string_view what) {
    if (is_immutable(fold_constants(expr, backend))) return;
    throw SqlError("42P17", fmt::format("functions in index {} must be marked IMMUTABLE", what));
}

std::string column_label(const Node& element) {
    if (!element.text("name").empty()) return std::string(element.text("name"));
    Node expr = element["expr"];
    if (expr.is("FuncCall")) return name_list(expr.items("funcname")).back();
    return "expr";
}

IndexKey bind_key(Backend& backend, const Node& element, const RelationPtr& relation) {
    IndexKey key;
    std::string name(element.text("name"));
    if (!name.empty()) {
        const Column* column = relation->find_column(name);
        if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" does not exist", name));
        key.attno = column->attno;
    } else {
        ExprScope scope;
        scope.place = "index expressions";
        scope.items.push_back({relation->name, relation, 1});
        ExprPtr expr = bind_expression(element["expr"], backend.bind_options(), scope);
        require_immutable(backend, expr, "expression");
        key.expr = stored_expression(backend, expr, relation.get());
    }
    key.descending = element.text("ordering") == "SORTBY_DESC";
    std::string_view nulls = element.text("nulls_ordering");
    key.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && key.descending);
    return key;
}

}  // namespace

ExecResult create_index(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    RelationPtr relation = require_table(backend, node["relation"], "CREATE INDEX");
    check_not_in_use(backend, *relation, "CREATE INDEX");
    if (relation->kind != 'r') {
        throw SqlError("42809", fmt::format("cannot create index on relation \"{}\"", relation->name));
    }
    require_owner(backend, *relation);
    if (node.flag("concurrent") && backend.transaction().block) {
        throw SqlError("25001", "CREATE INDEX CONCURRENTLY cannot run inside a transaction block");
    }
    Index index;
    index.unique = node.flag("unique");
    index.nulls_not_distinct = node.flag("nulls_not_distinct");
    index.method = node.text("accessMethod");
    if (index.unique && index.method != "btree") {
        throw SqlError("0A000", fmt::format("access method \"{}\" does not support unique indexes", index.method));
    }
    std::vector<std::string> labels;
    for (const Node& element : node.items("indexParams")) {
        index.keys.push_back(bind_key(backend, element, relation));
        const IndexKey& key = index.keys.back();
        const bool needs_class = index.method == "btree" && element.items("opclass").empty();
        if (needs_class) require_btree_class(backend, key.expr ? key.expr->expr->type : relation->columns[static_cast<std::size_t>(key.attno - 1)].type);
        labels.push_back(column_label(element));
    }
    for (const Node& element : node.items("indexIncludingParams")) {
        const Column* column = relation->find_column(std::string(element.text("name")));
        if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" does not exist", element.text("name")));
        index.include.push_back(column->attno);
        labels.push_back(column->name);
    }
    if (Node where = node["whereClause"]) {
        ExprScope scope;
        scope.place = "index predicates";
        scope.items.push_back({relation->name, relation, 1});
        ExprPtr expr = bind_expression(where, backend.bind_options(), scope);
        expr = coerce_to_boolean(expr, backend.bind_options(), "WHERE");
        require_immutable(backend, expr, "predicate");
        index.predicate = stored_expression(backend, expr, relation.get());
    }
    set_index_options(index.storage, node.items("options"));
    index.name = node.text("idxname");
    if (index.name.empty()) {
        index.name = choose_relation_name(backend.catalog(), relation->schema, relation->name, index_name_addition(labels), "idx");
    } else if (backend.catalog().relation_name_taken(relation->schema, index.name)) {
        std::string message = fmt::format("relation \"{}\" already exists", index.name);
        if (!node.flag("if_not_exists")) throw SqlError("42P07", message);
        backend.send_notice("NOTICE", SqlError("42P07", message + ", skipping"));
        return tag_only("CREATE INDEX");
    }
    index.oid = allocate_oid(backend);
    if (index.unique) {
        build_index(backend, *relation, index);
    } else {
        backend.database().count_rows(relation->file_node);
    }
    validate_index(backend, *relation, index);
    note_packed(backend, *relation, index);
    auto changed = copy_relation(relation);
    changed->indexes.push_back(std::move(index));
    backend.update_relation(changed);
    return tag_only("CREATE INDEX");
}

}  // namespace cdcsim::pg
