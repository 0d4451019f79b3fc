#include "sim/postgres/catalog/system_relations.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/catalog/catalog.h"
#include "sim/postgres/executor/system_rows.h"

namespace cdcsim::pg {
namespace {

struct SystemColumnRow {
    Oid relation;
    std::string_view schema, name, column;
    Oid type;
};

constexpr SystemColumnRow kColumns[] = {
#include "sim/postgres/catalog/data/system_columns.inc"
};

std::vector<RelationPtr> build() {
    std::vector<RelationPtr> relations;
    std::shared_ptr<Relation> current;
    for (const SystemColumnRow& row : kColumns) {
        if (!current || current->oid != row.relation) {
            current = std::make_shared<Relation>();
            current->oid = row.relation;
            current->schema_name = row.schema;
            current->schema = row.schema == "pg_catalog" ? schema_oid::kPgCatalog : schema_oid::kInformationSchema;
            current->name = row.name;
            current->owner = kBootstrapSuperuser;
            current->virtual_rows = find_virtual_rows(row.schema, row.name);
            relations.push_back(current);
        }
        Column column;
        column.name = row.column;
        column.attno = static_cast<int>(current->columns.size()) + 1;
        column.type = row.type;
        if (const TypeRow* type = find_builtin_type(row.type)) column.collation = type->collation;
        current->columns.push_back(std::move(column));
    }
    return relations;
}

}  // namespace

const std::vector<RelationPtr>& system_relations() {
    static const std::vector<RelationPtr> relations = build();
    return relations;
}

bool is_system_relation_name(std::string_view schema, std::string_view name) {
    static constexpr std::string_view kNames[] = {
#include "sim/postgres/catalog/data/system_names.inc"
    };
    const std::string qualified = std::string(schema.empty() ? "pg_catalog" : schema) + "." + std::string(name);
    return std::ranges::binary_search(kNames, std::string_view(qualified));
}

}  // namespace cdcsim::pg
