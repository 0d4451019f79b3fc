// ALTER TABLE. Mirrors tablecmds.c: its clauses are looked at, then change the catalog in passes, each
// seeing what the ones before it made; what they need of the rows comes last (finish_rows).
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/dependents.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"
#include "sim/postgres/type/time_zone.h"

namespace cdcsim::pg {
namespace {

/// ALTER TABLE works in passes, whatever the order of its clauses (AlterTablePass).
enum class Pass { kDrop, kAlterType, kAddColumn, kColumnAttributes, kAddIndexConstraint, kAddConstraint, kOther };
constexpr std::size_t kPasses = static_cast<std::size_t>(Pass::kOther) + 1;

/// A clause, or a constraint of a new column, which has a pass of its own.
struct Step {
    Node command;
    PendingConstraint constraint;  ///< its node is empty: a clause
    TypeRef type;                  ///< of ALTER TYPE
};

/// One ALTER TABLE.
struct TableWork {
    RowWork rows;
    std::vector<Step> passes[kPasses];
    std::vector<int> retyped;  ///< columns that ALTER TYPE has changed
    std::size_t types_left = 0;
    bool changes_persistence = false;
};

struct Alteration {
    Backend& backend;
    const Node& command;
    std::shared_ptr<Relation> relation;  ///< the version being made
    TableWork& work;
    const Step& step;
};

Column& require_column(Alteration& a, const std::string& name) {
    auto it = std::ranges::find_if(a.relation->columns, [&](const Column& c) { return !c.dropped && c.name == name; });
    if (it == a.relation->columns.end() && is_system_column(name)) throw SqlError("0A000", fmt::format("cannot alter system column \"{}\"", name));
    if (it == a.relation->columns.end()) {
        throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, a.relation->name));
    }
    return *it;
}

std::string name_of(const Alteration& a) { return std::string(a.command.text("name")); }

void publish(Alteration& a) {
    auto catalog = a.backend.copy_catalog();
    put_row_types(a.backend, *catalog, *a.relation);
    catalog->put_relation(a.relation);
    a.backend.set_catalog(std::move(catalog));
    a.relation = copy_relation(a.relation);
}

/// What fails after the statement was transformed has no position.
template <typename Work>
void without_position(Work work) {
    try {
        work();
    } catch (SqlError& error) {
        error.replace_position(-1);
        throw;
    }
}

bool has_domain_constraints(Backend& backend, Oid type) {
    for (; backend.type(type).typtype == 'd'; type = backend.type(type).base) {
        if (backend.type(type).not_null || !backend.catalog().domain_constraints(type).empty()) return true;
    }
    return false;
}

/// build_column_default, or the NULL that a domain has to allow.
ExprPtr value_of_new_column(Backend& backend, const Column& column, bool constrained) {
    if (column.default_expr) return ready_to_run(*column.default_expr, backend);
    const StoredExpr* of_domain = backend.catalog().domain_default(column.type);
    if (of_domain == nullptr && !constrained) return nullptr;
    auto checked = std::make_shared<CoerceToDomainExpr>();
    checked->type = column.type;
    checked->typmod = column.typmod;
    auto null = std::make_shared<ConstExpr>();
    null->type = column.type;
    checked->arg = of_domain != nullptr ? ready_to_run(*of_domain, backend) : null;
    return checked;
}

/// The value of the rows that are there: computed for each, or one for all that is stored beside them.
void give_value(Alteration& a, const Column& column) {
    RowWork& rows = a.work.rows;
    const bool constrained = has_domain_constraints(a.backend, column.type);
    RowWork::NewValue value{column.attno, value_of_new_column(a.backend, column, constrained), column.identity_sequence, column.generated};
    const bool has_default = column.default_expr || a.backend.catalog().domain_default(column.type) != nullptr;
    const bool stored = has_default && !constrained && !column.generated && !contains_volatile(value.expr);
    if ((has_default && !stored) || constrained || column.identity != 0) rows.rewrites = true;
    if (value.expr || column.identity != 0) rows.values.push_back(value);
    Datum missing;
    if (stored) {
        Snapshot snapshot = a.backend.take_snapshot();
        EvalContext context{.host = a.backend, .snapshot = snapshot};
        missing = evaluate(*value.expr, context);
    }
    if (column.not_null && missing.is_null()) rows.verifies_not_null = true;
    if (rows.rewrites) return;
    a.backend.database().add_column(*a.relation, column.attno);
    if (stored) a.backend.database().fill_column(a.backend, *a.relation, column.attno, missing);
}

void put_off(TableWork& work, const PendingConstraint& constraint);

