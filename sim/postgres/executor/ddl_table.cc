// CREATE TABLE. Mirrors tablecmds.c's DefineRelation and parse_utilcmd.c's transformCreateStmt.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void refuse_unsupported(const Node& node) {
    if (node.has("inhRelations") && !node.has("partbound")) throw NotSimulated("CREATE TABLE ... INHERITS");
    if (node.has("partspec")) throw NotSimulated("CREATE TABLE ... PARTITION BY");
    if (node.has("partbound")) throw NotSimulated("CREATE TABLE ... PARTITION OF");
    if (node.has("ofTypename")) throw NotSimulated("CREATE TABLE ... OF type");
}

char on_commit_of(std::string_view text, char persistence) {
    char action = text == "ONCOMMIT_DROP" ? 'd' : text == "ONCOMMIT_DELETE_ROWS" ? 'r' : 'p';
    bool given = action != 'p' || text == "ONCOMMIT_PRESERVE_ROWS";
    if (given && persistence != 't') throw SqlError("42P16", "ON COMMIT can only be used on temporary tables");
    return action;
}

/// What LIKE copies, CREATE_TABLE_LIKE_*.
namespace like {
constexpr std::int64_t kComments = 1, kConstraints = 4, kDefaults = 8, kGenerated = 16, kIdentity = 32, kIndexes = 64, kStorage = 256;
}  // namespace like

/// A LIKE clause: where each of the source's columns has gone.
struct LikeClause {
    RelationPtr source;
    std::int64_t options = 0;
    std::map<int, int> attnos;
};

ExprPtr with_columns(const ExprPtr& expr, const std::map<int, int>& attnos) {
    if (expr->kind == ExprKind::kVar) {
        auto moved = std::make_shared<VarExpr>(as<VarExpr>(*expr));
        if (moved->attno > 0) moved->attno = attnos.at(moved->attno);
        return moved;
    }
    if (expr->kind == ExprKind::kWholeRow) throw NotSimulated("LIKE of an expression over the whole row");
    return map_children(expr, [&](const ExprPtr& child) { return with_columns(child, attnos); });
}

LikeClause copy_like(Backend& backend, const Node& clause, Relation& relation, std::vector<ColumnPlan>& plans) {
    const Node source = clause["relation"];
    if (source.has("schemaname")) require_schema(std::string(source.text("schemaname")), backend, source.location());
    LikeClause like{require_relation(source, backend), clause.integer("options"), {}};
    const std::string kinds = "rvpc";
    if (kinds.find(like.source->kind) == std::string::npos) {
        throw SqlError("42809", fmt::format("relation \"{}\" is invalid in LIKE clause", like.source->name)).detail(fmt::format("This operation is not supported for {}.", like.source->kind == 'S' ? "sequences" : "indexes")).at(source.location());
    }
    for (const Column& column : like.source->columns) {
        if (column.dropped) continue;
        if (relation.find_column(column.name) != nullptr) throw SqlError("42701", fmt::format("column \"{}\" specified more than once", column.name));
        Column copy = column;
        copy.attno = static_cast<int>(relation.columns.size()) + 1;
        like.attnos[column.attno] = copy.attno;
        copy.identity = 0;
        copy.identity_sequence = kInvalidOid;
        bool keeps = column.generated ? (like.options & like::kGenerated) != 0 : (like.options & like::kDefaults) != 0;
        if (!keeps) copy.default_expr.reset();
        if (copy.default_expr) copy.default_expr->oid = allocate_oid(backend);
        copy.generated = column.generated && keeps;
        if ((like.options & like::kStorage) == 0) copy.storage = backend.type(copy.type).storage;
        relation.columns.push_back(copy);
        if (column.identity == 0 || (like.options & like::kIdentity) == 0) continue;
        ColumnPlan plan;
        plan.column = copy;
        plan.column.identity = column.identity;
        plan.like_sequence = backend.catalog().find_relation(column.identity_sequence)->sequence;
        plans.push_back(std::move(plan));
    }
    return like;
}

