// DROP. Mirrors dropcmds.c and dependency.c: what depends on a dropped object stops a plain DROP and
// goes with a DROP ... CASCADE.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg {
namespace {

struct Target {
    RelationPtr relation;
};

/// One thing that hangs on a relation being dropped.
struct Dependent {
    std::string description;          ///< "constraint c_fkey on table c"
    std::string needs;                ///< "table p"
    std::function<void()> drop;
};

std::string relation_kind(const Relation& relation) {
    return relation.kind == 'v' ? "view" : relation.kind == 'S' ? "sequence" : "table";
}

std::string shown_name(Backend& backend, const Relation& relation) {
    RelationPtr found = find_relation_by_name({relation.name}, backend);
    std::string name = quote_identifier(relation.name);
    return found && found->oid == relation.oid ? name : quote_identifier(relation.schema_name) + "." + name;
}

bool view_uses(const Query& query, Oid oid) {
    bool found = false;
    // A view's own query is another object's business.
    for (const RangeTableEntry& rte : query.range_table) found = found || (rte.relation && rte.relation->oid == oid);
    auto look = [&](const ExprPtr& expr) {
        any_expression(expr, [&](const Expr& e) {
            if (e.kind == ExprKind::kSubLink) found = found || view_uses(*as<SubLinkExpr>(e).query, oid);
            return found;
        });
    };
    for_each_expression(query, look, [&](const Query& below) {
        bool of_view = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.relation && rte.subquery.get() == &below; });
        if (!of_view) found = found || view_uses(below, oid);
    });
    return found;
}

void remove_relation(Backend& backend, const RelationPtr& relation) {
    auto catalog = backend.copy_catalog();
    for (const auto& [oid, other] : std::map<Oid, RelationPtr>(catalog->relations())) {
        if (other->sequence && other->sequence->owner_table == relation->oid) catalog->drop_relation(oid);
    }
    for (const auto& [oid, publication] : std::map<Oid, Publication>(catalog->publications())) {
        Publication changed = publication;
        std::erase_if(changed.tables, [&](const PublicationTable& t) { return t.relation == relation->oid; });
        if (changed.tables.size() != publication.tables.size()) catalog->put_publication(changed);
    }
    for (const Column& column : relation->columns) {
        if (column.identity_sequence != kInvalidOid && catalog->find_relation(column.identity_sequence)) catalog->drop_relation(column.identity_sequence);
    }
    if (relation->row_type != kInvalidOid) {
        if (TypePtr type = catalog->find_type(relation->row_type)) {
            catalog->drop_type(type->array);
            catalog->drop_type(type->oid);
        }
    }
    catalog->drop_relation(relation->oid);
    backend.set_catalog(std::move(catalog));
    if (relation->kind == 'r') backend.transaction().dropped_files.push_back(relation->file_node);
}

void remove_if_there(Backend& backend, Oid oid) {
    if (RelationPtr relation = backend.catalog().find_relation(oid)) remove_relation(backend, relation);
}

std::vector<Dependent> dependents_of(Backend& backend, const RelationPtr& relation, const std::vector<Oid>& dropped) {
    std::vector<Dependent> found;
    std::string self = relation_kind(*relation) + " " + shown_name(backend, *relation);
    for (const auto& [oid, other] : backend.catalog().relations()) {
        if (oid == relation->oid || std::ranges::find(dropped, oid) != dropped.end()) continue;
        for (const Constraint& constraint : other->constraints) {
            if (constraint.kind != ConstraintKind::kForeign || constraint.referenced != relation->oid) continue;
            Oid child = oid;
            std::string name = constraint.name;
            found.push_back({fmt::format("constraint {} on table {}", name, shown_name(backend, *other)), self, [&backend, child, name] {
                                 auto changed = copy_relation(backend.catalog().find_relation(child));
                                 std::erase_if(changed->constraints, [&](const Constraint& c) { return c.name == name; });
                                 backend.update_relation(changed);
                             }});
        }
        if (other->kind == 'v' && other->view && view_uses(*other->view, relation->oid)) {
            RelationPtr view = other;
            found.push_back({fmt::format("view {}", shown_name(backend, *other)), self, [&backend, view] { remove_if_there(backend, view->oid); }});
            std::vector<Oid> known = dropped;
            known.push_back(relation->oid);
            for (Dependent& below : dependents_of(backend, view, known)) found.push_back(std::move(below));
        }
        if (relation->kind != 'S') continue;
        for (const Column& column : other->columns) {
            bool uses = column.default_expr && !column.dropped && any_expression(column.default_expr->expr, [&](const Expr& e) {
                return e.kind == ExprKind::kConst && e.type == 2205 && !as<ConstExpr>(e).value.is_null() && as<ConstExpr>(e).value.as_int() == relation->oid;
            });
            if (!uses) continue;
            Oid table = oid;
            int attno = column.attno;
            found.push_back({fmt::format("default value for column {} of table {}", column.name, shown_name(backend, *other)), self, [&backend, table, attno] {
                                 auto changed = copy_relation(backend.catalog().find_relation(table));
                                 changed->columns[static_cast<std::size_t>(attno - 1)].default_expr.reset();
                                 backend.update_relation(changed);
                             }});
        }
    }
    return found;
}

