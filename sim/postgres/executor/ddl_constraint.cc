// Table and column constraints, and the indexes behind keys. Mirrors tablecmds.c's
// ATExecAddConstraint and indexcmds.c's DefineIndex.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/storage/tuple_sort.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

SqlError no_index_of_system_column() { return SqlError("0A000", "index creation on system columns is not supported"); }

/// A column of a foreign key.
int foreign_key_column(const Relation& relation, const std::string& name) {
    if (const Column* column = relation.find_column(name)) return column->attno;
    if (is_system_column(name)) throw SqlError("0A000", "system columns cannot be used in foreign keys");
    throw SqlError("42703", fmt::format("column \"{}\" referenced in foreign key constraint does not exist", name));
}

int require_column(const Relation& relation, const std::string& name, std::string_view message) {
    const Column* column = relation.find_column(name);
    if (column == nullptr && is_system_column(name)) throw no_index_of_system_column();
    if (column == nullptr) throw SqlError("42703", fmt::format(fmt::runtime(message), name));
    return column->attno;
}

std::string explicit_name(const Node& node, const Relation& relation) {
    std::string name(node.text("conname"));
    if (name.empty()) return name;
    if (std::ranges::find(relation.constraints, name, &Constraint::name) != relation.constraints.end()) {
        throw SqlError("42710", fmt::format("constraint \"{}\" for relation \"{}\" already exists", name, relation.name));
    }
    return name;
}

void add_check(Backend& backend, Relation& relation, const PendingConstraint& pending, RowWork* work) {
    Constraint constraint;
    constraint.kind = ConstraintKind::kCheck;
    constraint.oid = allocate_oid(backend);
    constraint.no_inherit = pending.node.flag("is_no_inherit");
    constraint.validated = !pending.node.flag("skip_validation");
    ExprScope scope;
    scope.place = "check constraints";
    scope.items.push_back({relation.name, std::make_shared<Relation>(relation), 1});
    ExprPtr expr = bind_expression(pending.node["raw_expr"], backend.bind_options(), scope);
    expr = coerce_to_boolean(expr, backend.bind_options(), "CHECK");
    constraint.check = stored_expression(backend, expr);
    any_expression(expr, [&](const Expr& e) {
        if (e.kind == ExprKind::kVar) {
            int attno = as<VarExpr>(e).attno;
            if (attno > 0 && std::ranges::find(constraint.columns, attno) == constraint.columns.end()) constraint.columns.push_back(attno);
        }
        return false;
    });
    std::ranges::sort(constraint.columns);
    const auto same = std::ranges::find(relation.constraints, std::string(pending.node.text("conname")), &Constraint::name);
    if (work == nullptr && same != relation.constraints.end() && same->kind == ConstraintKind::kCheck) {
        throw SqlError("42710", fmt::format("check constraint \"{}\" already exists", same->name));
    }
    constraint.name = explicit_name(pending.node, relation);
    if (constraint.name.empty()) {
        // The one column that it uses gives the name, wherever it was written.
        std::string column;
        if (constraint.columns.size() == 1) column = relation.columns[static_cast<std::size_t>(constraint.columns[0] - 1)].name;
        constraint.name = choose_constraint_name(backend.catalog(), relation, column, "check");
    }
    if (work != nullptr && constraint.validated) work->checks.push_back(constraint.oid);
    relation.constraints.push_back(std::move(constraint));
}

