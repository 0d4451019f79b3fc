// jsonb as rows: jsonb_each, jsonb_object_keys, jsonb_array_elements.
#include <array>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

[[noreturn]] void cannot(const std::string& what) { throw SqlError("22023", "cannot " + what); }

Datum stored(std::string_view value) { return Datum::of_text(value); }
Datum text_of(std::string_view value) {
    std::optional<std::string> text = jsonb_as_text(value);
    return text ? Datum::of_text(std::move(*text)) : Datum();
}

using Convert = Datum (*)(std::string_view value);

void each(Args args, const char* name, Convert convert, const RowSink& emit) {
    std::string_view object = args[0].as_text();
    if (!jsonb_is_object(object)) cannot("call " + std::string(name) + " on a non-object");
    JsonbReader reader(object);
    std::string_view key, value;
    while (reader.next_pair(key, value)) {
        std::array<Datum, 2> row = {Datum::of_text(jsonb_unescape(key)), convert(value)};
        if (!emit(row)) return;
    }
}
void jsonb_each(CallContext&, Args args, const RowSink& emit) {
    each(args, "jsonb_each", stored, emit);
}
void jsonb_each_text(CallContext&, Args args, const RowSink& emit) {
    each(args, "jsonb_each_text", text_of, emit);
}

void jsonb_object_keys(CallContext&, Args args, const RowSink& emit) {
    std::string_view object = args[0].as_text();
    if (jsonb_is_scalar(object)) cannot("call jsonb_object_keys on a scalar");
    if (jsonb_is_array(object)) cannot("call jsonb_object_keys on an array");
    JsonbReader reader(object);
    std::string_view key, value;
    while (reader.next_pair(key, value)) {
        Datum name = Datum::of_text(jsonb_unescape(key));
        if (!emit({&name, 1})) return;
    }
}

void elements(Args args, Convert convert, const RowSink& emit) {
    std::string_view array = args[0].as_text();
    if (jsonb_is_scalar(array)) cannot("extract elements from a scalar");
    if (!jsonb_is_array(array)) cannot("extract elements from an object");
    JsonbReader reader(array);
    std::string_view value;
    while (reader.next_element(value)) {
        Datum element = convert(value);
        if (!emit({&element, 1})) return;
    }
}
void jsonb_array_elements(CallContext&, Args args, const RowSink& emit) {
    elements(args, stored, emit);
}
void jsonb_array_elements_text(CallContext&, Args args, const RowSink& emit) {
    elements(args, text_of, emit);
}

constexpr SetRow kSets[] = {
    {"jsonb_array_elements", jsonb_array_elements},
    {"jsonb_array_elements_text", jsonb_array_elements_text},
    {"jsonb_each", jsonb_each},
    {"jsonb_each_text", jsonb_each_text},
    {"jsonb_object_keys", jsonb_object_keys},
};

}  // namespace

FunctionTables jsonb_set_returning_tables() { return {.sets = kSets}; }

}  // namespace cdcsim::pg