void settle_dependents(Backend& backend, const std::vector<Dependent>& dependents, bool cascade, const std::string& what) {
    if (dependents.empty()) return;
    if (!cascade) {
        std::string detail;
        for (const Dependent& dependent : dependents) {
            detail += (detail.empty() ? "" : "\n") + fmt::format("{} depends on {}", dependent.description, dependent.needs);
        }
        throw SqlError("2BP01", fmt::format("cannot drop {} because other objects depend on it", what))
            .detail(detail).hint("Use DROP ... CASCADE to drop the dependent objects too.");
    }
    if (dependents.size() == 1) {
        backend.notice("NOTICE", fmt::format("drop cascades to {}", dependents[0].description));
    } else {
        SqlError report("00000", fmt::format("drop cascades to {} other objects", dependents.size()));
        std::string detail;
        for (const Dependent& dependent : dependents) detail += (detail.empty() ? "" : "\n") + fmt::format("drop cascades to {}", dependent.description);
        report.set_detail(detail);
        backend.send_notice("NOTICE", std::move(report));
    }
    for (const Dependent& dependent : dependents) dependent.drop();
}

void skip_notice(Backend& backend, const std::string& what) { backend.send_notice("NOTICE", SqlError("00000", what + " does not exist, skipping")); }

/// Whether a query reads one column of a relation.
bool reads_column(const Query& query, Oid oid, int attno) {
    bool found = false;
    auto of_relation = [&](int rt_index) {
        const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(rt_index - 1)];
        return rte.relation && rte.relation->oid == oid;
    };
    auto look = [&](const ExprPtr& expr) {
        any_expression(expr, [&](const Expr& e) {
            if (e.kind == ExprKind::kVar && as<VarExpr>(e).levels_up == 0) found = found || (as<VarExpr>(e).attno == attno && of_relation(as<VarExpr>(e).rt_index));
            if (e.kind == ExprKind::kWholeRow && as<WholeRowExpr>(e).levels_up == 0) found = found || of_relation(as<WholeRowExpr>(e).rt_index);
            if (e.kind == ExprKind::kSubLink && view_uses(*as<SubLinkExpr>(e).query, oid)) throw NotSimulated("DROP COLUMN of a table that a view's subquery uses");
            return found;
        });
    };
    for_each_expression(query, look, [&](const Query& below) {
        bool of_view = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.relation && rte.subquery.get() == &below; });
        if (!of_view) found = found || reads_column(below, oid, attno);
    });
    return found;
}

}  // namespace

