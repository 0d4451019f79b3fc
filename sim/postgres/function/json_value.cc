#include "sim/postgres/function/json_value.h"

#include <utility>

#include "core/base/error.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// The output function's text; `unknown` is its own.
std::string plain_text(Environment& env, Oid type, const Datum& value) {
    if (type == oid::kUnknown || type == oid::kText) return value.as_text();
    return output_text(env, type, value);
}

/// The text of a value that is not a container or JSON.
std::string scalar_text(Environment& env, JsonCategory category, Oid type, const Datum& value) {
    std::string text;
    switch (category) {
        case JsonCategory::kBool: return value.as_bool() ? "true" : "false";
        case JsonCategory::kDate: json_date(value.as_int(), text); return text;
        case JsonCategory::kTimestamp: json_timestamp(value.as_int(), text); return text;
        case JsonCategory::kTimestamptz: json_timestamptz(env, value.as_int(), text); return text;
        default: return plain_text(env, type, value);
    }
}

bool is_container_or_json(JsonCategory category) {
    return category == JsonCategory::kJson || category == JsonCategory::kJsonb ||
           category == JsonCategory::kArray || category == JsonCategory::kComposite;
}

/// Calls `visit(name, type, value)` for each column that is not dropped.
template <typename Visit>
void for_each_field(Environment& env, Oid type, const Datum& value, Visit visit) {
    std::string_view literal;
    RowType row_type = row_type_of(env, type, value, literal);
    std::vector<Datum> fields = parse_row(env, row_type, literal);
    for (std::size_t i = 0; i < row_type.size(); ++i)
        if (!row_type[i].dropped) visit(row_type[i].name, row_type[i].type, fields[i]);
}

void append_row(Environment& env, Oid type, const Datum& value, std::string& out,
                bool line_feeds) {
    out += '{';
    bool first = true;
    for_each_field(env, type, value, [&](const std::string& name, Oid field, const Datum& datum) {
        if (!first) out += line_feeds ? ",\n " : ",";
        first = false;
        append_json_string(name, out);
        out += ':';
        append_json(env, field, datum, out);
    });
    out += '}';
}

/// Only the outermost dimension may have line feeds. `next` counts elements.
void append_dimension(Environment& env, Oid element, const ArrayValue& array, int dimension,
                      std::size_t& next, std::string& out, bool line_feeds) {
    out += '[';
    for (std::int32_t i = 0; i < array.dims[dimension]; ++i) {
        if (i > 0) out += line_feeds ? ",\n " : ",";
        if (dimension + 1 < array.ndim)
            append_dimension(env, element, array, dimension + 1, next, out, false);
        else
            append_json(env, element, array.elements[next++], out);
    }
    out += ']';
}

void append_array(Environment& env, Oid type, const Datum& value, std::string& out,
                  bool line_feeds) {
    ArrayValue array = read_array(env, type, value.as_text());
    std::size_t next = 0;
    if (array.elements.empty()) out += "[]";
    else append_dimension(env, array_element_type(env, type), array, 0, next, out, line_feeds);
}

void build_row(Environment& env, Oid type, const Datum& value, JsonbBuilder& out) {
    out.begin_object();
    for_each_field(env, type, value, [&](const std::string& name, Oid field, const Datum& datum) {
        out.key(name);
        build_jsonb(env, field, datum, out);
    });
    out.end_object();
}

void build_dimension(Environment& env, Oid element, const ArrayValue& array, int dimension,
                     std::size_t& next, JsonbBuilder& out) {
    out.begin_array();
    for (std::int32_t i = 0; array.ndim > 0 && i < array.dims[dimension]; ++i) {
        if (dimension + 1 < array.ndim)
            build_dimension(env, element, array, dimension + 1, next, out);
        else
            build_jsonb(env, element, array.elements[next++], out);
    }
    out.end_array();
}

}  // namespace

JsonCategory json_category(Environment& env, Oid declared) {
    const TypeInfo& type = base_type(env, env.type(declared));
    switch (type.oid) {
        case oid::kBool: return JsonCategory::kBool;
        case oid::kInt2: case oid::kInt4: case oid::kInt8: case oid::kFloat4: case oid::kFloat8:
        case oid::kNumeric: return JsonCategory::kNumeric;
        case oid::kDate: return JsonCategory::kDate;
        case oid::kTimestamp: return JsonCategory::kTimestamp;
        case oid::kTimestamptz: return JsonCategory::kTimestamptz;
        case oid::kJson: return JsonCategory::kJson;
        case oid::kJsonb: return JsonCategory::kJsonb;
        case oid::kRecord: return JsonCategory::kComposite;
        default: break;
    }
    if (type.typtype == 'c') return JsonCategory::kComposite;
    if (array_element_type(env, type.oid) != kInvalidOid) return JsonCategory::kArray;
    return JsonCategory::kOther;
}

void append_json(Environment& env, Oid type, const Datum& value, std::string& out,
                 bool line_feeds) {
    if (value.is_null()) {
        out += "null";
        return;
    }
    JsonCategory category = json_category(env, type);
    switch (category) {
        case JsonCategory::kJson: case JsonCategory::kJsonb: out += value.as_text(); return;
        case JsonCategory::kArray: return append_array(env, type, value, out, line_feeds);
        case JsonCategory::kComposite: return append_row(env, type, value, out, line_feeds);
        default: break;
    }
    std::string text = scalar_text(env, category, type, value);
    bool bare = category == JsonCategory::kBool ||
                (category == JsonCategory::kNumeric && is_json_number(text));
    if (bare) out += text;
    else append_json_string(text, out);
}

std::string jsonb_key_text(Environment& env, Oid type, const Datum& value) {
    JsonCategory category = json_category(env, type);
    if (is_container_or_json(category))
        throw SqlError("22023", "key value must be scalar, not array, composite, or json");
    return scalar_text(env, category, type, value);
}

void append_json_key(Environment& env, Oid type, const Datum& value, std::string& out) {
    append_json_string(jsonb_key_text(env, type, value), out);
}

void build_jsonb(Environment& env, Oid type, const Datum& value, JsonbBuilder& out) {
    if (value.is_null()) return out.null();
    JsonCategory category = json_category(env, type);
    switch (category) {
        case JsonCategory::kJson: return parse_jsonb(value.as_text(), out);
        case JsonCategory::kJsonb: return out.value(value.as_text());
        case JsonCategory::kComposite: return build_row(env, type, value, out);
        case JsonCategory::kArray: {
            ArrayValue array = read_array(env, type, value.as_text());
            std::size_t next = 0;
            return build_dimension(env, array_element_type(env, type), array, 0, next, out);
        }
        default: break;
    }
    std::string text = scalar_text(env, category, type, value);
    if (category == JsonCategory::kBool) out.value(text);
    else if (category == JsonCategory::kNumeric && is_json_number(text)) out.number(text);
    else out.string(text);
}

}  // namespace cdcsim::pg
