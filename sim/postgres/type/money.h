// Text forms of money in the locale C.UTF-8 of the server: $1,234.50 and -$0.05. Mirrors
// PostgreSQL's cash.c. The value is in cents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

/// cash_in: a currency sign, a sign or a parenthesis, separators anywhere; a third decimal rounds.
/// Throws 22P02, 22003.
std::int64_t parse_money(std::string_view text);
void append_money(std::int64_t cents, std::string& out);

}  // namespace cdcsim::pg
