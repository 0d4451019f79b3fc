// The types of PostgreSQL's own bookkeeping: pg_lsn (an Int, 64 unsigned bits) and tid (Text
// "(block,line)", which is what a row's ctid prints). Mirrors pg_lsn.c and tid.c.
#include <charconv>
#include <cstdint>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// One to eight hexadecimal digits from the front of `text`.
bool take_hex(std::string_view& text, std::uint64_t& value) {
    const std::size_t digits =
        std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size());
    if (digits < 1 || digits > 8) return false;
    std::from_chars(text.data(), text.data() + digits, value, 16);
    text.remove_prefix(digits);
    return true;
}

Datum pg_lsn_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    std::string_view rest = text;
    std::uint64_t high = 0, low = 0;
    bool good = take_hex(rest, high) && rest.starts_with('/');
    if (good) rest.remove_prefix(1);
    good = good && take_hex(rest, low) && rest.empty();
    if (!good) throw_invalid_input("pg_lsn", text);
    return Datum::of_int(static_cast<std::int64_t>(high << 32 | low));
}

void pg_lsn_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += Lsn{static_cast<std::uint64_t>(value.as_int())}.text();
}

int pg_lsn_compare(const Datum& a, const Datum& b) noexcept {
    const auto x = static_cast<std::uint64_t>(a.as_int()), y = static_cast<std::uint64_t>(b.as_int());
    return x < y ? -1 : x > y;
}

/// What stands before the parenthesis and behind the closing one is ignored, as tidin does.
Datum tid_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    const std::string_view shown = text.substr(0, std::min(text.find(')'), text.size()));
    const std::size_t open = shown.find_first_of("(,");
    const std::size_t comma = open == shown.npos ? open : shown.find(',', open + 1);
    if (comma == shown.npos) throw_invalid_input("tid", text);
    const UnsignedScan block = scan_unsigned(text.substr(open + 1), 10);
    const UnsignedScan line = scan_unsigned(text.substr(comma + 1), 10);
    const auto as_block = static_cast<std::uint32_t>(block.value);
    const auto as_signed =
        static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(block.value)});
    const bool good = !block.overflow && text.substr(open + 1 + block.end).starts_with(',') &&
                      (block.value == as_block || block.value == as_signed) && !line.overflow &&
                      text.substr(comma + 1 + line.end).starts_with(')') && line.value <= UINT16_MAX;
    if (!good) throw_invalid_input("tid", text);
    std::string canonical = "(";
    append_integer(as_block, canonical);
    canonical += ',';
    append_integer(line.value, canonical);
    return Datum::of_text(canonical += ')');
}

void tid_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

std::uint64_t tid_number(const Datum& tid) noexcept {
    const std::string& text = tid.as_text();
    std::uint64_t block = 0, line = 0;
    const char* end = text.data() + text.size();
    const auto comma = std::from_chars(text.data() + 1, end, block).ptr;
    std::from_chars(comma + 1, end, line);
    return block << 16 | line;
}

int tid_compare(const Datum& a, const Datum& b) noexcept {
    const std::uint64_t x = tid_number(a), y = tid_number(b);
    return x < y ? -1 : x > y;
}

void tid_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    const std::uint64_t tid = tid_number(value);
    for (const int shift : {32, 40, 16, 24, 0, 8}) out += static_cast<char>(tid >> shift & 0xff);
}

constexpr TypeOps kTypes[] = {
    {oid::kTid, tid_input, tid_output, tid_compare, tid_to_disk, false},
    {oid::kPgLsn, pg_lsn_input, pg_lsn_output, pg_lsn_compare, nullptr, false},
};

}  // namespace

FunctionTables system_types_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
