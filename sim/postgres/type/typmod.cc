#include "sim/postgres/type/typmod.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Modifiers = std::vector<std::int32_t>;
constexpr std::int32_t kVarHeader = 4;

std::int32_t numeric_typmod(Environment&, const Modifiers& m) {
    if (m.size() > 2) throw SqlError("22023", "invalid NUMERIC type modifier");
    if (m[0] < 1 || m[0] > 1000) {
        throw SqlError("22023", fmt::format("NUMERIC precision {} must be between 1 and 1000", m[0]));
    }
    std::int32_t scale = m.size() == 2 ? m[1] : 0;
    if (scale < -1000 || scale > 1000) {
        throw SqlError("22023", fmt::format("NUMERIC scale {} must be between -1000 and 1000", scale));
    }
    return ((m[0] << 16) | (scale & 0x7FF)) + kVarHeader;
}

std::int32_t char_typmod(const Modifiers& m, const char* name) {
    if (m.size() != 1) throw SqlError("22023", "invalid type modifier");
    if (m[0] < 1) throw SqlError("22023", fmt::format("length for type {} must be at least 1", name));
    if (m[0] > 10485760) throw SqlError("22023", fmt::format("length for type {} cannot exceed 10485760", name));
    return m[0] + kVarHeader;
}

std::int32_t bit_typmod(const Modifiers& m, const char* name) {
    if (m.size() != 1) throw SqlError("22023", "invalid type modifier");
    if (m[0] < 1) throw SqlError("22023", fmt::format("length for type {} must be at least 1", name));
    if (m[0] > 83886080) throw SqlError("22023", fmt::format("length for type {} cannot exceed 83886080", name));
    return m[0];
}

std::int32_t time_typmod(Environment& env, const Modifiers& m, const char* name, const char* zone) {
    if (m.size() != 1) throw SqlError("22023", "invalid type modifier");
    if (m[0] < 0) throw SqlError("22023", fmt::format("{}({}){} precision must not be negative", name, m[0], zone));
    if (m[0] > 6) {
        env.notice("WARNING", fmt::format("{}({}){} precision reduced to maximum allowed, 6", name, m[0], zone));
        return 6;
    }
    return m[0];
}

std::int32_t interval_typmod(Environment& env, const Modifiers& m) {
    constexpr std::int32_t kFullPrecision = 0xFFFF, kFullRange = 0x7FFF;
    std::int32_t precision = kFullPrecision;
    if (m.size() == 2) {
        if (m[1] < 0) throw SqlError("22023", fmt::format("INTERVAL({}) precision must not be negative", m[1]));
        precision = m[1];
        if (precision > 6) {
            env.notice("WARNING", fmt::format("INTERVAL({}) precision reduced to maximum allowed, 6", precision));
            precision = 6;
        }
        if (m[0] == kFullRange && precision == kFullPrecision) return -1;
    } else if (m.size() != 1) {
        throw SqlError("22023", "invalid INTERVAL type modifier");
    } else if (m[0] == kFullRange) {
        return -1;
    }
    return ((m[0] & 0x7FFF) << 16) | (precision & 0xFFFF);
}

}  // namespace

std::int32_t make_typmod(Environment& env, Oid type, const Modifiers& modifiers) {
    switch (type) {
        case oid::kNumeric: return numeric_typmod(env, modifiers);
        case oid::kVarchar: return char_typmod(modifiers, "varchar");
        case oid::kBpchar: return char_typmod(modifiers, "char");
        case oid::kBit: return bit_typmod(modifiers, "bit");
        case oid::kVarbit: return bit_typmod(modifiers, "varbit");
        case oid::kTime: return time_typmod(env, modifiers, "TIME", "");
        case oid::kTimetz: return time_typmod(env, modifiers, "TIME", " WITH TIME ZONE");
        case oid::kTimestamp: return time_typmod(env, modifiers, "TIMESTAMP", "");
        case oid::kTimestamptz: return time_typmod(env, modifiers, "TIMESTAMP", " WITH TIME ZONE");
        case oid::kInterval: return interval_typmod(env, modifiers);
        default:
            throw SqlError("42601", fmt::format("type modifier is not allowed for type \"{}\"", env.type(type).name));
    }
}

}  // namespace cdcsim::pg
