#include "sim/postgres/type/bit.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

[[noreturn]] void bad_digit(std::string_view digits, std::size_t at, std::string_view kind) {
    const std::string_view character = digits.substr(at, utf8::length_of(digits[at]));
    throw SqlError("22P02", "\"" + std::string(character) + "\" is not a valid " +
                                std::string(kind) + " digit");
}

std::string parse_hex_bits(std::string_view digits) {
    std::string out;
    out.reserve(digits.size() * 4);
    for (std::size_t at = 0; at < digits.size(); ++at) {
        const char c = digits[at];
        const char lower = static_cast<char>(c | 0x20);
        int value = 0;
        if (c >= '0' && c <= '9') {
            value = c - '0';
        } else if (lower >= 'a' && lower <= 'f') {
            value = lower - 'a' + 10;
        } else {
            bad_digit(digits, at, "hexadecimal");
        }
        for (int bit = 8; bit > 0; bit >>= 1) out += (value & bit) != 0 ? '1' : '0';
    }
    return out;
}

/// The number of bits that `text` denotes; known before its digits are checked.
std::size_t bit_count_of(std::string_view text) {
    if (text.starts_with('b') || text.starts_with('B')) return text.size() - 1;
    if (text.starts_with('x') || text.starts_with('X')) return (text.size() - 1) * 4;
    return text.size();
}

Datum bit_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    const std::size_t length = bit_count_of(text);
    if (typmod > 0 && length != static_cast<std::size_t>(typmod)) {
        throw SqlError("22026", "bit string length " + std::to_string(length) +
                                    " does not match type bit(" + std::to_string(typmod) + ")");
    }
    return Datum::of_text(parse_bits(text));
}

Datum varbit_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    if (typmod > 0 && bit_count_of(text) > static_cast<std::size_t>(typmod)) {
        throw SqlError("22001",
                       "bit string too long for type bit varying(" + std::to_string(typmod) + ")");
    }
    return Datum::of_text(parse_bits(text));
}

void bit_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int bit_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_text().compare(b.as_text());
}

/// The number of bits as a 4-byte integer (little-endian, as on the reference machine), the bytes.
void bit_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    const std::string& digits = value.as_text();
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(digits.size() >> shift & 255);
    }
    out += pack_bits(digits);
}

constexpr TypeOps kTypes[] = {
    {oid::kBit, bit_input, bit_output, bit_compare, bit_to_disk, true},
    {oid::kVarbit, varbit_input, bit_output, bit_compare, bit_to_disk, true},
};

}  // namespace

std::string parse_bits(std::string_view text) {
    if (text.starts_with('x') || text.starts_with('X')) return parse_hex_bits(text.substr(1));
    if (text.starts_with('b') || text.starts_with('B')) text.remove_prefix(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '0' && text[at] != '1') bad_digit(text, at, "binary");
    }
    return std::string(text);
}

std::string pack_bits(std::string_view digits) {
    std::string bytes((digits.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] != '1') continue;
        bytes[i / 8] = static_cast<char>(static_cast<unsigned char>(bytes[i / 8]) | 0x80U >> i % 8);
    }
    return bytes;
}

FunctionTables bit_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
