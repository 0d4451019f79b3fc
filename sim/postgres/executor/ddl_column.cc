// Column definitions: types, defaults, serial and identity sequences. Mirrors parse_utilcmd.c's
// transformColumnDefinition.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct SerialType {
    std::string_view name;
    Oid type;
};
constexpr SerialType kSerialTypes[] = {
    {"smallserial", oid::kInt2}, {"serial2", oid::kInt2}, {"serial", oid::kInt4}, {"serial4", oid::kInt4}, {"bigserial", oid::kInt8}, {"serial8", oid::kInt8},
};

Oid serial_type(const Node& type_name) {
    std::vector<std::string> names = name_list(type_name.items("names"));
    if (names.size() != 1) return kInvalidOid;
    auto it = std::ranges::find(kSerialTypes, names[0], &SerialType::name);
    return it == std::end(kSerialTypes) ? kInvalidOid : it->type;
}

[[noreturn]] void throw_conflict(const std::string& what, const std::string& column, const Relation& relation, int location) {
    throw SqlError("42601", fmt::format("{} for column \"{}\" of table \"{}\"", what, column, relation.name)).at(location);
}

/// Mirrors transformConstraintAttrs.
void check_constraint_attributes(const std::vector<Node>& constraints) {
    struct Attribute {
        std::string_view kind, name;
        bool is_deferrability;
    };
    static constexpr Attribute kAttributes[] = {
        {"CONSTR_ATTR_DEFERRABLE", "DEFERRABLE", true},
        {"CONSTR_ATTR_NOT_DEFERRABLE", "NOT DEFERRABLE", true},
        {"CONSTR_ATTR_DEFERRED", "INITIALLY DEFERRED", false},
        {"CONSTR_ATTR_IMMEDIATE", "INITIALLY IMMEDIATE", false},
    };
    static constexpr std::string_view kTakesAttributes[] = {"CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION", "CONSTR_FOREIGN"};
    bool takes_attributes = false;
    const Attribute *deferrability = nullptr, *initially = nullptr;
    for (const Node& constraint : constraints) {
        const std::string_view kind = constraint.text("contype");
        const auto* attribute = std::ranges::find(kAttributes, kind, &Attribute::kind);
        if (attribute == std::end(kAttributes)) {
            takes_attributes = std::ranges::find(kTakesAttributes, kind) != std::end(kTakesAttributes);
            deferrability = initially = nullptr;
            continue;
        }
        auto fail = [&](const std::string& message) { throw SqlError("42601", message).at(constraint.location()); };
        if (!takes_attributes) fail(fmt::format("misplaced {} clause", attribute->name));
        const Attribute*& known = attribute->is_deferrability ? deferrability : initially;
        if (known != nullptr) {
            fail(fmt::format("multiple {} clauses not allowed", attribute->is_deferrability ? "DEFERRABLE/NOT DEFERRABLE" : "INITIALLY IMMEDIATE/DEFERRED"));
        }
        known = attribute;
        const bool is_never = deferrability != nullptr && deferrability->kind == "CONSTR_ATTR_NOT_DEFERRABLE";
        if (is_never && initially != nullptr && initially->kind == "CONSTR_ATTR_DEFERRED") fail("constraint declared INITIALLY DEFERRED must be DEFERRABLE");
    }
}

void plan_constraint(ColumnPlan& plan, const Node& constraint, const Relation& relation, bool& saw_null, bool& saw_not_null) {
    std::string_view kind = constraint.text("contype");
    int location = constraint.location();
    const std::string& name = plan.column.name;
    if (kind == "CONSTR_NULL") {
        if (saw_not_null) throw_conflict("conflicting NULL/NOT NULL declarations", name, relation, location);
        saw_null = true;
    } else if (kind == "CONSTR_NOTNULL") {
        if (saw_null) throw_conflict("conflicting NULL/NOT NULL declarations", name, relation, location);
        saw_not_null = plan.column.not_null = true;
    } else if (kind == "CONSTR_DEFAULT") {
        if (plan.default_node || plan.serial) throw_conflict("multiple default values specified", name, relation, location);
        plan.default_node = constraint["raw_expr"];
    } else if (kind == "CONSTR_IDENTITY") {
        if (plan.identity_node) throw_conflict("multiple identity specifications", name, relation, location);
        plan.identity_node = constraint;
        plan.column.identity = constraint.text("generated_when") == "a" ? 'a' : 'd';
        if (saw_null) throw_conflict("conflicting NULL/NOT NULL declarations", name, relation, location);
        saw_not_null = plan.column.not_null = true;
    } else if (kind == "CONSTR_GENERATED") {
        if (plan.generated_node) throw_conflict("multiple generation clauses specified", name, relation, location);
        plan.generated_node = constraint["raw_expr"];
        plan.column.generated = true;
    } else if (kind == "CONSTR_ATTR_DEFERRABLE" || kind == "CONSTR_ATTR_NOT_DEFERRABLE" || kind == "CONSTR_ATTR_DEFERRED" || kind == "CONSTR_ATTR_IMMEDIATE") {
        // The attributes of the constraint before it; add_constraint reads them from there.
        PendingConstraint& last = plan.constraints.back();
        if (kind == "CONSTR_ATTR_DEFERRABLE" || kind == "CONSTR_ATTR_DEFERRED") last.deferrable = true;
        if (kind == "CONSTR_ATTR_DEFERRED") last.deferred = true;
    } else {
        plan.constraints.push_back({constraint, name, false, false});
    }
}

