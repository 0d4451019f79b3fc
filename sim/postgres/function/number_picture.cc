#include "sim/postgres/function/number_picture.h"

#include "core/base/error.h"
#include "sim/postgres/type/integer.h"

namespace cdcsim::pg {
namespace {

struct KeyWord {
    std::string_view word;
    NumberKey key;
};

// Longer words stand before their prefixes. A word is all upper or all lower case.
constexpr KeyWord kKeyWords[] = {
    {",", NumberKey::kComma},        {".", NumberKey::kPoint},
    {"0", NumberKey::kZero},         {"9", NumberKey::kNine},
    {"B", NumberKey::kBlank},        {"C", NumberKey::kIgnored},
    {"D", NumberKey::kLocalePoint},  {"EEEE", NumberKey::kExponent},
    {"FM", NumberKey::kFillMode},    {"G", NumberKey::kGroup},
    {"L", NumberKey::kCurrency},     {"MI", NumberKey::kMinus},
    {"PL", NumberKey::kPlus},        {"PR", NumberKey::kBracket},
    {"RN", NumberKey::kRomanUpper},  {"SG", NumberKey::kSignPlace},
    {"SP", NumberKey::kIgnored},     {"S", NumberKey::kSign},
    {"TH", NumberKey::kOrdinalUpper}, {"V", NumberKey::kShift},
    {"b", NumberKey::kBlank},        {"c", NumberKey::kIgnored},
    {"d", NumberKey::kLocalePoint},  {"eeee", NumberKey::kExponent},
    {"fm", NumberKey::kFillMode},    {"g", NumberKey::kGroup},
    {"l", NumberKey::kCurrency},     {"mi", NumberKey::kMinus},
    {"pl", NumberKey::kPlus},        {"pr", NumberKey::kBracket},
    {"rn", NumberKey::kRomanLower},  {"sg", NumberKey::kSignPlace},
    {"sp", NumberKey::kIgnored},     {"s", NumberKey::kSign},
    {"th", NumberKey::kOrdinalLower}, {"v", NumberKey::kShift},
};

[[noreturn]] void fail(const char* message) { throw SqlError("42601", message); }

void refuse(bool condition, const char* message) {
    if (condition) fail(message);
}

void add_digit(NumberPicture& picture, NumberKey key) {
    if (key == NumberKey::kNine) {
        refuse(picture.bracket, "\"9\" must be ahead of \"PR\"");
        ++(picture.shifted ? picture.shift : picture.decimal ? picture.after : picture.before);
        return;
    }
    refuse(picture.bracket, "\"0\" must be ahead of \"PR\"");
    if (!picture.zero && !picture.decimal) {
        picture.zero = true;
        picture.zero_start = picture.before + 1;
    }
    ++(picture.decimal ? picture.after : picture.before);
    picture.zero_end = picture.before + picture.after;
}

void add_anchored_sign(NumberPicture& picture) {
    refuse(picture.anchored, "cannot use \"S\" twice");
    refuse(picture.plus || picture.minus || picture.bracket,
           "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    picture.anchored = true;
    if (picture.decimal) {
        picture.anchor = NumberPicture::AnchoredSign::kAfter;
        return;
    }
    picture.anchor = NumberPicture::AnchoredSign::kBefore;
    picture.digits_before_sign = picture.before;
}

void add_exponent(NumberPicture& picture) {
    refuse(picture.exponent, "cannot use \"EEEE\" twice");
    if (picture.blank || picture.fill_mode || picture.anchored || picture.bracket ||
        picture.minus || picture.plus || picture.roman || picture.shifted) {
        throw SqlError("42601", "\"EEEE\" is incompatible with other formats")
            .detail("\"EEEE\" may only be used together with digit and decimal point patterns.");
    }
    picture.exponent = true;
}

void add_key(NumberPicture& picture, NumberKey key) {
    refuse(picture.exponent && key != NumberKey::kExponent,
           "\"EEEE\" must be the last pattern used");
    switch (key) {
        case NumberKey::kNine:
        case NumberKey::kZero: add_digit(picture, key); break;
        case NumberKey::kBlank:
            if (picture.before == 0 && picture.after == 0 && !picture.zero) picture.blank = true;
            break;
        case NumberKey::kLocalePoint:
        case NumberKey::kPoint:
            refuse(picture.decimal, "multiple decimal points");
            refuse(picture.shifted, "cannot use \"V\" and decimal point together");
            picture.decimal = true;
            break;
        case NumberKey::kFillMode: picture.fill_mode = true; break;
        case NumberKey::kSign: add_anchored_sign(picture); break;
        case NumberKey::kMinus:
            refuse(picture.anchored, "cannot use \"S\" and \"MI\" together");
            picture.minus = true;
            break;
        case NumberKey::kPlus:
            refuse(picture.anchored, "cannot use \"S\" and \"PL\" together");
            picture.plus = true;
            break;
        case NumberKey::kSignPlace:
            refuse(picture.anchored, "cannot use \"S\" and \"SG\" together");
            picture.minus = picture.plus = true;
            break;
        case NumberKey::kBracket:
            refuse(picture.anchored || picture.plus || picture.minus,
                   "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
            picture.bracket = true;
            break;
        case NumberKey::kRomanUpper:
        case NumberKey::kRomanLower: picture.roman = true; break;
        case NumberKey::kShift:
            refuse(picture.decimal, "cannot use \"V\" and decimal point together");
            picture.shifted = true;
            break;
        case NumberKey::kExponent: add_exponent(picture); break;
        default: break;
    }
}

std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return std::min(length, text.size());
}

/// One literal character from the front of `format`.
void take_literal(NumberPicture& picture, std::string_view& format) {
    const std::size_t length = character_length(format);
    picture.nodes.push_back({NumberKey::kLiteral, std::string(format.substr(0, length))});
    format.remove_prefix(length);
}

/// "text": a backslash takes the next character as it is.
void take_quoted(NumberPicture& picture, std::string_view& format) {
    format.remove_prefix(1);
    while (!format.empty()) {
        if (format.front() == '"') return format.remove_prefix(1);
        if (format.front() == '\\' && format.size() > 1) format.remove_prefix(1);
        take_literal(picture, format);
    }
}

}  // namespace

NumberPicture parse_number_picture(std::string_view format) {
    NumberPicture picture;
    while (!format.empty()) {
        const KeyWord* found = nullptr;
        for (const KeyWord& row : kKeyWords) {
            if (format.starts_with(row.word)) {
                found = &row;
                break;
            }
        }
        if (found != nullptr) {
            format.remove_prefix(found->word.size());
            add_key(picture, found->key);
            picture.nodes.push_back({found->key, {}});
        } else if (format.front() == '"') {
            take_quoted(picture, format);
        } else {
            if (format.starts_with("\\\"")) format.remove_prefix(1);
            take_literal(picture, format);
        }
    }
    return picture;
}

namespace {

/// The digits at the last position that matters under FM: trailing zeros after the point do not.
std::size_t last_relevant_digit(const std::string& digits) {
    const std::size_t point = digits.find('.');
    if (point == digits.npos) return digits.npos;
    const std::size_t last = digits.find_last_not_of('0');
    return std::max(last, point);
}

const char* ordinal_suffix(const std::string& digits, bool upper) {
    const char last = digits.back();
    if (last < '0' || last > '9') {
        throw SqlError("22P02", "\"" + digits + "\" is not a number");
    }
    const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
    switch (teen ? '0' : last) {
        case '1': return upper ? "ST" : "st";
        case '2': return upper ? "ND" : "nd";
        case '3': return upper ? "RD" : "rd";
        default: return upper ? "TH" : "th";
    }
}

/// Walks the picture and writes the digits into it.
class NumberWriter {
  public:
    NumberWriter(NumberPicture picture, const NumberText& number)
        : picture_(std::move(picture)), digits_(number.digits), sign_(number.sign),
          spaces_(number.leading_spaces) {}

