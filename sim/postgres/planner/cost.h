// Constants and small formulas of PostgreSQL's cost model, with the default settings. Mirrors
// cost.h, costsize.c and selfuncs.h. Not for other folders.
#pragma once

#include <algorithm>
#include <cmath>

namespace cdcsim::pg {

inline constexpr double kSeqPage = 1, kRandomPage = 4, kCpuTuple = 0.01, kCpuIndexTuple = 0.005,
                        kCpuOperator = 0.0025;
inline constexpr double kDefaultDistinct = 200;    // DEFAULT_NUM_DISTINCT
inline constexpr double kInequality = 1.0 / 3;     // DEFAULT_INEQ_SEL
inline constexpr double kRange = 0.005;            // DEFAULT_RANGE_INEQ_SEL, DEFAULT_UNK_SEL
inline constexpr double kFunctionSelectivity = 1.0 / 3, kOperatorSelectivity = 0.5;

/// clamp_row_est.
inline double clamp_rows(double rows) { return rows <= 1 ? 1 : std::rint(rows); }

/// index_pages_fetched: Mackert and Lohman, with room for everything in the cache.
inline double pages_fetched(double tuples, double pages) {
    double known = std::max(1.0, pages);
    double fetched = 2 * known * tuples / (2 * known + tuples);
    return fetched >= known ? known : std::ceil(fetched);
}

/// cost_sort: what sorting `tuples` rows adds to the cost until the first row and to the total.
inline double sort_start_cost(double tuples) {
    double rows = std::max(2.0, tuples);
    return 2 * kCpuOperator * rows * std::log2(rows);
}

}  // namespace cdcsim::pg
