#include "sim/postgres/type/numeric.h"

#include <charconv>
#include <climits>
#include <cmath>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr int kMaxWeight = 32767, kMinWeight = -32768, kMaxStoredScale = 16383;
constexpr int kPowersOfTen[] = {1, 10, 100, 1000};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Sets digits and weight from decimal digits: `before` and `after` the point, times 10^exponent.
void set_decimal(Numeric& value, std::string_view before, std::string_view after, int exponent) {
    const int before_size = static_cast<int>(before.size());
    const int count = before_size + static_cast<int>(after.size());
    const int decimal_weight = before_size - 1 + exponent;
    const int weight = decimal_weight >= 0 ? (decimal_weight + kNumericDigits) / kNumericDigits - 1
                                           : -((-decimal_weight - 1) / kNumericDigits + 1);
    const int offset = (weight + 1) * kNumericDigits - (decimal_weight + 1);
    value.weight = weight;
    value.digits.resize((count + offset + kNumericDigits - 1) / kNumericDigits);
    int at = offset;  // position of the next decimal digit
    std::int32_t* digits = value.digits.data();
    auto append = [&](std::string_view part) {
        for (char c : part) {
            digits[at / kNumericDigits] += (c - '0') * kPowersOfTen[3 - at % kNumericDigits];
            ++at;
        }
    };
    append(before);
    append(after);
    value.strip();
}

bool starts_with_word(std::string_view text, std::string_view word) {
    if (text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
        if (c != word[i]) return false;
    }
    return true;
}

struct SpecialWord {
    std::string_view word;
    Numeric::Kind kind;
};
constexpr SpecialWord kSpecialWords[] = {
    {"nan", Numeric::Kind::kNan},
    {"infinity", Numeric::Kind::kInfinity},
    {"+infinity", Numeric::Kind::kInfinity},
    {"-infinity", Numeric::Kind::kMinusInfinity},
    {"inf", Numeric::Kind::kInfinity},
    {"+inf", Numeric::Kind::kInfinity},
    {"-inf", Numeric::Kind::kMinusInfinity},
};

/// One pass over a number as a user may write it.
class NumericReader {
  public:
    explicit NumericReader(std::string_view text) : text_(text) {}

    Numeric read() {
        skip_spaces();
        for (const SpecialWord& row : kSpecialWords) {
            if (!starts_with_word(text_.substr(at_), row.word)) continue;
            at_ += row.word.size();
            finish();
            return Numeric::special(row.kind);
        }
        Numeric value;
        if (peek() == '-' || peek() == '+') value.negative = text_[at_++] == '-';
        std::string_view before = digits(), after;
        if (peek() == '.') {
            ++at_;
            after = digits();
        }
        if ((before.empty() && after.empty()) || peek() == '.') fail();
        const int power = exponent();
        value.display_scale = std::max(static_cast<int>(after.size()) - power, 0);
        finish();
        set_decimal(value, before, after, power);
        return value;
    }

