// Functions of bit and bit varying (varbit.c). A value is its digits.
#include <algorithm>
#include <string>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/bit.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

std::int64_t size_of(const Datum& value) {
    return static_cast<std::int64_t>(value.as_text().size());
}

std::string_view digits_between(std::string_view value, std::int64_t first, std::int64_t last) {
    const auto size = static_cast<std::int64_t>(value.size());
    first = std::clamp<std::int64_t>(first, 0, size);
    last = std::clamp<std::int64_t>(last, first, size);
    return value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
}

[[noreturn]] void negative_length() {
    throw SqlError("22011", "negative substring length not allowed");
}

/// bit(bit, length, explicit): an explicit cast cuts or adds zeros at the right.
Datum bit(CallContext&, Args args) {
    const std::int64_t length = args[1].as_int();
    if (length <= 0 || length == size_of(args[0])) return args[0];
    if (!args[2].as_bool()) {
        throw SqlError("22026", "bit string length " + std::to_string(size_of(args[0])) +
                                    " does not match type bit(" + std::to_string(length) + ")");
    }
    std::string out = args[0].as_text();
    out.resize(static_cast<std::size_t>(length), '0');
    return Datum::of_text(std::move(out));
}

/// varbit(varbit, length, explicit)
Datum varbit(CallContext&, Args args) {
    const std::int64_t length = args[1].as_int();
    if (length <= 0 || length >= size_of(args[0])) return args[0];
    if (!args[2].as_bool()) {
        throw SqlError("22001",
                       "bit string too long for type bit varying(" + std::to_string(length) + ")");
    }
    return Datum::of_text(digits_between(args[0].as_text(), 0, length));
}

/// The low bits of a number in two's complement, as many as the typmod says.
Datum bitfromint8(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int();
    const std::int64_t length = std::max<std::int64_t>(args[1].as_int(), 1);
    std::string out;
    for (std::int64_t i = length - 1; i >= 0; --i) {
        out += (value >> std::min<std::int64_t>(i, 63) & 1) != 0 ? '1' : '0';
    }
    return Datum::of_text(std::move(out));
}

std::uint64_t number_of(std::string_view digits) {
    std::uint64_t value = 0;
    for (char digit : digits) value = value << 1 | (digit == '1' ? 1U : 0U);
    return value;
}

Datum bittoint4(CallContext&, Args args) {
    if (size_of(args[0]) > 32) throw SqlError("22003", "integer out of range");
    return Datum::of_int(static_cast<std::int32_t>(number_of(args[0].as_text())));
}

Datum bittoint8(CallContext&, Args args) {
    if (size_of(args[0]) > 64) throw SqlError("22003", "bigint out of range");
    return Datum::of_int(static_cast<std::int64_t>(number_of(args[0].as_text())));
}

template <typename Operation>
Datum combine(Args args, std::string_view name, Operation operation) {
    std::string out = args[0].as_text();
    const std::string& other = args[1].as_text();
    if (out.size() != other.size()) {
        throw SqlError("22026",
                       "cannot " + std::string(name) + " bit strings of different sizes");
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = operation(out[i] == '1', other[i] == '1') ? '1' : '0';
    }
    return Datum::of_text(std::move(out));
}

Datum bit_and(CallContext&, Args args) {
    return combine(args, "AND", [](bool a, bool b) { return a && b; });
}
Datum bit_or(CallContext&, Args args) {
    return combine(args, "OR", [](bool a, bool b) { return a || b; });
}
Datum bitxor(CallContext&, Args args) {
    return combine(args, "XOR", [](bool a, bool b) { return a != b; });
}

Datum bitnot(CallContext&, Args args) {
    std::string out = args[0].as_text();
    for (char& digit : out) digit = digit == '1' ? '0' : '1';
    return Datum::of_text(std::move(out));
}

/// Positive: to the left.
Datum shift(const Datum& value, std::int64_t by) {
    const auto size = size_of(value);
    by = std::clamp(by, -size, size);
    const auto zeros = std::string(static_cast<std::size_t>(by < 0 ? -by : by), '0');
    const std::string_view digits = value.as_text();
    if (by < 0) return Datum::of_text(zeros + std::string(digits_between(digits, 0, size + by)));
    return Datum::of_text(std::string(digits_between(digits, by, size)) + zeros);
}

