// to_char(number, text) and to_number(text, text). Mirrors the SQL functions of formatting.c.
#include <cfloat>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/number_picture.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/numeric_fast.h"
#include "sim/postgres/type/numeric_math.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

std::string roman_numeral(std::int64_t number) {
    if (number > 3999 || number < 1) return std::string(15, '#');
    struct Step {
        int value;
        const char* letters;
    };
    constexpr Step kSteps[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                               {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                               {5, "V"},    {4, "IV"},   {1, "I"}};
    std::string roman;
    for (const Step& step : kSteps) {
        for (; number >= step.value; number -= step.value) roman += step.letters;
    }
    return roman;
}

/// What a number that does not fit its picture looks like.
std::string overflow_marks(const NumberPicture& picture) {
    std::string marks(static_cast<std::size_t>(picture.before + picture.after + 1), '#');
    marks[static_cast<std::size_t>(picture.before)] = '.';
    return marks;
}

/// NaN and infinities under EEEE.
std::string exponent_marks(const NumberPicture& picture) {
    std::string marks(static_cast<std::size_t>(picture.before + picture.after + 6), '#');
    marks[0] = ' ';
    marks[static_cast<std::size_t>(picture.before) + 1] = '.';
    return marks;
}

/// Splits the sign off `text` ("-12.5") and counts the positions that stay empty before it.
NumberText fit(const NumberPicture& picture, std::string text) {
    NumberText number;
    if (text.starts_with('-')) {
        number.sign = '-';
        text.erase(0, 1);
    }
    const auto whole = static_cast<int>(std::min(text.find('.'), text.size()));
    if (whole < picture.before) number.leading_spaces = picture.before - whole;
    number.digits = whole > picture.before ? overflow_marks(picture) : std::move(text);
    return number;
}

/// A number without a sign of its own: roman.
NumberText unsigned_text(std::string digits) { return {std::move(digits), '\0', 0}; }

/// "1.50e+03" of a numeric.
std::string scientific(const Numeric& value, int scale) {
    int exponent = 0;
    if (!value.digits.empty()) {
        exponent = value.weight * kNumericDigits + static_cast<int>(std::log10(value.digits[0]));
    }
    // Division by 10^exponent.
    const int place = (exponent % kNumericDigits + kNumericDigits) % kNumericDigits;
    Numeric divisor(power_of_ten(place));
    divisor.weight = (exponent - place) / kNumericDigits;
    std::string out = divide(value, divisor, scale, Rounding::kHalfAwayFromZero).text();
    out += exponent < 0 ? "e-" : "e+";
    if (std::abs(exponent) < 10) out += '0';
    append_integer(std::abs(exponent), out);
    return out;
}

/// Positive numbers get a blank where negative ones have their sign.
std::string aligned(std::string text) { return text.starts_with('-') ? text : " " + text; }

std::string scientific(double value, int scale) {
    char buffer[1500];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific,
                             scale)
                   .ptr;
    return aligned({buffer, end});
}

std::string fixed(double value, int scale) {
    std::string buffer(static_cast<std::size_t>(scale) + 340, '\0');
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                             std::chars_format::fixed, scale)
                   .ptr;
    buffer.resize(static_cast<std::size_t>(end - buffer.data()));
    return buffer;
}

std::string numeric_text(NumberPicture& picture, const Numeric& value) {
    Numeric shifted = value;
    if (picture.shifted) {
        shifted = numeric_times(value, numeric_power(Numeric(10), Numeric(picture.shift)));
        picture.before += picture.shift;
    }
    shifted.round_to(picture.after);
    return shifted.text();
}

template <typename Int>
std::string integer_text(NumberPicture& picture, std::int64_t value) {
    if (picture.shifted) {
        const double factor = std::pow(10.0, picture.shift);
        // int4 multiplies by the truncated power, int8 by dtoi8 of it.
        Int limited = 0;
        if (factor < static_cast<double>(std::numeric_limits<Int>::max())) {
            limited = static_cast<Int>(factor);
        } else if (sizeof(Int) == 8) {
            throw_integer_out_of_range("bigint");
        } else {
            limited = std::numeric_limits<Int>::min();
        }
        Int product;
        if (__builtin_mul_overflow(static_cast<Int>(value), limited, &product)) {
            throw_integer_out_of_range(integer_name<Int>());
        }
        value = product;
        picture.before += picture.shift;
    }
    std::string text;
    append_integer(value, text);
    if (picture.after > 0) text.append(".").append(static_cast<std::size_t>(picture.after), '0');
    return text;
}

