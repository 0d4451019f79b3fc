// INSERT, UPDATE, DELETE, TRUNCATE in their forms.
#include "tools/live/explore/generate_internal.h"

namespace cdcsim::explore {

const TableModel* Generator::other_table(const TableModel& table) {
    const TableModel& other = any_table();
    return &other == &table ? nullptr : &other;
}

Scope Generator::scope_of(const TableModel& table, std::string_view prefix, bool with_indexed) const {
    Scope out;
    for (const ColumnModel& column : table.columns) {
        if (with_indexed || !column.indexed) out.push_back({std::string(prefix) + column.name, column.family});
    }
    return out;
}

// Small keys, so that they meet each other; fresh ones mostly.
std::string Generator::key_value(TableModel& table, const ColumnModel& column, bool fresh) {
    const int number = fresh && random_.percent(streamed_ ? 98 : 92) ? table.next_key++ : 1 + static_cast<int>(random_.below(static_cast<std::size_t>(table.next_key)));
    const std::string digits = std::to_string(number);
    if (column.family == "text") return "'k" + digits + "'";
    if (column.family == "uuid") return "'00000000-0000-0000-0000-" + std::string(12 - digits.size(), '0') + digits + "'";
    return digits;
}

std::string Generator::value_for(TableModel& table, const ColumnModel& column, bool fresh) {
    if (column.key) return key_value(table, column, fresh);
    if (!column.references.empty()) {
        if (random_.percent(15)) return "NULL";
        return std::to_string(1 + random_.below(random_.percent(90) ? 3 : 9));
    }
    const bool must_be_there = streamed_ && column.not_null;
    if (!must_be_there && random_.percent(12)) return "NULL";
    if (random_.percent(column.has_default ? 12 : must_be_there ? 0 : 2)) return "DEFAULT";
    return make_.constant(column.family, wild_constants());
}

std::vector<const ColumnModel*> Generator::columns_to_insert(const TableModel& table, std::string& overriding) {
    std::vector<const ColumnModel*> out;
    for (const ColumnModel& column : table.columns) {
        if (column.generated && !random_.percent(2)) continue;
        if (column.identity_always && random_.percent(90)) continue;
        if (column.key && column.has_default && random_.percent(60)) continue;
        if (!column.key && !(streamed_ && column.not_null && !column.has_default) && random_.percent(10)) continue;
        if (column.identity_always && random_.percent(80)) overriding = random_.percent(70) ? " OVERRIDING SYSTEM VALUE" : " OVERRIDING USER VALUE";
        out.push_back(&column);
    }
    if (out.empty()) out.push_back(&table.columns.back());
    return out;
}

Piece Generator::insert_head(const TableModel& table, const std::vector<const ColumnModel*>& columns) const {
    std::vector<Piece> names;
    for (const ColumnModel* column : columns) names.push_back(tagged(column->tag, Piece(column->name)));
    return group("INSERT INTO " + table.name + " (", list(std::move(names)), ")");
}

Piece Generator::row_of_values(TableModel& table, const std::vector<const ColumnModel*>& columns) {
    std::vector<Piece> values;
    for (const ColumnModel* column : columns) {
        const bool computed = !column->key && column->references.empty() && random_.percent(12);
        Piece value = computed ? make_.expression(column->family, {}, 2) : Piece(value_for(table, *column, true));
        values.push_back(tagged(column->tag, group(std::move(value))));
    }
    return group("(", list(std::move(values)), ")");
}

Piece Generator::returning(const TableModel& table) {
    if (!random_.percent(25)) return Piece("");
    if (random_.percent(50)) return optional(" RETURNING *");
    return optional(" RETURNING ", make_.expression(make_.any_family(), scope_of(table, table.name + ".", true), 1), " AS x, ctid");
}

void Generator::insert() {
    TableModel& table = any_table();
    std::string overriding;
    const auto columns = columns_to_insert(table, overriding);
    std::vector<Piece> rows;
    const std::size_t count = random_.percent(60) ? 1 : 2 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i) rows.push_back(row_of_values(table, columns));
    if (random_.percent(2)) {
        add("INSERT INTO " + table.name + " DEFAULT VALUES");
        return;
    }
    add(group(insert_head(table, columns), overriding + " VALUES ", list(std::move(rows)), returning(table)));
}

