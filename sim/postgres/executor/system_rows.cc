#include "sim/postgres/executor/system_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/catalog_functions.h"
#include "sim/postgres/executor/settings.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// One row under construction: values by column name, the others stay NULL.
class RowBuilder {
  public:
    RowBuilder(Backend& backend, std::string_view schema, std::string_view name, const RowSink& emit) : emit_(emit) {
        Oid schema_oid = backend.catalog().find_schema(std::string(schema))->oid;
        relation_ = backend.catalog().find_relation(schema_oid, std::string(name));
        values_.resize(relation_->columns.size());
    }

    RowBuilder& set(std::string_view column, Datum value) {
        // Columns are set in order: start looking where the last one was.
        for (std::size_t step = 0; step < values_.size(); ++step) {
            std::size_t i = (next_ + step) % values_.size();
            if (relation_->columns[i].name != column) continue;
            values_[i] = std::move(value);
            next_ = i + 1;
            return *this;
        }
        CDCSIM_CHECK(false);
        return *this;
    }
    RowBuilder& number(std::string_view column, std::int64_t value) { return set(column, Datum::of_int(value)); }
    RowBuilder& flag(std::string_view column, bool value) { return set(column, Datum::of_bool(value)); }
    RowBuilder& text(std::string_view column, std::string_view value) { return set(column, Datum::of_text(std::string(value))); }
    /// A "char" column; 0 is the empty value.
    RowBuilder& letter(std::string_view column, char value) { return number(column, static_cast<unsigned char>(value)); }
    RowBuilder& yes_no(std::string_view column, bool value) { return text(column, value ? "YES" : "NO"); }

    bool emit() {
        bool more = emit_(values_);
        std::ranges::fill(values_, Datum());
        next_ = 0;
        return more;
    }

  private:
    const RowSink& emit_;
    RelationPtr relation_;
    std::vector<Datum> values_;
    std::size_t next_ = 0;
};

bool is_user_table(const Relation& relation) { return relation.kind == 'r' || relation.kind == 'p'; }

std::string int_list(const std::vector<int>& numbers, std::string_view separator = " ") { return fmt::format("{}", fmt::join(numbers, separator)); }
std::string array_text(const std::vector<int>& numbers) { return "{" + int_list(numbers, ",") + "}"; }

std::vector<int> key_numbers(const Index& index) {
    std::vector<int> numbers;
    for (const IndexKey& key : index.keys) numbers.push_back(key.attno);
    numbers.insert(numbers.end(), index.include.begin(), index.include.end());
    return numbers;
}

void pg_class(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_class", emit);
    auto common = [&](Oid oid, const std::string& name, Oid schema, char kind, char persistence, Oid owner) -> RowBuilder& {
        row.number("oid", oid).text("relname", name).number("relnamespace", schema).number("reltype", 0).number("reloftype", 0);
        row.number("relowner", owner).number("relam", kind == 'r' ? 2 : kind == 'i' ? 403 : 0).number("relfilenode", oid).number("reltablespace", 0);
        row.number("relpages", 0).set("reltuples", Datum::of_float(-1)).number("relallvisible", 0).number("reltoastrelid", 0);
        row.flag("relhasindex", false).flag("relisshared", false).letter("relpersistence", persistence).letter("relkind", kind);
        row.number("relnatts", 0).number("relchecks", 0).flag("relhasrules", kind == 'v').flag("relhastriggers", false).flag("relhassubclass", false);
        row.flag("relrowsecurity", false).flag("relforcerowsecurity", false).flag("relispopulated", true).letter("relreplident", kind == 'r' ? 'd' : 'n');
        row.flag("relispartition", false).number("relrewrite", 0).number("relfrozenxid", 0).number("relminmxid", 0);
        return row;
    };
    auto put_options = [&](const StorageOptions& storage) {
        if (storage.texts.empty()) return;
        std::vector<Datum> options;
        for (const std::string& option : storage.texts) options.push_back(Datum::of_text(option));
        row.set("reloptions", array_datum(backend, oid::kTextArray, ArrayValue::of(std::move(options))));
    };
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        common(oid, relation->name, relation->schema, relation->kind, relation->persistence, relation->owner);
        if (relation->kind == 'r' && relation->virtual_rows == nullptr) {
            const TableSize size = backend.database().size_of(relation->file_node);
            row.number("relpages", size.known_pages).set("reltuples", Datum::of_float(size.known_tuples));
        }
        row.number("reltype", relation->row_type).number("relfilenode", relation->file_node).number("relnatts", static_cast<std::int64_t>(relation->columns.size()));
        row.flag("relhasindex", !relation->indexes.empty()).flag("relhastriggers", !relation->triggers.empty());
        row.number("relchecks", std::ranges::count(relation->constraints, ConstraintKind::kCheck, &Constraint::kind));
        put_options(relation->storage);
        if (is_user_table(*relation)) row.letter("relreplident", relation->virtual_rows ? 'n' : relation->replica_identity);
        if (!row.emit()) return;
        for (const Index& index : relation->indexes) {
            common(index.oid, index.name, relation->schema, 'i', relation->persistence, relation->owner);
            row.number("relnatts", static_cast<std::int64_t>(key_numbers(index).size()));
            put_options(index.storage);
            if (!row.emit()) return;
        }
    }
}