/// CHECKs and indexes of a LIKE's source, once the table is there.
void finish_like(Backend& backend, Oid table, const LikeClause& like) {
    auto relation = copy_relation(backend.catalog().find_relation(table));
    std::vector<std::pair<GrantKey, GrantKey>> comments;
    for (const auto& [from, to] : like.attnos) comments.push_back({{like.source->oid, from}, {table, to}});
    for (Column& column : relation->columns) {
        bool moved = std::ranges::any_of(like.attnos, [&](const auto& entry) { return entry.second == column.attno; });
        if (moved && column.generated) column.default_expr = stored_expression(backend, with_columns(column.default_expr->expr, like.attnos));
    }
    for (const Constraint& constraint : like.source->constraints) {
        if (constraint.kind != ConstraintKind::kCheck || (like.options & like::kConstraints) == 0) continue;
        Constraint copy = constraint;
        copy.oid = allocate_oid(backend);
        comments.push_back({{constraint.oid, 0}, {copy.oid, 0}});
        copy.check = stored_expression(backend, with_columns(constraint.check->expr, like.attnos));
        for (int& attno : copy.columns) attno = like.attnos.at(attno);
        relation->constraints.push_back(std::move(copy));
    }
    for (const Index& index : like.source->indexes) {
        if ((like.options & like::kIndexes) == 0) break;
        Index copy = index;
        copy.oid = allocate_oid(backend);
        comments.push_back({{index.oid, 0}, {copy.oid, 0}});
        copy.storage_oid = kInvalidOid;
        std::vector<std::string> names;
        for (IndexKey& key : copy.keys) {
            if (key.attno != 0) key.attno = like.attnos.at(key.attno);
            if (key.expr) key.expr = stored_expression(backend, with_columns(key.expr->expr, like.attnos));
            names.push_back(key.attno != 0 ? relation->columns[static_cast<std::size_t>(key.attno - 1)].name : key.label);
        }
        for (int& attno : copy.include) {
            attno = like.attnos.at(attno);
            names.push_back(relation->columns[static_cast<std::size_t>(attno - 1)].name);
        }
        if (copy.predicate) copy.predicate = stored_expression(backend, with_columns(copy.predicate->expr, like.attnos));
        bool is_constraint = index.constraint != kInvalidOid;
        std::vector<std::string> taken;
        for (const Index& other : relation->indexes) taken.push_back(other.name);
        copy.name = choose_relation_name(backend.catalog(), relation->schema, relation->name, index.primary ? "" : index_name_addition(index_column_names(names)),
                                         index.primary ? "pkey" : is_constraint ? "key" : "idx", taken);
        if (is_constraint) {
            Constraint constraint = *std::ranges::find(like.source->constraints, index.constraint, &Constraint::oid);
            constraint.oid = copy.constraint = allocate_oid(backend);
            constraint.index = copy.oid;
            constraint.name = copy.name;
            for (int& attno : constraint.columns) attno = like.attnos.at(attno);
            for (int attno : constraint.columns) {
                if (index.primary) relation->columns[static_cast<std::size_t>(attno - 1)].not_null = true;
            }
            relation->constraints.push_back(std::move(constraint));
        }
        build_index(backend, *relation, copy);
        relation->indexes.push_back(std::move(copy));
    }
    backend.update_relation(relation);
    if ((like.options & like::kComments) != 0) move_comments(backend, comments);
}

void check_duplicate_column(const Relation& relation, const std::string& name) {
    if (relation.find_column(name) != nullptr) {
        throw SqlError("42701", fmt::format("column \"{}\" specified more than once", name));
    }
    refuse_system_name(name);
}

/// A LIKE clause brings its source's primary key.
void check_like_keys(const Relation& relation, const std::vector<LikeClause>& likes, const std::vector<PendingConstraint>& pending) {
    auto keys = std::ranges::count_if(pending, [](const PendingConstraint& p) { return p.node.text("contype") == "CONSTR_PRIMARY"; });
    keys += std::ranges::count_if(likes, [](const LikeClause& like) { return (like.options & like::kIndexes) != 0 && like.source->primary_key() != nullptr; });
    if (keys > 1) throw SqlError("42P16", fmt::format("multiple primary keys for table \"{}\" are not allowed", relation.name));
}

}  // namespace

