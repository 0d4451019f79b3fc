// CREATE and ALTER SEQUENCE. Mirrors sequence.c.
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct Limits {
    std::int64_t min, max;
};
Limits limits_of(Oid type) {
    if (type == oid::kInt2) return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
    if (type == oid::kInt4) return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

std::int64_t number_of(const Node& arg) {
    if (arg.is("Integer")) return arg.integer("ival");
    if (arg.is("Float")) {
        std::string_view text = arg.text("fval");
        std::int64_t value = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc{} && end == text.data() + text.size()) return value;
        throw SqlError("22003", fmt::format("value \"{}\" is out of range for type bigint", text));
    }
    throw SqlError("42601", "sequence option requires a numeric value");
}

/// AS: limits that were the old type's become the new type's.
void change_type(SequenceOptions& options, Oid type, bool is_new) {
    const Limits before = limits_of(options.type), after = limits_of(type);
    if (!is_new && options.max == before.max) options.max = after.max;
    if (!is_new && options.min == before.min) options.min = after.min;
    options.type = type;
}

/// A sequence may be owned by a column of a table of its own schema and owner.
void check_owning_table(Backend& backend, const Relation& table, const SequencePlace& place) {
    if (table.kind != 'r' && table.kind != 'v' && table.kind != 'p') {
        throw SqlError("42809", fmt::format("sequence cannot be owned by relation \"{}\"", table.name))
            .detail(fmt::format("This operation is not supported for {}.", table.kind == 'S' ? "sequences" : "composite types"));
    }
    (void)backend;
    if (table.owner != place.owner) throw SqlError("55000", "sequence must have same owner as table it is linked to");
    if (table.schema != place.schema) throw SqlError("55000", "sequence must be in same schema as table it is linked to");
}

void set_owner(Backend& backend, const Node& arg, SequenceOptions& options, const SequencePlace& place) {
    RelationPtr owner = backend.catalog().find_relation(options.owner_table);
    if (owner && std::ranges::any_of(owner->columns, [&](const Column& c) { return c.attno == options.owner_column && c.identity != 0; })) {
        const Column& column = owner->columns[static_cast<std::size_t>(options.owner_column - 1)];
        throw SqlError("0A000", "cannot change ownership of identity sequence")
            .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", backend.catalog().find_relation(column.identity_sequence)->name, owner->name));
    }
    std::vector<std::string> names = name_list(arg.items());
    if (names.size() == 1) {
        if (names[0] != "none") {
            throw SqlError("42601", "invalid OWNED BY option").hint("Specify OWNED BY table.column or OWNED BY NONE.");
        }
        options.owner_table = kInvalidOid;
        options.owner_column = 0;
        return;
    }
    std::string column = names.back();
    names.pop_back();
    require_schema_of(names, backend);
    RelationPtr table = find_relation_by_name(names, backend);
    if (!table) throw SqlError("42P01", fmt::format("relation \"{}\" does not exist", fmt::join(names, ".")));
    check_owning_table(backend, *table, place);
    const Column* found = table->find_column(column);
    if (found == nullptr) {
        throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", column, table->name));
    }
    options.owner_table = table->oid;
    options.owner_column = found->attno;
}

}  // namespace

