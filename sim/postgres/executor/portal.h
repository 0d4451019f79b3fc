// Open cursors: fetching from them, and the statements DECLARE, FETCH, MOVE and CLOSE. Mirrors
// portalmem.c, pquery.c's DoPortalRunFetch and portalcmds.c. A cursor's rows are those of its opening.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

enum class FetchDirection : std::uint8_t { kForward, kBackward, kAbsolute, kRelative };
inline constexpr std::int64_t kFetchAll = INT64_MAX;

struct FetchRequest {
    FetchDirection direction = FetchDirection::kForward;
    std::int64_t count = 1;
    bool is_move = false;
};

/// Moves the portal; the rows that it passes, in the order in which they are met. Throws 55000 for a
/// step back in a cursor without SCROLL.
std::vector<std::vector<Datum>> fetch_rows(Portal& portal, FetchRequest request);

/// A cursor over this query may step back although it is not declared SCROLL: its plan can run
/// backwards for sure (one table, at most sorted).
bool runs_backward(Backend& backend, const std::string& text, NameHook* hook);

/// Notes the places of the rows of a cursor just opened, if WHERE CURRENT OF can ask for them.
void note_places(Backend& backend, Portal& portal, ParamSource* params);
/// The row of `relation` that the cursor stands on; nullopt: an outer join has found none. Throws 24000, 34000.
std::optional<std::int64_t> current_row(Backend& backend, const std::string& cursor, const Relation& relation);
/// FOR UPDATE: PostgreSQL would pass over rows that were changed since the cursor was opened.
void require_unchanged(Backend& backend, const Portal& portal, std::int64_t count);

ExecResult declare_cursor(Backend& backend, const Command& command, const RowSink& sink);
ExecResult fetch_cursor(Backend& backend, const Command& command, const RowSink& sink);
ExecResult close_cursor(Backend& backend, const Command& command, const RowSink& sink);

}  // namespace cdcsim::pg
