#include "sim/postgres/type/network.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Reads text character by character; '\0' stands for the end.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : rest_(text) {}
    char peek(std::size_t ahead = 0) const { return ahead < rest_.size() ? rest_[ahead] : '\0'; }
    char take() {
        const char c = peek();
        if (!rest_.empty()) rest_.remove_prefix(1);
        return c;
    }
    bool done() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

    /// Digits up to `limit`; nullopt if there are none or the number is greater.
    std::optional<int> number(int limit) {
        if (!is_digit(peek())) return std::nullopt;
        int value = 0;
        while (is_digit(peek())) {
            value = value * 10 + (take() - '0');
            if (value > limit) return std::nullopt;
        }
        return value;
    }

  private:
    std::string_view rest_;
};

/// The mask behind an IPv4 address: -1 if there is none; nullopt if what stands there is wrong.
std::optional<int> read_mask(Cursor& cursor) {
    if (cursor.done()) return -1;
    if (cursor.take() != '/') return std::nullopt;
    const auto bits = cursor.number(32);
    return bits && cursor.done() ? bits : std::nullopt;
}

/// inet_net_pton_ipv4. Fewer than four octets need a mask that they cover.
bool parse_inet4(Cursor cursor, NetworkAddress& out) {
    int count = 0;
    while (is_digit(cursor.peek())) {
        const auto octet = cursor.number(255);
        if (!octet || count == 4) return false;
        out.bytes[static_cast<std::size_t>(count++)] = static_cast<std::uint8_t>(*octet);
        if (cursor.peek() != '.') break;
        cursor.take();
    }
    const auto bits = read_mask(cursor);
    if (!bits || count == 0) return false;
    out.bits = *bits >= 0 ? *bits : 32;
    return *bits >= 0 ? *bits / 8 <= count : count == 4;
}

/// The mask that the class of a network implies.
int class_bits(int first_octet, int count) {
    int bits = first_octet >= 240   ? 32
               : first_octet >= 224 ? 8
               : first_octet >= 192 ? 24
               : first_octet >= 128 ? 16
                                    : 8;
    bits = std::max(bits, count * 8);
    return bits == 8 && first_octet == 224 ? 4 : bits;
}

/// 0x..., two digits an octet; the number of octets, or -1.
int parse_hex_octets(Cursor& cursor, NetworkAddress& out) {
    int digits = 0;
    for (; hex_value(cursor.peek()) >= 0; ++digits) {
        if (digits == 8) return -1;
        const int shift = digits % 2 == 0 ? 4 : 0;
        out.bytes[static_cast<std::size_t>(digits / 2)] |=
            static_cast<std::uint8_t>(hex_value(cursor.take()) << shift);
    }
    return (digits + 1) / 2;
}

int parse_decimal_octets(Cursor& cursor, NetworkAddress& out) {
    for (int count = 0; count < 4;) {
        const auto octet = cursor.number(255);
        if (!octet) return -1;
        out.bytes[static_cast<std::size_t>(count++)] = static_cast<std::uint8_t>(*octet);
        if (cursor.peek() != '.') return count;
        cursor.take();
    }
    return -1;
}

/// inet_cidr_pton_ipv4.
bool parse_cidr4(Cursor cursor, NetworkAddress& out) {
    int count = 0;
    const bool hex = cursor.peek() == '0' && (cursor.peek(1) | 0x20) == 'x';
    if (hex && hex_value(cursor.peek(2)) >= 0) {
        cursor.take();
        cursor.take();
        count = parse_hex_octets(cursor, out);
    } else {
        count = parse_decimal_octets(cursor, out);
    }
    if (count <= 0) return false;
    const auto bits = read_mask(cursor);
    if (!bits) return false;
    out.bits = *bits >= 0 ? *bits : class_bits(out.bytes[0], count);
    return true;
}

/// The mask of an IPv6 address: at most 128, no leading zeros.
std::optional<int> parse_bits6(std::string_view text) {
    Cursor cursor(text);
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    const auto bits = cursor.number(128);
    return bits && cursor.done() ? bits : std::nullopt;
}

