// The table of types: for each, the schema and the writer.
#include <algorithm>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "sim/debezium/value_writer.h"
#include "sim/debezium/write_functions.h"

namespace cdcsim::debezium {

namespace {

using connect::append_integer;
using connect::append_json_string;
using connect::Schema;
using connect::schema_of;
using connect::SchemaType;
using HeaderForm = ColumnWriter::HeaderForm;

struct Build {
    const Column& column;
    const TypeInfo& type;
    const BuildContext& context;
};

BuiltColumn simple(const Build& build, Schema schema, WriteValue write, std::string fallback) {
    BuiltColumn built;
    built.schema = std::move(schema);
    auto& w = built.writer;
    w.write = write;
    w.column_name = build.column.name;
    w.length = build.column.length;
    w.scale = build.column.scale;
    w.binary_mode = build.context.config.binary_mode;
    w.decimal_mode = build.context.config.decimal_mode;
    w.decimal_numeric = build.context.converter.decimal_numeric;
    w.money_fraction_digits = build.context.config.money_fraction_digits;
    w.interval_as_string = build.context.config.interval_as_string;
    w.from_relation = build.context.from_relation;
    if (built.schema.type == SchemaType::kString) w.header_form = HeaderForm::kString;
    built.fallback_json = std::move(fallback);
    return built;
}

/// java.util.UUID.nameUUIDFromBytes: version 3, without a name space.
std::string name_uuid(std::string_view bytes) {
    std::string digest = digest::md5(bytes);
    digest[6] = static_cast<char>((digest[6] & 0x0f) | 0x30);
    digest[8] = static_cast<char>((digest[8] & 0x3f) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        constexpr char kHex[] = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(digest[i]);
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

/// The placeholder of unavailable.value.placeholder as a JSON string.
std::string placeholder_json(const BuildContext& context) {
    std::string json;
    append_json_string(json, context.config.unavailable_text);
    return json;
}

BuiltColumn text_like(const Build& build, Schema schema) {
    auto built = simple(build, std::move(schema), write_string, "\"\"");
    built.writer.toast_json = placeholder_json(build.context);
    return built;
}

BuiltColumn build_string(const Build& build) {
    auto built = text_like(build, schema_of(SchemaType::kString));
    built.masked_type = build.type.oid == oid::kText || build.type.oid == oid::kVarchar ||
                        build.type.oid == oid::kBpchar || build.type.oid == oid::kChar;
    return built;
}

BuiltColumn build_name(const Build& build) {
    auto built = build_string(build);
    built.masked_type = true;
    if (build.context.from_relation && !build.context.config.include_unknown_types)
        built.writer.decoded_as_null = true;
    return built;
}

BuiltColumn build_int16(const Build& b) {
    return simple(b, schema_of(SchemaType::kInt16), write_integer, "0");
}
BuiltColumn build_int32(const Build& b) {
    return simple(b, schema_of(SchemaType::kInt32), write_integer, "0");
}
BuiltColumn build_int64(const Build& b) {
    return simple(b, schema_of(SchemaType::kInt64), write_integer, "0");
}
BuiltColumn build_float(const Build& b) {
    return simple(b, schema_of(SchemaType::kFloat32), write_float, "0.0");
}
BuiltColumn build_double(const Build& b) {
    return simple(b, schema_of(SchemaType::kFloat64), write_double, "0.0");
}
BuiltColumn build_boolean(const Build& b) {
    return simple(b, schema_of(SchemaType::kBoolean), write_boolean, "false");
}
BuiltColumn build_json(const Build& b) {
    return text_like(b, connect::logical(SchemaType::kString, "io.debezium.data.Json"));
}
BuiltColumn build_uuid(const Build& b) {
    return text_like(b, connect::logical(SchemaType::kString, "io.debezium.data.Uuid"));
}
BuiltColumn build_xml(const Build& b) {
    return text_like(b, connect::logical(SchemaType::kString, "io.debezium.data.Xml"));
}
BuiltColumn build_tsvector(const Build& b) {
    return text_like(b, connect::logical(SchemaType::kString, "io.debezium.data.Tsvector"));
}
BuiltColumn build_ltree(const Build& b) {
    return text_like(b, connect::logical(SchemaType::kString, "io.debezium.data.Ltree"));
}

Schema decimal_schema(int scale) {
    Schema schema = connect::logical(SchemaType::kBytes, "org.apache.kafka.connect.data.Decimal");
    schema.parameters.emplace_back("scale", std::to_string(scale));
    return schema;
}

Schema variable_scale_schema() {
    Schema schema = connect::logical(SchemaType::kStruct, "io.debezium.data.VariableScaleDecimal");
    schema.doc = "Variable scaled decimal";
    schema.fields = {{"scale", connect::share(schema_of(SchemaType::kInt32))},
                     {"value", connect::share(schema_of(SchemaType::kBytes))}};
    return schema;
}

/// Zero as the column would show it.
std::string written(const ColumnWriter& writer, std::string_view text) {
    std::string json;
    writer.write(writer, text, json);
    return json;
}

BuiltColumn build_numeric(const Build& build) {
    const auto& column = build.column;
    auto mode = build.context.config.decimal_mode;
    bool variable = (column.length == 0 || column.length == kVariableScaleLength) &&
                    column.scale.value_or(0) == 0;
    Schema schema;
    if (mode == DecimalMode::kDouble) {
        schema = schema_of(SchemaType::kFloat64);
    } else if (mode == DecimalMode::kString) {
        schema = schema_of(SchemaType::kString);
    } else if (variable) {
        schema = variable_scale_schema();
    } else {
        schema = decimal_schema(column.scale.value_or(0));
        schema.parameters.emplace_back("connect.decimal.precision", std::to_string(column.length));
    }
    auto built = simple(build, std::move(schema), write_numeric, "");
    built.writer.variable_scale = variable;
    built.is_struct = variable && mode == DecimalMode::kPrecise;
    if (mode == DecimalMode::kPrecise && !variable) built.writer.header_form = HeaderForm::kDecimal;
    built.fallback_json = written(built.writer, "0");
    if (mode == DecimalMode::kString) built.writer.toast_json = placeholder_json(build.context);
    return built;
}

BuiltColumn build_money(const Build& build) {
    const auto& config = build.context.config;
    Schema schema = config.decimal_mode == DecimalMode::kDouble ? schema_of(SchemaType::kFloat64)
                    : config.decimal_mode == DecimalMode::kString
                        ? schema_of(SchemaType::kString)
                        : decimal_schema(config.money_fraction_digits);
    auto built = simple(build, std::move(schema), write_money, "");
    if (config.decimal_mode == DecimalMode::kPrecise)
        built.writer.header_form = HeaderForm::kDecimal;
    std::string zero = "0";
    if (config.money_fraction_digits > 0)
        zero += "." + std::string(static_cast<std::size_t>(config.money_fraction_digits), '0');
    built.fallback_json = written(built.writer, zero);
    return built;
}

Schema binary_schema(BinaryMode mode) {
    return schema_of(mode == BinaryMode::kBytes ? SchemaType::kBytes : SchemaType::kString);
}

/// Base64 modes have no placeholder: the value becomes null.
std::string binary_toast(const BuildContext& context) {
    std::string json;
    if (context.config.binary_mode == BinaryMode::kBytes)
        append_binary(BinaryMode::kBytes, context.config.unavailable_value, json);
    else if (context.config.binary_mode == BinaryMode::kHex)
        json = placeholder_json(context);
    return json;
}

BuiltColumn build_bytea(const Build& build) {
    auto built =
        simple(build, binary_schema(build.context.config.binary_mode), write_bytea, "\"\"");
    built.writer.toast_json = binary_toast(build.context);
    return built;
}

BuiltColumn build_bits(const Build& build) {
    int length = build.column.length;
    if (length <= 1)
        return simple(build, schema_of(SchemaType::kBoolean), write_bit_as_boolean, "false");
    Schema schema = connect::logical(SchemaType::kBytes, "io.debezium.data.Bits");
    schema.parameters.emplace_back("length", std::to_string(length));
    return simple(build, std::move(schema), write_bits, "\"\"");
}

Schema date_schema(TimeMode mode) {
    if (mode == TimeMode::kConnect)
        return connect::logical(SchemaType::kInt32, "org.apache.kafka.connect.data.Date");
    if (mode == TimeMode::kIsoString)
        return connect::logical(SchemaType::kString, "io.debezium.time.IsoDate");
    return connect::logical(SchemaType::kInt32, "io.debezium.time.Date");
}

BuiltColumn build_date(const Build& build) {
    auto mode = build.context.config.time_mode;
    bool iso = mode == TimeMode::kIsoString;
    auto built = simple(build, date_schema(mode), iso ? write_iso_date : write_date,
                        iso ? "\"1970-01-01Z\"" : "0");
    if (mode == TimeMode::kConnect) built.writer.header_form = HeaderForm::kRefused;
    return built;
}

BuiltColumn build_time(const Build& build) {
    using connect::logical;
    auto mode = build.context.config.time_mode;
    int precision = build.column.scale.value_or(-1);
    if (mode == TimeMode::kIsoString)
        return simple(build, logical(SchemaType::kString, "io.debezium.time.IsoTime"),
                      write_iso_time, "\"00:00:00Z\"");
    if (mode == TimeMode::kConnect) {
        auto built =
            simple(build, logical(SchemaType::kInt32, "org.apache.kafka.connect.data.Time"),
                   write_time_millis, "0");
        built.writer.header_form = HeaderForm::kRefused;
        return built;
    }
    if (mode == TimeMode::kNanoseconds)
        return simple(build, logical(SchemaType::kInt64, "io.debezium.time.NanoTime"),
                      write_time_nanos, "0");
    if (mode == TimeMode::kAdaptive && precision <= 3)
        return simple(build, logical(SchemaType::kInt32, "io.debezium.time.Time"),
                      write_time_millis, "0");
    return simple(build, logical(SchemaType::kInt64, "io.debezium.time.MicroTime"),
                  write_time_micros, "0");
}

BuiltColumn build_timestamp(const Build& build) {
    using connect::logical;
    auto mode = build.context.config.time_mode;
    int precision = build.column.scale.value_or(-1);
    bool adaptive = mode == TimeMode::kAdaptive || mode == TimeMode::kAdaptiveTimeMicroseconds;
    if (mode == TimeMode::kIsoString)
        return simple(build, logical(SchemaType::kString, "io.debezium.time.IsoTimestamp"),
                      write_iso_timestamp, "\"1970-01-01T00:00:00Z\"");
    if (mode == TimeMode::kConnect) {
        auto built =
            simple(build, logical(SchemaType::kInt64, "org.apache.kafka.connect.data.Timestamp"),
                   write_timestamp_millis, "0");
        built.writer.header_form = HeaderForm::kRefused;
        return built;
    }
    if (mode == TimeMode::kNanoseconds) {
        auto built = simple(build, logical(SchemaType::kInt64, "io.debezium.time.NanoTimestamp"),
                            write_timestamp_nanos, "0");
        built.has_no_fallback = true;
        return built;
    }
    if (adaptive && precision <= 3)
        return simple(build, logical(SchemaType::kInt64, "io.debezium.time.Timestamp"),
                      write_timestamp_millis, "0");
    return simple(build, logical(SchemaType::kInt64, "io.debezium.time.MicroTimestamp"),
                  write_timestamp_micros, "0");
}

BuiltColumn build_timestamptz(const Build& b) {
    return simple(b, connect::logical(SchemaType::kString, "io.debezium.time.ZonedTimestamp"),
                  write_timestamptz, "\"1970-01-01T00:00:00Z\"");
}
BuiltColumn build_timetz(const Build& b) {
    return simple(b, connect::logical(SchemaType::kString, "io.debezium.time.ZonedTime"),
                  write_timetz, "\"00:00:00Z\"");
}

BuiltColumn build_interval(const Build& build) {
    if (build.context.config.interval_as_string)
        return simple(build, connect::logical(SchemaType::kString, "io.debezium.time.Interval"),
                      write_interval, "\"P0Y0M0DT0H0M0S\"");
    return simple(build, connect::logical(SchemaType::kInt64, "io.debezium.time.MicroDuration"),
                  write_interval, "0");
}

BuiltColumn build_point(const Build& build) {
    Schema schema = connect::logical(SchemaType::kStruct, "io.debezium.data.geometry.Point");
    schema.doc = "Geometry (POINT)";
    schema.fields = {{"x", connect::share(schema_of(SchemaType::kFloat64))},
                     {"y", connect::share(schema_of(SchemaType::kFloat64))},
                     {"wkb", connect::share_optional(schema_of(SchemaType::kBytes))},
                     {"srid", connect::share_optional(schema_of(SchemaType::kInt32))}};
    std::string zero;
    append_point(0, 0, zero);
    auto built = simple(build, std::move(schema), write_point, zero);
    built.is_struct = true;
    return built;
}

Schema enum_schema(const TypeInfo& type) {
    Schema schema = connect::logical(SchemaType::kString, "io.debezium.data.Enum");
    std::string labels;
    for (const auto& label : type.labels) {
        if (!labels.empty() || &label != &type.labels.front()) labels += ',';
        labels += label;
    }
    schema.parameters.emplace_back("allowed", labels);
    return schema;
}

BuiltColumn build_enum(const Build& build) {
    auto built = text_like(build, enum_schema(build.type));
    built.masked_type = true;
    return built;
}

BuiltColumn build_hstore(const Build& build) {
    connect::JavaHashMap<std::optional<std::string>> placeholder;
    placeholder[build.context.config.unavailable_text] = build.context.config.unavailable_text;
    if (build.context.config.hstore_as_map) {
        Schema schema = schema_of(SchemaType::kMap);
        schema.key = connect::share(schema_of(SchemaType::kString));
        schema.value = connect::share_optional(schema_of(SchemaType::kString));
        auto built = simple(build, std::move(schema), write_hstore_map, "{}");
        append_map(placeholder, append_json_string, built.writer.toast_json);
        return built;
    }
    auto built = simple(build, connect::logical(SchemaType::kString, "io.debezium.data.Json"),
                        write_hstore_json, "\"{}\"");
    std::string map;
    append_map(placeholder, connect::append_json_string_raw, map);
    append_json_string(built.writer.toast_json, map);
    return built;
}

using Builder = BuiltColumn (*)(const Build&);

/// The built-in types that have a schema. `array_items` says how an array of it looks.
enum class ArrayItems { kOptional, kRequired, kLeftOut, kBroken };
struct TypeRow {
    Oid type;
    Builder build;
    ArrayItems array_items;
};
constexpr TypeRow kTypeRows[] = {
    {oid::kBool, build_boolean, ArrayItems::kOptional},
    {oid::kBytea, build_bytea, ArrayItems::kOptional},
    {oid::kChar, build_string, ArrayItems::kOptional},
    {oid::kName, build_name, ArrayItems::kLeftOut},
    {oid::kInt8, build_int64, ArrayItems::kOptional},
    {oid::kInt2, build_int16, ArrayItems::kOptional},
    {oid::kInt4, build_int32, ArrayItems::kOptional},
    {oid::kText, build_string, ArrayItems::kOptional},
    {oid::kOid, build_int64, ArrayItems::kOptional},
    {oid::kJson, build_json, ArrayItems::kOptional},
    {oid::kXml, build_xml, ArrayItems::kLeftOut},
    {oid::kPoint, build_point, ArrayItems::kLeftOut},
    {oid::kCidr, build_string, ArrayItems::kOptional},
    {oid::kFloat4, build_float, ArrayItems::kOptional},
    {oid::kFloat8, build_double, ArrayItems::kOptional},
    {oid::kMacaddr8, build_string, ArrayItems::kOptional},
    {oid::kMoney, build_money, ArrayItems::kLeftOut},
    {oid::kMacaddr, build_string, ArrayItems::kOptional},
    {oid::kInet, build_string, ArrayItems::kOptional},
    {oid::kBpchar, build_string, ArrayItems::kOptional},
    {oid::kVarchar, build_string, ArrayItems::kOptional},
    {oid::kDate, build_date, ArrayItems::kOptional},
    {oid::kTime, build_time, ArrayItems::kOptional},
    {oid::kTimestamp, build_timestamp, ArrayItems::kOptional},
    {oid::kTimestamptz, build_timestamptz, ArrayItems::kOptional},
    {oid::kInterval, build_interval, ArrayItems::kLeftOut},
    {oid::kTimetz, build_timetz, ArrayItems::kOptional},
    {oid::kBit, build_bits, ArrayItems::kBroken},
    {oid::kVarbit, build_bits, ArrayItems::kLeftOut},
    {oid::kNumeric, build_numeric, ArrayItems::kOptional},
    {oid::kUuid, build_uuid, ArrayItems::kOptional},
    {oid::kTsvector, build_tsvector, ArrayItems::kRequired},
    {oid::kJsonb, build_json, ArrayItems::kOptional},
    {oid::kInt4range, build_string, ArrayItems::kOptional},
    {oid::kNumrange, build_string, ArrayItems::kOptional},
    {oid::kTsrange, build_string, ArrayItems::kOptional},
    {oid::kTstzrange, build_string, ArrayItems::kOptional},
    {oid::kDaterange, build_string, ArrayItems::kOptional},
    {oid::kInt8range, build_string, ArrayItems::kOptional},
};
static_assert(std::ranges::is_sorted(kTypeRows, {}, &TypeRow::type));

/// Extension types, known by their names.
struct NamedRow {
    std::string_view name;
    Builder build;
    ArrayItems array_items;
};
constexpr NamedRow kNamedRows[] = {
    {"citext", build_string, ArrayItems::kOptional},
    {"hstore", build_hstore, ArrayItems::kOptional},
    {"isbn", build_string, ArrayItems::kLeftOut},
    {"ltree", build_ltree, ArrayItems::kOptional},
};
constexpr std::string_view kRefusedNames[] = {"geometry", "geography", "vector", "halfvec",
                                              "sparsevec"};

struct Found {
    Builder build;
    ArrayItems array_items;
};

std::optional<Found> find_builder(const TypeInfo& type) {
    auto row = std::ranges::lower_bound(kTypeRows, type.oid, {}, &TypeRow::type);
    if (row != std::end(kTypeRows) && row->type == type.oid)
        return Found{row->build, row->array_items};
    if (type.oid >= kFirstNormalOid && !type.is_enum && type.base == kInvalidOid) {
        for (const auto& named : kNamedRows)
            if (named.name == type.name) return Found{named.build, named.array_items};
        if (std::ranges::find(kRefusedNames, type.name) != std::end(kRefusedNames))
            throw NotSimulated("the connector's conversion of type " + type.name);
    }
    if (type.is_enum) return Found{build_enum, ArrayItems::kRequired};
    return std::nullopt;
}

std::optional<BuiltColumn> build_unknown(const Build& build) {
    if (!build.context.config.include_unknown_types) return std::nullopt;
    switch (build.type.oid) {
        case oid::kLseg:
        case oid::kPath:
        case oid::kBox:
        case oid::kPolygon:
        case oid::kLine:
        case oid::kCircle:
            throw NotSimulated("include.unknown.datatypes with the geometric type " +
                               build.type.name);
        default:
            if (build.type.name.starts_with("reg") && build.type.name != "regclass" && build.type.name != "regtype")
                throw NotSimulated("include.unknown.datatypes with type " + build.type.name);
            break;
    }
    auto built =
        simple(build, binary_schema(build.context.config.binary_mode), write_unknown, "\"\"");
    built.writer.toast_json = binary_toast(build.context);
    return built;
}

/// What an unchanged TOAST value of an array prints as; empty: null.
std::string array_toast(const Build& build, const TypeInfo& element) {
    const auto& config = build.context.config;
    auto list_of = [&](auto append) {
        std::string json = "[";
        append(json);
        return json + "]";
    };
    auto numbers = [&](std::string& json) {
        for (char c : config.unavailable_value) {
            if (json.size() > 1) json += ',';
            append_integer(json, static_cast<signed char>(c));
        }
    };
    switch (element.oid) {
        case oid::kText:
        case oid::kVarchar:
        case oid::kBpchar:
        case oid::kJson:
        case oid::kJsonb:
            return "[" + placeholder_json(build.context) + "]";
        case oid::kBytea:
            if (config.binary_mode != BinaryMode::kBytes) return "";
            return list_of([&](std::string& json) {
                append_binary(BinaryMode::kBytes, config.unavailable_value, json);
            });
        case oid::kDate:
            if (config.time_mode == TimeMode::kConnect || config.time_mode == TimeMode::kIsoString)
                return "";
            return list_of(numbers);
        case oid::kInt4:
        case oid::kInt8:
            return list_of(numbers);
        case oid::kUuid:
            return "[\"" + name_uuid(config.unavailable_value) + "\"]";
        default:
            return "";
    }
}

std::optional<BuiltColumn> build_array(const Build& build) {
    const TypeInfo* element = build.context.types.find(build.type.element);
    std::optional<Found> found;
    if (element && element->base == kInvalidOid) found = find_builder(*element);
    if (!found || found->array_items == ArrayItems::kLeftOut) {
        if (build.context.config.include_unknown_types)
            throw NotSimulated("include.unknown.datatypes with an array of an unknown type");
        return std::nullopt;
    }
    Column column = build.column;
    column.name += "-element";
    column.optional = true;
    Build inner{column, *element, build.context};
    BuiltColumn item = found->build(inner);
    if (element->name == "hstore" && element->oid >= kFirstNormalOid)
        throw NotSimulated("hstore[] in a record");
    // bit[] is declared as a bit string, and no value of it fits.
    if (found->array_items == ArrayItems::kBroken)
        return simple(build, std::move(item.schema), write_nothing, "");
    item.writer.in_array = true;
    bool required = found->array_items == ArrayItems::kRequired;
    auto built = simple(build,
                        connect::array_of(required ? connect::share(item.schema)
                                                   : connect::share_optional(item.schema)),
                        write_array, "[]");
    if (item.writer.header_form != HeaderForm::kAsJson)
        built.writer.header_form = HeaderForm::kRefused;
    built.writer.null_element_json = required ? "" : "null";
    built.writer.element = std::make_shared<const ColumnWriter>(std::move(item.writer));
    built.writer.toast_json = array_toast(build, *element);
    return built;
}

}  // namespace

std::optional<BuiltColumn> build_column(const Column& column, const BuildContext& context) {
    const TypeInfo* type = context.types.find(column.native_type);
    CDCSIM_CHECK(type != nullptr);
    Build build{column, *type, context};
    if (type->name == "int2vector" || type->name == "oidvector")
        throw NotSimulated("a column of type " + type->name + " in a record");
    if (type->element != kInvalidOid) return build_array(build);
    if (auto found = find_builder(*type)) return found->build(build);
    return build_unknown(build);
}

}  // namespace cdcsim::debezium
