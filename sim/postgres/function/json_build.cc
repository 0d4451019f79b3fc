// SQL values to json and jsonb: to_json, row_to_json, array_to_json, json_build_object,
// json_object and their jsonb forms. The aggregates are in json_aggregate.cc.
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/json_value.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

Datum to_json(CallContext& call, Args args) {
    std::string out;
    append_json(call.env, call.arg_types[0], args[0], out);
    return Datum::of_text(std::move(out));
}

Datum to_jsonb(CallContext& call, Args args) {
    JsonbBuilder out;
    build_jsonb(call.env, call.arg_types[0], args[0], out);
    return Datum::of_text(out.take());
}

/// row_to_json and array_to_json with the argument `pretty`.
Datum to_json_pretty(CallContext& call, Args args) {
    std::string out;
    append_json(call.env, call.arg_types[0], args[0], out, args[1].as_bool());
    return Datum::of_text(std::move(out));
}

/// The arguments of a VARIADIC "any" function with their types.
struct Variadic {
    bool is_null = false;  ///< VARIADIC NULL
    std::vector<Datum> values;
    std::vector<Oid> types;
};

Variadic variadic_arguments(CallContext& call, Args args) {
    Variadic result;
    if (!call.variadic) {
        result.values.assign(args.begin(), args.end());
        result.types.assign(call.arg_types.begin(), call.arg_types.end());
        return result;
    }
    if (args[0].is_null()) return result.is_null = true, result;
    Oid type = call.arg_types[0];
    result.values = read_array(call.env, type, args[0].as_text()).elements;
    result.types.assign(result.values.size(), array_element_type(call.env, type));
    return result;
}

/// Keys and values in turn.
void check_even(const Variadic& arguments, const std::string& function) {
    if (arguments.values.size() % 2 == 0) return;
    throw SqlError("22023", "argument list must have even number of elements")
        .hint("The arguments of " + function +
              "() must consist of alternating keys and values.");
}

Datum json_build_object(CallContext& call, Args args) {
    Variadic list = variadic_arguments(call, args);
    if (list.is_null) return Datum();
    check_even(list, "json_build_object");
    std::string out = "{";
    for (std::size_t i = 0; i < list.values.size(); i += 2) {
        if (list.values[i].is_null())
            throw SqlError("22023", "argument " + std::to_string(i + 1) + " cannot be null")
                .hint("Object keys should be text.");
        if (i > 0) out += ", ";
        append_json_key(call.env, list.types[i], list.values[i], out);
        out += " : ";
        append_json(call.env, list.types[i + 1], list.values[i + 1], out);
    }
    return Datum::of_text(out += '}');
}

Datum json_build_array(CallContext& call, Args args) {
    Variadic list = variadic_arguments(call, args);
    if (list.is_null) return Datum();
    std::string out = "[";
    for (std::size_t i = 0; i < list.values.size(); ++i) {
        if (i > 0) out += ", ";
        append_json(call.env, list.types[i], list.values[i], out);
    }
    return Datum::of_text(out += ']');
}

Datum jsonb_build_object(CallContext& call, Args args) {
    Variadic list = variadic_arguments(call, args);
    if (list.is_null) return Datum();
    check_even(list, "jsonb_build_object");
    JsonbBuilder out;
    out.begin_object();
    for (std::size_t i = 0; i < list.values.size(); i += 2) {
        if (list.values[i].is_null())
            throw SqlError("22023",
                           "argument " + std::to_string(i + 1) + ": key must not be null");
        out.key(jsonb_key_text(call.env, list.types[i], list.values[i]));
        build_jsonb(call.env, list.types[i + 1], list.values[i + 1], out);
    }
    out.end_object();
    return Datum::of_text(out.take());
}

Datum jsonb_build_array(CallContext& call, Args args) {
    Variadic list = variadic_arguments(call, args);
    if (list.is_null) return Datum();
    JsonbBuilder out;
    out.begin_array();
    for (std::size_t i = 0; i < list.values.size(); ++i)
        build_jsonb(call.env, list.types[i], list.values[i], out);
    out.end_array();
    return Datum::of_text(out.take());
}

