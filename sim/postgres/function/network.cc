// Functions of inet and cidr (network.c).
#include "sim/postgres/type/network.h"

#include <algorithm>
#include <functional>

#include "sim/postgres/function/function_tables.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// The texts of both kinds are valid inet texts.
NetworkAddress address_of(const Datum& value) {
    return parse_network(value.as_text(), NetworkKind::kInet);
}

Datum inet(const NetworkAddress& address) {
    return Datum::of_text(network_text(address, NetworkKind::kInet));
}

Datum cidr(NetworkAddress address) {
    address.clear_from(address.bits);
    return Datum::of_text(network_text(address, NetworkKind::kCidr));
}

int by_network(const Datum& a, const Datum& b) {
    return compare_networks(address_of(a), address_of(b));
}

template <typename Test>
Datum test(CallContext&, Args args) {
    return Datum::of_bool(Test{}(by_network(args[0], args[1]), 0));
}

Datum network_cmp(CallContext&, Args args) {
    return Datum::of_int(by_network(args[0], args[1]));
}

Datum network_larger(CallContext&, Args args) {
    return by_network(args[0], args[1]) > 0 ? args[0] : args[1];
}

Datum network_smaller(CallContext&, Args args) {
    return by_network(args[0], args[1]) < 0 ? args[0] : args[1];
}

/// Whether `inner` lies in the network of `outer`; strictly: with a longer mask.
enum class Inside : bool { kStrictly, kOrEqual };

bool lies_in(const Datum& inner, const Datum& outer, Inside how) {
    const NetworkAddress a = address_of(inner), b = address_of(outer);
    if (a.ipv6 != b.ipv6) return false;
    const bool long_enough = how == Inside::kStrictly ? a.bits > b.bits : a.bits >= b.bits;
    return long_enough && compare_bits(a, b, b.bits) == 0;
}

Datum network_sub(CallContext&, Args args) {
    return Datum::of_bool(lies_in(args[0], args[1], Inside::kStrictly));
}
Datum network_subeq(CallContext&, Args args) {
    return Datum::of_bool(lies_in(args[0], args[1], Inside::kOrEqual));
}
Datum network_sup(CallContext&, Args args) {
    return Datum::of_bool(lies_in(args[1], args[0], Inside::kStrictly));
}
Datum network_supeq(CallContext&, Args args) {
    return Datum::of_bool(lies_in(args[1], args[0], Inside::kOrEqual));
}

Datum network_overlap(CallContext&, Args args) {
    const NetworkAddress a = address_of(args[0]), b = address_of(args[1]);
    return Datum::of_bool(a.ipv6 == b.ipv6 && compare_bits(a, b, std::min(a.bits, b.bits)) == 0);
}

Datum network_host(CallContext&, Args args) {
    std::string out;
    append_address(out, address_of(args[0]));
    return Datum::of_text(std::move(out));
}

Datum network_show(CallContext&, Args args) {
    return Datum::of_text(network_text(address_of(args[0]), NetworkKind::kCidr));
}

Datum inet_abbrev(CallContext&, Args args) { return inet(address_of(args[0])); }

/// Trailing octets that the mask does not reach are left out.
Datum cidr_abbrev(CallContext&, Args args) {
    const NetworkAddress address = address_of(args[0]);
    if (address.ipv6) throw NotSimulated("abbrev() of an IPv6 cidr");
    std::string out;
    for (int i = 0; i < std::max((address.bits + 7) / 8, 1); ++i) {
        if (i > 0) out += '.';
        out += std::to_string(address.bytes[static_cast<std::size_t>(i)]);
    }
    return Datum::of_text(out + "/" + std::to_string(address.bits));
}

Datum network_masklen(CallContext&, Args args) {
    return Datum::of_int(address_of(args[0]).bits);
}

Datum network_family(CallContext&, Args args) {
    return Datum::of_int(address_of(args[0]).ipv6 ? 6 : 4);
}

Datum network_network(CallContext&, Args args) { return cidr(address_of(args[0])); }

Datum network_broadcast(CallContext&, Args args) {
    NetworkAddress address = address_of(args[0]);
    address.set_from(address.bits);
    return inet(address);
}

NetworkAddress mask_of(const Datum& value) {
    NetworkAddress mask = address_of(value);
    mask.bytes.fill(0);
    NetworkAddress inverse = mask;
    inverse.set_from(mask.bits);
    for (std::size_t i = 0; i < static_cast<std::size_t>(mask.size()); ++i) {
        mask.bytes[i] = static_cast<std::uint8_t>(~inverse.bytes[i]);
    }
    mask.bits = mask.max_bits();
    return mask;
}

NetworkAddress inverted(NetworkAddress address) {
    for (int i = 0; i < address.size(); ++i) {
        auto& byte = address.bytes[static_cast<std::size_t>(i)];
        byte = static_cast<std::uint8_t>(~byte);
    }
    return address;
}

Datum network_netmask(CallContext&, Args args) { return inet(mask_of(args[0])); }
Datum network_hostmask(CallContext&, Args args) { return inet(inverted(mask_of(args[0]))); }
Datum inetnot(CallContext&, Args args) { return inet(inverted(address_of(args[0]))); }

NetworkAddress with_mask_length(Args args) {
    NetworkAddress address = address_of(args[0]);
    const std::int64_t bits = args[1].as_int() == -1 ? address.max_bits() : args[1].as_int();
    if (bits < 0 || bits > address.max_bits()) {
        throw SqlError("22023", "invalid mask length: " + std::to_string(bits));
    }
    address.bits = static_cast<int>(bits);
    return address;
}