/// The index of PRIMARY KEY USING INDEX and UNIQUE USING INDEX (transformIndexConstraint).
Index& require_adoptable(Backend& backend, Relation& relation, const PendingConstraint& pending) {
    std::string name(pending.node.text("indexname"));
    const auto refuse = [&](const char* code, const std::string& message) { return SqlError(code, message).at(pending.node.location()); };
    const auto unfit = [&](const std::string& message) {
        return refuse("42809", message).detail("Cannot create a primary key or unique constraint using such an index.");
    };
    auto index = std::ranges::find(relation.indexes, name, &Index::name);
    if (index == relation.indexes.end()) {
        for (const auto& [oid, other] : backend.catalog().relations()) {
            const bool elsewhere = other->schema == relation.schema && std::ranges::find(other->indexes, name, &Index::name) != other->indexes.end();
            if (elsewhere) throw refuse("55000", fmt::format("index \"{}\" does not belong to table \"{}\"", name, relation.name));
        }
        throw refuse("42704", fmt::format("index \"{}\" does not exist", name));
    }
    if (index->constraint != kInvalidOid) throw refuse("55000", fmt::format("index \"{}\" is already associated with a constraint", name));
    if (!index->unique) throw unfit(fmt::format("\"{}\" is not a unique index", name));
    if (std::ranges::any_of(index->keys, [](const IndexKey& key) { return key.attno == 0; })) throw unfit(fmt::format("index \"{}\" contains expressions", name));
    if (index->predicate) throw unfit(fmt::format("\"{}\" is a partial index", name));
    for (std::size_t i = 0; i < index->keys.size(); ++i) {
        if (!index->keys[i].descending && !index->keys[i].nulls_first) continue;
        throw unfit(fmt::format("index \"{}\" column number {} does not have default sorting behavior", name, i + 1));
    }
    return *index;
}

void adopt_index(Backend& backend, Relation& relation, const PendingConstraint& pending, Constraint constraint, RowWork* work) {
    Index* index = &require_adoptable(backend, relation, pending);
    const std::string name = index->name;
    std::string conname = explicit_name(pending.node, relation);
    constraint.name = conname.empty() ? name : conname;
    if (constraint.name != name) {
        backend.notice("NOTICE", fmt::format("ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"{}\" to \"{}\"", name, constraint.name));
        index->name = constraint.name;
    }
    for (const IndexKey& key : index->keys) constraint.columns.push_back(key.attno);
    index->constraint = constraint.oid;
    index->immediate = !constraint.deferrable;
    index->primary = constraint.kind == ConstraintKind::kPrimary;
    if (index->primary) {
        for (int attno : constraint.columns) relation.columns[static_cast<std::size_t>(attno - 1)].not_null = true;
        if (work != nullptr) work->verifies_not_null = true;
    }
    constraint.index = index->oid;
    relation.constraints.push_back(std::move(constraint));
}

/// What a second PRIMARY KEY says.
SqlError second_primary(const Relation& relation, const PendingConstraint& pending, bool altered) {
    return SqlError("42P16", fmt::format("multiple primary keys for table \"{}\" are not allowed", relation.name)).at(altered ? -1 : pending.node.location());
}

std::vector<std::string> key_names(const PendingConstraint& pending) {
    std::vector<std::string> names = name_list(pending.node.items("keys"));
    if (names.empty()) names.push_back(pending.column);
    return names;
}

/// The columns of PRIMARY KEY or UNIQUE. Throws 42703, 42701.
std::vector<int> key_columns(const Relation& relation, const PendingConstraint& pending, bool primary, bool altered) {
    std::vector<int> attnos;
    for (const std::string& name : key_names(pending)) {
        const Column* found = relation.find_column(name);
        if (found == nullptr && is_system_column(name)) {
            if (primary) throw SqlError("0A000", fmt::format("cannot alter system column \"{}\"", name));
            throw no_index_of_system_column();
        }
        if (found == nullptr) {
            // ALTER TABLE makes a key's columns NOT NULL first, and points nowhere.
            if (altered && primary) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation.name));
            throw SqlError("42703", fmt::format("column \"{}\" named in key does not exist", name)).at(altered ? -1 : pending.node.location());
        }
        if (std::ranges::find(attnos, found->attno) != attnos.end()) {
            throw SqlError("42701", fmt::format("column \"{}\" appears twice in {} constraint", name, primary ? "primary key" : "unique")).at(pending.node.location());
        }
        attnos.push_back(found->attno);
    }
    return attnos;
}