void settle_column_dependents(Backend& backend, const RelationPtr& relation, const Column& column, bool cascade) {
    std::string table = shown_name(backend, *relation);
    std::string self = fmt::format("column {} of table {}", quote_identifier(column.name), table);
    std::vector<Dependent> found;
    Oid oid = relation->oid;
    int attno = column.attno;
    for (const Column& other : relation->columns) {
        bool uses = other.generated && !other.dropped && other.attno != attno && any_expression(other.default_expr->expr, [&](const Expr& e) {
            return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno;
        });
        if (!uses) continue;
        std::string name = other.name;
        found.push_back({fmt::format("column {} of table {}", quote_identifier(name), table), self, [&backend, oid, name] { drop_column_cascade(backend, oid, name); }});
    }
    for (const auto& [child_oid, child] : backend.catalog().relations()) {
        for (const Constraint& constraint : child->constraints) {
            bool refers = constraint.kind == ConstraintKind::kForeign && constraint.referenced == oid && child_oid != oid &&
                          std::ranges::find(constraint.referenced_columns, attno) != constraint.referenced_columns.end();
            if (!refers) continue;
            Oid where = child_oid;
            std::string name = constraint.name;
            found.push_back({fmt::format("constraint {} on table {}", quote_identifier(name), shown_name(backend, *child)), self, [&backend, where, name] {
                                 auto changed = copy_relation(backend.catalog().find_relation(where));
                                 std::erase_if(changed->constraints, [&](const Constraint& c) { return c.name == name; });
                                 backend.update_relation(changed);
                             }});
        }
        if (child->kind != 'v' || !child->view || !reads_column(*child->view, oid, attno)) continue;
        Oid view = child_oid;
        found.push_back({fmt::format("view {}", shown_name(backend, *child)), self, [&backend, view] { remove_if_there(backend, view); }});
        for (Dependent& below : dependents_of(backend, child, {oid})) found.push_back(std::move(below));
    }
    for (const auto& [publication_oid, publication] : backend.catalog().publications()) {
        auto entry = std::ranges::find(publication.tables, oid, &PublicationTable::relation);
        if (entry == publication.tables.end()) continue;
        bool listed = std::ranges::find(entry->columns, attno) != entry->columns.end();
        bool filtered = entry->where && any_expression(entry->where->expr, [&](const Expr& e) { return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno; });
        if (listed || filtered) throw NotSimulated("DROP COLUMN of a column that a publication names");
    }
    settle_dependents(backend, found, cascade, self);
}

namespace {

struct RelationDrop {
    std::string_view type, name, tag;
    char kind;
    std::string_view hint;
};
constexpr RelationDrop kRelationDrops[] = {
    {"OBJECT_TABLE", "table", "DROP TABLE", 'r', "Use DROP TABLE to remove a table."},
    {"OBJECT_VIEW", "view", "DROP VIEW", 'v', "Use DROP VIEW to remove a view."},
    {"OBJECT_SEQUENCE", "sequence", "DROP SEQUENCE", 'S', "Use DROP SEQUENCE to remove a sequence."},
};

/// An identity column's sequence goes with the column only.
void require_not_identity(Backend& backend, const Relation& sequence) {
    if (!sequence.sequence || sequence.sequence->owner_table == kInvalidOid) return;
    RelationPtr table = backend.catalog().find_relation(sequence.sequence->owner_table);
    const Column& column = table->columns[static_cast<std::size_t>(sequence.sequence->owner_column - 1)];
    if (column.identity_sequence != sequence.oid) return;
    std::string owner = fmt::format("column {} of table {}", quote_identifier(column.name), shown_name(backend, *table));
    throw SqlError("2BP01", fmt::format("cannot drop sequence {} because {} requires it", shown_name(backend, sequence), owner))
        .hint(fmt::format("You can drop {} instead.", owner));
}

ExecResult drop_relations(Backend& backend, const Node& node, const RelationDrop& kind) {
    bool cascade = node.text("behavior") == "DROP_CASCADE", missing_ok = node.flag("missing_ok");
    std::vector<RelationPtr> relations;
    std::vector<Oid> oids;
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) {
            bool no_schema = names.size() > 1 && backend.catalog().find_schema(names[names.size() - 2]) == nullptr;
            if (missing_ok) {
                skip_notice(backend, no_schema ? fmt::format("schema \"{}\"", names[names.size() - 2]) : fmt::format("{} \"{}\"", kind.name, names.back()));
                continue;
            }
            if (no_schema) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", names[names.size() - 2]));
            throw SqlError("42P01", fmt::format("{} \"{}\" does not exist", kind.name, fmt::join(names, ".")));
        }
        if (relation->kind != kind.kind) {
            auto right = std::ranges::find(kRelationDrops, relation->kind, &RelationDrop::kind);
            throw SqlError("42809", fmt::format("\"{}\" is not a {}", relation->name, kind.name)).hint(right == std::end(kRelationDrops) ? "" : std::string(right->hint));
        }
        if (relation->is_system()) throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
        require_owner(backend, *relation);
        require_not_identity(backend, *relation);
        relations.push_back(relation);
        oids.push_back(relation->oid);
    }
    std::vector<Dependent> dependents;
    for (const RelationPtr& relation : relations) {
        for (Dependent& dependent : dependents_of(backend, relation, oids)) dependents.push_back(std::move(dependent));
    }
    std::string what = relations.size() == 1 ? fmt::format("{} {}", kind.name, shown_name(backend, *relations[0])) : "desired object(s)";
    settle_dependents(backend, dependents, cascade, what);
    for (const RelationPtr& relation : relations) remove_relation(backend, backend.catalog().find_relation(relation->oid));
    return tag_only(std::string(kind.tag));
}

