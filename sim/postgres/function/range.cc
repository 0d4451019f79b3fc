// The operators and functions of range types. Mirrors PostgreSQL's rangetypes.c.
#include "sim/postgres/type/range.h"

#include <functional>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
constexpr auto kLower = RangeSide::kLower;
constexpr auto kUpper = RangeSide::kUpper;

/// Two ranges of one type and the order of their bounds.
struct Pair {
    Pair(CallContext& call, Args args)
        : env(call.env), type(call.arg_types[0]), subtype(range_subtype(type)),
          a(read_range(env, type, args[0].as_text())), b(read_range(env, type, args[1].as_text())) {}

    int compare(PlacedBound x, PlacedBound y) const { return compare_bounds(env, subtype, x, y); }
    int lowers() const { return compare({a.lower, kLower}, {b.lower, kLower}); }
    int uppers() const { return compare({a.upper, kUpper}, {b.upper, kUpper}); }
    bool any_empty() const { return a.empty || b.empty; }
    bool before() const { return compare({a.upper, kUpper}, {b.lower, kLower}) < 0; }
    bool after() const { return compare({a.lower, kLower}, {b.upper, kUpper}) > 0; }
    bool overlaps() const { return !any_empty() && !before() && !after(); }
    bool contains() const { return b.empty || (!a.empty && lowers() <= 0 && uppers() >= 0); }
    bool adjacent() const {
        return !any_empty() && (touch(a.upper, b.lower) || touch(b.upper, a.lower));
    }
    /// bounds_adjacent: nothing lies between an upper and the next lower bound.
    bool touch(const RangeBound& upper, const RangeBound& lower) const {
        if (upper.is_infinite() || lower.is_infinite()) return false;
        const int order = compare_values(env, subtype, upper.value, lower.value);
        if (order > 0) return false;
        if (order == 0) return upper.inclusive != lower.inclusive;
        if (subtype != oid::kInt4 && subtype != oid::kInt8 && subtype != oid::kDate) return false;
        Range between{{upper.value, !upper.inclusive}, {lower.value, !lower.inclusive}, false};
        return make_range(env, type, std::move(between)).as_text() == "empty";
    }

    Environment& env;
    Oid type, subtype;
    Range a, b;
};

template <bool (*predicate)(const Pair&)>
Datum holds(CallContext& call, Args args) {
    return Datum::of_bool(predicate(Pair(call, args)));
}
bool overlap(const Pair& p) { return p.overlaps(); }
bool is_before(const Pair& p) { return !p.any_empty() && p.before(); }
bool is_after(const Pair& p) { return !p.any_empty() && p.after(); }
bool overleft(const Pair& p) { return !p.any_empty() && p.uppers() <= 0; }
bool overright(const Pair& p) { return !p.any_empty() && p.lowers() >= 0; }
bool is_adjacent(const Pair& p) { return p.adjacent(); }
bool contains(const Pair& p) { return p.contains(); }

Datum range_contained_by(CallContext& call, Args args) {
    const Datum swapped[] = {args[1], args[0]};
    return Datum::of_bool(Pair(call, swapped).contains());
}

template <typename Compare>
Datum compared(CallContext& call, Args args) {
    return Datum::of_bool(
        Compare()(compare_ranges(call.env, call.arg_types[0], args[0], args[1]), 0));
}
Datum range_cmp(CallContext& call, Args args) {
    const int order = compare_ranges(call.env, call.arg_types[0], args[0], args[1]);
    return Datum::of_int(order < 0 ? -1 : order > 0);
}

// One range.

Range first(CallContext& call, Args args) {
    return read_range(call.env, call.arg_types[0], args[0].as_text());
}
Datum range_lower(CallContext& call, Args args) { return first(call, args).lower.value; }
Datum range_upper(CallContext& call, Args args) { return first(call, args).upper.value; }
Datum range_empty(CallContext&, Args args) { return Datum::of_bool(args[0].as_text() == "empty"); }
Datum range_lower_inc(CallContext& call, Args args) {
    return Datum::of_bool(first(call, args).lower.inclusive);
}
Datum range_upper_inc(CallContext& call, Args args) {
    return Datum::of_bool(first(call, args).upper.inclusive);
}
Datum range_lower_inf(CallContext& call, Args args) {
    const Range range = first(call, args);
    return Datum::of_bool(!range.empty && range.lower.is_infinite());
}
Datum range_upper_inf(CallContext& call, Args args) {
    const Range range = first(call, args);
    return Datum::of_bool(!range.empty && range.upper.is_infinite());
}

