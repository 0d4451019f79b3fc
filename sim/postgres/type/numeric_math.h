// Functions of numeric.h: roots, powers, logarithms, whole-number functions, with NaN and infinities
// as in SQL. Mirrors the second half of PostgreSQL's numeric.c: the same series with the same
// working scales, because the last digit depends on them.
#pragma once

#include <cstdint>

#include "sim/postgres/type/numeric.h"

namespace cdcsim::pg {

Numeric numeric_modulo(const Numeric& a, const Numeric& b);
/// div(a, b): towards zero.
Numeric numeric_quotient(const Numeric& a, const Numeric& b);
Numeric numeric_gcd(const Numeric& a, const Numeric& b);
Numeric numeric_lcm(const Numeric& a, const Numeric& b);
Numeric numeric_negative(const Numeric& a);
Numeric numeric_ceiling(const Numeric& a);
Numeric numeric_floor(const Numeric& a);
Numeric numeric_square_root(const Numeric& a);
Numeric numeric_exponential(const Numeric& a);
Numeric numeric_natural_logarithm(const Numeric& a);
Numeric numeric_logarithm_10(const Numeric& a);
/// log(base, a).
Numeric numeric_logarithm(const Numeric& base, const Numeric& a);
Numeric numeric_power(const Numeric& base, const Numeric& exponent);

Numeric factorial(std::int64_t n);
/// The fewest decimals that show the value. REQUIRES: finite.
int minimal_scale(const Numeric& value);
std::int64_t width_bucket(const Numeric& operand, const Numeric& low, const Numeric& high,
                          std::int32_t count);

/// Square root rounded to `scale`. REQUIRES: finite, not negative.
Numeric square_root(const Numeric& a, int scale);

}  // namespace cdcsim::pg