  private:
    [[noreturn]] void fail() { throw_invalid_input("numeric", text_); }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_spaces() {
        while (at_ < text_.size() && is_sql_space(text_[at_])) ++at_;
    }
    void finish() {
        skip_spaces();
        if (at_ != text_.size()) fail();
    }
    std::string_view digits() {
        const std::size_t start = at_;
        while (is_digit(peek())) ++at_;
        return text_.substr(start, at_ - start);
    }
    /// strtol() reads it: blanks may stand before it.
    int exponent() {
        if (peek() != 'e' && peek() != 'E') return 0;
        ++at_;
        skip_spaces();
        const bool negative = peek() == '-';
        if (negative || peek() == '+') ++at_;
        std::string_view text = digits();
        if (text.empty()) fail();
        int value = INT_MAX;
        std::from_chars(text.data(), text.data() + text.size(), value);
        if (value >= INT_MAX / 2) throw_numeric_overflow();
        return negative ? -value : value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void append_digits(int digit, int count, std::string& out) {
    char buffer[kNumericDigits];
    for (int i = kNumericDigits - 1; i >= 0; --i, digit /= 10) {
        buffer[i] = static_cast<char>('0' + digit % 10);
    }
    out.append(buffer, static_cast<std::size_t>(count));
}

}  // namespace

Numeric::Numeric(std::int64_t value) : negative(value < 0) {
    std::uint64_t rest = negative ? 0 - static_cast<std::uint64_t>(value)
                                  : static_cast<std::uint64_t>(value);
    for (; rest != 0; rest /= kNumericBase) {
        digits.insert_front(static_cast<std::int32_t>(rest % kNumericBase));
    }
    weight = digits.size() - 1;
    strip();
}

Numeric Numeric::special(Kind kind) {
    Numeric value;
    value.kind = kind;
    return value;
}

Numeric Numeric::from_canonical(std::string_view text) {
    Numeric value;
    const char last = text.empty() ? '\0' : text.back();
    if (last == 'N') return nan();
    if (last == 'y') return infinity(text.front() == '-' ? -1 : 1);
    if (text.front() == '-') {
        value.negative = true;
        text.remove_prefix(1);
    }
    const std::size_t point = text.find('.');
    std::string_view after = point == text.npos ? std::string_view() : text.substr(point + 1);
    value.display_scale = static_cast<int>(after.size());
    set_decimal(value, text.substr(0, point), after, 0);
    return value;
}

int Numeric::sign() const {
    if (kind == Kind::kInfinity) return 1;
    if (kind == Kind::kMinusInfinity) return -1;
    return digits.empty() ? 0 : negative ? -1 : 1;
}

bool Numeric::is_integral() const {
    return kind != Kind::kNan && (digits.empty() || digits.size() <= weight + 1);
}

bool Numeric::is_odd() const {
    return !digits.empty() && digits.size() == weight + 1 && (digits.back() & 1) != 0;
}

void Numeric::append_to(std::string& out) const {
    if (kind == Kind::kNan) return void(out += "NaN");
    if (kind == Kind::kInfinity) return void(out += "Infinity");
    if (kind == Kind::kMinusInfinity) return void(out += "-Infinity");
    const int integer_digits = (std::max(weight, 0) + 1) * kNumericDigits;
    out.reserve(out.size() + static_cast<std::size_t>(integer_digits + display_scale) + 2);
    if (negative) out += '-';
    auto digit_at = [&](int base_weight) {
        const int i = weight - base_weight;
        return i >= 0 && i < digits.size() ? digits[i] : 0;
    };
    append_integer(weight < 0 ? 0 : digit_at(weight), out);
    for (int w = weight - 1; w >= 0; --w) append_digits(digit_at(w), kNumericDigits, out);
    if (display_scale <= 0) return;
    out += '.';
    int w = -1;
    for (int left = display_scale; left > 0; left -= kNumericDigits, --w) {
        append_digits(digit_at(w), std::min(left, kNumericDigits), out);
    }
}

std::string Numeric::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Numeric::strip() {
    int zeros = 0;
    while (zeros < digits.size() && digits[zeros] == 0) ++zeros;
    if (zeros > 0) digits.erase_front(zeros), weight -= zeros;
    int size = digits.size();
    while (size > 0 && digits[size - 1] == 0) --size;
    digits.resize(size);
    if (size == 0) negative = false, weight = 0;
}

void Numeric::trunc_raw(int scale) {
    if (is_special()) return;
    display_scale = scale;
    const int wanted = (weight + 1) * kNumericDigits + scale;  // decimal digits that stay
    if (wanted <= 0) {
        digits.clear();
    } else {
        const int count = (wanted + kNumericDigits - 1) / kNumericDigits;
        const int partial = wanted % kNumericDigits;
        if (count <= digits.size()) {
            digits.resize(count);
            if (partial > 0) digits[count - 1] -= digits[count - 1] % kPowersOfTen[4 - partial];
        }
    }
    strip();
}

void Numeric::round_raw(int scale) {
    if (is_special()) return;
    display_scale = scale;
    const int wanted = (weight + 1) * kNumericDigits + scale;
    if (wanted < 0) {
        digits.clear();
        return strip();
    }
    const int count = (wanted + kNumericDigits - 1) / kNumericDigits;
    const int partial = wanted % kNumericDigits;
    if (count > digits.size() || (count == digits.size() && partial == 0)) return;
    digits.insert_front(0);  // room for the carry
    ++weight;
    int i = count;  // the last digit that stays (shifted by one)
    int carry;
    if (partial == 0) {
        carry = digits[count + 1] >= kNumericBase / 2;
    } else {
        const int unit = kPowersOfTen[4 - partial];
        const int rest = digits[i] % unit;
        digits[i] -= rest;
        if (rest >= unit / 2) digits[i] += unit;
        carry = digits[i] >= kNumericBase;
        if (carry) digits[i] -= kNumericBase;
        --i;
    }
    digits.resize(count + 1);
    for (; carry != 0; --i) {
        carry = digits[i] + 1 >= kNumericBase;
        digits[i] = carry ? 0 : digits[i] + 1;
    }
    strip();
}

void Numeric::round_to(int scale) {
    round_raw(scale);
    display_scale = std::max(display_scale, 0);
}

void Numeric::trunc_to(int scale) {
    trunc_raw(scale);
    display_scale = std::max(display_scale, 0);
}

void throw_numeric_overflow() { throw SqlError("22003", "value overflows numeric format"); }

void check_numeric_range(const Numeric& value) {
    if (value.is_special()) return;
    if (value.weight > kMaxWeight || value.weight < kMinWeight ||
        value.display_scale > kMaxStoredScale) {
        throw_numeric_overflow();
    }
}

Numeric parse_numeric(std::string_view text) {
    Numeric value = NumericReader(text).read();
    check_numeric_range(value);
    return value;
}

namespace {

/// True if the text is canonical as it stands: the common case of what users write.
bool is_canonical(std::string_view text) {
    std::size_t i = !text.empty() && text[0] == '-';
    const std::size_t start = i;
    bool nonzero = i == 0;  // "-0" is not canonical
    while (i < text.size() && is_digit(text[i])) nonzero |= text[i++] != '0';
    if (i == start || i - start > 1000 || (text[start] == '0' && i - start > 1)) return false;
    if (i == text.size()) return nonzero;
    if (text[i++] != '.' || i == text.size() || text.size() - i > 1000) return false;
    for (; i < text.size(); ++i) {
        if (!is_digit(text[i])) return false;
        nonzero |= text[i] != '0';
    }
    return nonzero;
}

}  // namespace

std::string canonical_numeric(std::string_view text) {
    if (is_canonical(text)) return std::string(text);
    return parse_numeric(text).text();
}

void apply_numeric_typmod(Numeric& value, std::int32_t typmod) {
    if (typmod < 4 || value.is_nan()) return;
    const auto [precision, scale] = numeric_typmod(typmod);
    auto fail = [&, precision = precision, scale = scale](const std::string& what) {
        throw SqlError("22003", "numeric field overflow")
            .detail("A field with precision " + std::to_string(precision) + ", scale " +
                    std::to_string(scale) + " " + what);
    };
    if (value.is_infinite()) fail("cannot hold an infinite value.");
    value.round_to(scale);
    if (value.is_zero()) return;
    const int max_digits = precision - scale;
    const int first = value.digits[0];
    const int unused = first < 10 ? 3 : first < 100 ? 2 : first < 1000 ? 1 : 0;
    if ((value.weight + 1) * kNumericDigits - unused <= max_digits) return;
    fail("must round to an absolute value less than " +
         (max_digits == 0 ? "1" : "10^" + std::to_string(max_digits)) + ".");
}

std::string apply_numeric_typmod(std::string canonical, std::int32_t typmod) {
    if (typmod < 4) return canonical;
    // Nearly in shape: no decimals too many, not too many digits before the point.
    const auto [precision, scale] = numeric_typmod(typmod);
    const std::size_t point = canonical.find('.');
    const auto decimals = point == canonical.npos ? 0 : canonical.size() - point - 1;
    const auto whole = point == canonical.npos ? canonical.size() : point;
    if (is_digit(canonical.back()) && static_cast<int>(decimals) <= scale &&
        static_cast<int>(whole) <= precision - scale) {
        if (point == canonical.npos && scale > 0) canonical += '.';
        canonical.append(static_cast<std::size_t>(scale) - decimals, '0');
        return canonical;
    }
    Numeric value = Numeric::from_canonical(canonical);
    apply_numeric_typmod(value, typmod);
    return value.text();
}

void append_numeric_disk_image(const Numeric& value, std::string& out) {
    auto append_16 = [&](unsigned word) {
        out += static_cast<char>(word & 0xff);
        out += static_cast<char>(word >> 8 & 0xff);
    };
    if (value.is_nan()) return append_16(0xC000);
    if (value.is_infinite()) return append_16(value.sign() > 0 ? 0xD000 : 0xF000);
    const auto scale = static_cast<unsigned>(value.display_scale);
    const unsigned sign = value.negative ? 1 : 0;
    const auto weight = static_cast<unsigned>(value.weight);
    if (scale <= 63 && value.weight >= -64 && value.weight <= 63) {
        append_16(0x8000 | sign << 13 | scale << 7 | (weight & 0x7f));
    } else {
        append_16(sign << 14 | scale);
        append_16(weight);
    }
    for (int i = 0; i < value.digits.size(); ++i) append_16(static_cast<unsigned>(value.digits[i]));
}

int compare_numeric_text(std::string_view a, std::string_view b) noexcept {
    // NaN > Infinity > finite > -Infinity, by the last letter.
    auto rank = [](std::string_view text) {
        const char last = text.back();
        return last == 'N' ? 2 : last == 'y' ? (text.front() == '-' ? -1 : 1) : 0;
    };
    const int a_rank = rank(a), b_rank = rank(b);
    if (a_rank != 0 || b_rank != 0) return a_rank - b_rank;
    const bool a_negative = a.front() == '-', b_negative = b.front() == '-';
    if (a_negative != b_negative) return a_negative ? -1 : 1;
    if (a_negative) {
        std::swap(a, b);
        a.remove_prefix(1), b.remove_prefix(1);
    }
    const std::size_t a_whole = std::min(a.find('.'), a.size());
    const std::size_t b_whole = std::min(b.find('.'), b.size());
    if (a_whole != b_whole) return a_whole < b_whole ? -1 : 1;
    const std::size_t common = std::min(a.size(), b.size());
    const int order = a.substr(0, common).compare(b.substr(0, common));
    if (order != 0) return order;
    std::string_view rest = a.size() > b.size() ? a.substr(common) : b.substr(common);
    if (rest.find_first_not_of(".0") == rest.npos) return 0;
    return a.size() > b.size() ? 1 : -1;
}

namespace {

Datum numeric_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    if (is_canonical(text)) return Datum::of_text(apply_numeric_typmod(std::string(text), typmod));
    Numeric value = parse_numeric(text);  // a literal is read whole before its typmod is applied
    apply_numeric_typmod(value, typmod);
    return Datum::of_text(value.text());
}

void numeric_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int numeric_compare(const Datum& a, const Datum& b) noexcept {
    return compare_numeric_text(a.as_text(), b.as_text());
}

void numeric_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_numeric_disk_image(Numeric::from_canonical(value.as_text()), out);
}

constexpr TypeOps kTypes[] = {
    {oid::kNumeric, numeric_input, numeric_output, numeric_compare, numeric_to_disk, false},
};

}  // namespace

FunctionTables numeric_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
