// Helpers of the tables of functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

/// The rows sorted by key at compile time: in the source they stand in the order of their meaning.
template <typename Row, std::size_t size>
constexpr std::array<Row, size> sorted_rows(std::array<Row, size> rows) {
    std::ranges::sort(rows, {}, &Row::key);
    return rows;
}

}  // namespace cdcsim::pg
