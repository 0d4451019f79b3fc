#include "sim/postgres/executor/dependents.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"

namespace cdcsim::pg {
namespace {

/// Dependents of one object as they are found: PostgreSQL visits them by oid.
class Branches {
  public:
    void add(Oid oid, Dependents branch) { branches_.emplace(oid, std::move(branch)); }
    void add(Oid oid, Dependent one) { add(oid, Dependents{std::move(one)}); }
    Dependents joined() {
        Dependents all;
        for (auto& [oid, branch] : branches_) add_dependents(all, std::move(branch));
        return all;
    }

  private:
    std::multimap<Oid, Dependents> branches_;
};

Dependents with(Dependent first, Dependents rest) {
    rest.insert(rest.begin(), std::move(first));
    return rest;
}

/// Whether a query or a subquery in its expressions has an entry or an expression like this. A view's
/// own query is another object's business.
bool query_has(const Query& query, const std::function<bool(const RangeTableEntry&)>& entry, const std::function<bool(const Expr&)>& expression) {
    bool found = std::ranges::any_of(query.range_table, entry);
    auto look = [&](const ExprPtr& expr) {
        any_expression(expr, [&](const Expr& e) {
            found = found || expression(e) || (e.kind == ExprKind::kSubLink && query_has(*as<SubLinkExpr>(e).query, entry, expression));
            return found;
        });
    };
    for_each_expression(query, look, [&](const Query& below) {
        bool of_view = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.relation && rte.subquery.get() == &below; });
        if (!of_view) found = found || query_has(below, entry, expression);
    });
    return found;
}

/// Applies a change to a relation, if it is still there.
std::function<void()> changing(Backend& backend, Oid oid, std::function<void(Relation&)> change) {
    return [&backend, oid, change = std::move(change)] {
        RelationPtr now = backend.catalog().find_relation(oid);
        if (!now) return;
        auto changed = copy_relation(now);
        change(*changed);
        backend.update_relation(changed);
    };
}

Dependent view_dependent(Backend& backend, const Relation& view, const std::string& needs) {
    return {"view " + shown_name(backend, view), needs, [&backend, oid = view.oid] { remove_relation_if_there(backend, oid); }};
}

Dependent constraint_dependent(Backend& backend, const Relation& table, const std::string& name, const std::string& needs) {
    return {fmt::format("constraint {} on table {}", name, shown_name(backend, table)), needs,
            changing(backend, table.oid, [name](Relation& r) { std::erase_if(r.constraints, [&](const Constraint& c) { return c.name == name; }); })};
}

Dependent default_dependent(Backend& backend, const Relation& table, const Column& column, const std::string& needs) {
    std::string name = column.name, of = shown_name(backend, table);
    if (column.generated) {
        return {fmt::format("column {} of table {}", name, of), needs, [&backend, oid = table.oid, plain = column.name] { drop_column_cascade(backend, oid, plain); }};
    }
    auto clear = [attno = column.attno](Relation& r) { r.columns[static_cast<std::size_t>(attno - 1)].default_expr.reset(); };
    return {fmt::format("default value for column {} of table {}", name, of), needs, changing(backend, table.oid, clear)};
}

bool calls(const Expr& expr, Oid function) {
    if (expr.kind == ExprKind::kFunc) return as<FuncExpr>(expr).user && as<FuncExpr>(expr).user->oid == function;
    if (expr.kind == ExprKind::kScalarArrayOp) return as<ScalarArrayOpExpr>(expr).user && as<ScalarArrayOpExpr>(expr).user->oid == function;
    return false;
}

/// The expressions that a table keeps and that call a function.
void add_expression_dependents(Backend& backend, const Relation& table, Oid function, const std::string& needs, Branches& branches) {
    auto uses = [&](const std::optional<StoredExpr>& stored) { return stored && any_expression(stored->expr, [&](const Expr& e) { return calls(e, function); }); };
    for (const Column& column : table.columns) {
        if (column.dropped || !uses(column.default_expr)) continue;
        Dependents its;
        if (column.generated) its = dependents_of_column(backend, std::make_shared<Relation>(table), column);
        branches.add(column.default_expr->oid, with(default_dependent(backend, table, column, needs), std::move(its)));
    }
    for (const Constraint& constraint : table.constraints) {
        if (uses(constraint.check)) branches.add(constraint.oid, constraint_dependent(backend, table, constraint.name, needs));
    }
    for (const Index& index : table.indexes) {
        if (!uses(index.predicate) && std::ranges::none_of(index.keys, [&](const IndexKey& key) { return uses(key.expr); })) continue;
        auto erase = [oid = index.oid](Relation& r) { std::erase_if(r.indexes, [&](const Index& i) { return i.oid == oid; }); };
        branches.add(index.oid, Dependent{"index " + quote_identifier(index.name), needs, changing(backend, table.oid, erase)});
    }
    for (const Trigger& trigger : table.triggers) {
        if (trigger.function->oid != function && !uses(trigger.when)) continue;
        auto erase = [name = trigger.name](Relation& r) { std::erase_if(r.triggers, [&](const Trigger& t) { return t.name == name; }); };
        branches.add(trigger.oid, Dependent{fmt::format("trigger {} on table {}", trigger.name, shown_name(backend, table)), needs,
                                            changing(backend, table.oid, erase)});
    }
}

