#include "sim/postgres/executor/portal.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

void require_backward(const Portal& portal) {
    if (portal.scroll) return;
    // PostgreSQL allows it where the plan can run backwards.
    if (portal.scroll_unknown) throw NotSimulated("a step back in a cursor without SCROLL or NO SCROLL");
    throw SqlError("55000", "cursor can only scan forward").hint("Declare it with SCROLL option to enable backward scan.");
}

/// `count` rows onwards or, negative, back.
std::vector<std::vector<Datum>> pass(Portal& portal, std::int64_t count) {
    auto size = static_cast<std::int64_t>(portal.rows.size());
    std::vector<std::vector<Datum>> rows;
    auto row_at = [&](std::int64_t position) { return portal.rows[static_cast<std::size_t>(position - 1)]; };
    for (; count > 0 && portal.position <= size; --count) {
        if (++portal.position <= size) rows.push_back(row_at(portal.position));
    }
    for (; count < 0 && portal.position > 0; ++count) {
        if (--portal.position > 0) rows.push_back(row_at(portal.position));
    }
    return rows;
}

/// To a position; the row there, if there is one.
std::vector<std::vector<Datum>> go_to(Portal& portal, std::int64_t position) {
    auto size = static_cast<std::int64_t>(portal.rows.size());
    portal.position = std::clamp<std::int64_t>(position, 0, size + 1);
    if (portal.position < 1 || portal.position > size) return {};
    return {portal.rows[static_cast<std::size_t>(portal.position - 1)]};
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? 0 : INT64_MAX) : sum;
}

bool is_on_row(const Portal& portal) { return portal.position > 0 && portal.position <= static_cast<std::int64_t>(portal.rows.size()); }

/// Whether PostgreSQL's way to that row has a step back in it or starts anew: the shorter one counts.
bool goes_back(const Portal& portal, std::int64_t row) {
    if (row < 0) return true;
    const std::int64_t fetched = std::min(portal.position, static_cast<std::int64_t>(portal.rows.size()));
    if (row == 0 || row - 1 <= fetched / 2) return portal.position > 0;
    return row <= portal.position;
}

}  // namespace

std::vector<std::vector<Datum>> fetch_rows(Portal& portal, FetchRequest request) {
    if (portal.failure) portal.failure->rethrow();
    const std::int64_t count = request.count;
    if (request.direction == FetchDirection::kAbsolute) {
        if (goes_back(portal, count)) require_backward(portal);
        return go_to(portal, count >= 0 ? count : static_cast<std::int64_t>(portal.rows.size()) + 1 + count);
    }
    if (request.direction == FetchDirection::kRelative && count != 0) {
        if (count < 0) require_backward(portal);
        return go_to(portal, saturated_sum(portal.position, count));
    }
    const bool backward = request.direction == FetchDirection::kBackward;
    if (count == 0) {
        // Fetched again by a step back; MOVE only counts it.
        if (!request.is_move && (backward || is_on_row(portal))) require_backward(portal);
        return go_to(portal, portal.position);
    }
    const bool rewinds_unmoved = request.is_move && backward && count == kFetchAll && portal.position == 0;
    const std::int64_t steps = !backward ? count : count == kFetchAll ? -kFetchAll : -count;
    if (steps < 0 && !rewinds_unmoved) require_backward(portal);
    return pass(portal, steps);
}

namespace {

bool runs_backward(const Query& query) {
    if (query.command != CommandKind::kSelect || query.from.size() > 1 || query.range_table.size() > 1) return false;
    bool plain = !query.has_aggregates && !query.has_windows && !query.has_target_srfs && !query.distinct && !query.set_operations && query.ctes.empty() &&
                 query.group_by.empty() && query.grouping_sets.empty() && query.row_marks.empty();
    return plain && query.distinct_on.empty();
}

}  // namespace

bool runs_backward(Backend& backend, const std::string& text, NameHook* hook) {
    try {
        ParseTree tree = parse_sql(text);
        return runs_backward(*bind_query(tree.statements().at(0).node, backend.bind_options(hook)));
    } catch (const SqlError&) {
        return false;
    }
}

std::string Backend::new_portal_name() { return fmt::format("<unnamed portal {}>", ++unnamed_portals_); }

void Backend::end_portals(bool committed) {
    std::erase_if(portals, [&](const auto& entry) { return !entry.second.is_held && !(committed && entry.second.hold); });
    for (auto& [name, portal] : portals) portal.is_held = true;
}

void Backend::drop_portals_after(std::uint64_t serial) {
    std::erase_if(portals, [&](const auto& entry) { return !entry.second.is_held && entry.second.serial > serial; });
}

// WHERE CURRENT OF.

