// VACUUM, ANALYZE, CLUSTER, REINDEX. Mirrors vacuum.c and cluster.c as far as rows change places: they
// make no events, but what comes after reads and writes in the new order.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/privileges.h"

namespace cdcsim::pg {
namespace {

std::string quoted(const std::string& name) {
    std::string out = "\"";
    for (char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

/// Copies the live rows into a new file in the order of `rows`.
void rewrite_in_order(Backend& backend, const RelationPtr& relation, const std::vector<RowVersion>& rows) {
    auto changed = copy_relation(relation);
    changed->file_node = backend.allocate_file_node();
    backend.database().create_table(*changed);
    backend.transaction().created_files.push_back(changed->file_node);
    backend.transaction().dropped_files.push_back(relation->file_node);
    for (Index& index : changed->indexes) {
        index.storage_oid = allocate_oid(backend);
        build_index(backend, *changed, index);
    }
    std::uint64_t command = backend.begin_command();
    for (const RowVersion& row : rows) {
        NewVersion version;
        version.columns = row.columns;
        version.born = command;
        version.xmin = row.xmin;
        backend.database().insert(backend, *changed, version);
    }
    for (Index& index : changed->indexes) note_packed(backend, *changed, index);
    backend.database().count_rows(changed->file_node);
    backend.update_relation(changed);
}

std::vector<RowVersion> live_rows(Backend& backend, const Relation& relation) {
    std::vector<RowVersion> rows;
    Snapshot snapshot = backend.take_snapshot();
    backend.database().scan(backend, relation, snapshot, [&](RowVersion& version) {
        rows.push_back(version);
        return true;
    });
    return rows;
}

std::string index_order(Backend& backend, const Relation& relation, const Index& index) {
    std::string order;
    for (const IndexKey& key : index.keys) {
        order += order.empty() ? "" : ", ";
        order += key.attno != 0 ? quoted(relation.columns[static_cast<std::size_t>(key.attno - 1)].name) : "(" + deparse_expression(*key.expr->expr, backend, &relation) + ")";
        order += fmt::format(" {} NULLS {}", key.descending ? "DESC" : "ASC", key.nulls_first ? "FIRST" : "LAST");
    }
    return order + ", ctid";
}

void cluster_table(Backend& backend, const RelationPtr& relation, const Index& index) {
    std::string text = fmt::format("SELECT ctid FROM ONLY {}.{} ORDER BY {}", quoted(relation->schema_name), quoted(relation->name), index_order(backend, *relation, index));
    ParseTree tree = parse_sql(text);
    std::vector<std::int64_t> order;
    backend.run_query(bind_query(tree.statements()[0].node, backend.bind_options()), {}, nullptr, [&](std::span<const Datum> row) {
        order.push_back(row[0].as_int());
        return true;
    });
    std::vector<RowVersion> rows = live_rows(backend, *relation), sorted;
    for (std::int64_t rid : order) {
        auto it = std::ranges::find(rows, rid, &RowVersion::rid);
        CDCSIM_CHECK(it != rows.end());
        sorted.push_back(*it);
    }
    rewrite_in_order(backend, relation, sorted);
}

void refuse_in_block(Backend& backend, const Command& command, std::string_view name) {
    if (!command.top_level) throw SqlError("25001", fmt::format("{} cannot be executed from a function", name));
    if (backend.transaction().block) throw SqlError("25001", fmt::format("{} cannot run inside a transaction block", name));
}

bool option_is_on(const Node& node, std::string_view name) {
    for (const Node& option : node.items("options")) {
        if (option.text("defname") == name) return !option.has("arg") || option["arg"].string() != "off";
    }
    return false;
}

/// Other dead rows would be gone, and their places free, after it.
void require_clean(Backend& backend, const Relation& relation, std::string_view what) {
    if (!backend.database().is_clean(relation.file_node)) throw NotSimulated(fmt::format("{} of a table with dead rows", what));
}

/// Each table in a transaction of its own, unless a block is open; what is found takes a transaction id.
void analyze_tables(Backend& backend, const std::vector<RelationPtr>& relations) {
    bool is_first = true;
    for (const RelationPtr& named : relations) {
        const RelationPtr relation = backend.catalog().find_relation(named->oid);
        if (relation->kind != 'r' || relation->is_system() || relation->columns.empty() || !backend.database().analyze(backend, *relation)) continue;
        if (is_first || backend.transaction().block) {
            backend.write_xid();
        } else {
            backend.server().allocate_xid();
        }
        is_first = false;
    }
}

}  // namespace

ExecResult vacuum(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    bool is_vacuum = node.flag("is_vacuumcmd"), full = option_is_on(node, "full");
    std::string name = is_vacuum ? "VACUUM" : "ANALYZE";
    if (is_vacuum) refuse_in_block(backend, command, name);
    std::vector<RelationPtr> relations;
    for (const Node& item : node.items("rels")) {
        RelationPtr relation = open_relation(backend, item["relation"]);
        for (const std::string& column : name_list(item.items("va_cols"))) {
            if (relation->find_column(column) == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", column, relation->name));
        }
        if (relation->kind != 'r' && relation->kind != 'p') {
            backend.send_notice("WARNING", SqlError("01000", fmt::format("skipping \"{}\" --- cannot {} non-tables or special system tables", relation->name, is_vacuum ? "vacuum" : "analyze")));
            continue;
        }
        relations.push_back(relation);
    }
    if (node.items("rels").empty()) {
        for (const auto& [oid, relation] : backend.catalog().relations()) {
            if (relation->kind == 'r' && !relation->is_system()) relations.push_back(relation);
        }
    }
    for (const RelationPtr& relation : relations) {
        if (relation->kind != 'r' || relation->is_system() || !is_vacuum) continue;
        if (full) {
            rewrite_in_order(backend, relation, live_rows(backend, *relation));
        } else {
            require_clean(backend, *relation, name);
            backend.database().count_rows(relation->file_node);
        }
    }
    if (!is_vacuum || option_is_on(node, "analyze")) analyze_tables(backend, relations);
    return tag_only(name);
}

const Index& index_to_cluster_on(const Relation& relation, const std::string& name) {
    const auto index = std::ranges::find(relation.indexes, name, &Index::name);
    if (index == relation.indexes.end()) throw SqlError("42704", fmt::format("index \"{}\" for table \"{}\" does not exist", name, relation.name));
    if (index->method != "btree") throw SqlError("0A000", fmt::format("cannot cluster on index \"{}\" because access method does not support clustering", name));
    if (index->predicate) throw SqlError("0A000", fmt::format("cannot cluster on partial index \"{}\"", name));
    return *index;
}

ExecResult cluster(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    if (!node.has("relation")) throw NotSimulated("CLUSTER of all tables");
    RelationPtr relation = open_relation(backend, node["relation"]);
    require_owner(backend, *relation);
    if (relation->kind != 'r') throw SqlError("42809", fmt::format("\"{}\" is not a table", relation->name));
    check_not_in_use(backend, *relation, "CLUSTER");
    const std::string name(node.text("indexname"));
    const Index* index = relation->find_index(relation->clustered_index);
    if (name.empty() && index == nullptr) throw SqlError("42704", fmt::format("there is no previously clustered index for table \"{}\"", relation->name));
    index = &index_to_cluster_on(*relation, name.empty() ? index->name : name);
    const Oid chosen = index->oid;
    cluster_table(backend, relation, *index);
    auto changed = copy_relation(backend.catalog().find_relation(relation->oid));
    changed->clustered_index = chosen;
    backend.update_relation(changed);
    return tag_only("CLUSTER");
}

ExecResult reindex(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view kind = node.text("kind");
    if (kind == "REINDEX_OBJECT_INDEX") {
        std::string name(node["relation"].text("relname"));
        RelationPtr table;
        for (Oid schema : backend.search_path()) {
            if (auto [found, index] = backend.catalog().find_index(schema, name); index != nullptr) table = found;
        }
        if (node["relation"].has("schemaname")) {
            table = backend.catalog().find_index(require_schema(std::string(node["relation"].text("schemaname")), backend).oid, name).first;
        }
        if (!table && find_relation(node["relation"], backend)) throw SqlError("42809", fmt::format("\"{}\" is not an index", name));
        if (!table) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", name));
        require_clean(backend, *table, "REINDEX");
    } else if (kind == "REINDEX_OBJECT_TABLE") {
        RelationPtr relation = open_relation(backend, node["relation"]);
        if (relation->kind != 'r') throw SqlError("42809", fmt::format("\"{}\" is not a table or materialized view", relation->name));
        require_owner(backend, *relation);
        if (relation->is_system()) throw NotSimulated("REINDEX of a system catalog");
        require_clean(backend, *relation, "REINDEX");
    } else {
        throw NotSimulated("REINDEX of more than one table");
    }
    return tag_only("REINDEX");
}

}  // namespace cdcsim::pg
