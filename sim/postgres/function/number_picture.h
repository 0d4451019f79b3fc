// The format pictures of to_char(number, text) and to_number(text, text): "FM999,990.00", "L9G999D99",
// "S9.9EEEE". Mirrors the NUM half of PostgreSQL's formatting.c.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

enum class NumberKey : std::uint8_t {
    kLiteral,  ///< not a pattern: a character of the format
    kComma, kPoint, kZero, kNine, kBlank, kLocalePoint, kExponent, kFillMode, kGroup, kCurrency,
    kMinus, kPlus, kBracket, kRomanUpper, kRomanLower, kSign, kSignPlace, kOrdinalUpper,
    kOrdinalLower, kShift, kIgnored,
};

struct NumberNode {
    NumberKey key;
    std::string literal;  ///< one UTF-8 character
};

/// What a whole picture says. Names: S is the anchored sign; MI, PL, SG are placed signs.
struct NumberPicture {
    enum class AnchoredSign : std::uint8_t { kNone, kBefore, kAfter };

    std::vector<NumberNode> nodes;
    int before = 0, after = 0;   ///< digit positions before and after the point
    int shift = 0;               ///< digits after V
    int zero_start = 0, zero_end = 0;
    int digits_before_sign = 0;
    AnchoredSign anchor = AnchoredSign::kNone;
    bool decimal = false, zero = false, blank = false, fill_mode = false, anchored = false;
    bool bracket = false, minus = false, plus = false, roman = false, shifted = false;
    bool exponent = false;
};

/// Throws 42601 for combinations that PostgreSQL refuses.
NumberPicture parse_number_picture(std::string_view format);

/// A number as digits for a picture: "1234.50" with its sign beside it.
struct NumberText {
    std::string digits;
    char sign = '+';
    int leading_spaces = 0;  ///< picture positions before the first digit
};

/// Fills the picture. `picture` is the caller's own: it is adjusted on the way.
std::string write_number(NumberPicture picture, const NumberText& number);

/// Reads what numeric_in is to parse, and the number of decimals that were read.
struct ReadNumber {
    std::string text;
    int decimals = 0;
};
ReadNumber read_number(const NumberPicture& picture, std::string_view input);

}  // namespace cdcsim::pg
