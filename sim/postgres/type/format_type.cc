// The SQL name of a type: format_type.c and the typmodout functions.
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/format_type.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

namespace {

/// Bits of an interval's typmod, in the order in which intervaltypmodout names them.
struct IntervalFields {
    int mask;
    const char* name;
};
constexpr int kYear = 1 << 2, kMonth = 1 << 1, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11,
              kSecond = 1 << 12;
constexpr IntervalFields kIntervalFields[] = {
    {kYear, " year"},
    {kMonth, " month"},
    {kDay, " day"},
    {kHour, " hour"},
    {kMinute, " minute"},
    {kSecond, " second"},
    {kYear | kMonth, " year to month"},
    {kDay | kHour, " day to hour"},
    {kDay | kHour | kMinute, " day to minute"},
    {kDay | kHour | kMinute | kSecond, " day to second"},
    {kHour | kMinute, " hour to minute"},
    {kHour | kMinute | kSecond, " hour to second"},
    {kMinute | kSecond, " minute to second"},
};

std::string parenthesised(int value) { return '(' + std::to_string(value) + ')'; }

std::string interval_typmod(std::int32_t typmod) {
    const int fields = typmod >> 16 & 0x7FFF;
    const int precision = typmod & 0xFFFF;
    std::string out;
    for (const IntervalFields& row : kIntervalFields) {
        if (row.mask == fields) out = row.name;
    }
    return precision == 0xFFFF ? out : out + parenthesised(precision);
}

/// How a typmod >= 0 is printed behind the type's name.
std::string typmod_text(Oid type, std::int32_t typmod) {
    switch (type) {
        case oid::kBpchar:
        case oid::kVarchar:
            return typmod > 4 ? parenthesised(typmod - 4) : "";
        case oid::kNumeric: {
            if (typmod < 4) return "";
            const int precision = (typmod - 4) >> 16 & 0xFFFF;
            const int scale = (((typmod - 4) & 0x7FF) ^ 1024) - 1024;
            return '(' + std::to_string(precision) + ',' + std::to_string(scale) + ')';
        }
        case oid::kInterval:
            return interval_typmod(typmod);
        case oid::kBit:
        case oid::kVarbit:
        case oid::kTime:
        case oid::kTimetz:
        case oid::kTimestamp:
        case oid::kTimestamptz:
            return parenthesised(typmod);
        default:
            return "";
    }
}

/// Types that SQL spells otherwise than the catalog: `prefix` + typmod + `suffix`.
struct SpecialName {
    Oid oid;
    std::string_view prefix, suffix;
};
constexpr SpecialName kSpecialNames[] = {
    {oid::kBit, "bit", ""},
    {oid::kBool, "boolean", ""},
    {oid::kBpchar, "character", ""},
    {oid::kFloat4, "real", ""},
    {oid::kFloat8, "double precision", ""},
    {oid::kInt2, "smallint", ""},
    {oid::kInt4, "integer", ""},
    {oid::kInt8, "bigint", ""},
    {oid::kNumeric, "numeric", ""},
    {oid::kInterval, "interval", ""},
    {oid::kTime, "time", " without time zone"},
    {oid::kTimetz, "time", " with time zone"},
    {oid::kTimestamp, "timestamp", " without time zone"},
    {oid::kTimestamptz, "timestamp", " with time zone"},
    {oid::kVarbit, "bit varying", ""},
    {oid::kVarchar, "character varying", ""},
};

/// bit and character without a length mean length 1 in SQL, so a typmod that is known to be absent
/// takes the catalog's name.
bool needs_catalog_name(Oid type, std::int32_t typmod, TypmodKnown known) {
    return known == TypmodKnown::kYes && typmod < 0 && (type == oid::kBit || type == oid::kBpchar);
}

}  // namespace

std::string format_type_extended(Environment& env, Oid type, std::int32_t typmod,
                                 TypmodKnown known) {
    const TypeInfo* info = env.find_type(type);
    if (info == nullptr) return "???";
    // oidvector and int2vector are arrays with a name of their own.
    if (info->is_array() && info->storage != 'p') return format_type_extended(env, info->element, typmod, known) + "[]";
    const std::string modifier = typmod >= 0 ? typmod_text(type, typmod) : "";
    if (type == oid::kBit && needs_catalog_name(type, typmod, known)) return "\"bit\"";
    if (!needs_catalog_name(type, typmod, known)) {
        for (const SpecialName& row : kSpecialNames) {
            if (row.oid != type) continue;
            return std::string(row.prefix) + modifier + std::string(row.suffix);
        }
    }
    std::string name = env.type_is_visible(*info) ? quote_identifier(info->name)
                                                  : quote_qualified(info->schema, info->name);
    return name + modifier;
}

std::string format_type(Environment& env, Oid type, std::int32_t typmod) {
    return format_type_extended(env, type, typmod,
                                typmod >= 0 ? TypmodKnown::kYes : TypmodKnown::kNo);
}

}  // namespace cdcsim::pg