void add_key(Backend& backend, Relation& relation, const PendingConstraint& pending, bool primary, RowWork* work) {
    const bool altered = work != nullptr;
    Constraint constraint;
    constraint.kind = primary ? ConstraintKind::kPrimary : ConstraintKind::kUnique;
    constraint.oid = allocate_oid(backend);
    constraint.deferrable = pending.node.flag("deferrable") || pending.deferrable;
    constraint.initially_deferred = pending.node.flag("initdeferred") || pending.deferred;
    if (primary && relation.primary_key() != nullptr) throw second_primary(relation, pending, altered);
    if (!pending.node.text("indexname").empty()) return adopt_index(backend, relation, pending, std::move(constraint), work);
    constraint.columns = key_columns(relation, pending, primary, altered);
    Index index;
    for (int attno : constraint.columns) {
        require_btree_class(backend, relation.columns[static_cast<std::size_t>(attno - 1)].type);
        index.keys.emplace_back().attno = attno;
    }
    for (const std::string& name : name_list(pending.node.items("including"))) {
        index.include.push_back(require_column(relation, name, "column \"{}\" named in key does not exist"));
    }
    set_index_options(index.storage, pending.node.items("options"));
    const std::string given(pending.node.text("conname"));
    if (!given.empty() && backend.catalog().relation_name_taken(relation.schema, given)) {
        throw SqlError("42P07", fmt::format("relation \"{}\" already exists", given));
    }
    constraint.name = explicit_name(pending.node, relation);
    if (constraint.name.empty()) {
        std::vector<std::string> names = key_names(pending), included = name_list(pending.node.items("including"));
        names.insert(names.end(), included.begin(), included.end());
        constraint.name = primary ? choose_relation_name(backend.catalog(), relation.schema, relation.name, "", "pkey")
                                  : choose_relation_name(backend.catalog(), relation.schema, relation.name, index_name_addition(index_column_names(names)), "key");
    }
    index.oid = allocate_oid(backend);
    index.name = constraint.name;
    index.unique = true;
    index.primary = primary;
    index.immediate = !constraint.deferrable;
    index.nulls_not_distinct = pending.node.flag("nulls_not_distinct");
    index.constraint = constraint.oid;
    constraint.index = index.oid;
    if (primary) {
        for (int attno : constraint.columns) relation.columns[static_cast<std::size_t>(attno - 1)].not_null = true;
    }
    // An index of a table that is going to be rewritten is built with its rows.
    const bool builds = !altered || !work->rewrites;
    if (builds) build_index(backend, relation, index);
    relation.constraints.push_back(std::move(constraint));
    relation.indexes.push_back(std::move(index));
    if (altered && builds) validate_index(backend, relation, relation.indexes.back());
    if (altered && primary) work->verifies_not_null = true;
}

/// The unique index of the referenced table over exactly these columns.
const Index* find_referenced_index(const Relation& parent, const std::vector<int>& columns) {
    for (const Index& index : parent.indexes) {
        if (!index.unique || index.predicate || index.keys.size() != columns.size()) continue;
        bool same = std::ranges::all_of(index.keys, [&](const IndexKey& key) { return key.attno != 0 && std::ranges::find(columns, key.attno) != columns.end(); });
        if (same) return &index;
    }
    return nullptr;
}

