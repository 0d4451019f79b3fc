#include "sim/postgres/executor/catalog_functions.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/type/quote.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

std::string column_names(const Relation& relation, const std::vector<int>& attnos) {
    std::string names;
    for (int attno : attnos) {
        names += names.empty() ? "" : ", ";
        names += quote_identifier(relation.columns[static_cast<std::size_t>(attno - 1)].name);
    }
    return names;
}

/// With its schema where the search_path does not find it.
std::string relation_name(Backend& backend, const Relation& relation) {
    RelationPtr found = find_relation_by_name({relation.name}, backend);
    if (found && found->oid == relation.oid) return quote_identifier(relation.name);
    return quote_identifier(relation.schema_name) + "." + quote_identifier(relation.name);
}

std::string_view action_name(char action) {
    switch (action) {
        case 'r': return "RESTRICT";
        case 'c': return "CASCADE";
        case 'n': return "SET NULL";
        case 'd': return "SET DEFAULT";
        default: return "";
    }
}

std::string foreign_key(Backend& backend, const Relation& relation, const Constraint& constraint) {
    RelationPtr parent = backend.catalog().find_relation(constraint.referenced);
    std::string text = fmt::format("FOREIGN KEY ({}) REFERENCES {}({})", column_names(relation, constraint.columns), relation_name(backend, *parent),
                                   column_names(*parent, constraint.referenced_columns));
    if (constraint.match == 'f') text += " MATCH FULL";
    if (constraint.on_update != 'a') text += fmt::format(" ON UPDATE {}", action_name(constraint.on_update));
    if (constraint.on_delete != 'a') text += fmt::format(" ON DELETE {}", action_name(constraint.on_delete));
    if (!constraint.on_delete_set_columns.empty()) text += fmt::format(" ({})", column_names(relation, constraint.on_delete_set_columns));
    return text;
}

std::string definition(Backend& backend, const Relation& relation, const Constraint& constraint) {
    std::string text;
    switch (constraint.kind) {
        case ConstraintKind::kCheck:
            text = fmt::format("CHECK ({})", deparse_expression(*constraint.check->expr, backend, &relation));
            if (constraint.no_inherit) text += " NO INHERIT";
            break;
        case ConstraintKind::kForeign: text = foreign_key(backend, relation, constraint); break;
        case ConstraintKind::kPrimary:
        case ConstraintKind::kUnique: {
            const Index* index = relation.find_index(constraint.index);
            text = constraint.kind == ConstraintKind::kPrimary ? "PRIMARY KEY " : "UNIQUE ";
            if (index->nulls_not_distinct) text += "NULLS NOT DISTINCT ";
            text += fmt::format("({})", column_names(relation, constraint.columns));
            if (!index->include.empty()) text += fmt::format(" INCLUDE ({})", column_names(relation, index->include));
            break;
        }
        case ConstraintKind::kExclusion: throw NotSimulated("pg_get_constraintdef of an EXCLUDE constraint");
    }
    if (constraint.deferrable) text += " DEFERRABLE";
    if (constraint.initially_deferred) text += " INITIALLY DEFERRED";
    if (!constraint.validated) text += " NOT VALID";
    return text;
}

std::string key_text(Backend& backend, const Relation& relation, const IndexKey& key) {
    std::string text;
    if (key.attno != 0) {
        text = quote_identifier(relation.columns[static_cast<std::size_t>(key.attno - 1)].name);
    } else {
        // A function call stands without parentheses.
        bool call = key.expr->expr->kind == ExprKind::kFunc && as<FuncExpr>(*key.expr->expr).form <= FuncForm::kSqlSyntax;
        text = deparse_expression(*key.expr->expr, backend, &relation);
        if (!call) text = "(" + text + ")";
    }
    if (key.descending) text += " DESC";
    if (key.nulls_first && !key.descending) text += " NULLS FIRST";
    if (!key.nulls_first && key.descending) text += " NULLS LAST";
    return text;
}

}  // namespace

std::string index_definition(Backend& backend, const Relation& relation, const Index& index) {
    std::string keys;
    for (const IndexKey& key : index.keys) keys += (keys.empty() ? "" : ", ") + key_text(backend, relation, key);
    std::string text = fmt::format("CREATE {}INDEX {} ON {}.{} USING {} ({})", index.unique ? "UNIQUE " : "", quote_identifier(index.name),
                                   quote_identifier(relation.schema_name), quote_identifier(relation.name), index.method, keys);
    if (!index.include.empty()) text += fmt::format(" INCLUDE ({})", column_names(relation, index.include));
    if (index.nulls_not_distinct) text += " NULLS NOT DISTINCT";
    std::string options;
    for (const std::string& option : index.storage.texts) {
        const std::size_t equals = option.find('=');
        const std::string value = option.substr(equals + 1);
        const bool is_name = quote_identifier(value) == value;
        options += fmt::format("{}{}={}", options.empty() ? "" : ", ", option.substr(0, equals), is_name ? value : "'" + value + "'");
    }
    if (!options.empty()) text += fmt::format(" WITH ({})", options);
    if (index.predicate) text += fmt::format(" WHERE {}", deparse_expression(*index.predicate->expr, backend, &relation));
    return text;
}