/// By the search_path of who asks.
std::string text_of(Backend& backend, const StoredExpr& stored, const Relation* relation) { return deparse_expression(*stored.expr, backend, relation); }

void pg_namespace(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_namespace", emit);
    for (const auto& [oid, schema] : backend.catalog().schemas()) {
        if (!row.number("oid", oid).text("nspname", schema.name).number("nspowner", schema.owner).emit()) return;
    }
}

void pg_attribute(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_attribute", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Column& column : relation->columns) {
            const TypeInfo* type = column.dropped ? nullptr : backend.find_type(column.type);
            std::string name = column.dropped ? fmt::format("........pg.dropped.{}........", column.attno) : column.name;
            row.number("attrelid", oid).text("attname", name).number("atttypid", column.dropped ? 0 : column.type).number("attstattarget", column.dropped ? 0 : -1);
            row.number("attlen", type ? type->length : -1).number("attnum", column.attno).number("attndims", type && type->is_array() ? 1 : 0);
            row.number("attcacheoff", -1).number("atttypmod", column.typmod).flag("attbyval", type && type->by_value).letter("attalign", type ? type->align : 'i');
            row.letter("attstorage", column.storage).letter("attcompression", 0).flag("attnotnull", column.not_null && !column.dropped);
            row.flag("atthasdef", column.default_expr.has_value()).flag("atthasmissing", false).letter("attidentity", column.identity);
            row.letter("attgenerated", column.generated ? 's' : 0).flag("attisdropped", column.dropped).flag("attislocal", true);
            row.number("attinhcount", 0).number("attcollation", column.collation);
            if (!row.emit()) return;
        }
    }
}

void pg_attrdef(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_attrdef", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Column& column : relation->columns) {
            if (!column.default_expr || column.dropped) continue;
            row.number("oid", column.default_expr->oid).number("adrelid", oid).number("adnum", column.attno);
            if (!row.text("adbin", text_of(backend, *column.default_expr, relation.get())).emit()) return;
        }
    }
}

void type_row(RowBuilder& row, Backend& backend, const TypeInfo& type) {
    const Schema* schema = backend.catalog().find_schema(type.schema);
    row.number("oid", type.oid).text("typname", type.name).number("typnamespace", schema ? schema->oid : 0).number("typowner", kBootstrapSuperuser);
    row.number("typlen", type.length).flag("typbyval", type.by_value).letter("typtype", type.typtype).letter("typcategory", type.category);
    row.flag("typispreferred", type.preferred).flag("typisdefined", true).letter("typdelim", type.delimiter).number("typrelid", type.relation);
    row.number("typsubscript", 0).number("typelem", type.element).number("typarray", type.array).number("typinput", 0).number("typoutput", 0);
    row.number("typreceive", 0).number("typsend", 0).number("typmodin", 0).number("typmodout", 0).number("typanalyze", 0);
    row.letter("typalign", type.align).letter("typstorage", type.storage).flag("typnotnull", type.not_null).number("typbasetype", type.base);
    row.number("typtypmod", type.base_typmod).number("typndims", 0).number("typcollation", type.collation);
    if (const StoredExpr* value = backend.catalog().domain_default(type.oid)) row.text("typdefault", text_of(backend, *value, nullptr));
}

