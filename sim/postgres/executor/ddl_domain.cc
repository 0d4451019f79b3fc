// CREATE DOMAIN and ALTER DOMAIN. Mirrors typecmds.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// A DEFAULT's expression, coerced to the domain's base type.
StoredExpr bind_domain_default(Backend& backend, const Node& raw, const TypeInfo& domain) {
    ExprPtr expr = bind_expression(raw, backend.bind_options(), ExprScope{});
    ExprPtr coerced = coerce_for_assignment(expr, domain.base, domain.base_typmod, backend.bind_options());
    if (!coerced) {
        throw SqlError("42804", fmt::format("column \"{}\" is of type {} but default expression is of type {}", domain.name, format_type(backend, domain.base), format_type(backend, expr->type)))
            .hint("You will need to rewrite or cast the expression.");
    }
    return stored_expression(backend, coerced);
}

bool is_null_constant(const StoredExpr& stored) {
    return stored.expr->kind == ExprKind::kConst && as<ConstExpr>(*stored.expr).value.is_null();
}

DomainConstraint bind_domain_check(Backend& backend, const Node& constraint, const TypeInfo& domain, const std::vector<DomainConstraint>& others) {
    const auto taken = [&](const std::string& name) { return std::ranges::find(others, name, &DomainConstraint::name) != others.end(); };
    ExprScope scope;
    scope.place = "check constraints";
    scope.domain_value_type = domain.base;
    scope.domain_value_typmod = domain.base_typmod;
    std::string name(constraint.text("conname"));
    if (!name.empty() && taken(name)) throw SqlError("42710", fmt::format("constraint \"{}\" for domain \"{}\" already exists", name, domain.name));
    ExprPtr expr = coerce_to_boolean(bind_expression(constraint["raw_expr"], backend.bind_options(), scope), backend.bind_options(), "CHECK");
    for (int pass = 0; name.empty() || taken(name); ++pass) {
        name = make_object_name(domain.name, "", pass == 0 ? "check" : fmt::format("check{}", pass));
    }
    return {name, stored_expression(backend, expr), !constraint.flag("skip_validation")};
}

/// Is `type` made of `part`: an array of it, a composite with it? (Of the domain itself and those over it: no.)
bool contains_type(Backend& backend, Oid type, Oid part) {
    const TypeInfo& info = backend.type(type);
    const auto is_made_of = [&](Oid inner) { return inner == part || contains_type(backend, inner, part); };
    if (info.element != kInvalidOid) return is_made_of(info.element);
    if (info.typtype == 'd') return info.base != part && contains_type(backend, info.base, part);
    return std::ranges::any_of(info.attributes, [&](const auto& attribute) { return !attribute.dropped && is_made_of(attribute.type); });
}

bool is_over(Backend& backend, Oid type, Oid domain) {
    for (; backend.type(type).typtype == 'd'; type = backend.type(type).base) {
        if (type == domain) return true;
    }
    return false;
}

/// Every value in a table that is of the domain or of one over it (get_rels_with_domain). Throws 0A000
/// where it is inside of another type.
void for_each_value(Backend& backend, const TypeInfo& domain, const std::function<void(const Relation&, const Column&, const Datum&)>& visit) {
    struct Use {
        RelationPtr relation;
        std::vector<const Column*> columns;
    };
    std::vector<Use> uses;
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (relation->is_system() || relation->kind != 'r') continue;
        Use use{relation, {}};
        for (const Column& column : relation->columns) {
            if (column.dropped) continue;
            if (contains_type(backend, column.type, domain.oid)) {
                throw SqlError("0A000", fmt::format("cannot alter type \"{}\" because column \"{}.{}\" uses it", format_type(backend, domain.oid), relation->name, column.name));
            }
            if (is_over(backend, column.type, domain.oid)) use.columns.push_back(&column);
        }
        if (!use.columns.empty()) uses.push_back(std::move(use));
    }
    Snapshot snapshot = backend.take_snapshot();
    for (const Use& use : uses) {
        backend.database().scan(backend, *use.relation, snapshot, [&](RowVersion& version) {
            for (const Column* column : use.columns) visit(*use.relation, *column, version.columns[static_cast<std::size_t>(column->attno - 1)]);
            return true;
        });
    }
}

void validate_check(Backend& backend, const TypeInfo& domain, const DomainConstraint& constraint) {
    Snapshot snapshot = backend.take_snapshot();
    ExprPtr check = ready_to_run(constraint.check, backend);
    for_each_value(backend, domain, [&](const Relation& relation, const Column& column, const Datum& value) {
        EvalContext context{.host = backend, .snapshot = snapshot, .domain_value = &value};
        const Datum held = evaluate(*check, context);
        if (held.is_null() || held.as_bool()) return;
        throw SqlError("23514", fmt::format("column \"{}\" of table \"{}\" contains values that violate the new constraint", column.name, relation.name))
            .about({relation.schema_name, relation.name, column.name, "", ""});
    });
}

/// One ALTER DOMAIN.
struct DomainChange {
    Backend& backend;
    const Node& command;
    const TypeInfo& domain;
    std::string written;  ///< the domain's name as the statement has it
    std::vector<DomainConstraint> constraints;

    std::string name() const { return std::string(command.text("name")); }
    auto find() { return std::ranges::find(constraints, name(), &DomainConstraint::name); }
    std::string missing() const { return fmt::format("constraint \"{}\" of domain \"{}\" does not exist", name(), written); }
    void put_constraints() const {
        auto catalog = backend.copy_catalog();
        catalog->set_domain_constraints(domain.oid, constraints);
        backend.set_catalog(std::move(catalog));
    }
};