SequenceOptions bind_sequence_options(Backend& backend, const std::vector<Node>& nodes, SequenceOptions options, bool is_new, bool* restart,
                                      std::int64_t* restart_value, const SequencePlace& place) {
    bool has_start = false, has_min = false, has_max = false, reset_min = is_new, reset_max = is_new;
    Node restart_arg;
    if (options.type == kInvalidOid) options.type = oid::kInt8;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const Node& node = nodes[i];
        std::string_view name = node.text("defname");
        Node arg = node["arg"];
        const bool again = std::any_of(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(i), [&](const Node& other) { return other.text("defname") == name; });
        if (again) throw SqlError("42601", "conflicting or redundant options").at(node.location());
        if (name == "as") {
            TypeRef type = bind_type_name(arg, backend.bind_options());
            if (type.type != oid::kInt2 && type.type != oid::kInt4 && type.type != oid::kInt8) {
                throw SqlError("22023", "sequence type must be smallint, integer, or bigint");
            }
            change_type(options, type.type, is_new);
        } else if (name == "increment") {
            options.increment = number_of(arg);
            if (options.increment == 0) throw SqlError("22023", "INCREMENT must not be zero");
        } else if (name == "start") {
            options.start = number_of(arg);
            has_start = true;
        } else if (name == "restart") {
            CDCSIM_CHECK(restart != nullptr);
            *restart = true;
            restart_arg = arg;
        } else if (name == "maxvalue") {
            if (arg) options.max = number_of(arg);
            has_max = static_cast<bool>(arg);
            reset_max = reset_max || !arg;
        } else if (name == "minvalue") {
            if (arg) options.min = number_of(arg);
            has_min = static_cast<bool>(arg);
            reset_min = reset_min || !arg;
        } else if (name == "cache") {
            options.cache = number_of(arg);
            if (options.cache <= 0) throw SqlError("22023", fmt::format("CACHE ({}) must be greater than zero", options.cache));
        } else if (name == "cycle") {
            options.cycle = arg ? arg.flag("boolval") : false;
        } else if (name == "owned_by") {
            set_owner(backend, arg, options, place);
        } else if (name != "sequence_name") {
            throw NotSimulated(fmt::format("sequence option {}", name));
        }
    }
    Limits limits = limits_of(options.type);
    bool up = options.increment > 0;
    if (reset_max && !has_max) options.max = up ? limits.max : -1;
    if (reset_min && !has_min) options.min = up ? 1 : limits.min;
    if (is_new) {
        if (!has_start) options.start = up ? options.min : options.max;
    }
    auto type_name = [&] { return format_type(backend, options.type); };
    if (options.max < limits.min || options.max > limits.max) {
        throw SqlError("22023", fmt::format("MAXVALUE ({}) is out of range for sequence data type {}", options.max, type_name()));
    }
    if (options.min < limits.min || options.min > limits.max) {
        throw SqlError("22023", fmt::format("MINVALUE ({}) is out of range for sequence data type {}", options.min, type_name()));
    }
    if (options.min >= options.max) {
        throw SqlError("22023", fmt::format("MINVALUE ({}) must be less than MAXVALUE ({})", options.min, options.max));
    }
    if (options.start < options.min) {
        throw SqlError("22023", fmt::format("START value ({}) cannot be less than MINVALUE ({})", options.start, options.min));
    }
    if (options.start > options.max) {
        throw SqlError("22023", fmt::format("START value ({}) cannot be greater than MAXVALUE ({})", options.start, options.max));
    }
    if (restart != nullptr && *restart) {
        *restart_value = restart_arg ? number_of(restart_arg) : options.start;
        if (*restart_value < options.min) throw SqlError("22023", fmt::format("RESTART value ({}) cannot be less than MINVALUE ({})", *restart_value, options.min));
        if (*restart_value > options.max) throw SqlError("22023", fmt::format("RESTART value ({}) cannot be greater than MAXVALUE ({})", *restart_value, options.max));
    }
    return options;
}

RelationPtr make_sequence(Backend& backend, Catalog& catalog, Oid schema, const std::string& name, const SequenceOptions& options,
                          char persistence) {
    auto relation = std::make_shared<Relation>();
    relation->oid = allocate_oid(backend);
    relation->schema = schema;
    relation->schema_name = catalog.find_schema(schema)->name;
    relation->name = name;
    relation->kind = 'S';
    relation->persistence = persistence;
    relation->owner = backend.current_user();
    relation->file_node = relation->oid;
    relation->sequence = options;
    constexpr std::pair<std::string_view, Oid> kColumns[] = {{"last_value", oid::kInt8}, {"log_cnt", oid::kInt8}, {"is_called", oid::kBool}};
    for (const auto& [column_name, type] : kColumns) {
        Column column;
        column.name = column_name;
        column.attno = static_cast<int>(relation->columns.size()) + 1;
        column.type = type;
        column.not_null = true;
        relation->columns.push_back(std::move(column));
    }
    relation->virtual_rows = [](Backend&, const RowSink&) { throw InternalError(__FILE__, __LINE__, "a sequence's row"); };
    backend.server().sequences[relation->file_node] = {options.start, false, 0};
    catalog.put_relation(relation);
    give_default_rights(catalog, {relation->oid, relation->owner, relation->schema, 'S'});
    return relation;
}

ExecResult create_sequence(Backend& backend, const Command& statement, const RowSink&) {
    Node range_var = statement.node["sequence"];
    char persistence = range_var.text("relpersistence")[0];
    Oid schema = creation_schema(backend, range_var);
    std::string name(range_var.text("relname"));
    if (backend.catalog().relation_name_taken(schema, name)) {
        std::string message = fmt::format("relation \"{}\" already exists", name);
        if (!statement.node.flag("if_not_exists")) throw SqlError("42P07", message);
        backend.send_notice("NOTICE", SqlError("42P07", message + ", skipping"));
        return tag_only("CREATE SEQUENCE");
    }
    SequenceOptions options = bind_sequence_options(backend, statement.node.items("options"), {}, true, nullptr, nullptr, {schema, backend.current_user()});
    auto catalog = backend.copy_catalog();
    make_sequence(backend, *catalog, schema, name, options, persistence);
    backend.set_catalog(std::move(catalog));
    return tag_only("CREATE SEQUENCE");
}

