#include "sim/postgres/type/macaddr.h"

#include <array>
#include <cstdio>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/bytea.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[noreturn]] void bad_input(std::string_view type, std::string_view text) {
    throw SqlError("22P02", "invalid input syntax for type " + std::string(type) + ": \"" +
                                std::string(text) + "\"");
}

using Octets = std::array<int, 6>;

/// The forms of macaddr_in, tried in its order; the trailing %1s finds junk.
bool scan(const char* text, Octets& o) {
    char junk[2];
    const auto whole = [&](int count) { return count == 6; };
    unsigned v[6] = {};
    const bool found =
        whole(std::sscanf(text, "%x:%x:%x:%x:%x:%x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%x-%x-%x-%x-%x-%x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%2x%2x%2x:%2x%2x%2x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%2x%2x%2x-%2x%2x%2x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%2x%2x.%2x%2x.%2x%2x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%2x%2x-%2x%2x-%2x%2x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk)) ||
        whole(std::sscanf(text, "%2x%2x%2x%2x%2x%2x%1s", v, v + 1, v + 2, v + 3, v + 4, v + 5, junk));
    for (std::size_t i = 0; i < o.size(); ++i) o[i] = static_cast<int>(v[i]);
    return found;
}

Datum macaddr_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(macaddr_text(parse_macaddr(text)));
}

Datum macaddr8_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(macaddr_text(parse_macaddr8(text)));
}

void macaddr_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int macaddr_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_text().compare(b.as_text());
}

void macaddr_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += macaddr_bytes(value.as_text());
}

constexpr TypeOps kTypes[] = {
    {oid::kMacaddr8, macaddr8_input, macaddr_output, macaddr_compare, macaddr_to_disk, true},
    {oid::kMacaddr, macaddr_input, macaddr_output, macaddr_compare, macaddr_to_disk, true},
};

}  // namespace

std::string parse_macaddr(std::string_view text) {
    const std::string copy(text);
    Octets octets{};
    if (!scan(copy.c_str(), octets)) bad_input("macaddr", text);
    std::string bytes;
    for (int octet : octets) {
        if (octet < 0 || octet > 255) {
            throw SqlError("22003", "invalid octet value in \"macaddr\" value: \"" + copy + "\"");
        }
        bytes += static_cast<char>(static_cast<unsigned char>(octet));
    }
    return bytes;
}

std::string parse_macaddr8(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    std::string bytes;
    char spacer = '\0';
    // Digits come in pairs; one kind of spacer may stand between any two.
    while (rest.size() >= 2) {
        const int high = hex_value(rest[0]), low = hex_value(rest[1]);
        if (high < 0 || low < 0 || bytes.size() == 8) bad_input("macaddr8", text);
        bytes += static_cast<char>(high << 4 | low);
        rest.remove_prefix(2);
        if (rest.starts_with(':') || rest.starts_with('-') || rest.starts_with('.')) {
            if (spacer != '\0' && spacer != rest[0]) bad_input("macaddr8", text);
            spacer = rest[0];
            rest.remove_prefix(1);
        }
        if (bytes.size() != 6 && bytes.size() != 8) continue;
        if (rest.empty() || !is_space(rest.front())) continue;
        while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        if (!rest.empty()) bad_input("macaddr8", text);
    }
    if (bytes.size() == 6) bytes.insert(3, "\xFF\xFE");
    if (bytes.size() != 8) bad_input("macaddr8", text);
    return bytes;
}

std::string macaddr_text(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0) out += ':';
        append_hex(out, bytes.substr(i, 1));
    }
    return out;
}

std::string macaddr_bytes(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        bytes += static_cast<char>(hex_value(text[at]) << 4 | hex_value(text[at + 1]));
    }
    return bytes;
}

FunctionTables macaddr_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