void Generator::insert_select() {
    TableModel& table = any_table();
    std::string overriding;
    const auto columns = columns_to_insert(table, overriding);
    const TableModel* other = other_table(table);
    const bool series = random_.percent(50);
    Scope scope = series ? Scope{{"g", "int4"}} : scope_of(other != nullptr ? *other : table, "x.", true);
    std::vector<Piece> values;
    for (const ColumnModel* column : columns) {
        Piece value = column->key && series && column->family != "uuid"
                          ? Piece("g + " + std::to_string(table.next_key + 20) + (column->family == "text" ? "||'k'" : ""))
                          : make_.expression(column->family, scope, 1);
        values.push_back(tagged(column->tag, group(std::move(value))));
    }
    table.next_key += 3;
    Piece from = series ? Piece(" FROM generate_series(1, 3) g")
                        : group(" FROM " + (other != nullptr ? *other : table).name + " x", optional(" WHERE ", make_.expression("bool", scope_of(other != nullptr ? *other : table, "x.", false), 1)));
    add(group(insert_head(table, columns), overriding + " SELECT ", list(std::move(values)), std::move(from), returning(table)));
}

void Generator::insert_on_conflict() {
    TableModel& table = any_table();
    std::string overriding;
    auto columns = columns_to_insert(table, overriding);
    for (const ColumnModel* key : table.keys()) {
        if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    }
    std::vector<Piece> values;
    for (const ColumnModel* column : columns) values.push_back(tagged(column->tag, group(value_for(table, *column, random_.percent(30)))));
    std::vector<Piece> keys;
    for (const ColumnModel* key : table.keys()) keys.emplace_back(key->name);
    Piece action = Piece(" ON CONFLICT DO NOTHING");
    if (!keys.empty() && random_.percent(75)) {
        Scope scope = scope_of(table, "excluded.", true);
        for (auto& column : scope_of(table, table.name + ".", true)) scope.push_back(column);
        action = group(" ON CONFLICT (", list(std::move(keys)), ") DO UPDATE SET ", assignments(table, scope),
                       random_.percent(25) ? optional(" WHERE ", make_.expression("bool", scope, 1)) : Piece(""));
    }
    add(group(insert_head(table, columns), overriding + " VALUES (", list(std::move(values)), ")", std::move(action), returning(table)));
}

Piece Generator::assignments(TableModel& table, const Scope& scope) {
    std::vector<Piece> items;
    for (const ColumnModel& column : table.columns) {
        if (column.key || (column.generated && !random_.percent(3))) continue;
        if (!random_.percent(50)) continue;
        Piece value = !column.references.empty() || random_.percent(45) ? Piece(value_for(table, column, false)) : make_.expression(column.family, scope, 2);
        items.push_back(tagged(column.tag, group(column.name + " = ", std::move(value))));
    }
    if (items.empty()) {
        const ColumnModel& column = table.columns.back();
        items.push_back(tagged(column.tag, group(column.name + " = " + column.name)));
    }
    return list(std::move(items));
}

// By key, or by columns that no index has: then the order is that of the heap.
Piece Generator::where(TableModel& table, const std::string& prefix) {
    const auto keys = table.keys();
    if (!keys.empty() && random_.percent(55)) {
        std::vector<Piece> conditions;
        for (const ColumnModel* key : keys) conditions.push_back(Piece(prefix + key->name + " = " + key_value(table, *key, false)));
        return optional(" WHERE ", list(std::move(conditions), " AND "));
    }
    const Scope scope = scope_of(table, prefix, false);
    if (scope.empty() || random_.percent(20)) return Piece("");
    return optional(" WHERE ", make_.expression("bool", scope, 2));
}

void Generator::update() {
    TableModel& table = any_table();
    add(group("UPDATE " + table.name + " SET ", assignments(table, scope_of(table, "", true)), where(table, ""), returning(table)));
}

void Generator::update_key() {
    TableModel& table = any_table();
    const auto keys = table.keys();
    if (keys.empty() || keys[0]->identity_always) return update();
    const ColumnModel& key = *keys[0];
    const bool all = random_.percent(20) && key.family != "text" && key.family != "uuid";
    add(group("UPDATE " + table.name + " SET " + key.name + " = " + (all ? key.name + " + 100" : key_value(table, key, true)), all ? Piece("") : where(table, ""), returning(table)));
}

