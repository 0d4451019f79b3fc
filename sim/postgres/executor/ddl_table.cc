// CREATE TABLE. Mirrors tablecmds.c's DefineRelation and parse_utilcmd.c's transformCreateStmt.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void refuse_unsupported(const Node& node) {
    if (node.has("inhRelations") && !node.has("partbound")) throw NotSimulated("CREATE TABLE ... INHERITS");
    if (node.has("partspec")) throw NotSimulated("CREATE TABLE ... PARTITION BY");
    if (node.has("partbound")) throw NotSimulated("CREATE TABLE ... PARTITION OF");
    if (node.has("ofTypename")) throw NotSimulated("CREATE TABLE ... OF type");
    std::string_view commit = node.text("oncommit");
    if (!commit.empty() && commit != "ONCOMMIT_NOOP" && commit != "ONCOMMIT_PRESERVE_ROWS") throw NotSimulated("ON COMMIT DROP or DELETE ROWS");
    if (node["relation"].text("relpersistence") == "t") throw NotSimulated("temporary tables");
}

void copy_like(Backend& backend, const Node& clause, Relation& relation, std::vector<PendingConstraint>& later) {
    constexpr std::int64_t kDefaults = 8, kConstraints = 4, kIdentity = 32, kGenerated = 16, kIndexes = 64, kAll = 0x7FFFFFFF;
    RelationPtr source = require_relation(clause["relation"], backend);
    std::int64_t options = clause.integer("options");
    if ((options & (kConstraints | kIdentity | kGenerated | kIndexes)) != 0) throw NotSimulated("LIKE ... INCLUDING what is not DEFAULTS");
    for (const Column& column : source->columns) {
        if (column.dropped) continue;
        Column copy = column;
        copy.attno = static_cast<int>(relation.columns.size()) + 1;
        copy.identity = 0;
        copy.identity_sequence = kInvalidOid;
        if ((options & kDefaults) == 0 || copy.generated) copy.default_expr.reset();
        copy.generated = false;
        relation.columns.push_back(std::move(copy));
    }
    (void)later;
    (void)kAll;
}

void check_duplicate_column(const Relation& relation, const std::string& name) {
    if (relation.find_column(name) != nullptr) {
        throw SqlError("42701", fmt::format("column \"{}\" specified more than once", name));
    }
    constexpr std::string_view kSystem[] = {"ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"};
    if (std::ranges::find(kSystem, name) != std::end(kSystem)) {
        throw SqlError("42701", fmt::format("column name \"{}\" conflicts with a system column name", name));
    }
}

}  // namespace

ExecResult create_table(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    Node range_var = node["relation"];
    refuse_unsupported(node);
    auto relation = std::make_shared<Relation>();
    relation->schema = creation_schema(backend, range_var);
    relation->schema_name = schema_name(backend, relation->schema);
    relation->name = range_var.text("relname");
    relation->persistence = range_var.text("relpersistence") == "u" ? 'u' : 'p';
    relation->owner = backend.current_user();
    if (backend.catalog().relation_name_taken(relation->schema, relation->name)) {
        std::string message = fmt::format("relation \"{}\" already exists", relation->name);
        if (!node.flag("if_not_exists")) throw SqlError("42P07", message);
        backend.send_notice("NOTICE", SqlError("42P07", message + ", skipping"));
        return tag_only("CREATE TABLE");
    }
    relation->oid = allocate_oid(backend);
    relation->file_node = relation->oid;
    std::vector<ColumnPlan> plans;
    std::vector<PendingConstraint> pending;
    for (const Node& element : node.items("tableElts")) {
        if (element.is("Constraint")) {
            pending.push_back({element, "", false, false});
        } else if (element.is("TableLikeClause")) {
            copy_like(backend, element, *relation, pending);
        } else {
            ColumnPlan plan = plan_column(backend, element, *relation);
            check_duplicate_column(*relation, plan.column.name);
            relation->columns.push_back(plan.column);
            pending.insert(pending.end(), plan.constraints.begin(), plan.constraints.end());
            plans.push_back(std::move(plan));
        }
    }
    // Sequences come before the table, defaults when all columns are known.
    for (ColumnPlan& plan : plans) {
        add_sequence(backend, *relation, plan);
        relation->columns[static_cast<std::size_t>(plan.column.attno - 1)] = plan.column;
    }
    for (ColumnPlan& plan : plans) {
        bind_default(backend, *relation, plan);
        relation->columns[static_cast<std::size_t>(plan.column.attno - 1)] = plan.column;
    }
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *relation);
    catalog->put_relation(relation);
    backend.set_catalog(std::move(catalog));
    backend.database().create_table(*relation);
    backend.transaction().created_files.push_back(relation->file_node);
    // CHECKs first, then keys (the primary key before the others), then foreign keys.
    auto rank = [](const PendingConstraint& p) {
        std::string_view kind = p.node.text("contype");
        return kind == "CONSTR_CHECK" ? 0 : kind == "CONSTR_PRIMARY" ? 1 : kind == "CONSTR_FOREIGN" ? 3 : 2;
    };
    std::ranges::stable_sort(pending, {}, rank);
    for (const PendingConstraint& constraint : pending) {
        auto next = copy_relation(backend.catalog().find_relation(relation->oid));
        add_constraint(backend, *next, constraint, false);
        backend.update_relation(next);
    }
    return tag_only("CREATE TABLE");
}

