#include "core/connect/java_hash_map.h"

namespace cdcsim::connect {

std::int32_t java_string_hash(std::string_view utf8) {
    std::uint32_t hash = 0;
    auto add = [&](std::uint32_t unit) { hash = hash * 31 + unit; };
    for (std::size_t i = 0; i < utf8.size();) {
        auto lead = static_cast<unsigned char>(utf8[i]);
        int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
        for (int k = 1; k <= more && i + static_cast<std::size_t>(k) < utf8.size(); ++k)
            point = point << 6 |
                    (static_cast<unsigned char>(utf8[i + static_cast<std::size_t>(k)]) & 0x3FU);
        i += static_cast<std::size_t>(more) + 1;
        if (point < 0x10000) {
            add(point);
        } else {
            point -= 0x10000;
            add(0xD800 + (point >> 10));
            add(0xDC00 + (point & 0x3FF));
        }
    }
    return static_cast<std::int32_t>(hash);
}

}  // namespace cdcsim::connect