/// The IPv4 tail of an IPv6 address, with its mask if any (getv4). Octets that are missing count as
/// zero unless the text ends with a dot.
bool parse_tail4(std::string_view text, std::uint8_t* out, int& bits) {
    Cursor cursor(text);
    for (int count = 0; count < 4; ++count) {
        if (cursor.peek() == '0' && is_digit(cursor.peek(1))) return false;
        const bool empty = !is_digit(cursor.peek());
        const auto octet = empty ? 0 : cursor.number(255);
        if (!octet) return false;
        out[count] = static_cast<std::uint8_t>(*octet);
        if (cursor.done()) return !empty;
        const char c = cursor.take();
        if (c == '/') {
            const auto mask = parse_bits6(cursor.rest());
            if (mask) bits = *mask;
            return mask.has_value();
        }
        if (c != '.') return false;
    }
    return false;
}

/// The state of reading an IPv6 address: the groups so far and where "::" stands.
struct Groups6 {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;
    std::optional<std::size_t> gap;
    int bits = -1;

    bool add(unsigned group) {
        if (size + 2 > bytes.size()) return false;
        bytes[size++] = static_cast<std::uint8_t>(group >> 8);
        bytes[size++] = static_cast<std::uint8_t>(group & 255);
        return true;
    }
    /// Moves what follows the gap to the end.
    bool close_gap() {
        if (!gap) return size == bytes.size();
        if (size == bytes.size()) return false;
        std::rotate(bytes.begin() + static_cast<std::ptrdiff_t>(*gap),
                    bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
        return true;
    }
};

bool read_groups6(Cursor cursor, Groups6& groups) {
    if (cursor.peek() == ':') {
        cursor.take();
        if (cursor.peek() != ':') return false;
    }
    Cursor token = cursor;
    unsigned value = 0;
    int digits = 0;
    while (!cursor.done()) {
        const char c = cursor.take();
        if (hex_value(c) >= 0) {
            value = value << 4 | static_cast<unsigned>(hex_value(c));
            if (++digits > 4) return false;
        } else if (c == ':') {
            token = cursor;
            if (digits == 0) {
                if (groups.gap) return false;
                groups.gap = groups.size;
                continue;
            }
            if (cursor.done() || !groups.add(value)) return false;
            value = 0;
            digits = 0;
        } else if (c == '.') {
            if (groups.size + 4 > groups.bytes.size()) return false;
            if (!parse_tail4(token.rest(), groups.bytes.data() + groups.size, groups.bits)) {
                return false;
            }
            groups.size += 4;
            return true;
        } else if (c == '/') {
            const auto bits = parse_bits6(cursor.rest());
            if (!bits) return false;
            groups.bits = *bits;
            break;
        } else {
            return false;
        }
    }
    return digits == 0 || groups.add(value);
}

bool parse_ipv6(std::string_view text, NetworkAddress& out) {
    Groups6 groups;
    if (!read_groups6(Cursor(text), groups) || !groups.close_gap()) return false;
    out.bytes = groups.bytes;
    out.bits = groups.bits < 0 ? 128 : groups.bits;
    return true;
}

Datum network_input(std::string_view text, NetworkKind kind) {
    return Datum::of_text(network_text(parse_network(text, kind), kind));
}

Datum inet_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return network_input(text, NetworkKind::kInet);
}

Datum cidr_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return network_input(text, NetworkKind::kCidr);
}

/// A cidr becomes an inet without a function, so a whole address's mask may still be there.
void inet_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    std::string_view text = value.as_text();
    const bool ipv6 = text.find(':') != std::string_view::npos;
    const std::string_view whole = ipv6 ? "/128" : "/32";
    if (text.ends_with(whole)) text.remove_suffix(whole.size());
    out += text;
}

void cidr_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

/// Both kinds' texts are valid inet texts.
NetworkAddress stored(const Datum& value) {
    return parse_network(value.as_text(), NetworkKind::kInet);
}

int network_compare(const Datum& a, const Datum& b) noexcept {
    return compare_networks(stored(a), stored(b));
}

/// Family (2 for IPv4, 3 for IPv6), mask length, the address.
void network_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    const NetworkAddress address = stored(value);
    out += static_cast<char>(address.ipv6 ? 3 : 2);
    out += static_cast<char>(address.bits);
    out.append(address.bytes.begin(), address.bytes.begin() + address.size());
}

constexpr TypeOps kTypes[] = {
    {oid::kCidr, cidr_input, cidr_output, network_compare, network_to_disk, false},
    {oid::kInet, inet_input, inet_output, network_compare, network_to_disk, false},
};

