// The operators and functions of money. Mirrors PostgreSQL's cash.c.
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/rows.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/numeric_fast.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

[[noreturn]] void throw_money_out_of_range() { throw_integer_out_of_range("money"); }
[[noreturn]] void throw_division_by_zero() { throw SqlError("22012", "division by zero"); }

Datum cash_pl(CallContext&, Args args) {
    std::int64_t result;
    if (__builtin_add_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_money_out_of_range();
    }
    return Datum::of_int(result);
}

Datum cash_mi(CallContext&, Args args) {
    std::int64_t result;
    if (__builtin_sub_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_money_out_of_range();
    }
    return Datum::of_int(result);
}

Datum multiply_integer(CallContext&, Args args) {
    std::int64_t result;
    if (__builtin_mul_overflow(args[0].as_int(), args[1].as_int(), &result)) {
        throw_money_out_of_range();
    }
    return Datum::of_int(result);
}

Datum divide_integer(CallContext&, Args args) {
    const std::int64_t a = args[0].as_int(), b = args[1].as_int();
    if (b == 0) throw_division_by_zero();
    if (b == -1 && a == INT64_MIN) throw_money_out_of_range();
    return Datum::of_int(a / b);
}

/// rint to cents, within the range of int8.
Datum rounded(double value) {
    value = std::rint(value);
    constexpr double kLimit = 9223372036854775808.0;
    if (!(value >= -kLimit && value < kLimit)) throw_money_out_of_range();
    return Datum::of_int(static_cast<std::int64_t>(value));
}

Datum cash_mul_flt(CallContext&, Args args) {
    return rounded(static_cast<double>(args[0].as_int()) * args[1].as_float());
}
Datum flt_mul_cash(CallContext&, Args args) {
    return rounded(static_cast<double>(args[1].as_int()) * args[0].as_float());
}
Datum cash_div_flt(CallContext&, Args args) {
    const double divisor = args[1].as_float();
    if (divisor == 0) throw_division_by_zero();
    return rounded(static_cast<double>(args[0].as_int()) / divisor);
}

Datum cash_div_cash(CallContext&, Args args) {
    if (args[1].as_int() == 0) throw_division_by_zero();
    return Datum::of_float(static_cast<double>(args[0].as_int()) /
                           static_cast<double>(args[1].as_int()));
}

Datum int_cash(CallContext&, Args args) {
    std::int64_t result;
    if (__builtin_mul_overflow(args[0].as_int(), 100, &result)) {
        throw_integer_out_of_range("bigint");
    }
    return Datum::of_int(result);
}

Datum numeric_cash(CallContext&, Args args) {
    const Numeric amount = Numeric::from_canonical(args[0].as_text());
    if (amount.is_special()) {
        throw SqlError("0A000", std::string("cannot convert ") +
                                    (amount.is_nan() ? "NaN" : "infinity") + " to bigint");
    }
    const std::optional<std::int64_t> cents = to_int64(multiply(amount, Numeric(100)));
    if (!cents) throw_integer_out_of_range("bigint");
    return Datum::of_int(*cents);
}

Datum cash_numeric(CallContext&, Args args) {
    std::string text;
    append_decimal(args[0].as_int(), 2, text);
    return Datum::of_text(std::move(text));
}

bool holds(Args args, auto compare) { return compare(args[0].as_int(), args[1].as_int()); }
Datum cash_eq(CallContext&, Args args) { return Datum::of_bool(holds(args, std::equal_to())); }
Datum cash_ne(CallContext&, Args args) { return Datum::of_bool(holds(args, std::not_equal_to())); }
Datum cash_lt(CallContext&, Args args) { return Datum::of_bool(holds(args, std::less())); }
Datum cash_le(CallContext&, Args args) { return Datum::of_bool(holds(args, std::less_equal())); }
Datum cash_gt(CallContext&, Args args) { return Datum::of_bool(holds(args, std::greater())); }
Datum cash_ge(CallContext&, Args args) { return Datum::of_bool(holds(args, std::greater_equal())); }
Datum cash_cmp(CallContext&, Args args) {
    return Datum::of_int(holds(args, std::less()) ? -1 : holds(args, std::greater()));
}
Datum cashlarger(CallContext&, Args args) {
    return holds(args, std::greater()) ? args[0] : args[1];
}
Datum cashsmaller(CallContext&, Args args) { return holds(args, std::less()) ? args[0] : args[1]; }

