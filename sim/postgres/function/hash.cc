// The hash support functions of types whose value is a number or bytes: hashint4, hashtext,
// hash_numeric, ... and their extended forms. Mirrors hashfunc.c and numeric.c.
#include "sim/postgres/type/hash.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/numeric.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

// Each hashes one value with a seed; the plain functions take the low half with seed 0.
using Hash = std::uint64_t (*)(const Datum& value, std::uint64_t seed);

template <Hash hash>
Datum plain(CallContext&, Args args) {
    return Datum::of_int(static_cast<std::int32_t>(hash(args[0], 0)));
}

template <Hash hash>
Datum extended(CallContext&, Args args) {
    const auto seed = static_cast<std::uint64_t>(args[1].as_int());
    return Datum::of_int(static_cast<std::int64_t>(hash(args[0], seed)));
}

std::uint64_t hash_int4(const Datum& value, std::uint64_t seed) {
    return hash_word(static_cast<std::uint32_t>(value.as_int()), seed);
}

/// An int8 within int4's range hashes as the int4 does.
std::uint64_t hash_int8(const Datum& value, std::uint64_t seed) {
    const std::int64_t number = value.as_int();
    const auto low = static_cast<std::uint32_t>(number);
    const auto high = static_cast<std::uint32_t>(number >> 32);
    return hash_word(low ^ (number >= 0 ? high : ~high), seed);
}

std::uint64_t hash_char(const Datum& value, std::uint64_t seed) {
    const auto byte = static_cast<std::int8_t>(value.as_int());
    return hash_word(static_cast<std::uint32_t>(std::int32_t{byte}), seed);
}

std::uint64_t hash_float(const Datum& value, std::uint64_t seed) {
    double number = value.as_float();
    if (number == 0) return seed;
    if (std::isnan(number)) number = std::numeric_limits<double>::quiet_NaN();
    const auto bits = std::bit_cast<std::uint64_t>(number);
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (8 * i) & 0xff);
    return hash_bytes({bytes, sizeof bytes}, seed);
}

/// The block's high and low half and the line pointer, two bytes each.
std::uint64_t hash_tid(const Datum& value, std::uint64_t seed) {
    const std::int64_t tid = value.as_int();
    char bytes[6];
    for (int i = 0; i < 6; ++i) bytes[i] = static_cast<char>(tid >> (32 - i / 2 * 16 + i % 2 * 8) & 0xff);
    return hash_bytes({bytes, sizeof bytes}, seed);
}

std::uint64_t hash_text(const Datum& value, std::uint64_t seed) {
    return hash_bytes(value.as_text(), seed);
}

std::uint64_t hash_bpchar(const Datum& value, std::uint64_t seed) {
    const std::string& text = value.as_text();
    return hash_bytes(std::string_view(text).substr(0, text.find_last_not_of(' ') + 1), seed);
}

/// The base-10000 digits, so that 1.5 and 1.50 agree; nothing for zero and special values.
std::optional<std::uint64_t> digits_hash(const Numeric& number, std::uint64_t seed, int weight_bits) {
    if (number.digits.empty()) return std::nullopt;
    std::string bytes;
    for (int i = 0; i < number.digits.size(); ++i) {
        bytes += static_cast<char>(number.digits[i] & 0xff);
        bytes += static_cast<char>(number.digits[i] >> 8);
    }
    const auto weight = static_cast<std::uint64_t>(std::int64_t{number.weight});
    const std::uint64_t mask = weight_bits == 64 ? ~std::uint64_t{0} : 0xffffffffU;
    return hash_bytes(bytes, seed) ^ (weight & mask);
}

Datum hash_numeric(CallContext&, Args args) {
    const Numeric number = Numeric::from_canonical(args[0].as_text());
    if (number.is_special()) return Datum::of_int(0);
    const auto hash = digits_hash(number, 0, 32);
    return Datum::of_int(hash ? static_cast<std::int32_t>(*hash) : -1);
}

Datum hash_numeric_extended(CallContext&, Args args) {
    const Numeric number = Numeric::from_canonical(args[0].as_text());
    const std::int64_t seed = args[1].as_int();
    if (number.is_special()) return Datum::of_int(seed);
    const auto hash = digits_hash(number, static_cast<std::uint64_t>(seed), 64);
    return Datum::of_int(static_cast<std::int64_t>(
        hash ? *hash : static_cast<std::uint64_t>(seed) - 1));
}

#define HASH(name, function) \
    {name, plain<function>}, {name "extended", extended<function>}
#define HASH_(name, function) \
    {name, plain<function>}, {name "_extended", extended<function>}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    HASH("hashint2", hash_int4), HASH("hashint4", hash_int4), HASH("hashoid", hash_int4),
    HASH("hashint8", hash_int8), HASH_("time_hash", hash_int8),
    HASH_("timestamp_hash", hash_int8), HASH_("pg_lsn_hash", hash_int8),
    HASH("hashchar", hash_char), HASH("hashfloat4", hash_float), HASH("hashfloat8", hash_float),
    HASH("hashtext", hash_text), HASH("hashname", hash_text), HASH("hashvarlena", hash_text),
    HASH_("uuid_hash", hash_text), HASH("hashbpchar", hash_bpchar), HASH("hashtid", hash_tid),
    {"hash_numeric", hash_numeric}, {"hash_numeric_extended", hash_numeric_extended},
}));

}  // namespace

FunctionTables hash_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