void put_row_types(Backend& backend, Catalog& catalog, Relation& relation) {
    auto row = std::make_shared<TypeInfo>();
    TypePtr before = relation.row_type != kInvalidOid ? catalog.find_type(relation.row_type) : nullptr;
    Oid array_oid = before ? before->array : allocate_oid(backend);
    row->oid = before ? before->oid : allocate_oid(backend);
    row->schema = schema_name(backend, relation.schema);
    row->name = relation.name;
    row->typtype = 'c';
    row->category = 'C';
    row->align = 'd';
    row->array = array_oid;
    row->relation = relation.oid;
    row->ops = shared_type_ops('C');
    for (const Column& column : relation.columns) row->attributes.push_back({column.dropped ? "" : column.name, column.type, column.typmod, column.dropped});
    auto array = std::make_shared<TypeInfo>();
    array->oid = array_oid;
    array->schema = row->schema;
    array->name = make_object_name("_" + relation.name, "", "");
    for (int i = 1; catalog.find_type(relation.schema, array->name) && catalog.find_type(relation.schema, array->name)->oid != array_oid; ++i) {
        array->name = "_" + array->name;
    }
    array->category = 'A';
    array->align = 'd';
    array->element = row->oid;
    array->ops = shared_type_ops('A');
    relation.row_type = row->oid;
    catalog.put_type(row);
    catalog.put_type(array);
}

ExecResult create_table_as(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    if (node.text("objtype") == "OBJECT_MATVIEW") throw NotSimulated("materialized views");
    Node into = node["into"], range_var = into["rel"];
    if (range_var.text("relpersistence") == "t") throw NotSimulated("temporary tables");
    auto relation = std::make_shared<Relation>();
    relation->schema = creation_schema(backend, range_var);
    relation->schema_name = schema_name(backend, relation->schema);
    relation->name = range_var.text("relname");
    relation->persistence = range_var.text("relpersistence") == "u" ? 'u' : 'p';
    relation->owner = backend.current_user();
    if (backend.catalog().relation_name_taken(relation->schema, relation->name)) {
        std::string message = fmt::format("relation \"{}\" already exists", relation->name);
        if (!node.flag("if_not_exists")) throw SqlError("42P07", message);
        backend.send_notice("NOTICE", SqlError("42P07", message + ", skipping"));
        return tag_only("CREATE TABLE AS");
    }
    if (!node["query"].is("SelectStmt")) throw NotSimulated("CREATE TABLE AS of what is not a SELECT");
    std::shared_ptr<const Query> query = bind_query(node["query"], backend.bind_options(statement.hook));
    std::vector<std::string> names = name_list(into.items("colNames"));
    std::size_t next = 0;
    for (const TargetEntry& target : query->targets) {
        if (target.junk) continue;
        Column column;
        column.name = next < names.size() ? names[next] : target.name;
        ++next;
        if (relation->find_column(column.name) != nullptr) {
            throw SqlError("42701", fmt::format("column \"{}\" specified more than once", column.name));
        }
        column.attno = static_cast<int>(relation->columns.size()) + 1;
        column.type = target.expr->type;
        column.typmod = target.expr->typmod;
        const TypeInfo& type = backend.type(column.type);
        if (type.typtype == 'p') throw SqlError("42P16", fmt::format("column \"{}\" has pseudo-type {}", column.name, format_type(backend, column.type)));
        column.collation = type.collation;
        column.storage = type.storage;
        relation->columns.push_back(std::move(column));
    }
    if (names.size() > next) throw SqlError("42601", "too many column names were specified");
    relation->oid = allocate_oid(backend);
    relation->file_node = relation->oid;
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *relation);
    catalog->put_relation(relation);
    backend.set_catalog(std::move(catalog));
    backend.database().create_table(*relation);
    backend.transaction().created_files.push_back(relation->file_node);
    if (into.flag("skipData")) return tag_only("CREATE TABLE AS");
    std::vector<std::vector<Datum>> rows;
    backend.run_query(query, nullptr, statement.params, [&](std::span<const Datum> row) {
        rows.emplace_back(row.begin(), row.end());
        return true;
    });
    std::uint64_t command = backend.begin_command();
    for (const auto& row : rows) {
        NewVersion version;
        version.columns = row;
        version.born = command;
        version.xmin = backend.write_xid();
        RowVersion stored = backend.database().insert(backend, *relation, version);
        backend.transaction().undo.push_back({UndoKind::kInsert, relation->file_node, stored.rid});
        if (relation->persistence != 'p') continue;
        Change change;
        change.kind = ChangeKind::kInsert;
        change.relation = relation;
        change.after = row;
        backend.add_change(std::move(change));
    }
    ExecResult result = tag_only(fmt::format("SELECT {}", rows.size()));
    result.processed = rows.size();
    return result;
}

}  // namespace cdcsim::pg
