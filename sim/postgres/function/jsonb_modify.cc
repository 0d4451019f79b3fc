// jsonb: new values out of old ones: ||, -, jsonb_strip_nulls, jsonb_pretty. Mirrors IteratorConcat
// and its neighbours in jsonfuncs.c.
#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
[[noreturn]] void cannot(const std::string& what) { throw SqlError("22023", "cannot " + what); }

void append_pairs(std::string_view object, JsonbBuilder& out) {
    JsonbReader reader(object);
    std::string_view key, value;
    while (reader.next_pair(key, value)) {
        out.stored_key(key);
        out.value(value);
    }
}

/// The elements of an array; anything else is one element.
void append_elements(std::string_view value, JsonbBuilder& out) {
    if (!jsonb_is_array(value)) return out.value(value);
    JsonbReader reader(value);
    std::string_view element;
    while (reader.next_element(element)) out.value(element);
}

Datum jsonb_concat(CallContext&, Args args) {
    const std::string &a = args[0].as_text(), &b = args[1].as_text();
    if (jsonb_is_object(a) == jsonb_is_object(b)) {
        if (jsonb_is_empty(a) && !jsonb_is_scalar(b)) return args[1];
        if (jsonb_is_empty(b) && !jsonb_is_scalar(a)) return args[0];
    }
    JsonbBuilder out;
    if (jsonb_is_object(a) && jsonb_is_object(b)) {
        out.begin_object();
        append_pairs(a, out);
        append_pairs(b, out);
        out.end_object();
    } else {
        out.begin_array();
        append_elements(a, out);
        append_elements(b, out);
        out.end_array();
    }
    return Datum::of_text(out.take());
}

/// The value without the keys, or string elements, that are among `keys` (in stored form).
Datum delete_keys(const Datum& target, std::span<const std::string> keys) {
    const std::string& value = target.as_text();
    if (jsonb_is_scalar(value)) cannot("delete from scalar");
    if (jsonb_is_empty(value) || keys.empty()) return target;
    auto listed = [&](std::string_view text) {
        for (const std::string& key : keys)
            if (key == text) return true;
        return false;
    };
    JsonbBuilder out;
    JsonbReader reader(value);
    std::string_view key, item;
    if (jsonb_is_object(value)) {
        out.begin_object();
        while (reader.next_pair(key, item))
            if (!listed(key)) out.stored_key(key), out.value(item);
        out.end_object();
    } else {
        out.begin_array();
        while (reader.next_element(item))
            if (!listed(item)) out.value(item);
        out.end_array();
    }
    return Datum::of_text(out.take());
}

Datum jsonb_delete(CallContext&, Args args) {
    std::string key;
    append_json_string(args[1].as_text(), key);
    return delete_keys(args[0], {&key, 1});
}

Datum jsonb_delete_array(CallContext&, Args args) {
    std::vector<std::string> keys;
    int ndim = 0;
    auto texts = read_text_array(args[1].as_text(), &ndim);
    if (ndim > 1) throw SqlError("2202E", "wrong number of array subscripts");
    for (const auto& text : texts)
        if (text) append_json_string(*text, keys.emplace_back());
    return delete_keys(args[0], keys);
}

Datum jsonb_delete_idx(CallContext&, Args args) {
    const std::string& value = args[0].as_text();
    if (jsonb_is_scalar(value)) cannot("delete from scalar");
    if (jsonb_is_object(value)) cannot("delete from object using integer index");
    std::int64_t count = jsonb_count(value), index = args[1].as_int();
    if (index < 0) index += count;
    if (index < 0 || index >= count) return args[0];
    JsonbBuilder out;
    out.begin_array();
    JsonbReader reader(value);
    std::string_view element;
    for (std::int64_t i = 0; reader.next_element(element); ++i)
        if (i != index) out.value(element);
    out.end_array();
    return Datum::of_text(out.take());
}

void strip_nulls(std::string_view value, JsonbBuilder& out) {
    if (jsonb_is_scalar(value)) return out.value(value);
    JsonbReader reader(value);
    std::string_view key, item;
    if (jsonb_is_array(value)) {
        out.begin_array();
        while (reader.next_element(item)) strip_nulls(item, out);
        out.end_array();
        return;
    }
    out.begin_object();
    while (reader.next_pair(key, item)) {
        if (item == "null") continue;
        out.stored_key(key);
        strip_nulls(item, out);
    }
    out.end_object();
}

Datum jsonb_strip_nulls(CallContext&, Args args) {
    JsonbBuilder out;
    strip_nulls(args[0].as_text(), out);
    return Datum::of_text(out.take());
}

void new_line(int level, std::string& out) {
    out += '\n';
    out.append(static_cast<std::size_t>(level) * 4, ' ');
}

void pretty(std::string_view value, int level, std::string& out) {
    if (jsonb_is_scalar(value)) {
        out += value;
        return;
    }
    JsonbReader reader(value);
    std::string_view key, item;
    bool object = jsonb_is_object(value), first = true;
    out += value[0];
    while (object ? reader.next_pair(key, item) : reader.next_element(item)) {
        if (!first) out += ',';
        first = false;
        new_line(level + 1, out);
        if (object) out.append(key).append(": ");
        pretty(item, level + 1, out);
    }
    new_line(level, out);
    out += object ? '}' : ']';
}

Datum jsonb_pretty(CallContext&, Args args) {
    std::string out;
    pretty(args[0].as_text(), 0, out);
    return Datum::of_text(std::move(out));
}

constexpr ScalarRow kScalars[] = {
    {"jsonb_concat", jsonb_concat},
    {"jsonb_delete", jsonb_delete},
    {"jsonb_delete_array", jsonb_delete_array},
    {"jsonb_delete_idx", jsonb_delete_idx},
    {"jsonb_pretty", jsonb_pretty},
    {"jsonb_strip_nulls", jsonb_strip_nulls},
};

}  // namespace

FunctionTables jsonb_modify_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
