// Window definitions: OVER (...) and the WINDOW clause, frames and their offsets. Mirrors
// transformWindowDefinitions and transformFrameOffset.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/catalog/builtin.h"

namespace cdcsim::pg {
namespace {

/// The in_range function that compares values of the window's order with an offset of some type.
const ProcRow* find_in_range(ParseState& state, Oid column, const ExprPtr& offset) {
    const Oid preferred = offset->type != oid::kUnknown ? offset->type : column;
    const ProcRow* chosen = nullptr;
    int functions = 0, matches = 0;
    for (const ProcRow& row : builtin_procs()) {
        if (row.name != "in_range" || row.args.begin()[0] != column) continue;
        ++functions;
        if (!can_coerce(state, offset->type, row.args.begin()[2], Coercion::kImplicit)) continue;
        ++matches;
        if (chosen == nullptr || chosen->args.begin()[2] != preferred) chosen = &row;
    }
    const int location = expr_location(*offset);
    if (functions == 0) {
        throw SqlError("0A000", fmt::format("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}", type_name(state, column))).at(location);
    }
    const std::string pair = fmt::format("for column type {} and offset type {}", type_name(state, column), type_name(state, offset->type));
    if (matches == 0) {
        throw SqlError("0A000", "RANGE with offset PRECEDING/FOLLOWING is not supported " + pair)
            .hint("Cast the offset value to an appropriate type.").at(location);
    }
    if (matches != 1 && chosen->args.begin()[2] != preferred) {
        throw SqlError("0A000", "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations " + pair)
            .hint("Cast the offset value to the exact intended type.").at(location);
    }
    return chosen;
}

ExprPtr bind_offset(ParseState& state, const WindowClause& window, const Node& node, Oid& in_range) {
    if (!node) return nullptr;
    static constexpr std::pair<std::string_view, Place> kModes[] = {
        {"RANGE", Place::kWindowRange}, {"ROWS", Place::kWindowRows}, {"GROUPS", Place::kWindowGroups}};
    const auto [mode, place] = kModes[static_cast<int>(window.mode)];
    ExprPtr offset = bind_expr(state, node, place);
    if (window.mode == FrameMode::kRange) {
        const OperatorRow* less = btree_operator(state, window.order_by[0].type, 1);
        const ProcRow* function = find_in_range(state, less->left, offset);
        in_range = function->oid;
        offset = coerce(state, offset, function->args.begin()[2], -1, Coercion::kImplicit, false, -1);
    } else {
        offset = coerce_integer(state, offset, mode);
    }
    any_expression(offset, [&, construct = mode](const Expr& e) {
        if (e.kind == ExprKind::kVar && as<VarExpr>(e).levels_up == 0) {
            throw SqlError("42P10", fmt::format("argument of {} must not contain variables", construct)).at(e.location);
        }
        return false;
    });
    return offset;
}

void check_order(const WindowClause& window, bool has_offset, int location) {
    if (window.mode == FrameMode::kRange && has_offset && window.order_by.size() != 1) {
        throw SqlError("42P20", "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column").at(location);
    }
    if (window.mode == FrameMode::kGroups && window.order_by.empty()) {
        throw SqlError("42P20", "GROUPS mode requires an ORDER BY clause").at(location);
    }
}

/// OVER (ref ...): what it may add to the window that it names.
void check_reference(const Node& node, const Node& referenced, const std::string& ref, bool is_ordered) {
    constexpr std::int64_t kDefaultFrame = 0x422;
    auto refuse = [&](std::string_view what) { return SqlError("42P20", fmt::format("cannot {} window \"{}\"", what, ref)); };
    if (node.has("partitionClause")) throw refuse("override PARTITION BY clause of").at(node.location());
    if (node.has("orderClause") && is_ordered) throw refuse("override ORDER BY clause of").at(node.location());
    if (referenced.integer("frameOptions") == kDefaultFrame) return;
    std::string text = fmt::format("cannot copy window \"{}\" because it has a frame clause", ref);
    const bool is_bare = node.text("name").empty() && !node.has("orderClause") && node.integer("frameOptions") == kDefaultFrame;
    if (!is_bare) throw SqlError("42P20", std::move(text)).at(node.location());
    throw SqlError("42P20", std::move(text)).hint("Omit the parentheses in this OVER clause.").at(node.location());
}

void bind_frame(ParseState& state, const Node& node, WindowClause& window) {
    auto options = static_cast<unsigned>(node.integer("frameOptions"));
    constexpr unsigned kRows = 0x4, kGroups = 0x8;
    constexpr unsigned kStartUnboundedPreceding = 0x20, kEndUnboundedPreceding = 0x40, kStartUnboundedFollowing = 0x80,
                       kEndUnboundedFollowing = 0x100, kStartCurrent = 0x200, kEndCurrent = 0x400, kStartPreceding = 0x800,
                       kEndPreceding = 0x1000, kStartFollowing = 0x2000, kEndFollowing = 0x4000, kExcludeCurrent = 0x8000,
                       kExcludeGroup = 0x10000, kExcludeTies = 0x20000;
    window.mode = (options & kRows) ? FrameMode::kRows : (options & kGroups) ? FrameMode::kGroups : FrameMode::kRange;
    auto bound = [&](unsigned up, unsigned uf, unsigned current, unsigned p, unsigned f, FrameBound fallback) {
        if (options & up) return FrameBound::kUnboundedPreceding;
        if (options & uf) return FrameBound::kUnboundedFollowing;
        if (options & current) return FrameBound::kCurrentRow;
        if (options & p) return FrameBound::kPreceding;
        if (options & f) return FrameBound::kFollowing;
        return fallback;
    };
    window.start = bound(kStartUnboundedPreceding, kStartUnboundedFollowing, kStartCurrent, kStartPreceding, kStartFollowing, FrameBound::kUnboundedPreceding);
    window.end = bound(kEndUnboundedPreceding, kEndUnboundedFollowing, kEndCurrent, kEndPreceding, kEndFollowing, FrameBound::kCurrentRow);
    window.exclusion = (options & kExcludeCurrent) ? FrameExclusion::kCurrentRow : (options & kExcludeGroup) ? FrameExclusion::kGroup
                       : (options & kExcludeTies) ? FrameExclusion::kTies : FrameExclusion::kNone;
    check_order(window, node.has("startOffset") || node.has("endOffset"), node.location());
    window.start_offset = bind_offset(state, window, node["startOffset"], window.start_in_range);
    window.end_offset = bind_offset(state, window, node["endOffset"], window.end_in_range);
}

WindowClause bind_window(ParseState& state, const Node& node) {
    WindowClause window;
    if (!node.text("refname").empty()) {
        std::string ref(node.text("refname"));
        auto found = std::ranges::find(state.window_names, ref, [](const auto& entry) { return entry.first; });
        if (found == state.window_names.end()) {
            throw SqlError("42704", fmt::format("window \"{}\" does not exist", ref)).at(node.location());
        }
        window = bind_window(state, found->second);
        check_reference(node, found->second, ref, !window.order_by.empty());
    }
    // ORDER BY first: which window is evaluated first follows from the numbers given here.
    if (node.has("orderClause")) {
        window.order_by = bind_sort(state, node.items("orderClause"), state.query->targets, Place::kWindowOrder, true);
    }
    for (const Node& item : node.items("partitionClause")) {
        int target = find_or_add_sort_target(state, item, state.query->targets, Place::kWindowPartition, true);
        const ExprPtr& key = state.query->targets[static_cast<std::size_t>(target)].expr;
        require_ordering(state, key->type, key->location, true);
        window.partition_by.push_back(sort_group_ref(state.query->targets, static_cast<std::size_t>(target)));
    }
    bind_frame(state, node, window);
    return window;
}

}  // namespace

/// The windows' keys are targets: they are bound when the target list is there.
void bind_windows(ParseState& state) {
    for (auto name = state.window_names.begin(); name != state.window_names.end(); ++name) {
        const bool is_known = std::any_of(state.window_names.begin(), name, [&](const auto& before) { return before.first == name->first; });
        if (is_known) throw SqlError("42P20", fmt::format("window \"{}\" is already defined", name->first)).at(name->second.location());
    }
    for (std::size_t i = 0; i < state.window_definitions.size(); ++i) {
        std::string name = state.query->windows[i].name;
        state.query->windows[i] = bind_window(state, state.window_definitions[i]);
        state.query->windows[i].name = name;
    }
    for (const auto& [name, definition] : state.window_names) {
        const bool is_used = std::ranges::find(state.query->windows, name, &WindowClause::name) != state.query->windows.end();
        if (!is_used) bind_window(state, definition);
    }
}

}  // namespace cdcsim::pg
