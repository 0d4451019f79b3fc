#include "sim/debezium/type_registry.h"

#include <climits>

#include "sim/debezium/catalog_queries.h"
#include "sim/debezium/sql_text.h"

namespace cdcsim::debezium {

namespace {

constexpr int kUnknownLength = INT_MAX;

/// Array types whose element pgjdbc knows (TypeInfoCache's table): their lengths are the element's.
struct ArrayRow {
    Oid array, element;
};
constexpr ArrayRow kKnownArrays[] = {
    {143, oid::kXml},     {199, oid::kJson},         {791, oid::kMoney},      {1000, oid::kBool},
    {1001, oid::kBytea},  {1002, oid::kChar},        {1003, oid::kName},      {1005, oid::kInt2},
    {1007, oid::kInt4},   {1009, oid::kText},        {1014, oid::kBpchar},    {1015, oid::kVarchar},
    {1016, oid::kInt8},   {1017, oid::kPoint},       {1020, oid::kBox},       {1021, oid::kFloat4},
    {1022, oid::kFloat8}, {1028, oid::kOid},         {1115, oid::kTimestamp}, {1182, oid::kDate},
    {1183, oid::kTime},   {1185, oid::kTimestamptz}, {1231, oid::kNumeric},   {1270, oid::kTimetz},
    {1561, oid::kBit},    {1563, oid::kVarbit},      {2201, oid::kRefcursor}, {2951, oid::kUuid},
};

Oid element_or_self(Oid type) {
    for (const auto& row : kKnownArrays)
        if (row.array == type) return row.element;
    return type;
}

int fraction_size(std::int32_t typmod) {
    if (typmod == -1) return 7;
    if (typmod == 0) return 0;
    return typmod == 1 ? 3 : typmod + 1;
}

}  // namespace

int jdbc_precision(const TypeInfo& type, std::int32_t typmod) {
    switch (element_or_self(type.oid)) {
        case oid::kInt2:
            return 5;
        case oid::kOid:
        case oid::kInt4:
            return 10;
        case oid::kInt8:
            return 19;
        case oid::kFloat4:
            return 8;
        case oid::kFloat8:
            return 17;
        case oid::kNumeric:
            return typmod == -1 ? 0 : (typmod - 4) >> 16 & 0xFFFF;
        case oid::kChar:
        case oid::kBool:
            return 1;
        case oid::kBpchar:
        case oid::kVarchar:
            return typmod == -1 ? kUnknownLength : typmod - 4;
        case oid::kDate:
        case oid::kTime:
        case oid::kTimetz:
        case oid::kInterval:
        case oid::kTimestamp:
        case oid::kTimestamptz:
            return jdbc_display_size(type, typmod);
        case oid::kBit:
            return typmod;
        case oid::kVarbit:
            return typmod == -1 ? kUnknownLength : typmod;
        default:
            return kUnknownLength;
    }
}

int jdbc_scale(const TypeInfo& type, std::int32_t typmod) {
    switch (element_or_self(type.oid)) {
        case oid::kFloat4:
            return 8;
        case oid::kFloat8:
            return 17;
        case oid::kNumeric:
            return typmod == -1 ? 0 : (typmod - 4) & 0xFFFF;
        case oid::kTime:
        case oid::kTimetz:
        case oid::kTimestamp:
        case oid::kTimestamptz:
            return typmod == -1 ? 6 : typmod;
        case oid::kInterval:
            return typmod == -1 ? 6 : typmod & 0xFFFF;
        default:
            return 0;
    }
}

int jdbc_display_size(const TypeInfo& type, std::int32_t typmod) {
    switch (element_or_self(type.oid)) {
        case oid::kInt2:
            return 6;
        case oid::kInt4:
            return 11;
        case oid::kOid:
            return 10;
        case oid::kInt8:
            return 20;
        case oid::kFloat4:
            return 15;
        case oid::kFloat8:
            return 25;
        case oid::kChar:
        case oid::kBool:
            return 1;
        case oid::kDate:
            return 13;
        case oid::kTime:
            return 8 + fraction_size(typmod);
        case oid::kTimetz:
            return 8 + fraction_size(typmod) + 6;
        case oid::kTimestamp:
            return 22 + fraction_size(typmod);
        case oid::kTimestamptz:
            return 22 + fraction_size(typmod) + 6;
        case oid::kInterval:
            return 49;
        case oid::kBpchar:
        case oid::kVarchar:
            return typmod == -1 ? kUnknownLength : typmod - 4;
        case oid::kNumeric: {
            if (typmod == -1) return 131089;
            int scale = (typmod - 4) & 0xFFFF;
            return 1 + ((typmod - 4) >> 16 & 0xFFFF) + (scale != 0 ? 1 : 0);
        }
        case oid::kBit:
            return typmod;
        case oid::kVarbit:
            return typmod == -1 ? kUnknownLength : typmod;
        default:
            return kUnknownLength;
    }
}

TypeRegistry::TypeRegistry(SqlConnection& connection) {
    user_ = connection.query(catalog::kServer).rows.at(0).at(1).value_or("");
    auto types = connection.query(catalog::kTypes);
    add_rows(types, connection.query(catalog::kEnumLabels));
}

void TypeRegistry::add_rows(const QueryResult& types, const QueryResult& labels) {
    for (const auto& row : types.rows) {
        TypeInfo type;
        type.oid = static_cast<Oid>(as_integer(row[0]));
        type.name = row[1].value_or("");
        type.schema = row[2].value_or("");
        if (row[6] == "A") type.element = static_cast<Oid>(as_integer(row[3]));
        type.base = static_cast<Oid>(as_integer(row[4]));
        type.typmod = static_cast<std::int32_t>(as_integer(row[5]));
        type.is_enum = row[6] == "E";
        // The connector reads the labels of everything in category E, and a domain has none.
        if (type.is_enum && row[7] == "d")
            throw TaskFailure(
                "java.lang.NullPointerException: Cannot invoke \"java.sql.Array.getArray()\" "
                "because the return value of \"java.sql.ResultSet.getArray(String)\" is null");
        types_[type.oid] = std::move(type);
    }
    for (const auto& row : labels.rows)
        types_[static_cast<Oid>(as_integer(row[0]))].labels.push_back(row[1].value_or(""));
}

const TypeInfo* TypeRegistry::find(Oid type) const {
    auto it = types_.find(type);
    return it == types_.end() ? nullptr : &it->second;
}

const TypeInfo& TypeRegistry::get(Oid type, SqlConnection& connection) {
    if (const auto* known = find(type)) return *known;
    std::string number = std::to_string(type);
    auto found = connection.query(bind(catalog::kTypeByOid, {number}));
    add_rows(found, connection.query(bind(catalog::kEnumLabelsByOid, {number})));
    auto& added = types_[type];
    added.oid = type;
    return added;
}

const TypeInfo& TypeRegistry::root(Oid type, SqlConnection& connection) {
    const TypeInfo* info = &get(type, connection);
    while (info->base != kInvalidOid) info = &get(info->base, connection);
    return *info;
}

std::string TypeRegistry::jdbc_name(const TypeInfo& type) const {
    if (type.schema == "pg_catalog" || type.schema == "public" || type.schema == user_)
        return type.name;
    return "\"" + type.schema + "\".\"" + type.name + "\"";
}

int TypeRegistry::default_length(const TypeInfo& type, SqlConnection& connection) {
    if (type.base != kInvalidOid) {
        const auto& parent = get(type.base, connection);
        if (type.typmod == -1) return default_length(parent, connection);
        int size = jdbc_precision(parent, type.typmod);
        if (size == 0) size = jdbc_display_size(parent, type.typmod);
        if (size != 0 && size != kUnknownLength) return size;
    }
    int size = jdbc_precision(type, type.typmod);
    return size == 0 ? jdbc_display_size(type, type.typmod) : size;
}

int TypeRegistry::default_scale(const TypeInfo& type, SqlConnection& connection) {
    if (type.base != kInvalidOid) {
        const auto& parent = get(type.base, connection);
        return type.typmod == -1 ? default_scale(parent, connection)
                                 : jdbc_scale(parent, type.typmod);
    }
    return jdbc_scale(type, type.typmod);
}

}  // namespace cdcsim::debezium
