// Functions of bytea (varlena.c, oracle_compat.c). Texts here are bytes, not characters.
#include <algorithm>
#include <bit>
#include <string>

#include "sim/postgres/function/function_tables.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// The bytes [first, last), 0-based; bounds outside are clipped.
std::string_view bytes_between(std::string_view value, std::int64_t first, std::int64_t last) {
    const auto size = static_cast<std::int64_t>(value.size());
    first = std::clamp<std::int64_t>(first, 0, size);
    last = std::clamp<std::int64_t>(last, first, size);
    return value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
}

std::int64_t size_of(const Datum& value) {
    return static_cast<std::int64_t>(value.as_text().size());
}

[[noreturn]] void negative_length() {
    throw SqlError("22011", "negative substring length not allowed");
}

Datum byteaoctetlen(CallContext&, Args args) { return Datum::of_int(size_of(args[0])); }
Datum bytea_bit_length(CallContext&, Args args) { return Datum::of_int(size_of(args[0]) * 8); }

Datum byteacat(CallContext&, Args args) {
    return Datum::of_text(args[0].as_text() + args[1].as_text());
}

Datum bytea_substr(CallContext&, Args args) {
    const std::int64_t start = args[1].as_int(), length = args[2].as_int();
    if (length < 0) negative_length();
    return Datum::of_text(bytes_between(args[0].as_text(), start - 1, start - 1 + length));
}

Datum bytea_substr_no_len(CallContext&, Args args) {
    return Datum::of_text(
        bytes_between(args[0].as_text(), args[1].as_int() - 1, size_of(args[0])));
}

Datum overlay(Args args, std::int64_t length) {
    const std::int64_t start = args[2].as_int();
    if (start <= 0) negative_length();
    if (start + length > 2147483647) throw SqlError("22003", "integer out of range");
    std::string out(bytes_between(args[0].as_text(), 0, start - 1));
    out += args[1].as_text();
    out += bytes_between(args[0].as_text(), start + length - 1, size_of(args[0]));
    return Datum::of_text(std::move(out));
}

Datum byteaoverlay(CallContext&, Args args) { return overlay(args, args[3].as_int()); }
Datum byteaoverlay_no_len(CallContext&, Args args) { return overlay(args, size_of(args[1])); }

Datum byteapos(CallContext&, Args args) {
    const std::size_t at = args[0].as_text().find(args[1].as_text());
    return Datum::of_int(at == std::string::npos ? 0 : static_cast<std::int64_t>(at) + 1);
}

enum Ends : std::uint8_t { kLeft = 1, kRight = 2, kBoth = 3 };

template <Ends ends>
Datum trim(CallContext&, Args args) {
    std::string_view value = args[0].as_text();
    const std::string& set = args[1].as_text();
    auto in_set = [&](char byte) { return set.find(byte) != std::string::npos; };
    if constexpr ((ends & kLeft) != 0) {
        while (!value.empty() && in_set(value.front())) value.remove_prefix(1);
    }
    if constexpr ((ends & kRight) != 0) {
        while (!value.empty() && in_set(value.back())) value.remove_suffix(1);
    }
    return Datum::of_text(value);
}

/// Throws 2202E unless 0 <= index < count.
std::size_t checked_index(std::int64_t index, std::int64_t count) {
    if (index >= 0 && index < count) return static_cast<std::size_t>(index);
    throw SqlError("2202E", "index " + std::to_string(index) + " out of valid range, 0.." +
                                std::to_string(count - 1));
}

unsigned byte_of(std::string_view value, std::size_t index) {
    return static_cast<unsigned char>(value[index]);
}

Datum byteaGetByte(CallContext&, Args args) {
    const std::size_t index = checked_index(args[1].as_int(), size_of(args[0]));
    return Datum::of_int(byte_of(args[0].as_text(), index));
}

Datum byteaSetByte(CallContext&, Args args) {
    const std::size_t index = checked_index(args[1].as_int(), size_of(args[0]));
    std::string out = args[0].as_text();
    out[index] = static_cast<char>(static_cast<unsigned char>(args[2].as_int()));
    return Datum::of_text(std::move(out));
}

/// Bits are numbered from the right within each byte.
Datum byteaGetBit(CallContext&, Args args) {
    const std::size_t index = checked_index(args[1].as_int(), size_of(args[0]) * 8);
    return Datum::of_int(byte_of(args[0].as_text(), index / 8) >> index % 8 & 1);
}

Datum byteaSetBit(CallContext&, Args args) {
    const std::size_t index = checked_index(args[1].as_int(), size_of(args[0]) * 8);
    const std::int64_t bit = args[2].as_int();
    if (bit != 0 && bit != 1) throw SqlError("22023", "new bit must be 0 or 1");
    std::string out = args[0].as_text();
    const unsigned mask = 1U << index % 8;
    const unsigned old = byte_of(out, index / 8);
    out[index / 8] =
        static_cast<char>(static_cast<unsigned char>(bit == 1 ? old | mask : old & ~mask));
    return Datum::of_text(std::move(out));
}

Datum bytea_bit_count(CallContext&, Args args) {
    std::int64_t count = 0;
    for (char c : args[0].as_text()) count += std::popcount(static_cast<unsigned char>(c));
    return Datum::of_int(count);
}

constexpr ScalarRow kScalars[] = {
    {"#1810", bytea_bit_length},
    {"byteaGetBit", byteaGetBit},
    {"byteaGetByte", byteaGetByte},
    {"byteaSetBit", byteaSetBit},
    {"byteaSetByte", byteaSetByte},
    {"bytea_bit_count", bytea_bit_count},
    {"bytea_substr", bytea_substr},
    {"bytea_substr_no_len", bytea_substr_no_len},
    {"byteacat", byteacat},
    {"bytealtrim", trim<kLeft>},
    {"byteaoctetlen", byteaoctetlen},
    {"byteaoverlay", byteaoverlay},
    {"byteaoverlay_no_len", byteaoverlay_no_len},
    {"byteapos", byteapos},
    {"byteartrim", trim<kRight>},
    {"byteatrim", trim<kBoth>},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables bytea_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
