// Queries: expressions over constants and columns, aggregates, windows, joins, set operations.
#include <array>

#include "tools/live/explore/generate_internal.h"

namespace cdcsim::explore {

namespace {

constexpr auto kAggregates = std::to_array<ExpressionRow>({
    {"any", "count(*)"}, {"any", "count({})"}, {"any", "count(DISTINCT {})"}, {"int4", "sum({})"}, {"int8", "sum({})"}, {"int2", "sum({})"},
    {"numeric", "sum({})"}, {"numeric", "avg({})"}, {"int4", "avg({})"}, {"int8", "avg({})"}, {"numeric", "max({})"}, {"text", "max({})"}, {"text", "min({})"},
    {"date", "min({})"}, {"timestamp", "max({})"}, {"interval", "sum({})"}, {"interval", "avg({})"}, {"bool", "bool_and({})"}, {"bool", "bool_or({})"}, {"bool", "every({})"},
    {"int4", "bit_or({})"}, {"int4", "bit_and({})"}, {"numeric", "stddev({})"}, {"numeric", "variance({})"}, {"int4", "stddev_pop({})"}, {"int4", "var_samp({})"},
    {"text", "string_agg({}, ',' ORDER BY {})"}, {"varchar", "string_agg(DISTINCT {}, '-')"}, {"int4", "array_agg({} ORDER BY {} DESC)"}, {"text", "array_agg({} ORDER BY {} NULLS FIRST)"},
    {"jsonb", "jsonb_agg({} ORDER BY {})"}, {"any", "json_agg({} ORDER BY {}::text)"}, {"text", "jsonb_object_agg(coalesce({}, '-'), 1)"}, {"int4", "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})"},
    {"text", "mode() WITHIN GROUP (ORDER BY {})"}, {"numeric", "percentile_disc(0.3) WITHIN GROUP (ORDER BY {})"}, {"int4", "sum({}) FILTER (WHERE {} > 1)"}, {"mood", "max({})"}, {"timestamptz", "min({})"},
    {"int4[]", "max({})"}, {"bpchar", "max({})"}, {"float8", "max({})"}, {"float4", "min({})"}, {"time", "max({})"}, {"money", "sum({})"}, {"inet", "max({})"},
});

constexpr std::array kWindows = {"row_number() OVER w", "rank() OVER w", "dense_rank() OVER w", "lag({}) OVER w", "lead({}, 1) OVER w", "first_value({}) OVER w", "last_value({}) OVER w",
                                 "count({}) OVER w", "nth_value({}, 2) OVER w", "ntile(2) OVER w", "count(*) OVER (ORDER BY {k} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", "percent_rank() OVER w", "cume_dist() OVER w",
                                 "max({}::text) OVER (ORDER BY {k} ROWS UNBOUNDED PRECEDING)"};

std::string filled(std::string_view text, const std::string& value, const std::string& key) {
    std::string out(text);
    for (std::size_t at = 0; (at = out.find("{}", at)) != std::string::npos; at += value.size()) out.replace(at, 2, value);
    for (std::size_t at = 0; (at = out.find("{k}", at)) != std::string::npos; at += key.size()) out.replace(at, 3, key);
    return out;
}

}  // namespace

// A total order: by key, or by place.
std::string Generator::order_by_key(const TableModel& table, const std::string& prefix) const {
    std::string out;
    for (const ColumnModel* key : table.keys()) out += (out.empty() ? "" : ", ") + prefix + key->name;
    return out.empty() ? prefix + "ctid" : out;
}

void Generator::select_constants() {
    std::vector<Piece> items;
    const std::size_t count = 1 + random_.below(3);
    for (std::size_t i = 0; i < count; ++i) items.push_back(make_.expression(make_.any_family(), {}, 3));
    add(group("SELECT ", list(std::move(items))));
}

void Generator::select_columns() {
    TableModel& table = any_table();
    const Scope scope = scope_of(table, "", true);
    std::vector<Piece> items;
    const std::size_t count = 1 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i) items.push_back(make_.expression(random_.percent(50) ? random_.pick(table.columns).family : make_.any_family(), scope, 2));
    Piece condition = random_.percent(50) ? optional(" WHERE ", make_.expression("bool", scope, 2)) : Piece("");
    const bool ordered = !render(condition).empty() || random_.percent(60);
    Piece sort = Piece("");
    if (ordered) {
        const ColumnModel& column = random_.pick(table.columns);
        static constexpr std::array kDirections = {"", " DESC", " NULLS FIRST", " DESC NULLS LAST", " ASC"};
        Piece first = column.family == "json" || random_.percent(40) ? Piece("") : optional(column.name + random_.pick(kDirections) + ", ");
        sort = group(" ORDER BY ", std::move(first), order_by_key(table, ""));
        if (random_.percent(20)) sort.parts.push_back(optional(" LIMIT 2"));
        if (random_.percent(10)) sort.parts.push_back(optional(" OFFSET 1"));
    }
    add(group("SELECT ", list(std::move(items)), " FROM " + table.name, std::move(condition), std::move(sort)));
}

