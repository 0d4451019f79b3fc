// generate_series of int4, int8 and numeric.
#include <cstdint>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/numeric.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

[[noreturn]] void fail(const char* message) { throw SqlError("22023", message); }

/// A step beyond the type's range ends the series without an error.
template <typename Int>
void generate_integers(CallContext&, Args args, const RowSink& emit) {
    const std::int64_t stop = args[1].as_int();
    const std::int64_t step = args.size() > 2 ? args[2].as_int() : 1;
    if (step == 0) fail("step size cannot equal zero");
    Int current = static_cast<Int>(args[0].as_int());
    while (step > 0 ? current <= stop : current >= stop) {
        const Datum row[] = {Datum::of_int(current)};
        if (!emit(row)) return;
        if (__builtin_add_overflow(current, step, &current)) return;
    }
}

Numeric finite(const Datum& value, const std::string& what) {
    Numeric number = Numeric::from_canonical(value.as_text());
    if (number.is_nan()) fail((what + " value cannot be NaN").c_str());
    if (number.is_infinite()) fail((what + " value cannot be infinity").c_str());
    return number;
}

void generate_numerics(CallContext&, Args args, const RowSink& emit) {
    Numeric current = finite(args[0], "start");
    const Numeric stop = finite(args[1], "stop");
    Numeric step(1);
    if (args.size() > 2) {
        const std::string& text = args[2].as_text();
        step = Numeric::from_canonical(text);
        if (step.is_nan()) fail("step size cannot be NaN");
        if (step.is_infinite()) fail("step size cannot be infinity");
        if (step.is_zero()) fail("step size cannot equal zero");
    }
    while (step.negative ? compare(current, stop) >= 0 : compare(current, stop) <= 0) {
        const Datum row[] = {Datum::of_text(current.text())};
        if (!emit(row)) return;
        current = add(current, step);
    }
}

constexpr auto kSets = sorted_rows(std::to_array<SetRow>({
    {"generate_series_int4", generate_integers<std::int32_t>},
    {"generate_series_step_int4", generate_integers<std::int32_t>},
    {"generate_series_int8", generate_integers<std::int64_t>},
    {"generate_series_step_int8", generate_integers<std::int64_t>},
    {"generate_series_numeric", generate_numerics},
    {"generate_series_step_numeric", generate_numerics},
}));

}  // namespace

FunctionTables series_tables() { return {.sets = kSets}; }

}  // namespace cdcsim::pg
