// inet and cidr: an address with a mask length (network.c). A value is its output text; functions
// work on the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::pg {

struct NetworkAddress {
    bool ipv6 = false;
    int bits = 0;                         ///< mask length
    std::array<std::uint8_t, 16> bytes{}; ///< an IPv4 address uses the first four

    int max_bits() const { return ipv6 ? 128 : 32; }
    int size() const { return ipv6 ? 16 : 4; }
    /// Clears all bits from number `first` on, or sets them.
    void clear_from(int first);
    void set_from(int first);
};

enum class NetworkKind : bool { kInet, kCidr };

/// inet_in, cidr_in. Throws 22P02.
NetworkAddress parse_network(std::string_view text, NetworkKind kind);

/// The address without a mask: "10.1.2.3", "2001:db8::1".
void append_address(std::string& out, const NetworkAddress& address);
/// inet_out omits the mask of a whole address, cidr_out never does.
std::string network_text(const NetworkAddress& address, NetworkKind kind);

/// <0, 0, >0: the first `bits` bits.
int compare_bits(const NetworkAddress& a, const NetworkAddress& b, int bits);
/// network_cmp: IPv4 first, then the common network part, the mask length, the whole address.
int compare_networks(const NetworkAddress& a, const NetworkAddress& b);

}  // namespace cdcsim::pg
