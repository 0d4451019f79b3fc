// Text forms of the integer types: int2, int4, int8, oid, xid, xid8, cid. Mirrors
// PostgreSQL's numutils.c, int8.c, oid.c and xid.c.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace cdcsim::pg {

/// isspace() of the C locale, which PostgreSQL's input functions skip.
constexpr bool is_sql_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/// The name that messages use: "smallint", "integer", "bigint".
template <typename Int>
constexpr const char* integer_name() {
    return sizeof(Int) == 2 ? "smallint" : sizeof(Int) == 4 ? "integer" : "bigint";
}

/// 22P02 `invalid input syntax for type integer: "x"`.
[[noreturn]] void throw_invalid_input(std::string_view type_name, std::string_view text);
/// 22003 `value "99999999999" is out of range for type integer`.
[[noreturn]] void throw_value_out_of_range(std::string_view type_name, std::string_view text);
/// 22003 `integer out of range`.
[[noreturn]] void throw_integer_out_of_range(std::string_view type_name);

/// pg_strtoint16/32/64: blanks around, one sign, decimal digits. `max` and `min` are the type's.
std::int64_t parse_integer(std::string_view text, std::int64_t min, std::int64_t max,
                           std::string_view type_name);

template <typename Int>
Int parse_integer(std::string_view text) {
    using Limits = std::numeric_limits<Int>;
    return static_cast<Int>(parse_integer(text, Limits::min(), Limits::max(), integer_name<Int>()));
}

template <typename Int>
void append_integer(Int value, std::string& out) {
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

/// What strtoul() reads: blanks, a sign (-1 is the largest value), digits in `base` (0: as in C).
/// `end` is where it stopped, 0 if there was no number; overflow gives the largest value.
struct UnsignedScan {
    std::uint64_t value = 0;
    std::size_t end = 0;
    bool overflow = false;
};
UnsignedScan scan_unsigned(std::string_view text, int base);

}  // namespace cdcsim::pg