void check_comparable(Backend& backend, const Relation& child, int child_attno, const Relation& parent, int parent_attno, const Constraint& constraint, Made made) {
    const Column& a = child.columns[static_cast<std::size_t>(child_attno - 1)];
    const Column& b = parent.columns[static_cast<std::size_t>(parent_attno - 1)];
    const Oid x = base_type(backend, backend.type(a.type)).oid, y = base_type(backend, backend.type(b.type)).oid;
    if (x == y) return;
    // The operator family of the parent's index, or an implicit cast of the child's column.
    auto family = [](Oid type) {
        switch (type) {
            case oid::kInt2: case oid::kInt4: case oid::kInt8: return 1;
            case oid::kFloat4: case oid::kFloat8: return 2;
            case oid::kText: case oid::kVarchar: case oid::kName: return 3;
            case oid::kBpchar: return 4;
            case oid::kDate: case oid::kTimestamp: case oid::kTimestamptz: return 5;
            case oid::kNumeric: return 6;
            default: return 0;
        }
    };
    int fx = family(x), fy = family(y);
    bool cross = fx != 0 && fx == fy;
    bool implicit = (fy == 6 && fx == 1) || (fy == 2 && (fx == 1 || fx == 6)) || (fy == 3 && fx == 4) || (fy == 4 && fx == 3);
    if (cross || (made == Made::kAnew && fy == 6 && fx == 1)) return;
    if (implicit) throw NotSimulated(fmt::format("a foreign key from {} to {}", format_type(backend, a.type), format_type(backend, b.type)));
    throw SqlError("42804", fmt::format("foreign key constraint \"{}\" cannot be implemented", constraint.name))
        .detail(fmt::format("Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.", a.name, b.name, format_type(backend, a.type), format_type(backend, b.type)));
}

/// A referential action must not write a generated column.
void check_generated_actions(const Relation& relation, const Constraint& constraint) {
    const bool generated = std::ranges::any_of(constraint.columns, [&](int attno) { return relation.columns[static_cast<std::size_t>(attno - 1)].generated; });
    if (!generated) return;
    auto refuse = [](std::string_view event) {
        throw SqlError("42601", fmt::format("invalid {} action for foreign key constraint containing generated column", event));
    };
    if (constraint.on_update == 'n' || constraint.on_update == 'd' || constraint.on_update == 'c') refuse("ON UPDATE");
    if (constraint.on_delete == 'n' || constraint.on_delete == 'd') refuse("ON DELETE");
}

void add_foreign_key(Backend& backend, Relation& relation, const PendingConstraint& pending, RowWork* work) {
    const Node& node = pending.node;
    Constraint constraint;
    constraint.kind = ConstraintKind::kForeign;
    constraint.oid = allocate_oid(backend);
    // Its four triggers have the next numbers.
    for (int trigger = 0; trigger < 4; ++trigger) allocate_oid(backend);
    constraint.deferrable = node.flag("deferrable") || pending.deferrable;
    constraint.initially_deferred = node.flag("initdeferred") || pending.deferred;
    constraint.validated = !node.flag("skip_validation");
    auto letter = [&](std::string_view field, char fallback) { return node.text(field).empty() ? fallback : node.text(field)[0]; };
    constraint.on_update = letter("fk_upd_action", 'a');
    constraint.on_delete = letter("fk_del_action", 'a');
    constraint.match = letter("fk_matchtype", 's');
    if (constraint.match == 'p') throw SqlError("0A000", "MATCH PARTIAL not yet implemented").at(node.location());
    RelationPtr parent = open_relation(backend, node["pktable"]);
    if (parent->kind != 'r') {
        throw SqlError("42809", fmt::format("referenced relation \"{}\" is not a table", parent->name));
    }
    if (parent->oid == relation.oid) parent = std::make_shared<Relation>(relation);
    if (relation.persistence == 'p' && parent->persistence != 'p') {
        throw SqlError("42P16", "constraints on permanent tables may reference only permanent tables");
    }
    if (relation.persistence == 'u' && parent->persistence == 't') {
        throw SqlError("42P16", "constraints on unlogged tables may reference only permanent or unlogged tables");
    }
    if (relation.persistence == 't' && parent->persistence != 't') {
        throw SqlError("42P16", "constraints on temporary tables may reference only temporary tables");
    }
    if (relation.owner != parent->owner) require_relation_right(backend, *parent, right::kReferences);
    std::vector<std::string> names = name_list(node.items("fk_attrs"));
    if (names.empty()) names.push_back(pending.column);
    for (const std::string& name : names) constraint.columns.push_back(foreign_key_column(relation, name));
    std::vector<std::string> parent_names = name_list(node.items("pk_attrs"));
    if (parent_names.empty()) {
        const Constraint* key = parent->primary_key();
        if (key == nullptr) throw SqlError("42704", fmt::format("there is no primary key for referenced table \"{}\"", parent->name));
        constraint.referenced_columns = key->columns;
        constraint.index = key->index;
    } else {
        for (const std::string& name : parent_names) constraint.referenced_columns.push_back(foreign_key_column(*parent, name));
    }
    if (constraint.columns.size() != constraint.referenced_columns.size()) {
        throw SqlError("42830", "number of referencing and referenced columns for foreign key disagree");
    }
    if (constraint.index == kInvalidOid) {
        const Index* index = find_referenced_index(*parent, constraint.referenced_columns);
        if (index == nullptr) {
            throw SqlError("42830", fmt::format("there is no unique constraint matching given keys for referenced table \"{}\"", parent->name));
        }
        if (!index->immediate) {
            throw SqlError("55000", fmt::format("cannot use a deferrable unique constraint for referenced table \"{}\"", parent->name));
        }
        constraint.index = index->oid;
    }
    constraint.referenced = parent->oid;
    for (const std::string& name : name_list(node.items("fk_del_set_cols"))) {
        const int attno = foreign_key_column(relation, name);
        if (std::ranges::find(constraint.columns, attno) == constraint.columns.end()) {
            throw SqlError("42P10", fmt::format("column \"{}\" referenced in ON DELETE SET action must be part of foreign key", name));
        }
        std::vector<int>& set = constraint.on_delete_set_columns;
        if (std::ranges::find(set, attno) == set.end()) set.push_back(attno);
    }
    check_generated_actions(relation, constraint);
    constraint.name = explicit_name(node, relation);
    if (constraint.name.empty()) constraint.name = choose_constraint_name(backend.catalog(), relation, index_name_addition(names), "fkey");
    check_foreign_key_types(backend, relation, *parent, constraint, Made::kFirst);
    if (work != nullptr && constraint.validated) work->foreign_keys.push_back({constraint.oid, relation.oid});
    relation.constraints.push_back(std::move(constraint));
}

}  // namespace

