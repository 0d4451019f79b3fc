// Ordered-set and hypothetical-set aggregates: percentile_cont(0.5) WITHIN GROUP (ORDER BY x),
// rank(3) WITHIN GROUP (ORDER BY x). Mirrors parse_func.c's checks of them and
// transformAggregateCall's split of the arguments.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

struct OrderedSetRow {
    Oid function;
    std::size_t direct_args;
    bool hypothetical;
};
/// pg_aggregate's rows of kind o and h.
constexpr OrderedSetRow kOrderedSets[] = {
    {3972, 1, false}, {3974, 1, false}, {3976, 1, false}, {3978, 1, false}, {3980, 1, false}, {3982, 1, false},
    {3984, 0, false}, {3986, 1, true},  {3988, 1, true},  {3990, 1, true},  {3992, 1, true},
};

const OrderedSetRow* find_ordered_set(Oid function) {
    auto it = std::ranges::find(kOrderedSets, function, &OrderedSetRow::function);
    return it == std::end(kOrderedSets) ? nullptr : it;
}

/// "f(a, b) does not exist": the overload fits, but not this division of its arguments.
[[noreturn]] void refuse(ParseState& state, const std::string& name, const std::vector<ExprPtr>& args, std::string hint, int location) {
    throw SqlError("42883", fmt::format("function {} does not exist", signature(state, name, args))).hint(std::move(hint)).at(location);
}

void check_division(ParseState& state, const OrderedSetRow& row, const std::string& name, const std::vector<ExprPtr>& args,
                    const CallSyntax& syntax) {
    const std::size_t aggregated = syntax.order_by.size(), direct = args.size() - aggregated;
    if (row.hypothetical) {
        if (direct == aggregated) return;
        refuse(state, name, args, fmt::format("To use the hypothetical-set aggregate {}, the number of hypothetical direct arguments (here {}) "
                                              "must match the number of ordering columns (here {}).", name, direct, aggregated), syntax.location);
    }
    if (direct == row.direct_args) return;
    refuse(state, name, args, fmt::format("There is an ordered-set aggregate {}, but it requires {} direct argument{}, not {}.", name, row.direct_args,
                                          row.direct_args == 1 ? "" : "s", direct), syntax.location);
}

/// Each hypothetical value and its column get one type; the column's is preferred.
void unify(ParseState& state, std::vector<ExprPtr>& args, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        ExprPtr& value = args[i];
        ExprPtr& column = args[count + i];
        const Oid type = common_type(state, {column, value}, "WITHIN GROUP");
        value = coerce_to_common(state, value, type, "WITHIN GROUP");
        column = coerce_to_common(state, column, type, "WITHIN GROUP");
    }
}

}  // namespace

void bind_within_group(ParseState& state, Oid function, const std::string& name, std::vector<ExprPtr>& args, const CallSyntax& syntax) {
    const OrderedSetRow* row = find_ordered_set(function);
    if (row == nullptr) {
        if (!syntax.within_group) return;
        throw SqlError("42809", fmt::format("{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name)).at(syntax.location);
    }
    if (!syntax.within_group) {
        throw SqlError("42809", fmt::format("WITHIN GROUP is required for ordered-set aggregate {}", name)).at(syntax.location);
    }
    if (syntax.over) throw SqlError("0A000", fmt::format("OVER is not supported for ordered-set aggregate {}", name)).at(syntax.location);
    check_division(state, *row, name, args, syntax);
    if (row->hypothetical) unify(state, args, syntax.order_by.size());
}

void split_ordered_set(AggregateExpr& aggregate, const CallSyntax& syntax) {
    if (!syntax.within_group) return;
    auto first = aggregate.args.end() - static_cast<std::ptrdiff_t>(syntax.order_by.size());
    aggregate.direct_args.assign(aggregate.args.begin(), first);
    aggregate.args.erase(aggregate.args.begin(), first);
    aggregate.hypothetical = find_ordered_set(aggregate.function)->hypothetical;
}

}  // namespace cdcsim::pg
