// jsonb: reading parts of a value, existence, containment, comparison, casts. Mirrors the getters of
// jsonfuncs.c, jsonb_op.c and the casts of jsonb.c.
#include <charconv>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/json_path_elements.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

Datum stored(std::optional<std::string_view> value) {
    return value ? Datum::of_text(*value) : Datum();
}

Datum as_text(std::optional<std::string_view> value) {
    if (!value) return Datum();
    std::optional<std::string> text = jsonb_as_text(*value);
    return text ? Datum::of_text(std::move(*text)) : Datum();
}

std::optional<std::string_view> field(Args args) {
    std::string_view value = args[0].as_text();
    if (!jsonb_is_object(value)) return std::nullopt;
    return jsonb_find_key(value, args[1].as_text());
}

/// A scalar at the top counts as an array of one element.
std::optional<std::string_view> element(Args args) {
    std::string_view value = args[0].as_text();
    std::int64_t index = args[1].as_int();
    if (jsonb_is_object(value)) return std::nullopt;
    if (jsonb_is_array(value)) return jsonb_find_index(value, index);
    if (index == 0 || index == -1) return value;
    return std::nullopt;
}

std::optional<std::string_view> at_path(Args args) {
    std::string_view value = args[0].as_text();
    for (const std::optional<std::string>& step : read_text_array(args[1].as_text()))
        if (!step) return std::nullopt;
    for (const std::optional<std::string>& step : read_text_array(args[1].as_text())) {
        std::optional<std::string_view> next;
        if (jsonb_is_object(value)) {
            next = jsonb_find_key(value, *step);
        } else if (jsonb_is_array(value)) {
            std::optional<std::int32_t> index = path_index(*step);
            if (index) next = jsonb_find_index(value, *index);
        }
        if (!next) return std::nullopt;
        value = *next;
    }
    return value;
}

Datum jsonb_object_field(CallContext&, Args args) { return stored(field(args)); }
Datum jsonb_object_field_text(CallContext&, Args args) { return as_text(field(args)); }
Datum jsonb_array_element(CallContext&, Args args) { return stored(element(args)); }
Datum jsonb_array_element_text(CallContext&, Args args) { return as_text(element(args)); }
Datum jsonb_extract_path(CallContext&, Args args) { return stored(at_path(args)); }
Datum jsonb_extract_path_text(CallContext&, Args args) { return as_text(at_path(args)); }

/// A top-level key, or a string among the elements of an array; a string is its own only element.
bool has_key(std::string_view value, std::string_view key) {
    if (jsonb_is_object(value)) return jsonb_find_key(value, key).has_value();
    std::string wanted;
    append_json_string(key, wanted);
    if (!jsonb_is_array(value)) return value == wanted;
    JsonbReader reader(value);
    std::string_view item;
    while (reader.next_element(item))
        if (item == wanted) return true;
    return false;
}

Datum jsonb_exists(CallContext&, Args args) {
    return Datum::of_bool(has_key(args[0].as_text(), args[1].as_text()));
}

Datum jsonb_exists_any(CallContext&, Args args) {
    for (const auto& key : read_text_array(args[1].as_text()))
        if (key && has_key(args[0].as_text(), *key)) return Datum::of_bool(true);
    return Datum::of_bool(false);
}

Datum jsonb_exists_all(CallContext&, Args args) {
    for (const auto& key : read_text_array(args[1].as_text()))
        if (key && !has_key(args[0].as_text(), *key)) return Datum::of_bool(false);
    return Datum::of_bool(true);
}

Datum jsonb_contains(CallContext&, Args args) {
    return Datum::of_bool(jsonb_contains_value(args[0].as_text(), args[1].as_text()));
}
Datum jsonb_contained(CallContext&, Args args) {
    return Datum::of_bool(jsonb_contains_value(args[1].as_text(), args[0].as_text()));
}

int order(Args args) { return compare_jsonb(args[0].as_text(), args[1].as_text()); }
Datum jsonb_cmp(CallContext&, Args args) { return Datum::of_int(order(args)); }
Datum jsonb_eq(CallContext&, Args args) { return Datum::of_bool(order(args) == 0); }
Datum jsonb_ne(CallContext&, Args args) { return Datum::of_bool(order(args) != 0); }
Datum jsonb_lt(CallContext&, Args args) { return Datum::of_bool(order(args) < 0); }
Datum jsonb_le(CallContext&, Args args) { return Datum::of_bool(order(args) <= 0); }
Datum jsonb_gt(CallContext&, Args args) { return Datum::of_bool(order(args) > 0); }
Datum jsonb_ge(CallContext&, Args args) { return Datum::of_bool(order(args) >= 0); }

[[noreturn]] void cannot(const std::string& what) { throw SqlError("22023", "cannot " + what); }