    std::string write() {
        prepare();
        for (const NumberNode& node : picture_.nodes) write_node(node);
        // A position beyond the digits writes a NUL, which ends the text.
        return out_.substr(0, out_.find('\0'));
    }

  private:
    static constexpr std::size_t kNone = std::string::npos;
    using Anchor = NumberPicture::AnchoredSign;

    void prepare() {
        if (picture_.zero_start > 0) --picture_.zero_start;
        if (picture_.roman) {
            const bool fill_mode = picture_.fill_mode;
            std::vector<NumberNode> nodes = std::move(picture_.nodes);
            picture_ = NumberPicture();
            picture_.nodes = std::move(nodes);
            picture_.fill_mode = fill_mode;
            picture_.roman = true;
        }
        if (picture_.plus || picture_.minus) {
            sign_written_ = picture_.minus;  // MI and SG write it where they stand
        } else {
            if (sign_ != '-' && picture_.fill_mode) picture_.bracket = false;
            sign_written_ = sign_ == '+' && picture_.fill_mode && !picture_.anchored;
            if (picture_.anchor == Anchor::kBefore &&
                picture_.before == picture_.digits_before_sign) {
                picture_.anchor = Anchor::kAfter;
            }
        }
        count_ = picture_.after + picture_.before - 1;
        if (picture_.fill_mode && picture_.decimal) {
            last_relevant_ = last_relevant_digit(digits_);
            if (last_relevant_ != kNone && picture_.zero_end > spaces_) {
                const std::size_t last_zero = std::min(
                    digits_.size() - 1, static_cast<std::size_t>(picture_.zero_end - spaces_));
                last_relevant_ = std::max(last_relevant_, last_zero);
            }
        }
        if (!sign_written_ && spaces_ == 0) ++count_;
    }