ExecResult drop_indexes(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        std::vector<Oid> schemas = backend.search_path();
        if (names.size() > 1) schemas = {require_schema(names[names.size() - 2], backend).oid};
        bool found = false;
        for (Oid schema : schemas) {
            auto [table, index] = backend.catalog().find_index(schema, names.back());
            if (index == nullptr) continue;
            found = true;
            if (index->constraint != kInvalidOid) {
                auto constraint = std::ranges::find(table->constraints, index->constraint, &Constraint::oid);
                throw SqlError("2BP01", fmt::format("cannot drop index {} because constraint {} on table {} requires it", index->name, constraint->name, table->name))
                    .hint(fmt::format("You can drop constraint {} on table {} instead.", constraint->name, table->name));
            }
            auto changed = copy_relation(table);
            Oid oid = index->oid;
            std::erase_if(changed->indexes, [&](const Index& i) { return i.oid == oid; });
            backend.update_relation(changed);
            break;
        }
        if (found) continue;
        if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("index \"{}\" does not exist", fmt::join(names, ".")));
        skip_notice(backend, fmt::format("index \"{}\"", names.back()));
    }
    return tag_only("DROP INDEX");
}

ExecResult drop_triggers(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::vector<std::string> names = name_list(object.items());
        std::string trigger = names.back();
        names.pop_back();
        RelationPtr relation = find_relation_by_name(names, backend);
        if (!relation) {
            if (!node.flag("missing_ok")) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
            skip_notice(backend, fmt::format("relation \"{}\"", fmt::join(names, ".")));
            continue;
        }
        auto it = std::ranges::find(relation->triggers, trigger, &Trigger::name);
        if (it == relation->triggers.end()) {
            if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("trigger \"{}\" for table \"{}\" does not exist", trigger, relation->name));
            skip_notice(backend, fmt::format("trigger \"{}\" for relation \"{}\"", trigger, fmt::join(names, ".")));
            continue;
        }
        require_owner(backend, *relation);
        auto changed = copy_relation(relation);
        std::erase_if(changed->triggers, [&](const Trigger& t) { return t.name == trigger; });
        backend.update_relation(changed);
    }
    return tag_only("DROP TRIGGER");
}

FunctionPtr find_dropped_function(Backend& backend, const Node& object, std::string_view kind) {
    std::vector<std::string> names = name_list(object.items("objname"));
    std::string name = fmt::format("{}", fmt::join(names, "."));
    if (!object.flag("args_unspecified")) {
        std::vector<Oid> args;
        std::vector<std::string> texts;
        for (const Node& arg : object.items("objargs")) {
            args.push_back(bind_type_name(arg, backend.bind_options()).type);
            texts.push_back(format_type(backend, args.back()));
        }
        if (FunctionPtr function = find_user_function(names, args, backend)) {
            bool other_kind = kind != "routine" && (function->kind == 'p') != (kind == "procedure");
            if (other_kind) throw SqlError("42809", fmt::format("{}({}) is not a {}", name, fmt::join(texts, ","), kind));
            return function;
        }
        throw SqlError("42883", fmt::format("{} {}({}) does not exist", kind, name, fmt::join(texts, ",")));
    }
    std::vector<FunctionPtr> found;
    for (Oid schema : backend.search_path()) {
        for (const FunctionPtr& function : backend.catalog().find_functions(schema, names.back())) {
            if (kind == "routine" || (function->kind == 'p') == (kind == "procedure")) found.push_back(function);
        }
    }
    if (found.empty()) throw SqlError("42883", fmt::format("could not find a {} named \"{}\"", kind, name));
    if (found.size() > 1) {
        throw SqlError("42725", fmt::format("{} name \"{}\" is not unique", kind, name))
            .hint(fmt::format("Specify the argument list to select the {} unambiguously.", kind));
    }
    return found[0];
}