void check_keys(const Relation& relation, std::span<const PendingConstraint> pending) {
    bool has_primary = false;
    for (const PendingConstraint& constraint : pending) {
        const std::string_view kind = constraint.node.text("contype");
        const bool primary = kind == "CONSTR_PRIMARY";
        if (!primary && kind != "CONSTR_UNIQUE") continue;
        if (primary && std::exchange(has_primary, true)) throw second_primary(relation, constraint, false);
        key_columns(relation, constraint, primary, false);
    }
}

void check_foreign_key_types(Backend& backend, const Relation& child, const Relation& parent, const Constraint& constraint, Made made) {
    for (std::size_t i = 0; i < constraint.columns.size(); ++i) {
        check_comparable(backend, child, constraint.columns[i], parent, constraint.referenced_columns[i], constraint, made);
    }
}

void add_constraint(Backend& backend, Relation& relation, const PendingConstraint& pending, RowWork* work) {
    std::string_view kind = pending.node.text("contype");
    if (kind == "CONSTR_CHECK") return add_check(backend, relation, pending, work);
    if (kind == "CONSTR_PRIMARY") return add_key(backend, relation, pending, true, work);
    if (kind == "CONSTR_UNIQUE") return add_key(backend, relation, pending, false, work);
    if (kind == "CONSTR_FOREIGN") return add_foreign_key(backend, relation, pending, work);
    throw NotSimulated("EXCLUDE constraints", pending.node.location());
}

void build_index(Backend& backend, const Relation& relation, const Index& index) {
    std::vector<int> columns;
    for (const IndexKey& key : index.keys) {
        if (key.attno == 0) return backend.database().count_rows(relation.file_node);   // found by a scan
        columns.push_back(key.attno);
    }
    backend.database().create_index(relation, index.storage_oid != kInvalidOid ? index.storage_oid : index.oid, columns);
}