Datum empty_object(CallContext&, Args) { return Datum::of_text("{}"); }
Datum empty_array(CallContext&, Args) { return Datum::of_text("[]"); }

using Texts = std::vector<std::optional<std::string>>;
struct TextPairs {
    Texts keys, values;
};

[[noreturn]] void subscripts(const char* message) { throw SqlError("2202E", message); }

/// The pairs of json_object(text[]): alternating, or an array of two columns.
TextPairs read_pairs(CallContext& call, const Datum& array) {
    ArrayValue value = read_array(call.env, oid::kTextArray, array.as_text());
    if (value.ndim > 2) subscripts("wrong number of array subscripts");
    if (value.ndim == 1 && value.dims[0] % 2 != 0)
        subscripts("array must have even number of elements");
    if (value.ndim == 2 && value.dims[1] != 2) subscripts("array must have two columns");
    TextPairs pairs;
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
        Texts& side = i % 2 == 0 ? pairs.keys : pairs.values;
        if (value.elements[i].is_null()) side.emplace_back();
        else side.emplace_back(value.elements[i].as_text());
    }
    return pairs;
}

/// Keys and values in arrays of their own.
TextPairs read_two(Args args) {
    int key_dimensions = 0, value_dimensions = 0;
    TextPairs pairs{read_text_array(args[0].as_text(), &key_dimensions),
                    read_text_array(args[1].as_text(), &value_dimensions)};
    if (key_dimensions > 1 || key_dimensions != value_dimensions)
        subscripts("wrong number of array subscripts");
    if (pairs.keys.size() != pairs.values.size()) subscripts("mismatched array dimensions");
    return pairs;
}

const std::string& required_key(const std::optional<std::string>& key) {
    if (!key) throw SqlError("22004", "null value not allowed for object key");
    return *key;
}

Datum json_of_pairs(const TextPairs& pairs) {
    std::string out = "{";
    for (std::size_t i = 0; i < pairs.keys.size(); ++i) {
        const std::string& key = required_key(pairs.keys[i]);
        if (i > 0) out += ", ";
        append_json_string(key, out);
        out += " : ";
        if (pairs.values[i]) append_json_string(*pairs.values[i], out);
        else out += "null";
    }
    return Datum::of_text(out += '}');
}

Datum jsonb_of_pairs(const TextPairs& pairs) {
    JsonbBuilder out;
    out.begin_object();
    for (std::size_t i = 0; i < pairs.keys.size(); ++i) {
        out.key(required_key(pairs.keys[i]));
        if (pairs.values[i]) out.string(*pairs.values[i]);
        else out.null();
    }
    out.end_object();
    return Datum::of_text(out.take());
}

Datum json_object(CallContext& call, Args args) { return json_of_pairs(read_pairs(call, args[0])); }
Datum json_object_two_arg(CallContext&, Args args) { return json_of_pairs(read_two(args)); }
Datum jsonb_object(CallContext& call, Args args) {
    return jsonb_of_pairs(read_pairs(call, args[0]));
}
Datum jsonb_object_two_arg(CallContext&, Args args) { return jsonb_of_pairs(read_two(args)); }

constexpr ScalarRow kScalars[] = {
    {"array_to_json", to_json},
    {"array_to_json_pretty", to_json_pretty},
    {"json_build_array", json_build_array},
    {"json_build_array_noargs", empty_array},
    {"json_build_object", json_build_object},
    {"json_build_object_noargs", empty_object},
    {"json_object", json_object},
    {"json_object_two_arg", json_object_two_arg},
    {"jsonb_build_array", jsonb_build_array},
    {"jsonb_build_array_noargs", empty_array},
    {"jsonb_build_object", jsonb_build_object},
    {"jsonb_build_object_noargs", empty_object},
    {"jsonb_object", jsonb_object},
    {"jsonb_object_two_arg", jsonb_object_two_arg},
    {"row_to_json", to_json},
    {"row_to_json_pretty", to_json_pretty},
    {"to_json", to_json},
    {"to_jsonb", to_jsonb},
};

}  // namespace

FunctionTables json_build_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