namespace {

/// The tables of FROM that rows lie in, in the order of Portal::places.
std::vector<int> stored_tables(const Query& query) {
    std::vector<int> tables;
    for (std::size_t i = 0; i < query.range_table.size(); ++i) {
        const RangeTableEntry& rte = query.range_table[i];
        if (rte.kind == RteKind::kRelation && rte.relation->kind == 'r' && rte.relation->virtual_rows == nullptr) tables.push_back(static_cast<int>(i) + 1);
    }
    return tables;
}

/// Each row is one of each table.
bool has_rows_of_tables(const Query& query) {
    return query.command == CommandKind::kSelect && !query.has_aggregates && !query.has_windows && !query.has_target_srfs && !query.distinct &&
           query.distinct_on.empty() && !query.set_operations && query.group_by.empty() && query.grouping_sets.empty() && !query.having;
}

bool reads_one_table(const Query& query) { return query.from.size() == 1 && query.from[0].is_leaf() && stored_tables(query).size() == 1; }

int place_of(const Query& query, const std::string& cursor, const Relation& relation) {
    const std::vector<int> tables = stored_tables(query);
    int found = -1;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const bool is_marked = std::ranges::find(query.row_marks, tables[i], &RowMark::rt_index) != query.row_marks.end();
        if (query.range_table[static_cast<std::size_t>(tables[i] - 1)].relation->oid != relation.oid || (!is_marked && !query.row_marks.empty())) continue;
        if (found >= 0) throw SqlError("24000", fmt::format("cursor \"{}\" has multiple FOR UPDATE/SHARE references to table \"{}\"", cursor, relation.name));
        found = static_cast<int>(i);
    }
    return found;
}

}  // namespace

void note_places(Backend& backend, Portal& portal, ParamSource* params) {
    const Query& query = *portal.query;
    if (!has_rows_of_tables(query) || contains_volatile(query) || (query.row_marks.empty() && !reads_one_table(query))) return;
    auto places = std::make_shared<Query>(query);
    places->for_cursor = true;
    places->row_marks.clear();
    std::erase_if(places->targets, [](const TargetEntry& target) { return target.sort_group_ref == 0; });
    for (TargetEntry& target : places->targets) target.junk = true;
    for (const int rt_index : stored_tables(query)) {
        auto rid = std::make_shared<VarExpr>();
        rid->rt_index = rt_index;
        rid->attno = kRidAttno;
        rid->type = oid::kInt8;
        TargetEntry& target = places->targets.emplace_back();
        target.expr = std::move(rid);
    }
    for (std::size_t i = 0; i < places->targets.size(); ++i) places->targets[i].resno = static_cast<int>(i) + 1;
    StackScope running(backend.running_queries);
    backend.run_query(places, {}, params, [&](std::span<const Datum> row) {
        portal.places.emplace_back(row.begin(), row.end());
        return true;
    });
    if (portal.places.size() != portal.rows.size()) portal.places.clear();
}

std::optional<std::int64_t> current_row(Backend& backend, const std::string& cursor, const Relation& relation) {
    const auto it = backend.portals.find(cursor);
    if (it == backend.portals.end()) throw SqlError("34000", fmt::format("cursor \"{}\" does not exist", cursor));
    const Portal& portal = it->second;
    if (portal.is_held) throw SqlError("24000", fmt::format("cursor \"{}\" is held from a previous transaction", cursor));
    const Query& query = *portal.query;
    const bool has_subquery = std::ranges::any_of(query.range_table, [](const RangeTableEntry& rte) { return rte.kind == RteKind::kSubquery; });
    if (has_subquery) throw NotSimulated("WHERE CURRENT OF a cursor over a view, a subquery or a UNION");
    const int place = place_of(query, cursor, relation);
    if (place < 0 && !query.row_marks.empty()) {
        throw SqlError("24000", fmt::format("cursor \"{}\" does not have a FOR UPDATE/SHARE reference to table \"{}\"", cursor, relation.name));
    }
    if (place < 0 || (query.row_marks.empty() && (!has_rows_of_tables(query) || !reads_one_table(query)))) {
        throw SqlError("24000", fmt::format("cursor \"{}\" is not a simply updatable scan of table \"{}\"", cursor, relation.name));
    }
    // What is sorted is not.
    if (query.row_marks.empty() && !query.order_by.empty()) throw NotSimulated("WHERE CURRENT OF a cursor with ORDER BY and without FOR UPDATE");
    if (portal.position < 1 || portal.position > static_cast<std::int64_t>(portal.rows.size())) {
        throw SqlError("24000", fmt::format("cursor \"{}\" is not positioned on a row", cursor));
    }
    if (portal.places.empty()) throw NotSimulated("WHERE CURRENT OF a cursor over volatile functions or from EXECUTE");
    const Datum& rid = portal.places[static_cast<std::size_t>(portal.position - 1)][static_cast<std::size_t>(place)];
    if (rid.is_null()) return {};
    const std::optional<RowVersion> version = backend.database().fetch(relation, rid.as_int());
    if (!version || version->died != kNeverDied) throw NotSimulated("WHERE CURRENT OF a row that has changed since it was fetched");
    return rid.as_int();
}