void note_packed(Backend& backend, const Relation& relation, Index& index) {
    // Equal values of these may look different (btequalimage): each has an entry of its own.
    static constexpr Oid kMayDiffer[] = {oid::kFloat4, oid::kFloat8, oid::kInterval, oid::kJsonb, oid::kNumeric, oid::kTsvector, oid::kTsquery};
    auto may_differ = [&](const IndexKey& key) {
        const Oid oid = key.expr ? key.expr->expr->type : relation.columns[static_cast<std::size_t>(key.attno - 1)].type;
        const TypeInfo& type = base_type(backend, backend.type(oid));
        return type.is_array() || type.typtype == 'c' || type.typtype == 'r' || type.typtype == 'm' || std::ranges::find(kMayDiffer, type.oid) != std::end(kMayDiffer);
    };
    const bool packs = index.method == "btree" && !index.unique && index.include.empty() && std::ranges::none_of(index.keys, may_differ);
    index.packed_until = packs ? backend.database().last_rid(relation.file_node) : 0;
}

namespace {

/// What goes into an index for one row.
struct IndexEntry {
    std::vector<Datum> values;
    RowVersion version;
    std::int64_t root = 0;  ///< where the index points: the beginning of a HOT chain
    int size = 0;           ///< in bytes, of those that may be too big
    bool has_null = false;
};

[[noreturn]] void throw_cannot_create(Backend& backend, const Relation& relation, const Index& index, const IndexEntry& entry) {
    try {
        throw_duplicate(backend, relation, index, entry.version.columns);
    } catch (SqlError& error) {
        // "already exists" becomes "is duplicated".
        std::string detail = error.detail();
        constexpr std::string_view kExists = " already exists.";
        if (detail.ends_with(kExists)) detail = detail.substr(0, detail.size() - kExists.size()) + " is duplicated.";
        throw SqlError("23505", fmt::format("could not create unique index \"{}\"", index.name)).detail(detail).about(error.objects());
    }
}

/// comparetup_index_btree: the values, then the place in the table.
int compare_entries(Backend& backend, const Relation& relation, const Index& index, const IndexEntry& a, const IndexEntry& b) {
    for (std::size_t i = 0; i < index.keys.size(); ++i) {
        const IndexKey& key = index.keys[i];
        const Datum &x = a.values[i], &y = b.values[i];
        if (x.is_null() || y.is_null()) {
            if (x.is_null() && y.is_null()) continue;
            return x.is_null() == key.nulls_first ? -1 : 1;
        }
        const Oid type = key.attno != 0 ? relation.columns[static_cast<std::size_t>(key.attno - 1)].type : key.expr->expr->type;
        const int order = compare_values(backend, type, x, y);
        if (order != 0) return key.descending ? -order : order;
    }
    if (index.unique && (!a.has_null || index.nulls_not_distinct)) throw_cannot_create(backend, relation, index, a);
    return a.root < b.root ? -1 : 1;
}

}  // namespace

/// Of several duplicates the first two that the sort compares are told; the entries are then written in order.
void validate_index(Backend& backend, const Relation& relation, const Index& index) {
    Snapshot snapshot = backend.take_snapshot();
    std::vector<IndexEntry> entries;
    backend.database().scan(backend, relation, snapshot, [&](RowVersion& version) {
        const bool is_long = has_long_value(version.columns);
        if (!index.unique && !is_long) return true;  // nothing to find wrong
        auto values = index_values(backend, relation, index, version.columns, snapshot);
        if (!values) return true;
        const int size = is_long ? entry_size(backend, relation, index, version.columns, snapshot) : 0;
        const bool has_null = std::ranges::any_of(*values, [](const Datum& value) { return value.is_null(); });
        entries.push_back({std::move(*values), version, backend.database().root_of(relation.file_node, version.rid), size, has_null});
        return true;
    });
    std::vector<const IndexEntry*> sorted;
    for (const IndexEntry& entry : entries) sorted.push_back(&entry);
    quick_sort(std::span(sorted), [&](const IndexEntry* a, const IndexEntry* b) { return compare_entries(backend, relation, index, *a, *b); });
    for (const IndexEntry* entry : sorted) check_third_page(relation, index, entry->size, entry->root);
}

}  // namespace cdcsim::pg