Datum cash_send(CallContext&, Args args) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(args[0].as_int() >> shift & 0xff);
    }
    return Datum::of_text(std::move(bytes));
}

// cash_words: the amount in English, as one writes it on a cheque.

constexpr const char* kSmallWords[] = {
    "zero",    "one",     "two",       "three",    "four",     "five",    "six",
    "seven",   "eight",   "nine",      "ten",      "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen",  "seventeen", "eighteen", "nineteen"};
constexpr const char* kTensWords[] = {"",      "",      "twenty",  "thirty", "forty",
                                      "fifty", "sixty", "seventy", "eighty", "ninety"};

/// REQUIRES: number < 1000.
std::string number_words(std::uint64_t number) {
    const std::uint64_t below_hundred = number % 100;
    std::string words;
    if (number >= 100) {
        words = std::string(kSmallWords[number / 100]) + " hundred";
        if (below_hundred == 0) return words;
        words += below_hundred < 20 ? " and " : " ";
    }
    if (below_hundred < 20) return words + kSmallWords[below_hundred];
    words += kTensWords[below_hundred / 10];
    if (below_hundred % 10 != 0) words += std::string(" ") + kSmallWords[below_hundred % 10];
    return words;
}

Datum cash_words(CallContext&, Args args) {
    struct Scale {
        std::uint64_t cents;
        const char* word;
    };
    constexpr Scale kScales[] = {
        {100'000'000'000'000'000, " quadrillion "}, {100'000'000'000'000, " trillion "},
        {100'000'000'000, " billion "},             {100'000'000, " million "},
        {100'000, " thousand "},                    {100, ""},
    };
    const std::int64_t value = args[0].as_int();
    const std::uint64_t cents = value < 0 ? 0 - static_cast<std::uint64_t>(value)
                                          : static_cast<std::uint64_t>(value);
    std::string words;
    for (const Scale& scale : kScales) {
        const std::uint64_t part = cents / scale.cents % 1000;
        if (part != 0) words += number_words(part) + scale.word;
    }
    if (words.empty()) words = "zero";
    words += cents / 100 == 1 ? " dollar and " : " dollars and ";
    words += number_words(cents % 100);
    words += cents % 100 == 1 ? " cent" : " cents";
    if (value < 0) words.insert(0, "minus ");
    words[0] = static_cast<char>(words[0] - 'a' + 'A');
    return Datum::of_text(std::move(words));
}

constexpr auto kScalars = sorted_rows(std::to_array<ScalarRow>({
    {"cash_pl", cash_pl}, {"cash_mi", cash_mi},
    {"cash_mul_int2", multiply_integer}, {"cash_mul_int4", multiply_integer},
    {"cash_mul_int8", multiply_integer}, {"int2_mul_cash", multiply_integer},
    {"int4_mul_cash", multiply_integer}, {"int8_mul_cash", multiply_integer},
    {"cash_div_int2", divide_integer}, {"cash_div_int4", divide_integer},
    {"cash_div_int8", divide_integer},
    {"cash_mul_flt4", cash_mul_flt}, {"cash_mul_flt8", cash_mul_flt},
    {"flt4_mul_cash", flt_mul_cash}, {"flt8_mul_cash", flt_mul_cash},
    {"cash_div_flt4", cash_div_flt}, {"cash_div_flt8", cash_div_flt},
    {"cash_div_cash", cash_div_cash},
    {"int4_cash", int_cash}, {"int8_cash", int_cash}, {"numeric_cash", numeric_cash},
    {"cash_numeric", cash_numeric},
    {"cash_eq", cash_eq}, {"cash_ne", cash_ne}, {"cash_lt", cash_lt}, {"cash_le", cash_le},
    {"cash_gt", cash_gt}, {"cash_ge", cash_ge}, {"cash_cmp", cash_cmp},
    {"cashlarger", cashlarger}, {"cashsmaller", cashsmaller}, {"cash_send", cash_send},
    {"cash_words", cash_words},
}));

}  // namespace

FunctionTables money_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