void add_column(Alteration& a) {
    Node definition = a.command["def"];
    std::string name(definition.text("colname"));
    refuse_system_name(name);
    if (a.relation->find_column(name) != nullptr) {
        std::string message = fmt::format("column \"{}\" of relation \"{}\" already exists", name, a.relation->name);
        if (!a.command.flag("missing_ok")) throw SqlError("42701", message);
        a.backend.send_notice("NOTICE", SqlError("42701", message + ", skipping"));
        return;
    }
    refuse_system_name(name);
    ColumnPlan plan = plan_column(a.backend, definition, *a.relation);
    a.relation->columns.push_back(plan.column);
    add_sequence(a.backend, *a.relation, plan);
    without_position([&] { bind_default(a.backend, *a.relation, plan); });
    a.relation->columns.back() = plan.column;
    give_value(a, a.relation->columns.back());
    publish(a);
    for (const PendingConstraint& pending : plan.constraints) put_off(a.work, pending);
}

void drop_column(Alteration& a) {
    std::string name = name_of(a);
    if (is_system_column(name)) throw SqlError("0A000", fmt::format("cannot drop system column \"{}\"", name));
    if (a.relation->find_column(name) == nullptr && a.command.flag("missing_ok")) {
        a.backend.send_notice("NOTICE", SqlError("00000", fmt::format("column \"{}\" of relation \"{}\" does not exist, skipping", name, a.relation->name)));
        return;
    }
    int attno = require_column(a, name).attno;
    bool cascade = a.command.text("behavior") == "DROP_CASCADE";
    settle_column_dependents(a.backend, a.backend.catalog().find_relation(a.relation->oid), require_column(a, name), cascade);
    a.relation = copy_relation(a.backend.catalog().find_relation(a.relation->oid));
    std::erase_if(a.relation->constraints, [&](const Constraint& c) { return std::ranges::find(c.columns, attno) != c.columns.end(); });
    std::erase_if(a.relation->indexes, [&](const Index& index) { return index_uses(index, attno); });
    std::vector<Oid> sequences;
    for (const auto& [oid, other] : a.backend.catalog().relations()) {
        if (other->sequence && other->sequence->owner_table == a.relation->oid && other->sequence->owner_column == attno) sequences.push_back(oid);
    }
    Column& column = a.relation->columns[static_cast<std::size_t>(attno - 1)];
    column.dropped = true;
    column.not_null = false;
    column.default_expr.reset();
    column.identity = 0;
    column.generated = false;
    publish(a);
    auto catalog = a.backend.copy_catalog();
    for (Oid oid : sequences) drop_with_grants(*catalog, oid);
    a.backend.set_catalog(std::move(catalog));
}

/// The stored values stay as they are (ATColumnChangeRequiresRewrite): the column itself, relabelled,
/// only given more room, or a moment that is the same with a time zone (in a session in UTC).
bool keeps_values(const ExprPtr& expr, int attno, const Column& before, TypeRef after, bool in_utc) {
    constexpr Oid kTimestampOfZoned = 2027, kZonedOfTimestamp = 2028;
    const Expr* bare = expr.get();
    while (bare->kind == ExprKind::kRelabel) bare = as<RelabelExpr>(*bare).arg.get();
    if (bare->kind == ExprKind::kVar) return as<VarExpr>(*bare).attno == attno;
    const Oid function = bare->kind == ExprKind::kFunc ? as<FuncExpr>(*bare).function : kInvalidOid;
    if (in_utc && (function == kTimestampOfZoned || function == kZonedOfTimestamp)) {
        return keeps_values(as<FuncExpr>(*bare).args[0], attno, before, after, in_utc);
    }
    const bool wider_text = after.type == oid::kVarchar && (before.type == oid::kVarchar || before.type == oid::kText) &&
                            before.typmod >= 0 && after.typmod >= before.typmod;
    if (bare->kind != ExprKind::kFunc || !wider_text) return false;
    return keeps_values(as<FuncExpr>(*bare).args[0], attno, before, {after.type, -1}, in_utc);
}

/// What depends on a column and does not follow its type.
void refuse_dependents(const Alteration& a, const Column& column) {
    const std::string& name = column.name;
    for (const Column& other : a.relation->columns) {
        if (other.generated && !other.dropped && uses_column(other.default_expr->expr, column.attno)) {
            throw SqlError("0A000", "cannot alter type of a column used by a generated column")
                .detail(fmt::format("Column \"{}\" is used by generated column \"{}\".", name, other.name));
        }
    }
    for (const Trigger& trigger : a.relation->triggers) {
        if (!trigger_uses(trigger, column.attno)) continue;
        throw SqlError("0A000", "cannot alter type of a column used in a trigger definition")
            .detail(fmt::format("trigger {} on table {} depends on column \"{}\"", trigger.name, shown_name(a.backend, *a.relation), name));
    }
    for (const auto& [oid, publication] : a.backend.catalog().publications()) {
        for (const PublicationTable& table : publication.tables) {
            if (table.relation != a.relation->oid || !table.where || !uses_column(table.where->expr, column.attno)) continue;
            throw SqlError("0A000", "cannot alter type of a column used by a publication WHERE clause")
                .detail(fmt::format("publication of table {} in publication {} depends on column \"{}\"", shown_name(a.backend, *a.relation), publication.name, name));
        }
    }
    for (const auto& [oid, other] : a.backend.catalog().relations()) {
        if (other->kind != 'v' || !other->view || !reads_column(a.backend, *other->view, a.relation->oid, column.attno)) continue;
        throw SqlError("0A000", "cannot alter type of a column used by a view or rule")
            .detail(fmt::format("rule _RETURN on view {} depends on column \"{}\"", shown_name(a.backend, *other), name));
    }
}

