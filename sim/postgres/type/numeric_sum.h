// The running sum of many numerics (sum, avg): in 128 bits as long as that is exact, then as a
// Numeric; NaN and infinities are counted as PostgreSQL's NumericAggState does.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/numeric_fast.h"

namespace cdcsim::pg {

class NumericSum {
  public:
    /// `text` is canonical.
    void add_text(std::string_view text);
    void add_integer(std::int64_t value);
    std::int64_t count() const { return count_; }
    Numeric total() const;

  private:
    void add_small(SmallDecimal decimal);
    void spill();

    std::int64_t count_ = 0;
    Int128 small_ = 0;  ///< times 10^-small_scale_
    int small_scale_ = 0;
    Numeric large_;  ///< what did not fit
    bool nan_ = false, plus_infinity_ = false, minus_infinity_ = false;
};

}  // namespace cdcsim::pg