void change_sequence(Backend& backend, const RelationPtr& relation, const std::vector<Node>& options, Oid new_type) {
    bool restart = false;
    std::int64_t value = 0;
    auto changed = copy_relation(relation);
    if (new_type != kInvalidOid) change_type(*changed->sequence, new_type, false);
    changed->sequence = bind_sequence_options(backend, options, *changed->sequence, false, &restart, &value, {relation->schema, relation->owner});
    // A new file: the old state comes back if this is rolled back.
    SequenceState state = backend.server().sequences[relation->file_node];
    changed->file_node = backend.allocate_file_node();
    if (restart) state = {value, false, 0};
    state.log_count = 0;
    if (state.last_value < changed->sequence->min) {
        throw SqlError("22023", fmt::format("RESTART value ({}) cannot be less than MINVALUE ({})", state.last_value, changed->sequence->min));
    }
    if (state.last_value > changed->sequence->max) {
        throw SqlError("22023", fmt::format("RESTART value ({}) cannot be greater than MAXVALUE ({})", state.last_value, changed->sequence->max));
    }
    backend.server().sequences[changed->file_node] = state;
    backend.update_relation(changed);
}

ExecResult alter_sequence(Backend& backend, const Command& statement, const RowSink&) {
    RelationPtr relation = find_relation(statement.node["sequence"], backend);
    if (!relation && statement.node.flag("missing_ok")) {
        backend.notice("NOTICE", fmt::format("relation \"{}\" does not exist, skipping", statement.node["sequence"].text("relname")));
        return tag_only("ALTER SEQUENCE");
    }
    if (!relation) relation = open_relation(backend, statement.node["sequence"]);
    if (relation->kind != 'S') throw SqlError("42809", fmt::format("\"{}\" is not a sequence", relation->name));
    change_sequence(backend, relation, statement.node.items("options"));
    return tag_only("ALTER SEQUENCE");
}

namespace {

/// The value after `value`; nullopt: the limit is reached.
std::optional<std::int64_t> following(const SequenceOptions& options, std::int64_t value) {
    bool up = options.increment > 0;
    // Compared without overflow: what is left until the limit.
    bool exhausted = up ? value > options.max - options.increment : value < options.min - options.increment;
    if (up && options.max - options.increment > options.max) exhausted = true;
    if (!exhausted) return value + options.increment;
    if (!options.cycle) return std::nullopt;
    return up ? options.min : options.max;
}

}  // namespace

std::int64_t Backend::next_value(Oid sequence) {
    constexpr std::int64_t kLoggedAhead = 32;
    RelationPtr relation = catalog().find_relation(sequence);
    CDCSIM_CHECK(relation != nullptr && relation->sequence);
    if (lock_table(*relation, LockMode::kRowExclusive)) {
        relation = catalog().find_relation(sequence);
        if (!relation) throw SqlError("42P01", fmt::format("could not open relation with OID {}", sequence));
    }
    if (transaction_.read_only && relation->persistence != 't') throw SqlError("25006", "cannot execute nextval() in a read-only transaction");
    const SequenceOptions& options = *relation->sequence;
    CachedValues& cached = cached_values[relation->file_node];
    std::int64_t value = 0;
    if (cached.left > 0) {
        value = cached.next;
        --cached.left;
        cached.next += options.increment;
    } else {
        SequenceState& state = server_->sequences[relation->file_node];
        std::optional<std::int64_t> next = state.is_called ? following(options, state.last_value) : state.last_value;
        if (!next) {
            bool up = options.increment > 0;
            throw SqlError("2200H", fmt::format("nextval: reached {} value of sequence \"{}\" ({})", up ? "maximum" : "minimum", relation->name, up ? options.max : options.min));
        }
        if (options.cache > 1 && options.cycle) throw NotSimulated("sequences with CACHE above 1 and CYCLE");
        std::int64_t fetch = options.cache, wanted = fetch - (state.is_called ? 0 : 1);
        if (state.log_count < wanted || !state.is_called) {
            state.log_count = wanted + kLoggedAhead;
            log_hidden();
        }
        value = state.last_value = *next;
        for (std::int64_t taken = 1; taken < fetch; ++taken) {
            next = following(options, state.last_value);
            if (!next) break;
            if (taken == 1) cached.next = *next;
            ++cached.left;
            state.last_value = *next;
        }
        state.log_count -= wanted;
        state.is_called = true;
        write_xid();
    }
    session_sequences_[sequence] = value;
    last_sequence_ = sequence;
    last_sequence_value_ = value;
    has_last_sequence_ = true;
    return value;
}

}  // namespace cdcsim::pg