void require_identity_type(Oid type) {
    if (type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8) return;
    throw SqlError("22023", "identity column type must be smallint, integer, or bigint");
}

/// ATPrepAlterColumnType: looked at before the first pass.
void prepare_type(Backend& backend, const RelationPtr& relation, Step& step, RowWork& rows) {
    std::string name(step.command.text("name"));
    Node definition = step.command["def"];
    ExprPtr value;
    const bool has_using = definition.has("raw_default");
    if (has_using) {
        ExprScope scope;
        scope.place = "transform expressions";
        scope.items.push_back({relation->name, relation, 1});
        value = bind_expression(definition["raw_default"], backend.bind_options(), scope);
    }
    const Column* column = relation->find_column(name);
    if (column == nullptr && is_system_column(name)) throw SqlError("0A000", fmt::format("cannot alter system column \"{}\"", name));
    if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation->name));
    step.type = bind_ddl_type(definition["typeName"], backend.bind_options());
    const Oid type = step.type.type;
    if (column->generated) throw NotSimulated("ALTER TYPE of a generated column");
    if (column->identity != 0) {
        require_identity_type(type);
        change_sequence(backend, backend.catalog().find_relation(column->identity_sequence), {}, type);
    }
    check_column_type(backend, name, type, {relation->row_type});
    if (!has_using) {
        auto source = std::make_shared<VarExpr>();
        source->rt_index = 1;
        source->attno = column->attno;
        source->type = column->type;
        source->typmod = column->typmod;
        source->collation = column->collation;
        value = source;
    }
    ExprPtr converted = coerce_for_assignment(value, type, step.type.typmod, backend.bind_options());
    if (!converted && has_using) {
        throw SqlError("42804", fmt::format("result of USING clause for column \"{}\" cannot be cast automatically to type {}", name, format_type(backend, type)))
            .hint("You might need to add an explicit cast.");
    }
    if (!converted) {
        throw SqlError("42804", fmt::format("column \"{}\" cannot be cast automatically to type {}", name, format_type(backend, type)))
            .hint(fmt::format("You might need to specify \"USING {}::{}\".", quote_identifier(name), format_type(backend, type, step.type.typmod)));
    }
    converted = fold_constants(converted, backend);
    if (!keeps_values(converted, column->attno, *column, step.type, session_time_zone(backend).constant_offset() == 0)) rows.rewrites = true;
    rows.values.push_back({column->attno, converted});
}

/// The default stays, converted.
void convert_default(Alteration& a, Column& column, TypeRef type) {
    if (!column.default_expr) return;
    ExprPtr old_default = strip_implicit_casts(column.default_expr->expr);
    ExprPtr cast = coerce_for_assignment(old_default, type.type, type.typmod, a.backend.bind_options());
    if (!cast) {
        throw SqlError("42804", fmt::format("default for column \"{}\" cannot be cast automatically to type {}", column.name, format_type(a.backend, type.type)));
    }
    column.default_expr = stored_expression(a.backend, cast);
}

void alter_type(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    const TypeRef type = a.step.type;
    const Column& found = a.work.rows.before->columns.at(static_cast<std::size_t>(column.attno - 1));
    if (column.type != found.type || column.typmod != found.typmod) {
        throw SqlError("0A000", fmt::format("cannot alter type of column \"{}\" twice", column.name));
    }
    convert_default(a, column, type);
    refuse_dependents(a, column);
    int attno = column.attno;
    column.type = type.type;
    column.typmod = type.typmod;
    const TypeInfo& info = a.backend.type(type.type);
    column.collation = info.collation;
    column.storage = info.storage;
    // CHECKs over the column are bound again to the new type.
    for (Constraint& constraint : a.relation->constraints) {
        if (constraint.kind != ConstraintKind::kCheck || !uses_column(constraint.check->expr, attno)) continue;
        ParseTree tree = parse_sql("SELECT " + deparse_expression(*constraint.check->expr, a.backend, a.relation.get()));
        ExprScope scope;
        scope.place = "check constraints";
        scope.items.push_back({a.relation->name, std::make_shared<Relation>(*a.relation), 1});
        without_position([&] {
            ExprPtr expr = bind_expression(tree.statements()[0].node.items("targetList")[0]["val"], a.backend.bind_options(), scope);
            constraint.check = stored_expression(a.backend, expr);
        });
        std::vector<Oid>& checks = a.work.rows.checks;
        if (constraint.validated && std::ranges::find(checks, constraint.oid) == checks.end()) checks.push_back(constraint.oid);
    }
    a.work.retyped.push_back(attno);
    if (--a.work.types_left == 0) {
        remake_indexes(a.backend, *a.relation, a.work.retyped);
        a.work.rows.foreign_keys = remake_foreign_keys(a.backend, *a.relation, a.work.retyped);
    }
    publish(a);
}