    char current() const { return at_ < digits_.size() ? digits_[at_] : '\0'; }
    bool relevant_is_point() const {
        return last_relevant_ != kNone && digits_[last_relevant_] == '.';
    }
    /// The 0 of "0.1" under 9.9 is a blank.
    bool is_blank_before_point() const {
        return !picture_.zero && at_ == 0 && current() == '0' && picture_.after != 0;
    }

    void write_node(const NumberNode& node) {
        switch (node.key) {
            case NumberKey::kLiteral: out_ += node.literal; break;
            case NumberKey::kNine:
            case NumberKey::kZero:
            case NumberKey::kPoint:
            case NumberKey::kLocalePoint:
                if (!picture_.roman) write_position(node.key);
                break;
            case NumberKey::kComma:
            case NumberKey::kGroup:
                if (number_begun_) out_ += ',';
                else if (!picture_.fill_mode) out_ += ' ';
                break;
            case NumberKey::kCurrency: out_ += ' '; break;  // the locale has no symbol
            case NumberKey::kRomanUpper:
            case NumberKey::kRomanLower: write_roman(node.key == NumberKey::kRomanLower); break;
            case NumberKey::kOrdinalUpper:
            case NumberKey::kOrdinalLower:
                if (picture_.roman || digits_.starts_with('#') || sign_ == '-' || picture_.decimal) break;
                out_ += ordinal_suffix(digits_, node.key == NumberKey::kOrdinalUpper);
                break;
            case NumberKey::kMinus: write_placed_sign('-'); break;
            case NumberKey::kPlus: write_placed_sign('+'); break;
            case NumberKey::kSignPlace: out_ += sign_; break;
            default: break;
        }
    }

    void write_placed_sign(char sign) {
        if (sign_ == sign) out_ += sign;
        else if (!picture_.fill_mode) out_ += ' ';
    }

    void write_roman(bool lower) {
        constexpr std::size_t kWidth = 15;
        std::string roman = digits_;
        if (lower) {
            for (char& c : roman) {
                if (c != '#') c = static_cast<char>(c - 'A' + 'a');
            }
        }
        if (!picture_.fill_mode && roman.size() < kWidth) out_.append(kWidth - roman.size(), ' ');
        out_ += roman;
    }

    /// One position of the picture: 9, 0, or the point.
    void write_position(NumberKey key) {
        number_begun_ = false;
        write_sign_before();
        if (position_ < spaces_ && (picture_.zero_start > position_ || !picture_.zero)) {
            if (!picture_.fill_mode) out_ += ' ';
        } else if (position_ < spaces_) {
            out_ += '0';
            number_begun_ = true;
        } else {
            write_digit(key);
        }
        int end = count_ + (spaces_ > 0 ? 1 : 0) + (picture_.decimal ? 1 : 0);
        if (last_relevant_ != kNone && last_relevant_ == at_) end = position_;
        if (position_ + 1 == end) write_sign_after();
        ++position_;
    }

    void write_sign_before() {
        const bool starts = position_ >= spaces_ ||
                            (picture_.zero && picture_.zero_start == position_);
        if (sign_written_ || !starts || (is_blank_before_point() && !relevant_is_point())) return;
        if (picture_.anchored) {
            if (picture_.anchor != Anchor::kBefore) return;
            out_ += sign_ == '-' ? '-' : '+';
        } else if (picture_.bracket) {
            out_ += sign_ == '+' ? ' ' : '<';
        } else if (sign_ == '-') {
            out_ += '-';
        } else if (!picture_.fill_mode) {
            out_ += ' ';
        }
        sign_written_ = true;
    }

    void write_digit(NumberKey key) {
        if (current() == '.') {
            out_ += '.';
        } else if (last_relevant_ != kNone && at_ > last_relevant_ && key != NumberKey::kZero) {
            // FM drops it
        } else if (is_blank_before_point()) {
            if (!picture_.fill_mode) out_ += ' ';
            else if (relevant_is_point()) out_ += '0';
        } else {
            out_ += current();
            number_begun_ = true;
        }
        if (at_ < digits_.size()) ++at_;
    }

    void write_sign_after() {
        if (sign_written_ && picture_.bracket) out_ += sign_ == '+' ? ' ' : '>';
        else if (picture_.anchored && picture_.anchor == Anchor::kAfter) {
            out_ += sign_ == '-' ? '-' : '+';
        }
    }

    NumberPicture picture_;
    const std::string& digits_;
    char sign_;
    int spaces_;
    int count_ = 0;
    int position_ = 0;                   ///< in the picture
    std::size_t at_ = 0;                 ///< in digits_
    std::size_t last_relevant_ = kNone;  ///< in digits_
    bool sign_written_ = false, number_begun_ = false;
    std::string out_;
};

}  // namespace

std::string write_number(NumberPicture picture, const NumberText& number) {
    return NumberWriter(std::move(picture), number).write();
}

}  // namespace cdcsim::pg