void pg_type(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_type", emit);
    for (const TypeRow& builtin : builtin_types()) {
        type_row(row, backend, *builtin_type_info(builtin.oid));
        if (!row.emit()) return;
    }
    for (const auto& [oid, type] : backend.catalog().types()) {
        type_row(row, backend, *type);
        if (!row.emit()) return;
    }
}

void pg_enum(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_enum", emit);
    for (const auto& [oid, type] : backend.catalog().types()) {
        for (const EnumLabel& label : type->labels) {
            row.number("oid", label.oid).number("enumtypid", oid).set("enumsortorder", Datum::of_float(label.sort_order)).text("enumlabel", label.label);
            if (!row.emit()) return;
        }
    }
}

void pg_index(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_index", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Index& index : relation->indexes) {
            std::vector<int> options;
            for (const IndexKey& key : index.keys) options.push_back((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0));
            row.number("indexrelid", index.oid).number("indrelid", oid).number("indnatts", static_cast<std::int64_t>(key_numbers(index).size()));
            row.number("indnkeyatts", static_cast<std::int64_t>(index.keys.size())).flag("indisunique", index.unique).flag("indnullsnotdistinct", index.nulls_not_distinct);
            row.flag("indisprimary", index.primary).flag("indisexclusion", false).flag("indimmediate", index.immediate).flag("indisclustered", index.oid == relation->clustered_index);
            row.flag("indisvalid", index.valid).flag("indcheckxmin", false).flag("indisready", true).flag("indislive", true);
            row.flag("indisreplident", relation->replica_identity == 'i' && relation->replica_index == index.oid);
            row.text("indkey", int_list(key_numbers(index))).text("indoption", int_list(options));
            if (index.predicate) row.text("indpred", text_of(backend, *index.predicate, relation.get()));
            bool expressions = std::ranges::any_of(index.keys, [](const IndexKey& key) { return key.attno == 0; });
            if (expressions) row.text("indexprs", index.keys[0].expr ? text_of(backend, *index.keys[0].expr, relation.get()) : "");
            if (!row.emit()) return;
        }
    }
}

void pg_constraint(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_constraint", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Constraint& constraint : relation->constraints) {
            bool foreign = constraint.kind == ConstraintKind::kForeign;
            row.number("oid", constraint.oid).text("conname", constraint.name).number("connamespace", relation->schema).letter("contype", static_cast<char>(constraint.kind));
            row.flag("condeferrable", constraint.deferrable).flag("condeferred", constraint.initially_deferred).flag("convalidated", constraint.validated);
            row.number("conrelid", oid).number("contypid", 0).number("conindid", constraint.index).number("conparentid", 0).number("confrelid", constraint.referenced);
            row.letter("confupdtype", foreign ? constraint.on_update : ' ').letter("confdeltype", foreign ? constraint.on_delete : ' ');
            row.letter("confmatchtype", foreign ? constraint.match : ' ').flag("conislocal", true).number("coninhcount", 0).flag("connoinherit", constraint.no_inherit || constraint.kind != ConstraintKind::kCheck);
            row.text("conkey", array_text(constraint.columns));
            if (foreign) row.text("confkey", array_text(constraint.referenced_columns));
            if (constraint.check) row.text("conbin", text_of(backend, *constraint.check, relation.get()));
            if (!row.emit()) return;
        }
    }
}

void pg_publication(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_publication", emit);
    for (const auto& [oid, p] : backend.catalog().publications()) {
        row.number("oid", oid).text("pubname", p.name).number("pubowner", p.owner).flag("puballtables", p.all_tables).flag("pubinsert", p.insert);
        row.flag("pubupdate", p.update).flag("pubdelete", p.delete_).flag("pubtruncate", p.truncate).flag("pubviaroot", p.via_root);
        if (!row.emit()) return;
    }
}