bool is_system_column(std::string_view name) {
    constexpr std::string_view kSystem[] = {"ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"};
    return std::ranges::find(kSystem, name) != std::end(kSystem);
}

void refuse_system_name(std::string_view column) {
    if (is_system_column(column)) throw SqlError("42701", fmt::format("column name \"{}\" conflicts with a system column name", column));
}

ExecResult create_table(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    Node range_var = node["relation"];
    refuse_unsupported(node);
    auto relation = std::make_shared<Relation>();
    relation->schema = creation_schema(backend, range_var);
    relation->schema_name = schema_name(backend, relation->schema);
    relation->name = range_var.text("relname");
    relation->persistence = creation_persistence(backend, relation->schema, range_var);
    relation->on_commit = on_commit_of(node.text("oncommit"), relation->persistence);
    relation->owner = backend.current_user();
    const SqlError exists("42P07", fmt::format("relation \"{}\" already exists", relation->name));
    const bool is_taken = backend.catalog().relation_name_taken(relation->schema, relation->name);
    if (is_taken && node.flag("if_not_exists")) {
        backend.send_notice("NOTICE", SqlError("42P07", exists.message() + ", skipping"));
        return tag_only("CREATE TABLE");
    }
    relation->oid = allocate_oid(backend);
    relation->file_node = relation->oid;
    std::vector<ColumnPlan> plans;
    std::vector<PendingConstraint> pending;
    std::vector<LikeClause> likes;
    for (const Node& element : node.items("tableElts")) {
        if (element.is("Constraint")) {
            pending.push_back({element, "", false, false});
        } else if (element.is("TableLikeClause")) {
            likes.push_back(copy_like(backend, element, *relation, plans));
        } else {
            ColumnPlan plan = plan_column(backend, element, *relation);
            check_duplicate_column(*relation, plan.column.name);
            relation->columns.push_back(plan.column);
            pending.insert(pending.end(), plan.constraints.begin(), plan.constraints.end());
            plans.push_back(std::move(plan));
        }
    }
    // Sequences come before the table (which may be there already), defaults when all columns are known.
    for (ColumnPlan& plan : plans) {
        add_sequence(backend, *relation, plan);
        relation->columns[static_cast<std::size_t>(plan.column.attno - 1)] = plan.column;
    }
    check_keys(*relation, pending);
    check_like_keys(*relation, likes, pending);
    set_storage_options(relation->storage, node.items("options"));
    if (is_taken) throw exists;
    for (ColumnPlan& plan : plans) {
        bind_default(backend, *relation, plan);
        relation->columns[static_cast<std::size_t>(plan.column.attno - 1)] = plan.column;
    }
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *relation);
    catalog->put_relation(relation);
    give_default_rights(*catalog, {relation->oid, relation->owner, relation->schema, 'r'});
    backend.set_catalog(std::move(catalog));
    backend.database().create_table(*relation);
    backend.transaction().created_files.push_back(relation->file_node);
    // CHECKs first, then keys (the primary key before the others), then foreign keys.
    auto rank = [](const PendingConstraint& p) {
        std::string_view kind = p.node.text("contype");
        return kind == "CONSTR_CHECK" ? 0 : kind == "CONSTR_PRIMARY" ? 1 : kind == "CONSTR_FOREIGN" ? 3 : 2;
    };
    std::ranges::stable_sort(pending, {}, rank);
    // Foreign keys may need an index that LIKE brings.
    auto add = [&](bool is_foreign) {
        for (const PendingConstraint& constraint : pending) {
            if ((constraint.node.text("contype") == "CONSTR_FOREIGN") != is_foreign) continue;
            auto next = copy_relation(backend.catalog().find_relation(relation->oid));
            add_constraint(backend, *next, constraint, nullptr);
            backend.update_relation(next);
        }
    };
    add(false);
    for (const LikeClause& like : likes) finish_like(backend, relation->oid, like);
    add(true);
    return tag_only("CREATE TABLE");
}