namespace {

std::string trigger_events(const Relation& relation, const Trigger& trigger) {
    std::string text;
    auto add = [&](int event, std::string_view name) {
        if ((trigger.type & event) != 0) text += (text.empty() ? "" : " OR ") + std::string(name);
    };
    add(TriggerType::kInsert, "INSERT");
    add(TriggerType::kDelete, "DELETE");
    add(TriggerType::kUpdate, "UPDATE");
    if (!trigger.update_columns.empty()) text += " OF " + column_names(relation, trigger.update_columns);
    add(TriggerType::kTruncate, "TRUNCATE");
    return text;
}

std::string trigger_definition(Backend& backend, const Relation& relation, const Trigger& trigger, bool is_pretty) {
    if (trigger.when) throw NotSimulated("pg_get_triggerdef of a trigger with WHEN");
    const int type = trigger.type;
    std::string_view timing = (type & TriggerType::kBefore) != 0 ? "BEFORE" : (type & TriggerType::kInstead) != 0 ? "INSTEAD OF" : "AFTER";
    std::string table = is_pretty ? relation_name(backend, relation) : quote_identifier(relation.schema_name) + "." + quote_identifier(relation.name);
    std::string text = fmt::format("CREATE {}TRIGGER {} {} {} ON {} ", trigger.is_constraint ? "CONSTRAINT " : "", quote_identifier(trigger.name), timing,
                                   trigger_events(relation, trigger), table);
    if (trigger.is_constraint) {
        text += fmt::format("{}DEFERRABLE INITIALLY {} ", trigger.deferrable ? "" : "NOT ", trigger.initially_deferred ? "DEFERRED" : "IMMEDIATE");
    }
    if (!trigger.old_table.empty() || !trigger.new_table.empty()) text += "REFERENCING ";
    if (!trigger.old_table.empty()) text += fmt::format("OLD TABLE AS {} ", quote_identifier(trigger.old_table));
    if (!trigger.new_table.empty()) text += fmt::format("NEW TABLE AS {} ", quote_identifier(trigger.new_table));
    FunctionPtr visible = find_user_function({trigger.function->name}, {}, backend);
    std::string function = quote_identifier(trigger.function->name);
    if (!visible || visible->oid != trigger.function->oid) {
        function = quote_identifier(backend.catalog().find_schema(trigger.function->schema)->name) + "." + function;
    }
    std::string args;
    for (const std::string& arg : trigger.args) {
        args += args.empty() ? "'" : ", '";
        for (char c : arg) args += c == '\'' ? "''" : std::string(1, c);  // no E'' here
        args += "'";
    }
    return text + fmt::format("FOR EACH {} EXECUTE FUNCTION {}({})", (type & TriggerType::kRow) != 0 ? "ROW" : "STATEMENT", function, args);
}

}  // namespace

Datum obj_description(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    const Comment* comment = backend.catalog().find_comment({static_cast<Oid>(args[0].as_int()), 0});
    if (comment == nullptr || (args.size() > 1 && args[1].as_text() != comment->catalog)) return {};
    return Datum::of_text(comment->text);
}

Datum col_description(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    const Comment* comment = backend.catalog().find_comment({static_cast<Oid>(args[0].as_int()), static_cast<int>(args[1].as_int())});
    return comment != nullptr ? Datum::of_text(comment->text) : Datum();
}

Datum pg_get_triggerdef(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    const auto wanted = static_cast<Oid>(args[0].as_int());
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        auto it = std::ranges::find(relation->triggers, wanted, &Trigger::oid);
        if (it != relation->triggers.end()) return Datum::of_text(trigger_definition(backend, *relation, *it, args.size() > 1 && args[1].as_bool()));
        const bool is_internal = std::ranges::any_of(relation->constraints, [&](const Constraint& constraint) {
            return constraint.kind == ConstraintKind::kForeign && wanted > constraint.oid && wanted <= constraint.oid + 4;
        });
        if (is_internal) throw NotSimulated("pg_get_triggerdef of a foreign key's own trigger");
    }
    return {};
}

Datum pg_get_constraintdef(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    auto wanted = static_cast<Oid>(args[0].as_int());
    if (args.size() > 1 && args[1].as_bool()) throw NotSimulated("pg_get_constraintdef with pretty printing");
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        auto it = std::ranges::find(relation->constraints, wanted, &Constraint::oid);
        if (it != relation->constraints.end()) return Datum::of_text(definition(backend, *relation, *it));
    }
    return {};
}

Datum pg_get_indexdef(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    if (args.size() > 1) throw NotSimulated("pg_get_indexdef of one column");
    auto [relation, index] = backend.catalog().find_index(static_cast<Oid>(args[0].as_int()));
    if (index == nullptr) return {};
    return Datum::of_text(index_definition(backend, *relation, *index));
}

Datum current_schemas(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    bool implicit = args[0].as_bool();
    std::string setting = backend.setting("search_path");
    bool names_catalog = setting.find("pg_catalog") != std::string::npos, names_temp = setting.find("pg_temp") != std::string::npos;
    std::string names;
    for (Oid schema : backend.search_path()) {
        bool unnamed = (schema == schema_oid::kPgCatalog && !names_catalog) || (schema == backend.current_temp_schema() && !names_temp);
        if (unnamed && !implicit) continue;
        names += (names.empty() ? "" : ",") + quote_identifier(backend.catalog().find_schema(schema)->name);
    }
    return input_text(call.env, call.result_type, "{" + names + "}");
}

Datum pg_drop_replication_slot(CallContext& call, std::span<const Datum> args) {
    Backend& backend = static_cast<Backend&>(static_cast<Host&>(call.env));
    auto& slots = backend.server().wal.slots();
    auto it = slots.find(args[0].as_text());
    if (it == slots.end()) throw SqlError("42704", fmt::format("replication slot \"{}\" does not exist", args[0].as_text()));
    if (it->second.active) throw NotSimulated("dropping a replication slot that is active");
    slots.erase(it);
    backend.server().wal.prune();
    return Datum::of_text("");
}

}  // namespace cdcsim::pg