bool is_published(const Publication& publication, const Relation& relation) {
    if (!is_user_table(relation) || relation.persistence != 'p' || relation.virtual_rows) return false;
    return publication.all_tables || std::ranges::find(publication.schemas, relation.schema) != publication.schemas.end() ||
           std::ranges::any_of(publication.tables, [&](const PublicationTable& table) { return table.relation == relation.oid; });
}

void pg_publication_rel(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_publication_rel", emit);
    for (const auto& [oid, publication] : backend.catalog().publications()) {
        for (const PublicationTable& table : publication.tables) {
            if (!row.number("oid", oid + table.relation).number("prpubid", oid).number("prrelid", table.relation).emit()) return;
        }
    }
}

void pg_publication_tables(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_publication_tables", emit);
    for (const auto& [oid, publication] : backend.catalog().publications()) {
        for (const auto& [table_oid, relation] : backend.catalog().relations()) {
            if (!is_published(publication, *relation)) continue;
            std::vector<Datum> names;
            auto table = std::ranges::find(publication.tables, table_oid, &PublicationTable::relation);
            bool by_table = !publication.all_tables && table != publication.tables.end();
            for (const Column& column : relation->columns) {
                bool listed = !by_table || table->columns.empty() || std::ranges::find(table->columns, column.attno) != table->columns.end();
                if (column.dropped || (column.generated && listed) || !listed) continue;
                names.push_back(Datum::of_text(column.name));
            }
            row.text("pubname", publication.name).text("schemaname", relation->schema_name).text("tablename", relation->name).set("attnames", array_datum(backend, oid::kNameArray, ArrayValue::of(std::move(names))));
            if (by_table && table->where) row.text("rowfilter", text_of(backend, *table->where, relation.get()));
            if (!row.emit()) return;
        }
    }
}

void pg_replication_slots(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_replication_slots", emit);
    for (const auto& [name, slot] : backend.server().wal.slots()) {
        row.text("slot_name", name).text("plugin", slot.plugin).text("slot_type", "logical").number("datoid", 5).text("database", slot.database);
        row.flag("temporary", slot.temporary).flag("active", slot.active).number("catalog_xmin", backend.server().next_xid);
        if (slot.active) row.number("active_pid", 1);
        row.number("restart_lsn", static_cast<std::int64_t>(slot.restart_lsn.value)).number("confirmed_flush_lsn", static_cast<std::int64_t>(slot.confirmed_flush.value));
        row.text("wal_status", "reserved").flag("two_phase", false);
        if (!row.emit()) return;
    }
}

/// The triggers by which PostgreSQL keeps a foreign key: their functions, by what is done.
struct ForeignKeyTriggers {
    ForeignKeyAction action;
    Oid on_delete, on_update;
};
constexpr ForeignKeyTriggers kForeignKeyTriggers[] = {{'a', 1654, 1655}, {'c', 1646, 1647}, {'d', 1652, 1653}, {'n', 1650, 1651}, {'r', 1648, 1649}};
constexpr Oid kCheckInsert = 1644, kCheckUpdate = 1645;

/// The four triggers of a foreign key have the numbers that follow its own. False: enough rows.
bool emit_foreign_key_triggers(RowBuilder& row, const Relation& child, const Constraint& key) {
    const auto action = [](ForeignKeyAction wanted) { return std::ranges::find(kForeignKeyTriggers, wanted, &ForeignKeyTriggers::action); };
    struct Made {
        char kind;
        Oid table, other, function;
        int type;
        bool deferrable;
    };
    constexpr int kOnInsert = 5, kOnDelete = 9, kOnUpdate = 17;
    const Made made[] = {
        {'a', key.referenced, child.oid, action(key.on_delete)->on_delete, kOnDelete, key.deferrable && key.on_delete == 'a'},
        {'a', key.referenced, child.oid, action(key.on_update)->on_update, kOnUpdate, key.deferrable && key.on_update == 'a'},
        {'c', child.oid, key.referenced, kCheckInsert, kOnInsert, key.deferrable},
        {'c', child.oid, key.referenced, kCheckUpdate, kOnUpdate, key.deferrable},
    };
    Oid oid = key.oid;
    for (const Made& trigger : made) {
        ++oid;
        row.number("oid", oid).number("tgrelid", trigger.table).number("tgparentid", 0).number("tgfoid", trigger.function).number("tgtype", trigger.type);
        row.text("tgname", fmt::format("RI_ConstraintTrigger_{}_{}", trigger.kind, oid)).letter("tgenabled", 'O').flag("tgisinternal", true);
        row.number("tgconstrrelid", trigger.other).number("tgconstrindid", key.index).number("tgconstraint", key.oid);
        row.flag("tgdeferrable", trigger.deferrable).flag("tginitdeferred", trigger.deferrable && key.initially_deferred).number("tgnargs", 0);
        row.text("tgattr", "").text("tgargs", "");
        if (!row.emit()) return false;
    }
    return true;
}