void Generator::select_aggregate() {
    TableModel& table = any_table();
    std::vector<Piece> items;
    for (int tries = 0; tries < 30 && items.size() < 3; ++tries) {
        const ExpressionRow& row = random_.pick(kAggregates);
        const ColumnModel& column = random_.pick(table.columns);
        if (row.family != "any" && row.family != column.family) continue;
        if (column.family == "json" && row.text.find("DISTINCT") != std::string_view::npos) continue;
        items.push_back(group(filled(row.text, column.name, "")));
    }
    if (items.empty()) items.emplace_back("count(*)");
    Piece condition = random_.percent(40) ? optional(" WHERE ", make_.expression("bool", scope_of(table, "", true), 1)) : Piece("");
    add(group("SELECT ", list(std::move(items)), " FROM " + table.name, std::move(condition)));
}

void Generator::select_group() {
    TableModel& table = any_table();
    const ColumnModel& by = random_.pick(table.columns);
    const ColumnModel& of = random_.pick(table.columns);
    if (by.family == "json") return;
    std::string aggregate = "count(*)";
    for (int tries = 0; tries < 20; ++tries) {
        const ExpressionRow& row = random_.pick(kAggregates);
        if (row.family == of.family && of.family != "json") aggregate = filled(row.text, of.name, "");
    }
    add(group("SELECT " + by.name + ", " + aggregate + " AS x FROM " + table.name + " GROUP BY " + by.name, random_.percent(25) ? optional(" HAVING count(*) > 1") : Piece(""), " ORDER BY " + by.name));
}

void Generator::select_window() {
    TableModel& table = any_table();
    const ColumnModel& by = random_.pick(table.columns);
    const ColumnModel& of = random_.pick(table.columns);
    if (by.family == "json") return;
    const std::string key = order_by_key(table, "");
    std::vector<Piece> items;
    for (int i = 0; i < 2; ++i) items.push_back(group(filled(random_.pick(kWindows), of.name, key)));
    add(group("SELECT " + key + ", ", list(std::move(items)), " FROM " + table.name + " WINDOW w AS (", random_.percent(40) ? optional("PARTITION BY " + by.name + " ") : Piece(""), "ORDER BY " + key + ") ORDER BY " + key));
}

void Generator::select_join() {
    TableModel& table = any_table();
    const TableModel* other = other_table(table);
    if (other == nullptr || table.keys().empty() || other->keys().empty()) return select_columns();
    Scope scope = scope_of(table, "x.", true);
    for (auto& column : scope_of(*other, "y.", true)) scope.push_back(column);
    static constexpr std::array kJoins = {" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
    const std::string condition = "x." + table.keys()[0]->name + "::text = y." + other->keys()[0]->name + "::text";
    add(group("SELECT ", list({make_.expression(make_.any_family(), scope, 1), make_.expression(make_.any_family(), scope, 1)}), " FROM " + table.name + " x" + random_.pick(kJoins) + other->name + " y ON " + condition,
              optional(" WHERE ", make_.expression("bool", scope, 1)), " ORDER BY " + order_by_key(table, "x.") + ", " + order_by_key(*other, "y.")));
}

void Generator::select_set() {
    TableModel& table = any_table();
    const ColumnModel& column = random_.pick(table.columns);
    if (column.family == "json") return;
    static constexpr std::array kOperations = {" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "};
    add(group("SELECT " + column.name + " FROM " + table.name + random_.pick(kOperations) + "SELECT ", make_.expression(column.family, scope_of(table, "", true), 1), " FROM " + table.name + " ORDER BY 1"));
}

void Generator::select_whole_row() {
    TableModel& table = any_table();
    static constexpr std::array kForms = {"to_jsonb(x)", "row_to_json(x)", "x", "x::text", "x.*", "(x).*", "to_jsonb(x) - 'id'", "json_agg(x) OVER (ORDER BY {k})", "ROW(x.*) IS NULL", "x IS NOT NULL"};
    const std::string key = order_by_key(table, "x.");
    add("SELECT " + filled(random_.pick(kForms), "", key) + " FROM " + table.name + " x ORDER BY " + key);
}

void Generator::select_sublink() {
    TableModel& table = any_table();
    const TableModel* other = other_table(table);
    const TableModel& inner = other != nullptr ? *other : table;
    const ColumnModel& column = random_.pick(inner.columns);
    if (column.family == "json") return select_columns();
    const std::string key = order_by_key(table, "x.");
    switch (random_.below(4)) {
        case 0: add(group("SELECT " + key + ", (SELECT max(" + column.name + "::text) FROM " + inner.name + " y WHERE ", make_.expression("bool", scope_of(inner, "y.", true), 1), ") FROM " + table.name + " x ORDER BY " + key)); break;
        case 1: add(group("SELECT " + key + " FROM " + table.name + " x WHERE EXISTS (SELECT 1 FROM " + inner.name + " y WHERE ", make_.expression("bool", scope_of(inner, "y.", true), 1), ") ORDER BY " + key)); break;
        case 2: add(group("SELECT ", make_.expression(column.family, {}, 1), " IN (SELECT " + column.name + " FROM " + inner.name + ") AS found")); break;
        default: add("SELECT array(SELECT " + column.name + "::text FROM " + inner.name + " y ORDER BY " + order_by_key(inner, "y.") + ") AS list"); break;
    }
}

}  // namespace cdcsim::explore
