#include "sim/postgres/type/integer.h"

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

void throw_invalid_input(std::string_view type_name, std::string_view text) {
    throw SqlError("22P02", "invalid input syntax for type " + std::string(type_name) + ": \"" +
                                std::string(text) + "\"");
}

void throw_value_out_of_range(std::string_view type_name, std::string_view text) {
    throw SqlError("22003", "value \"" + std::string(text) + "\" is out of range for type " +
                                std::string(type_name));
}

void throw_integer_out_of_range(std::string_view type_name) {
    throw SqlError("22003", std::string(type_name) + " out of range");
}

std::int64_t parse_integer(std::string_view text, std::int64_t min, std::int64_t max,
                           std::string_view type_name) {
    const char* p = text.data();
    const char* end = p + text.size();
    while (p != end && is_sql_space(*p)) ++p;
    bool negative = false;
    if (p != end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    if (p == end || *p < '0' || *p > '9') throw_invalid_input(type_name, text);
    // Accumulated below zero, where there is one value more. Overflow is reported before what
    // follows the digits is looked at, as PostgreSQL does.
    std::int64_t value = 0;
    for (; p != end && *p >= '0' && *p <= '9'; ++p) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *p - '0', &value) || value < min) {
            throw_value_out_of_range(type_name, text);
        }
    }
    while (p != end && is_sql_space(*p)) ++p;
    if (p != end) throw_invalid_input(type_name, text);
    if (negative) return value;
    if (value < -max) throw_value_out_of_range(type_name, text);
    return -value;
}

UnsignedScan scan_unsigned(std::string_view text, int base) {
    std::size_t i = 0;
    while (i < text.size() && is_sql_space(text[i])) ++i;
    bool negative = false;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
    if (base == 0) {
        base = 10;
        if (text.substr(i, 1) == "0") base = 8;
        if (text.substr(i, 2) == "0x" || text.substr(i, 2) == "0X") {
            char digit = i + 2 < text.size() ? text[i + 2] : ' ';
            bool hex = (digit >= '0' && digit <= '9') || ((digit | 32) >= 'a' && (digit | 32) <= 'f');
            if (hex) base = 16, i += 2;
        }
    }
    UnsignedScan scan;
    auto [stop, error] =
        std::from_chars(text.data() + i, text.data() + text.size(), scan.value, base);
    if (error == std::errc::invalid_argument) return scan;
    scan.end = static_cast<std::size_t>(stop - text.data());
    scan.overflow = error == std::errc::result_out_of_range;
    if (scan.overflow) scan.value = UINT64_MAX;
    else if (negative) scan.value = 0 - scan.value;
    return scan;
}

namespace {

template <typename Int>
Datum integer_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_int(parse_integer<Int>(text));
}

void integer_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_integer(value.as_int(), out);
}

int integer_compare(const Datum& a, const Datum& b) noexcept {
    const std::int64_t x = a.as_int(), y = b.as_int();
    return x < y ? -1 : x > y;
}

/// uint32in_subr: -1 is 4294967295.
Datum oid_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    UnsignedScan scan = scan_unsigned(text, 10);
    if (scan.end == 0) throw_invalid_input("oid", text);
    if (scan.overflow) throw_value_out_of_range("oid", text);
    std::size_t i = scan.end;
    while (i < text.size() && is_sql_space(text[i])) ++i;
    if (i < text.size()) throw_invalid_input("oid", text);
    const auto result = static_cast<std::uint32_t>(scan.value);
    const auto as_signed = static_cast<std::uint64_t>(
        std::int64_t{static_cast<std::int32_t>(scan.value)});
    if (scan.value != result && scan.value != as_signed) throw_value_out_of_range("oid", text);
    return Datum::of_int(result);
}

/// xidin, cidin: strtoul() whose errors nobody looks at.
Datum xid_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_int(static_cast<std::uint32_t>(scan_unsigned(text, 0).value));
}

Datum xid8_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_int(static_cast<std::int64_t>(scan_unsigned(text, 0).value));
}

void xid8_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_integer(static_cast<std::uint64_t>(value.as_int()), out);
}

int xid8_compare(const Datum& a, const Datum& b) noexcept {
    const auto x = static_cast<std::uint64_t>(a.as_int()), y = static_cast<std::uint64_t>(b.as_int());
    return x < y ? -1 : x > y;
}

constexpr Oid kXid8 = 5069;

// xid and cid have no order; money lies beside its own functions.
constexpr TypeOps kTypes[] = {
    {oid::kInt8, integer_input<std::int64_t>, integer_output, integer_compare, nullptr, true},
    {oid::kInt2, integer_input<std::int16_t>, integer_output, integer_compare, nullptr, true},
    {oid::kInt4, integer_input<std::int32_t>, integer_output, integer_compare, nullptr, true},
    {oid::kOid, oid_input, integer_output, integer_compare, nullptr, true},
    {oid::kXid, xid_input, integer_output, nullptr, nullptr, true},
    {oid::kCid, xid_input, integer_output, nullptr, nullptr, true},
    {kXid8, xid8_input, xid8_output, xid8_compare, nullptr, false},
};

}  // namespace

FunctionTables integer_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