void pg_trigger(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_trigger", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Constraint& constraint : relation->constraints) {
            if (constraint.kind == ConstraintKind::kForeign && !emit_foreign_key_triggers(row, *relation, constraint)) return;
        }
    }
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Trigger& trigger : relation->triggers) {
            row.number("oid", trigger.oid).number("tgrelid", oid).number("tgparentid", 0).text("tgname", trigger.name).number("tgfoid", trigger.function->oid);
            row.number("tgtype", trigger.type).letter("tgenabled", trigger.enabled).flag("tgisinternal", false).number("tgconstrrelid", 0).number("tgconstrindid", 0);
            row.number("tgconstraint", 0).flag("tgdeferrable", trigger.deferrable).flag("tginitdeferred", trigger.initially_deferred);
            row.number("tgnargs", static_cast<std::int64_t>(trigger.args.size())).text("tgattr", int_list(trigger.update_columns));
            std::string args;
            for (const std::string& arg : trigger.args) {
                args += arg;
                args += '\0';
            }
            row.text("tgargs", args);
            if (trigger.when) row.text("tgqual", "");
            if (!trigger.old_table.empty()) row.text("tgoldtable", trigger.old_table);
            if (!trigger.new_table.empty()) row.text("tgnewtable", trigger.new_table);
            if (!row.emit()) return;
        }
    }
}

void pg_roles(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_roles", emit);
    for (const auto& [oid, role] : backend.catalog().roles()) {
        row.text("rolname", role.name).flag("rolsuper", role.superuser).flag("rolinherit", role.inherit).flag("rolcreaterole", role.create_role);
        row.flag("rolcreatedb", role.create_db).flag("rolcanlogin", role.login).flag("rolreplication", role.replication).number("rolconnlimit", -1);
        row.text("rolpassword", "********").flag("rolbypassrls", role.bypass_rls).number("oid", oid);
        if (!row.emit()) return;
    }
}

void pg_database(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_database", emit);
    row.number("oid", backend.database_oid()).text("datname", backend.database_name()).number("datdba", kBootstrapSuperuser).number("encoding", 6).letter("datlocprovider", 'c');
    row.flag("datistemplate", false).flag("datallowconn", true).number("datconnlimit", -1).text("datcollate", "C.UTF-8").text("datctype", "C.UTF-8").emit();
}

void pg_tables(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_tables", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (!is_user_table(*relation)) continue;
        row.text("schemaname", relation->schema_name).text("tablename", relation->name).text("tableowner", backend.role_name(relation->owner));
        row.flag("hasindexes", !relation->indexes.empty()).flag("hasrules", false).flag("hastriggers", !relation->triggers.empty()).flag("rowsecurity", false);
        if (!row.emit()) return;
    }
}

void pg_sequences(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_sequences", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (!relation->sequence) continue;
        const SequenceOptions& options = *relation->sequence;
        const SequenceState& state = backend.server().sequences[relation->file_node];
        row.text("schemaname", relation->schema_name).text("sequencename", relation->name).text("sequenceowner", backend.role_name(relation->owner));
        row.number("data_type", options.type).number("start_value", options.start).number("min_value", options.min).number("max_value", options.max);
        row.number("increment_by", options.increment).flag("cycle", options.cycle).number("cache_size", options.cache);
        if (state.is_called) row.number("last_value", state.last_value);
        if (!row.emit()) return;
    }
}