namespace {

void claim_row_type_name(Catalog& catalog, const Relation& relation) {
    try {
        claim_type_name(catalog, relation.schema, relation.name);
    } catch (SqlError& error) {
        throw std::move(error).hint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.");
    }
}

}  // namespace

void put_row_types(Backend& backend, Catalog& catalog, Relation& relation) {
    constexpr std::size_t kMaxColumns = 1600;  // MaxHeapAttributeNumber; dropped ones count
    if (relation.columns.size() > kMaxColumns) {
        throw SqlError("54011", fmt::format("tables can have at most {} columns", kMaxColumns));
    }
    auto row = std::make_shared<TypeInfo>();
    TypePtr before = relation.row_type != kInvalidOid ? catalog.find_type(relation.row_type) : nullptr;
    if (!before) {
        claim_row_type_name(catalog, relation);
    } else if (before->name != relation.name) {
        rename_type_to(catalog, relation.schema, *before, relation.name);
    }
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
    catalog.put_type(row);
    array->name = before ? catalog.find_type(array_oid)->name : array_type_name(catalog, relation.schema, relation.name);
    array->category = 'A';
    array->align = 'd';
    array->element = row->oid;
    array->ops = shared_type_ops('A');
    relation.row_type = row->oid;
    catalog.put_type(array);
}

namespace {

/// CREATE TABLE AS and SELECT INTO.
ExecResult table_from_query(Backend& backend, const Command& statement, const Node& into, const Node& source, bool if_not_exists) {
    Node range_var = into["rel"];
    auto relation = std::make_shared<Relation>();
    relation->schema = creation_schema(backend, range_var);
    relation->schema_name = schema_name(backend, relation->schema);
    relation->name = range_var.text("relname");
    relation->persistence = creation_persistence(backend, relation->schema, range_var);
    relation->on_commit = on_commit_of(into.text("onCommit"), relation->persistence);
    relation->owner = backend.current_user();
    if (!source.is("SelectStmt")) throw NotSimulated("CREATE TABLE AS of what is not a SELECT");
    std::shared_ptr<const Query> query = bind_query(source, {backend, statement.hook, true});
    if (backend.catalog().relation_name_taken(relation->schema, relation->name)) {
        std::string message = fmt::format("relation \"{}\" already exists", relation->name);
        if (!if_not_exists) throw SqlError("42P07", message);
        backend.send_notice("NOTICE", SqlError("42P07", message + ", skipping"));
        return tag_only("CREATE TABLE AS");
    }
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
    set_storage_options(relation->storage, into.items("options"));
    relation->oid = allocate_oid(backend);
    relation->file_node = relation->oid;
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *relation);
    catalog->put_relation(relation);
    give_default_rights(*catalog, {relation->oid, relation->owner, relation->schema, 'r'});
    backend.set_catalog(std::move(catalog));
    backend.database().create_table(*relation);
    backend.transaction().created_files.push_back(relation->file_node);
    if (into.flag("skipData")) return tag_only("CREATE TABLE AS");
    std::vector<std::vector<Datum>> rows;
    backend.run_query(query, {}, statement.params, [&](std::span<const Datum> row) {
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
        change.after = std::make_shared<const std::vector<Datum>>(row);
        backend.add_change(std::move(change));
    }
    ExecResult result = tag_only(fmt::format("SELECT {}", rows.size()));
    result.processed = rows.size();
    return result;
}

}  // namespace

ExecResult create_table_as(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    if (node.text("objtype") == "OBJECT_MATVIEW") throw NotSimulated("materialized views");
    return table_from_query(backend, statement, node["into"], node["query"], node.flag("if_not_exists"));
}

ExecResult select_into(Backend& backend, const Command& statement, const RowSink&) {
    // Of a UNION the leftmost SELECT has it.
    Node leaf = statement.node;
    while (!leaf.has("intoClause")) leaf = leaf["larg"];
    return table_from_query(backend, statement, leaf["intoClause"], statement.node, false);
}

}  // namespace cdcsim::pg