Datum inet_set_masklen(CallContext&, Args args) { return inet(with_mask_length(args)); }
Datum cidr_set_masklen(CallContext&, Args args) { return cidr(with_mask_length(args)); }
Datum inet_to_cidr(CallContext&, Args args) { return cidr(address_of(args[0])); }

Datum inet_same_family(CallContext&, Args args) {
    return Datum::of_bool(address_of(args[0]).ipv6 == address_of(args[1]).ipv6);
}

Datum inet_merge(CallContext&, Args args) {
    NetworkAddress a = address_of(args[0]);
    const NetworkAddress b = address_of(args[1]);
    if (a.ipv6 != b.ipv6) {
        throw SqlError("22023", "cannot merge addresses from different families");
    }
    int common = std::min(a.bits, b.bits);
    while (compare_bits(a, b, common) != 0) --common;
    a.bits = common;
    return cidr(a);
}

template <typename Operation>
Datum combine(Args args, std::string_view name, Operation operation) {
    NetworkAddress a = address_of(args[0]);
    const NetworkAddress b = address_of(args[1]);
    if (a.ipv6 != b.ipv6) {
        throw SqlError("22023",
                       "cannot " + std::string(name) + " inet values of different sizes");
    }
    for (std::size_t i = 0; i < a.bytes.size(); ++i) {
        a.bytes[i] = static_cast<std::uint8_t>(operation(a.bytes[i], b.bytes[i]));
    }
    a.bits = std::max(a.bits, b.bits);
    return inet(a);
}

Datum inetand(CallContext&, Args args) { return combine(args, "AND", std::bit_and<>{}); }
Datum inetor(CallContext&, Args args) { return combine(args, "OR", std::bit_or<>{}); }

[[noreturn]] void out_of_range() { throw SqlError("22003", "result is out of range"); }

Datum add(const Datum& value, std::int64_t addend) {
    NetworkAddress address = address_of(value);
    std::int64_t carry = 0, rest = addend;
    for (int i = address.size() - 1; i >= 0; --i) {
        auto& byte = address.bytes[static_cast<std::size_t>(i)];
        carry += byte + (rest & 0xFF);
        byte = static_cast<std::uint8_t>(carry & 0xFF);
        carry >>= 8;
        rest >>= 8;  // keeps the sign
    }
    // What is left must be nothing, or a negative addend's sign and the carry that it makes.
    if (!((rest == 0 && carry == 0) || (rest == -1 && carry == 1))) out_of_range();
    return inet(address);
}

Datum inetpl(CallContext&, Args args) { return add(args[0], args[1].as_int()); }
Datum int8pl_inet(CallContext&, Args args) { return add(args[1], args[0].as_int()); }

Datum inetmi_int8(CallContext&, Args args) {
    if (args[1].as_int() == INT64_MIN) throw NotSimulated("an inet minus the least bigint");
    return add(args[0], -args[1].as_int());
}

Datum inetmi(CallContext&, Args args) {
    const NetworkAddress a = address_of(args[0]), b = address_of(args[1]);
    if (a.ipv6 != b.ipv6) {
        throw SqlError("22023", "cannot subtract inet values of different sizes");
    }
    std::uint64_t result = 0;
    int carry = 1, shift = 0;
    for (int i = a.size() - 1; i >= 0; --i, shift += 8) {
        const auto at = static_cast<std::size_t>(i);
        const int sum = a.bytes[at] + (~b.bytes[at] & 0xFF) + carry;
        const auto byte = static_cast<std::uint64_t>(sum & 0xFF);
        carry = sum >> 8;
        if (shift < 64) {
            result |= byte << shift;
        } else if (byte != (static_cast<std::int64_t>(result) < 0 ? 0xFFU : 0U)) {
            out_of_range();
        }
    }
    if (carry == 0 && shift < 64) result |= ~std::uint64_t{0} << shift;
    return Datum::of_int(static_cast<std::int64_t>(result));
}

constexpr ScalarRow kScalars[] = {
    {"#2631", int8pl_inet},
    {"cidr_abbrev", cidr_abbrev},
    {"cidr_set_masklen", cidr_set_masklen},
    {"inet_abbrev", inet_abbrev},
    {"inet_merge", inet_merge},
    {"inet_same_family", inet_same_family},
    {"inet_set_masklen", inet_set_masklen},
    {"inet_to_cidr", inet_to_cidr},
    {"inetand", inetand},
    {"inetmi", inetmi},
    {"inetmi_int8", inetmi_int8},
    {"inetnot", inetnot},
    {"inetor", inetor},
    {"inetpl", inetpl},
    {"network_broadcast", network_broadcast},
    {"network_cmp", network_cmp},
    {"network_eq", test<std::equal_to<>>},
    {"network_family", network_family},
    {"network_ge", test<std::greater_equal<>>},
    {"network_gt", test<std::greater<>>},
    {"network_host", network_host},
    {"network_hostmask", network_hostmask},
    {"network_larger", network_larger},
    {"network_le", test<std::less_equal<>>},
    {"network_lt", test<std::less<>>},
    {"network_masklen", network_masklen},
    {"network_ne", test<std::not_equal_to<>>},
    {"network_netmask", network_netmask},
    {"network_network", network_network},
    {"network_overlap", network_overlap},
    {"network_show", network_show},
    {"network_smaller", network_smaller},
    {"network_sub", network_sub},
    {"network_subeq", network_subeq},
    {"network_sup", network_sup},
    {"network_supeq", network_supeq},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables network_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
