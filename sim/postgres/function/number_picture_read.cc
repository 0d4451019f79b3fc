// Reading a text by a number picture: to_number.
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/number_picture.h"

namespace cdcsim::pg {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Walks the picture along the input. The first character of the result is the sign, or a blank.
class NumberScanner {
  public:
    NumberScanner(const NumberPicture& picture, std::string_view input)
        : picture_(picture), input_(input) {}

    ReadNumber read() {
        for (const NumberNode& node : picture_.nodes) {
            if (at_end()) break;
            read_node(node.key);
        }
        if (number_.back() == '.') number_.pop_back();
        return {number_, decimals_};
    }

  private:
    bool at_end() const { return at_ >= input_.size(); }
    char peek() const { return at_ < input_.size() ? input_[at_] : '\0'; }
    void skip_character() {
        ++at_;
        while (at_ < input_.size() && (input_[at_] & 0xc0) == 0x80) ++at_;
    }
    /// Up to `count` characters that cannot belong to a number.
    void skip_decoration(int count) {
        for (; count > 0 && !at_end(); --count) {
            if (std::string_view("0123456789.,+-").find(peek()) != std::string_view::npos) return;
            skip_character();
        }
    }

    void read_node(NumberKey key) {
        switch (key) {
            case NumberKey::kLiteral: skip_character(); break;
            case NumberKey::kNine:
            case NumberKey::kZero:
            case NumberKey::kPoint:
            case NumberKey::kLocalePoint:
                read_position(key);
                ++at_;
                break;
            case NumberKey::kComma:
            case NumberKey::kGroup:
                if (!picture_.fill_mode && peek() == ',') ++at_;
                break;
            case NumberKey::kCurrency: skip_decoration(1); break;
            case NumberKey::kOrdinalUpper:
            case NumberKey::kOrdinalLower:
                if (!picture_.decimal) skip_decoration(2);
                break;
            case NumberKey::kMinus: read_placed_sign("-"); break;
            case NumberKey::kPlus: read_placed_sign("+"); break;
            case NumberKey::kSignPlace: read_placed_sign("-+"); break;
            default: break;
        }
    }

    void read_placed_sign(std::string_view signs) {
        if (signs.find(peek()) == std::string_view::npos) return skip_decoration(1);
        number_[0] = peek();
        ++at_;
    }

    void read_position(NumberKey key) {
        if (at_end()) return;
        if (peek() == ' ') ++at_;
        if (at_end()) return;
        const bool digit_key = key == NumberKey::kNine || key == NumberKey::kZero;
        if (number_[0] == ' ' && digit_key && whole_ + decimals_ == 0) read_sign_before();
        if (at_end()) return;
        bool was_read = false;
        if (is_digit(peek())) {
            if (point_ && decimals_ == picture_.after) return;
            number_ += peek();
            ++(point_ ? decimals_ : whole_);
            was_read = true;
        } else if (picture_.decimal && !point_ && peek() == '.') {
            number_ += '.';
            point_ = was_read = true;
        }
        if (number_[0] == ' ' && whole_ + decimals_ > 0) read_sign_after(was_read);
    }

    void read_sign_before() {
        const bool anchored =
            picture_.anchored && picture_.anchor == NumberPicture::AnchoredSign::kBefore;
        const char c = peek();
        if (c == '-' || (!anchored && picture_.bracket && c == '<')) number_[0] = '-', ++at_;
        else if (c == '+') number_[0] = '+', ++at_;
    }

    /// Where the picture has S, MI, PL or SG, a sign may follow the last digit.
    void read_sign_after(bool was_read) {
        if (picture_.anchored && was_read && at_ + 1 < input_.size() && !is_digit(input_[at_ + 1])) {
            const char next = input_[at_ + 1];
            if (next == '-' || next == '+') number_[0] = next, ++at_;
        } else if (!was_read && !picture_.anchored && (picture_.plus || picture_.minus)) {
            if (peek() == '-' || peek() == '+') number_[0] = peek();
        }
    }

    const NumberPicture& picture_;
    std::string_view input_;
    std::size_t at_ = 0;
    std::string number_ = " ";
    int whole_ = 0, decimals_ = 0;
    bool point_ = false;
};

}  // namespace

ReadNumber read_number(const NumberPicture& picture, std::string_view input) {
    if (picture.exponent) throw SqlError("0A000", "\"EEEE\" not supported for input");
    if (picture.roman) throw SqlError("0A000", "\"RN\" not supported for input");
    return NumberScanner(picture, input).read();
}

}  // namespace cdcsim::pg