void require_unchanged(Backend& backend, const Portal& portal, std::int64_t count) {
    if (portal.query->row_marks.empty() || count == 0) return;
    const std::vector<int> tables = stored_tables(*portal.query);
    for (auto row = static_cast<std::size_t>(std::max<std::int64_t>(portal.position, 0)); row < portal.places.size(); ++row) {
        for (std::size_t i = 0; i < tables.size(); ++i) {
            const Datum& rid = portal.places[row][i];
            if (rid.is_null()) continue;
            const std::optional<RowVersion> version = backend.database().fetch(*portal.query->range_table[static_cast<std::size_t>(tables[i] - 1)].relation, rid.as_int());
            if (!version || version->died != kNeverDied) throw NotSimulated("FETCH from a cursor FOR UPDATE after its rows have changed");
        }
        if (count != kFetchAll && static_cast<std::int64_t>(row) - portal.position + 1 >= count) return;
    }
}

// SQL.

namespace {

constexpr std::int64_t kOptionBinary = 1, kOptionScroll = 2, kOptionNoScroll = 4, kOptionHold = 32;

Portal& require_portal(Backend& backend, const std::string& name) {
    auto it = backend.portals.find(name);
    if (it == backend.portals.end()) throw SqlError("34000", fmt::format("cursor \"{}\" does not exist", name));
    return it->second;
}

FetchDirection direction_of(std::string_view text) {
    if (text == "FETCH_BACKWARD") return FetchDirection::kBackward;
    if (text == "FETCH_ABSOLUTE") return FetchDirection::kAbsolute;
    if (text == "FETCH_RELATIVE") return FetchDirection::kRelative;
    return FetchDirection::kForward;
}

}  // namespace

ExecResult declare_cursor(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::int64_t options = node.integer("options");
    if ((options & kOptionBinary) != 0) throw NotSimulated("binary cursors");
    bool hold = (options & kOptionHold) != 0;
    bool in_block = backend.transaction().block || backend.transaction().implicit_block;
    std::shared_ptr<const Query> query = bind_query(node["query"], backend.bind_options(command.hook));
    if (!hold && !in_block && command.top_level) throw SqlError("25P01", "DECLARE CURSOR can only be used in transaction blocks");
    std::string name(node.text("portalname"));
    if (backend.portals.contains(name)) throw SqlError("42P03", fmt::format("cursor \"{}\" already exists", name));
    if (!query->row_marks.empty() && (hold || backend.is_contended())) throw NotSimulated("cursors FOR UPDATE WITH HOLD or while another session is at work");
    if (contains_volatile(*query)) throw NotSimulated("cursors over volatile functions");
    Portal portal;
    portal.hold = hold;
    auto planned = std::make_shared<Query>(*query);
    planned->for_cursor = true;
    ExecResult done = backend.run_query(planned, {}, command.params, [&](std::span<const Datum> row) {
        portal.rows.emplace_back(row.begin(), row.end());
        return true;
    });
    portal.columns = done.columns;
    portal.query = query;
    note_places(backend, portal, command.params);
    portal.order_unspecified = done.order_unspecified;
    bool unsaid = (options & (kOptionScroll | kOptionNoScroll)) == 0;
    portal.scroll = (options & kOptionScroll) != 0 || (unsaid && runs_backward(*query));
    portal.scroll_unknown = unsaid && !portal.scroll;
    portal.serial = ++backend.portal_serial;
    backend.portals[name] = std::move(portal);
    return tag_only("DECLARE CURSOR");
}

ExecResult fetch_cursor(Backend& backend, const Command& command, const RowSink& sink) {
    const Node& node = command.node;
    bool is_move = node.flag("ismove");
    Portal& portal = require_portal(backend, std::string(node.text("portalname")));
    FetchRequest request{direction_of(node.text("direction")), node.integer("howMany"), is_move};
    require_unchanged(backend, portal, request.count);
    std::vector<std::vector<Datum>> rows = fetch_rows(portal, request);
    ExecResult result;
    result.tag = fmt::format("{} {}", is_move ? "MOVE" : "FETCH", rows.size());
    result.command = is_move ? "MOVE" : "FETCH";
    result.processed = rows.size();
    if (is_move) return result;
    result.returns_rows = true;
    result.columns = portal.columns;
    result.order_unspecified = portal.order_unspecified;
    for (const auto& row : rows) {
        if (!sink(row)) break;
    }
    return result;
}

ExecResult close_cursor(Backend& backend, const Command& command, const RowSink&) {
    std::string name(command.node.text("portalname"));
    if (name.empty()) {
        backend.portals.clear();
        return tag_only("CLOSE CURSOR ALL");
    }
    require_portal(backend, name);
    backend.portals.erase(name);
    return tag_only("CLOSE CURSOR");
}

}  // namespace cdcsim::pg