Dependents view_and_its(Backend& backend, const RelationPtr& view, const std::string& needs, std::vector<Oid> dropped) {
    dropped.push_back(view->oid);
    return with(view_dependent(backend, *view, needs), dependents_of(backend, view, dropped));
}

/// `dropped`: relations that go anyway, with the triggers and defaults that call the function.
Dependents function_and_its(Backend& backend, const Function& function, const std::string& needs, const std::vector<Oid>& dropped = {}) {
    auto drop = [&backend, oid = function.oid] {
        auto catalog = backend.copy_catalog();
        catalog->drop_function(oid);
        forget_grants_of(*catalog, oid);
        backend.set_catalog(std::move(catalog));
    };
    return with({describe_function(backend, function), needs, drop}, dependents_of_function(backend, function, dropped));
}

}  // namespace

namespace {

/// The column of a relation or, in the rows of a function, of the relation whose row type it returns.
bool is_column_of(Backend& backend, const RangeTableEntry& rte, int attno, Oid relation, int wanted) {
    if (rte.relation) return rte.relation->oid == relation && attno == wanted;
    int before = 0;
    for (const auto& item : rte.functions) {
        if (attno - before == wanted && attno - before <= item.column_count && backend.type(item.call->type).relation == relation) return true;
        before += item.column_count;
    }
    return false;
}

}  // namespace

bool reads_column(Backend& backend, const Query& query, Oid oid, int attno) {
    bool found = false;
    auto look = [&](const ExprPtr& expr) {
        any_expression(expr, [&](const Expr& e) {
            if (e.kind == ExprKind::kVar && as<VarExpr>(e).levels_up == 0) {
                const auto& var = as<VarExpr>(e);
                found = found || is_column_of(backend, query.range_table[static_cast<std::size_t>(var.rt_index - 1)], var.attno, oid, attno);
            }
            if (e.kind == ExprKind::kSubLink && view_uses(*as<SubLinkExpr>(e).query, oid)) throw NotSimulated("DROP or ALTER TYPE of a column of a table that a view's subquery uses");
            return found;
        });
    };
    for_each_expression(query, look, [&](const Query& below) {
        bool of_view = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.relation && rte.subquery.get() == &below; });
        if (!of_view) found = found || reads_column(backend, below, oid, attno);
    });
    return found;
}

std::string relation_kind(const Relation& relation) { return relation.kind == 'v' ? "view" : relation.kind == 'S' ? "sequence" : "table"; }

std::string shown_name(Backend& backend, const Relation& relation) {
    RelationPtr found = find_relation_by_name({relation.name}, backend);
    std::string name = quote_identifier(relation.name);
    return found && found->oid == relation.oid ? name : quote_identifier(relation.schema_name) + "." + name;
}

std::string format_procedure(Backend& backend, const Function& function) {
    std::vector<std::string> types;
    std::vector<Oid> inputs;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        if (function.arg_modes[i] == 't' || function.arg_modes[i] == 'o') continue;
        types.push_back(format_type(backend, function.arg_types[i]));
        inputs.push_back(function.arg_types[i]);
    }
    FunctionPtr visible = find_user_function({function.name}, inputs, backend);
    std::string name = quote_identifier(function.name);
    if (!visible || visible->oid != function.oid) name = quote_identifier(backend.catalog().find_schema(function.schema)->name) + "." + name;
    return fmt::format("{}({})", name, fmt::join(types, ","));
}

std::string describe_function(Backend& backend, const Function& function) { return "function " + format_procedure(backend, function); }

bool view_uses(const Query& query, Oid relation) {
    return query_has(query, [&](const RangeTableEntry& rte) { return rte.relation && rte.relation->oid == relation; }, [](const Expr&) { return false; });
}