void change_default(DomainChange& change) {
    std::optional<StoredExpr> value;
    if (Node def = change.command["def"]) value = bind_domain_default(change.backend, def, change.domain);
    if (value && is_null_constant(*value)) value.reset();
    auto catalog = change.backend.copy_catalog();
    catalog->set_domain_default(change.domain.oid, std::move(value));
    change.backend.set_catalog(std::move(catalog));
}

void change_not_null(DomainChange& change, bool not_null) {
    if (change.domain.not_null == not_null) return;
    if (not_null) {
        for_each_value(change.backend, change.domain, [](const Relation& relation, const Column& column, const Datum& value) {
            if (!value.is_null()) return;
            throw SqlError("23502", fmt::format("column \"{}\" of table \"{}\" contains null values", column.name, relation.name))
                .about({relation.schema_name, relation.name, column.name, "", ""});
        });
    }
    auto changed = std::make_shared<TypeInfo>(change.domain);
    changed->not_null = not_null;
    auto catalog = change.backend.copy_catalog();
    catalog->put_type(changed);
    change.backend.set_catalog(std::move(catalog));
}

void add_domain_constraint(DomainChange& change) {
    Node definition = change.command["def"];
    if (definition.text("contype") != "CONSTR_CHECK") throw NotSimulated("ALTER DOMAIN ... ADD of another constraint than CHECK");
    DomainConstraint constraint = bind_domain_check(change.backend, definition, change.domain, change.constraints);
    if (constraint.validated) validate_check(change.backend, change.domain, constraint);
    change.constraints.push_back(std::move(constraint));
    change.put_constraints();
}

void drop_domain_constraint(DomainChange& change) {
    const auto found = change.find();
    if (found == change.constraints.end()) {
        if (!change.command.flag("missing_ok")) throw SqlError("42704", change.missing());
        change.backend.notice("NOTICE", change.missing() + ", skipping");
        return;
    }
    change.constraints.erase(found);
    change.put_constraints();
}

void validate_domain_constraint(DomainChange& change) {
    const auto found = change.find();
    if (found == change.constraints.end()) throw SqlError("42704", change.missing());
    if (found->validated) return;
    validate_check(change.backend, change.domain, *found);
    found->validated = true;
    change.put_constraints();
}

struct DomainChangeRow {
    std::string_view subtype;
    void (*run)(DomainChange&);
};
constexpr DomainChangeRow kDomainChanges[] = {
    {"C", add_domain_constraint},
    {"N", [](DomainChange& change) { change_not_null(change, false); }},
    {"O", [](DomainChange& change) { change_not_null(change, true); }},
    {"T", change_default},
    {"V", validate_domain_constraint},
    {"X", drop_domain_constraint},
};

}  // namespace

ExecResult create_domain(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::vector<std::string> names = name_list(node.items("domainname"));
    Oid schema = creation_schema_of(backend, names);
    claim_type_name(backend, schema, names.back());
    TypeRef base = bind_ddl_type(node["typeName"], backend.bind_options());
    const TypeInfo& base_info = backend.type(base.type);
    if (base_info.typtype == 'p') throw SqlError("42804", fmt::format("\"{}\" is not a valid base type for a domain", format_type(backend, base.type)));
    auto type = std::make_shared<TypeInfo>(base_info);
    type->oid = allocate_oid(backend);
    type->schema = schema_name(backend, schema);
    type->name = names.back();
    type->typtype = 'd';
    type->preferred = false;
    type->not_null = false;
    type->base = base.type;
    type->base_typmod = base.typmod;
    type->element = kInvalidOid;
    type->labels.clear();
    std::vector<DomainConstraint> checks;
    // A domain over a domain begins with its default.
    std::optional<StoredExpr> value;
    if (const StoredExpr* inherited = backend.catalog().domain_default(base.type)) value = *inherited;
    for (const Node& constraint : node.items("constraints")) {
        std::string_view kind = constraint.text("contype");
        if (kind == "CONSTR_NOTNULL") {
            type->not_null = true;
        } else if (kind == "CONSTR_DEFAULT") {
            value = bind_domain_default(backend, constraint["raw_expr"], *type);
            if (is_null_constant(*value)) value.reset();
        } else if (kind == "CONSTR_CHECK") {
            checks.push_back(bind_domain_check(backend, constraint, *type, checks));
        } else if (kind != "CONSTR_NULL") {
            throw SqlError("42P16", "unique constraints not possible for domains");
        }
    }
    publish_type(backend, type, schema);
    auto catalog = backend.copy_catalog();
    catalog->set_domain_constraints(type->oid, std::move(checks));
    catalog->set_domain_default(type->oid, std::move(value));
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE DOMAIN");
}

TypePtr require_domain(Backend& backend, const std::vector<std::string>& names) {
    TypePtr found = require_named_type(backend, names);
    if (found->typtype != 'd') throw SqlError("42809", fmt::format("{} is not a domain", format_type(backend, found->oid)));
    return found;
}

ExecResult alter_domain(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    const std::vector<std::string> names = name_list(node.items("typeName"));
    const std::string written = fmt::format("{}", fmt::join(names, "."));
    const TypePtr found = require_domain(backend, names);
    DomainChange change{backend, node, *found, written, backend.catalog().domain_constraints(found->oid)};
    const auto* row = std::ranges::find(kDomainChanges, node.text("subtype"), &DomainChangeRow::subtype);
    if (row == std::end(kDomainChanges)) throw NotSimulated("ALTER DOMAIN");
    row->run(change);
    return tag_only("ALTER DOMAIN");
}

}  // namespace cdcsim::pg
