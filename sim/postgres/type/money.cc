#include "sim/postgres/type/money.h"

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class MoneyReader {
  public:
    explicit MoneyReader(std::string_view text) : text_(text) {}

    std::int64_t read() {
        skip_spaces_and_currency();
        if (peek() == '-' || peek() == '(') negative_ = true, ++at_;
        else if (peek() == '+') ++at_;
        skip_spaces_and_currency();
        read_amount();
        read_tail();
        if (negative_) return value_;
        if (value_ == INT64_MIN) throw_value_out_of_range("money", text_);
        return -value_;
    }

  private:
    static constexpr int kDecimals = 2;

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_spaces() {
        while (is_sql_space(peek())) ++at_;
    }
    void skip_spaces_and_currency() {
        skip_spaces();
        if (peek() == '$') ++at_;
        skip_spaces();
    }
    /// The amount is built below zero, where there is one value more.
    void append(int digit, int factor) {
        if (__builtin_mul_overflow(value_, factor, &value_) ||
            __builtin_sub_overflow(value_, digit, &value_)) {
            throw_value_out_of_range("money", text_);
        }
    }
    void read_amount() {
        bool seen_point = false;
        int decimals = 0;
        for (; at_ < text_.size(); ++at_) {
            if (is_digit(peek()) && (!seen_point || decimals < kDecimals)) {
                append(peek() - '0', 10);
                decimals += seen_point;
            } else if (peek() == '.' && !seen_point) {
                seen_point = true;
            } else if (peek() != ',') {
                break;
            }
        }
        if (is_digit(peek()) && peek() >= '5') append(1, 1);
        for (; decimals < kDecimals; ++decimals) append(0, 10);
    }
    void read_tail() {
        while (is_digit(peek())) ++at_;
        for (; at_ < text_.size(); ++at_) {
            const char c = peek();
            if (c == '-') negative_ = true;
            else if (!is_sql_space(c) && c != ')' && c != '+' && c != '$') {
                throw_invalid_input("money", text_);
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::int64_t value_ = 0;
    bool negative_ = false;
};

Datum money_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_int(parse_money(text));
}

void money_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_money(value.as_int(), out);
}

int money_compare(const Datum& a, const Datum& b) noexcept {
    const std::int64_t x = a.as_int(), y = b.as_int();
    return x < y ? -1 : x > y;
}

constexpr TypeOps kTypes[] = {
    {oid::kMoney, money_input, money_output, money_compare, nullptr, true},
};

}  // namespace

std::int64_t parse_money(std::string_view text) { return MoneyReader(text).read(); }

void append_money(std::int64_t cents, std::string& out) {
    const std::uint64_t amount = cents < 0 ? 0 - static_cast<std::uint64_t>(cents)
                                           : static_cast<std::uint64_t>(cents);
    char buffer[40];
    char* const end = buffer + sizeof buffer;
    char* p = end;
    std::uint64_t rest = amount;
    for (int digits = 0; rest != 0 || digits < 3; ++digits, rest /= 10) {
        if (digits == 2) *--p = '.';
        else if (digits > 2 && (digits - 2) % 3 == 0) *--p = ',';
        *--p = static_cast<char>('0' + rest % 10);
    }
    *--p = '$';
    if (cents < 0) *--p = '-';
    out.append(p, static_cast<std::size_t>(end - p));
}

FunctionTables money_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
