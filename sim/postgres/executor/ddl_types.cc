// CREATE TYPE ... AS ENUM, CREATE TYPE ... AS (...), ALTER TYPE ... ADD VALUE. Mirrors
// typecmds.c and pg_enum.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

std::string array_type_name(const Catalog& catalog, Oid schema, const std::string& name) {
    for (std::string array = "_" + name;; array = "_" + array) {
        const std::string clipped = make_object_name(array, "", "");
        if (!catalog.find_type(schema, clipped)) return clipped;
    }
}

Oid claim_type_name(Catalog& catalog, Oid schema, const std::string& name) {
    const TypePtr taken = catalog.find_type(schema, name);
    if (!taken) return kInvalidOid;
    const TypePtr element = taken->element != kInvalidOid ? catalog.find_type(taken->element) : nullptr;
    if (!element || element->array != taken->oid) throw SqlError("42710", fmt::format("type \"{}\" already exists", name));
    auto moved = std::make_shared<TypeInfo>(*taken);
    moved->name = array_type_name(catalog, schema, name);
    catalog.put_type(moved);
    return taken->oid;
}

void rename_type_to(Catalog& catalog, Oid schema, const TypeInfo& type, const std::string& name) {
    const Oid moved = claim_type_name(catalog, schema, name);
    auto changed = std::make_shared<TypeInfo>(type);
    changed->name = name;
    catalog.put_type(changed);
    if (type.array == kInvalidOid || type.array == moved) return;
    auto array = std::make_shared<TypeInfo>(*catalog.find_type(type.array));
    array->name = array_type_name(catalog, schema, name);
    catalog.put_type(array);
}

namespace {

/// enum_in in a session: a label that this transaction has added is not safe yet.
Datum input_label(Environment& env, const TypeInfo& type, std::string_view text, std::int32_t typmod) {
    Datum value = shared_type_ops('E')->input(env, type, text, typmod);
    auto* backend = dynamic_cast<Backend*>(&env);
    if (backend == nullptr || backend->transaction().unsafe_labels.empty()) return value;
    auto label = std::ranges::find(type.labels, text, &EnumLabel::label);
    if (label == type.labels.end() || !backend->transaction().unsafe_labels.contains(label->oid)) return value;
    throw SqlError("55P04", fmt::format("unsafe use of new value \"{}\" of enum type {}", text, format_type(*backend, type.oid)))
        .hint("New enum values must be committed before they can be used.");
}

const TypeOps* session_enum_ops() {
    static const TypeOps ops = [] {
        TypeOps own = *shared_type_ops('E');
        own.input = input_label;
        return own;
    }();
    return &ops;
}

/// The array type that comes with every type.
std::shared_ptr<TypeInfo> make_array(const Catalog& catalog, const TypeInfo& element, Oid schema) {
    auto array = std::make_shared<TypeInfo>();
    array->oid = element.array;
    array->schema = element.schema;
    array->name = array_type_name(catalog, schema, element.name);
    array->category = 'A';
    array->align = element.align == 'd' ? 'd' : 'i';
    array->element = element.oid;
    array->collation = element.collation;
    array->ops = shared_type_ops('A');
    return array;
}

}  // namespace

void claim_type_name(Backend& backend, Oid schema, const std::string& name) {
    if (!backend.catalog().find_type(schema, name)) return;
    auto catalog = backend.copy_catalog();
    claim_type_name(*catalog, schema, name);
    backend.set_catalog(std::move(catalog));
}

TypePtr require_named_type(Backend& backend, const std::vector<std::string>& names) {
    const bool qualified = names.size() > 1;
    for (Oid schema : qualified ? std::vector<Oid>{require_schema(names[0], backend).oid} : backend.search_path()) {
        if (TypePtr found = backend.catalog().find_type(schema, names.back())) return found;
    }
    throw SqlError("42704", fmt::format("type \"{}\" does not exist", fmt::join(names, ".")));
}

void publish_type(Backend& backend, const std::shared_ptr<TypeInfo>& type, Oid schema) {
    auto catalog = backend.copy_catalog();
    type->array = allocate_oid(backend);
    catalog->put_type(type);
    catalog->put_type(make_array(*catalog, *type, schema));
    backend.set_catalog(std::move(catalog));
}

