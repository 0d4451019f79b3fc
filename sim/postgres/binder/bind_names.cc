// Names of relations, schemas and types. Mirrors namespace.c and parse_type.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/catalog/system_relations.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/type/typmod.h"

namespace cdcsim::pg {
namespace {

TypePtr find_type_by_name(const std::vector<std::string>& names, CatalogContext& context, int location) {
    const Catalog& catalog = context.catalog();
    if (names.size() == 1) {
        for (Oid schema : context.search_path()) {
            if (TypePtr type = catalog.find_type(schema, names[0])) return type;
        }
        return nullptr;
    }
    if (names.size() > 2) {
        throw SqlError("42601", fmt::format("improper qualified name (too many dotted names): {}", fmt::join(names, "."))).at(location);
    }
    return catalog.find_type(require_schema(names[0], context, location).oid, names[1]);
}

std::vector<std::int32_t> modifiers_of(const Node& type_name) {
    std::vector<std::int32_t> modifiers;
    for (const Node& node : type_name.items("typmods")) {
        std::int64_t value = 0;
        bool ok = node.is("A_Const") && node.has("ival");
        if (ok) value = node["ival"].integer("ival");
        // numeric(3,-2): the sign is an operator in the raw tree.
        if (!ok && node.is("A_Expr") && node["rexpr"].has("ival")) {
            value = -node["rexpr"]["ival"].integer("ival");
            ok = true;
        }
        if (!ok) throw SqlError("42601", "type modifiers must be simple constants or identifiers").at(type_name.location());
        modifiers.push_back(static_cast<std::int32_t>(value));
    }
    return modifiers;
}

/// table.column%TYPE.
TypeRef percent_type(const std::vector<std::string>& names, CatalogContext& context) {
    std::vector<std::string> table(names.begin(), names.end() - 1);
    if (table.empty()) {
        throw SqlError("42601", fmt::format("improper %TYPE reference (too few dotted names): {}", names.back()));
    }
    RelationPtr relation = find_relation_by_name(table, context);
    if (!relation) {
        throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(table, ".")));
    }
    const Column* column = relation->find_column(names.back());
    if (column == nullptr) {
        throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", names.back(), relation->name));
    }
    context.host().notice("NOTICE", fmt::format("type reference {}%TYPE converted to {}", fmt::join(names, "."),
                                                format_type(context.host(), column->type)));
    return {column->type, column->typmod};
}

}  // namespace

const Schema* find_named_schema(const std::string& name, CatalogContext& context) {
    if (name != "pg_temp") return context.catalog().find_schema(name);
    for (Oid oid : context.search_path()) {
        const Schema* schema = context.catalog().find_schema(oid);
        if (schema != nullptr && schema->name.starts_with("pg_temp_")) return schema;
    }
    return nullptr;
}

const Schema& require_schema(const std::string& name, CatalogContext& context, int location) {
    const Schema* schema = find_named_schema(name, context);
    if (schema == nullptr) throw SqlError("3F000", fmt::format("schema \"{}\" does not exist", name)).at(location);
    return *schema;
}

std::vector<Oid> function_search_path(CatalogContext& context) {
    std::vector<Oid> schemas = context.search_path();
    std::erase_if(schemas, [&](Oid oid) {
        const Schema* schema = context.catalog().find_schema(oid);
        return schema != nullptr && schema->name.starts_with("pg_temp_");
    });
    return schemas;
}

void require_schema_of(const std::vector<std::string>& names, CatalogContext& context) {
    if (names.size() > 1) require_schema(names[names.size() - 2], context);
}

RelationPtr find_relation_by_name(const std::vector<std::string>& names, CatalogContext& context) {
    const Catalog& catalog = context.catalog();
    if (names.size() == 1) {
        for (Oid schema : context.search_path()) {
            if (RelationPtr relation = catalog.find_relation(schema, names[0])) return relation;
        }
        return nullptr;
    }
    const Schema* schema = find_named_schema(names[names.size() - 2], context);
    if (schema == nullptr) return nullptr;
    if (!context.may_use_schema(schema->oid)) throw SqlError("42501", fmt::format("permission denied for schema {}", schema->name));
    return catalog.find_relation(schema->oid, names.back());
}

RelationPtr find_relation(const Node& range_var, CatalogContext& context) {
    std::vector<std::string> names;
    if (range_var.has("schemaname")) names.emplace_back(range_var.text("schemaname"));
    names.emplace_back(range_var.text("relname"));
    return find_relation_by_name(names, context);
}

RelationPtr require_relation(const Node& range_var, CatalogContext& context) {
    try {
        if (RelationPtr relation = find_relation(range_var, context)) return relation;
    } catch (SqlError& error) {
        error.set_position(range_var.location());
        throw;
    }
    if (is_system_relation_name(range_var.text("schemaname"), range_var.text("relname"))) {
        throw NotSimulated("system relation " + std::string(range_var.text("relname")));
    }
    std::string name(range_var.text("relname"));
    if (range_var.has("schemaname")) name = fmt::format("{}.{}", range_var.text("schemaname"), name);
    throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", name)).at(range_var.location());
}

TypeRef bind_type_name(const Node& type_name, const BindOptions& options) {
    CatalogContext& context = options.context;
    std::vector<std::string> names = name_list(type_name.items("names"));
    if (type_name.flag("pct_type")) return percent_type(names, context);
    TypePtr type = find_type_by_name(names, context, type_name.location());
    if (!type) {
        std::string text = fmt::format("{}", fmt::join(names, "."));
        if (type_name.has("arrayBounds")) text += "[]";
        throw SqlError("42704", fmt::format("type \"{}\" does not exist", text)).at(type_name.location());
    }
    TypeRef ref{type->oid, -1};
    std::vector<std::int32_t> modifiers = modifiers_of(type_name);
    if (!modifiers.empty()) {
        try {
            ref.typmod = make_typmod(context.host(), type->oid, modifiers);
        } catch (SqlError& error) {
            error.set_position(type_name.location());
            throw;
        }
    }
    if (type_name.has("arrayBounds")) {
        if (type->array == kInvalidOid) {
            throw SqlError("42704", fmt::format("type \"{}[]\" does not exist", fmt::join(names, "."))).at(type_name.location());
        }
        ref.type = type->array;
    }
    return ref;
}

TypeRef bind_ddl_type(const Node& type_name, const BindOptions& options) {
    try {
        return bind_type_name(type_name, options);
    } catch (SqlError& error) {
        if (!error.is_not_simulated()) error.replace_position(-1);
        throw;
    }
}

TypeRef parse_type_text(std::string_view text, const BindOptions& options) {
    ParseTree tree;
    try {
        tree = parse_sql(fmt::format("SELECT NULL::{}", text));
    } catch (const SqlError&) {
        throw SqlError("42601", fmt::format("invalid type name \"{}\"", text));
    }
    Node cast = tree.statements().at(0).node.items("targetList").at(0)["val"];
    if (!cast.is("TypeCast")) throw SqlError("42601", fmt::format("invalid type name \"{}\"", text));
    try {
        return bind_type_name(cast["typeName"], options);
    } catch (SqlError& error) {
        // The position is inside our own text.
        SqlError plain(error.sqlstate(), error.message());
        throw plain;
    }
}

}  // namespace cdcsim::pg