void append_ipv4(std::string& out, const std::uint8_t* octets) {
    for (int i = 0; i < 4; ++i) {
        if (i > 0) out += '.';
        out += std::to_string(octets[i]);
    }
}

void append_hex_group(std::string& out, unsigned group) {
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789abcdef"[group & 15]);
        group >>= 4;
    } while (group != 0);
    out += digits;
}

/// The longest run of zero groups, at least two, the first of equal ones.
struct ZeroRun {
    int first = -1, length = 0;
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
    ZeroRun best;
    for (int i = 0; i < 8; ++i) {
        int end = i;
        while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) ++end;
        if (end - i >= 2 && end - i > best.length) best = {i, end - i};
    }
    return best;
}

void append_ipv6(std::string& out, const NetworkAddress& address) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) {
        groups[i] = static_cast<unsigned>(address.bytes[i * 2] << 8 | address.bytes[i * 2 + 1]);
    }
    const ZeroRun run = longest_zero_run(groups);
    // Addresses that embed an IPv4 address show it as one.
    const bool embeds = run.first == 0 && (run.length == 6 || (run.length == 7 && groups[7] != 1) ||
                                           (run.length == 5 && groups[5] == 0xFFFF));
    for (int i = 0; i < 8; ++i) {
        if (run.first >= 0 && i >= run.first && i < run.first + run.length) {
            if (i == run.first) out += ':';
            continue;
        }
        if (i != 0) out += ':';
        if (i == 6 && embeds) return append_ipv4(out, address.bytes.data() + 12);
        append_hex_group(out, groups[static_cast<std::size_t>(i)]);
    }
    if (run.first >= 0 && run.first + run.length == 8) out += ':';
}

}  // namespace

void NetworkAddress::clear_from(int first) {
    for (int bit = first; bit < max_bits(); ++bit) {
        bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    }
}

void NetworkAddress::set_from(int first) {
    for (int bit = first; bit < max_bits(); ++bit) {
        bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
    }
}

NetworkAddress parse_network(std::string_view text, NetworkKind kind) {
    NetworkAddress address;
    address.ipv6 = text.find(':') != std::string_view::npos;
    const bool is_cidr = kind == NetworkKind::kCidr;
    auto shown = [&] { return "\"" + std::string(text) + "\""; };
    const bool valid = address.ipv6 ? parse_ipv6(text, address)
                       : is_cidr    ? parse_cidr4(Cursor(text), address)
                                    : parse_inet4(Cursor(text), address);
    if (!valid) {
        const std::string type = is_cidr ? "cidr" : "inet";
        throw SqlError("22P02", "invalid input syntax for type " + type + ": " + shown());
    }
    NetworkAddress network = address;
    network.clear_from(address.bits);
    if (is_cidr && network.bytes != address.bytes) {
        throw SqlError("22P02", "invalid cidr value: " + shown())
            .detail("Value has bits set to right of mask.");
    }
    return address;
}

void append_address(std::string& out, const NetworkAddress& address) {
    if (address.ipv6) {
        append_ipv6(out, address);
    } else {
        append_ipv4(out, address.bytes.data());
    }
}

std::string network_text(const NetworkAddress& address, NetworkKind kind) {
    std::string out;
    append_address(out, address);
    if (kind == NetworkKind::kCidr || address.bits != address.max_bits()) {
        out += '/';
        out += std::to_string(address.bits);
    }
    return out;
}

int compare_bits(const NetworkAddress& a, const NetworkAddress& b, int bits) {
    for (int bit = 0; bit < bits; bit += 8) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const int kept = std::min(bits - bit, 8);
        const int mask = 0xFF << (8 - kept) & 0xFF;
        const int order = (a.bytes[at] & mask) - (b.bytes[at] & mask);
        if (order != 0) return kept == 8 ? order : order < 0 ? -1 : 1;
    }
    return 0;
}

int compare_networks(const NetworkAddress& a, const NetworkAddress& b) {
    if (a.ipv6 != b.ipv6) return a.ipv6 ? 1 : -1;
    const int order = compare_bits(a, b, std::min(a.bits, b.bits));
    if (order != 0) return order;
    if (a.bits != b.bits) return a.bits - b.bits;
    return compare_bits(a, b, a.max_bits());
}

FunctionTables network_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