void pg_extension(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_extension", emit);
    row.number("oid", 13569).text("extname", "plpgsql").number("extowner", kBootstrapSuperuser).number("extnamespace", 11).flag("extrelocatable", false).text("extversion", "1.0").emit();
    for (const auto& [oid, extension] : backend.catalog().extensions()) {
        row.number("oid", oid).text("extname", extension.name).number("extowner", extension.owner).number("extnamespace", extension.schema);
        if (!row.flag("extrelocatable", true).text("extversion", extension.version).emit()) return;
    }
}

// information_schema.

struct NumericFacts {
    Oid type;
    int precision, radix, scale;
};
constexpr NumericFacts kNumericFacts[] = {{oid::kInt2, 16, 2, 0}, {oid::kInt4, 32, 2, 0}, {oid::kInt8, 64, 2, 0}, {oid::kFloat4, 24, 2, -1}, {oid::kFloat8, 53, 2, -1}};

void type_columns(RowBuilder& row, Backend& backend, const Column& column) {
    const TypeInfo* type = &backend.type(column.type);
    std::int32_t typmod = column.typmod;
    std::string domain_schema, domain_name;
    if (type->typtype == 'd') {
        domain_schema = type->schema;
        domain_name = type->name;
        while (type->typtype == 'd') {
            if (type->base_typmod != -1) typmod = type->base_typmod;
            type = &backend.type(type->base);
        }
    }
    std::string name = type->is_array() ? "ARRAY" : type->schema == "pg_catalog" ? format_type(backend, type->oid) : "USER-DEFINED";
    row.text("data_type", name);
    bool string = type->oid == oid::kVarchar || type->oid == oid::kBpchar;
    bool text = string || type->oid == oid::kText || type->oid == oid::kName;
    if (string && typmod >= 0) row.number("character_maximum_length", typmod - 4);
    if ((type->oid == oid::kBit || type->oid == oid::kVarbit) && typmod >= 0) row.number("character_maximum_length", typmod);
    if (string && typmod >= 0) row.number("character_octet_length", std::int64_t{typmod - 4} * 4);
    if (text && !(string && typmod >= 0) && type->oid != oid::kName) row.number("character_octet_length", 1073741824);
    for (const NumericFacts& facts : kNumericFacts) {
        if (facts.type != type->oid) continue;
        row.number("numeric_precision", facts.precision).number("numeric_precision_radix", facts.radix);
        if (facts.scale >= 0) row.number("numeric_scale", facts.scale);
    }
    if (type->oid == oid::kNumeric) {
        row.number("numeric_precision_radix", 10);
        if (typmod >= 0) row.number("numeric_precision", (typmod - 4) >> 16 & 0xFFFF).number("numeric_scale", (typmod - 4) & 0x7FF);
    }
    bool time = type->oid == oid::kTime || type->oid == oid::kTimetz || type->oid == oid::kTimestamp || type->oid == oid::kTimestamptz;
    if (time) row.number("datetime_precision", typmod < 0 ? 6 : typmod);
    if (type->oid == oid::kDate) row.number("datetime_precision", 0);
    if (type->oid == oid::kInterval) row.number("datetime_precision", typmod < 0 || (typmod & 0xFFFF) == 0xFFFF ? 6 : typmod & 0xFFFF);
    if (!domain_name.empty()) row.text("domain_catalog", backend.database_name()).text("domain_schema", domain_schema).text("domain_name", domain_name);
    row.text("udt_catalog", backend.database_name()).text("udt_schema", type->schema).text("udt_name", type->name);
}

/// pg_column_is_updatable: triggers do not count.
bool is_updatable(const Relation& relation, int attno) {
    if (relation.kind != 'v') return !relation.is_system() && attno > 0;
    if (!relation.view || attno <= 0 || !why_not_updatable(*relation.view).empty()) return false;
    const Query& query = *relation.view;
    int number = 0;
    for (const TargetEntry& target : query.targets) {
        if (target.junk || ++number != attno) continue;
        if (target.expr->kind != ExprKind::kVar) return false;
        return is_updatable(*query.range_table[static_cast<std::size_t>(query.from[0].rt_index - 1)].relation, as<VarExpr>(*target.expr).attno);
    }
    return false;
}