/// COMPRESSION of a column, which decides how a long value is stored and nothing else. Mirrors GetAttributeCompression.
void check_compression(Backend& backend, Oid type, std::string_view method) {
    if (method.empty() || method == "default") return;
    if (backend.type(type).storage == 'p') throw SqlError("0A000", fmt::format("column data type {} does not support compression", format_type(backend, type)));
    if (method != "pglz" && method != "lz4") throw SqlError("22023", fmt::format("invalid compression method \"{}\"", method));
}

/// check_nested_generated: what a generated column cannot be computed from.
void check_generation_expression(const Relation& relation, const ExprPtr& expr) {
    any_expression(expr, [&](const Expr& e) {
        if (e.kind == ExprKind::kWholeRow) {
            throw SqlError("42P17", "cannot use whole-row variable in column generation expression")
                .detail("This would cause the generated column to depend on its own value.").at(e.location);
        }
        const int attno = e.kind == ExprKind::kVar ? as<VarExpr>(e).attno : 0;
        if (attno <= 0 || !relation.columns.at(static_cast<std::size_t>(attno - 1)).generated) return false;
        throw SqlError("42P17", fmt::format("cannot use generated column \"{}\" in column generation expression", relation.columns[static_cast<std::size_t>(attno - 1)].name))
            .detail("A generated column cannot reference another generated column.").at(e.location);
    });
}

}  // namespace

void check_column_type(Backend& backend, const std::string& column, Oid type, std::vector<Oid> containing) {
    const TypeInfo& info = backend.type(type);
    if (info.typtype == 'p') throw SqlError("42P16", fmt::format("column \"{}\" has pseudo-type {}", column, format_type(backend, type)));
    if (info.typtype == 'd') return check_column_type(backend, column, info.base, std::move(containing));
    if (info.typtype == 'c') {
        if (std::ranges::find(containing, type) != containing.end()) {
            throw SqlError("42P16", fmt::format("composite type {} cannot be made a member of itself", format_type(backend, type)));
        }
        containing.push_back(type);
        for (const auto& attribute : info.attributes) {
            if (!attribute.dropped) check_column_type(backend, attribute.name, attribute.type, containing);
        }
    } else if (info.is_array()) {
        check_column_type(backend, column, info.element, std::move(containing));
    }
}

StoredExpr stored_expression(Backend& backend, ExprPtr expr) {
    StoredExpr stored;
    stored.expr = std::move(expr);
    stored.oid = allocate_oid(backend);
    fold_stored(stored, backend);
    return stored;
}

