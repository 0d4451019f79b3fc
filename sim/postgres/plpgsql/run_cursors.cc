// Cursors: OPEN, FETCH, MOVE, CLOSE and FOR over a bound cursor.
#include <fmt/format.h>

#include "sim/postgres/executor/portal.h"
#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {

Portal& Interpreter::portal_of(int number) {
    const Datum& name = value(number).scalar;
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    if (name.is_null()) throw SqlError("22004", fmt::format("cursor variable \"{}\" is null", variable.name));
    auto it = backend_.portals.find(name.as_text());
    if (it == backend_.portals.end()) throw SqlError("34000", fmt::format("cursor \"{}\" does not exist", name.as_text()));
    return it->second;
}

/// A bound cursor's arguments: the row of a query as of SELECT INTO, with what that sets.
void Interpreter::take_arguments(PlExpr& expr, const std::vector<int>& arguments) {
    const SpiResult given = query(expr, 2);
    const bool found = !given.rows.empty();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        assign_variable(arguments[i], found ? given.rows[0][i] : Datum(), given.columns[i].type, given.columns[i].typmod);
    }
    row_count_ = found ? 1 : 0;
    set_found(found);
}

/// Runs the cursor's query; returns the portal's name.
std::string Interpreter::open_cursor(PlStatement& statement) {
    Variable& cursor = function_.variables[static_cast<std::size_t>(statement.cursor)];
    Datum given = value(statement.cursor).scalar;
    if (!given.is_null() && backend_.portals.contains(given.as_text())) {
        throw SqlError("42P03", fmt::format("cursor \"{}\" already in use", given.as_text()));
    }
    int scroll = cursor.cursor_query ? cursor.scroll : statement.scroll;
    if (cursor.cursor_query) {
        if (statement.expr3) take_arguments(*statement.expr3, cursor.cursor_args);
    }
    Portal portal;
    SpiResult rows;
    bool dynamic = !cursor.cursor_query && statement.expr2 != nullptr;
    PlExpr* expr = cursor.cursor_query ? cursor.cursor_query.get() : statement.expr.get();
    if (!dynamic && plan_of(*expr).command() != "SELECT") {
        throw SqlError("42P11", fmt::format("cannot open {} query as cursor", plan_of(*expr).command()));
    }
    std::string dynamic_text;
    if (dynamic) {
        // Its parameters' types are not known here: what cannot be bound without them counts as not known.
        Oid type = kInvalidOid;
        Datum given_text = evaluate(*statement.expr2, &type);
        if (!given_text.is_null()) dynamic_text = output_text(backend_, type, given_text);
    }
    rows = dynamic ? execute_dynamic(statement, *statement.expr2, 0, true) : query(*expr, 0, true);
    if (rows.command != "SELECT") throw SqlError("42P11", fmt::format("cannot open {} query as cursor", rows.command));
    portal.columns = std::move(rows.columns);
    portal.rows = std::move(rows.rows);
    portal.query = std::move(rows.query);
    if (!dynamic && portal.query) note_places(backend_, portal, source_.get());
    const std::string& text = dynamic ? dynamic_text : expr->sql;
    bool backward = scroll == 0 && runs_backward(backend_, text, dynamic ? nullptr : expr->hook.get());
    portal.scroll = scroll > 0 || backward;
    portal.scroll_unknown = scroll == 0 && !backward;
    if (given.is_null() && cursor.constant) throw SqlError("22005", fmt::format("variable \"{}\" is declared CONSTANT", cursor.name));
    std::string name = given.is_null() ? backend_.new_portal_name() : given.as_text();
    portal.serial = ++backend_.portal_serial;
    backend_.portals[name] = std::move(portal);
    return name;
}

void Interpreter::run_open(PlStatement& statement) {
    std::string name = open_cursor(statement);
    if (value(statement.cursor).scalar.is_null()) value(statement.cursor).scalar = Datum::of_text(name);
}

void Interpreter::run_fetch(PlStatement& statement) {
    Portal& portal = portal_of(statement.cursor);
    FetchRequest request{statement.direction, statement.how_many, statement.kind != PlKind::kFetch};
    if (statement.expr) {
        Oid type = kInvalidOid;
        std::int32_t typmod = -1;
        Datum count = evaluate(*statement.expr, &type, &typmod);
        count = cast(count, type, typmod, oid::kInt4, -1);
        if (count.is_null()) throw SqlError("22004", "relative or absolute cursor position is null");
        request.count = count.as_int();
    }
    require_unchanged(backend_, portal, request.count);
    std::vector<std::vector<Datum>> rows = fetch_rows(portal, request);
    if (statement.kind == PlKind::kFetch) assign_row(statement.into, portal.columns, rows.empty() ? nullptr : &rows[0]);
    row_count_ = static_cast<std::int64_t>(rows.size());
    set_found(!rows.empty());
}

void Interpreter::run_close(PlStatement& statement) {
    portal_of(statement.cursor);
    backend_.portals.erase(value(statement.cursor).scalar.as_text());
}

Interpreter::Flow Interpreter::run_for_cursor(PlStatement& statement) {
    bool unnamed = value(statement.cursor).scalar.is_null();
    std::string name = open_cursor(statement);
    if (unnamed) value(statement.cursor).scalar = Datum::of_text(name);
    RowType columns = backend_.portals.at(name).columns;
    std::vector<std::vector<Datum>> rows = backend_.portals.at(name).rows;
    Flow flow = run_rows(statement, columns, rows, [&] {
        const auto portal = backend_.portals.find(name);
        if (portal == backend_.portals.end()) return;
        require_unchanged(backend_, portal->second, 1);
        ++portal->second.position;
    });
    backend_.portals.erase(name);
    if (unnamed) value(statement.cursor).scalar = Datum();
    return flow;
}

}  // namespace cdcsim::pg::plpgsql