void forget_grants_of(Catalog& catalog, Oid oid) {
    std::vector<GrantKey> gone;
    for (const auto& [key, grants] : catalog.grants()) {
        if (key.first == oid) gone.push_back(key);
    }
    for (const GrantKey& key : gone) catalog.forget_grants(key);
}

void drop_with_grants(Catalog& catalog, Oid relation) {
    catalog.drop_relation(relation);
    forget_grants_of(catalog, relation);
}

void remove_relation(Backend& backend, const RelationPtr& relation) {
    if (relation->kind == 'r') check_not_in_use(backend, *relation, "DROP TABLE");
    auto catalog = backend.copy_catalog();
    for (const auto& [oid, other] : std::map<Oid, RelationPtr>(catalog->relations())) {
        if (other->sequence && other->sequence->owner_table == relation->oid) drop_with_grants(*catalog, oid);
    }
    for (const auto& [oid, publication] : std::map<Oid, Publication>(catalog->publications())) {
        Publication changed = publication;
        std::erase_if(changed.tables, [&](const PublicationTable& t) { return t.relation == relation->oid; });
        if (changed.tables.size() != publication.tables.size()) catalog->put_publication(changed);
    }
    for (const Column& column : relation->columns) {
        if (column.identity_sequence != kInvalidOid && catalog->find_relation(column.identity_sequence)) drop_with_grants(*catalog, column.identity_sequence);
    }
    if (relation->row_type != kInvalidOid) {
        if (TypePtr type = catalog->find_type(relation->row_type)) {
            catalog->drop_type(type->array);
            catalog->drop_type(type->oid);
        }
    }
    drop_with_grants(*catalog, relation->oid);
    backend.set_catalog(std::move(catalog));
    if (relation->kind == 'r') backend.transaction().dropped_files.push_back(relation->file_node);
}

void remove_relation_if_there(Backend& backend, Oid oid) {
    if (RelationPtr relation = backend.catalog().find_relation(oid)) remove_relation(backend, relation);
}

void remove_type(Backend& backend, Oid type) {
    TypePtr info = backend.catalog().find_type(type);
    if (!info) return;
    auto catalog = backend.copy_catalog();
    if (info->typtype == 'c' && catalog->find_relation(info->relation)) catalog->drop_relation(info->relation);
    if (info->array != kInvalidOid) catalog->drop_type(info->array);
    catalog->drop_type(type);
    backend.set_catalog(std::move(catalog));
}

void add_dependents(Dependents& to, Dependents from) {
    for (Dependent& one : from) {
        std::erase_if(to, [&](const Dependent& other) { return other.description == one.description; });
        to.push_back(std::move(one));
    }
}

Dependents dependents_of_function(Backend& backend, const Function& function, const std::vector<Oid>& dropped) {
    Branches branches;
    std::string self = describe_function(backend, function);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (std::ranges::find(dropped, oid) == dropped.end()) add_expression_dependents(backend, *relation, function.oid, self, branches);
        if (relation->kind != 'v' || !relation->view) continue;
        auto in_from = [](const RangeTableEntry&) { return false; };
        if (query_has(*relation->view, in_from, [&](const Expr& e) { return calls(e, function.oid); })) branches.add(oid, view_and_its(backend, relation, self, {}));
    }
    return branches.joined();
}

Dependents dependents_of_type(Backend& backend, Oid type, const std::vector<Oid>& dropped) {
    Branches branches;
    const TypeInfo& info = backend.type(type);
    std::string self = "type " + format_type(backend, type);
    if (!info.is_array() && info.array != kInvalidOid) branches.add(info.array, dependents_of_type(backend, info.array, dropped));
    for (const auto& [oid, function] : backend.catalog().functions()) {
        if (function->result != type && std::ranges::find(function->arg_types, type) == function->arg_types.end()) continue;
        branches.add(oid, function_and_its(backend, *function, self));
    }
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (std::ranges::find(dropped, oid) != dropped.end()) continue;
        for (const Column& column : relation->columns) {
            if (column.dropped || column.type != type) continue;
            // A view over the table of this type is found there.
            if (relation->kind == 'v' && relation->view && info.relation != kInvalidOid && view_uses(*relation->view, info.relation)) continue;
            if (relation->kind != 'r') throw NotSimulated("DROP of a type that a view or another type uses");
            Dependent one{fmt::format("column {} of table {}", column.name, shown_name(backend, *relation)), self,
                          [&backend, oid = oid, name = column.name] { drop_column_cascade(backend, oid, name); }};
            branches.add(oid, with(std::move(one), dependents_of_column(backend, relation, column)));
        }
    }
    for (const auto& [oid, other] : backend.catalog().types()) {
        if (other->typtype == 'd' && other->base == type) throw NotSimulated("DROP TYPE of a type that a domain is made of");
    }
    return branches.joined();
}

