// CREATE INDEX. Mirrors indexcmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/operator_class.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// CheckMutability: what an index keeps must not change by itself.
void require_immutable(Backend& backend, const ExprPtr& expr, std::string_view what) {
    if (is_immutable(fold_constants(expr, backend))) return;
    throw SqlError("42P17", fmt::format("functions in index {} must be marked IMMUTABLE", what));
}

/// What an index of an access method may have (IndexAmRoutine).
struct AccessMethod {
    std::string_view name;
    bool can_unique, can_include, can_multicolumn, can_order;
};
constexpr AccessMethod kAccessMethods[] = {
    {"brin", false, false, true, false}, {"btree", true, true, true, true},   {"gin", false, false, true, false},
    {"gist", false, true, true, false},  {"hash", false, false, false, false}, {"spgist", false, true, false, false},
};

const AccessMethod& require_access_method(Backend& backend, std::string& name) {
    if (name == "rtree") {
        backend.notice("NOTICE", "substituting access method \"gist\" for obsolete method \"rtree\"");
        name = "gist";
    }
    const auto* found = std::ranges::find(kAccessMethods, name, &AccessMethod::name);
    if (found == std::end(kAccessMethods)) throw SqlError("42704", fmt::format("access method \"{}\" does not exist", name));
    return *found;
}

void check_abilities(const AccessMethod& method, const Node& node) {
    auto refuse = [&](std::string_view what) { throw SqlError("0A000", fmt::format("access method \"{}\" does not support {}", method.name, what)); };
    if (node.flag("unique") && !method.can_unique) refuse("unique indexes");
    if (!node.items("indexIncludingParams").empty() && !method.can_include) refuse("included columns");
    if (node.items("indexParams").size() > 1 && !method.can_multicolumn) refuse("multicolumn indexes");
}

bool orders(const Node& element) { return element.text("ordering") != "SORTBY_DEFAULT"; }
bool places_nulls(const Node& element) { return element.text("nulls_ordering") != "SORTBY_NULLS_DEFAULT"; }

int index_column(const Relation& relation, std::string_view name) {
    if (const Column* column = relation.find_column(std::string(name))) return column->attno;
    if (is_system_column(name)) throw SqlError("0A000", "index creation on system columns is not supported");
    throw SqlError("42703", fmt::format("column \"{}\" does not exist", name));
}

int included_column(const Relation& relation, const Node& element) {
    if (element.text("name").empty()) throw SqlError("0A000", "expressions are not supported in included columns");
    const int attno = index_column(relation, element.text("name"));
    auto refuse = [](std::string_view what) { throw SqlError("0A000", fmt::format("including column does not support {}", what)); };
    if (!element.items("collation").empty()) refuse("a collation");
    if (!element.items("opclass").empty()) refuse("an operator class");
    if (orders(element)) refuse("ASC/DESC options");
    if (places_nulls(element)) refuse("NULLS FIRST/LAST options");
    return attno;
}

IndexKey bind_key(Backend& backend, const Node& element, const RelationPtr& relation) {
    IndexKey key;
    std::string name(element.text("name"));
    if (!name.empty()) {
        key.attno = index_column(*relation, name);
        key.label = name;
    } else {
        ExprScope scope;
        scope.place = "index expressions";
        scope.items.push_back({relation->name, relation, 1});
        ExprPtr expr = bind_expression(element["expr"], backend.bind_options(), scope);
        require_immutable(backend, expr, "expression");
        key.expr = stored_expression(backend, expr);
        key.label = index_expression_name(element["expr"]);
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
    const AccessMethod& method = require_access_method(backend, index.method);
    check_abilities(method, node);
    std::vector<std::string> labels;
    for (const Node& element : node.items("indexParams")) {
        index.keys.push_back(bind_key(backend, element, relation));
        const IndexKey& key = index.keys.back();
        auto refuse = [&](std::string_view what) { throw SqlError("0A000", fmt::format("access method \"{}\" does not support {}", method.name, what)); };
        if (orders(element) && !method.can_order) refuse("ASC/DESC options");
        if (places_nulls(element) && !method.can_order) refuse("NULLS FIRST/LAST options");
        const Oid type = key.expr ? key.expr->expr->type : relation->columns[static_cast<std::size_t>(key.attno - 1)].type;
        const std::vector<std::string> classes = name_list(element.items("opclass"));
        if (index.method == "btree" && classes.empty()) {
            require_btree_class(backend, type);
        } else {
            require_operator_class(backend, index.method, classes, type);
        }
        labels.push_back(key.label);
    }
    for (const Node& element : node.items("indexIncludingParams")) {
        index.include.push_back(included_column(*relation, element));
        labels.emplace_back(element.text("name"));
    }
    if (Node where = node["whereClause"]) {
        ExprScope scope;
        scope.place = "index predicates";
        scope.items.push_back({relation->name, relation, 1});
        ExprPtr expr = bind_expression(where, backend.bind_options(), scope);
        expr = coerce_to_boolean(expr, backend.bind_options(), "WHERE");
        require_immutable(backend, expr, "predicate");
        index.predicate = stored_expression(backend, expr);
    }
    set_index_options(index.storage, node.items("options"));
    index.name = node.text("idxname");
    if (index.name.empty()) {
        index.name = choose_relation_name(backend.catalog(), relation->schema, relation->name, index_name_addition(index_column_names(labels)), "idx");
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
