#include "sim/postgres/type/numeric_sum.h"

#include <string>

namespace cdcsim::pg {

void NumericSum::add_text(std::string_view text) {
    if (const auto small = read_small_decimal(text)) return add_small(*small);
    ++count_;
    const Numeric value = Numeric::from_canonical(text);
    if (!value.is_special()) {
        large_ = add(large_, value);
        return;
    }
    (value.is_nan() ? nan_ : value.sign() > 0 ? plus_infinity_ : minus_infinity_) = true;
}

void NumericSum::add_integer(std::int64_t value) { add_small({value, 0}); }

void NumericSum::add_small(SmallDecimal decimal) {
    ++count_;
    Int128 value = decimal.value;
    if (decimal.scale < small_scale_) value *= power_of_ten(small_scale_ - decimal.scale);
    if (decimal.scale > small_scale_) {
        Int128 rescaled;
        if (__builtin_mul_overflow(small_, power_of_ten(decimal.scale - small_scale_), &rescaled)) {
            spill();
            rescaled = 0;
        }
        small_ = rescaled;
        small_scale_ = decimal.scale;
    }
    Int128 sum;
    if (__builtin_add_overflow(small_, value, &sum)) {
        spill();
        sum = value;
    }
    small_ = sum;
}

void NumericSum::spill() {
    std::string text;
    append_decimal(small_, small_scale_, text);
    large_ = add(large_, Numeric::from_canonical(text));
    small_ = 0;
}

Numeric NumericSum::total() const {
    if (nan_ || (plus_infinity_ && minus_infinity_)) return Numeric::nan();
    if (plus_infinity_ || minus_infinity_) return Numeric::infinity(plus_infinity_ ? 1 : -1);
    std::string text;
    append_decimal(small_, small_scale_, text);
    return add(large_, Numeric::from_canonical(text));
}

}  // namespace cdcsim::pg