bool trigger_uses(const Trigger& trigger, int attno) {
    if (std::ranges::find(trigger.update_columns, attno) != trigger.update_columns.end()) return true;
    return trigger.when && any_expression(trigger.when->expr, [&](const Expr& e) { return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno; });
}

namespace {

/// The table's places in publications whose column list or row filter names the column.
Dependents publications_of_column(Backend& backend, const Relation& relation, int attno) {
    Dependents found;
    std::string table = shown_name(backend, relation);
    const std::string& column = relation.columns[static_cast<std::size_t>(attno - 1)].name;
    for (const auto& [oid, publication] : backend.catalog().publications()) {
        auto entry = std::ranges::find(publication.tables, relation.oid, &PublicationTable::relation);
        if (entry == publication.tables.end()) continue;
        const bool is_listed = std::ranges::find(entry->columns, attno) != entry->columns.end();
        const bool is_filtered = entry->where && any_expression(entry->where->expr, [&](const Expr& e) { return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno; });
        if (!is_listed && !is_filtered) continue;
        auto leave = [&backend, number = oid, of = relation.oid] {
            auto catalog = backend.copy_catalog();
            Publication changed = catalog->publications().at(number);
            std::erase_if(changed.tables, [&](const PublicationTable& t) { return t.relation == of; });
            catalog->put_publication(std::move(changed));
            backend.set_catalog(std::move(catalog));
        };
        found.push_back({fmt::format("publication of table {} in publication {}", table, publication.name), fmt::format("column {} of table {}", column, table), leave});
    }
    return found;
}

}  // namespace

Dependents dependents_of_column(Backend& backend, const RelationPtr& relation, const Column& column) {
    std::string table = shown_name(backend, *relation);
    std::string self = fmt::format("column {} of table {}", column.name, table);
    Dependents found;
    Oid oid = relation->oid;
    int attno = column.attno;
    for (const Column& other : relation->columns) {
        bool uses = other.generated && !other.dropped && other.attno != attno && any_expression(other.default_expr->expr, [&](const Expr& e) {
            return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno;
        });
        if (!uses) continue;
        std::string name = other.name;
        found.push_back({fmt::format("column {} of table {}", name, table), self, [&backend, oid, name] { drop_column_cascade(backend, oid, name); }});
    }
    std::vector<Trigger> triggers = relation->triggers;
    std::ranges::sort(triggers, {}, &Trigger::oid);
    for (const Trigger& trigger : triggers) {
        if (!trigger_uses(trigger, attno)) continue;
        found.push_back({fmt::format("trigger {} on table {}", trigger.name, table), self, [&backend, oid, number = trigger.oid] {
                             auto changed = copy_relation(backend.catalog().find_relation(oid));
                             std::erase_if(changed->triggers, [&](const Trigger& other) { return other.oid == number; });
                             backend.update_relation(changed);
                         }});
    }
    for (const auto& [child_oid, child] : backend.catalog().relations()) {
        for (const Constraint& constraint : child->constraints) {
            bool refers = constraint.kind == ConstraintKind::kForeign && constraint.referenced == oid && child_oid != oid &&
                          std::ranges::find(constraint.referenced_columns, attno) != constraint.referenced_columns.end();
            if (!refers) continue;
            Oid where = child_oid;
            std::string name = constraint.name;
            found.push_back({fmt::format("constraint {} on table {}", name, shown_name(backend, *child)), self, [&backend, where, name] {
                                 auto changed = copy_relation(backend.catalog().find_relation(where));
                                 std::erase_if(changed->constraints, [&](const Constraint& c) { return c.name == name; });
                                 backend.update_relation(changed);
                             }});
        }
        if (child->kind != 'v' || !child->view || !reads_column(backend, *child->view, oid, attno)) continue;
        Oid view = child_oid;
        found.push_back({fmt::format("view {}", shown_name(backend, *child)), self, [&backend, view] { remove_relation_if_there(backend, view); }});
        for (Dependent& below : dependents_of(backend, child, {oid})) found.push_back(std::move(below));
    }
    Dependents publications = publications_of_column(backend, *relation, attno);
    // A table's place in a publication has no oid here, so nothing says which of several comes first.
    if (!publications.empty() && publications.size() + found.size() > 1) throw NotSimulated("DROP COLUMN of a column that a publication and something else name");
    add_dependents(found, std::move(publications));
    return found;
}

