#include "sim/postgres/type/oidvector.h"

#include <algorithm>
#include <charconv>

namespace cdcsim::pg {

std::vector<std::int64_t> vector_elements(std::string_view canonical) {
    std::vector<std::int64_t> elements;
    const char* at = canonical.data();
    const char* const end = at + canonical.size();
    while (at != end) {
        std::int64_t value = 0;
        at = std::from_chars(at, end, value).ptr;
        elements.push_back(value);
        if (at != end) ++at;
    }
    return elements;
}

int compare_oidvectors(std::string_view a, std::string_view b) noexcept {
    const auto left = vector_elements(a);
    const auto right = vector_elements(b);
    if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
    const auto [l, r] = std::ranges::mismatch(left, right);
    if (l == left.end()) return 0;
    return *l < *r ? -1 : 1;
}

}  // namespace cdcsim::pg
