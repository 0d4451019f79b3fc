// enum_first, enum_last and enum_range (enum.c), gen_random_uuid (uuid.c) and format_type.
#include <algorithm>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/format_type.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// The enum of the first argument, which may be NULL: its type is what counts.
const TypeInfo& enum_of(CallContext& call) {
    return base_type(call.env, call.env.type(call.arg_types[0]));
}

const TypeInfo& enum_with_values(CallContext& call) {
    const TypeInfo& type = enum_of(call);
    if (!type.labels.empty()) return type;
    throw SqlError("55000", "enum " + format_type(call.env, type.oid) + " contains no values");
}

/// The label as a value: read as a text is, which a label cannot be while it is not safe yet.
Datum value_of(CallContext& call, const TypeInfo& type, const EnumLabel& label) { return type.ops->input(call.env, type, label.label, -1); }

Datum enum_first(CallContext& call, Args) {
    const TypeInfo& type = enum_with_values(call);
    return value_of(call, type, type.labels.front());
}

Datum enum_last(CallContext& call, Args) {
    const TypeInfo& type = enum_with_values(call);
    return value_of(call, type, type.labels.back());
}

/// The labels between two bounds; NULL is no bound.
Datum range(CallContext& call, const Datum& lower, const Datum& upper) {
    std::vector<Datum> values;
    const TypeInfo& type = enum_of(call);
    for (const EnumLabel& label : type.labels) {
        if (!lower.is_null() && label.sort_order < lower.as_float()) continue;
        if (!upper.is_null() && label.sort_order > upper.as_float()) continue;
        values.push_back(value_of(call, type, label));
    }
    return array_datum(call.env, call.result_type, ArrayValue::of(std::move(values)));
}

Datum enum_range_all(CallContext& call, Args) { return range(call, Datum(), Datum()); }
Datum enum_range_bounds(CallContext& call, Args args) { return range(call, args[0], args[1]); }

/// A random UUID: version 4, variant 1.
Datum gen_random_uuid(CallContext& call, Args) {
    std::string bytes;
    for (int half = 0; half < 2; ++half) {
        const std::uint64_t bits = call.env.random_bits();
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(static_cast<unsigned char>(bits >> shift));
        }
    }
    auto set = [&](std::size_t at, unsigned keep, unsigned value) {
        const unsigned old = static_cast<unsigned char>(bytes[at]);
        bytes[at] = static_cast<char>(static_cast<unsigned char>((old & keep) | value));
    };
    set(6, 0x0F, 0x40);
    set(8, 0x3F, 0x80);
    return Datum::of_text(std::move(bytes));
}

Datum format_type_sql(CallContext& call, Args args) {
    if (args[0].is_null()) return {};
    const auto type = static_cast<Oid>(args[0].as_int());
    if (type == kInvalidOid) return Datum::of_text("-");
    if (args[1].is_null()) {
        return Datum::of_text(format_type_extended(call.env, type, -1, TypmodKnown::kNo));
    }
    const auto typmod = static_cast<std::int32_t>(args[1].as_int());
    return Datum::of_text(format_type_extended(call.env, type, typmod, TypmodKnown::kYes));
}

constexpr ScalarRow kScalars[] = {
    {"enum_first", enum_first},
    {"enum_last", enum_last},
    {"enum_range_all", enum_range_all},
    {"enum_range_bounds", enum_range_bounds},
    {"format_type", format_type_sql},
    {"gen_random_uuid", gen_random_uuid},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables enum_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