Dependents dependents_of_schema(Backend& backend, const Schema& schema) {
    Branches branches;
    std::string self = "schema " + schema.name;
    std::vector<Oid> inside;
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (relation->schema == schema.oid) inside.push_back(oid);
    }
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        const bool owned = relation->sequence && relation->sequence->owner_table != kInvalidOid;
        if (relation->schema != schema.oid || owned || relation->kind == 'c') continue;
        Dependent one{fmt::format("{} {}", relation_kind(*relation), shown_name(backend, *relation)), self, [&backend, oid = oid] { remove_relation_if_there(backend, oid); }};
        branches.add(oid, with(std::move(one), dependents_of(backend, relation, inside)));
    }
    for (const auto& [oid, function] : backend.catalog().functions()) {
        if (function->schema == schema.oid && function->extension != kInvalidOid) throw NotSimulated("DROP of a schema with an extension in it");
        if (function->schema == schema.oid) branches.add(oid, function_and_its(backend, *function, self, inside));
    }
    for (const auto& [oid, type] : backend.catalog().types()) {
        RelationPtr relation = type->typtype == 'c' ? backend.catalog().find_relation(type->relation) : nullptr;
        if (type->schema != schema.name || type->is_array() || (relation && relation->kind != 'c')) continue;
        Dependent one{"type " + format_type(backend, oid), self, [&backend, oid = oid] { remove_type(backend, oid); }};
        branches.add(oid, with(std::move(one), dependents_of_type(backend, oid, inside)));
    }
    return branches.joined();
}

Dependents dependents_of(Backend& backend, const RelationPtr& relation, const std::vector<Oid>& dropped) {
    Branches branches;
    std::string self = relation_kind(*relation) + " " + shown_name(backend, *relation);
    auto is_sequence = [&](const Expr& e) {
        return e.kind == ExprKind::kConst && e.type == oid::kRegclass && !as<ConstExpr>(e).value.is_null() && as<ConstExpr>(e).value.as_int() == relation->oid;
    };
    std::vector<Oid> known = dropped;
    known.push_back(relation->oid);
    for (const auto& [oid, other] : backend.catalog().relations()) {
        // What reads a sequence that goes with its table.
        if (other->sequence && other->sequence->owner_table == relation->oid) branches.add(oid, dependents_of(backend, other, known));
        if (std::ranges::find(known, oid) != known.end()) continue;
        for (const Constraint& constraint : other->constraints) {
            const bool refers = constraint.kind == ConstraintKind::kForeign && constraint.referenced == relation->oid;
            if (refers) branches.add(constraint.oid, constraint_dependent(backend, *other, constraint.name, self));
        }
        if (other->kind == 'v' && other->view && view_uses(*other->view, relation->oid)) branches.add(oid, view_and_its(backend, other, self, known));
        if (relation->kind != 'S') continue;
        if (other->kind == 'v' && other->view && query_has(*other->view, [](const RangeTableEntry&) { return false; }, is_sequence)) {
            branches.add(oid, view_and_its(backend, other, self, known));
        }
        for (const Column& column : other->columns) {
            if (column.default_expr && !column.dropped && any_expression(column.default_expr->expr, is_sequence)) {
                branches.add(column.default_expr->oid, default_dependent(backend, *other, column, self));
            }
        }
    }
    if (relation->row_type != kInvalidOid && backend.catalog().find_type(relation->row_type)) {
        branches.add(relation->row_type, dependents_of_type(backend, relation->row_type, known));
    }
    return branches.joined();
}

void settle_dependents(Backend& backend, const Dependents& dependents, bool cascade, const std::string& what) {
    if (dependents.empty()) return;
    if (!cascade) {
        std::string detail;
        for (const Dependent& dependent : dependents) {
            detail += (detail.empty() ? "" : "\n") + fmt::format("{} depends on {}", dependent.description, dependent.needs);
        }
        throw SqlError("2BP01", fmt::format("cannot drop {} because other objects depend on {}", what, what == "desired object(s)" ? "them" : "it"))
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
    for (auto dependent = dependents.rbegin(); dependent != dependents.rend(); ++dependent) dependent->drop();
}

}  // namespace cdcsim::pg