void Generator::update_from() {
    TableModel& table = any_table();
    const TableModel* other = other_table(table);
    Scope scope = scope_of(table, table.name + ".", true);
    const auto keys = table.keys();
    if (keys.empty() || keys[0]->family == "uuid") return update();
    const std::string key = table.name + "." + keys[0]->name;
    if (other == nullptr || other->keys().empty() || other->keys()[0]->family != keys[0]->family) {
        scope.push_back({"v.x", "int4"});
        scope.push_back({"v.y", "text"});
        const std::string literal = key_value(table, *keys[0], false);
        add(group("UPDATE " + table.name + " SET ", assignments(table, scope), " FROM (VALUES (" + literal + ", 7, 'seven')) AS v(k, x, y) WHERE " + key + " = v.k", returning(table)));
        return;
    }
    for (auto& column : scope_of(*other, other->name + ".", true)) scope.push_back(column);
    add(group("UPDATE " + table.name + " SET ", assignments(table, scope), " FROM " + other->name + " WHERE " + key + " = " + other->name + "." + other->keys()[0]->name + " AND " + key + " = " +
              key_value(table, *keys[0], false)));
}

void Generator::remove() {
    TableModel& table = any_table();
    Piece condition = where(table, "");
    if (render(condition).empty() && !random_.percent(15)) return;
    add(group("DELETE FROM " + table.name, std::move(condition), returning(table)));
}

void Generator::remove_using() {
    TableModel& table = any_table();
    const auto keys = table.keys();
    if (keys.empty()) return remove();
    add(group("DELETE FROM " + table.name + " USING (VALUES (" + key_value(table, *keys[0], false) + ")) AS v(k) WHERE " + table.name + "." + keys[0]->name + " = v.k" +
                  (keys[0]->family == "uuid" ? "::uuid" : ""),
              returning(table)));
}

void Generator::data_modifying_cte() {
    TableModel& table = any_table();
    const auto keys = table.keys();
    if (keys.empty()) return update();
    const std::string condition = " WHERE " + keys[0]->name + " = " + key_value(table, *keys[0], false);
    Piece change = random_.percent(50) ? group("UPDATE " + table.name + " SET ", assignments(table, scope_of(table, "", true)), condition) : group("DELETE FROM " + table.name + condition);
    add(group("WITH x AS (", std::move(change), " RETURNING *) SELECT count(*), ", make_.expression("int4", {}, 1), " FROM x"));
}

void Generator::merge() {
    TableModel& table = any_table();
    const auto keys = table.keys();
    if (keys.size() != 1 || keys[0]->identity_always) return update();
    const ColumnModel& key = *keys[0];
    std::vector<Piece> rows;
    const std::size_t count = 1 + random_.below(3);
    for (std::size_t i = 0; i < count; ++i) rows.push_back(Piece("(" + key_value(table, key, random_.percent(40)) + (key.family == "uuid" ? "::uuid" : "") + ", " + std::to_string(random_.below(4)) + ")"));
    Scope scope = scope_of(table, table.name + ".", true);
    scope.push_back({"v.n", "int4"});
    const auto condition = [&] { return random_.percent(40) ? optional(" AND ", make_.expression("bool", scope, 1)) : Piece(""); };
    std::vector<Piece> branches;
    if (random_.percent(30)) branches.push_back(group("WHEN MATCHED AND v.n = 1 THEN ", random_.percent(50) ? "DELETE" : "DO NOTHING"));
    if (random_.percent(80)) branches.push_back(group("WHEN MATCHED", condition(), " THEN UPDATE SET ", assignments(table, scope)));
    if (branches.empty() || random_.percent(70)) {
        std::vector<Piece> names, values;
        for (const ColumnModel& column : table.columns) {
            if (column.generated || (!column.key && random_.percent(20))) continue;
            names.push_back(tagged(column.tag, Piece(column.name)));
            values.push_back(tagged(column.tag, Piece(column.key ? "v.k" : value_for(table, column, true))));
        }
        Piece then = random_.percent(90) ? group("INSERT (", list(std::move(names)), ") VALUES (", list(std::move(values)), ")") : Piece("DO NOTHING");
        branches.push_back(group("WHEN NOT MATCHED", random_.percent(25) ? optional(" AND v.n > 0") : Piece(""), " THEN ", std::move(then)));
    }
    add(group("MERGE INTO " + table.name + " USING (VALUES ", list(std::move(rows)), ") AS v(k, n) ON " + table.name + "." + key.name + " = v.k ", list(std::move(branches), " ")));
}