/// pg_relation_is_updatable's answer for INSERT.
bool accepts_rows(const Relation& relation) {
    return std::ranges::any_of(relation.columns, [&](const Column& column) { return is_updatable(relation, column.attno); });
}

void information_columns(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "information_schema", "columns", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (!is_user_table(*relation) && relation->kind != 'v') continue;
        int position = 0;
        for (const Column& column : relation->columns) {
            ++position;
            if (column.dropped) continue;
            row.text("table_catalog", backend.database_name()).text("table_schema", relation->schema_name).text("table_name", relation->name);
            row.text("column_name", column.name).number("ordinal_position", column.attno);
            if (column.default_expr && !column.generated) row.text("column_default", text_of(backend, *column.default_expr, relation.get()));
            bool domain_not_null = backend.type(column.type).typtype == 'd' && backend.type(column.type).not_null;
            row.yes_no("is_nullable", !column.not_null && !domain_not_null);
            type_columns(row, backend, column);
            row.text("dtd_identifier", std::to_string(column.attno)).yes_no("is_self_referencing", false).yes_no("is_identity", column.identity != 0);
            if (column.identity != 0) {
                RelationPtr sequence = backend.catalog().find_relation(column.identity_sequence);
                const SequenceOptions& options = *sequence->sequence;
                row.text("identity_generation", column.identity == 'a' ? "ALWAYS" : "BY DEFAULT").text("identity_start", std::to_string(options.start));
                row.text("identity_increment", std::to_string(options.increment)).text("identity_maximum", std::to_string(options.max));
                row.text("identity_minimum", std::to_string(options.min));
            }
            row.yes_no("identity_cycle", false).text("is_generated", column.generated ? "ALWAYS" : "NEVER");
            if (column.generated) row.text("generation_expression", text_of(backend, *column.default_expr, relation.get()));
            row.yes_no("is_updatable", is_updatable(*relation, column.attno));
            if (!row.emit()) return;
        }
    }
}

void information_tables(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "information_schema", "tables", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (!is_user_table(*relation) && relation->kind != 'v') continue;
        row.text("table_catalog", backend.database_name()).text("table_schema", relation->schema_name).text("table_name", relation->name);
        bool view = relation->kind == 'v' || relation->schema == schema_oid::kInformationSchema;
        row.text("table_type", view ? "VIEW" : relation->persistence == 't' ? "LOCAL TEMPORARY" : "BASE TABLE").yes_no("is_insertable_into", !view || accepts_rows(*relation)).yes_no("is_typed", false);
        if (!row.emit()) return;
    }
}

void information_schemata(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "information_schema", "schemata", emit);
    for (const auto& [oid, schema] : backend.catalog().schemas()) {
        const Role* owner = backend.catalog().find_role(schema.owner);
        row.text("catalog_name", backend.database_name()).text("schema_name", schema.name).text("schema_owner", owner ? owner->name : "pg_database_owner");
        if (!row.emit()) return;
    }
}

void information_table_constraints(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "information_schema", "table_constraints", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        auto one = [&](const std::string& name, std::string_view kind, bool deferrable, bool deferred) {
            row.text("constraint_catalog", backend.database_name()).text("constraint_schema", relation->schema_name).text("constraint_name", name);
            row.text("table_catalog", backend.database_name()).text("table_schema", relation->schema_name).text("table_name", relation->name);
            row.text("constraint_type", kind).yes_no("is_deferrable", deferrable).yes_no("initially_deferred", deferred).yes_no("enforced", true);
            return row.emit();
        };
        for (const Constraint& constraint : relation->constraints) {
            std::string_view kind = constraint.kind == ConstraintKind::kPrimary ? "PRIMARY KEY" : constraint.kind == ConstraintKind::kUnique ? "UNIQUE"
                                    : constraint.kind == ConstraintKind::kForeign ? "FOREIGN KEY" : "CHECK";
            if (!one(constraint.name, kind, constraint.deferrable, constraint.initially_deferred)) return;
        }
        if (relation->virtual_rows) continue;
        for (const Column& column : relation->columns) {
            if (!column.not_null || column.dropped) continue;
            if (!one(fmt::format("{}_{}_{}_not_null", relation->schema, oid, column.attno), "CHECK", false, false)) return;
        }
    }
}