void column_default(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    if (column.identity != 0) {
        throw SqlError("42601", fmt::format("column \"{}\" of relation \"{}\" is an identity column", column.name, a.relation->name))
            .hint(a.command.has("def") ? "" : "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
    }
    if (column.generated) {
        throw SqlError("42601", fmt::format("column \"{}\" of relation \"{}\" is a generated column", column.name, a.relation->name))
            .hint(a.command.has("def") ? "" : "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
    }
    column.default_expr.reset();
    if (Node def = a.command["def"]) {
        ColumnPlan plan;
        plan.column = column;
        plan.default_node = def;
        without_position([&] { bind_default(a.backend, *a.relation, plan); });
        column.default_expr = plan.column.default_expr;
    }
    publish(a);
}

void set_not_null(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    // PostgreSQL looks whether a CHECK says so already, and folds it for that.
    for (const Constraint& constraint : a.relation->constraints) {
        if (!column.not_null && constraint.check && constraint.validated) ready_to_run(*constraint.check, a.backend);
    }
    if (!column.not_null) a.work.rows.verifies_not_null = true;
    column.not_null = true;
    publish(a);
}

void drop_not_null(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    if (column.identity != 0) {
        throw SqlError("42601", fmt::format("column \"{}\" of relation \"{}\" is an identity column", column.name, a.relation->name));
    }
    const Constraint* key = a.relation->primary_key();
    if (key != nullptr && std::ranges::find(key->columns, column.attno) != key->columns.end()) {
        throw SqlError("42P16", fmt::format("column \"{}\" is in a primary key", column.name));
    }
    const bool identifies = a.relation->replica_identity == 'i' && std::ranges::any_of(a.relation->indexes, [&](const Index& index) {
        return index.oid == a.relation->replica_index && std::ranges::find(index.keys, column.attno, &IndexKey::attno) != index.keys.end();
    });
    if (identifies) throw SqlError("42P16", fmt::format("column \"{}\" is in index used as replica identity", column.name));
    column.not_null = false;
    publish(a);
}

void add_table_constraint(Alteration& a) {
    const bool of_column = static_cast<bool>(a.step.constraint.node);
    const PendingConstraint pending = of_column ? a.step.constraint : PendingConstraint{a.command["def"], "", false, false};
    auto add = [&] { add_constraint(a.backend, *a.relation, pending, &a.work.rows); };
    if (of_column || pending.node.text("contype") == "CONSTR_CHECK") {
        without_position(add);
    } else {
        add();
    }
    publish(a);
}

/// The foreign keys that need a unique index of the table, by oid.
Dependents foreign_keys_over(Backend& backend, const Relation& table, Oid index) {
    std::string needs = "index ";
    if (shown_name(backend, table) != quote_identifier(table.name)) needs += quote_identifier(table.schema_name) + ".";
    needs += quote_identifier(table.find_index(index)->name);
    std::map<Oid, Dependent> by_oid;
    for (const auto& [oid, child] : backend.catalog().relations()) {
        for (const Constraint& constraint : child->constraints) {
            if (constraint.kind != ConstraintKind::kForeign || constraint.index != index) continue;
            auto drop = [&backend, of = oid, number = constraint.oid] {
                auto changed = copy_relation(backend.catalog().find_relation(of));
                std::erase_if(changed->constraints, [&](const Constraint& other) { return other.oid == number; });
                backend.update_relation(changed);
            };
            by_oid[constraint.oid] = {fmt::format("constraint {} on table {}", constraint.name, shown_name(backend, *child)), needs, drop};
        }
    }
    Dependents found;
    for (auto& [oid, dependent] : by_oid) found.push_back(std::move(dependent));
    return found;
}

void drop_constraint(Alteration& a) {
    std::string name = name_of(a);
    auto it = std::ranges::find(a.relation->constraints, name, &Constraint::name);
    if (it == a.relation->constraints.end()) {
        std::string message = fmt::format("constraint \"{}\" of relation \"{}\" does not exist", name, a.relation->name);
        if (!a.command.flag("missing_ok")) throw SqlError("42704", message);
        a.backend.send_notice("NOTICE", SqlError("00000", message + ", skipping"));
        return;
    }
    if (it->kind == ConstraintKind::kForeign) {
        // Its triggers on the other table go as well.
        if (RelationPtr referenced = a.backend.catalog().find_relation(it->referenced)) check_not_in_use(a.backend, *referenced, "ALTER TABLE");
    }
    Oid index = it->kind == ConstraintKind::kForeign ? kInvalidOid : it->index;
    if (index != kInvalidOid) {
        settle_dependents(a.backend, foreign_keys_over(a.backend, *a.relation, index), a.command.text("behavior") == "DROP_CASCADE",
                          fmt::format("constraint {} on table {}", name, shown_name(a.backend, *a.relation)));
        // A key of the table itself may have gone.
        a.relation->constraints = a.backend.catalog().find_relation(a.relation->oid)->constraints;
        it = std::ranges::find(a.relation->constraints, name, &Constraint::name);
        std::erase_if(a.relation->indexes, [&](const Index& i) { return i.oid == index; });
        if (a.relation->replica_identity == 'i' && a.relation->replica_index == index) a.relation->replica_index = kInvalidOid;
    }
    a.relation->constraints.erase(it);
    publish(a);
}

void validate_constraint(Alteration& a) {
    std::string name = name_of(a);
    auto it = std::ranges::find(a.relation->constraints, name, &Constraint::name);
    if (it == a.relation->constraints.end()) {
        throw SqlError("42704", fmt::format("constraint \"{}\" of relation \"{}\" does not exist", name, a.relation->name));
    }
    if (it->validated) return;
    RowWork& rows = a.work.rows;
    if (it->kind == ConstraintKind::kForeign) {
        rows.foreign_keys.push_back({it->oid, a.relation->oid});
    } else {
        rows.checks.push_back(it->oid);
    }
    it->validated = true;
    publish(a);
}

void replica_identity(Alteration& a) {
    Node def = a.command["def"];
    std::string_view kind = def.text("identity_type");
    a.relation->replica_identity = kind[0];
    a.relation->replica_index = kInvalidOid;
    if (kind == "i") {
        std::string name(def.text("name"));
        auto index = std::ranges::find(a.relation->indexes, name, &Index::name);
        if (index == a.relation->indexes.end()) {
            if (a.backend.catalog().relation_name_taken(a.relation->schema, name)) {
                throw SqlError("42809", fmt::format("\"{}\" is not an index for table \"{}\"", name, a.relation->name));
            }
            throw SqlError("42704", fmt::format("index \"{}\" for table \"{}\" does not exist", name, a.relation->name));
        }
        if (!index->unique) throw SqlError("42809", fmt::format("cannot use non-unique index \"{}\" as replica identity", name));
        if (!index->immediate) throw SqlError("0A000", fmt::format("cannot use non-immediate index \"{}\" as replica identity", name));
        if (index->predicate) throw SqlError("0A000", fmt::format("cannot use partial index \"{}\" as replica identity", name));
        for (const IndexKey& key : index->keys) {
            if (key.attno == 0) throw SqlError("0A000", fmt::format("cannot use expression index \"{}\" as replica identity", name));
            const Column& column = a.relation->columns[static_cast<std::size_t>(key.attno - 1)];
            if (!column.not_null) {
                throw SqlError("42809", fmt::format("index \"{}\" cannot be used as replica identity because column \"{}\" is nullable", name, column.name));
            }
        }
        a.relation->replica_index = index->oid;
    }
    publish(a);
}

void enable_triggers(Alteration& a, char state, std::string_view which) {
    std::string name = name_of(a);
    bool found = which != "one";
    for (Trigger& trigger : a.relation->triggers) {
        if (which == "one" && trigger.name != name) continue;
        found = true;
        trigger.enabled = state;
    }
    if (!found) throw SqlError("42704", fmt::format("trigger \"{}\" for table \"{}\" does not exist", name, a.relation->name));
    if (which == "all" && state == 'D') {
        const bool keys = std::ranges::any_of(a.relation->constraints, [](const Constraint& c) { return c.kind == ConstraintKind::kForeign; });
        if (keys || !a.backend.foreign_keys_to(a.relation->oid).empty()) throw NotSimulated("DISABLE TRIGGER ALL on a table with foreign keys");
    }
    publish(a);
}

void set_storage(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    std::string text(a.command["def"].string());
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    char storage = text == "plain" ? 'p' : text == "external" ? 'e' : text == "extended" ? 'x' : text == "main" ? 'm' : 0;
    if (storage == 0) throw SqlError("22023", fmt::format("invalid storage type \"{}\"", text));
    if (storage != 'p' && a.backend.type(column.type).storage == 'p') {
        throw SqlError("0A000", fmt::format("column data type {} can only have storage PLAIN", format_type(a.backend, column.type)));
    }
    column.storage = storage;
    publish(a);
}

void set_statistics(Alteration& a) {
    constexpr int kMaxTarget = 10000;
    if (a.command.text("name").empty()) throw SqlError("0A000", "cannot refer to non-index column by number");
    const std::int64_t target = a.command["def"].integer("ival");
    if (target < -1) throw SqlError("22023", fmt::format("statistics target {} is too low", target));
    if (target > kMaxTarget) a.backend.send_notice("WARNING", SqlError("22023", fmt::format("lowering statistics target to {}", kMaxTarget)));
    require_column(a, name_of(a));
}

void add_identity(Alteration& a) {
    // Looked at before the column is: no system column has such a type.
    if (is_system_column(name_of(a))) require_identity_type(kInvalidOid);
    Column& column = require_column(a, name_of(a));
    require_identity_type(column.type);
    if (!column.not_null) {
        throw SqlError("55000", fmt::format("column \"{}\" of relation \"{}\" must be declared NOT NULL before identity can be added", column.name, a.relation->name));
    }
    if (column.identity != 0) {
        throw SqlError("55000", fmt::format("column \"{}\" of relation \"{}\" is already an identity column", column.name, a.relation->name));
    }
    if (column.default_expr) {
        throw SqlError("55000", fmt::format("column \"{}\" of relation \"{}\" already has a default value", column.name, a.relation->name));
    }
    ColumnPlan plan;
    plan.column = column;
    plan.identity_node = a.command["def"];
    plan.column.identity = plan.identity_node.text("generated_when") == "a" ? 'a' : 'd';
    add_sequence(a.backend, *a.relation, plan);
    require_column(a, plan.column.name) = plan.column;
    publish(a);
}

/// SET GENERATED, RESTART and SET of a sequence's options: the sequence comes first.
void set_identity(Alteration& a) {
    std::string name = name_of(a);
    std::vector<Node> options;
    char generated = 0;
    for (const Node& option : a.command["def"].items()) {
        if (option.text("defname") != "generated") {
            options.push_back(option);
            continue;
        }
        if (generated != 0) throw SqlError("42601", "conflicting or redundant options").at(option.location());
        generated = static_cast<char>(option["arg"].integer("ival"));
    }
    const Column& before = require_column(a, name);
    if (before.identity == 0) {
        throw SqlError("55000", fmt::format("column \"{}\" of relation \"{}\" is not an identity column", name, a.relation->name));
    }
    if (!options.empty()) change_sequence(a.backend, a.backend.catalog().find_relation(before.identity_sequence), options);
    if (generated == 0) return;
    require_column(a, name).identity = generated;
    publish(a);
}

void drop_identity(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    if (column.identity == 0) {
        std::string message = fmt::format("column \"{}\" of relation \"{}\" is not an identity column", column.name, a.relation->name);
        if (!a.command.flag("missing_ok")) throw SqlError("55000", message);
        a.backend.notice("NOTICE", message + ", skipping");
        return;
    }
    Oid sequence = column.identity_sequence;
    column.identity = 0;
    column.identity_sequence = kInvalidOid;
    publish(a);
    auto catalog = a.backend.copy_catalog();
    drop_with_grants(*catalog, sequence);
    a.backend.set_catalog(std::move(catalog));
}

void drop_expression(Alteration& a) {
    Column& column = require_column(a, name_of(a));
    if (!column.generated) {
        std::string message = fmt::format("column \"{}\" of relation \"{}\" is not a stored generated column", column.name, a.relation->name);
        if (!a.command.flag("missing_ok")) throw SqlError("55000", message);
        a.backend.send_notice("NOTICE", SqlError("00000", message + ", skipping"));
        return;
    }
    column.generated = false;
    column.default_expr.reset();
    publish(a);
}

void change_owner(Alteration& a) {
    std::string name(a.command["newowner"].text("rolename"));
    const Role* role = name.empty() ? a.backend.catalog().find_role(a.backend.current_user()) : a.backend.catalog().find_role(name);
    if (role == nullptr) throw SqlError("42704", fmt::format("role \"{}\" does not exist", name));
    a.relation->owner = role->oid;
    publish(a);
}

void cluster_on(Alteration& a) {
    a.relation->clustered_index = index_to_cluster_on(*a.relation, name_of(a)).oid;
    publish(a);
}

void drop_cluster(Alteration& a) {
    a.relation->clustered_index = kInvalidOid;
    publish(a);
}

/// A logged table cannot refer to an unlogged one.
void check_persistence_of_keys(const Alteration& a, bool to_logged) {
    for (const auto& [oid, child] : a.backend.catalog().relations()) {
        for (const Constraint& constraint : child->constraints) {
            if (constraint.kind != ConstraintKind::kForeign || constraint.referenced == oid) continue;
            if ((to_logged ? oid : constraint.referenced) != a.relation->oid) continue;
            const RelationPtr other = to_logged ? a.backend.catalog().find_relation(constraint.referenced) : child;
            if ((other->persistence == 'p') == to_logged) continue;
            const std::string_view was = to_logged ? "unlogged" : "logged", becomes = to_logged ? "logged" : "unlogged";
            throw SqlError("42P16", fmt::format("could not change table \"{}\" to {} because it references {} table \"{}\"", a.relation->name, becomes, was, other->name));
        }
    }
}

/// SET LOGGED and UNLOGGED. Mirrors ATPrepChangePersistence.
void change_persistence(Alteration& a) {
    const bool to_logged = a.command.text("subtype") == "AT_SetLogged";
    const char persistence = to_logged ? 'p' : 'u';
    if (a.work.changes_persistence) throw SqlError("0A000", "cannot change persistence setting twice");
    if (a.relation->persistence == 't') {
        throw SqlError("42P16", fmt::format("cannot change logged status of table \"{}\" because it is temporary", a.relation->name));
    }
    if (a.relation->persistence == persistence) return;
    const bool is_published = std::ranges::any_of(a.backend.catalog().publications(), [&](const auto& entry) {
        return std::ranges::find(entry.second.tables, a.relation->oid, &PublicationTable::relation) != entry.second.tables.end();
    });
    if (!to_logged && is_published) {
        throw SqlError("55000", fmt::format("cannot change table \"{}\" to unlogged because it is part of a publication", a.relation->name))
            .detail("Unlogged relations cannot be replicated.");
    }
    check_persistence_of_keys(a, to_logged);
    a.work.changes_persistence = true;
    a.work.rows.rewrites = a.relation->kind == 'r';
    a.relation->persistence = persistence;
    publish(a);
    for (const auto& [oid, other] : std::map<Oid, RelationPtr>(a.backend.catalog().relations())) {
        if (!other->sequence || other->sequence->owner_table != a.relation->oid) continue;
        auto changed = copy_relation(other);
        changed->persistence = persistence;
        a.backend.update_relation(changed);
    }
}

void alter_constraint(Alteration& a) {
    const Node def = a.command["def"];
    const std::string name(def.text("conname"));
    auto it = std::ranges::find(a.relation->constraints, name, &Constraint::name);
    if (it == a.relation->constraints.end()) throw SqlError("42704", fmt::format("constraint \"{}\" of relation \"{}\" does not exist", name, a.relation->name));
    if (it->kind != ConstraintKind::kForeign) {
        throw SqlError("42809", fmt::format("constraint \"{}\" of relation \"{}\" is not a foreign key constraint", name, a.relation->name));
    }
    it->deferrable = def.flag("deferrable");
    it->initially_deferred = def.flag("initdeferred");
    publish(a);
}

void set_options(Alteration& a) {
    set_storage_options(a.relation->storage, a.command["def"].items());
    publish(a);
}

void reset_options(Alteration& a) {
    reset_storage_options(a.relation->storage, a.command["def"].items());
    publish(a);
}

using Alter = void (*)(Alteration&);
struct AlterRow {
    std::string_view subtype;
    Alter run;
    Pass pass = Pass::kOther;
};
constexpr AlterRow kAlterations[] = {
    {"AT_AddColumn", add_column, Pass::kAddColumn},
    {"AT_AddConstraint", add_table_constraint, Pass::kAddConstraint},
    {"AT_AddIdentity", add_identity, Pass::kAddConstraint},
    {"AT_AlterColumnType", alter_type, Pass::kAlterType},
    {"AT_AlterConstraint", alter_constraint},
    {"AT_ChangeOwner", change_owner},
    {"AT_ClusterOn", cluster_on},
    {"AT_ColumnDefault", column_default, Pass::kAddConstraint},
    {"AT_DisableTrig", [](Alteration& a) { enable_triggers(a, 'D', "one"); }},
    {"AT_DisableTrigAll", [](Alteration& a) { enable_triggers(a, 'D', "all"); }},
    {"AT_DisableTrigUser", [](Alteration& a) { enable_triggers(a, 'D', "user"); }},
    {"AT_DropCluster", drop_cluster},
    {"AT_DropColumn", drop_column, Pass::kDrop},
    {"AT_DropConstraint", drop_constraint, Pass::kDrop},
    {"AT_DropExpression", drop_expression, Pass::kDrop},
    {"AT_DropIdentity", drop_identity, Pass::kDrop},
    {"AT_DropNotNull", drop_not_null, Pass::kDrop},
    {"AT_EnableAlwaysTrig", [](Alteration& a) { enable_triggers(a, 'A', "one"); }},
    {"AT_EnableReplicaTrig", [](Alteration& a) { enable_triggers(a, 'R', "one"); }},
    {"AT_EnableTrig", [](Alteration& a) { enable_triggers(a, 'O', "one"); }},
    {"AT_EnableTrigAll", [](Alteration& a) { enable_triggers(a, 'O', "all"); }},
    {"AT_EnableTrigUser", [](Alteration& a) { enable_triggers(a, 'O', "user"); }},
    {"AT_ReplicaIdentity", replica_identity},
    {"AT_ResetRelOptions", reset_options},
    {"AT_SetIdentity", set_identity},
    {"AT_SetLogged", change_persistence},
    {"AT_SetNotNull", set_not_null, Pass::kColumnAttributes},
    {"AT_SetRelOptions", set_options},
    {"AT_SetStatistics", set_statistics},
    {"AT_SetStorage", set_storage},
    {"AT_SetUnLogged", change_persistence},
    {"AT_ValidateConstraint", validate_constraint},
};
static_assert(std::ranges::is_sorted(kAlterations, {}, &AlterRow::subtype));

const AlterRow& alteration_of(const Node& step) {
    const auto* row = std::ranges::lower_bound(kAlterations, step.text("subtype"), {}, &AlterRow::subtype);
    if (row == std::end(kAlterations) || row->subtype != step.text("subtype")) {
        throw NotSimulated(fmt::format("ALTER TABLE ({})", step.text("subtype").substr(3)));
    }
    return *row;
}

Pass pass_of_constraint(const Node& definition) {
    std::string_view kind = definition.text("contype");
    return kind == "CONSTR_PRIMARY" || kind == "CONSTR_UNIQUE" || kind == "CONSTR_EXCLUSION" ? Pass::kAddIndexConstraint : Pass::kAddConstraint;
}

Pass pass_of(const Node& step) {
    const AlterRow& row = alteration_of(step);
    if (row.run == column_default && !step.has("def")) return Pass::kDrop;
    return row.run == add_table_constraint ? pass_of_constraint(step["def"]) : row.pass;
}

void put_off(TableWork& work, const PendingConstraint& constraint) {
    work.passes[static_cast<std::size_t>(pass_of_constraint(constraint.node))].push_back({Node(), constraint, {}});
}

/// What is looked at clause by clause, in the order in which they were written.
void prepare(Backend& backend, const RelationPtr& relation, const std::vector<Node>& commands, TableWork& work) {
    for (const Node& command : commands) {
        const AlterRow& row = alteration_of(command);
        if (relation->kind == 'v' && row.subtype != "AT_ChangeOwner") throw NotSimulated("ALTER VIEW");
        Step step{command, {}, {}};
        if (row.run == alter_type) {
            prepare_type(backend, relation, step, work.rows);
            ++work.types_left;
        }
        work.passes[static_cast<std::size_t>(pass_of(command))].push_back(std::move(step));
    }
}

void run_passes(Backend& backend, Oid table, TableWork& work) {
    for (std::vector<Step>& pass : work.passes) {
        // A pass may put something into a later one, never into itself.
        for (const Step& step : pass) {
            Alteration alteration{backend, step.command, copy_relation(backend.catalog().find_relation(table)), work, step};
            if (step.constraint.node) add_table_constraint(alteration);
            else alteration_of(step.command).run(alteration);
        }
    }
}

}  // namespace

void drop_column_cascade(Backend& backend, Oid table, const std::string& name) {
    RelationPtr relation = backend.catalog().find_relation(table);
    if (!relation || relation->find_column(name) == nullptr) return;
    ParseTree tree = parse_sql(fmt::format("ALTER TABLE x DROP COLUMN \"{}\" CASCADE", name));
    if (name.find('"') != std::string::npos) throw NotSimulated("DROP ... CASCADE of a column with a quote in its name");
    Node command = tree.statements()[0].node.items("cmds")[0];
    TableWork work;
    const Step step{command, {}, {}};
    Alteration alteration{backend, command, copy_relation(relation), work, step};
    drop_column(alteration);
    // Its type may go too.
    auto changed = copy_relation(backend.catalog().find_relation(table));
    for (Column& column : changed->columns) {
        if (!column.dropped || column.type < kFirstNormalOid) continue;
        const TypeInfo& type = backend.type(column.type);
        // One that is stored in the same way: the old rows keep their values.
        if (type.typtype == 'd') throw NotSimulated("DROP DOMAIN ... CASCADE with dependent columns");
        column.type = type.typtype == 'e' ? oid::kFloat4 : oid::kText;
    }
    backend.update_relation(changed);
}

ExecResult alter_table(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string_view kind = node.text("objtype");
    std::string tag = kind == "OBJECT_SEQUENCE" ? "ALTER SEQUENCE" : kind == "OBJECT_VIEW" ? "ALTER VIEW" : kind == "OBJECT_INDEX" ? "ALTER INDEX"
                      : kind == "OBJECT_TYPE" ? "ALTER TYPE" : "ALTER TABLE";
    if (kind == "OBJECT_TYPE" || kind == "OBJECT_INDEX") throw NotSimulated(tag);
    RelationPtr relation = find_relation(node["relation"], backend);
    if (!relation && node.flag("missing_ok")) {
        backend.send_notice("NOTICE", SqlError("00000", fmt::format("relation \"{}\" does not exist, skipping", node["relation"].text("relname"))));
        return tag_only(tag);
    }
    if (!relation) relation = open_relation(backend, node["relation"]);
    if (relation->is_system()) {
        throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
    }
    require_owner(backend, *relation);
    check_not_in_use(backend, *relation, tag);
    TableWork work;
    work.rows.before = relation;
    prepare(backend, relation, node.items("cmds"), work);
    run_passes(backend, relation->oid, work);
    finish_rows(backend, relation->oid, work.rows);
    return tag_only(tag);
}

}  // namespace cdcsim::pg