// Several changes in one statement; one of them may be caught.
void Generator::do_block() {
    TableModel& table = any_table();
    const auto keys = table.keys();
    if (keys.size() != 1 || keys[0]->identity_always || keys[0]->family == "uuid") return update();
    const std::string first = std::to_string(table.next_key + static_cast<int>(random_.below(2)) - 1);
    table.next_key += 2;
    std::string number = "i";
    if (keys[0]->family == "text") number = "'k' || i";
    std::vector<Piece> names{Piece(keys[0]->name)}, values{Piece(number)};
    for (const ColumnModel& column : table.columns) {
        if (column.key || column.generated || random_.percent(40)) continue;
        names.push_back(tagged(column.tag, Piece(column.name)));
        values.push_back(tagged(column.tag, Piece(value_for(table, column, true))));
    }
    Piece insert = group("INSERT INTO " + table.name + " (", list(std::move(names)), ") VALUES (", list(std::move(values)), "); ");
    Piece change = random_.percent(50) ? optional("UPDATE " + table.name + " SET ", assignments(table, scope_of(table, "", true)), " WHERE " + keys[0]->name + " = " + number + "; ") : Piece("");
    Piece body = group("BEGIN ", std::move(insert), std::move(change), random_.percent(60) ? optional("EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; ") : Piece(""), "END; ");
    add(group("DO $$ BEGIN FOR i IN " + first + ".." + first + " + 2 LOOP ", std::move(body), "END LOOP; END $$"));
}

// Through a view that PostgreSQL updates by itself.
void Generator::change_view() {
    if (views_.empty() || random_.percent(15)) {
        const TableModel& table = any_table();
        TableModel view = table;
        view.name = "view_" + std::to_string(views_.size() + 1);
        add(group("CREATE VIEW " + view.name + " AS SELECT * FROM " + table.name, where(view, ""), random_.percent(20) ? optional(" WITH CHECK OPTION") : Piece("")));
        for (ColumnModel& column : view.columns) column.has_default = false;
        views_.push_back(std::move(view));
    }
    TableModel& view = views_[random_.below(views_.size())];
    const std::size_t kind = random_.below(4);
    if (kind == 0) return add(group("DELETE FROM " + view.name, where(view, "")));
    if (kind < 3) return add(group("UPDATE " + view.name + " SET ", assignments(view, scope_of(view, "", true)), where(view, ""), returning(view)));
    std::string overriding;
    const auto columns = columns_to_insert(view, overriding);
    add(group(insert_head(view, columns), overriding + " VALUES ", row_of_values(view, columns), returning(view)));
}

void Generator::emit_message() {
    static constexpr std::array kTexts = {"'hello'", "''", "'é \"quoted\"'", "'\\x00ff'::bytea", "repeat('long ', 100)"};
    add(std::string("SELECT pg_logical_emit_message(") + (random_.percent(75) ? "true" : "false") + ", " + (random_.percent(80) ? "'prefix'" : "''") + ", " + random_.pick(kTexts) + ") IS NOT NULL");
}

void Generator::truncate() {
    static constexpr const char* kTails[] = {"", "", " RESTART IDENTITY", " CASCADE"};
    const std::string first = any_table().name, second = any_table().name;
    add("TRUNCATE " + first + (second != first && random_.percent(40) ? ", " + second : "") + random_.pick(kTails));
}

// A text that is too long to stand in its row: 32 characters that do not compress, n times.
void Generator::store_out_of_line() {
    static constexpr const char* kLengths[] = {"20", "80", "100", "300"};
    TableModel& table = any_table();
    std::vector<const ColumnModel*> texts;
    for (const ColumnModel& column : table.columns) {
        if (column.family == "text" && !column.key && !column.generated) texts.push_back(&column);
    }
    if (texts.empty()) return update();
    const ColumnModel& column = *random_.pick(texts);
    add(group("UPDATE " + table.name + " SET " + column.name + " = (SELECT string_agg(md5(g::text), '') FROM generate_series(1, " + random_.pick(kLengths) + ") g)", where(table, "")));
}

// What is stored out of line, and all else, stays as it is in every other column.
void Generator::update_beside() {
    TableModel& table = any_table();
    const ColumnModel& column = random_.pick(table.columns);
    if (column.key || column.generated || !column.references.empty()) return update();
    add(group("UPDATE " + table.name + " SET " + column.name + " = ", random_.percent(25) ? column.name : value_for(table, column, false), where(table, "")));
}

}  // namespace cdcsim::explore