void pg_indexes(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_indexes", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Index& index : relation->indexes) {
            row.text("schemaname", relation->schema_name).text("tablename", relation->name).text("indexname", index.name);
            row.text("indexdef", index_definition(backend, *relation, index));
            if (!row.emit()) return;
        }
    }
}

void information_key_column_usage(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "information_schema", "key_column_usage", emit);
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        for (const Constraint& constraint : relation->constraints) {
            if (constraint.kind == ConstraintKind::kCheck) continue;
            int position = 0;
            for (int attno : constraint.columns) {
                row.text("constraint_catalog", backend.database_name()).text("constraint_schema", relation->schema_name).text("constraint_name", constraint.name);
                row.text("table_catalog", backend.database_name()).text("table_schema", relation->schema_name).text("table_name", relation->name);
                row.text("column_name", relation->columns[static_cast<std::size_t>(attno - 1)].name).number("ordinal_position", ++position);
                if (constraint.kind == ConstraintKind::kForeign) row.number("position_in_unique_constraint", position);
                if (!row.emit()) return;
            }
        }
    }
}

void pg_settings(Backend& backend, const RowSink& emit) {
    RowBuilder row(backend, "pg_catalog", "pg_settings", emit);
    for (const SettingRow& setting : setting_rows()) {
        if (!setting.listed) continue;
        std::string_view type = setting.type == 'b' ? "bool" : setting.type == 'i' ? "integer" : setting.type == 'r' ? "real" : setting.type == 'e' ? "enum" : "string";
        row.text("name", setting.name).text("setting", backend.setting(std::string(setting.name))).text("context", setting.context).text("vartype", type);
        if (!row.emit()) return;
    }
}

void not_built(Backend&, const RowSink&) { throw NotSimulated("the rows of this system catalog"); }

struct SystemRow {
    std::string_view schema, name;
    VirtualRows rows;
};
constexpr SystemRow kRows[] = {
    {"information_schema", "columns", information_columns},
    {"information_schema", "key_column_usage", information_key_column_usage},
    {"information_schema", "schemata", information_schemata},
    {"information_schema", "table_constraints", information_table_constraints},
    {"information_schema", "tables", information_tables},
    {"pg_catalog", "pg_attrdef", pg_attrdef},
    {"pg_catalog", "pg_attribute", pg_attribute},
    {"pg_catalog", "pg_class", pg_class},
    {"pg_catalog", "pg_constraint", pg_constraint},
    {"pg_catalog", "pg_database", pg_database},
    {"pg_catalog", "pg_enum", pg_enum},
    {"pg_catalog", "pg_extension", pg_extension},
    {"pg_catalog", "pg_index", pg_index},
    {"pg_catalog", "pg_indexes", pg_indexes},
    {"pg_catalog", "pg_namespace", pg_namespace},
    {"pg_catalog", "pg_publication", pg_publication},
    {"pg_catalog", "pg_publication_rel", pg_publication_rel},
    {"pg_catalog", "pg_publication_tables", pg_publication_tables},
    {"pg_catalog", "pg_replication_slots", pg_replication_slots},
    {"pg_catalog", "pg_roles", pg_roles},
    {"pg_catalog", "pg_sequences", pg_sequences},
    {"pg_catalog", "pg_settings", pg_settings},
    {"pg_catalog", "pg_tables", pg_tables},
    {"pg_catalog", "pg_trigger", pg_trigger},
    {"pg_catalog", "pg_type", pg_type},
};

}  // namespace

VirtualRows find_virtual_rows(std::string_view schema, std::string_view name) {
    auto row = std::ranges::find_if(kRows, [&](const SystemRow& r) { return r.schema == schema && r.name == name; });
    return row == std::end(kRows) ? not_built : row->rows;
}

}  // namespace cdcsim::pg