ExecResult create_enum(Backend& backend, const Command& command, const RowSink&) {
    std::vector<std::string> names = name_list(command.node.items("typeName"));
    Oid schema = creation_schema_of(backend, names);
    claim_type_name(backend, schema, names.back());
    auto type = std::make_shared<TypeInfo>();
    type->oid = allocate_oid(backend);
    type->schema = schema_name(backend, schema);
    type->name = names.back();
    type->typtype = 'e';
    type->category = 'E';
    type->length = 4;
    type->by_value = true;
    type->storage = 'p';
    type->ops = session_enum_ops();
    double order = 0;
    for (const Node& value : command.node.items("vals")) {
        std::string label(value.string());
        if (label.size() > 63) {
            throw SqlError("42602", fmt::format("invalid enum label \"{}\"", label)).detail("Labels must be 63 bytes or less.");
        }
        if (std::ranges::find(type->labels, label, &EnumLabel::label) != type->labels.end()) {
            throw SqlError("23505", "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
                .detail(fmt::format("Key (enumtypid, enumlabel)=({}, {}) already exists.", type->oid, label));
        }
        type->labels.push_back({allocate_oid(backend), ++order, label});
    }
    publish_type(backend, type, schema);
    return tag_only("CREATE TYPE");
}

ExecResult alter_enum(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::vector<std::string> names = name_list(node.items("typeName"));
    const TypePtr found = require_named_type(backend, names);
    if (found->typtype != 'e') throw SqlError("42809", fmt::format("{} is not an enum", format_type(backend, found->oid)));
    auto type = std::make_shared<TypeInfo>(*found);
    auto find_label = [&](std::string_view label) { return std::ranges::find(type->labels, label, &EnumLabel::label); };
    std::string value(node.text("newVal"));
    if (!node.text("oldVal").empty()) {
        auto old_label = find_label(node.text("oldVal"));
        if (old_label == type->labels.end()) throw SqlError("22023", fmt::format("\"{}\" is not an existing enum label", node.text("oldVal")));
        if (find_label(value) != type->labels.end()) throw SqlError("42710", fmt::format("enum label \"{}\" already exists", value));
        old_label->label = value;
    } else {
        if (value.size() > 63) {
            throw SqlError("42602", fmt::format("invalid enum label \"{}\"", value)).detail("Labels must be 63 bytes or less.");
        }
        if (find_label(value) != type->labels.end()) {
            std::string message = fmt::format("enum label \"{}\" already exists", value);
            if (!node.flag("skipIfNewValExists")) throw SqlError("42710", message);
            backend.send_notice("NOTICE", SqlError("42710", message + ", skipping"));
            return tag_only("ALTER TYPE");
        }
        EnumLabel label{allocate_oid(backend), 1, value};
        auto position = type->labels.end();
        if (node.text("newValNeighbor").empty()) {
            if (!type->labels.empty()) label.sort_order = type->labels.back().sort_order + 1;
        } else {
            auto neighbour = find_label(node.text("newValNeighbor"));
            if (neighbour == type->labels.end()) throw SqlError("22023", fmt::format("\"{}\" is not an existing enum label", node.text("newValNeighbor")));
            position = node.flag("newValIsAfter") ? std::next(neighbour) : neighbour;
            if (position == type->labels.end()) {
                label.sort_order = type->labels.back().sort_order + 1;
            } else if (position == type->labels.begin()) {
                label.sort_order = position->sort_order - 1;
            } else {
                label.sort_order = (std::prev(position)->sort_order + position->sort_order) / 2;
            }
        }
        backend.transaction().unsafe_labels.insert(label.oid);
        type->labels.insert(position, label);
    }
    auto catalog = backend.copy_catalog();
    catalog->put_type(type);
    backend.set_catalog(std::move(catalog));
    return tag_only("ALTER TYPE");
}

ExecResult create_composite_type(Backend& backend, const Command& command, const RowSink&) {
    Node range_var = command.node["typevar"];
    auto relation = std::make_shared<Relation>();
    relation->schema = creation_schema(backend, range_var);
    relation->schema_name = schema_name(backend, relation->schema);
    relation->name = range_var.text("relname");
    relation->kind = 'c';
    relation->owner = backend.current_user();
    claim_type_name(backend, relation->schema, relation->name);
    if (backend.catalog().relation_name_taken(relation->schema, relation->name)) {
        throw SqlError("42P07", fmt::format("relation \"{}\" already exists", relation->name));
    }
    for (const Node& definition : command.node.items("coldeflist")) {
        TypeRef ref = bind_ddl_type(definition["typeName"], backend.bind_options());
        Column column;
        column.name = definition.text("colname");
        if (relation->find_column(column.name)) throw SqlError("42701", fmt::format("column \"{}\" specified more than once", column.name));
        column.attno = static_cast<int>(relation->columns.size()) + 1;
        column.type = ref.type;
        column.typmod = ref.typmod;
        check_column_type(backend, column.name, column.type);
        relation->columns.push_back(std::move(column));
    }
    relation->oid = allocate_oid(backend);
    auto catalog = backend.copy_catalog();
    put_row_types(backend, *catalog, *relation);
    catalog->put_relation(relation);
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE TYPE");
}

}  // namespace cdcsim::pg
