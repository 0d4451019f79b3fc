// DECLARE CURSOR, FETCH, MOVE, CLOSE. Mirrors portalcmds.c and pquery.c's DoPortalRunFetch. The rows are
// taken at DECLARE, which nobody can tell from taking them at FETCH unless the query does something.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {

struct SqlCursor {
    RowType columns;
    std::vector<std::vector<Datum>> rows;
    bool order_unspecified = false;
    bool hold = false, scroll = true;
    std::int64_t position = 0;           ///< 0 before the first row, rows.size() + 1 after the last
};

namespace {

constexpr std::int64_t kScroll = 0x0002, kNoScroll = 0x0004, kHold = 0x0020, kBinary = 0x0001;

/// The rows of one FETCH, by number from 1, and where the cursor stands after it.
struct Step {
    std::vector<std::int64_t> rows;
    std::int64_t position = 0;
};

Step forward(const SqlCursor& cursor, std::int64_t count) {
    auto total = static_cast<std::int64_t>(cursor.rows.size());
    Step step;
    step.position = cursor.position;
    if (count == 0) {
        if (cursor.position >= 1 && cursor.position <= total) step.rows.push_back(cursor.position);
        return step;
    }
    for (; count > 0 && step.position <= total; --count) {
        ++step.position;
        if (step.position <= total) step.rows.push_back(step.position);
    }
    return step;
}

Step backward(const SqlCursor& cursor, std::int64_t count) {
    Step step;
    step.position = cursor.position;
    for (; count > 0 && step.position >= 1; --count) {
        --step.position;
        if (step.position >= 1) step.rows.push_back(step.position);
    }
    return step;
}

Step to_row(const SqlCursor& cursor, std::int64_t row) {
    auto total = static_cast<std::int64_t>(cursor.rows.size());
    Step step;
    step.position = std::clamp<std::int64_t>(row, 0, total + 1);
    if (step.position >= 1 && step.position <= total) step.rows.push_back(step.position);
    return step;
}

Step plan_step(const SqlCursor& cursor, std::string_view direction, std::int64_t count) {
    constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
    auto total = static_cast<std::int64_t>(cursor.rows.size());
    if (direction == "FETCH_ABSOLUTE") return to_row(cursor, count >= 0 ? count : total + 1 + count);
    if (direction == "FETCH_RELATIVE") return to_row(cursor, cursor.position + count);
    bool back = direction == "FETCH_BACKWARD";
    if (count < 0 && count != kAll) {
        back = !back;
        count = -count;
    }
    return back ? backward(cursor, count) : forward(cursor, count);
}

}  // namespace

void Backend::end_cursors(bool committed) {
    std::erase_if(cursors, [&](const auto& entry) { return !entry.second->hold || !committed; });
}

ExecResult declare_cursor(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string name(node.text("portalname"));
    std::int64_t options = node.integer("options");
    if ((options & kBinary) != 0) throw NotSimulated("binary cursors");
    bool hold = (options & kHold) != 0;
    bool in_block = backend.transaction().block || backend.transaction().implicit_block;
    if (!hold && !in_block && command.top_level) throw SqlError("25P01", "DECLARE CURSOR can only be used in transaction blocks");
    std::shared_ptr<const Query> query = bind_query(node["query"], backend.bind_options(command.hook));
    if (query->for_update) throw NotSimulated("cursors FOR UPDATE");
    if (contains_volatile(*query)) throw NotSimulated("cursors over volatile functions");
    if (backend.cursors.contains(name)) throw SqlError("42P03", fmt::format("cursor \"{}\" already exists", name));
    auto cursor = std::make_shared<SqlCursor>();
    cursor->hold = hold;
    // Whether an unmarked cursor can go back depends on its plan: simple ones can.
    cursor->scroll = (options & kNoScroll) == 0;
    bool certain = (options & kScroll) != 0 || (options & kNoScroll) != 0;
    ExecResult done = backend.run_query(query, {}, command.params, [&](std::span<const Datum> row) {
        cursor->rows.emplace_back(row.begin(), row.end());
        return true;
    });
    cursor->columns = done.columns;
    cursor->order_unspecified = done.order_unspecified;
    if (!certain && done.order_unspecified) cursor->scroll = true;
    backend.cursors[name] = std::move(cursor);
    return tag_only("DECLARE CURSOR");
}

ExecResult fetch_cursor(Backend& backend, const Command& command, const RowSink& sink) {
    const Node& node = command.node;
    std::string name(node.text("portalname"));
    auto it = backend.cursors.find(name);
    if (it == backend.cursors.end()) throw SqlError("34000", fmt::format("cursor \"{}\" does not exist", name));
    SqlCursor& cursor = *it->second;
    Step step = plan_step(cursor, node.text("direction"), node.integer("howMany"));
    bool goes_back = step.position < cursor.position || (!step.rows.empty() && step.rows[0] <= cursor.position);
    if (goes_back && !cursor.scroll) {
        throw SqlError("55000", "cursor can only scan forward").hint("Declare it with SCROLL option to enable backward scan.");
    }
    cursor.position = step.position;
    bool move = node.flag("ismove");
    ExecResult result;
    result.tag = fmt::format("{} {}", move ? "MOVE" : "FETCH", step.rows.size());
    result.command = move ? "MOVE" : "FETCH";
    result.processed = step.rows.size();
    if (move) return result;
    result.returns_rows = true;
    result.columns = cursor.columns;
    result.order_unspecified = cursor.order_unspecified;
    for (std::int64_t row : step.rows) {
        if (!sink(cursor.rows[static_cast<std::size_t>(row - 1)])) break;
    }
    return result;
}

ExecResult close_cursor(Backend& backend, const Command& command, const RowSink&) {
    std::string name(command.node.text("portalname"));
    if (name.empty()) {
        backend.cursors.clear();
        return tag_only("CLOSE CURSOR ALL");
    }
    if (backend.cursors.erase(name) == 0) throw SqlError("34000", fmt::format("cursor \"{}\" does not exist", name));
    return tag_only("CLOSE CURSOR");
}

}  // namespace cdcsim::pg
