#include "core/base/ids.h"

#include <fmt/format.h>

namespace cdcsim {

std::string Lsn::text() const {
    return fmt::format("{:X}/{:X}", value >> 32, value & 0xFFFFFFFFU);
}

}  // namespace cdcsim