ExecResult drop_functions(Backend& backend, const Node& node, std::string_view kind, const std::string& tag) {
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    for (const Node& object : node.items("objects")) {
        FunctionPtr function;
        try {
            function = find_dropped_function(backend, object, kind);
        } catch (const SqlError& error) {
            if (!node.flag("missing_ok") || error.sqlstate() != "42883") throw;
            std::vector<std::string> args;
            // As the grammar has it: int is pg_catalog.int4.
            for (const Node& arg : object.items("objargs")) {
                args.push_back(fmt::format("{}{}", fmt::join(name_list(arg.items("names")), "."), arg.has("arrayBounds") ? "[]" : ""));
            }
            skip_notice(backend, fmt::format("{} {}({})", kind, name_list(object.items("objname")).back(), fmt::join(args, ",")));
            continue;
        }
        std::vector<std::string> types;
        for (std::size_t i = 0; i < function->arg_types.size(); ++i) {
            if (function->arg_modes[i] != 'o' && function->arg_modes[i] != 't') types.push_back(format_type(backend, function->arg_types[i]));
        }
        std::string self = fmt::format("{} {}({})", kind, function->name, fmt::join(types, ","));
        require_ownership(backend, function->owner, fmt::format("{} {}", kind, function->name));
        std::vector<Dependent> dependents;
        for (const auto& [oid, relation] : backend.catalog().relations()) {
            for (const Trigger& trigger : relation->triggers) {
                if (trigger.function->oid != function->oid) continue;
                Oid table = oid;
                std::string name = trigger.name;
                dependents.push_back({fmt::format("trigger {} on table {}", name, shown_name(backend, *relation)), self, [&backend, table, name] {
                                          auto changed = copy_relation(backend.catalog().find_relation(table));
                                          std::erase_if(changed->triggers, [&](const Trigger& t) { return t.name == name; });
                                          backend.update_relation(changed);
                                      }});
            }
        }
        settle_dependents(backend, dependents, cascade, self);
        auto catalog = backend.copy_catalog();
        catalog->drop_function(function->oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only(tag);
}

/// Functions that take or return a type depend on it.
void require_no_function_uses(Backend& backend, Oid type, Oid array) {
    for (const auto& [oid, function] : backend.catalog().functions()) {
        auto is_one = [&](Oid used) { return used == type || (array != kInvalidOid && used == array); };
        if (is_one(function->result) || std::ranges::any_of(function->arg_types, is_one)) throw NotSimulated("DROP TYPE of a type that a function uses");
    }
}

ExecResult drop_types(Backend& backend, const Node& node, const std::string& tag) {
    for (const Node& object : node.items("objects")) {
        TypeRef ref;
        try {
            ref = bind_type_name(object, backend.bind_options());
        } catch (SqlError& error) {
            error.replace_position(-1);
            if (!node.flag("missing_ok") || error.sqlstate() != "42704") throw;
            skip_notice(backend, fmt::format("type \"{}\"", name_list(object.items("names")).back()));
            continue;
        }
        const TypeInfo& type = backend.type(ref.type);
        if (ref.type < kFirstNormalOid) throw SqlError("2BP01", fmt::format("cannot drop type {} because it is required by the database system", format_type(backend, ref.type)));
        require_no_function_uses(backend, ref.type, type.array);
        std::vector<Dependent> dependents;
        std::string self = "type " + format_type(backend, ref.type);
        for (const auto& [oid, relation] : backend.catalog().relations()) {
            for (const Column& column : relation->columns) {
                bool uses = !column.dropped && (column.type == ref.type || column.type == type.array);
                if (!uses) continue;
                if (relation->kind != 'r') throw NotSimulated("DROP TYPE of a type that a view or another type uses");
                Oid table = oid;
                std::string name = column.name;
                dependents.push_back({fmt::format("column {} of table {}", quote_identifier(name), shown_name(backend, *relation)),
                                      column.type == type.array ? self + "[]" : self, [&backend, table, name] { drop_column_cascade(backend, table, name); }});
            }
        }
        for (const auto& [oid, other] : backend.catalog().types()) {
            bool uses = other->typtype == 'd' && other->base == ref.type;
            if (uses) throw NotSimulated("DROP TYPE of a type that a domain is made of");
        }
        settle_dependents(backend, dependents, node.text("behavior") == "DROP_CASCADE", self);
        Oid array = type.array, relation = type.typtype == 'c' ? type.relation : kInvalidOid;
        auto catalog = backend.copy_catalog();
        if (relation != kInvalidOid && catalog->find_relation(relation)) catalog->drop_relation(relation);
        if (array != kInvalidOid) catalog->drop_type(array);
        catalog->drop_type(ref.type);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only(tag);
}

ExecResult drop_schemas(Backend& backend, const Node& node) {
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    for (const Node& object : node.items("objects")) {
        std::string name(object.string());
        const Schema* schema = backend.catalog().find_schema(name);
        if (schema == nullptr) {
            if (!node.flag("missing_ok")) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", name));
            skip_notice(backend, fmt::format("schema \"{}\"", name));
            continue;
        }
        Oid oid = schema->oid;
        require_ownership(backend, schema->owner, "schema " + name);
        std::vector<Dependent> dependents;
        std::vector<RelationPtr> inside;
        for (const auto& [relation_oid, relation] : backend.catalog().relations()) {
            bool owned = relation->sequence && relation->sequence->owner_table != kInvalidOid;
            if (relation->schema != oid || owned || relation->kind == 'c') continue;
            inside.push_back(relation);
        }
        for (const RelationPtr& relation : inside) {
            dependents.push_back({fmt::format("{} {}", relation_kind(*relation), shown_name(backend, *relation)), fmt::format("schema {}", name),
                                  [&backend, relation] { remove_relation(backend, backend.catalog().find_relation(relation->oid)); }});
        }
        for (const auto& [function_oid, function] : backend.catalog().functions()) {
            if (function->schema != oid) continue;
            Oid dropped = function_oid;
            std::vector<std::string> types;
            for (Oid type : function->arg_types) types.push_back(format_type(backend, type));
            dependents.push_back({fmt::format("function {}.{}({})", name, function->name, fmt::join(types, ",")), fmt::format("schema {}", name), [&backend, dropped] {
                                      auto catalog = backend.copy_catalog();
                                      catalog->drop_function(dropped);
                                      backend.set_catalog(std::move(catalog));
                                  }});
        }
        settle_dependents(backend, dependents, cascade, fmt::format("schema {}", name));
        auto catalog = backend.copy_catalog();
        for (const auto& [type_oid, type] : std::map<Oid, TypePtr>(catalog->types())) {
            if (type->schema == name) catalog->drop_type(type_oid);
        }
        catalog->drop_schema(oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP SCHEMA");
}

ExecResult drop_publications(Backend& backend, const Node& node) {
    for (const Node& object : node.items("objects")) {
        std::string name(object.string());
        const Publication* publication = backend.catalog().find_publication(name);
        if (publication == nullptr) {
            if (!node.flag("missing_ok")) throw SqlError("42704", fmt::format("publication \"{}\" does not exist", name));
            skip_notice(backend, fmt::format("publication \"{}\"", name));
            continue;
        }
        Oid oid = publication->oid;
        require_ownership(backend, publication->owner, "publication " + name);
        auto catalog = backend.copy_catalog();
        catalog->drop_publication(oid);
        backend.set_catalog(std::move(catalog));
    }
    return tag_only("DROP PUBLICATION");
}

}  // namespace

ExecResult drop_objects(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view type = node.text("removeType");
    auto relation = std::ranges::find(kRelationDrops, type, &RelationDrop::type);
    if (relation != std::end(kRelationDrops)) return drop_relations(backend, node, *relation);
    if (type == "OBJECT_INDEX") return drop_indexes(backend, node);
    if (type == "OBJECT_TRIGGER") return drop_triggers(backend, node);
    if (type == "OBJECT_FUNCTION") return drop_functions(backend, node, "function", "DROP FUNCTION");
    if (type == "OBJECT_PROCEDURE") return drop_functions(backend, node, "procedure", "DROP PROCEDURE");
    if (type == "OBJECT_ROUTINE") return drop_functions(backend, node, "routine", "DROP ROUTINE");
    if (type == "OBJECT_TYPE") return drop_types(backend, node, "DROP TYPE");
    if (type == "OBJECT_DOMAIN") return drop_types(backend, node, "DROP DOMAIN");
    if (type == "OBJECT_SCHEMA") return drop_schemas(backend, node);
    if (type == "OBJECT_PUBLICATION") return drop_publications(backend, node);
    throw NotSimulated(fmt::format("DROP ({})", type));
}

}  // namespace cdcsim::pg
