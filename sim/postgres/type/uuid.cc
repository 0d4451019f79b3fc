#include "sim/postgres/type/uuid.h"

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/bytea.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

constexpr std::size_t kUuidBytes = 16;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[noreturn]] void bad_uuid(std::string_view text) {
    throw SqlError("22P02", "invalid input syntax for type uuid: \"" + std::string(text) + "\"");
}

Datum uuid_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(parse_uuid(text));
}

void uuid_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_uuid(out, value.as_text());
}

int uuid_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_text().compare(b.as_text());
}

constexpr TypeOps kTypes[] = {
    {oid::kUuid, uuid_input, uuid_output, uuid_compare, nullptr, true},
};

}  // namespace

std::string parse_uuid(std::string_view text) {
    std::string_view rest = text;
    const bool braces = rest.starts_with('{');
    if (braces) rest.remove_prefix(1);
    std::string bytes;
    bytes.reserve(kUuidBytes);
    while (bytes.size() < kUuidBytes) {
        if (rest.size() < 2) bad_uuid(text);
        const int high = hex_value(rest[0]);
        const int low = hex_value(rest[1]);
        if (high < 0 || low < 0) bad_uuid(text);
        bytes += static_cast<char>(high << 4 | low);
        rest.remove_prefix(2);
        // A hyphen may follow every group of four digits.
        const bool group_end = bytes.size() % 2 == 0 && bytes.size() < kUuidBytes;
        if (group_end && rest.starts_with('-')) rest.remove_prefix(1);
    }
    if (rest != (braces ? "}" : "")) bad_uuid(text);
    return bytes;
}

void append_uuid(std::string& out, std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        append_hex(out, bytes.substr(i, 1));
    }
}

FunctionTables uuid_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