ColumnPlan plan_column(Backend& backend, const Node& definition, const Relation& relation) {
    ColumnPlan plan;
    Column& column = plan.column;
    column.name = definition.text("colname");
    column.attno = static_cast<int>(relation.columns.size()) + 1;
    Node type_name = definition["typeName"];
    Oid serial = type_name ? serial_type(type_name) : kInvalidOid;
    if (serial != kInvalidOid) {
        if (type_name.has("arrayBounds")) throw SqlError("0A000", "array of serial is not implemented").at(type_name.location());
        column.type = serial;
        column.not_null = true;
        plan.serial = true;
    } else {
        TypeRef type = bind_type_name(type_name, backend.bind_options());
        column.type = type.type;
        column.typmod = type.typmod;
    }
    check_column_type(backend, column.name, column.type, relation.row_type == kInvalidOid ? std::vector<Oid>{} : std::vector{relation.row_type});
    const TypeInfo& info = backend.type(column.type);
    column.collation = info.collation;
    column.storage = info.storage;
    if (definition.has("collClause")) {
        std::string name = name_list(definition["collClause"].items("collname")).back();
        if (info.collation == kInvalidOid) {
            throw SqlError("42804", fmt::format("collations are not supported by type {}", format_type(backend, column.type))).at(definition["collClause"].location());
        }
        if (name != "C" && name != "POSIX" && name != "default" && name != "C.UTF-8" && name != "ucs_basic") throw NotSimulated(fmt::format("collation \"{}\"", name));
    }
    check_compression(backend, column.type, definition.text("compression"));
    if (definition.flag("is_not_null")) column.not_null = true;
    bool saw_null = false, saw_not_null = false;
    check_constraint_attributes(definition.items("constraints"));
    for (const Node& constraint : definition.items("constraints")) plan_constraint(plan, constraint, relation, saw_null, saw_not_null);
    if (plan.serial && plan.identity_node) throw_conflict("both default and identity specified", column.name, relation, -1);
    if (plan.default_node && plan.identity_node) throw_conflict("both default and identity specified", column.name, relation, definition.location());
    if (plan.default_node && plan.generated_node) throw_conflict("both default and generation expression specified", column.name, relation, definition.location());
    if (plan.identity_node && plan.generated_node) throw_conflict("both identity and generation expression specified", column.name, relation, definition.location());
    if (plan.identity_node && column.type != oid::kInt2 && column.type != oid::kInt4 && column.type != oid::kInt8) {
        throw SqlError("22023", "identity column type must be smallint, integer, or bigint");
    }
    return plan;
}

void add_sequence(Backend& backend, Relation& relation, ColumnPlan& plan) {
    bool identity = plan.identity_node || plan.like_sequence;
    if (!plan.serial && !identity) return;
    auto catalog = backend.copy_catalog();
    std::string name = choose_relation_name(*catalog, relation.schema, relation.name, plan.column.name, "seq");
    SequenceOptions options = plan.like_sequence.value_or(SequenceOptions());
    options.type = plan.column.type;
    if (!plan.like_sequence) options = bind_sequence_options(backend, plan.identity_node ? plan.identity_node.items("options") : std::vector<Node>{}, options, true, nullptr, nullptr);
    options.owner_table = relation.oid;
    options.owner_column = plan.column.attno;
    RelationPtr sequence = make_sequence(backend, *catalog, relation.schema, name, options, relation.persistence);
    backend.set_catalog(std::move(catalog));
    if (identity) {
        plan.column.identity_sequence = sequence->oid;
        return;
    }
    // DEFAULT nextval('t_id_seq'::regclass)
    auto regclass = std::make_shared<ConstExpr>();
    regclass->type = oid::kRegclass;
    regclass->value = Datum::of_int(sequence->oid);
    auto call = std::make_shared<FuncExpr>();
    constexpr Oid kNextval = 1574;
    call->function = kNextval;
    call->type = oid::kInt8;
    call->args = {regclass};
    call->arg_types = {oid::kRegclass};
    call->strict = true;
    call->volatility = 'v';
    call->scalar = find_scalar_function(kNextval);
    CDCSIM_CHECK(call->scalar != nullptr);
    ExprPtr value = coerce_default(call, plan.column, backend.bind_options());
    plan.column.default_expr = stored_expression(backend, value);
}

void bind_default(Backend& backend, Relation& relation, ColumnPlan& plan) {
    if (plan.generated_node) {
        ExprScope scope;
        scope.place = "column generation expressions";
        scope.items.push_back({relation.name, std::make_shared<Relation>(relation), 1});
        ExprPtr expr = bind_expression(plan.generated_node, backend.bind_options(), scope);
        ExprPtr value = coerce_default(expr, plan.column, backend.bind_options());
        check_generation_expression(relation, expr);
        // The cast to the column's type comes later.
        if (!is_immutable(fold_before_collations(expr, backend))) throw SqlError("42P17", "generation expression is not immutable");
        plan.column.default_expr = stored_expression(backend, value);
        return;
    }
    if (!plan.default_node) return;
    ExprScope scope;
    ExprPtr expr = bind_expression(plan.default_node, backend.bind_options(), scope);
    ExprPtr value = coerce_default(expr, plan.column, backend.bind_options());
    // DEFAULT NULL is no default.
    if (value->kind == ExprKind::kConst && as<ConstExpr>(*value).value.is_null()) return;
    plan.column.default_expr = stored_expression(backend, value);
}

}  // namespace cdcsim::pg
