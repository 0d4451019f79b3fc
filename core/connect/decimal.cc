#include "core/connect/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace cdcsim::connect {

namespace {

void trim_leading_zeros(std::string& digits) {
    auto first = digits.find_first_not_of('0');
    digits.erase(0, std::min(first, digits.size()));
    if (digits.empty()) digits = "0";
}

bool all_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Adds one to a decimal digit string.
void increment(std::string& digits) {
    auto i = digits.size();
    while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
    if (i > 0)
        ++digits[i - 1];
    else
        digits.insert(digits.begin(), '1');
}

/// Big-endian magnitude bytes of up to 18 digits.
std::string small_magnitude(std::string_view digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    std::string bytes;
    do {
        bytes.insert(bytes.begin(), static_cast<char>(value & 0xFF));
        value >>= 8;
    } while (value);
    return bytes;
}

/// The same for any size: base 10^9 into base 2^32.
std::string big_magnitude(std::string_view digits) {
    std::vector<std::uint32_t> words;
    std::size_t head = digits.size() % 9;
    for (std::size_t i = 0; i < digits.size();) {
        std::size_t take = i == 0 && head ? head : 9;
        std::uint32_t chunk = 0;
        std::from_chars(digits.data() + i, digits.data() + i + take, chunk);
        std::uint64_t carry = chunk;
        for (auto& word : words) {
            carry += std::uint64_t{word} * 1'000'000'000U;
            word = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry) words.push_back(static_cast<std::uint32_t>(carry));
        i += take;
    }
    std::string bytes;
    for (auto word = words.rbegin(); word != words.rend(); ++word)
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes += static_cast<char>(*word >> shift & 0xFF);
    bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size() - 1));
    return bytes;
}

void negate(std::string& bytes) {
    bool carry = true;
    for (auto i = bytes.size(); i-- > 0;) {
        auto inverted = static_cast<unsigned char>(~bytes[i]);
        bytes[i] = static_cast<char>(carry ? inverted + 1 : inverted);
        carry = carry && inverted == 0xFF;
    }
}

}  // namespace

std::optional<Decimal> read_decimal(std::string_view text) {
    Decimal value;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        value.negative = text[0] == '-';
        text.remove_prefix(1);
    }
    int exponent = 0;
    if (auto e = text.find_first_of("eE"); e != text.npos) {
        auto tail = text.substr(e + 1);
        if (!tail.empty() && tail[0] == '+') tail.remove_prefix(1);
        auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
        if (error != std::errc{} || end != tail.data() + tail.size()) return std::nullopt;
        text = text.substr(0, e);
    }
    auto point = text.find('.');
    auto whole = text.substr(0, point);
    auto fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    if (whole.empty() && fraction.empty()) return std::nullopt;
    if (!all_digits(whole) || !all_digits(fraction)) return std::nullopt;
    value.digits.assign(whole).append(fraction);
    trim_leading_zeros(value.digits);
    if (value.is_zero()) value.negative = false;
    value.scale = static_cast<int>(fraction.size()) - exponent;
    return value;
}

Decimal with_scale_half_up(Decimal value, int scale) {
    if (scale >= value.scale) {
        if (!value.is_zero())
            value.digits.append(static_cast<std::size_t>(scale - value.scale), '0');
        value.scale = scale;
        return value;
    }
    auto drop = static_cast<std::size_t>(value.scale - scale);
    if (value.digits.size() < drop) value.digits.insert(0, drop - value.digits.size(), '0');
    bool up = value.digits[value.digits.size() - drop] >= '5';
    value.digits.erase(value.digits.size() - drop);
    if (up) increment(value.digits);
    trim_leading_zeros(value.digits);
    if (value.is_zero()) value.negative = false;
    value.scale = scale;
    return value;
}

std::optional<Decimal> with_exact_scale(Decimal value, int scale) {
    if (scale < value.scale && !value.is_zero()) {
        auto drop = static_cast<std::size_t>(value.scale - scale);
        if (value.digits.size() <= drop) return std::nullopt;
        if (value.digits.find_first_not_of('0', value.digits.size() - drop) != std::string::npos)
            return std::nullopt;
    }
    return with_scale_half_up(std::move(value), scale);
}

Decimal without_trailing_zeros(Decimal value) {
    if (value.is_zero()) return {};
    while (value.digits.back() == '0') {
        value.digits.pop_back();
        --value.scale;
    }
    return value;
}

std::string unscaled_bytes(const Decimal& value) {
    std::string bytes =
        value.digits.size() <= 18 ? small_magnitude(value.digits) : big_magnitude(value.digits);
    if (value.negative) {
        negate(bytes);
        // A leading clear sign bit would read as positive.
        if ((bytes[0] & 0x80) == 0) bytes.insert(bytes.begin(), '\xFF');
    } else if (bytes[0] & 0x80) {
        bytes.insert(bytes.begin(), '\0');
    }
    // Negating a magnitude such as 00 80 cannot leave a redundant FF: magnitudes have no lead zero.
    return bytes;
}

Decimal decimal_of_bytes(std::string bytes, int scale) {
    Decimal value;
    value.scale = scale;
    value.negative = (bytes[0] & 0x80) != 0;
    if (value.negative) negate(bytes);
    for (char c : bytes) {  // digits = digits * 256 + byte
        unsigned carry = static_cast<unsigned char>(c);
        for (auto digit = value.digits.rbegin(); digit != value.digits.rend(); ++digit) {
            carry += static_cast<unsigned>(*digit - '0') * 256;
            *digit = static_cast<char>('0' + carry % 10);
            carry /= 10;
        }
        for (; carry > 0; carry /= 10) value.digits.insert(value.digits.begin(), static_cast<char>('0' + carry % 10));
    }
    trim_leading_zeros(value.digits);
    return value;
}

std::string plain_text(const Decimal& value) {
    std::string digits = value.digits;
    if (value.scale < 0) {
        if (!value.is_zero()) digits.append(static_cast<std::size_t>(-value.scale), '0');
    } else if (value.scale > 0) {
        auto scale = static_cast<std::size_t>(value.scale);
        if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
        digits.insert(digits.size() - scale, ".");
    }
    return value.negative ? "-" + digits : digits;
}

std::string java_text(const Decimal& value) {
    long adjusted = -static_cast<long>(value.scale) + static_cast<long>(value.digits.size()) - 1;
    if (value.scale >= 0 && adjusted >= -6) return plain_text(value);
    std::string out = value.negative ? "-" : "";
    out += value.digits[0];
    if (value.digits.size() > 1) out.append(".").append(value.digits, 1);
    if (adjusted != 0) {
        out += 'E';
        if (adjusted > 0) out += '+';
        out += std::to_string(adjusted);
    }
    return out;
}

}  // namespace cdcsim::connect
