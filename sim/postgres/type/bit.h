// bit(n) and bit varying(n): the value is its digits, so that text order is bit_cmp's order
// (varbit.c).
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// The digits of '101', 'b101' or 'x1f'. Throws 22P02.
std::string parse_bits(std::string_view text);

/// The digits packed into bytes, the last one filled with zeros.
std::string pack_bits(std::string_view digits);

}  // namespace cdcsim::pg
