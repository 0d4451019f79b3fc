// oidvector and int2vector: blank-separated numbers, as the catalogs show keys and argument types
// (oid.c, int.c). Their input and output are the arrays' (array.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

/// The numbers of a value in canonical form.
std::vector<std::int64_t> vector_elements(std::string_view canonical);

/// btoidvectorcmp: shorter ones first, then element by element.
int compare_oidvectors(std::string_view a, std::string_view b) noexcept;

}  // namespace cdcsim::pg
