#include "core/kafka/record.h"

namespace cdcsim::kafka {

std::optional<std::string> Content::text() const {
    if (is_null) return std::nullopt;
    std::string out;
    out.reserve(size());
    if (prefix) out += *prefix;
    out += payload;
    if (closed_by_brace) out += '}';
    return out;
}

std::size_t Content::size() const {
    if (is_null) return 0;
    return (prefix ? prefix->size() : 0) + payload.size() + (closed_by_brace ? 1 : 0);
}

}  // namespace cdcsim::kafka