Datum jsonb_array_length(CallContext&, Args args) {
    std::string_view value = args[0].as_text();
    if (jsonb_is_scalar(value)) cannot("get array length of a scalar");
    if (!jsonb_is_array(value)) cannot("get array length of a non-array");
    return Datum::of_int(jsonb_count(value));
}

const char* kind_name(JsonbKind kind) {
    switch (kind) {
        case JsonbKind::kNull: return "null";
        case JsonbKind::kString: return "string";
        case JsonbKind::kNumeric: return "number";
        case JsonbKind::kBool: return "boolean";
        case JsonbKind::kArray: return "array";
        default: return "object";
    }
}

Datum jsonb_typeof(CallContext&, Args args) {
    return Datum::of_text(kind_name(jsonb_kind(args[0].as_text())));
}

[[noreturn]] void cannot_cast(std::string_view value, const char* type) {
    JsonbKind kind = jsonb_kind(value);
    std::string name = kind == JsonbKind::kNumeric ? "numeric" : kind_name(kind);
    cannot("cast jsonb " + name + " to type " + type);
}

Datum jsonb_bool(CallContext&, Args args) {
    std::string_view value = args[0].as_text();
    if (jsonb_kind(value) != JsonbKind::kBool) cannot_cast(value, "boolean");
    return Datum::of_bool(value == "true");
}

/// The numeric inside, through numeric's own cast (pg_proc oid `cast`; 0: as it is).
Datum number(CallContext& call, Args args, const char* type, Oid cast) {
    const std::string& value = args[0].as_text();
    if (jsonb_kind(value) != JsonbKind::kNumeric) cannot_cast(value, type);
    Datum numeric = Datum::of_text(value);
    if (cast == kInvalidOid) return numeric;
    ScalarFunction function = find_scalar_function(cast);
    if (function == nullptr) throw NotSimulated("cast from numeric to " + std::string(type));
    const Oid types[] = {oid::kNumeric};
    CallContext inner{call.env, call.result_type, types, call.collation, false, cast};
    return function(inner, {&numeric, 1});
}

constexpr Oid kNumericInt4 = 1744, kNumericFloat4 = 1745, kNumericFloat8 = 1746,
              kNumericInt8 = 1779, kNumericInt2 = 1783;

Datum jsonb_numeric(CallContext& call, Args args) {
    return number(call, args, "numeric", kInvalidOid);
}
Datum jsonb_int2(CallContext& call, Args args) {
    return number(call, args, "smallint", kNumericInt2);
}
Datum jsonb_int4(CallContext& call, Args args) {
    return number(call, args, "integer", kNumericInt4);
}
Datum jsonb_int8(CallContext& call, Args args) { return number(call, args, "bigint", kNumericInt8); }
Datum jsonb_float4(CallContext& call, Args args) {
    return number(call, args, "real", kNumericFloat4);
}
Datum jsonb_float8(CallContext& call, Args args) {
    return number(call, args, "double precision", kNumericFloat8);
}

constexpr ScalarRow kScalars[] = {
    {"jsonb_array_element", jsonb_array_element},
    {"jsonb_array_element_text", jsonb_array_element_text},
    {"jsonb_array_length", jsonb_array_length},
    {"jsonb_bool", jsonb_bool},
    {"jsonb_cmp", jsonb_cmp},
    {"jsonb_contained", jsonb_contained},
    {"jsonb_contains", jsonb_contains},
    {"jsonb_eq", jsonb_eq},
    {"jsonb_exists", jsonb_exists},
    {"jsonb_exists_all", jsonb_exists_all},
    {"jsonb_exists_any", jsonb_exists_any},
    {"jsonb_extract_path", jsonb_extract_path},
    {"jsonb_extract_path_text", jsonb_extract_path_text},
    {"jsonb_float4", jsonb_float4},
    {"jsonb_float8", jsonb_float8},
    {"jsonb_ge", jsonb_ge},
    {"jsonb_gt", jsonb_gt},
    {"jsonb_int2", jsonb_int2},
    {"jsonb_int4", jsonb_int4},
    {"jsonb_int8", jsonb_int8},
    {"jsonb_le", jsonb_le},
    {"jsonb_lt", jsonb_lt},
    {"jsonb_ne", jsonb_ne},
    {"jsonb_numeric", jsonb_numeric},
    {"jsonb_object_field", jsonb_object_field},
    {"jsonb_object_field_text", jsonb_object_field_text},
    {"jsonb_typeof", jsonb_typeof},
};

}  // namespace

std::optional<std::int32_t> path_index(const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty() && (rest[0] == ' ' || (rest[0] >= '\t' && rest[0] <= '\r')))
        rest.remove_prefix(1);
    if (rest.starts_with('+') && !rest.starts_with("+-")) rest.remove_prefix(1);
    std::int32_t value = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    return value;
}

FunctionTables jsonb_get_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