bool has_element(CallContext& call, Oid type, const Datum& text, const Datum& element) {
    const Range range = read_range(call.env, type, text.as_text());
    if (range.empty) return false;
    const Oid subtype = range_subtype(type);
    if (!range.lower.is_infinite()) {
        const int order = compare_values(call.env, subtype, range.lower.value, element);
        if (order > 0 || (order == 0 && !range.lower.inclusive)) return false;
    }
    if (!range.upper.is_infinite()) {
        const int order = compare_values(call.env, subtype, range.upper.value, element);
        if (order < 0 || (order == 0 && !range.upper.inclusive)) return false;
    }
    return true;
}
Datum range_contains_elem(CallContext& call, Args args) {
    return Datum::of_bool(has_element(call, call.arg_types[0], args[0], args[1]));
}
Datum elem_contained_by_range(CallContext& call, Args args) {
    return Datum::of_bool(has_element(call, call.arg_types[1], args[1], args[0]));
}

// Set operations.

Datum join(const Pair& p, Args args, bool strict) {
    if (p.a.empty) return args[1];
    if (p.b.empty) return args[0];
    if (strict && !p.overlaps() && !p.adjacent()) {
        throw SqlError("22000", "result of range union would not be contiguous");
    }
    return make_range(p.env, p.type, {p.lowers() < 0 ? p.a.lower : p.b.lower,
                                      p.uppers() > 0 ? p.a.upper : p.b.upper, false});
}
Datum range_union(CallContext& call, Args args) { return join(Pair(call, args), args, true); }
Datum range_merge(CallContext& call, Args args) { return join(Pair(call, args), args, false); }

Datum range_intersect(CallContext& call, Args args) {
    const Pair p(call, args);
    if (!p.overlaps()) return Datum::of_text("empty");
    return make_range(p.env, p.type, {p.lowers() >= 0 ? p.a.lower : p.b.lower,
                                      p.uppers() <= 0 ? p.a.upper : p.b.upper, false});
}

Datum range_minus(CallContext& call, Args args) {
    const Pair p(call, args);
    if (!p.overlaps()) return args[0];
    const int lowers = p.lowers(), uppers = p.uppers();
    if (lowers < 0 && uppers > 0) {
        throw SqlError("22000", "result of range difference would not be contiguous");
    }
    if (lowers >= 0 && uppers <= 0) return Datum::of_text("empty");
    Range rest = p.a;
    if (lowers < 0) rest.upper = {p.b.lower.value, !p.b.lower.inclusive};
    else rest.lower = {p.b.upper.value, !p.b.upper.inclusive};
    return make_range(p.env, p.type, std::move(rest));
}

// Constructors: int4range(1, 5, '[]').

Datum construct(CallContext& call, Args args, std::string_view flags) {
    if (flags.size() != 2 || (flags[0] != '[' && flags[0] != '(') ||
        (flags[1] != ']' && flags[1] != ')')) {
        throw SqlError("42601", "invalid range bound flags")
            .hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
    }
    return make_range(call.env, call.result_type,
                      {{args[0], flags[0] == '['}, {args[1], flags[1] == ']'}, false});
}
Datum range_constructor2(CallContext& call, Args args) { return construct(call, args, "[)"); }
Datum range_constructor3(CallContext& call, Args args) {
    if (args[2].is_null()) {
        throw SqlError("22000", "range constructor flags argument must not be null");
    }
    return construct(call, args, args[2].as_text());
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"range_constructor2", range_constructor2}, {"range_constructor3", range_constructor3},
    {"range_lower", range_lower}, {"range_upper", range_upper}, {"range_empty", range_empty},
    {"range_lower_inc", range_lower_inc}, {"range_upper_inc", range_upper_inc},
    {"range_lower_inf", range_lower_inf}, {"range_upper_inf", range_upper_inf},
    {"range_contains_elem", range_contains_elem},
    {"elem_contained_by_range", elem_contained_by_range},
    {"range_contains", holds<contains>}, {"range_contained_by", range_contained_by},
    {"range_overlaps", holds<overlap>}, {"range_before", holds<is_before>},
    {"range_after", holds<is_after>}, {"range_overleft", holds<overleft>},
    {"range_overright", holds<overright>}, {"range_adjacent", holds<is_adjacent>},
    {"range_eq", compared<std::equal_to<>>}, {"range_ne", compared<std::not_equal_to<>>},
    {"range_lt", compared<std::less<>>}, {"range_le", compared<std::less_equal<>>},
    {"range_gt", compared<std::greater<>>}, {"range_ge", compared<std::greater_equal<>>},
    {"range_cmp", range_cmp}, {"range_union", range_union}, {"range_merge", range_merge},
    {"range_intersect", range_intersect}, {"range_minus", range_minus},
}));

}  // namespace

FunctionTables range_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