Datum bitshiftleft(CallContext&, Args args) { return shift(args[0], args[1].as_int()); }
Datum bitshiftright(CallContext&, Args args) { return shift(args[0], -args[1].as_int()); }

Datum bitcat(CallContext&, Args args) {
    return Datum::of_text(args[0].as_text() + args[1].as_text());
}

Datum bitsubstr(CallContext&, Args args) {
    const std::int64_t start = args[1].as_int(), length = args[2].as_int();
    if (length < 0) negative_length();
    return Datum::of_text(digits_between(args[0].as_text(), start - 1, start - 1 + length));
}

Datum bitsubstr_no_len(CallContext&, Args args) {
    return Datum::of_text(
        digits_between(args[0].as_text(), args[1].as_int() - 1, size_of(args[0])));
}

Datum overlay(Args args, std::int64_t length) {
    const std::int64_t start = args[2].as_int();
    if (start <= 0) negative_length();
    if (start + length > 2147483647) throw SqlError("22003", "integer out of range");
    std::string out(digits_between(args[0].as_text(), 0, start - 1));
    out += args[1].as_text();
    out += digits_between(args[0].as_text(), start + length - 1, size_of(args[0]));
    return Datum::of_text(std::move(out));
}

Datum bitoverlay(CallContext&, Args args) { return overlay(args, args[3].as_int()); }
Datum bitoverlay_no_len(CallContext&, Args args) { return overlay(args, size_of(args[1])); }

Datum bitlength(CallContext&, Args args) { return Datum::of_int(size_of(args[0])); }
Datum bitoctetlength(CallContext&, Args args) { return Datum::of_int((size_of(args[0]) + 7) / 8); }

Datum bitposition(CallContext&, Args args) {
    if (size_of(args[0]) == 0) return Datum::of_int(0);
    const std::size_t at = args[0].as_text().find(args[1].as_text());
    return Datum::of_int(at == std::string::npos ? 0 : static_cast<std::int64_t>(at) + 1);
}

std::size_t checked_index(const Datum& index, const Datum& value) {
    const std::int64_t at = index.as_int();
    if (at >= 0 && at < size_of(value)) return static_cast<std::size_t>(at);
    throw SqlError("2202E", "bit index " + std::to_string(at) + " out of valid range (0.." +
                                std::to_string(size_of(value) - 1) + ")");
}

Datum bitgetbit(CallContext&, Args args) {
    return Datum::of_int(args[0].as_text()[checked_index(args[1], args[0])] == '1' ? 1 : 0);
}

Datum bitsetbit(CallContext&, Args args) {
    const std::size_t index = checked_index(args[1], args[0]);
    const std::int64_t digit = args[2].as_int();
    if (digit != 0 && digit != 1) throw SqlError("22023", "new bit must be 0 or 1");
    std::string out = args[0].as_text();
    out[index] = digit == 1 ? '1' : '0';
    return Datum::of_text(std::move(out));
}

Datum bit_bit_count(CallContext&, Args args) {
    return Datum::of_int(std::ranges::count(args[0].as_text(), '1'));
}

constexpr ScalarRow kScalars[] = {
    {"#1812", bitlength},
    {"bit", bit},
    {"bit_and", bit_and},
    {"bit_bit_count", bit_bit_count},
    {"bit_or", bit_or},
    {"bitcat", bitcat},
    {"bitfromint4", bitfromint8},
    {"bitfromint8", bitfromint8},
    {"bitgetbit", bitgetbit},
    {"bitlength", bitlength},
    {"bitnot", bitnot},
    {"bitoctetlength", bitoctetlength},
    {"bitoverlay", bitoverlay},
    {"bitoverlay_no_len", bitoverlay_no_len},
    {"bitposition", bitposition},
    {"bitsetbit", bitsetbit},
    {"bitshiftleft", bitshiftleft},
    {"bitshiftright", bitshiftright},
    {"bitsubstr", bitsubstr},
    {"bitsubstr_no_len", bitsubstr_no_len},
    {"bittoint4", bittoint4},
    {"bittoint8", bittoint8},
    {"bitxor", bitxor},
    {"varbit", varbit},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables bit_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
