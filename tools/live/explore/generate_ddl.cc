// Tables, their columns and constraints, triggers, and changes of them in the middle.
#include <array>

#include "tools/live/explore/generate_internal.h"

namespace cdcsim::explore {

namespace {

constexpr std::array kKeyKinds = {"int", "int", "int", "int", "serial", "serial", "bigserial", "always", "by default", "bigint",
                                  "text", "uuid", "two", "named", "none", "smallint", "smallserial", "quoted"};
constexpr std::array kActions = {"", "", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE", " ON DELETE RESTRICT", " ON DELETE SET DEFAULT",
                                 " ON DELETE CASCADE ON UPDATE CASCADE", " DEFERRABLE INITIALLY DEFERRED", " ON UPDATE SET NULL", " NOT VALID"};

std::string replaced(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values) {
    std::string out(text);
    for (const auto& [slot, value] : values) {
        for (std::size_t at = 0; (at = out.find(slot, at)) != std::string::npos; at += value.size()) out.replace(at, slot.size(), value);
    }
    return out;
}

bool names_column(const std::string& text, const Scope& scope) {
    return std::any_of(scope.begin(), scope.end(), [&](const ScopeColumn& column) { return text.find(column.text) != std::string::npos; });
}

/// What PostgreSQL names the key of a table that was created by this name.
std::string key_constraint(const TableModel& table) { return table.name.starts_with('"') ? table.name.substr(0, table.name.size() - 1) + "_pkey\"" : table.name + "_pkey"; }

}  // namespace

void Generator::create_tables() {
    add("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')");
    add("CREATE TYPE pair AS (x int, y text)");
    add("CREATE DOMAIN amount AS numeric(8,2) CHECK (VALUE < 5000)");
    add("CREATE DOMAIN label AS varchar(12) DEFAULT 'none'");
    const std::size_t count = 1 + random_.below(3);
    for (std::size_t t = 0; t < count; ++t) {
        TableModel table;
        table.name = t == 0 && random_.percent(30) ? "transactions" : t == 2 && random_.percent(30) ? "\"Über Kunden\"" : "t" + std::to_string(t + 1);
        std::vector<Piece> items;
        Piece key = key_definition(table);
        if (!key.parts.empty()) items = std::move(key.parts);
        const std::size_t columns = 1 + random_.below(6);
        for (std::size_t c = 0; c < columns; ++c) {
            ColumnModel column;
            column.name = "c" + std::to_string(table.next_column++);
            column.tag = table.name + "." + column.name;
            const TypeRow& type = random_.weighted(column_types());
            Piece definition = column_definition(table, column, type);
            items.push_back(tagged(column.tag, std::move(definition)));
            table.columns.push_back(column);
        }
        if (seldom(12)) {
            const Piece check = make_.expression("bool", scope_of(table, "", true), 2);
            items.push_back(group(random_.percent(50) ? "CHECK (" : "CONSTRAINT named_check CHECK (", check, ")"));
        }
        if (seldom(8) && table.columns.size() > 1) {
            ColumnModel& last = table.columns.back();
            last.indexed = true;
            items.push_back(Piece("UNIQUE (" + last.name + ")"));
        }
        add(group("CREATE TABLE " + table.name + " (", list(std::move(items)), ")"));
        if (streamed_ && table.keys().empty() && random_.percent(80)) add("ALTER TABLE " + table.name + " REPLICA IDENTITY FULL");
        tables_.push_back(std::move(table));
    }
    if (random_.percent(25)) replica_identity();
    if (random_.percent(20)) create_index();
}

Piece Generator::key_definition(TableModel& table) {
    const std::string kind = random_.pick(kKeyKinds);
    Piece out = list({});
    const auto key = [&](const std::string& name, const std::string& family) -> ColumnModel& {
        ColumnModel column;
        column.name = name;
        column.family = family;
        column.key = column.indexed = true;
        column.tag = table.name + "." + name;
        table.columns.push_back(column);
        return table.columns.back();
    };
    if (kind == "none") return out;
    if (kind == "two") {
        key("a", "int4");
        key("b", random_.percent(50) ? "text" : "int4");
        out.parts.push_back(Piece("a int"));
        out.parts.push_back(Piece("b " + table.columns.back().family));
        out.parts.push_back(Piece("PRIMARY KEY (a, b)"));
        return out;
    }
    if (kind == "text" || kind == "uuid") {
        key(kind == "text" ? "transaction_id" : "id", kind);
        out.parts.push_back(group(table.columns.back().name + " " + (kind == "text" ? "varchar(255)" : "uuid"), " PRIMARY KEY"));
        return out;
    }
    if (kind == "quoted") {
        key("\"Order No\"", "int4");
        out.parts.push_back(Piece("\"Order No\" int PRIMARY KEY"));
        return out;
    }
    ColumnModel& column = key("id", kind.starts_with("big") ? "int8" : kind.starts_with("small") ? "int2" : "int4");
    column.has_default = kind.ends_with("serial") || kind == "always" || kind == "by default";
    column.identity_always = kind == "always";
    if (kind == "always" || kind == "by default") {
        out.parts.push_back(group("id int GENERATED " + std::string(kind == "always" ? "ALWAYS" : "BY DEFAULT") + " AS IDENTITY", " PRIMARY KEY"));
    } else if (kind == "named") {
        out.parts.push_back(Piece("id int"));
        out.parts.push_back(Piece(std::string("CONSTRAINT the_key") + (streamed_ ? "_of_" + table.name : "") + " PRIMARY KEY (id)"));
    } else {
        out.parts.push_back(group("id " + kind, " PRIMARY KEY"));
    }
    return out;
}

Piece Generator::column_definition(TableModel& table, ColumnModel& column, const TypeRow& type) {
    column.family = type.family;
    Piece out = group(column.name + " " + std::string(type.declared));
    const auto clause = [&](Piece piece) { out.parts.push_back(optional(std::move(piece))); };
    if (column.family == "int4" && !tables_.empty() && random_.percent(50)) {
        const TableModel& target = tables_.back();
        const auto keys = target.keys();
        if (keys.size() == 1 && (keys[0]->family == "int4" || keys[0]->family == "int8")) {
            column.references = target.name;
            std::string action = random_.pick(kActions);
            if (action == " NOT VALID") action.clear();
            clause(Piece(" REFERENCES " + target.name + (random_.percent(30) ? " (id)" : "") + action));
            return out;
        }
    }
    if (random_.percent(7) && !table.columns.empty()) {
        column.generated = true;
        Scope scope;
        for (const ColumnModel& other : table.columns) {
            if (!other.generated) scope.push_back({other.name, other.family});
        }
        Piece value = make_.expression(column.family, scope, 1);
        // Of constants alone PostgreSQL 15 folds before it has chosen collations: nobody writes that.
        for (int tries = 0; tries < 20 && !names_column(render(value), scope); ++tries) value = make_.expression(column.family, scope, 1);
        if (!names_column(render(value), scope)) value = Piece("NULL");
        clause(group(" GENERATED ALWAYS AS (", std::move(value), ") STORED"));
        return out;
    }
    if (random_.percent(20)) {
        column.not_null = true;
        clause(" NOT NULL");
    }
    if (random_.percent(25)) {
        column.has_default = true;
        clause(group(" DEFAULT ", random_.percent(70) ? Piece(default_value(column)) : make_.expression(column.family, {}, 1)));
    }
    if (seldom(6) && type.may_be_key) {
        column.indexed = true;
        clause(" UNIQUE");
    }
    if (seldom(7)) clause(group(" CHECK (", make_.expression("bool", {{column.name, column.family}}, 2), ")"));
    return out;
}

void Generator::replica_identity() {
    static constexpr std::array kIdentities = {"FULL", "FULL", "DEFAULT", "NOTHING", "USING INDEX"};
    const TableModel& table = any_table();
    std::string identity = random_.pick(kIdentities);
    if (identity == "USING INDEX") identity += " " + key_constraint(table);
    if (streamed_ && (identity == "NOTHING" || (identity == "DEFAULT" && table.keys().empty())) && random_.percent(80)) identity = "FULL";
    add("ALTER TABLE " + table.name + " REPLICA IDENTITY " + identity);
}

void Generator::create_index() {
    TableModel& table = any_table();
    ColumnModel& column = random_.pick(table.columns);
    if (column.family == "json" || column.key) return;
    column.indexed = true;
    const std::string name = random_.percent(50) ? "" : "index_" + std::to_string(table.next_name++) + "_of_" + table.name;
    Piece condition = random_.percent(25) ? optional(" WHERE ", make_.expression("bool", scope_of(table, "", true), 1)) : Piece("");
    add(group("CREATE ", random_.percent(35) ? optional("UNIQUE ") : Piece(""), "INDEX " + name + " ON " + table.name + " (", column.name, ")", std::move(condition)));
}

void Generator::add_audit() {
    if (has_audit_) return;
    has_audit_ = true;
    add("CREATE TABLE audit (id serial PRIMARY KEY, op text, tab text NOT NULL, old_row jsonb, new_row jsonb, at timestamptz DEFAULT now())");
}

void Generator::create_trigger() {
    TableModel& table = any_table();
    const TriggerRow& row = random_.pick(triggers());
    const std::string key = random_.pick(table.columns).name;
    if (row.needs_audit) add_audit();
    if (!row.adds.empty()) {
        const std::string name(row.adds.substr(0, row.adds.find(' ')));
        const bool there = std::any_of(table.columns.begin(), table.columns.end(), [&](const ColumnModel& c) { return c.name == name; });
        if (!there) {
            add("ALTER TABLE " + table.name + " ADD COLUMN " + std::string(row.adds));
            ColumnModel added;
            added.name = name;
            added.family = name == "n" ? "int4" : name == "change_info" ? "jsonb" : name == "modified_at" ? "timestamp" : "text";
            added.tag = table.name + "." + name;
            table.columns.push_back(added);
        }
    }
    const int number = next_trigger_++;
    const std::vector<std::pair<std::string_view, std::string>> values = {{"{t}", table.name}, {"{c}", random_.pick(table.columns).name}, {"{k}", key}};
    const std::string function = "trigger_function_" + std::to_string(number);
    add("CREATE FUNCTION " + function + "() RETURNS trigger AS $$ " + replaced(row.function, values) + " $$ LANGUAGE plpgsql");
    add("CREATE TRIGGER trigger_" + std::to_string(number) + " " + replaced(row.trigger, values) + " EXECUTE FUNCTION " + function + "(" +
        (row.function.find("TG_ARGV") != std::string_view::npos ? "'" + key + "'" : "") + ")");
}

void Generator::switch_trigger() {
    static constexpr std::array kSwitches = {"DISABLE TRIGGER USER", "ENABLE TRIGGER USER", "DISABLE TRIGGER trigger_1", "ENABLE TRIGGER trigger_1", "ENABLE REPLICA TRIGGER trigger_1", "ENABLE ALWAYS TRIGGER trigger_1"};
    add("ALTER TABLE " + any_table().name + " " + random_.pick(kSwitches));
}

// Without a key, or with one that was not there.
void Generator::change_key() {
    TableModel& table = any_table();
    if (!table.keys().empty()) {
        add("ALTER TABLE " + table.name + " DROP CONSTRAINT " + key_constraint(table));
        for (ColumnModel& column : table.columns) column.key = false;
        if (streamed_ && random_.percent(60)) add("ALTER TABLE " + table.name + " REPLICA IDENTITY FULL");
        return;
    }
    ColumnModel& column = random_.pick(table.columns);
    if (column.family == "json" || column.family == "xml") return;
    column.indexed = true;
    add("ALTER TABLE " + table.name + " ADD PRIMARY KEY (" + column.name + ")");
}

void Generator::rename_table() {
    TableModel& table = any_table();
    const std::string name = "renamed_" + std::to_string(table.next_name++);
    add("ALTER TABLE " + table.name + " RENAME TO " + name);
    table.name = name;
}

void Generator::create_table_as() {
    const TableModel& from = any_table();
    TableModel table = from;
    table.name = "copied_" + std::to_string(tables_.size());
    for (ColumnModel& column : table.columns) {
        column.key = column.indexed = column.generated = column.identity_always = column.has_default = column.not_null = false;
        column.references.clear();
    }
    add(group("CREATE TABLE " + table.name + " AS SELECT * FROM " + from.name, where(table, ""), random_.percent(20) ? optional(" WITH NO DATA") : Piece("")));
    tables_.push_back(std::move(table));
}

void Generator::comment() {
    const TableModel& table = any_table();
    if (random_.percent(30)) return add("COMMENT ON TABLE " + table.name + " IS 'what it''s about'");
    add("COMMENT ON COLUMN " + table.name + "." + random_.pick(table.columns).name + " IS " + (random_.percent(80) ? "'a \"comment\", é'" : "NULL"));
}

// A label that no row has yet.
void Generator::add_label() {
    static constexpr std::array kPlaces = {"", " BEFORE 'ok'", " AFTER 'sad'"};
    add(std::string("ALTER TYPE mood ADD VALUE ") + (random_.percent(50) ? "IF NOT EXISTS " : "") + "'added'" + random_.pick(kPlaces));
}

void Generator::alter_table() {
    TableModel& table = any_table();
    const std::string head = "ALTER TABLE " + table.name + " ";
    ColumnModel& column = random_.pick(table.columns);
    const TypeRow& type = random_.weighted(column_types());
    switch (random_.below(12)) {
        case 0:
        case 1:
        case 2: {
            ColumnModel added;
            added.name = "c" + std::to_string(table.next_column++);
            added.tag = table.name + "." + added.name;
            Piece definition = column_definition(table, added, type);
            add(group(head + "ADD COLUMN ", std::move(definition)));
            table.columns.push_back(added);
            break;
        }
        case 3:
            if (table.columns.size() < 3) return;
            add(head + "DROP COLUMN " + column.name);
            std::erase_if(table.columns, [name = column.name](const ColumnModel& c) { return c.name == name; });
            break;
        case 4: {
            const std::string name = "r" + std::to_string(table.next_column++);
            add(head + "RENAME COLUMN " + column.name + " TO " + name);
            column.name = name;
            break;
        }
        case 5: add(head + "ALTER COLUMN " + column.name + " SET NOT NULL"); break;
        case 6: add(head + "ALTER COLUMN " + column.name + " DROP NOT NULL"); break;
        case 7: add(head + "ALTER COLUMN " + column.name + " SET DEFAULT " + make_.constant(column.family, Constants::kWithWrong)); break;
        case 8: add(head + "ALTER COLUMN " + column.name + " DROP DEFAULT"); break;
        case 9: {
            const bool with_using = random_.percent(60);
            add(group(head + "ALTER COLUMN " + column.name + " TYPE " + std::string(type.declared),
                      with_using ? optional(" USING " + column.name + "::text::" + std::string(type.declared)) : Piece("")));
            column.family = type.family;
            break;
        }
        case 10:
            add(group(head + "ADD CONSTRAINT added_" + std::to_string(table.next_name++) + " CHECK (", make_.expression("bool", scope_of(table, "", true), 2), ")",
                      random_.percent(20) ? optional(" NOT VALID") : Piece("")));
            break;
        default:
            if (column.family == "json") return;
            column.indexed = true;
            add(head + "ADD UNIQUE (" + column.name + ")");
            break;
    }
}

}  // namespace cdcsim::explore
