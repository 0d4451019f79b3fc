#include "sim/postgres/executor/portal.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/utility.h"

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
    position = std::clamp<std::int64_t>(position, 0, size + 1);
    if (position < portal.position) require_backward(portal);
    portal.position = position;
    if (position < 1 || position > size) return {};
    return {portal.rows[static_cast<std::size_t>(position - 1)]};
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? 0 : INT64_MAX) : sum;
}

}  // namespace

std::vector<std::vector<Datum>> fetch_rows(Portal& portal, FetchRequest request) {
    if (portal.failure) portal.failure->rethrow();
    switch (request.direction) {
        case FetchDirection::kAbsolute:
            if (request.count >= 0) return go_to(portal, request.count);
            return go_to(portal, std::max<std::int64_t>(static_cast<std::int64_t>(portal.rows.size()) + 1 + request.count, 0));
        case FetchDirection::kRelative: return go_to(portal, saturated_sum(portal.position, request.count));
        case FetchDirection::kForward: case FetchDirection::kBackward: break;
    }
    std::int64_t count = request.direction == FetchDirection::kForward ? request.count : request.count == kFetchAll ? -kFetchAll : -request.count;
    if (count == 0) return go_to(portal, portal.position);
    if (count < 0) require_backward(portal);
    return pass(portal, count);
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
    std::erase_if(portals, [&](const auto& entry) { return entry.second.serial > serial; });
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
    if (!hold && !in_block && command.top_level) throw SqlError("25P01", "DECLARE CURSOR can only be used in transaction blocks");
    std::string name(node.text("portalname"));
    if (backend.portals.contains(name)) throw SqlError("42P03", fmt::format("cursor \"{}\" already exists", name));
    std::shared_ptr<const Query> query = bind_query(node["query"], backend.bind_options(command.hook));
    if (!query->row_marks.empty()) throw NotSimulated("cursors FOR UPDATE");
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
    FetchRequest request{direction_of(node.text("direction")), node.integer("howMany")};
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