/// A float is shown with no more digits than it has.
template <typename Float>
std::string float_text(NumberPicture& picture, double value) {
    constexpr int kDigits = sizeof(Float) == 4 ? FLT_DIG : DBL_DIG;
    auto shifted = static_cast<Float>(value);
    if (picture.shifted) {
        shifted *= static_cast<Float>(std::pow(10.0, picture.shift));
        picture.before += picture.shift;
    }
    const bool finite = std::isfinite(shifted);
    const std::string special = std::isnan(shifted) ? "NaN" : "Infinity";
    const std::string rounded = finite ? fixed(std::fabs(double{shifted}), 0) : special;
    const auto whole = static_cast<int>(rounded.size());
    if (whole >= kDigits) picture.after = 0;
    else if (whole + picture.after > kDigits) picture.after = kDigits - whole;
    if (!finite) return std::signbit(shifted) && !std::isnan(shifted) ? "-" + special : special;
    return fixed(double{shifted}, picture.after);
}

/// The three ways of all to_char functions: roman, scientific, by digits.
template <typename Roman, typename Scientific, typename Plain>
Datum to_char(Args args, Roman roman, Scientific scientific_text, Plain plain) {
    const std::string& format = args[1].as_text();
    if (format.empty()) return Datum::of_text("");
    NumberPicture picture = parse_number_picture(format);
    if (picture.roman) {
        return Datum::of_text(write_number(picture, unsigned_text(roman_numeral(roman()))));
    }
    if (picture.exponent) return Datum::of_text(scientific_text(picture));
    std::string text = plain(picture);
    const NumberText number = fit(picture, std::move(text));
    return Datum::of_text(write_number(std::move(picture), number));
}

std::int64_t to_int4(const Numeric& value) {
    if (value.is_special()) {
        throw SqlError("0A000", std::string("cannot convert ") +
                                    (value.is_nan() ? "NaN" : "infinity") + " to integer");
    }
    const auto result = to_int64(value);
    if (!result || *result < INT_MIN || *result > INT_MAX) throw_integer_out_of_range("integer");
    return *result;
}

Datum numeric_to_char(CallContext&, Args args) {
    const Numeric value = Numeric::from_canonical(args[0].as_text());
    return to_char(
        args, [&] { return to_int4(value); },
        [&](const NumberPicture& picture) {
            if (value.is_special()) return exponent_marks(picture);
            return aligned(scientific(value, picture.after));
        },
        [&](NumberPicture& picture) { return numeric_text(picture, value); });
}

Datum int4_to_char(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int();
    return to_char(
        args, [&] { return value; },
        [&](const NumberPicture& picture) {
            return scientific(static_cast<double>(value), picture.after);
        },
        [&](NumberPicture& picture) { return integer_text<std::int32_t>(picture, value); });
}

Datum int8_to_char(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int();
    return to_char(
        args,
        [&] {
            if (value < INT_MIN || value > INT_MAX) throw_integer_out_of_range("integer");
            return value;
        },
        [&](const NumberPicture& picture) {
            return aligned(scientific(Numeric(value), picture.after));
        },
        [&](NumberPicture& picture) { return integer_text<std::int64_t>(picture, value); });
}

template <typename Float>
Datum float_to_char(CallContext&, Args args) {
    const double value = args[0].as_float();
    return to_char(
        args,
        [&] {
            const double rounded = std::rint(value);
            const bool fits = rounded >= INT_MIN && rounded <= INT_MAX;
            return fits ? static_cast<std::int64_t>(rounded) : INT_MIN;
        },
        [&](const NumberPicture& picture) {
            return std::isfinite(value) ? scientific(value, picture.after) : exponent_marks(picture);
        },
        [&](NumberPicture& picture) { return float_text<Float>(picture, value); });
}

Datum numeric_to_number(CallContext&, Args args) {
    const std::string& format = args[1].as_text();
    if (format.empty()) return Datum();
    const NumberPicture picture = parse_number_picture(format);
    const ReadNumber number = read_number(picture, args[0].as_text());
    Numeric value = parse_numeric(number.text);
    const int precision = picture.before + picture.shift + number.decimals;
    apply_numeric_typmod(value, (precision << 16 | number.decimals) + 4);
    if (picture.shifted) {
        value = numeric_times(value, numeric_power(Numeric(10), Numeric(-picture.shift)));
    }
    return Datum::of_text(value.text());
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"numeric_to_char", numeric_to_char},
    {"int4_to_char", int4_to_char},
    {"int8_to_char", int8_to_char},
    {"float4_to_char", float_to_char<float>},
    {"float8_to_char", float_to_char<double>},
    {"numeric_to_number", numeric_to_number},
}));

}  // namespace

FunctionTables number_to_char_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
